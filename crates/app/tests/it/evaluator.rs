//! A slow, independent reading of segment rules: JSON and rows in memory in, who satisfies them out.
//!
//! Knows the documents of rules alone and shares no code with their compiler, so that a misreading on one side shows as a
//! failing test.

mod clock;
mod events;

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) use clock::Clock;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Missing,
    Text(String),
    /// Hundredths.
    Number(i128),
    /// A number that is no whole hundredth, or an average.
    Real(f64),
    /// Microseconds since 1970.
    Time(i64),
    /// Days since 1970.
    Day(i32),
    Flag(bool),
    List(Vec<Cell>),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Time,
    Day,
    Flag,
    Texts,
    Numbers,
}

impl Kind {
    pub(crate) fn element(self) -> Option<Kind> {
        match self {
            Kind::Texts => Some(Kind::Text),
            Kind::Numbers => Some(Kind::Number),
            Kind::Text | Kind::Number | Kind::Time | Kind::Day | Kind::Flag => None,
        }
    }
}

pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) cells: Vec<Cell>,
}

pub(crate) struct Behavior {
    pub(crate) name: String,
    pub(crate) time: Option<String>,
    /// The profile of each event.
    pub(crate) owners: Vec<usize>,
    pub(crate) columns: Vec<Column>,
}

/// The rows that rules are evaluated over.
pub(crate) struct Rows {
    pub(crate) profiles: usize,
    pub(crate) columns: Vec<Column>,
    pub(crate) behaviors: Vec<Behavior>,
}

/// The rules of other segments, by number or name.
pub(crate) type Others<'a> = &'a dyn Fn(&str) -> Value;

pub(crate) struct Evaluator<'a> {
    pub(crate) rows: &'a Rows,
    pub(crate) clock: &'a Clock,
    pub(crate) others: Others<'a>,
}

fn flag(value: &Value, name: &str) -> bool {
    value[name].as_bool().unwrap_or(false)
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn order(a: &Cell, b: &Cell) -> Ordering {
    let real = |hundredths: i128| hundredths as f64 / 100.0;
    match (a, b) {
        (Cell::Text(a), Cell::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Cell::Number(a), Cell::Number(b)) => a.cmp(b),
        (Cell::Real(a), Cell::Real(b)) => a.partial_cmp(b).expect("no NaN"),
        (Cell::Number(a), Cell::Real(b)) => real(*a).partial_cmp(b).expect("no NaN"),
        (Cell::Real(a), Cell::Number(b)) => a.partial_cmp(&real(*b)).expect("no NaN"),
        (Cell::Time(a), Cell::Time(b)) => a.cmp(b),
        (Cell::Day(a), Cell::Day(b)) => a.cmp(b),
        (Cell::Flag(a), Cell::Flag(b)) => a.cmp(b),
        _ => panic!("cells of different kinds: {a:?} and {b:?}"),
    }
}

/// Missing values come last, whatever the direction.
fn place(a: &Cell, b: &Cell, descending: bool) -> Ordering {
    match (a == &Cell::Missing, b == &Cell::Missing) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if descending => order(b, a),
        (false, false) => order(a, b),
    }
}

