//! Segments: rules over the profiles of a parent segment, what they choose, and their SQL.
//!
//! Knows no rule.

use api::{Page, Segment, SegmentLook, SegmentSpec, SegmentSql, SegmentTry};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use model::Problem;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::body::Document;
use crate::caller::Caller;
use crate::door::Door;
use crate::presence::Presence;
use crate::refusal::Refusal;
use crate::request::{Asked, DONE, IfMatch, Named, etag, given, limit};

/// Rows of a sample at most.
const SAMPLE: u32 = 1_000;

fn answer(status: StatusCode, segment: Segment) -> Response {
    (status, [(ETAG, etag(segment.revision))], Json(segment)).into_response()
}

/// Which segments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SegmentsAsked {
    /// The name of their parent segment.
    parent_segment: Option<String>,
    /// Their folder.
    folder: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Segments of the page: 1 to 500, 50 when it is not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Segments by name.
#[utoipa::path(
    get, path = "/segments", tag = "segments", params(SegmentsAsked),
    responses((status = 200, body = Page<Segment>), (status = 404, description = "There is no such parent segment"))
)]
pub(crate) async fn list(
    State(door): State<Door>,
    caller: Caller,
    Asked(asked): Asked<SegmentsAsked>,
) -> Result<Json<Page<Segment>>, Refusal> {
    let limit = limit(asked.limit)?;
    let (parent, folder, after) =
        (given(asked.parent_segment.as_deref()), given(asked.folder.as_deref()), given(asked.after.as_deref()));
    Ok(Json(door.app().segments(&caller.actor, parent, folder, after, limit).await?))
}

/// Makes a segment. Its rule is held against the columns of the parent segment; every problem is told at once.
#[utoipa::path(
    post, path = "/segments", tag = "segments", request_body = SegmentSpec,
    responses((status = 201, body = Segment, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn create(
    State(door): State<Door>,
    caller: Caller,
    Document(spec): Document<SegmentSpec>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::CREATED, door.app().create_segment(&caller.actor, spec).await?))
}

/// One segment.
#[utoipa::path(
    get, path = "/segments/{name}", tag = "segments",
    params(("name" = String, Path, description = "The segment's name")),
    responses((status = 200, body = Segment, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn read(State(door): State<Door>, caller: Caller, Named(name): Named) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, door.app().segment(&caller.actor, &name).await?))
}

/// Makes the segment of this name, or replaces it; another name in the body renames it.
#[utoipa::path(
    put, path = "/segments/{name}", tag = "segments",
    params(
        ("name" = String, Path, description = "The segment's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read: else the change is not made")
    ),
    request_body = SegmentSpec,
    responses(
        (status = 200, body = Segment, headers(("ETag" = String, description = "Its revision"))),
        (status = 201, body = Segment, headers(("ETag" = String, description = "Its revision")))
    )
)]
pub(crate) async fn put(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    IfMatch(revision): IfMatch,
    Document(spec): Document<SegmentSpec>,
) -> Result<Response, Refusal> {
    let (segment, new) = door.app().put_segment(&caller.actor, &name, spec, revision).await?;
    Ok(answer(if new { StatusCode::CREATED } else { StatusCode::OK }, segment))
}

/// Deletes a segment that neither the rule of another one nor an activation names.
#[utoipa::path(
    delete, path = "/segments/{name}", tag = "segments",
    params(("name" = String, Path, description = "The segment's name")),
    responses((status = 204))
)]
pub(crate) async fn delete(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    door.app().delete_segment(&caller.actor, &name).await?;
    Ok(DONE)
}

/// Counts the profiles that a rule chooses now, before it is saved: with its SQL and, where rows are asked for, a sample.
/// Changes nothing.
#[utoipa::path(
    post, path = "/segments/try", tag = "segments", operation_id = "try", request_body = SegmentTry,
    responses((status = 200, body = SegmentLook))
)]
pub(crate) async fn look(
    State(door): State<Door>,
    caller: Caller,
    presence: Presence,
    Document(request): Document<SegmentTry>,
) -> Result<Json<SegmentLook>, Refusal> {
    Ok(Json(presence.answer(Box::pin(door.app().try_segment(&caller.actor, request))).await?))
}

/// How large a sample.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SampleAsked {
    /// Rows of the sample: 0 to 1,000; 0, no sample, when it is not given.
    #[param(maximum = 1000)]
    rows: Option<u32>,
}

/// Counts the profiles that a segment has now, and remembers how many; with its SQL and, where rows are asked for, a sample.
#[utoipa::path(
    post, path = "/segments/{name}/look", tag = "segments", operation_id = "look",
    params(("name" = String, Path, description = "The segment's name"), SampleAsked),
    responses((status = 200, body = SegmentLook))
)]
pub(crate) async fn look_at(
    State(door): State<Door>,
    caller: Caller,
    presence: Presence,
    Named(name): Named,
    Asked(asked): Asked<SampleAsked>,
) -> Result<Json<SegmentLook>, Refusal> {
    let rows = asked.rows.unwrap_or(0);
    if rows > SAMPLE {
        return Err(Refusal::bad_request(&Problem::at("rows", format!("must be 0 to {SAMPLE}"))));
    }
    Ok(Json(presence.answer(Box::pin(door.app().look_at_segment(&caller.actor, &name, rows))).await?))
}

/// The SQL of a segment as of now: one SELECT over the tables of its parent segment, which runs in a query too.
#[utoipa::path(
    get, path = "/segments/{name}/sql", tag = "segments",
    params(("name" = String, Path, description = "The segment's name")),
    responses((status = 200, body = SegmentSql))
)]
pub(crate) async fn sql(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
) -> Result<Json<SegmentSql>, Refusal> {
    Ok(Json(door.app().segment_sql(&caller.actor, &name).await?))
}
