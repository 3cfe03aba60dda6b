//! The law of accounting and the report's machine form, which scripts read.
//!
//! Knows no job.

use expect_test::expect;
use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn a_tally_adds_up_only_when_every_row_has_one_end(ends in any::<[u32; 5]>(), extra in 1_u64..1000) {
        let [delivered, rejected, superseded, held, unsent] = ends.map(u64::from);
        let read = delivered + rejected + superseded + held + unsent;
        let tally = Tally { read, delivered, rejected, superseded, held, unsent };
        prop_assert!(tally.adds_up());
        let lost = Tally { read: read + extra, ..tally };
        let counted_twice = Tally { delivered: delivered + extra, ..tally };
        prop_assert!(!lost.adds_up());
        prop_assert!(!counted_twice.adds_up());
    }
}

#[test]
fn calls_of_several_runs_are_added() {
    let run = |pairs: &[(&str, u64)]| Calls {
        total: pairs.iter().map(|(_, count)| count).sum(),
        by_kind: pairs.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect(),
    };
    let mut calls = run(&[("batchUpsert", 20)]);
    calls.add(&run(&[("batchUpsert", 1), ("query", 2)]));
    assert_eq!(calls, run(&[("batchUpsert", 21), ("query", 2)]));
}

/// A change here breaks whoever reads `--json`: raise [`REPORT_FORMAT_VERSION`] with it.
#[test]
fn the_machine_form() {
    let report = Report {
        format_version: REPORT_FORMAT_VERSION,
        job: JobId::new(1_790_000_000, 7),
        status: JobState::Stopped,
        cause: Some(StopCause { message: "row 4 was rejected".into(), hint: None, configuration: false }),
        rows: Tally { read: 5, delivered: 3, rejected: 1, superseded: 0, held: 0, unsent: 1 },
        calls: Calls { total: 1, by_kind: BTreeMap::from([("batchUpsert".into(), 1)]) },
        bytes_sent: 1200,
        bytes_received: 80,
        max_in_flight: 1,
        retries: 0,
        throttles: 0,
        token_refreshes: 1,
        daily_calls: Some(DailyCalls { used: 10, limit: 25_000 }),
        rejected_by_reason: vec![ReasonCount {
            code: None,
            column: Some("score".into()),
            reason: "must be a whole number".into(),
            rows: 1,
        }],
        rejects_file: None,
        stages: Stages { query: 0.5, check: 0.25, send: 1.0 },
        seconds: 1.75,
        rows_per_second: 4.0,
        notes: vec![],
    };
    assert!(report.rows.adds_up());
    let text = serde_json::to_string_pretty(&report).unwrap();
    expect![[r#"
        {
          "format_version": 1,
          "job": "1nb2ew000007",
          "status": "stopped",
          "cause": {
            "message": "row 4 was rejected"
          },
          "rows": {
            "read": 5,
            "delivered": 3,
            "rejected": 1,
            "superseded": 0,
            "held": 0,
            "unsent": 1
          },
          "calls": {
            "total": 1,
            "by_kind": {
              "batchUpsert": 1
            }
          },
          "bytes_sent": 1200,
          "bytes_received": 80,
          "max_in_flight": 1,
          "retries": 0,
          "throttles": 0,
          "token_refreshes": 1,
          "daily_calls": {
            "used": 10,
            "limit": 25000
          },
          "rejected_by_reason": [
            {
              "code": null,
              "column": "score",
              "reason": "must be a whole number",
              "rows": 1
            }
          ],
          "rejects_file": null,
          "stages": {
            "query": 0.5,
            "check": 0.25,
            "send": 1.0
          },
          "seconds": 1.75,
          "rows_per_second": 4.0,
          "notes": []
        }"#]]
    .assert_eq(&text);
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
}
