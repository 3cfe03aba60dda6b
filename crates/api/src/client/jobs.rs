//! Jobs over HTTP: started, listed, killed, continued.
//!
//! Knows the routes; the stream of a job's events stands in `events`, files in `transfer`.

use model::{JobState, Report};
use reqwest::Method;

use super::wire::with;
use super::{Client, ClientError};
use crate::{Job, LogLine, Page, RunRequest, StateCount};

/// Which jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobQuery {
    /// In one of these states; all when empty.
    pub states: Vec<JobState>,
    /// Of the query of this name.
    pub query: Option<String>,
    /// Of the activation of this name.
    pub activation: Option<String>,
    /// Refreshes of the parent segment of this name.
    pub parent_segment: Option<String>,
    /// Through the connection of this name.
    pub connection: Option<String>,
    /// Whose id begins so.
    pub search: Option<String>,
}

/// A job, and whether the key had started it before.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// The job.
    pub job: Job,
    /// The key was used before: it is the job of then.
    pub again: bool,
}

/// The header that makes a start that is repeated the same start.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

impl Client {
    /// Starts a job of a query; the same `key` within a day starts it once.
    ///
    /// # Errors
    /// See [`ClientError`], as everywhere here.
    pub async fn run_query(&self, query: &str, request: &RunRequest, key: &str) -> Result<Started, ClientError> {
        let call = self.wire.request(Method::POST, &["queries", query, "runs"], &[]).header(IDEMPOTENCY_KEY, key);
        let (status, job) = self.wire.status_and_document(with(call, request)).await?;
        Ok(Started { job, again: status == 200 })
    }

    /// Sends a job's stored result again, as a new job; the same `key` within a day starts it once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn reexport(&self, job: &str, key: &str) -> Result<Started, ClientError> {
        let call = self.wire.request(Method::POST, &["jobs", job, "reexport"], &[]).header(IDEMPOTENCY_KEY, key);
        let (status, job) = self.wire.status_and_document(call).await?;
        Ok(Started { job, again: status == 200 })
    }

    /// Jobs, newest first; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn jobs(&self, which: &JobQuery, after: Option<&str>, limit: u32) -> Result<Page<Job>, ClientError> {
        let states: Vec<&str> = which.states.iter().map(|state| state.name()).collect();
        let states = states.join(",");
        let query = [
            ("state", Some(states.as_str()).filter(|states| !states.is_empty())),
            ("query", which.query.as_deref()),
            ("activation", which.activation.as_deref()),
            ("parent_segment", which.parent_segment.as_deref()),
            ("connection", which.connection.as_deref()),
            ("search", which.search.as_deref()),
            ("after", after),
            ("limit", Some(&*limit.to_string())),
        ];
        self.wire.get(&["jobs"], &query).await
    }

    /// How many jobs are in each state.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn job_counts(&self) -> Result<Vec<StateCount>, ClientError> {
        self.wire.get(&["jobs", "counts"], &[]).await
    }

    /// One job.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn job(&self, id: &str) -> Result<Job, ClientError> {
        self.wire.get(&["jobs", id], &[]).await
    }

    /// Its report.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn report(&self, id: &str) -> Result<Report, ClientError> {
        self.wire.get(&["jobs", id, "report"], &[]).await
    }

    /// Stops a job at a checkpoint.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn kill_job(&self, id: &str) -> Result<Job, ClientError> {
        self.wire.document(self.wire.request(Method::POST, &["jobs", id, "kill"], &[])).await
    }

    /// Puts a job that stopped back into the queue.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn continue_job(&self, id: &str) -> Result<Job, ClientError> {
        self.wire.document(self.wire.request(Method::POST, &["jobs", id, "continue"], &[])).await
    }

    /// Forgets an ended job and its result.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_job(&self, id: &str) -> Result<(), ClientError> {
        self.delete(&["jobs", id]).await
    }

    /// Lines of a job's log after the given one; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn job_log(&self, id: &str, after: Option<&str>, limit: u32) -> Result<Page<LogLine>, ClientError> {
        self.wire.get(&["jobs", id, "log"], &[("after", after), ("limit", Some(&*limit.to_string()))]).await
    }
}
