//! Every setting with valid, edge and invalid values, and the manual's samples word for word.
//!
//! Knows the manual's names and bounds; not the table that the program keeps.

use serde_json::json;

use crate::harness::Bench;

/// A setting with values it takes and values it refuses.
const VALUES: &[(&str, &[&str], &[&str])] = &[
    ("data_object", &["prospects"], &["prospect", "leads", ""]),
    ("skip_invalid_records", &["true", "false"], &["maybe", "2", ""]),
    ("prospect_operation", &["sync"], &["insert", ""]),
    ("prospect_lists", &["1", "1,2", " 1 , 2 "], &["one", "1;2", "0", "-1", "1.5"]),
    ("prospect_list_operation", &["add", "remove"], &["delete", ""]),
    ("upsert_by_email", &["true", "false"], &["email", ""]),
    ("parallel_tasks", &["1", "5", "100"], &["0", "-1", "101", "1.5", "many", ""]),
    ("max_payload", &["1", "5000"], &["0", "-1", "x", "1.5", ""]),
    ("batch_carrier", &["body", "uri"], &["header", ""]),
    ("list_membership_operation", &["upsert", "delete"], &["insert", ""]),
    ("maximum_retries", &["0", "5", "1000"], &["-1", "1001", "x", "0.5", ""]),
    ("initial_retry_wait", &["0", "0.01", "1"], &["-1", "soon", "NaN", "inf", ""]),
    ("maximum_retry_wait", &["0", "0.5", "120"], &["-1", "late", ""]),
    ("maximum_connection_timeout", &["2", "300"], &["0", "-1", "x", ""]),
];

const SQL: &str = "SELECT 'a@example.com' AS email";

#[test]
fn every_valid_value_is_taken() {
    let bench = Bench::unique();
    let unit = bench.unit();
    for list in [1, 2] {
        bench.sandbox.add_list_with_id(&unit, list, &format!("list {list}"), false);
    }
    for (name, valid, _) in VALUES {
        for value in *valid {
            let done = bench.export(SQL).set(name, value).exits(0);
            assert_eq!(done.number("/rows/delivered"), 1, "{name}={value}");
        }
    }
    assert_eq!(bench.prospects().len(), 1);
}

#[test]
fn every_invalid_value_is_refused_before_any_call() {
    let bench = Bench::unique();
    let most = VALUES.iter().map(|(_, _, invalid)| invalid.len()).max().unwrap_or(0);
    for round in 0..most {
        // One invalid value of every setting at a time: all of them are said at once.
        let wrong: Vec<(&str, &str)> =
            VALUES.iter().filter_map(|(name, _, invalid)| Some((*name, *invalid.get(round)?))).collect();
        let by_set = wrong.iter().fold(bench.export(SQL), |call, (name, value)| call.set(name, value)).exits(2);
        let document: serde_json::Value =
            wrong.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        bench.write("settings.json", &document.to_string());
        for (name, value) in &wrong {
            let place = format!("settings.{name}");
            let says = by_set.stderr.matches(&place).count();
            assert_eq!(says, 1, "{name}={value}: {}", by_set.stderr);
        }
        let by_file = bench.plain_export(SQL).args(&["--settings", "settings.json"]).exits(2);
        for (name, value) in &wrong {
            assert!(by_file.stderr.contains(&format!("settings.{name}")), "{name}: {value:?}: {}", by_file.stderr);
        }
    }
    assert_eq!(bench.sandbox.journal().len(), 0);
}

#[test]
fn names_that_are_none_come_with_the_nearest_one_all_at_once() {
    let bench = Bench::unique();
    bench.write("settings.yaml", "data_objekt: prospects\nmax_paylod: 5000\n");
    let mut connection: serde_json::Value = serde_json::from_str(&bench.read("connection.yaml")).unwrap();
    connection["bussiness_unit"] = json!("x");
    bench.write("connection.yaml", &connection.to_string());
    let refused = bench
        .export(SQL)
        .args(&["--settings", "settings.yaml", "--table", "nonsense", "--rejects", "r.txt"])
        .set("parallel_task", 5)
        .exits(2);
    for (name, near) in [
        ("data_objekt", "data_object"),
        ("max_paylod", "max_payload"),
        ("parallel_task", "parallel_tasks"),
        ("bussiness_unit", "business_unit"),
        ("--table nonsense", "name=path"),
        ("--rejects r.txt", ".csv"),
    ] {
        assert!(refused.stderr.contains(name), "no {name} in {}", refused.stderr);
        assert!(refused.stderr.contains(near), "no {near} in {}", refused.stderr);
    }
    assert_eq!(bench.sandbox.journal().len(), 0);
}

#[test]
fn settings_of_a_file_and_of_arguments_go_together() {
    let bench = Bench::unique();
    bench.sandbox.add_list_with_id(&bench.unit(), 7, "seven", false);
    bench.write("settings.yaml", "data_object: prospects\nprospect_lists: [7]\nparallel_tasks: 500\n");
    // A later --set wins.
    let done = bench.export(SQL).args(&["--settings", "settings.yaml"]).set("parallel_tasks", 2).exits(0);
    assert_eq!(done.number("/rows/delivered"), 1);
    assert_eq!(bench.prospect("a@example.com")["lists"], json!([7]));
}

#[test]
fn the_manuals_samples_run_as_written() {
    let bench = Bench::unique();
    let unit = bench.unit();
    bench.write("prospects.csv", "email\na@example.com\nb@example.com\n");
    let table = ["--table", "prospect_table=prospects.csv"];
    let done = bench.export("SELECT email FROM prospect_table").args(&table).exits(0);
    assert_eq!(done.rows(), [2, 2, 0, 0, 0, 0]);

    // 'xxx' stands for an id in the manual; as it is written it is none, and every row is rejected.
    let stopped = bench.export("SELECT 'xxx' as id FROM prospect_table").args(&table).exits(3);
    assert_eq!(stopped.number("/rows/delivered"), 0);

    bench.sandbox.add_list_with_id(&unit, 77, "seventy-seven", false);
    let id = bench.prospect("a@example.com")["id"].as_u64().unwrap();
    let sample = "SELECT list_id, prospect_id FROM (VALUES (77, 501)) AS table1(list_id, prospect_id);";
    let sample = sample.replace("501", &id.to_string());
    let done = bench.export(&sample).set("data_object", "list_memberships").exits(0);
    assert_eq!(done.rows(), [1, 1, 0, 0, 0, 0]);
    assert!(bench.sandbox.membership(&unit, 77, id).is_some_and(|membership| !membership.deleted));

    // Nobody has this id.
    let sample = "SELECT list_id, prospect_id FROM (VALUES (77, 999501)) AS table1(list_id, prospect_id);";
    let stopped = bench.export(sample).set("data_object", "list_memberships").exits(3);
    assert_eq!(stopped.rows(), [1, 0, 1, 0, 0, 0]);
}
