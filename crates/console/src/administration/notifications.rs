//! The default of notices: who is told of what where a query says nothing; webhooks; a test.
//!
//! Knows events in words; how a notice travels is the server's.

use api::{Channel, NoticeEvent, NoticeTest, NoticeTried, Notifications, Notify, Webhook};
use askama::Template;

use super::spaced;
use super::tokens::number;
use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Control, Field};
use crate::form::{Form, Reading};
use crate::home::said;
use crate::words::Badge;

/// When somebody is told of an event.
fn event_words(event: NoticeEvent) -> &'static str {
    match event {
        NoticeEvent::Success => "A job is a success",
        NoticeEvent::Failure => "A job ended without success",
        NoticeEvent::Rejected => "A job has more rejected rows than the number below",
        NoticeEvent::QuotaParked => "A job waits because the day's calls are used up",
        NoticeEvent::Reconnect => "Somebody must connect again",
        NoticeEvent::Disabled => "A schedule was disabled because its runs kept failing",
        NoticeEvent::Recovered => "What had failed is a success again",
        NoticeEvent::Test => "Somebody tries whether notices arrive",
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "settings/notifications.html")]
pub struct NotificationsPage {
    chrome: Chrome,
    revision: String,
    mail_from: Option<String>,
    summary: Summary,
    recipients: Field,
    webhook_boxes: Vec<Tick>,
    webhook_faults: Vec<api::Place>,
    event_boxes: Vec<Tick>,
    rejected_over: Field,
    told: Vec<String>,
    hears: Vec<String>,
    webhooks: Vec<Line>,
    test: Vec<Field>,
    test_boxes: Vec<Tick>,
    tried: Vec<Tried>,
    copied: Copied,
}

/// One of several that may be ticked.
#[derive(Debug)]
struct Tick {
    id: String,
    name: &'static str,
    value: String,
    words: String,
    on: bool,
}

#[derive(Debug)]
struct Line {
    name: String,
    address: String,
    url: String,
}

#[derive(Debug)]
struct Tried {
    badge: Badge,
    target: String,
    words: String,
}

/// The default as the form has it.
pub fn notify_form(notify: &Notify, revision: u64) -> Form {
    with_test(notify, revision, &Form::default())
}

/// The default as the form has it, with what was typed for a test.
pub fn with_test(notify: &Notify, revision: u64, typed: &Form) -> Form {
    let mut pairs = url::form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(typed.pairs().filter(|(name, _)| ["to", "to_webhooks"].contains(name)));
    pairs.append_pair("_revision", &revision.to_string());
    pairs.append_pair("recipients", &notify.recipients.as_deref().unwrap_or_default().join("\n"));
    for webhook in notify.webhooks.iter().flatten() {
        pairs.append_pair("webhooks", webhook);
    }
    for event in notify.on.iter().flatten() {
        pairs.append_pair("on", event.name());
    }
    pairs.append_pair("rejected_over", &notify.rejected_over.unwrap_or(0).to_string());
    Form::read(pairs.finish().as_bytes())
}

/// What was typed as the default: complete, so that what was taken out is gone.
pub fn notify_read(form: &Form) -> Result<Notify, Faults> {
    let mut reading = Reading::new(form);
    let rejected_over = reading.number("rejected_over");
    let on: Option<Vec<NoticeEvent>> = ticked(form, "on").map(|name| NoticeEvent::named(&name)).collect();
    if on.is_none() {
        reading.refuse("on", "is none of the choices");
    }
    if !reading.problems.is_empty() {
        return Err(Faults::of(reading.problems));
    }
    Ok(Notify {
        recipients: Some(addresses(form.get("recipients"))),
        webhooks: Some(ticked(form, "webhooks").collect()),
        on,
        rejected_over: Some(rejected_over.unwrap_or(0)),
    })
}

/// To whom a test is sent.
pub fn notice_test(form: &Form) -> NoticeTest {
    NoticeTest { recipients: addresses(form.get("to")), webhooks: ticked(form, "to_webhooks").collect() }
}

