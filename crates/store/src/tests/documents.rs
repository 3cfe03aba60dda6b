//! Documents, values and changes: against a small model, all or nothing.
//!
//! Knows the store's doors only.

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::{document, entry, person, put_secret};
use crate::{Change, Document, Store, StoreError};

/// What the changes are compared with.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    documents: BTreeMap<String, Document>,
    values: BTreeMap<String, Value>,
    secrets: BTreeMap<(String, String), String>,
    entries: u64,
}

/// Which refusal is expected.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Refusal {
    Exists,
    Missing,
    Conflict,
}

impl Model {
    fn apply(&mut self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::InsertDocument(new) => {
                let taken = |old: &Document| old.id == new.id || (old.kind == new.kind && old.name == new.name);
                if self.documents.values().any(taken) {
                    return Err(Refusal::Exists);
                }
                self.documents.insert(new.id.clone(), new.clone());
            }
            Change::ReplaceDocument { id, revision, name, body, now } => {
                let old = self.documents.get(id).ok_or(Refusal::Missing)?.clone();
                if revision.is_some_and(|revision| revision != old.revision) {
                    return Err(Refusal::Conflict);
                }
                if self.documents.values().any(|other| other.id != *id && other.kind == old.kind && other.name == *name)
                {
                    return Err(Refusal::Exists);
                }
                let new = Document {
                    name: name.clone(),
                    body: body.clone(),
                    updated: *now,
                    revision: old.revision + 1,
                    ..old
                };
                self.documents.insert(id.clone(), new);
            }
            Change::DeleteDocument { id } => drop(self.documents.remove(id).ok_or(Refusal::Missing)?),
            Change::PutSecret { owner, name, value } => {
                use secrecy::ExposeSecret as _;
                self.secrets.insert((owner.clone(), name.clone()), value.expose_secret().to_owned());
            }
            Change::DeleteSecrets { owner } => self.secrets.retain(|(of, _), _| of != owner),
            Change::PutValue { name, value: Some(value) } => drop(self.values.insert(name.clone(), value.clone())),
            Change::PutValue { name, value: None } => drop(self.values.remove(name)),
            Change::ClaimValue { name, .. } if self.values.contains_key(name) => return Err(Refusal::Exists),
            Change::ClaimValue { name, value } => drop(self.values.insert(name.clone(), value.clone())),
            Change::Audit(_) => self.entries += 1,
            other => panic!("not drawn: {other:?}"),
        }
        Ok(())
    }
}

fn change() -> impl Strategy<Value = Change> {
    let id = || (0..4_u32).prop_map(|number| format!("kind{number}"));
    let name = || "[ab]{1,2}|Ab";
    let value = || any::<u8>().prop_map(|number| json!({ "number": number }));
    prop_oneof![
        3 => (0..4_u32, name(), value(), "kind|other").prop_map(|(number, name, body, kind)| {
            Change::InsertDocument(Document { kind, name, body, ..document(number, "kind") })
        }),
        3 => (id(), proptest::option::of(1..3_u64), name(), value(), 1..9_i64).prop_map(
            |(id, revision, name, body, now)| Change::ReplaceDocument { id, revision, name, body, now }
        ),
        1 => id().prop_map(|id| Change::DeleteDocument { id }),
        1 => (id(), name(), ".{0,80}").prop_map(|(owner, name, value)| put_secret(&owner, &name, &value)),
        1 => id().prop_map(|owner| Change::DeleteSecrets { owner }),
        1 => (name(), proptest::option::of(value())).prop_map(|(name, value)| Change::PutValue { name, value }),
        1 => (name(), value()).prop_map(|(name, value)| Change::ClaimValue { name, value }),
        1 => any::<u8>().prop_map(|at| Change::Audit(entry(i64::from(at), "ada"))),
    ]
}

#[test]
fn changes_are_their_model() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let refused = Cell::new(0);
    proptest!(ProptestConfig::with_cases(24), |(groups in proptest::collection::vec(
        proptest::collection::vec(change(), 1..5), 1..14))| {
        refused.set(refused.get() + runtime.block_on(compare(groups))?);
    });
    assert!(refused.get() > 20, "the cases must hold refusals: {}", refused.get());
}

