//! Queries: the list, and the page on which one is written, looked at and run.
//!
//! Knows which use case stands behind a button. Where rows go, when a query runs and who is told have pages of their own.

mod list;
mod one;
mod workbench;

use axum::Router;
use axum::routing::get;

use crate::door::Door;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/queries", get(list::list))
        .route("/new/query", get(one::new).post(one::create))
        .route("/queries/{name}", get(one::query).post(one::change))
        .route("/workbench/tables", get(workbench::tables))
        .route("/workbench/tables/{name}", get(workbench::columns))
}
