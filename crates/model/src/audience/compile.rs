//! Compiles a rule into SQL over a snapshot: parts with a row for each profile, joined to the profiles.
//!
//! Knows the audience, the other segments and the time of the run; not who asks, nor which engine answers.

mod events;
mod limit;
mod lists;
mod references;
mod size;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::compare::{Misfit, Operand, satisfies};
use super::expr::Expr;
use super::moment::Run;
use super::rule::{Group, Join, Left, Member, Operator, Rule, ValueCondition, shown};
use super::segments::{self, Segments};
use super::select::{Condition, Lines, Select, Weight};
use super::{Audience, Field, PROFILE, sql};
use crate::nearest::nearest;
use crate::{Problem, Problems};
use references::Broken;
use size::Size;

/// Parentheses may be nested so deep in one condition: engines have limits of about 50.
const DEEPEST: usize = 20;

/// The time for which a rule is compiled to find out what is wrong with it: 2026-01-01.
const ANY_TIME: i64 = 1_767_225_600;

impl Rule {
    /// Everything that is wrong with the rule over this audience: names, types, values, references.
    pub fn check(&self, audience: &Audience, place: &str, segments: &dyn Segments) -> Problems {
        compile(self, audience, place, segments, ANY_TIME).err().unwrap_or_default()
    }
}

/// The profiles that satisfy a rule at `now` (unix seconds), as SQL.
///
/// # Errors
/// Everything that is wrong with the rule over this audience, at places that begin with `rule`.
pub fn members(rule: &Rule, audience: &Audience, segments: &dyn Segments, now: i64) -> Result<Members, Problems> {
    compile(rule, audience, "rule", segments, now)
}

/// Who satisfies a rule at the time for which it was compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    parts: Vec<(String, Lines)>,
    select: Select,
    columns: Vec<String>,
}

impl Members {
    /// Every column of the profiles but the one that numbers them. In no order, except where the rule has a limit.
    pub fn sql(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|name| format!("c.{}", sql::name(name))).collect();
        // A parent segment without a column has nothing else to show.
        let columns = if columns.is_empty() { format!("c.{PROFILE}") } else { columns.join(", ") };
        self.after_parts(self.select.lines(&columns))
    }

    /// How many they are: one row with the column `population`.
    pub fn count_sql(&self) -> String {
        if self.select.limit.is_none() {
            return self.after_parts(self.select.unordered("COUNT(*) AS population"));
        }
        let mut lines = Lines::default();
        lines.push(0, "SELECT COUNT(*) AS population");
        lines.push(0, "FROM (");
        lines.extend(1, self.select.unordered(&format!("c.{PROFILE}")));
        lines.push(0, ") m");
        self.after_parts(lines)
    }

    /// The beginning of a larger statement: a `WITH` whose last part has this name, and in it every column of the profiles,
    /// their number included.
    pub fn with(&self, name: &str) -> String {
        let mut parts = self.parts.clone();
        parts.push((name.to_owned(), self.select.lines("c.*")));
        with(&parts).text()
    }

    /// How long the SQL is, without what it selects.
    fn bytes(&self) -> usize {
        let parts: usize = self.parts.iter().map(|(name, body)| name.len() + 16 + body.bytes(1)).sum();
        parts + self.select.lines("").bytes(1)
    }

    fn after_parts(&self, select: Lines) -> String {
        if self.parts.is_empty() {
            return select.text();
        }
        let mut lines = with(&self.parts);
        lines.extend(0, select);
        lines.text()
    }
}

fn with(parts: &[(String, Lines)]) -> Lines {
    let mut lines = Lines::default();
    for (index, (name, body)) in parts.iter().enumerate() {
        lines.push(0, format!("{}{name} AS (", if index == 0 { "WITH " } else { "" }));
        lines.extend(1, body.clone());
        lines.push(0, if index + 1 == parts.len() { ")" } else { ")," });
    }
    lines
}

