//! Secrets and row values stay where they belong: nothing printed, logged or kept holds them but the Result and the
//! file of rejected rows.
//!
//! Knows what was planted, and looks for it everywhere.

use std::sync::{Arc, Mutex};

use pardot_sim::{Config, Fault, FaultKind, OAuthSettings, When};

use crate::harness::{Bench, Outcome, files};

const SECRET: &str = "planted-client-secret-7391";
const VALUE: &str = "planted-7391";

fn csv() -> String {
    let mut csv = String::from("email,first_name,score,password\n");
    for row in 1..=300_u32 {
        let at = if row.is_multiple_of(97) { "." } else { "@" };
        let score = if row.is_multiple_of(89) { "planted-7391-score" } else { "7" };
        csv += &format!("{VALUE}-{row}{at}example.com,{VALUE},{score},{VALUE}-word\n");
    }
    csv
}

#[track_caller]
fn check_clean(bench: &Bench, outcome: &Outcome, cmdline: &str) {
    let connection = bench.sandbox.connection();
    // Access tokens of the sandbox begin with the first part, refresh tokens with the second.
    let planted = [SECRET, VALUE, "00D5e000000XyZa", "5Aep861", connection.refresh_token.as_str()];
    let mut places = vec![
        ("stdout".to_owned(), outcome.stdout.clone().into_bytes()),
        ("stderr".to_owned(), outcome.stderr.clone().into_bytes()),
        ("command line".to_owned(), cmdline.to_owned().into_bytes()),
    ];
    let mut found = Vec::new();
    files(bench.folder.path(), &mut found);
    assert!(found.iter().any(|(path, _)| path.ends_with("sluice.db")), "the ledger is looked at");
    for (path, bytes) in found {
        let name = path.display().to_string();
        let allowed = ["connection.yaml", "c.csv", "rejected.csv", ".parquet"];
        if !allowed.iter().any(|allowed| name.ends_with(allowed)) {
            places.push((name, bytes));
        }
    }
    for (place, bytes) in places {
        for secret in planted {
            let hit = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!hit, "{secret} in {place}");
        }
    }
}

fn bench() -> Bench {
    let oauth = OAuthSettings { client_secret: SECRET.into(), rotate_refresh_tokens: true, ..OAuthSettings::default() };
    Bench::with(Config { oauth, ..Config::default() })
}

/// Runs an export, with the command line as everybody on the machine sees it.
fn run(bench: &Bench, form: &[&str]) -> (Outcome, String) {
    let (sender, receiver) = std::sync::mpsc::channel::<u32>();
    let seen = Arc::new(Mutex::new(String::new()));
    let keep = seen.clone();
    bench.sandbox.at_request(1, move || {
        if let Ok(pid) = receiver.recv() {
            *keep.lock().expect("no panic before") =
                std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        }
    });
    let outcome = bench
        .export_csv(&csv())
        .args(&["--report", "report.json", "--rejects", "rejected.csv"])
        .args(form)
        .run_telling(&sender);
    let seen = seen.lock().expect("no panic before").clone();
    (outcome, seen)
}

#[test]
fn a_run_with_rejected_rows_leaks_nothing() {
    for form in [["--progress", "plain"], ["--progress", "json"]] {
        let bench = bench();
        let (outcome, cmdline) = run(&bench, &[&form[..], &["--set", "skip_invalid_records=true"]].concat());
        outcome.check_exit(0);
        assert_eq!(outcome.number("/rows/rejected"), 6);
        check_clean(&bench, &outcome, &cmdline);
        assert!(bench.read("rejected.csv").contains(VALUE), "the file of rejected rows holds them");
    }
}

#[test]
fn a_run_that_fails_leaks_nothing() {
    let faults = [
        FaultKind::Status { status: 500, when: When::Before, retry_after: None, html: true },
        FaultKind::Reset { when: When::After },
        FaultKind::Code { code: 49, when: When::Before, status: None, message: None },
        FaultKind::Code { code: 9_999, when: When::Before, status: None, message: None },
        FaultKind::Code { code: 184, when: When::Before, status: None, message: None },
    ];
    for fault in faults {
        let bench = bench();
        bench.sandbox.fault(Fault::always(fault.clone()).path("batchUpsert"));
        let settings = ["--set", "maximum_retries=0", "--set", "skip_invalid_records=true"];
        let (outcome, cmdline) = run(&bench, &settings);
        assert_ne!(outcome.code, Some(0), "{fault:?}");
        check_clean(&bench, &outcome, &cmdline);
    }
}

#[test]
fn a_dead_grant_leaks_nothing() {
    let bench = bench();
    bench.sandbox.revoke_refresh_tokens();
    let (outcome, cmdline) = run(&bench, &[]);
    assert_ne!(outcome.code, Some(0));
    check_clean(&bench, &outcome, &cmdline);
}

#[test]
fn a_cell_that_breaks_the_query_leaks_nothing() {
    let bench = bench();
    bench.write("c.csv", &csv());
    let sql = "SELECT email, CAST(score AS int) AS score FROM c";
    let outcome = bench.export(sql).args(&["--table", "c=c.csv", "--report", "report.json"]).run();
    assert_ne!(outcome.code, Some(0));
    check_clean(&bench, &outcome, "");
}

#[test]
fn a_refusal_that_quotes_the_row_leaks_nothing() {
    let bench = bench();
    let quoting = FaultKind::RefuseRows {
        rows: pardot_sim::RowMatch::Any,
        message: format!("Invalid value: {VALUE}-1@example.com"),
    };
    bench.sandbox.fault(Fault::next(1, quoting).path("batchUpsert"));
    let (outcome, cmdline) = run(&bench, &["--set", "skip_invalid_records=true"]);
    check_clean(&bench, &outcome, &cmdline);
}
