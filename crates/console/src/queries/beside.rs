//! The tables beside an editor, with their columns.
//!
//! Knows names; which tables somebody may read is the server's.

use api::{Column, ParentSegment, Table};
use askama::Template;

use crate::address::part;

/// Columns that come with the page; those of further tables are asked for when somebody opens them.
const COLUMNS: usize = 300;

/// The tables that SQL may name.
#[derive(Debug, Template)]
#[template(path = "queries/beside.html")]
pub struct Beside {
    tables: Vec<Known>,
    more: bool,
    edits: bool,
}

#[derive(Debug)]
struct Known {
    name: String,
    /// The page that tells more of it.
    page: String,
    /// Where its columns are asked for.
    ask: String,
    columns: Option<Names>,
}

/// The columns of a table, each as SQL names it.
#[derive(Debug, Template)]
#[template(path = "queries/names.html")]
pub struct Names {
    columns: Vec<Name>,
    remark: Option<String>,
}

#[derive(Debug)]
struct Name {
    name: String,
    kind: String,
    /// As SQL reads it.
    written: String,
}

impl Names {
    /// The columns of a table, or why they cannot be read.
    pub fn of(columns: Vec<Column>, remark: Option<String>) -> Names {
        let name = |column: Column| Name { written: written(&column.name), name: column.name, kind: column.r#type };
        Names { columns: columns.into_iter().map(name).collect(), remark }
    }
}

impl Beside {
    /// Tables, and those of refreshed parent segments. `more`: there are further tables.
    pub fn new(tables: Vec<Table>, parents: Vec<ParentSegment>, more: bool, edits: bool) -> Beside {
        let mut room = COLUMNS;
        let mut names = |columns: Vec<Column>| {
            let fits = !columns.is_empty() && columns.len() <= room;
            room -= if fits { columns.len() } else { 0 };
            fits.then(|| Names::of(columns, None))
        };
        let table = |table: Table| (format!("/tables/{}", part(&table.name)), table.name, table.columns);
        let tables = tables.into_iter().map(table).chain(parents.into_iter().flat_map(snapshot));
        let known = tables.map(|(page, name, columns)| Known {
            ask: format!("/workbench/tables/{}", part(&name)),
            columns: names(columns),
            name,
            page,
        });
        Beside { tables: known.collect(), more, edits }
    }
}

/// The tables of a parent segment's newest refresh, with their page and columns.
fn snapshot(parent: ParentSegment) -> Vec<(String, String, Vec<Column>)> {
    let (id, page) = (parent.id, format!("/parent-segments/{}", part(&parent.spec.name)));
    let column = |column: api::AudienceColumn| Column { r#type: column.r#type.name().to_owned(), name: column.name };
    let Some(snapshot) = parent.snapshot else { return Vec::new() };
    let customers = snapshot.columns.into_iter().map(column).collect();
    let mut tables = vec![(page.clone(), format!("cdp_audience_{id}.customers"), customers)];
    tables.extend(snapshot.behaviors.into_iter().map(|behavior| {
        let columns = behavior.columns.into_iter().map(column).collect();
        (page.clone(), format!("cdp_audience_{id}.behavior_{}", behavior.name), columns)
    }));
    tables
}

/// A name as SQL reads it: without quotes only where it is plain and lower-case.
fn written(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.chars().all(plain) && name.starts_with(|c: char| !c.is_ascii_digit()) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_sql_reads_them() {
        let cases =
            [("email", "email"), ("Email", "\"Email\""), ("1st", "\"1st\""), ("a\"b", "\"a\"\"b\""), ("", "\"\"")];
        for (name, want) in cases {
            assert_eq!(written(name), want);
        }
    }

    #[test]
    fn a_page_has_only_so_many_columns() {
        let table = |name: &str, columns: usize| {
            let column = Column { name: "c".into(), r#type: "text".into() };
            let empty =
                serde_json::json!({"name": name, "revision": 1, "created": "", "updated": "", "kind": "uploaded"});
            Table { columns: vec![column; columns], ..serde_json::from_value(empty).unwrap() }
        };
        let tables = vec![table("a", 200), table("b", 200), table("c", 100), table("d", 1), table("e", 0)];
        let beside = Beside::new(tables, Vec::new(), false, true);
        let with: Vec<bool> = beside.tables.iter().map(|table| table.columns.is_some()).collect();
        assert_eq!(with, [true, false, true, false, false]);
    }
}
