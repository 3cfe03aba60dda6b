//! The durable state in one SQLite file: jobs, their batches and their rejected rows.
//!
//! Knows numbers, states and reasons: not Pardot, not HTTP, not when a job runs, and no value of any row.
//!
//! # What is promised
//! * A write that returned is on disk: it survives a killed process and a power cut (`synchronous=FULL`).
//! * A damaged file is refused with its name and what to do; it never counts as an empty one.
//! * An older file is brought up to date step by step; a file of a newer version is refused untouched.
//!
//! # How it is promised
//! All writes of a [`Store`] pass through one task, which commits whatever is waiting in one transaction
//! (`writer`). Every row carries a seal over its columns (`column`), every commit a number; the highest number is
//! also noted beside the database, so that a cut write-ahead log shows as lost commits instead of passing for an
//! older state (`witness`). The SQL is portable to PostgreSQL except for what `schema` and `file` name.

mod column;
mod error;
mod file;
mod job;
mod ledger;
mod lock;
mod rows;
mod schema;
mod store;
#[cfg(test)]
mod tests;
mod witness;
mod writer;

pub use error::{LockError, OpenError, StoreError};
pub use job::{Job, NewJob};
pub use ledger::{Ledger, LedgerCounts};
pub use lock::Lock;
pub use store::Store;
