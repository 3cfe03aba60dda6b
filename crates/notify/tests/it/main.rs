//! Notices from outside: how they read, and how they reach a mail server that plays a part.
//!
//! Knows the crate's door only. Every server listens on a port of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

mod postbox;
mod rendering;
mod sending;
