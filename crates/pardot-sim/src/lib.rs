//! A local Pardot and Salesforce login with the same paths, refusals and limits.
//!
//! Knows only what is published about the API, and nothing of any client: a client that misreads Pardot shall fail here.
//!
//! [`Sandbox::start`] listens on one loopback port for both hosts: `/services/oauth2/...` is the login, `/api/...` is
//! Pardot (versions 3, 4 and 5), `/control/...` shows and steers the sandbox. The state can be inspected and compared,
//! faults can be scripted or drawn from a seed, and the clock can be moved.

mod admission;
mod answer;
mod clock;
mod config;
mod control;
mod falsehood;
mod fault;
mod field;
mod gate;
mod import;
mod import_row;
mod journal;
mod legacy;
mod look;
mod oauth;
mod record;
mod refusal;
mod request;
mod sandbox;
mod seed;
mod server;
mod state;
mod strike;
mod tenant;
mod v5;
mod wire;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use config::{BusinessUnit, Config, ImportSettings, Knobs, OAuthSettings, UriOverflow};
pub use fault::{FalseBody, Fault, FaultKind, Framing, RowMatch, Times, When};
pub use journal::{Counters, JournalEntry};
pub use look::{ListView, Search};
pub use sandbox::{Connection, MembershipView, Sandbox};
pub use seed::SeedError;

/// Locks, also after a panic elsewhere: a sandbox goes on.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
