//! The front page: the first steps, what needs somebody, and that it stays quick.

use model::{JobId, JobState};
use serde_json::json;
use store::{JobKind, NewJob, Origin, Store};

use crate::house::{House, request};
use crate::screens_access::look;

#[tokio::test]
async fn a_new_server_says_what_to_do_first() {
    let house = House::start().await;
    let cookie = house.login().await;
    let page = look(&house, &cookie, "/").await.text();
    for want in
        ["First steps", "Connect Salesforce Pardot", "href=\"/integrations\"", "href=\"/new/table\"", "Nothing."]
    {
        assert!(page.contains(want), "{want}: {page}");
    }
    assert_eq!(page.matches("aria-current=\"step\"").count(), 1, "{page}");
    assert!(!page.contains("/first-export"), "{page}");
    // A step that is done gives way to the next; nothing here makes a connection.
    let spec = json!({ "name": "a - b", "sql": "SELECT 1 AS id" });
    assert_eq!(house.admin("POST", "/api/v1/queries", Some(spec)).await.status, 201);
    let page = look(&house, &cookie, "/").await.text();
    assert!(page.contains("href=\"/queries/a%20-%20b\""), "{page}");
    let run = house.admin("POST", "/api/v1/queries/a%20-%20b/runs", Some(json!({}))).await;
    let id = run.json()["id"].as_str().unwrap().to_owned();
    // The stream ends with the job.
    house.admin("GET", &format!("/api/v1/jobs/{id}/events"), None).await;
    let page = look(&house, &cookie, "/").await.text();
    assert!(page.contains(&format!("href=\"/jobs/{id}\"")) && page.contains("Done lately"), "{page}");
}

#[tokio::test]
async fn a_viewer_is_led_to_no_refusal() {
    let house = House::start().await;
    let cookie = crate::screens_settings::person(&house, "vi", "viewer").await;
    let page = look(&house, &cookie, "/").await.text();
    assert!(page.contains("First steps") && page.contains("An admin does this."), "{page}");
    assert!(!page.contains("/new/table") && !page.contains("aria-current=\"step\""), "{page}");
}

#[tokio::test]
async fn what_needs_somebody_has_its_place_and_leads_there() {
    let house = House::start().await;
    let cookie = house.login().await;
    let page = look(&house, &cookie, "/").await.text();
    assert!(page.contains("Nothing. No job has run yet."), "{page}");
    let spec = json!({
        "name": "prod", "business_unit": "0Uv4W000000CaVoSAK", "client_id": "key", "client_secret": "hunter2hunter2"
    });
    let made = house.admin("POST", "/api/v1/connections", Some(spec)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let store = Store::open(house.directory.path()).await.unwrap();
    for (number, state) in [(1, JobState::Failed), (2, JobState::Failed), (3, JobState::Held)] {
        store.create_job(&job(number, state, "<script>alert(1)</script>")).await.unwrap();
    }
    store.close().await;
    let page = look(&house, &cookie, "/").await.text();
    assert!(page.contains("href=\"/connections/prod\"") && page.contains("not connected"), "{page}");
    assert!(page.contains("1 older job of it is the same") && page.contains(">held<"), "{page}");
    assert!(!page.contains("<script>alert") && !page.contains("hunter2"), "{page}");
}

/// A job of a query of this name.
fn job(number: u32, state: JobState, query: &str) -> NewJob {
    let created = 1_790_000_000 + i64::from(number);
    NewJob {
        id: JobId::new(created.unsigned_abs(), number),
        created,
        state,
        kind: JobKind::Export,
        origin: Origin::Server,
        query: Some(format!("q{query}")),
        query_name: Some(query.to_owned()),
        connection: None,
        actor: Some("ada".into()),
        parent: None,
        sql: "SELECT 1".into(),
        request: json!({}),
        business_unit: "0Uv4W000000CaVoSAK".into(),
        scheduled: None,
    }
}

async fn many(store: &Store, count: u32) {
    let state = |number: u32| if number.is_multiple_of(10) { JobState::Failed } else { JobState::Success };
    for from in (0..count).step_by(500) {
        let jobs = (from..from + 500).map(|number| job(number, state(number), &format!("query {}", number % 97)));
        let jobs: Vec<NewJob> = jobs.collect();
        let made = futures::future::join_all(jobs.iter().map(|job| store.create_job(job))).await;
        assert!(made.iter().all(Result::is_ok));
    }
}

#[tokio::test]
async fn ten_thousand_jobs_are_counted_and_few_are_shown() {
    let house = House::start().await;
    let cookie = house.login().await;
    let store = Store::open(house.directory.path()).await.unwrap();
    many(&store, 10_000).await;
    store.close().await;
    let page = look(&house, &cookie, "/").await.text();
    assert!(page.contains("<strong>9,000</strong>") && page.contains("<strong>1,000</strong>"), "{page}");
    assert!(page.len() < 40_000, "{}", page.len());
}

#[tokio::test]
async fn a_first_page_with_its_files_is_small() {
    let house = House::start().await;
    let page = house.anybody("GET", "/sign-in", None).await.text();
    let files: Vec<&str> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    assert_eq!(files.len(), 6, "{page}");
    let mut bytes = page.len();
    for file in files {
        let plain = house.anybody("GET", file, None).await;
        assert!(plain.status == 200 && !plain.headers.contains_key("content-encoding"), "{file}");
        let mut asked = request("GET", file, None);
        asked.headers_mut().insert("accept-encoding", "gzip, br".parse().unwrap());
        let smaller = house.send(asked).await;
        assert_eq!(smaller.headers["content-encoding"], "gzip", "{file}");
        assert_eq!(smaller.headers["vary"], "accept-encoding", "{file}");
        assert!(smaller.body.len() < plain.body.len(), "{file}");
        bytes += smaller.body.len();
    }
    assert!(bytes < 100_000, "{bytes}");
}
