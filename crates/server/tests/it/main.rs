//! The doors from outside: a whole server over a data directory of its own, asked through its router or a socket.
//!
//! Knows the API only; what a job does at Pardot is tested with the binary.

#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod activations;
mod answers;
mod approvals;
mod audience;
mod audiences;
mod browser;
mod document;
mod events;
mod house;
mod job_page;
mod limits;
mod notices;
mod opening;
mod parent_segments;
mod schedules;
mod segments;
mod tls;
