//! What calls are let out under which terms, call by call.
//!
//! Knows no network: a test says how each call ends.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;

fn allowance(reserve: u8, budget: Option<u64>) -> Arc<Allowance> {
    Arc::new(Allowance::new(reserve, budget))
}

/// Asks once, without waiting: a ticket, a refusal in words, or "waits".
fn ask(allowance: &Arc<Allowance>) -> Result<Ticket, String> {
    let mut taking = pin!(allowance.take(Claim::Within));
    match taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(taken) => taken.map_err(|shortage| shortage.to_string()),
        Poll::Pending => Err("waits".into()),
    }
}

fn go(allowance: &Arc<Allowance>) -> Ticket {
    ask(allowance).unwrap_or_else(|why| panic!("{why}"))
}

fn refusal(allowance: &Arc<Allowance>) -> String {
    ask(allowance).map_or_else(|why| why, |_| "goes out".into())
}

fn usage(used: u64) -> Option<Usage> {
    Some(Usage { used, limit: 100 })
}

/// One call whose answer tells that `used` of 100 are used.
fn tells(allowance: &Arc<Allowance>, used: u64) {
    go(allowance).answered(usage(used), true);
}

const REFUSED: &str = "90 of today's 100 Pardot calls are used; 10 % are left to others";

#[test]
fn nothing_is_withheld_by_default() {
    let allowance = Arc::new(Allowance::default());
    tells(&allowance, 99);
    let calls: Vec<Ticket> = (0..200).map(|_| go(&allowance)).collect();
    assert_eq!((allowance.spent(), allowance.left(), allowance.shortage()), (201, Some(1), None));
    drop(calls);
    assert_eq!((allowance.usage(), allowance.left()), (Some(Usage { used: 299, limit: 100 }), Some(0)));
}

#[test]
fn the_first_call_of_a_day_goes_out_alone() {
    let allowance = allowance(10, None);
    let first = go(&allowance);
    assert_eq!(refusal(&allowance), "waits");
    // What may have reached Pardot and told nothing decides nothing: the next one asks.
    drop(first);
    let second = go(&allowance);
    assert_eq!(refusal(&allowance), "waits");
    second.answered(usage(2), true);
    let _both = (go(&allowance), go(&allowance));
}

#[test]
fn the_last_calls_before_the_reserve_are_made_and_no_more() {
    let allowance = allowance(10, None);
    tells(&allowance, 87);
    let (one, two) = (go(&allowance), go(&allowance));
    // 87 are told, two are under way: whether the 90th is used depends on others, so what is under way decides.
    let three = go(&allowance);
    assert_eq!(refusal(&allowance), "waits");
    one.answered(usage(88), true);
    assert_eq!(refusal(&allowance), "waits");
    two.not_sent();
    let four = go(&allowance);
    three.answered(usage(89), true);
    assert_eq!(refusal(&allowance), "waits");
    four.answered(usage(90), true);
    assert_eq!(refusal(&allowance), REFUSED);
    assert_eq!((allowance.left(), allowance.spent()), (Some(0), 4));
}

#[test]
fn calls_of_others_count() {
    let allowance = allowance(10, None);
    tells(&allowance, 12);
    tells(&allowance, 95);
    assert_eq!(refusal(&allowance), "95 of today's 100 Pardot calls are used; 10 % are left to others");
}

#[test]
fn calls_that_tell_nothing_are_used_until_a_later_count_has_them() {
    let allowance = allowance(10, None);
    tells(&allowance, 80);
    let early = go(&allowance);
    for _ in 0..5 {
        drop(go(&allowance));
    }
    assert_eq!(allowance.usage(), usage(85));
    // Sent before those five: its count need not have them.
    early.answered(usage(81), true);
    assert_eq!(allowance.usage(), usage(86));
    tells(&allowance, 82);
    assert_eq!(allowance.usage(), usage(82));
}

#[test]
fn without_a_count_the_reserve_refuses_nothing() {
    let allowance = allowance(10, None);
    // A failure need not tell a count where a success would.
    go(&allowance).answered(None, false);
    let asking = go(&allowance);
    assert_eq!(refusal(&allowance), "waits");
    asking.answered(None, true);
    let _calls: Vec<Ticket> = (0..500).map(|_| go(&allowance)).collect();
    assert_eq!((allowance.usage(), allowance.left()), (None, None));
}

#[test]
fn older_counts_lower_nothing() {
    let allowance = allowance(10, None);
    tells(&allowance, 20);
    let slow = go(&allowance);
    for used in 22..=89 {
        tells(&allowance, used);
    }
    // Below half of what is known now, yet not of what was known when it left.
    slow.answered(usage(21), true);
    assert_eq!(allowance.usage(), usage(89));
    tells(&allowance, 88);
    assert_eq!(allowance.usage(), usage(89));
}

#[test]
fn a_count_that_falls_by_much_is_a_new_day() {
    for (then, now, new_day) in [(90, 45, false), (90, 44, true), (60, 1, true), (12, 1, true), (11, 1, false)] {
        let allowance = allowance(5, None);
        tells(&allowance, then);
        tells(&allowance, now);
        let want = if new_day { (usage(now), 1) } else { (usage(then), 2) };
        assert_eq!((allowance.usage(), allowance.spent()), want, "{then} {now}");
    }
}

