//! Parent segments through the door: looked at, saved, refreshed, and what is refused where.

use api::{AudienceCheck, Job, JobKind, ParentSegment, Preview, Segment};
use axum::http::header::ETAG;
use serde_json::json;

use crate::audience::{
    PARENT, column, countries, ended, made, matching, parent, places, put, refreshed, start, tables,
};

#[tokio::test]
async fn a_parent_segment_is_looked_at_saved_and_refreshed() {
    let house = tables().await;
    let check: AudienceCheck = house.admin("POST", "/api/v1/parent-segments/check", Some(parent())).await.take(200);
    assert_eq!((check.population, check.joins.len()), (3, 3), "{check:?}");
    let orders = &check.joins[2];
    assert_eq!((orders.at.as_str(), orders.rows, orders.orphans), ("behaviors[0]", 4, 1), "{orders:?}");
    assert!(check.columns.iter().any(|column| column.name == "plan" && column.group.as_deref() == Some("Money")));
    assert_eq!(house.admin("GET", PARENT, None).await.status, 404, "nothing is saved");

    let new = made(&house, "parent-segments", parent()).await;
    assert_eq!(new.headers[ETAG], "\"1\"");
    let new: ParentSegment = new.take(201);
    assert_eq!((new.id, new.segments, new.snapshot), (1, 0, None));
    assert_eq!((new.created_by.as_str(), new.updated_by.as_str()), ("ada (token setup)", "ada (token setup)"));
    assert_eq!(house.admin("POST", "/api/v1/parent-segments", Some(parent())).await.status, 409);
    // Without profiles there is nothing to show.
    assert_eq!(house.admin("GET", &format!("{PARENT}/preview"), None).await.status, 409);
    let early = json!({ "parent_segment": "customers", "rule": countries(&["JP"]) });
    assert_eq!(house.admin("POST", "/api/v1/segments/try", Some(early)).await.status, 409);

    let first = start(&house, &format!("{PARENT}/refresh"), "night 1", None).await;
    let job: Job = first.take(202);
    assert_eq!(first.headers["location"].to_str().unwrap(), format!("/api/v1/jobs/{}", job.id));
    assert_eq!((job.kind, job.parent_segment.as_deref()), (JobKind::Refresh, Some("customers")));
    let again: Job = start(&house, &format!("{PARENT}/refresh"), "night 1", None).await.take(200);
    assert_eq!(again.id, job.id);
    let done = ended(&house, &job.id).await;
    assert_eq!((done.state.name(), done.result_rows), ("success", Some(3)), "{done:?}");

    let now: ParentSegment = house.admin("GET", PARENT, None).await.take(200);
    let snapshot = now.snapshot.unwrap();
    assert_eq!((snapshot.population, snapshot.job.as_str()), (3, job.id.as_str()));
    assert_eq!(snapshot.behaviors[0].events, Some(3), "orphans are left out");
    assert_eq!(now.last_job.map(|job| job.id).as_deref(), Some(job.id.as_str()));
    let preview: Preview = house.admin("GET", &format!("{PARENT}/preview?limit=2"), None).await.take(200);
    assert_eq!((preview.rows.len(), preview.more), (2, true));
    assert_eq!(column(&preview, "plan"), ["gold", "free"]);
    for limit in ["0", "1001", "x"] {
        let answer = house.admin("GET", &format!("{PARENT}/preview?limit={limit}"), None).await;
        assert_eq!(answer.status, 400, "{limit}");
    }
}

