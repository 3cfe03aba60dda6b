//! The use cases against a local Pardot: one process, a real store on a temporary folder, no binary.
//!
//! Nothing here waits for a time: a test follows a job until the job says that it has ended or waits.

mod activations;
mod approvals;
mod audiences;
mod bench;
mod clocks;
mod connections;
mod disabled;
mod evaluator;
mod jobs;
mod killed;
mod lists;
mod midnight;
mod notices;
mod outbox;
mod outside;
mod people;
mod quota;
mod refresh_killed;
mod schedules;
mod segments;
mod segments_agree;
mod snapshots_sql;
mod stops;
mod timed;
mod timetables;
mod webhooks;
mod windows;
mod year;
