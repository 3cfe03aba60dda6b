//! A job from its table to its last event, through the API alone.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::house::House;

#[tokio::test]
async fn a_result_is_made_watched_and_downloaded() {
    let house = House::start().await;
    let upload = Request::put("/api/v1/tables/people/data")
        .header("authorization", format!("Bearer {}", house.admin))
        .header("content-type", "text/csv")
        .body(Body::from("email,score\na@example.com,1\nb@example.com,2\n"))
        .unwrap();
    let table = house.send(upload).await;
    assert_eq!(table.status, 201, "{}", table.text());
    let query = json!({ "name": "all people", "sql": "SELECT email, score FROM people" });
    let query = house.admin("POST", "/api/v1/queries", Some(query)).await;
    assert_eq!(query.status, 201, "{}", query.text());
    assert_eq!(query.headers["etag"], "\"1\"");

    let start = async |key: &str| {
        let mut request =
            crate::house::request("POST", "/api/v1/queries/all%20people/runs", Some(json!({ "kind": "result" })));
        request.headers_mut().insert("authorization", format!("Bearer {}", house.admin).parse().unwrap());
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        house.send(request).await
    };
    let first = start("night 1").await;
    assert_eq!(first.status, 202, "{}", first.text());
    let id = first.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(first.headers["location"].to_str().unwrap(), format!("/api/v1/jobs/{id}"));
    let again = start("night 1").await;
    assert_eq!((again.status.as_u16(), again.json()["id"].as_str()), (200, Some(id.as_str())));

    // The stream ends with the job.
    let path = format!("/api/v1/jobs/{id}/events");
    let watched = house.admin("GET", &path, None);
    let watched = tokio::time::timeout(Duration::from_secs(60), watched).await.expect("the job ends");
    assert_eq!(watched.headers["content-type"], "text/event-stream");
    let events = events(&watched.text());
    let (name, _, job) = events.last().unwrap();
    assert_eq!((name.as_str(), &job["state"]), ("job", &json!("success")), "{}", watched.text());
    let numbers: Vec<u64> = events.iter().filter_map(|(_, number, _)| *number).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");

    // Whoever comes back gets only what is new.
    if let Some(last) = numbers.last() {
        let mut request = crate::house::request("GET", &format!("/api/v1/jobs/{id}/events"), None);
        request.headers_mut().insert("authorization", format!("Bearer {}", house.admin).parse().unwrap());
        request.headers_mut().insert("last-event-id", last.to_string().parse().unwrap());
        let rest = house.send(request).await.text();
        assert!(!rest.contains("event: log"), "{rest}");
    }
    let file = house.admin("GET", &format!("/api/v1/jobs/{id}/result?format=csv"), None).await;
    assert_eq!(file.status, 200, "{}", file.text());
    assert_eq!(file.text().replace('\r', ""), "email,score\na@example.com,1\nb@example.com,2\n");
    assert!(file.headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\""));
    let read = house.bearer("read").await;
    assert_eq!(house.by(&read, "GET", &format!("/api/v1/jobs/{id}/result"), None).await.status, 403);
    assert_eq!(house.by(&read, "GET", &format!("/api/v1/jobs/{id}/events"), None).await.status, 200);
}

/// Name, number and data of each event.
fn events(text: &str) -> Vec<(String, Option<u64>, Value)> {
    let blocks = text.split("\n\n").filter(|block| block.lines().any(|line| line.starts_with("data:")));
    let part = |block: &str, name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .map(|value| value.trim_start_matches([':', ' ']).to_owned())
    };
    let read = blocks.map(|block| {
        let data = serde_json::from_str(&part(block, "data").unwrap()).unwrap();
        (part(block, "event").unwrap(), part(block, "id").and_then(|id| id.parse().ok()), data)
    });
    read.collect()
}
