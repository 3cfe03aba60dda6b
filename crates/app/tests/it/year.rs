//! A year of a monthly schedule over a grant that Salesforce ends when it lies idle for 30 days.

use std::time::Duration;

use api::Schedule;
use model::JobState;
use pardot_sim::{Config, JournalEntry, OAuthSettings};
use serde_json::json;
use tokio::sync::oneshot;

use crate::bench::{contacts, good};
use crate::timed::{DAY, FAR_MONDAY, HOUR, Timed};

/// 2090-01-16T00:00:00Z, two weeks on.
const START: i64 = FAR_MONDAY + 14 * DAY;

fn tokens(entries: &[JournalEntry]) -> impl Iterator<Item = i64> + '_ {
    entries.iter().filter(|entry| entry.path.ends_with("/token") && entry.status == Some(200)).map(|entry| entry.at_ms / 1_000)
}

#[tokio::test]
async fn twelve_of_twelve_months() {
    let oauth = OAuthSettings {
        rotate_refresh_tokens: true,
        revoke_family_on_replay: true,
        refresh_token_idle: Some(Duration::from_secs(30 * 86_400)),
        ..OAuthSettings::default()
    };
    // The grant is given on the day on which the year begins.
    let timed = Timed::with(Config { oauth, ..Config::default() }, START, |_| {}).await;
    timed.both_at(START + 1).await;
    let granted = timed.bench.sandbox.reconnect(&timed.bench.unit());
    let spec = api::ConnectionSpec { refresh_token: Some(api::Secret::new(granted.refresh_token)), ..Default::default() };
    timed.bench.app.put_connection(&timed.bench.actor, "prod", spec, None).await.expect("taken");
    timed.bench.upload("c", &contacts(10, good)).await;
    let monthly = Schedule { cron: "@monthly".into(), ..Schedule::default() };
    timed.put("contacts", json!({}), Some(monthly), None).await;

    let (mut states, mut known) = (Vec::new(), None);
    for day in 1..=365 {
        let journal = timed.bench.sandbox.journal();
        let last = tokens(&journal).last().unwrap_or(START);
        let due = START + day * DAY - last > 6 * DAY;
        // Heard from before the day begins, so that nothing is missed.
        let mut refreshed = next_request(&timed, &journal);
        timed.both_at(START + day * DAY).await;
        let slot = timed.view().await.last.filter(|slot| Some(&slot.scheduled) != known.as_ref());
        if let Some(slot) = slot {
            let job = timed.bench.follow(slot.job_id.as_deref().expect("a job"), |job| job.finished.is_some()).await;
            states.push(job.state);
            known = Some(slot.scheduled);
        } else if due {
            // The sweep that looks at idle grants may be under way; it comes again every hour of this day.
            for hour in 1..24 {
                timed.bench.app.connection(&timed.bench.actor, "prod").await.expect("there");
                if refreshed.try_recv().is_ok() {
                    break;
                }
                timed.both_at(START + day * DAY + hour * HOUR).await;
            }
        }
    }
    assert_eq!(states, [JobState::Success; 12]);
    let journal = timed.bench.sandbox.journal();
    let mut uses: Vec<i64> = std::iter::once(START).chain(tokens(&journal)).chain([START + 365 * DAY]).collect();
    uses.sort_unstable();
    let gap = uses.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
    assert!(gap <= 8 * DAY, "{gap} s without a refresh, {} refreshes", uses.len());
    assert_eq!(timed.bench.counters().token_replays, 0);
}

/// Hears of the next request that the sandbox sees.
fn next_request(timed: &Timed, journal: &[JournalEntry]) -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    let next = journal.last().map_or(1, |entry| entry.sequence + 1);
    timed.bench.sandbox.at_request(next, move || {
        // A day without a request drops it.
        let _ = sender.send(());
    });
    receiver
}
