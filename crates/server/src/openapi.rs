//! The OpenAPI 3.1 document: the routes' own words, and what holds for all of them.
//!
//! Knows no route by name. Refusals follow from what a route takes: whoever asks for a body may be told that it is too
//! large.

use std::borrow::Cow;
use std::sync::LazyLock;

use api::ProblemDocument;
use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{InfoBuilder, OpenApiBuilder, RefOr};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::door::Door;
use crate::routes;

/// Where the API begins.
pub(crate) const ROOT: &str = "/api/v1";

/// Rows as CSV, as JSON lines or as Parquet.
pub(crate) struct RowBytes;

impl PartialSchema for RowBytes {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let text = text.description(Some("Rows as CSV, as JSON lines or as Parquet."));
        RefOr::T(Schema::Object(text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary))).build()))
    }
}

impl ToSchema for RowBytes {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Rows")
    }
}

/// One event of a job's stream by its fields: OpenAPI 3.1 has no schema for a stream, so that of its media type is read as
/// that of each event.
pub(crate) struct StreamedEvent;

impl PartialSchema for StreamedEvent {
    fn schema() -> RefOr<Schema> {
        let text = |description: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(description));
        let data = text("A Job for job, a LogLine for log.").content_media_type("application/json");
        let event = text("What the data are.").enum_values(Some(["job", "log"]));
        let object = ObjectBuilder::new().description(Some("An event of a job's stream; it ends with the job."));
        let object = object.property("event", event).property("data", data);
        let object = object.property("id", text("The number of the newest log line so far: send it as Last-Event-ID."));
        RefOr::T(Schema::Object(object.required("event").required("data").build()))
    }
}

impl ToSchema for StreamedEvent {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("StreamedEvent")
    }
}

/// What can be refused, and why, for people.
const REFUSALS: [(u16, &str); 17] = [
    (400, "A part of the request cannot be read"),
    (401, "Nobody is logged in, or the token is unknown, too old or revoked"),
    (403, "The right is missing, or a session was used from a foreign page"),
    (404, "There is no such thing"),
    (408, "The body did not arrive in time"),
    (409, "Something that exists stands in the way"),
    (410, "It was there once and never will be again"),
    (412, "Somebody else changed it since it was read"),
    (413, "The body is too large"),
    (415, "A body of this media type is not taken here"),
    (421, "The server is not known by that name"),
    (422, "What was given must be changed; everything wrong at once"),
    (429, "Too many requests; Retry-After says when to come back"),
    (500, "Something of the server failed; its log has more under the request id"),
    (502, "Salesforce or Pardot did not do its part"),
    (503, "Not now: the server stops, the database is locked, or the disk is full"),
    (431, "The headers are too large"),
];

/// Refusals that every route has.
const ALWAYS: [u16; 5] = [400, 421, 429, 500, 503];

/// The document.
pub fn openapi() -> Value {
    let info = InfoBuilder::new()
        .title("Sluice")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Sends the rows of SQL queries to Salesforce Pardot, every row accounted for. Times are RFC 3339 in UTC. A \
             refusal is a problem document with every place that must be changed.",
        ))
        .build();
    let empty = OpenApiBuilder::new().info(info).build();
    let (_, document) = OpenApiRouter::<Door>::with_openapi(empty).nest(ROOT, routes::api()).split_for_parts();
    let mut document = serde_json::to_value(&document).unwrap_or_default();
    components(&mut document);
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, operations) in paths {
            for (method, operation) in operations.as_object_mut().into_iter().flatten() {
                finish(path, method, operation);
            }
        }
    }
    document
}

fn components(document: &mut Value) {
    document["security"] = json!([{ "token": [] }, { "session": [] }]);
    document["components"]["securitySchemes"] = json!({
        "token": { "type": "http", "scheme": "bearer", "description": "An API token: slc_…" },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "sluice",
            "description": "The session of a browser, from pages of this server only. Under TLS its name is __Host-sluice."
        },
    });
    document["components"]["schemas"]["ProblemDocument"] =
        serde_json::to_value(<ProblemDocument as PartialSchema>::schema()).unwrap_or_default();
    document["components"]["schemas"]["Place"] =
        serde_json::to_value(<api::Place as PartialSchema>::schema()).unwrap_or_default();
    let mut responses = Map::new();
    for (status, description) in REFUSALS {
        let problem = json!({ "schema": { "$ref": "#/components/schemas/ProblemDocument" } });
        responses.insert(
            format!("Refused{status}"),
            json!({ "description": description, "content": { "application/problem+json": problem } }),
        );
    }
    document["components"]["responses"] = responses.into();
}

/// Refusals that all routes of a kind have.
fn of_tag(tag: &str) -> &'static [u16] {
    match tag {
        // A list of jobs may be asked for by a query that is not there.
        "jobs" => &[404, 409],
        // What it is asked of may have none.
        "schedules" => &[409],
        // One that was never refreshed has no profiles; after a refresh a rule may name a column that is gone.
        "parent_segments" | "segments" => &[404, 409, 422],
        // The fields of an account may have to be asked for.
        "activations" => &[404, 409, 422, 502],
        "connections" => &[409, 502],
        _ => &[],
    }
}

/// Gives an operation a name of its own and its refusals.
fn finish(path: &str, method: &str, operation: &mut Value) {
    let tag = operation["tags"][0].as_str().unwrap_or_default().to_owned();
    let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
    operation["operationId"] = format!("{tag}_{name}").into();
    let changes = method != "get";
    let open =
        operation["security"].as_array().is_some_and(|schemes| schemes.iter().any(|scheme| scheme == &json!({})));
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let header = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
    let mut refusals = ALWAYS.to_vec();
    // A login is refused with the same words as a missing one.
    if !open || changes {
        refusals.extend([401, 403]);
    }
    if path.contains('{') {
        refusals.push(404);
    }
    if changes {
        refusals.push(409);
        // The type is asked of a browser's every change.
        refusals.push(415);
    }
    if operation.get("requestBody").is_some() {
        refusals.extend([404, 408, 413, 422]);
    }
    if header("If-Match") {
        refusals.push(412);
    }
    if header("Idempotency-Key") {
        refusals.push(422);
    }
    refusals.extend(of_tag(&tag));
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    refusals.sort_unstable();
    for status in refusals {
        let refusal = json!({ "$ref": format!("#/components/responses/Refused{status}") });
        responses.entry(status.to_string()).or_insert(refusal);
    }
    // A refusal that a route names itself has the same form as all others.
    for (status, _) in REFUSALS {
        if let Some(refusal) = responses.get_mut(&status.to_string()) {
            *refusal = json!({ "$ref": format!("#/components/responses/Refused{status}") });
        }
    }
}

/// Made once: it does not change while the server runs.
static TEXT: LazyLock<Bytes> = LazyLock::new(|| serde_json::to_vec(&openapi()).unwrap_or_default().into());

/// `GET /api/v1/openapi.json`.
pub(crate) async fn document() -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=300")];
    (headers, TEXT.clone()).into_response()
}
