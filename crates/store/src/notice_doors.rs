//! The doors to the outbox: what is due, what came of it, and pages of it for people.
//!
//! Knows which function answers; the SQL is `notice`'s. Notices enter by [`Store::apply`], with what they are about.

use crate::error::StoreError;
use crate::notice::{self, Notice, NoticeEnd, NoticeFilter, NoticeState};
use crate::store::Store;
use crate::writer::Write;

impl Store {
    /// At most `limit` notices that wait and are to be tried by `now` (seconds since 1970-01-01 UTC), those that have been
    /// due longest first.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn due_notices(&self, now: i64, limit: u32) -> Result<Vec<Notice>, StoreError> {
        self.read(async |connection| notice::due(connection, now, limit).await).await
    }

    /// When the next notice is to be tried, in seconds since 1970-01-01 UTC; it may have passed. None when none waits.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn next_notice(&self) -> Result<Option<i64>, StoreError> {
        self.read(async |connection| notice::next(connection).await).await
    }

    /// Keeps what came of one try to deliver a notice, and counts the try.
    ///
    /// # Errors
    /// No such notice; [`StoreError::Conflict`] when it was taken or given up before; disk full, database locked or
    /// damaged.
    pub async fn settle_notice(&self, id: &str, end: NoticeEnd) -> Result<(), StoreError> {
        self.write(Write::SettleNotice { id: id.to_owned(), end }).await.map(drop)
    }

    /// The notice of this id.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn notice(&self, id: &str) -> Result<Option<Notice>, StoreError> {
        self.read(async |connection| notice::find(connection, id).await).await
    }

    /// At most `limit` notices that fit the filter, newest first (by the time they were written, then by id), after the
    /// notice that the last page ended with.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn notices(
        &self,
        filter: &NoticeFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.read(async |connection| notice::page(connection, filter, after, limit).await).await
    }

    /// How many notices are in each state that any is in, in the order of a notice's life.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn count_notices_by_state(&self) -> Result<Vec<(NoticeState, u64)>, StoreError> {
        self.read(async |connection| notice::by_state(connection).await).await
    }
}
