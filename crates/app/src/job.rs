//! One run of a job: from the frozen Result to its report. New jobs and continued ones take the same path.
//!
//! Knows no arguments and no screen.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use export::{Checked, Context, CustomField, Ends, Event, FrozenResult, Stop};
use model::{
    Calls, DailyCalls, JobState, OnInvalid, Plan, Problems, REPORT_FORMAT_VERSION, ReasonCount, Report, RowSet,
    Settings, Stages, StopCause, Tally,
};
use pardot::account::CustomFields;
use pardot::{CallError, Client, Clock, Counts, SystemClock};
use serde::{Deserialize, Serialize};
use store::{Job, Store};

use crate::clock;
use crate::ledger::StoreLedger;
use crate::stop::StopSignal;

/// The store's value that says when the data directory was restored from a backup, in seconds since 1970.
pub(crate) const RESTORED: &str = "restored";

/// What a watcher is told.
pub enum Watched {
    /// The query has so many rows.
    Querying(u64),
    /// So many rows of the Result are checked, of all.
    Checking(u64, u64),
    /// The counts, while sending.
    Sending(Tally),
    /// A remark for people.
    Note(String),
}

/// Who watches.
pub type Watcher<'a> = &'a mut (dyn FnMut(Watched) + Send);

/// What a job needs to be continued; kept with it. Never a secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobRequest {
    /// The connection file.
    pub connection_file: PathBuf,
    /// The settings as written.
    pub settings: serde_json::Value,
    /// Tables as `--table` has them.
    pub tables: Vec<String>,
}

/// How a run ended.
pub struct Ended {
    /// What came of it.
    pub report: Report,
    /// Why, when it is a matter of settings or columns.
    pub problems: Option<Problems>,
}

/// The account's custom fields, all pages.
pub async fn custom_fields(client: &Client) -> Result<Vec<CustomField>, CallError> {
    let (mut fields, mut next) = (Vec::new(), Some(0));
    while let Some(offset) = next {
        let page = client.send(&CustomFields { offset }).await?;
        fields.extend(page.fields.into_iter().map(|field| CustomField { api_name: field.field_id }));
        next = page.next;
    }
    Ok(fields)
}

/// Runs a job whose Result is frozen, to its end or to where it must stop.
pub struct Run<'a> {
    /// Where the job is kept.
    pub store: &'a Store,
    /// The job.
    pub job: Job,
    /// The key of its business unit.
    pub business_unit: String,
    /// What calls Pardot, or why nothing can.
    pub client: Result<Arc<Client>, String>,
    /// What the settings mean.
    pub plan: Plan,
    /// Seconds the query took, when it ran just now.
    pub query_seconds: f64,
    /// Whether the Result stays after a success without rejected rows.
    pub keep_result: bool,
    /// Says, once the job was asked to stop, whether it is to wait in the queue instead of being killed.
    pub requeue: Arc<AtomicBool>,
    /// The clock that its states are dated by.
    pub wall: clock::Clock,
    /// Has the last word on how the run ended.
    pub verdict: Verdict<'a>,
}

/// Looks at the report of a run before it is kept, knowing whether any row found an end in it, and may change its status and
/// cause; gives the time at which the job goes on by itself, in seconds since 1970.
pub type Verdict<'a> = &'a (dyn Fn(&mut Report, bool) -> Option<i64> + Send + Sync);

/// The verdict of whoever leaves everything as it is: nothing goes on by itself.
pub fn as_it_is(_: &mut Report, _: bool) -> Option<i64> {
    None
}

