//! Writes conditions and SELECTs as lines that people can read.
//!
//! Knows layout; not what a condition means. A line is never broken or moved once it is written: a text in it may hold line
//! breaks of its own.

use std::borrow::Cow;
use std::iter::Sum;
use std::ops::Add;

use super::PROFILE;

/// What a line has beside a condition, about: its indentation, `AND`, its end.
const BESIDE: usize = 16;

/// So many conditions stand in one chain of AND or OR; of more, groups are made: the time that engines need to understand a
/// chain grows with the square of its length.
pub(crate) const LONGEST_CHAIN: usize = 64;

/// How much SQL something is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    pub(crate) comparisons: usize,
    /// About: the indentation is not known before the SQL is written.
    pub(crate) bytes: usize,
}

impl Weight {
    /// What it has more than another.
    pub(crate) fn above(self, other: Weight) -> Weight {
        Weight {
            comparisons: self.comparisons.saturating_sub(other.comparisons),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

impl Add for Weight {
    type Output = Weight;

    fn add(self, other: Weight) -> Weight {
        Weight {
            comparisons: self.comparisons.saturating_add(other.comparisons),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

impl Sum for Weight {
    fn sum<I: Iterator<Item = Weight>>(weights: I) -> Weight {
        weights.fold(Weight::default(), Weight::add)
    }
}

/// Lines of SQL, each with its depth.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lines(Vec<(usize, String)>);

impl Lines {
    pub(crate) fn push(&mut self, depth: usize, line: impl Into<String>) {
        self.0.push((depth, line.into()));
    }

    /// Takes over other lines, so much deeper.
    pub(crate) fn extend(&mut self, depth: usize, other: Lines) {
        self.0.extend(other.0.into_iter().map(|(inner, line)| (depth + inner, line)));
    }

    /// Puts something after the last line.
    pub(crate) fn append(&mut self, text: &str) {
        if let Some((_, last)) = self.0.last_mut() {
            last.push_str(text);
        }
    }

    /// How long the text becomes where it stands so deep.
    pub(crate) fn bytes(&self, depth: usize) -> usize {
        self.0.iter().map(|(inner, line)| 2 * (depth + inner) + line.len() + 1).sum()
    }

    /// The lines as one text.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(|(depth, line)| format!("{}{line}", "  ".repeat(*depth))).collect();
        lines.join("\n")
    }
}

/// A condition: true for those who satisfy it, false or missing for the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// SQL that binds at least as closely as a comparison, or stands in parentheses.
    Is(String),
    /// So many comparisons in one SQL, which stands in parentheses.
    Several(String, usize),
    /// The part of this name has a row.
    In(String),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    /// For whom the other is not true.
    Not(Box<Condition>),
}

impl Condition {
    /// All of these.
    pub(crate) fn all(parts: Vec<Condition>) -> Condition {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Condition::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Condition::All(flat) }
    }

    /// Any of these.
    pub(crate) fn any(parts: Vec<Condition>) -> Condition {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Condition::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Condition::Any(flat) }
    }

    /// All for whom it is not true, whether it is false or missing.
    pub(crate) fn not(self) -> Condition {
        match self {
            // What a complement is about is either true or not.
            Condition::Not(inner) => *inner,
            other => Condition::Not(Box::new(other)),
        }
    }

    /// How much SQL it is, told without writing it.
    pub(crate) fn weight(&self) -> Weight {
        match self {
            Condition::Is(sql) => Weight { comparisons: 1, bytes: sql.len() + BESIDE },
            Condition::Several(sql, comparisons) => Weight { comparisons: *comparisons, bytes: sql.len() + BESIDE },
            Condition::In(part) => Weight { comparisons: 1, bytes: part.len() + PROFILE.len() + BESIDE },
            Condition::All(parts) | Condition::Any(parts) => parts.iter().map(Condition::weight).sum(),
            Condition::Not(inner) => inner.weight() + Weight { comparisons: 0, bytes: BESIDE },
        }
    }

    /// How deep its parentheses are nested.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Condition::Is(_) | Condition::Several(..) | Condition::In(_) => 0,
            Condition::All(parts) | Condition::Any(parts) => 1 + parts.iter().map(Condition::depth).max().unwrap_or(0),
            Condition::Not(inner) => 1 + inner.depth(),
        }
    }

    /// A clause: `WHERE …`, one condition a line.
    pub(crate) fn clause(&self, word: &str) -> Lines {
        let mut lines = Lines::default();
        match self {
            Condition::All(parts) => joined(&chain(parts, Condition::All), "AND", &mut lines, 0, word),
            Condition::Any(parts) => joined(&chain(parts, Condition::Any), "OR", &mut lines, 0, word),
            Condition::Is(_) | Condition::Several(..) | Condition::In(_) | Condition::Not(_) => {
                self.write(&mut lines, 0, &format!("{word} "));
            }
        }
        lines
    }

    /// On one line, for where a condition is part of an expression.
    pub(crate) fn line(&self) -> String {
        let join = |parts: &[Condition], word: &str| {
            let parts: Vec<String> = parts.iter().map(Condition::line).collect();
            format!("({})", parts.join(&format!(" {word} ")))
        };
        match self {
            Condition::Is(sql) | Condition::Several(sql, _) => sql.clone(),
            Condition::In(part) => format!("{part}.{PROFILE} IS NOT NULL"),
            Condition::All(parts) => join(parts, "AND"),
            Condition::Any(parts) => join(parts, "OR"),
            Condition::Not(inner) => match &**inner {
                Condition::In(part) => format!("{part}.{PROFILE} IS NULL"),
                Condition::Is(sql) | Condition::Several(sql, _) => format!("({sql}) IS NOT TRUE"),
                Condition::All(_) | Condition::Any(_) | Condition::Not(_) => format!("{} IS NOT TRUE", inner.line()),
            },
        }
    }

