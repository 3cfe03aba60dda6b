//! The console: pages over the use cases, one module for each part of it.
//!
//! Knows which use case stands behind a page; how a page looks is `console`'s. A page is asked for with GET, changes come as
//! forms with POST and answer with a redirect, so that neither the back button nor a reload repeats them.

mod access;
mod activations;
mod audience;
mod connections;
mod files;
mod first_export;
mod home;
mod integrations;
mod jobs;
pub(crate) mod lost;
mod once;
mod parent_segments;
mod queries;
mod query_parts;
mod sandbox;
mod schedules;
mod segments;
mod settings;
pub(crate) mod show;
pub(crate) mod sitting;
mod tables;
mod told;
mod uploading;
mod yaml;

use axum::Router;
use axum::routing::{get, post};

pub(crate) use once::Onces;
pub(crate) use told::Told;

use crate::door::Door;

/// The pages and the files that they load.
pub(crate) fn routes() -> Router<Door> {
    Router::new()
        .route("/", get(home::front))
        .route("/sign-in", get(access::sign_in).post(access::sign_in_now))
        .route("/sign-out", post(access::sign_out))
        .route("/setup", get(access::setup).post(access::setup_now))
        .route("/assets/{name}", get(files::file))
        .merge(settings::routes())
        .merge(jobs::routes())
        .merge(queries::routes())
        .merge(tables::routes())
        .merge(schedules::routes())
        .merge(query_parts::routes())
        .merge(sandbox::routes())
        .merge(integrations::routes())
        .merge(first_export::routes())
        .merge(connections::routes())
        .merge(parent_segments::routes())
        .merge(segments::routes())
        .merge(activations::routes())
}
