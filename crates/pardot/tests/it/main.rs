//! The client against a scripted server: every reaction, over real sockets, with a clock that never waits.
//!
//! Knows the public interface only.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up should panic")]

mod allowance;
mod client;
mod server;
mod tokens;
