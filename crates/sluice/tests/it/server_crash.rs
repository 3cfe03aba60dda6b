//! The server killed and stopped at every moment of an export: the job ends by itself, exactly, and asks nobody.
//!
//! Knows the moment; not what the server had written by then.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use pardot_sim::{Config, Fault, FaultKind, When};
use serde_json::Value;

use crate::contacts::{check_contacts, contacts};
use crate::harness::Bench;
use crate::server::{House, TAKEN_UP, ask, line};

/// Twelve batches.
const ROWS: u64 = 600;

fn good(_: u64) -> bool {
    false
}

/// Twelve batches with one lane (`one`) and with five (`five`).
fn house(bench: Bench) -> House {
    let house = House::start(bench);
    house.upload("c", &contacts(ROWS, good));
    // After a crash this much is waited before inserts in doubt are sent again.
    house.query("one", &[("maximum_connection_timeout", "1")]);
    house.query("five", &[("maximum_connection_timeout", "1"), ("parallel_tasks", "5")]);
    house
}

/// Kills the server at the request of this number and starts it again.
#[track_caller]
fn kill_and_restart(house: &mut House, request: u64) {
    let (lanes, query) = if request.is_multiple_of(2) { (1, "one") } else { (5, "five") };
    let seen = house.seen();
    house.bench.sandbox.reset();
    if request.is_multiple_of(3) {
        // The request of the moment is lost with the server; else Pardot works it off.
        let loss = Fault::next(1, FaultKind::Reset { when: When::Before });
        house.bench.sandbox.fault(loss.after(request - 1));
    }
    house.signal_at(seen + request, "KILL");
    let job = house.run(query);
    assert_eq!(house.ends().code, None, "request {request}");
    let next = house.arrival(house.seen() + 1);
    let restarted = Instant::now();
    house.serve();
    house.succeeds(&job, ROWS);
    let again = next.recv_timeout(Duration::ZERO).expect("the job called again");
    assert!(again - restarted < TAKEN_UP, "request {request}: {:?}", again - restarted);
    check_contacts(&house.bench, ROWS, good);
    assert_eq!(house.bench.counters().prospects_created, ROWS, "request {request}");
    let again = house.bench.batches_let_in().len() as u64 - ROWS.div_ceil(50);
    assert!(again <= lanes, "request {request}: {again} batches again with {lanes} lanes");
}

#[test]
fn killed_at_any_request_keyed_rows_are_exact() {
    let mut house = house(Bench::unique());
    // The first run fetches the token first; later ones have it, but for the one whose token is too old.
    for request in [1].into_iter().chain(1..=12) {
        if request == 4 {
            house.bench.sandbox.expire_access_tokens();
        }
        kill_and_restart(&mut house, request);
    }
}

#[test]
fn killed_at_any_request_inserts_are_exact() {
    let mut house = house(Bench::shared());
    for request in [2].into_iter().chain(1..=12) {
        kill_and_restart(&mut house, request);
    }
}

#[test]
fn killed_before_the_first_call_and_again_while_it_recovers() {
    let mut house = house(Bench::shared());
    let job = house.run("five");
    house.stop("KILL");
    for pause in [1, 4, 7] {
        let at = house.seen() + pause;
        house.serve();
        // Whichever comes first: the signal is sent at once where the request was before.
        if house.seen() < at {
            house.signal_at(at, "KILL");
        } else {
            house.served().signal("KILL");
        }
        assert_eq!(house.ends().code, None);
    }
    house.serve();
    house.succeeds(&job, ROWS);
    check_contacts(&house.bench, ROWS, good);
    assert_eq!(house.bench.counters().prospects_created, ROWS);
}

#[test]
fn stopped_in_an_orderly_way_nothing_is_sent_again() {
    for shared in [false, true] {
        let bench = if shared { Bench::shared() } else { Bench::unique() };
        let mut house = house(bench);
        for request in [0, 1, 2, 3, 5, 8, 11, 12] {
            let seen = house.seen();
            house.bench.sandbox.reset();
            if request > 0 {
                house.signal_at(seen + request, "TERM");
            }
            let job = house.run(if request.is_multiple_of(2) { "one" } else { "five" });
            let stopped = if request == 0 { house.stop("TERM") } else { house.ends() };
            stopped.check_exit(0);
            house.serve();
            house.succeeds(&job, ROWS);
            check_contacts(&house.bench, ROWS, good);
            let bodies = house.bench.batches_let_in();
            let different: BTreeSet<&String> = bodies.iter().map(|entry| &entry.payload_hash).collect();
            assert_eq!((bodies.len(), different.len()), (12, 12), "request {request}: every batch once");
        }
    }
}

#[test]
fn a_stream_of_events_does_not_keep_the_server() {
    let slow = Config { answer_delay: Duration::from_millis(30), ..Config::default() };
    let mut house = house(Bench::with(slow));
    house.signal_at(6, "TERM");
    let job = house.run("one");
    let heard = house.send("GET", &format!("/jobs/{job}/events"), &Value::Null);
    assert!(heard.text().contains("event:job") || heard.text().contains("event: job"), "{}", heard.text());
    let began = Instant::now();
    house.ends().check_exit(0);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    house.serve();
    house.succeeds(&job, ROWS);
    assert_eq!(house.bench.batches_let_in().len(), 12);
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut house = house(Bench::unique());
    let hang = FaultKind::Hang { when: When::Before, ms: 60_000 };
    house.bench.sandbox.fault(Fault::next(5, hang).path("batchUpsert"));
    let arrived = house.arrival(house.seen() + 2);
    house.query("patient", &[("maximum_connection_timeout", "120")]);
    let job = house.run("patient");
    arrived.recv_timeout(Duration::from_secs(60)).expect("a call is under way");
    let began = Instant::now();
    house.served().signal("TERM");
    house.served().hears(&["stopping"]).expect("it says that it stops");
    // While it stops, it takes nothing new.
    let late = ask(&house.served().address, &line(&house.token, "POST", "/api/v1/queries/one/runs"), b"{}");
    assert!(late.is_err() || late.is_ok_and(|answer| answer.status == 503));
    assert_eq!(house.stop("TERM").code, Some(143));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    house.bench.sandbox.clear_faults();
    house.serve();
    house.succeeds(&job, ROWS);
    check_contacts(&house.bench, ROWS, good);
}