fn compile(
    rule: &Rule,
    audience: &Audience,
    place: &str,
    segments: &dyn Segments,
    now: i64,
) -> Result<Members, Problems> {
    let Ok(now) = Timestamp::from_second(now) else {
        return Err(Problem::at(place, "cannot be evaluated at this time").into());
    };
    let run = Run { now, zone: &audience.zone };
    let problems = segments::check(rule, place, segments);
    let (follow, root) = (problems.is_empty(), place.to_owned());
    let mut compiler = Compiler {
        audience,
        segments,
        run,
        root,
        parts: Vec::new(),
        known: BTreeMap::new(),
        problems,
        blamed: None,
        size: Size::default(),
        follow,
    };
    let select = compiler.rule(rule);
    let Compiler { parts, mut problems, mut size, .. } = compiler;
    let columns = audience.columns.iter().map(|field| field.name.clone()).collect();
    let members = select.map(|select| Members { parts, select, columns });
    size.written(members.as_ref().map_or(0, Members::bytes));
    if let Some(too_large) = size.too_large() {
        let (message, hint) = too_large.told();
        problems.push(Problem::at(place, message).hint(hint));
    }
    match members {
        Some(members) => problems.or(|| members),
        None => Err(problems),
    }
}

/// What a SELECT over the profiles joins.
#[derive(Debug, Default)]
struct Scope {
    joins: Vec<String>,
}

impl Scope {
    fn join(&mut self, part: &str) {
        if !self.joins.iter().any(|known| known == part) {
            self.joins.push(part.to_owned());
        }
    }
}

struct Compiler<'a> {
    audience: &'a Audience,
    segments: &'a dyn Segments,
    run: Run<'a>,
    /// Where the rule stands that is being compiled.
    root: String,
    parts: Vec<(String, Lines)>,
    /// The parts of segments, or why they cannot be used, by number. Each is compiled once, whatever comes of it.
    known: BTreeMap<u64, Result<String, Broken>>,
    problems: Problems,
    /// The segment that the first of these problems is really about.
    blamed: Option<Broken>,
    size: Size,
    /// Whether references can be followed: not when one leads nowhere or in a ring.
    follow: bool,
}

