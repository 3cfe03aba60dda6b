//! What parent segments, segments and activations share: lists, schedules, jobs, rights.

use api::{Job, Page, ParentSegment, ScheduleView, Scheduled};
use serde_json::{Value, json};

use crate::audience::{PARENT, activation, countries, ended, made, parent, refresh, refreshed, segment};

#[tokio::test]
async fn lists_come_in_pages_and_by_what_they_are_of() {
    let house = refreshed().await;
    for name in ["b", "a"] {
        let mut spec = segment(name, &countries(&["US"]));
        spec["folder"] = "tests".into();
        made(&house, "segments", spec).await;
        let mut spec = activation(name);
        spec["segment"] = name.into();
        made(&house, "activations", spec).await;
    }
    let names = async |path: &str| {
        let (mut names, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/{path}{}limit=2{after}", if path.contains('?') { '&' } else { '?' });
            let page: Page<Value> = house.admin("GET", &path, None).await.take(200);
            assert!(page.items.len() <= 2, "{path}");
            names.extend(page.items.iter().map(|item| item["spec"]["name"].as_str().unwrap().to_owned()));
            let Some(next) = page.next else { break names };
            after = format!("&after={}", next.replace(' ', "%20"));
        }
    };
    for (path, want) in [
        ("parent-segments", vec!["customers"]),
        ("segments", vec!["a", "b", "buyers", "try"]),
        ("segments?parent_segment=customers", vec!["a", "b", "buyers", "try"]),
        ("segments?parent_segment=&folder=", vec!["a", "b", "buyers", "try"]),
        ("segments?folder=tests%2Fodd%20names", vec!["try"]),
        ("segments?folder=nowhere", vec![]),
        ("activations", vec!["a", "b", "to list"]),
        ("activations?segment=", vec!["a", "b", "to list"]),
        ("activations?segment=buyers", vec!["to list"]),
        ("activations?segment=try", vec![]),
    ] {
        assert_eq!(names(path).await, want, "{path}");
    }
    for (path, status) in [
        ("segments?parent_segment=nobody", 404),
        ("activations?segment=nobody", 404),
        ("segments?limit=0", 400),
        ("activations?limit=501", 400),
        ("parent-segments?limit=x", 400),
    ] {
        let answer = house.admin("GET", &format!("/api/v1/{path}"), None).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn schedules_and_jobs_are_asked_for_by_what_they_are_of() {
    let house = refreshed().await;
    let query = json!({ "name": "to list", "sql": "SELECT 1 AS id", "schedule": { "cron": "@yearly" } });
    made(&house, "queries", query).await;
    let mut spec = parent();
    spec["schedule"] = json!({ "repeat": "daily", "start": "2099-01-01 03:30", "timezone": "Asia/Tokyo" });
    house.admin("PUT", PARENT, Some(spec)).await.take::<ParentSegment>(200);
    let path = "/api/v1/schedules";
    for (asked, of) in [
        ("to%20list", Scheduled::Query),
        ("to%20list?of=", Scheduled::Query),
        ("to%20list?of=query", Scheduled::Query),
        ("to%20list?of=activation", Scheduled::Activation),
        ("customers?of=parent_segment", Scheduled::ParentSegment),
    ] {
        let view: ScheduleView = house.admin("GET", &format!("{path}/{asked}"), None).await.take(200);
        assert_eq!((view.of, view.next.len()), (of, 5), "{asked}");
    }
    for (asked, status) in [("to%20list?of=segment", 400), ("customers", 404), ("buyers?of=activation", 404)] {
        let answer = house.admin("GET", &format!("{path}/{asked}"), None).await;
        assert_eq!(answer.status.as_u16(), status, "{asked}: {}", answer.text());
    }
    let page: Page<ScheduleView> = house.admin("GET", path, None).await.take(200);
    assert_eq!(page.items.len(), 3);
    for (name, of) in [("to%20list", "activation"), ("customers", "parent_segment")] {
        for (word, state) in [("pause", "paused"), ("resume", "active")] {
            let answer = house.admin("POST", &format!("{path}/{name}/{word}?of={of}"), None).await;
            assert_eq!(answer.json()["state"], state, "{name}: {}", answer.text());
        }
    }
    // The query of that name has its own.
    let asked = json!({ "from": "2020-06-01", "slots": 1 });
    let filled = house.admin("POST", &format!("{path}/to%20list/backfill?of=activation"), Some(asked)).await;
    assert_eq!(filled.json()["started"].as_array().map(Vec::len), Some(1), "{}", filled.text());
    for (of, slots) in [("query", 0), ("activation", 1)] {
        let history = house.admin("GET", &format!("{path}/to%20list/history?of={of}&limit=5"), None).await;
        assert_eq!(history.json()["items"].as_array().map(Vec::len), Some(slots), "{of}: {}", history.text());
    }
    for (asked, jobs) in
        [("activation=to%20list", 1), ("activation=", 2), ("parent_segment=customers", 1), ("query=to%20list", 0)]
    {
        let page = house.admin("GET", &format!("/api/v1/jobs?{asked}"), None).await;
        assert_eq!(page.json()["items"].as_array().map(Vec::len), Some(jobs), "{asked}: {}", page.text());
    }
    for (asked, status) in [
        ("activation=nobody", 404),
        ("parent_segment=nobody", 404),
        ("activation=to%20list&parent_segment=customers", 422),
    ] {
        let answer = house.admin("GET", &format!("/api/v1/jobs?{asked}"), None).await;
        assert_eq!(answer.status.as_u16(), status, "{asked}: {}", answer.text());
    }
}

#[tokio::test]
async fn who_may_what() {
    let house = refreshed().await;
    let (read, run, edit) = (house.bearer("read").await, house.bearer("run").await, house.bearer("edit").await);
    let tried = json!({ "parent_segment": "customers", "rule": countries(&["JP"]), "rows": 1 });
    let sent = json!({ "activation": activation("x") });
    // What each of them is answered: somebody who reads, who runs, who edits.
    let cases = [
        ("GET", "parent-segments", None, [200; 3]),
        ("GET", "parent-segments/customers", None, [200; 3]),
        ("GET", "parent-segments/customers/preview", None, [403, 200, 200]),
        ("POST", "parent-segments/check", Some(parent()), [403, 200, 200]),
        ("POST", "parent-segments/customers/refresh", None, [403, 202, 202]),
        ("PUT", "parent-segments/customers", Some(parent()), [403, 403, 200]),
        ("POST", "parent-segments", Some(parent()), [403, 403, 409]),
        ("DELETE", "parent-segments/customers", None, [403, 403, 409]),
        ("GET", "segments", None, [200; 3]),
        ("GET", "segments/buyers", None, [200; 3]),
        ("GET", "segments/buyers/sql", None, [200; 3]),
        ("POST", "segments/try", Some(tried), [403, 200, 200]),
        ("POST", "segments/buyers/look", None, [403, 200, 200]),
        ("PUT", "segments/buyers", Some(segment("buyers", &countries(&["JP"]))), [403, 403, 200]),
        ("POST", "segments", Some(segment("buyers", &countries(&["JP"]))), [403, 403, 409]),
        ("DELETE", "segments/buyers", None, [403, 403, 409]),
        ("GET", "activations", None, [200; 3]),
        ("GET", "activations/to%20list", None, [200; 3]),
        ("POST", "activations/try", Some(sent), [403, 200, 200]),
        ("POST", "activations/to%20list/runs", Some(json!({ "kind": "result" })), [403, 202, 202]),
        ("PUT", "activations/to%20list", Some(activation("to list")), [403, 403, 200]),
        ("POST", "activations", Some(activation("to list")), [403, 403, 409]),
        ("POST", "activations/to%20list/copy", Some(json!({ "name": "copy" })), [403, 403, 201]),
        ("POST", "activations/to%20list/disable", None, [403, 403, 200]),
        ("POST", "activations/to%20list/enable", None, [403, 403, 200]),
        ("DELETE", "activations/to%20list", None, [403, 403, 204]),
    ];
    for (method, path, body, statuses) in cases {
        for (token, status) in [&read, &run, &edit].into_iter().zip(statuses) {
            let answer = house.by(token, method, &format!("/api/v1/{path}"), body.clone()).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.text());
        }
    }
    // Nor has the log of changes what people have in their tables.
    let log = house.admin("GET", "/api/v1/audit?limit=500", None).await.text();
    assert!(log.contains("buyers") && !log.contains("example.com"), "{log}");
}

#[tokio::test]
async fn the_page_of_a_job_says_what_it_is_of() {
    let house = refreshed().await;
    let refreshed = refresh(&house).await;
    let runs = "/api/v1/activations/to%20list/runs";
    let run: Job = house.admin("POST", runs, Some(json!({ "kind": "result" }))).await.take(202);
    ended(&house, &run.id).await;
    for (id, title, facts) in [
        (&refreshed.id, "Refresh of customers: success", ["<dt>Profiles</dt><dd>3</dd>", "/parent-segments/customers"]),
        (
            &run.id,
            "to list: success",
            ["<dt>Activation</dt><dd><a href=\"/activations/to%20list\">", "<dt>Rows of the result</dt><dd>2</dd>"],
        ),
    ] {
        let page = house.admin("GET", &format!("/jobs/{id}"), None).await.text();
        assert!(page.contains(&format!("<title>{title} ·")), "{page}");
        assert!(facts.iter().all(|fact| page.contains(fact)), "{page}");
    }
}
