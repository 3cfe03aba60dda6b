//! A table: where its rows come from, its columns, its first rows, and what uses it.

use api::{Column, Preview, Table, TableKind};
use askama::Template;

use crate::address::part;
use crate::chrome::{Chrome, Section};
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Control, Field};
use crate::form::Form;
use crate::rows::Rows;
use crate::tables::new::{Choose, format_field};
use crate::tables::{behind, kind};
use crate::words::{Moment, distance};

/// What a table is named by in `used_by`, where it is no query.
const PARENT: &str = "parent segment ";

/// The first rows of a table.
#[derive(Debug, Default)]
pub enum Look {
    /// Nobody asked yet: with script they are asked for once the page is there.
    #[default]
    Later,
    /// Here they are.
    Rows(Preview),
    /// They cannot be read, and why.
    Refused(String),
}

/// A table that somebody looks at, with what is known around it.
#[derive(Debug)]
pub struct Opened {
    /// The table.
    pub table: Table,
    /// Its first rows.
    pub look: Look,
    /// Whether it is asked if it is really to be deleted.
    pub deletes: bool,
    /// It as a file of a project's folder.
    pub yaml: String,
    /// Bytes of an upload at most.
    pub most: u64,
}

/// The page of a table.
#[derive(Debug, Template)]
#[template(path = "tables/table.html")]
pub struct TablePage {
    chrome: Chrome,
    summary: Summary,
    table: Table,
    address: String,
    uploaded: bool,
    kind: &'static str,
    behind: String,
    counted: Option<String>,
    updated: Moment,
    users: Vec<(String, String)>,
    /// Where its first rows are asked for, until they are here.
    later: bool,
    rows: Option<Rows>,
    refused: Option<String>,
    replace: Vec<Field>,
    file: Choose,
    revision: String,
    /// Whether the form that replaces its rows is open.
    open: bool,
    deletes: bool,
    copied: Copied,
}

impl TablePage {
    /// The page, with what somebody typed to replace the rows.
    pub fn new(chrome: &Chrome, opened: Opened, form: &Form, faults: &Faults) -> TablePage {
        let Opened { table, look, deletes, yaml, most } = opened;
        let uploaded = table.kind == TableKind::Uploaded;
        let (later, rows, refused) = match look {
            Look::Later => (true, None, None),
            Look::Rows(rows) => (false, Some(Rows::of("First rows", rows)), None),
            Look::Refused(why) => (false, None, Some(why)),
        };
        let replace = if uploaded { vec![format_field(form, faults)] } else { vec![files_field(&table, form, faults)] };
        let file = Choose::new(faults, most);
        let revision = match form.get("_revision") {
            "" => table.revision.to_string(),
            seen => seen.to_owned(),
        };
        TablePage {
            chrome: chrome.at(Section::Tables),
            summary: faults.summary(),
            address: format!("/tables/{}", part(&table.name)),
            uploaded,
            kind: kind(table.kind),
            behind: behind(&table),
            counted: table.rows.map(model::grouped),
            updated: distance(&table.updated),
            users: table.used_by.iter().map(|user| link_to(user)).collect(),
            later,
            rows,
            refused,
            replace,
            file,
            revision,
            open: !faults.is_empty(),
            deletes,
            copied: command(&table, chrome).yaml(yaml),
            table,
        }
    }
}

fn files_field(table: &Table, form: &Form, faults: &Faults) -> Field {
    Field::new(form, faults, "files", "Files", Control::Text)
        .help("A file, a folder, or a pattern.")
        .parameter("files")
        .required()
        .or(table.files.as_deref().unwrap_or_default())
}

/// The address of what uses the table, and its words.
fn link_to(user: &str) -> (String, String) {
    let address = match user.strip_prefix(PARENT) {
        Some(parent) => format!("/parent-segments/{}", part(parent)),
        None => format!("/queries/{}", part(user)),
    };
    (address, user.to_owned())
}

fn command(table: &Table, chrome: &Chrome) -> Copied {
    match &table.files {
        Some(files) => Copied::command(&["tables", "bind", &table.name, files], &chrome.server),
        None => {
            let file = format!("{}.{}", table.name, table.format.as_deref().unwrap_or("csv"));
            Copied::command(&["tables", "upload", &table.name, &file], &chrome.server)
        }
    }
}

impl TablePage {
    /// Its columns, with their types.
    fn columns(&self) -> &[Column] {
        &self.table.columns
    }
}
