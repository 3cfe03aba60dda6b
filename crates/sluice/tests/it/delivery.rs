//! What arrives: exact state, exact calls, the rules of keys, versions, lists, NULL, carriers.
//!
//! Knows no failure but refusals that the rows themselves cause.

use pardot_sim::{BusinessUnit, Config, Fault, FaultKind, RowMatch};

use crate::contacts::{check_contacts, contacts, email_of};
use crate::harness::{Bench, check_rows};

fn bad(row: u64) -> bool {
    row.is_multiple_of(97)
}

#[test]
fn two_thousand_rows_arrive_exactly_with_one_lane_and_with_five() {
    for lanes in [1, 5] {
        let bench = Bench::unique();
        let done = bench
            .export_csv(&contacts(2_000, bad))
            .set("parallel_tasks", lanes)
            .set("skip_invalid_records", true)
            .exits(0);
        check_rows(&done, [2_000, 1_980, 20, 0, 0, 0]);
        check_contacts(&bench, 2_000, bad);
        assert_eq!(bench.calls("prospect/batchUpsert"), 40, "lanes {lanes}");
        let counters = bench.counters();
        assert_eq!((counters.calls, counters.concurrency_refusals), (40, 0));
        assert!(counters.in_flight_max <= lanes, "{} at once", counters.in_flight_max);
        assert_eq!(done.number("/calls/total"), 40);
        assert_eq!(done.number("/rejected_by_reason/0/rows"), 20);
        assert_eq!(counters.token_refreshes, 1);
    }
}

#[test]
fn the_last_row_of_a_key_wins() {
    let bench = Bench::unique();
    let csv = "email,first_name\na@example.com,one\nb@example.com,two\nA@Example.com ,three\na@example.com,four\n";
    let done = bench.export_csv(csv).set("parallel_tasks", 5).exits(0);
    check_rows(&done, [4, 2, 0, 2, 0, 0]);
    assert_eq!(bench.prospect("a@example.com")["first_name"], "four");
    assert_eq!(bench.calls("prospect/batchUpsert"), 1);
}

#[test]
fn the_version_of_the_account_is_learned_once() {
    for (bench, name) in [(Bench::unique(), "v3"), (Bench::shared(), "v4")] {
        let unit = bench.unit();
        let id = bench.sandbox.add_prospect(&unit, serde_json::json!({"email": "a@example.com"}));
        let other = bench.sandbox.add_prospect(&unit, serde_json::json!({"email": "b@example.com"}));
        let csv = format!("id,first_name\n{id},Ada\n{other},Bob\n");
        let wrong = || {
            let codes = bench.sandbox.journal().into_iter().filter_map(|entry| entry.code);
            codes.filter(|code| matches!(code, 88 | 89)).count()
        };
        let mut refused = Vec::new();
        for round in 1..=2 {
            bench.export_csv(&csv).exits(0);
            refused.push(wrong());
            assert_eq!(bench.counters().rows_applied, 2 * round);
        }
        assert!(refused[0] <= 1 && refused[1] == refused[0], "{name}: {refused:?} calls to the wrong version");
        assert_eq!(bench.prospect("a@example.com")["first_name"], "Ada", "{name}");
    }
}

#[test]
fn lists_ride_along() {
    let bench = Bench::unique();
    let unit = bench.unit();
    for list in [8, 9] {
        bench.sandbox.add_list_with_id(&unit, list, &format!("list {list}"), false);
    }
    let lists = || bench.prospect("row00001@example.com")["lists"].clone();
    let csv = contacts(60, |_| false);
    bench.export_csv(&csv).set("prospect_lists", "8, 9").exits(0);
    assert_eq!(lists(), serde_json::json!([8, 9]));
    bench.export_csv(&csv).set("prospect_lists", "8").set("prospect_list_operation", "remove").exits(0);
    assert_eq!(lists(), serde_json::json!([9]));
    assert_eq!(bench.counters().calls, 4, "lists take no calls of their own");
}

#[test]
fn null_leaves_and_an_empty_text_clears() {
    let bench = Bench::unique();
    let unit = bench.unit();
    bench.sandbox.add_prospect(
        &unit,
        serde_json::json!({"email": "a@example.com", "first_name": "Ada", "last_name": "L", "city": "London"}),
    );
    let sql = "SELECT 'a@example.com' AS email, CAST(NULL AS varchar) AS first_name, '' AS last_name, 'Paris' AS city";
    bench.export(sql).exits(0);
    let prospect = bench.prospect("a@example.com");
    assert_eq!(prospect["first_name"], "Ada");
    assert!(prospect["last_name"].as_str().unwrap_or("").is_empty(), "{prospect}");
    assert_eq!(prospect["city"], "Paris");
}

