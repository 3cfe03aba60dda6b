//! Parent segments: tables as profiles, what joins do, refreshes, and the segments over them.

mod check;
mod definition;
mod document;
mod list;
mod page;

pub use check::{Checked, Joins};
pub use definition::{Definition, Known};
pub use document::{begun, edit, form_of, read, tables};
pub use list::ParentList;
pub use page::{Deletion, ParentPage, Profiles, Seen};
