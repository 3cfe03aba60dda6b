//! The file of rejected rows: number, key, column, code, reason, hint, and the values as the query gave them.
//!
//! Knows its two forms.

use expect_test::expect;
use serde_json::Value;

use crate::harness::Bench;

const CSV: &str = "email,first_name,score\n\
                   good@example.com,Ada,1\n\
                   nobody,\"Bob \"\"the, builder\"\"\",2\n\
                   number@example.com,Zoë,many\n\
                   ,Nameless,3\n\
                   last@example.com,Last,4\n";

fn sent(bench: &Bench, file: &str) {
    let done = bench.export_csv(CSV).set("skip_invalid_records", true).args(&["--rejects", file]).exits(0);
    assert_eq!(done.rows(), [5, 2, 3, 0, 0, 0]);
    assert_eq!(done.text("/rejects_file"), file);
    assert_eq!(bench.prospects().len(), 2);
}

#[test]
fn as_csv() {
    let bench = Bench::unique();
    sent(&bench, "rejected.csv");
    expect![[r#"
        row_number,row_key,rejected_column,code,reason,hint,email,first_name,score
        2,nobody,,4,Invalid prospect email address,"correct the email address: one @, a domain with a dot, at most 255 characters",nobody,"Bob ""the, builder""",2
        3,number@example.com,score,,must be a whole number,round or CAST it in the query; a number with a fraction or letters is never cut,number@example.com,Zoë,many
        4,,,,has no key,"give the row an id, a fid or an email",,Nameless,3
    "#]].assert_eq(&bench.read("rejected.csv"));
}

#[test]
fn as_json_lines() {
    let bench = Bench::unique();
    sent(&bench, "rejected.jsonl");
    expect![[r#"
        {"row_number":2,"row_key":"nobody","rejected_column":null,"code":4,"reason":"Invalid prospect email address","hint":"correct the email address: one @, a domain with a dot, at most 255 characters","values":{"email":"nobody","first_name":"Bob \"the, builder\"","score":"2"}}
        {"row_number":3,"row_key":"number@example.com","rejected_column":"score","code":null,"reason":"must be a whole number","hint":"round or CAST it in the query; a number with a fraction or letters is never cut","values":{"email":"number@example.com","first_name":"Zoë","score":"many"}}
        {"row_number":4,"row_key":null,"rejected_column":null,"code":null,"reason":"has no key","hint":"give the row an id, a fid or an email","values":{"email":null,"first_name":"Nameless","score":"3"}}
    "#]].assert_eq(&bench.read("rejected.jsonl"));
}

#[test]
fn again_from_the_report_of_a_job() {
    let bench = Bench::unique();
    let done = bench.export_csv(CSV).set("skip_invalid_records", true).exits(0);
    let mut report = bench.command("report");
    report.args([&done.job(), "--json", "--data-dir", "data", "--rejects", "later.jsonl"]);
    let output = report.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["rows"], done.at("/rows"));
    assert_eq!(bench.read("later.jsonl").lines().count(), 3);
}

#[test]
fn a_dry_run_tells_what_a_run_would_reject_by_itself() {
    let bench = Bench::unique();
    let dry = bench.export_csv(CSV).set("skip_invalid_records", true).args(&["--dry-run"]).exits(0);
    // The email that is none is Pardot's to judge.
    assert_eq!((dry.number("/rows/read"), dry.number("/rows/rejected")), (5, 2), "{}", dry.stdout);
    assert_eq!(bench.calls("prospect/batchUpsert"), 0);
    assert_eq!(bench.prospects().len(), 0);
}

#[test]
fn an_unknown_form_is_said_at_once() {
    let bench = Bench::unique();
    let refused = bench.export_csv(CSV).args(&["--rejects", "rejected.xlsx"]).exits(2);
    assert!(refused.stderr.contains(".csv or .jsonl"), "{}", refused.stderr);
    assert_eq!(bench.sandbox.journal().len(), 0);
}
