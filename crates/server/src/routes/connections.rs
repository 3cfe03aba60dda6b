//! Connections. Secrets go in and never come out.
//!
//! Knows names and revisions; what a connection is, and every check of it, is the use cases'.

use api::{AccountView, Authorize, Connection, ConnectionSpec, Diagnosis, Page};
use app::Browser;
use axum::Json;
use axum::extract::State;
use axum::http::header::{ETAG, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::address;
use crate::body::Document;
use crate::caller::Caller;
use crate::cookie::Cookie;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, DONE, IfMatch, Named, Paging, etag};

fn answer(status: StatusCode, connection: Connection) -> Response {
    (status, [(ETAG, etag(connection.revision))], Json(connection)).into_response()
}

/// Connections by name.
#[utoipa::path(
    get, path = "/connections", tag = "connections", params(Paging), responses((status = 200, body = Page<Connection>))
)]
pub(crate) async fn list(
    State(door): State<Door>,
    caller: Caller,
    Asked(asked): Asked<Paging>,
) -> Result<Json<Page<Connection>>, Refusal> {
    let limit = asked.limit()?;
    Ok(Json(door.app().connections(&caller.actor, asked.after.as_deref(), limit).await?))
}

/// Makes a connection.
#[utoipa::path(
    post, path = "/connections", tag = "connections", request_body = ConnectionSpec,
    responses((status = 201, body = Connection, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn create(
    State(door): State<Door>,
    caller: Caller,
    Document(spec): Document<ConnectionSpec>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::CREATED, door.app().create_connection(&caller.actor, spec).await?))
}

/// One connection.
#[utoipa::path(
    get, path = "/connections/{name}", tag = "connections",
    params(("name" = String, Path, description = "The connection's name")),
    responses((status = 200, body = Connection, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn read(State(door): State<Door>, caller: Caller, Named(name): Named) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, door.app().connection(&caller.actor, &name).await?))
}

/// Makes a connection of this name, or changes it: what is absent stays, also the secrets, and an empty text takes a
/// field back to its default. A changed host drops them.
#[utoipa::path(
    put, path = "/connections/{name}", tag = "connections",
    params(
        ("name" = String, Path, description = "The connection's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read: else the change is not made")
    ),
    request_body = ConnectionSpec,
    responses(
        (status = 200, body = Connection, headers(("ETag" = String, description = "Its revision"))),
        (status = 201, body = Connection, headers(("ETag" = String, description = "Its revision")))
    )
)]
pub(crate) async fn put(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    IfMatch(revision): IfMatch,
    Document(spec): Document<ConnectionSpec>,
) -> Result<Response, Refusal> {
    let (connection, new) = door.app().put_connection(&caller.actor, &name, spec, revision).await?;
    Ok(answer(if new { StatusCode::CREATED } else { StatusCode::OK }, connection))
}

/// Deletes a connection that no query uses, and revokes its grant at Salesforce.
#[utoipa::path(
    delete, path = "/connections/{name}", tag = "connections",
    params(("name" = String, Path, description = "The connection's name")),
    responses((status = 204))
)]
pub(crate) async fn delete(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    door.app().delete_connection(&caller.actor, &name).await?;
    Ok(DONE)
}

/// Tests a connection: at most three calls, all of them only read.
#[utoipa::path(
    post, path = "/connections/{name}/test", tag = "connections",
    params(("name" = String, Path, description = "The connection's name")),
    responses((status = 200, body = Diagnosis))
)]
pub(crate) async fn test(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
) -> Result<Json<Diagnosis>, Refusal> {
    Ok(Json(door.app().test_connection(&caller.actor, &name).await?))
}

/// Begins an approval: send a browser to the `url` of the answer. A browser with a session must end it itself.
#[utoipa::path(
    post, path = "/connections/{name}/authorize", tag = "connections",
    params(("name" = String, Path, description = "The connection's name")),
    responses((status = 200, body = Authorize))
)]
pub(crate) async fn authorize(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    Named(name): Named,
) -> Result<Response, Refusal> {
    if caller.session().is_none() {
        // A program has no browser of its own: whoever gets the address may end it, once.
        return Ok(Json(door.app().authorize(&caller.actor, &name, None).await?).into_response());
    }
    // Several approvals at once in one browser share it.
    let binding = Cookie::Approval.read(&headers, door.config()).unwrap_or_else(Cookie::fresh);
    let at = address::asked(&headers, door.config());
    let browser = Browser { binding: binding.expose(), at: &at };
    let authorize = door.app().authorize(&caller.actor, &name, Some(browser)).await?;
    let cookie = Cookie::Approval.give(&binding, door.config());
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Json(authorize)).into_response())
}

/// Whether to ask Pardot.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Refresh {
    /// Ask Pardot again instead of giving what is known.
    #[serde(default)]
    refresh: bool,
}

/// What is known about the account: version, calls used today, custom fields, lists.
#[utoipa::path(
    get, path = "/connections/{name}/account", tag = "connections",
    params(("name" = String, Path, description = "The connection's name"), Refresh),
    responses((status = 200, body = AccountView))
)]
pub(crate) async fn account(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Asked(asked): Asked<Refresh>,
) -> Result<Json<AccountView>, Refusal> {
    Ok(Json(door.app().account(&caller.actor, &name, asked.refresh).await?))
}
