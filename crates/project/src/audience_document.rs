//! The documents of parent segments, segments and activations, as editors are told about them.
//!
//! Knows names and shapes; how they are read stands with each kind.

use api::{Attribute, Behavior, Export, Master, Notify, Overlap};
use serde_json::Value;
use utoipa::ToSchema;

use crate::document::{Kind, Timetable};

/// `parent-segments/*.yaml`: profiles with what is known of them and what they did.
#[derive(ToSchema)]
#[schema(title = "parent segment")]
#[expect(dead_code, reason = "a shape for editors and for the names of the parser; values are read one by one")]
pub(crate) struct ParentSegmentDocument {
    /// `parent_segment`; not needed in the folder `parent-segments`.
    kind: Option<Kind>,
    /// Its name: letters, digits, space, `-`, `_`, `.`; at most 100.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// The mail address that hears of every failed activation of its segments.
    owner: Option<String>,
    /// The table whose rows are the profiles.
    master: Master,
    /// What is known of a profile beside the master table's columns.
    attributes: Option<Vec<Attribute>>,
    /// What profiles did.
    behaviors: Option<Vec<Behavior>>,
    /// The calendar of rules, by its IANA name: where days begin; `UTC` (default).
    timezone: Option<String>,
    /// When it is refreshed by itself: a cron, or a mapping with its time zone and more.
    schedule: Option<Timetable>,
    /// Who is told of refreshes; the server's default where it says nothing.
    notify: Option<Notify>,
}

/// `segments/*.yaml`: a rule over the profiles of a parent segment.
#[derive(ToSchema)]
#[schema(title = "segment")]
#[expect(dead_code, reason = "a shape for editors and for the names of the parser; values are read one by one")]
pub(crate) struct SegmentDocument {
    /// `segment`; not needed in the folder `segments`.
    kind: Option<Kind>,
    /// Its name: letters, digits, space, `-`, `_`, `.`; at most 100.
    name: String,
    /// The name of its parent segment.
    parent_segment: String,
    /// What it is for.
    description: Option<String>,
    /// The folder that people find it in, with `/` between its parts.
    folder: Option<String>,
    /// Which profiles it chooses: the JSON of Treasure Data's rules, or the same as YAML.
    #[schema(value_type = Object)]
    rule: Value,
}

/// `activations/*.yaml`: a segment bound to a connection.
#[derive(ToSchema)]
#[schema(title = "activation")]
#[expect(dead_code, reason = "a shape for editors and for the names of the parser; values are read one by one")]
pub(crate) struct ActivationDocument {
    /// `activation`; not needed in the folder `activations`.
    kind: Option<Kind>,
    /// Its name: letters, digits, space, `-`, `_`, `.`; at most 100.
    name: String,
    /// The name of its segment.
    segment: String,
    /// What it is for.
    description: Option<String>,
    /// The connection and the export settings.
    export: Export,
    /// What is sent of each profile.
    output: OutputMapping,
    /// When it runs by itself: a cron, or a mapping with its time zone and more.
    schedule: Option<Timetable>,
    /// Who is told of what; the server's default where it says nothing.
    notify: Option<Notify>,
    /// What a run that somebody starts does while another is at work: `queue` (default) or `skip`; a schedule says its own.
    overlap: Option<Overlap>,
    /// Whether it runs, by its schedule or by hand. Where it is not written, a new one runs, and one that is there stays as
    /// it is.
    enabled: Option<bool>,
}

/// What an activation sends of each profile.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a shape for editors")]
pub(crate) struct OutputMapping {
    /// Every column of the profile under its own name, before `columns`.
    all_columns: Option<bool>,
    /// Added columns and strings, in order.
    columns: Option<Vec<OutputColumn>>,
    /// Columns of behaviours; at most four behaviours.
    #[schema(max_items = 4)]
    behaviors: Option<Vec<OutputBehavior>>,
}

