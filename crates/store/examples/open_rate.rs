//! Measures how long a start takes over many jobs: `open_rate [jobs]`.
//!
//! Knows the store's doors only. Making the jobs takes longer than opening them.

use std::io::Write as _;
use std::time::Instant;

use model::{BatchEnd, BatchMark, JobId, JobState};
use store::{JobKind, LogLevel, NewJob, Origin, Store};
use tokio::task::JoinSet;

/// Jobs that are made side by side.
const LANES: u32 = 200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let jobs: u32 = std::env::args().nth(1).map_or(Ok(10_000), |text| text.parse())?;
    let directory = tempfile::tempdir()?;
    let store = Store::open(directory.path()).await?;
    for first in (0..jobs).step_by(LANES as usize) {
        let mut lanes = JoinSet::new();
        for number in first..jobs.min(first + LANES) {
            lanes.spawn(make(store.clone(), number));
        }
        while let Some(made) = lanes.join_next().await {
            made??;
        }
    }
    store.close().await;
    let mut out = std::io::stdout();
    for _ in 0..3 {
        let begun = Instant::now();
        let store = Store::open(directory.path()).await?;
        writeln!(out, "{jobs} jobs: opened in {} ms", begun.elapsed().as_millis())?;
        store.close().await;
    }
    Ok(())
}

async fn make(store: Store, number: u32) -> Result<(), store::StoreError> {
    let at = 1_790_000_000 + i64::from(number);
    let id = JobId::new(at.unsigned_abs(), number);
    let job = NewJob {
        id: id.clone(),
        created: at,
        state: JobState::Sending,
        kind: JobKind::Export,
        origin: Origin::Server,
        query: None,
        query_name: None,
        connection: None,
        actor: None,
        parent: None,
        sql: "SELECT email, first_name, score FROM contacts".into(),
        request: serde_json::json!({ "settings": { "skip_invalid_records": true } }),
        business_unit: "measured".into(),
        scheduled: None,
    };
    store.create_job(&job).await?;
    for line in ["The query started.", "50 rows are checked; sending begins.", "50 rows delivered."] {
        store.log(&id, at, LogLevel::Info, line).await?;
    }
    let mark = BatchMark { number: 1, rows: (1..=50).collect(), end: BatchEnd::Acked };
    store.ledger(&id).settle(mark, Vec::new(), at).await?;
    store.set_state(&id, JobState::Success, None, at).await
}
