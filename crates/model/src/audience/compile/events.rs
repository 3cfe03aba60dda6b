//! Conditions on behaviours: events are chosen, summed up for each profile, and the sum is compared.
//!
//! Knows the columns of events; not how the conditions of a rule are joined.

use super::super::compare::{Operand, timestamp};
use super::super::rule::{Aggregation, ColumnCondition, Filter, Summary, ValueCondition, shown};
use super::super::select::{Condition, Lines};
use super::super::{ColumnType, EVENT, Events, Field, PROFILE, sql};
use super::limit::Best;
use super::lists::List;
use super::{Compiler, Scope, near_column};
use crate::nearest::nearest;

/// The events that count, called `e`.
struct Chosen {
    table: String,
    /// Parts that the condition needs.
    joins: Vec<String>,
    conditions: Vec<Condition>,
    /// The columns that a value is made for each combination of.
    groups: Vec<String>,
}

/// A value for each profile or group.
struct Summed {
    /// Columns: the number of the profile and `value`.
    lines: Lines,
    column_type: ColumnType,
    /// Whether profiles without events have the value 0.
    counts: bool,
}

impl Compiler<'_> {
    /// The condition; with it, what a limit can be ordered by.
    pub(super) fn events(
        &mut self,
        value: &ValueCondition,
        summary: &Summary,
        scope: &mut Scope,
        limited: bool,
    ) -> Option<(Condition, Option<Best>)> {
        let left = format!("{}.leftValue", value.place);
        let audience = self.audience;
        let Some(events) = audience.behavior(&summary.source) else {
            let near = nearest(&summary.source, audience.behaviors.iter().map(|events| events.name.as_str()));
            let hint = near.map(|near| format!("did you mean {}?", shown(near)));
            self.wrong(
                &format!("{left}.source.name"),
                format!("there is no behavior {}", shown(&summary.source)),
                hint,
            );
            return None;
        };
        let chosen = self.chosen(events, summary, &left);
        let groups = self.groups(events, summary, &left);
        let summed = match (chosen, groups) {
            (Some(chosen), Some(groups)) => self.summed(events, summary, Chosen { groups, ..chosen }, &left),
            (None, _) | (_, None) => {
                // What is wrong with the aggregation is told all the same.
                let table = audience.events(events);
                let nothing = Chosen { table, joins: Vec::new(), conditions: Vec::new(), groups: Vec::new() };
                self.summed(events, summary, nothing, &left);
                None
            }
        };
        if value.matching.is_some() {
            self.wrong(&format!("{}.arrayMatching", value.place), "must be null: an aggregation is no list", None);
            return None;
        }
        let summed = summed?;
        let grouped = !summary.groups.is_empty();
        let part = self.part(&events.name, summed.lines);
        let of_part = format!("{part}.value");
        let sql = if summed.counts && !grouped { format!("COALESCE({of_part}, 0)") } else { of_part };
        let name = format!("the {} of {}", summary.aggregation.name(), shown(&events.name));
        let operand = Operand { sql, column_type: summed.column_type, name };
        if !grouped {
            let condition = self.satisfies(&value.operator, &operand)?;
            scope.join(&part);
            let best = Best { lowest: operand.sql.clone(), highest: operand.sql };
            return Some((condition, Some(best)));
        }
        let condition = self.satisfies(&value.operator, &Operand { sql: "g.value".into(), ..operand })?;
        let mut lines = Lines::default();
        let best = if limited { ", MIN(g.value) AS lowest, MAX(g.value) AS highest" } else { "" };
        lines.push(0, format!("SELECT g.{PROFILE}{best}"));
        lines.push(0, format!("FROM {part} g"));
        lines.extend(0, condition.clause("WHERE"));
        lines.push(0, format!("GROUP BY g.{PROFILE}"));
        let part = self.part(&events.name, lines);
        scope.join(&part);
        let best = Best { lowest: format!("{part}.lowest"), highest: format!("{part}.highest") };
        Some((Condition::In(part), Some(best)))
    }

    fn chosen(&mut self, events: &Events, summary: &Summary, left: &str) -> Option<Chosen> {
        let (table, mut joins, mut conditions) = (self.audience.events(events), Vec::new(), Vec::new());
        let filter = summary.filter.as_ref().map(|filter| self.filter(events, filter, &mut joins));
        if let Some(length) = &summary.window {
            let place = format!("{left}.window");
            let Some(time) = &events.time else {
                let message = format!("cannot be told: the behavior {} has no time", shown(&events.name));
                self.wrong(&place, message, Some("name its column of time in the parent segment".into()));
                return None;
            };
            match self.run.before(length) {
                Ok(begin) => {
                    let (time, words) = (sql::name(time), begin.words.unwrap_or_default());
                    conditions.push(Condition::Is(format!("e.{time} > {} /* {words} */", timestamp(begin.at))));
                    conditions.push(Condition::Is(format!("e.{time} <= {} /* the run */", timestamp(self.run.now))));
                }
                Err(message) => {
                    self.wrong(&format!("{place}.duration"), message, None);
                    return None;
                }
            }
        }
        if let Some(filter) = filter {
            conditions.insert(0, filter?);
        }
        Some(Chosen { table, joins, conditions, groups: Vec::new() })
    }

    fn filter(&mut self, events: &Events, filter: &Filter, joins: &mut Vec<String>) -> Option<Condition> {
        match filter {
            Filter::All(parts) => self.filters(events, parts, joins).map(Condition::all),
            Filter::Any(parts) => self.filters(events, parts, joins).map(Condition::any),
            Filter::Column(condition) => self.event_column(events, condition, joins),
        }
    }

    fn filters(&mut self, events: &Events, parts: &[Filter], joins: &mut Vec<String>) -> Option<Vec<Condition>> {
        let parts: Vec<_> = parts.iter().map(|part| self.filter(events, part, joins)).collect();
        parts.into_iter().collect()
    }

    fn event_column(
        &mut self,
        events: &Events,
        condition: &ColumnCondition,
        joins: &mut Vec<String>,
    ) -> Option<Condition> {
        let field = self.event_field(events, &condition.column, &format!("{}.column", condition.place))?;
        let operand = Operand {
            sql: format!("e.{}", sql::name(&field.name)),
            column_type: field.column_type,
            name: shown(&field.name),
        };
        if field.column_type.element().is_none() && condition.matching.is_none() {
            return self.satisfies(&condition.operator, &operand);
        }
        let table = self.audience.events(events);
        let list = List {
            place: &condition.place,
            operand,
            column: &field.name,
            table: &table,
            key: EVENT,
            matching: condition.matching,
            operator: &condition.operator,
        };
        self.list(&list, joins)
    }

    fn event_field<'e>(&mut self, events: &'e Events, name: &str, place: &str) -> Option<&'e Field> {
        let found = events.column(name);
        if found.is_none() {
            let message = format!("the behavior {} has no column {}", shown(&events.name), shown(name));
            self.wrong(place, message, near_column(name, &events.columns));
        }
        found
    }

    fn groups(&mut self, events: &Events, summary: &Summary, left: &str) -> Option<Vec<String>> {
        let places = |index: usize| format!("{left}.aggregation.groupingColumns[{index}]");
        let names = summary.groups.iter().enumerate();
        let fields: Vec<_> = names.map(|(index, name)| self.event_value(events, name, &places(index))).collect();
        fields.into_iter().map(|field| field.map(|field| format!("e.{}", sql::name(&field.name)))).collect()
    }

    /// A column that is no list.
    fn event_value<'e>(&mut self, events: &'e Events, name: &str, place: &str) -> Option<&'e Field> {
        let field = self.event_field(events, name, place)?;
        if field.column_type.element().is_some() {
            self.wrong(place, format!("{} is a list, and cannot be aggregated", shown(name)), None);
            return None;
        }
        Some(field)
    }

    fn summed(&mut self, events: &Events, summary: &Summary, chosen: Chosen, left: &str) -> Option<Summed> {
        let place = format!("{left}.aggregation.column");
        let number = |lines: Lines, counts: bool| Summed { lines, column_type: ColumnType::Number, counts };
        match &summary.aggregation {
            Aggregation::Count => Some(number(chosen.grouped("COUNT(*)"), true)),
            Aggregation::CountDistinct(names) => {
                let place = |index: usize| format!("{left}.aggregation.columns[{index}]");
                let fields: Vec<_> = names
                    .iter()
                    .enumerate()
                    .map(|(index, name)| self.event_value(events, name, &place(index)))
                    .collect();
                let fields = fields.into_iter().collect::<Option<Vec<_>>>()?;
                Some(number(chosen.distinct(&fields), true))
            }
            Aggregation::Sum(name) | Aggregation::Average(name) => {
                let field = self.event_value(events, name, &place)?;
                if field.column_type != ColumnType::Number {
                    let message = format!("must hold numbers for {}", summary.aggregation.name());
                    self.wrong(&place, message, None);
                    return None;
                }
                let column = sql::name(&field.name);
                let sum = match &summary.aggregation {
                    Aggregation::Sum(_) => format!("SUM(e.{column})"),
                    // Engines disagree about the average of integers and decimals.
                    _ => format!("AVG(CAST(e.{column} AS DOUBLE PRECISION))"),
                };
                Some(number(chosen.grouped(&sum), false))
            }
            Aggregation::Min(name) | Aggregation::Max(name) => {
                let field = self.event_value(events, name, &place)?;
                if field.column_type == ColumnType::Boolean {
                    let message = format!("cannot be true or false for {}", summary.aggregation.name());
                    self.wrong(&place, message, Some("count the events with the value you mean".into()));
                    return None;
                }
                let word = summary.aggregation.name().to_uppercase();
                let lines = chosen.grouped(&format!("{word}(e.{})", sql::name(&field.name)));
                Some(Summed { lines, column_type: field.column_type, counts: false })
            }
            Aggregation::First { column, order } | Aggregation::Last { column, order } => {
                let last = matches!(summary.aggregation, Aggregation::Last { .. });
                let field = self.event_value(events, column, &place);
                let by = self.event_value(events, order, &format!("{left}.aggregation.orderColumn"));
                let (field, by) = (field?, by?);
                let lines = chosen.extreme(&sql::name(&field.name), &sql::name(&by.name), last);
                Some(Summed { lines, column_type: field.column_type, counts: false })
            }
        }
    }
}

