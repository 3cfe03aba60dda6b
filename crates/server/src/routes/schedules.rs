//! Schedules: when queries run by themselves, and what became of each of those times.
//!
//! Knows no cron and no clock; a schedule is written as a part of its query.

use api::{Backfill, Backfilled, CronExplanation, CronRequest, Page, ScheduleView, Slot};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::body::Document;
use crate::caller::Caller;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, Named, Paging};

/// Schedules by the name of their query.
#[utoipa::path(
    get, path = "/schedules", tag = "schedules", params(Paging), responses((status = 200, body = Page<ScheduleView>))
)]
pub(crate) async fn list(
    State(door): State<Door>,
    caller: Caller,
    Asked(asked): Asked<Paging>,
) -> Result<Json<Page<ScheduleView>>, Refusal> {
    let limit = asked.limit()?;
    Ok(Json(door.app().schedules(&caller.actor, asked.after.as_deref(), limit).await?))
}

/// The schedule of a query. It is written with the query: `PUT /queries/{name}`.
#[utoipa::path(
    get, path = "/schedules/{query}", tag = "schedules",
    params(("query" = String, Path, description = "The query's name")),
    responses((status = 200, body = ScheduleView))
)]
pub(crate) async fn read(
    State(door): State<Door>,
    caller: Caller,
    Named(query): Named,
) -> Result<Json<ScheduleView>, Refusal> {
    Ok(Json(door.app().schedule(&caller.actor, &query).await?))
}

/// Keeps a schedule from firing. Jobs that it has made go on.
#[utoipa::path(
    post, path = "/schedules/{query}/pause", tag = "schedules",
    params(("query" = String, Path, description = "The query's name")),
    responses((status = 200, body = ScheduleView))
)]
pub(crate) async fn pause(
    State(door): State<Door>,
    caller: Caller,
    Named(query): Named,
) -> Result<Json<ScheduleView>, Refusal> {
    Ok(Json(door.app().pause_schedule(&caller.actor, &query).await?))
}

/// Lets a schedule that was paused or disabled fire again, from its next time on.
#[utoipa::path(
    post, path = "/schedules/{query}/resume", tag = "schedules",
    params(("query" = String, Path, description = "The query's name")),
    responses((status = 200, body = ScheduleView))
)]
pub(crate) async fn resume(
    State(door): State<Door>,
    caller: Caller,
    Named(query): Named,
) -> Result<Json<ScheduleView>, Refusal> {
    Ok(Json(door.app().resume_schedule(&caller.actor, &query).await?))
}

/// Runs the query for scheduled times that have passed, each of them once: one that has run is left alone, so the same
/// request may be sent again.
#[utoipa::path(
    post, path = "/schedules/{query}/backfill", tag = "schedules",
    params(("query" = String, Path, description = "The query's name")),
    request_body = Backfill,
    responses((status = 202, body = Backfilled))
)]
pub(crate) async fn backfill(
    State(door): State<Door>,
    caller: Caller,
    Named(query): Named,
    Document(request): Document<Backfill>,
) -> Result<(StatusCode, Json<Backfilled>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(door.app().backfill(&caller.actor, &query, request).await?)))
}

/// What became of a schedule's times, newest first.
#[utoipa::path(
    get, path = "/schedules/{query}/history", tag = "schedules",
    params(("query" = String, Path, description = "The query's name"), Paging),
    responses((status = 200, body = Page<Slot>), (status = 422, description = "after is not the next of a page"))
)]
pub(crate) async fn history(
    State(door): State<Door>,
    caller: Caller,
    Named(query): Named,
    Asked(asked): Asked<Paging>,
) -> Result<Json<Page<Slot>>, Refusal> {
    let limit = asked.limit()?;
    let after = asked.after.as_deref().filter(|after| !after.is_empty());
    Ok(Json(door.app().schedule_history(&caller.actor, &query, after, limit).await?))
}

/// What a cron means, in words and as its next times. Changes nothing.
#[utoipa::path(
    post, path = "/cron/explain", tag = "schedules", operation_id = "explain", request_body = CronRequest,
    responses((status = 200, body = CronExplanation))
)]
pub(crate) async fn explain(
    State(door): State<Door>,
    caller: Caller,
    Document(request): Document<CronRequest>,
) -> Result<Json<CronExplanation>, Refusal> {
    Ok(Json(door.app().explain_cron(&caller.actor, request).await?))
}
