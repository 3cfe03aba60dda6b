//! Reads groups, conditions, references and limits.
//!
//! Knows how they are written; not what stands on the left and the right of a condition.

use serde_json::Value;

use super::read::{Object, Reader, kind};
use super::{
    By, DEEPEST, Group, Join, Limit, MOST_CONDITIONS, MOST_PATTERNS, Matching, Member, Order, PERCENT, Patterns,
    Reference, Size, ValueCondition,
};
use crate::Problems;
use crate::audience::expr::Expr;

/// Kinds of conditions that are no groups; the last four are of Treasure Data alone.
const CONDITIONS: [&str; 9] = [
    "And",
    "Or",
    "Composite",
    "Value",
    "Reference",
    "FunnelStageReference",
    "AbTestVariantReference",
    "PredictiveScoreReference",
    "MlAttributeReference",
];

/// Reads a whole rule.
pub(super) fn rule(value: &Value, place: &str, patterns: Patterns) -> Result<(Group, Option<Limit>), Problems> {
    let mut reader = Reader { root: place, problems: Problems::default(), conditions: 0, patterns, regexps: 0 };
    let read = reader.object(value, "").and_then(|object| {
        let limit = object.get("limit").map(|limit| reader.limit(limit, object.at("limit")));
        let root = reader.group(&object, 1);
        // A limit that cannot be read has left a problem behind.
        Some((root?, limit.flatten()))
    });
    if reader.conditions > MOST_CONDITIONS {
        reader.wrong("", format!("has more than {MOST_CONDITIONS} conditions"));
    }
    if reader.regexps > MOST_PATTERNS {
        reader.wrong("", format!("has more than {MOST_PATTERNS} conditions with Regexp"));
    }
    match read {
        Some(read) => reader.problems.or(|| read),
        None => {
            if reader.problems.is_empty() {
                reader.wrong("", "cannot be read");
            }
            Err(reader.problems)
        }
    }
}

