//! Jobs in a browser: the list, one of them with its buttons and its rows, and who is shown what.

use api::{Job, StateCount};
use axum::body::Body;
use axum::http::Request;
use futures::future::join_all;
use model::{JobId, JobState, ReasonCount, Rejection};
use serde_json::json;
use store::{JobKind, LogLevel, NewJob, Origin, Store};

use crate::audience::{ended, made, tables};
use crate::house::{Answer, House, PASSWORD, config, request};

const HOSTILE: &str = "<script>alert(1)</script>";
const TOLD: &str = "&#60;script&#62;alert(1)&#60;/script&#62;";

async fn look(house: &House, cookie: &str, path: &str) -> Answer {
    house.page(cookie, "GET", path, None).await
}

/// The part of a page, as the page itself asks for it.
async fn part(house: &House, cookie: &str, path: &str) -> Answer {
    let mut asked = request("GET", path, None);
    asked.headers_mut().insert("cookie", cookie.parse().unwrap());
    asked.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
    asked.headers_mut().insert("hx-request", "true".parse().unwrap());
    house.send(asked).await
}

async fn sent(house: &House, cookie: &str, path: &str, kind: &str, body: String) -> Answer {
    let builder = Request::builder().method("POST").uri(path).header("cookie", cookie).header("content-type", kind);
    house.send(builder.header("sec-fetch-site", "same-origin").body(Body::from(body)).unwrap()).await
}

async fn press(house: &House, cookie: &str, path: &str, once: &str) -> Answer {
    sent(house, cookie, path, "application/x-www-form-urlencoded", format!("_once={once}")).await
}

async fn upload(house: &House, cookie: &str, path: &str, once: &str, name: &str, content: &str) -> Answer {
    let body = format!(
        "--xyz\r\nContent-Disposition: form-data; name=\"_once\"\r\n\r\n{once}\r\n--xyz\r\nContent-Disposition: form-data; \
         name=\"upload\"; filename=\"{name}\"\r\nContent-Type: application/octet-stream\r\n\r\n{content}\r\n--xyz--\r\n"
    );
    sent(house, cookie, path, "multipart/form-data; boundary=xyz", body).await
}

#[track_caller]
fn leads_to(answer: &Answer, to: &str) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.headers["location"], to);
}

/// Where an answer leads: the id of a new job.
#[track_caller]
fn new_job(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.text());
    let to = answer.headers["location"].to_str().unwrap();
    to.strip_prefix("/jobs/").unwrap().strip_suffix("?done=started").unwrap().to_owned()
}