impl Run<'_> {
    /// Sends what has no end yet.
    pub async fn send(self, stop: StopSignal, watch: Watcher<'_>) -> Result<Ended, store::StoreError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let started = Instant::now();
        let mut figures =
            Figures { stages: Stages { query: self.query_seconds, ..Stages::default() }, ..Figures::default() };
        figures.tally = self.known_ends().await;
        for note in &self.plan.notes {
            watch(Watched::Note(note.clone()));
        }
        self.store.set_state(&self.job.id, JobState::Sending, None, self.wall.now()).await?;
        let client = match self.client.clone() {
            Ok(client) => client,
            Err(message) => return self.close(figures, Early::Unconnected(message)).await,
        };
        figures.refreshes_before = client.counts().refreshes;
        // Whatever is under way when the wish to stop comes ends with its answer, from the first call on.
        let (wish, stopped) = (stop.clone(), client.clone());
        let watching = tokio::spawn(async move {
            wish.stopped().await;
            stopped.stop();
        });
        let ended = self.deliver(&client, &clock, &mut figures, stop, watch).await;
        watching.abort();
        figures.counts = Some(client.counts());
        figures.seconds = started.elapsed().as_secs_f64() + self.query_seconds;
        self.close(figures, ended).await
    }

    /// The ends known before anything is checked: what the ledger has, which an earlier run may have left behind its
    /// report, and the superseded rows of the last report, which the ledger does not know.
    async fn known_ends(&self) -> Tally {
        let read = self.job.frozen_rows.unwrap_or(0);
        let last = self.job.report.as_ref().map(|report| report.rows).filter(|rows| rows.read == read);
        let Ok(ends) = Ends::read(&*self.ledger(), RowSet::default()).await else {
            return last.unwrap_or(Tally { read, unsent: read, ..Tally::default() });
        };
        let mut tally = ends.tally(read);
        let superseded = last.map_or(0, |last| last.superseded).min(tally.unsent);
        tally.superseded += superseded;
        tally.unsent -= superseded;
        tally
    }

    /// Whether this job was made before the data directory was restored: what was sent since the backup is not known.
    async fn comes_from_a_backup(&self) -> bool {
        let restored = self.store.value(RESTORED).await.ok().flatten().and_then(|at| at.as_i64());
        restored.is_some_and(|at| self.job.created <= at)
    }

    fn ledger(&self) -> Arc<dyn export::Ledger> {
        Arc::new(StoreLedger {
            store: self.store.clone(),
            job: self.job.id.clone(),
            ledger: self.store.ledger(&self.job.id),
            business_unit: self.business_unit.clone(),
            wall: self.wall.clone(),
        })
    }

    async fn deliver(
        &self,
        client: &Arc<Client>,
        clock: &Arc<dyn Clock>,
        figures: &mut Figures,
        stop: StopSignal,
        watch: Watcher<'_>,
    ) -> Early {
        let (result, object, checked) = match self.check(client, figures, watch).await {
            Ok(checked) => checked,
            Err(early) => return early,
        };
        let ledger = self.ledger();
        let mut ends = match Ends::read(&*ledger, checked.superseded.clone()).await {
            Ok(ends) => ends,
            Err(error) => return Early::Stopped(Some(Stop::Ledger(error))),
        };
        if self.comes_from_a_backup().await {
            ends.distrust();
        }
        figures.settled_before = ends.tally(result.rows());
        figures.tally = figures.settled_before;
        let learned = self.store.learned(&self.business_unit).await.unwrap_or_default();
        let sending = Instant::now();
        let parts = export::Parts {
            client: client.clone(),
            object,
            plan: self.plan.clone(),
            ledger,
            clock: clock.clone(),
            learned,
        };
        let ended = match Context::new(parts, &checked, ends.next_batch()).await {
            Ok(context) => {
                let mut observe = |Event::Progress(tally): Event| watch(Watched::Sending(tally));
                export::deliver(&Arc::new(context), &result, &mut ends, stop.stopped(), &mut observe).await
            }
            Err(stop) => Some(stop),
        };
        figures.stages.send = sending.elapsed().as_secs_f64();
        figures.tally = ends.tally(result.rows());
        Early::Stopped(ended)
    }

    /// Understands the columns and checks every row.
    async fn check(
        &self,
        client: &Client,
        figures: &mut Figures,
        watch: Watcher<'_>,
    ) -> Result<(FrozenResult, Arc<dyn export::DataObject>, Checked), Early> {
        let stopped = |stop| Early::Stopped(Some(stop));
        let path = self.store.result_path(&self.job.id);
        let result = FrozenResult::open(&path).map_err(|error| stopped(Stop::Result(error)))?;
        let custom = if export::unknown_columns(result.schema(), &self.plan.target).is_empty() {
            Vec::new()
        } else {
            custom_fields(client).await.map_err(|error| stopped(export::stop_of(error)))?
        };
        let columns = export::columns_of(result.schema(), &self.plan.target, &custom)
            .map_err(|problems| stopped(Stop::Settings(problems)))?;
        let object = export::object_of(&self.plan.target, columns);
        let checking = Instant::now();
        watch(Watched::Checking(0, result.rows()));
        let task = {
            let (result, object) = (result.clone(), object.clone());
            tokio::task::spawn_blocking(move || export::check(&result, &*object, &mut |_| {}))
        };
        let checked = match task.await {
            Ok(checked) => checked.map_err(|error| stopped(Stop::Result(error)))?,
            Err(error) => return Err(Early::Unconnected(format!("checking the rows ended unexpectedly: {error}"))),
        };
        figures.stages.check = checking.elapsed().as_secs_f64();
        watch(Watched::Checking(result.rows(), result.rows()));
        Ok((result, object, checked))
    }

    /// Writes down how the run ended.
    async fn close(self, figures: Figures, ended: Early) -> Result<Ended, store::StoreError> {
        let tally = figures.tally;
        let (status, cause, problems) = match ended {
            Early::Unconnected(message) => {
                (JobState::NeedsReconnect, Some(StopCause { message, hint: None, configuration: false }), None)
            }
            Early::Stopped(None) if tally.held > 0 => (JobState::Held, Some(held(tally.held)), None),
            // A success has no rejected rows unless they are to be skipped; also when an earlier run rejected them.
            Early::Stopped(None) if tally.rejected > 0 && self.plan.on_invalid == OnInvalid::Stop => {
                (JobState::Stopped, Some(Stop::RejectedRow.cause()), None)
            }
            Early::Stopped(None) => (JobState::Success, None, None),
            Early::Stopped(Some(stop)) => {
                let mut cause = stop.cause();
                if matches!(stop, Stop::RejectedRow) {
                    cause.message.push_str(&format!("; {} rows were delivered before it", tally.delivered));
                }
                let state = match stop {
                    Stop::Killed if self.requeue.load(Ordering::SeqCst) => JobState::Queued,
                    ref stop => state_of(stop),
                };
                let cause = (state != JobState::Queued).then_some(cause);
                let problems = match stop {
                    Stop::Settings(problems) => Some(problems),
                    _ => None,
                };
                (state, cause, problems)
            }
        };
        let reasons = self.store.ledger(&self.job.id).reasons(1_000).await?;
        let before = figures.settled_before;
        let mut report = self.report(figures, status, cause, reasons);
        let progressed = before.read > 0 && report.rows.unsent < before.unsent;
        let wake = (self.verdict)(&mut report, progressed);
        self.store.settle_run(&report, wake, progressed, self.wall.now()).await?;
        // A Result is people's data: it stays only while something may be continued, or rejected rows looked at.
        if report.status == JobState::Success && report.rows.rejected == 0 && !self.keep_result {
            let _ = std::fs::remove_file(self.store.result_path(&self.job.id));
        }
        Ok(Ended { report, problems })
    }

    fn report(
        &self,
        figures: Figures,
        status: JobState,
        cause: Option<StopCause>,
        rejected_by_reason: Vec<ReasonCount>,
    ) -> Report {
        let counts = figures.counts.unwrap_or_default();
        let earlier = self.job.report.as_ref();
        let mut calls = Calls {
            total: counts.calls,
            by_kind: counts.by_kind.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect(),
        };
        let mut stages = figures.stages;
        let mut seconds = figures.seconds;
        if let Some(earlier) = earlier {
            calls.add(&earlier.calls);
            stages.query += earlier.stages.query;
            stages.check += earlier.stages.check;
            stages.send += earlier.stages.send;
            seconds += earlier.seconds;
        }
        let before = |part: fn(&Report) -> u64| earlier.map_or(0, part);
        let sent = figures.tally.unsent.abs_diff(figures.settled_before.unsent);
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rows_per_second = if figures.stages.send > 0.0 { sent as f64 / figures.stages.send } else { 0.0 };
        Report {
            format_version: REPORT_FORMAT_VERSION,
            job: self.job.id.clone(),
            status,
            cause,
            rows: figures.tally,
            calls,
            bytes_sent: counts.bytes_sent + before(|report| report.bytes_sent),
            bytes_received: counts.bytes_received + before(|report| report.bytes_received),
            max_in_flight: counts.max_in_flight.max(earlier.map_or(0, |report| report.max_in_flight)),
            retries: counts.retries + before(|report| report.retries),
            throttles: counts.throttles + before(|report| report.throttles),
            token_refreshes: counts.refreshes.saturating_sub(figures.refreshes_before)
                + before(|report| report.token_refreshes),
            daily_calls: counts.usage.map(|usage| DailyCalls { used: usage.used, limit: usage.limit }),
            rejected_by_reason,
            rejects_file: None,
            stages,
            seconds,
            rows_per_second,
            notes: self.plan.notes.clone(),
        }
    }
}

