//! The config of a server: where each value comes from, and what they mean together.
//!
//! Flags win over the environment, the environment over the file, the file over the defaults. No secret in here can be
//! printed.

mod catalog;
mod notices;
mod operator;
mod source;
#[cfg(test)]
mod tests;

pub(crate) use catalog::{CONFIG, Entry, Kind};
pub(crate) use operator::{LogFormat, Operator, absent, redirect_uri};
pub(crate) use source::{Content, Effective, Source, Sources};
