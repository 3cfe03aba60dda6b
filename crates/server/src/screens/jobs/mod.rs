//! Jobs: the list, one of them with its log and its files, and what can be done with it.
//!
//! Knows which use case stands behind which address.

mod acts;
mod files;
mod list;
mod mended;
mod one;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

pub(super) use acts::once;

use crate::door::Door;

/// The pages of jobs. Whoever comes back to the address of a button is led to the job.
pub(crate) fn routes() -> Router<Door> {
    Router::new()
        .route("/jobs", get(list::page))
        .route("/jobs/{id}", get(one::page))
        .route("/jobs/{id}/log", get(one::log))
        .route("/jobs/{id}/rejected", get(files::rejected))
        .route("/jobs/{id}/files/{what}", get(files::file))
        .route("/jobs/{id}/kill", get(acts::back).post(acts::kill))
        .route("/jobs/{id}/continue", get(acts::back).post(acts::resume))
        .route("/jobs/{id}/reexport", get(acts::back).post(acts::reexport))
        .route("/jobs/{id}/retry", get(acts::back).post(acts::retry))
        .route("/jobs/{id}/mended", get(acts::back).merge(post(mended::mended)))
        .route("/jobs/{id}/delete", get(acts::back).post(acts::delete))
}

/// Whether a page that stands already asks for its part that changes.
fn asks_again(headers: &HeaderMap) -> bool {
    headers.contains_key("hx-request")
}

/// The status of a part that changes no more: its page stops asking.
fn of_part(live: bool) -> StatusCode {
    if live { StatusCode::OK } else { StatusCode::from_u16(286).unwrap_or(StatusCode::OK) }
}

/// What is answered to a page that asks for its part when there is none: it is drawn anew as a whole.
fn drawn_anew() -> Response {
    (StatusCode::NO_CONTENT, [("hx-refresh", "true")]).into_response()
}
