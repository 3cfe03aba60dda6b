//! Integrations Hub > Authentications.
//!
//! Knows which use case stands behind a page; no secret is ever read here.

mod edit;
mod one;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use console::connections::Connections;
use serde::Deserialize;

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Asked;
use crate::screens::show;
use crate::screens::sitting::Sitting;

/// Connections on a page.
const PAGE: u32 = 50;

pub(crate) fn routes() -> Router<Door> {
    Router::new()
        .route("/connections", get(list))
        .route("/new/connection", get(edit::new).post(edit::create))
        .route("/connections/{name}", get(one::shown))
        .route("/connections/{name}/edit", get(edit::edit).post(edit::change))
        .route("/connections/{name}/connect", post(one::connect))
        .route("/connections/{name}/test", post(one::test))
        .route("/connections/{name}/account", post(one::read_account))
        .route("/connections/{name}/delete", get(one::deletion).post(one::delete))
}

/// Which page of the list.
#[derive(Default, Deserialize)]
struct After {
    after: Option<String>,
}

/// `GET /connections`
async fn list(State(door): State<Door>, sitting: Sitting, asked: Result<Asked<After>, Refusal>) -> Response {
    let asked = asked.map(|Asked(asked)| asked).unwrap_or_default();
    match door.app().connections(&sitting.actor, asked.after.as_deref(), PAGE).await {
        Ok(page) => {
            let later = asked.after.is_some();
            show::shown(&Connections::new(&sitting.chrome, page.items, later, page.next.as_deref()))
        }
        Err(error) => show::refused(sitting.chrome, error),
    }
}
