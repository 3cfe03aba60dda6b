//! Jobs: lists of them, one of them, and what other pages show of one.
//!
//! Knows the documents of jobs and their words; which buttons are refused is the server's to say.

mod acts;
mod calls;
mod ends;
mod lasting;
mod line;
mod list;
mod log;
mod one;
mod rejected;
mod stages;
mod steps;

pub use ends::Ends;
pub use lasting::lasting;
pub use line::{JobLine, JobTable, LastJob, address_of, subject};
pub use list::{JobsPage, JobsPart, Listed};
pub use log::LogPage;
pub use one::{JobPage, JobPart, JobSeen, JobUpdate};
pub use rejected::{RejectedPage, RejectedRow};

#[cfg(test)]
mod tests;
