//! A segment's rule: the JSON of Treasure Data, read once into a tree that has the right shape.
//!
//! Knows how rules are written; not which columns, behaviours and segments there are (`check`), nor SQL.

mod group;
mod left;
mod operator;
mod read;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::expr::Expr;
use super::moment::{Length, Moment, Unit};
use crate::Problems;

use read::Patterns;

pub(crate) use read::shown;

/// Groups may be nested so deep; Treasure Data has two levels.
pub(crate) const DEEPEST: usize = 10;

/// So many conditions may a rule have, those of filters included.
pub(crate) const MOST_CONDITIONS: usize = 1_000;

/// So many of them may be regular expressions: each takes time and memory.
const MOST_PATTERNS: usize = 100;

/// A rule over the profiles of a parent segment. Serialized it is the JSON that was read, to the letter.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    json: Value,
    pub(crate) root: Group,
    pub(crate) limit: Option<Limit>,
}

impl Rule {
    /// Reads a rule. What can be told without knowing the audience is told here.
    ///
    /// # Errors
    /// Everything that is wrong with its shape, each at its place: `<place>.conditions[0].operator.rightValue`.
    pub fn parse(value: &Value, place: &str) -> Result<Rule, Problems> {
        Rule::read(value, place, Patterns::Checked)
    }

    /// Reads a rule that was accepted before and saved. Its regular expressions are not compiled again, which takes most of
    /// the time: for looking through many saved rules, never for one that somebody has just written.
    ///
    /// # Errors
    /// As [`Rule::parse`] has them, at places that begin with `rule`.
    pub fn trusted(value: &Value) -> Result<Rule, Problems> {
        Rule::read(value, "rule", Patterns::Trusted)
    }

    fn read(value: &Value, place: &str, patterns: Patterns) -> Result<Rule, Problems> {
        group::rule(value, place, patterns).map(|(root, limit)| Rule { json: value.clone(), root, limit })
    }

    /// The segments that it refers to, as written (numbers or names), in the order of the rule, each once.
    pub fn references(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.root.references(&mut |reference| {
            if !found.contains(&reference.id) {
                found.push(reference.id.clone());
            }
        });
        found
    }

    /// The JSON that was read.
    pub fn to_json(&self) -> Value {
        self.json.clone()
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

/// How the conditions of a group are joined.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Join {
    All,
    Any,
    Composite(Expr),
}

/// Conditions that belong together. A place is where something stands, from the rule's own place on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Group {
    pub(crate) join: Join,
    pub(crate) members: Vec<Member>,
}

impl Group {
    /// Visits every reference to a segment.
    pub(crate) fn references<'a>(&'a self, visit: &mut dyn FnMut(&'a Reference)) {
        for member in &self.members {
            match member {
                Member::Group(group) => group.references(visit),
                Member::Reference(reference) => visit(reference),
                Member::Value(_) => {}
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Member {
    Group(Group),
    Value(Box<ValueCondition>),
    Reference(Reference),
}

/// A condition on an attribute, or on what became of a behaviour's events.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ValueCondition {
    pub(crate) place: String,
    pub(crate) exclude: bool,
    pub(crate) left: Left,
    pub(crate) matching: Option<Matching>,
    pub(crate) operator: Operator,
    pub(crate) limit: Option<Limit>,
}

/// Another segment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reference {
    pub(crate) place: String,
    pub(crate) id: String,
    pub(crate) exclude: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Left {
    Attribute(String),
    Events(Box<Summary>),
}

/// A value for each profile (or for each group of its events), made of a behaviour's events.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Summary {
    pub(crate) source: String,
    pub(crate) aggregation: Aggregation,
    pub(crate) groups: Vec<String>,
    pub(crate) filter: Option<Filter>,
    pub(crate) window: Option<Length>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Aggregation {
    Count,
    CountDistinct(Vec<String>),
    Sum(String),
    Min(String),
    Max(String),
    Average(String),
    First { column: String, order: String },
    Last { column: String, order: String },
}

/// Which events count.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Column(ColumnCondition),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ColumnCondition {
    pub(crate) place: String,
    pub(crate) column: String,
    pub(crate) matching: Option<Matching>,
    pub(crate) operator: Operator,
}

/// How many elements of a list must satisfy the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    Any,
    All,
    AtLeast(u64),
    AtMost(u64),
    Exactly(u64),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit {
    pub(crate) place: String,
    pub(crate) size: Size,
    pub(crate) order: Vec<Order>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Count(u64),
    /// Millionths of a percent, so that part of a percent is exact.
    Percent(u64),
}

/// A percent, in the unit of [`Size::Percent`].
pub(crate) const PERCENT: u64 = 1_000_000;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) place: String,
    pub(crate) by: By,
    pub(crate) descending: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum By {
    Column(String),
    Aggregation,
}

/// An operator with what stands on its right.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Operator {
    pub(crate) place: String,
    pub(crate) not: bool,
    pub(crate) test: Test,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Equal(Literal),
    Greater(Literal),
    GreaterEqual(Literal),
    Less(Literal),
    LessEqual(Literal),
    Between(Literal, Literal),
    In(Vec<Literal>),
    Contain(Vec<String>),
    StartWith(Vec<String>),
    EndWith(Vec<String>),
    Regexp(String),
    IsNull,
    Within(Window),
}

/// A stretch of time that is known when the rule runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Window {
    Today,
    This(Unit),
    Next(Unit),
    Last(Unit),
    Past(Length),
    Coming(Length),
    From { start: Moment, length: Length, reverse: bool },
    Between { from: Moment, to: Moment },
}

impl Test {
    /// The operator's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Test::Equal(_) => "Equal",
            Test::Greater(_) => "Greater",
            Test::GreaterEqual(_) => "GreaterEqual",
            Test::Less(_) => "Less",
            Test::LessEqual(_) => "LessEqual",
            Test::Between(..) => "Between",
            Test::In(_) => "In",
            Test::Contain(_) => "Contain",
            Test::StartWith(_) => "StartWith",
            Test::EndWith(_) => "EndWith",
            Test::Regexp(_) => "Regexp",
            Test::IsNull => "IsNull",
            Test::Within(Window::Today) => "TimeToday",
            Test::Within(Window::This(_)) => "TimeThis",
            Test::Within(Window::Next(_)) => "TimeNext",
            Test::Within(Window::Last(_) | Window::From { .. }) => "TimeRange",
            Test::Within(Window::Past(_)) => "TimeWithinPast",
            Test::Within(Window::Coming(_)) => "TimeWithinNext",
            Test::Within(Window::Between { .. }) => "TimeInBetweenNext",
        }
    }
}

impl Test {
    /// The values that it compares with.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &Literal> {
        let (first, second, more) = match self {
            Test::Equal(one)
            | Test::Greater(one)
            | Test::GreaterEqual(one)
            | Test::Less(one)
            | Test::LessEqual(one) => (Some(one), None, [].as_slice()),
            Test::Between(least, most) => (Some(least), Some(most), [].as_slice()),
            Test::In(several) => (None, None, several.as_slice()),
            Test::Contain(_)
            | Test::StartWith(_)
            | Test::EndWith(_)
            | Test::Regexp(_)
            | Test::IsNull
            | Test::Within(_) => (None, None, [].as_slice()),
        };
        first.into_iter().chain(second).chain(more)
    }
}

/// A value as written: what it means depends on the column that it is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    /// A number, as JSON writes it.
    Number(String),
    Text(String),
    Boolean(bool),
    Moment(Moment),
}

#[cfg(test)]
mod tests;
