//! Notices: each waits until it was taken or given up, and none names anybody where it must not.
//!
//! Knows the store's doors only.

use expect_test::expect;
use model::JobId;
use tempfile::tempdir;

use super::{id, notice as new};
use crate::notice;
use crate::{Change, NewNotice, Notice, NoticeChannel, NoticeEnd, NoticeFilter, NoticeState, Store, StoreError};

async fn with_notices(directory: &std::path::Path, numbers: impl Iterator<Item = u32>) -> Store {
    let store = Store::open(directory).await.unwrap();
    store.apply(numbers.map(|number| Change::InsertNotice(new(number))).collect()).await.unwrap();
    store
}

async fn due(store: &Store, now: i64) -> Vec<String> {
    let mut found = store.due_notices(NoticeChannel::Mail, now, &[], 100).await.unwrap();
    found.extend(store.due_notices(NoticeChannel::Webhook, now, &[], 100).await.unwrap());
    found.sort_by(|one, other| (one.next, &one.id).cmp(&(other.next, &other.id)));
    found.into_iter().map(|notice| notice.id).collect()
}

async fn kept(store: &Store, number: u32) -> Option<Notice> {
    store.read(async |connection| notice::find(connection, id(number).as_str()).await).await.unwrap()
}

#[tokio::test]
async fn a_notice_waits_until_it_was_taken_or_given_up() {
    let directory = tempdir().unwrap();
    let store = with_notices(directory.path(), [3, 1, 2].into_iter()).await;
    let at = |number: i64| 1_790_000_000 + number;
    let named = |number: u32| id(number).to_string();
    assert_eq!(due(&store, at(0)).await, Vec::<String>::new());
    assert_eq!(due(&store, at(2)).await, [named(1), named(2)]);
    assert_eq!(store.due_notices(NoticeChannel::Webhook, at(9), &[], 1).await.unwrap().len(), 1);

    // A try is counted, and the next one put off, when it begins.
    let later = |next| NoticeEnd::Later { error: "the connection was refused".into(), next };
    store.claim_notice(&named(1), at(20)).await.unwrap();
    assert_eq!(kept(&store, 1).await.map(|kept| (kept.attempts, kept.next)), Some((1, Some(at(20)))));
    assert_eq!((due(&store, at(19)).await, due(&store, at(20)).await[2].clone()), (vec![named(2), named(3)], named(1)));
    store.settle_notice(&named(1), later(at(60))).await.unwrap();
    store.claim_notice(&named(2), at(20)).await.unwrap();
    store.settle_notice(&named(2), NoticeEnd::Sent { at: at(5) }).await.unwrap();
    assert_eq!(due(&store, at(10)).await, [named(3)]);
    assert_eq!(due(&store, at(60)).await, [named(3), named(1)], "those that have been due longest go first");
    // One that was broken off counts as none, and one can be given up without a try.
    store.claim_notice(&named(3), at(90)).await.unwrap();
    store.settle_notice(&named(3), NoticeEnd::BrokenOff { next: at(7) }).await.unwrap();
    assert_eq!(kept(&store, 3).await.map(|kept| (kept.attempts, kept.next)), Some((0, Some(at(7)))));
    store.settle_notice(&named(3), NoticeEnd::Failed { error: "550 no".into(), at: at(80) }).await.unwrap();
    store.claim_notice(&named(1), at(99)).await.unwrap();
    store.settle_notice(&named(1), NoticeEnd::Sent { at: at(61) }).await.unwrap();
    assert_eq!(due(&store, i64::MAX).await.len(), 0);
    store.close().await;

    let store = Store::open(directory.path()).await.unwrap();
    let mut found = Vec::new();
    for number in 1..=3 {
        let kept = kept(&store, number).await.unwrap();
        let NewNotice { id, created, event, query, job, channel, target, body } = new(number);
        let (state, error) = (kept.state, kept.error.clone());
        found.push((kept.state.name(), kept.attempts, kept.ended.map(|ended| ended - at(0)), kept.error.clone()));
        let (attempts, ended) = (kept.attempts, kept.ended);
        let want =
            Notice { id, created, event, query, job, channel, target, body, state, attempts, next: None, error, ended };
        assert!(kept == want, "{kept:?}");
    }
    expect![[r#"[("sent", 2, Some(61), None), ("sent", 1, Some(5), None), ("failed", 0, Some(80), Some("550 no"))]"#]]
        .assert_eq(&format!("{found:?}"));
    let counts = store.count_notices_by_state().await.unwrap();
    assert_eq!(counts, [(NoticeState::Sent, 2), (NoticeState::Failed, 1)]);
}

#[tokio::test]
async fn what_is_due_is_asked_for_by_channel_and_without_some_targets() {
    let directory = tempdir().unwrap();
    let store = with_notices(directory.path(), 1..=9).await;
    let but = ["webhook3", "webhook7", "ada2@example.com", "\"'"].map(str::to_owned);
    let cases: [(NoticeChannel, &[String], &[u32]); 4] = [
        (NoticeChannel::Mail, &[], &[2, 4, 6, 8]),
        (NoticeChannel::Mail, &but, &[4, 6, 8]),
        (NoticeChannel::Webhook, &[], &[1, 3, 5, 7, 9]),
        (NoticeChannel::Webhook, &but, &[1, 5, 9]),
    ];
    for (channel, but, want) in cases {
        let found = store.due_notices(channel, i64::MAX, but, 100).await.unwrap();
        let found: Vec<String> = found.into_iter().map(|notice| notice.id).collect();
        let want: Vec<String> = want.iter().map(|number| id(*number).to_string()).collect();
        assert_eq!(found, want, "{channel:?} {but:?}");
    }
    let before = 1_790_000_007;
    store.settle_notice(id(3).as_str(), NoticeEnd::Sent { at: before }).await.unwrap();
    store.claim_notice(id(5).as_str(), i64::MAX).await.unwrap();
    for (target, want) in [(None, vec![1, 5]), (Some("webhook5"), vec![5]), (Some("webhook7"), vec![])] {
        let found = store.waiting_notices(NoticeChannel::Webhook, target, before, 100).await.unwrap();
        let want: Vec<String> = want.into_iter().map(|number| id(number).to_string()).collect();
        assert_eq!(found.into_iter().map(|notice| notice.id).collect::<Vec<_>>(), want, "{target:?}");
    }
}

#[tokio::test]
async fn notices_that_were_put_off_too_far_are_due() {
    let directory = tempdir().unwrap();
    let store = with_notices(directory.path(), 1..=1_500).await;
    let now = 1_790_000_500;
    store.claim_notice(id(1).as_str(), now + 100).await.unwrap();
    store.claim_notice(id(2).as_str(), now + 101).await.unwrap();
    store.claim_notice(id(3).as_str(), i64::MAX).await.unwrap();
    store.settle_notice(id(4).as_str(), NoticeEnd::Sent { at: i64::MAX }).await.unwrap();
    assert_eq!(store.pull_notices(now, 100).await.unwrap(), 1_002, "1,000 never tried, two put off too far");
    assert_eq!(store.pull_notices(now, 100).await.unwrap(), 0);
    let next = async |number| kept(&store, number).await.and_then(|kept| kept.next).map(|next| next - now);
    assert_eq!((next(1).await, next(2).await, next(3).await, next(4).await), (Some(100), Some(0), Some(0), None));
    assert_eq!((next(500).await, next(501).await, next(1_500).await), (Some(0), Some(0), Some(0)));
    assert_eq!(kept(&store, 3).await.map(|kept| kept.attempts), Some(1));
}

#[tokio::test]
async fn refusals_name_the_notice_and_nobody_else() {
    let directory = tempdir().unwrap();
    let store = with_notices(directory.path(), 1..=2).await;
    let sent = || NoticeEnd::Sent { at: 5 };
    store.settle_notice(id(1).as_str(), sent()).await.unwrap();
    let later = NoticeEnd::Later { error: "ada2@example.com is unknown".into(), next: 9 };
    let refused = [
        store.settle_notice(id(1).as_str(), sent()).await.unwrap_err(),
        store.settle_notice(id(1).as_str(), later.clone()).await.unwrap_err(),
        store.settle_notice(id(7).as_str(), sent()).await.unwrap_err(),
        store.claim_notice(id(1).as_str(), 9).await.unwrap_err(),
        store.claim_notice(id(7).as_str(), 9).await.unwrap_err(),
        store.apply(vec![Change::InsertNotice(new(2))]).await.unwrap_err(),
    ];
    assert!(matches!(refused[0], StoreError::Conflict { .. }), "{}", refused[0]);
    let said: Vec<String> = refused.iter().map(|error| error.to_string()).collect();
    expect![[r#"
        notice 1nb2ew100007 was changed by somebody else meanwhile
        notice 1nb2ew100007 was changed by somebody else meanwhile
        there is no notice 1nb2ew700007
        notice 1nb2ew100007 was changed by somebody else meanwhile
        there is no notice 1nb2ew700007
        notice 1nb2ew200007 exists already"#]]
    .assert_eq(&said.join("\n"));
    assert_eq!(kept(&store, 1).await.map(|kept| kept.attempts), Some(0));

    store.settle_notice(id(2).as_str(), later.clone()).await.unwrap();
    let kept = kept(&store, 2).await.unwrap();
    let shown = format!("{kept:?} {:?} {later:?}", Change::InsertNotice(new(2)));
    assert!(!shown.contains("example.com") && !shown.contains("refused"), "{shown}");
    assert!(shown.contains(id(2).as_str()));
}

#[tokio::test]
async fn a_page_is_the_filtered_outbox_from_where_the_last_one_ended() {
    let directory = tempdir().unwrap();
    let store = with_notices(directory.path(), 1..=40).await;
    for number in (4..=40).step_by(4) {
        store.settle_notice(id(number).as_str(), NoticeEnd::Sent { at: i64::from(number) }).await.unwrap();
    }
    let any = NoticeFilter::default;
    type Fits = fn(u32) -> bool;
    let cases: [(NoticeFilter, Fits); 6] = [
        (any(), |_| true),
        (NoticeFilter { query: Some("q1".into()), ..any() }, |number| number % 3 == 1),
        (NoticeFilter { state: Some(NoticeState::Sent), ..any() }, |number| number % 4 == 0),
        (NoticeFilter { state: Some(NoticeState::Failed), ..any() }, |_| false),
        (NoticeFilter { job: Some(id(6)), ..any() }, |number| number == 6),
        (NoticeFilter { query: Some("q0".into()), state: Some(NoticeState::Waiting), ..any() }, |number| {
            number % 3 == 0 && number % 4 != 0
        }),
    ];
    for (filter, fits) in cases {
        let (mut got, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = store.notices(&filter, after.as_deref(), 7).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            got.extend(page.into_iter().map(|notice| notice.id));
        }
        let want: Vec<String> = (1..=40).rev().filter(|number| fits(*number)).map(|n| id(n).to_string()).collect();
        assert_eq!(got, want, "{filter:?}");
    }
    // The notice that a page ended with may be swept before the next one is asked for.
    store.sweep(21, 10, 1).await.unwrap();
    assert_eq!(kept(&store, 20).await, None);
    let rest = store.notices(&any(), Some(id(20).as_str()), 100).await.unwrap();
    assert_eq!(rest.first().map(|notice| notice.id.clone()), Some(id(19).to_string()));
    assert_eq!(rest.len(), 15, "those that ended are gone, those that wait stay");
    assert_eq!(store.count_notices_by_state().await.unwrap(), [(NoticeState::Waiting, 30), (NoticeState::Sent, 5)]);
}

#[test]
fn names_are_those_of_the_database() {
    let channels = [NoticeChannel::Mail, NoticeChannel::Webhook].map(NoticeChannel::name);
    let states = [NoticeState::Waiting, NoticeState::Sent, NoticeState::Failed].map(NoticeState::name);
    assert_eq!((channels, states), (["mail", "webhook"], ["waiting", "sent", "failed"]));
    assert_eq!("1nb2ew100007".parse::<JobId>(), Ok(id(1)));
}
