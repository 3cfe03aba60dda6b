//! Slots under throttling, clean answers and hiccups.
//!
//! Knows no call.

use super::*;

fn limiter() -> Arc<Limiter> {
    Arc::new(Limiter::new())
}

async fn take(limiter: &Arc<Limiter>, count: usize) -> Vec<Slot> {
    let mut slots = Vec::new();
    for _ in 0..count {
        slots.push(limiter.slot().await);
    }
    slots
}

fn free(limiter: &Limiter) -> usize {
    limiter.slots.available_permits()
}

#[tokio::test]
async fn five_slots_and_no_more() {
    let limiter = limiter();
    let slots = take(&limiter, 5).await;
    assert_eq!((free(&limiter), limiter.in_flight(), limiter.max_in_flight()), (0, 5, 5));
    drop(slots);
    assert_eq!((free(&limiter), limiter.in_flight(), limiter.max_in_flight()), (5, 0, 5));
}

#[tokio::test]
async fn throttles_of_one_moment_halve_once() {
    let limiter = limiter();
    let slots = take(&limiter, 5).await;
    for slot in &slots {
        limiter.throttled(slot);
    }
    assert_eq!(limiter.lanes(), 2);
    drop(slots);
    assert_eq!(free(&limiter), 2);
    for want in [1, 1] {
        let slot = limiter.slot().await;
        limiter.throttled(&slot);
        assert_eq!(limiter.lanes(), want);
    }
    assert_eq!(free(&limiter), 1);
    assert!(limiter.is_throttled());
}

#[tokio::test]
async fn twenty_clean_answers_bring_one_slot_back() {
    let limiter = limiter();
    let now = Instant::now();
    for _ in 0..3 {
        let slot = limiter.slot().await;
        limiter.throttled(&slot);
    }
    for want in 2..=5 {
        for _ in 0..19 {
            limiter.clean(now);
            assert_eq!(limiter.lanes(), want - 1);
        }
        limiter.clean(now);
        assert_eq!((limiter.lanes(), free(&limiter)), (want, want));
    }
    for _ in 0..100 {
        limiter.clean(now);
    }
    assert_eq!((limiter.lanes(), free(&limiter), limiter.last_clean()), (5, 5, Some(now)));
}

#[tokio::test]
async fn slots_that_come_back_while_others_are_owed() {
    let limiter = limiter();
    let mut slots = take(&limiter, 5).await;
    limiter.throttled(&slots[0]);
    for _ in 0..20 {
        limiter.clean(Instant::now());
    }
    assert_eq!(limiter.lanes(), 3);
    slots.truncate(3);
    assert_eq!(free(&limiter), 0);
    slots.clear();
    assert_eq!(free(&limiter), 3);
}

#[tokio::test]
async fn an_empty_bucket_lets_one_probe_through() {
    let limiter = limiter();
    for _ in 0..20 {
        assert!(!limiter.is_probing());
        limiter.hiccup();
    }
    assert!(limiter.is_probing());
    let first = limiter.slot().await;
    assert_eq!(limiter.probe.available_permits(), 0);
    limiter.clean(Instant::now());
    assert!(!limiter.is_probing());
    let _others = take(&limiter, 4).await;
    drop(first);
    assert_eq!(limiter.probe.available_permits(), 1);
}
