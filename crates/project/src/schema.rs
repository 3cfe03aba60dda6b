//! The JSON Schema of a project's documents, for editors.
//!
//! Knows how one dialect of schemas becomes the other; the shapes are those of `document` and `api`.

use serde_json::{Map, Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::audience_document::{ActivationDocument, ParentSegmentDocument, SegmentDocument};
use crate::document::{ConnectionDocument, Kind, QueryDocument, TableDocument};

/// The schema: one of the kinds of documents (JSON Schema 2020-12).
pub fn schema() -> Value {
    let mut definitions = Map::new();
    for kind in Kind::ALL {
        let mut parts = Vec::new();
        let mut own = of(kind, &mut parts);
        if let Some(object) = own.as_object_mut() {
            object.insert("additionalProperties".into(), json!(false));
            object.insert("properties".into(), properties(object.get("properties"), kind));
        }
        definitions.insert(kind.name().to_owned(), own);
        for (name, part) in parts {
            definitions.insert(name, serde_json::to_value(part).unwrap_or_default());
        }
    }
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sluice project",
        "description": "A connection, a table, a query, a parent segment, a segment or an activation of a Sluice project.",
        "anyOf": Kind::ALL.map(|kind| json!({"$ref": format!("#/$defs/{}", kind.name())})),
        "$defs": definitions,
    });
    rewrite(&mut schema);
    schema
}

fn of(kind: Kind, parts: &mut Vec<(String, RefOr<Schema>)>) -> Value {
    let own = match kind {
        Kind::Connection => {
            ConnectionDocument::schemas(parts);
            ConnectionDocument::schema()
        }
        Kind::Table => {
            TableDocument::schemas(parts);
            TableDocument::schema()
        }
        Kind::Query => {
            QueryDocument::schemas(parts);
            QueryDocument::schema()
        }
        Kind::ParentSegment => {
            ParentSegmentDocument::schemas(parts);
            ParentSegmentDocument::schema()
        }
        Kind::Segment => {
            SegmentDocument::schemas(parts);
            SegmentDocument::schema()
        }
        Kind::Activation => {
            ActivationDocument::schemas(parts);
            ActivationDocument::schema()
        }
    };
    serde_json::to_value(own).unwrap_or_default()
}

/// The properties with `kind` narrowed to the one word.
fn properties(found: Option<&Value>, kind: Kind) -> Value {
    let mut properties = found.cloned().unwrap_or_default();
    properties["kind"] = json!({"const": kind.name()});
    properties
}

/// The names that a document of this kind may have.
pub(crate) fn names(kind: Kind) -> Vec<String> {
    let own = of(kind, &mut Vec::new());
    own["properties"].as_object().map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

/// OpenAPI keeps its parts elsewhere.
fn rewrite(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix("#/components/schemas/") {
                *text = format!("#/$defs/{name}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        Value::Object(entries) => entries.values_mut().for_each(rewrite),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
