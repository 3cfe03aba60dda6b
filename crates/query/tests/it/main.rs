//! The query crate through its front door: SQL and files in, Results out.
//!
//! Knows the public API only.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]

mod files;
mod limits;
mod refusals;
mod results;
mod schemas;
mod td;
mod world;
