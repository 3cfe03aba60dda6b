//! Operators as a menu says them, with what stands on their right.
//!
//! Knows how rules write operators and how people read them; not columns. A menu's word is the operator's name, `!` before it
//! where it is turned round.

use model::ColumnType;
use serde_json::{Map, Value, json};

use super::moment::{self, line, lines, whole};
use crate::field::Choice;
use crate::form::Form;

/// What stands on the right of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// Nothing.
    Nothing,
    /// A value, or a moment.
    One,
    /// A text that is no value of the column.
    Pattern,
    /// Values, one on a line.
    Many,
    /// The least and the most.
    Two,
    /// A unit of the calendar.
    Unit,
    /// So many of a unit.
    Length,
    /// So many of a unit, from a moment on.
    Span,
    /// Two moments.
    Moments,
}

/// The menu's word of a `TimeRange` that says how long it is.
const SPAN: &str = "TimeRange.duration";

pub(super) fn right(name: &str) -> Right {
    match name {
        "Equal" | "Greater" | "GreaterEqual" | "Less" | "LessEqual" => Right::One,
        "Between" => Right::Two,
        "In" | "Contain" | "StartWith" | "EndWith" => Right::Many,
        "Regexp" => Right::Pattern,
        "TimeThis" | "TimeNext" | "TimeRange" => Right::Unit,
        "TimeWithinPast" | "TimeWithinNext" => Right::Length,
        SPAN => Right::Span,
        "TimeInBetweenNext" => Right::Moments,
        _ => Right::Nothing,
    }
}

