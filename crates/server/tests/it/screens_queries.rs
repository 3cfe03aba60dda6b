//! Queries in a browser: written, looked at, run; what was typed is never lost.

use std::time::Duration;

use api::{Job, Page, Query};
use axum::body::Body;
use axum::http::Request;
use axum::http::header::HOST;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::house::{Answer, House};

fn sent(path: &str, cookie: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    let lines = |value: &str| value.replace('\n', "\r\n");
    fields.iter().for_each(|(name, value)| {
        body.append_pair(name, &lines(value));
    });
    Request::builder()
        .method("POST")
        .uri(path)
        .header(HOST, "localhost:8080")
        .header("cookie", cookie)
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body.finish()))
        .unwrap()
}

async fn press(house: &House, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    house.send(sent(path, cookie, fields)).await
}

async fn look(house: &House, cookie: &str, path: &str) -> Answer {
    house.page(cookie, "GET", path, None).await
}

#[track_caller]
fn leads_to(answer: &Answer, to: &str) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.headers["location"], to);
}

async fn saved(house: &House, name: &str) -> Query {
    house.admin("GET", &format!("/api/v1/queries/{name}"), None).await.take(200)
}

async fn jobs(house: &House) -> Vec<Job> {
    house.admin("GET", "/api/v1/jobs", None).await.take::<Page<Job>>(200).items
}

/// A house with a table `t` of hostile values, and the query `q` over it.
async fn furnished() -> (House, String) {
    let house = House::start().await;
    let cookie = house.login().await;
    let csv = "email,note\na@example.com,<script>alert(1)</script>\nb@example.com,\n";
    let mut request = Request::builder().method("PUT").uri("/api/v1/tables/t/data").header("content-type", "text/csv");
    request = request.header("authorization", format!("Bearer {}", house.admin));
    assert_eq!(house.send(request.body(Body::from(csv)).unwrap()).await.status, 201);
    let query = json!({ "name": "q", "sql": "SELECT email FROM t", "overlap": "skip",
        "schedule": { "cron": "@daily", "timezone": "Europe/Berlin" } });
    assert_eq!(house.admin("POST", "/api/v1/queries", Some(query)).await.status, 201);
    (house, cookie)
}

#[tokio::test]
async fn a_query_is_written_renamed_and_deleted() {
    let house = House::start().await;
    let cookie = house.login().await;
    assert!(look(&house, &cookie, "/queries").await.text().contains("No queries yet"));
    assert!(look(&house, &cookie, "/new/query?table=t").await.text().contains("FROM &#34;t&#34;"));
    let name = "<b> new";
    let fields = [("_do", "save"), ("name", name), ("sql", "SELECT 1 AS score"), ("overlap", "queue")];
    let hostile = press(&house, &cookie, "/new/query", &fields).await;
    assert!(hostile.status == 422 && hostile.text().contains("id=\"f-name-fault\""), "{}", hostile.text());
    assert!(!hostile.text().contains("<b> new") && hostile.text().contains("SELECT 1 AS score"), "{}", hostile.text());
    let fields =
        [("_do", "save"), ("name", "new"), ("sql", "SELECT 1\nAS score"), ("time_limit", "60"), ("overlap", "skip")];
    leads_to(&press(&house, &cookie, "/new/query", &fields).await, "/queries/new?done=created");
    let spec = saved(&house, "new").await.spec;
    assert_eq!(
        (spec.sql.as_str(), spec.time_limit, spec.overlap),
        ("SELECT 1\nAS score", Some(60), api::Overlap::Skip)
    );
    let page = look(&house, &cookie, "/queries/new").await.text();
    assert!(page.contains("data-editor=\"sql\"") && page.contains("editor.js") && page.contains("sql: |-"), "{page}");
    let taken =
        press(&house, &cookie, "/new/query", &[("_do", "save"), ("name", "new"), ("sql", "SELECT 2 AS score")]).await;
    assert!(taken.status == 409 && taken.text().contains("id=\"f-name-fault\""), "{}", taken.text());
    let renamed = [("_do", "save"), ("_revision", "1"), ("name", "a b"), ("sql", "SELECT 1 AS score")];
    leads_to(&press(&house, &cookie, "/queries/new", &renamed).await, "/queries/a%20b?done=saved");
    let nameless = [("_do", "save"), ("_revision", "2"), ("name", ""), ("sql", "SELECT 1 AS score")];
    assert_eq!(press(&house, &cookie, "/queries/a%20b", &nameless).await.status, 422);
    let asked = press(&house, &cookie, "/queries/a%20b", &[("_do", "delete")]).await;
    assert!(asked.status == 200 && asked.text().contains("value=\"delete-now\""), "{}", asked.text());
    leads_to(&press(&house, &cookie, "/queries/a%20b", &[("_do", "delete-now")]).await, "/queries?done=deleted");
    assert_eq!(look(&house, &cookie, "/queries/a%20b").await.status, 404);
}

