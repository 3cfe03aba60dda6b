//! The SELECT of an activation.
//!
//! Knows what a mapping means and how that is written in SQL; nothing here can be wrong any more.
//!
//! In the SQL, `m` is a profile that is sent and `b1`, `b2` are its events.

use super::Ids;
use super::behavior::{Pick, Picked};
use super::meaning::{Meaning, Value};
use crate::audience::shape::{Audience, PROFILE};
use crate::audience::sql;

impl Meaning<'_> {
    /// The statement, after `with`, whose last part is `members`.
    pub(super) fn sql(&self, with: &str, audience: &Audience, ids: &Ids) -> String {
        let mut select: Vec<String> = self.columns.iter().map(|(name, value)| selected(name, value, ids)).collect();
        let mut statement = with.trim_end().to_owned();
        let mut from = "members m".to_owned();
        let mut order = vec![format!("m.{PROFILE}")];
        for (index, picked) in self.behaviors.iter().enumerate() {
            let (part, alias) = (format!("events_{}", index + 1), format!("b{}", index + 1));
            statement.push_str(&format!(",\n{part} AS (\n{}\n)", picked.sql(audience)));
            select.extend(
                picked
                    .names()
                    .into_iter()
                    .enumerate()
                    .map(|(number, column)| format!("{alias}.value_{} AS {}", number + 1, sql::name(&column.name))),
            );
            from.push_str(&format!("\nLEFT JOIN {part} {alias}\n  ON {alias}.{PROFILE} = m.{PROFILE}"));
            if picked.pick.is_rows() {
                order.push(format!("{alias}.place"));
            }
        }
        // The order says which row of a key is the last one, and so the one that counts.
        format!("{statement}\nSELECT\n  {}\nFROM {from}\nORDER BY {}", select.join(",\n  "), order.join(", "))
    }
}

fn selected(name: &str, value: &Value<'_>, ids: &Ids) -> String {
    match value {
        Value::Column(column) if *column == name => format!("m.{}", sql::name(column)),
        Value::Column(column) => format!("m.{} AS {}", sql::name(column), sql::name(name)),
        Value::Text(built) => format!("{} AS {}", built.sql(ids), sql::name(name)),
    }
}

impl Picked<'_> {
    /// The events that are sent: a row a profile, or a row an event with its `place`. Columns are `value_1`, `value_2`, in
    /// the order of [`Picked::names`]. Lines are indented as they are written, never afterwards: names may go over several.
    fn sql(&self, audience: &Audience) -> String {
        let values = |alias: &str| {
            let names = (1..=self.columns.len()).map(|number| format!("{alias}value_{number}"));
            names.collect::<Vec<_>>().join(", ")
        };
        let ranked = format!("(\n{}\n  ) ranked", self.ranked(audience, "    "));
        let from = format!("  FROM {ranked}\n  WHERE place");
        match self.pick {
            Pick::First | Pick::Last => format!("  SELECT {PROFILE}, {}\n{from} = 1", values("")),
            Pick::TopRows(rows) => format!("  SELECT {PROFILE}, {}, place\n{from} <= {rows}", values("")),
            Pick::All => self.ranked(audience, "  "),
            Pick::TopColumns(rows) => {
                let count = self.columns.len();
                let cells = (1..=rows as usize).flat_map(|place| {
                    (1..=count).map(move |column| {
                        let value = (place - 1) * count + column;
                        format!("MAX(CASE WHEN place = {place} THEN value_{column} END) AS value_{value}")
                    })
                });
                let cells = cells.collect::<Vec<_>>().join(",\n    ");
                format!("  SELECT\n    {PROFILE},\n    {cells}\n{from} <= {rows}\n  GROUP BY {PROFILE}")
            }
        }
    }

    /// Every event with its place among those of its profile, from 1. Events without a value to go by come last, whatever the
    /// direction.
    fn ranked(&self, audience: &Audience, indent: &str) -> String {
        let reversed = self.pick == Pick::Last;
        let by = |name: &str, descending: bool| {
            let direction = if descending { "DESC" } else { "ASC" };
            format!("e.{} {direction} NULLS LAST", sql::name(name))
        };
        let mut order: Vec<String> =
            self.order.iter().map(|(field, descending)| by(&field.name, *descending != reversed)).collect();
        // Among events of one time it is the values that decide, so that the same events give the same output.
        for (_, _, field) in &self.columns {
            let written = by(&field.name, reversed);
            if !self.order.iter().any(|(other, _)| other.name == field.name) && !order.contains(&written) {
                order.push(written);
            }
        }
        let values = self.columns.iter().enumerate();
        let values =
            values.map(|(index, (_, _, field))| format!("e.{} AS value_{}", sql::name(&field.name), index + 1));
        format!(
            "{indent}SELECT\n{indent}  e.{PROFILE},\n{indent}  {},\n{indent}  \
             ROW_NUMBER() OVER (PARTITION BY e.{PROFILE} ORDER BY {}) AS place\n{indent}FROM {} e",
            values.collect::<Vec<_>>().join(&format!(",\n{indent}  ")),
            order.join(", "),
            audience.events(self.events)
        )
    }
}
