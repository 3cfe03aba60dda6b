//! Notices: each outcome once to everybody who wants to hear of it, by mail and by webhook, whatever the mail server does.

use api::{
    Channel, ConnectionSpec, Job, Notice, NoticeEvent, NoticeState, NoticeTest, Notify, RunRequest, Secret, WebhookSpec,
};
use app::{AppError, Config, NoticeFilter};
use expect_test::expect;
use model::JobState;
use notify::WebhookPolicy;
use pardot_sim::{Fault, FaultKind, When};
use serde_json::{Value, json};

use crate::bench::{contacts, good, query, until};
use crate::outside::{Postbox, Receiver};
use crate::timed::{DAY, HOUR, MONDAY, Timed, moment};

const ALL: [NoticeEvent; 7] = [
    NoticeEvent::Success,
    NoticeEvent::Failure,
    NoticeEvent::Rejected,
    NoticeEvent::QuotaParked,
    NoticeEvent::Reconnect,
    NoticeEvent::Disabled,
    NoticeEvent::Recovered,
];

/// A bench whose notices go to this mail server, and to webhooks on this machine.
async fn bench(postbox: Option<&Postbox>) -> Timed {
    let smtp = postbox.map(Postbox::settings);
    let decide = move |config: &mut Config| {
        config.smtp.clone_from(&smtp);
        config.webhooks = WebhookPolicy { allow_loopback: true, ..WebhookPolicy::default() };
        config.public_url = Some("https://sluice.example.com".into());
    };
    let timed = Timed::with(pardot_sim::Config::default(), MONDAY, decide).await;
    timed.bench.upload("c", &contacts(5, good)).await;
    timed
}

fn to(recipients: &[&str]) -> Notify {
    let recipients = recipients.iter().map(|address| (*address).to_owned()).collect();
    Notify { recipients: Some(recipients), on: Some(ALL.to_vec()), ..Notify::default() }
}

impl Timed {
    async fn notices(&self, job: &str) -> Vec<Notice> {
        let filter = NoticeFilter { job: Some(job.to_owned()), ..NoticeFilter::default() };
        let page = self.bench.app.notices(&self.bench.actor, &filter, None, 100).await.expect("notices");
        page.items.into_iter().rev().collect()
    }

    /// The notices about a job, once they are as wanted; oldest first.
    async fn told(&self, job: &str, wanted: impl Fn(&[Notice]) -> bool) -> Vec<Notice> {
        let look = || async {
            let notices = self.notices(job).await;
            wanted(&notices).then_some(notices)
        };
        until("the notices are as wanted", look).await
    }

    async fn ended(&self) -> Job {
        let job = self.bench.settled().await;
        self.bench.follow(&job.id, |job| job.progress.is_none()).await
    }

    async fn webhook(&self, name: &str, url: String) -> Option<Secret> {
        let spec = WebhookSpec { url: Some(url), ..WebhookSpec::default() };
        self.bench.app.put_webhook(&self.bench.actor, name, spec, None).await.expect("taken").0.secret
    }
}

fn events(notices: &[Notice]) -> Vec<NoticeEvent> {
    notices.iter().map(|notice| notice.event).collect()
}

fn all_sent(notices: &[Notice]) -> bool {
    !notices.is_empty() && notices.iter().all(|notice| notice.state == NoticeState::Sent)
}

