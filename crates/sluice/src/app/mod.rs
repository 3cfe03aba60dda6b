//! The use cases: what can be done with connections, queries and jobs, whoever asks.
//!
//! Knows neither arguments nor screens: it tells a watcher what happens and returns what came of it.

pub(crate) mod clock;
pub(crate) mod connection;
pub(crate) mod document;
pub(crate) mod export;
pub(crate) mod inspect;
pub(crate) mod job;
pub(crate) mod ledger;
pub(crate) mod number;
pub(crate) mod rejects;
pub(crate) mod stop;
