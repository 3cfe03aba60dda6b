//! Reads operators, and the values, moments and lengths of time on their right.
//!
//! Knows how they are written; not whether they fit the column on their left.

use serde_json::Value;

use super::left::{must_be, without_nul};
use super::read::{Object, Reader};
use super::{Literal, MOST_PATTERNS, Operator, Patterns, Test, Window};
use crate::audience::moment::{Length, Moment, Stated, Unit};

const OPERATORS: [&str; 18] = [
    "Equal",
    "Greater",
    "GreaterEqual",
    "Less",
    "LessEqual",
    "Between",
    "In",
    "Contain",
    "StartWith",
    "EndWith",
    "Regexp",
    "IsNull",
    "TimeToday",
    "TimeThis",
    "TimeNext",
    "TimeWithinPast",
    "TimeWithinNext",
    "TimeRange",
];
const IN_BETWEEN: &str = "TimeInBetweenNext";

/// So many values may an In have, and so many texts Contain, StartWith and EndWith, which are a comparison each.
const MOST_VALUES: usize = 10_000;
const MOST_TEXTS: usize = 1_000;

/// So many characters may a regular expression have, and so many bytes it may take once it is compiled.
const LONGEST_PATTERN: usize = 1_000;
const LARGEST_PATTERN: usize = 1 << 20;

/// How a moment can be written, for hints.
const MOMENTS: &str = "write seconds since 1970, 2026-11-23, 2026-11-23 02:00:00 or 2026-11-23T02:00:00Z";