impl Evaluator<'_> {
    /// Who satisfies a whole rule: one answer for each profile.
    pub(crate) fn rule(&self, rule: &Value) -> Vec<bool> {
        let found = self.group(rule);
        self.limited(found, &rule["limit"], &BTreeMap::new())
    }

    fn group(&self, group: &Value) -> Vec<bool> {
        let members: Vec<Vec<bool>> = list(group, "conditions").iter().map(|member| self.member(member)).collect();
        let every = |profile: usize| members.iter().all(|member| member[profile]);
        let some = |profile: usize| members.iter().any(|member| member[profile]);
        match group["type"].as_str() {
            Some("And") => (0..self.rows.profiles).map(every).collect(),
            Some("Or") => (0..self.rows.profiles).map(some).collect(),
            Some("Composite") => {
                let words = spaced(group["expr"].as_str().expect("an expression"));
                let words: Vec<&str> = words.split_whitespace().collect();
                (0..self.rows.profiles).map(|profile| or(&mut words.as_slice(), &members, profile)).collect()
            }
            other => panic!("a group of type {other:?}"),
        }
    }

    fn member(&self, member: &Value) -> Vec<bool> {
        let found = match member["type"].as_str() {
            Some("Value") => self.value(member),
            Some("Reference") => self.rule(&(self.others)(member["id"].as_str().expect("an id"))),
            _ => return self.group(member),
        };
        if flag(member, "exclude") { found.into_iter().map(|is| !is).collect() } else { found }
    }

    fn value(&self, condition: &Value) -> Vec<bool> {
        let left = &condition["leftValue"];
        let Some(source) = left["source"]["name"].as_str() else {
            let name = left["name"].as_str().expect("a name");
            let column = self.rows.columns.iter().find(|column| column.name == name).expect("an attribute");
            let test = matching(condition, column.kind, self.clock);
            let found = column.cells.iter().map(test).collect();
            return self.limited(found, &condition["limit"], &BTreeMap::new());
        };
        let named = |behavior: &&Behavior| behavior.name == source || format!("behavior_{}", behavior.name) == source;
        let behavior = self.rows.behaviors.iter().find(named).expect("a behavior");
        let (kind, values) = events::summed(behavior, left, self.rows.profiles, self.clock);
        let test = operator(&condition["operator"], kind, self.clock);
        let mut satisfying: BTreeMap<usize, Vec<Cell>> = BTreeMap::new();
        for (profile, values) in values.into_iter().enumerate() {
            let values: Vec<Cell> = values.into_iter().filter(|value| test(value)).collect();
            if !values.is_empty() {
                satisfying.insert(profile, values);
            }
        }
        let found = (0..self.rows.profiles).map(|profile| satisfying.contains_key(&profile)).collect();
        self.limited(found, &condition["limit"], &satisfying)
    }

    /// The first of those found; `values` are the aggregated values that satisfied the condition.
    fn limited(&self, found: Vec<bool>, limit: &Value, values: &BTreeMap<usize, Vec<Cell>>) -> Vec<bool> {
        if limit.is_null() {
            return found;
        }
        let mut chosen: Vec<usize> = (0..found.len()).filter(|profile| found[*profile]).collect();
        chosen.sort_by(|a, b| {
            for by in list(limit, "orderColumns") {
                let descending = by["order"] == "descending";
                let cell = |profile: &usize| match by["column"].as_str() {
                    Some(name) => {
                        let column = self.rows.columns.iter().find(|column| column.name == name);
                        column.expect("an attribute").cells[*profile].clone()
                    }
                    None => {
                        let mut values = values[profile].clone();
                        values.sort_by(|a, b| place(a, b, descending));
                        values.swap_remove(0)
                    }
                };
                let decided = place(&cell(a), &cell(b), descending);
                if decided != Ordering::Equal {
                    return decided;
                }
            }
            a.cmp(b)
        });
        let number = limit["number"].as_f64().expect("a number");
        let most = match limit["type"].as_str() {
            Some("Count") => number as usize,
            // Millionths, so that rounding up is exact.
            _ => (chosen.len() as u128 * (number * 1e6).round() as u128).div_ceil(100_000_000) as usize,
        };
        chosen.truncate(most);
        let mut found = vec![false; found.len()];
        chosen.into_iter().for_each(|profile| found[profile] = true);
        found
    }
}

fn spaced(expr: &str) -> String {
    expr.to_lowercase().replace('(', " ( ").replace(')', " ) ")
}

fn or(words: &mut &[&str], members: &[Vec<bool>], profile: usize) -> bool {
    let mut is = and(words, members, profile);
    while let Some(("or", rest)) = words.split_first().map(|(first, rest)| (*first, rest)) {
        *words = rest;
        let other = and(words, members, profile);
        is = is || other;
    }
    is
}

fn and(words: &mut &[&str], members: &[Vec<bool>], profile: usize) -> bool {
    let mut is = one(words, members, profile);
    while let Some(("and", rest)) = words.split_first().map(|(first, rest)| (*first, rest)) {
        *words = rest;
        let other = one(words, members, profile);
        is = is && other;
    }
    is
}

fn one(words: &mut &[&str], members: &[Vec<bool>], profile: usize) -> bool {
    let (first, rest) = words.split_first().expect("a word");
    *words = rest;
    match *first {
        "not" => !one(words, members, profile),
        "(" => {
            let is = or(words, members, profile);
            *words = &words[1..];
            is
        }
        name => {
            let number = name.parse::<usize>().map_or_else(|_| usize::from(name.as_bytes()[0] - b'a'), |n| n - 1);
            members[number][profile]
        }
    }
}

