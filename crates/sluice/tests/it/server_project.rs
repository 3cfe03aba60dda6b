//! A folder of files made equal to a server and back: planned, applied, changed, pruned, pulled.
//!
//! Knows the words of a plan; what is equal is the program's to say.

use serde_json::Value;

use crate::contacts::{check_contacts, contacts};
use crate::harness::{Bench, Outcome};
use crate::server::House;

fn write(bench: &Bench, path: &str, text: &str) {
    let full = bench.path(path);
    std::fs::create_dir_all(full.parent().expect("a folder")).expect("a folder");
    std::fs::write(full, text).expect("the file is written");
}

/// A project with one of everything; its secrets stand elsewhere.
fn project(bench: &Bench) {
    let connection = bench.sandbox.connection();
    let (host, unit, client) = (&connection.pardot_domain, &connection.business_unit, &connection.client_id);
    let text = format!(
        "name: prod\npardot_domain: {host}\nlogin_url: {host}\nbusiness_unit: {unit}\nclient_id: {client}\n\
         client_secret: env:PROD_SECRET\nrefresh_token: file:secrets/token\n"
    );
    write(bench, "project/connections/prod.yaml", &text);
    write(bench, "project/secrets/token", &connection.refresh_token);
    write(bench, "project/tables/c.yaml", "name: c\nupload: data/c.csv\n");
    write(bench, "project/data/c.csv", &contacts(60, |_| false));
    let query =
        "name: nightly\nsql_file: nightly.sql\nexport:\n  connection: prod\n  settings:\n    parallel_tasks: 5\n";
    write(bench, "project/queries/nightly.yaml", query);
    write(bench, "project/queries/nightly.sql", "SELECT * FROM c\n");
    write(bench, "project/queries/other.yaml", "name: other\nsql: SELECT email FROM c\n");
}

#[track_caller]
fn says(outcome: &Outcome, exit: i32, words: &[&str]) {
    outcome.check_exit(exit);
    for word in words {
        assert!(outcome.stdout.contains(word), "no {word:?}: {}\n{}", outcome.stdout, outcome.stderr);
    }
}

fn plan_apply_change_prune_pull(house: &House, sluice: &dyn Fn(&[&str]) -> Outcome) {
    let bench = &house.bench;
    project(bench);
    let first = ["+ connection prod", "+ table c", "+ query nightly", "+ query other", "4 to create"];
    says(&sluice(&["plan", "project"]), 0, &first);
    says(&sluice(&["plan", "project", "--exit-code"]), 3, &first);
    // Nobody is there to be asked.
    sluice(&["apply", "project"]).check_exit(2);
    says(&sluice(&["plan", "project"]), 0, &first);
    let applied = sluice(&["apply", "project", "--yes"]);
    says(&applied, 0, &first);
    let connection = bench.sandbox.connection();
    for secret in [&connection.client_secret, &connection.refresh_token] {
        assert!(!applied.stdout.contains(secret.as_str()) && !applied.stderr.contains(secret.as_str()));
    }
    says(&sluice(&["plan", "project", "--exit-code"]), 0, &["nothing to do: 4 things"]);
    says(&sluice(&["apply", "project", "--yes"]), 0, &["nothing to do"]);
    sluice(&["connections", "test", "prod"]).check_exit(0);
    sluice(&["queries", "run", "nightly", "--follow"]).check_exit(0);
    check_contacts(bench, 60, |_| false);

    write(bench, "project/queries/nightly.sql", "SELECT email, score FROM c\n");
    write(bench, "project/data/c.csv", &contacts(61, |_| false));
    let changes = ["~ query nightly", "~ table c", "0 to create, 2 to change, 0 to delete, 2 the same"];
    says(&sluice(&["plan", "project"]), 0, &changes);
    says(&sluice(&["apply", "project", "--yes"]), 0, &changes);
    says(&sluice(&["plan", "project", "--exit-code"]), 0, &["nothing to do"]);

    std::fs::remove_file(bench.path("project/queries/other.yaml")).expect("it was there");
    says(&sluice(&["apply", "project", "--yes"]), 0, &["nothing to do", "kept (--prune deletes): query other"]);
    sluice(&["queries", "show", "other"]).check_exit(0);
    says(&sluice(&["plan", "project", "--prune", "--exit-code"]), 3, &["− query other", "1 to delete"]);
    sluice(&["queries", "show", "other"]).check_exit(0);
    says(&sluice(&["apply", "project", "--prune", "--yes"]), 0, &["− query other"]);
    sluice(&["queries", "show", "other"]).check_exit(2);

    sluice(&["pull", "pulled"]).check_exit(0);
    says(&sluice(&["plan", "pulled", "--exit-code"]), 0, &["nothing to do: 3 things"]);
    let again = sluice(&["pull", "pulled"]);
    assert!(again.stderr.contains("0 of "), "{}", again.stderr);
    write(bench, "pulled/queries/nightly.sql", "SELECT 1 AS id\n");
    sluice(&["pull", "pulled"]).check_exit(2);
    sluice(&["pull", "pulled", "--replace"]).check_exit(0);
    says(&sluice(&["plan", "pulled", "--exit-code"]), 0, &["nothing to do"]);
    let mut found = Vec::new();
    crate::harness::files(&bench.path("pulled"), &mut found);
    let text: Vec<u8> = found.into_iter().flat_map(|(_, bytes)| bytes).collect();
    assert!(!String::from_utf8_lossy(&text).contains(&connection.client_secret));
}

