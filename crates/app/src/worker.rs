//! The worker: takes queued jobs in order, and wakes those that are parked.
//!
//! Knows when a job may run; what running means is `work`'s. Jobs of one query never overlap on a business unit: an older
//! one that is parked is waited for too, because a late batch of it could overwrite a newer one's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::{JobId, JobState, StopCause};
use store::{Job, Lock, LockError, LogLevel};
use tokio::task::JoinSet;

use crate::clock::{monotonic, unix_now};
use crate::jobs::overtaken;
use crate::{App, AppError};

/// Looks at the queue at least so often: a job that waits for an export of the command line is not told of its end.
const LOOK: Duration = Duration::from_secs(5);
/// Retention sweeps so often.
const SWEEP: Duration = Duration::from_secs(3_600);

/// What keeps jobs of one query apart.
type Lane = (String, String);

impl App {
    /// Puts jobs back into the queue that a dead process left at work. Their Results and ledgers say where they are.
    pub(crate) async fn recover(&self) -> Result<(), AppError> {
        for job in self.0.store.open_server_jobs().await? {
            if matches!(job.state, JobState::Querying | JobState::Sending) {
                self.0.store.set_state(&job.id, JobState::Queued, None, unix_now()).await?;
                let text = match job.state {
                    JobState::Querying => {
                        "The server was stopped while the query ran; nothing was sent. It runs again."
                    }
                    _ => "The server was stopped while rows were on their way. The job goes on where it was.",
                };
                self.note(&job.id, LogLevel::Warning, text).await;
            }
        }
        Ok(())
    }

    /// Works on the queue until the application stops, then waits for the jobs at work.
    pub(crate) async fn work_on_queue(self) {
        let mut running = JoinSet::new();
        let mut swept = None;
        let mut stopping = self.0.stopping.subscribe();
        while !*stopping.borrow_and_update() {
            if let Err(error) = self.start_what_may(&mut running).await {
                tracing::error!("the queue could not be read: {error}");
            }
            if swept.is_none_or(|swept| monotonic().duration_since(swept) >= SWEEP) {
                swept = Some(monotonic());
                self.sweep().await;
            }
            let pause = self.pause().await;
            tokio::select! {
                () = self.0.wake.notified() => {}
                Some(_) = running.join_next() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stopping.changed() => {}
            }
        }
        self.0.live.pause_all();
        while running.join_next().await.is_some() {}
    }

    /// Until the next parked job is due, at most [`LOOK`].
    async fn pause(&self) -> Duration {
        let open = self.0.store.open_server_jobs().await.unwrap_or_default();
        let now = unix_now();
        let next = open.iter().filter(|job| parked(job.state)).filter_map(|job| job.wake).min();
        let until = next.map_or(LOOK, |wake| Duration::from_secs(wake.saturating_sub(now).max(0).unsigned_abs()));
        until.clamp(Duration::from_millis(50), LOOK)
    }

    async fn start_what_may(&self, running: &mut JoinSet<()>) -> Result<(), AppError> {
        let _queue = self.0.queue.lock().await;
        let now = unix_now();
        let due = |job: &Job| parked(job.state) && job.wake.is_none_or(|wake| wake <= now);
        let open = self.0.store.open_server_jobs().await?;
        let (waiting, busy): (Vec<Job>, Vec<Job>) = open
            .into_iter()
            .partition(|job| self.0.live.find(&job.id).is_none() && (job.state == JobState::Queued || due(job)));
        let mut taken: HashMap<Lane, JobId> = busy.into_iter().map(|job| (lane(&job), job.id)).collect();
        // What had begun goes on before what is new: it holds its lane.
        let (begun, new): (Vec<Job>, Vec<Job>) = waiting.into_iter().partition(|job| job.started.is_some());
        for job in begun.into_iter().chain(new) {
            match taken.get(&lane(&job)) {
                Some(first) => {
                    if job.cause.is_none() {
                        // Said once: the sentence of a waiting job names the one that it waits for.
                        self.say_why(&job.id, format!("job {first} of the same query is first")).await?;
                    }
                }
                None => {
                    taken.insert(lane(&job), job.id.clone());
                    if self.0.live.count() < self.0.config.max_concurrent_jobs {
                        self.begin(job, running).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn say_why(&self, job: &JobId, message: String) -> Result<(), AppError> {
        let cause = StopCause { message, hint: None };
        let said = self.0.store.set_state(job, JobState::Queued, Some(&cause), unix_now()).await;
        self.0.live.changed(job);
        match said {
            Err(error) if overtaken(&error) => Ok(()),
            other => Ok(other?),
        }
    }

    async fn begin(&self, mut job: Job, running: &mut JoinSet<()>) -> Result<(), AppError> {
        if job.state != JobState::Queued {
            self.0.store.set_state(&job.id, JobState::Queued, None, unix_now()).await?;
            job.state = JobState::Queued;
        }
        let lock: Option<Arc<Lock>> = if job.business_unit.is_empty() {
            None
        } else {
            match self.0.units.hold(&self.0.store, &job.business_unit) {
                Ok(lock) => Some(lock),
                Err(LockError::Held { .. }) => {
                    if job.cause.is_none() {
                        self.say_why(&job.id, "an export of the command line uses the business unit".into()).await?;
                    }
                    return Ok(());
                }
                Err(error) => return Err(AppError::Failed { message: error.to_string() }),
            }
        };
        let live = self.0.live.begin(&job.id);
        let app = self.clone();
        running.spawn(async move {
            let id = job.id.clone();
            Box::pin(app.run_job(job, &live)).await;
            app.0.live.end(&id);
            app.0.wake.notify_one();
            drop(lock);
        });
        Ok(())
    }

    /// Puts the jobs that wait for this connection back into the queue: somebody mended it.
    pub(crate) async fn requeue_connection(&self, connection: &str) -> Result<(), AppError> {
        let _queue = self.0.queue.lock().await;
        for job in self.0.store.open_server_jobs().await? {
            if job.state == JobState::NeedsReconnect && job.connection.as_deref() == Some(connection) {
                match self.0.store.set_state(&job.id, JobState::Queued, None, unix_now()).await {
                    Err(error) if overtaken(&error) => {}
                    other => {
                        other?;
                        self.note(&job.id, LogLevel::Info, "The connection was changed: the job goes on.").await;
                    }
                }
            }
        }
        self.0.wake.notify_one();
        Ok(())
    }
}

fn parked(state: JobState) -> bool {
    matches!(state, JobState::ParkedQuota | JobState::ParkedOutage)
}

/// A job without a query has a lane of its own.
fn lane(job: &Job) -> Lane {
    (job.query.clone().unwrap_or_else(|| job.id.to_string()), job.business_unit.clone())
}
