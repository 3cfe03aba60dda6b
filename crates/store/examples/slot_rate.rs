//! Measures how long many schedules take to fire at once: `slot_rate [schedules]`.
//!
//! Knows the store's doors only. Each fires once: a slot and its job, in one transaction; those at work share commits.

use std::io::Write as _;
use std::time::Instant;

use model::{JobId, JobState};
use store::{Change, JobKind, NewJob, Origin, Slot, SlotEnd, Store};
use tokio::task::JoinSet;

/// Midnight, in seconds since 1970-01-01 UTC.
const MIDNIGHT: i64 = 1_790_035_200;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let schedules: u32 = std::env::args().nth(1).map_or(Ok(500), |text| text.parse())?;
    let directory = tempfile::tempdir()?;
    let store = Store::open(directory.path()).await?;
    let mut out = std::io::stdout();
    for night in 0..3 {
        let begun = Instant::now();
        let mut fires = JoinSet::new();
        for number in 0..schedules {
            fires.spawn(fire(store.clone(), MIDNIGHT + night * 86_400, number));
        }
        while let Some(fired) = fires.join_next().await {
            fired??;
        }
        writeln!(out, "{schedules} slots with their jobs: {} ms", begun.elapsed().as_millis())?;
    }
    store.close().await;
    Ok(())
}

async fn fire(store: Store, scheduled: i64, number: u32) -> Result<(), store::StoreError> {
    let schedule = format!("query {number}");
    let id = JobId::new(scheduled.unsigned_abs(), number);
    let job = NewJob {
        id: id.clone(),
        created: scheduled,
        state: JobState::Queued,
        kind: JobKind::Export,
        origin: Origin::Server,
        query: Some(schedule.clone()),
        query_name: Some(schedule.clone()),
        connection: Some("connection".into()),
        actor: None,
        parent: None,
        sql: "SELECT email, first_name, score FROM contacts".into(),
        request: serde_json::json!({ "settings": { "skip_invalid_records": true } }),
        business_unit: "measured".into(),
        scheduled: Some(scheduled),
    };
    let slot = Slot { schedule, scheduled, end: SlotEnd::Run { job: id }, at: scheduled, note: None };
    store.create_job_with(job, None, vec![Change::InsertSlot(slot)], None, scheduled).await.map(drop)
}