#[test]
fn a_project_over_a_server() {
    let mut house = House::empty(Bench::unique());
    house.serve();
    house.set_up();
    plan_apply_change_prune_pull(&house, &|command| house.remote(command));
    // What was deleted stands in the audit log; no secret does.
    let audit = house.get("/audit").to_string();
    assert!(audit.contains("query.delete"), "{audit}");
    assert!(!audit.contains(&house.bench.sandbox.connection().client_secret));
}

#[test]
fn a_project_over_a_data_directory() {
    let house = House::empty(Bench::unique());
    plan_apply_change_prune_pull(&house, &|command| house.local(command));
}

#[test]
fn everything_wrong_with_a_project_is_said_at_once() {
    let house = House::empty(Bench::unique());
    let bench = &house.bench;
    write(bench, "broken/connections/a.yaml", "name: a\nbusiness_unt: 0Uv\nclient_secret: planted-secret-7391\n");
    write(bench, "broken/tables/b.yaml", "name: b\nfiles: x.csv\nupload: y.csv\n");
    write(bench, "broken/tables/c.yaml", "name: Not a table\n");
    write(
        bench,
        "broken/queries/d.yaml",
        "name: d\nsql_file: absent.sql\nexport:\n  connection: nobody\n  settings:\n    paralel_tasks: 5\n",
    );
    write(bench, "broken/queries/e.yaml", "name: [\n");
    for command in [&["plan", "broken", "--json"][..], &["apply", "broken", "--yes", "--json"]] {
        let refused = house.local(command);
        refused.check_exit(2);
        let told: Value = serde_json::from_str(&refused.stdout).expect("JSON");
        let places = told["problems"].to_string();
        for place in ["a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml"] {
            assert!(places.contains(place), "no {place}: {places}");
        }
        assert!(told["problems"].as_array().map_or(0, Vec::len) >= 6, "{places}");
        assert!(!format!("{refused:?}").contains("planted-secret"), "{refused:?}");
    }
    // What is certain, what the server knows, and what the environment lacks.
    let connection =
        "name: a\nbusiness_unit: 0Uv5e\npardot_domain: https://pi.pardo.com\nclient_id: x\nclient_secret: env:ABSENT\n";
    write(bench, "mixed/connections/a.yaml", connection);
    write(bench, "mixed/tables/c.yaml", "name: contacts\nupload: absent.csv\n");
    write(
        bench,
        "mixed/queries/d.yaml",
        "name: d\nsql: SELECT * FROM contatcs\nexport:\n  connection: nobody\n  settings:\n    paralel_tasks: 5\n",
    );
    write(bench, "mixed/queries/e.yaml", "name: e\nsql: SELEC 1\n");
    let refused = house.local(&["plan", "mixed"]);
    refused.check_exit(2);
    let words = [
        "a.yaml:2: business_unit",
        "a.yaml:3: pardot_domain: this is not a Pardot host",
        "a.yaml:5: client_secret: the environment has no ABSENT",
        "absent.csv cannot be read",
        "d.yaml:2: sql: there is no table contatcs",
        "did you mean contacts?",
        "d.yaml:4: export.connection: there is no connection nobody",
        "did you mean parallel_tasks?",
        "e.yaml:2: sql: ",
    ];
    for word in words {
        assert!(refused.stderr.contains(word), "no {word:?}: {}", refused.stderr);
    }
    // What only a server can know is said before anything is changed.
    project(bench);
    write(bench, "project/connections/prod.yaml", &bench.read("project/connections/prod.yaml").replace("PROD_", "NO_"));
    std::fs::remove_file(bench.path("project/secrets/token")).expect("it was there");
    let refused = house.local(&["apply", "project", "--yes"]);
    refused.check_exit(2);
    assert!(refused.stderr.contains("NO_SECRET") && refused.stderr.contains("refresh_token"), "{}", refused.stderr);
    let planned = house.local(&["plan", "project"]);
    says(&planned, 0, &["4 to create"]);
    assert!(planned.stderr.contains("NO_SECRET"), "whoever plans is told: {}", planned.stderr);
}
