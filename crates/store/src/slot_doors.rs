//! The doors to slots. They are read here; every change goes through [`Store::apply`] or a job's beginning.
//!
//! Knows which function answers; the SQL is `slot`'s.

use crate::error::StoreError;
use crate::slot::{self, Slot};
use crate::store::Store;

impl Store {
    /// At most `limit` slots of a schedule, newest first; with `before`, only those scheduled before it (seconds since
    /// 1970-01-01 UTC).
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn slots(&self, schedule: &str, before: Option<i64>, limit: u32) -> Result<Vec<Slot>, StoreError> {
        self.read(async |connection| slot::page(connection, schedule, before, limit).await).await
    }

    /// All slots of a schedule that are scheduled from `from` on and before `until` (seconds since 1970-01-01 UTC), oldest
    /// first.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn slots_between(&self, schedule: &str, from: i64, until: i64) -> Result<Vec<Slot>, StoreError> {
        self.read(async |connection| slot::between(connection, schedule, from, until).await).await
    }

    /// The slot with the latest scheduled time of each of these schedules, where one has any; in no order.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn newest_slots_of(&self, schedules: &[String]) -> Result<Vec<Slot>, StoreError> {
        self.read(async |connection| slot::newest_of(connection, schedules).await).await
    }
}