#[tokio::test]
async fn what_the_page_does_not_show_stays_as_it_is() {
    let (house, cookie) = furnished().await;
    let before = saved(&house, "q").await.spec;
    let fields =
        [("_do", "save"), ("_revision", "1"), ("name", "q"), ("sql", "SELECT note FROM t"), ("overlap", "queue")];
    let fields: Vec<_> =
        fields.into_iter().chain([("export.connection", "evil"), ("schedule.cron", "* * * * *")]).collect();
    leads_to(&press(&house, &cookie, "/queries/q", &fields).await, "/queries/q?done=saved");
    let after = saved(&house, "q").await.spec;
    assert_eq!((after.sql.as_str(), after.overlap), ("SELECT note FROM t", api::Overlap::Queue));
    assert_eq!((after.schedule, after.export), (before.schedule, before.export));
}

#[tokio::test]
async fn mistakes_stand_beside_the_sql_with_their_place() {
    let (house, cookie) = furnished().await;
    for button in ["save", "preview", "save-run"] {
        let fields = [("_do", button), ("_revision", "1"), ("name", "q"), ("sql", "SELECT email,\n  emial FROM t")];
        let answer = press(&house, &cookie, "/queries/q", &fields).await;
        let text = answer.text();
        assert_eq!(answer.status, 422, "{button}: {text}");
        let fault = text.split("id=\"f-sql-fault\"").nth(1).unwrap_or_else(|| panic!("{button}: {text}"));
        let fault = fault.split("</div>").next().unwrap();
        assert!(fault.contains("emial") && fault.contains("line 2"), "{button}: {fault}");
        assert!(text.contains("href=\"#f-sql\"") && text.contains("  emial FROM t"), "{button}: {text}");
    }
    let fields =
        [("_do", "save"), ("_revision", "1"), ("name", "q"), ("sql", "SELECT 1 AS id"), ("time_limit", "soon")];
    let answer = press(&house, &cookie, "/queries/q", &fields).await;
    assert!(answer.status == 422 && answer.text().contains("id=\"f-time_limit-fault\""), "{}", answer.text());
    assert_eq!(saved(&house, "q").await.revision, 1);
}

#[tokio::test]
async fn a_preview_shows_rows_as_text_and_saves_nothing() {
    let (house, cookie) = furnished().await;
    let before = house.changes().await;
    for (path, name) in [("/queries/q", "typed"), ("/new/query", "")] {
        let fields =
            [("_do", "preview"), ("_revision", "1"), ("name", name), ("sql", "SELECT * FROM t"), ("time_limit", "7")];
        let answer = press(&house, &cookie, path, &fields).await;
        let text = answer.text();
        assert_eq!(answer.status, 200, "{text}");
        assert!(
            text.contains("a@example.com") && text.contains("2 rows: that is all.") && text.contains("class=\"null\"")
        );
        assert!(!text.contains("<script>alert(1)") && text.contains("alert(1)"), "{text}");
        assert!(text.contains("SELECT * FROM t") && text.contains("value=\"7\""), "{text}");
        assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
    }
    assert_eq!(house.changes().await, before);
}

