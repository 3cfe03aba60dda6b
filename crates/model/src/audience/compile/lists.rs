//! Conditions on lists: how many elements satisfy an operator.
//!
//! Knows lists of profiles and of events alike; not what is done with the condition.

use super::super::compare::Operand;
use super::super::rule::{Matching, Operator, Test};
use super::super::select::{Condition, Lines};
use super::super::sql;
use super::Compiler;

/// A condition on a column that is, or should be, a list.
pub(super) struct List<'a> {
    /// Where the condition stands.
    pub(super) place: &'a str,
    pub(super) operand: Operand,
    /// The name of the column.
    pub(super) column: &'a str,
    /// The table that it is in, and the column that numbers its rows.
    pub(super) table: &'a str,
    pub(super) key: &'a str,
    pub(super) matching: Option<Matching>,
    pub(super) operator: &'a Operator,
}

impl Compiler<'_> {
    /// The condition; the part that counts the elements, one row for each row that has any, is added to `joins`.
    pub(super) fn list(&mut self, list: &List<'_>, joins: &mut Vec<String>) -> Option<Condition> {
        let place = format!("{}.arrayMatching", list.place);
        let Some(element) = list.operand.column_type.element() else {
            self.wrong(&place, format!("must be null: {} is no list", list.operand.name), None);
            return None;
        };
        if list.operator.test == Test::IsNull {
            if list.matching.is_some() {
                let hint = "IsNull asks whether the list as a whole is missing; missing elements satisfy no operator";
                self.wrong(&place, "must be null for IsNull", Some(hint.into()));
                return None;
            }
            return self.satisfies(list.operator, &list.operand);
        }
        let operand = Operand { sql: "u.element".into(), column_type: element, name: list.operand.name.clone() };
        let condition = self.satisfies(list.operator, &operand)?;
        let matching = list.matching.unwrap_or(Matching::Any);
        let present = format!("{} IS NOT NULL", list.operand.sql);
        if matching == Matching::AtLeast(0) {
            return Some(Condition::Is(present));
        }
        let part = self.part(list.column, counts(list, matching, &condition));
        let matches = format!("{part}.matches");
        // A list without an element that satisfies the operator has no row in the part; neither has a missing list.
        let with_none =
            |comparison: String| Condition::all(vec![Condition::Is(present.clone()), Condition::Is(comparison)]);
        let condition = match matching {
            Matching::Any => Condition::Is(format!("{matches} >= 1")),
            Matching::All => Condition::Is(format!("{matches} = {part}.elements")),
            Matching::AtLeast(number) => Condition::Is(format!("{matches} >= {number}")),
            Matching::AtMost(number) => with_none(format!("COALESCE({matches}, 0) <= {number}")),
            Matching::Exactly(number) => with_none(format!("COALESCE({matches}, 0) = {number}")),
        };
        if !joins.contains(&part) {
            joins.push(part);
        }
        Some(condition)
    }
}

fn counts(list: &List<'_>, matching: Matching, condition: &Condition) -> Lines {
    let (key, column, table) = (list.key, sql::name(list.column), list.table);
    let mut lines = Lines::default();
    let all = matching == Matching::All;
    if all {
        lines.push(0, format!("SELECT u.{key}, COUNT(*) AS elements,"));
        lines.push(1, format!("COUNT(CASE WHEN {} THEN 1 END) AS matches", condition.line()));
    } else {
        lines.push(0, format!("SELECT u.{key}, COUNT(*) AS matches"));
    }
    lines.push(0, format!("FROM (SELECT {key}, UNNEST({column}) AS element FROM {table}) u"));
    if !all {
        lines.extend(0, condition.clause("WHERE"));
    }
    lines.push(0, format!("GROUP BY u.{key}"));
    lines
}
