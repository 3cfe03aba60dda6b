//! The arrows that must be missing between crates (ARCHITECTURE.md): what Cargo would build for each crate alone.
//!
//! Looks at normal dependencies only: tests may use what the product must not know.

use std::collections::BTreeSet;
use std::process::Command;

use crate::none;

/// Every crate of the workspace.
const CRATES: [&str; 13] = [
    "api",
    "app",
    "console",
    "export",
    "model",
    "notify",
    "pardot",
    "pardot-sim",
    "project",
    "query",
    "server",
    "sluice",
    "store",
];

/// The doors, and what they reach through `app` alone.
const DOORS: [(&str, &[&str]); 2] =
    [("server", &["store", "query", "export", "sqlx", "datafusion"]), ("sluice", &["store", "sqlx", "axum"])];

/// A crate, and what it must not reach, whatever lies between.
const MISSING: [(&str, &[&str]); 12] = [
    // Written from the API's documentation alone, so that a misreading on one side shows as a failing test.
    ("pardot-sim", &["export", "model", "pardot", "query", "sluice", "store", "datafusion", "sqlx", "reqwest"]),
    // Types and a client: nothing of rows, jobs and engines.
    ("pardot", &["export", "model", "pardot-sim", "query", "sluice", "store", "datafusion", "sqlx", "axum"]),
    // Pure rules: no I/O, no async, no engine.
    ("model", &["export", "pardot-sim", "query", "sluice", "store", "reqwest", "tokio", "datafusion", "sqlx", "axum"]),
    // Where rows come from and how outcomes are kept is not the exporter's business.
    ("export", &["pardot-sim", "query", "sluice", "store", "datafusion", "sqlx", "axum"]),
    // The store keeps states and numbers; `reqwest` would come with pardot's client.
    ("store", &["export", "pardot-sim", "query", "sluice", "reqwest", "datafusion", "axum"]),
    // Documents that cross a door: the client is a feature.
    (
        "api",
        &[
            "app",
            "export",
            "pardot-sim",
            "query",
            "server",
            "sluice",
            "store",
            "reqwest",
            "tokio",
            "datafusion",
            "sqlx",
        ],
    ),
    // A folder as documents, and what differs: no door, no server.
    (
        "project",
        &["app", "export", "pardot-sim", "query", "server", "sluice", "store", "reqwest", "tokio", "datafusion"],
    ),
    // Documents as pages: no door, no use case.
    (
        "console",
        &[
            "app",
            "export",
            "notify",
            "pardot-sim",
            "query",
            "server",
            "sluice",
            "store",
            "reqwest",
            "tokio",
            "datafusion",
            "sqlx",
            "axum",
        ],
    ),
    // The use cases serve every door and know none.
    ("app", &["console", "pardot-sim", "project", "server", "sluice", "axum", "clap"]),
    // HTTP: nothing of the terminal.
    ("server", &["pardot-sim", "sluice", "clap", "indicatif"]),
    // What people are told: facts come in, nothing is asked.
    (
        "notify",
        &[
            "api",
            "app",
            "export",
            "model",
            "pardot",
            "pardot-sim",
            "query",
            "server",
            "sluice",
            "store",
            "sqlx",
            "axum",
        ],
    ),
    // SQL in, a Result out.
    ("query", &["export", "model", "pardot", "pardot-sim", "sluice", "store", "sqlx", "reqwest", "axum"]),
];

#[test]
fn no_crate_knows_what_it_must_not() {
    let mut found = Vec::new();
    for (name, forbidden) in MISSING {
        let reached = reached(name);
        let wrong = forbidden.iter().filter(|other| reached.contains(**other));
        found.extend(wrong.map(|other| format!("{name} reaches {other}: cargo tree -p {name} -e normal -i {other}")));
    }
    none("missing arrows stay missing", &found);
}

#[test]
fn doors_call_the_use_cases_and_never_the_store() {
    let mut found = Vec::new();
    for (name, forbidden) in DOORS {
        let manifest = std::fs::read_to_string(crate::workspace().join("crates").join(name).join("Cargo.toml"));
        let manifest = manifest.expect("the manifest is readable");
        let own = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        let asked = |other: &str| own.lines().any(|line| line.split(['.', ' ', '=']).next() == Some(other));
        found.extend(
            forbidden.iter().filter(|other| asked(other)).map(|other| format!("{name} asks for {other} itself")),
        );
    }
    none("API, console and command line call app", &found);
}

#[test]
fn arrows_that_are_there_are_seen() {
    for (name, other) in [("sluice", "datafusion"), ("sluice", "sqlx"), ("export", "reqwest"), ("store", "pardot")] {
        assert!(reached(name).contains(other), "{name} is built from {other}");
    }
}

#[test]
fn every_crate_stands_in_the_table() {
    let folders = std::fs::read_dir(crate::workspace().join("crates")).expect("the crates are there");
    let found: BTreeSet<String> = folders
        .map(|folder| folder.expect("the crates are readable").file_name().to_string_lossy().into_owned())
        .collect();
    let want: BTreeSet<String> = CRATES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, want, "a new crate needs its missing arrows here and its row in ARCHITECTURE.md");
    for name in CRATES.iter().filter(|name| **name != "sluice") {
        assert!(MISSING.iter().any(|(known, _)| known == name), "{name} has no missing arrows");
    }
}

/// Names of everything that a crate is built from, itself left out, with the features that it asks for itself.
fn reached(name: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "-p", name, "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .current_dir(crate::workspace())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo tree -p {name}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().skip(1).filter_map(|line| line.split(' ').next());
    names.map(str::to_owned).collect()
}
