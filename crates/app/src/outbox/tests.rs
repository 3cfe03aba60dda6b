//! The outbox by a clock that is set by hand and a way that does what the test says: no mail server, no webhook.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use expect_test::expect;
use serde_json::json;
use store::{Change, NewNotice, NoticeFilter, NoticeState};

use super::*;
use crate::Clock;
use crate::fixture::{Bench, NOW};

/// What the way does with a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    Blocked,
    /// Blocked, and not before a quarter of an hour.
    Locked,
    Greylisted,
    Refuses,
    Panics,
    Hangs,
}
use Way::{Blocked, Greylisted, Hangs, Locked, Open, Panics, Refuses};

type Sending = Pin<Box<dyn Future<Output = Result<(), SendError>> + Send>>;
type Carrier = Box<dyn Fn(App, Notice) -> Sending + Send + Sync>;

/// An application, and what happens to notices for targets that begin so; to others nothing does.
struct Office {
    bench: Bench,
    clock: Clock,
    odd: Arc<Mutex<(&'static str, Way)>>,
    /// The notices that set out.
    out: Arc<Mutex<Vec<String>>>,
}

impl Office {
    async fn new() -> Office {
        let clock = Clock::by_hand(NOW);
        let by = clock.clone();
        let bench = Bench::with(|config| config.clock = by).await;
        Office { bench, clock, odd: Arc::new(Mutex::new(("", Open))), out: Arc::default() }
    }

    fn store(&self) -> &store::Store {
        &self.bench.app.0.store
    }

    /// Notices `1`, `2`, … to these targets, written now.
    async fn write(&self, channel: NoticeChannel, targets: &[&str]) {
        let notice = |(number, target): (usize, &&str)| {
            Change::InsertNotice(NewNotice {
                id: format!("n{:02}", number + 1),
                created: self.clock.now(),
                event: "failure".into(),
                query: None,
                job: None,
                channel,
                target: (*target).to_owned(),
                body: json!({}),
            })
        };
        self.store().apply(targets.iter().enumerate().map(notice).collect()).await.unwrap();
    }

    fn now_is(&self, target: &'static str, way: Way) {
        *self.odd.lock().unwrap_or_else(PoisonError::into_inner) = (target, way);
    }

    fn outbox(&self, channel: NoticeChannel) -> Outbox<Carrier> {
        let (odd, out) = (Arc::clone(&self.odd), Arc::clone(&self.out));
        let send = move |_: App, notice: Notice| -> Sending {
            let (target, way) = *odd.lock().unwrap_or_else(PoisonError::into_inner);
            let way = if notice.target.starts_with(target) { way } else { Open };
            out.lock().unwrap_or_else(PoisonError::into_inner).push(notice.id);
            Box::pin(async move {
                let (message, hint) = ("no".to_owned(), "mend it".to_owned());
                match way {
                    Open => Ok(()),
                    Blocked => Err(SendError::Blocked { message, hint, wait: None }),
                    Locked => Err(SendError::Blocked { message, hint, wait: Some(Duration::from_secs(900)) }),
                    Greylisted => Err(SendError::Later { message, hint, wait: None }),
                    Refuses => Err(SendError::Refused { message, hint }),
                    Panics => panic!("a defect"),
                    Hangs => std::future::pending().await,
                }
            })
        };
        Outbox::new(self.bench.app.clone(), channel, Box::new(send))
    }

    /// How many set out since the last call.
    fn set_out(&self) -> usize {
        std::mem::take(&mut *self.out.lock().unwrap_or_else(PoisonError::into_inner)).len()
    }

