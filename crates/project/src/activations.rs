//! Activations: read from their documents, compared with what a server has, written back.
//!
//! Knows their names and when two mean the same; what a target takes is a server's to say.

use api::{Activation, ActivationSpec, Overlap};
use model::Output;
use serde::Serialize;
use serde_json::{Value, json};

use crate::difference::{Difference, difference, keyed};
use crate::fields::Fields;
use crate::form::{Form, Part};
use crate::render::line;
use crate::{Origin, WantedActivation, exported, timetable, told, yaml};

/// The name of the output mapping in a document.
pub(crate) const OUTPUT: &str = "output";

const PARAMETER: Form = Form::Mapping(&[
    Part::needed("type", Form::Word(&["String", "Timestamp", "SegmentId", "SegmentName", "AudienceId"])),
    Part::given("string", Form::AnyText),
    Part::given("format", Form::Text),
    Part::given("timezone", Form::Text),
]);

const SOURCE: Form = Form::Mapping(&[
    Part::given("column", Form::Text),
    Part::given("string", Form::AnyText),
    Part::given("parameters", Form::List(&PARAMETER)),
]);

const COLUMNS: Form = Form::List(&Form::Mapping(&[
    Part::given("id", Form::Text),
    Part::needed("column", Form::Text),
    Part::needed("source", SOURCE),
]));

const ORDER: Form = Form::Mapping(&[Part::needed("column", Form::Text).or("key"), Part::given("order", Form::Text)]);

const BEHAVIOR: Form = Form::Mapping(&[
    Part::needed("behavior", Form::Text).or("behaviorTableName"),
    Part::needed("join", Form::Text).or("joinStrategy"),
    Part::given("rows", Form::Whole).or("joinRow"),
    Part::given("formatting", Form::Text),
    Part::given("order_by", Form::List(&ORDER)).or("orderBy"),
    Part::needed("columns", COLUMNS),
]);

pub(crate) const MAPPING: Form = Form::Mapping(&[
    Part::given("all_columns", Form::Truth).or("allColumns"),
    Part::given("columns", COLUMNS),
    Part::given("behaviors", Form::List(&BEHAVIOR)).or("syndicationBehaviors"),
]);

/// An activation's document.
pub(crate) fn read(name: &str, fields: &mut Fields<'_>, origin: Origin) -> WantedActivation {
    if !fields.has("export") {
        fields.problem("export", "is missing", "write connection: and settings: below it");
    }
    let segment = fields.needed("segment");
    let enabled = fields.take("enabled", "true or false");
    let spec = ActivationSpec {
        name: name.to_owned(),
        segment: segment.map(|segment| segment.trim().to_owned()).unwrap_or_default(),
        description: fields.text("description").filter(|text| !text.is_empty()),
        export: exported::read(fields).unwrap_or_default(),
        output: output(fields),
        schedule: timetable::read(fields),
        notify: told::read(fields),
        overlap: fields.take("overlap", "queue or skip").unwrap_or_default(),
        enabled: enabled.unwrap_or(true),
    };
    WantedActivation { spec, enabled, origin, places: fields.places.clone() }
}

fn output(fields: &mut Fields<'_>) -> Output {
    if !fields.has(OUTPUT) {
        let hint = "write all_columns: true, or columns: with the output's column and its source";
        fields.problem(OUTPUT, "is missing", hint);
        return Output::default();
    }
    let sources = fields.peek(OUTPUT).map(sources).unwrap_or_default();
    for (place, problem) in sources.iter().filter_map(|(place, source)| Some((place, wrong_source(source)?))) {
        fields.within(place, problem.0, problem.1);
    }
    let Some(output) = fields.formed::<Output>(OUTPUT, &MAPPING) else {
        return Output::default();
    };
    if !output.all_columns && output.columns.is_empty() && output.behaviors.is_empty() {
        fields.problem(OUTPUT, "sends nothing", "write all_columns: true, or columns: with at least one");
    }
    output
}

/// Every source of an output mapping, with its place.
fn sources(output: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut of = |columns: &Value, place: &str| {
        for (index, column) in columns.as_array().into_iter().flatten().enumerate() {
            found.push((format!("{place}[{index}].source"), column["source"].clone()));
        }
    };
    of(&output["columns"], "output.columns");
    let behaviors =
        ["behaviors", "syndicationBehaviors"].into_iter().filter_map(|name| Some((name, output.get(name)?)));
    for (name, list) in behaviors {
        for (index, behavior) in list.as_array().into_iter().flatten().enumerate() {
            of(&behavior["columns"], &format!("output.{name}[{index}].columns"));
        }
    }
    found
}