#[tokio::test]
async fn every_outcome_is_told_once() {
    let mut postbox = Postbox::start().await;
    let timed = bench(Some(&postbox)).await;
    let bench = &timed.bench;
    let told = |over| Some(Notify { rejected_over: Some(over), ..to(&["ada@example.com"]) });
    let skipping = json!({"skip_invalid_records": true});
    let three_bad = contacts(10, |row| row <= 3);

    let cases: [(&str, Value, u64, &[NoticeEvent]); 5] = [
        (&contacts(5, good), json!({}), 0, &[NoticeEvent::Success]),
        (&three_bad, skipping.clone(), 2, &[NoticeEvent::Rejected]),
        (&three_bad, skipping, 3, &[NoticeEvent::Success]),
        (&three_bad, json!({}), 0, &[NoticeEvent::Failure]),
        (&contacts(5, good), json!({}), 0, &[NoticeEvent::Recovered]),
    ];
    let mut jobs = Vec::new();
    for (csv, settings, over, wanted) in cases {
        bench.upload("c", csv).await;
        timed.put("contacts", settings, None, told(over)).await;
        let job = timed.ended().await;
        assert_eq!(events(&timed.told(&job.id, all_sent).await), wanted, "{job:?}");
        jobs.push((job.id, wanted.len()));
    }
    // The day's calls, and after it goes on.
    let used_up = FaultKind::Code { code: 122, when: When::Before, status: None, message: None };
    bench.sandbox.fault(Fault::always(used_up).path("batchUpsert"));
    let job = timed.ended().await;
    assert_eq!(job.state, JobState::ParkedQuota);
    let notices = timed.told(&job.id, all_sent).await;
    assert_eq!(events(&notices), [NoticeEvent::QuotaParked]);
    bench.sandbox.clear_faults();
    bench.app.continue_job(&bench.actor, &job.id).await.expect("continued");
    let notices = timed.told(&job.id, |notices| notices.len() == 2 && all_sent(notices)).await;
    assert_eq!(events(&notices), [NoticeEvent::QuotaParked, NoticeEvent::Success]);
    jobs.push((job.id, 2));
    // The grant, and after somebody connected again.
    bench.sandbox.revoke_refresh_tokens();
    let job = timed.ended().await;
    assert_eq!(job.state, JobState::NeedsReconnect, "{job:?}");
    timed.told(&job.id, all_sent).await;
    let again = bench.sandbox.reconnect(&bench.unit()).refresh_token;
    let spec = ConnectionSpec { refresh_token: Some(Secret::new(again)), ..ConnectionSpec::default() };
    bench.app.put_connection(&bench.actor, "prod", spec, None).await.expect("taken");
    let notices = timed.told(&job.id, |notices| notices.len() == 2 && all_sent(notices)).await;
    assert_eq!(events(&notices), [NoticeEvent::Reconnect, NoticeEvent::Recovered]);
    jobs.push((job.id, 2));

    let mut mails = 0;
    for (job, number) in &jobs {
        assert_eq!(timed.notices(job).await.len(), *number, "still");
        mails += number;
    }
    let subjects: Vec<String> = postbox.rest().iter().map(|mail| mail.header("Subject")).collect();
    assert_eq!(subjects.len(), mails, "one mail each");
    expect![[r#"
        [Sluice] contacts succeeded: 5 rows delivered
        [Sluice] contacts: 3 rows rejected
        [Sluice] contacts succeeded: 7 rows delivered
        [Sluice] contacts stopped at a rejected row
        [Sluice] contacts works again
        [Sluice] contacts waits until the day's calls are counted anew
        [Sluice] contacts succeeded: 5 rows delivered
        [Sluice] prod must be connected again
        [Sluice] contacts works again"#]]
    .assert_eq(&subjects.join("\n"));
}

#[tokio::test]
async fn everybody_hears_once_those_of_the_query_else_the_default() {
    let mut postbox = Postbox::start().await;
    let mut receiver = Receiver::start().await;
    let timed = bench(Some(&postbox)).await;
    let bench = &timed.bench;
    timed.webhook("ops", receiver.url("ops")).await;
    let default = Notify { webhooks: Some(vec!["ops".into()]), ..to(&["team@example.com"]) };
    bench.app.put_notifications(&bench.actor, default, None).await.expect("taken");
    let both = to(&["ada@example.com", "bob@example.com"]);
    let usual_events = Notify { on: None, ..to(&["ada@example.com"]) };
    let no_webhooks = Notify { webhooks: Some(Vec::new()), ..both.clone() };
    let cases: [(Option<Notify>, &[&str]); 5] = [
        (None, &["team@example.com", "ops"]),
        (Some(Notify::default()), &["team@example.com", "ops"]),
        (Some(both), &["ada@example.com", "bob@example.com", "ops"]),
        (Some(no_webhooks), &["ada@example.com", "bob@example.com"]),
        // The default is told of successes.
        (Some(usual_events), &["ada@example.com", "ops"]),
    ];
    for (notify, wanted) in cases {
        timed.put("contacts", json!({}), None, notify.clone()).await;
        let job = timed.ended().await;
        let notices = timed.told(&job.id, |notices| notices.len() >= wanted.len() && all_sent(notices)).await;
        let targets: Vec<&str> = notices.iter().map(|notice| notice.target.as_str()).collect();
        assert_eq!(targets, wanted, "{notify:?}");
    }
    let mut heard: Vec<String> = postbox.rest().into_iter().map(|mail| mail.to).collect();
    heard.sort();
    assert_eq!(
        heard,
        [
            "ada@example.com",
            "ada@example.com",
            "ada@example.com",
            "bob@example.com",
            "bob@example.com",
            "team@example.com",
            "team@example.com"
        ]
    );
    assert_eq!(receiver.rest().len(), 4);
    // Nobody is nobody.
    timed.put("contacts", json!({}), None, Some(Notify { webhooks: Some(Vec::new()), ..to(&[]) })).await;
    let quiet = timed.ended().await;
    timed.put("contacts", json!({}), None, None).await;
    let told = timed.ended().await;
    timed.told(&told.id, |notices| notices.len() == 2 && all_sent(notices)).await;
    assert_eq!(timed.notices(&quiet.id).await, []);
}

#[tokio::test]
async fn a_refused_mail_is_given_up_and_a_late_one_arrives_once() {
    let mut postbox = Postbox::start().await;
    let timed = bench(Some(&postbox)).await;
    timed.put("contacts", json!({}), None, Some(to(&["ada@example.com"]))).await;

    postbox.once(&[("RCPT", "550 5.1.1 <ada@example.com> unknown")]);
    let job = timed.ended().await;
    let notices =
        timed.told(&job.id, |notices| notices.iter().any(|notice| notice.state != NoticeState::Waiting)).await;
    assert_eq!((notices.len(), notices[0].state, notices[0].attempts), (1, NoticeState::Failed, 1));
    let cause = notices[0].cause.clone().expect("a cause");
    expect![[r#"
        the mail server refuses the recipient: 550 5.1.1 unknown
        correct the recipient's address; if others are refused too, the mail server wants smtp_user, or does not send to other domains"#]].assert_eq(&format!("{}\n{}", cause.message, cause.hint.unwrap_or_default()));
    let after = timed.bench.app.job(&timed.bench.actor, &job.id).await.expect("there");
    assert_eq!((after.state, after.sentence), (job.state, job.sentence), "the job is as it was");

    // Down, then greylisted after the whole mail was handed over, then taken.
    postbox.once(&[("", "421 4.3.2 closing"), (".", "451 4.7.1 later"), (".", "451 4.7.1 later")]);
    let job = timed.ended().await;
    let mut now = MONDAY;
    for attempt in 1..=3 {
        let notices = timed.told(&job.id, |notices| notices.iter().any(|notice| notice.attempts == attempt)).await;
        assert_eq!(notices[0].state, NoticeState::Waiting);
        let next = moment(notices[0].next.as_deref().expect("another try"));
        assert_eq!(next - now, [60, 300, 900][attempt as usize - 1]);
        now = next;
        timed.at(next).await;
    }
    let notices = timed.told(&job.id, all_sent).await;
    assert_eq!((notices.len(), notices[0].attempts, &notices[0].cause), (1, 4, &None));
    timed.at(now + DAY).await;
    let next = timed.ended().await;
    timed.told(&next.id, all_sent).await;
    let mails = postbox.rest();
    let about: Vec<_> = mails.iter().filter(|mail| mail.text.contains(job.id.as_str())).collect();
    assert_eq!(about.iter().map(|mail| mail.taken).collect::<Vec<_>>(), [false, false, true], "taken once");
    let ids: Vec<String> = about.iter().map(|mail| mail.header("Message-ID")).collect();
    assert!(!ids[0].is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn after_a_day_it_is_given_up() {
    let postbox = Postbox::start().await;
    let timed = bench(Some(&postbox)).await;
    timed.put("contacts", json!({}), None, Some(to(&["ada@example.com"]))).await;
    postbox.always(Some(("RCPT", "451 4.3.0 try again later")));
    let job = timed.ended().await;
    let mut attempts = 0;
    let last = loop {
        attempts += 1;
        // A try counts from its beginning; the last one has no next when it is over.
        let over = |notice: &Notice| notice.attempts == attempts && (attempts < 10 || notice.next.is_none());
        let notices = timed.told(&job.id, |notices| notices.iter().any(over)).await;
        match &notices[0].next {
            Some(next) => timed.at(moment(next)).await,
            None => break notices[0].clone(),
        }
    };
    assert_eq!((last.state, last.attempts), (NoticeState::Failed, 10));
    let hours = (moment(last.ended.as_deref().expect("an end")) - moment(&last.created)) / HOUR;
    assert_eq!(hours, 23, "about a day");
    assert!(last.cause.is_some());
    let after = timed.bench.app.job(&timed.bench.actor, &job.id).await.expect("there");
    assert_eq!(after.state, JobState::Success);
}

#[tokio::test]
async fn without_a_mail_server_mails_fail_visibly() {
    let timed = bench(None).await;
    timed.put("contacts", json!({}), None, Some(to(&["ada@example.com"]))).await;
    let job = timed.ended().await;
    let notices = timed.told(&job.id, |notices| notices.iter().any(|notice| notice.cause.is_some())).await;
    let cause = notices[0].cause.clone().expect("a cause");
    expect![[r#"
        Waiting: no mail server is set
        set smtp_host and mail_from in the server's config, or leave the mail addresses out"#]]
    .assert_eq(&format!("{:?}: {}\n{}", notices[0].state, cause.message, cause.hint.unwrap_or_default()));
}

#[tokio::test]
async fn webhooks_are_signed_and_keep_their_ids() {
    let mut receiver = Receiver::start().await;
    let timed = bench(None).await;
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    let secret = timed.webhook("ops", receiver.url("one")).await.expect("shown once");
    let hook = Notify { recipients: Some(Vec::new()), webhooks: Some(vec!["ops".into()]), ..to(&[]) };
    timed.put("contacts", json!({}), None, Some(hook)).await;
    receiver.answer(&[503, 500]);
    let job = timed.ended().await;
    let (mut calls, mut now) = (Vec::new(), MONDAY);
    for attempt in 1..=2 {
        calls.push((now, receiver.call().await));
        let notices = timed.told(&job.id, |notices| notices.iter().any(|notice| notice.attempts == attempt)).await;
        now = moment(notices[0].next.as_deref().expect("another try"));
        timed.at(now).await;
    }
    calls.push((now, receiver.call().await));
    let notices = timed.told(&job.id, all_sent).await;
    for (at, call) in &calls {
        assert!(call.is_signed_with(secret.expose()), "{}", call.body);
        assert_eq!(call.header("webhook-timestamp"), at.to_string());
        assert_eq!((call.header("webhook-id"), &call.body), (notices[0].id.as_str(), &calls[0].1.body));
    }
    let body = calls[0].1.json();
    assert_eq!((&body["type"], &body["data"]["counts"]["delivered"]), (&json!("sluice.job.succeeded"), &json!(5)));
    assert_eq!(body["data"]["link"], json!(format!("https://sluice.example.com/jobs/{}", job.id)));

    // Somebody else's address gets a secret of its own; the same address keeps it.
    assert!(timed.webhook("ops", receiver.url("one")).await.is_none());
    let other = timed.webhook("ops", receiver.url("two")).await.expect("a new one");
    assert_ne!(other.expose(), secret.expose());
    let job = timed.ended().await;
    timed.told(&job.id, all_sent).await;
    let call = receiver.call().await;
    assert_eq!(call.path, "/two");
    assert!(call.is_signed_with(other.expose()) && !call.is_signed_with(secret.expose()));

    // Gone is given up, and what is used is not deleted.
    receiver.answer(&[410]);
    let job = timed.ended().await;
    let notices =
        timed.told(&job.id, |notices| notices.iter().any(|notice| notice.state != NoticeState::Waiting)).await;
    assert_eq!((notices[0].state, notices[0].channel), (NoticeState::Failed, Channel::Webhook));
    let refused = |error: AppError| format!("{error}\n  hint: {}", error.hint().unwrap_or_default());
    let by_query = refused(app.delete_webhook(actor, "ops").await.expect_err("refused"));
    let default = Notify { webhooks: Some(vec!["ops".into()]), ..Notify::default() };
    app.put_notifications(actor, default, None).await.expect("taken");
    let by_both = refused(app.delete_webhook(actor, "ops").await.expect_err("refused"));
    expect![[r#"
        webhook ops is used by query contacts
          hint: take it out there first
        webhook ops is used by the default, query contacts
          hint: take it out there first"#]]
    .assert_eq(&format!("{by_query}\n{by_both}"));
    timed.put("contacts", json!({}), None, None).await;
    let none = Notify { webhooks: Some(Vec::new()), ..Notify::default() };
    app.put_notifications(actor, none, None).await.expect("taken");
    app.delete_webhook(actor, "ops").await.expect("deleted");
}

#[tokio::test]
async fn a_restart_loses_no_notice() {
    let mut postbox = Postbox::start().await;
    let timed = bench(Some(&postbox)).await;
    timed.put("contacts", json!({}), None, Some(to(&["ada@example.com", "bob@example.com"]))).await;
    // The mail server answers nobody while the application stops.
    postbox.once(&[("", "wait"), ("", "wait")]);
    let job = timed.ended().await;
    postbox.visit().await;
    postbox.visit().await;
    let before = timed.notices(&job.id).await;
    assert!(before.len() == 2 && before.iter().all(|notice| notice.state == NoticeState::Waiting), "{before:?}");
    let timed = timed.down_until(MONDAY + 60).await;
    let after = timed.told(&job.id, all_sent).await;
    let ids = |notices: &[Notice]| notices.iter().map(|notice| notice.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&after), ids(&before));
    let mut heard: Vec<String> = postbox.rest().into_iter().map(|mail| mail.to).collect();
    heard.sort();
    assert_eq!(heard, ["ada@example.com", "bob@example.com"]);
}

#[tokio::test]
async fn no_row_and_no_secret_in_any_notice() {
    const CANARIES: [&str; 3] = ["canary-mail", "canary-name", "4711471147"];
    let mut postbox = Postbox::start().await;
    let mut receiver = Receiver::start().await;
    let timed = bench(Some(&postbox)).await;
    let bench = &timed.bench;
    let secret = timed.webhook("ops", receiver.url("token-in-path")).await.expect("shown");
    let notify = Notify { webhooks: Some(vec!["ops".into()]), ..to(&["ada@example.com"]) };
    let rows =
        "email,first_name,score\ncanary-mail@example.com,canary-name,4711471147\ncanary-mail nowhere,canary-name,1\n";
    let casts = "SELECT email, CAST(first_name AS INT) AS score FROM c";
    let too_large = "SELECT email, first_name, CAST(4711471147 AS BIGINT) AS score FROM c";
    let cases = [
        ("SELECT * FROM c", json!({}), JobState::Stopped),
        ("SELECT * FROM c", json!({"skip_invalid_records": true}), JobState::Success),
        (casts, json!({}), JobState::Failed),
        (too_large, json!({}), JobState::Stopped),
    ];
    bench.upload("c", rows).await;
    for (sql, settings, state) in cases {
        let mut spec = query("contacts", settings);
        (spec.sql, spec.notify) = (sql.into(), Some(notify.clone()));
        bench.app.put_query(&bench.actor, "contacts", spec, None).await.expect("taken");
        let job = timed.ended().await;
        assert_eq!(job.state, state, "{job:?}");
        timed.told(&job.id, all_sent).await;
    }
    bench.sandbox.revoke_refresh_tokens();
    let job = timed.ended().await;
    timed.told(&job.id, all_sent).await;

    let known = bench.sandbox.connection();
    let secrets = [known.client_secret, known.refresh_token, secret.expose().to_owned(), "token-in-path".to_owned()];
    let mut texts: Vec<String> = postbox.rest().into_iter().map(|mail| mail.text).collect();
    assert_eq!(texts.len(), 5);
    assert!(texts.iter().all(|mail| !mail.contains("base64")), "a mail can be read as it is");
    texts.extend(receiver.rest().into_iter().map(|call| call.body));
    assert_eq!(texts.len(), 10);
    let page = bench.app.notices(&bench.actor, &NoticeFilter::default(), None, 100).await.expect("notices");
    texts.push(serde_json::to_string(&page.items).expect("JSON"));
    for text in &texts {
        for canary in CANARIES.into_iter().chain(secrets.iter().map(String::as_str)) {
            assert!(!text.contains(canary), "{canary} in {text}");
        }
    }
}

#[tokio::test]
async fn notices_are_tried_by_hand() {
    let mut postbox = Postbox::start().await;
    let (mut receiver, other) = (Receiver::start().await, Receiver::start().await);
    let timed = bench(Some(&postbox)).await;
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    timed.webhook("good", receiver.url("good")).await;
    timed.webhook("bad", other.url("bad")).await;
    other.answer(&[404]);
    postbox.always(Some(("RCPT TO:<bob@", "550 no")));
    let test = NoticeTest {
        recipients: vec!["ada@example.com".into(), "bob@example.com".into()],
        webhooks: vec!["good".into(), "bad".into()],
    };
    let tried = app.test_notices(actor, test).await.expect("tried");
    let sent: Vec<(&str, bool)> = tried.iter().map(|tried| (tried.target.as_str(), tried.sent)).collect();
    assert_eq!(sent, [("ada@example.com", true), ("bob@example.com", false), ("good", true), ("bad", false)]);
    assert!(tried.iter().all(|tried| tried.sent == tried.cause.is_none()));
    assert_eq!(postbox.mail().await.header("Subject"), "[Sluice] a notice to try whether notices arrive");
    assert_eq!(receiver.call().await.json()["type"], json!("sluice.test"));
    let refused = [
        app.test_notices(actor, NoticeTest::default()).await,
        app.test_notices(actor, NoticeTest { recipients: vec!["ada".into()], webhooks: vec!["god".into()] }).await,
    ];
    let refused: Vec<String> = refused.into_iter().map(|answer| answer.expect_err("refused").to_string()).collect();
    expect![[r#"
        recipients: there is nobody to send a test to
          hint: give a mail address or the name of a webhook
        test.recipients[0]: is no mail address such as ada@example.com
        test.webhooks[0]: there is no webhook god
          hint: did you mean good?"#]]
    .assert_eq(&refused.join("\n"));
    let page = app.notices(actor, &NoticeFilter::default(), None, 10).await.expect("notices");
    assert_eq!(page.items, [], "a try is no notice");
}

#[tokio::test]
async fn a_look_at_some_rows_is_told_to_nobody() {
    let mut postbox = Postbox::start().await;
    let timed = bench(Some(&postbox)).await;
    timed.put("contacts", json!({}), None, Some(to(&["ada@example.com"]))).await;
    let request = RunRequest { kind: Some(api::JobKind::Result), ..RunRequest::default() };
    let look = timed.bench.start(request).await.expect("started");
    timed.bench.follow(&look.id, |job| job.state == JobState::Success).await;
    let job = timed.ended().await;
    timed.told(&job.id, all_sent).await;
    assert_eq!(timed.notices(&look.id).await, []);
    assert_eq!(postbox.rest().len(), 1);
}
