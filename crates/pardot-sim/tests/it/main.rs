//! The sandbox through its front door: raw HTTP in, snapshots out.
//!
//! Knows no type of the sandbox beyond its public handle.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall stop")]

mod fault;
mod http;
mod import;
mod limit;
mod login;
mod look;
mod matching;
mod sample;
