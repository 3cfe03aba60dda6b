//! Memberships of prospects in lists: made and removed, in batches and in pairs, opt-outs left alone.
//!
//! Knows no failure but refusals that the rows themselves cause.

use crate::harness::{Bench, check_rows};

#[test]
fn memberships_are_made_and_removed_in_batches_and_in_pairs() {
    for pairs in [120_u64, 1] {
        let bench = Bench::unique();
        let unit = bench.unit();
        bench.sandbox.add_list_with_id(&unit, 77, "seventy-seven", false);
        let ids: Vec<u64> = (1..=pairs)
            .map(|row| bench.sandbox.add_prospect(&unit, serde_json::json!({"email": format!("m{row}@example.com")})))
            .collect();
        let csv: String = ids.iter().fold("list_id,prospect_id\n".into(), |csv, id| csv + &format!("77,{id}\n"));
        let call = |operation| {
            bench
                .export_csv(&csv)
                .set("data_object", "list_memberships")
                .set("list_membership_operation", operation)
                .set("parallel_tasks", 5)
        };
        let member = |id: &u64| bench.sandbox.membership(&unit, 77, *id).is_some_and(|membership| !membership.deleted);
        // Twice: what is already so is delivered as well.
        for (operation, so) in [("upsert", true), ("upsert", true), ("delete", false), ("delete", false)] {
            let before = bench.counters().calls;
            check_rows(&call(operation).exits(0), [pairs, pairs, 0, 0, 0, 0]);
            assert!(ids.iter().all(|id| member(id) == so), "{operation} of {pairs}");
            assert!(bench.counters().calls - before <= 5, "{operation}: {} calls", bench.counters().calls - before);
        }
    }
}

#[test]
fn memberships_never_touch_opt_outs_and_bad_lists_are_rejected() {
    for pairs in [60_u64, 1] {
        let bench = Bench::unique();
        let unit = bench.unit();
        bench.sandbox.add_list_with_id(&unit, 77, "seventy-seven", false);
        bench.sandbox.add_list_with_id(&unit, 78, "dynamic", true);
        let ids: Vec<u64> = (1..=pairs)
            .map(|row| bench.sandbox.add_prospect(&unit, serde_json::json!({"email": format!("m{row}@example.com")})))
            .collect();
        bench.sandbox.opt_out(&unit, 77, ids[0]);
        for (list, rejected) in [(77, 0), (78, pairs), (79, pairs)] {
            let csv: String =
                ids.iter().fold("list_id,prospect_id\n".into(), |csv, id| csv + &format!("{list},{id}\n"));
            let done = bench
                .export_csv(&csv)
                .set("data_object", "list_memberships")
                .set("skip_invalid_records", true)
                .exits(0);
            check_rows(&done, [pairs, pairs - rejected, rejected, 0, 0, 0]);
        }
        let opted = bench.sandbox.membership(&unit, 77, ids[0]).unwrap();
        assert!(opted.opted_out && !opted.deleted, "{opted:?}");
        let dynamic = ids.iter().filter(|id| bench.sandbox.membership(&unit, 78, **id).is_some()).count();
        assert_eq!(dynamic, 0);
    }
}
