//! What a join does to the rows: SQL that counts, and what the counts mean.
//!
//! Knows counts, never a value: nothing here can show what somebody's row holds.

use super::physical::comparable;
use super::refresh::{column, filters, table, where_clause};
use super::{Join, SourceColumn, Sources};
use crate::audience::shape::ColumnType;

/// What is joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// The master table: its rows are the profiles.
    Master,
    /// A table of attributes: at most one row a profile.
    Attribute,
    /// A table of events: any number of rows a profile.
    Behavior,
}

/// A query that counts what a join does. Its one row has numbers alone: see [`JoinQuery::facts`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinQuery {
    /// What is joined.
    pub what: Joined,
    /// Where it is written: `master`, `attributes[0]` (the first of the attributes that share it), `behaviors[1]`.
    pub at: String,
    /// The table.
    pub table: String,
    /// The attributes or the behaviour that it is for; empty for the master table.
    pub names: Vec<String>,
    /// The query.
    pub sql: String,
    /// The columns whose values may be unreadable, in the order of the last columns of the query.
    readings: Vec<(String, ColumnType)>,
}

/// What a join does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JoinFacts {
    /// Rows of the table; of the master table those that its filters let through.
    pub rows: u64,
    /// Rows without a key.
    pub without_key: u64,
    /// Different keys.
    pub keys: u64,
    /// Keys that stand in several rows.
    pub repeated: u64,
    /// Rows of the most frequent key.
    pub most_rows: u64,
    /// Profiles that have a row; for the master table its keys.
    pub matched: u64,
    /// Rows whose key no profile has.
    pub orphans: u64,
    /// Columns with values that cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// Values that cannot be read as what their column is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The column of the source.
    pub column: String,
    /// What it was to be.
    pub column_type: ColumnType,
    /// How many values.
    pub values: u64,
}

/// How good a join is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// It can be refreshed, but something may not be as it was meant.
    Warning,
    /// It cannot be refreshed.
    Wrong,
}

/// What is said of a join.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The worst that was found.
    pub level: Level,
    /// What was found, the worst first.
    pub message: String,
    /// What to do about it, in the same order.
    pub hint: Option<String>,
}

/// The queries that count: the master table, then each table of attributes, then each behaviour. They read the sources, not a
/// snapshot.
pub fn join_checks(sources: &Sources) -> Vec<JoinQuery> {
    let master: Vec<&SourceColumn> = sources.master_columns.iter().collect();
    let key = column("m", &sources.master.key);
    let (keys, readings) = keys_part(sources, ("m", &sources.master.table), (&key, &key), &master);
    let select = counts(&readings, "COUNT(k.key_value)", "0");
    let mut checks = vec![JoinQuery {
        what: Joined::Master,
        at: "master".to_owned(),
        table: sources.master.table.clone(),
        names: Vec::new(),
        sql: format!("WITH {keys}\nSELECT\n  {select}\nFROM keys k"),
        readings,
    }];
    for (join, columns) in sources.attribute_joins() {
        let at = columns.first().map_or_else(String::new, |column| column.at.clone());
        let names = columns.iter().map(|column| column.name.clone()).collect();
        let (sql, readings) = join_sql(sources, ("a", join), &columns);
        checks.push(JoinQuery { what: Joined::Attribute, at, table: join.table.clone(), names, sql, readings });
    }
    for behavior in &sources.behaviors {
        let columns: Vec<&SourceColumn> = behavior.columns.iter().collect();
        let (sql, readings) = join_sql(sources, ("e", &behavior.join), &columns);
        checks.push(JoinQuery {
            what: Joined::Behavior,
            at: behavior.at.clone(),
            table: behavior.join.table.clone(),
            names: vec![behavior.name.clone()],
            sql,
            readings,
        });
    }
    checks
}

type Readings = Vec<(String, ColumnType)>;

fn join_sql(sources: &Sources, (alias, join): (&str, &Join), columns: &[&SourceColumn]) -> (String, Readings) {
    let physical = sources.master_column(&join.foreign_key).map_or(&join.physical, |source| &source.physical);
    // Both sides are counted by what the refresh compares: `1` and `1.0` are two texts, but one number.
    let parent = column(alias, &join.parent_key);
    let compared = comparable(&parent, &join.physical, physical);
    let (keys, readings) = keys_part(sources, (alias, &join.table), (&parent, &compared), columns);
    let foreign = column("m", &join.foreign_key);
    let mut conditions = filters(sources, Some(&sources.master.key));
    let has_key = format!("{foreign} IS NOT NULL");
    if !conditions.contains(&has_key) {
        conditions.push(has_key);
    }
    let foreign = comparable(&foreign, physical, &join.physical);
    let profiles = format!(
        "profiles AS (\n  SELECT {foreign} AS key_value, COUNT(*) AS profile_count\n  FROM {} m{}\n  GROUP BY {foreign}\n)",
        table(&sources.master.table),
        where_clause(&conditions, "  ")
    );
    let orphans = "COALESCE(SUM(CASE WHEN p.key_value IS NULL THEN k.row_count - k.without_key END), 0)";
    let select = counts(&readings, "COALESCE(SUM(p.profile_count), 0)", orphans);
    let sql = format!(
        "WITH {keys},\n{profiles}\nSELECT\n  {select}\nFROM keys k\nLEFT JOIN profiles p\n  ON k.key_value = p.key_value"
    );
    (sql, readings)
}

