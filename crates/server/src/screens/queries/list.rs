//! All queries.

use axum::extract::State;
use axum::response::Response;
use console::queries::QueryList;
use serde::Deserialize;

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, given};
use crate::screens::show;
use crate::screens::sitting::Sitting;

/// Queries on a page.
const PAGE: u32 = 50;

#[derive(Debug, Default, Deserialize)]
pub(super) struct Listed {
    search: Option<String>,
    after: Option<String>,
}

/// `GET /queries`
pub(super) async fn list(
    State(door): State<Door>,
    sitting: Sitting,
    asked: Result<Asked<Listed>, Refusal>,
) -> Response {
    let Listed { search, after } = asked.map(|Asked(listed)| listed).unwrap_or_default();
    let (search, after) = (search.unwrap_or_default(), given(after.as_deref()));
    let search = search.trim();
    let found = if search.is_empty() {
        door.app().queries(&sitting.actor, after, PAGE).await
    } else {
        door.app().queries_named_like(&sitting.actor, search, after, PAGE).await
    };
    match found {
        Ok(page) => show::shown(&QueryList::new(&sitting.chrome, page, search, after.is_some())),
        Err(error) => show::refused(sitting.chrome, error),
    }
}
