//! Queries, and the jobs that they start.
//!
//! Knows no SQL and no setting.

use api::{Job, Page, Preview, PreviewRequest, Query, QuerySpec, RunRequest};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};

use crate::body::{Document, MaybeDocument};
use crate::caller::Caller;
use crate::door::Door;
use crate::presence::Presence;
use crate::refusal::Refusal;
use crate::request::{Asked, DONE, IfMatch, Named, Once, Paging, etag};
use crate::routes::jobs;

fn answer(status: StatusCode, query: Query) -> Response {
    (status, [(ETAG, etag(query.revision))], Json(query)).into_response()
}

/// Queries by name.
#[utoipa::path(get, path = "/queries", tag = "queries", params(Paging), responses((status = 200, body = Page<Query>)))]
pub(crate) async fn list(
    State(door): State<Door>,
    caller: Caller,
    Asked(asked): Asked<Paging>,
) -> Result<Json<Page<Query>>, Refusal> {
    let limit = asked.limit()?;
    Ok(Json(door.app().queries(&caller.actor, asked.after.as_deref(), limit).await?))
}

/// Makes a query. SQL, connection and settings are checked; every problem is told at once.
#[utoipa::path(
    post, path = "/queries", tag = "queries", request_body = QuerySpec,
    responses((status = 201, body = Query, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn create(
    State(door): State<Door>,
    caller: Caller,
    Document(spec): Document<QuerySpec>,
) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::CREATED, door.app().create_query(&caller.actor, spec).await?))
}

/// One query.
#[utoipa::path(
    get, path = "/queries/{name}", tag = "queries",
    params(("name" = String, Path, description = "The query's name")),
    responses((status = 200, body = Query, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn read(State(door): State<Door>, caller: Caller, Named(name): Named) -> Result<Response, Refusal> {
    Ok(answer(StatusCode::OK, door.app().query(&caller.actor, &name).await?))
}

/// Makes the query of this name, or replaces it; another name in the body renames it.
#[utoipa::path(
    put, path = "/queries/{name}", tag = "queries",
    params(
        ("name" = String, Path, description = "The query's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read: else the change is not made")
    ),
    request_body = QuerySpec,
    responses(
        (status = 200, body = Query, headers(("ETag" = String, description = "Its revision"))),
        (status = 201, body = Query, headers(("ETag" = String, description = "Its revision")))
    )
)]
pub(crate) async fn put(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    IfMatch(revision): IfMatch,
    Document(spec): Document<QuerySpec>,
) -> Result<Response, Refusal> {
    let (query, new) = door.app().put_query(&caller.actor, &name, spec, revision).await?;
    Ok(answer(if new { StatusCode::CREATED } else { StatusCode::OK }, query))
}

/// Deletes a query; its jobs stay.
#[utoipa::path(
    delete, path = "/queries/{name}", tag = "queries",
    params(("name" = String, Path, description = "The query's name")),
    responses((status = 204))
)]
pub(crate) async fn delete(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    door.app().delete_query(&caller.actor, &name).await?;
    Ok(DONE)
}

/// Starts a job of the query. The same `Idempotency-Key` within a day gives the same job again (200).
#[utoipa::path(
    post, path = "/queries/{name}/runs", tag = "queries",
    params(
        ("name" = String, Path, description = "The query's name"),
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
    Ok(jobs::started(door.app().run_query(&caller.actor, &name, request, once.as_deref()).await?))
}

/// The first rows of some SQL over the server's tables.
#[utoipa::path(
    post, path = "/preview", tag = "queries", request_body = PreviewRequest, responses((status = 200, body = Preview))
)]
pub(crate) async fn preview(
    State(door): State<Door>,
    caller: Caller,
    presence: Presence,
    Document(request): Document<PreviewRequest>,
) -> Result<Json<Preview>, Refusal> {
    Ok(Json(presence.answer(Box::pin(door.app().preview(&caller.actor, request))).await?))
}
