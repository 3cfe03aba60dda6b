//! Segments: a rule over the profiles of a parent segment, edited as groups of conditions, counted while it is edited.
//!
//! A rule's JSON goes through the form without loss: what the fields cannot say is edited as JSON in its place.

mod columns;
mod condition;
mod count;
mod editor;
mod moment;
mod operator;
mod page;
mod rule;
mod test;
#[cfg(test)]
mod tests;

pub use columns::{Columns, words};
pub use count::Count;
pub use editor::{Editor, Other};
pub use page::{About, Saved, SegmentPage, Viewed, begun, form_of, read};
pub use rule::{begin, edit};
