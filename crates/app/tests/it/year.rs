//! A year of a monthly schedule over a grant that Salesforce ends when it lies idle for 30 days.

use std::time::Duration;

use api::Schedule;
use model::JobState;
use pardot_sim::{Config, JournalEntry, OAuthSettings};
use serde_json::json;

use crate::bench::{contacts, good};
use crate::timed::{DAY, FAR_MONDAY, Timed};

/// 2090-01-16T00:00:00Z, two weeks on.
const START: i64 = FAR_MONDAY + 14 * DAY;

fn tokens(entries: &[JournalEntry]) -> impl Iterator<Item = i64> + '_ {
    entries
        .iter()
        .filter(|entry| entry.path.ends_with("/token") && entry.status == Some(200))
        .map(|entry| entry.at_ms / 1_000)
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
    let spec =
        api::ConnectionSpec { refresh_token: Some(api::Secret::new(granted.refresh_token)), ..Default::default() };
    timed.bench.app.put_connection(&timed.bench.actor, "prod", spec, None).await.expect("taken");
    timed.bench.upload("c", &contacts(10, good)).await;
    let monthly = Schedule { cron: "@monthly".into(), ..Schedule::default() };
    timed.put("contacts", json!({}), Some(monthly), None).await;

    let (mut states, mut known) = (Vec::new(), None);
    for day in 1..=365 {
        timed.both_at(START + day * DAY).await;
        timed.bench.app.swept(START + day * DAY).await;
        let slot = timed.view().await.last.filter(|slot| Some(&slot.scheduled) != known.as_ref());
        if let Some(slot) = slot {
            let job = timed.bench.follow(slot.job_id.as_deref().expect("a job"), |job| job.finished.is_some()).await;
            states.push(job.state);
            known = Some(slot.scheduled);
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
