//! Slots, daily calls, address length, versions.
//!
//! Knows limits by the answers they provoke.

use std::time::Duration;

use expect_test::expect;
use pardot_sim::{Config, Fault, FaultKind, UriOverflow, When};
use tokio::io::AsyncWriteExt;

use crate::http::{Stage, encode, raw, request};

const QUERY: &str = "/api/prospect/version/3/do/query?format=json";

#[tokio::test]
async fn the_sixth_call_at_once_is_refused() {
    let stage = Stage::of(Config { answer_delay: Duration::from_millis(150), ..Config::default() }).await;
    let calls =
        (stage.get(QUERY), stage.get(QUERY), stage.get(QUERY), stage.get(QUERY), stage.get(QUERY), stage.get(QUERY));
    let (a, b, c, d, e, f) = tokio::join!(calls.0, calls.1, calls.2, calls.3, calls.4, calls.5);
    let refused: Vec<String> = [a, b, c, d, e, f].into_iter().filter(|got| got.contains("err_code")).collect();
    expect![[r#"200 {"@attributes":{"stat":"fail","version":1,"err_code":66},"err":"You have exceeded your concurrent request limit. Please wait, before trying again"}"#]].assert_eq(&refused.join("\n"));
    let counters = stage.sandbox.counters(&stage.unit);
    assert_eq!((counters.in_flight_max, counters.concurrency_refusals, counters.calls), (5, 1, 6));
    assert!(counters.in_flight_average > 4.0, "{counters:?}");
}

#[tokio::test]
async fn an_abandoned_call_keeps_its_slot_and_is_done() {
    let stage = Stage::version(3).await;
    stage.sandbox.fault(Fault::next(5, FaultKind::Hang { when: When::After, ms: 300 }));
    let target = "/api/prospect/version/3/do/create?email=";
    for at in 0..5 {
        let headers =
            [("Authorization", &*format!("Bearer {}", stage.token)), ("Pardot-Business-Unit-Id", &*stage.unit)];
        let mut stream = tokio::net::TcpStream::connect(stage.sandbox.url().replace("http://", "")).await.unwrap();
        let text = request("POST", &format!("{target}p{at}%40x.io"), &headers, "");
        stream.write_all(text.as_bytes()).await.unwrap();
    }
    while stage.sandbox.counters(&stage.unit).in_flight < 5 {
        tokio::task::yield_now().await;
    }
    assert!(stage.get(QUERY).await.contains("\"err_code\":66"));
    while stage.sandbox.counters(&stage.unit).in_flight > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.sandbox.prospects(&stage.unit).len(), 5);
}

#[tokio::test]
async fn the_day_ends_at_the_accounts_midnight() {
    let mut config = Config::default();
    config.business_units[0].daily_limit = 10;
    config.business_units[0].used = 9;
    config.business_units[0].time_zone = "America/New_York".to_owned();
    config.oauth.access_token_life = Duration::from_secs(1_000_000);
    let stage = Stage::of(config).await;
    assert!(stage.get(QUERY).await.starts_with("200 "));
    expect![[r#"429 {"@attributes":{"stat":"fail","version":1,"err_code":122},"err":"Daily API rate limit met"}"#]]
        .assert_eq(&stage.get(QUERY).await);
    expect![[r#"429 {"code":122,"message":"Daily API rate limit met"}"#]]
        .assert_eq(&stage.get("/api/v5/objects/lists?fields=id").await);
    stage.sandbox.advance(Duration::from_secs(25 * 3_600));
    let bearer = format!("Bearer {}", stage.token);
    let headers = [("Authorization", &*bearer), ("Pardot-Business-Unit-Id", &*stage.unit), ("X-Return-Api-Usage", "1")];
    let got = raw(&stage.sandbox, &request("GET", QUERY, &headers, "")).await.unwrap();
    assert!(got.head.contains("x-api-usage: 1/10"), "{}", got.head);
}

#[tokio::test]
async fn a_long_address_meets_the_web_tier() {
    let target = format!("/api/prospect/version/3/do/batchUpsert?format=json&prospects={}", encode(&"x".repeat(2_100)));
    let stage = Stage::version(3).await;
    let got = stage.call("POST", &target, "", "").await;
    assert!(got.head.contains("text/html"));
    expect!["414 <html><head><title>414 Request-URI Too Large</title></head><body><center><h1>414 Request-URI Too Large</h1></center></body></html>"].assert_eq(&got.shown());
    let stage = Stage::of(Config { uri_overflow: UriOverflow::Truncate, ..Config::default() }).await;
    assert!(stage.call("POST", &target, "", "").await.body.contains("\"err_code\":71"));
}

#[tokio::test]
async fn the_version_follows_the_account_for_prospects_only() {
    for (version, other, code) in [(3, 4, 89), (4, 3, 88)] {
        let stage = Stage::version(version).await;
        let refused = stage.get(&format!("/api/prospect/version/{other}/do/query?format=json")).await;
        assert!(refused.contains(&format!("\"err_code\":{code}")), "{refused}");
        let lists = stage.get(&format!("/api/list/version/{other}/do/query?format=json")).await;
        assert!(lists.starts_with("200 "), "{lists}");
    }
}

#[tokio::test]
async fn the_journal_and_hooks() {
    let stage = Stage::version(3).await;
    let (sender, receiver) = std::sync::mpsc::channel();
    stage.sandbox.at_request(2, move || sender.send(()).unwrap());
    stage.get(QUERY).await;
    receiver.try_recv().unwrap();
    let journal = stage.sandbox.journal();
    let last = journal.last().unwrap();
    assert_eq!((journal.len(), last.sequence, last.status, last.token_generation), (2, 2, Some(200), Some(1)));
    assert_eq!((last.business_unit.as_deref(), last.in_flight), (Some(stage.unit.as_str()), 1));
    let control = raw(&stage.sandbox, &request("GET", "/control/counters", &[], "")).await.unwrap();
    assert!(control.body.contains("\"prospect/query\":1"), "{}", control.body);
    let fault = r#"{"path":"batchUpsert","times":{"next":2},"kind":"status","status":503,"when":"before"}"#;
    let added =
        raw(&stage.sandbox, &request("POST", "/control/faults", &[("Content-Type", "application/json")], fault)).await;
    assert_eq!(added.unwrap().status, 200);
}
