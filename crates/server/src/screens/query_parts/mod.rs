//! The parts of a query besides its SQL, each on a page of its own: where its rows go, when it runs, who is told.
//!
//! Knows how one part is changed and the rest left as it is; a part is its module's.

pub(super) mod export;
mod notify;
mod schedule;

use api::{Query, QuerySpec};
use app::AppError;
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use console::{Done, Faults, Typed, expected};

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Named;
use crate::screens::show;
use crate::screens::sitting::{Sitting, Submitted};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/queries/{name}/export", get(export::read).post(export::change))
        .route("/queries/{name}/schedule", get(schedule::read).post(schedule::change))
        .route("/queries/{name}/notifications", get(notify::read).post(notify::change))
}

/// The query of an address.
async fn of_name(door: &Door, sitting: &Sitting, named: Result<Named, Refusal>) -> Result<Query, Response> {
    let refused = |refusal: Refusal| show::refused(sitting.chrome.clone(), refusal);
    let Named(name) = named.map_err(refused)?;
    door.app().query(&sitting.actor, &name).await.map_err(|error| refused(error.into()))
}

/// The query with another part.
fn with(query: &Query, change: impl FnOnce(&mut QuerySpec)) -> Query {
    let mut query = query.clone();
    change(&mut query.spec);
    query
}

/// A change that was not done, to be told on the page.
struct Refused {
    status: StatusCode,
    /// The query as it is by now.
    query: Query,
    typed: Typed,
}

/// Saves the query with another part, unless somebody changed it since the form was begun.
async fn saved(door: &Door, submitted: &Submitted, changed: Query) -> Result<(), Result<Refused, AppError>> {
    let (actor, form) = (&submitted.sitting.actor, &submitted.form);
    let Query { spec, .. } = changed;
    let name = spec.name.clone();
    let put = Box::pin(door.app().put_query(actor, &name, spec, expected(form))).await;
    let Err(error) = put else { return Ok(()) };
    if matches!(error, AppError::Forbidden { .. }) {
        return Err(Err(error));
    }
    let query = door.app().query(actor, &name).await.map_err(Err)?;
    let stale = matches!(error, AppError::Stale { .. });
    let (status, faults) = show::faults(error);
    let faults = if stale { Faults::none() } else { faults.within("query.") };
    Err(Ok(Refused { status, query, typed: Typed { form: form.clone(), faults, stale } }))
}

/// The way back to the page of a part.
fn back(query: &Query, below: &str, done: Done) -> Response {
    show::go(&format!("/queries/{}/{below}", console::part(&query.spec.name)), Some(done))
}
