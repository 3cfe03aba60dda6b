//! The time functions of Treasure Data's SQL, `TD_…`, so that queries written there work here.
//!
//! Knows times, zones and how a function reads its arguments: not tables, queries, or who set the scheduled time.
//!
//! Sources: the pages "TD Functions" of Treasure Data's documentation, and for the grammar of `TD_INTERVAL` the rules of
//! `TimeWindow` in the open-source library airframe, from which that function was made. What differs is in
//! `docs/sql-functions.md`.

mod duration;
mod function;
mod interval;
mod mistake;
mod moment;
mod pattern;
mod read;
mod signature;
mod unit;
mod zone;

pub(crate) use function::functions;
pub(crate) use mistake::Mistake;
pub(crate) use signature::Function;

#[cfg(test)]
mod tests;