impl Aggregation {
    /// Its name.
    fn name(&self) -> &'static str {
        match self {
            Aggregation::Count => "Count",
            Aggregation::CountDistinct(_) => "CountDistinct",
            Aggregation::Sum(_) => "Sum",
            Aggregation::Min(_) => "Min",
            Aggregation::Max(_) => "Max",
            Aggregation::Average(_) => "Average",
            Aggregation::First { .. } => "First",
            Aggregation::Last { .. } => "Last",
        }
    }
}

impl Chosen {
    /// `FROM …` and `WHERE …`.
    fn lines(&self) -> Lines {
        let mut lines = Lines::default();
        lines.push(0, format!("FROM {} e", self.table));
        for part in &self.joins {
            lines.push(0, format!("LEFT JOIN {part} ON {part}.{EVENT} = e.{EVENT}"));
        }
        if !self.conditions.is_empty() {
            lines.extend(0, Condition::all(self.conditions.clone()).clause("WHERE"));
        }
        lines
    }

    fn keys(&self) -> String {
        let mut keys = vec![format!("e.{PROFILE}")];
        keys.extend(self.groups.iter().cloned());
        keys.join(", ")
    }

    fn grouped(&self, value: &str) -> Lines {
        let mut lines = Lines::default();
        lines.push(0, format!("SELECT e.{PROFILE}, {value} AS value"));
        lines.extend(0, self.lines());
        lines.push(0, format!("GROUP BY {}", self.keys()));
        lines
    }

