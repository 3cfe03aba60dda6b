//! One job of a server, from the queue to its end or to where it must wait.
//!
//! Takes the same path as an export of the command line: freeze, then `job::Run`. Tells the log what people want to know.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use api::Scheduled;
use export::FrozenResult;
use model::{JobState, Plan, Report, StopCause, Tally};
use pardot::Claim;
use query::{QueryError, TableError};
use store::{Job, JobKind, LogLevel};
use tokio::sync::mpsc;

use crate::enqueue::ServerRequest;
use crate::export::limits;
use crate::grants::Stored;
use crate::job::{JobRequest, Run, Watched, plan_of};
use crate::judge::Judge;
use crate::live::LiveJob;
use crate::owners::owner_of;
use crate::{App, AppError};
use model::grouped;

/// Why a job did not come to sending, or a refresh to its end.
pub(crate) struct Halt {
    pub(crate) state: JobState,
    pub(crate) cause: Option<StopCause>,
}

impl From<AppError> for Halt {
    fn from(error: AppError) -> Halt {
        let configuration = match error {
            AppError::Invalid(_) | AppError::NotFound { .. } | AppError::Conflict { .. } => true,
            AppError::Stale { .. }
            | AppError::Unauthenticated { .. }
            | AppError::Forbidden { .. }
            | AppError::TooLarge { .. }
            | AppError::TooMany { .. }
            | AppError::Gone { .. }
            | AppError::Upstream { .. }
            | AppError::Unavailable { .. }
            | AppError::Failed { .. } => false,
        };
        Halt { state: JobState::Failed, cause: Some(error.cause(configuration)) }
    }
}

impl From<store::StoreError> for Halt {
    fn from(error: store::StoreError) -> Halt {
        Halt::from(AppError::from(error))
    }
}

impl App {
    /// Runs a queued job. Whatever happens is written down.
    pub(crate) async fn run_job(&self, job: Job, live: &Arc<LiveJob>) {
        let id = job.id.clone();
        tracing::info!(job = %id, "job begins");
        let Err(halt) = self.work(job, live).await else { return };
        let text = halt.cause.as_ref().map_or_else(String::new, |cause| cause.message.clone());
        if let Err(error) = self.0.store.set_state(&id, halt.state, halt.cause.as_ref(), self.now()).await {
            // It is taken up again at the next start.
            tracing::error!(job = %id, "the end of a job could not be kept: {error}");
        }
        let (level, text) = match halt.state {
            JobState::Queued => (LogLevel::Info, "The server stops; the job goes on when it starts again.".to_owned()),
            JobState::Killed => (LogLevel::Warning, "Stopped on request.".to_owned()),
            _ => (LogLevel::Error, text),
        };
        self.note(&id, level, &text).await;
        tracing::info!(job = %id, state = halt.state.name(), "job ends");
    }

    async fn work(&self, mut job: Job, live: &Arc<LiveJob>) -> Result<(), Halt> {
        let request: ServerRequest = serde_json::from_value(job.request.clone())
            .map_err(|_| AppError::Failed { message: "the job cannot be read back".into() })?;
        if job.query.as_deref().is_some_and(|of| owner_of(of) == Scheduled::ParentSegment) {
            return self.refresh(&job, live).await;
        }
        let mut query_seconds = 0.0;
        if job.frozen_rows.is_none() {
            query_seconds = self.freeze(&job, &request, live).await?;
            job = self.find_job(job.id.as_str()).await?;
        }
        match job.kind {
            JobKind::Result => self.keep_result(&job).await,
            JobKind::Export => self.export(job, &request, query_seconds, live).await,
        }
    }

    /// Runs the query to its end into the Result, or takes the Result that was given. Seconds that it took.
    async fn freeze(&self, job: &Job, request: &ServerRequest, live: &Arc<LiveJob>) -> Result<f64, Halt> {
        let path = self.0.store.result_path(&job.id);
        if request.stored {
            let rows = FrozenResult::open(&path).map(|result| result.rows());
            let rows =
                rows.map_err(|error| AppError::Failed { message: format!("the result cannot be read: {error}") })?;
            self.0.store.set_frozen(&job.id, rows, self.now()).await?;
            return Ok(0.0);
        }
        self.0.store.set_state(&job.id, JobState::Querying, None, self.now()).await?;
        self.note(&job.id, LogLevel::Info, "The query started.").await;
        let tables = self.bind_tables(&job.sql).await?;
        let longest = self.0.config.query_time;
        let time = request.time_limit.map_or(longest, |seconds| Duration::from_secs(seconds).min(longest));
        let folder = path.parent().unwrap_or(Path::new("."));
        let limits = limits(folder, Some(time), job.scheduled.unwrap_or(job.created));
        let mut progress = |progress: query::Progress| {
            live.querying(progress.rows);
            self.0.live.changed(&job.id);
        };
        let frozen = query::freeze(&job.sql, &tables, &limits, &path, live.stop().stopped(), &mut progress).await;
        match frozen {
            Ok(frozen) => {
                self.0.store.set_frozen(&job.id, frozen.rows, self.now()).await?;
                let text = format!("The query gave {} rows in {:.1} s.", grouped(frozen.rows), frozen.seconds);
                self.note(&job.id, LogLevel::Info, &text).await;
                Ok(frozen.seconds)
            }
            Err(error) => Err(halted(error, live, ("the query", "nothing was sent"))),
        }
    }

