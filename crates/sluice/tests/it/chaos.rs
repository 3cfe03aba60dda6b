//! The same end through every failure: the final state of a run with one in five calls going wrong is that of a clean run.
//!
//! Knows kinds of failure; not where they strike, which seeds decide.

use pardot_sim::{Config, FalseBody, Fault, FaultKind, Framing, When};

use crate::harness::{Bench, check_contacts, check_rows, contacts};

const ROWS: u64 = 3_000;

fn bad(row: u64) -> bool {
    row.is_multiple_of(97)
}

fn status(status: u16, when: When) -> FaultKind {
    FaultKind::Status {
        status,
        when,
        retry_after: None,
        html: true,
    }
}

fn code(code: u32, when: When) -> FaultKind {
    FaultKind::Code {
        code,
        when,
        status: None,
        message: None,
    }
}

fn false_ok(body: FalseBody, when: When) -> FaultKind {
    FaultKind::FalseOk { body, when }
}

/// Every kind but those that hang.
fn kinds() -> Vec<FaultKind> {
    use When::{After, Before};
    vec![
        FaultKind::Refuse,
        FaultKind::Reset { when: Before },
        FaultKind::Reset { when: After },
        status(500, Before),
        status(502, After),
        status(503, After),
        status(429, Before),
        FaultKind::Status {
            status: 503,
            when: Before,
            retry_after: Some("0".into()),
            html: true,
        },
        code(66, Before),
        code(183, After),
        code(184, Before),
        false_ok(FalseBody::LoginPage, Before),
        false_ok(FalseBody::Maintenance, After),
        false_ok(FalseBody::Empty, After),
        false_ok(FalseBody::Object, Before),
        false_ok(FalseBody::Garbage, After),
        false_ok(FalseBody::ErrorIndex, After),
        FaultKind::Cut {
            at: 9,
            framing: Framing::Length,
        },
        FaultKind::Cut {
            at: 0,
            framing: Framing::Chunked,
        },
        FaultKind::Cut {
            at: 25,
            framing: Framing::Close,
        },
    ]
}

/// One call in five goes wrong.
fn plague(bench: &Bench, seed: u64, path: &str, kinds: Vec<FaultKind>) {
    let each = 0.2 / kinds.len() as f64;
    for (number, kind) in (1_u64..).zip(kinds) {
        bench
            .sandbox
            .fault(Fault::chance(each, seed * 1_000 + number, kind).path(path));
    }
}

#[test]
fn one_call_in_five_goes_wrong_and_the_state_is_that_of_a_clean_run() {
    let clean = Bench::unique();
    let csv = contacts(ROWS, bad);
    clean.export_csv(&csv).set("skip_invalid_records", true).exits(0);
    for seed in 1..=3 {
        let bench = Bench::unique();
        let hangs = [When::Before, When::After].map(|when| FaultKind::Hang { when, ms: 1_200 });
        plague(&bench, seed, "/api/", kinds().into_iter().chain(hangs).collect());
        let hiccups = vec![status(500, When::Before), FaultKind::Reset { when: When::Before }];
        plague(&bench, seed, "/oauth2/token", hiccups);
        let done = bench
            .export_csv(&csv)
            .set("skip_invalid_records", true)
            .set("parallel_tasks", 5)
            .set("maximum_retries", 9)
            .set("maximum_connection_timeout", 1)
            // Many small batches meet many faults.
            .set("max_payload", 1_200)
            .run();
        if done.code != Some(0) {
            let mut by: std::collections::BTreeMap<String, Vec<_>> = Default::default();
            for e in bench.sandbox.journal() {
                by.entry(e.payload_hash.clone())
                    .or_default()
                    .push(format!("{:?} {:?} {:?}", e.fault, e.status, e.code));
            }
            for (_, v) in by {
                if v.len() > 5 {
                    println!("STUCK {}", v.join("; "));
                }
            }
        }
        done.check_exit(0);
        check_rows(&done, [ROWS, 2_970, 30, 0, 0, 0]);
        check_contacts(&bench, ROWS, bad);
        assert_eq!(bench.hash(), clean.hash(), "seed {seed}");
        let fired: u64 = bench.sandbox.faults_fired().values().sum();
        assert!(
            fired > 40,
            "seed {seed}: only {fired} faults in {} calls",
            bench.sandbox.journal().len()
        );
    }
}