impl Reader<'_> {
    fn group(&mut self, object: &Object<'_>, depth: usize) -> Option<Group> {
        if depth > DEEPEST {
            self.wrong(&object.place, format!("is nested deeper than {DEEPEST} groups"));
            return None;
        }
        let mut known = vec!["type", "conditions", "expr", "description", "name", "id"];
        if depth == 1 {
            known.push("limit");
        } else if object.get("limit").is_some() {
            self.advise(&object.at("limit"), "cannot stand on a group", "put it on the rule or on a condition");
            known.push("limit");
        }
        self.only(object, &known);
        let word = self.word(object, "type", &CONDITIONS[..3]);
        let items = self.list(object, "conditions");
        let join = match word? {
            "And" => Some(Join::All),
            "Or" => Some(Join::Any),
            _ => self.composite(object, items.map_or(0, <[Value]>::len)),
        };
        let items = items?;
        let mut members = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            // One problem about their number is enough.
            if self.conditions > MOST_CONDITIONS {
                return None;
            }
            members.push(self.member(item, format!("{}.conditions[{index}]", object.place), depth));
        }
        // A condition that cannot be read has left a problem behind, and must never be left out.
        let members = members.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Group { join: join?, members })
    }

    fn composite(&mut self, object: &Object<'_>, count: usize) -> Option<Join> {
        let expr = self.text(object, "expr")?;
        if count == 0 {
            return None;
        }
        match Expr::parse(expr, count) {
            Ok(expr) => Some(Join::Composite(expr)),
            Err(message) => {
                self.advise(&object.at("expr"), message, "join the conditions like this: A and (B or not C)");
                None
            }
        }
    }

    fn member(&mut self, value: &Value, place: String, depth: usize) -> Option<Member> {
        let object = self.object(value, place)?;
        match self.word(&object, "type", &CONDITIONS)? {
            "And" | "Or" | "Composite" => self.group(&object, depth + 1).map(Member::Group),
            "Value" => self.value(&object).map(|value| Member::Value(Box::new(value))),
            "Reference" => self.reference(&object).map(Member::Reference),
            other => {
                self.conditions += 1;
                let (message, hint) = match other {
                    "FunnelStageReference" => {
                        ("Sluice has no funnels", "refer to a segment, or leave the condition out")
                    }
                    "AbTestVariantReference" => {
                        ("Sluice has no A/B tests", "refer to a segment, or leave the condition out")
                    }
                    _ => (
                        "Sluice computes no predictive scores",
                        "compute the score yourself, join it as an attribute and compare that",
                    ),
                };
                self.advise(&object.at("type"), message, hint);
                None
            }
        }
    }

    fn reference(&mut self, object: &Object<'_>) -> Option<Reference> {
        self.conditions += 1;
        self.only(object, &["type", "id", "exclude", "description", "name"]);
        let exclude = self.flag(object, "exclude");
        let id = match object.get("id") {
            // The number may be written as one.
            Some(Value::Number(number)) if number.is_u64() => Some(number.to_string()),
            _ => self.text(object, "id").map(str::to_owned),
        };
        Some(Reference { place: object.place.clone(), id: id?, exclude: exclude? })
    }

    fn value(&mut self, object: &Object<'_>) -> Option<ValueCondition> {
        self.conditions += 1;
        let known = ["type", "exclude", "arrayMatching", "leftValue", "operator", "limit", "description", "name", "id"];
        self.only(object, &known);
        let exclude = self.flag(object, "exclude");
        let left = self.needed(object, "leftValue").and_then(|left| self.left(left, object.at("leftValue")));
        let matching = self.matching(object);
        let operator = self.operator(object);
        let limit = object.get("limit").map(|limit| self.limit(limit, object.at("limit")));
        let limit = match limit {
            Some(limit) => Some(limit?),
            None => None,
        };
        let place = object.place.clone();
        Some(ValueCondition { place, exclude: exclude?, left: left?, matching: matching?, operator: operator?, limit })
    }

    /// `arrayMatching`: nothing where it is absent or null.
    pub(super) fn matching(&mut self, object: &Object<'_>) -> Option<Option<Matching>> {
        let place = object.at("arrayMatching");
        let number = match object.get("arrayMatching") {
            None => return Some(None),
            Some(Value::String(word)) if word == "any" => return Some(Some(Matching::Any)),
            Some(Value::String(word)) if word == "all" => return Some(Some(Matching::All)),
            Some(value @ Value::Object(members)) if members.len() == 1 => self.object(value, place.clone())?,
            Some(_) => {
                self.advise(
                    &place,
                    "cannot be this",
                    r#"write null, "any", "all", {"atLeast": 2}, {"atMost": 2} or {"exactly": 2}"#,
                );
                return None;
            }
        };
        self.only(&number, &["atLeast", "atMost", "exactly"]);
        let name = ["atMost", "exactly"].into_iter().find(|name| number.get(name).is_some()).unwrap_or("atLeast");
        let value = self.needed(&number, name)?;
        let bound = self.whole(value, &number.at(name))?;
        Some(Some(match name {
            "atMost" => Matching::AtMost(bound),
            "exactly" => Matching::Exactly(bound),
            _ => Matching::AtLeast(bound),
        }))
    }

    fn limit(&mut self, value: &Value, place: String) -> Option<Limit> {
        let object = self.object(value, place)?;
        self.only(&object, &["type", "number", "orderColumns"]);
        let word = self.word(&object, "type", &["Count", "Percent"]);
        let number = self.needed(&object, "number");
        let size = match (word?, number) {
            ("Count", Some(number)) => self.count(number, &object.at("number")),
            (_, Some(number)) => self.percent(number, &object.at("number")),
            (_, None) => None,
        };
        let mut order = Vec::new();
        match object.get("orderColumns") {
            None => {}
            Some(Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    order.push(self.order(item, format!("{}[{index}]", object.at("orderColumns"))));
                }
            }
            Some(other) => {
                self.wrong(&object.at("orderColumns"), format!("must be a list, not {}", kind(other)));
            }
        }
        let order = order.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Limit { place: object.place, size: size?, order })
    }

    fn count(&mut self, value: &Value, place: &str) -> Option<Size> {
        match self.whole(value, place)? {
            0 => {
                self.wrong(place, "must be at least 1");
                None
            }
            number if i64::try_from(number).is_err() => {
                self.wrong(place, "is too large");
                None
            }
            number => Some(Size::Count(number)),
        }
    }

    fn percent(&mut self, value: &Value, place: &str) -> Option<Size> {
        let text = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
        };
        let size = percent(&text).filter(|size| (1..=100 * PERCENT).contains(size));
        if size.is_none() {
            self.wrong(place, "must be a number above 0 and at most 100, with at most 6 decimals");
        }
        size.map(Size::Percent)
    }

    fn order(&mut self, value: &Value, place: String) -> Option<Order> {
        let object = self.object(value, place)?;
        self.only(&object, &["type", "column", "order"]);
        let by = match self.word(&object, "type", &["Column", "Aggregation"]) {
            Some("Column") => self.text(&object, "column").map(|column| By::Column(column.to_owned())),
            Some(_) => Some(By::Aggregation),
            None => None,
        };
        let order = self.word(&object, "order", &["ascending", "descending"]);
        Some(Order { by: by?, descending: order? == "descending", place: object.place })
    }
}

/// Millionths of a percent.
fn percent(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || part.len() > 6 || !digits(whole) || !digits(part) {
        return None;
    }
    let part: u64 = format!("{part:0<6}").parse().ok()?;
    Some(whole.parse::<u64>().ok()? * PERCENT + part)
}
