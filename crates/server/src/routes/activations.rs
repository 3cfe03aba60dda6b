//! Activations: segments bound to a connection, looked at before they are saved, and the jobs that they start.
//!
//! Knows no mapping and no field.

use api::{Activation, ActivationCopy, ActivationLook, ActivationSpec, ActivationTry, Job, Page, RunRequest};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::body::{Document, MaybeDocument};
use crate::caller::Caller;
use crate::door::Door;
use crate::presence::Presence;
use crate::refusal::Refusal;
use crate::request::{Asked, DONE, IfMatch, Named, Once, etag, given, limit};
use crate::routes::jobs;

fn answer(status: StatusCode, activation: Activation) -> Response {
    (status, [(ETAG, etag(activation.revision))], Json(activation)).into_response()
}

/// Which activations.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActivationsAsked {
    /// The name of their segment.
    segment: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Activations of the page: 1 to 500, 50 when it is not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Activations by name.
#[utoipa::path(
    get, path = "/activations", tag = "activations", params(ActivationsAsked),
    responses((status = 200, body = Page<Activation>), (status = 404, description = "There is no such segment"))
)]
pub(crate) async fn list(
    State(door): State<Door>,
    caller: Caller,
    Asked(asked): Asked<ActivationsAsked>,
) -> Result<Json<Page<Activation>>, Refusal> {
    let limit = limit(asked.limit)?;
    let (segment, after) = (given(asked.segment.as_deref()), given(asked.after.as_deref()));
    Ok(Json(door.app().activations(&caller.actor, segment, after, limit).await?))
}

/// Makes an activation. Segment, connection, settings, output and schedule are checked; every problem is told at once.
#[utoipa::path(
    post, path = "/activations", tag = "activations", request_body = ActivationSpec,
    responses((status = 201, body = Activation, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn create(
    State(door): State<Door>,
    caller: Caller,
    Document(spec): Document<ActivationSpec>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::CREATED, door.app().create_activation(&caller.actor, spec).await?))
}

/// One activation.
#[utoipa::path(
    get, path = "/activations/{name}", tag = "activations",
    params(("name" = String, Path, description = "The activation's name")),
    responses((status = 200, body = Activation, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn read(State(door): State<Door>, caller: Caller, Named(name): Named) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, door.app().activation(&caller.actor, &name).await?))
}

/// Makes the activation of this name, or replaces it; another name in the body renames it.
#[utoipa::path(
    put, path = "/activations/{name}", tag = "activations",
    params(
        ("name" = String, Path, description = "The activation's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read: else the change is not made")
    ),
    request_body = ActivationSpec,
    responses(
        (status = 200, body = Activation, headers(("ETag" = String, description = "Its revision"))),
        (status = 201, body = Activation, headers(("ETag" = String, description = "Its revision")))
    )
)]
pub(crate) async fn put(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    IfMatch(revision): IfMatch,
    Document(spec): Document<ActivationSpec>,
) -> Result<Response, Refusal> {
    let (activation, new) = door.app().put_activation(&caller.actor, &name, spec, revision).await?;
    Ok(answer(if new { StatusCode::CREATED } else { StatusCode::OK }, activation))
}

/// Deletes an activation; its jobs stay.
#[utoipa::path(
    delete, path = "/activations/{name}", tag = "activations",
    params(("name" = String, Path, description = "The activation's name")),
    responses((status = 204))
)]
pub(crate) async fn delete(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    door.app().delete_activation(&caller.actor, &name).await?;
    Ok(DONE)
}

/// Shows the first rows of an activation exactly as they would be sent, before it is saved: each output column held against
/// the fields of its target. Changes and sends nothing.
#[utoipa::path(
    post, path = "/activations/try", tag = "activations", operation_id = "try", request_body = ActivationTry,
    responses((status = 200, body = ActivationLook))
)]
pub(crate) async fn look(
    State(door): State<Door>,
    caller: Caller,
    presence: Presence,
    Document(request): Document<ActivationTry>,
) -> Result<Json<ActivationLook>, Refusal> {
    Ok(Json(presence.answer(Box::pin(door.app().try_activation(&caller.actor, request))).await?))
}

/// Starts a job of the activation. The same `Idempotency-Key` within a day gives the same job again (200).
#[utoipa::path(
    post, path = "/activations/{name}/runs", tag = "activations",
    params(
        ("name" = String, Path, description = "The activation's name"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters that name this start")
    ),
    request_body = Option<RunRequest>,
    responses((status = 200, body = Job), (status = 202, body = Job))
)]
pub(crate) async fn run(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Once(once): Once,
    MaybeDocument(request): MaybeDocument<Option<RunRequest>>,
) -> Result<Response, Refusal> {
    let request = request.unwrap_or_default();
    Ok(jobs::started(door.app().run_activation(&caller.actor, &name, request, once.as_deref()).await?))
}

/// Lets an activation run again, by its schedule and by hand.
#[utoipa::path(
    post, path = "/activations/{name}/enable", tag = "activations",
    params(("name" = String, Path, description = "The activation's name")),
    responses((status = 200, body = Activation, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn enable(State(door): State<Door>, caller: Caller, Named(name): Named) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, door.app().enable_activation(&caller.actor, &name, true).await?))
}

/// Keeps an activation from running, by its schedule and by hand. Jobs that it has started go on.
#[utoipa::path(
    post, path = "/activations/{name}/disable", tag = "activations",
    params(("name" = String, Path, description = "The activation's name")),
    responses((status = 200, body = Activation, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn disable(State(door): State<Door>, caller: Caller, Named(name): Named) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, door.app().enable_activation(&caller.actor, &name, false).await?))
}

/// Makes another activation like this one. It is disabled, so that it can be changed before it runs.
#[utoipa::path(
    post, path = "/activations/{name}/copy", tag = "activations",
    params(("name" = String, Path, description = "The name of the activation that is copied")),
    request_body = ActivationCopy,
    responses((status = 201, body = Activation, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn copy(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Document(request): Document<ActivationCopy>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::CREATED, door.app().copy_activation(&caller.actor, &name, request).await?))
}
