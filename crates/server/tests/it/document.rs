//! The OpenAPI document and the routes are one list.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::house::{House, filled, operations};

#[tokio::test]
async fn every_operation_is_there_and_nothing_else() {
    let house = House::start().await;
    for (method, path, _) in operations() {
        let body = (method != "GET").then(|| json!({}));
        let answer = house.admin(&method, &filled(&path), body).await;
        assert_ne!(answer.status, 405, "{method} {path}");
        let nothing = answer.json()["title"] == "there is nothing at this address";
        assert!(!nothing, "{method} {path}: {}", answer.text());
        let undocumented = status_of(&method, &path, answer.status.as_u16());
        assert!(undocumented, "{method} {path} answers {}: {}", answer.status, answer.text());
    }
    // What the document does not list is refused.
    let listed: BTreeSet<(String, String)> = operations().into_iter().map(|(method, path, _)| (method, path)).collect();
    let paths: BTreeSet<String> = listed.iter().map(|(_, path)| path.clone()).collect();
    for path in paths {
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            if !listed.contains(&(method.to_owned(), path.clone())) {
                let answer = house.admin(method, &filled(&path), None).await;
                // `/tables/{name}` also matches what another path would.
                assert!([404, 405, 422, 415].contains(&answer.status.as_u16()), "{method} {path}: {}", answer.status);
            }
        }
    }
}

fn status_of(method: &str, path: &str, status: u16) -> bool {
    let document = server::openapi();
    document["paths"][path][method.to_lowercase()]["responses"].get(status.to_string()).is_some()
}

#[tokio::test]
async fn the_document_is_served_as_it_is_made() {
    let house = House::start().await;
    let served = house.anybody("GET", "/api/v1/openapi.json", None).await;
    assert_eq!(served.json(), server::openapi());
    assert!(served.json()["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[test]
fn names_are_unique_and_references_lead_somewhere() {
    let document = server::openapi();
    let mut names = BTreeSet::new();
    for operations in document["paths"].as_object().unwrap().values() {
        for operation in operations.as_object().unwrap().values() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{name}");
            assert!(!operation["summary"].as_str().unwrap_or_default().is_empty(), "{name} says nothing");
        }
    }
    let mut wrong = Vec::new();
    follow(&document, &document, &mut wrong);
    assert_eq!(wrong, Vec::<String>::new());
}

fn follow(part: &Value, document: &Value, wrong: &mut Vec<String>) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let pointer = reference.trim_start_matches('#');
                if document.pointer(pointer).is_none() {
                    wrong.push(reference.clone());
                }
            }
            members.values().for_each(|value| follow(value, document, wrong));
        }
        Value::Array(values) => values.iter().for_each(|value| follow(value, document, wrong)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_list_of_operations() {
    let list: Vec<String> = operations()
        .into_iter()
        .map(|(method, path, open)| format!("{method} {path}{}", if open { " (open)" } else { "" }))
        .collect();
    expect_test::expect![[r#"
        GET /api/v1/activations
        POST /api/v1/activations
        POST /api/v1/activations/try
        GET /api/v1/activations/{name}
        PUT /api/v1/activations/{name}
        DELETE /api/v1/activations/{name}
        POST /api/v1/activations/{name}/copy
        POST /api/v1/activations/{name}/disable
        POST /api/v1/activations/{name}/enable
        POST /api/v1/activations/{name}/runs
        GET /api/v1/audit
        GET /api/v1/connections
        POST /api/v1/connections
        GET /api/v1/connections/{name}
        PUT /api/v1/connections/{name}
        DELETE /api/v1/connections/{name}
        GET /api/v1/connections/{name}/account
        POST /api/v1/connections/{name}/authorize
        POST /api/v1/connections/{name}/test
        POST /api/v1/cron/explain
        GET /api/v1/fields
        GET /api/v1/jobs
        GET /api/v1/jobs/counts
        GET /api/v1/jobs/{id}
        DELETE /api/v1/jobs/{id}
        POST /api/v1/jobs/{id}/continue
        GET /api/v1/jobs/{id}/events
        POST /api/v1/jobs/{id}/kill
        GET /api/v1/jobs/{id}/log
        GET /api/v1/jobs/{id}/receipts
        POST /api/v1/jobs/{id}/reexport
        GET /api/v1/jobs/{id}/rejected
        GET /api/v1/jobs/{id}/report
        GET /api/v1/jobs/{id}/result
        POST /api/v1/jobs/{id}/retry
        POST /api/v1/keys/rotate
        GET /api/v1/me
        PUT /api/v1/me/password
        GET /api/v1/notices
        GET /api/v1/notifications
        PUT /api/v1/notifications
        POST /api/v1/notifications/test
        GET /api/v1/parent-segments
        POST /api/v1/parent-segments
        POST /api/v1/parent-segments/check
        GET /api/v1/parent-segments/{name}
        PUT /api/v1/parent-segments/{name}
        DELETE /api/v1/parent-segments/{name}
        GET /api/v1/parent-segments/{name}/preview
        POST /api/v1/parent-segments/{name}/refresh
        GET /api/v1/people
        POST /api/v1/people
        DELETE /api/v1/people/{name}
        PATCH /api/v1/people/{name}
        POST /api/v1/preview
        GET /api/v1/queries
        POST /api/v1/queries
        GET /api/v1/queries/{name}
        PUT /api/v1/queries/{name}
        DELETE /api/v1/queries/{name}
        POST /api/v1/queries/{name}/runs
        GET /api/v1/schedules
        GET /api/v1/schedules/{name}
        POST /api/v1/schedules/{name}/backfill
        GET /api/v1/schedules/{name}/history
        POST /api/v1/schedules/{name}/pause
        POST /api/v1/schedules/{name}/resume
        GET /api/v1/segments
        POST /api/v1/segments
        POST /api/v1/segments/try
        GET /api/v1/segments/{name}
        PUT /api/v1/segments/{name}
        DELETE /api/v1/segments/{name}
        POST /api/v1/segments/{name}/look
        GET /api/v1/segments/{name}/sql
        POST /api/v1/session (open)
        DELETE /api/v1/session
        GET /api/v1/settings
        GET /api/v1/setup (open)
        POST /api/v1/setup (open)
        GET /api/v1/tables
        GET /api/v1/tables/{name}
        PUT /api/v1/tables/{name}
        DELETE /api/v1/tables/{name}
        PUT /api/v1/tables/{name}/data
        GET /api/v1/tables/{name}/preview
        GET /api/v1/tokens
        POST /api/v1/tokens
        DELETE /api/v1/tokens/{id}
        GET /api/v1/webhooks
        POST /api/v1/webhooks
        GET /api/v1/webhooks/{name}
        PUT /api/v1/webhooks/{name}
        DELETE /api/v1/webhooks/{name}"#]]
    .assert_eq(&list.join("\n"));
}
