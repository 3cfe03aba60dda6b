//! The same end through every failure: the final state of a run with one in five calls going wrong is that of a clean run.
//!
//! Knows kinds of failure; not where they strike, which seeds decide.

use pardot_sim::{Config, FalseBody, Fault, FaultKind, Framing, When};

use crate::contacts::{check_contacts, contacts};
use crate::harness::{Bench, check_rows};

const ROWS: u64 = 3_000;

fn bad(row: u64) -> bool {
    row.is_multiple_of(97)
}

fn status(status: u16, when: When) -> FaultKind {
    FaultKind::Status { status, when, retry_after: None, html: true }
}

fn code(code: u32, when: When) -> FaultKind {
    FaultKind::Code { code, when, status: None, message: None }
}

fn false_ok(body: FalseBody, when: When) -> FaultKind {
    FaultKind::FalseOk { body, when }
}

/// Every kind but those that hang.
pub(crate) fn kinds() -> Vec<FaultKind> {
    use When::{After, Before};
    vec![
        FaultKind::Refuse,
        FaultKind::Reset { when: Before },
        FaultKind::Reset { when: After },
        status(500, Before),
        status(502, After),
        status(503, After),
        status(429, Before),
        FaultKind::Status { status: 503, when: Before, retry_after: Some("0".into()), html: true },
        code(66, Before),
        code(183, After),
        code(184, Before),
        false_ok(FalseBody::LoginPage, Before),
        false_ok(FalseBody::Maintenance, After),
        false_ok(FalseBody::Empty, After),
        false_ok(FalseBody::Object, Before),
        false_ok(FalseBody::Garbage, After),
        false_ok(FalseBody::ErrorIndex, After),
        FaultKind::Cut { at: 9, framing: Framing::Length },
        FaultKind::Cut { at: 0, framing: Framing::Chunked },
        FaultKind::Cut { at: 25, framing: Framing::Close },
    ]
}

/// One call in five goes wrong.
pub(crate) fn plague(bench: &Bench, seed: u64, path: &str, kinds: Vec<FaultKind>) {
    let each = 0.2 / kinds.len() as f64;
    for (number, kind) in (1_u64..).zip(kinds) {
        bench.sandbox.fault(Fault::chance(each, seed * 1_000 + number, kind).path(path));
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
        done.check_exit(0);
        check_rows(&done, [ROWS, 2_970, 30, 0, 0, 0]);
        check_contacts(&bench, ROWS, bad);
        assert_eq!(bench.hash(), clean.hash(), "seed {seed}");
        let fired: u64 = bench.sandbox.faults_fired().values().sum();
        assert!(fired > 40, "seed {seed}: only {fired} faults in {} calls", bench.sandbox.journal().len());
    }
}

#[test]
fn no_false_success_is_believed() {
    use FalseBody::{
        Array, Empty, ErrorIndex, Garbage, GzipGarbage, LoginPage, Maintenance, Null, Object, UnknownCode,
    };
    let bench = Bench::unique();
    for body in [Array, Empty, ErrorIndex, Garbage, GzipGarbage, LoginPage, Maintenance, Null, Object, UnknownCode] {
        bench.sandbox.reset();
        bench.sandbox.fault(Fault::always(false_ok(body.clone(), When::Before)).path("batchUpsert"));
        let stopped = bench.export_csv(&contacts(60, |_| false)).set("maximum_retries", 1).exits(1);
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
        bench.sandbox.fault(Fault::always(FaultKind::Cut { at: 5, framing }).path("batchUpsert"));
        let stopped = bench.export_csv(&contacts(60, |_| false)).set("maximum_retries", 1).exits(1);
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
        assert!(delivered <= made && made <= delivered + held + ended.number("/rows/unsent"), "{}", ended.stdout);
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
    let bench =
        Bench::with(Config { call_slots: 2, answer_delay: std::time::Duration::from_millis(5), ..Config::default() });
    let done =
        bench.export_csv(&contacts(1_000, |_| false)).set("parallel_tasks", 5).set("maximum_retries", 0).exits(0);
    check_contacts(&bench, 1_000, |_| false);
    assert_eq!(done.number("/retries"), 0, "waiting for a slot is no retry");
}

#[test]
fn rows_sent_one_by_one_by_email_are_exact_as_well() {
    let bench = Bench::shared();
    plague(&bench, 31, "/api/", kinds());
    let done = bench
        .export_csv(&contacts(200, |_| false))
        .set("upsert_by_email", true)
        .set("parallel_tasks", 5)
        .set("maximum_retries", 9)
        .exits(0);
    check_rows(&done, [200, 200, 0, 0, 0, 0]);
    check_contacts(&bench, 200, |_| false);
    assert!(bench.sandbox.faults_fired().values().sum::<u64>() > 20);
}

#[test]
fn memberships_are_exact_as_well() {
    for lists in [1_u64, 40] {
        let bench = Bench::unique();
        let unit = bench.unit();
        // With a prospect for each of many lists the pairs go one by one.
        let mut csv = String::from("list_id,prospect_id\n");
        let mut pairs = Vec::new();
        for row in 0..80 {
            let list = 100 + row % lists;
            if row < lists {
                bench.sandbox.add_list_with_id(&unit, list, &format!("list {list}"), false);
            }
            let fields = serde_json::json!({"email": format!("m{row}@example.com")});
            pairs.push((list, bench.sandbox.add_prospect(&unit, fields)));
        }
        pairs.iter().for_each(|(list, id)| csv += &format!("{list},{id}\n"));
        plague(&bench, 41 + lists, "/api/", kinds());
        for (operation, so) in [("upsert", true), ("delete", false)] {
            let done = bench
                .export_csv(&csv)
                .set("data_object", "list_memberships")
                .set("list_membership_operation", operation)
                .set("parallel_tasks", 5)
                .set("maximum_retries", 9)
                .exits(0);
            check_rows(&done, [80, 80, 0, 0, 0, 0]);
            for (list, id) in &pairs {
                let member = bench.sandbox.membership(&unit, *list, *id).is_some_and(|membership| !membership.deleted);
                assert_eq!(member, so, "{operation} of {id} in {list}");
            }
        }
    }
}
