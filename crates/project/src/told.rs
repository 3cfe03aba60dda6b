//! Who is told of a query's jobs: read from its document, compared with what a server has, written back.
//!
//! Knows the names and their shapes, and the difference between nobody and the server's default; whether an address is
//! reached is the server's.

use std::collections::BTreeSet;
use std::fmt::Write;

use api::{NoticeEvent, Notify};
use model::{Problem, nearest};

use crate::difference::{Difference, difference};
use crate::fields::{Fields, Within};
use crate::render::scalar;

/// The name in a query's document.
const NOTIFY: &str = "notify";

/// The names of its mapping.
pub(crate) const NAMES: [&str; 4] = ["recipients", "webhooks", "on", "rejected_over"];

/// Most addresses of a query.
const MOST_RECIPIENTS: usize = 20;

/// Who is told, by a query's document; what is not written is the server's default.
pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Notify> {
    let mut within = fields.mapping(NOTIFY, &NAMES, "write recipients:, webhooks:, on: or rejected_over: below it")?;
    let recipients: Option<Vec<String>> = fields.take_within(&mut within, "recipients", "a list: [ada@example.com]");
    if let Some(recipients) = &recipients {
        check(recipients, fields);
    }
    let made = Notify {
        recipients,
        webhooks: fields.take_within(&mut within, "webhooks", "a list of webhooks' names"),
        on: events(&mut within, fields),
        rejected_over: fields.take_within(&mut within, "rejected_over", "a whole number of rows"),
    };
    Some(made).filter(|made| *made != Notify::default())
}

/// Addresses are somebody's: a wrong one is told by its place in the list.
fn check(recipients: &[String], fields: &mut Fields<'_>) {
    let at = fields.at_within(NOTIFY, &["recipients"]);
    if recipients.len() > MOST_RECIPIENTS {
        let problem = Problem::at(at.clone(), format!("are more than {MOST_RECIPIENTS}"));
        fields.problems.push(problem.hint("name a mailing list, or a webhook"));
    }
    for (index, text) in recipients.iter().enumerate() {
        if !is_address(text) {
            let problem = Problem::at(at.clone(), format!("entry {} is no mail address", index + 1));
            fields.problems.push(problem.hint("write one plain address an entry: ada@example.com"));
        }
    }
}

/// Whether a text is one plain mail address.
pub(crate) fn is_address(text: &str) -> bool {
    let parts = text.split_once('@').filter(|(user, host)| !user.is_empty() && !host.is_empty());
    parts.is_some_and(|(_, host)| !host.contains('@') && !text.contains([' ', ',', ';', '<', '>']))
}

fn events(within: &mut Within, fields: &mut Fields<'_>) -> Option<Vec<NoticeEvent>> {
    let words: Vec<String> = fields.take_within(within, "on", "a list of words: [failure, disabled]")?;
    let mut events = Vec::new();
    for given in words {
        if let Some(event) = NoticeEvent::named(&given) {
            events.push(event);
            continue;
        }
        let shown: String = given.chars().take(60).collect();
        let problem =
            Problem::at(fields.at_within(NOTIFY, &["on"]), format!("{shown} is nothing that people are told of"));
        fields.problems.push(match nearest(&given, NoticeEvent::ASKED.map(NoticeEvent::name)) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem.hint(format!("the words are {}", NoticeEvent::ASKED.map(NoticeEvent::name).join(", "))),
        });
    }
    Some(events)
}

/// What is not written; no name and no address looks like it.
const DEFAULT: &str = "(default)";

/// The texts of a list in one order, for people.
fn list<'a>(texts: Option<impl Iterator<Item = &'a str>>, none: &str) -> String {
    let Some(texts) = texts else {
        return DEFAULT.to_owned();
    };
    let texts: BTreeSet<&str> = texts.collect();
    match texts.len() {
        0 => none.to_owned(),
        _ => texts.into_iter().collect::<Vec<_>>().join(","),
    }
}

/// What differs between two.
pub(crate) fn differences(from: Option<&Notify>, to: Option<&Notify>) -> Vec<Difference> {
    let (from, to) = (from.cloned().unwrap_or_default(), to.cloned().unwrap_or_default());
    let recipients =
        |told: &Notify| list(told.recipients.as_ref().map(|all| all.iter().map(String::as_str)), "(nobody)");
    let webhooks = |told: &Notify| list(told.webhooks.as_ref().map(|all| all.iter().map(String::as_str)), "(none)");
    let on = |told: &Notify| list(told.on.as_ref().map(|all| all.iter().copied().map(NoticeEvent::name)), "(nothing)");
    let over = |told: &Notify| told.rejected_over.map_or_else(|| DEFAULT.to_owned(), |rows| rows.to_string());
    let each = [
        difference("notify.recipients", Some(&recipients(&from)), Some(&recipients(&to))),
        difference("notify.webhooks", Some(&webhooks(&from)), Some(&webhooks(&to))),
        difference("notify.on", Some(&on(&from)), Some(&on(&to))),
        difference("notify.rejected_over", Some(&over(&from)), Some(&over(&to))),
    ];
    each.into_iter().flatten().collect()
}

/// The lines in a query's document; what is the server's default is left out.
pub(crate) fn write(text: &mut String, told: Option<&Notify>) {
    let Some(told) = told.filter(|told| **told != Notify::default()) else { return };
    let line = |text: &mut String, name: &str, items: Vec<String>| {
        let _ = writeln!(text, "  {name}: [{}]", items.join(", "));
    };
    let _ = writeln!(text, "{NOTIFY}:");
    if let Some(recipients) = &told.recipients {
        line(text, "recipients", recipients.iter().map(|address| scalar(address)).collect());
    }
    if let Some(webhooks) = &told.webhooks {
        line(text, "webhooks", webhooks.iter().map(|name| scalar(name)).collect());
    }
    if let Some(on) = &told.on {
        line(text, "on", on.iter().map(|event| scalar(event.name())).collect());
    }
    if let Some(rows) = told.rejected_over {
        let _ = writeln!(text, "  rejected_over: {rows}");
    }
}
