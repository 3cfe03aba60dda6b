//! All tables.

use api::{Page, Table};
use askama::Template;

use crate::address::part;
use crate::chrome::{Chrome, Section};
use crate::copied::Copied;
use crate::tables::{behind, kind};
use crate::words::{Moment, moment, plural};

/// A page of tables.
#[derive(Debug, Template)]
#[template(path = "tables/list.html")]
pub struct TableList {
    chrome: Chrome,
    rows: Vec<Row>,
    /// Whether tables stand before these.
    later: bool,
    next: Option<String>,
    copied: Copied,
}

#[derive(Debug)]
struct Row {
    name: String,
    address: String,
    kind: &'static str,
    files: String,
    rows: Option<String>,
    users: String,
    updated: Moment,
}

impl TableList {
    /// The page. `later`: tables stand before these.
    pub fn new(chrome: &Chrome, page: Page<Table>, later: bool) -> TableList {
        TableList {
            chrome: chrome.at(Section::Tables),
            rows: page.items.into_iter().map(Row::of).collect(),
            later,
            next: page.next.map(|next| part(&next)),
            copied: Copied::command(&["tables", "list"], &chrome.server),
        }
    }
}

impl Row {
    fn of(table: Table) -> Row {
        let users = table.used_by.len() as u64;
        Row {
            address: part(&table.name),
            kind: kind(table.kind),
            files: behind(&table),
            rows: table.rows.map(model::grouped),
            users: if users == 0 { "Nothing".into() } else { plural(users, "use", "uses") },
            updated: moment(&table.updated),
            name: table.name,
        }
    }
}
