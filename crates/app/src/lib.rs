//! The use cases: what can be done with connections, tables, queries and jobs, whoever asks.
//!
//! Knows neither arguments, nor screens, nor HTTP: it takes and gives the documents of `api`, tells a watcher what happens,
//! and says what went wrong for people. The server's handlers and the command line call it; nobody else calls the store.

pub mod clock;
pub mod connection;
pub mod document;
pub mod export;
pub mod inspect;
pub mod job;
pub mod ledger;
pub mod number;
pub mod rejects;
pub mod stop;
pub mod upkeep;

mod account;
mod actor;
mod app;
mod attempts;
mod audit;
mod authorize;
mod backfill;
mod config;
mod connections;
mod digest;
mod discreet;
mod downloads;
mod draft;
mod enqueue;
mod error;
mod fields;
mod figures;
#[cfg(test)]
mod fixture;
mod forecast;
mod grants;
mod idle;
mod jobs;
mod judge;
mod live;
mod loops;
mod measure;
mod names;
mod notices;
mod notifications;
mod outbox;
mod password;
mod people;
mod previews;
mod queries;
mod receipts;
mod retention;
mod retry;
mod roots;
mod scheduler;
mod schedules;
mod sessions;
mod setup;
mod sheet;
mod tables;
mod tell;
mod timetable;
mod tokens;
mod units;
mod uploads;
mod watch;
mod webhooks;
mod words;
mod work;
mod worker;

pub use actor::Actor;
pub use app::{App, Mode, STOP_PATIENCE, StartError};
pub use authorize::{Approved, CallbackError};
pub use clock::Clock;
pub use config::{Config, DefaultApp};
pub use downloads::{Download, Form, What};
pub use error::AppError;
pub use fields::prospect_fields;
pub use figures::Figures;
pub use jobs::JobFilter;
pub use notices::NoticeFilter;
pub use sessions::{Opened, SESSION_ABSOLUTE, SESSION_IDLE};
pub use tables::Upload;
pub use watch::JobWatch;
