//! What an activation would send, before it is saved.

use api::{ActivationLook, Place};
use askama::Template;
use serde_json::Value;

use crate::words::{Moment, moment, plural};

/// The preview.
#[derive(Debug, Template)]
#[template(path = "activations/look.html")]
pub struct Look {
    count: String,
    refreshed: Moment,
    fields: Vec<Line>,
    columns: Vec<String>,
    rows: Vec<Row>,
    sql: String,
}

#[derive(Debug)]
struct Line {
    column: String,
    source: String,
    field: String,
    problem: Option<Place>,
    remark: Option<String>,
}

#[derive(Debug)]
struct Row {
    number: u64,
    key: Option<String>,
    cells: Vec<Option<String>>,
    rejected: Option<(String, Option<String>)>,
}

impl Look {
    /// What was found.
    pub fn of(look: ActivationLook) -> Look {
        let fields = look.fields.into_iter().map(|field| Line {
            field: field.field.map_or_else(|| "no such field".into(), |kind| format!("{kind} field")),
            problem: field.problem.map(|cause| Place { at: String::new(), message: cause.message, hint: cause.hint }),
            remark: field.remark,
            column: field.column,
            source: field.source,
        });
        let mut columns: Vec<String> = Vec::new();
        for name in look.rows.iter().filter_map(|row| row.record.as_ref()?.as_object()).flat_map(|record| record.keys())
        {
            if !columns.contains(name) {
                columns.push(name.clone());
            }
        }
        let rows = look.rows.iter().map(|row| Row {
            number: row.row,
            key: row.key.clone(),
            cells: columns.iter().map(|name| row.record.as_ref().and_then(|record| shown(record.get(name)?))).collect(),
            rejected: row.rejected.as_ref().map(|cause| (cause.message.clone(), cause.hint.clone())),
        });
        Look {
            count: plural(look.count, "row", "rows"),
            refreshed: moment(&look.refreshed),
            fields: fields.collect(),
            rows: rows.collect(),
            columns,
            sql: look.sql,
        }
    }

    fn keyed(&self) -> bool {
        self.rows.iter().any(|row| row.key.is_some())
    }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