/// The condition on a column, lists included.
fn matching(condition: &Value, kind: Kind, clock: &Clock) -> Box<dyn Fn(&Cell) -> bool> {
    let op = &condition["operator"];
    let (Some(element), false) = (kind.element(), op["type"] == "IsNull") else {
        return operator(op, kind, clock);
    };
    let test = operator(op, element, clock);
    let how = condition["arrayMatching"].clone();
    Box::new(move |cell| {
        let Cell::List(elements) = cell else { return false };
        let matches = elements.iter().filter(|element| **element != Cell::Missing && test(element)).count() as u64;
        match &how {
            Value::Null => matches > 0,
            Value::String(word) if word == "all" => !elements.is_empty() && matches == elements.len() as u64,
            Value::String(_) => matches > 0,
            how => {
                let bound = |name: &str| how[name].as_u64();
                bound("atLeast").is_none_or(|bound| matches >= bound)
                    && bound("atMost").is_none_or(|bound| matches <= bound)
                    && bound("exactly").is_none_or(|bound| matches == bound)
            }
        }
    })
}

fn literal(value: &Value, kind: Kind, clock: &Clock) -> Cell {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match kind {
        Kind::Text => Cell::Text(text),
        Kind::Number => number(&text),
        Kind::Flag => Cell::Flag(text.eq_ignore_ascii_case("true")),
        Kind::Time => Cell::Time(clock.moment(value)),
        Kind::Day => Cell::Day(clock.day(clock.moment(value))),
        Kind::Texts | Kind::Numbers => panic!("a list has no literal"),
    }
}

fn number(text: &str) -> Cell {
    match text.parse::<i64>() {
        Ok(whole) => Cell::Number(i128::from(whole) * 100),
        Err(_) => Cell::Real(text.parse().expect("a number")),
    }
}

/// Whether a value satisfies an operator.
pub(crate) fn operator(op: &Value, kind: Kind, clock: &Clock) -> Box<dyn Fn(&Cell) -> bool> {
    let not = flag(op, "not");
    let word = op["type"].as_str().expect("a type").to_owned();
    if word == "IsNull" {
        return Box::new(move |cell| (*cell == Cell::Missing) != not);
    }
    let plain = plain(&word, op, kind, clock);
    Box::new(move |cell| *cell != Cell::Missing && plain(cell) != not)
}

fn plain(word: &str, op: &Value, kind: Kind, clock: &Clock) -> Box<dyn Fn(&Cell) -> bool> {
    let relation: Option<fn(Ordering) -> bool> = match word {
        "Equal" => Some(Ordering::is_eq),
        "Greater" => Some(Ordering::is_gt),
        "GreaterEqual" => Some(Ordering::is_ge),
        "Less" => Some(Ordering::is_lt),
        "LessEqual" => Some(Ordering::is_le),
        _ => None,
    };
    if let Some(relation) = relation {
        let right = literal(&op["rightValue"], kind, clock);
        return Box::new(move |cell| relation(order(cell, &right)));
    }
    let texts: Vec<String> =
        list(op, "rightValues").iter().filter_map(|text| text.as_str().map(str::to_owned)).collect();
    let any = |test: fn(&str, &str) -> bool| -> Box<dyn Fn(&Cell) -> bool> {
        Box::new(move |cell| matches!(cell, Cell::Text(text) if texts.iter().any(|other| test(text, other))))
    };
    match word {
        "Between" => {
            let (least, most) = (literal(&op["minValue"], kind, clock), literal(&op["maxValue"], kind, clock));
            Box::new(move |cell| order(cell, &least).is_ge() && order(cell, &most).is_le())
        }
        "In" => {
            let values: Vec<Cell> = list(op, "rightValues").iter().map(|value| literal(value, kind, clock)).collect();
            Box::new(move |cell| values.iter().any(|value| order(cell, value).is_eq()))
        }
        "Contain" => any(|text, part| text.contains(part)),
        "StartWith" => any(|text, part| text.starts_with(part)),
        "EndWith" => any(|text, part| text.ends_with(part)),
        "Regexp" => {
            let pattern = regex::Regex::new(op["rightValue"].as_str().expect("a pattern")).expect("a pattern");
            Box::new(move |cell| matches!(cell, Cell::Text(text) if pattern.is_match(text)))
        }
        _ => {
            let (from, to, closed) = clock.window(word, op);
            let ends = match kind {
                Kind::Day => (Cell::Day(clock.day(from)), Cell::Day(clock.day(to))),
                _ => (Cell::Time(from), Cell::Time(to)),
            };
            Box::new(move |cell| {
                let until = order(cell, &ends.1);
                order(cell, &ends.0).is_ge() && (until.is_lt() || closed && until.is_eq())
            })
        }
    }
}
