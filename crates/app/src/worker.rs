//! The worker: takes queued jobs in order, and wakes those that are parked.
//!
//! Knows when a job may run; what running means is `work`'s. Jobs of one query never overlap on a business unit: an older
//! one that is parked is waited for too, because a late batch of it could overwrite a newer one's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use model::{JobId, JobState, StopCause};
use store::{Change, JobSummary, Lock, LockError, LogLevel};
use tokio::task::JoinSet;

use crate::jobs::overtaken;
use crate::live::LiveJob;
use crate::{App, AppError};

/// Looks at the queue at least so often: a job that waits for an export of the command line is not told of its end.
const LOOK: Duration = Duration::from_secs(5);

/// No job is parked for longer, in seconds: one that would be was parked while the clock was ahead.
const LONGEST_PARK: i64 = 26 * 3_600;

/// What keeps jobs of one query apart.
type Lane = (String, String);

impl App {
    /// Puts jobs back into the queue that a dead process left at work, and fulfils the wishes to stop that it left.
    pub(crate) async fn recover(&self) -> Result<(), AppError> {
        for mut job in self.0.store.open_server_summaries().await? {
            self.pick_up(&mut job).await?;
        }
        Ok(())
    }

    /// Looks after an open job that nobody works on: one that was to stop ends; one that claims to be at work, because its
    /// process died or could not write down its end, goes back into the queue. Result and ledger say where it was.
    async fn pick_up(&self, job: &mut JobSummary) -> Result<(), AppError> {
        if self.0.store.value(&kill_wish(&job.id)).await?.is_some() {
            self.end_killed(&job.id).await?;
            job.state = JobState::Killed;
            return Ok(());
        }
        let text = match job.state {
            JobState::Querying => "The job was left while the query ran; nothing was sent. It runs again.",
            JobState::Sending => "The job was left while rows were on their way. It goes on where it was.",
            _ => return Ok(()),
        };
        self.0.store.set_state(&job.id, JobState::Queued, None, self.now()).await?;
        (job.state, job.cause) = (JobState::Queued, None);
        self.note(&job.id, LogLevel::Warning, text).await;
        Ok(())
    }

    /// Ends a job that somebody asked to stop and that is not at work.
    pub(crate) async fn end_killed(&self, id: &JobId) -> Result<(), AppError> {
        let cause = StopCause { message: "stopped on request".into(), hint: None, configuration: false };
        let forget = Change::PutValue { name: kill_wish(id), value: None };
        self.0.store.end_job(id, JobState::Killed, Some(&cause), vec![forget], self.now()).await?;
        self.note(id, LogLevel::Warning, "Stopped on request.").await;
        Ok(())
    }

