//! Webhooks and those who are told, while several people change them at once.

use api::{NoticeTest, Notify, QuerySpec, Role, Scope, Secret, WebhookSpec};
use app::{Actor, AppError, Config};
use expect_test::expect;
use notify::WebhookPolicy;
use serde_json::json;

use crate::bench::{Bench, contacts, good, query};
use crate::outside::{Postbox, Receiver};

/// Races are run so often: each has a few places at which the others may come in between.
const ROUNDS: usize = 20;

async fn bench(postbox: Option<&Postbox>) -> Bench {
    let smtp = postbox.map(Postbox::settings);
    let bench = Bench::with_app(pardot_sim::Config::default(), |config: &mut Config| {
        config.smtp = smtp;
        config.webhooks = WebhookPolicy { allow_loopback: true, ..WebhookPolicy::default() };
    });
    let bench = bench.await;
    bench.upload("c", &contacts(5, good)).await;
    bench
}

fn at(url: String) -> WebhookSpec {
    WebhookSpec { url: Some(url), ..WebhookSpec::default() }
}

fn named(name: &str, url: String) -> WebhookSpec {
    WebhookSpec { name: Some(name.into()), ..at(url) }
}

fn telling(webhooks: &[&str]) -> QuerySpec {
    let webhooks = webhooks.iter().map(|name| (*name).to_owned()).collect();
    let notify = Notify { webhooks: Some(webhooks), ..Notify::default() };
    QuerySpec { notify: Some(notify), ..query("contacts", json!({})) }
}

fn said(error: &AppError) -> String {
    match error {
        AppError::Invalid(problems) => problems.to_string(),
        other => format!("{other}\n  hint: {}", other.hint().unwrap_or_default()),
    }
}

impl Bench {
    async fn hook(&self, name: &str, url: String) -> Option<Secret> {
        self.app.put_webhook(&self.actor, name, at(url), None).await.expect("taken").0.secret
    }

    async fn call(&self, webhook: &str) {
        let test = NoticeTest { webhooks: vec![webhook.to_owned()], ..NoticeTest::default() };
        let tried = self.app.test_notices(&self.actor, test).await.expect("tried");
        assert!(tried[0].sent, "{tried:?}");
    }
}

