//! What a person looks at beside a job itself: what it was made of, and what came of it later.
//!
//! Knows what is kept with a job; how it is shown is the caller's.

use api::{Job, Scope};
use serde_json::Value;

use crate::{Actor, App, AppError};

/// Jobs that are told of one whose rows were sent again.
const MOST: u32 = 20;

/// What a job was made of. The query may have been changed since.
#[derive(Debug, Clone, PartialEq)]
pub struct JobMaking {
    /// Its SQL.
    pub sql: String,
    /// Its settings as they were written; none when it sends nothing.
    pub settings: Option<Value>,
}

impl App {
    /// What a job was made of.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn job_making(&self, actor: &Actor, id: &str) -> Result<JobMaking, AppError> {
        actor.require(Scope::Read)?;
        let mut job = self.find_job(id).await?;
        let settings = job.request.get_mut("settings").map(Value::take);
        let settings = settings.filter(|settings| settings.as_object().is_some_and(|settings| !settings.is_empty()));
        Ok(JobMaking { sql: self.0.discreet.text(&job.sql), settings })
    }

    /// The newest of the jobs that send rows of this one again, newest first.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn jobs_from(&self, actor: &Actor, id: &str) -> Result<Vec<Job>, AppError> {
        actor.require(Scope::Read)?;
        let job = self.find_job(id).await?;
        // None of them is older, and all are of the same query: both keep the search short.
        let filter = store::JobFilter {
            query: job.query,
            parent: Some(job.id),
            created_from: Some(job.created),
            ..store::JobFilter::default()
        };
        self.job_views(self.0.store.jobs_page(&filter, None, MOST).await?).await
    }
}
