//! What whoever looks after the server asks: alive, ready, and its meters.
//!
//! Knows no name of a person, a connection or a query.

use app::Actor;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::caller::Keeper;
use crate::door::Door;
use crate::refusal::Refusal;

/// `GET /healthz`: the process answers.
pub(crate) async fn alive(_: Keeper) -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// `GET /readyz`: the store answers, and the server is not to stop.
pub(crate) async fn ready(State(door): State<Door>, _: Keeper) -> Result<Json<Value>, Refusal> {
    if door.stopping() {
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the server is stopping"));
    }
    door.app().ready().await?;
    Ok(Json(json!({ "status": "ready" })))
}

/// `GET /metrics`: for Prometheus.
pub(crate) async fn meters(State(door): State<Door>, _: Keeper) -> Result<Response, Refusal> {
    let jobs = door.app().job_counts(&Actor::command_line()).await?;
    let notices = door.app().notice_counts(&Actor::command_line()).await?;
    let text = door.meters().render(&jobs, &notices, door.app().figures());
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}
