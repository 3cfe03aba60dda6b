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
mod limits;
mod notices;
mod opening;
mod parent_segments;
mod schedules;
mod screens_access;
mod screens_again;
mod screens_audience;
mod screens_connections;
mod screens_export;
mod screens_home;
mod screens_jobs;
mod screens_queries;
mod screens_schedules;
mod screens_settings;
mod screens_tables;
mod segments;
mod sheet;
mod tls;