    fn write(&self, lines: &mut Lines, depth: usize, lead: &str) {
        match self {
            Condition::Is(_) | Condition::Several(..) | Condition::In(_) => {
                lines.push(depth, format!("{lead}{}", self.line()));
            }
            Condition::All(parts) => parenthesised(&chain(parts, Condition::All), "AND", lines, depth, lead),
            Condition::Any(parts) => parenthesised(&chain(parts, Condition::Any), "OR", lines, depth, lead),
            Condition::Not(inner) => match &**inner {
                Condition::Is(_) | Condition::Several(..) | Condition::In(_) => {
                    lines.push(depth, format!("{lead}{}", self.line()));
                }
                Condition::All(_) | Condition::Any(_) | Condition::Not(_) => {
                    inner.write(lines, depth, lead);
                    lines.append(" IS NOT TRUE");
                }
            },
        }
    }
}

/// The same conditions, in groups where they are too many for one chain.
fn chain(parts: &[Condition], join: fn(Vec<Condition>) -> Condition) -> Cow<'_, [Condition]> {
    if parts.len() <= LONGEST_CHAIN {
        return Cow::Borrowed(parts);
    }
    Cow::Owned(parts.chunks(LONGEST_CHAIN).map(|group| join(group.to_vec())).collect())
}

fn parenthesised(parts: &[Condition], word: &str, lines: &mut Lines, depth: usize, lead: &str) {
    lines.push(depth, format!("{lead}("));
    for (index, part) in parts.iter().enumerate() {
        let lead = if index == 0 { String::new() } else { format!("{word} ") };
        part.write(lines, depth + 1, &lead);
    }
    lines.push(depth, ")");
}

fn joined(parts: &[Condition], word: &str, lines: &mut Lines, depth: usize, first: &str) {
    for (index, part) in parts.iter().enumerate() {
        let (depth, lead) = if index == 0 { (depth, format!("{first} ")) } else { (depth + 1, format!("{word} ")) };
        part.write(lines, depth, &lead);
    }
}

/// A SELECT over the profiles, called `c`, and parts with at most one row for each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Select {
    /// The table of profiles.
    pub(crate) customers: String,
    /// The parts that its conditions need.
    pub(crate) joins: Vec<String>,
    pub(crate) condition: Condition,
    /// What its rows are in order of, where there is a limit.
    pub(crate) order: Vec<String>,
    /// The most rows.
    pub(crate) limit: Option<u64>,
}

impl Select {
    /// As SQL, with these columns.
    pub(crate) fn lines(&self, columns: &str) -> Lines {
        self.written(columns, true)
    }

    /// As SQL in which the order of the rows may be left out, with these columns.
    pub(crate) fn unordered(&self, columns: &str) -> Lines {
        self.written(columns, self.limit.is_some())
    }

    fn written(&self, columns: &str, ordered: bool) -> Lines {
        let mut lines = Lines::default();
        lines.push(0, format!("SELECT {columns}"));
        lines.push(0, format!("FROM {} c", self.customers));
        for part in &self.joins {
            lines.push(0, format!("LEFT JOIN {part} ON {part}.{PROFILE} = c.{PROFILE}"));
        }
        lines.extend(0, self.condition.clause("WHERE"));
        if ordered && !self.order.is_empty() {
            lines.push(0, format!("ORDER BY {}", self.order.join(", ")));
        }
        if let Some(limit) = self.limit {
            lines.push(0, format!("LIMIT {limit}"));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn conditions_are_written_one_a_line() {
        let is = |sql: &str| Condition::Is(sql.into());
        let inner = Condition::any(vec![is("b = 'x\ny'"), Condition::all(vec![is("d"), is("e")]), is("f").not()]);
        let condition = Condition::all(vec![
            is("a > 1"),
            inner.clone(),
            inner.not(),
            Condition::In("segment_3".into()),
            Condition::In("segment_4".into()).not(),
        ]);
        expect![[r"
            WHERE a > 1
              AND (
                b = 'x
            y'
                OR (
                  d
                  AND e
                )
                OR (f) IS NOT TRUE
              )
              AND (
                b = 'x
            y'
                OR (
                  d
                  AND e
                )
                OR (f) IS NOT TRUE
              ) IS NOT TRUE
              AND segment_3.cdp_customer_id IS NOT NULL
              AND segment_4.cdp_customer_id IS NULL"]]
        .assert_eq(&condition.clause("WHERE").text());
        assert_eq!(condition.depth(), 4);
    }

    #[test]
    fn long_chains_are_broken_into_groups() {
        let conditions = |count: usize| (0..count).map(|number| Condition::Is(format!("x{number}"))).collect();
        let written = Condition::Any(conditions(64)).clause("WHERE").text();
        assert!(!written.contains('('), "{written}");
        let written = Condition::Any(conditions(130)).clause("WHERE").text();
        let groups: Vec<_> = written.split("\n  OR (\n").map(|group| group.matches('x').count()).collect();
        assert_eq!(groups, [64, 64, 2], "{written}");
        assert!(written.starts_with("WHERE (\n  x0\n  OR x1\n"), "{written}");
    }
}
