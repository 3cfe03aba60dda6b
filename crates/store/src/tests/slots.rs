//! Slots: a scheduled time fires once, whatever happens at the same moment.
//!
//! Knows the store's doors only.

use std::time::Instant;

use expect_test::expect;
use model::JobState;
use tempfile::tempdir;
use tokio::task::JoinSet;

use super::{entry, id, server_job, slot};
use crate::{Change, NewJob, Once, Slot, SlotEnd, Started, Store, StoreError};

/// A job for a scheduled time of a schedule, with its slot.
async fn fire(store: &Store, schedule: &str, scheduled: i64, number: u32) -> Result<Started, StoreError> {
    let job = NewJob { scheduled: Some(scheduled), ..server_job(number) };
    let end = SlotEnd::Run { job: job.id.clone() };
    let slot = Slot { schedule: schedule.into(), scheduled, end, at: scheduled + 1, note: None };
    store.create_job_with(job, None, vec![Change::InsertSlot(slot)], None, scheduled + 1).await
}

#[tokio::test]
async fn a_scheduled_time_fires_once_over_two_processes() {
    let directory = tempdir().unwrap();
    let stores = [Store::open(directory.path()).await.unwrap(), Store::open(directory.path()).await.unwrap()];
    let mut calls = JoinSet::new();
    for number in 0..60_u32 {
        let store = stores[number as usize % 2].clone();
        calls.spawn(async move { fire(&store, "q1", i64::from(number % 5) * 60, number).await });
    }
    let (mut fired, mut refused) = (0, 0);
    while let Some(done) = calls.join_next().await {
        match done.unwrap() {
            Ok(Started::New) => fired += 1,
            Err(StoreError::SlotTaken { schedule, .. }) if schedule == "q1" => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((fired, refused), (5, 55));
    let slots = stores[0].slots("q1", None, 100).await.unwrap();
    let jobs = stores[1].jobs(100).await.unwrap();
    assert_eq!((slots.len(), jobs.len()), (5, 5));
    for slot in slots {
        let job = stores[0].job(slot.end.job().unwrap()).await.unwrap().unwrap();
        assert_eq!(job.scheduled, Some(slot.scheduled));
    }
}

#[tokio::test]
async fn a_start_whose_time_has_run_leaves_nothing() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    store.apply(vec![Change::InsertSlot(slot("q1", 1)), Change::InsertSlot(slot("q1", 3))]).await.unwrap();
    let once = Once { key: "key".into(), actor: "ada".into(), fingerprint: [1; 32] };
    let fill = |number: u32, job: u32| {
        Change::FillSlot(Slot { end: SlotEnd::Run { job: id(job) }, at: 99, ..slot("q1", number) })
    };
    let start = async |change: Change| {
        let changes = vec![Change::Audit(entry(1, "ada")), change];
        store.create_job_with(server_job(50), None, changes, Some(once.clone()), 100).await
    };
    let run = Slot { end: SlotEnd::Run { job: id(50) }, ..slot("q1", 3) };
    let mut said = String::new();
    for (name, change) in [
        ("run again", fill(1, 50)),
        ("insert over a run", Change::InsertSlot(slot("q1", 1))),
        ("insert over a missed one", Change::InsertSlot(run)),
        ("fill what is not there", fill(2, 50)),
    ] {
        let error = start(change).await.unwrap_err();
        said.push_str(&format!("{name}: {error}: {}\n", error.hint()));
    }
    expect![[r#"
        run again: schedule q1 has dealt with its time 3600 already: look at the history of the schedule
        insert over a run: schedule q1 has dealt with its time 3600 already: look at the history of the schedule
        insert over a missed one: schedule q1 has dealt with its time 10800 already: look at the history of the schedule
        fill what is not there: there is no slot 7200 of schedule q1: look at the list; it may have been deleted meanwhile
    "#]]
    .assert_eq(&said);
    assert!(store.jobs(9).await.unwrap().is_empty());
    assert!(store.audit_page(None, 9).await.unwrap().is_empty());
    assert_eq!(store.slots("q1", None, 9).await.unwrap(), [slot("q1", 3), slot("q1", 1)]);

    // No key was used up, and the missed one runs after all; its remark stays.
    assert_eq!(start(fill(3, 50)).await.unwrap(), Started::New);
    let filled = Slot { end: SlotEnd::Run { job: id(50) }, at: 99, ..slot("q1", 3) };
    assert_eq!(store.slots("q1", None, 1).await.unwrap().first(), Some(&filled));
    let again = store.apply(vec![fill(3, 51)]).await.unwrap_err();
    assert!(matches!(again, StoreError::SlotTaken { scheduled: 10_800, .. }), "{again}");

    // A slot outlives its job.
    store.set_state(&id(50), JobState::Killed, None, 100).await.unwrap();
    store.delete_job(&id(50)).await.unwrap();
    store.close().await;
    let store = Store::open(directory.path()).await.unwrap();
    assert_eq!(store.slots("q1", None, 1).await.unwrap(), [filled]);
}

#[tokio::test]
async fn slots_are_read_in_pages_spans_and_by_the_newest() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let mut changes: Vec<Change> = (1..=40).map(|number| Change::InsertSlot(slot("q1", number))).collect();
    // The same times of another schedule, written in another order.
    changes.extend((1..=7).rev().map(|number| Change::InsertSlot(slot("q2", number))));
    store.apply(changes).await.unwrap();
    let (mut got, mut before) = (Vec::new(), None);
    loop {
        let page = store.slots("q1", before, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.scheduled);
        got.extend(page);
    }
    assert_eq!(got, (1..=40).rev().map(|number| slot("q1", number)).collect::<Vec<_>>());
    let spans = [(3_600, 3_601, 1..2), (3_600, 10_800, 1..3), (0, 3_600, 1..1), (39 * 3_600, i64::MAX, 39..41)];
    for (from, until, want) in spans {
        let want: Vec<Slot> = want.map(|number| slot("q1", number)).collect();
        assert_eq!(store.slots_between("q1", from, until).await.unwrap(), want, "{from} {until}");
    }
    let asked = ["q2", "q3", "q1"].map(str::to_owned);
    let mut newest = store.newest_slots_of(&asked).await.unwrap();
    newest.sort_by(|one, two| one.schedule.cmp(&two.schedule));
    assert_eq!(newest, [slot("q1", 40), slot("q2", 7)]);
    assert!(store.newest_slots_of(&[]).await.unwrap().is_empty());

    store.apply(vec![Change::DeleteSlots { schedule: "q1".into() }]).await.unwrap();
    store.apply(vec![Change::DeleteSlots { schedule: "q1".into() }]).await.unwrap();
    assert!(store.slots("q1", None, 9).await.unwrap().is_empty());
    assert_eq!(store.slots("q2", None, 9).await.unwrap().len(), 7);
}

#[tokio::test]
async fn old_slots_go() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    // More than one transaction deletes at most.
    let changes = (1..=2_500).map(|number| Change::InsertSlot(slot("q1", number))).collect();
    store.apply(changes).await.unwrap();
    // Filled today, so that it is not old.
    let fill = Slot { end: SlotEnd::Run { job: id(3) }, at: 2_600 * 3_600, ..slot("q1", 3) };
    let fill = Change::FillSlot(fill);
    store.apply(vec![fill]).await.unwrap();
    let newest = Instant::now();
    assert_eq!(store.newest_slots_of(&["q1".to_owned()]).await.unwrap(), [slot("q1", 2_500)]);
    println!("the newest of 2,500 slots: {:?}", newest.elapsed());
    store.sweep(2_400 * 3_600, 10, 1).await.unwrap();
    assert_eq!(store.slots("q1", None, 5_000).await.unwrap().len(), 2_500, "not with the jobs");
    assert_eq!(store.sweep_slots(2_400 * 3_600).await.unwrap(), 2_398);
    let left = store.slots("q1", None, 5_000).await.unwrap();
    let times: Vec<i64> = left.iter().map(|slot| slot.scheduled / 3_600).collect();
    assert_eq!(times, (2_400..=2_500).rev().chain([3]).collect::<Vec<_>>());
}

#[tokio::test]
async fn five_hundred_schedules_fire_at_midnight() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let begun = Instant::now();
    let mut calls = JoinSet::new();
    for number in 0..500 {
        let store = store.clone();
        calls.spawn(async move { fire(&store, &format!("q{number}"), 1_790_000_000, number).await.unwrap() });
    }
    while let Some(started) = calls.join_next().await {
        assert_eq!(started.unwrap(), Started::New);
    }
    let elapsed = begun.elapsed();
    let schedules: Vec<String> = (0..500).map(|number| format!("q{number}")).collect();
    let read = Instant::now();
    assert_eq!(store.newest_slots_of(&schedules).await.unwrap().len(), 500);
    println!("500 slots with their jobs: {elapsed:?}; the newest of each: {:?}", read.elapsed());
    // Many times what it takes on a slow machine: one commit for each would fail here.
    assert!(elapsed.as_secs() < 5, "{elapsed:?}");
    assert!(read.elapsed().as_millis() < 500, "{:?}", read.elapsed());
}
