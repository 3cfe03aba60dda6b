//! The audit log: who changed what, when and from where.
//!
//! Knows lines; that none is missing is `sluice audit verify`'s to prove.

use api::{AuditLine, Page};
use askama::Template;
use serde_json::Value;

use super::spaced;
use super::tokens::number;
use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::Field;
use crate::form::Form;
use crate::words::{Moment, moment};

/// The page.
#[derive(Debug, Template)]
#[template(path = "settings/audit.html")]
pub struct Audit {
    chrome: Chrome,
    summary: Summary,
    filters: Vec<Field>,
    lines: Vec<Line>,
    newest: Option<String>,
    older: Option<String>,
    copied: Copied,
}

#[derive(Debug)]
struct Line {
    number: u64,
    at: Moment,
    actor: String,
    address: String,
    action: String,
    object: String,
    detail: Vec<(String, String)>,
}

impl Audit {
    /// The page. `asked` is what stands in its address.
    pub fn new(chrome: Chrome, page: &Page<AuditLine>, asked: &Form, faults: &Faults) -> Audit {
        let before = Field::new(asked, faults, "before", "Lines before number", number("1", ""));
        Audit {
            copied: Copied::command(&["audit", "list"], &chrome.server),
            filters: vec![before],
            summary: faults.summary(),
            lines: page.items.iter().map(line).collect(),
            newest: (!asked.get("before").is_empty()).then(|| "/settings/audit".to_owned()),
            older: page.next.as_deref().map(|next| format!("/settings/audit?before={}", crate::part(next))),
            chrome,
        }
    }
}

fn line(line: &AuditLine) -> Line {
    Line {
        number: line.number,
        at: moment(&line.at),
        actor: line.actor.clone(),
        address: line.address.clone(),
        action: line.action.clone(),
        object: line.object.clone(),
        detail: detail(&line.detail),
    }
}

/// What changed, part by part; what is nothing is left out.
fn detail(detail: &Value) -> Vec<(String, String)> {
    let parts = detail.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let mut parts: Vec<_> =
        parts.map(|(name, value)| (spaced(name), text(value))).filter(|(_, words)| !words.is_empty()).collect();
    parts.sort();
    parts
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.into(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn details_are_words() {
        let found = detail(
            &json!({ "secret_given": true, "role": "admin", "fields": ["a", "b"], "n": 3, "none": null, "changed": [] }),
        );
        let found: Vec<String> = found.into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(found, ["fields: a, b", "n: 3", "role: admin", "secret given: yes"]);
        assert!(detail(&json!("odd")).is_empty());
    }
}
