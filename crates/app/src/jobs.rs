//! Jobs: listed, shown, killed, continued.
//!
//! Knows what people are told about a job; the worker runs it.

use std::collections::HashMap;
use std::sync::Arc;

use api::{Cause, Job, JobKind, Origin, Page, Scheduled, Scope, StateCount};
use model::{JobId, JobState, Problem, Report, StopCause, Tally};
use pardot::Tokens;
use serde_json::json;
use store::{Change, JobSummary, StoreError};

use crate::forecast;
use crate::live::LiveJob;
use crate::names;
use crate::owners::owner_of;
use crate::words::{self, Said};
use crate::worker::kill_wish;
use crate::{Actor, App, AppError};

/// Which jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
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

impl App {
    /// Jobs, newest first; `after` is the id that ended the page before.
    ///
    /// # Errors
    /// A query or connection of the filter does not exist; see [`AppError`].
    pub async fn jobs(
        &self,
        actor: &Actor,
        filter: &JobFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Job>, AppError> {
        actor.require(Scope::Read)?;
        let query = self.asked_owner(filter).await?;
        let connection = match &filter.connection {
            Some(name) => Some(self.connection_document(name).await?.id),
            None => None,
        };
        let filter = store::JobFilter {
            states: filter.states.clone(),
            query,
            connection,
            search: filter.search.clone(),
            ..store::JobFilter::default()
        };
        let after = match after {
            Some(after) => Some(self.cursor(after).await?),
            None => None,
        };
        let found = self.0.store.jobs_page(&filter, after.as_ref(), limit).await?;
        let full = found.len() as u64 >= u64::from(limit);
        let next = found.last().filter(|_| full).map(|job| job.id.to_string());
        Ok(Page { items: self.job_views(found).await?, next })
    }

    /// The job that a page goes on after. One that was deleted meanwhile still says where it stood: its id has the time.
    async fn cursor(&self, after: &str) -> Result<JobId, AppError> {
        let wrong = || Problem::at("after", "is not the next of a page of jobs").hint("begin without after");
        let id: JobId = after.parse().map_err(|_| wrong())?;
        let now = u64::try_from(self.now()).unwrap_or_default();
        if made_until(&id, now) || self.0.store.job(&id).await?.is_some() { Ok(id) } else { Err(wrong().into()) }
    }

    /// How many jobs are in each state.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn job_counts(&self, actor: &Actor) -> Result<Vec<StateCount>, AppError> {
        actor.require(Scope::Read)?;
        let counts = self.0.store.count_jobs_by_state().await?;
        Ok(counts.into_iter().map(|(state, jobs)| StateCount { state, jobs }).collect())
    }

