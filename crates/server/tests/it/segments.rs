//! Segments through the door: counted, saved, shown as SQL, and what is refused where.

use api::{Preview, Segment, SegmentLook, SegmentSql};
use axum::http::header::ETAG;
use serde_json::json;

use crate::audience::{column, countries, matching, places, put, refreshed, segment};

#[tokio::test]
async fn a_segment_is_counted_before_and_after_it_is_saved() {
    let house = refreshed().await;
    let path = "/api/v1/segments/try";
    let rule = json!({ "parent_segment": "customers", "rule": countries(&["US"]), "rows": 5 });
    let look: SegmentLook = house.admin("POST", path, Some(rule)).await.take(200);
    assert_eq!((look.count, look.population), (1, 3));
    assert_eq!(column(&look.sample.unwrap(), "email"), ["b@example.com"]);
    assert!(look.sql.contains("cdp_audience_1.customers"), "{}", look.sql);

    let found: Segment = house.admin("GET", "/api/v1/segments/buyers", None).await.take(200);
    assert_eq!((found.id, found.population, found.revision), (1, None, 1));
    assert_eq!(found.referenced_by, ["try"]);
    assert_eq!(found.activations, ["to list"]);
    let look: SegmentLook = house.admin("POST", "/api/v1/segments/buyers/look?rows=1", None).await.take(200);
    assert_eq!((look.count, look.sample.map(|sample| sample.rows.len())), (2, Some(1)));
    let look: SegmentLook = house.admin("POST", "/api/v1/segments/try/look", None).await.take(200);
    assert_eq!((look.count, look.sample), (1, None), "those whom the other one leaves out");
    let counted: Segment = house.admin("GET", "/api/v1/segments/buyers", None).await.take(200);
    assert_eq!((counted.population.map(|population| population.count), counted.revision), (Some(2), 1));
    for rows in ["1001", "-1", "x"] {
        let answer = house.admin("POST", &format!("/api/v1/segments/buyers/look?rows={rows}"), None).await;
        assert_eq!(answer.status, 400, "{rows}");
    }
    // The SQL is one for a query too.
    let sql: SegmentSql = house.admin("GET", "/api/v1/segments/buyers/sql", None).await.take(200);
    let rows: Preview = house.admin("POST", "/api/v1/preview", Some(json!({ "sql": sql.sql }))).await.take(200);
    let mut emails = column(&rows, "email");
    emails.sort();
    assert_eq!(emails, ["a@example.com", "c@example.com"]);
}

#[tokio::test]
async fn a_segment_is_changed_by_whom_has_seen_it() {
    let house = refreshed().await;
    let path = "/api/v1/segments/buyers";
    let etag = house.admin("GET", path, None).await.headers[ETAG].to_str().unwrap().to_owned();
    let spec = segment("buyers", &countries(&["US"]));
    let changed: Segment = matching(&house, path, &etag, spec.clone()).await.take(200);
    assert_eq!((changed.id, changed.population), (1, None));
    assert_eq!(changed.spec.rule, countries(&["US"]), "the rule is kept as it was written");
    assert_eq!(matching(&house, path, &etag, spec.clone()).await.status, 412);
    assert_eq!(house.admin("POST", "/api/v1/segments", Some(spec)).await.status, 409);
    assert_eq!(house.admin("DELETE", path, None).await.status, 409, "a rule and an activation name it");
    let new = segment("new", &countries(&["DE"]));
    let new = house.admin("PUT", "/api/v1/segments/new", Some(new)).await;
    assert_eq!(new.headers[ETAG], "\"1\"");
    assert_eq!(new.take::<Segment>(201).id, 3);
}

#[tokio::test]
async fn what_is_wrong_with_a_rule_is_told_by_its_place() {
    let house = refreshed().await;
    let condition = "rule.conditions[0].conditions[0]";
    let cases = [
        ("/leftValue/name", json!("land"), "leftValue.name"),
        ("/operator/type", json!("Inn"), "operator.type"),
        ("/operator/rightValues", json!([]), "operator.rightValues"),
        ("/operator", json!({ "type": "Greater", "rightValue": true }), "operator.rightValue"),
        ("/arrayMatching", json!("any"), "arrayMatching"),
    ];
    for (pointer, value, at) in cases {
        let mut rule = countries(&["JP"]);
        put(&mut rule, &format!("/conditions/0/conditions/0{pointer}"), value);
        let tried = json!({ "parent_segment": "customers", "rule": rule });
        for (path, body) in [("segments", segment("x", &rule)), ("segments/try", tried)] {
            let answer = house.admin("POST", &format!("/api/v1/{path}"), Some(body)).await;
            let found = places(&answer);
            let found = found[0].trim_start_matches("segment.");
            assert!(found.starts_with(&format!("{condition}.{at}")), "{path} {pointer}: {}", answer.text());
        }
    }
    // A ring of references, and one that leads nowhere.
    let to = |id: &str| {
        let reference = json!({ "type": "Reference", "id": id });
        json!({ "type": "And", "conditions": [{ "type": "And", "conditions": [reference] }] })
    };
    let ring = house.admin("PUT", "/api/v1/segments/buyers", Some(segment("buyers", &to("try")))).await;
    assert!(places(&ring)[0].contains(condition), "{}", ring.text());
    let nowhere = house.admin("POST", "/api/v1/segments", Some(segment("x", &to("buyer")))).await;
    assert!(places(&nowhere)[0].contains(condition) && nowhere.text().contains("buyers"), "{}", nowhere.text());
    for (spec, at) in [
        (json!({ "name": "x", "parent_segment": "nobody", "rule": countries(&["JP"]) }), "parent_segment"),
        (json!({ "name": "x", "rule": countries(&["JP"]) }), "parent_segment"),
        (json!({ "name": "a/b", "parent_segment": "customers", "rule": countries(&["JP"]) }), "name"),
        (json!({ "name": "x", "parent_segment": "customers", "rule": {} }), "rule"),
        (json!({ "name": "x", "parent_segment": "customers", "rule": countries(&["JP"]), "sql": "" }), "sql"),
    ] {
        let answer = house.admin("POST", "/api/v1/segments", Some(spec.clone())).await;
        let found = places(&answer);
        assert!(found[0].trim_start_matches("segment.").starts_with(at), "{spec}: {}", answer.text());
    }
}
