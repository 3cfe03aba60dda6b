//! The first rows of a table or a query.
//!
//! Knows how cells are shown; every value is somebody's text and nothing else.

use api::{Column, Preview};
use askama::Template;
use serde_json::Value;

use crate::words::plural;

/// Longest cell that is shown whole.
const LONGEST: usize = 300;

/// First rows.
#[derive(Debug, Template)]
#[template(path = "part/rows.html")]
pub struct Rows {
    label: &'static str,
    columns: Vec<Column>,
    rows: Vec<Vec<Option<String>>>,
    said: String,
}

impl Rows {
    /// The rows, under a name for those who do not see them.
    pub fn of(label: &'static str, preview: Preview) -> Rows {
        let Preview { columns, rows, more } = preview;
        let mut short = false;
        let mut cell = |value: Value| match value {
            Value::Null => None,
            Value::String(text) => Some(shortened(text, &mut short)),
            other => Some(shortened(other.to_string(), &mut short)),
        };
        let rows: Vec<Vec<Option<String>>> =
            rows.into_iter().map(|row| row.into_iter().map(&mut cell).collect()).collect();
        let count = plural(rows.len() as u64, "row", "rows");
        let mut said = match (rows.is_empty(), more) {
            (true, _) => "No rows.".to_owned(),
            (false, true) => format!("The first {count}. There are more."),
            (false, false) => format!("{count}: that is all."),
        };
        if short {
            said.push_str(" Long values are cut.");
        }
        Rows { label, columns, rows, said }
    }
}

fn shortened(text: String, short: &mut bool) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => {
            *short = true;
            format!("{}…", &text[..end])
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn html(rows: Value, more: bool) -> String {
        let preview = json!({"columns": [{"name": "<b>", "type": "text"}], "rows": rows, "more": more});
        Rows::of("Preview", serde_json::from_value(preview).unwrap()).render().unwrap()
    }

    #[test]
    fn values_are_text_and_nothing_else() {
        let html = html(json!([["<script>alert(1)</script>"], [null], [""], ["x".repeat(301)]]), true);
        assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
        assert!(html.contains("alert(1)") && html.contains("class=\"null\""), "{html}");
        assert!(html.contains(&format!("{}…", "x".repeat(300))) && html.contains("Long values are cut."), "{html}");
    }

    #[test]
    fn how_many_there_are_is_said() {
        let cases = [
            (json!([["a"], ["b"]]), true, "The first 2 rows. There are more."),
            (json!([["a"]]), false, "1 row: that is all."),
            (json!([]), false, "No rows."),
        ];
        for (rows, more, want) in cases {
            assert!(html(rows, more).contains(want), "{want}");
        }
    }
}
