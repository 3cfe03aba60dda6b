//! The outbox against a mail server that is down, and a database that does not take what became of a notice.

use std::path::Path;

use api::{Job, Notice, NoticeState, Notify, WebhookSpec};
use app::{Config, NoticeFilter};
use notify::WebhookPolicy;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::bench::{contacts, good, until};
use crate::outside::{Postbox, Receiver};
use crate::timed::{MONDAY, Timed};

/// A bench whose notices go to this mail server, which may take its time, and to webhooks on this machine.
async fn bench(postbox: &Postbox) -> Timed {
    let mut smtp = postbox.settings();
    // Longer than any test.
    smtp.timeout = std::time::Duration::from_secs(3_600);
    let decide = move |config: &mut Config| {
        config.smtp = Some(smtp.clone());
        config.webhooks = WebhookPolicy { allow_loopback: true, ..WebhookPolicy::default() };
    };
    let timed = Timed::with(pardot_sim::Config::default(), MONDAY, decide).await;
    timed.bench.upload("c", &contacts(5, good)).await;
    timed
}

fn to(recipients: &[&str]) -> Notify {
    let recipients = recipients.iter().map(|address| (*address).to_owned()).collect();
    Notify { recipients: Some(recipients), on: Some(vec![api::NoticeEvent::Success]), ..Notify::default() }
}

async fn ended(timed: &Timed) -> Job {
    let job = timed.bench.settled().await;
    timed.bench.follow(&job.id, |job| job.progress.is_none()).await
}

/// All notices, once they are as wanted.
async fn notices(timed: &Timed, wanted: impl Fn(&[Notice]) -> bool) -> Vec<Notice> {
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    until("the notices are as wanted", || async {
        let page = app.notices(actor, &NoticeFilter::default(), None, 100).await.expect("notices");
        wanted(&page.items).then_some(page.items)
    })
    .await
}

async fn database(timed: &Timed) -> SqliteConnection {
    let path = timed.bench.folder.path().join("data").join("sluice.db");
    let options = SqliteConnectOptions::new().filename(Path::new(&path)).disable_statement_logging();
    SqliteConnection::connect_with(&options).await.expect("the database opens")
}

#[tokio::test]
async fn a_notice_whose_end_cannot_be_kept_comes_again_after_its_wait() {
    let mut postbox = Postbox::start().await;
    let timed = bench(&postbox).await;
    timed.put("contacts", json!({}), None, Some(to(&["ada@example.com", "bob@example.com"]))).await;
    let mut other = database(&timed).await;
    let refuse = "CREATE TRIGGER full BEFORE UPDATE ON notice WHEN new.state <> 'waiting' AND new.target LIKE 'ada%'
        BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    sqlx::query(refuse).execute(&mut other).await.expect("the trigger is made");
    let first = ended(&timed).await;
    let kept = notices(&timed, |all| all.iter().filter(|one| one.state == NoticeState::Sent).count() == 1).await;
    assert!(kept.iter().any(|one| one.target == "bob@example.com" && one.state == NoticeState::Sent), "{kept:?}");

    // The outbox looks again and again meanwhile.
    for second in 1..=3 {
        timed.at(MONDAY + second).await;
        ended(&timed).await;
        notices(&timed, |all| all.iter().filter(|one| one.state == NoticeState::Sent).count() == second as usize + 1)
            .await;
    }
    let ada = |mails: Vec<crate::outside::Mail>| {
        mails.iter().filter(|mail| mail.to.starts_with("ada") && mail.text.contains(&first.id)).count()
    };
    assert_eq!(ada(postbox.rest()), 1, "it was sent once");

    sqlx::query("DROP TRIGGER full").execute(&mut other).await.expect("the trigger goes");
    timed.at(MONDAY + 63).await;
    let all = notices(&timed, |all| all.iter().all(|one| one.state == NoticeState::Sent)).await;
    assert_eq!(ada(postbox.rest()), 1, "once more, after its wait");
    let again = all.iter().find(|one| one.job.as_deref() == Some(&first.id) && one.target.starts_with("ada"));
    assert_eq!(again.map(|one| one.attempts), Some(2));
}

#[tokio::test]
async fn a_mail_server_that_hangs_holds_up_no_webhook() {
    let postbox = Postbox::start().await;
    let mut receiver = Receiver::start().await;
    let timed = bench(&postbox).await;
    let spec = WebhookSpec { url: Some(receiver.url("ops")), ..WebhookSpec::default() };
    timed.bench.app.put_webhook(&timed.bench.actor, "ops", spec, None).await.expect("taken");
    postbox.always(Some(("", "wait")));
    let many: Vec<String> = (1..=8).map(|number| format!("ada{number}@example.com")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    timed.put("contacts", json!({}), None, Some(Notify { webhooks: Some(vec!["ops".into()]), ..to(&many) })).await;
    let job = ended(&timed).await;
    assert_eq!(receiver.call().await.json()["data"]["job"], json!(job.id));
    let all = notices(&timed, |all| all.iter().any(|one| one.state == NoticeState::Sent)).await;
    assert_eq!(all.iter().filter(|one| one.state == NoticeState::Waiting).count(), 8);
}

#[tokio::test]
async fn a_mail_server_that_is_down_is_asked_seldom_and_gets_all_once() {
    let mut postbox = Postbox::start().await;
    let timed = bench(&postbox).await;
    postbox.always(Some(("", "421 4.3.2 down")));
    let many: Vec<String> = (1..=20).map(|number| format!("ada{number}@example.com")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    timed.put("contacts", json!({}), None, Some(to(&many))).await;
    ended(&timed).await;
    let tries = |all: &[Notice]| all.iter().filter(|one| one.cause.is_some()).map(|one| one.attempts).sum::<u32>();
    notices(&timed, |all| tries(all) == 4).await;
    // One finds out, and the others wait on.
    timed.at(MONDAY + 60).await;
    notices(&timed, |all| tries(all) == 5).await;
    postbox.always(None);
    timed.at(MONDAY + 360).await;
    notices(&timed, |all| all.iter().all(|one| one.state == NoticeState::Sent)).await;
    let mut visits = 0;
    while visits < 25 {
        postbox.visit().await;
        visits += 1;
    }
    assert!(!postbox.visited(), "no more than it took");
    assert_eq!(postbox.rest().len(), 20);
}

#[tokio::test]
async fn a_mail_servers_words_stay_whole() {
    let postbox = Postbox::start().await;
    let timed = bench(&postbox).await;
    timed.put("contacts", json!({}), None, Some(to(&["ada@example.com"]))).await;
    postbox.once(&[("RCPT", "550 moved. To do: write to the new address")]);
    ended(&timed).await;
    let all = notices(&timed, |all| all.iter().any(|one| one.state == NoticeState::Failed)).await;
    let cause = all[0].cause.clone().expect("a cause");
    assert_eq!(cause.message, "the mail server refuses the recipient: 550 moved. To do: write to the new address");
    assert!(cause.hint.is_some_and(|hint| hint.starts_with("correct the recipient's address")));
}
