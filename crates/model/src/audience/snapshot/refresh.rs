//! The SQL that makes the tables of a snapshot.
//!
//! Knows joins and columns; not whether the joins are good. The large table of a join stands first: the engine keeps the
//! other one in memory.

use serde_json::Value;

use super::physical::{Physical, equal};
use super::{BehaviorSource, Join, SourceColumn, Sources};
use crate::audience::shape::{EVENT, PROFILE};
use crate::audience::sql;

/// The profiles: one row each, numbered in the order of the master key. Rows without a key are left out.
pub fn customers_sql(sources: &Sources) -> String {
    let key = column("m", &sources.master.key);
    let mut select = vec![format!("CAST(ROW_NUMBER() OVER (ORDER BY {key}) AS BIGINT) AS {PROFILE}")];
    select.extend(sources.master_columns.iter().map(|source| selected("m", source, sources)));
    let mut from = format!("{} m", table(&sources.master.table));
    for (index, (join, columns)) in sources.attribute_joins().into_iter().enumerate() {
        let alias = format!("a{}", index + 1);
        select.extend(columns.into_iter().map(|source| selected(&alias, source, sources)));
        let on = joined((&alias, join), "m", sources);
        from.push_str(&format!("\nLEFT JOIN {} {alias}\n  ON {on}", table(&join.table)));
    }
    let filters = filters(sources, Some(&sources.master.key));
    format!("SELECT\n  {}\nFROM {from}{}", select.join(",\n  "), where_clause(&filters, ""))
}

/// The events of a behaviour, each with the profile that it is of. An event whose key no profile has is left out; one whose
/// key several profiles have is there for each of them.
pub fn events_sql(sources: &Sources, behavior: &BehaviorSource, audience_number: u64) -> String {
    let mut select = vec![format!("c.{PROFILE}")];
    if behavior.columns.iter().any(|column| column.column_type.element().is_some()) {
        select.push(format!("CAST(ROW_NUMBER() OVER () AS BIGINT) AS {EVENT}"));
    }
    select.extend(behavior.columns.iter().map(|source| selected("e", source, sources)));
    // In the snapshot the column has the name that rules know it by.
    let foreign = sources.key_in_snapshot(&behavior.join.foreign_key);
    let name = foreign.map_or(behavior.join.foreign_key.as_str(), |source| source.name.as_str());
    let physical = foreign.map_or(&Physical::Text, |source| &source.physical);
    let parent = column("e", &behavior.join.parent_key);
    let on = equal((&parent, &behavior.join.physical), (&column("c", name), physical));
    format!(
        "SELECT\n  {}\nFROM {} e\nJOIN cdp_audience_{audience_number}.customers c\n  ON {on}",
        select.join(",\n  "),
        table(&behavior.join.table)
    )
}

impl Sources {
    /// The column of the snapshot that holds this column of the master table as it is, so that keys are equal to it.
    pub(super) fn key_in_snapshot(&self, column: &str) -> Option<&SourceColumn> {
        self.master_columns
            .iter()
            .find(|source| source.column == column && source.physical.default_type() == Some(source.column_type))
    }
}

/// The join condition of `alias`'s table.
pub(super) fn joined((alias, join): (&str, &Join), master: &str, sources: &Sources) -> String {
    let parent = column(alias, &join.parent_key);
    let foreign = column(master, &join.foreign_key);
    let physical = sources.master_column(&join.foreign_key).map_or(&Physical::Text, |source| &source.physical);
    equal((&parent, &join.physical), (&foreign, physical))
}

/// A column in the SELECT, under its name in the snapshot.
fn selected(alias: &str, source: &SourceColumn, sources: &Sources) -> String {
    let value = column(alias, &source.column);
    let read = source.physical.read(source.column_type, &value, &sources.zone).sql;
    if read == value && source.name == source.column {
        return value;
    }
    format!("{read} AS {}", sql::name(&source.name))
}

/// The conditions under which a row of the master table, `m`, is a profile: `column` has a value, and the filters hold.
pub(super) fn filters(sources: &Sources, key: Option<&str>) -> Vec<String> {
    let filters = sources.master.filters.iter().map(|filter| {
        let physical = sources.master_column(&filter.column).map_or(&Physical::Text, |source| &source.physical);
        let values: Vec<String> = filter.values.iter().filter_map(|value| literal(physical, value)).collect();
        format!("{} IN ({})", column("m", &filter.column), values.join(", "))
    });
    key.map(|key| format!("{} IS NOT NULL", column("m", key))).into_iter().chain(filters).collect()
}

/// A filter's value as the column has it; `None` where the column can have no such value.
pub(super) fn literal(physical: &Physical, value: &Value) -> Option<String> {
    match (physical, value) {
        (Physical::Text, Value::String(text)) => Some(sql::text(text)),
        (Physical::Text, Value::Number(number)) => Some(sql::text(&number.to_string())),
        (Physical::Integer | Physical::Float | Physical::Decimal, Value::Number(number)) => Some(number.to_string()),
        (Physical::Integer | Physical::Float | Physical::Decimal, Value::String(text)) => {
            let number = text.trim().parse::<serde_json::Number>().ok()?;
            Some(number.to_string())
        }
        (Physical::Boolean, Value::Bool(truth)) => Some(if *truth { "TRUE" } else { "FALSE" }.to_owned()),
        (Physical::Boolean, Value::String(text)) => match text.as_str() {
            "true" => Some("TRUE".to_owned()),
            "false" => Some("FALSE".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// The lines of a WHERE, each after `indent`. (Lines are never indented once they are written: a name or a value may go over
/// several.)
pub(super) fn where_clause(conditions: &[String], indent: &str) -> String {
    if conditions.is_empty() {
        return String::new();
    }
    format!("\n{indent}WHERE {}", conditions.join(&format!("\n{indent}  AND ")))
}

/// A column of a table.
pub(super) fn column(alias: &str, column: &str) -> String {
    format!("{alias}.{}", sql::name(column))
}

/// A table of the engine; one with a schema before its name has two parts.
pub(super) fn table(table: &str) -> String {
    match table.split_once('.') {
        Some((schema, table)) => format!("{}.{}", sql::name(schema), sql::name(table)),
        None => sql::name(table),
    }
}
