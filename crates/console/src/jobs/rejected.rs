//! Rejected rows: by reason, with some of them to look at.
//!
//! Row values are people's data: whoever may not see them gets reasons and counts alone.

use std::collections::BTreeMap;

use api::Job;
use askama::Template;
use model::{ReasonCount, grouped};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::jobs::line::{address_of, subject};
use crate::words::{cut, plural};

/// Reasons that are listed.
const REASONS: usize = 20;
/// Rows shown of each reason.
const SAMPLES: usize = 10;
/// Characters of a value that are shown.
const LONGEST: usize = 200;

/// A rejected row as its download in JSON lines has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RejectedRow {
    #[serde(rename = "row_number")]
    row: u64,
    #[serde(rename = "row_key")]
    key: Option<String>,
    #[serde(rename = "rejected_column")]
    column: Option<String>,
    code: Option<u16>,
    reason: String,
    hint: Option<String>,
    values: Map<String, Value>,
}

impl RejectedRow {
    /// Reads a line of the download.
    pub fn read(line: &[u8]) -> Option<RejectedRow> {
        serde_json::from_slice(line).ok()
    }
}

/// Reasons with their counts.
#[derive(Debug)]
pub(crate) struct Reasons {
    pub(crate) lines: Vec<Reason>,
    /// How many reasons more there are.
    pub(crate) more: usize,
}

#[derive(Debug)]
pub(crate) struct Reason {
    pub(crate) column: Option<String>,
    pub(crate) words: String,
    pub(crate) rows: String,
}

/// The reasons of a report.
pub(crate) fn reasons(counts: &[ReasonCount]) -> Reasons {
    let lines = counts.iter().take(REASONS).map(|reason| Reason {
        column: reason.column.clone(),
        words: told(&reason.reason, reason.code),
        rows: grouped(reason.rows),
    });
    Reasons { lines: lines.collect(), more: counts.len().saturating_sub(REASONS) }
}

fn told(reason: &str, code: Option<u16>) -> String {
    code.map_or_else(|| reason.to_owned(), |code| format!("{reason} (code {code})"))
}

/// Rows of one reason.
#[derive(Debug)]
struct Group {
    column: Option<String>,
    words: String,
    hint: Option<String>,
    /// The columns of the rows.
    columns: Vec<String>,
    rows: Vec<Sample>,
    /// Rows of this reason among those that were read.
    found: usize,
}

#[derive(Debug)]
struct Sample {
    row: String,
    cells: Vec<Cell>,
}

#[derive(Debug)]
struct Cell {
    /// None where it is NULL.
    text: Option<String>,
    /// Whether it is the one at fault.
    fault: bool,
}

/// Some rejected rows of a job, by reason.
#[derive(Debug, Template)]
#[template(path = "jobs/rejected.html")]
pub struct RejectedPage {
    chrome: Chrome,
    subject: String,
    address: String,
    id: String,
    groups: Vec<Group>,
    /// Why none can be shown.
    absent: Option<String>,
    /// What was read, where there are more.
    first: Option<String>,
}

impl RejectedPage {
    /// These rows; `more` says whether there are others.
    pub fn new(chrome: Chrome, job: &Job, rows: &[RejectedRow], more: bool) -> RejectedPage {
        let first = more.then(|| plural(rows.len() as u64, "row", "rows"));
        let absent = rows.is_empty().then(|| "No row was rejected.".to_owned());
        RejectedPage { first, groups: groups(rows), absent, ..RejectedPage::empty(chrome, job) }
    }

    /// Rows that cannot be shown, and why.
    pub fn absent(chrome: Chrome, job: &Job, why: String) -> RejectedPage {
        RejectedPage { absent: Some(why), ..RejectedPage::empty(chrome, job) }
    }

    fn copied(&self) -> Copied {
        Copied::command(&["jobs", "download", &self.id, "--what", "rejected"], &self.chrome.server)
    }

    fn empty(chrome: Chrome, job: &Job) -> RejectedPage {
        let (subject, address, id) = (subject(job), address_of(&job.id), job.id.clone());
        RejectedPage { chrome, subject, address, id, groups: Vec::new(), absent: None, first: None }
    }
}

fn groups(rows: &[RejectedRow]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut known = BTreeMap::new();
    for row in rows {
        let at = *known.entry((&row.column, row.code, &row.reason)).or_insert_with(|| {
            groups.push(Group {
                column: row.column.clone(),
                words: told(&row.reason, row.code),
                hint: row.hint.as_ref().map(|hint| format!("To do: {}.", hint.trim_end_matches('.'))),
                columns: in_order(row).map(|(name, _)| name.clone()).collect(),
                rows: Vec::new(),
                found: 0,
            });
            groups.len() - 1
        });
        let group = &mut groups[at];
        group.found += 1;
        if group.rows.len() < SAMPLES {
            group.rows.push(sample(row));
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.found));
    groups
}

/// The values of a row; the one at fault stands first, where nobody has to look for it.
fn in_order(row: &RejectedRow) -> impl Iterator<Item = (&String, &Value)> {
    let (fault, others): (Vec<_>, Vec<_>) = row.values.iter().partition(|(name, _)| row.column.as_ref() == Some(name));
    fault.into_iter().chain(others)
}

fn sample(row: &RejectedRow) -> Sample {
    let cells = in_order(row).map(|(name, value)| Cell {
        text: match value {
            Value::Null => None,
            Value::String(text) => Some(cut(text, LONGEST)),
            other => Some(cut(&other.to_string(), LONGEST)),
        },
        fault: row.column.as_ref() == Some(name),
    });
    Sample { row: grouped(row.row), cells: cells.collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(number: u64, column: Option<&str>, reason: &str) -> RejectedRow {
        let line = json!({
            "row_number": number, "row_key": null, "rejected_column": column, "code": null, "reason": reason, "hint": null,
            "values": {"email": "x".repeat(300), "score": null},
        });
        RejectedRow::read(line.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn rows_of_one_reason_stand_together_the_most_frequent_first() {
        let mut rows = vec![row(1, Some("score"), "is no number"), row(2, None, "has no email")];
        rows.extend((3..=20).map(|number| row(number, None, "has no email")));
        let groups = groups(&rows);
        let seen: Vec<_> = groups.iter().map(|group| (group.words.as_str(), group.found, group.rows.len())).collect();
        assert_eq!(seen, [("has no email", 19, SAMPLES), ("is no number", 1, 1)]);
        let cells = &groups[1].rows[0].cells;
        assert_eq!(groups[1].columns, ["score", "email"]);
        assert_eq!((cells[0].fault, cells[1].fault, cells[0].text.as_deref()), (true, false, None));
        assert_eq!(cells[1].text.as_ref().map(|text| text.chars().count()), Some(LONGEST + 1));
        assert!(RejectedRow::read(b"{}").is_none());
    }

    #[test]
    fn a_long_list_of_reasons_is_cut_and_says_so() {
        let counts: Vec<ReasonCount> = (0..23)
            .map(|number| ReasonCount { code: Some(4), column: None, reason: format!("reason {number}"), rows: 1_000 })
            .collect();
        let reasons = reasons(&counts);
        assert_eq!((reasons.lines.len(), reasons.more), (REASONS, 3));
        assert_eq!((reasons.lines[0].words.as_str(), reasons.lines[0].rows.as_str()), ("reason 0 (code 4)", "1,000"));
    }
}
