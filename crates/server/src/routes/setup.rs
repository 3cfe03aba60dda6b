//! The first start: whether somebody is there, and the first admin.
//!
//! Knows neither the token nor the rules of a password.

use api::{Setup, SetupDone};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::Document;
use crate::caller::{Anybody, Newcomer};
use crate::door::Door;
use crate::refusal::Refusal;

/// Whether the server waits for its first admin.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetupState {
    /// Whether nobody is there yet.
    open: bool,
}

/// Whether the server waits for its first admin.
#[utoipa::path(get, path = "/setup", tag = "setup", security(()), responses((status = 200, body = SetupState)))]
pub(crate) async fn state(State(door): State<Door>, _: Anybody) -> Result<Json<SetupState>, Refusal> {
    Ok(Json(SetupState { open: door.app().setup_open().await? }))
}

/// Adds the first admin, with the one-time token that the server printed at its start. Works once.
#[utoipa::path(
    post, path = "/setup", tag = "setup", security(()),
    request_body = Setup,
    responses((status = 201, body = SetupDone), (status = 410, description = "This server was set up already"))
)]
pub(crate) async fn claim(
    State(door): State<Door>,
    Newcomer(visitor): Newcomer,
    Document(setup): Document<Setup>,
) -> Result<(StatusCode, Json<SetupDone>), Refusal> {
    Ok((StatusCode::CREATED, Json(door.app().setup(setup, &visitor.address).await?)))
}
