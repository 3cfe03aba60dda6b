//! The doors to the outbox: what is due, who tries it, what came of it, and pages of it for people.
//!
//! Knows which function answers; the SQL is `notice`'s and `outbox`'s. Notices enter by [`Store::apply`], with what they are about.

use crate::error::StoreError;
use crate::notice::{self, Notice, NoticeChannel, NoticeEnd, NoticeFilter, NoticeState};
use crate::outbox;
use crate::store::Store;
use crate::writer::Write;

impl Store {
    /// At most `limit` notices of a channel that wait and are to be tried by `now` (seconds since 1970-01-01 UTC), those that
    /// have been due longest first. Those for the targets `but` are passed over.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn due_notices(
        &self,
        channel: NoticeChannel,
        now: i64,
        but: &[String],
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.read(async |connection| outbox::due(connection, channel, now, but, limit).await).await
    }

    /// At most `limit` notices of a channel that were written before `before` (seconds since 1970-01-01 UTC) and wait, due or
    /// not, the oldest first; `target`: for this one alone.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn waiting_notices(
        &self,
        channel: NoticeChannel,
        target: Option<&str>,
        before: i64,
        limit: u32,
    ) -> Result<Vec<Notice>, StoreError> {
        self.read(async |connection| outbox::waiting(connection, channel, target, before, limit).await).await
    }

    /// Counts a try to deliver a notice before it begins, and keeps when the next one is (seconds since 1970-01-01 UTC),
    /// should nothing be heard of this one. So a notice whose end cannot be kept is not sent again at once.
    ///
    /// # Errors
    /// No such notice; [`StoreError::Conflict`] when it was taken or given up before; disk full, database locked or
    /// damaged. It is not to be sent then.
    pub async fn claim_notice(&self, id: &str, next: i64) -> Result<(), StoreError> {
        self.write(Write::ClaimNotice { id: id.to_owned(), next }).await.map(drop)
    }

    /// Keeps what came of the try that [`Store::claim_notice`] counted, or gives a notice up without one.
    ///
    /// # Errors
    /// No such notice; [`StoreError::Conflict`] when it was taken or given up before; disk full, database locked or
    /// damaged.
    pub async fn settle_notice(&self, id: &str, end: NoticeEnd) -> Result<(), StoreError> {
        self.write(Write::SettleNotice { id: id.to_owned(), end }).await.map(drop)
    }

    /// Makes notices due at `now` (seconds since 1970-01-01 UTC) that a clock that was ahead put off: those never tried and
    /// not due yet, and those whose next try is more than `longest` seconds ahead. Returns how many.
    ///
    /// # Errors
    /// Disk full, database locked or damaged. Those made due until then stay so.
    pub async fn pull_notices(&self, now: i64, longest: i64) -> Result<u64, StoreError> {
        self.sweep_all(|most| Write::PullNotices { now, longest, most }).await
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
