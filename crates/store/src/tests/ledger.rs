//! The ledger: against a small model, side by side, and one bad write among good ones.
//!
//! Knows the store's doors only.

use std::collections::BTreeMap;

use expect_test::expect;
use model::{BatchEnd, BatchMark, Rejection};
use proptest::prelude::*;
use tempfile::tempdir;
use tokio::task::JoinSet;

use super::{id, mark, new_job, rejection};
use crate::{LedgerCounts, Store, StoreError};

/// One call of the ledger.
#[derive(Debug, Clone)]
enum Step {
    Settle(BatchMark, Vec<Rejection>),
    Reject(Vec<Rejection>),
}

fn step() -> impl Strategy<Value = Step> {
    let end = prop_oneof![Just(BatchEnd::Sent), Just(BatchEnd::Acked), Just(BatchEnd::Held)];
    let rejected = || {
        proptest::collection::vec((1_u64..120, proptest::option::of(1_u16..200), "[a-c]{1,2}"), 0..6)
            .prop_map(|rows| rows.into_iter().map(|(row, code, why)| rejection(row, code, &why)).collect::<Vec<_>>())
    };
    let rows = proptest::collection::btree_set(1_u64..120, 0..12);
    prop_oneof![
        (1_u64..12, rows, end, rejected())
            .prop_map(|(number, rows, end, no)| Step::Settle(mark(number, rows, end), no)),
        rejected().prop_map(Step::Reject),
    ]
}

#[test]
fn the_ledger_is_its_model() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let directory = tempdir().unwrap();
    let store = runtime.block_on(Store::open(directory.path())).unwrap();
    let next = std::cell::Cell::new(0);
    proptest!(ProptestConfig::with_cases(48), |(steps in proptest::collection::vec(step(), 0..16))| {
        next.set(next.get() + 1);
        runtime.block_on(compare(&store, next.get(), steps))?;
    });
    runtime.block_on(store.close());
}

async fn compare(store: &Store, number: u32, steps: Vec<Step>) -> Result<(), TestCaseError> {
    store.create_job(&new_job(number)).await.unwrap();
    let ledger = store.ledger(&id(number));
    let (mut marks, mut rejected) = (BTreeMap::new(), BTreeMap::new());
    for step in steps {
        let rows = match step {
            Step::Settle(mark, rows) => {
                ledger.settle(mark.clone(), rows.clone(), 7).await.unwrap();
                marks.insert(mark.number, mark);
                rows
            }
            Step::Reject(rows) => {
                ledger.reject(rows.clone()).await.unwrap();
                rows
            }
        };
        rejected.extend(rows.into_iter().map(|rejection| (rejection.row, rejection)));
    }
    let left = |end: BatchEnd| {
        let rows = marks.values().filter(|mark| mark.end == end).flat_map(|mark| &mark.rows);
        rows.filter(|row| !rejected.contains_key(row)).count() as u64
    };
    let counts = LedgerCounts {
        rejected: rejected.len() as u64,
        acked_rows: left(BatchEnd::Acked),
        held_rows: left(BatchEnd::Held),
        sent_rows: left(BatchEnd::Sent),
    };
    prop_assert_eq!(ledger.counts().await.unwrap(), counts);
    prop_assert_eq!(ledger.marks(0, 1_000).await.unwrap(), marks.values().cloned().collect::<Vec<_>>());
    let receipts = ledger.receipts(0, 1_000).await.unwrap();
    prop_assert!(receipts.iter().all(|receipt| receipt.at == Some(7)));
    let from_fifth: Vec<_> = marks.range(6..).map(|(_, mark)| mark.clone()).take(2).collect();
    prop_assert_eq!(ledger.marks(5, 2).await.unwrap(), from_fifth);
    prop_assert_eq!(ledger.rejections(0, 1_000).await.unwrap(), rejected.values().cloned().collect::<Vec<_>>());
    let reasons = ledger.reasons(1_000).await.unwrap();
    prop_assert_eq!(reasons.iter().map(|reason| reason.rows).sum::<u64>(), counts.rejected);
    prop_assert!(reasons.windows(2).all(|pair| pair[0].rows >= pair[1].rows));
    Ok(())
}

#[tokio::test]
async fn reasons_come_most_frequent_first() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.create_job(&new_job(1)).await.unwrap();
    let ledger = store.ledger(&id(1));
    let why = |row: u64| match row % 3 {
        0 => rejection(row, None, "longer than 7,500 characters"),
        _ => rejection(row, Some(4), "invalid email address"),
    };
    // More rows than one statement takes, and twice, as a resumed job finds them.
    for _ in 0..2 {
        ledger.reject((1..=350).map(why).collect()).await.unwrap();
    }
    let said: Vec<String> = ledger.reasons(5).await.unwrap().iter().map(|reason| format!("{reason:?}")).collect();
    expect![[r#"
        ReasonCount { code: Some(4), column: Some("email"), reason: "invalid email address", rows: 234 }
        ReasonCount { code: None, column: Some("email"), reason: "longer than 7,500 characters", rows: 116 }"#]]
    .assert_eq(&said.join("\n"));
    assert_eq!(ledger.reasons(1).await.unwrap().len(), 1);
    assert_eq!(ledger.counts().await.unwrap().rejected, 350);
}

#[tokio::test]
async fn one_bad_write_does_not_spoil_its_neighbours() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.create_job(&new_job(1)).await.unwrap();
    let mut calls = JoinSet::new();
    for batch in 1..=60_u64 {
        let ledger = store.ledger(&id(if batch % 10 == 0 { 2 } else { 1 }));
        // Every sixth has a number that cannot be kept, found after its mark was written in the transaction.
        let row = if batch % 6 == 0 { u64::MAX } else { batch };
        calls.spawn(async move {
            let rejected = vec![rejection(row, None, "too long")];
            (batch, ledger.settle(mark(batch, [batch], BatchEnd::Acked), rejected, 7).await)
        });
    }
    let mut kept = Vec::new();
    while let Some(done) = calls.join_next().await {
        match done.unwrap() {
            (batch, Ok(())) => kept.push(batch),
            (batch, Err(StoreError::NoJob { job })) => assert!(batch % 10 == 0 && job == id(2)),
            (batch, Err(StoreError::OutOfRange { .. })) => assert_eq!(batch % 6, 0),
            (batch, Err(other)) => panic!("{batch}: {other}"),
        }
    }
    kept.sort_unstable();
    let good: Vec<u64> = (1..=60).filter(|batch| batch % 10 != 0 && batch % 6 != 0).collect();
    assert_eq!(kept, good);
    let marks = store.ledger(&id(1)).marks(0, 100).await.unwrap();
    assert_eq!(marks.iter().map(|mark| mark.number).collect::<Vec<_>>(), good);
    assert_eq!(store.ledger(&id(1)).counts().await.unwrap().rejected, good.len() as u64);
}
