//! Lists and rows of cells for people, and documents for programs.
//!
//! Knows widths; nothing of what is listed.

use api::Preview;
use model::grouped;
use serde::Serialize;
use serde_json::Value;

use crate::cli::show;

/// Widest cell of a preview.
const WIDEST: usize = 40;

/// A document on one line.
pub(crate) fn show_json(document: &impl Serialize) {
    show(&serde_json::to_value(document).unwrap_or_default().to_string());
}

/// A list: one document a line with `json`, else columns under their heads; `none` says that it is empty.
pub(crate) fn show_list<T: Serialize>(
    items: &[T],
    json: bool,
    none: &str,
    heads: &[&str],
    row: impl Fn(&T) -> Vec<String>,
) {
    if json {
        items.iter().for_each(show_json);
    } else if items.is_empty() {
        crate::cli::say(none);
    } else {
        show(&under(heads, items.iter().map(row)));
    }
}

/// Rows with aligned columns under their heads.
pub(crate) fn under(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let heads = heads.iter().map(|head| head.to_uppercase()).collect();
    columns(&[heads].into_iter().chain(rows).collect::<Vec<_>>())
}

/// A count of things: `1 row`, `2,000 rows`.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {thing}{ending}", grouped(count))
}

/// Names and values, one pair a line; empty values are left out.
pub(crate) fn pairs(pairs: &[(&str, String)]) -> String {
    let given: Vec<&(&str, String)> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
    let width = given.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    given.iter().map(|(name, value)| format!("{name:<width$}  {value}")).collect::<Vec<_>>().join("\n")
}

/// Rows with aligned columns.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The first rows of a query or a table.
pub(crate) fn show_preview(preview: &Preview, json: bool) {
    if json {
        return show_json(preview);
    }
    let mut rows = vec![preview.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>()];
    rows.extend(preview.rows.iter().map(|row| row.iter().map(cell).collect()));
    show(&columns(&rows));
    let shown = counted(preview.rows.len() as u64, "row");
    crate::cli::say(&format!("{shown}{}", if preview.more { ", and there are more" } else { "" }));
}

fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => "NULL".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if plain.chars().count() <= WIDEST {
        return plain;
    }
    let cut: String = plain.chars().take(WIDEST - 1).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["id".to_owned(), "état".to_owned()], vec!["17".to_owned(), "ok".to_owned(), "x".to_owned()]];
        expect![[r#"
            id  état
            17  ok    x"#]]
        .assert_eq(&columns(&rows));
        expect![[r#"
            name   a
            state  b"#]]
        .assert_eq(&pairs(&[("name", "a".into()), ("remark", String::new()), ("state", "b".into())]));
    }

    #[test]
    fn heads_stand_over_their_columns() {
        let rows = [vec!["contacts".to_owned(), "1".to_owned()], vec!["s".to_owned(), String::new()]];
        expect![[r#"
            NAME      ROWS
            contacts  1
            s"#]]
        .assert_eq(&under(&["name", "rows"], rows.into_iter()));
        let cases = [(0, "0 rows"), (1, "1 row"), (2_000, "2,000 rows")];
        for (count, want) in cases {
            assert_eq!(counted(count, "row"), want);
        }
    }

    #[test]
    fn a_cell_stays_on_its_line() {
        assert_eq!(cell(&Value::from("a\nb\u{1b}[1m")), "a b [1m");
        assert_eq!(cell(&Value::from("x".repeat(50))).chars().count(), 40);
        assert_eq!(cell(&Value::Null), "NULL");
    }
}
