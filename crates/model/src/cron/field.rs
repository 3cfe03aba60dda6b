//! One of the five fields: what may stand in it, and the numbers that it means.
//!
//! Knows a field alone: what fields mean together is `days` and `fire`.

use super::set::Set;
use crate::problem::{Problem, Problems};

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A field of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
}

/// What a field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// A `*` alone: "no restriction based on the field". A list of all values is a restriction that all values pass.
    Any,
    /// These only.
    Only(Set),
}

impl Values {
    /// The numbers that pass.
    pub(crate) fn set(self, field: Field) -> Set {
        match self {
            Values::Any => field.all(),
            Values::Only(set) => set,
        }
    }
}

impl Field {
    /// Its name, where problems say it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Field::Minute => "minute",
            Field::Hour => "hour",
            Field::DayOfMonth => "day of month",
            Field::Month => "month",
            Field::DayOfWeek => "day of week",
        }
    }

    const fn plural(self) -> &'static str {
        match self {
            Field::Minute => "minutes",
            Field::Hour => "hours",
            Field::DayOfMonth => "days of month",
            Field::Month => "months",
            Field::DayOfWeek => "days of week",
        }
    }

    /// The smallest and the greatest number, from the manual's drawing.
    pub(crate) const fn limits(self) -> (u8, u8) {
        match self {
            Field::Minute => (0, 59),
            Field::Hour => (0, 23),
            Field::DayOfMonth => (1, 31),
            Field::Month => (1, 12),
            Field::DayOfWeek => (0, 6),
        }
    }

    /// Every number of the field.
    pub(crate) fn all(self) -> Set {
        let (low, high) = self.limits();
        Set::span(low, high)
    }

    /// `*/n`: the multiples of n within the limits, as in the manual's "every 5 days starting on the 5th of each month".
    pub(crate) fn multiples(self, n: u8) -> Set {
        self.all().iter().filter(|number| number.is_multiple_of(n.max(1))).collect()
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Field::Month => &MONTHS,
            Field::DayOfWeek => &WEEKDAYS,
            Field::Minute | Field::Hour | Field::DayOfMonth => &[],
        }
    }

    /// `0 to 59`, with the names where there are some.
    fn allowed(self) -> String {
        let (low, high) = self.limits();
        match self.names() {
            [] => format!("{low} to {high}"),
            [first, .., last] => format!("{low} to {high} or {first} to {last}"),
            [one] => format!("{low} to {high} or {one}"),
        }
    }

    /// Reads the field; what is wrong goes to `problems`.
    pub(crate) fn parse(self, text: &str, problems: &mut Problems) -> Option<Values> {
        if text == "*" {
            return Some(Values::Any);
        }
        let mut set = Some(Set::default());
        let mut said = Vec::new();
        for term in text.split(',') {
            match self.term(term, text) {
                Ok(more) => set = set.map(|set| set.with(more)),
                Err(problem) => {
                    set = None;
                    // `,,,` is one thing to change.
                    if !said.contains(&problem) {
                        said.push(problem);
                    }
                }
            }
        }
        said.into_iter().for_each(|problem| problems.push(problem));
        set.map(Values::Only)
    }

    /// One term of a list.
    fn term(self, term: &str, text: &str) -> Result<Set, Problem> {
        let alone = term == text;
        match term {
            "" if alone => Err(self.problem("is empty").hint("write * for no restriction")),
            "" => Err(self.problem("has a comma with nothing on one side of it").hint("leave that comma out")),
            "*" => Err(self
                .problem("has a * in a list")
                .hint("write * alone for no restriction, or leave it out: a list takes numbers, ranges and */n")),
            "?" => Err(self.refused(term, "is not known here").hint("write * for no restriction")),
            _ if term.contains('/') => self.step(term),
            _ if self.foreign(term) => Err(self.refused(term, "is not known here").hint(match self {
                Field::DayOfWeek => "the nth or last of a month has no sign: 5 or fri is every Friday",
                Field::DayOfMonth => {
                    "last days and working days have no sign: write numbers; days 1 to 28 are in every month"
                }
                Field::Minute | Field::Hour | Field::Month => "write numbers, ranges and */n",
            })),
            _ => match term.split_once('-') {
                Some((from, to)) => self.range(term, from, to),
                None => self.value(term).map(|number| Set::span(number, number)),
            },
        }
    }

    /// Whether it is a sign of other crons: `L`, `5L`, `LW`, `15W`, `friL`, `6#3`.
    fn foreign(self, term: &str) -> bool {
        let folded = term.to_ascii_lowercase();
        let numbered = folded.strip_suffix(['l', 'w']).is_some_and(|rest| {
            rest.is_empty() || rest == "l" || rest.bytes().all(|byte| byte.is_ascii_digit()) || WEEKDAYS.contains(&rest)
        });
        let week = folded.split_once('#').is_some();
        numbered || week
    }

    fn step(self, term: &str) -> Result<Set, Problem> {
        let (base, step) = term.split_once('/').unwrap_or((term, ""));
        let (low, high) = self.limits();
        let Some(n) = digits(step) else {
            return Err(self
                .refused(term, "has no number after the /")
                .hint(format!("write */n with n from 1 to {high}, for the multiples of n")));
        };
        if n == 0 || n > high {
            return Err(self.refused(term, &format!("has a step that is not 1 to {high}")).hint(match (n, self) {
                (0, _) => format!("write * for all {}", self.plural()),
                (60, Field::Minute) => "write 0 for once an hour".to_owned(),
                (24, Field::Hour) => "write 0 for once a day".to_owned(),
                (_, _) => format!("*/n means the multiples of n, and {} are {low} to {high}", self.plural()),
            }));
        }
        if base == "*" {
            return Ok(self.multiples(n));
        }
        let problem = self.refused(term, "has a step that does not follow a *");
        let span = match base.split_once('-') {
            Some((from, to)) => self.range(base, from, to).ok().and_then(Set::run),
            None => self.value(base).ok().map(|from| (from, high)),
        };
        Err(match span {
            Some((from, to)) => problem.hint(format!("write the list: {}", written(Set::stepped(from, to, n)))),
            None => problem.hint(format!("write */{n} for the multiples of {n}, or a list")),
        })
    }

    fn range(self, term: &str, from: &str, to: &str) -> Result<Set, Problem> {
        if from.is_empty() || to.is_empty() {
            let side = if from.is_empty() { "no beginning" } else { "no end" };
            return Err(self.refused(term, &format!("is a range with {side}")).hint("write a range as 2-5"));
        }
        if to.contains('-') {
            return Err(self.refused(term, "has more than one -").hint("write a range as 2-5"));
        }
        let first = self.value(from)?;
        if self == Field::DayOfWeek && to == "7" {
            let list = match first {
                0 => "0-6".to_owned(),
                6 => "6,0".to_owned(),
                _ => format!("{from}-{},0", self.like(from, 6)),
            };
            return Err(self.out_of_range(to).hint(format!("Sunday is 0: write {list}")));
        }
        let last = self.value(to)?;
        if first <= last {
            return Ok(Set::span(first, last));
        }
        let (low, high) = self.limits();
        let span = |a: u8, b: u8, like: &str| match a == b {
            true => self.like(like, a),
            false => format!("{}-{}", self.like(like, a), self.like(like, b)),
        };
        Err(self.refused(term, "is a range that runs backwards").hint(format!(
            "write {},{}",
            span(first, high, from),
            span(low, last, to)
        )))
    }

    fn value(self, word: &str) -> Result<u8, Problem> {
        let (low, high) = self.limits();
        if let Some(number) = digits(word) {
            if (low..=high).contains(&number) {
                return Ok(number);
            }
            let problem = self.out_of_range(word);
            return Err(match (self, number) {
                (Field::Minute, 60) => problem.hint("the full hour is minute 0"),
                (Field::Hour, 24) => problem.hint("midnight is hour 0"),
                (Field::DayOfWeek, 7) => problem.hint("Sunday is 0"),
                _ => problem,
            });
        }
        if let Some(place) = self.names().iter().position(|name| name.eq_ignore_ascii_case(word)) {
            // At most 11: it fits.
            return Ok(low + place as u8);
        }
        if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.out_of_range(word).hint("a number has one or two digits"));
        }
        let problem = self.refused(word, "is not known here");
        let starts = |name: &str| word.get(..3).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
        let meant = self.names().iter().find(|name| starts(name));
        let elsewhere =
            [Field::Month, Field::DayOfWeek].into_iter().find(|field| field.names().iter().any(|name| starts(name)));
        Err(match (meant, elsewhere) {
            (Some(name), _) => problem.hint(format!("did you mean {name}?")),
            (None, Some(field)) => problem.hint(format!(
                "it belongs into the field {}; {} are {}",
                field.name(),
                self.plural(),
                self.allowed()
            )),
            (None, None) => problem.hint(format!("{} are {}", self.plural(), self.allowed())),
        })
    }

    /// A number in the manner of a word: as a name where the word is one.
    fn like(self, word: &str, number: u8) -> String {
        let name = self.names().get(usize::from(number - self.limits().0));
        match name {
            Some(name) if digits(word).is_none() => (*name).to_owned(),
            _ => number.to_string(),
        }
    }

    pub(crate) fn problem(self, message: impl Into<String>) -> Problem {
        Problem::at(self.name(), message)
    }

    fn refused(self, term: &str, message: &str) -> Problem {
        self.problem(format!("\"{}\" {message}", term.escape_debug()))
    }

    fn out_of_range(self, word: &str) -> Problem {
        self.refused(word, &format!("is out of range: {} are {}", self.plural(), self.allowed()))
    }
}

/// A number of one or two digits.
fn digits(word: &str) -> Option<u8> {
    let short = (1..=2).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
    if short { word.parse().ok() } else { None }
}

/// Numbers as a list of the grammar.
fn written(set: Set) -> String {
    set.iter().map(|number| number.to_string()).collect::<Vec<_>>().join(",")
}
