//! Every documented exit code, reached by a real cause, and the way on from it.
//!
//! Knows the causes; not how the program chooses.

use std::sync::mpsc;

use pardot_sim::{BusinessUnit, Config, Fault, FaultKind, When};

use crate::contacts::{check_contacts, contacts};
use crate::harness::{Bench, Outcome, check_rows};

fn good(_: u64) -> bool {
    false
}

/// The job that the program offers to continue.
#[track_caller]
fn offered(outcome: &Outcome) -> String {
    let job = outcome.job();
    let line = format!("sluice resume {job}");
    assert!(outcome.stderr.contains(&line), "no `{line}` in {}", outcome.stderr);
    job
}

#[track_caller]
fn resumes_exactly(bench: &Bench, stopped: &Outcome, rows: u64) {
    let done = bench.resume(&offered(stopped)).exits(0);
    check_rows(&done, [rows, rows, 0, 0, 0, 0]);
    check_contacts(bench, rows, good);
    assert_eq!(done.text("/status"), "success");
}

#[test]
fn done_is_0_also_with_skipped_rows() {
    let bench = Bench::unique();
    let done = bench.export_csv(&contacts(10, |row| row == 3)).set("skip_invalid_records", true).exits(0);
    check_rows(&done, [10, 9, 1, 0, 0, 0]);
    let empty = bench.export_csv("email\n").exits(0);
    check_rows(&empty, [0, 0, 0, 0, 0, 0]);
}

#[test]
fn an_outage_is_1_and_resumes() {
    let bench = Bench::unique();
    let error = FaultKind::Status { status: 500, when: When::Before, retry_after: None, html: true };
    bench.sandbox.fault(Fault::always(error).path("batchUpsert").after(2));
    let stopped = bench.export_csv(&contacts(200, good)).set("maximum_retries", 1).exits(1);
    check_rows(&stopped, [200, 100, 0, 0, 0, 100]);
    assert_eq!(stopped.text("/status"), "parked_outage");
    bench.sandbox.clear_faults();
    resumes_exactly(&bench, &stopped, 200);
    assert_eq!(bench.calls("prospect/batchUpsert"), 4, "what was delivered is not sent again");
}

#[test]
fn settings_columns_and_sql_are_2() {
    let bench = Bench::unique();
    let cases: [(&str, &[&str], &[&str]); 6] = [
        (
            "SELECT 'a@b.co' AS email",
            &["--set", "parallel_task=5", "--set", "max_payload=x"],
            &["parallel_tasks", "max_payload"],
        ),
        ("SELECT 'a@b.co' AS emial", &[], &["emial", "email"]),
        ("SELECT 'a@b.co' AS Email", &[], &["email"]),
        ("SELEC 1", &[], &["query"]),
        ("SELECT email FROM nowhere", &[], &["nowhere"]),
        ("SELECT 1 AS score", &[], &["email"]),
    ];
    for (sql, arguments, words) in cases {
        let refused = bench.export(sql).args(arguments).exits(2);
        for word in words {
            assert!(refused.stderr.contains(word), "{sql}: no {word} in {}", refused.stderr);
        }
    }
    assert_eq!(bench.calls("prospect/batchUpsert"), 0);
    bench.command("export").output().map(|output| assert_eq!(output.status.code(), Some(2))).unwrap();
}

#[test]
fn a_rejected_row_is_3() {
    let bench = Bench::unique();
    let stopped = bench.export_csv(&contacts(120, |row| row == 60)).exits(3);
    check_rows(&stopped, [120, 99, 1, 0, 0, 20]);
    offered(&stopped);
}

#[test]
fn a_dead_grant_is_4_and_resumes_after_connecting() {
    let bench = Bench::unique();
    bench.sandbox.revoke_refresh_tokens();
    let stopped = bench.export_csv(&contacts(120, good)).exits(4);
    check_rows(&stopped, [120, 0, 0, 0, 0, 120]);
    assert!(stopped.text("/cause/hint").contains("reconnect"), "{stopped:?}");
    bench.sandbox.reconnect(&bench.unit());
    bench.connect();
    resumes_exactly(&bench, &stopped, 120);
}

#[test]
fn used_up_calls_are_5_and_resume_after_midnight() {
    let bench = Bench::with(Config {
        business_units: vec![BusinessUnit { daily_limit: 2, ..BusinessUnit::default() }],
        ..Config::default()
    });
    let stopped = bench.export_csv(&contacts(200, good)).set("parallel_tasks", 5).exits(5);
    check_rows(&stopped, [200, 100, 0, 0, 0, 100]);
    bench.sandbox.advance(std::time::Duration::from_secs(24 * 3_600));
    resumes_exactly(&bench, &stopped, 200);
}

