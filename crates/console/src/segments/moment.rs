//! Values on the right of an operator, moments among them, as the fields of a form.
//!
//! Knows how rules write values; not operators. A value that cannot go through a field and come back the same is none of ours.

use model::ColumnType;
use serde_json::{Map, Number, Value, json};

use crate::field::Choice;
use crate::form::Form;

/// The units of times, as rules name them.
const UNITS: [&str; 8] = ["minute", "hour", "day", "week", "month", "quarter", "year", "second"];

/// Units in a menu; `many`: `days`.
pub(super) fn units(many: bool) -> Vec<Choice> {
    UNITS.iter().map(|unit| Choice::new(*unit, format!("{unit}{}", if many { "s" } else { "" }))).collect()
}

/// How a moment is said.
pub(super) fn ways() -> Vec<Choice> {
    vec![
        Choice::new("at", "this date or time"),
        Choice::new("last", "so long ago"),
        Choice::new("next", "so long from now"),
    ]
}

/// A text that one line of a form gives back as it was.
pub(super) fn line(text: &str) -> Option<&str> {
    (!text.contains(['\n', '\r', '\0'])).then_some(text)
}

/// A number that is written without a sign or a fraction.
pub(super) fn whole(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        Value::String(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => Some(text.clone()),
        _ => None,
    }
}

/// A list of values, one on a line.
pub(super) fn lines(value: &Value) -> Option<String> {
    let mut found = String::new();
    for (index, value) in value.as_array()?.iter().enumerate() {
        let text = plain(value)?;
        // An empty line is no value.
        if text.is_empty() || line(&text).is_none() {
            return None;
        }
        if index > 0 {
            found.push('\n');
        }
        found.push_str(&text);
    }
    Some(found)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A value as fields; nothing where they cannot say it.
pub(super) fn view(value: &Value, at: &str, form: &mut Form) -> Option<()> {
    let Value::Object(moment) = value else {
        let text = plain(value)?;
        // An empty text is a value, and an empty field none.
        form.set(at, line(&text).filter(|text| !text.is_empty())?);
        return Some(());
    };
    if let Some(stated) = moment.get("timestamp").filter(|_| moment.len() == 1) {
        form.set(at, line(&plain(stated)?).filter(|text| !text.is_empty())?);
        return Some(());
    }
    let way = ["last", "next"].into_iter().find(|way| moment.contains_key(*way))?;
    form.set(&format!("{at}.how"), way);
    match moment.get(way)? {
        Value::Object(length) => {
            let (unit, number) = length.iter().next().filter(|_| length.len() == 1 && moment.len() == 1)?;
            form.set(&format!("{at}.number"), whole(number)?);
            form.set(&format!("{at}.unit"), line(unit)?);
        }
        number => {
            form.set(&format!("{at}.number"), whole(number)?);
            form.set(&format!("{at}.unit"), line(moment.get("unit")?.as_str()?)?);
        }
    }
    Some(())
}

/// The value that fields say, as what a column holds is written; nothing where they are empty.
pub(super) fn build(form: &Form, at: &str, of: Option<ColumnType>) -> Option<Value> {
    let moments = matches!(of, None | Some(ColumnType::Timestamp | ColumnType::Date));
    if moments && matches!(form.get(&format!("{at}.how")), "last" | "next") {
        return stated(form, at);
    }
    Some(form.get(at)).filter(|text| !text.is_empty()).map(|text| typed(text, of))
}

/// The moment that fields say.
pub(super) fn stated(form: &Form, at: &str) -> Option<Value> {
    let way = form.get(&format!("{at}.how"));
    if !matches!(way, "last" | "next") {
        return Some(form.get(at)).filter(|text| !text.is_empty()).map(|text| json!({ "timestamp": text }));
    }
    let mut moment = Map::new();
    moment.insert(way.into(), number(form.get(&format!("{at}.number")))?);
    let unit = form.get(&format!("{at}.unit"));
    moment.insert("unit".into(), if unit.is_empty() { "day" } else { unit }.into());
    Some(Value::Object(moment))
}

/// A list of the values that stand on lines.
pub(super) fn values(text: &str, of: Option<ColumnType>) -> Value {
    text.split('\n').filter(|line| !line.is_empty()).map(|line| typed(line, of)).collect()
}

/// A number as rules write it, or what was typed instead: whoever reads the rule says what is wrong with it.
pub(super) fn number(text: &str) -> Option<Value> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.parse::<u64>().map_or_else(|_| text.into(), Value::from))
}

/// A value as what a column holds is written. A number stays a text where it would not come back digit by digit.
fn typed(text: &str, of: Option<ColumnType>) -> Value {
    match (of, text.trim()) {
        (Some(ColumnType::Number), text) => match serde_json::from_str::<Number>(text) {
            Ok(number) if number.to_string() == text => Value::Number(number),
            _ => text.into(),
        },
        (Some(ColumnType::Boolean), "true") => true.into(),
        (Some(ColumnType::Boolean), "false") => false.into(),
        _ => text.into(),
    }
}