#[test]
fn the_uri_carrier_keeps_within_max_payload() {
    for max in [800, 5000] {
        let bench = Bench::unique();
        bench.export_csv(&contacts(300, |_| false)).set("batch_carrier", "uri").set("max_payload", max).exits(0);
        check_contacts(&bench, 300, |_| false);
        let mut sent = bench.journal_of("batchUpsert");
        let longest = sent.iter().map(|entry| entry.target_bytes).max().unwrap();
        assert!(longest <= max, "{longest} > {max}");
        // Packed, not merely small: another row would not have fitted.
        sent.pop();
        let average: usize = sent.iter().map(|entry| entry.target_bytes).sum::<usize>() / sent.len();
        assert!(average + 250 > max, "{average} of {max}");
    }
}

#[test]
fn a_target_that_is_too_long_is_halved_and_the_size_remembered() {
    let bench = Bench::with(Config { uri_limit: 2_000, ..Config::default() });
    for round in 1..=2 {
        bench.export_csv(&contacts(300, |_| false)).set("batch_carrier", "uri").set("max_payload", 6_000).exits(0);
        check_contacts(&bench, 300, |_| false);
        let refused = bench.sandbox.journal().iter().filter(|entry| entry.status == Some(414)).count();
        assert!(refused > 0 && refused < 10, "{refused} refusals after run {round}");
        if round == 2 {
            bench.sandbox.reset();
            bench.export_csv(&contacts(300, |_| false)).set("batch_carrier", "uri").set("max_payload", 6_000).exits(0);
            let refused = bench.sandbox.journal().iter().filter(|entry| entry.status == Some(414)).count();
            assert_eq!(refused, 0, "the size is remembered");
        }
    }
}

#[test]
fn upsert_by_email_works_on_both_kinds_of_account() {
    for bench in [Bench::unique(), Bench::shared()] {
        let unit = bench.unit();
        bench.sandbox.add_list_with_id(&unit, 7, "seven", false);
        bench.sandbox.add_prospect(&unit, serde_json::json!({"email": "row00001@example.com", "city": "London"}));
        for _ in 0..2 {
            let done = bench
                .export_csv(&contacts(70, |_| false))
                .set("upsert_by_email", true)
                .set("prospect_lists", 7)
                .set("parallel_tasks", 5)
                .exits(0);
            check_rows(&done, [70, 70, 0, 0, 0, 0]);
            check_contacts(&bench, 70, |_| false);
        }
        assert_eq!(bench.prospect("row00001@example.com")["city"], "London");
        assert!(bench.prospects().iter().all(|prospect| prospect["lists"] == serde_json::json!([7])));
    }
}

#[test]
fn a_row_with_fid_updates_its_prospect() {
    for bench in [Bench::unique(), Bench::shared()] {
        bench.export("SELECT '00Q000000000001' AS fid, 'f@example.com' AS email, 'one' AS first_name").exits(0);
        bench.export("SELECT '00Q000000000001' AS fid, 'f@example.com' AS email, 'two' AS first_name").exits(0);
        let prospect = bench.prospect("f@example.com");
        assert_eq!((&prospect["first_name"], &prospect["fid"]), (&"two".into(), &"00Q000000000001".into()));
        assert_eq!(bench.prospects().len(), 1);
    }
}

#[test]
fn custom_fields_of_the_account_are_columns() {
    let bench = Bench::unique();
    bench.sandbox.add_custom_field(&bench.unit(), "Favourite_Colour", "Text");
    bench.export("SELECT 'a@example.com' AS email, 'blue' AS \"Favourite_Colour\"").exits(0);
    assert_eq!(bench.prospect("a@example.com")["Favourite_Colour"], "blue");
    let calls = bench.counters().calls;
    let refused = bench.export("SELECT 'a@example.com' AS email, 'blue' AS favourite_color").exits(2);
    assert!(refused.stderr.contains("favourite_color"), "{}", refused.stderr);
    assert!(bench.counters().calls <= calls + 1, "only the list of custom fields is read");
}

