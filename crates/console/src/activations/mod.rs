//! Activations: a segment bound to a connection, with what is sent of each profile, when, and who is told.

mod document;
mod form;
mod look;
mod mapping;
mod page;
#[cfg(test)]
mod tests;

pub use document::{begun, edit, form_of, read};
pub use form::{ActivationForm, Desk};
pub use look::Look;
pub use page::{ActivationPage, CopyPage, Seen};
