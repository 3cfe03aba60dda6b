//! Tests of the store as a whole: what is written reads back, and nothing damaged passes for whole.
//!
//! Knows the files in the data directory by name, because these tests break them.

mod damage;
mod directory;
mod jobs;
mod ledger;

use std::path::Path;

use model::{BatchEnd, BatchMark, JobId, JobState, Learned, Rejection};
use serde_json::json;

use crate::{Job, NewJob, Store};

fn id(number: u32) -> JobId {
    JobId::new(1_790_000_000 + u64::from(number), 7)
}

fn new_job(number: u32) -> NewJob {
    NewJob {
        id: id(number),
        created: 1_790_000_000 + i64::from(number),
        state: JobState::Querying,
        sql: "SELECT email FROM contacts".into(),
        request: json!({ "connection": "prod.json", "settings": { "data_object": "prospects" } }),
        business_unit: "0UvB00000004Cb6KAE".into(),
    }
}

fn mark(number: u64, rows: impl IntoIterator<Item = u64>, end: BatchEnd) -> BatchMark {
    BatchMark { number, rows: rows.into_iter().collect(), end }
}

fn rejection(row: u64, code: Option<u16>, reason: &str) -> Rejection {
    Rejection { row, column: Some("email".into()), code, reason: reason.into(), hint: None }
}

/// Everything a store holds.
#[derive(Debug, PartialEq)]
struct Content {
    jobs: Vec<Job>,
    ledgers: Vec<(Vec<BatchMark>, Vec<Rejection>)>,
    learned: Learned,
}

async fn content(store: &Store) -> Result<Content, crate::StoreError> {
    let jobs = store.jobs(1_000).await?;
    let mut ledgers = Vec::new();
    for job in &jobs {
        let ledger = store.ledger(&job.id);
        ledgers.push((ledger.marks(0, 100_000).await?, ledger.rejections(0, 100_000).await?));
    }
    Ok(Content { jobs, ledgers, learned: store.learned("unit").await? })
}

/// Writes two jobs with 120 batches and some rejected rows each.
async fn fill(directory: &Path) -> Store {
    let store = Store::open(directory).await.unwrap();
    for number in 1..=2 {
        store.create_job(&new_job(number)).await.unwrap();
        store.set_state(&id(number), JobState::Sending, None, 1_790_000_500).await.unwrap();
        let ledger = store.ledger(&id(number));
        for batch in 1..=120 {
            let first = batch * 50;
            let rejected =
                (batch % 3 == 0).then(|| rejection(first, Some(4), "invalid email address")).into_iter().collect();
            ledger.settle(mark(batch, first..first + 50, BatchEnd::Acked), rejected).await.unwrap();
        }
    }
    store.save_learned("unit", Learned { api_version: Some(4), batch_rows: Some(25) }, 1_790_000_600).await.unwrap();
    store
}
