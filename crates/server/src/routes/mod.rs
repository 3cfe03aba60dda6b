//! The routes, in the order of the documentation.
//!
//! Knows nothing itself.

mod approvals;
mod catalog;
mod connections;
mod job_files;
mod job_page;
mod jobs;
mod keeping;
mod keys;
mod notices;
mod people;
mod queries;
mod router;
mod schedules;
mod sessions;
mod setup;
mod tables;
mod tokens;

pub use router::router;
pub(crate) use router::{api, with_stop};
