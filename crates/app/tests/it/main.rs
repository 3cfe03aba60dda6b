//! The use cases against a local Pardot: one process, a real store on a temporary folder, no binary.
//!
//! Nothing here waits for a time: a test follows a job until the job says that it has ended or waits.

mod approvals;
mod bench;
mod connections;
mod jobs;
mod schedules;
mod stops;