#[tokio::test]
async fn nobody_is_told_twice_and_nobody_tells_thousands() {
    let bench = bench(None).await;
    bench.hook("crm", "https://crm.example.com/hook".into()).await;
    let doubled = Notify {
        recipients: Some(
            ["ada@Example.com", "bob@example.com", "ada@example.COM", "Ada@example.com"].map(str::to_owned).into(),
        ),
        webhooks: Some(["crm", "ops", "crm"].map(str::to_owned).into()),
        ..Notify::default()
    };
    let many = Notify {
        recipients: Some(vec!["ada@example.com".into(); 21]),
        webhooks: Some(vec!["crm".into(); 50_000]),
        ..Notify::default()
    };
    let (app, actor) = (&bench.app, &bench.actor);
    let spec = QuerySpec { notify: Some(doubled.clone()), ..query("contacts", json!({})) };
    let of_query = said(&app.put_query(actor, "contacts", spec, None).await.expect_err("refused"));
    let of_default = said(&app.put_notifications(actor, doubled.clone(), None).await.expect_err("refused"));
    expect![[r#"
        query.notify.recipients[2]: stands there twice
          hint: leave it out: everybody hears of each outcome once
        query.notify.webhooks[1]: there is no webhook ops
          hint: an admin makes webhooks
        query.notify.webhooks[2]: stands there twice
          hint: leave it out: everybody hears of each outcome once"#]]
    .assert_eq(&of_query);
    assert_eq!(of_default, of_query.replace("query.notify", "notifications"));
    let test = |notify: &Notify| NoticeTest {
        recipients: notify.recipients.clone().unwrap_or_default(),
        webhooks: notify.webhooks.clone().unwrap_or_default(),
    };
    let of_test = said(&app.test_notices(actor, test(&doubled)).await.expect_err("refused"));
    assert_eq!(of_test, of_query.replace("query.notify", "test"));

    let of_many = said(&app.test_notices(actor, test(&many)).await.expect_err("refused"));
    let lines: Vec<&str> =
        of_many.lines().filter(|line| !line.contains("twice") && !line.contains("each outcome")).collect();
    expect![[r#"
        test.recipients: has more than 20 addresses
          hint: use a mailing list
        test.webhooks: has more than 20 names
          hint: have one webhook pass the notices on"#]]
    .assert_eq(&lines.join("\n"));
    assert!(of_many.lines().count() < 100, "{}", of_many.lines().count());
}

#[tokio::test]
async fn tries_by_hand_do_not_wait_for_each_other() {
    let mut postbox = Postbox::start().await;
    let mut receiver = Receiver::start().await;
    let bench = bench(Some(&postbox)).await;
    bench.hook("ops", receiver.url("ops")).await;
    // The mail server never says a word, which is waited for 20 seconds.
    postbox.always(Some(("", "wait")));
    let test = NoticeTest {
        recipients: vec!["ada@example.com".into(), "bob@example.com".into()],
        webhooks: vec!["ops".into()],
    };
    let all_begin = async {
        tokio::join!(postbox.visit(), receiver.call());
        postbox.visit().await;
    };
    tokio::select! {
        tried = bench.app.test_notices(&bench.actor, test) => panic!("it ended: {tried:?}"),
        begun = tokio::time::timeout(std::time::Duration::from_secs(15), all_begin) => begun.expect("all begin"),
    }
}

#[tokio::test]
async fn two_who_make_the_same_webhook_do_not_overwrite_each_other() {
    let mut receiver = Receiver::start().await;
    let bench = bench(None).await;
    for round in 0..ROUNDS {
        let name = format!("ops-{round}");
        let make = |path: &str| bench.app.create_webhook(&bench.actor, named(&name, receiver.url(path)));
        let (one, other) = tokio::join!(make("one"), make("other"));
        let (made, refused) = match (one, other) {
            (Ok(made), Err(refused)) | (Err(refused), Ok(made)) => (made, refused),
            both => panic!("{both:?}"),
        };
        assert_eq!(said(&refused).lines().next(), Some(format!("there is a webhook {name} already").as_str()));
        bench.call(&name).await;
        let call = receiver.call().await;
        assert_eq!(receiver.url(call.path.trim_start_matches('/')), made.webhook.url);
        assert!(call.is_signed_with(made.secret.expect("shown").expose()));
    }
}

#[tokio::test]
async fn an_address_is_never_called_with_the_secret_of_another() {
    let mut receiver = Receiver::start().await;
    let bench = bench(None).await;
    for round in 0..ROUNDS {
        let name = format!("ops-{round}");
        let first = bench.hook(&name, receiver.url("old")).await.expect("shown");
        // One leads it elsewhere while the other saves it as it is.
        let (new, old) = match round % 2 {
            0 => tokio::join!(bench.hook(&name, receiver.url("new")), bench.hook(&name, receiver.url("old"))),
            _ => {
                let swapped =
                    tokio::join!(bench.hook(&name, receiver.url("old")), bench.hook(&name, receiver.url("new")));
                (swapped.1, swapped.0)
            }
        };
        bench.call(&name).await;
        let call = receiver.call().await;
        let new = new.expect("it moved");
        let known_there = if call.path == "/new" { new } else { old.unwrap_or(first) };
        assert!(call.is_signed_with(known_there.expose()), "round {round}: {}", call.path);
    }
}

#[tokio::test]
async fn a_call_that_meets_a_change_is_signed_for_where_it_goes() {
    let mut receiver = Receiver::start().await;
    let bench = bench(None).await;
    let mut known = vec![("/0".to_owned(), bench.hook("ops", receiver.url("0")).await.expect("shown"))];
    for round in 1..=3 * ROUNDS {
        let path = round.to_string();
        let (secret, ()) = tokio::join!(bench.hook("ops", receiver.url(&path)), bench.call("ops"));
        known.push((format!("/{path}"), secret.expect("it moved")));
        let call = receiver.call().await;
        let secret = known.iter().find(|(path, _)| *path == call.path).map(|(_, secret)| secret.expose());
        assert!(call.is_signed_with(secret.expect("one of them")), "round {round}: {}", call.path);
    }
}

#[tokio::test]
async fn what_a_query_takes_up_is_not_deleted_at_that_moment() {
    let bench = bench(None).await;
    let (app, actor) = (&bench.app, &bench.actor);
    for round in 0..ROUNDS {
        let name = format!("ops-{round}");
        let moved = format!("{name}-moved");
        bench.hook(&name, "https://crm.example.com/hook".into()).await;
        let save = app.put_query(actor, "contacts", telling(&[&name]), None);
        let saved = match round % 2 {
            0 => {
                let (saved, deleted) = tokio::join!(save, app.delete_webhook(actor, &name));
                assert!(saved.is_err() || deleted.is_err(), "round {round}");
                saved
            }
            _ => {
                let rename = named(&moved, "https://crm.example.com/hook".into());
                let (saved, renamed) = tokio::join!(save, app.put_webhook(actor, &name, rename, None));
                assert!(saved.is_err() || renamed.is_err(), "round {round}");
                saved
            }
        };
        let there = app.webhook(actor, &name).await.is_ok();
        assert_eq!(saved.is_ok(), there, "round {round}: {saved:?}");
        if saved.is_ok() {
            app.put_query(actor, "contacts", telling(&[]), None).await.expect("taken");
        }
    }
}

#[tokio::test]
async fn who_is_no_admin_sees_where_it_leads_and_no_token() {
    let bench = bench(None).await;
    let viewer = Actor { role: Role::Viewer, scope: Scope::Read, ..Actor::command_line() };
    let cases = [
        ("https://crm.example.com/hook/token?key=token", "https://crm.example.com/…"),
        ("https://crm.example.com:443/token", "https://crm.example.com/…"),
        ("https://crm.example.com:8443/token", "https://crm.example.com:8443/…"),
        ("http://127.0.0.1:8080/token", "http://127.0.0.1:8080/…"),
        ("https://[::1]:8443/token", "https://[::1]:8443/…"),
    ];
    for (url, shown) in cases {
        bench.hook("ops", url.into()).await;
        let seen = [
            bench.app.webhook(&viewer, "ops").await.expect("there").url,
            bench.app.webhooks(&viewer, None, 10).await.expect("a list").items.remove(0).url,
        ];
        assert_eq!(seen, [shown, shown]);
        assert_eq!(bench.app.webhook(&bench.actor, "ops").await.expect("there").url, url);
    }
}