/// Name, words, words where it is turned round.
type Words = (&'static str, &'static str, &'static str);

const EQUAL: Words = ("Equal", "is", "is not");
const EMPTY: Words = ("IsNull", "has no value", "has a value");
const TEXT: [Words; 11] = [
    EQUAL,
    ("In", "is one of", "is none of"),
    ("Contain", "contains", "does not contain"),
    ("StartWith", "starts with", "does not start with"),
    ("EndWith", "ends with", "does not end with"),
    ("Regexp", "matches the regular expression", "does not match the regular expression"),
    ("Greater", "comes after", "does not come after"),
    ("GreaterEqual", "is or comes after", "is not and does not come after"),
    ("Less", "comes before", "does not come before"),
    ("LessEqual", "is or comes before", "is not and does not come before"),
    ("Between", "is between", "is not between"),
];
const NUMBER: [Words; 7] = [
    EQUAL,
    ("Greater", "is greater than", "is not greater than"),
    ("GreaterEqual", "is at least", "is not at least"),
    ("Less", "is less than", "is not less than"),
    ("LessEqual", "is at most", "is not at most"),
    ("Between", "is between", "is not between"),
    ("In", "is one of", "is none of"),
];
const TIME: [Words; 14] = [
    ("TimeWithinPast", "is within the past", "is not within the past"),
    ("TimeWithinNext", "is within the next", "is not within the next"),
    ("TimeToday", "is today", "is not today"),
    ("TimeThis", "is in this", "is not in this"),
    ("TimeRange", "is in the last calendar", "is not in the last calendar"),
    ("TimeNext", "is in the next calendar", "is not in the next calendar"),
    ("Less", "is before", "is not before"),
    ("LessEqual", "is before or at", "is not before or at"),
    ("Greater", "is after", "is not after"),
    ("GreaterEqual", "is after or at", "is not after or at"),
    ("Between", "is between", "is not between"),
    EQUAL,
    (SPAN, "is in the stretch of", "is not in the stretch of"),
    ("TimeInBetweenNext", "is from … until", "is not from … until"),
];

fn fitting(of: Option<ColumnType>) -> Vec<Words> {
    match of.map(|of| of.element().unwrap_or(of)) {
        Some(ColumnType::String) => TEXT.to_vec(),
        Some(ColumnType::Number) => NUMBER.to_vec(),
        Some(ColumnType::Timestamp | ColumnType::Date) => TIME.to_vec(),
        Some(ColumnType::Boolean) => vec![EQUAL],
        // What it holds is not known: everything there is, each once.
        _ => {
            let mut all = TEXT.to_vec();
            all.extend(TIME.into_iter().filter(|(name, ..)| !TEXT.iter().any(|(known, ..)| known == name)));
            all
        }
    }
}

/// The operators that fit what a column holds. `now` is what is chosen: it stays, even where it does not fit.
pub(super) fn menu(of: Option<ColumnType>, now: &str) -> Vec<Choice> {
    let mut words = fitting(of);
    words.push(EMPTY);
    let mut choices = Vec::with_capacity(2 * words.len());
    for (name, plain, turned) in words {
        choices.push(Choice::new(name, plain));
        choices.push(Choice::new(format!("!{name}"), turned));
    }
    if !now.is_empty() && !choices.iter().any(|choice| choice.value == now) {
        let all = TEXT.into_iter().chain(NUMBER).chain(TIME).find(|(name, ..)| *name == now.trim_start_matches('!'));
        let words = all.map_or(now, |(_, plain, turned)| if now.starts_with('!') { turned } else { plain });
        choices.push(Choice::new(now, format!("{words} (does not fit)")));
    }
    choices
}

/// What a menu's word says: the operator, and whether it is turned round.
pub(super) fn word(text: &str) -> (&str, bool) {
    text.strip_prefix('!').map_or((text, false), |name| (name, true))
}

/// An operator as the fields of a form; nothing where the fields cannot say it.
pub(super) fn view(operator: &Value, at: &str, form: &mut Form) -> Option<()> {
    let object = operator.as_object()?;
    let not = match object.get("not") {
        None | Some(Value::Null) => false,
        Some(not) => not.as_bool()?,
    };
    let mut name = object.get("type")?.as_str()?;
    if name == "TimeRange" && object.contains_key("duration") {
        name = SPAN;
    }
    let below = |part: &str| format!("{at}.{part}");
    match right(name) {
        Right::Nothing if name == "IsNull" || name == "TimeToday" => {}
        Right::Nothing => return None,
        Right::One => moment::view(object.get("rightValue")?, &below("rightValue"), form)?,
        Right::Pattern => form.set(&below("rightValue"), line(object.get("rightValue")?.as_str()?)?),
        Right::Many => form.set(&below("rightValues"), lines(object.get("rightValues")?)?),
        Right::Two => {
            moment::view(object.get("minValue")?, &below("minValue"), form)?;
            moment::view(object.get("maxValue")?, &below("maxValue"), form)?;
        }
        Right::Unit => form.set(&below("unit"), line(object.get("from")?.get("unit")?.as_str()?)?),
        Right::Length => {
            form.set(&below("value"), whole(object.get("value")?)?);
            form.set(&below("unit"), line(object.get("unit")?.as_str()?)?);
        }
        Right::Span => {
            let length = object.get("duration")?.as_object()?;
            let (unit, number) = length.iter().next().filter(|_| length.len() == 1)?;
            form.set(&below("value"), whole(number)?);
            form.set(&below("unit"), line(unit)?);
            form.set(
                &below("reverse"),
                if object.get("reverse").is_some_and(|reverse| reverse == true) { "true" } else { "false" },
            );
            moment::view(object.get("from")?, &below("from"), form)?;
        }
        Right::Moments => {
            moment::view(object.get("from")?, &below("from"), form)?;
            moment::view(object.get("to")?, &below("to"), form)?;
        }
    }
    form.set(at, format!("{}{name}", if not { "!" } else { "" }));
    Some(())
}

/// The operator that the fields say. What was left empty is left out, so that whoever reads the rule says what is missing.
pub(super) fn build(form: &Form, at: &str, of: Option<ColumnType>) -> Value {
    let (name, not) = word(form.get(at));
    let mut object = Map::new();
    if !name.is_empty() {
        object.insert("type".into(), name.trim_end_matches(".duration").into());
    }
    object.insert("not".into(), not.into());
    let below = |part: &str| format!("{at}.{part}");
    let mut put = |member: &str, value: Option<Value>| drop(value.map(|value| object.insert(member.into(), value)));
    let element = of.map(|of| of.element().unwrap_or(of));
    match right(name) {
        Right::Nothing => {}
        Right::One => put("rightValue", moment::build(form, &below("rightValue"), element)),
        Right::Pattern => put("rightValue", Some(form.get(&below("rightValue")).into())),
        Right::Many => put("rightValues", Some(moment::values(form.get(&below("rightValues")), element))),
        Right::Two => {
            put("minValue", moment::build(form, &below("minValue"), element));
            put("maxValue", moment::build(form, &below("maxValue"), element));
        }
        Right::Unit => put("from", Some(json!({ "unit": unit(form, &below("unit")) }))),
        Right::Length => {
            put("value", moment::number(form.get(&below("value"))));
            put("unit", Some(unit(form, &below("unit")).into()));
        }
        Right::Span => {
            let number = moment::number(form.get(&below("value")));
            put("duration", number.map(|number| json!({ unit(form, &below("unit")): number })));
            if form.get(&below("reverse")) == "true" {
                put("reverse", Some(true.into()));
            }
            put("from", moment::stated(form, &below("from")));
        }
        Right::Moments => {
            put("from", moment::stated(form, &below("from")));
            put("to", moment::stated(form, &below("to")));
        }
    }
    Value::Object(object)
}

fn unit<'a>(form: &'a Form, at: &'a str) -> &'a str {
    Some(form.get(at)).filter(|unit| !unit.is_empty()).unwrap_or("day")
}