    /// Works on the queue until the application stops, then waits for the jobs at work. `running` are those that a queue that
    /// broke off has left at work.
    pub(crate) async fn work_on_queue(self, running: Arc<tokio::sync::Mutex<JoinSet<()>>>) {
        let mut running = running.lock().await;
        let (mut stopping, mut clock) = (self.0.stopping.subscribe(), self.0.config.clock.sets());
        while !*stopping.borrow_and_update() {
            self.turn_days().await;
            let pause = match self.start_what_may(&mut running).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!("the queue could not be read: {error}");
                    LOOK
                }
            };
            tokio::select! {
                () = self.0.wake.notified() => {}
                Some(_) = running.join_next() => {}
                () = tokio::time::sleep(pause) => {}
                () = clock.next() => {}
                _ = stopping.changed() => {}
            }
        }
        self.0.live.pause_all();
        while running.join_next().await.is_some() {}
        self.turn_days().await;
    }

    /// Starts what may run now; gives the time until it is worth another look, at most [`LOOK`].
    async fn start_what_may(&self, running: &mut JoinSet<()>) -> Result<Duration, AppError> {
        let _queue = self.0.queue.lock().await;
        let now = self.now();
        let mut jobs = self.0.store.open_server_summaries().await?;
        for job in jobs.iter_mut().filter(|job| self.0.live.find(&job.id).is_none()) {
            if matches!(job.state, JobState::Querying | JobState::Sending) {
                self.pick_up(job).await?;
            } else if parked(job.state) && job.wake.is_none_or(|wake| wake <= now || wake - now > LONGEST_PARK) {
                self.0.store.set_state(&job.id, JobState::Queued, None, now).await?;
                (job.state, job.cause) = (JobState::Queued, None);
                self.0.live.changed(&job.id);
            }
        }
        let next = jobs.iter().filter(|job| parked(job.state)).filter_map(|job| job.wake).min();
        let pause = next.map_or(LOOK, |wake| Duration::from_secs(wake.saturating_sub(now).max(1).unsigned_abs()));
        let (waiting, busy): (Vec<JobSummary>, Vec<JobSummary>) = jobs
            .into_iter()
            .filter(|job| job.state.is_open())
            .partition(|job| job.state == JobState::Queued && self.0.live.find(&job.id).is_none());
        // Who holds a lane, and whether the next in line knows.
        let mut taken: HashMap<Lane, (JobId, bool)> =
            busy.into_iter().map(|job| (lane(&job), (job.id, false))).collect();
        // What had begun goes on before what is new: it holds its lane.
        let (begun, new): (Vec<JobSummary>, Vec<JobSummary>) =
            waiting.into_iter().partition(|job| job.started.is_some());
        for job in begun.into_iter().chain(new) {
            match taken.get_mut(&lane(&job)) {
                // The sentence of the next in line names the job that it waits for. Those behind it wait for all before them:
                // theirs stays the same, however long the line is.
                Some((first, told)) if !*told => {
                    *told = true;
                    let why = format!("job {first} of the same query is first");
                    self.say_why(&job, why).await?;
                }
                Some(_) => self.say_why(&job, "earlier jobs of the same query are first".into()).await?,
                None => {
                    taken.insert(lane(&job), (job.id.clone(), false));
                    if self.0.live.count() < self.0.config.max_concurrent_jobs {
                        self.begin(job, running).await?;
                    }
                }
            }
        }
        Ok(pause.min(LOOK))
    }

    /// Says why a job waits, once for each reason.
    async fn say_why(&self, job: &JobSummary, message: String) -> Result<(), AppError> {
        if job.cause.as_ref().is_some_and(|cause| cause.message == message) {
            return Ok(());
        }
        let job = &job.id;
        let cause = StopCause { message, hint: None, configuration: false };
        let said = self.0.store.set_state(job, JobState::Queued, Some(&cause), self.now()).await;
        self.0.live.changed(job);
        match said {
            Err(error) if overtaken(&error) => Ok(()),
            other => Ok(other?),
        }
    }

    async fn begin(&self, job: JobSummary, running: &mut JoinSet<()>) -> Result<(), AppError> {
        let lock: Option<Arc<Lock>> = if job.business_unit.is_empty() {
            None
        } else {
            match self.0.units.hold(&self.0.store, &job.business_unit) {
                Ok(lock) => Some(lock),
                Err(error) => {
                    let why = match error {
                        LockError::Held { .. } => "an export of the command line uses the business unit".into(),
                        other => other.to_string(),
                    };
                    self.say_why(&job, why).await?;
                    return Ok(());
                }
            }
        };
        let job = self.find_job(job.id.as_str()).await?;
        let live = self.0.live.begin(&job.id);
        let at_work = AtWork { app: self.clone(), id: job.id.clone(), live: Arc::clone(&live) };
        running.spawn(async move {
            let app = at_work.app.clone();
            let (worker, working) = (app.clone(), Arc::clone(&live));
            let work = tokio::spawn(async move { Box::pin(worker.run_job(job, &working)).await });
            if work.await.is_err() {
                app.broke_off(&at_work.id).await;
            }
            app.conclude(&at_work.id, &live).await;
            drop(lock);
        });
        Ok(())
    }

    /// A job whose work ended by a defect of ours is not begun again by itself.
    async fn broke_off(&self, id: &JobId) {
        let cause = StopCause {
            message: "the job ended unexpectedly, by a defect of Sluice".into(),
            hint: Some("what was sent is recorded: continue the job, and report the server's log".into()),
            configuration: false,
        };
        if let Err(error) = self.0.store.set_state(id, JobState::Failed, Some(&cause), self.now()).await {
            tracing::error!(job = %id, "the end of a job could not be kept: {error}");
        }
        self.note(id, LogLevel::Error, &cause.message).await;
    }

    /// Takes a job off the list of those at work. A wish to stop that came too late to be heard is fulfilled first.
    async fn conclude(&self, id: &JobId, live: &LiveJob) {
        let _queue = self.0.queue.lock().await;
        if live.is_killed() {
            let open = self.find_job(id.as_str()).await.is_ok_and(|job| job.state.is_open());
            let ended = if open {
                self.end_killed(id).await
            } else {
                let forget = Change::PutValue { name: kill_wish(id), value: None };
                self.0.store.apply(vec![forget]).await.map_err(AppError::from)
            };
            if let Err(error) = ended {
                // The wish is kept: the next start fulfils it.
                tracing::error!(job = %id, "the end of a job could not be kept: {error}");
            }
        }
        if let Err(error) = self.requeue_if_mended(id, live).await {
            tracing::warn!(job = %id, "whether the connection was mended meanwhile is not known: {error}");
        }
        self.0.live.end(id, live);
        self.0.outcomes_wake.notify_one();
    }

    /// A grant that was refused to the end of this run may have been given anew while it ran: then nobody needs to do
    /// anything.
    async fn requeue_if_mended(&self, id: &JobId, live: &LiveJob) -> Result<(), AppError> {
        let job = self.find_job(id.as_str()).await?;
        let (JobState::NeedsReconnect, Some(used), Some(connection)) = (job.state, live.vault(), &job.connection)
        else {
            return Ok(());
        };
        let Some(document) = self.0.store.document_by_id(connection).await? else { return Ok(()) };
        if document.body["vault"] != used {
            self.0.store.requeue(id, false, Vec::new(), self.now()).await?;
        }
        Ok(())
    }

    /// Puts the jobs that wait for this connection back into the queue: somebody mended it.
    pub(crate) async fn requeue_connection(&self, connection: &str) -> Result<(), AppError> {
        let _queue = self.0.queue.lock().await;
        for job in self.0.store.open_server_summaries().await? {
            if job.state == JobState::NeedsReconnect && job.connection.as_deref() == Some(connection) {
                // Somebody did something: what comes of it is told again.
                match self.0.store.requeue(&job.id, false, Vec::new(), self.now()).await {
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

/// A job at work, taken off the list also when its task breaks off.
struct AtWork {
    app: App,
    id: JobId,
    live: Arc<LiveJob>,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.app.0.live.end(&self.id, &self.live);
        self.app.0.wake.notify_one();
    }
}

/// Where the wish that a job stops is kept until the job has ended: it survives the process.
pub(crate) fn kill_wish(id: &JobId) -> String {
    format!("kill:{id}")
}

fn parked(state: JobState) -> bool {
    matches!(state, JobState::ParkedQuota | JobState::ParkedOutage)
}

/// A job without a query has a lane of its own.
fn lane(job: &JobSummary) -> Lane {
    (job.query.clone().unwrap_or_else(|| job.id.to_string()), job.business_unit.clone())
}