#[test]
fn answers_of_yesterday_say_nothing_about_today() {
    let allowance = allowance(10, None);
    tells(&allowance, 80);
    let (late, later) = (go(&allowance), go(&allowance));
    allowance.new_day();
    assert_eq!((allowance.usage(), allowance.spent()), (None, 0));
    late.answered(usage(82), true);
    assert_eq!(allowance.usage(), None);
    tells(&allowance, 1);
    later.answered(usage(81), true);
    // It may have been counted today after all.
    assert_eq!((allowance.usage(), allowance.spent()), (usage(2), 1));
    tells(&allowance, 2);
    assert_eq!(allowance.usage(), usage(2));
}

#[test]
fn a_probe_is_one_call_and_its_answer_decides() {
    let allowance = allowance(10, None);
    allowance.probe();
    tells(&allowance, 90);
    assert_eq!(refusal(&allowance), REFUSED, "a probe asked for in vain is not kept");
    allowance.probe();
    let probe = go(&allowance);
    assert_eq!(refusal(&allowance), "waits");
    probe.answered(usage(91), true);
    assert!(refusal(&allowance).starts_with("91 of"));
    allowance.probe();
    drop(go(&allowance));
    let again = go(&allowance);
    assert_eq!(refusal(&allowance), "waits", "a probe that told nothing, with a stale token say, is made again");
    again.answered(usage(93), true);
    assert!(refusal(&allowance).starts_with("93 of"));
    allowance.probe();
    tells(&allowance, 1);
    assert_eq!((allowance.usage(), allowance.left(), allowance.spent()), (usage(1), Some(89), 1));
    let _several = (go(&allowance), go(&allowance));
}

#[test]
fn a_budget_is_ours_alone() {
    let allowance = allowance(0, Some(3));
    allowance.restore(1);
    let (one, two) = (go(&allowance), go(&allowance));
    assert_eq!(refusal(&allowance), "the budget of 3 calls a day is used up");
    assert_eq!(allowance.shortage(), Some(Shortage::Budget { spent: 3, budget: 3 }));
    one.not_sent();
    let three = go(&allowance);
    drop((two, three));
    allowance.probe();
    assert_eq!(refusal(&allowance), "the budget of 3 calls a day is used up");
    assert_eq!((allowance.spent(), allowance.left()), (3, Some(0)));
    allowance.new_day();
    assert_eq!((allowance.spent(), allowance.left()), (0, Some(3)));
    tells(&allowance, 99);
    assert_eq!(allowance.left(), Some(1), "reserve or budget, whichever leaves less");
}

#[test]
fn terms_change_while_in_use() {
    let allowance = allowance(10, None);
    tells(&allowance, 90);
    assert_eq!(refusal(&allowance), REFUSED);
    allowance.set(5, None);
    drop(go(&allowance));
    allowance.set(200, Some(7));
    assert_eq!((allowance.reserve(), allowance.budget()), (90, Some(7)));
    assert!(refusal(&allowance).starts_with("91 of"));
    allowance.set(0, Some(2));
    assert_eq!(refusal(&allowance), "the budget of 2 calls a day is used up");
}

#[test]
fn the_account_object_tells_too() {
    let allowance = allowance(10, None);
    allowance.tell(Usage { used: 90, limit: 100 });
    assert_eq!(refusal(&allowance), REFUSED);
    allowance.tell(Usage { used: 3, limit: 100 });
    assert_eq!(allowance.left(), Some(0), "it may be older");
    allowance.new_day();
    allowance.tell(Usage { used: 3, limit: 100 });
    assert_eq!(allowance.left(), Some(87));
}

#[test]
fn an_account_without_calls_is_left_to_its_own_answer() {
    let allowance = allowance(10, None);
    go(&allowance).answered(Some(Usage { used: 0, limit: 0 }), false);
    drop(go(&allowance));
}

#[tokio::test]
async fn calls_that_a_person_waits_for_are_counted_and_never_refused() {
    let allowance = allowance(10, Some(2));
    tells(&allowance, 90);
    for used in 91..=95 {
        allowance.take(Claim::Beyond).await.unwrap().answered(usage(used), true);
    }
    assert_eq!((allowance.spent(), allowance.usage()), (6, usage(95)));
    assert_eq!(refusal(&allowance), "the budget of 2 calls a day is used up");
}

#[tokio::test]
async fn whoever_waits_hears_of_every_change() {
    for change in [
        |_: &Allowance, ticket: Ticket| ticket.answered(usage(50), true),
        |_: &Allowance, ticket: Ticket| ticket.not_sent(),
        |allowance: &Allowance, ticket: Ticket| {
            allowance.set(0, None);
            std::mem::forget(ticket);
        },
        |allowance: &Allowance, ticket: Ticket| {
            allowance.new_day();
            std::mem::forget(ticket);
        },
    ] {
        let allowance = allowance(10, None);
        let first = go(&allowance);
        let waiting = tokio::spawn({
            let allowance = allowance.clone();
            async move { allowance.take(Claim::Within).await.map(drop) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        change(&allowance, first);
        assert_eq!(waiting.await.unwrap(), Ok(()));
    }
}