    async fn keep_result(&self, job: &Job) -> Result<(), Halt> {
        // A job whose process died after its query had ended comes from the queue.
        self.0.store.set_state(&job.id, JobState::Querying, None, self.now()).await?;
        self.note(&job.id, LogLevel::Info, "The result can be downloaded or exported.").await;
        self.0.store.set_state(&job.id, JobState::Success, None, self.now()).await?;
        Ok(())
    }

    async fn export(
        &self,
        job: Job,
        request: &ServerRequest,
        query_seconds: f64,
        live: &Arc<LiveJob>,
    ) -> Result<(), Halt> {
        let plan = self.plan(request)?;
        let stored = self.connection_of(&job, request).await?;
        live.uses(stored.vault());
        let client = match self.client_of(&stored, &plan, Claim::Within).await {
            Ok(client) => {
                live.calls_with(&client);
                if job.wakes > 0 || job.report.is_some() || self.just_past_midnight(&stored).await? {
                    // Whether a new day has begun at Pardot is asked, with one call at most.
                    self.allowance_of(&stored).await?.probe();
                }
                if let Err(error) = self.foresee(&job, &plan, &client, &stored).await {
                    tracing::warn!(job = %job.id, "no forecast could be made: {error}");
                }
                Ok(client)
            }
            Err(error @ AppError::Conflict { .. }) => Err(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        let id = job.id.clone();
        let zone = self.known_account(&stored).await?.and_then(|account| account.time_zone);
        let allowance = self.allowance_of(&stored).await?;
        let judge = Judge { live, wakes: job.wakes, zone, allowance, outage_wait: self.0.config.outage_wait };
        let verdict = |report: &mut Report, progressed| judge.verdict(report, progressed, self.now());
        let before = job.report.clone();
        let run = Run {
            store: &self.0.store,
            business_unit: job.business_unit.clone(),
            job,
            client,
            plan,
            query_seconds,
            keep_result: true,
            requeue: Arc::clone(&live.requeue),
            wall: self.0.config.clock.clone(),
            verdict: &verdict,
        };
        let (lines, teller) = self.teller(&id);
        let mut told = Told::default();
        let mut watch = |watched: Watched| {
            told.hear(&watched, live, &lines);
            self.0.live.changed(&id);
        };
        let ended = Box::pin(run.send(live.stop(), &mut watch)).await;
        drop(lines);
        // The last lines are kept before the end is told.
        let _ = teller.await;
        let report = ended?.report;
        self.0.sums.add(before.as_ref(), &report);
        self.after(&report, &stored).await;
        Ok(())
    }

    fn plan(&self, request: &ServerRequest) -> Result<Plan, AppError> {
        let kept = JobRequest {
            connection_file: std::path::PathBuf::new(),
            settings: request.settings.clone(),
            tables: Vec::new(),
        };
        Ok(plan_of(&kept)?)
    }

    /// The connection as it is now, as long as it still leads to the business unit that the job was made for.
    async fn connection_of(&self, job: &Job, request: &ServerRequest) -> Result<Stored, AppError> {
        let gone = || AppError::Conflict {
            message: format!("connection {} was deleted", request.connection_name.as_deref().unwrap_or("of this job")),
            hint: Some("give the query another connection and run it again, or export its result again".into()),
        };
        let id = request.connection.as_deref().ok_or_else(gone)?;
        let stored = self.understood(self.0.store.document_by_id(id).await?.ok_or_else(gone)?)?;
        if stored.key() == job.business_unit {
            return Ok(stored);
        }
        Err(AppError::Conflict {
            message: format!("connection {} leads to another business unit now", stored.name()),
            hint: Some("change it back and continue the job, or export its result again".into()),
        })
    }

    /// Writes the log lines of a job in order, beside its work.
    fn teller(&self, id: &model::JobId) -> (mpsc::UnboundedSender<(LogLevel, String)>, tokio::task::JoinHandle<()>) {
        let (sender, mut receiver) = mpsc::unbounded_channel::<(LogLevel, String)>();
        let (app, id) = (self.clone(), id.clone());
        let task = tokio::spawn(async move {
            while let Some((level, text)) = receiver.recv().await {
                app.note(&id, level, &text).await;
            }
        });
        (sender, task)
    }

    /// Says how a run ended. It is written down already: what fails here changes nothing about the job.
    async fn after(&self, report: &Report, stored: &Stored) {
        let broken = match report.status {
            JobState::NeedsReconnect => Some(report.cause.as_ref().map_or("it was refused", |cause| &cause.message)),
            JobState::Success => None,
            _ => stored.body.broken.as_deref(),
        };
        if report.token_refreshes > 0
            && let Err(error) = self.note_use(stored).await
        {
            tracing::warn!(job = %report.job, "the use of a grant could not be kept: {error}");
        }
        if let Err(error) = self.set_broken(stored, broken).await {
            tracing::warn!(job = %report.job, "the state of a connection could not be kept: {error}");
        }
        let level = match report.status {
            JobState::Success | JobState::Queued => LogLevel::Info,
            JobState::Failed | JobState::NeedsReconnect => LogLevel::Error,
            _ => LogLevel::Warning,
        };
        let text = match (report.status, self.job_by_id(&report.job).await) {
            (JobState::Queued, _) => {
                format!("The server stops; the job goes on when it starts again. {}", counts(report.rows))
            }
            (_, Ok(job)) => job.sentence,
            (_, Err(_)) => counts(report.rows),
        };
        self.note(&report.job, level, &text).await;
        tracing::info!(job = %report.job, state = report.status.name(), "job ends");
    }
}

/// What becomes of a job whose query did not come to its end: what it was, and what follows.
pub(crate) fn halted(error: QueryError, live: &LiveJob, (what, follows): (&str, &str)) -> Halt {
    match error {
        QueryError::Cancelled if live.requeue.load(std::sync::atomic::Ordering::SeqCst) => {
            Halt { state: JobState::Queued, cause: None }
        }
        QueryError::Cancelled => {
            let cause =
                StopCause { message: format!("stopped on request while {what} ran"), hint: None, configuration: false };
            Halt { state: JobState::Killed, cause: Some(cause) }
        }
        error => {
            let message = match &error {
                QueryError::Runtime { .. } => format!("{error}; {follows}"),
                _ => format!("{what} failed: {error}; {follows}"),
            };
            let cause = StopCause { message, hint: error.hint(), configuration: must_be_changed(&error) };
            Halt { state: JobState::Failed, cause: Some(cause) }
        }
    }
}

/// Whether the SQL or a table must be changed before the query can work, whatever the machine and the rows do.
fn must_be_changed(error: &QueryError) -> bool {
    match error {
        QueryError::Syntax { .. }
        | QueryError::UnknownTable { .. }
        | QueryError::UnknownColumn { .. }
        | QueryError::DuplicateColumn { .. }
        | QueryError::NotSelect { .. }
        | QueryError::SeveralStatements => true,
        // Files that are out of reach for a while come back by themselves.
        QueryError::Table(error) => !matches!(error, TableError::NoSuchFile { .. } | TableError::NoMatch { .. }),
        QueryError::Runtime { .. }
        | QueryError::TimedOut { .. }
        | QueryError::Cancelled
        | QueryError::Memory { .. }
        | QueryError::Disk { .. } => false,
    }
}

/// What was told already.
#[derive(Default)]
struct Told {
    tenth: Option<u64>,
    throttled: bool,
}

impl Told {
    fn hear(&mut self, watched: &Watched, live: &LiveJob, lines: &mpsc::UnboundedSender<(LogLevel, String)>) {
        let say = |level, text: String| {
            // The teller ends after us.
            let _ = lines.send((level, text));
        };
        match watched {
            Watched::Querying(rows) => live.querying(*rows),
            Watched::Checking(done, rows) => {
                live.checking(*done, *rows);
                if done == rows {
                    say(LogLevel::Info, format!("{} rows are checked; sending begins.", grouped(*rows)));
                }
            }
            Watched::Sending(tally) => {
                live.sending(*tally);
                let done = tally.read - tally.unsent;
                let tenth = (done * 10).checked_div(tally.read);
                if self.tenth.is_some() && tenth > self.tenth && done < tally.read {
                    say(LogLevel::Info, counts(*tally));
                }
                self.tenth = tenth;
                let lanes = live.throttled();
                if let Some(lanes) = lanes.filter(|_| !self.throttled) {
                    let text = format!("Pardot asks us to slow down (code 66). Sending continues with {lanes} lanes.");
                    say(LogLevel::Warning, text);
                }
                self.throttled = lanes.is_some();
            }
            Watched::Note(text) => say(LogLevel::Info, text.clone()),
        }
    }
}

fn counts(rows: Tally) -> String {
    let mut text = format!("{} of {} rows delivered", grouped(rows.delivered), grouped(rows.read));
    for (count, name) in [(rows.rejected, "rejected"), (rows.superseded, "superseded"), (rows.held, "held")] {
        if count > 0 {
            text.push_str(&format!(", {} {name}", grouped(count)));
        }
    }
    text + "."
}
