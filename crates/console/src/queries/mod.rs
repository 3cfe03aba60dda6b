//! Data Workbench: queries.
//!
//! Knows how a query is shown and written; what its SQL means is the engine's.

mod beside;
mod form;
mod list;
mod page;
mod said;
mod tabs;

pub use beside::{Beside, Names};
pub use form::{changed, read};
pub use list::QueryList;
pub use page::{Asks, Bench, QueryPage, Typed};
pub use said::{exported, scheduled, told};
pub use tabs::{Tab, Tabs};