    /// Combinations of values without a missing part, each once.
    fn distinct(&self, fields: &[&Field]) -> Lines {
        if let [field] = fields {
            return self.grouped(&format!("COUNT(DISTINCT e.{})", sql::name(&field.name)));
        }
        let (mut columns, mut keys) = (vec![format!("e.{PROFILE}")], vec![format!("d.{PROFILE}")]);
        for (index, group) in self.groups.iter().enumerate() {
            columns.push(format!("{group} AS group_{}", index + 1));
            keys.push(format!("d.group_{}", index + 1));
        }
        let mut present = Vec::new();
        for (index, field) in fields.iter().enumerate() {
            columns.push(format!("e.{} AS value_{}", sql::name(&field.name), index + 1));
            present.push(format!("d.value_{} IS NOT NULL", index + 1));
        }
        let mut lines = Lines::default();
        let present = present.join(" AND ");
        lines.push(0, format!("SELECT d.{PROFILE}, COUNT(CASE WHEN {present} THEN 1 END) AS value"));
        lines.push(0, "FROM (");
        lines.push(1, format!("SELECT DISTINCT {}", columns.join(", ")));
        lines.extend(1, self.lines());
        lines.push(0, ") d");
        lines.push(0, format!("GROUP BY {}", keys.join(", ")));
        lines
    }

    /// The value of the first or the last event; of several at once, the smallest or the largest.
    fn extreme(mut self, column: &str, order: &str, last: bool) -> Lines {
        let direction = if last { "DESC" } else { "ASC" };
        let mut lines = Lines::default();
        lines.push(0, format!("SELECT r.{PROFILE}, r.value"));
        lines.push(0, "FROM (");
        lines.push(1, format!("SELECT e.{PROFILE}, e.{column} AS value, ROW_NUMBER() OVER ("));
        lines.push(2, format!("PARTITION BY {}", self.keys()));
        lines.push(2, format!("ORDER BY e.{order} {direction}, e.{column} {direction} NULLS LAST"));
        lines.push(1, ") AS place");
        self.conditions.push(Condition::Is(format!("e.{order} IS NOT NULL")));
        lines.extend(1, self.lines());
        lines.push(0, ") r");
        lines.push(0, "WHERE r.place = 1");
        lines
    }
}
