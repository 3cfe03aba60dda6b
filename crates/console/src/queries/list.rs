//! All queries.

use api::{Page, Query};
use askama::Template;

use crate::address::part;
use crate::chrome::{Chrome, Section};
use crate::copied::Copied;
use crate::queries::said;
use crate::words::{Badge, Moment, cut, distance};

/// Longest description in the list.
const LONGEST: usize = 160;

/// A page of queries.
#[derive(Debug, Template)]
#[template(path = "queries/list.html")]
pub struct QueryList {
    chrome: Chrome,
    rows: Vec<Row>,
    search: String,
    /// Whether queries stand before these.
    later: bool,
    first: String,
    next: Option<String>,
    copied: Copied,
}

#[derive(Debug)]
struct Row {
    name: String,
    address: String,
    description: String,
    export: Option<String>,
    schedule: Option<String>,
    job: Option<Last>,
}

#[derive(Debug)]
struct Last {
    badge: Badge,
    at: Moment,
    address: String,
}

impl QueryList {
    /// The page. `search`: what names were looked for; `later`: queries stand before these.
    pub fn new(chrome: &Chrome, page: Page<Query>, search: &str, later: bool) -> QueryList {
        let first = if search.is_empty() { "/queries".into() } else { format!("/queries?search={}", part(search)) };
        let joint = if search.is_empty() { '?' } else { '&' };
        QueryList {
            chrome: chrome.at(Section::Queries),
            next: page.next.map(|next| format!("{first}{joint}after={}", part(&next))),
            rows: page.items.into_iter().map(Row::of).collect(),
            search: search.to_owned(),
            later,
            first,
            copied: Copied::command(&["queries", "list"], &chrome.server),
        }
    }
}

impl Row {
    fn of(found: Query) -> Row {
        let Query { spec, last_job, .. } = found;
        let job = last_job.map(|job| Last {
            badge: Badge::of(job.state),
            at: distance(&job.created),
            address: crate::jobs::address_of(&job.id),
        });
        Row {
            address: part(&spec.name),
            description: cut(spec.description.as_deref().unwrap_or_default(), LONGEST),
            export: spec.export.is_some().then(|| said::exported(spec.export.as_ref())),
            schedule: said::scheduled(spec.schedule.as_ref()),
            name: spec.name,
            job,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn long_texts_end_early() {
        assert_eq!((cut("äöü", 3), cut("äöüß", 3)), ("äöü".into(), "äöü…".into()));
    }
}