#[test]
fn a_host_that_is_not_pardots_is_6() {
    for (name, address) in [
        ("pardot_domain", "https://pi.pardot.com.example.org"),
        ("pardot_domain", "http://pi.pardot.com"),
        ("login_url", "https://login.example.org"),
    ] {
        let bench = Bench::unique();
        let mut connection: serde_json::Value = serde_json::from_str(&bench.read("connection.yaml")).unwrap();
        connection[name] = address.into();
        bench.write("connection.yaml", &connection.to_string());
        let refused = bench.export_csv(&contacts(3, good)).exits(6);
        assert!(refused.stderr.contains(name), "{}", refused.stderr);
        assert_eq!(bench.sandbox.journal().len(), 0);
    }
}

#[test]
fn a_second_run_is_7() {
    let bench = Bench::unique();
    bench.write("c.csv", &contacts(60, good));
    let mut second = bench.command("export");
    second.args(["--query", "SELECT * FROM c", "--table", "c=c.csv", "--data-dir", "data"]);
    second.args(["--connection-file", "connection.yaml"]);
    let (sender, receiver) = mpsc::channel();
    bench.sandbox.at_request(2, move || {
        let _ = sender.send(second.output());
    });
    let first = bench.export_csv(&contacts(60, good)).exits(0);
    check_rows(&first, [60, 60, 0, 0, 0, 0]);
    let second = receiver.try_recv().expect("the second run ended while the first was sending").unwrap();
    assert_eq!(second.status.code(), Some(7));
    assert_eq!(bench.calls("prospect/batchUpsert"), 2);
}

#[test]
fn a_signal_is_130_or_143_after_an_orderly_checkpoint() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        for lanes in [1, 5] {
            let bench = Bench::unique();
            let pid = bench.signal_at(4, signal);
            let csv = contacts(3_000, good);
            let stopped = bench.export_csv(&csv).set("parallel_tasks", lanes).run_telling(&pid);
            stopped.check_exit(code);
            let [_, delivered, rejected, _, held, unsent] = stopped.rows();
            assert_eq!((rejected, held), (0, 0));
            assert!(unsent > 0, "{}", stopped.stdout);
            assert_eq!(bench.prospects().len() as u64, delivered, "what was under way is counted");
            resumes_exactly(&bench, &stopped, 3_000);
            assert_eq!(bench.calls("prospect/batchUpsert"), 60, "no batch twice");
        }
    }
}

#[test]
fn a_job_that_is_done_or_unknown_is_not_continued() {
    let bench = Bench::unique();
    let done = bench.export_csv(&contacts(3, good)).exits(0);
    bench.resume(&done.job()).exits(2);
    bench.resume("nonsense").exits(2);
}

#[test]
fn held_rows_are_1_and_resume() {
    for bench in [Bench::unique(), Bench::shared()] {
        let code = FaultKind::Code { code: 9_999, when: When::After, status: None, message: None };
        let known = bench.export("SELECT 'known@example.com' AS email").exits(0);
        assert_eq!(known.number("/rows/delivered"), 1);
        let before = bench.prospects().len();
        bench.sandbox.fault(Fault::next(1, code).path("batchUpsert").after(1));
        let held = bench.export_csv(&contacts(200, good)).exits(1);
        check_rows(&held, [200, 150, 0, 0, 50, 0]);
        assert_eq!(held.text("/status"), "held");
        assert!(held.stderr.contains("looked up"), "{}", held.stderr);
        bench.resume(&offered(&held)).exits(0);
        assert_eq!(bench.prospects().len(), before + 200);
    }
}

#[test]
fn inserts_that_stop_at_the_limit_of_the_day_are_not_held() {
    let unit = BusinessUnit { ampsea: true, daily_limit: 4, ..BusinessUnit::default() };
    let bench = Bench::with(Config { business_units: vec![unit], ..Config::default() });
    let stopped = bench.export_csv(&contacts(400, good)).set("parallel_tasks", 5).exits(5);
    assert_eq!(stopped.number("/rows/held"), 0, "{}", stopped.stdout);
    let mut ended = stopped;
    let mut days = 0;
    while ended.code == Some(5) && days < 9 {
        days += 1;
        bench.sandbox.advance(std::time::Duration::from_secs(24 * 3_600));
        ended = bench.resume(&ended.job()).run();
    }
    check_rows(&ended, [400, 400, 0, 0, 0, 0]);
    check_contacts(&bench, 400, good);
}

#[test]
fn inserts_end_orderly_at_a_signal_as_well() {
    for lanes in [1, 5] {
        let bench = Bench::shared();
        let pid = bench.signal_at(7, "TERM");
        let call = bench.export_csv(&contacts(3_000, good)).set("parallel_tasks", lanes);
        let stopped = call.run_telling(&pid);
        stopped.check_exit(143);
        assert_eq!(stopped.number("/rows/held"), 0, "{}", stopped.stdout);
        assert_eq!(bench.prospects().len() as u64, stopped.number("/rows/delivered"));
        resumes_exactly(&bench, &stopped, 3_000);
        assert_eq!(bench.counters().prospects_created, 3_000);
    }
}
