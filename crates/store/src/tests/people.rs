//! People, sessions, tokens and the audit log.
//!
//! Knows the store's doors, and breaks the chain through the file.

use expect_test::expect;
use proptest::prelude::*;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tempfile::tempdir;

use super::{entry, person, session, token};
use crate::{AuditChain, AuditEntry, Change, OpenError, Person, Store, StoreError};

#[tokio::test]
async fn people_come_and_go_with_what_is_theirs() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let add = |number: u8| {
        let person = person(number.into());
        let (session, token) = (session(number, &person.id), token(number, &person.id));
        vec![Change::InsertPerson(person), Change::InsertSession(session), Change::InsertToken(token)]
    };
    for number in 1..=3 {
        store.apply(add(number)).await.unwrap();
    }
    assert_eq!(store.person("p1").await.unwrap(), Some(person(1)));
    assert_eq!(store.person_named("aDA 2").await.unwrap(), Some(person(2)));
    assert_eq!(store.person_named("nobody").await.unwrap(), None);
    let other = Person { name: "Bob".into(), disabled: true, updated: 9, ..person(2) };
    store.apply(vec![Change::ReplacePerson(other.clone())]).await.unwrap();
    assert_eq!(store.person_named("BOB").await.unwrap(), Some(other));
    let names: Vec<_> = store.people().await.unwrap().into_iter().map(|person| person.name).collect();
    assert_eq!(names, ["Ada 1", "Ada 3", "Bob"]);

    let (hash, id) = ([1; 32], "t1".to_owned());
    store
        .apply(vec![
            Change::TouchSession { hash, now: 50 },
            Change::TouchSession { hash, now: 40 },
            Change::TouchToken { id: id.clone(), now: 60 },
            Change::TouchToken { id: id.clone(), now: 55 },
            Change::RevokeToken { id: id.clone(), now: 70 },
            Change::RevokeToken { id, now: 80 },
        ])
        .await
        .unwrap();
    assert_eq!(store.session(&hash).await.unwrap().unwrap().last_seen, 50);
    let token = store.token_by_hash(&hash).await.unwrap().unwrap();
    assert_eq!((token.last_used, token.revoked), (Some(60), Some(70)));
    let ids: Vec<_> = store.tokens().await.unwrap().into_iter().map(|token| token.id).collect();
    assert_eq!(ids, ["t3", "t2", "t1"]);

    // The first session ends at 101.
    assert_eq!(store.sweep_sessions(101).await.unwrap(), 1);
    store.apply(vec![Change::DeleteSession { hash }, Change::DeleteSessionsOf { person: "p2".into() }]).await.unwrap();
    assert_eq!(store.session(&[2; 32]).await.unwrap(), None);
    store.apply(vec![Change::DeletePerson { id: "p3".into() }]).await.unwrap();
    assert_eq!(store.session(&[3; 32]).await.unwrap(), None);
    assert_eq!(store.token_by_hash(&[3; 32]).await.unwrap(), None);
    assert_eq!(store.people().await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_names_something_missing_is_refused() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let cases = [
        Change::ReplacePerson(person(1)),
        Change::DeletePerson { id: "p1".into() },
        Change::InsertSession(session(1, "p1")),
        Change::TouchSession { hash: [1; 32], now: 1 },
        Change::InsertToken(token(1, "p1")),
        Change::TouchToken { id: "t1".into(), now: 1 },
        Change::RevokeToken { id: "t1".into(), now: 1 },
        Change::DeleteDocument { id: "d1".into() },
    ];
    let mut said = String::new();
    for change in cases {
        let error = store.apply(vec![change]).await.unwrap_err();
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        said.push_str(&format!("{error}\n"));
    }
    expect![[r#"
        there is no person p1
        there is no person p1
        there is no person p1
        there is no such session
        there is no person p1
        there is no token t1
        there is no token t1
        there is no document d1
    "#]]
    .assert_eq(&said);
    let idle = [
        Change::DeleteSession { hash: [1; 32] },
        Change::DeleteSessionsOf { person: "p1".into() },
        Change::DeleteSecrets { owner: "o".into() },
        Change::PutValue { name: "v".into(), value: None },
    ];
    store.apply(idle.into()).await.unwrap();
}

#[test]
fn nothing_shown_tells_a_secret() {
    let shown = format!("{:?} {:?} {:?}", person(1), session(1, "p1"), token(1, "p1"));
    for secret in ["argon2", "[1, 1", "slc_abcd", "Ada 1"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn entries_are_chained_paged_and_cannot_forge_lines() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let evil = "ada\n2026 admin deleted\u{1b}[2J\u{202e}x";
    let hostile =
        AuditEntry {
            object: evil.into(), detail: json!({ evil: [evil, 1], "é": "ünïcode stays" }), ..entry(1, evil)
        };
    store.apply(vec![Change::Audit(hostile)]).await.unwrap();
    for number in 2..=30 {
        store.apply(vec![Change::Audit(entry(number, "ada"))]).await.unwrap();
    }
    let first = &store.audit_page(Some(2), 9).await.unwrap()[0].entry;
    expect![[r#"
        ada\n2026 admin deleted\u{1b}[2J\u{202e}x
        {"ada\\n2026 admin deleted\\u{1b}[2J\\u{202e}x":["ada\\n2026 admin deleted\\u{1b}[2J\\u{202e}x",1],"é":"ünïcode stays"}"#]]
    .assert_eq(&format!("{}\n{}", first.actor, first.detail));
    let numbers = |page: Vec<crate::AuditLine>| page.iter().map(|line| line.number).collect::<Vec<_>>();
    assert_eq!(numbers(store.audit_page(None, 3).await.unwrap()), [30, 29, 28]);
    assert_eq!(numbers(store.audit_page(Some(28), 2).await.unwrap()), [27, 26]);
    assert_eq!(store.verify_audit().await.unwrap(), AuditChain::Whole { entries: 30 });
    assert_eq!(store.sweep_audit(11).await.unwrap(), 10);
    assert_eq!(store.verify_audit().await.unwrap(), AuditChain::Whole { entries: 20 });
    store.apply(vec![Change::Audit(entry(31, "ada"))]).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap(), AuditChain::Whole { entries: 21 });
    assert_eq!(store.sweep_audit(1_000).await.unwrap(), 21);
    store.apply(vec![Change::Audit(entry(32, "ada"))]).await.unwrap();
    assert_eq!(numbers(store.audit_page(None, 9).await.unwrap()), [32]);
    assert_eq!(store.verify_audit().await.unwrap(), AuditChain::Whole { entries: 1 });
}

async fn change_file(directory: &std::path::Path, statement: String) {
    let options = SqliteConnectOptions::new().filename(directory.join("sluice.db"));
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_changed_entry_breaks_the_chain_where_it_stands() {
    let cases = [
        ("UPDATE audit SET actor = 'eve' WHERE number = 5", 5),
        ("UPDATE audit SET at = 7 WHERE number = 6", 6),
        ("UPDATE audit SET detail = '{}' WHERE number = 1", 1),
        ("UPDATE audit SET actor = 'adac', address = substr(address, 2) WHERE number = 2", 2),
        ("UPDATE audit SET hash = zeroblob(32) WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 4", 4),
        ("DELETE FROM audit WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 10", 10),
        (
            "INSERT INTO audit SELECT 11, at, actor, address, action, object, detail, hash FROM audit WHERE number = 10",
            11,
        ),
        ("UPDATE audit SET number = 11 WHERE number = 10", 10),
    ];
    for (statement, broken) in cases {
        let directory = tempdir().unwrap();
        let store = Store::open(directory.path()).await.unwrap();
        let entries = (1..=10).map(|number| Change::Audit(entry(number, "ada"))).collect();
        store.apply(entries).await.unwrap();
        change_file(directory.path(), statement.to_owned()).await;
        assert_eq!(store.verify_audit().await.unwrap(), AuditChain::Broken { number: broken }, "{statement}");
        store.close().await;
        let refused = Store::open(directory.path()).await.unwrap_err();
        assert!(matches!(refused, OpenError::Damaged { .. }), "{statement}: {refused}");
    }
}

#[test]
fn any_entries_make_a_whole_chain() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let directory = tempdir().unwrap();
    let store = runtime.block_on(Store::open(directory.path())).unwrap();
    let text = || "\\PC{0,20}|[\\x00-\\x20]{0,3}";
    let written = std::cell::Cell::new(0);
    proptest!(ProptestConfig::with_cases(40), |(actor in text(), object in text(), at in any::<i64>(), detail in text())| {
        let entry = AuditEntry { actor, object, detail: json!([detail]), ..entry(at, "") };
        runtime.block_on(store.apply(vec![Change::Audit(entry.clone()), Change::Audit(entry)])).unwrap();
        written.set(written.get() + 2);
        let chain = runtime.block_on(store.verify_audit()).unwrap();
        prop_assert_eq!(chain, AuditChain::Whole { entries: written.get() });
    });
    runtime.block_on(store.close());
}
