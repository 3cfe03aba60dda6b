//! Stopped, killed, revoked, out of order: a job goes on where it was, and nothing is sent twice in an orderly stop.

use std::time::Duration;

use api::{ConnectionSpec, ConnectionState};
use model::JobState;
use pardot_sim::{Config, Fault, FaultKind, OAuthSettings, When};
use serde_json::json;
use tokio::sync::oneshot;

use crate::bench::{Bench, adds_up, contacts, good};

fn unavailable() -> FaultKind {
    FaultKind::Status { status: 503, when: When::Before, retry_after: None, html: false }
}

/// Resolves when the sandbox has seen so many requests.
fn reached(bench: &Bench, request: u64) -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    bench.sandbox.at_request(request, move || {
        // A test that ended meanwhile waits for nothing.
        let _ = sender.send(());
    });
    receiver
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_sends_nothing_twice_and_the_next_start_goes_on() {
    let mut bench = Bench::new().await;
    bench.upload("c", &contacts(2_000, good)).await;
    bench.query(json!({"parallel_tasks": 3})).await;
    let at = reached(&bench, 12);
    let job = bench.run().await;
    at.await.expect("the sandbox sees it");
    bench = bench.restart().await;
    let done = bench.follow(&job.id, |job| job.state == JobState::Success).await;
    assert_eq!(adds_up(&done).delivered, 2_000);
    assert_eq!(bench.batches(), 40, "every batch once");
    assert_eq!(bench.prospects().len(), 2_000);
    let log = bench.log(&job.id).await;
    assert!(log.iter().any(|line| line.starts_with("The server stops")), "{log:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_job_keeps_its_place() {
    let bench = Bench::new().await;
    bench.upload("c", &contacts(2_000, good)).await;
    bench.query(json!({})).await;
    let at = reached(&bench, 10);
    let job = bench.run().await;
    at.await.expect("the sandbox sees it");
    bench.app.kill_job(&bench.actor, &job.id).await.expect("killed");
    let killed = bench.follow(&job.id, |job| job.finished.is_some() && job.progress.is_none()).await;
    assert_eq!(killed.state, JobState::Killed);
    let rows = adds_up(&killed);
    assert!(rows.unsent > 0 && rows.delivered > 0 && rows.held == 0, "{rows:?}");
    bench.app.continue_job(&bench.actor, &job.id).await.expect("continued");
    let done = bench.follow(&job.id, |job| job.state == JobState::Success).await;
    assert_eq!(adds_up(&done).delivered, 2_000);
    assert_eq!(bench.batches(), 40, "every batch once");
    assert!(bench.app.kill_job(&bench.actor, &job.id).await.is_err(), "it has ended");
}

#[tokio::test]
async fn an_outage_parks_and_goes_on_by_itself() {
    let bench = Bench::new().await;
    bench.upload("c", &contacts(200, good)).await;
    bench.query(json!({"maximum_retries": 0})).await;
    bench.sandbox.fault(Fault::always(unavailable()).path("batchUpsert"));
    let job = bench.run().await;
    let parked = bench.follow(&job.id, |job| job.wake.is_some()).await;
    bench.sandbox.clear_faults();
    assert_eq!(parked.state, JobState::ParkedOutage);
    assert!(parked.sentence.contains("Next try by itself at"), "{}", parked.sentence);
    let done = bench.follow(&job.id, |job| job.state == JobState::Success).await;
    assert_eq!(adds_up(&done).delivered, 200);
}

#[tokio::test]
async fn a_queued_job_is_killed_where_it_waits() {
    let bench = Bench::new().await;
    bench.upload("c", &contacts(10, good)).await;
    bench.query(json!({"maximum_retries": 0})).await;
    bench.sandbox.fault(Fault::always(unavailable()).path("batchUpsert"));
    let first = bench.run().await;
    bench.follow(&first.id, |job| job.wake.is_some()).await;
    let second = bench.run().await;
    let killed = bench.app.kill_job(&bench.actor, &second.id).await.expect("killed");
    assert_eq!(killed.state, JobState::Killed);
    bench.app.kill_job(&bench.actor, &first.id).await.expect("killed");
    let first = bench.follow(&first.id, |job| job.finished.is_some() && job.progress.is_none()).await;
    assert_eq!(first.state, JobState::Killed, "{first:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_outlives_the_server() {
    let mut bench = Bench::new().await;
    bench.upload("c", &contacts(2_000, good)).await;
    bench.query(json!({})).await;
    let at = reached(&bench, 10);
    let job = bench.run().await;
    at.await.expect("the sandbox sees it");
    bench.app.kill_job(&bench.actor, &job.id).await.expect("killed");
    bench = bench.restart().await;
    let after = bench.app.job(&bench.actor, &job.id).await.expect("there");
    assert_eq!(after.state, JobState::Killed, "{after:?}");
    assert!(adds_up(&after).unsent > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_that_rotates_during_the_stop_is_kept() {
    let oauth =
        OAuthSettings { rotate_refresh_tokens: true, revoke_family_on_replay: true, ..OAuthSettings::default() };
    let answer_delay = Duration::from_millis(150);
    let mut bench = Bench::with(Config { oauth, answer_delay, ..Config::default() }).await;
    bench.upload("c", &contacts(100, good)).await;
    bench.query(json!({})).await;
    // The first request asks for a token, and the stop comes while its answer is on the way.
    let at = reached(&bench, 1);
    let job = bench.run().await;
    at.await.expect("the sandbox sees it");
    bench = bench.restart().await;
    let done = bench.follow(&job.id, |job| job.state == JobState::Success).await;
    assert_eq!(adds_up(&done).delivered, 100);
    assert_eq!(bench.counters().token_replays, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_job_still_rotates_never_reaches_a_changed_connection() {
    let oauth = OAuthSettings { rotate_refresh_tokens: true, ..OAuthSettings::default() };
    let bench = Bench::with(Config { oauth, ..Config::default() }).await;
    bench.upload("c", &contacts(1_000, good)).await;
    bench.query(json!({})).await;
    let at = reached(&bench, 5);
    let job = bench.run().await;
    at.await.expect("the sandbox sees it");
    let other = ConnectionSpec { client_id: Some("another".into()), ..ConnectionSpec::default() };
    bench.app.put_connection(&bench.actor, "prod", other, None).await.expect("taken");
    bench.sandbox.expire_access_tokens();
    let done = bench.follow(&job.id, |job| job.progress.is_none() && job.started.is_some()).await;
    assert_eq!(done.state, JobState::Success, "it goes on with what it had: {done:?}");
    let tokens = bench.sandbox.journal().iter().filter(|entry| entry.path.ends_with("/token")).count();
    assert!(tokens >= 2, "the job refreshed after the change");
    let after = bench.app.connection(&bench.actor, "prod").await.expect("there");
    assert!(!after.secrets.refresh_token, "the rotated token belongs to the old app");
    assert_eq!(after.state, ConnectionState::NotConnected);
}

#[tokio::test]
async fn an_older_job_does_not_overwrite_a_newer_one() {
    let bench = Bench::new().await;
    bench.upload("c", &contacts(100, good)).await;
    bench.query(json!({"maximum_retries": 0})).await;
    bench.sandbox.fault(Fault::always(unavailable()).path("batchUpsert"));
    let old = bench.run().await;
    bench.follow(&old.id, |job| job.wake.is_some()).await;
    bench.app.kill_job(&bench.actor, &old.id).await.expect("killed");
    bench.follow(&old.id, |job| job.finished.is_some() && job.progress.is_none()).await;
    bench.sandbox.clear_faults();
    let new = bench.settled().await;
    assert_eq!(new.state, JobState::Success);
    let refused = bench.app.continue_job(&bench.actor, &old.id).await.expect_err("refused");
    assert!(refused.to_string().contains(&new.id), "{refused}");
    let (again, _) = bench.app.reexport(&bench.actor, &old.id, None).await.expect("asked for by name");
    bench.follow(&again.id, |job| job.state == JobState::Success).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_given_meanwhile_loses_no_rotated_grant() {
    let oauth =
        OAuthSettings { rotate_refresh_tokens: true, revoke_family_on_replay: true, ..OAuthSettings::default() };
    let mut bench = Bench::with(Config { oauth, ..Config::default() }).await;
    bench.upload("c", &contacts(1_000, good)).await;
    bench.query(json!({})).await;
    let at = reached(&bench, 5);
    let job = bench.run().await;
    at.await.expect("the sandbox sees it");
    let client_secret = bench.spec("prod").client_secret;
    let same = ConnectionSpec { client_secret, ..ConnectionSpec::default() };
    bench.app.put_connection(&bench.actor, "prod", same, None).await.expect("taken");
    let tested = bench.app.test_connection(&bench.actor, "prod").await.expect("tested");
    assert!(tested.ok, "while the job is at work: {tested:?}");
    bench.sandbox.expire_access_tokens();
    let done = bench.follow(&job.id, |job| job.state == JobState::Success).await;
    assert_eq!(adds_up(&done).delivered, 1_000);
    bench = bench.restart().await;
    let tested = bench.app.test_connection(&bench.actor, "prod").await.expect("tested");
    assert!(tested.ok, "the rotated grant is the connection's: {tested:?}");
    assert_eq!(bench.counters().token_replays, 0);
}
