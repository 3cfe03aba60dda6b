//! The routes, in the order of the documentation.
//!
//! Knows nothing itself.

mod activations;
pub(crate) mod approvals;
mod catalog;
mod connections;
pub(crate) mod job_files;
mod jobs;
mod keeping;
mod keys;
mod notices;
mod parent_segments;
mod people;
mod queries;
mod router;
mod schedules;
mod segments;
mod sessions;
mod setup;
mod tables;
mod tokens;

pub use router::router;
pub(crate) use router::{api, with_stop};