async fn compare(groups: Vec<Vec<Change>>) -> Result<u32, TestCaseError> {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let (mut model, mut refused) = (Model::default(), 0);
    for changes in groups {
        let mut next = model.clone();
        let want = changes.iter().try_for_each(|change| next.apply(change));
        let got = store.apply(changes).await.map_err(|error| match error {
            StoreError::Exists { .. } => Refusal::Exists,
            StoreError::Missing { .. } => Refusal::Missing,
            StoreError::Conflict { .. } => Refusal::Conflict,
            other => panic!("{other}"),
        });
        prop_assert_eq!(got, want);
        match want {
            Ok(()) => model = next,
            Err(_) => refused += 1,
        }
    }
    let mut found = Model { entries: store.audit_page(None, 1_000).await.unwrap().len() as u64, ..Model::default() };
    for kind in ["kind", "other"] {
        let page = store.documents(kind, None, 100).await.unwrap();
        prop_assert!(page.windows(2).all(|pair| pair[0].name < pair[1].name));
        prop_assert_eq!(store.count_documents(kind).await.unwrap(), page.len() as u64);
        if let Some(first) = page.first() {
            prop_assert_eq!(&store.documents(kind, Some(&first.name), 100).await.unwrap(), &page[1..]);
        }
        for document in page {
            let named = store.document(kind, &document.name).await.unwrap();
            prop_assert_eq!(named.as_ref(), Some(&document));
            prop_assert_eq!(store.document_by_id(&document.id).await.unwrap(), named);
            found.documents.insert(document.id.clone(), document);
        }
    }
    for name in model.values.keys() {
        found.values.extend(store.value(name).await.unwrap().map(|value| (name.clone(), value)));
    }
    for (owner, name) in model.secrets.keys() {
        use secrecy::ExposeSecret as _;
        if let Some(secret) = store.secret(owner, name).await.unwrap() {
            found.secrets.insert((owner.clone(), name.clone()), secret.expose_secret().to_owned());
        }
    }
    prop_assert_eq!(found, model);
    store.close().await;
    // Everything reads back after the proof of the next start.
    Store::open(directory.path()).await.unwrap().close().await;
    Ok(refused)
}

#[tokio::test]
async fn refusals_name_the_thing() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.apply(vec![Change::InsertDocument(document(1, "connection"))]).await.unwrap();
    store.apply(vec![Change::InsertPerson(person(1))]).await.unwrap();
    let (name, body, now) = ("name 1".to_owned(), json!({}), 5);
    let twice = vec![Change::ClaimValue { name: "setup".into(), value: json!(1) }; 2];
    let renamed = Document { id: "other".into(), ..document(1, "connection") };
    let cases = [
        vec![Change::InsertDocument(renamed)],
        vec![Change::ReplaceDocument {
            id: "nothing".into(),
            revision: None,
            name: name.clone(),
            body: body.clone(),
            now,
        }],
        vec![Change::ReplaceDocument { id: "connection1".into(), revision: Some(7), name, body, now }],
        twice,
        vec![Change::InsertPerson(crate::Person { id: "p9".into(), name: "ADA 1".into(), ..person(1) })],
    ];
    let mut said = String::new();
    for changes in cases {
        let error = store.apply(changes).await.unwrap_err();
        said.push_str(&format!("{error}: {}\n", error.hint()));
    }
    expect_test::expect![[r#"
        connection name 1 exists already: use another name
        there is no document nothing: look at the list; it may have been deleted meanwhile
        connection name 1 was changed by somebody else meanwhile: look at it as it is now, then make the change again
        value setup exists already: use another name
        person ADA 1 exists already: use another name
    "#]]
    .assert_eq(&said);
    assert_eq!(store.value("setup").await.unwrap(), None, "all or nothing");
}

#[tokio::test]
async fn of_fifty_claims_one_wins() {
    let directory = tempdir().unwrap();
    let (one, two) = (Store::open(directory.path()).await.unwrap(), Store::open(directory.path()).await.unwrap());
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..50 {
        let store = if number % 2 == 0 { one.clone() } else { two.clone() };
        calls.spawn(async move {
            let claim = Change::ClaimValue { name: "setup".into(), value: json!(number) };
            (number, store.apply(vec![claim, Change::Audit(entry(number, "setup"))]).await)
        });
    }
    let mut won = Vec::new();
    while let Some(done) = calls.join_next().await {
        match done.unwrap() {
            (number, Ok(())) => won.push(number),
            (_, Err(error)) => assert!(matches!(error, StoreError::Exists { .. }), "{error}"),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(one.value("setup").await.unwrap(), Some(json!(won[0])));
    assert_eq!(one.audit_page(None, 100).await.unwrap().len(), 1);
}
