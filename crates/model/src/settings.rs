//! The export settings as the user writes them: one table of names, kinds, defaults and help, and the values given.
//!
//! Means nothing yet: [`Plan::parse`](crate::Plan::parse) turns it into meaning. The parser, the help text, the reference
//! page and the hints of errors are rendered from [`SETTINGS`].

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Problem, Problems, nearest};

/// What a setting's text may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Boolean,
    /// A whole number from `min` to `max`.
    Integer {
        /// Smallest value.
        min: u64,
        /// Largest value.
        max: u64,
    },
    /// Seconds, decimals allowed, from `min` to `max`.
    Seconds {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
    },
    /// One list id or several, comma-separated.
    ListIds,
}

/// When a setting has an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// Whatever is exported.
    Always,
    /// Only with `data_object: prospects`.
    Prospects,
    /// Only with `data_object: list_memberships`.
    ListMemberships,
}

/// One export setting of the manual (or ours, where the help says so).
#[derive(Debug)]
pub struct Setting {
    /// The manual's name.
    pub name: &'static str,
    /// What its text may be.
    pub kind: Kind,
    /// The text it has when nobody gives one; empty means "none".
    pub default: &'static str,
    /// When it has an effect.
    pub applies: Applies,
    /// One or two sentences for people.
    pub help: &'static str,
}

/// Every export setting, in the manual's order. Names and defaults are the manual's ("Integration Parameters for
/// Salesforce Pardot"); `batch_carrier` is ours.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "data_object",
        kind: Kind::Choice(&["prospects", "list_memberships"]),
        default: "prospects",
        applies: Applies::Always,
        help: "What the rows are: prospects, or memberships of prospects in lists.",
    },
    Setting {
        name: "skip_invalid_records",
        kind: Kind::Boolean,
        default: "false",
        applies: Applies::Always,
        help: "true: go on past rejected rows and list them. false: stop at the first rejected row.",
    },
    Setting {
        name: "prospect_operation",
        kind: Kind::Choice(&["sync"]),
        default: "sync",
        applies: Applies::Prospects,
        help: "How prospects are sent: sync is a batch upsert.",
    },
    Setting {
        name: "prospect_lists",
        kind: Kind::ListIds,
        default: "",
        applies: Applies::Prospects,
        help: "One list id, or several comma-separated, that every prospect is added to or removed from.",
    },
    Setting {
        name: "prospect_list_operation",
        kind: Kind::Choice(&["add", "remove"]),
        default: "add",
        applies: Applies::Prospects,
        help: "Whether prospects are added to or removed from prospect_lists.",
    },
    Setting {
        name: "upsert_by_email",
        kind: Kind::Boolean,
        default: "false",
        applies: Applies::Prospects,
        help: "true: match prospects by email alone. false: by id, else fid, else email.",
    },
    Setting {
        name: "parallel_tasks",
        kind: Kind::Integer { min: 1, max: 100 },
        default: "1",
        applies: Applies::Always,
        help: "Calls under way at once. Pardot admits five per business unit, so more than 5 has the effect of 5.",
    },
    Setting {
        name: "max_payload",
        kind: Kind::Integer { min: 1, max: 50_000_000 },
        default: "5000",
        applies: Applies::Prospects,
        help: "Longest payload of a call in encoded characters: the request target with batch_carrier uri; the body \
               with batch_carrier body, there only when it is given. Lower it when Pardot answers 414.",
    },
    Setting {
        name: "batch_carrier",
        kind: Kind::Choice(&["body", "uri"]),
        default: "body",
        applies: Applies::Prospects,
        help: "Where a batch of prospects travels: the request body, or the request URI as the manual does it.",
    },
    Setting {
        name: "list_membership_operation",
        kind: Kind::Choice(&["upsert", "delete"]),
        default: "upsert",
        applies: Applies::ListMemberships,
        help: "Whether the memberships are made or removed.",
    },
    Setting {
        name: "maximum_retries",
        kind: Kind::Integer { min: 0, max: 1000 },
        default: "5",
        applies: Applies::Always,
        help: "How often a failed call is repeated before the job parks. Waiting for a limit does not count.",
    },
    Setting {
        name: "initial_retry_wait",
        kind: Kind::Seconds { min: 0.0, max: 86_400.0 },
        default: "1",
        applies: Applies::Always,
        help: "Seconds before the first repeat; doubled for each further one.",
    },
    Setting {
        name: "maximum_retry_wait",
        kind: Kind::Seconds { min: 0.0, max: 86_400.0 },
        default: "120",
        applies: Applies::Always,
        help: "Longest wait before a repeat, in seconds.",
    },
    Setting {
        name: "maximum_connection_timeout",
        kind: Kind::Seconds { min: 0.01, max: 86_400.0 },
        default: "300",
        applies: Applies::Always,
        help: "Seconds one call may take in all.",
    },
];

