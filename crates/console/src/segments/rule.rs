//! A rule as a form, and a form as a rule.
//!
//! Knows groups, references and limits. Every group and condition carries its JSON as it was: what nobody changed is given
//! back to the letter. A condition that the fields cannot say is edited as JSON in its place; a rule whose groups they cannot
//! say is edited as JSON as a whole.

use api::Place;
use serde_json::{Map, Value, json};

use super::columns::Columns;
use super::condition;
use super::editor::Desk;
use super::moment::{line, whole};
use super::test::Test;
use crate::faults::Faults;
use crate::form::Form;

/// Where the rule stands in a form.
pub(super) const RULE: &str = "rule";
/// Says that the rule is edited as JSON as a whole.
const AS_JSON: &str = "_json";
/// Where the JSON that something had is kept.
const KEPT: &str = "_kept";
/// Menus of conditions have so many choices together, at most: beyond, the rule is edited as JSON.
const MOST_CHOICES: usize = 40_000;

/// What a member of a group is, as the form says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Group,
    Condition,
    Segment,
    Json,
}

impl Kind {
    pub(super) fn of(form: &Form, at: &str) -> Kind {
        match form.get(&format!("{at}.kind")) {
            "group" => Kind::Group,
            "segment" => Kind::Segment,
            "json" => Kind::Json,
            _ => Kind::Condition,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Group => "group",
            Kind::Condition => "condition",
            Kind::Segment => "segment",
            Kind::Json => "json",
        }
    }
}

/// Whether the rule is edited as JSON as a whole.
pub(super) fn is_json(form: &Form) -> bool {
    form.get(AS_JSON) == "true"
}

/// The rule of a segment that is begun: one group with one condition to be filled in.
pub fn begin(form: &mut Form) {
    form.set(&format!("{RULE}.type"), "And");
    form.set(&format!("{RULE}.conditions.0.kind"), Kind::Group.name());
    form.set(&format!("{RULE}.conditions.0.type"), "And");
    form.set(&format!("{RULE}.conditions.0.conditions.0.kind"), Kind::Condition.name());
}

