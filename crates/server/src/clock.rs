//! How much time has passed, in one place.
//!
//! Everything else is given its time.

use std::time::Instant;

/// A point in time to measure from.
pub(crate) fn now() -> Instant {
    Instant::now()
}
