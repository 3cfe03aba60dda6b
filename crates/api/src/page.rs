//! One page of a longer list.
//!
//! Knows nothing of what is listed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list. `next` goes back as `?after=` for the page that follows; the last page has none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The things of this page, in the order of the list.
    pub items: Vec<T>,
    /// Where the next page begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A list that is complete as it is.
    pub fn all(items: Vec<T>) -> Page<T> {
        Page { items, next: None }
    }
}