/// The part `keys`: a row for each key as it is compared, with its rows and its values that cannot be read. All keys that no
/// other is equal to, because they cannot be read as its type, are one row, together with the rows that have no key.
fn keys_part(
    sources: &Sources,
    (alias, of): (&str, &str),
    (key, compared): (&str, &str),
    columns: &[&SourceColumn],
) -> (String, Readings) {
    let mut read =
        vec![format!("{compared} AS key_value"), format!("CASE WHEN {key} IS NULL THEN 1 END AS without_key")];
    let mut counted = vec!["key_value", "COUNT(*) AS row_count", "COUNT(without_key) AS without_key"]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    let mut readings = Vec::new();
    for source in columns {
        let value = column(alias, &source.column);
        let reading = source.physical.read(source.column_type, &value, &sources.zone);
        if reading.may_fail {
            readings.push((source.column.clone(), source.column_type));
            // Marked before they are counted: the engine takes two aggregates for one that differ in a CAST alone.
            let mark = format!("unreadable_{}", readings.len());
            read.push(format!("CASE WHEN {value} IS NOT NULL AND {} IS NULL THEN 1 END AS {mark}", reading.sql));
            counted.push(format!("COUNT({mark}) AS {mark}"));
        }
    }
    let conditions = if alias == "m" { filters(sources, None) } else { Vec::new() };
    let part = format!(
        "keys AS (\n  SELECT {}\n  FROM (\n    SELECT\n      {}\n    FROM {} {alias}{}\n  ) r\n  GROUP BY key_value\n)",
        counted.join(", "),
        read.join(",\n      "),
        table(of),
        where_clause(&conditions, "    ")
    );
    (part, readings)
}

/// The numbers, in the order in which [`JoinQuery::facts`] reads them.
fn counts(readings: &Readings, matched: &str, orphans: &str) -> String {
    let mut select = vec![
        "COALESCE(SUM(k.row_count), 0) AS row_count".to_owned(),
        "COALESCE(SUM(k.without_key), 0) AS without_key".to_owned(),
        "COUNT(CASE WHEN k.row_count > k.without_key THEN 1 END) AS key_count".to_owned(),
        "COUNT(CASE WHEN k.key_value IS NOT NULL AND k.row_count > 1 THEN 1 END) AS repeated".to_owned(),
        "COALESCE(MAX(CASE WHEN k.key_value IS NOT NULL THEN k.row_count END), 0) AS most_rows".to_owned(),
        format!("{matched} AS matched"),
        format!("{orphans} AS orphans"),
    ];
    let unreadable = |number: usize| format!("COALESCE(SUM(k.unreadable_{number}), 0) AS unreadable_{number}");
    select.extend((1..=readings.len()).map(unreadable));
    select.join(",\n  ")
}

impl JoinQuery {
    /// What the numbers of the query's one row mean; `None` when they are not as many as its columns.
    pub fn facts(&self, numbers: &[u64]) -> Option<JoinFacts> {
        let [rows, without_key, keys, repeated, most_rows, matched, orphans, unreadable @ ..] = numbers else {
            return None;
        };
        if unreadable.len() != self.readings.len() {
            return None;
        }
        let unreadable = self.readings.iter().zip(unreadable).filter(|(_, values)| **values > 0);
        let unreadable = unreadable.map(|((column, column_type), values)| Unreadable {
            column: column.clone(),
            column_type: *column_type,
            values: *values,
        });
        Some(JoinFacts {
            rows: *rows,
            without_key: *without_key,
            keys: *keys,
            repeated: *repeated,
            most_rows: *most_rows,
            matched: *matched,
            orphans: *orphans,
            unreadable: unreadable.collect(),
        })
    }
}