    /// Each notice, the oldest first: state, tries, seconds from the beginning until it is tried again.
    async fn kept(&self) -> Vec<(NoticeState, u32, Option<i64>)> {
        let notices = self.store().notices(&NoticeFilter::default(), None, 100).await.unwrap();
        notices.iter().rev().map(|kept| (kept.state, kept.attempts, kept.next.map(|next| next - NOW))).collect()
    }
}

impl Outbox<Carrier> {
    /// Sends until nothing travels and nothing may set out.
    async fn run_dry(&mut self) {
        self.look().await.unwrap();
        while let Some(tried) = self.travelling.join_next_with_id().await {
            self.tried(tried).await;
            self.look().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_way_that_is_blocked_rests_and_costs_those_behind_nothing() {
    let office = Office::new().await;
    office.write(NoticeChannel::Mail, &["a"; 20]).await;
    let mut outbox = office.outbox(NoticeChannel::Mail);
    office.now_is("", Blocked);
    // Those that set out together, then one after each rest: 1, 5, 15, 30 and again 30 minutes.
    let tries =
        [(0, 4), (59, 0), (60, 1), (359, 0), (360, 1), (1_259, 0), (1_260, 1), (3_060, 1), (4_859, 0), (4_860, 1)];
    let mut all = 0;
    for (second, wanted) in tries {
        office.clock.set(NOW + second);
        outbox.run_dry().await;
        let out = office.set_out();
        assert_eq!(out, wanted, "after {second} s");
        all += out;
    }
    let kept = office.kept().await;
    assert!(kept.iter().all(|(state, _, _)| *state == NoticeState::Waiting), "{kept:?}");
    assert_eq!(kept.iter().map(|(_, attempts, _)| *attempts as usize).sum::<usize>(), all, "{kept:?}");
    assert!(kept.iter().filter(|(_, attempts, _)| *attempts == 0).count() >= 11, "{kept:?}");

    // One finds out that it is open, and all others follow.
    office.now_is("", Open);
    office.clock.set(NOW + 6_660);
    outbox.run_dry().await;
    assert_eq!(office.set_out(), 20);
    assert!(office.kept().await.iter().all(|(state, _, _)| *state == NoticeState::Sent));
}

#[tokio::test]
async fn what_concerns_one_notice_holds_up_no_other() {
    let office = Office::new().await;
    office.write(NoticeChannel::Mail, &["bad", "good", "bad", "bad", "bad", "bad", "good"]).await;
    let mut outbox = office.outbox(NoticeChannel::Mail);
    office.now_is("bad", Greylisted);
    outbox.run_dry().await;
    assert_eq!(office.set_out(), 7);
    office.now_is("bad", Refuses);
    office.clock.set(NOW + 60);
    outbox.run_dry().await;
    assert_eq!(office.set_out(), 5);
    let failed = office
        .kept()
        .await
        .iter()
        .filter(|(state, attempts, _)| (*state, *attempts) == (NoticeState::Failed, 2))
        .count();
    assert_eq!(failed, 5);
}

#[tokio::test]
async fn a_wait_that_is_asked_for_holds_for_the_whole_way() {
    let office = Office::new().await;
    office.write(NoticeChannel::Mail, &["a"; 6]).await;
    let mut outbox = office.outbox(NoticeChannel::Mail);
    office.now_is("", Locked);
    for (second, wanted) in [(0, 4), (60, 0), (899, 0), (900, 1), (1_799, 0), (1_800, 1)] {
        office.clock.set(NOW + second);
        outbox.run_dry().await;
        assert_eq!(office.set_out(), wanted, "after {second} s");
    }
}

#[tokio::test]
async fn a_webhook_that_is_blocked_holds_up_no_other() {
    let office = Office::new().await;
    office.write(NoticeChannel::Webhook, &["down", "down", "down", "down", "down", "down", "up", "up"]).await;
    let mut outbox = office.outbox(NoticeChannel::Webhook);
    office.now_is("down", Blocked);
    outbox.run_dry().await;
    assert_eq!(office.set_out(), 6, "four together, then the two for the other");
    let sent = office.kept().await.into_iter().map(|(state, ..)| state == NoticeState::Sent).collect::<Vec<_>>();
    assert_eq!(sent, [false, false, false, false, false, false, true, true]);
    office.clock.set(NOW + 60);
    outbox.run_dry().await;
    assert_eq!(office.set_out(), 1);
}

#[tokio::test]
async fn what_waits_a_day_for_a_closed_way_is_given_up() {
    let office = Office::new().await;
    office.write(NoticeChannel::Mail, &["a"; 100]).await;
    let mut outbox = office.outbox(NoticeChannel::Mail);
    office.now_is("", Blocked);
    let (mut tries, mut second) = (0, 0);
    while office.kept().await.iter().any(|(state, ..)| *state == NoticeState::Waiting) {
        assert!(second < 90_000, "it ends");
        office.clock.set(NOW + second);
        outbox.run_dry().await;
        tries += office.set_out();
        second += 1_800;
    }
    assert_eq!((second - 1_800, tries), (86_400, 52));
    let kept = office.kept().await;
    assert!(kept.iter().all(|(state, ..)| *state == NoticeState::Failed), "{kept:?}");
    let notice = office.store().notices(&NoticeFilter::default(), None, 1).await.unwrap().remove(0);
    let cause = remarked(notice.error.as_deref().unwrap());
    assert_eq!((cause.message.as_str(), cause.hint.as_deref()), ("no", Some("mend it")));
}

#[tokio::test]
async fn a_defect_in_sending_ends_one_notice() {
    let office = Office::new().await;
    office.write(NoticeChannel::Mail, &["odd", "good"]).await;
    let mut outbox = office.outbox(NoticeChannel::Mail);
    office.now_is("odd", Panics);
    outbox.run_dry().await;
    assert_eq!(office.kept().await, [(NoticeState::Failed, 1, None), (NoticeState::Sent, 1, None)]);
}

#[tokio::test]
async fn a_try_is_counted_and_put_off_before_it_begins() {
    let office = Office::new().await;
    office.write(NoticeChannel::Mail, &["a"]).await;
    let mut outbox = office.outbox(NoticeChannel::Mail);
    office.now_is("", Hangs);
    outbox.look().await.unwrap();
    assert_eq!(office.kept().await, [(NoticeState::Waiting, 1, Some(60))]);
    // The clock goes on while it travels.
    office.clock.set(NOW + 600);
    outbox.look().await.unwrap();
    assert_eq!(office.set_out(), 1, "it does not set out twice");

    // The process dies: it comes again after its wait, and after the last try it is given up.
    drop(outbox);
    let mut second = 600;
    for attempts in 2..=10 {
        office.clock.set(NOW + second);
        office.outbox(NoticeChannel::Mail).look().await.unwrap();
        let kept = office.kept().await;
        assert_eq!((kept[0].0, kept[0].1, office.set_out()), (NoticeState::Waiting, attempts, 1));
        second = kept[0].2.unwrap();
    }
    office.clock.set(NOW + second);
    office.outbox(NoticeChannel::Mail).look().await.unwrap();
    assert_eq!((office.kept().await, office.set_out()), (vec![(NoticeState::Failed, 10, None)], 0));
}

#[tokio::test]
async fn what_an_orderly_stop_cuts_off_counts_as_no_try() {
    let office = Office::new().await;
    office.write(NoticeChannel::Mail, &["slow", "good"]).await;
    office.now_is("slow", Hangs);
    let keeping = tokio::spawn(office.outbox(NoticeChannel::Mail).keep());
    while office.kept().await[1].0 != NoticeState::Sent {
        tokio::task::yield_now().await;
    }
    office.bench.app.begin_stop();
    keeping.await.unwrap();
    assert_eq!(office.kept().await, [(NoticeState::Waiting, 0, Some(0)), (NoticeState::Sent, 1, None)]);
}

#[tokio::test]
async fn a_clock_that_was_ahead_puts_nothing_off() {
    const AHEAD: i64 = 30 * 86_400;
    let office = Office::new().await;
    let mut outbox = office.outbox(NoticeChannel::Mail);
    office.clock.set(NOW + AHEAD);
    office.write(NoticeChannel::Mail, &["down", "down", "down", "down", "later"]).await;
    office.now_is("down", Blocked);
    outbox.run_dry().await;
    assert_eq!(office.set_out(), 4);
    office.now_is("", Open);
    office.clock.set(NOW);
    outbox.run_dry().await;
    assert_eq!(office.set_out(), 5);

    // The same over a restart, and by less than a day for one that was never tried.
    for ahead in [AHEAD, 3_600] {
        let office = Office::new().await;
        office.clock.set(NOW + ahead);
        office.write(NoticeChannel::Mail, &["a"]).await;
        office.clock.set(NOW);
        office.outbox(NoticeChannel::Mail).run_dry().await;
        assert_eq!(office.set_out(), 1, "{ahead} s");
    }
}

#[test]
fn remarks_are_read_back_as_they_were() {
    let said = "the mail server refuses the recipient: 550 moved. To do: call {\"message\":1}";
    let kept = remark(said, "correct the address. To do: now");
    let read = remarked(&kept);
    expect![[r#"
        the mail server refuses the recipient: 550 moved. To do: call {"message":1}
        correct the address. To do: now"#]]
    .assert_eq(&format!("{}\n{}", read.message, read.hint.unwrap()));
    assert_eq!(remarked("no JSON"), Cause { message: "no JSON".into(), hint: None });
    let long = remarked(&remark(&"ö".repeat(900), &"ä".repeat(900)));
    assert_eq!((long.message.chars().count(), long.hint.unwrap().chars().count()), (500, 500));
    assert_eq!(WAITS.iter().sum::<i64>(), PATIENCE);
}
