//! People, and the log of what they changed. All of it is for admins.
//!
//! Knows no rule about people: those are the use cases'.

use api::{AuditLine, Page, Person, PersonChange, PersonSpec};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::body::Document;
use crate::caller::Caller;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, DONE, Named, limit, place};

/// Everybody, by name.
#[utoipa::path(get, path = "/people", tag = "people", responses((status = 200, body = Page<Person>)))]
pub(crate) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Page<Person>>, Refusal> {
    Ok(Json(Page::all(door.app().people(&caller.actor).await?)))
}

/// Adds a person.
#[utoipa::path(
    post, path = "/people", tag = "people", request_body = PersonSpec, responses((status = 201, body = Person))
)]
pub(crate) async fn add(
    State(door): State<Door>,
    caller: Caller,
    Document(spec): Document<PersonSpec>,
) -> Result<(StatusCode, Json<Person>), Refusal> {
    Ok((StatusCode::CREATED, Json(door.app().add_person(&caller.actor, spec).await?)))
}

/// Changes role or password of a person, locks them out or lets them in again. What is absent stays.
#[utoipa::path(
    patch, path = "/people/{name}", tag = "people",
    params(("name" = String, Path, description = "The name to log in with")),
    request_body = PersonChange,
    responses((status = 200, body = Person))
)]
pub(crate) async fn change(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Document(change): Document<PersonChange>,
) -> Result<Json<Person>, Refusal> {
    Ok(Json(door.app().change_person(&caller.actor, &name, change).await?))
}

/// Removes a person with their sessions and tokens; never the last admin.
#[utoipa::path(
    delete, path = "/people/{name}", tag = "people",
    params(("name" = String, Path, description = "The name to log in with")),
    responses((status = 204))
)]
pub(crate) async fn remove(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    door.app().remove_person(&caller.actor, &name).await?;
    Ok(DONE)
}

/// Which part of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Before {
    /// The `next` of the page before: only older lines.
    before: Option<u64>,
    /// Lines of the page: 1 to 500, 50 when it is not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// Who changed what, newest first.
#[utoipa::path(get, path = "/audit", tag = "people", params(Before), responses((status = 200, body = Page<AuditLine>)))]
pub(crate) async fn audit(
    State(door): State<Door>,
    caller: Caller,
    Asked(asked): Asked<Before>,
) -> Result<Json<Page<AuditLine>>, Refusal> {
    let (before, limit) = (place("before", asked.before)?, limit(asked.limit)?);
    Ok(Json(door.app().audit(&caller.actor, before, limit).await?))
}
