//! Downloads and retries of a job whose ledger holds every kind of end.

use std::collections::BTreeMap;

use expect_test::expect;
use model::{JobId, JobState};
use serde_json::{Value, json};

use super::*;
use crate::fixture::{Bench, actor, admin, all, said, upload};
use crate::{Form, What};
use api::Scope;

/// Row 1 delivered, 2 rejected by Pardot, 3 superseded by 5, 4 refused here, 5 delivered in a second run after it was in
/// doubt, 6 held, 7 never sent.
const VALUES: &str = "SELECT * FROM (VALUES ('a@x.io', '=1'), ('bad', 'B'), ('c@x.io', 'old'), (NULL, 'D'), ('C@x.io', 'new'), \
                      ('f@x.io', NULL), ('g@x.io', 'G')) AS t(email, first_name)";

async fn bench() -> (Bench, JobId) {
    let bench = Bench::new().await;
    bench.connection("prod").await;
    let settings = json!({ "skip_invalid_records": "true" });
    let job = bench.job("j1", VALUES, settings, JobState::Held).await;
    bench.refused(&job, &[4]).await;
    bench.batch(&job, 1, &[1, 2], BatchEnd::Acked, &[2]).await;
    bench.batch(&job, 2, &[5, 6], BatchEnd::Sent, &[]).await;
    bench.batch(&job, 3, &[5], BatchEnd::Acked, &[]).await;
    bench.batch(&job, 4, &[6], BatchEnd::Held, &[]).await;
    bench.batch(&job, 5, &[], BatchEnd::Acked, &[]).await;
    (bench, job)
}

