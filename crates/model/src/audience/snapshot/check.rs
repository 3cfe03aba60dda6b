//! What is wrong with the sources of a snapshot before any row is read: names, types, keys, filters.
//!
//! Knows names and types; rows are `join`'s.

use std::collections::BTreeMap;

use super::refresh::literal;
use super::{Join, SourceColumn, Sources};
use crate::audience::shape::{ColumnType, EVENT, PROFILE};
use crate::{Problem, Problems, nearest};

/// Longest name of an attribute or a column.
const LONGEST: usize = 128;
/// Longest name of a behaviour: it is part of a table's and of a file's name.
const LONGEST_BEHAVIOR: usize = 60;
/// Most filters of the master table, as in Treasure Data.
const MOST_FILTERS: usize = 2;
/// Most values of a filter.
const MOST_VALUES: usize = 1_000;
/// Most joins: different ones of attributes, and behaviours.
const MOST_JOINS: usize = 50;

impl Sources {
    /// Everything that is wrong. `place` stands before every place, with a dot unless it is empty.
    pub fn check(&self, place: &str) -> Problems {
        let mut check = Check { place, sources: self, problems: Problems::default() };
        check.master();
        let profile = self.master_columns.iter().chain(self.attributes.iter().map(|attribute| &attribute.column));
        check.columns(profile);
        let joins = self.attribute_joins();
        check.number_of_joins(joins.len(), self.behaviors.len());
        for (join, columns) in joins {
            let at = columns.first().map_or("attributes", |column| column.at.as_str());
            check.join(at, join);
        }
        check.behaviors();
        check.problems
    }
}

struct Check<'a> {
    place: &'a str,
    sources: &'a Sources,
    problems: Problems,
}