#[tokio::test]
async fn a_parent_segment_is_changed_by_whom_has_seen_it_and_goes_last() {
    let house = refreshed().await;
    let etag = house.admin("GET", PARENT, None).await.headers[ETAG].to_str().unwrap().to_owned();
    let mut spec = parent();
    spec["description"] = "others".into();
    let changed = matching(&house, PARENT, &etag, spec.clone()).await;
    assert_ne!(changed.headers[ETAG].to_str().unwrap(), etag);
    let changed: ParentSegment = changed.take(200);
    assert_eq!((changed.id, changed.segments, changed.snapshot.is_some()), (1, 2, true));
    assert_eq!(matching(&house, PARENT, &etag, spec.clone()).await.status, 412);
    assert_eq!(matching(&house, PARENT, "abc", spec.clone()).await.status, 400);
    assert_eq!(house.admin("DELETE", PARENT, None).await.status, 409, "segments stand over it");

    spec["name"] = "people".into();
    house.admin("PUT", PARENT, Some(spec)).await.take::<ParentSegment>(200);
    let read: Segment = house.admin("GET", "/api/v1/segments/buyers", None).await.take(200);
    assert_eq!(read.spec.parent_segment, "people", "a new name is followed");
    for path in ["activations/to%20list", "segments/try", "segments/buyers", "parent-segments/people"] {
        let answer = house.admin("DELETE", &format!("/api/v1/{path}"), None).await;
        assert_eq!(answer.status, 204, "{path}: {}", answer.text());
        assert_eq!(house.admin("GET", &format!("/api/v1/{path}"), None).await.status, 404, "{path}");
    }
    // A number is given once.
    let mut other = parent();
    other["name"] = "check".into();
    let other: ParentSegment = house.admin("PUT", "/api/v1/parent-segments/check", Some(other)).await.take(201);
    assert_eq!(other.id, 2);
    let check = house.admin("GET", "/api/v1/parent-segments/check", None).await;
    assert_eq!(check.json()["spec"]["name"], "check", "{}", check.text());
    assert_eq!(house.admin("DELETE", "/api/v1/parent-segments/check", None).await.status, 204);
}

#[tokio::test]
async fn what_is_wrong_with_a_parent_segment_is_told_by_its_place() {
    let house = tables().await;
    // What stands beside its tables is looked at when it is saved.
    for (pointer, value, at) in [
        ("/name", json!("a/b"), "name"),
        ("/owner", json!("nobody"), "owner"),
        ("/timezone", json!("Asia/Tokio"), "timezone"),
        ("/schedule", json!({ "cron": "61 * * * *" }), "schedule.cron"),
        ("/schedule", json!({ "repeat": "weekly", "days": ["mo"] }), "schedule.days[0]"),
        ("/notify", json!({ "recipients": ["x"] }), "notify.recipients"),
    ] {
        let mut spec = parent();
        put(&mut spec, pointer, value);
        let found = places(&house.admin("POST", "/api/v1/parent-segments", Some(spec)).await);
        assert!(found[0].trim_start_matches("parent_segment.").starts_with(at), "{pointer}: {found:?}");
    }
    for (pointer, value, at) in [
        ("/master/table", json!("custmers"), "master.table"),
        ("/master/key", json!("identity"), "master.key"),
        ("/master/filters/0/column", json!("land"), "master.filters[0].column"),
        ("/master/rows", json!(1), "master"),
        ("/attributes/0/table", json!("plan"), "attributes[0].table"),
        ("/attributes/0/column", json!("plans"), "attributes[0].column"),
        ("/attributes/0/parent_key", json!("x"), "attributes[0].parent_key"),
        ("/attributes/0/type", json!("text"), "attributes[0].type"),
        ("/behaviors/0/name", json!("Orders!"), "behaviors[0].name"),
        ("/behaviors/0/table", json!("order"), "behaviors[0].table"),
        ("/behaviors/0/time", json!("when"), "behaviors[0].time"),
    ] {
        let mut spec = parent();
        put(&mut spec, pointer, value);
        for path in ["parent-segments", "parent-segments/check"] {
            let found = places(&house.admin("POST", &format!("/api/v1/{path}"), Some(spec.clone())).await);
            let place = found[0].trim_start_matches("parent_segment.");
            assert!(place.starts_with(at), "{path} {pointer}: {found:?}");
        }
    }
    // Both at once.
    let mut spec = parent();
    put(&mut spec, "/attributes/0/column", json!("x"));
    put(&mut spec, "/behaviors/0/parent_key", json!("y"));
    assert_eq!(places(&house.admin("POST", "/api/v1/parent-segments", Some(spec)).await).len(), 2);
}
