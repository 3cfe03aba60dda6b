//! What an output mapping means: every column with its source, and everything that is wrong at once.
//!
//! Knows the document and the audience; SQL is `select`'s.

use std::collections::BTreeMap;

use super::behavior::{Pick, Picked, list_problem};
use super::string::{Built, hint};
use super::{Output, OutputColumn, OutputSource};
use crate::audience::shape::{Audience, PROFILE};
use crate::{Problem, Problems};

/// Most behaviours in one mapping, as in Treasure Data.
const MOST_BEHAVIORS: usize = 4;

/// A column of the output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputName {
    /// Its name: a field of the target.
    pub name: String,
    /// Where it is written: `output.columns[2]`, `output.all_columns`.
    pub place: String,
    /// Where its values come from, in words: `attribute email_address`, `string`, `orders.product (last)`.
    pub source: String,
}

/// A mapping, understood.
pub(super) struct Meaning<'a> {
    /// Output name and value of each column of the profile.
    pub(super) columns: Vec<(&'a str, Value<'a>)>,
    pub(super) behaviors: Vec<Picked<'a>>,
}

/// Where the values of an output column come from.
pub(super) enum Value<'a> {
    /// A column of the profile.
    Column(&'a str),
    /// A string that is put together.
    Text(Built),
}

impl<'a> Meaning<'a> {
    /// Understands a mapping.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) fn of(output: &'a Output, audience: &'a Audience, place: &str) -> Result<Meaning<'a>, Problems> {
        let mut problems = Problems::default();
        let mut meaning = Meaning { columns: Vec::new(), behaviors: Vec::new() };
        if output.all_columns {
            for field in &audience.columns {
                if field.column_type.element().is_some() {
                    let problem = list_problem(&format!("{place}.all_columns"), &format!("column {}", field.name));
                    problems
                        .push(Problem { hint: Some("choose the columns instead of sending all".into()), ..problem });
                }
                meaning.columns.push((&field.name, Value::Column(&field.name)));
            }
        }
        for (index, column) in output.columns.iter().enumerate() {
            let place = format!("{place}.columns[{index}]");
            if let Some(value) = value(column, audience, &place, &mut problems) {
                meaning.columns.push((&column.column, value));
            }
        }
        if output.behaviors.len() > MOST_BEHAVIORS {
            let message = format!("has {} behaviors; there can be {MOST_BEHAVIORS}", output.behaviors.len());
            let hint = "make another activation for the others";
            problems.push(Problem::at(format!("{place}.behaviors"), message).hint(hint));
        }
        for (index, behavior) in output.behaviors.iter().enumerate() {
            let place = format!("{place}.behaviors[{index}]");
            meaning.behaviors.extend(Picked::of(behavior, audience, &place, &mut problems));
        }
        if meaning.behaviors.iter().filter(|picked| picked.pick.is_rows()).count() > 1 {
            problems.push(
                Problem::at(
                    format!("{place}.behaviors"),
                    "two behaviors send a row for each event, which would multiply",
                )
                .hint("take first, last or top in columns for all but one"),
            );
        }
        if !output.all_columns && output.columns.is_empty() && output.behaviors.is_empty() {
            let hint = "add columns, or send all of them with all_columns";
            problems.push(Problem::at(place, "sends no columns").hint(hint));
        }
        check_names(&Meaning::names(output, audience, place), &mut problems);
        problems.or(|| meaning)
    }

    /// The columns that the SELECT has, or would have if nothing else were wrong.
    pub(super) fn names(output: &Output, audience: &Audience, place: &str) -> Vec<OutputName> {
        let mut names = Vec::new();
        if output.all_columns {
            names.extend(audience.columns.iter().map(|field| OutputName {
                name: field.name.clone(),
                place: format!("{place}.all_columns"),
                source: format!("attribute {}", field.name),
            }));
        }
        names.extend(output.columns.iter().enumerate().map(|(index, column)| OutputName {
            name: column.column.clone(),
            place: format!("{place}.columns[{index}]"),
            source: match &column.source {
                OutputSource::Column(source) => format!("attribute {}", source.column),
                OutputSource::Text(_) => "string".to_owned(),
            },
        }));
        for (index, behavior) in output.behaviors.iter().enumerate() {
            let place = format!("{place}.behaviors[{index}]");
            // What is wrong with it is told elsewhere.
            let Some(picked) = Picked::of(behavior, audience, &place, &mut Problems::default()) else { continue };
            names.extend(picked.names());
        }
        names
    }
}

impl Picked<'_> {
    /// The output columns, in the order of the SELECT.
    pub(super) fn names(&self) -> Vec<OutputName> {
        let one = |suffix: &str, which: String| {
            let events = &self.events.name;
            let column = move |(place, name, field): &(String, &str, &crate::Field)| OutputName {
                name: format!("{name}{suffix}"),
                place: place.clone(),
                source: format!("{events}.{} ({which})", field.name),
            };
            self.columns.iter().map(column).collect::<Vec<_>>()
        };
        match self.pick {
            Pick::First => one("", "first".into()),
            Pick::Last => one("", "last".into()),
            Pick::TopColumns(rows) => (1..=rows)
                .flat_map(|number| one(&format!("_{number}"), format!("{number} of the top {rows}")))
                .collect(),
            Pick::TopRows(rows) => one("", format!("top {rows}, a row each")),
            Pick::All => one("", "all, a row each".into()),
        }
    }
}

fn value<'a>(
    column: &'a OutputColumn,
    audience: &'a Audience,
    place: &str,
    problems: &mut Problems,
) -> Option<Value<'a>> {
    let source = match &column.source {
        OutputSource::Column(source) => source.column.as_str(),
        OutputSource::Text(builder) => {
            return match Built::of(builder, &format!("{place}.source")) {
                Ok(built) => Some(Value::Text(built)),
                Err(wrong) => {
                    problems.extend(wrong);
                    None
                }
            };
        }
    };
    let at = format!("{place}.source.column");
    match audience.column(source) {
        Some(field) if field.column_type.element().is_some() => {
            problems.push(list_problem(&at, &format!("column {source}")));
            None
        }
        Some(field) => Some(Value::Column(&field.name)),
        None if source == PROFILE => Some(Value::Column(PROFILE)),
        None => {
            let names = audience.columns.iter().map(|column| column.name.as_str());
            let problem = Problem::at(at, format!("the profiles have no column {source}"));
            problems.push(problem.hint(hint(source, "columns", names)));
            None
        }
    }
}

fn check_names(names: &[OutputName], problems: &mut Problems) {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for OutputName { name, place, .. } in names {
        if name.is_empty() {
            problems.push(Problem::at(format!("{place}.column"), "has no name").hint("name the field that it goes to"));
            continue;
        }
        // Names that every profile column has by itself are known to differ.
        if let Some(other) = seen.insert(name, place) {
            let hint = if other.ends_with(".all_columns") {
                "all_columns sends it already: take it away here, or choose the columns one by one".to_owned()
            } else {
                format!("{other} has it already: give one of them another name")
            };
            let problem = Problem::at(format!("{place}.column"), format!("the name {name} stands twice")).hint(hint);
            problems.push(problem);
        }
    }
}
