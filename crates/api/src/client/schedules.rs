//! Schedules over HTTP: listed, paused, run for times that have passed, and crons explained.
//!
//! Knows the routes; writing a query's schedule is writing the query, which stands in `catalog`.

use reqwest::Method;

use super::catalog::PAGE;
use super::{Client, ClientError};
use crate::{Backfill, Backfilled, CronExplanation, CronRequest, Page, ScheduleView, Slot};

impl Client {
    /// Schedules by the name of their query; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`], as everywhere here.
    pub async fn schedules(&self, after: Option<&str>) -> Result<Page<ScheduleView>, ClientError> {
        self.wire.get(&["schedules"], &[("after", after), ("limit", Some(PAGE))]).await
    }

    /// The schedule of a query.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn schedule(&self, query: &str) -> Result<ScheduleView, ClientError> {
        self.wire.get(&["schedules", query], &[]).await
    }

    /// Keeps a schedule from firing until it is resumed.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn pause_schedule(&self, query: &str) -> Result<ScheduleView, ClientError> {
        self.wire.document(self.wire.request(Method::POST, &["schedules", query, "pause"], &[])).await
    }

    /// Lets a schedule that was paused or disabled fire again.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn resume_schedule(&self, query: &str) -> Result<ScheduleView, ClientError> {
        self.wire.document(self.wire.request(Method::POST, &["schedules", query, "resume"], &[])).await
    }

    /// Runs a query for scheduled times that have passed; one that has run is left alone, so it can be repeated.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn backfill(&self, query: &str, request: &Backfill) -> Result<Backfilled, ClientError> {
        self.wire.give(Method::POST, &["schedules", query, "backfill"], request).await
    }

    /// What became of a schedule's times, newest first; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn schedule_history(
        &self,
        query: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Slot>, ClientError> {
        let asked = [("after", after), ("limit", Some(&*limit.to_string()))];
        self.wire.get(&["schedules", query, "history"], &asked).await
    }

    /// What a cron means, and its next times.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn explain_cron(&self, request: &CronRequest) -> Result<CronExplanation, ClientError> {
        self.wire.give(Method::POST, &["cron", "explain"], request).await
    }
}
