//! The use cases against a local Pardot: one process, a real store on a temporary folder, no binary.
//!
//! Nothing here waits for a time: a test follows a job until the job says that it has ended or waits.

mod approvals;
mod bench;
mod clocks;
mod connections;
mod disabled;
mod jobs;
mod killed;
mod midnight;
mod notices;
mod outbox;
mod outside;
mod quota;
mod schedules;
mod stops;
mod timed;
mod timetables;
mod webhooks;
mod year;
