//! Integrations Hub > Catalog.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use console::integrations::Catalog;
use serde::Deserialize;

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Asked;
use crate::screens::show;
use crate::screens::sitting::Sitting;

pub(crate) fn routes() -> Router<Door> {
    Router::new().route("/integrations", get(catalog))
}

/// What is looked for.
#[derive(Default, Deserialize)]
pub(crate) struct Search {
    #[serde(default)]
    pub(crate) search: String,
}

/// `GET /integrations`
async fn catalog(State(door): State<Door>, sitting: Sitting, asked: Result<Asked<Search>, Refusal>) -> Response {
    let asked = asked.map(|Asked(asked)| asked).unwrap_or_default();
    match door.app().connections(&sitting.actor, None, 1).await {
        Ok(found) => show::shown(&Catalog::new(&sitting.chrome, &asked.search, found.items.len() as u64)),
        Err(error) => show::refused(sitting.chrome, error),
    }
}
