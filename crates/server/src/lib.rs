//! The HTTP doors of Sluice: the REST API over the use cases of `app`, with people, tokens and limits.
//!
//! Knows HTTP; decides nothing about exports and never touches the store.
//!
//! A request passes, in this order: the listener's limits (`serve`), what holds for every answer (`around`), whose
//! names it may use (`host`), who asks (`caller`) and from which page (`origin`), how often (`rate`), and then its route.
//! The routes and the OpenAPI document are one list (`routes`, `openapi`).

mod address;
mod around;
mod body;
mod caller;
mod clock;
mod config;
mod cookie;
mod door;
mod host;
mod meters;
mod openapi;
mod origin;
mod presence;
mod rate;
mod refusal;
mod request;
mod routes;
pub mod sandbox;
mod screens;
mod serve;
mod tls;
mod visitor;

pub use config::{ServerConfig, TlsFiles, check_exposure};
pub use openapi::openapi;
pub use routes::router;
pub use sandbox::Sandbox;
pub use serve::{ServeError, serve};
pub use visitor::Peer;