#[test]
fn a_locally_rejected_row_stops_before_its_batch_and_pardots_refusal_after() {
    // Found before anything is sent: a score that is no number, in the second batch.
    let bench = Bench::unique();
    let sql =
        "SELECT email, CASE WHEN email LIKE '%00077%' THEN 'many' ELSE CAST(score AS varchar) END AS score FROM c";
    bench.write("c.csv", &contacts(150, |_| false));
    let stopped = bench.export(sql).args(&["--table", "c=c.csv"]).exits(3);
    let [read, delivered, rejected, ..] = stopped.rows();
    assert_eq!((read, rejected), (150, 1));
    assert_eq!(delivered % 50, 0, "the batch of the row was not sent");
    assert!(delivered < 77);
    assert_eq!(bench.prospects().len() as u64, delivered);
    assert!(stopped.text("/cause/message").contains(&format!("{delivered} rows were delivered")), "{stopped:?}");

    let bench = Bench::unique();
    let stopped = bench.export_csv(&contacts(150, |row| row == 77)).exits(3);
    check_rows(&stopped, [150, 99, 1, 0, 0, 50]);
    assert_eq!(bench.prospects().len(), 99);
    assert!(stopped.text("/cause/message").contains("99 rows were delivered"), "{stopped:?}");
}

#[test]
fn a_dry_run_sends_nothing() {
    let bench = Bench::with(Config {
        business_units: vec![BusinessUnit { daily_limit: 1_000, used: 990, ..BusinessUnit::default() }],
        ..Config::default()
    });
    let done = bench.export_csv(&contacts(120, |_| false)).args(&["--dry-run"]).exits(0);
    assert_eq!(bench.prospects().len(), 0);
    assert_eq!(bench.calls("prospect/batchUpsert"), 0);
    let said = done.report().expect("JSON");
    assert!(said.to_string().contains('3'), "{said}");
}

#[test]
fn a_row_that_cannot_be_sent_replaces_nothing() {
    let bench = Bench::unique();
    let csv = "email,first_name,score\na@example.com,one,1\na@example.com,two,2\na@example.com,three,many\n";
    let done = bench.export_csv(csv).set("skip_invalid_records", true).exits(0);
    check_rows(&done, [3, 1, 1, 1, 0, 0]);
    assert_eq!(bench.prospect("a@example.com")["first_name"], "two");
}

#[test]
fn a_batch_refused_as_a_whole_is_halved_to_the_row_at_fault() {
    for code in [10_000, 71] {
        let bench = Bench::unique();
        let rows = RowMatch::Equals { field: "email".into(), value: email_of(33) };
        bench.sandbox.fault(Fault::always(FaultKind::RefuseBatch { rows, code, status: 400 }));
        let done = bench.export_csv(&contacts(150, |_| false)).set("skip_invalid_records", true).exits(0);
        check_rows(&done, [150, 149, 1, 0, 0, 0]);
        check_contacts(&bench, 150, |row| row == 33);
        assert_eq!(done.number("/rejected_by_reason/0/code"), u64::from(code));
        let calls = bench.calls("prospect/batchUpsert");
        assert!(calls <= 2 + 13, "code {code}: {calls} calls");
    }
}

#[test]
fn a_row_that_could_not_be_saved_is_tried_once_more_alone() {
    for strikes in [1, 2] {
        let bench = Bench::unique();
        let rows = RowMatch::Equals { field: "email".into(), value: email_of(7) };
        let message = "Unable to save the prospect".to_owned();
        let fault = FaultKind::RefuseRows { rows, message };
        bench.sandbox.fault(Fault::next(strikes, fault).path("batchUpsert"));
        let done = bench.export_csv(&contacts(50, |_| false)).set("skip_invalid_records", true).exits(0);
        let rejected = strikes - 1;
        check_rows(&done, [50, 50 - rejected, rejected, 0, 0, 0]);
        assert_eq!(bench.calls("prospect/batchUpsert"), 2);
    }
}

#[test]
fn a_row_of_7500_characters_is_the_longest() {
    let bench = Bench::unique();
    // {"email":"a@example.com","comments":"…"} with and without one character more.
    for (length, rejected) in [(7_500 - 39, 0), (7_500 - 38, 1)] {
        let sql = format!("SELECT 'a@example.com' AS email, repeat('ä', {length}) AS comments");
        let done = bench.export(&sql).set("skip_invalid_records", true).exits(0);
        check_rows(&done, [1, 1 - rejected, rejected, 0, 0, 0]);
    }
}

#[test]
fn awkward_text_arrives_as_it_is() {
    for carrier in ["body", "uri"] {
        let bench = Bench::unique();
        let names =
            ["Zoë 🐬", "a&b=c+d%20e", "\"quoted\" \\ back", "tab\there", "O'Neil; DROP", "<b>&amp;</b>", "日本語"];
        let mut csv = String::from("email,first_name\n");
        for (row, name) in names.iter().enumerate() {
            csv += &format!("n{row}+x@example.com,\"{}\"\n", name.replace('"', "\"\""));
        }
        bench.export_csv(&csv).set("batch_carrier", carrier).exits(0);
        for (row, name) in names.iter().enumerate() {
            assert_eq!(bench.prospect(&format!("n{row}+x@example.com"))["first_name"], *name, "{carrier}");
        }
    }
}
