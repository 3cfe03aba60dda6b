//! Activations through the door: looked at, run, copied, and what is refused where.

use api::{Activation, ActivationLook, Job, ScheduleState};
use axum::http::header::ETAG;
use serde_json::{Value, json};

use crate::audience::{activation, ended, matching, places, put, refreshed, start};

#[tokio::test]
async fn an_activation_runs_is_disabled_and_copied() {
    let house = refreshed().await;
    let path = "/api/v1/activations/to%20list";
    let found: Activation = house.admin("GET", path, None).await.take(200);
    assert_eq!((found.parent_segment.as_str(), found.spec.enabled), ("customers", true));
    let next = found.schedule.unwrap().next.unwrap();
    assert!(next.ends_with("-12-31T17:00:00Z"), "{next}");

    let runs = format!("{path}/runs");
    let result = || Some(json!({ "kind": "result" }));
    let first = start(&house, &runs, "1", result()).await;
    let job: Job = first.take(202);
    assert_eq!((job.activation.as_deref(), job.query.as_deref()), (Some("to list"), None));
    assert_eq!(start(&house, &runs, "1", result()).await.take::<Job>(200).id, job.id);
    assert_eq!(start(&house, &runs, "1", Some(json!({}))).await.status, 422, "another request");
    let done = ended(&house, &job.id).await;
    assert_eq!((done.state.name(), done.result_rows), ("success", Some(2)), "{done:?}");
    let rows = house.admin("GET", &format!("/api/v1/jobs/{}/result?format=csv", job.id), None).await.text();
    assert!(rows.contains("a@example.com,seg-buyers"), "{rows}");

    let disabled = house.admin("POST", &format!("{path}/disable"), None).await;
    assert!(disabled.headers.contains_key(ETAG));
    let disabled: Activation = disabled.take(200);
    let schedule = disabled.schedule.unwrap();
    assert_eq!((disabled.spec.enabled, schedule.state, schedule.next), (false, ScheduleState::Paused, None));
    assert_eq!(house.admin("POST", &runs, result()).await.status, 409);
    let enabled: Activation = house.admin("POST", &format!("{path}/enable"), None).await.take(200);
    assert!(enabled.spec.enabled && enabled.schedule.as_ref().is_some_and(|schedule| schedule.next.is_some()));

    let copy = house.admin("POST", &format!("{path}/copy"), Some(json!({ "name": "try" }))).await;
    let copy: Activation = copy.take(201);
    assert_eq!((copy.spec.name.as_str(), copy.spec.enabled, copy.last_job), ("try", false, None));
    assert_eq!(copy.spec.output, enabled.spec.output);
    let tried = house.admin("GET", "/api/v1/activations/try", None).await;
    assert_eq!(tried.take::<Activation>(200).spec.name, "try");
    let again = house.admin("POST", &format!("{path}/copy"), Some(json!({ "name": "try" }))).await;
    assert_eq!(again.status, 409);
    for (copy, status) in [(json!({}), 422), (json!({ "name": "a/b" }), 422), (json!({ "name": "x", "y": 1 }), 422)] {
        let answer = house.admin("POST", &format!("{path}/copy"), Some(copy.clone())).await;
        assert_eq!(answer.status.as_u16(), status, "{copy}");
    }
    let etag = house.admin("GET", path, None).await.headers[ETAG].to_str().unwrap().to_owned();
    assert_eq!(matching(&house, path, &etag, activation("to list")).await.status, 200);
    assert_eq!(matching(&house, path, &etag, activation("to list")).await.status, 412);
    assert_eq!(house.admin("DELETE", path, None).await.status, 204);
    assert_eq!(house.admin("GET", &format!("/api/v1/jobs/{}", job.id), None).await.status, 200, "its jobs stay");
}

#[tokio::test]
async fn an_activation_is_looked_at_before_it_is_saved() {
    let house = refreshed().await;
    let path = "/api/v1/activations/try";
    let tried = |activation: Value| Some(json!({ "activation": activation, "rows": 1 }));
    let look: ActivationLook = house.admin("POST", path, tried(activation("x"))).await.take(200);
    assert_eq!((look.count, look.rows.len(), look.rows[0].row), (2, 1, 1), "{look:?}");
    // What finds the prospect may stand beside the record.
    let sent = serde_json::to_string(&look.rows[0]).unwrap();
    assert!(sent.contains("a@example.com") && sent.contains("\"comments\":\"seg-buyers\""), "{sent}");
    let columns: Vec<(&str, bool)> =
        look.fields.iter().map(|field| (field.column.as_str(), field.problem.is_none())).collect();
    assert_eq!(columns, [("email", true), ("comments", true)]);
    // A column that the target does not have is shown beside the others, with what was meant.
    let mut wrong = activation("x");
    put(&mut wrong, "/output/columns/1/column", json!("Comments"));
    let look: ActivationLook = house.admin("POST", path, tried(wrong)).await.take(200);
    let hint = look.fields[1].problem.clone().and_then(|problem| problem.hint).unwrap_or_else(|| panic!("{look:?}"));
    assert!(hint.contains("comments"), "{hint}");
    assert_eq!(house.admin("GET", "/api/v1/activations/x", None).await.status, 404, "nothing is saved");
    let rows = json!({ "activation": activation("x"), "rows": 101 });
    assert_eq!(places(&house.admin("POST", path, Some(rows)).await), ["rows"]);
}

#[tokio::test]
async fn what_is_wrong_with_an_activation_is_told_by_its_place() {
    let house = refreshed().await;
    let cases = [
        ("/name", json!("a/b"), "name"),
        ("/segment", json!("buyer"), "segment"),
        ("/export/connection", json!("prodd"), "export.connection"),
        ("/export/settings", json!({ "data_objects": "x" }), "settings"),
        ("/output/columns/0/source", json!({ "column": "mail" }), "output.columns[0].source"),
        ("/output/columns", json!([]), "output"),
        ("/output/behaviors", json!([{ "behavior": "order", "join": "last", "columns": [] }]), "output.behaviors[0]"),
        ("/schedule", json!({ "cron": "@daily", "timezone": "Nowhere" }), "schedule.timezone"),
        ("/notify", json!({ "recipients": vec!["a@example.com"; 21] }), "notify.recipients"),
        ("/enable", json!(true), "enable"),
    ];
    for (pointer, value, at) in cases {
        let mut spec = activation("x");
        put(&mut spec, pointer, value);
        let answer = house.admin("POST", "/api/v1/activations", Some(spec)).await;
        let found = places(&answer);
        let found = found[0].trim_start_matches("activation.").trim_start_matches("export.settings.");
        assert!(found.starts_with(at) || at == "settings", "{pointer}: {}", answer.text());
    }
}
