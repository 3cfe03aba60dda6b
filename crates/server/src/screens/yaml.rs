//! What a page shows, as a file of a project's folder.
//!
//! Knows which document; how its file is written is `project`'s.

use api::{Activation, Connection, ParentSegment, Query, Segment, Table};
use project::Actual;
use serde_json::Value;

/// A query, its SQL in the same file.
pub(super) fn query(query: &Query) -> String {
    let text = first(&Actual { queries: vec![query.clone()], ..Actual::default() });
    let sql = sql(query.spec.sql.trim_end());
    let lines = text.lines().map(|line| if line.starts_with("sql_file: ") { sql.as_str() } else { line });
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// A connection, without its secrets.
pub(super) fn connection(connection: &Connection) -> String {
    first(&Actual { connections: vec![connection.clone()], ..Actual::default() })
}

/// A table.
pub(super) fn table(table: &Table) -> String {
    first(&Actual { tables: vec![table.clone()], ..Actual::default() })
}

/// A parent segment.
pub(super) fn parent_segment(parent: &ParentSegment) -> String {
    first(&Actual { parent_segments: vec![parent.clone()], ..Actual::default() })
}

/// A segment.
pub(super) fn segment(segment: &Segment) -> String {
    first(&Actual { segments: vec![segment.clone()], ..Actual::default() })
}

/// An activation.
pub(super) fn activation(activation: &Activation) -> String {
    first(&Actual { activations: vec![activation.clone()], ..Actual::default() })
}

/// The file of the one document, without the line that names the schema to editors.
fn first(actual: &Actual) -> String {
    let files = project::render(actual);
    let text = files.into_iter().find(|(path, _)| path.ends_with(".yaml")).map(|(_, text)| text).unwrap_or_default();
    match text.split_once('\n') {
        Some((head, rest)) if head.starts_with("# yaml-language-server") => rest.to_owned(),
        _ => text,
    }
}

/// SQL as lines that people read, where YAML reads them back as the same text.
fn sql(text: &str) -> String {
    let strange =
        |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{85}');
    if text.is_empty() || text.contains(strange) || text.starts_with(char::is_whitespace) {
        return project::lines("sql", &Value::String(text.to_owned())).trim_end().to_owned();
    }
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!("  {line}") });
    format!("sql: |-\n{}", lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use project::Kind;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_file_means_the_query() {
        let texts = [
            "SELECT 1",
            "SELECT a,\n  b\n\nFROM t -- é: \"x\"",
            "  SELECT 1",
            "SELECT\t1",
            "SELECT 1\r\nFROM t",
            "#",
            "- a: b",
        ];
        for text in texts {
            let document = json!({"revision": 1, "created": "", "updated": "", "name": "true", "sql": text, "overlap": "skip",
                "time_limit": 60, "schedule": {"cron": "@daily"}, "export": {"connection": "prod", "settings": {"max_payload": 4000}}});
            let wanted: Query = serde_json::from_value(document).unwrap();
            let yaml = query(&wanted);
            let read =
                project::single(Kind::Query, "q.yaml", &yaml).unwrap_or_else(|problems| panic!("{problems}\n{yaml}"));
            let (_, read) = read.queries.first_key_value().unwrap();
            assert_eq!((read.spec.sql.trim_end(), read.spec.overlap), (text, api::Overlap::Skip), "{yaml}");
            assert_eq!((&read.spec.name, read.spec.time_limit), (&wanted.spec.name, Some(60)), "{yaml}");
        }
    }
}