impl Reader<'_> {
    pub(super) fn operator(&mut self, condition: &Object<'_>) -> Option<Operator> {
        let object =
            self.needed(condition, "operator").and_then(|value| self.object(value, condition.at("operator")))?;
        let mut known = OPERATORS.to_vec();
        known.push(IN_BETWEEN);
        let word = self.word(&object, "type", &known)?;
        let not = self.flag(&object, "not");
        let test = if word.starts_with("Time") {
            self.time(&object, word).map(Test::Within)
        } else {
            self.comparison(&object, word)
        };
        Some(Operator { place: object.place, not: not?, test: test? })
    }

    fn comparison(&mut self, object: &Object<'_>, word: &str) -> Option<Test> {
        let one: Option<fn(Literal) -> Test> = match word {
            "Equal" => Some(Test::Equal),
            "Greater" => Some(Test::Greater),
            "GreaterEqual" => Some(Test::GreaterEqual),
            "Less" => Some(Test::Less),
            "LessEqual" => Some(Test::LessEqual),
            _ => None,
        };
        if let Some(test) = one {
            self.only(object, &["type", "not", "rightValue"]);
            return self.literal(object, "rightValue").map(test);
        }
        match word {
            // The schema of Treasure Data has a rightValue there, which means nothing.
            "Between" => {
                self.only(object, &["type", "not", "minValue", "maxValue", "rightValue"]);
                let (least, most) = (self.literal(object, "minValue"), self.literal(object, "maxValue"));
                Some(Test::Between(least?, most?))
            }
            "IsNull" => {
                self.only(object, &["type", "not", "rightValue"]);
                Some(Test::IsNull)
            }
            "Regexp" => {
                self.only(object, &["type", "not", "rightValue"]);
                self.pattern(object).map(Test::Regexp)
            }
            "In" => {
                self.only(object, &["type", "not", "rightValues"]);
                self.literals(object).map(Test::In)
            }
            _ => {
                self.only(object, &["type", "not", "rightValues"]);
                self.at_most(object, MOST_TEXTS, "1,000")?;
                let texts = self.texts(object, "rightValues")?;
                for (index, text) in texts.iter().enumerate() {
                    if let Err(message) = without_nul(text) {
                        self.wrong(&format!("{}[{index}]", object.at("rightValues")), message);
                    }
                }
                Some(match word {
                    "Contain" => Test::Contain(texts),
                    "StartWith" => Test::StartWith(texts),
                    _ => Test::EndWith(texts),
                })
            }
        }
    }

    fn pattern(&mut self, object: &Object<'_>) -> Option<String> {
        let pattern = self.text(object, "rightValue")?;
        let place = object.at("rightValue");
        if let Err(message) = without_nul(pattern) {
            self.wrong(&place, message);
            return None;
        }
        self.regexps += 1;
        if pattern.chars().count() > LONGEST_PATTERN {
            self.wrong(&place, "is longer than 1,000 characters");
            return None;
        }
        // Where there are too many, that is problem enough.
        if self.patterns == Patterns::Trusted || self.regexps > MOST_PATTERNS {
            return Some(pattern.to_owned());
        }
        let mut builder = regex::RegexBuilder::new(pattern);
        match builder.size_limit(LARGEST_PATTERN).dfa_size_limit(LARGEST_PATTERN).build() {
            Ok(_) => Some(pattern.to_owned()),
            Err(regex::Error::CompiledTooBig(_)) => {
                let hint = "repeat less in it: \\w{100} means a hundred copies of every letter there is";
                self.advise(&place, "is too large a regular expression", hint);
                None
            }
            Err(_) => {
                self.advise(
                    &place,
                    "is no regular expression",
                    "brackets must be closed, and \\ must stand before a character that means itself; there is no look-around",
                );
                None
            }
        }
    }

    /// Notes it where there are more `rightValues` than there may be.
    fn at_most(&mut self, object: &Object<'_>, most: usize, shown: &str) -> Option<()> {
        let items = self.list(object, "rightValues")?;
        if items.len() > most {
            let hint = "put the values into a table, and join it as an attribute or a behavior";
            self.advise(&object.at("rightValues"), format!("has more than {shown} values"), hint);
            return None;
        }
        Some(())
    }

    fn literals(&mut self, object: &Object<'_>) -> Option<Vec<Literal>> {
        self.at_most(object, MOST_VALUES, "10,000")?;
        let items = self.list(object, "rightValues")?;
        let mut literals = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            literals.push(self.one_literal(item, &format!("{}[{index}]", object.at("rightValues"))));
        }
        literals.into_iter().collect()
    }

    fn literal(&mut self, object: &Object<'_>, name: &str) -> Option<Literal> {
        let value = self.needed(object, name)?;
        self.one_literal(value, &object.at(name))
    }

    fn one_literal(&mut self, value: &Value, place: &str) -> Option<Literal> {
        match value {
            Value::Bool(flag) => Some(Literal::Boolean(*flag)),
            Value::Number(number) => Some(Literal::Number(number.to_string())),
            Value::String(text) => match without_nul(text) {
                Ok(()) => Some(Literal::Text(text.clone())),
                Err(message) => {
                    self.wrong(place, message);
                    None
                }
            },
            Value::Object(_) => {
                let object = self.object(value, place)?;
                self.moment(&object).map(Literal::Moment)
            }
            Value::Null | Value::Array(_) => {
                self.wrong(place, must_be("a value", value));
                None
            }
        }
    }

    /// `{timestamp}`, `{last, unit}` or `{next, unit}`.
    fn moment(&mut self, object: &Object<'_>) -> Option<Moment> {
        for (name, moment) in [("last", Moment::Before as fn(Length) -> Moment), ("next", Moment::After)] {
            if let Some(value) = object.get(name) {
                self.only(object, &[name, "unit"]);
                let place = object.at(name);
                return match value {
                    Value::Object(_) => {
                        // The unit beside an object of units means nothing, but stands there in the schema.
                        if object.get("unit").is_some() {
                            self.unit(object)?;
                        }
                        self.length(value, &place)
                    }
                    _ => {
                        let (number, unit) = (self.whole(value, &place), self.unit(object));
                        self.sized(vec![(number?, unit?)], &place)
                    }
                }
                .map(moment);
            }
        }
        self.only(object, &["timestamp", "last", "next", "unit"]);
        let text = match self.needed(object, "timestamp")? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
        };
        let stated = Stated::parse(&text);
        if stated.is_none() {
            self.advise(&object.at("timestamp"), "is no moment", MOMENTS);
        }
        stated.map(Moment::At)
    }

    fn unit(&mut self, object: &Object<'_>) -> Option<Unit> {
        let word = self.word(object, "unit", &Unit::ALL.map(Unit::name))?;
        Unit::ALL.into_iter().find(|unit| unit.name() == word)
    }

    /// An object of units: `{"day": 7, "hour": 3}`.
    pub(super) fn length(&mut self, value: &Value, place: &str) -> Option<Length> {
        let object = self.object(value, place)?;
        self.only(&object, &Unit::ALL.map(Unit::name));
        let mut parts = Vec::new();
        for unit in Unit::ALL {
            if let Some(number) = object.get(unit.name()) {
                parts.push((self.whole(number, &object.at(unit.name()))?, unit));
            }
        }
        if parts.is_empty() {
            self.advise(place, "has no unit", r#"write how long, such as {"day": 7}"#);
            return None;
        }
        self.sized(parts, place)
    }

    fn sized(&mut self, parts: Vec<(u64, Unit)>, place: &str) -> Option<Length> {
        let length = Length::of(parts);
        if length.is_none() {
            self.wrong(place, "is too long a time");
        }
        length
    }

    fn time(&mut self, object: &Object<'_>, word: &str) -> Option<Window> {
        match word {
            "TimeToday" => {
                self.only(object, &["type", "not"]);
                Some(Window::Today)
            }
            "TimeThis" | "TimeNext" => {
                self.only(object, &["type", "not", "from"]);
                let unit = self.from(object).and_then(|from| {
                    self.only(&from, &["unit"]);
                    self.unit(&from)
                })?;
                Some(if word == "TimeThis" { Window::This(unit) } else { Window::Next(unit) })
            }
            "TimeWithinPast" | "TimeWithinNext" => {
                self.only(object, &["type", "not", "value", "unit"]);
                let value = self.needed(object, "value").and_then(|value| self.whole(value, &object.at("value")));
                let unit = self.unit(object);
                let length = self.sized(vec![(value?, unit?)], &object.at("value"))?;
                Some(if word == "TimeWithinPast" { Window::Past(length) } else { Window::Coming(length) })
            }
            "TimeRange" => self.range(object),
            _ => {
                self.only(object, &["type", "not", "from", "to"]);
                let from = self.from(object).and_then(|from| self.moment(&from));
                let to = self.needed(object, "to").and_then(|to| self.object(to, object.at("to")));
                let to = to.and_then(|to| self.moment(&to));
                Some(Window::Between { from: from?, to: to? })
            }
        }
    }

    fn from<'v>(&mut self, object: &Object<'v>) -> Option<Object<'v>> {
        self.needed(object, "from").and_then(|from| self.object(from, object.at("from")))
    }

    /// With a duration: so long from a moment on. Without: the calendar unit before the run's.
    fn range(&mut self, object: &Object<'_>) -> Option<Window> {
        self.only(object, &["type", "not", "from", "duration", "reverse"]);
        let reverse = self.flag(object, "reverse");
        let from = self.from(object);
        match object.get("duration") {
            Some(duration) => {
                let from = from.and_then(|from| self.moment(&from));
                let length = self.length(duration, &object.at("duration"));
                Some(Window::From { start: from?, length: length?, reverse: reverse? })
            }
            None => {
                let from = from?;
                if from.get("last").is_some() {
                    self.wrong(&object.at("duration"), "is missing");
                    return None;
                }
                self.only(&from, &["unit"]);
                self.unit(&from).map(Window::Last)
            }
        }
    }
}
