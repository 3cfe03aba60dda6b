//! Pardot in types and a client: authorise, call, retry, explain failures.
//!
//! A call is a value ([`Request`]) that is built and read without a network, and sent by a [`Client`] that knows Pardot's
//! limits. Knows nothing about where records come from, what a job is, how settings are called, or what is stored. Without
//! the feature `client` only the types are here: identifiers, hosts, error codes, fields, numbers of calls.

pub mod code;
mod count;
pub mod field;
mod host;
mod id;

pub use count::{Counts, Grouped, Usage};
pub use host::{AllowedHosts, Host, HostError};
pub use id::{ApiVersion, BusinessUnitId, IdError, ListId, ProspectId};

#[cfg(feature = "client")]
pub mod account;
#[cfg(feature = "client")]
mod answer;
#[cfg(feature = "client")]
pub mod batch;
#[cfg(feature = "client")]
mod encode;
#[cfg(feature = "client")]
pub mod membership;
#[cfg(feature = "client")]
pub mod prospect;
#[cfg(feature = "client")]
mod request;

#[cfg(feature = "client")]
mod allowance;
#[cfg(feature = "client")]
mod call_error;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
mod clock;
#[cfg(feature = "client")]
mod grant;
#[cfg(feature = "client")]
mod limiter;
#[cfg(feature = "client")]
pub mod oauth;
#[cfg(feature = "client")]
mod retry;
#[cfg(feature = "client")]
mod shortage;
#[cfg(feature = "client")]
mod token;
#[cfg(feature = "client")]
mod wire;

#[cfg(feature = "client")]
pub use {
    allowance::{Allowance, Claim},
    call_error::CallError,
    client::{Client, ClientParts},
    clock::{Clock, SystemClock},
    grant::{ConnectedApp, Grant, GrantError, GrantKeeper},
    limiter::Limiter,
    request::{Body, HttpCall, Method, Reading, Refusal, Repeat, Request, Response},
    retry::RetryPolicy,
    shortage::Shortage,
    token::Tokens,
    wire::BuildError,
};
