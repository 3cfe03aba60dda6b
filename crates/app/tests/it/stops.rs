//! Stopped, killed, revoked, out of order: a job goes on where it was, and nothing is sent twice in an orderly stop.

use model::JobState;
use pardot_sim::{Fault, FaultKind, When};
use serde_json::json;
use tokio::sync::oneshot;

use crate::bench::{Bench, adds_up, contacts, good};

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
    bench.sandbox.fault(
        Fault::next(1, FaultKind::Status { status: 503, when: When::Before, retry_after: None, html: false })
            .path("batchUpsert"),
    );
    let job = bench.run().await;
    let parked = bench.follow(&job.id, |job| job.wake.is_some()).await;
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
    bench.sandbox.fault(
        Fault::always(FaultKind::Status { status: 503, when: When::Before, retry_after: None, html: false })
            .path("batchUpsert"),
    );
    let first = bench.run().await;
    bench.follow(&first.id, |job| job.wake.is_some()).await;
    let second = bench.run().await;
    let killed = bench.app.kill_job(&bench.actor, &second.id).await.expect("killed");
    assert_eq!(killed.state, JobState::Killed);
    bench.app.kill_job(&bench.actor, &first.id).await.expect("killed");
    let first = bench.follow(&first.id, |job| job.finished.is_some() && job.progress.is_none()).await;
    assert_eq!(first.state, JobState::Killed, "{first:?}");
}
