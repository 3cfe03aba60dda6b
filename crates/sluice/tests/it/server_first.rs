//! From an empty data directory to an export through the API in a handful of calls, with the same end as the command line.
//!
//! Knows no failure but rows that are rejected.

use serde_json::{Value, json};

use crate::contacts::{check_contacts, contacts};
use crate::harness::Bench;
use crate::server::{House, check_ends};

#[test]
fn a_new_server_exports_within_ten_calls() {
    let mut house = House::empty(Bench::unique());
    house.serve();
    house.set_up();
    house.connect();
    assert_eq!(house.send("POST", "/connections/prod/test", &Value::Null).must(200)["ok"], true);
    house.upload("c", &contacts(120, |row| row == 7));
    house.query("contacts", &[("skip_invalid_records", "true"), ("parallel_tasks", "5")]);
    let job = house.run("contacts");
    assert_eq!(house.ended(&job)["state"], "success");
    let report = house.get(&format!("/jobs/{job}/report"));
    assert!(house.asked.get() <= 10, "{} calls", house.asked.get());
    check_ends(&report["rows"], [120, 119, 1, 0, 0, 0]);
    assert_eq!(report["status"], "success");
    assert!(report["max_in_flight"].as_u64() <= Some(5), "{report}");
    check_contacts(&house.bench, 120, |row| row == 7);
    // The same start twice is one start.
    let head = format!(
        "{}\r\nidempotency-key: once",
        crate::server::line(&house.token, "POST", "/api/v1/queries/contacts/runs")
    );
    let start = || crate::server::ask(&house.served().address, &head, b"{}").expect("an answer");
    let first = start().must(202)["id"].clone();
    assert_eq!(start().must(200)["id"], first);
}

/// An account, what it holds before, and rows.
struct Case {
    bench: fn() -> Bench,
    csv: fn(&Bench) -> String,
    settings: &'static [(&'static str, &'static str)],
    state: &'static str,
    exit: i32,
}

fn good(_: &Bench) -> String {
    contacts(130, |_| false)
}

fn bad(_: &Bench) -> String {
    contacts(130, |row| row == 90)
}

/// Rows that know their prospects, two of which share an email.
fn by_id(bench: &Bench) -> String {
    (1..=60).fold("id,first_name,score\n".to_owned(), |csv, row| {
        let email = format!("shared{}@example.com", row / 2);
        csv + &format!("{},New {row},{row}\n", bench.sandbox.add_prospect(&bench.unit(), json!({"email": email})))
    })
}

/// Pairs of a list and a prospect; every third is in the list already.
fn pairs(bench: &Bench) -> String {
    let unit = bench.unit();
    bench.sandbox.add_list_with_id(&unit, 77, "seventy-seven", false);
    (1..=60).fold("list_id,prospect_id\n".to_owned(), |csv, row| {
        let id = bench.sandbox.add_prospect(&unit, json!({"email": format!("m{row}@example.com")}));
        csv + &format!("77,{id}\n")
    })
}

#[test]
fn the_same_rows_end_the_same_through_the_api_and_the_command_line() {
    const MEMBERSHIPS: (&str, &str) = ("data_object", "list_memberships");
    let cases = [
        Case { bench: Bench::unique, csv: good, settings: &[("parallel_tasks", "5")], state: "success", exit: 0 },
        Case { bench: Bench::unique, csv: bad, settings: &[], state: "stopped", exit: 3 },
        Case { bench: Bench::shared, csv: good, settings: &[], state: "success", exit: 0 },
        Case { bench: Bench::shared, csv: by_id, settings: &[("parallel_tasks", "2")], state: "success", exit: 0 },
        Case { bench: Bench::unique, csv: pairs, settings: &[MEMBERSHIPS], state: "success", exit: 0 },
        Case {
            bench: Bench::unique,
            csv: pairs,
            settings: &[MEMBERSHIPS, ("list_membership_operation", "delete")],
            state: "success",
            exit: 0,
        },
    ];
    for (number, case) in cases.iter().enumerate() {
        let bench = (case.bench)();
        let csv = (case.csv)(&bench);
        let call = case.settings.iter().fold(bench.export_csv(&csv), |call, (name, value)| call.set(name, value));
        let there = call.exits(case.exit);

        let house = House::start((case.bench)());
        house.upload("c", &(case.csv)(&house.bench));
        house.query("q", case.settings);
        let ended = house.ended(&house.run("q"));
        assert_eq!(ended["state"], case.state, "case {number}: {ended}");
        assert_eq!(house.bench.hash(), bench.hash(), "case {number}");
        check_ends(&ended["rows"], there.rows());
        let calls = house.get(&format!("/jobs/{}/report", ended["id"].as_str().unwrap()))["calls"]["by_kind"].clone();
        assert_eq!(calls, there.at("/calls/by_kind"), "case {number}");
    }
}
