//! The pure rules against what was worked out elsewhere.
//!
//! Knows the crate's public names alone.

mod cron;
