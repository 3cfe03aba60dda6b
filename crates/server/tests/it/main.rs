//! The doors from outside: a whole server over a data directory of its own, asked through its router or a socket.
//!
//! Knows the API only; what a job does at Pardot is tested with the binary.

#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod answers;
mod approvals;
mod browser;
mod document;
mod events;
mod house;
mod job_page;
mod limits;
mod notices;
mod opening;
mod schedules;
mod tls;
