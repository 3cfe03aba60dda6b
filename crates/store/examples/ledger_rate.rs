//! Measures how many batches a second the ledger settles: `ledger_rate [directory] [callers] [seconds]`.
//!
//! Knows the store's doors only. The directory is a temporary one unless named; the figure is the disk's as much as ours.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use model::{BatchEnd, BatchMark, JobId, JobState, Rejection};
use store::{JobKind, NewJob, Origin, Store};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let temporary = tempfile::tempdir()?;
    let directory = arguments.next().map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let callers: u64 = arguments.next().map_or(Ok(5), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let store = Store::open(&directory).await?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let id = JobId::new(now.as_secs(), now.subsec_nanos());
    let job = NewJob {
        id: id.clone(),
        created: i64::try_from(now.as_secs())?,
        state: JobState::Sending,
        kind: JobKind::Export,
        origin: Origin::CommandLine,
        query: None,
        query_name: None,
        connection: None,
        actor: None,
        parent: None,
        sql: String::new(),
        request: serde_json::Value::Null,
        business_unit: "measured".into(),
        scheduled: None,
    };
    let at = job.created;
    store.create_job(&job).await?;
    let begun = Instant::now();
    let mut lanes = JoinSet::new();
    for lane in 0..callers {
        let ledger = store.ledger(&id);
        lanes.spawn(async move {
            let mut settled = 0;
            while begun.elapsed() < Duration::from_secs(seconds) {
                let number = settled * callers + lane + 1;
                let rows: Vec<u64> = (number * 50..number * 50 + 50).collect();
                // One rejected row in ten batches.
                let rejected = number.is_multiple_of(10).then(|| Rejection {
                    row: rows[0],
                    column: Some("email".into()),
                    code: Some(4),
                    reason: "invalid email address".into(),
                    hint: None,
                });
                let mark = BatchMark { number, rows, end: BatchEnd::Acked };
                ledger.settle(mark, rejected.into_iter().collect(), at).await?;
                settled += 1;
            }
            Ok::<u64, store::StoreError>(settled)
        });
    }
    let mut settled = 0;
    while let Some(lane) = lanes.join_next().await {
        settled += lane??;
    }
    let rate = settled as f64 / begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let counts = store.ledger(&id).counts().await?;
    writeln!(std::io::stdout(), "{settled} batches settled by {callers} callers: {rate:.0} a second")?;
    writeln!(std::io::stdout(), "counted {} rows in {:?}", counts.acked_rows + counts.rejected, begun.elapsed())?;
    store.close().await;
    Ok(())
}
