//! Limits: the first so many, or so many percent, of those who satisfy a condition.
//!
//! Knows how profiles are ordered; not what the condition is.

use super::super::rule::{By, Limit, PERCENT, Size, shown};
use super::super::select::{Condition, Select};
use super::super::{PROFILE, sql};
use super::{Compiler, near_column};

/// What a limit on a behaviour's value is ordered by: with groups, the best of a profile's groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Best {
    pub(super) lowest: String,
    pub(super) highest: String,
}

impl Compiler<'_> {
    /// The columns of an `ORDER BY`; the number of the profile decides at last, so that the choice is always the same.
    pub(super) fn order(&mut self, limit: &Limit, best: Option<&Best>) -> Option<Vec<String>> {
        let mut columns = Vec::new();
        for order in &limit.order {
            let by = match (&order.by, best) {
                (By::Column(name), _) => self.order_column(&format!("{}.column", order.place), name),
                (By::Aggregation, Some(best)) => {
                    Some(if order.descending { &best.highest } else { &best.lowest }.clone())
                }
                (By::Aggregation, None) => {
                    let hint = "order by a column of the profiles";
                    self.wrong(&format!("{}.type", order.place), "there is no aggregation here", Some(hint.into()));
                    None
                }
            };
            let direction = if order.descending { "DESC" } else { "ASC" };
            columns.push(by.map(|by| format!("{by} {direction} NULLS LAST")));
        }
        columns.push(Some(format!("c.{PROFILE}")));
        columns.into_iter().collect()
    }

    fn order_column(&mut self, place: &str, name: &str) -> Option<String> {
        match self.audience.column(name) {
            Some(field) if field.column_type.element().is_some() => {
                self.wrong(place, format!("{} is a list, and lists have no order", shown(name)), None);
                None
            }
            Some(_) => Some(format!("c.{}", sql::name(name))),
            None => {
                let hint = near_column(name, &self.audience.columns);
                self.wrong(place, format!("there is no attribute {}", shown(name)), hint);
                None
            }
        }
    }

    /// The first of those whom `select` finds.
    pub(super) fn limited(&mut self, select: Select, limit: &Limit, order: Vec<String>) -> Select {
        let percent = match limit.size {
            Size::Count(count) => return Select { order, limit: Some(count), ..select },
            Size::Percent(percent) => percent,
        };
        let columns = format!(
            "c.{PROFILE}, ROW_NUMBER() OVER (ORDER BY {}) AS place, COUNT(*) OVER () AS people",
            order.join(", ")
        );
        let part = self.part("ranked", select.lines(&columns));
        // The first place above so many percent is still taken: rounded up. Whole numbers, so that nothing is lost.
        let (mut times, mut of) = (percent, 100 * PERCENT);
        while times % 10 == 0 && of % 10 == 0 {
            (times, of) = (times / 10, of / 10);
        }
        let share = percent as f64 / PERCENT as f64;
        let condition =
            format!("({part}.place - 1) * {of} < {part}.people * {times} /* {share} percent, rounded up */");
        let condition = Condition::Is(condition);
        Select { joins: vec![part.clone()], condition, order: vec![format!("{part}.place")], limit: None, ..select }
    }
}
