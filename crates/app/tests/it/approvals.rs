//! The approval in the browser, and jobs that go on when a connection was mended.

use std::io::{Read, Write};
use std::net::TcpStream;

use api::{ConnectionState, Secret};
use app::{AppError, CallbackError};
use model::JobState;
use serde_json::json;
use url::Url;

use crate::bench::{Bench, adds_up, contacts, good};

/// Opens the address as a browser does and gives the query that it is sent back with.
async fn approve(address: String) -> Vec<(String, String)> {
    let answer = tokio::task::spawn_blocking(move || {
        let url = Url::parse(&address).expect("an address");
        let place = (url.host_str().expect("a host"), url.port().expect("a port"));
        let mut stream = TcpStream::connect(place).expect("the sandbox listens");
        let target = &url[url::Position::BeforePath..];
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", place.0).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    });
    let answer = answer.await.expect("the browser ends");
    let location = answer.lines().find_map(|line| line.strip_prefix("Location: ").or(line.strip_prefix("location: ")));
    let location = Url::parse(location.unwrap_or_else(|| panic!("no redirect: {answer}")).trim()).expect("an address");
    location.query_pairs().into_owned().collect()
}

fn part<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn a_revoked_grant_is_approved_anew_and_the_job_goes_on() {
    let bench = Bench::new().await;
    bench.upload("c", &contacts(120, good)).await;
    bench.query(json!({})).await;
    bench.sandbox.revoke_refresh_tokens();
    let waiting = bench.settled().await;
    let waiting = bench.follow(&waiting.id, |job| job.progress.is_none()).await;
    assert_eq!(waiting.state, JobState::NeedsReconnect, "{waiting:?}");
    assert!(waiting.sentence.contains("refused the refresh token"), "{}", waiting.sentence);
    let known = bench.app.connection(&bench.actor, "prod").await.expect("there");
    assert_eq!(known.state, ConnectionState::NeedsReconnect);
    let begun = bench
        .app
        .authorize(&bench.actor, "prod", Some(app::Browser { binding: "me", at: "http://localhost:8080" }))
        .await
        .expect("begun");
    assert!(begun.url.contains("code_challenge_method=S256"), "{}", begun.url);
    let query = approve(begun.url).await;
    let (state, code) = (part(&query, "state"), part(&query, "code").map(Secret::new));
    let other = bench.app.finish_authorize(state, code.clone(), None, Some("you")).await;
    assert_eq!(other, Err(CallbackError::OtherSession));
    let done = bench.app.finish_authorize(state, code.clone(), None, Some("me")).await.expect("approved");
    assert_eq!(done.connection, "prod");
    let replay = bench.app.finish_authorize(state, code, None, Some("me")).await;
    assert_eq!(replay, Err(CallbackError::Replayed));
    let ended = bench.follow(&waiting.id, |job| job.state == JobState::Success).await;
    assert_eq!(adds_up(&ended).delivered, 120);
    let known = bench.app.connection(&bench.actor, "prod").await.expect("there");
    assert_eq!(known.state, ConnectionState::Connected);
}

#[tokio::test]
async fn a_no_and_a_foreign_answer_change_nothing() {
    let bench = Bench::new().await;
    let before = bench.app.connection(&bench.actor, "prod").await.expect("there");
    let begun = bench.app.authorize(&bench.actor, "prod", None).await.expect("begun");
    let url = Url::parse(&begun.url).expect("an address");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let denied = bench.app.finish_authorize(part(&pairs, "state"), None, Some("access_denied<b>"), None).await;
    assert_eq!(denied, Err(CallbackError::Denied { word: "access_deniedb".into() }));
    let foreign = bench.app.finish_authorize(Some("f00d"), Some(Secret::new("x")), None, None).await;
    assert_eq!(foreign, Err(CallbackError::Foreign));
    assert_eq!(bench.app.connection(&bench.actor, "prod").await.expect("there"), before);
}

#[tokio::test]
async fn the_default_app_must_be_there() {
    let bench = Bench::new().await;
    let mut spec = bench.spec("other");
    (spec.connected_app, spec.client_id, spec.client_secret) = (Some(api::AppKind::Default), None, None);
    let refused = bench.app.create_connection(&bench.actor, spec).await.expect_err("refused");
    assert!(matches!(&refused, AppError::Invalid(problems) if problems.iter().count() == 1), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_that_lay_idle_is_used_before_salesforce_ends_it() {
    let oauth = pardot_sim::OAuthSettings { rotate_refresh_tokens: true, ..pardot_sim::OAuthSettings::default() };
    let Bench { sandbox, folder, app, actor } =
        Bench::with(pardot_sim::Config { oauth, ..pardot_sim::Config::default() }).await;
    app.stop().await;
    drop(app);
    let data = folder.path().join("data");
    let kept = store::Store::open(&data).await.expect("the store opens");
    let document = kept.document("connection", "prod").await.expect("readable").expect("there");
    let week_ago = document.updated - 7 * 86_400;
    let age = store::Change::ReplaceDocument {
        id: document.id,
        revision: None,
        name: document.name,
        body: document.body,
        now: week_ago,
    };
    kept.apply(vec![age]).await.expect("kept");
    kept.close().await;
    let (sender, asked) = tokio::sync::oneshot::channel();
    sandbox.at_request(1, move || {
        // A test that ended meanwhile waits for nothing.
        let _ = sender.send(());
    });
    let app = crate::bench::open(data).await;
    asked.await.expect("the grant is used at the start");
    // An orderly stop waits until the rotated grant has arrived.
    app.stop().await;
    let journal = sandbox.journal();
    assert_eq!(journal.len(), 1, "{journal:?}");
    assert!(journal[0].path.ends_with("/token"), "{journal:?}");
    drop(app);
    let app = crate::bench::open(folder.path().join("data")).await;
    assert!(app.test_connection(&actor, "prod").await.expect("tested").ok, "the rotated grant was kept");
}
