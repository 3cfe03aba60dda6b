//! Notices: each waits until it was taken or given up, and none names anybody where it must not.
//!
//! Knows the store's doors only.

use expect_test::expect;
use model::JobId;
use serde_json::json;
use tempfile::tempdir;

use super::{id, notice};
use crate::{Change, NewNotice, Notice, NoticeChannel, NoticeEnd, NoticeFilter, NoticeState, Store, StoreError};

async fn with_notices(directory: &std::path::Path, numbers: impl Iterator<Item = u32>) -> Store {
    let store = Store::open(directory).await.unwrap();
    store.apply(numbers.map(|number| Change::InsertNotice(notice(number))).collect()).await.unwrap();
    store
}

async fn due(store: &Store, now: i64) -> Vec<String> {
    store.due_notices(now, 100).await.unwrap().into_iter().map(|notice| notice.id).collect()
}

#[tokio::test]
async fn a_notice_waits_until_it_was_taken_or_given_up() {
    let directory = tempdir().unwrap();
    let store = with_notices(directory.path(), [3, 1, 2].into_iter()).await;
    let at = |number: i64| 1_790_000_000 + number;
    let named = |number: u32| id(number).to_string();
    assert_eq!(store.next_notice().await.unwrap(), Some(at(1)));
    assert_eq!(due(&store, at(0)).await, Vec::<String>::new());
    assert_eq!(due(&store, at(2)).await, [named(1), named(2)]);
    assert_eq!(store.due_notices(at(9), 1).await.unwrap().len(), 1);

    let later = |next| NoticeEnd::Later { error: "the connection was refused".into(), next };
    store.settle_notice(&named(1), later(at(60))).await.unwrap();
    store.settle_notice(&named(2), NoticeEnd::Sent { at: at(5) }).await.unwrap();
    assert_eq!(due(&store, at(10)).await, [named(3)]);
    assert_eq!(due(&store, at(60)).await, [named(3), named(1)], "those that have been due longest go first");
    store.settle_notice(&named(3), later(at(70))).await.unwrap();
    store.settle_notice(&named(3), NoticeEnd::Failed { error: "550 no".into(), at: at(80) }).await.unwrap();
    assert_eq!(store.next_notice().await.unwrap(), Some(at(60)));
    store.settle_notice(&named(1), NoticeEnd::Sent { at: at(61) }).await.unwrap();
    assert_eq!((store.next_notice().await.unwrap(), due(&store, i64::MAX).await.len()), (None, 0));
    store.close().await;

    let store = Store::open(directory.path()).await.unwrap();
    let mut found = Vec::new();
    for number in 1..=3 {
        let kept = store.notice(&named(number)).await.unwrap().unwrap();
        let NewNotice { id, created, event, query, job, channel, target, body } = notice(number);
        let (state, error) = (kept.state, kept.error.clone());
        found.push((kept.state.name(), kept.attempts, kept.ended.map(|ended| ended - at(0)), kept.error.clone()));
        let (attempts, ended) = (kept.attempts, kept.ended);
        let want =
            Notice { id, created, event, query, job, channel, target, body, state, attempts, next: None, error, ended };
        assert!(kept == want, "{kept:?}");
    }
    expect![[r#"[("sent", 2, Some(61), None), ("sent", 1, Some(5), None), ("failed", 2, Some(80), Some("550 no"))]"#]]
        .assert_eq(&format!("{found:?}"));
    let counts = store.count_notices_by_state().await.unwrap();
    assert_eq!(counts, [(NoticeState::Sent, 2), (NoticeState::Failed, 1)]);
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
        store.apply(vec![Change::InsertNotice(notice(2))]).await.unwrap_err(),
    ];
    assert!(matches!(refused[0], StoreError::Conflict { .. }), "{}", refused[0]);
    let said: Vec<String> = refused.iter().map(|error| error.to_string()).collect();
    expect![[r#"
        notice 1nb2ew100007 was changed by somebody else meanwhile
        notice 1nb2ew100007 was changed by somebody else meanwhile
        there is no notice 1nb2ew700007
        notice 1nb2ew200007 exists already"#]]
    .assert_eq(&said.join("\n"));
    assert_eq!(store.notice(id(1).as_str()).await.unwrap().unwrap().attempts, 1);

    store.settle_notice(id(2).as_str(), later.clone()).await.unwrap();
    let kept = store.notice(id(2).as_str()).await.unwrap().unwrap();
    let shown = format!("{kept:?} {:?} {later:?}", Change::InsertNotice(notice(2)));
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
    assert_eq!(store.notice(id(20).as_str()).await.unwrap(), None);
    let rest = store.notices(&any(), Some(id(20).as_str()), 100).await.unwrap();
    assert_eq!(rest.first().map(|notice| notice.id.clone()), Some(id(19).to_string()));
    assert_eq!(rest.len(), 15, "those that ended are gone, those that wait stay");
    assert_eq!(store.count_notices_by_state().await.unwrap(), [(NoticeState::Waiting, 30), (NoticeState::Sent, 5)]);
}

#[tokio::test]
async fn values_are_found_by_how_their_names_begin() {
    let directory = tempdir().unwrap();
    let store = Store::open(directory.path()).await.unwrap();
    let names = ["told/b", "told/a", "told", "told%", "other"];
    let put = |name: &&str| Change::PutValue { name: (*name).to_owned(), value: Some(json!(name)) };
    store.apply(names.iter().map(put).collect()).await.unwrap();
    let cases: [(&str, &[&str]); 4] = [
        ("told/", &["told/a", "told/b"]),
        ("told%", &["told%"]),
        ("x", &[]),
        ("", &["other", "told", "told%", "told/a", "told/b"]),
    ];
    for (prefix, want) in cases {
        let found = store.values_with_prefix(prefix).await.unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, want, "{prefix}");
        assert!(found.iter().all(|(name, value)| *value == json!(name)));
    }
}

#[test]
fn names_are_those_of_the_database() {
    let channels = [NoticeChannel::Mail, NoticeChannel::Webhook].map(NoticeChannel::name);
    let states = [NoticeState::Waiting, NoticeState::Sent, NoticeState::Failed].map(NoticeState::name);
    assert_eq!((channels, states), (["mail", "webhook"], ["waiting", "sent", "failed"]));
    assert_eq!("1nb2ew100007".parse::<JobId>(), Ok(id(1)));
}
