//! Integrations Hub: connections, which the manual calls authentications.
//!
//! Knows which fields go with which choice, and no secret: what was typed as one goes into a document and never back.

mod form;
mod list;
mod shown;
mod words;

pub use form::{Around, ConnectionForm, completed, dropped, filled, spec};
pub use list::Connections;
pub use shown::{ConnectionDeletion, ConnectionPage};