    /// One job.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn job(&self, actor: &Actor, id: &str) -> Result<Job, AppError> {
        actor.require(Scope::Read)?;
        let id = parse(id)?;
        self.job_by_id(&id).await
    }

    /// Its report.
    ///
    /// # Errors
    /// It has none yet; see [`AppError`].
    pub async fn report(&self, actor: &Actor, id: &str) -> Result<Report, AppError> {
        actor.require(Scope::Read)?;
        let job = self.find_job(id).await?;
        let mut report = job.report.ok_or_else(|| AppError::Conflict {
            message: format!("job {} has no report yet", job.id),
            hint: Some("it is written when the job ends or pauses".into()),
        })?;
        report.cause = report.cause.map(|cause| self.0.discreet.cause(&cause));
        Ok(report)
    }

    /// Stops a job at a checkpoint: what is under way ends, the rest stays unsent and can be continued.
    ///
    /// # Errors
    /// It has ended already, or is not this server's; see [`AppError`].
    pub async fn kill_job(&self, actor: &Actor, id: &str) -> Result<Job, AppError> {
        actor.require(Scope::Run)?;
        let _queue = self.0.queue.lock().await;
        let job = self.own_job(id).await?;
        if !job.state.is_open() {
            return Err(AppError::Conflict { message: format!("job {} has ended: {}", job.id, job.state), hint: None });
        }
        let audit = actor.audit("job.kill", job.id.as_str(), json!({}));
        match self.0.live.find(&job.id) {
            Some(live) => {
                // Kept first: a person who was told yes is not disappointed by a crash.
                let wish = Change::PutValue { name: kill_wish(&job.id), value: Some(json!(true)) };
                self.0.store.apply(vec![audit, wish]).await?;
                live.kill();
            }
            None => {
                let cause =
                    StopCause { message: format!("stopped by {}", actor.shown()), hint: None, configuration: false };
                let (id, now) = (&job.id, self.now());
                self.0.store.end_job(id, JobState::Killed, Some(&cause), vec![audit], now).await?;
                self.note(id, store::LogLevel::Warning, &format!("Stopped by {}.", actor.shown())).await;
            }
        }
        self.0.live.changed(&job.id);
        self.0.wake.notify_one();
        self.job_by_id(&job.id).await
    }

    /// Puts a job that stopped back into the queue.
    ///
    /// # Errors
    /// It is at work or done, or is not this server's; see [`AppError`].
    pub async fn continue_job(&self, actor: &Actor, id: &str) -> Result<Job, AppError> {
        actor.require(Scope::Run)?;
        let _queue = self.0.queue.lock().await;
        let job = self.own_job(id).await?;
        if self.0.live.find(&job.id).is_some() || !can_continue(job.state) {
            let hint = (job.state == JobState::Skipped).then(|| "run its query again".to_owned());
            return Err(AppError::Conflict {
                message: format!("job {} cannot be continued: it is {}", job.id, job.state),
                hint,
            });
        }
        if let Some(newer) = self.newer(&job).await? {
            return Err(AppError::Conflict {
                message: format!("job {newer} of the same query has sent newer rows: continuing would overwrite them"),
                hint: Some("run the query again, or export this result again if its rows are what you want".into()),
            });
        }
        if let Some(tokens) = self.tokens_of(&job).await? {
            // Whatever was refused may have been mended at Salesforce.
            tokens.revive();
        }
        let audit = actor.audit("job.continue", job.id.as_str(), json!({}));
        // A wish to stop that was left behind by a crash belongs to the run before.
        let forget = Change::PutValue { name: kill_wish(&job.id), value: None };
        self.0.store.requeue(&job.id, true, vec![audit, forget], self.now()).await?;
        self.note(&job.id, store::LogLevel::Info, &format!("Continued by {}.", actor.shown())).await;
        self.0.wake.notify_one();
        self.0.live.changed(&job.id);
        self.job_by_id(&job.id).await
    }

    /// A job of the same query and business unit that began later and may have sent rows.
    async fn newer(&self, job: &store::Job) -> Result<Option<JobId>, AppError> {
        let Some(query) = &job.query else { return Ok(None) };
        let filter = store::JobFilter {
            query: Some(query.clone()),
            created_from: Some(job.created),
            ..store::JobFilter::default()
        };
        let later = self.0.store.jobs_page(&filter, None, 100).await?;
        let sent = |other: &JobSummary| match other.tally {
            Some(rows) => rows.delivered + rows.held > 0,
            // Its first run has no report yet.
            None => other.kind == store::JobKind::Export && other.started.is_some() && other.frozen_rows.is_some(),
        };
        let newer = later
            .into_iter()
            // Rejected rows that were mended and sent again are not among those that are left.
            .filter(|other| other.parent.as_ref() != Some(&job.id))
            .find(|other| other.id > job.id && other.business_unit == job.business_unit && sent(other));
        Ok(newer.map(|job| job.id))
    }

    async fn tokens_of(&self, job: &store::Job) -> Result<Option<Arc<Tokens>>, AppError> {
        let Some(id) = &job.connection else { return Ok(None) };
        let document = self.0.store.document_by_id(id).await?;
        let stored = document.and_then(|document| self.understood(document).ok());
        Ok(stored.and_then(|stored| self.0.units.known_tokens(stored.vault())))
    }

    /// Forgets an ended job and its result.
    ///
    /// # Errors
    /// It has not ended; see [`AppError`].
    pub async fn delete_job(&self, actor: &Actor, id: &str) -> Result<(), AppError> {
        actor.require(Scope::Admin)?;
        let _queue = self.0.queue.lock().await;
        let job = self.own_job(id).await?;
        if job.state.is_open() {
            return Err(AppError::Conflict {
                message: format!("job {} has not ended", job.id),
                hint: Some("kill it first".into()),
            });
        }
        self.0.store.delete_job(&job.id).await?;
        let _ = std::fs::remove_file(self.0.store.result_path(&job.id));
        Ok(self.0.store.apply(vec![actor.audit("job.delete", job.id.as_str(), json!({}))]).await?)
    }

    /// The job of this id.
    pub(crate) async fn find_job(&self, id: &str) -> Result<store::Job, AppError> {
        let parsed = parse(id)?;
        match self.0.store.job(&parsed).await? {
            Some(job) => Ok(job),
            None => {
                let like = self.0.store.job_like(id).await?;
                let hint = like.first().map(|near| format!("did you mean {near}?"));
                Err(AppError::NotFound { what: format!("job {id}"), hint })
            }
        }
    }

    /// The job of this id, when it is this server's.
    async fn own_job(&self, id: &str) -> Result<store::Job, AppError> {
        let job = self.find_job(id).await?;
        if job.origin == store::Origin::Server {
            return Ok(job);
        }
        Err(AppError::Conflict {
            message: format!("job {id} belongs to the command line"),
            hint: Some(format!("continue it there: sluice resume {id}")),
        })
    }

    /// The job as it is shown.
    pub(crate) async fn job_by_id(&self, id: &JobId) -> Result<Job, AppError> {
        let job = self.find_job(id.as_str()).await?;
        let forecast = match job.forecast.clone() {
            Some(kept) => {
                let account = self.account_of(&job.business_unit).await?;
                forecast::view(kept, account.and_then(|account| account.time_zone).as_deref())
            }
            None => None,
        };
        self.job_view(job.summary(), forecast).await
    }

    /// A job as it is shown.
    async fn job_view(&self, job: JobSummary, forecast: Option<api::Forecast>) -> Result<Job, AppError> {
        let connection = match &job.connection {
            Some(id) => self.0.store.document_by_id(id).await?.map(|document| document.name),
            None => None,
        };
        let zone = self.zone(&job).await?;
        Ok(Job { forecast, ..self.shown_job(job, connection, zone.as_deref()) })
    }

    /// Jobs as they are shown, with one look at the connections for all of them.
    pub(crate) async fn job_views(&self, jobs: Vec<JobSummary>) -> Result<Vec<Job>, AppError> {
        let connections = match jobs.iter().any(|job| job.connection.is_some()) {
            true => self.connection_names().await?,
            false => HashMap::new(),
        };
        let mut shown = Vec::with_capacity(jobs.len());
        for job in jobs {
            let connection = job.connection.as_ref().and_then(|id| connections.get(id).cloned());
            let zone = self.zone(&job).await?;
            shown.push(self.shown_job(job, connection, zone.as_deref()));
        }
        Ok(shown)
    }

    /// The time zone of the account whose midnight a job waits for.
    async fn zone(&self, job: &JobSummary) -> Result<Option<String>, AppError> {
        match job.state {
            JobState::ParkedQuota => {
                Ok(self.account_of(&job.business_unit).await?.and_then(|account| account.time_zone))
            }
            _ => Ok(None),
        }
    }

    fn shown_job(&self, job: JobSummary, connection: Option<String>, zone: Option<&str>) -> Job {
        let live = self.0.live.find(&job.id);
        let of = job.query.as_deref().map(owner_of);
        let named = |kind: Scheduled| job.query_name.clone().filter(|_| of.unwrap_or_default() == kind);
        let (query, activation) = (named(Scheduled::Query), named(Scheduled::Activation));
        let parent_segment = named(Scheduled::ParentSegment);
        let refresh = of == Some(Scheduled::ParentSegment);
        let cause = job.cause.as_ref().map(|cause| self.0.discreet.cause(cause));
        let rows = live.as_deref().and_then(LiveJob::tally).or(job.tally).or(unsent(&job));
        let sentence = words::sentence(&Said {
            state: job.state,
            result_only: job.kind == store::JobKind::Result,
            refresh,
            rows,
            result_rows: job.frozen_rows,
            cause: cause.as_ref(),
            wake: job.wake,
            zone,
            throttled: live.as_deref().and_then(LiveJob::throttled),
            lanes: 5,
            stopping: live.as_deref().is_some_and(LiveJob::is_stopping),
        });
        let has_result = job.frozen_rows.is_some() && self.0.store.result_path(&job.id).is_file();
        Job {
            id: job.id.to_string(),
            state: job.state,
            sentence,
            kind: match job.kind {
                store::JobKind::Export => JobKind::Export,
                store::JobKind::Result if refresh => JobKind::Refresh,
                store::JobKind::Result => JobKind::Result,
            },
            origin: match job.origin {
                store::Origin::CommandLine => Origin::CommandLine,
                store::Origin::Server => Origin::Server,
            },
            query,
            activation,
            parent_segment,
            connection,
            actor: job.actor,
            parent: job.parent.map(|parent| parent.to_string()),
            scheduled: job.scheduled.map(names::time),
            forecast: None,
            created: names::time(job.created),
            started: job.started.map(names::time),
            finished: job.finished.map(names::time),
            wake: job.wake.map(names::time),
            cause: cause.map(|cause| Cause { message: cause.message, hint: cause.hint }),
            rows: rows.filter(|_| job.kind == store::JobKind::Export),
            result_rows: job.frozen_rows,
            progress: live.map(|live| live.progress()),
            has_result,
            can_continue: job.origin == store::Origin::Server && can_continue(job.state),
        }
    }
}