#[test]
fn no_false_success_is_believed() {
    use FalseBody::{
        Array, Empty, ErrorIndex, Garbage, GzipGarbage, LoginPage, Maintenance, Null, Object, UnknownCode,
    };
    let bench = Bench::unique();
    for body in [
        Array,
        Empty,
        ErrorIndex,
        Garbage,
        GzipGarbage,
        LoginPage,
        Maintenance,
        Null,
        Object,
        UnknownCode,
    ] {
        bench.sandbox.reset();
        bench
            .sandbox
            .fault(Fault::always(false_ok(body.clone(), When::Before)).path("batchUpsert"));
        let stopped = bench
            .export_csv(&contacts(60, |_| false))
            .set("maximum_retries", 1)
            .exits(1);
        assert_eq!(stopped.number("/rows/delivered"), 0, "{body:?}");
        assert_eq!(stopped.number("/rows/rejected"), 0, "{body:?}");
        bench.sandbox.clear_faults();
        bench.resume(&stopped.job()).exits(0);
        check_contacts(&bench, 60, |_| false);
    }
}

#[test]
fn no_cut_answer_is_believed() {
    for framing in [Framing::Length, Framing::Chunked] {
        let bench = Bench::unique();
        bench
            .sandbox
            .fault(Fault::always(FaultKind::Cut { at: 5, framing }).path("batchUpsert"));
        let stopped = bench
            .export_csv(&contacts(60, |_| false))
            .set("maximum_retries", 1)
            .exits(1);
        check_rows(&stopped, [60, 0, 0, 0, 0, 60]);
    }
}

#[test]
fn inserts_where_emails_are_shared_are_never_doubled() {
    let rows = 1_000;
    for seed in 11..=13 {
        let bench = Bench::shared();
        plague(&bench, seed, "/api/", kinds());
        let mut ended = bench
            .export_csv(&contacts(rows, |_| false))
            .set("parallel_tasks", 5)
            .set("maximum_retries", 9)
            .set("max_payload", 1_200)
            .run();
        let emails = |bench: &Bench| {
            let mut emails: Vec<String> = bench.prospects().iter().map(|each| each["email"].to_string()).collect();
            let all = emails.len();
            emails.sort();
            emails.dedup();
            assert_eq!(all, emails.len(), "seed {seed}: duplicates");
            all as u64
        };
        let made = emails(&bench);
        let [_, delivered, rejected, _, held, _] = ended.rows();
        assert_eq!(rejected, 0, "{}", ended.stdout);
        assert!(
            delivered <= made && made <= delivered + held + ended.number("/rows/unsent"),
            "{}",
            ended.stdout
        );
        bench.sandbox.clear_faults();
        if ended.code != Some(0) {
            ended = bench.resume(&ended.job()).exits(0);
        }
        check_rows(&ended, [rows, rows, 0, 0, 0, 0]);
        check_contacts(&bench, rows, |_| false);
        assert_eq!(emails(&bench), rows);
    }
}

#[test]
fn the_slots_of_other_programs_are_waited_for() {
    let bench = Bench::with(Config {
        call_slots: 2,
        answer_delay: std::time::Duration::from_millis(5),
        ..Config::default()
    });
    let done = bench
        .export_csv(&contacts(1_000, |_| false))
        .set("parallel_tasks", 5)
        .set("maximum_retries", 0)
        .exits(0);
    check_contacts(&bench, 1_000, |_| false);
    assert_eq!(done.number("/retries"), 0, "waiting for a slot is no retry");
}