/// What is wrong with the source of an output column beyond its form.
fn wrong_source(source: &Value) -> Option<(&'static str, &'static str)> {
    let Value::Object(_) = source else { return None };
    let (column, built) = (!source["column"].is_null(), !source["string"].is_null() || !source["parameters"].is_null());
    if column && built {
        return Some(("is a column and a string", "keep column:, or string: and parameters:"));
    }
    if !(column || built) {
        return Some(("is missing", "write column: for a column of the profile, or string: and parameters:"));
    }
    let mut parameters = source["parameters"].as_array().into_iter().flatten();
    parameters.find_map(|parameter| {
        let has = |name: &str| !parameter[name].is_null();
        match parameter["type"].as_str()? {
            "String" if !has("string") => Some(("has a String without a string", "write string: beside the type")),
            "String" if !(has("format") || has("timezone")) => None,
            "Timestamp" if !has("string") => None,
            "String" | "Timestamp" => {
                Some(("has a parameter that is two things", "a String has string:, a Timestamp format: and timezone:"))
            }
            _ if has("string") || has("format") || has("timezone") => {
                Some(("has a parameter with more than its type", "only String and Timestamp have more"))
            }
            _ => None,
        }
    })
}

fn value(part: &impl Serialize) -> Value {
    serde_json::to_value(part).unwrap_or_default()
}

/// Things as pairs of the value of a name and everything else.
fn keys<T: Serialize>(list: &[T], name: &str) -> Vec<(String, String)> {
    let pair = |thing: &T| {
        let mut value = value(thing);
        let key = value.as_object_mut().and_then(|entries| entries.shift_remove(name));
        (key.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(), value.to_string())
    };
    list.iter().map(pair).collect()
}

fn overlap(spec: &ActivationSpec) -> &'static str {
    match spec.overlap {
        Overlap::Queue => "queue",
        Overlap::Skip => "skip",
    }
}

/// What differs between two activations of one name.
pub(crate) fn differences(from: &ActivationSpec, to: &ActivationSpec) -> Vec<Difference> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let truth = |truth: bool| if truth { "true" } else { "false" };
    let each = [
        difference("segment", Some(&from.segment), Some(&to.segment)),
        difference("description", text(&from.description).as_deref(), text(&to.description).as_deref()),
        difference("enabled", Some(truth(from.enabled)), Some(truth(to.enabled))),
        difference("overlap", Some(overlap(from)), Some(overlap(to))),
    ];
    let mut differences: Vec<Difference> = each.into_iter().flatten().collect();
    differences.extend(exported::differences(Some(&from.export), Some(&to.export)));
    let (was, is) = (&from.output, &to.output);
    differences.extend(difference("output.all_columns", Some(truth(was.all_columns)), Some(truth(is.all_columns))));
    differences.extend(keyed("output.columns", &keys(&was.columns, "column"), &keys(&is.columns, "column")));
    differences.extend(keyed("output.behaviors", &keys(&was.behaviors, "behavior"), &keys(&is.behaviors, "behavior")));
    differences.extend(timetable::differences(from.schedule.as_ref(), to.schedule.as_ref()));
    differences.extend(told::differences(from.notify.as_ref(), to.notify.as_ref()));
    differences
}

/// The lines of an activation's document.
pub(crate) fn write(text: &mut String, found: &Activation) {
    let spec = &found.spec;
    line(text, "name", &spec.name);
    line(text, "segment", &spec.segment);
    if let Some(description) = spec.description.as_ref().filter(|text| !text.is_empty()) {
        line(text, "description", description);
    }
    if !spec.enabled {
        yaml::write(text, "enabled", &json!(false));
    }
    match spec.overlap {
        Overlap::Queue => {}
        Overlap::Skip => line(text, "overlap", "skip"),
    }
    timetable::write(text, spec.schedule.as_ref());
    told::write(text, spec.notify.as_ref());
    exported::write(text, Some(&spec.export));
    yaml::write(text, OUTPUT, &value(&spec.output));
}
