//! Jobs as they happen: their log, and the changes that a watcher is told of.
//!
//! Knows when somebody is told something; not what a job is.

use std::time::Duration;

use api::{Job, JobEvent, LogLine, Page, Scope};
use model::JobId;
use store::LogLevel;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::mpsc;

use crate::jobs::parse;
use crate::{Actor, App, AppError, names};

/// A watcher is told at most so often.
const BREATH: Duration = Duration::from_millis(200);
/// A watcher looks at least so often, told or not.
const LOOK: Duration = Duration::from_secs(5);
/// Log lines read at once for a watcher.
const LINES: u32 = 500;

/// The changes of one job as they happen.
pub struct JobWatch {
    /// Ends when the job has ended.
    pub events: mpsc::Receiver<JobEvent>,
}

impl App {
    /// Lines of its log after the given number.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn job_log(&self, actor: &Actor, id: &str, after: u64, limit: u32) -> Result<Page<LogLine>, AppError> {
        actor.require(Scope::Read)?;
        let job = parse(id)?;
        self.job_by_id(&job).await?;
        let items = self.log_lines(&job, after, limit).await?;
        let full = items.len() as u64 >= u64::from(limit);
        let next = items.last().filter(|_| full).map(|line| line.number.to_string());
        Ok(Page { items, next })
    }

    /// Its changes as they happen, beginning with how it is now and with the log lines after `after`; ends with the job.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn watch_job(&self, actor: &Actor, id: &str, after: u64) -> Result<JobWatch, AppError> {
        actor.require(Scope::Read)?;
        let id = parse(id)?;
        // Heard from before the first look, so that nothing is missed in between.
        let changes = self.0.live.watch();
        self.job_by_id(&id).await?;
        let (sender, events) = mpsc::channel(16);
        let app = self.clone();
        tokio::spawn(async move { app.follow(id, after, changes, sender).await });
        Ok(JobWatch { events })
    }

    async fn follow(
        self,
        id: JobId,
        mut after: u64,
        mut changes: broadcast::Receiver<JobId>,
        sender: mpsc::Sender<JobEvent>,
    ) {
        let mut shown: Option<Job> = None;
        loop {
            let Ok(job) = self.job_by_id(&id).await else { return };
            // Read after the job: the last lines are there before the end is told.
            let mut full = true;
            while full {
                let Ok(lines) = self.log_lines(&id, after, LINES).await else { return };
                full = lines.len() as u64 == u64::from(LINES);
                for line in lines {
                    after = line.number;
                    if sender.send(JobEvent::Log(line)).await.is_err() {
                        return;
                    }
                }
            }
            let ended = !job.state.is_open() && self.0.live.find(&id).is_none();
            if shown.as_ref() != Some(&job) {
                shown = Some(job.clone());
                if sender.send(JobEvent::Job(Box::new(job))).await.is_err() {
                    return;
                }
            }
            if ended || self.is_stopping() {
                return;
            }
            tokio::time::sleep(BREATH).await;
            loop {
                let heard = tokio::select! {
                    heard = changes.recv() => heard,
                    () = sender.closed() => return,
                    () = tokio::time::sleep(LOOK) => break,
                };
                match heard {
                    Ok(changed) if changed == id => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                }
            }
        }
    }

    /// The last lines of its log, oldest first.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn job_log_end(&self, actor: &Actor, id: &str, most: u32) -> Result<Vec<LogLine>, AppError> {
        actor.require(Scope::Read)?;
        let lines = self.0.store.log_end(&parse(id)?, most).await?;
        Ok(lines.into_iter().map(|line| self.told(line)).collect())
    }

    async fn log_lines(&self, id: &JobId, after: u64, limit: u32) -> Result<Vec<LogLine>, AppError> {
        let lines = self.0.store.log_lines(id, after, limit).await?;
        Ok(lines.into_iter().map(|line| self.told(line)).collect())
    }

    fn told(&self, line: store::LogLine) -> LogLine {
        LogLine {
            number: line.number,
            at: names::time(line.at),
            level: line.level.name().to_owned(),
            text: self.0.discreet.text(&line.text),
        }
    }

    /// Writes a line for people into a job's log. A log that cannot be written stops no job.
    pub(crate) async fn note(&self, id: &JobId, level: LogLevel, text: &str) {
        if let Err(error) = self.0.store.log(id, self.now(), level, text).await {
            tracing::warn!(job = %id, "a log line could not be kept: {error}");
        }
        self.0.live.changed(id);
    }
}