#[tokio::test]
async fn a_preview_that_nobody_waits_for_ends() {
    let (house, cookie) = furnished().await;
    let slow = "SELECT COUNT(*) AS n FROM generate_series(1, 3000000) a, generate_series(1, 3000000) b WHERE a.value % 7 = b.value % 11";
    let preview = |sql: &'static str| {
        let request = sent("/new/query", &cookie, &[("_do", "preview"), ("sql", sql)]);
        let router = house.router.clone();
        async move { router.oneshot(request).await.unwrap().status() }
    };
    // Two look at once in a process; while both places are taken, nobody else is answered.
    let waiting = [tokio::spawn(preview(slow)), tokio::spawn(preview(slow))];
    let mut tries = 0;
    while tokio::time::timeout(Duration::from_millis(500), preview("SELECT 1 AS n")).await.is_ok() {
        tries += 1;
        assert!(tries < 100 && waiting.iter().all(|slow| !slow.is_finished()), "the previews were not slow");
    }
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
    // Far less than the time after which a preview is given up anyway.
    let answered = tokio::time::timeout(Duration::from_secs(10), preview("SELECT 1 AS n")).await;
    assert_eq!(answered.expect("the places are free again"), 200);
}

#[tokio::test]
async fn a_change_by_somebody_else_keeps_what_was_typed() {
    let (house, cookie) = furnished().await;
    let theirs = json!({ "name": "q", "sql": "SELECT note FROM t" });
    assert_eq!(house.admin("PUT", "/api/v1/queries/q", Some(theirs)).await.status, 200);
    let fields = [("_do", "save"), ("_revision", "1"), ("name", "q"), ("sql", "SELECT email, note FROM t")];
    let stale = press(&house, &cookie, "/queries/q", &fields).await;
    let text = stale.text();
    assert_eq!(stale.status, 412, "{text}");
    assert!(text.contains("Somebody saved this query") && text.contains("SELECT email, note FROM t"), "{text}");
    assert!(text.contains("SELECT note FROM t") && text.contains("name=\"_newest\" value=\"2\""), "{text}");
    // Saving once more changes nothing; saving over it does.
    assert_eq!(press(&house, &cookie, "/queries/q", &fields).await.status, 412);
    let over = [("_do", "over"), ("_revision", "1"), ("_newest", "2"), fields[2], fields[3]];
    leads_to(&press(&house, &cookie, "/queries/q", &over).await, "/queries/q?done=saved");
    assert_eq!(saved(&house, "q").await.spec.sql, "SELECT email, note FROM t");
}

#[tokio::test]
async fn a_run_is_of_what_is_saved_and_started_once() {
    let (house, cookie) = furnished().await;
    let changed =
        [("_do", "run"), ("_revision", "1"), ("name", "q"), ("sql", "SELECT note FROM t"), ("overlap", "skip")];
    let asked = press(&house, &cookie, "/queries/q", &changed).await;
    let text = asked.text();
    assert!(
        asked.status == 200 && text.contains("value=\"run-saved\"") && text.contains("SELECT note FROM t"),
        "{text}"
    );
    assert!(jobs(&house).await.is_empty());
    let same = [
        ("_do", "run"),
        ("_once", "1"),
        ("_revision", "1"),
        ("name", "q"),
        ("sql", "SELECT email FROM t"),
        ("overlap", "skip"),
    ];
    let (one, other) =
        tokio::join!(press(&house, &cookie, "/queries/q", &same), press(&house, &cookie, "/queries/q", &same));
    let started = jobs(&house).await;
    assert_eq!(started.len(), 1);
    let to = format!("/jobs/{}?done=started", started[0].id);
    leads_to(&one, &to);
    leads_to(&other, &to);
    let saved_and_run = [("_do", "save-run"), ("_once", "2"), ("_revision", "1"), changed[2], changed[3], changed[4]];
    assert_eq!(press(&house, &cookie, "/queries/q", &saved_and_run).await.status, 303);
    assert_eq!((jobs(&house).await.len(), saved(&house, "q").await.revision), (2, 2));
}

