//! Notifications of a query: who is told of its jobs.
//!
//! Knows how it looks; who can be told is the server's to say.

use api::{Notifications, Notify, Query};
use askama::Template;

use crate::chrome::{Chrome, Section};
use crate::copied::Copied;
use crate::faults::Summary;
use crate::field::Field;
use crate::form::{Form, Reading};
use crate::notify;
use crate::queries::Tab;
use crate::query_export::command;
use crate::query_parts::{Part, Typed};

/// The page.
#[derive(Debug, Template)]
#[template(path = "notify/page.html")]
pub struct NotifyPage {
    chrome: Chrome,
    part: Part,
    summary: Summary,
    fields: Vec<Field>,
    sentence: String,
    usual: String,
    /// Whether mails are sent at all.
    mails: bool,
    webhooks: Vec<String>,
    copied: Copied,
}

impl NotifyPage {
    /// The page of a query as it is saved, or as somebody types who is told. `webhooks`: the names of those that are there;
    /// `yaml`: the query as a file of a project's folder.
    pub fn new(
        chrome: &Chrome,
        query: &Query,
        typed: Option<Typed>,
        usual: &Notifications,
        webhooks: Vec<String>,
        yaml: String,
    ) -> NotifyPage {
        let part = Part::new(query, Tab::Notifications, "notifications", typed.as_ref());
        let Typed { form, faults, .. } = typed.unwrap_or_else(|| Typed { form: form_of(query), ..Typed::default() });
        NotifyPage {
            chrome: chrome.at(Section::Queries),
            fields: notify::fields(&form, &faults, "notify"),
            summary: faults.summary(),
            sentence: query.spec.notify.as_ref().map_or("As the server's default says.".into(), notify::sentence),
            usual: notify::sentence(&usual.default),
            mails: usual.mail_from.is_some(),
            webhooks,
            copied: copied(chrome, &query.spec.name, &form).yaml(yaml),
            part,
        }
    }
}

/// Who is told of a query's jobs, as a form.
pub fn form_of(query: &Query) -> Form {
    let mut form = Form::of(&query.spec.notify.as_ref().map(|notify| serde_json::json!({ "notify": notify })));
    form.set("_revision", query.revision.to_string());
    form
}

fn copied(chrome: &Chrome, name: &str, form: &Form) -> Copied {
    let words = |verb: &str| vec!["notifications".to_owned(), verb.to_owned(), "--query".to_owned(), name.to_owned()];
    if !chrome.edits() {
        return command(&words("show"), chrome);
    }
    let Some(told) = notify::read(&mut Reading::new(form), "notify") else { return command(&words("reset"), chrome) };
    let mut words = words("set");
    words.extend(arguments(&told));
    command(&words, chrome)
}

/// Who is told of what, as the command line writes it: an empty word is an empty list.
fn arguments(told: &Notify) -> Vec<String> {
    let mut words = Vec::new();
    let lists = [("--recipient", &told.recipients), ("--webhook", &told.webhooks)];
    for (name, list) in lists.into_iter().filter_map(|(name, list)| Some((name, list.as_ref()?))) {
        if list.is_empty() {
            words.extend([name.to_owned(), String::new()]);
        }
        words.extend(list.iter().flat_map(|one| [name.to_owned(), one.clone()]));
    }
    if let Some(on) = &told.on {
        words.extend(["--on".to_owned(), on.iter().map(|event| event.name()).collect::<Vec<_>>().join(",")]);
    }
    if let Some(rows) = told.rejected_over {
        words.extend(["--rejected-over".to_owned(), rows.to_string()]);
    }
    words
}

#[cfg(test)]
mod tests;
