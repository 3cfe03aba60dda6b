//! What people see in a browser: documents as pages, forms as documents.
//!
//! Pure: takes the documents of `api` and gives HTML, takes what a form sends and gives documents back. Knows neither HTTP
//! nor use cases; the server asks the use cases and shows what is said here. Everything from outside is text: the
//! templates escape it, and no page has a script or a style of its own beside the embedded files.

mod address;
mod asset;
mod chrome;
mod copied;
mod faults;
mod field;
mod form;
mod frame;
mod link;
mod newer;
mod query_parts;
mod rows;
#[cfg(test)]
mod sent;
mod when;
mod words;
mod zones;

pub mod access;
pub mod activations;
pub mod administration;
pub mod calendar;
pub mod connections;
pub mod first_export;
pub mod home;
pub mod integrations;
pub mod jobs;
pub mod notify;
pub mod parent_segments;
pub mod queries;
pub mod query_export;
pub mod query_notify;
pub mod query_schedule;
pub mod sandbox;
pub mod schedule;
pub mod segments;
pub mod settings;
pub mod tables;

pub use address::part;
pub use asset::{ASSETS, Asset, asset};
pub use chrome::{Chrome, Done, Section};
pub use copied::Copied;
pub use faults::Faults;
pub use field::{Choice, Control, Field};
pub use form::{Form, Reading};
pub use frame::{Refused, Wall};
pub use newer::{Newer, expected};
pub use query_parts::Typed;
pub use rows::Rows;
pub use words::{Badge, Moment, distance, moment, plural, sentence, state_mark, state_words};
