//! A server with an audience: two tables, a parent segment over them that was refreshed, segments and an activation.

use api::{Job, Preview};
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use serde_json::{Value, json};

use crate::house::{Answer, House, request};

/// Where the parent segment is.
pub(crate) const PARENT: &str = "/api/v1/parent-segments/customers";

/// Makes a table of CSV.
pub(crate) async fn upload(house: &House, table: &str, rows: &'static str) {
    let upload = Request::put(format!("/api/v1/tables/{table}/data"))
        .header("authorization", format!("Bearer {}", house.admin))
        .header(CONTENT_TYPE, "text/csv")
        .body(Body::from(rows))
        .unwrap();
    let answer = house.send(upload).await;
    assert_eq!(answer.status, 201, "{table}: {}", answer.text());
}

/// A parent segment as somebody writes it: four customers, their plan and their orders.
pub(crate) fn parent() -> Value {
    json!({
        "name": "customers",
        "description": "everybody who bought",
        "master": { "table": "customers", "key": "id", "filters": [{ "column": "country", "values": ["JP", "US"] }] },
        "attributes": [{ "name": "plan", "table": "plans", "column": "plan", "parent_key": "customer", "group": "Money" }],
        "behaviors": [{ "name": "orders", "table": "orders", "parent_key": "customer" }],
        "timezone": "Asia/Tokyo",
    })
}

/// A rule: customers of these countries.
pub(crate) fn countries(countries: &[&str]) -> Value {
    let condition = json!({
        "type": "Value", "exclude": false, "arrayMatching": null, "leftValue": { "name": "country" },
        "operator": { "type": "In", "not": false, "rightValues": countries },
    });
    json!({ "type": "And", "conditions": [{ "type": "And", "conditions": [condition] }] })
}

/// A segment over the parent segment.
pub(crate) fn segment(name: &str, rule: &Value) -> Value {
    json!({ "name": name, "parent_segment": "customers", "rule": rule })
}

/// An activation of the segment `buyers`.
pub(crate) fn activation(name: &str) -> Value {
    json!({
        "name": name,
        "segment": "buyers",
        "export": { "connection": "prod", "settings": { "data_object": "prospects", "prospect_lists": "7" } },
        "output": { "columns": [
            { "column": "email", "source": { "column": "email" } },
            { "column": "comments", "source": { "string": "seg-$1", "parameters": [{ "type": "SegmentName" }] } },
        ] },
    })
}

/// A server with the tables and a connection, through which nothing is ever sent.
pub(crate) async fn tables() -> House {
    let house = House::start().await;
    let customers = "id,email,country,score\n1,a@example.com,JP,5\n2,b@example.com,US,7\n3,c@example.com,JP,\n4,d@example.com,DE,1\n";
    upload(&house, "customers", customers).await;
    upload(&house, "plans", "customer,plan\n1,gold\n2,free\n").await;
    let orders = "customer,product,amount,time\n1,book,10,2026-11-01T00:00:00Z\n1,pen,2,2026-11-02T00:00:00Z\n\
                  2,book,10,2026-11-03T00:00:00Z\n9,book,10,2026-11-03T00:00:00Z\n";
    upload(&house, "orders", orders).await;
    let connection = json!({ "name": "prod", "business_unit": "0Uv000000000001CAA", "client_id": "key" });
    made(&house, "connections", connection).await;
    house
}

/// Makes something that is not there.
pub(crate) async fn made(house: &House, list: &str, spec: Value) -> Answer {
    let answer = house.admin("POST", &format!("/api/v1/{list}"), Some(spec)).await;
    assert_eq!(answer.status, 201, "{list}: {}", answer.text());
    answer
}

/// The job that refreshes the parent segment, at its end.
pub(crate) async fn refresh(house: &House) -> Job {
    let job: Job = house.admin("POST", &format!("{PARENT}/refresh"), None).await.take(202);
    ended(house, &job.id).await
}

/// A job at its end.
pub(crate) async fn ended(house: &House, id: &str) -> Job {
    // The stream ends with the job.
    house.admin("GET", &format!("/api/v1/jobs/{id}/events"), None).await;
    house.admin("GET", &format!("/api/v1/jobs/{id}"), None).await.take(200)
}

/// A server whose parent segment was refreshed, with the segments `buyers` and `try` and the activation `to list`.
pub(crate) async fn refreshed() -> House {
    let house = tables().await;
    made(&house, "parent-segments", parent()).await;
    let job = refresh(&house).await;
    assert_eq!(job.state.name(), "success", "{job:?}");
    made(&house, "segments", segment("buyers", &countries(&["JP"]))).await;
    let reference = json!({ "type": "And", "conditions": [{ "type": "And", "conditions": [
        { "type": "Reference", "id": "buyers", "exclude": true },
    ] }] });
    let mut others = segment("try", &reference);
    others["folder"] = "tests/odd names".into();
    made(&house, "segments", others).await;
    let mut scheduled = activation("to list");
    scheduled["schedule"] = json!({ "cron": "0 2 1 1 *", "timezone": "Asia/Tokyo" });
    made(&house, "activations", scheduled).await;
    house
}

/// A change of only what was read.
pub(crate) async fn matching(house: &House, path: &str, revision: &str, body: Value) -> Answer {
    let mut asked = request("PUT", path, Some(body));
    asked.headers_mut().insert(IF_MATCH, revision.parse().unwrap());
    asked.headers_mut().insert("authorization", format!("Bearer {}", house.admin).parse().unwrap());
    house.send(asked).await
}

/// A start under a key.
pub(crate) async fn start(house: &House, path: &str, key: &str, body: Option<Value>) -> Answer {
    let mut asked = request("POST", path, body);
    asked.headers_mut().insert("idempotency-key", key.parse().unwrap());
    asked.headers_mut().insert("authorization", format!("Bearer {}", house.admin).parse().unwrap());
    house.send(asked).await
}

/// The texts of a preview's column.
pub(crate) fn column(preview: &Preview, name: &str) -> Vec<String> {
    let place = preview.columns.iter().position(|column| column.name == name).unwrap();
    preview.rows.iter().map(|row| row[place].as_str().unwrap_or("NULL").to_owned()).collect()
}

/// The places of a refusal.
#[track_caller]
pub(crate) fn places(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 422, "{}", answer.text());
    let json = answer.json();
    json["problems"].as_array().unwrap().iter().map(|place| place["at"].as_str().unwrap().to_owned()).collect()
}

/// Writes a value into a document, where nothing needs to be yet.
pub(crate) fn put(document: &mut Value, pointer: &str, value: Value) {
    let (before, name) = pointer.rsplit_once('/').unwrap();
    document.pointer_mut(before).unwrap()[name] = value;
}
