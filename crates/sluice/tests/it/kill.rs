//! Killed at every request, continued, and exact: nothing lost, nothing twice, at most the calls in flight sent again.
//!
//! Knows the moment; not what the program had written by then.

use pardot_sim::{Fault, FaultKind, When};

use crate::chaos::{kinds, plague};
use crate::contacts::{check_contacts, contacts};
use crate::harness::{Bench, check_rows, newest_job};

/// Twelve batches.
const ROWS: u64 = 600;

fn good(_: u64) -> bool {
    false
}

/// One run killed at a request, and its continuation.
struct Case {
    request: u64,
    lanes: u64,
    /// Whether the request of the moment is lost with the program, or is worked off by Pardot nevertheless.
    lost: bool,
}

/// Kills, resumes, and checks the end; gives the batches that a clean run would not have sent.
#[track_caller]
fn kill_and_resume(bench: &Bench, case: &Case) -> u64 {
    if case.lost {
        let loss = Fault::next(1, FaultKind::Reset { when: When::Before });
        bench.sandbox.fault(loss.after(case.request - 1));
    }
    let pid = bench.signal_at(case.request, "KILL");
    let killed = bench
        .export_csv(&contacts(ROWS, good))
        .set("parallel_tasks", case.lanes)
        // After a crash this much is waited before inserts in doubt are sent again.
        .set("maximum_connection_timeout", 1)
        .run_telling(&pid);
    assert_eq!(killed.code, None, "request {}: {killed:?}", case.request);
    let done = bench.resume(&newest_job(bench)).exits(0);
    check_rows(&done, [ROWS, ROWS, 0, 0, 0, 0]);
    check_contacts(bench, ROWS, good);
    (bench.batches_let_in().len() as u64).saturating_sub(ROWS.div_ceil(50))
}

#[test]
fn keyed_rows_are_exact_after_a_kill_at_any_request() {
    // The token, and twelve batches.
    for request in 1..=13 {
        let case = Case { request, lanes: if request % 2 == 0 { 1 } else { 5 }, lost: request % 3 == 0 };
        let bench = Bench::unique();
        let again = kill_and_resume(&bench, &case);
        assert!(again <= case.lanes, "request {request}: {again} batches again with {} lanes", case.lanes);
        assert_eq!(bench.counters().prospects_created, ROWS);
    }
}

#[test]
fn inserts_are_exact_after_a_kill_at_any_request() {
    let clean = Bench::shared();
    clean.export_csv(&contacts(ROWS, good)).exits(0);
    let requests = clean.sandbox.journal().len() as u64;
    assert!(requests >= 14, "{requests} requests");
    for request in 1..=requests {
        let case = Case { request, lanes: if request % 2 == 0 { 1 } else { 5 }, lost: request % 3 == 0 };
        let bench = Bench::shared();
        let again = kill_and_resume(&bench, &case);
        assert!(again <= case.lanes, "request {request}: {again} batches again with {} lanes", case.lanes);
        assert_eq!(bench.counters().prospects_created, ROWS, "request {request}");
    }
}

#[test]
fn killed_again_and_again_it_still_ends_exactly() {
    let bench = Bench::shared();
    let pid = bench.signal_at(5, "KILL");
    bench.export_csv(&contacts(ROWS, good)).set("maximum_connection_timeout", 1).run_telling(&pid);
    let job = newest_job(&bench);
    for _ in 0..3 {
        let next = bench.sandbox.journal().len() as u64 + 4;
        let pid = bench.signal_at(next, "KILL");
        let killed = bench.resume(&job).run_telling(&pid);
        assert_eq!(killed.code, None, "{killed:?}");
    }
    let done = bench.resume(&job).exits(0);
    check_rows(&done, [ROWS, ROWS, 0, 0, 0, 0]);
    check_contacts(&bench, ROWS, good);
    assert_eq!(bench.counters().prospects_created, ROWS);
}

#[test]
fn killed_while_calls_go_wrong_it_still_ends_exactly() {
    // Looking up the rows in doubt takes a call each.
    for (bench, seed, pause) in [(Bench::unique(), 21, 20), (Bench::shared(), 22, 80)] {
        plague(&bench, seed, "/api/", kinds());
        let mut rounds = 0;
        let mut outcome = {
            let pid = bench.signal_at(9, "KILL");
            let call = bench.export_csv(&contacts(ROWS, good)).set("parallel_tasks", 5).set("maximum_retries", 9);
            // About ten rows a call.
            call.set("max_payload", 1_200).set("maximum_connection_timeout", 1).run_telling(&pid)
        };
        let job = newest_job(&bench);
        while outcome.code != Some(0) {
            rounds += 1;
            assert!(rounds < 20, "seed {seed}: {outcome:?}");
            let next = bench.sandbox.journal().len() as u64 + pause;
            outcome = bench.resume(&job).run_telling(&bench.signal_at(next, "KILL"));
        }
        assert!(rounds > 2, "seed {seed}: killed only {rounds} times");
        check_rows(&outcome, [ROWS, ROWS, 0, 0, 0, 0]);
        check_contacts(&bench, ROWS, good);
        assert_eq!(bench.counters().prospects_created, ROWS);
    }
}
