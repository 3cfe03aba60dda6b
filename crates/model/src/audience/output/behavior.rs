//! Columns of behaviours in the output: which events, in which order, and in how many rows or columns.
//!
//! Knows the document and the shape of the events; not SQL.

use super::string::hint;
use super::{EventOrder, OutputBehavior, OutputSource};
use crate::audience::shape::{Audience, Events, Field};
use crate::{Problem, Problems, nearest};

/// Most events of a profile in columns or rows of `top`.
const MOST: u32 = 100;

/// Which events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pick {
    /// The first one.
    First,
    /// The last one.
    Last,
    /// So many of the first, each in columns of its own.
    TopColumns(u32),
    /// So many of the first, each in a row of its own.
    TopRows(u32),
    /// All of them, each in a row of its own.
    All,
}

/// A behaviour in the output, understood.
#[derive(Debug)]
pub(super) struct Picked<'a> {
    pub(super) events: &'a Events,
    pub(super) pick: Pick,
    /// Columns that put events in order, and whether the order is descending.
    pub(super) order: Vec<(&'a Field, bool)>,
    /// Place, output name and column of each.
    pub(super) columns: Vec<(String, &'a str, &'a Field)>,
}

impl Pick {
    /// Whether a profile may have several rows.
    pub(super) fn is_rows(self) -> bool {
        match self {
            Pick::First | Pick::Last | Pick::TopColumns(_) => false,
            Pick::TopRows(_) | Pick::All => true,
        }
    }
}

impl<'a> Picked<'a> {
    /// Reads a behaviour of the mapping; `None` when something is wrong.
    pub(super) fn of(
        written: &'a OutputBehavior,
        audience: &'a Audience,
        place: &str,
        problems: &mut Problems,
    ) -> Option<Picked<'a>> {
        let pick = pick(written, place, problems);
        let Some(events) = audience.behavior(&written.behavior) else {
            let names = audience.behaviors.iter().map(|behavior| behavior.name.as_str());
            problems.push(
                Problem::at(format!("{place}.behavior"), format!("there is no behavior {}", written.behavior))
                    .hint(hint(&written.behavior, "behaviors", names)),
            );
            return None;
        };
        let order = order(written, pick, events, place, problems);
        if written.columns.is_empty() {
            problems.push(
                Problem::at(format!("{place}.columns"), "sends no columns").hint("add a column, or take it away"),
            );
        }
        let mut columns = Vec::new();
        for (index, column) in written.columns.iter().enumerate() {
            let place = format!("{place}.columns[{index}]");
            match &column.source {
                OutputSource::Column(source) => {
                    if let Some(field) = field(events, &source.column, &format!("{place}.source.column"), problems) {
                        columns.push((place, column.column.as_str(), field));
                    }
                }
                OutputSource::Text(_) => problems.push(
                    Problem::at(format!("{place}.source"), "is a string, not a column of the behavior")
                        .hint("strings stand among the columns of the profile"),
                ),
            }
        }
        let whole = columns.len() == written.columns.len();
        Some(Picked { events, pick: pick?, order: order?, columns }).filter(|_| whole)
    }
}

fn field<'a>(events: &'a Events, name: &str, place: &str, problems: &mut Problems) -> Option<&'a Field> {
    let found = events.column(name);
    match found {
        None => {
            let names = events.columns.iter().map(|column| column.name.as_str());
            problems.push(
                Problem::at(place, format!("there is no column {name} in behavior {}", events.name))
                    .hint(hint(name, "columns", names)),
            );
        }
        Some(field) if field.column_type.element().is_some() => {
            problems.push(list_problem(place, &format!("column {name}")));
            return None;
        }
        Some(_) => {}
    }
    found
}

/// A list in the output.
pub(super) fn list_problem(place: &str, what: &str) -> Problem {
    Problem::at(place, format!("{what} is a list, which no field takes"))
        .hint("send another column, or make a text of the list in a query that the parent segment reads")
}

fn pick(written: &OutputBehavior, place: &str, problems: &mut Problems) -> Option<Pick> {
    let word: String = written.join.trim().to_lowercase().chars().filter(|c| !matches!(c, '-' | '_' | ' ')).collect();
    let formatting = written.formatting.as_deref().map(str::trim).map(str::to_lowercase);
    let in_rows = match formatting.as_deref() {
        None | Some("") => None,
        Some("rows") => Some(true),
        Some("cols" | "columns") => Some(false),
        Some(_) => {
            problems.push(Problem::at(format!("{place}.formatting"), "is not known").hint("cols or rows"));
            return None;
        }
    };
    match word.as_str() {
        "first" => Some(Pick::First),
        "last" => Some(Pick::Last),
        "all" if in_rows == Some(false) => {
            problems.push(
                Problem::at(
                    format!("{place}.formatting"),
                    "all events stand in rows, because nobody knows how many there are",
                )
                .hint("leave formatting out, or take top with a number of rows"),
            );
            None
        }
        "all" => Some(Pick::All),
        "top" | "topn" => match written.rows {
            Some(rows @ 1..=MOST) => {
                Some(if in_rows == Some(true) { Pick::TopRows(rows) } else { Pick::TopColumns(rows) })
            }
            Some(_) | None => {
                problems.push(
                    Problem::at(format!("{place}.rows"), format!("top wants to know how many events: 1 to {MOST}"))
                        .hint("say rows: 3 for the first three"),
                );
                None
            }
        },
        _ => {
            let known = ["first", "last", "top", "all"];
            let hint = nearest(&word, known).map_or_else(
                || "joins are first, last, top and all".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            problems
                .push(Problem::at(format!("{place}.join"), format!("there is no join {}", written.join)).hint(hint));
            None
        }
    }
}

/// By time when nobody says. Which of all events comes first is no matter of what is sent, so that `all` needs no order.
fn order<'a>(
    written: &OutputBehavior,
    pick: Option<Pick>,
    events: &'a Events,
    place: &str,
    problems: &mut Problems,
) -> Option<Vec<(&'a Field, bool)>> {
    if written.order_by.is_empty() {
        let time = events.time.as_deref().and_then(|time| events.column(time));
        if time.is_none() && pick != Some(Pick::All) {
            problems.push(
                Problem::at(format!("{place}.order_by"), format!("behavior {} has no time to go by", events.name))
                    .hint("say by which column events are first and last"),
            );
            return None;
        }
        return Some(time.map(|field| (field, false)).into_iter().collect());
    }
    let mut order = Vec::new();
    for (index, EventOrder { column, order: direction }) in written.order_by.iter().enumerate() {
        let place = format!("{place}.order_by[{index}]");
        let descending = match direction.as_deref().map(str::trim).map(str::to_lowercase).as_deref() {
            None | Some("" | "asc" | "ascending") => Some(false),
            Some("desc" | "descending") => Some(true),
            Some(_) => {
                let problem = Problem::at(format!("{place}.order"), "is not known").hint("ascending or descending");
                problems.push(problem);
                None
            }
        };
        let field = field(events, column, &format!("{place}.column"), problems);
        order.extend(field.zip(descending));
    }
    Some(order).filter(|order| order.len() == written.order_by.len())
}