/// One address a line; commas are taken as well.
fn addresses(text: &str) -> Vec<String> {
    text.split(['\n', ',']).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

fn ticked<'a>(form: &'a Form, name: &'a str) -> impl Iterator<Item = String> + use<'a> {
    form.all(name).filter(|value| !value.is_empty()).map(str::to_owned)
}

impl NotificationsPage {
    /// The page. `form` is [`notify_form`], or what was typed; `tried` is what became of a test.
    pub fn new(
        chrome: Chrome,
        known: &Notifications,
        webhooks: &[Webhook],
        form: &Form,
        faults: &Faults,
        tried: &[NoticeTried],
    ) -> NotificationsPage {
        let recipients = Field::new(form, faults, "recipients", "Mail addresses", Control::Area { rows: 3 })
            .help("One a line, at most 20. Left empty, nobody is told by mail.")
            .example("ada@example.com");
        let rejected_over = Field::new(form, faults, "rejected_over", "Rejected rows", number("0", ""))
            .help("A job with more rejected rows than this is told, even a success.")
            .example("0");
        let events = NoticeEvent::ASKED.into_iter();
        let to = Field::new(form, faults, "to", "Mail addresses", Control::Area { rows: 2 })
            .help("One a line. The addresses above stay as they are.");
        NotificationsPage {
            revision: form.get("_revision").to_owned(),
            mail_from: known.mail_from.clone(),
            recipients,
            webhook_boxes: boxes(form, "webhooks", webhooks),
            webhook_faults: faults.at("webhooks").into_iter().chain(faults.at("on")).collect(),
            event_boxes: events.map(|event| ticker(form, "on", event.name(), event_words(event))).collect(),
            rejected_over,
            told: told(&known.default),
            hears: hears(&known.default),
            webhooks: webhooks.iter().map(line).collect(),
            test: vec![to],
            test_boxes: boxes(form, "to_webhooks", webhooks),
            tried: tried.iter().map(one_tried).collect(),
            copied: copied(&known.default, &chrome.server),
            summary: faults.summary(),
            chrome,
        }
    }
}

fn boxes(form: &Form, name: &'static str, webhooks: &[Webhook]) -> Vec<Tick> {
    webhooks.iter().map(|webhook| ticker(form, name, &webhook.name, &webhook.name)).collect()
}

fn ticker(form: &Form, name: &'static str, value: &str, words: &str) -> Tick {
    let id = crate::field::id_of(&format!("{name}.{value}"));
    Tick { id, name, value: value.to_owned(), words: words.to_owned(), on: form.all(name).any(|found| found == value) }
}

fn line(webhook: &Webhook) -> Line {
    let address = format!("/settings/webhooks/{}", crate::part(&webhook.name));
    Line { name: webhook.name.clone(), address, url: webhook.url.clone() }
}

/// Of what people are told, in words.
fn told(notify: &Notify) -> Vec<String> {
    let over = notify.rejected_over.unwrap_or(0);
    let events = notify.on.iter().flatten();
    events
        .map(|event| match event {
            NoticeEvent::Rejected => format!("A job has more than {over} rejected rows"),
            other => event_words(*other).to_owned(),
        })
        .collect()
}

/// Who is told.
fn hears(notify: &Notify) -> Vec<String> {
    let webhooks = notify.webhooks.iter().flatten().map(|name| format!("webhook {name}"));
    notify.recipients.iter().flatten().cloned().chain(webhooks).collect()
}

fn one_tried(tried: &NoticeTried) -> Tried {
    let (mark, word) = if tried.sent { ("good", "taken") } else { ("bad", "not taken") };
    let taken = match tried.channel {
        Channel::Mail => "The mail server took it. Look whether it is in the mailbox.",
        Channel::Webhook => "The webhook answered that it took it.",
    };
    let words = match (&tried.cause, tried.sent) {
        (Some(cause), false) => said(&cause.message, cause.hint.as_deref()),
        (None, false) => "It was not taken.".into(),
        (_, true) => taken.into(),
    };
    Tried { badge: Badge { mark, words: word.into() }, target: tried.target.clone(), words }
}

fn copied(default: &Notify, server: &str) -> Copied {
    let on: Vec<&str> = default.on.iter().flatten().map(|event| event.name()).collect();
    let (on, over) = (on.join(","), default.rejected_over.unwrap_or(0).to_string());
    let mut words = vec!["notifications", "set"];
    for (flag, names) in [("--recipient", &default.recipients), ("--webhook", &default.webhooks)] {
        match names.as_deref().unwrap_or_default() {
            [] => words.extend([flag, ""]),
            names => names.iter().for_each(|name| words.extend([flag, name])),
        }
    }
    words.extend(["--on", &on, "--rejected-over", &over]);
    Copied::command(&words, server)
}

/// An event as it stands in a list: `quota parked`.
pub(super) fn event_name(event: NoticeEvent) -> String {
    spaced(event.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_survives_its_form() {
        let notify = |recipients: &[&str], webhooks: &[&str], on: &[NoticeEvent], over| Notify {
            recipients: Some(recipients.iter().map(|&text| text.to_owned()).collect()),
            webhooks: Some(webhooks.iter().map(|&text| text.to_owned()).collect()),
            on: Some(on.to_vec()),
            rejected_over: Some(over),
        };
        let cases = [
            notify(&[], &[], &[], 0),
            notify(&["ada@example.com", "b@example.com"], &["crm", "a&b=c"], &NoticeEvent::ASKED, 100),
        ];
        for case in cases {
            assert_eq!(notify_read(&notify_form(&case, 3)).unwrap(), case);
        }
        assert_eq!(notify_form(&Notify::default(), 3).get("_revision"), "3");
        for wrong in ["on=test", "on=odd", "rejected_over=-1", "rejected_over=many"] {
            assert!(notify_read(&Form::read(wrong.as_bytes())).is_err(), "{wrong}");
        }
        let test = notice_test(&Form::read(b"to=a@b.c%0D%0A,+d@e.f%0D%0A%0D%0A&to_webhooks=crm&to_webhooks="));
        assert_eq!((test.recipients, test.webhooks), (vec!["a@b.c".into(), "d@e.f".into()], vec!["crm".into()]));
    }

    #[test]
    fn the_command_says_the_whole_default() {
        let default =
            Notify { on: Some(vec![NoticeEvent::Failure]), webhooks: Some(vec!["a b".into()]), ..Notify::default() };
        assert_eq!(
            copied(&default, "http://h").cli,
            "sluice notifications set --recipient '' --webhook 'a b' --on failure --rejected-over 0 --server http://h"
        );
    }
}
