//! One condition of a rule as the fields of a form, and back.
//!
//! Knows how rules write conditions. Names are relative to the condition. What the fields cannot say is nothing, and the
//! condition is edited as JSON instead: no part of it is ever lost.

use model::ColumnType;
use serde_json::{Map, Value, json};

use super::columns::{Columns, Left};
use super::moment::{line, whole};
use super::operator;
use crate::form::Form;

/// Where the fields of a behaviour's aggregation, filter and window stand.
pub(super) const AGGREGATION: &str = "leftValue.aggregation";
pub(super) const FILTER: &str = "leftValue.filter";
pub(super) const WINDOW: &str = "leftValue.window";

/// Members that say something about a condition and nothing about who is chosen: they stay as they are.
const REMARKS: [&str; 3] = ["description", "name", "id"];

/// A condition on an attribute or a behaviour as fields.
pub(super) fn view(condition: &Value) -> Option<Form> {
    let object = condition.as_object().filter(|object| text(object, "type") == Some("Value"))?;
    let known = ["type", "exclude", "arrayMatching", "leftValue", "operator", "limit"];
    let plain = object.keys().all(|key| known.contains(&key.as_str()) || REMARKS.contains(&key.as_str()));
    if !plain || object.get("limit").is_some_and(|limit| !limit.is_null()) {
        return None;
    }
    let mut form = Form::default();
    exclusion(object, &mut form)?;
    matching(object, "arrayMatching", &mut form)?;
    let left = object.get("leftValue")?.as_object()?;
    if left.contains_key("aggregation") || left.contains_key("source") {
        behavior(left, &mut form)?;
    } else {
        form.set("leftValue", format!("a:{}", line(text(left, "name")?)?));
    }
    operator::view(object.get("operator")?, "operator", &mut form)?;
    Some(form)
}

fn text<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v str> {
    object.get(name)?.as_str()
}

/// What is there and is not null.
fn given<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// `exclude` as a field.
pub(super) fn exclusion(object: &Map<String, Value>, form: &mut Form) -> Option<()> {
    let exclude = given(object, "exclude").map_or(Some(false), Value::as_bool)?;
    form.set("exclude", if exclude { "true" } else { "false" });
    Some(())
}

fn matching(object: &Map<String, Value>, at: &str, form: &mut Form) -> Option<()> {
    match given(object, "arrayMatching") {
        None => {}
        Some(Value::String(word)) => form.set(at, line(word)?),
        Some(Value::Object(bound)) if bound.len() == 1 => {
            let (name, number) = bound.iter().next()?;
            form.set(at, line(name)?);
            form.set(&format!("{at}.number"), whole(number)?);
        }
        Some(_) => return None,
    }
    Some(())
}

fn behavior(left: &Map<String, Value>, form: &mut Form) -> Option<()> {
    let known = ["source", "aggregation", "filter", "window"];
    if !left.keys().all(|key| known.contains(&key.as_str())) {
        return None;
    }
    form.set("leftValue", format!("b:{}", line(left.get("source")?.get("name")?.as_str()?)?));
    let aggregation = left.get("aggregation")?.as_object()?;
    form.set(&format!("{AGGREGATION}.type"), line(text(aggregation, "type")?)?);
    let columns = given(aggregation, "column").or_else(|| given(aggregation, "columns"));
    if let Some(column) = columns {
        form.set(&format!("{AGGREGATION}.column"), one(column)?);
    }
    if let Some(order) = given(aggregation, "orderColumn") {
        form.set(&format!("{AGGREGATION}.orderColumn"), one(order)?);
    }
    if let Some(groups) = given(aggregation, "groupingColumns").filter(|groups| **groups != json!([])) {
        form.set(&format!("{AGGREGATION}.groupingColumns"), one(groups)?);
    }
    if let Some(window) = given(left, "window") {
        let length = window.get("duration")?.as_object().filter(|length| length.len() == 1)?;
        let (unit, number) = length.iter().next()?;
        form.set(&format!("{WINDOW}.number"), whole(number)?);
        form.set(&format!("{WINDOW}.unit"), line(unit)?);
    }
    given(left, "filter").map_or(Some(()), |filter| self::filter(filter, form))
}

/// A name, or a list of one.
fn one(value: &Value) -> Option<&str> {
    let value = match value {
        Value::Array(items) if items.len() == 1 => &items[0],
        other => other,
    };
    line(value.as_str()?).filter(|text| !text.is_empty())
}

/// The conditions on events; groups within groups are more than the fields can say.
fn filter(filter: &Value, form: &mut Form) -> Option<()> {
    let object = filter.as_object()?;
    if object.is_empty() {
        return Some(());
    }
    let alone = [filter.clone()];
    let items = match text(object, "type")? {
        "Column" => alone.as_slice(),
        join @ ("And" | "Or") => {
            form.set(&format!("{FILTER}.type"), join);
            object.get("conditions")?.as_array()?.as_slice()
        }
        _ => return None,
    };
    for (index, item) in items.iter().enumerate() {
        let object = item.as_object().filter(|object| text(object, "type") == Some("Column"))?;
        let known = ["type", "column", "arrayMatching", "operator"];
        if !object.keys().all(|key| known.contains(&key.as_str())) {
            return None;
        }
        let at = format!("{FILTER}.conditions.{index}");
        form.set(&format!("{at}.column"), line(text(object, "column")?)?);
        matching(object, &format!("{at}.arrayMatching"), form)?;
        operator::view(object.get("operator")?, &format!("{at}.operator"), form)?;
    }
    Some(())
}

