//! Tables: bound to files, or uploaded.
//!
//! Knows formats by name only, and buffers no rows.

use api::{Page, Preview, Table, TableSpec};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use model::{Problem, Problems};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::body::{Document, Rows};
use crate::caller::Caller;
use crate::door::Door;
use crate::openapi::RowBytes;
use crate::refusal::Refusal;
use crate::request::{Asked, DONE, IfMatch, Named, Paging, etag, within};

/// Rows of a preview when nobody says how many, and at most.
const PREVIEW: (u32, u32) = (100, 1_000);

fn answer((table, new): (Table, bool)) -> Response {
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    (status, [(ETAG, etag(table.revision))], Json(table)).into_response()
}

/// Tables by name, without their columns and counts.
#[utoipa::path(get, path = "/tables", tag = "tables", params(Paging), responses((status = 200, body = Page<Table>)))]
pub(crate) async fn list(
    State(door): State<Door>,
    caller: Caller,
    Asked(asked): Asked<Paging>,
) -> Result<Json<Page<Table>>, Refusal> {
    let limit = asked.limit()?;
    Ok(Json(door.app().tables(&caller.actor, asked.after.as_deref(), limit).await?))
}

/// One table with its columns and the number of its rows.
#[utoipa::path(
    get, path = "/tables/{name}", tag = "tables",
    params(("name" = String, Path, description = "The table's name")),
    responses((status = 200, body = Table, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn read(State(door): State<Door>, caller: Caller, Named(name): Named) -> Result<Response, Refusal> {
    Ok(answer((door.app().table(&caller.actor, &name).await?, false)))
}

/// Binds a name to files under one of the server's table roots, or binds it anew.
#[utoipa::path(
    put, path = "/tables/{name}", tag = "tables",
    params(
        ("name" = String, Path, description = "The table's name, the same as in the body"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read: else the change is not made")
    ),
    request_body = TableSpec,
    responses(
        (status = 200, body = Table, headers(("ETag" = String, description = "Its revision"))),
        (status = 201, body = Table, headers(("ETag" = String, description = "Its revision")))
    )
)]
pub(crate) async fn put(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    IfMatch(revision): IfMatch,
    Document(spec): Document<TableSpec>,
) -> Result<Response, Refusal> {
    if spec.name != name {
        let problem = Problem::at("table.name", "is not the name in the address");
        return Err(Refusal::invalid(&Problems::from(problem.hint("a table keeps its name"))));
    }
    Ok(answer(door.app().put_table(&caller.actor, spec, revision).await?))
}

/// Deletes a table that no query names, and its rows where they were uploaded.
#[utoipa::path(
    delete, path = "/tables/{name}", tag = "tables",
    params(("name" = String, Path, description = "The table's name")),
    responses((status = 204))
)]
pub(crate) async fn delete(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    door.app().delete_table(&caller.actor, &name).await?;
    Ok(DONE)
}

/// In which form rows arrive.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormatAsked {
    /// `csv`, `jsonl` or `parquet`; what the media type says when it is not given.
    #[param(pattern = "^(csv|jsonl|parquet)$")]
    pub(crate) format: Option<String>,
}

/// Makes a table of the rows in the body, or replaces its rows in one step.
#[utoipa::path(
    put, path = "/tables/{name}/data", tag = "tables",
    params(("name" = String, Path, description = "The table's name"), FormatAsked),
    request_body(content(
        (RowBytes = "application/octet-stream"), (RowBytes = "text/csv"), (RowBytes = "application/x-ndjson"),
        (RowBytes = "application/vnd.apache.parquet")
    )),
    responses(
        (status = 200, body = Table, headers(("ETag" = String, description = "Its revision"))),
        (status = 201, body = Table, headers(("ETag" = String, description = "Its revision")))
    )
)]
pub(crate) async fn upload(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Asked(asked): Asked<FormatAsked>,
    rows: Rows,
) -> Result<Response, Refusal> {
    let upload = async |upload| door.app().upload_table(&caller.actor, &name, upload).await;
    Ok(answer(rows.into_upload(asked.format.as_deref(), upload).await?))
}

/// How many rows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RowLimit {
    /// Rows: 1 to 1,000, 100 when it is not given.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

impl RowLimit {
    /// The number of rows.
    pub(crate) fn limit(&self) -> Result<u32, Refusal> {
        within("limit", self.limit.unwrap_or(PREVIEW.0), PREVIEW.1)
    }
}

/// The first rows of a table.
#[utoipa::path(
    get, path = "/tables/{name}/preview", tag = "tables",
    params(("name" = String, Path, description = "The table's name"), RowLimit),
    responses((status = 200, body = Preview), (status = 422, description = "Its files cannot be read"))
)]
pub(crate) async fn preview(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    Asked(asked): Asked<RowLimit>,
) -> Result<Json<Preview>, Refusal> {
    let limit = asked.limit()?;
    Ok(Json(door.app().preview_table(&caller.actor, &name, limit).await?))
}
