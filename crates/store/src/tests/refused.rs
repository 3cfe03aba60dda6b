//! Refused starts: damage that the engine itself does not see, and what a refusal leaves behind.
//!
//! Knows the names of the files and how a definition begins.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use expect_test::expect;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tempfile::tempdir;

use super::directory::raw;
use super::{content, fill};
use crate::file::{DATABASE, WITNESS};
use crate::{KeySource, OpenError, Store, new_master_key};

/// Every file of a directory with its bytes, the sign of presence aside.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name != "sluice.lock" {
            found.insert(name, if path.is_dir() { Vec::new() } else { fs::read(&path).unwrap() });
        }
    }
    found
}

fn copy(from: &Path, to: &Path, names: &[&str]) {
    for name in names {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

/// Where a text stands in a file; copies in unused space are among the places.
fn places(bytes: &[u8], text: &[u8]) -> Vec<usize> {
    bytes.windows(text.len()).enumerate().filter(|(_, window)| *window == text).map(|(place, _)| place).collect()
}

#[tokio::test]
async fn a_flipped_bit_in_a_definition_is_found() {
    let whole = tempdir().unwrap();
    fill(whole.path()).await.close().await;
    let bytes = fs::read(whole.path().join(DATABASE)).unwrap();
    let mut connection =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(whole.path().join(DATABASE)))
            .await
            .unwrap();
    let select = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL";
    let definitions: Vec<(String, String)> = sqlx::query_as(select).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert!(definitions.len() >= 24, "{}", definitions.len());
    let mut said = String::new();
    for (name, sql) in definitions {
        let found = places(&bytes, sql.as_bytes());
        assert!(!found.is_empty(), "{name}");
        // In the word TABLE or INDEX, in the middle (a type, a reference, a column), and in the last name.
        for (offset, bit) in [(8, 1), (sql.len() / 2, 0x10), (sql.len() / 2, 0x80), (sql.len() - 3, 2)] {
            let directory = tempdir().unwrap();
            let mut damaged = bytes.clone();
            for place in &found {
                damaged[place + offset] ^= bit;
            }
            fs::write(directory.path().join(DATABASE), &damaged).unwrap();
            copy(whole.path(), directory.path(), &[WITNESS]);
            let before = files(directory.path());
            let refused = Store::open(directory.path()).await.unwrap_err();
            assert!(matches!(refused, OpenError::Damaged { .. }), "{name} {offset} {bit}: {refused}");
            assert!(refused.hint().contains("sluice restore FILE"), "{name}");
            assert_eq!(files(directory.path()), before, "{name} {offset} {bit}");
            if name == "log" {
                said.push_str(&format!("{refused}\n").replace(&directory.path().display().to_string(), "DIR"));
            }
        }
    }
    expect![[r#"
        database DIR/sluice.db is damaged (malformed database schema (log) - near "T": syntax error), not started
        database DIR/sluice.db is damaged (the definition of table log has changed), not started
        database DIR/sluice.db is damaged (the definition of table log has changed), not started
        database DIR/sluice.db is damaged (malformed database schema (log) - unrecognized token: "" )"), not started
    "#]]
    .assert_eq(&said);
}

#[tokio::test]
async fn only_what_the_engine_counts_may_be_added() {
    let cases = [
        ("ANALYZE", None),
        ("CREATE INDEX mine ON log (at)", Some("index mine is none of ours")),
        ("CREATE TABLE mine (one)", Some("table mine is none of ours")),
        ("DROP INDEX job_state", Some("there is no index job_state")),
        ("PRAGMA user_version = 2", Some("the definition of table job has changed")),
    ];
    for (statement, detail) in cases {
        let directory = tempdir().unwrap();
        fill(directory.path()).await.close().await;
        raw(directory.path(), statement).await;
        let said = match Store::open(directory.path()).await {
            Ok(_) => None,
            Err(OpenError::Damaged { detail, .. }) => Some(detail),
            Err(other) => panic!("{statement}: {other}"),
        };
        assert_eq!(said.as_deref(), detail, "{statement}");
    }
}

/// What a process leaves that was killed, or that ended in order, with or without the engine's index.
async fn left(killed: bool, index: bool) -> tempfile::TempDir {
    let (live, left) = (tempdir().unwrap(), tempdir().unwrap());
    let store = fill(live.path()).await;
    let mut names = vec![DATABASE, WITNESS, "master.key"];
    if killed {
        names.push("sluice.db-wal");
        if index {
            names.push("sluice.db-shm");
        }
        copy(live.path(), left.path(), &names);
        store.close().await;
    } else {
        store.close().await;
        copy(live.path(), left.path(), &names);
    }
    left
}

#[tokio::test]
async fn a_refused_start_leaves_no_trace() {
    for (killed, index) in [(false, false), (true, false), (true, true)] {
        for case in ["wrong key", "no key", "behind", "garbled note", "damaged", "cut log", "bad head", "empty log"] {
            let directory = left(killed, index).await;
            let path = |name: &str| directory.path().join(name);
            let wal = path("sluice.db-wal");
            let mut key = KeySource::File(path("master.key"));
            match case {
                "wrong key" => key = KeySource::Given(new_master_key().unwrap()),
                "no key" => fs::remove_file(path("master.key")).unwrap(),
                "behind" => fs::write(path(WITNESS), format!("{:020}\n", 9_999)).unwrap(),
                "garbled note" => fs::write(path(WITNESS), [0; 21]).unwrap(),
                "damaged" if killed => continue,
                "damaged" => {
                    let mut bytes = fs::read(path(DATABASE)).unwrap();
                    bytes[..100].fill(0);
                    fs::write(path(DATABASE), bytes).unwrap();
                }
                "cut log" | "bad head" | "empty log" if !killed => continue,
                "cut log" => {
                    let bytes = fs::read(&wal).unwrap();
                    fs::write(&wal, &bytes[..bytes.len() / 2]).unwrap();
                }
                "bad head" => {
                    let mut bytes = fs::read(&wal).unwrap();
                    bytes[..4].fill(7);
                    fs::write(&wal, bytes).unwrap();
                }
                _ => fs::write(&wal, []).unwrap(),
            }
            let before = files(directory.path());
            let begun = Instant::now();
            let refused =
                Store::open_keyed(directory.path(), key).await.expect_err(&format!("{case} {killed} {index}"));
            let after = files(directory.path());
            let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(&after), names(&before), "{case} {killed} {index}: {refused}");
            assert!(after == before, "{case} {killed} {index}: bytes have changed: {refused}");
            assert!(begun.elapsed().as_secs() < 5, "{case} {killed} {index}: {refused}");
        }
    }
}

#[tokio::test]
async fn an_older_file_that_does_not_come_over_leaves_no_log() {
    let directory = tempdir().unwrap();
    super::directory::version_2(directory.path()).await;
    raw(directory.path(), "UPDATE job SET frozen_rows = 51 WHERE state = 'held'").await;
    let before = files(directory.path());
    let refused = Store::open(directory.path()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
    let after = files(directory.path());
    assert_eq!(after.get(DATABASE), before.get(DATABASE));
    assert!(!after.contains_key("sluice.db-wal") && !after.contains_key("sluice.db-shm"), "{:?}", after.keys());
}

#[tokio::test]
async fn a_garbled_note_is_damage_and_a_missing_one_is_not() {
    let directory = tempdir().unwrap();
    fill(directory.path()).await.close().await;
    let note = directory.path().join(WITNESS);
    let good = fs::read(&note).unwrap();
    let mut flipped = good.clone();
    flipped[4] ^= 0x40;
    let longer = [good.as_slice(), b"7"].concat();
    let cases: [&[u8]; 8] =
        [b"", &[0; 21], b"not a number", &flipped, &good[..20], &longer, b"-0000000000000000007\n", &[0xff; 21]];
    for bytes in cases {
        fs::write(&note, bytes).unwrap();
        let refused = Store::open(directory.path()).await.unwrap_err();
        assert!(matches!(refused, OpenError::Garbled { .. }), "{bytes:?}: {refused}");
        assert_eq!(fs::read(&note).unwrap(), bytes);
    }
    let refused = Store::open(directory.path()).await.unwrap_err();
    let text = format!("{refused}\n{}", refused.hint()).replace(&directory.path().display().to_string(), "DIR");
    expect![[r#"
        the note of the last commit of database DIR/sluice.db is damaged (DIR/sluice.seen holds no number), not started
        look whether DIR/sluice.db and its -wal file are the newest you have: then remove DIR/sluice.seen and start again; else restore a backup with `sluice restore FILE --replace`"#]].assert_eq(&text);
    // The hint works.
    fs::remove_file(&note).unwrap();
    Store::open(directory.path()).await.unwrap().close().await;
    assert_eq!(fs::read(&note).unwrap(), good, "the note is made anew");
    assert!(!directory.path().join("sluice.seen.new").exists());
}

#[tokio::test]
async fn a_killed_store_opens_with_and_without_the_index() {
    for index in [false, true] {
        let directory = left(true, index).await;
        let whole = left(false, false).await;
        let (one, two) = (Store::open(directory.path()).await.unwrap(), Store::open(whole.path()).await.unwrap());
        assert_eq!(content(&one).await.unwrap(), content(&two).await.unwrap());
        one.close().await;
        assert!(!directory.path().join("sluice.db-shm").exists());
    }
}
