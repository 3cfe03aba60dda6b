//! A server that dies again and again over refreshes: the profiles are always whole, and one refresh is enough afterwards.
//!
//! `SLUICE_FULL=1` kills more often, `SLUICE_SEED` draws other moments.

use app::{Actor, App, Clock, JobFilter};
use model::JobState;
use serde_json::json;
use tokio::runtime::Builder;

use crate::bench::{Bench, config, csv_upload, until};
use crate::killed::{Dice, Mortal};
use crate::people::{generations, parent_from};
use crate::timed::{HOUR, MONDAY};

/// Every row says of which round it is, and there are more of them each time.
fn stamped(round: u64) -> String {
    let rows: String = (1..=100 + round).map(|row| format!("{row},{round}\n")).collect();
    format!("contact_id,stamp\n{rows}")
}

/// The one round of which all profiles and all events are.
async fn whole(app: &App, actor: &Actor) -> u64 {
    let parent = app.parent_segment(actor, "people").await.expect("it is there");
    let snapshot = parent.snapshot.expect("there are always profiles");
    let sql = "SELECT COUNT(*) AS n, MIN(c.stamp) AS least, MAX(c.stamp) AS most, COUNT(s.stamp) AS events, \
               MIN(s.stamp) AS first, MAX(s.stamp) AS last FROM cdp_audience_1.customers c \
               LEFT JOIN cdp_audience_1.behavior_stamps s ON s.cdp_customer_id = c.cdp_customer_id";
    let request = api::PreviewRequest { sql: sql.into(), limit: Some(1) };
    let preview = app.preview(actor, request).await.expect("the tables of the snapshot");
    let cells: Vec<u64> =
        preview.rows[0].iter().map(|cell| cell.as_str().expect("a number").parse().expect("a number")).collect();
    let [n, least, most, events, first, last] = cells[..] else { panic!("{cells:?}") };
    assert_eq!((n, most, events, first, last), (100 + least, least, n, least, least), "{cells:?}");
    // A refresh that goes on by itself may have come between.
    assert!(snapshot.population <= n, "{snapshot:?}");
    least
}

async fn all_ended(app: &App, actor: &Actor) {
    let open = || async {
        let states = JobState::all().filter(|state| state.is_open()).collect();
        let page = app.jobs(actor, &JobFilter { states, ..JobFilter::default() }, None, 1).await;
        page.expect("jobs").items.is_empty().then_some(())
    };
    until("every job ends", open).await;
}

#[test]
fn the_profiles_are_whole_whatever_dies() {
    let kills = if std::env::var_os("SLUICE_FULL").is_some() { 150 } else { 15 };
    let seed = std::env::var("SLUICE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(4_711);
    let outer = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let bench = outer.block_on(async {
        let bench = Bench::new().await;
        bench.app.stop().await;
        bench
    });
    let Bench { sandbox: _sandbox, folder, app, actor } = bench;
    drop(app);
    let clock = Clock::by_hand(MONDAY);
    let mut settings = config(folder.path().join("data"));
    settings.clock = clock.clone();
    let mut mortal = Mortal::begin(&settings);
    let spec = parent_from(json!({
        "name": "people", "master": { "table": "stamps", "key": "contact_id" },
        "behaviors": [{ "name": "stamps", "table": "stamps" }],
    }));
    mortal.runtime.block_on(async {
        mortal.app.upload_table(&actor, "stamps", csv_upload(&stamped(0))).await.expect("taken");
        mortal.app.create_parent_segment(&actor, spec).await.expect("made");
        mortal.app.refresh_parent_segment(&actor, "people", None).await.expect("begun");
        all_ended(&mortal.app, &actor).await;
    });
    let mut dice = Dice(seed);
    let (mut newest, mut moved) = (0, 0);
    for round in 1..=kills {
        mortal.runtime.block_on(async {
            mortal.app.upload_table(&actor, "stamps", csv_upload(&stamped(round))).await.expect("taken");
            mortal.app.refresh_parent_segment(&actor, "people", None).await.expect("begun");
        });
        for _ in 0..dice.throw(400_000) {
            std::thread::yield_now();
        }
        mortal.kill();
        mortal = Mortal::begin(&settings);
        let seen = mortal.runtime.block_on(whole(&mortal.app, &actor));
        assert!(seen >= newest && seen <= round, "round {round}: {seen} after {newest}");
        moved += u64::from(seen > newest);
        newest = seen;
    }
    let Mortal { runtime, app } = mortal;
    runtime.block_on(async {
        all_ended(&app, &actor).await;
        // What the dead left goes on by itself.
        assert_eq!(whole(&app, &actor).await, kills);
        app.upload_table(&actor, "stamps", csv_upload(&stamped(kills + 1))).await.expect("taken");
        let (job, _) = app.refresh_parent_segment(&actor, "people", None).await.expect("begun");
        all_ended(&app, &actor).await;
        assert_eq!(whole(&app, &actor).await, kills + 1);
        clock.set(MONDAY + 2 * HOUR);
        app.swept(MONDAY + 2 * HOUR).await;
        assert_eq!(generations(&folder.path().join("data")), [job.id], "what the dead left is gone");
        app.stop().await;
    });
    let figures = format!("{kills} deaths over refreshes; the profiles were seen to move {moved} times meanwhile\n");
    std::io::Write::write_all(&mut std::io::stderr(), figures.as_bytes()).expect("said");
}