/// What a run measured.
#[derive(Default)]
struct Figures {
    tally: Tally,
    settled_before: Tally,
    counts: Option<Counts>,
    /// Token refreshes of others before this run.
    refreshes_before: u64,
    stages: Stages,
    seconds: f64,
}

/// Where a run ended.
enum Early {
    /// There is nothing to call with.
    Unconnected(String),
    /// Rows were sent as far as they could be.
    Stopped(Option<Stop>),
}

fn held(rows: u64) -> StopCause {
    StopCause {
        message: format!("{rows} rows may or may not have been created (the answer was lost or not understood)"),
        hint: Some("continue the job: what could be duplicated is looked up before it is sent again".into()),
        configuration: false,
    }
}

fn state_of(stop: &Stop) -> JobState {
    match stop {
        Stop::RejectedRow => JobState::Stopped,
        Stop::Quota(_) => JobState::ParkedQuota,
        Stop::Outage { .. } => JobState::ParkedOutage,
        Stop::Reconnect(_) | Stop::Access(_) => JobState::NeedsReconnect,
        Stop::Killed => JobState::Killed,
        Stop::Settings(_) | Stop::Ledger(_) | Stop::Result(_) | Stop::Refused(_) => JobState::Failed,
    }
}

/// The settings kept with a job.
pub fn plan_of(request: &JobRequest) -> Result<Plan, Problems> {
    let mut settings = Settings::default();
    settings.set_all(&request.settings)?;
    Plan::parse(&settings)
}