impl Compiler<'_> {
    fn wrong(&mut self, place: &str, message: impl Into<String>, hint: Option<String>) {
        let mut problem = Problem::at(format!("{}{place}", self.root), message);
        problem.hint = hint;
        self.problems.push(problem);
    }

    /// The condition, or what is wrong with it noted down.
    fn satisfies(&mut self, operator: &Operator, operand: &Operand) -> Option<Condition> {
        if self.size.too_large().is_some() {
            return None;
        }
        match satisfies(operator, operand, &self.run) {
            Ok(condition) => self.spend(condition.weight()).then_some(condition),
            Err(Misfit { place, message, hint }) => {
                self.wrong(&place, message, hint);
                None
            }
        }
    }

    /// Adds a part under a name like this one that no other part has.
    fn part(&mut self, like: &str, body: Lines) -> String {
        // Behaviours have plain names, but nothing here depends on it.
        let plain: String =
            like.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_').take(40).collect();
        let starts_well = plain.starts_with(|c: char| c.is_ascii_lowercase());
        let plain = if starts_well { plain } else { format!("part_{plain}") };
        let mut number = self.parts.len() + 1;
        let mut name = format!("{plain}_{number}");
        while self.parts.iter().any(|(known, _)| *known == name) {
            number += 1;
            name = format!("{plain}_{number}");
        }
        self.push(name, body)
    }

    fn push(&mut self, name: String, body: Lines) -> String {
        self.size.part_after(self.parts.len());
        // What is one too many is never read.
        if self.size.too_large().is_none() {
            self.parts.push((name.clone(), body));
        }
        name
    }

    fn rule(&mut self, rule: &Rule) -> Option<Select> {
        let mut scope = Scope::default();
        let condition = self.group(&rule.root, &mut scope);
        let order = rule.limit.as_ref().map(|limit| self.order(limit, None));
        let condition = condition?;
        if condition.depth() > DEEPEST {
            self.wrong("", format!("nests conditions deeper than {DEEPEST} levels"), None);
        }
        let select = self.select(scope, condition);
        match (&rule.limit, order) {
            (Some(limit), Some(order)) => Some(self.limited(select, limit, order?)),
            (Some(_), None) | (None, _) => Some(select),
        }
    }

    fn select(&self, scope: Scope, condition: Condition) -> Select {
        Select { customers: self.audience.customers(), joins: scope.joins, condition, order: Vec::new(), limit: None }
    }

    fn group(&mut self, group: &Group, scope: &mut Scope) -> Option<Condition> {
        // All of them, so that everything wrong is found.
        let members: Vec<Option<Condition>> = group.members.iter().map(|member| self.member(member, scope)).collect();
        let members = members.into_iter().collect::<Option<Vec<_>>>()?;
        Some(match &group.join {
            Join::All => Condition::all(members),
            Join::Any => Condition::any(members),
            Join::Composite(expr) => {
                // An expression may name a condition many times, and so may the one around it.
                let weights: Vec<Weight> = members.iter().map(Condition::weight).collect();
                let counted = weights.iter().copied().sum();
                if !self.spend(expr.weight(&weights).above(counted)) {
                    return None;
                }
                composite(expr, &members)
            }
        })
    }

    fn member(&mut self, member: &Member, scope: &mut Scope) -> Option<Condition> {
        if self.size.too_large().is_some() {
            return None;
        }
        match member {
            Member::Group(group) => self.group(group, scope),
            Member::Value(value) => self.value(value, scope),
            Member::Reference(reference) => self.reference(reference, scope),
        }
    }

    fn value(&mut self, value: &ValueCondition, scope: &mut Scope) -> Option<Condition> {
        let condition = match &value.limit {
            None => self.plain(value, scope, false)?.0,
            Some(limit) => {
                let mut inner = Scope::default();
                let plain = self.plain(value, &mut inner, true);
                let order = self.order(limit, plain.as_ref().and_then(|(_, best)| best.as_ref()));
                let (condition, _) = plain?;
                let select = self.select(inner, condition);
                let select = self.limited(select, limit, order?);
                let part = self.part("limited", select.lines(&format!("c.{PROFILE}")));
                scope.join(&part);
                Condition::In(part)
            }
        };
        Some(if value.exclude { condition.not() } else { condition })
    }

    /// The condition without its limit and its exclusion; with it, what a limit can be ordered by.
    fn plain(
        &mut self,
        value: &ValueCondition,
        scope: &mut Scope,
        limited: bool,
    ) -> Option<(Condition, Option<limit::Best>)> {
        match &value.left {
            Left::Attribute(name) => {
                let Some(field) = self.audience.column(name) else {
                    self.unknown_attribute(&format!("{}.leftValue.name", value.place), name);
                    return None;
                };
                let operand = Operand {
                    sql: format!("c.{}", sql::name(name)),
                    column_type: field.column_type,
                    name: shown(name),
                };
                let condition = if field.column_type.element().is_some() || value.matching.is_some() {
                    let list = lists::List {
                        place: &value.place,
                        operand,
                        column: name,
                        table: &self.audience.customers(),
                        key: PROFILE,
                        matching: value.matching,
                        operator: &value.operator,
                    };
                    self.list(&list, &mut scope.joins)?
                } else {
                    self.satisfies(&value.operator, &operand)?
                };
                Some((condition, None))
            }
            Left::Events(summary) => self.events(value, summary, scope, limited),
        }
    }

    fn unknown_attribute(&mut self, place: &str, name: &str) {
        let near = nearest(name, self.audience.columns.iter().map(|field| field.name.as_str()));
        let hint = near.map(|near| format!("did you mean {}?", shown(near)));
        self.wrong(place, format!("there is no attribute {}", shown(name)), hint);
    }
}

fn composite(expr: &Expr, members: &[Condition]) -> Condition {
    let each = |parts: &[Expr]| parts.iter().map(|part| composite(part, members)).collect();
    match expr {
        Expr::Operand(index) => members[*index].clone(),
        Expr::All(parts) => Condition::all(each(parts)),
        Expr::Any(parts) => Condition::any(each(parts)),
        Expr::Not(part) => composite(part, members).not(),
    }
}

/// The column of this name in a table, for hints.
fn near_column(name: &str, columns: &[Field]) -> Option<String> {
    nearest(name, columns.iter().map(|field| field.name.as_str())).map(|near| format!("did you mean {}?", shown(near)))
}

#[cfg(test)]
mod tests;
