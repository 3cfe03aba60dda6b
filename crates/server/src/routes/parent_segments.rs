//! Parent segments: the profiles that segments choose from, and the jobs that refresh them.
//!
//! Knows no table and no join.

use api::{AudienceCheck, Job, Page, ParentSegment, ParentSegmentSpec, Preview};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};

use crate::body::Document;
use crate::caller::Caller;
use crate::door::Door;
use crate::presence::Presence;
use crate::refusal::Refusal;
use crate::request::{Asked, DONE, IfMatch, Named, Once, Paging, etag};
use crate::routes::jobs;
use crate::routes::tables::RowLimit;

fn answer(status: StatusCode, parent: ParentSegment) -> Response {
    (status, [(ETAG, etag(parent.revision))], Json(parent)).into_response()
}

/// Parent segments by name.
#[utoipa::path(
    get, path = "/parent-segments", tag = "parent_segments", params(Paging),
    responses((status = 200, body = Page<ParentSegment>))
)]
pub(crate) async fn list(
    State(door): State<Door>,
    caller: Caller,
    Asked(asked): Asked<Paging>,
) -> Result<Json<Page<ParentSegment>>, Refusal> {
    let limit = asked.limit()?;
    Ok(Json(door.app().parent_segments(&caller.actor, asked.after.as_deref(), limit).await?))
}

/// Makes a parent segment. Tables, keys and names are checked; every problem is told at once. It has no profiles before its
/// first refresh.
#[utoipa::path(
    post, path = "/parent-segments", tag = "parent_segments", request_body = ParentSegmentSpec,
    responses((status = 201, body = ParentSegment, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn create(
    State(door): State<Door>,
    caller: Caller,
    Document(spec): Document<ParentSegmentSpec>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::CREATED, door.app().create_parent_segment(&caller.actor, spec).await?))
}

/// One parent segment.
#[utoipa::path(
    get, path = "/parent-segments/{name}", tag = "parent_segments",
    params(("name" = String, Path, description = "The parent segment's name")),
    responses((status = 200, body = ParentSegment, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn read(State(door): State<Door>, caller: Caller, Named(name): Named) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, door.app().parent_segment(&caller.actor, &name).await?))
}

/// Makes the parent segment of this name, or replaces it; another name in the body renames it. Its profiles stay as they
/// are until the next refresh.
#[utoipa::path(
    put, path = "/parent-segments/{name}", tag = "parent_segments",
    params(
        ("name" = String, Path, description = "The parent segment's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read: else the change is not made")
    ),
    request_body = ParentSegmentSpec,
    responses(
        (status = 200, body = ParentSegment, headers(("ETag" = String, description = "Its revision"))),
        (status = 201, body = ParentSegment, headers(("ETag" = String, description = "Its revision")))
    )
)]
pub(crate) async fn put(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    IfMatch(revision): IfMatch,
    Document(spec): Document<ParentSegmentSpec>,
) -> Result<Response, Refusal> {
    let (parent, new) = door.app().put_parent_segment(&caller.actor, &name, spec, revision).await?;
    Ok(answer(if new { StatusCode::CREATED } else { StatusCode::OK }, parent))
}

/// Deletes a parent segment that no segment stands over, with its profiles; its jobs stay.
#[utoipa::path(
    delete, path = "/parent-segments/{name}", tag = "parent_segments",
    params(("name" = String, Path, description = "The parent segment's name")),
    responses((status = 204))
)]
pub(crate) async fn delete(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    door.app().delete_parent_segment(&caller.actor, &name).await?;
    Ok(DONE)
}

/// Starts a job that makes the profiles anew from the tables. The same `Idempotency-Key` within a day gives the same job
/// again (200).
#[utoipa::path(
    post, path = "/parent-segments/{name}/refresh", tag = "parent_segments",
    params(
        ("name" = String, Path, description = "The parent segment's name"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters that name this start")
    ),
    responses((status = 200, body = Job), (status = 202, body = Job))
)]
pub(crate) async fn refresh(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Once(once): Once,
) -> Result<Response, Refusal> {
    Ok(jobs::started(door.app().refresh_parent_segment(&caller.actor, &name, once.as_deref()).await?))
}

/// Looks at the joins of a parent segment before it is saved: rows, keys, matches, orphans, and what to do. Changes nothing.
#[utoipa::path(
    post, path = "/parent-segments/check", tag = "parent_segments", request_body = ParentSegmentSpec,
    responses((status = 200, body = AudienceCheck))
)]
pub(crate) async fn check(
    State(door): State<Door>,
    caller: Caller,
    presence: Presence,
    Document(spec): Document<ParentSegmentSpec>,
) -> Result<Json<AudienceCheck>, Refusal> {
    Ok(Json(presence.answer(Box::pin(door.app().check_parent_segment(&caller.actor, spec))).await?))
}

/// The first profiles of the newest refresh.
#[utoipa::path(
    get, path = "/parent-segments/{name}/preview", tag = "parent_segments",
    params(("name" = String, Path, description = "The parent segment's name"), RowLimit),
    responses((status = 200, body = Preview))
)]
pub(crate) async fn preview(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Asked(asked): Asked<RowLimit>,
) -> Result<Json<Preview>, Refusal> {
    let limit = asked.limit()?;
    Ok(Json(door.app().preview_parent_segment(&caller.actor, &name, limit).await?))
}
