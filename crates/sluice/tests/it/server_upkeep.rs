//! Backups taken and keys changed while rows are on their way, and a key that is not the right one.
//!
//! Knows files and commands; no format of either.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::mpsc;

use pardot_sim::{Config, OAuthSettings};
use serde_json::Value;

use crate::contacts::{check_contacts, contacts};
use crate::harness::{Bench, LONGEST_RUN, files, kill, wait};
use crate::server::House;

/// Twelve batches.
const ROWS: u64 = 600;

fn good(_: u64) -> bool {
    false
}

fn house(bench: Bench) -> House {
    let house = House::start(bench);
    house.upload("c", &contacts(ROWS, good));
    house.query("q", &[("maximum_connection_timeout", "1"), ("parallel_tasks", "2")]);
    house
}

#[test]
fn a_backup_of_an_export_goes_on_elsewhere_exactly() {
    for bench in [Bench::unique(), Bench::shared()] {
        let mut house = house(bench);
        // At this request a backup is made, and the machine is lost.
        let mut backup = house.bench.command("backup");
        backup.args(["export.tar", "--data-dir", "data", "--json"]);
        let (pid, (sender, made)) = (house.served().pid(), mpsc::channel());
        house.bench.sandbox.at_request(house.seen() + 6, move || {
            let _ = sender.send(wait(backup.spawn().expect("the program starts")));
            kill(pid, "KILL");
        });
        let job = house.run("q");
        assert_eq!(house.ends().code, None);
        made.recv_timeout(LONGEST_RUN).expect("a backup").check_exit(0);
        let key = std::fs::read(house.bench.path("data/master.key")).expect("a key");
        let packed = std::fs::read(house.bench.path("export.tar")).expect("a backup");
        let secret: &[u8] = key.trim_ascii();
        assert!(!packed.windows(secret.len()).any(|window| window == secret), "the key is in the backup");

        house.local(&["restore", "export.tar", "--data-dir", "elsewhere"]).check_exit(0);
        house.local(&["restore", "export.tar", "--data-dir", "elsewhere"]).check_exit(2);
        // Without the key the secrets cannot be opened, and nothing is begun.
        let before = contents(&house, "elsewhere");
        let refused = house.try_serve("elsewhere", &["--allow-loopback"]).err().expect("no key");
        refused.check_exit(1);
        assert!(refused.stderr.contains("master.key"), "{}", refused.stderr);
        check_same(&house, "elsewhere", &before);
        std::fs::write(house.bench.path("elsewhere/master.key"), &key).expect("the key is written");
        let served = house.try_serve("elsewhere", &["--allow-loopback"]).expect("it starts");
        house.take(served);
        house.succeeds(&job, ROWS);
        check_contacts(&house.bench, ROWS, good);
        assert_eq!(house.bench.counters().prospects_created, ROWS);
    }
}

/// Every file of a data directory but its locks, with its bytes.
fn contents(house: &House, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = Vec::new();
    files(&house.bench.path(folder), &mut found);
    found.into_iter().filter(|(path, _)| !path.components().any(|part| part.as_os_str() == "locks")).collect()
}

/// Asserts that no file of a data directory went or changed, and none came but what the database engine needs to look.
#[track_caller]
fn check_same(house: &House, folder: &str, before: &BTreeMap<PathBuf, Vec<u8>>) {
    let after = contents(house, folder);
    let paths: BTreeSet<&PathBuf> = before.keys().chain(after.keys()).collect();
    let changed = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
    let looked = |path: &&PathBuf| {
        let came = |name: &str| path.ends_with(name) && !before.contains_key(*path);
        came("sluice.db-shm") || (came("sluice.db-wal") && after[*path].is_empty())
    };
    let sizes = changed
        .filter(|path| !looked(path))
        .map(|path| (path, before.get(path).map(Vec::len), after.get(path).map(Vec::len)));
    let changed: Vec<_> = sizes.collect();
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn keys_are_rotated_while_rows_are_on_their_way() {
    let oauth = OAuthSettings { rotate_refresh_tokens: true, ..OAuthSettings::default() };
    let mut house = house(Bench::with(Config { oauth, ..Config::default() }));
    let before = std::fs::read(house.bench.path("data/master.key")).expect("a key");
    let (arrival, release) = house.hold(house.seen() + 4);
    let job = house.run("q");
    arrival.recv_timeout(LONGEST_RUN).expect("it is under way");
    house.remote(&["keys", "rotate"]).check_exit(0);
    // The next refresh token is sealed with the new key.
    house.bench.sandbox.expire_access_tokens();
    drop(release);
    house.succeeds(&job, ROWS);
    assert!(house.send("POST", "/keys/rotate", &Value::Null).must(200)["secrets"].as_u64() >= Some(2));
    house.stop("KILL");
    assert_ne!(std::fs::read(house.bench.path("data/master.key")).expect("a key"), before);
    house.serve();
    house.bench.sandbox.expire_access_tokens();
    assert_eq!(house.send("POST", "/connections/prod/test", &Value::Null).must(200)["ok"], true);
    let job = house.run("q");
    house.succeeds(&job, ROWS);
    check_contacts(&house.bench, ROWS, good);
    house.stop("TERM").check_exit(0);

    // A key of somebody else's opens nothing, and nothing is changed for it.
    let create = ["connections", "create", "x", "--from", "connection.yaml", "--data-dir", "other"];
    house.local(&create).check_exit(0);
    let own = std::fs::read(house.bench.path("data/master.key")).expect("a key");
    let other = std::fs::read(house.bench.path("other/master.key")).expect("a key");
    for wrong in [&other[..], b"", b"not a key\n", &own[..own.len() / 2]] {
        std::fs::write(house.bench.path("data/master.key"), wrong).expect("the key is written");
        let before = contents(&house, "data");
        let refused = house.try_serve("data", &["--allow-loopback"]).err().expect("it does not start");
        refused.check_exit(1);
        assert!(refused.stderr.contains("hint"), "{}", refused.stderr);
        let text = String::from_utf8_lossy(&own);
        assert!(!refused.stderr.contains(text.trim()), "the key is shown");
        check_same(&house, "data", &before);
    }
    std::fs::write(house.bench.path("data/master.key"), &own).expect("the key is written");
    house.serve();
    assert_eq!(house.send("POST", "/connections/prod/test", &Value::Null).must(200)["ok"], true);
}