#[tokio::test]
async fn viewers_read_and_nothing_else() {
    let (house, _) = furnished().await;
    let bob = house.viewer().await;
    let before = house.changes().await;
    let page = look(&house, &bob, "/queries/q").await.text();
    assert!(
        page.contains("SELECT email FROM t") && !page.contains("<textarea") && !page.contains("editor.js"),
        "{page}"
    );
    assert!(!look(&house, &bob, "/queries").await.text().contains("/new/query"));
    for button in ["save", "over", "preview", "run", "run-saved", "save-run", "delete-now"] {
        let fields =
            [("_do", button), ("_revision", "1"), ("name", "q"), ("sql", "SELECT email FROM t"), ("overlap", "skip")];
        let answer = press(&house, &bob, "/queries/q", &fields).await;
        assert_eq!(answer.status, 403, "{button}: {}", answer.text());
    }
    let made = press(&house, &bob, "/new/query", &[("_do", "save"), ("name", "x"), ("sql", "SELECT 1 AS id")]).await;
    assert_eq!(made.status, 403);
    assert_eq!(house.changes().await, before);
}

#[tokio::test]
async fn a_session_that_ended_brings_back_what_was_typed() {
    let (house, cookie) = furnished().await;
    let fields = [("_do", "preview"), ("_revision", "1"), ("name", "q"), ("sql", "SELECT 'typed'")];
    let ended = press(&house, "sluice=ended", "/queries/q", &fields).await;
    assert!(ended.status == 401 && ended.headers.contains_key("x-sign-in"), "{}", ended.text());
    assert!(ended.text().contains("name=\"_kept.sql\"") && ended.text().contains("/queries/q"), "{}", ended.text());
    let again = press(&house, &cookie, "/queries/q", &[("_do", "show"), fields[1], fields[2], fields[3]]).await;
    assert!(again.status == 200 && again.text().contains("SELECT &#39;typed&#39;"), "{}", again.text());
    assert_eq!(saved(&house, "q").await.revision, 1);
}

#[tokio::test]
async fn many_queries_are_paged_and_searched() {
    let house = House::start().await;
    let cookie = house.login().await;
    let store = store::Store::open(house.directory.path()).await.unwrap();
    let document = |i: u32| store::Document {
        id: format!("q{i:04}"),
        kind: "query".into(),
        name: format!("query {i:04}"),
        revision: 1,
        created: 0,
        updated: 0,
        body: json!({ "spec": { "name": "", "sql": "SELECT 1 AS id" }, "connection": null, "tables": [] }),
    };
    let changes = (0..1_000).map(|i| store::Change::InsertDocument(document(i))).collect();
    store.apply(changes).await.unwrap();
    store.close().await;
    let names = |answer: &Answer| answer.text().matches("<th scope=\"row\">").count();
    let first = look(&house, &cookie, "/queries").await;
    assert_eq!(names(&first), 50);
    assert!(first.text().contains("/queries?after=query%200049"), "{}", first.text());
    let last = look(&house, &cookie, "/queries?after=query%200949").await;
    assert!(names(&last) == 50 && last.text().contains("First page"), "{}", last.text());
    let found = look(&house, &cookie, "/queries?search=QUERY+099").await;
    assert_eq!(names(&found), 10);
    let none = look(&house, &cookie, "/queries?search=%3Cscript%3E").await;
    assert!(
        names(&none) == 0 && none.text().contains("Nothing found") && !none.text().contains("<script>"),
        "{}",
        none.text()
    );
}

#[tokio::test]
async fn the_tables_at_hand_are_told() {
    let (house, cookie) = furnished().await;
    let page = look(&house, &cookie, "/queries/q").await.text();
    assert!(page.contains("data-insert=\"note\"") && page.contains("data-tables=\"/workbench/tables\""), "{page}");
    assert_eq!(look(&house, &cookie, "/workbench/tables").await.json(), json!({ "t": ["email", "note"] }));
    let part = look(&house, &cookie, "/workbench/tables/t").await;
    assert!(part.status == 200 && part.text().contains("data-insert=\"email\""), "{}", part.text());
    assert_eq!(look(&house, &cookie, "/workbench/tables/absent").await.status, 404);
    assert_eq!(house.anybody("GET", "/workbench/tables", None).await.json(), Value::Null);
}