/// What is said of a join that does this, where there are so many profiles.
///
/// Few profiles with events are nothing to warn of; few with a row of attributes are.
pub fn judge(what: Joined, facts: &JoinFacts, profiles: u64) -> Verdict {
    let mut findings: Vec<(Level, String, Option<String>)> = Vec::new();
    let mut find = |level, message: String, hint: &str| findings.push((level, message, Some(hint.to_owned())));
    const ONE_ROW: &str = "make a query or table with one row a key: GROUP BY, or ROW_NUMBER() and keep the first";
    const LEFT_OUT: &str = "where that is as it should be, nothing is to do";
    const OTHER_KEY: &str = "is it the right key? Keys must be the same values, written the same way";
    match what {
        Joined::Master if facts.rows == 0 => {
            find(Level::Wrong, "there are no rows".into(), "fill the table, or look at the filters");
        }
        Joined::Attribute | Joined::Behavior if facts.rows == 0 => {
            find(Level::Warning, "there are no rows".into(), "fill the table");
        }
        Joined::Master | Joined::Attribute | Joined::Behavior if facts.keys == 0 => {
            find(Level::Wrong, "no row has a key".into(), "choose another column as key");
        }
        Joined::Master | Joined::Attribute if facts.repeated > 0 => {
            let effect = if what == Joined::Master {
                "a profile would be there several times"
            } else {
                "a profile would have several values"
            };
            let keys = count(facts.repeated, "key stands", "keys stand");
            let most = grouped(facts.most_rows);
            find(Level::Wrong, format!("{keys} in several rows, up to {most}: {effect}"), ONE_ROW);
        }
        Joined::Master | Joined::Attribute | Joined::Behavior => {}
    }
    if what != Joined::Master && facts.keys > 0 {
        if facts.matched == 0 {
            find(Level::Warning, "no profile has a row".into(), OTHER_KEY);
        } else if what == Joined::Attribute && facts.matched * 2 < profiles {
            let (matched, profiles) = (grouped(facts.matched), grouped(profiles));
            find(Level::Warning, format!("only {matched} of {profiles} profiles have a row"), OTHER_KEY);
        }
        if facts.matched > 0 && facts.orphans > 0 {
            let rows = count(facts.orphans, "row is", "rows are");
            find(Level::Warning, format!("{rows} of no profile and left out"), LEFT_OUT);
        }
    }
    if facts.keys > 0 && facts.without_key > 0 {
        let rows = count(facts.without_key, "row has no key and is", "rows have no key and are");
        find(Level::Warning, format!("{rows} left out"), LEFT_OUT);
    }
    for unreadable in &facts.unreadable {
        let Unreadable { column, column_type, values } = unreadable;
        let fate = if *values == 1 { "is missing" } else { "are missing" };
        let values = count(*values, "value", "values");
        let message = format!("{values} of column {column} cannot be read as {} and {fate}", column_type.name());
        find(Level::Warning, message, readable(*column_type));
    }
    verdict(findings, || fine(what, facts, profiles))
}

fn verdict(mut findings: Vec<(Level, String, Option<String>)>, fine: impl FnOnce() -> String) -> Verdict {
    // The worst first, otherwise as they were found.
    findings.sort_by(|(a, ..), (b, ..)| b.cmp(a));
    let Some(level) = findings.first().map(|(level, ..)| *level) else {
        return Verdict { level: Level::Ok, message: fine(), hint: None };
    };
    let mut hints: Vec<String> = Vec::new();
    for hint in findings.iter().filter_map(|(_, _, hint)| hint.clone()) {
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    let messages: Vec<String> = findings.into_iter().map(|(_, message, _)| message).collect();
    Verdict { level, message: messages.join("; "), hint: Some(hints.join("; ")) }
}

fn fine(what: Joined, facts: &JoinFacts, profiles: u64) -> String {
    let matched = grouped(facts.matched);
    let of = count(profiles, "profile", "profiles");
    match what {
        Joined::Master => count(facts.keys, "profile", "profiles"),
        Joined::Attribute => format!("{matched} of {of} have a row"),
        Joined::Behavior => format!("{}; {matched} of {of} have some", count(facts.rows, "event", "events")),
    }
}

/// What can be read as this type.
fn readable(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Timestamp => {
            "moments are unix seconds (not milliseconds) or 2026-11-23 02:00:00, in the years 1678 to 2261"
        }
        ColumnType::Date => "days are 2026-11-23",
        ColumnType::Number => "numbers are 1234.5, without other signs",
        ColumnType::Boolean => "booleans are true and false, yes and no, 1 and 0",
        ColumnType::String | ColumnType::StringArray | ColumnType::NumberArray => "give the column its own type",
    }
}

fn count(number: u64, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(number)) }
}

/// A number as people read it: 1,234,567.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