/// The rows of a frozen Result before any of them has an end.
fn unsent(job: &JobSummary) -> Option<Tally> {
    job.frozen_rows.map(|rows| Tally { read: rows, unsent: rows, ..Tally::default() })
}

/// Whether a person may put it back into the queue.
fn can_continue(state: JobState) -> bool {
    match state {
        JobState::ParkedQuota
        | JobState::ParkedOutage
        | JobState::NeedsReconnect
        | JobState::Killed
        | JobState::Stopped
        | JobState::Held
        | JobState::Failed => true,
        JobState::Queued | JobState::Querying | JobState::Sending | JobState::Success | JobState::Skipped => false,
    }
}

/// Whether the program itself can have made this id, until `now`.
fn made_until(id: &JobId, now: u64) -> bool {
    let newest = JobId::new(now, u32::MAX);
    let digit = |byte: u8| byte.is_ascii_alphanumeric() && !b"ilou".contains(&byte);
    id.as_str().len() == newest.as_str().len() && id.as_str().bytes().all(digit) && *id <= newest
}

pub(crate) fn parse(id: &str) -> Result<JobId, AppError> {
    id.parse().map_err(|_| AppError::NotFound { what: format!("job {id}"), hint: None })
}

/// The state was changed by somebody else in between.
pub(crate) fn overtaken(error: &StoreError) -> bool {
    matches!(error, StoreError::Illegal { .. })
}
