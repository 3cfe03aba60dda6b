//! Schedules over HTTP: listed, paused, run for times that have passed, and crons explained.
//!
//! Knows the routes; a schedule is written with the query, the activation or the parent segment that it runs.

use reqwest::Method;

use super::catalog::PAGE;
use super::wire::with;
use super::{Client, ClientError};
use crate::{Backfill, Backfilled, CronExplanation, CronRequest, Page, ScheduleView, Scheduled, Slot};

/// What a schedule runs, as the address has it.
fn of(scheduled: Scheduled) -> (&'static str, Option<&'static str>) {
    let word = match scheduled {
        // As it is when nobody says.
        Scheduled::Query => None,
        Scheduled::Activation => Some("activation"),
        Scheduled::ParentSegment => Some("parent_segment"),
    };
    ("of", word)
}

impl Client {
    /// Schedules of queries, of activations and of parent segments, each by name; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`], as everywhere here.
    pub async fn schedules(&self, after: Option<&str>) -> Result<Page<ScheduleView>, ClientError> {
        self.wire.get(&["schedules"], &[("after", after), ("limit", Some(PAGE))]).await
    }

    /// The schedule of a query, an activation or a parent segment.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn schedule(&self, scheduled: Scheduled, name: &str) -> Result<ScheduleView, ClientError> {
        self.wire.get(&["schedules", name], &[of(scheduled)]).await
    }

    /// Keeps a schedule from firing until it is resumed.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn pause_schedule(&self, scheduled: Scheduled, name: &str) -> Result<ScheduleView, ClientError> {
        let call = self.wire.request(Method::POST, &["schedules", name, "pause"], &[of(scheduled)]);
        self.wire.document(call).await
    }

    /// Lets a schedule that was paused or disabled fire again.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn resume_schedule(&self, scheduled: Scheduled, name: &str) -> Result<ScheduleView, ClientError> {
        let call = self.wire.request(Method::POST, &["schedules", name, "resume"], &[of(scheduled)]);
        self.wire.document(call).await
    }

    /// Runs it for scheduled times that have passed; one that has run is left alone, so it can be repeated.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn backfill(
        &self,
        scheduled: Scheduled,
        name: &str,
        request: &Backfill,
    ) -> Result<Backfilled, ClientError> {
        let call = self.wire.request(Method::POST, &["schedules", name, "backfill"], &[of(scheduled)]);
        self.wire.document(with(call, request)).await
    }

    /// What became of a schedule's times, newest first; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn schedule_history(
        &self,
        scheduled: Scheduled,
        name: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Slot>, ClientError> {
        let asked = [of(scheduled), ("after", after), ("limit", Some(&*limit.to_string()))];
        self.wire.get(&["schedules", name, "history"], &asked).await
    }

    /// What a cron means, and its next times.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn explain_cron(&self, request: &CronRequest) -> Result<CronExplanation, ClientError> {
        self.wire.give(Method::POST, &["cron", "explain"], request).await
    }
}