/// The session of a new person who may only look.
async fn viewer(house: &House) -> String {
    let person = json!({ "name": "vera", "password": PASSWORD, "role": "viewer" });
    assert_eq!(house.admin("POST", "/api/v1/people", Some(person)).await.status, 201);
    let login = json!({ "name": "vera", "password": PASSWORD });
    let answer = house.anybody("POST", "/api/v1/session", Some(login)).await;
    answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// A server with an export of two rows through a connection that nobody has connected, and that job.
async fn with_an_export() -> (House, Job) {
    let house = tables().await;
    let sql =
        format!("SELECT email, CASE WHEN id = 1 THEN '{HOSTILE}' END AS city FROM customers WHERE id < 3 ORDER BY id");
    let export = json!({ "connection": "prod", "settings": { "data_object": "prospects" } });
    made(&house, "queries", json!({ "name": "a - b", "sql": sql, "export": export })).await;
    let job: Job = house.admin("POST", "/api/v1/queries/a%20-%20b/runs", None).await.take(202);
    let job = stuck(&house, &job.id).await;
    (house, job)
}

/// A job that has stopped at its connection.
async fn stuck(house: &House, id: &str) -> Job {
    let looked = async {
        loop {
            let job: Job = house.admin("GET", &format!("/api/v1/jobs/{id}"), None).await.take(200);
            if job.state == JobState::NeedsReconnect && job.progress.is_none() {
                return job;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), looked).await.unwrap()
}

/// The same, killed, with its first row rejected and a hostile line in its log.
async fn with_a_rejected_row() -> (House, String) {
    let (house, job) = with_an_export().await;
    let id: JobId = job.id.parse().unwrap();
    let killed: Job = house.admin("POST", &format!("/api/v1/jobs/{id}/kill"), None).await.take(200);
    assert_eq!(killed.state, JobState::Killed);
    let store = Store::open(house.directory.path()).await.unwrap();
    let (reason, hint) = (format!("no {HOSTILE}"), Some("write another".to_owned()));
    let rejection = Rejection { row: 1, column: Some("city".into()), code: Some(4), reason: reason.clone(), hint };
    store.ledger(&id).reject(vec![rejection]).await.unwrap();
    let mut report = store.job(&id).await.unwrap().unwrap().report.unwrap();
    (report.rows.rejected, report.rows.unsent, report.status) = (1, 1, JobState::Killed);
    report.rejected_by_reason = vec![ReasonCount { code: Some(4), column: Some("city".into()), reason, rows: 1 }];
    store.save_report(&report, 1).await.unwrap();
    store.log(&id, 1, LogLevel::Warning, HOSTILE).await.unwrap();
    store.close().await;
    (house, id.to_string())
}

#[tokio::test]
async fn an_empty_list_says_what_to_do_and_a_wrong_filter_stands_beside_its_field() {
    let house = House::start().await;
    let cookie = house.login().await;
    let page = look(&house, &cookie, "/jobs").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("No jobs yet") && page.text().contains("href=\"/queries\""), "{}", page.text());
    let filtered = look(&house, &cookie, "/jobs?state=failed&query=&connection=").await.text();
    assert!(filtered.contains("No job fits") && filtered.contains("<option value=\"failed\" selected>"), "{filtered}");
    assert!(filtered.contains("jobs list --state failed --server"), "{filtered}");
    let cases = [
        ("query=%3Cb%3E", 404, "f-query", "there is no query &#60;b&#62;"),
        ("connection=prod", 404, "f-connection", "there is no connection prod"),
        ("parent_segment=p", 404, "f-parent_segment", "there is no parent segment p"),
        ("state=faild", 400, "f-state", "did you mean failed?"),
        ("query=a&activation=b", 422, "f-query", "ask for one of them"),
    ];
    for (query, status, field, words) in cases {
        let answer = look(&house, &cookie, &format!("/jobs?{query}")).await;
        let page = answer.text();
        assert_eq!(answer.status.as_u16(), status, "{query}: {page}");
        assert!(page.contains(words) && page.contains(&format!("href=\"#{field}\"")), "{query}: {page}");
        assert!(page.contains(&format!("id=\"{field}-fault\"")) && !page.contains("No job"), "{query}: {page}");
        assert_eq!(part(&house, &cookie, &format!("/jobs?{query}")).await.headers["hx-refresh"], "true");
    }
}

#[tokio::test]
async fn ten_thousand_jobs_are_shown_a_page_at_a_time() {
    let house = House::start().await;
    let cookie = house.login().await;
    let store = Store::open(house.directory.path()).await.unwrap();
    let numbers: Vec<u32> = (0..10_000).collect();
    for some in numbers.chunks(500) {
        let jobs = some.iter().map(|number| NewJob {
            id: JobId::new(1_790_000_000 + u64::from(*number), *number),
            created: 1_790_000_000 + i64::from(*number),
            state: if number % 100 == 0 { JobState::Failed } else { JobState::Success },
            kind: JobKind::Export,
            origin: Origin::Server,
            query: None,
            query_name: None,
            connection: None,
            actor: Some(HOSTILE.into()),
            parent: None,
            sql: "SELECT 1".into(),
            request: json!({}),
            business_unit: String::new(),
            scheduled: None,
        });
        let jobs: Vec<NewJob> = jobs.collect();
        join_all(jobs.iter().map(|job| store.create_job(job))).await.into_iter().collect::<Result<(), _>>().unwrap();
    }
    store.close().await;
    let counts: Vec<StateCount> = house.admin("GET", "/api/v1/jobs/counts", None).await.take(200);
    assert_eq!(counts.iter().map(|count| count.jobs).sum::<u64>(), 10_000);

    let page = look(&house, &cookie, "/jobs").await.text();
    let shown = |page: &str| page.matches("<td><a href=\"/jobs/").count();
    assert_eq!(shown(&page), 50);
    assert!(page.contains("Any state (10,000)") && page.contains("failed (100)") && page.contains(TOLD), "{page}");
    assert!(page.contains("every 15s") && !page.contains("http-equiv") && !page.contains("<script>alert"), "{page}");
    assert!(page.len() < 60_000, "{}", page.len());

    // Through all pages of a filter, from link to link: every job once.
    let (mut next, mut seen) = (Some("/jobs?state=failed".to_owned()), Vec::new());
    while let Some(path) = next {
        let page = look(&house, &cookie, &path).await.text();
        seen.extend(page.split("<td><a href=\"/jobs/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
        next = page
            .split_once("\">Older</a>")
            .map(|(before, _)| before.rsplit_once("href=\"").unwrap().1.replace("&#38;", "&"));
        assert_eq!(page.contains(">Newest</a>"), path.contains("after="), "{path}");
    }
    let mut sorted = seen.clone();
    sorted.sort_unstable_by(|one, other| other.cmp(one));
    sorted.dedup();
    assert_eq!((seen.len(), &seen), (100, &sorted));
    assert_eq!(look(&house, &cookie, "/jobs?after=nonsense").await.status, 422);
}

#[tokio::test]
async fn a_stranger_is_led_to_the_sign_in_and_back() {
    let (house, job) = with_an_export().await;
    let path = format!("/jobs/{}", job.id);
    for asked in [path.as_str(), "/jobs/zzzzzzzzzzzz", "/jobs"] {
        let answer = house.anybody("GET", asked, None).await;
        leads_to(&answer, &format!("/sign-in?next={}", asked.replace('/', "%2F")));
    }
    // From a mail in a browser the session stays out once; the page asks again by itself.
    let mut linked = request("GET", &path, None);
    linked.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    let page = house.send(linked).await.text();
    assert!(page.contains(&format!("href=\"{path}\"")) && !page.contains("a - b"), "{page}");
    // A form that comes after the session is kept, and leads back to the job.
    let answer = press(&house, "sluice=none", &format!("{path}/kill"), "1").await;
    assert_eq!(answer.status, 401);
    assert!(answer.text().contains(&format!("value=\"{path}/kill\"")), "{}", answer.text());
    let cookie = house.login().await;
    let form = "_do=show&_once=7".to_owned();
    let answer = sent(&house, &cookie, &format!("{path}/kill"), "application/x-www-form-urlencoded", form).await;
    leads_to(&answer, &path);
    leads_to(&look(&house, &cookie, &format!("{path}/kill")).await, &path);
    let job: Job = house.admin("GET", &format!("/api/v1{path}"), None).await.take(200);
    assert_eq!(job.state, JobState::NeedsReconnect, "nothing was killed");
}

#[tokio::test]
async fn what_is_no_job_is_not_found() {
    let house = House::start().await;
    let cookie = house.login().await;
    for id in ["zzzzzzzzzzzz", "x;rm%20-rf%20~", "%3Cscript%3E", "$(id)", "a%0Ab", "..%2fx", "%F0%9F%A6%86"] {
        for below in ["", "/log", "/rejected", "/files/result"] {
            let answer = look(&house, &cookie, &format!("/jobs/{id}{below}")).await;
            assert_eq!(answer.status, 404, "{id}{below}: {}", answer.text());
            assert!(!answer.text().contains("<pre") && !answer.text().contains("<script>"), "{id}{below}");
        }
        assert_eq!(press(&house, &cookie, &format!("/jobs/{id}/kill"), "").await.status, 404, "{id}");
    }
    assert_eq!(part(&house, &cookie, "/jobs/zzzzzzzzzzzz").await.headers["hx-refresh"], "true");
    assert_eq!(look(&house, &cookie, "/jobs/zzzzzzzzzzzz/files/other").await.status, 404);
}

#[tokio::test]
async fn the_command_names_the_address_that_people_know() {
    let public = Some("https://sluice.example.com/exports/".to_owned());
    let house = House::with(server::ServerConfig { public_url: public, ..config() }).await;
    let cookie = house.login().await;
    made(&house, "queries", json!({ "name": "q", "sql": "SELECT 1 AS id" })).await;
    let job: Job = house.admin("POST", "/api/v1/queries/q/runs", None).await.take(202);
    let path = format!("/jobs/{}", job.id);
    let page = look(&house, &cookie, &path).await.text();
    let command = format!("<code>sluice jobs show {} --server https://sluice.example.com/exports</code>", job.id);
    assert!(page.contains(&command), "{page}");
}

#[tokio::test]
async fn a_result_is_shown_to_its_end_and_downloaded() {
    let house = House::start().await;
    let cookie = house.login().await;
    made(&house, "queries", json!({ "name": "q", "sql": "SELECT '=1+1' AS email" })).await;
    let job: Job = house.admin("POST", "/api/v1/queries/q/runs", None).await.take(202);
    let path = format!("/jobs/{}", job.id);
    ended(&house, &job.id).await;
    let page = look(&house, &cookie, &path).await.text();
    for want in [
        "<title>q: success",
        "The query gave 1 rows.",
        "<dt>Rows of the result</dt><dd>1</dd>",
        "SELECT &#39;=1+1&#39;",
    ] {
        assert!(page.contains(want), "{want}: {page}");
    }
    assert!(!page.contains("data-poll") && !page.contains("/kill") && !page.contains("/reexport"), "{page}");
    assert_eq!(part(&house, &cookie, &path).await.status.as_u16(), 286, "a page that stands stops asking");
    let csv = |answer: &Answer| (answer.headers["content-disposition"].to_str().unwrap().to_owned(), answer.text());
    let name = format!("attachment; filename=\"{}-result.csv\"", job.id);
    let plain = look(&house, &cookie, &format!("{path}/files/result")).await;
    assert_eq!(csv(&plain), (name.clone(), "email\n=1+1\n".into()));
    let guarded = look(&house, &cookie, &format!("{path}/files/result?spreadsheet=true")).await;
    let name = name.replace("-result", "-result-spreadsheet");
    assert_eq!(csv(&guarded), (name, "email\n'=1+1\n".into()));
    assert_eq!(look(&house, &cookie, &format!("{path}/files/result?format=xlsx")).await.status, 400);
    assert_eq!(look(&house, &cookie, &format!("{path}/files/receipts")).await.status, 409);
    // The same result can be exported once its query has an export.
    assert_eq!(press(&house, &cookie, &format!("{path}/reexport"), "5").await.status, 409);
    leads_to(&press(&house, &cookie, &format!("{path}/delete"), "6").await, "/jobs?done=deleted");
    assert_eq!(look(&house, &cookie, &path).await.status, 404);
}

#[tokio::test]
async fn buttons_do_once_what_they_say() {
    let (house, job) = with_an_export().await;
    let cookie = house.login().await;
    let path = format!("/jobs/{}", job.id);
    let page = look(&house, &cookie, &path).await.text();
    assert!(page.contains("href=\"/connections/prod\">Reconnect</a>"), "{page}");
    assert!(page.contains("<code>data_object</code></dt><dd>prospects</dd>"), "{page}");
    assert!(page.contains("every 5s") && page.contains(&format!("content=\"5;url={path}\"")), "{page}");
    assert!(page.contains("2 read = 0 delivered + 0 rejected + 0 superseded + 0 held + 2 unsent"), "{page}");
    let again = part(&house, &cookie, &path).await;
    assert!(again.status == 200 && again.text().starts_with("<title>a - b: needs reconnect"), "{}", again.text());
    assert!(!again.text().contains("<main"), "{}", again.text());
    assert_eq!(press(&house, &cookie, &format!("{path}/delete"), "1").await.status, 409, "it has not ended");

    for _ in 0..2 {
        leads_to(&press(&house, &cookie, &format!("{path}/kill"), "2").await, &format!("{path}?done=killed"));
    }
    let killed = look(&house, &cookie, &format!("{path}?done=killed")).await.text();
    assert!(killed.contains("<title>a - b: killed") && !killed.contains("data-poll"), "{killed}");
    let refused = press(&house, &cookie, &format!("{path}/kill"), "3").await;
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("has ended: killed") && refused.text().contains("<h1>a - b"), "{}", refused.text());

    // A double click makes one job.
    let first = new_job(&press(&house, &cookie, &format!("{path}/reexport"), "4").await);
    assert_eq!(new_job(&press(&house, &cookie, &format!("{path}/reexport"), "4").await), first);
    let new = look(&house, &cookie, &format!("/jobs/{first}")).await.text();
    assert!(new.contains(&format!("href=\"{path}\">Job {}</a>", job.id)), "{new}");
    let old = look(&house, &cookie, &path).await.text();
    assert!(old.contains("Sent again by") && old.contains(&format!("href=\"/jobs/{first}\"")), "{old}");
    leads_to(&press(&house, &cookie, &format!("{path}/continue"), "5").await, &format!("{path}?done=continued"));
}

#[tokio::test]
async fn rejected_rows_are_text_and_are_sent_again() {
    let (house, id) = with_a_rejected_row().await;
    let cookie = house.login().await;
    let path = format!("/jobs/{id}");
    for (below, wants) in [
        ("", vec![format!("no {TOLD} (code 4)"), "1 rejected".into(), TOLD.to_owned()]),
        ("/log", vec![format!("<strong>warning:</strong> {TOLD}")]),
        (
            "/rejected",
            vec![format!("<td class=\"at-fault\">{TOLD}</td>"), "a@example.com".into(), "To do: write another.".into()],
        ),
    ] {
        let page = look(&house, &cookie, &format!("{path}{below}")).await.text();
        for want in wants {
            assert!(page.contains(&want), "{want}: {page}");
        }
        assert!(!page.contains("<script>alert"), "{below}: {page}");
    }
    let page = look(&house, &cookie, &path).await.text();
    assert!(page.contains("hx-trigger=\"load\"") && page.contains("/retry\"") && page.contains("/mended\""), "{page}");

    let first = new_job(&press(&house, &cookie, &format!("{path}/retry"), "1").await);
    assert_eq!(new_job(&press(&house, &cookie, &format!("{path}/retry"), "1").await), first);
    let job = stuck(&house, &first).await;
    assert_eq!((job.parent.as_deref(), job.result_rows), (Some(id.as_str()), Some(1)));

    let mended = format!("{path}/mended");
    let csv = "email,city\na@example.com,Kyoto\nc@example.com,Nara\n";
    let second = new_job(&upload(&house, &cookie, &mended, "2", "Mended.CSV", csv).await);
    assert_eq!(new_job(&upload(&house, &cookie, &mended, "2", "Mended.CSV", csv).await), second);
    // It waits for the first one, which is of the same query.
    assert_eq!(house.admin("POST", &format!("/api/v1/jobs/{first}/kill"), None).await.status, 200);
    let job = stuck(&house, &second).await;
    assert_eq!((job.parent.as_deref(), job.result_rows), (Some(id.as_str()), Some(2)));
    let many: String = (0..300_000).map(|row| format!("{row}@x.io,Nara\n")).collect();
    let third = new_job(&upload(&house, &cookie, &mended, "3", "many.csv", &format!("email,city\n{many}")).await);
    assert_eq!(house.admin("POST", &format!("/api/v1/jobs/{second}/kill"), None).await.status, 200);
    assert_eq!(stuck(&house, &third).await.result_rows, Some(300_000));
    for (name, content, words) in [
        ("", "", "choose the file"),
        ("rows.xlsx", "x", "must end in .csv, .jsonl or .parquet"),
        ("rows.csv", "email,city\n", "has no rows"),
        ("rows.parquet", "no parquet", "f-upload-fault"),
    ] {
        let answer = upload(&house, &cookie, &mended, "", name, content).await;
        assert_eq!(answer.status, 422, "{name}: {}", answer.text());
        let page = answer.text();
        assert!(page.contains(words) && page.contains("href=\"#f-upload\""), "{name}: {page}");
    }
}

#[tokio::test]
async fn a_viewer_sees_reasons_and_no_rows() {
    let (house, id) = with_a_rejected_row().await;
    let cookie = viewer(&house).await;
    let path = format!("/jobs/{id}");
    let page = look(&house, &cookie, &path).await.text();
    assert!(page.contains(&format!("no {TOLD} (code 4)")) && page.contains("1 rejected"), "{page}");
    for absent in
        ["method=\"post\" action=\"/jobs", "/files/", "/rejected\"", "a@example.com", "<td class=\"at-fault\""]
    {
        assert!(!page.contains(absent), "{absent}: {page}");
    }
    for below in ["/rejected", "/files/result", "/files/rejected", "/files/receipts"] {
        let answer = look(&house, &cookie, &format!("{path}{below}")).await;
        assert_eq!(answer.status, 403, "{below}");
        assert!(!answer.text().contains("a@example.com"), "{below}");
    }
    for verb in ["kill", "continue", "reexport", "retry", "delete"] {
        let answer = press(&house, &cookie, &format!("{path}/{verb}"), "1").await;
        assert_eq!(answer.status, 403, "{verb}: {}", answer.text());
    }
    assert_eq!(upload(&house, &cookie, &format!("{path}/mended"), "", "a.csv", "email\na@b.c\n").await.status, 403);
}