async fn text(bench: &Bench, job: &JobId, what: What, form: Form, spreadsheet: bool) -> String {
    let download = bench.app.download(&actor(Scope::Run), job.as_str(), what, form, spreadsheet).await.unwrap();
    String::from_utf8(all(download.chunks).await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_has_a_receipt() {
    let (bench, job) = bench().await;
    expect![[r#"
        row_number,row_key,outcome,call,at,code,reason
        1,a@x.io,delivered,1,2026-11-23T14:13:21Z,,
        2,bad,rejected,1,2026-11-23T14:13:21Z,4,bad 2
        3,c@x.io,superseded,,,,
        4,,rejected,,,,bad 4
        5,C@x.io,delivered,3,2026-11-23T14:13:23Z,,
        6,f@x.io,held,4,2026-11-23T14:13:24Z,,
        7,g@x.io,unsent,,,,
    "#]]
    .assert_eq(&text(&bench, &job, What::Receipts, Form::Csv, false).await);
    let lines = text(&bench, &job, What::Receipts, Form::JsonLines, false).await;
    expect![[r#"{"row_number":2,"row_key":"bad","outcome":"rejected","call":1,"at":"2026-11-23T14:13:21Z","code":4,"reason":"bad 2"}"#]]
        .assert_eq(lines.lines().nth(1).unwrap());
    assert_eq!(lines.lines().count(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_of_any_size_give_the_same_lines_and_the_tally() {
    let (bench, id) = bench().await;
    let store = &bench.app.0.store;
    let job = store.job(&id).await.unwrap().unwrap();
    let whole = text(&bench, &id, What::Receipts, Form::Csv, false).await;
    for window in [1, 2, 3, 7, 100] {
        let (job, ledger, path, runtime) = (job.clone(), store.ledger(&id), store.result_path(&id), Handle::current());
        let lines = tokio::task::spawn_blocking(move || {
            let result = FrozenResult::open(&path).unwrap();
            let receipts = Receipts::read_in_windows(&result, &job, ledger, runtime, window).unwrap();
            let tally = receipts.ends.tally(result.rows());
            let mut counts: BTreeMap<RowEnd, u64> = BTreeMap::new();
            for row in 1..=result.rows() {
                *counts.entry(receipts.ends.end_of(row)).or_default() += 1;
            }
            let of = |end| counts.get(&end).copied().unwrap_or(0);
            assert_eq!(
                (tally.delivered, tally.rejected, tally.superseded, tally.unsent + tally.held),
                (
                    of(RowEnd::Delivered),
                    of(RowEnd::Rejected),
                    of(RowEnd::Superseded),
                    of(RowEnd::Unsent) + of(RowEnd::Held)
                )
            );
            let mut bytes = Vec::new();
            receipts.write(&result, &mut bytes, Shape { form: Form::Csv, spreadsheet: false }).unwrap();
            String::from_utf8(bytes).unwrap()
        });
        assert_eq!(lines.await.unwrap(), whole, "windows of {window}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_and_results() {
    let (bench, job) = bench().await;
    expect![[r#"
        row_number,row_key,rejected_column,code,reason,hint,email,first_name
        2,bad,email,4,bad 2,mend it,bad,B
        4,,email,,bad 4,mend it,,D
    "#]]
    .assert_eq(&text(&bench, &job, What::Rejected, Form::Csv, false).await);
    expect![[r#"
        {"row_number":2,"row_key":"bad","rejected_column":"email","code":4,"reason":"bad 2","hint":"mend it","values":{"email":"bad","first_name":"B"}}
        {"row_number":4,"row_key":null,"rejected_column":"email","code":null,"reason":"bad 4","hint":"mend it","values":{"email":null,"first_name":"D"}}
    "#]].assert_eq(&text(&bench, &job, What::Rejected, Form::JsonLines, false).await);
    expect![[r#"
        email,first_name
        a@x.io,'=1
        bad,B
        c@x.io,old
        ,D
        C@x.io,new
        f@x.io,
        g@x.io,G
    "#]]
    .assert_eq(&text(&bench, &job, What::Result, Form::Csv, true).await);
    let lines = text(&bench, &job, What::Result, Form::JsonLines, false).await;
    assert_eq!(lines.lines().nth(3), Some(r#"{"email":null,"first_name":"D"}"#));
    // The Result in Parquet is the file that was sent from.
    let download = bench.app.download(&admin(), job.as_str(), What::Result, Form::Parquet, false).await.unwrap();
    assert_eq!(download.file_name, "j1-result.parquet");
    let path = bench.app.0.store.result_path(&job);
    assert!(all(download.chunks).await.unwrap() == std::fs::read(&path).unwrap());
    for what in [What::Rejected, What::Receipts] {
        let download = bench.app.download(&admin(), job.as_str(), what, Form::Parquet, false).await.unwrap();
        let file = bench.path("x.parquet");
        std::fs::write(&file, all(download.chunks).await.unwrap()).unwrap();
        assert_eq!(FrozenResult::open(&file).unwrap().rows(), if what == What::Rejected { 2 } else { 7 });
    }

    // The command line's file is the same.
    let file = bench.path("rejected.csv");
    assert_eq!(crate::rejects::write(&bench.app.0.store, &job, &file, Form::Csv).await, Ok(2));
    assert_eq!(std::fs::read_to_string(file).unwrap(), text(&bench, &job, What::Rejected, Form::Csv, false).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn downloads_that_cannot_be() {
    let (bench, job) = bench().await;
    let app = &bench.app;
    let ask = async |job: &str, what| app.download(&admin(), job, what, Form::Csv, false).await;
    let forbidden = app.download(&actor(Scope::Read), job.as_str(), What::Receipts, Form::Csv, false).await;
    assert_eq!(
        said(forbidden).lines().next(),
        Some("this needs the right to run jobs and see row values (scope run) (forbidden)")
    );
    assert!(said(ask("nojob", What::Result).await).contains("(not_found)"));
    let sending = bench.job("j2", "SELECT 'a@x.io' AS email", json!({}), JobState::Sending).await;
    expect![[r#"
        job j2 is sending: its receipts are not complete (conflict)
          hint: wait until it has ended or is parked
    "#]]
    .assert_eq(&said(ask(sending.as_str(), What::Receipts).await));
    assert!(ask(sending.as_str(), What::Rejected).await.is_ok());
    // A reader who goes away ends the writing; one whose file vanishes is not told that it was whole.
    drop(ask(job.as_str(), What::Result).await);
    std::fs::write(app.0.store.result_path(&job), "no parquet").unwrap();
    let broken = ask(job.as_str(), What::Result).await.unwrap();
    assert!(all(broken.chunks).await.is_err());
    std::fs::remove_file(app.0.store.result_path(&job)).unwrap();
    expect![[r#"
        the result of job j1 is gone (conflict)
          hint: results are kept for 90 days at most, and no longer than needed when every row was delivered; run the query again
    "#]].assert_eq(&said(ask(job.as_str(), What::Receipts).await));
}

async fn frozen_rows(bench: &Bench, job: &str) -> Value {
    let job: JobId = job.parse().unwrap();
    let lines = {
        let result = FrozenResult::open(&bench.app.0.store.result_path(&job)).unwrap();
        let mut bytes = Vec::new();
        let mut sheet = Sheet::new(&mut bytes, Form::JsonLines, result.schema(), false).unwrap();
        result.batches().unwrap().for_each(|batch| sheet.write(&batch.unwrap()).unwrap());
        sheet.finish().unwrap();
        String::from_utf8(bytes).unwrap()
    };
    lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_rows_are_sent_again_as_they_were() {
    let (bench, job) = bench().await;
    let app = &bench.app;
    let answer = app.retry(&actor(Scope::Run), job.as_str(), None, Some("key 1")).await.unwrap();
    assert_eq!((answer.rows, answer.job.parent.as_deref(), answer.job.state), (2, Some("j1"), JobState::Queued));
    let again = app.retry(&actor(Scope::Run), job.as_str(), None, Some("key 1")).await.unwrap();
    assert_eq!(again.job.id, answer.job.id);
    assert_eq!(
        frozen_rows(&bench, &answer.job.id).await,
        json!([{ "email": "bad", "first_name": "B" }, { "email": null, "first_name": "D" }])
    );
    let made = app.0.store.job(&answer.job.id.parse().unwrap()).await.unwrap().unwrap();
    let old = app.0.store.job(&job).await.unwrap().unwrap();
    assert_eq!((&made.connection, &made.request["settings"]), (&old.connection, &old.request["settings"]));
    assert_eq!(made.request["stored"], json!(true));
    let left = std::fs::read_dir(bench.path("data/results")).unwrap();
    let copies =
        left.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("copy-")).count();
    assert_eq!(copies, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn mended_rows_are_sent_in_their_place() {
    let (bench, job) = bench().await;
    let app = &bench.app;
    let rows = json!([{ "email": "good@x.io", "first_name": "B" }, { "email": "d@x.io", "first_name": "D" }]);
    for form in [Form::Csv, Form::JsonLines] {
        let file = text(&bench, &job, What::Rejected, form, false).await;
        let (format, mended) = match form {
            Form::JsonLines => (
                "jsonl",
                file.replace(r#""email":"bad""#, r#""email":"good@x.io""#)
                    .replace(r#""email":null"#, r#""email":"d@x.io""#),
            ),
            Form::Csv | Form::Parquet => ("csv", file.replace(",bad,B", ",good@x.io,B").replace(",,D", ",d@x.io,D")),
        };
        let answer = app.retry(&admin(), job.as_str(), Some(upload(format, mended.as_bytes())), None).await.unwrap();
        assert_eq!((answer.rows, frozen_rows(&bench, &answer.job.id).await), (2, rows.clone()), "{format}");
    }
    assert!(bench.uploads().is_empty());
    let own = upload("csv", b"email\nnew@x.io\n");
    assert_eq!(app.retry(&actor(Scope::Edit), job.as_str(), Some(own), None).await.unwrap().rows, 1);
    let check = async |scope, format: &str, bytes: &[u8]| {
        said(app.retry(&actor(scope), job.as_str(), Some(upload(format, bytes)), None).await)
    };
    assert!(check(Scope::Run, "csv", b"email\nx\n").await.contains("(forbidden)"));
    expect![[r#"
        upload: has no rows
          hint: keep the rows that you mended (invalid)
    "#]]
    .assert_eq(&check(Scope::Edit, "csv", b"email\n").await);
    expect![[r#"
        upload: is not csv: an incorrect number of fields for line 2, expected 1 got 2
          hint: every line needs as many values as there are column names; a value with a comma stands in quotes (invalid)
    "#]]
    .assert_eq(&check(Scope::Edit, "csv", b"email\na,b\n").await);
    assert!(bench.uploads().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn retries_that_cannot_be() {
    let (bench, job) = bench().await;
    let app = &bench.app;
    let whole = bench.job("j3", "SELECT 'a@x.io' AS email", json!({}), JobState::Killed).await;
    expect![[r#"
        job j3 has no rejected rows (conflict)
          hint: there is nothing to send again
    "#]]
    .assert_eq(&said(app.retry(&admin(), whole.as_str(), None, None).await));
    let sending = bench.job("j4", "SELECT 'a@x.io' AS email", json!({}), JobState::Sending).await;
    expect![[r#"
        job j4 is sending: more rows may still be rejected (conflict)
          hint: wait until it has ended
    "#]]
    .assert_eq(&said(app.retry(&admin(), sending.as_str(), None, None).await));
    std::fs::remove_file(app.0.store.result_path(&job)).unwrap();
    assert!(said(app.retry(&admin(), job.as_str(), None, None).await).starts_with("the result of job j1 is gone"));
    // Mended rows need no old ones.
    let own = upload("csv", b"email\nnew@x.io\n");
    assert_eq!(app.retry(&admin(), job.as_str(), Some(own), None).await.unwrap().rows, 1);
}