/// An output column.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a shape for editors")]
pub(crate) struct OutputColumn {
    /// Treasure Data's id of it: kept, and of no meaning here.
    id: Option<String>,
    /// Its name: a field of the target.
    column: String,
    /// Where its values come from.
    source: OutputSource,
}

/// Where values come from: `column`, or `string` and `parameters`.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a shape for editors")]
pub(crate) struct OutputSource {
    /// A column of the profile or the event.
    column: Option<String>,
    /// A text in which `$1`, `$2` stand for the parameters and `$$` for a dollar.
    string: Option<String>,
    /// What is filled in.
    parameters: Option<Vec<OutputParameter>>,
}

/// A part of a string.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a shape for editors")]
pub(crate) struct OutputParameter {
    /// `String`, `Timestamp`, `SegmentId`, `SegmentName` or `AudienceId`.
    r#type: ParameterType,
    /// The text of a `String`.
    string: Option<String>,
    /// How a `Timestamp` is written, as `TD_TIME_FORMAT` takes it; `yyyy-MM-dd HH:mm:ss` (default).
    format: Option<String>,
    /// The time zone of a `Timestamp`; `UTC` (default).
    timezone: Option<String>,
}

/// The parameters of a string.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a shape for editors")]
pub(crate) enum ParameterType {
    String,
    Timestamp,
    SegmentId,
    SegmentName,
    AudienceId,
}

/// Columns of a behaviour in the output.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a shape for editors")]
pub(crate) struct OutputBehavior {
    /// The behaviour.
    behavior: String,
    /// Which of its events: `first`, `last`, `top` (so many of the first), `all`.
    join: String,
    /// How many, for `top`.
    rows: Option<u32>,
    /// For `top`: `cols` (default), each event in columns of its own, or `rows`, a row each.
    formatting: Option<String>,
    /// The order in which events are first and last; by their time when it is not given.
    order_by: Option<Vec<OutputOrder>>,
    /// Its columns in the output.
    columns: Vec<OutputColumn>,
}

/// A column by which events are put in order.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "a shape for editors")]
pub(crate) struct OutputOrder {
    /// The column.
    column: String,
    /// `ascending` (default) or `descending`.
    order: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::activations::MAPPING;
    use crate::form::Form;
    use crate::parent_segments::{ATTRIBUTES, BEHAVIORS, MASTER};
    use crate::schema;

    /// The names of a form are those that editors are told of, and so on within.
    fn same(form: &Form, schema: &Value, definitions: &Value, place: &str) {
        let mut schema = schema;
        loop {
            let target = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next());
            let other = schema["oneOf"].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null"));
            schema = match (target, other) {
                (Some(target), _) => &definitions[target],
                (None, Some(other)) => other,
                (None, None) => break,
            };
        }
        match form {
            Form::List(inner) => same(inner, &schema["items"], definitions, &format!("{place}[]")),
            Form::Mapping(parts) => {
                let known: Vec<&String> = schema["properties"].as_object().expect(place).keys().collect();
                let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
                assert_eq!(known, names, "{place}");
                assert_eq!(schema["additionalProperties"], false, "{place}");
                let needed: Vec<&str> = parts.iter().filter(|part| part.needed).map(|part| part.name).collect();
                let required: Vec<&str> =
                    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                assert_eq!(required, needed, "{place}");
                for part in *parts {
                    same(&part.form, &schema["properties"][part.name], definitions, &format!("{place}.{}", part.name));
                }
            }
            Form::Text | Form::AnyText | Form::Whole | Form::Truth | Form::Word(_) | Form::Scalars => {}
        }
    }

    #[test]
    fn forms_are_what_editors_are_told() {
        let schema = schema();
        let definitions = &schema["$defs"];
        let parent = &definitions["parent_segment"]["properties"];
        same(&MASTER, &parent["master"], definitions, "master");
        same(&ATTRIBUTES, &parent["attributes"], definitions, "attributes");
        same(&BEHAVIORS, &parent["behaviors"], definitions, "behaviors");
        same(&MAPPING, &definitions["activation"]["properties"]["output"], definitions, "output");
    }
}