/// Puts a rule into a form: as fields where they can say it, else as JSON.
pub(super) fn put(rule: &Value, columns: &Columns, form: &mut Form) {
    form.clear(RULE);
    let mut fields = Form::default();
    let fits = count(rule).saturating_mul(columns.count().max(10)) <= MOST_CHOICES;
    if fits && root(rule, columns, &mut fields).is_some() && read(&fields, columns).as_ref() == Ok(rule) {
        for (name, value) in fields.pairs() {
            form.set(name, value);
        }
        form.set(AS_JSON, "");
    } else {
        form.set(RULE, pretty(rule));
        form.set(AS_JSON, "true");
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn count(rule: &Value) -> usize {
    let members = rule.get("conditions").and_then(Value::as_array);
    members.map_or(1, |members| members.iter().map(count).sum())
}

fn root(rule: &Value, columns: &Columns, form: &mut Form) -> Option<()> {
    match rule.get("limit") {
        None | Some(Value::Null) => {}
        Some(limit) => put_limit(limit, form)?,
    }
    group(rule, RULE, columns, form)
}

fn group(group: &Value, at: &str, columns: &Columns, form: &mut Form) -> Option<()> {
    let object = group.as_object()?;
    let join = object.get("type")?.as_str().filter(|join| matches!(*join, "And" | "Or" | "Composite"))?;
    let members = object.get("conditions")?.as_array()?;
    form.set(&format!("{at}.kind"), Kind::Group.name());
    form.set(&format!("{at}.type"), join);
    if join == "Composite" {
        form.set(&format!("{at}.expr"), line(object.get("expr")?.as_str()?)?);
    }
    let mut kept = object.clone();
    kept.insert("conditions".into(), json!([]));
    if kept.get("limit").is_some_and(|limit| !limit.is_null()) {
        kept.insert("limit".into(), json!({}));
    }
    form.set(&format!("{at}.{KEPT}"), Value::Object(kept).to_string());
    for (index, member) in members.iter().enumerate() {
        put_member(member, &format!("{at}.conditions.{index}"), columns, form);
    }
    Some(())
}

fn put_member(member: &Value, at: &str, columns: &Columns, form: &mut Form) {
    let limited = member.get("limit").is_some_and(|limit| !limit.is_null());
    let mut fields = Form::default();
    if !limited && member.get("conditions").is_some() && group(member, at, columns, &mut fields).is_some() {
        fields.pairs().for_each(|(name, value)| form.set(name, value));
        return;
    }
    let (kind, fields) = match (shown(member, columns), reference(member)) {
        (Some(fields), _) => (Kind::Condition, fields),
        (None, Some(fields)) => (Kind::Segment, fields),
        (None, None) => {
            let mut fields = Form::default();
            fields.set("json", pretty(member));
            (Kind::Json, fields)
        }
    };
    form.set(&format!("{at}.kind"), kind.name());
    form.set(&format!("{at}.{KEPT}"), member.to_string());
    fields.pairs().for_each(|(name, value)| form.set(&format!("{at}.{name}"), value));
}

/// A condition as fields, where those that are drawn for its column say it.
fn shown(member: &Value, columns: &Columns) -> Option<Form> {
    const PLACE: &str = "condition";
    let fields = condition::view(member)?;
    let mut form = Form::default();
    fields.pairs().for_each(|(name, value)| form.set(&format!("{PLACE}.{name}"), value));
    let desk = Desk { form: &form, faults: &Faults::none(), columns, others: &[] };
    let drawn = Test::new(&desk, PLACE, desk.exclusion(PLACE)).says().under(PLACE);
    (condition::build(&drawn, member, columns) == *member).then_some(fields)
}

fn reference(member: &Value) -> Option<Form> {
    let object = member.as_object().filter(|object| object.get("type").is_some_and(|word| word == "Reference"))?;
    let known = ["type", "id", "exclude", "description", "name"];
    if !object.keys().all(|key| known.contains(&key.as_str())) {
        return None;
    }
    let mut form = Form::default();
    condition::exclusion(object, &mut form)?;
    match object.get("id")? {
        Value::String(name) => form.set("id", line(name).filter(|name| !name.is_empty())?),
        number => form.set("id", whole(number)?),
    }
    Some(form)
}

fn put_limit(limit: &Value, form: &mut Form) -> Option<()> {
    let object = limit.as_object()?;
    let at = format!("{RULE}.limit");
    form.set(&format!("{at}.type"), line(object.get("type")?.as_str()?)?);
    let number = match object.get("number")? {
        Value::Number(number) => number.to_string(),
        other => line(other.as_str()?)?.to_owned(),
    };
    form.set(&format!("{at}.number"), number);
    form.set(&format!("{at}.{KEPT}"), limit.to_string());
    let orders = object.get("orderColumns").filter(|orders| !orders.is_null());
    for (index, order) in
        orders.map_or(Some([].as_slice()), |orders| orders.as_array().map(Vec::as_slice))?.iter().enumerate()
    {
        let word = |name: &str| order.get(name).and_then(Value::as_str).and_then(line);
        word("type").filter(|word| *word == "Column")?;
        form.set(&format!("{at}.orderColumns.{index}.column"), word("column")?);
        form.set(&format!("{at}.orderColumns.{index}.order"), word("order")?);
    }
    Some(())
}

/// The rule that a form says.
///
/// # Errors
/// What is typed as JSON is none.
pub(super) fn read(form: &Form, columns: &Columns) -> Result<Value, Vec<Place>> {
    let mut problems = Vec::new();
    let rule = if is_json(form) {
        typed(form.get(RULE), RULE, &mut problems)
    } else {
        let mut rule = read_group(form, RULE, columns, &mut problems);
        read_limit(form, &mut rule);
        Value::Object(rule)
    };
    if problems.is_empty() { Ok(rule) } else { Err(problems) }
}

fn typed(text: &str, at: &str, problems: &mut Vec<Place>) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| {
        let message = if text.trim().is_empty() {
            "is missing".to_owned()
        } else {
            format!("is no JSON: look at line {}, column {}", error.line(), error.column())
        };
        problems.push(Place { at: at.to_owned(), message, hint: None });
        Value::Null
    })
}

fn kept(form: &Form, at: &str) -> Value {
    serde_json::from_str(form.get(&format!("{at}.{KEPT}"))).unwrap_or_default()
}

fn read_group(form: &Form, at: &str, columns: &Columns, problems: &mut Vec<Place>) -> Map<String, Value> {
    let mut group = match kept(form, at) {
        Value::Object(group) => group,
        _ => Map::new(),
    };
    let join = Some(form.get(&format!("{at}.type"))).filter(|join| !join.is_empty()).unwrap_or("And");
    let was = group.insert("type".into(), join.into());
    if join == "Composite" {
        group.insert("expr".into(), form.get(&format!("{at}.expr")).into());
    } else if was.is_some_and(|was| was == "Composite") {
        group.remove("expr");
    }
    let list = format!("{at}.conditions");
    let members = (0..form.count(&list)).map(|index| read_member(form, &format!("{list}.{index}"), columns, problems));
    let members: Value = members.collect();
    group.insert("conditions".into(), members);
    group
}

