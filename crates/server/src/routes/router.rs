//! All routes put together, each behind what holds for every answer.
//!
//! Knows the list; each route is its own module's.

use app::App;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::get;
use tokio::sync::watch;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::around::around;
use crate::config::ServerConfig;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::routes::{
    activations, approvals, catalog, connections, job_files, jobs, keeping, keys, notices, parent_segments, people,
    queries, schedules, segments, sessions, setup, tables, tokens,
};
use crate::{openapi, screens};

/// The server without its listener, for callers inside the process. Streams of events end with their job only.
pub fn router(app: App, config: ServerConfig) -> Router {
    let (_never, ended) = watch::channel(false);
    with_stop(app, config, ended)
}

/// The server without its listener; its streams end when `ended` says so.
pub(crate) fn with_stop(app: App, config: ServerConfig, ended: watch::Receiver<bool>) -> Router {
    let door = Door::new(app, config, ended);
    let (api, _) = OpenApiRouter::new().nest(openapi::ROOT, api()).split_for_parts();
    Router::new()
        .route("/oauth/callback", get(approvals::callback))
        .route("/healthz", get(keeping::alive))
        .route("/readyz", get(keeping::ready))
        .route("/metrics", get(keeping::meters))
        .route("/api/v1/openapi.json", get(openapi::document))
        .merge(api)
        .merge(named_like_routes())
        .merge(screens::routes())
        .fallback(async || Refusal::of_status(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || Refusal::of_status(StatusCode::METHOD_NOT_ALLOWED))
        // Every body has its limit where it is read.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(door.clone(), around))
        .with_state(door)
}

/// What somebody called by the last word of a route is there too.
fn named_like_routes() -> Router<Door> {
    use {activations as a, parent_segments as p, segments as s};
    let api = Router::new()
        .route("/parent-segments/check", get(p::read).put(p::put).delete(p::delete))
        .route("/segments/try", get(s::read).put(s::put).delete(s::delete))
        .route("/activations/try", get(a::read).put(a::put).delete(a::delete));
    Router::new().nest(openapi::ROOT, api)
}

/// The routes of the API with their part of the OpenAPI document.
pub(crate) fn api() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(setup::state, setup::claim))
        .routes(routes!(sessions::open, sessions::close))
        .routes(routes!(sessions::me))
        .routes(routes!(sessions::change_password))
        .routes(routes!(people::list, people::add))
        .routes(routes!(people::change, people::remove))
        .routes(routes!(tokens::list, tokens::make))
        .routes(routes!(tokens::revoke))
        .routes(routes!(people::audit))
        .routes(routes!(keys::rotate))
        .routes(routes!(catalog::settings))
        .routes(routes!(catalog::fields))
        .routes(routes!(connections::list, connections::create))
        .routes(routes!(connections::read, connections::put, connections::delete))
        .routes(routes!(connections::test))
        .routes(routes!(connections::authorize))
        .routes(routes!(connections::account))
        .routes(routes!(tables::list))
        .routes(routes!(tables::read, tables::put, tables::delete))
        .routes(routes!(tables::upload))
        .routes(routes!(tables::preview))
        .routes(routes!(queries::list, queries::create))
        .routes(routes!(queries::read, queries::put, queries::delete))
        .routes(routes!(queries::run))
        .routes(routes!(queries::preview))
        .merge(audiences())
        .routes(routes!(schedules::list))
        .routes(routes!(schedules::read))
        .routes(routes!(schedules::pause))
        .routes(routes!(schedules::resume))
        .routes(routes!(schedules::backfill))
        .routes(routes!(schedules::history))
        .routes(routes!(schedules::explain))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::counts))
        .routes(routes!(jobs::read, jobs::delete))
        .routes(routes!(jobs::report))
        .routes(routes!(jobs::kill))
        .routes(routes!(jobs::resume))
        .routes(routes!(jobs::reexport))
        .routes(routes!(jobs::retry))
        .routes(routes!(jobs::log))
        .routes(routes!(jobs::events))
        .routes(routes!(job_files::result))
        .routes(routes!(job_files::rejected))
        .routes(routes!(job_files::receipts))
        .routes(routes!(notices::default, notices::put_default))
        .routes(routes!(notices::test))
        .routes(routes!(notices::list))
        .routes(routes!(notices::webhooks, notices::create_webhook))
        .routes(routes!(notices::webhook, notices::put_webhook, notices::delete_webhook))
}

/// Parent segments, segments and activations.
fn audiences() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(parent_segments::list, parent_segments::create))
        .routes(routes!(parent_segments::read, parent_segments::put, parent_segments::delete))
        .routes(routes!(parent_segments::refresh))
        .routes(routes!(parent_segments::check))
        .routes(routes!(parent_segments::preview))
        .routes(routes!(segments::list, segments::create))
        .routes(routes!(segments::read, segments::put, segments::delete))
        .routes(routes!(segments::look))
        .routes(routes!(segments::look_at))
        .routes(routes!(segments::sql))
        .routes(routes!(activations::list, activations::create))
        .routes(routes!(activations::read, activations::put, activations::delete))
        .routes(routes!(activations::look))
        .routes(routes!(activations::run))
        .routes(routes!(activations::enable))
        .routes(routes!(activations::disable))
        .routes(routes!(activations::copy))
}
