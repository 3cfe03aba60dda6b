//! What a job leaves behind, as files: its result, its rejected rows, its receipts.
//!
//! Knows forms and headers; what is in a file is the use cases'.

use app::{Download, Form, What};
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use model::Problem;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::caller::Caller;
use crate::door::Door;
use crate::openapi::RowBytes;
use crate::refusal::Refusal;
use crate::request::{Asked, Named};

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormAsked {
    /// `csv` (the default), `jsonl` or `parquet`.
    #[param(pattern = "^(csv|jsonl|parquet)$")]
    format: Option<String>,
    /// Guard cells of a CSV file that a spreadsheet would run as formulas. The values then differ from the rows.
    #[serde(default)]
    pub(crate) spreadsheet: bool,
}

impl FormAsked {
    pub(crate) fn form(&self) -> Result<Form, Refusal> {
        match self.format.as_deref() {
            None | Some("csv") => Ok(Form::Csv),
            Some("jsonl") => Ok(Form::JsonLines),
            Some("parquet") => Ok(Form::Parquet),
            Some(_) => Err(Refusal::bad_request(&Problem::at("format", "is not known").hint("csv, jsonl or parquet"))),
        }
    }
}

/// The rows that the query gave.
#[utoipa::path(
    get, path = "/jobs/{id}/result", tag = "jobs",
    params(("id" = String, Path, description = "The job's id"), FormAsked),
    responses((status = 200, content(
        (RowBytes = "text/csv"), (RowBytes = "application/x-ndjson"), (RowBytes = "application/vnd.apache.parquet")
    )))
)]
pub(crate) async fn result(
    State(door): State<Door>,
    caller: Caller,
    Named(id): Named,
    Asked(asked): Asked<FormAsked>,
) -> Result<Response, Refusal> {
    file(&door, &caller, &id, What::Result, &asked).await
}

/// The rejected rows with place, code, reason and hint, ready to be mended and sent to `/retry`.
#[utoipa::path(
    get, path = "/jobs/{id}/rejected", tag = "jobs",
    params(("id" = String, Path, description = "The job's id"), FormAsked),
    responses((status = 200, content(
        (RowBytes = "text/csv"), (RowBytes = "application/x-ndjson"), (RowBytes = "application/vnd.apache.parquet")
    )))
)]
pub(crate) async fn rejected(
    State(door): State<Door>,
    caller: Caller,
    Named(id): Named,
    Asked(asked): Asked<FormAsked>,
) -> Result<Response, Refusal> {
    file(&door, &caller, &id, What::Rejected, &asked).await
}

/// One line for every row: number, key, outcome, call, time.
#[utoipa::path(
    get, path = "/jobs/{id}/receipts", tag = "jobs",
    params(("id" = String, Path, description = "The job's id"), FormAsked),
    responses((status = 200, content(
        (RowBytes = "text/csv"), (RowBytes = "application/x-ndjson"), (RowBytes = "application/vnd.apache.parquet")
    )))
)]
pub(crate) async fn receipts(
    State(door): State<Door>,
    caller: Caller,
    Named(id): Named,
    Asked(asked): Asked<FormAsked>,
) -> Result<Response, Refusal> {
    file(&door, &caller, &id, What::Receipts, &asked).await
}

async fn file(door: &Door, caller: &Caller, id: &str, what: What, asked: &FormAsked) -> Result<Response, Refusal> {
    let form = asked.form()?;
    Ok(answer(door.app().download(&caller.actor, id, what, form, asked.spreadsheet).await?))
}

/// A download as an answer.
pub(crate) fn answer(download: Download) -> Response {
    // Job ids and our own words only, but a header is no place to trust.
    let name: String = download.file_name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    let headers = [
        (CONTENT_TYPE, download.media_type.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    let chunks = futures::stream::unfold(download.chunks, async |mut chunks| Some((chunks.recv().await?, chunks)));
    (headers, Body::from_stream(chunks)).into_response()
}