impl Check<'_> {
    fn push(&mut self, at: &str, message: impl Into<String>, hint: impl Into<String>) {
        let at = if self.place.is_empty() { at.to_owned() } else { format!("{}.{at}", self.place) };
        self.problems.push(Problem::at(at, message).hint(hint));
    }

    fn master(&mut self) {
        let sources = self.sources;
        self.master_key("master.key", &sources.master.key);
        if sources.master.filters.len() > MOST_FILTERS {
            let message = format!("are more than {MOST_FILTERS}");
            self.push("master.filters", message, "filter in the SQL of a table instead");
        }
        for (index, filter) in sources.master.filters.iter().take(MOST_FILTERS).enumerate() {
            let at = format!("master.filters[{index}]");
            let Some(column) = sources.master_column(&filter.column) else {
                self.unknown(&format!("{at}.column"), &filter.column);
                continue;
            };
            if filter.values.is_empty() {
                self.push(
                    &format!("{at}.values"),
                    "has no values",
                    "name the values that profiles have, or leave it out",
                );
            }
            if filter.values.len() > MOST_VALUES {
                let message = "are more than 1,000";
                self.push(&format!("{at}.values"), message, "filter in the SQL of a table instead");
                continue;
            }
            for (number, value) in filter.values.iter().enumerate() {
                if literal(&column.physical, value).is_none() {
                    let message =
                        format!("is no value of column {}, which holds {}", column.column, column.physical.words());
                    let hint = "filters take texts, numbers and booleans, as their column has them";
                    self.push(&format!("{at}.values[{number}]"), message, hint);
                }
            }
        }
    }

    fn number_of_joins(&mut self, attributes: usize, behaviors: usize) {
        if attributes + behaviors > MOST_JOINS {
            let at = if attributes > MOST_JOINS { "attributes" } else { "behaviors" };
            let message = format!(
                "there are {} joins (attributes of one table and key are one, each behaviour is one), more than {MOST_JOINS}",
                attributes + behaviors
            );
            self.push(at, message, "join tables in a query, and take the attributes from that");
        }
    }

    /// A key column of the master table.
    fn master_key(&mut self, at: &str, key: &str) {
        match self.sources.master_column(key) {
            None => self.unknown(at, key),
            Some(column) if !column.physical.is_key() => {
                let message = format!("column {key} holds {}, which no key can be", column.physical.words());
                self.push(at, message, "keys are texts, numbers or days");
            }
            Some(_) => {}
        }
    }

    fn unknown(&mut self, at: &str, name: &str) {
        let known: Vec<&str> = self.sources.master_columns.iter().map(|column| column.column.as_str()).collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean {near}?"),
            None => format!("columns are {}", listed(&known)),
        };
        self.push(at, format!("table {} has no column {name}", self.sources.master.table), hint);
    }

    fn join(&mut self, at: &str, join: &Join) {
        self.master_key(&format!("{at}.foreign_key"), &join.foreign_key);
        if !join.physical.is_key() {
            let message = format!("column {} holds {}, which no key can be", join.parent_key, join.physical.words());
            self.push(&format!("{at}.parent_key"), message, "keys are texts, numbers or days");
        }
    }

    /// Names and types of the columns of one table of the snapshot.
    fn columns<'b>(&mut self, columns: impl Iterator<Item = &'b SourceColumn>) {
        let mut exact: BTreeMap<&str, &str> = BTreeMap::new();
        let mut folded: BTreeMap<String, &str> = BTreeMap::new();
        for column in columns {
            let own = column.at == "master";
            let at = |part: &str| if own { column.at.clone() } else { format!("{}.{part}", column.at) };
            if column.name.trim().is_empty() {
                self.push(&at("name"), "has no name", "give it the name that rules know it by");
            } else if column.name.chars().count() > LONGEST || column.name.contains(char::is_control) {
                let message = format!("is longer than {LONGEST} characters, or has control characters");
                self.push(&at("name"), message, "give it another name");
            }
            if column.name.eq_ignore_ascii_case(PROFILE) || column.name.eq_ignore_ascii_case(EVENT) {
                let message = format!("{} is the name of a column that every snapshot has", column.name);
                self.push(&at("name"), message, "give it another name");
            }
            // Columns that the master table has by itself may differ only by case; what a person names may not.
            let same = exact.insert(&column.name, &column.at);
            let similar = folded.insert(column.name.to_lowercase(), &column.at);
            if let Some(other) = if own { same } else { similar } {
                let by = if other == "master" { "a column of the master table" } else { other };
                let hint = "give each a name of its own; names that differ only by case are the same";
                self.push(&at("name"), format!("the name {} is taken by {by}", column.name), hint);
            }
            self.column_type(&at("type"), column);
        }
    }

    fn column_type(&mut self, at: &str, column: &SourceColumn) {
        let becomes = column.physical.becomes();
        if becomes.contains(&column.column_type) {
            return;
        }
        let (name, words) = (&column.column, column.physical.words());
        let message = format!("column {name} holds {words}, which cannot be read as {}", column.column_type.name());
        let names: Vec<&str> = becomes.iter().map(|column_type| column_type.name()).collect();
        let hint = match names.is_empty() {
            true => "leave it out, or make texts or numbers of it in a query".to_owned(),
            false => format!("it can be {}", names.join(", ")),
        };
        self.push(at, message, hint);
    }

    fn behaviors(&mut self) {
        let sources = self.sources;
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for behavior in &sources.behaviors {
            let at = |part: &str| format!("{}.{part}", behavior.at);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let name = behavior.name.as_str();
            if !name.starts_with(|c: char| c.is_ascii_lowercase())
                || !name.chars().all(plain)
                || name.len() > LONGEST_BEHAVIOR
            {
                let hint = "lower-case letters, digits and _, first a letter; at most 60";
                self.push(&at("name"), format!("'{name}' is no name of a behaviour"), hint);
            }
            if let Some(other) = seen.insert(name, &behavior.at) {
                self.push(&at("name"), format!("the name {name} is taken by {other}"), "give each a name of its own");
            }
            self.join(&behavior.at, &behavior.join);
            let foreign = behavior.join.foreign_key.as_str();
            if sources.master_column(foreign).is_some() && sources.key_in_snapshot(foreign).is_none() {
                let message =
                    format!("column {foreign} is read as another type than it has, so that no key is equal to it");
                self.push(&at("foreign_key"), message, "leave the type of key columns as it is");
            }
            if behavior.columns.is_empty() {
                self.push(&at("columns"), "has no columns", "name the columns that rules may use");
            }
            self.columns(behavior.columns.iter());
            let Some(time) = behavior.time.as_deref() else { continue };
            match behavior.columns.iter().find(|column| column.name == time) {
                None => {
                    let known: Vec<&str> = behavior.columns.iter().map(|column| column.name.as_str()).collect();
                    let hint = match nearest(time, known.iter().copied()) {
                        Some(near) => format!("did you mean {near}?"),
                        None => format!("columns are {}", listed(&known)),
                    };
                    self.push(&at("time"), format!("there is no column {time}"), hint);
                }
                Some(column) if column.column_type != ColumnType::Timestamp => {
                    let message = format!("column {time} is {}", column.column_type.name());
                    self.push(&at("time"), message, "the time of an event is a timestamp");
                }
                Some(_) => {}
            }
        }
    }
}

/// At most this many names stand in a hint.
const NAMES_IN_HINT: usize = 20;

fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(NAMES_IN_HINT).copied().collect::<Vec<_>>().join(", ");
    if names.len() > NAMES_IN_HINT { format!("{shown} and {} more", names.len() - NAMES_IN_HINT) } else { shown }
}
