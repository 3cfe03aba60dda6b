//! The product through its front door: the real program as a child process against the sandbox, judged by what the
//! sandbox holds and counted.
//!
//! Knows no crate of ours but the sandbox: what is not visible from outside is not asserted here.

mod browser;
mod chaos;
mod contacts;
mod cron;
mod delivery;
mod exits;
mod harness;
mod inputs;
mod kill;
mod leaks;
mod memberships;
mod oauth;
mod parameters;
mod rejects;
mod review;
mod server;
mod server_audience;
mod server_cli;
mod server_crash;
mod server_doors;
mod server_first;
mod server_leaks;
mod server_project;
mod server_refusals;
mod server_sandbox;
mod server_schedules;
mod server_upkeep;
