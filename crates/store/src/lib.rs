//! The durable state in one SQLite file: jobs and their ledgers, saved documents, people, sealed secrets.
//!
//! Knows numbers, states, names and reasons: not Pardot, not HTTP, not when a job runs or who is told of it, and no value
//! of any row.
//!
//! # What is promised
//! * A write that returned is on disk: it survives a killed process and a power cut (`synchronous=FULL`).
//! * Changes that belong together happen together, with their line in the audit log ([`Store::apply`]).
//! * A scheduled time of a schedule has one slot, written in one transaction with the job that runs it: it never fires
//!   twice.
//! * A damaged file is refused with its name and what to do; it never counts as an empty one.
//! * A refused file stays as it was found, with all that lies beside it: nothing is written, made or removed but an empty
//!   `sluice.lock`. Two exceptions: an older file whose rows do not survive being brought up to date may have taken
//!   earlier steps of that and its write-ahead log in, and while another process has the directory open, its `-shm` is
//!   shared with it. The check trusts that no other program writes to the file meanwhile.
//! * An older file is brought up to date step by step; a file of a newer version is refused untouched.
//! * Secrets are sealed under a master key that is in neither the database nor a backup. With another key, the store is
//!   refused untouched. A rotation may be killed anywhere and goes on.
//! * A backup is of one moment, taken while others write; a restore proves it before it touches anything, and deletes
//!   nothing.
//!
//! # How it is promised
//! All writes of a [`Store`] pass through one task, which commits whatever is waiting in one transaction
//! (`writer`). Every row carries a seal over its columns (`column`), every commit a number; the highest number is
//! also noted beside the database, so that a cut write-ahead log shows as lost commits instead of passing for an
//! older state (`witness`). The definitions of tables and indexes are compared with those that the steps make (`layout`).
//! The SQL is portable to PostgreSQL except for what `schema`, `layout`, `file` and `check` name.

mod audit;
mod backup;
mod bring;
mod change;
mod check;
mod column;
mod document;
mod doors;
mod error;
mod fault;
mod file;
mod job;
mod job_doors;
mod job_kind;
mod job_row;
mod jobs;
mod kept;
mod key_file;
mod keys;
mod layout;
mod learned;
mod ledger;
mod lock;
mod log;
mod manifest;
mod notice;
mod notice_doors;
mod once;
mod outbox;
mod person;
mod prove;
mod reading;
mod restore;
mod rows;
mod schema;
mod sealed;
mod secret;
mod session;
mod slot;
mod slot_doors;
mod store;
#[cfg(test)]
mod tests;
mod token;
mod vault;
mod witness;
mod writer;

pub use audit::{AuditChain, AuditEntry, AuditLine};
pub use backup::{Backup, Include, backup};
pub use change::Change;
pub use document::Document;
pub use error::{LockError, OpenError, StoreError};
pub use job::{Job, JobSummary, NewJob};
pub use job_kind::{JobKind, Origin};
pub use jobs::JobFilter;
pub use keys::{KeyError, KeySource, new_master_key};
pub use ledger::{BatchReceipt, Ledger, LedgerCounts};
pub use lock::Lock;
pub use log::{LogLevel, LogLine};
pub use manifest::BackupError;
pub use notice::{NewNotice, Notice, NoticeChannel, NoticeEnd, NoticeFilter, NoticeState};
pub use once::{KEY_SECONDS, Once, Started};
pub use person::Person;
pub use restore::{Replace, Restored, restore};
pub use session::Session;
pub use slot::{Slot, SlotEnd};
pub use store::Store;
pub use token::ApiToken;
pub use vault::Progress;
