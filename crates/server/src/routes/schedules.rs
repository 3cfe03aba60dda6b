//! Schedules: when queries, activations and refreshes run by themselves, and what became of each of those times.
//!
//! Knows no cron and no clock; a schedule is written as a part of what it runs.

use api::{Backfill, Backfilled, CronExplanation, CronRequest, Page, ScheduleView, Scheduled, Slot};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::Problem;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use utoipa::IntoParams;

use crate::body::Document;
use crate::caller::Caller;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, Named, Paging, given};

/// What a schedule is of.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Of {
    /// `query`, `activation` or `parent_segment`: what it runs; `query` when it is not given.
    #[param(pattern = "^(query|activation|parent_segment)$")]
    of: Option<String>,
}

impl Of {
    fn scheduled(&self) -> Result<Scheduled, Refusal> {
        let Some(word) = given(self.of.as_deref()) else { return Ok(Scheduled::default()) };
        let known: Result<Scheduled, serde::de::value::Error> = Scheduled::deserialize(word.into_deserializer());
        known.map_err(|_| {
            let problem = Problem::at("of", "is nothing that has schedules");
            Refusal::bad_request(&problem.hint("query, activation or parent_segment"))
        })
    }
}

/// Schedules of queries, of activations and of parent segments.
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

/// The schedule of a query, an activation or a parent segment. It is written with what it runs: `PUT /queries/{name}`.
#[utoipa::path(
    get, path = "/schedules/{name}", tag = "schedules",
    params(("name" = String, Path, description = "The name of what it runs"), Of),
    responses((status = 200, body = ScheduleView))
)]
pub(crate) async fn read(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Asked(asked): Asked<Of>,
) -> Result<Json<ScheduleView>, Refusal> {
    Ok(Json(door.app().schedule(&caller.actor, asked.scheduled()?, &name).await?))
}

/// Keeps a schedule from firing. Jobs that it has made go on.
#[utoipa::path(
    post, path = "/schedules/{name}/pause", tag = "schedules",
    params(("name" = String, Path, description = "The name of what it runs"), Of),
    responses((status = 200, body = ScheduleView))
)]
pub(crate) async fn pause(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Asked(asked): Asked<Of>,
) -> Result<Json<ScheduleView>, Refusal> {
    Ok(Json(door.app().pause_schedule(&caller.actor, asked.scheduled()?, &name).await?))
}

/// Lets a schedule that was paused or disabled fire again, from its next time on.
#[utoipa::path(
    post, path = "/schedules/{name}/resume", tag = "schedules",
    params(("name" = String, Path, description = "The name of what it runs"), Of),
    responses((status = 200, body = ScheduleView))
)]
pub(crate) async fn resume(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Asked(asked): Asked<Of>,
) -> Result<Json<ScheduleView>, Refusal> {
    Ok(Json(door.app().resume_schedule(&caller.actor, asked.scheduled()?, &name).await?))
}

/// Runs it for scheduled times that have passed, each of them once: one that has run is left alone, so the same
/// request may be sent again.
#[utoipa::path(
    post, path = "/schedules/{name}/backfill", tag = "schedules",
    params(("name" = String, Path, description = "The name of what it runs"), Of),
    request_body = Backfill,
    responses((status = 202, body = Backfilled))
)]
pub(crate) async fn backfill(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Asked(asked): Asked<Of>,
    Document(request): Document<Backfill>,
) -> Result<(StatusCode, Json<Backfilled>), Refusal> {
    Ok((StatusCode::ACCEPTED, Json(door.app().backfill(&caller.actor, asked.scheduled()?, &name, request).await?)))
}

/// What became of a schedule's times, newest first.
#[utoipa::path(
    get, path = "/schedules/{name}/history", tag = "schedules",
    params(("name" = String, Path, description = "The name of what it runs"), Of, Paging),
    responses((status = 200, body = Page<Slot>), (status = 422, description = "after is not the next of a page"))
)]
pub(crate) async fn history(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Asked(asked): Asked<Of>,
    Asked(page): Asked<Paging>,
) -> Result<Json<Page<Slot>>, Refusal> {
    let (of, limit, after) = (asked.scheduled()?, page.limit()?, given(page.after.as_deref()));
    Ok(Json(door.app().schedule_history(&caller.actor, of, &name, after, limit).await?))
}

/// What a cron or a repeat means, in words and as its next times. Changes nothing.
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