impl Setting {
    /// The setting of this exact name.
    pub fn find(name: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|setting| setting.name == name)
    }

    /// What the value may be, for people.
    pub fn allowed(&self) -> String {
        match self.kind {
            Kind::Choice(words) => format!("one of {}", words.join(", ")),
            Kind::Boolean => "true or false".into(),
            Kind::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Seconds { min, max } => format!("seconds from {min} to {max}"),
            Kind::ListIds => "a list id or several, comma-separated".into(),
        }
    }
}

/// The settings as written: only names of [`SETTINGS`], each with its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    /// Takes one value; a later one replaces an earlier one.
    ///
    /// # Errors
    /// The name is not a setting; the nearest name is the hint.
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> Result<(), Problem> {
        let Some(setting) = Setting::find(name) else {
            let problem = Problem::at(format!("settings.{name}"), "is not a setting");
            return Err(match nearest(name, SETTINGS.iter().map(|setting| setting.name)) {
                Some(near) => problem.hint(format!("did you mean {near}?")),
                None => problem.hint(format!("the settings are {}", names())),
            });
        };
        self.0.insert(setting.name, value.into());
        Ok(())
    }

    /// Takes every value of a JSON or YAML mapping; `null` means "not given", a list of ids is joined.
    ///
    /// # Errors
    /// Every unknown name and every value that is no text, number or truth value.
    pub fn set_all(&mut self, mapping: &Value) -> Result<(), Problems> {
        let mut problems = Problems::default();
        let Value::Object(entries) = mapping else {
            return Err(Problem::at("settings", "must be a mapping of names to values").into());
        };
        for (name, value) in entries {
            match text_of(value) {
                Some(None) => {}
                Some(Some(text)) => {
                    problems.keep(self.set(name, text));
                }
                None => problems.push(Problem::at(format!("settings.{name}"), "must be a text, number or truth value")),
            }
        }
        problems.or(|| ())
    }

    /// The text given for a setting, else nothing.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The text given for a setting, else its default.
    pub fn text(&self, setting: &Setting) -> &str {
        self.given(setting.name).unwrap_or(setting.default)
    }

    /// The values given, as a JSON object of texts: reads back through [`Settings::set_all`].
    pub fn to_json(&self) -> Value {
        self.0.iter().map(|(name, text)| ((*name).to_owned(), Value::from(text.as_str()))).collect()
    }
}

/// `None`: not a scalar; `Some(None)`: null.
fn text_of(value: &Value) -> Option<Option<String>> {
    match value {
        Value::Null => Some(None),
        Value::Bool(truth) => Some(Some(truth.to_string())),
        Value::Number(number) => Some(Some(number.to_string())),
        Value::String(text) => Some(Some(text.clone())),
        Value::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(|item| text_of(item).flatten()).collect();
            texts.map(|texts| Some(texts.join(",")))
        }
        Value::Object(_) => None,
    }
}

fn names() -> String {
    SETTINGS.iter().map(|setting| setting.name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
