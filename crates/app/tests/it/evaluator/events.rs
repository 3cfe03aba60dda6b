//! What becomes of a behaviour's events: those that count, summed up for each profile or group.
//!
//! Knows the documents of rules alone; not what is compared with the sum.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::{Behavior, Cell, Clock, Column, Kind, list, matching, place};

impl Behavior {
    fn column(&self, name: &str) -> &Column {
        let find = |name: &str| self.columns.iter().find(|column| column.name == name);
        let time = || self.time.as_deref().filter(|_| name == "timestamp").and_then(find);
        find(name).or_else(time).expect("a column of the events")
    }
}

/// The aggregated values of each profile: one, or one for each of its groups.
pub(super) fn summed(behavior: &Behavior, left: &Value, profiles: usize, clock: &Clock) -> (Kind, Vec<Vec<Cell>>) {
    let aggregation = &left["aggregation"];
    let named = |value: &Value| behavior.column(value.as_str().expect("a name"));
    let mut counts = chosen(behavior, &left["filter"], clock);
    if let Some(duration) = left["window"].get("duration") {
        let (now, begin) = (clock.now(), clock.shifted(clock.now(), duration, -1));
        let time = behavior.column(behavior.time.as_deref().expect("a time"));
        for (count, cell) in counts.iter_mut().zip(&time.cells) {
            *count = *count && matches!(cell, Cell::Time(at) if *at > begin && *at <= now);
        }
    }
    let groups: Vec<&Column> = list(aggregation, "groupingColumns").iter().map(named).collect();
    let mut of: Vec<BTreeMap<String, Vec<usize>>> = vec![BTreeMap::new(); profiles];
    for (event, owner) in behavior.owners.iter().enumerate().filter(|(event, _)| counts[*event]) {
        let key = groups.iter().map(|group| format!("{:?}|", group.cells[event])).collect();
        of[*owner].entry(key).or_default().push(event);
    }
    let sum = Sum {
        word: aggregation["type"].as_str().expect("a type"),
        column: aggregation.get("column").map(named),
        columns: list(aggregation, "columns").iter().map(named).collect(),
        order: aggregation.get("orderColumn").map(named),
    };
    let kind = match (sum.word, sum.column) {
        ("Min" | "Max" | "First" | "Last", Some(column)) => column.kind,
        _ => Kind::Number,
    };
    let values = of.into_iter().map(|of| {
        if groups.is_empty() {
            vec![sum.of(of.values().next().map_or(&[], Vec::as_slice)).unwrap_or(Cell::Missing)]
        } else {
            of.values().filter_map(|events| sum.of(events)).collect()
        }
    });
    (kind, values.collect())
}

/// Which events satisfy the filter.
fn chosen(behavior: &Behavior, filter: &Value, clock: &Clock) -> Vec<bool> {
    let all = behavior.owners.len();
    let parts = || list(filter, "conditions").iter().map(|part| chosen(behavior, part, clock)).collect::<Vec<_>>();
    match filter["type"].as_str() {
        None => vec![true; all],
        Some("And") => {
            let parts = parts();
            (0..all).map(|event| parts.iter().all(|part| part[event])).collect()
        }
        Some("Or") => {
            let parts = parts();
            (0..all).map(|event| parts.iter().any(|part| part[event])).collect()
        }
        Some(_) => {
            let column = behavior.column(filter["column"].as_str().expect("a name"));
            column.cells.iter().map(matching(filter, column.kind, clock)).collect()
        }
    }
}

struct Sum<'a> {
    word: &'a str,
    column: Option<&'a Column>,
    columns: Vec<&'a Column>,
    order: Option<&'a Column>,
}

impl Sum<'_> {
    /// The value of these events; nothing where there is not even a missing one: no event has an order.
    fn of(&self, events: &[usize]) -> Option<Cell> {
        if self.word == "Count" {
            return Some(Cell::Number(events.len() as i128 * 100));
        }
        if self.word == "CountDistinct" {
            let complete = |event: &&usize| self.columns.iter().all(|column| column.cells[**event] != Cell::Missing);
            let key = |event: &usize| {
                self.columns.iter().map(|column| format!("{:?}|", column.cells[*event])).collect::<String>()
            };
            let keys: HashSet<String> = events.iter().filter(complete).map(key).collect();
            return Some(Cell::Number(keys.len() as i128 * 100));
        }
        let column = self.column.expect("a column");
        if let Some(by) = self.order {
            let last = self.word == "Last";
            let mut ordered: Vec<usize> =
                events.iter().copied().filter(|event| by.cells[*event] != Cell::Missing).collect();
            ordered.sort_by(|a, b| {
                let first = place(&by.cells[*a], &by.cells[*b], last);
                first.then_with(|| place(&column.cells[*a], &column.cells[*b], last))
            });
            return ordered.first().map(|event| column.cells[*event].clone());
        }
        let mut present: Vec<Cell> =
            events.iter().map(|event| column.cells[*event].clone()).filter(|cell| *cell != Cell::Missing).collect();
        if present.is_empty() {
            return Some(Cell::Missing);
        }
        let numbers = present.iter().map(|cell| if let Cell::Number(number) = cell { *number } else { 0 });
        match self.word {
            "Sum" => Some(Cell::Number(numbers.sum())),
            "Average" => {
                let sum: f64 = numbers.map(|number| number as f64 / 100.0).sum();
                Some(Cell::Real(sum / present.len() as f64))
            }
            word => {
                present.sort_by(|a, b| place(a, b, word == "Max"));
                Some(present.swap_remove(0))
            }
        }
    }
}
