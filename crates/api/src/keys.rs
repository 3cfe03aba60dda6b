//! The master key's rotation, as it is answered.
//!
//! Knows no key.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A rotation that came to its end: every sealed secret is wrapped by a new master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeysRotated {
    /// Secrets that were wrapped anew.
    pub secrets: u64,
}