fn read_member(form: &Form, at: &str, columns: &Columns, problems: &mut Vec<Place>) -> Value {
    match Kind::of(form, at) {
        Kind::Group => Value::Object(read_group(form, at, columns, problems)),
        Kind::Condition => condition::build(&form.under(at), &kept(form, at), columns),
        Kind::Json => typed(form.get(&format!("{at}.json")), &format!("{at}.json"), problems),
        Kind::Segment => {
            let kept = kept(form, at);
            let (id, exclude) = (form.get(&format!("{at}.id")), form.get(&format!("{at}.exclude")) == "true");
            let same =
                reference(&kept).is_some_and(|was| was.get("id") == id && (was.get("exclude") == "true") == exclude);
            if same {
                return kept;
            }
            let mut reference =
                json!({ "type": "Reference", "id": id.parse::<u64>().map_or_else(|_| id.into(), Value::from) });
            if exclude {
                reference["exclude"] = true.into();
            }
            if let Some(description) = kept.get("description") {
                reference["description"] = description.clone();
            }
            reference
        }
    }
}

fn read_limit(form: &Form, rule: &mut Map<String, Value>) {
    let at = format!("{RULE}.limit");
    let word = form.get(&format!("{at}.type"));
    if word.is_empty() {
        if rule.get("limit").is_some_and(Value::is_object) {
            rule.remove("limit");
        }
        return;
    }
    let written = |form: &Form| {
        let number = form.get(&format!("{at}.number")).trim();
        let typed = serde_json::from_str::<serde_json::Number>(number).ok().filter(|typed| typed.to_string() == number);
        let mut limit = Map::new();
        limit.insert("type".into(), form.get(&format!("{at}.type")).into());
        limit.insert("number".into(), typed.map_or_else(|| number.into(), Value::Number));
        let list = format!("{at}.orderColumns");
        let orders = (0..form.count(&list)).map(|index| {
            let order = Some(form.get(&format!("{list}.{index}.order"))).filter(|order| !order.is_empty());
            json!({ "type": "Column", "column": form.get(&format!("{list}.{index}.column")), "order": order.unwrap_or("ascending") })
        });
        let orders: Vec<Value> = orders.collect();
        if !orders.is_empty() {
            limit.insert("orderColumns".into(), orders.into());
        }
        limit
    };
    let (kept, mut was) = (kept(form, &at), Form::default());
    let unchanged = put_limit(&kept, &mut was).is_some() && written(&was) == written(form);
    rule.insert("limit".into(), if unchanged { kept } else { Value::Object(written(form)) });
}

/// Does what a button of the rule asks. Says whether it was one.
pub fn edit(form: &mut Form, columns: &Columns) -> Option<Vec<Place>> {
    let (verb, at) = form.asked().map(|(verb, at)| (verb.to_owned(), at.to_owned()))?;
    let kind = match verb.as_str() {
        "condition" => Kind::Condition,
        "group" => Kind::Group,
        "segment" => Kind::Segment,
        "json" | "fields" => {
            let problems = change_way(form, columns, verb == "json");
            form.set("_do", "");
            return Some(problems);
        }
        _ => return form.edit().then(Vec::new),
    };
    let next = format!("{at}.{}", form.count(&at));
    form.set(&format!("{next}.kind"), kind.name());
    if kind == Kind::Group {
        form.set(&format!("{next}.conditions.0.kind"), Kind::Condition.name());
    }
    form.set("_do", "");
    Some(Vec::new())
}

/// From fields to JSON, or from JSON to fields where they can say it.
fn change_way(form: &mut Form, columns: &Columns, json: bool) -> Vec<Place> {
    let rule = match read(form, columns) {
        Ok(rule) => rule,
        Err(problems) => return problems,
    };
    if json {
        form.clear(RULE);
        form.set(RULE, pretty(&rule));
        form.set(AS_JSON, "true");
        return Vec::new();
    }
    put(&rule, columns, form);
    if !is_json(form) {
        return Vec::new();
    }
    let message = "is more than the fields can show".to_owned();
    vec![Place { at: RULE.into(), message, hint: Some("it can be saved as it is; edit it here".into()) }]
}