/// What the left of the condition holds, as far as it is known.
pub(super) fn left_type(form: &Form, columns: &Columns) -> Option<ColumnType> {
    match Left::of(form.get("leftValue")) {
        Left::Nothing => None,
        Left::Attribute(name) => columns.attribute(name),
        Left::Behavior(name) => match form.get(&format!("{AGGREGATION}.type")) {
            "Min" | "Max" | "First" | "Last" => columns.event(name, form.get(&format!("{AGGREGATION}.column"))),
            _ => Some(ColumnType::Number),
        },
    }
}

/// The condition that fields say; what it had beside them stays.
pub(super) fn build(form: &Form, kept: &Value, columns: &Columns) -> Value {
    if let Some(view) = view(kept)
        && written(&view, columns) == written(form, columns)
    {
        // Nothing was changed: not a letter of it is.
        return kept.clone();
    }
    let mut built = written(form, columns);
    for (name, value) in REMARKS.into_iter().filter_map(|name| Some((name, kept.get(name)?))) {
        built.insert(name.into(), value.clone());
    }
    Value::Object(built)
}

fn written(form: &Form, columns: &Columns) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("type".into(), "Value".into());
    if form.get("exclude") == "true" {
        object.insert("exclude".into(), true.into());
    }
    let of = left_type(form, columns);
    match Left::of(form.get("leftValue")) {
        Left::Nothing => {}
        Left::Attribute(name) => {
            // Of a column that is not known what was said is kept.
            if of.is_none_or(|of| of.element().is_some()) {
                written_matching(form, "arrayMatching", &mut object);
            }
            object.insert("leftValue".into(), json!({ "name": name }));
        }
        Left::Behavior(name) => drop(object.insert("leftValue".into(), events(form, name, columns))),
    }
    object.insert("operator".into(), operator::build(form, "operator", of));
    object
}

fn written_matching(form: &Form, at: &str, object: &mut Map<String, Value>) {
    let word = form.get(at);
    let matching = match word {
        // Said or not said, it means the same.
        "" | "any" => return,
        "atLeast" | "atMost" | "exactly" => {
            json!({ word: super::moment::number(form.get(&format!("{at}.number"))).unwrap_or_default() })
        }
        word => word.into(),
    };
    object.insert("arrayMatching".into(), matching);
}

fn events(form: &Form, name: &str, columns: &Columns) -> Value {
    let get = |part: &str| form.get(part).to_owned();
    let word =
        Some(get(&format!("{AGGREGATION}.type"))).filter(|word| !word.is_empty()).unwrap_or_else(|| "Count".into());
    let mut aggregation = Map::new();
    let column = get(&format!("{AGGREGATION}.column"));
    match word.as_str() {
        "Count" => {}
        "CountDistinct" => drop(aggregation.insert("columns".into(), json!([column]))),
        _ => drop(aggregation.insert("column".into(), column.into())),
    }
    if matches!(word.as_str(), "First" | "Last") {
        aggregation.insert("orderColumn".into(), get(&format!("{AGGREGATION}.orderColumn")).into());
    }
    let group = get(&format!("{AGGREGATION}.groupingColumns"));
    if !group.is_empty() {
        aggregation.insert("groupingColumns".into(), json!([group]));
    }
    aggregation.insert("type".into(), word.into());
    let mut left = Map::new();
    left.insert("source".into(), json!({ "name": name }));
    left.insert("aggregation".into(), Value::Object(aggregation));
    if let Some(filter) = written_filter(form, name, columns) {
        left.insert("filter".into(), filter);
    }
    if let Some(number) = super::moment::number(&get(&format!("{WINDOW}.number"))) {
        let unit = Some(get(&format!("{WINDOW}.unit"))).filter(|unit| !unit.is_empty()).unwrap_or_else(|| "day".into());
        left.insert("window".into(), json!({ "type": "TimeSliding", "duration": { unit: number } }));
    }
    Value::Object(left)
}

fn written_filter(form: &Form, behavior: &str, columns: &Columns) -> Option<Value> {
    let list = format!("{FILTER}.conditions");
    let mut conditions = Vec::new();
    for index in 0..form.count(&list) {
        let at = format!("{list}.{index}");
        let column = form.get(&format!("{at}.column"));
        let of = columns.event(behavior, column);
        let mut object = Map::new();
        object.insert("type".into(), "Column".into());
        object.insert("column".into(), column.into());
        if of.is_none_or(|of| of.element().is_some()) {
            written_matching(form, &format!("{at}.arrayMatching"), &mut object);
        }
        object.insert("operator".into(), operator::build(form, &format!("{at}.operator"), of));
        conditions.push(Value::Object(object));
    }
    let join = Some(form.get(&format!("{FILTER}.type"))).filter(|join| *join == "Or").unwrap_or("And");
    (!conditions.is_empty()).then(|| json!({ "type": join, "conditions": conditions }))
}
