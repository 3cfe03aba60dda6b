//! From the outcome of a job to notices: who is told what, and whether its schedule is disabled.
//!
//! Knows which outcome is worth a notice, and what stands in it: counts, cause, what to do, never a row's value. Every
//! outcome is told once: what is written for it, and that it was, are one transaction.

use std::collections::HashSet;
use std::time::Duration;

use api::NoticeEvent;
use model::{JobId, JobState, StopCause};
use notify::{Counts, Event, Notice, Subject};
use serde_json::json;
use store::{
    Change, Job, JobSummary, LogLevel, NewNotice, NoticeChannel, NoticeFilter, NoticeState, SlotEnd, StoreError,
};

use crate::names::new_job_id;
use crate::notifications::{Told, owner_hears};
use crate::owners::{notify_of, owner_of};
use crate::schedules::Scheduled;
use crate::timetable::{Halt, Standing};
use crate::words;
use crate::{App, AppError};
use model::grouped;

/// Outcomes are looked for at least so often.
const LOOK: Duration = Duration::from_secs(5);
/// Outcomes that are told in one go.
const CHUNK: u32 = 100;
/// Notices of a query that are looked at to see what was heard.
const HEARD: u32 = 1_000;
/// The states that somebody may want to hear of.
const STATES: [JobState; 6] = [
    JobState::Success,
    JobState::Failed,
    JobState::Stopped,
    JobState::Held,
    JobState::ParkedQuota,
    JobState::NeedsReconnect,
];

impl App {
    /// Tells outcomes until the application stops.
    pub(crate) async fn keep_told(self) {
        let mut stopping = self.0.stopping.subscribe();
        while !*stopping.borrow_and_update() {
            match self.tell_outcomes().await {
                Ok(()) => {}
                Err(error) => tracing::error!("outcomes of jobs could not be told: {error}"),
            }
            tokio::select! {
                () = self.0.outcomes_wake.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                _ = stopping.changed() => {}
            }
        }
    }

    async fn tell_outcomes(&self) -> Result<(), AppError> {
        // Those that cannot be told hide no others.
        let mut stuck = 0;
        while !self.is_stopping() {
            let limit = CHUNK + stuck;
            let untold = self.0.store.untold(&STATES, limit).await?;
            let full = untold.len() as u64 == u64::from(limit);
            let mut progress = false;
            stuck = 0;
            for job in untold {
                if self.is_stopping() {
                    return Ok(());
                }
                let id = job.id.clone();
                match self.tell(job).await {
                    // It is in another state by now; that one is told when it comes to rest.
                    Ok(()) | Err(AppError::Stale { .. }) => progress = true,
                    Err(error) => {
                        stuck += 1;
                        tracing::error!(job = %id, "the outcome of a job could not be told: {error}");
                    }
                }
            }
            if !full || !progress {
                break;
            }
        }
        Ok(())
    }

    /// Writes the notices of one outcome, and what it means for the schedule.
    async fn tell(&self, job: JobSummary) -> Result<(), AppError> {
        let mut changes = vec![Change::Told { job: job.id.clone(), state: job.state }];
        let Some(query_id) = job.query.clone() else {
            return self.keep(changes).await;
        };
        let _scheduling = self.0.scheduling.lock().await;
        // Of a query that was deleted meanwhile, those hear who hear where nobody says anything.
        let (notify, owner, scheduled) = match self.0.store.document_by_id(&query_id).await? {
            Some(document) => {
                let notify = notify_of(&document)?;
                (notify, self.audience_owner(&document).await?, self.scheduled(document).await?)
            }
            None => (None, None, None),
        };
        let by_schedule = match &scheduled {
            Some(scheduled) if self.is_run_of(scheduled, &job).await? => Some(scheduled),
            Some(_) | None => None,
        };
        let refresh = owner_of(&query_id) == api::Scheduled::ParentSegment;
        if job.kind == store::JobKind::Result && by_schedule.is_none() && !refresh {
            // Somebody looks at some rows.
            return self.keep(changes).await;
        }
        let told = self.told_of(notify).await?;
        let full = self.find_job(job.id.as_str()).await?;
        let failed_before = self.0.store.value(&outcome(&query_id)).await?.is_some();
        let streak = match by_schedule {
            Some(scheduled) => self.judge(scheduled, &job, &told).await?,
            None => None,
        };
        if let (Some(streak), Some(scheduled)) = (&streak, by_schedule) {
            changes.push(scheduled.stands(&streak.standing, self.now()));
        }
        let failures = streak.as_ref().and_then(|streak| streak.failures);
        let disabled = streak.and_then(|streak| streak.standing.disabled);
        let facts = self.facts(&full, scheduled.as_ref(), failures).await?;
        let candidates = candidates(&job, failed_before, told.rejected_over);
        let mut addressed_now = addressed(&told, &candidates);
        addressed_now.extend(owner.and_then(|owner| owner_hears(owner, &candidates, &addressed_now)));
        for (event, to) in addressed_now {
            changes.push(self.notice(event, &facts, to, &full));
        }
        if let Some(halt) = &disabled {
            let facts = Notice { cause: Some(halt.message.clone()), todo: halt.hint.clone(), ..facts.clone() };
            for (event, to) in addressed(&told, &[NoticeEvent::Disabled]) {
                changes.push(self.notice(event, &facts, to, &full));
            }
        }
        changes.extend(remember(&query_id, &job, failed_before));
        self.keep(changes).await?;
        if let Some(halt) = disabled {
            self.note(&job.id, LogLevel::Error, &format!("The schedule is {}.", halt.message)).await;
            self.schedules_changed();
        }
        self.0.notices_wake.notify_one();
        Ok(())
    }

    /// What the outcome of a run changes about its schedule, if anything.
    async fn judge(&self, scheduled: &Scheduled, job: &JobSummary, told: &Told) -> Result<Option<Streak>, AppError> {
        let before = &scheduled.standing;
        if before.disabled.is_some() || before.counted.as_deref() == Some(job.id.as_str()) && !is_good(job) {
            return Ok(None);
        }
        let mut standing = before.clone();
        let mut failures = None;
        match outcome_of(job) {
            Outcome::Good => (standing.failures, standing.failing_since, standing.counted) = (0, None, None),
            Outcome::Configuration => {
                standing.failures += 1;
                standing.counted = Some(job.id.to_string());
                let since = *standing.failing_since.get_or_insert(self.now());
                let most = self.0.config.failures_to_disable;
                failures = Some((standing.failures, most));
                if standing.failures >= most && self.was_heard(&scheduled.query.id, since, told).await? {
                    let cause = job.cause.as_ref().map(|cause| self.0.discreet.cause(cause));
                    standing.disabled = Some(halt(cause, standing.failures, self.now()));
                }
            }
            Outcome::Other => {}
        }
        Ok((standing != *before).then_some(Streak { standing, failures }))
    }

    /// Whether enough notices of failures have arrived since then that nobody finds a schedule disabled without having heard
    /// of it. Where nobody is to hear of failures, the page of the schedule has told it.
    async fn was_heard(&self, query: &str, since: i64, told: &Told) -> Result<bool, AppError> {
        if told.nobody() || !told.on.contains(&NoticeEvent::Failure) {
            return Ok(true);
        }
        let filter =
            NoticeFilter { query: Some(query.to_owned()), state: Some(NoticeState::Sent), ..NoticeFilter::default() };
        let sent = self.0.store.notices(&filter, None, HEARD).await?;
        let failures =
            sent.into_iter().filter(|notice| notice.event == Event::Failure.name() && notice.created >= since);
        let jobs: HashSet<Option<JobId>> = failures.map(|notice| notice.job).collect();
        Ok(jobs.len() as u64 >= u64::from(self.0.config.notices_to_disable))
    }

    async fn keep(&self, changes: Vec<Change>) -> Result<(), AppError> {
        self.0.store.apply(changes).await.map_err(|error| match error {
            StoreError::Conflict { .. } | StoreError::Missing { .. } => AppError::Stale { what: "the job".into() },
            other => other.into(),
        })
    }

    /// Whether the job is the run of one of the schedule's times.
    async fn is_run_of(&self, scheduled: &Scheduled, job: &JobSummary) -> Result<bool, AppError> {
        let Some(time) = job.scheduled else { return Ok(false) };
        let slots = self.0.store.slots_between(&scheduled.query.id, time, time + 1).await?;
        Ok(slots.iter().any(|slot| matches!(&slot.end, SlotEnd::Run { job: run } if *run == job.id)))
    }

    /// What a notice about the job says, whoever hears it.
    async fn facts(
        &self,
        job: &Job,
        scheduled: Option<&Scheduled>,
        failures: Option<(u32, u32)>,
    ) -> Result<Notice, AppError> {
        let connection = match &job.connection {
            Some(id) => self.0.store.document_by_id(id).await?.map(|document| document.name),
            None => None,
        };
        let cause = job.cause.as_ref().map(|cause| self.0.discreet.cause(cause));
        let rejected = job.report.as_ref().map_or(0, |report| report.rows.rejected);
        let zone = self.account_of(&job.business_unit).await?.and_then(|account| account.time_zone);
        let server = self.0.config.public_url.clone().unwrap_or_default();
        let local = |time: i64| match scheduled {
            Some(scheduled) => scheduled.table.zone.local(time),
            None => words::at(time, None),
        };
        let link =
            self.0.config.public_url.as_ref().map(|url| format!("{}/jobs/{}", url.trim_end_matches('/'), job.id));
        let (said, todo) = match cause {
            Some(StopCause { message, hint, .. }) => (Some(message), hint),
            None if rejected > 0 => (
                Some(match rejected {
                    1 => "1 row was rejected".to_owned(),
                    more => format!("{} rows were rejected", grouped(more)),
                }),
                Some("download them, mend them, and retry them".to_owned()),
            ),
            None => (None, None),
        };
        Ok(Notice {
            of: subject(job),
            query: job.query_name.clone(),
            connection,
            job: Some(job.id.to_string()),
            scheduled: job.scheduled.map(local),
            state: Some(job.state.to_string()),
            counts: job.report.as_ref().map(|report| Counts {
                read: report.rows.read,
                delivered: report.rows.delivered,
                rejected: report.rows.rejected,
                superseded: report.rows.superseded,
                held: report.rows.held,
                unsent: report.rows.unsent,
            }),
            calls: job.report.as_ref().map(|report| report.calls.total),
            cause: said,
            todo,
            next: next(job, zone.as_deref()),
            failures_in_a_row: failures,
            link,
            ..Notice::new("", job.updated, Event::Test, server)
        })
    }

    fn notice(&self, event: NoticeEvent, facts: &Notice, to: (NoticeChannel, String), job: &Job) -> Change {
        let now = self.now();
        let id = new_job_id(now).to_string();
        let notice = Notice { id: id.clone(), event: kind(event), ..facts.clone() };
        Change::InsertNotice(NewNotice {
            id,
            created: now,
            event: kind(event).name().into(),
            query: job.query.clone(),
            job: Some(job.id.clone()),
            channel: to.0,
            target: to.1,
            body: serde_json::to_value(notice).unwrap_or_default(),
        })
    }
}

/// What an outcome makes of its schedule.
struct Streak {
    standing: Standing,
    /// Failures in a row, and how many disable it.
    failures: Option<(u32, u32)>,
}

/// What an outcome says about the schedule whose run it is.
enum Outcome {
    /// Everything was sent.
    Good,
    /// Somebody must change something.
    Configuration,
    /// The day's calls, an outage, the rows.
    Other,
}

fn is_good(job: &JobSummary) -> bool {
    matches!(outcome_of(job), Outcome::Good)
}

fn outcome_of(job: &JobSummary) -> Outcome {
    match job.state {
        JobState::Success => Outcome::Good,
        JobState::Failed if job.cause.as_ref().is_some_and(|cause| cause.configuration) => Outcome::Configuration,
        _ => Outcome::Other,
    }
}

/// The events that an outcome is, what weighs most first.
fn candidates(job: &JobSummary, failed_before: bool, rejected_over: u64) -> Vec<NoticeEvent> {
    let rejected = job.tally.is_some_and(|rows| rows.rejected > rejected_over).then_some(NoticeEvent::Rejected);
    match job.state {
        JobState::Success => {
            let recovered = failed_before.then_some(NoticeEvent::Recovered);
            recovered.into_iter().chain(rejected).chain([NoticeEvent::Success]).collect()
        }
        JobState::Failed | JobState::Stopped | JobState::Held => {
            std::iter::once(NoticeEvent::Failure).chain(rejected).collect()
        }
        JobState::ParkedQuota => vec![NoticeEvent::QuotaParked],
        JobState::NeedsReconnect => vec![NoticeEvent::Reconnect],
        JobState::Queued
        | JobState::Querying
        | JobState::Sending
        | JobState::ParkedOutage
        | JobState::Killed
        | JobState::Skipped => Vec::new(),
    }
}

/// Everybody who hears of the first of the events that is told at all. One outcome is one notice for each of them.
fn addressed(told: &Told, candidates: &[NoticeEvent]) -> Vec<(NoticeEvent, (NoticeChannel, String))> {
    let Some(event) = candidates.iter().find(|event| told.on.contains(event)) else { return Vec::new() };
    let mails = told.recipients.iter().map(|address| (NoticeChannel::Mail, address.clone()));
    let calls = told.webhooks.iter().map(|id| (NoticeChannel::Webhook, id.clone()));
    mails.chain(calls).map(|to| (*event, to)).collect()
}

/// Remembers that a query failed until it is a success again.
fn remember(query: &str, job: &JobSummary, failed_before: bool) -> Option<Change> {
    let name = outcome(query);
    match job.state {
        JobState::Success if failed_before => Some(Change::PutValue { name, value: None }),
        JobState::Failed | JobState::Stopped | JobState::Held | JobState::NeedsReconnect if !failed_before => {
            Some(Change::PutValue { name, value: Some(json!({ "failed": job.id.as_str() })) })
        }
        _ => None,
    }
}

/// Where it is kept that a query's newest outcome is a failure.
pub(crate) fn outcome(query: &str) -> String {
    format!("outcome:{query}")
}

fn halt(cause: Option<StopCause>, failures: u32, now: i64) -> Halt {
    let cause = cause.map_or_else(|| "see its jobs".to_owned(), |cause| cause.message);
    Halt {
        since: now,
        message: format!("disabled: {failures} runs in a row failed, and will until something is changed: {cause}"),
        hint: Some("mend that, then resume the schedule".into()),
    }
}

/// What happens by itself.
fn next(job: &Job, zone: Option<&str>) -> Option<String> {
    match job.state {
        JobState::ParkedQuota => Some(match job.wake {
            Some(wake) => format!("it continues by itself at {}", words::at(wake, zone)),
            None => "it continues by itself".into(),
        }),
        JobState::NeedsReconnect => Some("it continues by itself once the connection is connected again".into()),
        _ => None,
    }
}

fn subject(job: &Job) -> Subject {
    match job.query.as_deref().map(owner_of).unwrap_or_default() {
        api::Scheduled::Query => Subject::Query,
        api::Scheduled::Activation => Subject::Activation,
        api::Scheduled::ParentSegment => Subject::ParentSegment,
    }
}

fn kind(event: NoticeEvent) -> Event {
    match event {
        NoticeEvent::Success => Event::Success,
        NoticeEvent::Failure => Event::Failure,
        NoticeEvent::Rejected => Event::Rejected,
        NoticeEvent::QuotaParked => Event::QuotaParked,
        NoticeEvent::Reconnect => Event::Reconnect,
        NoticeEvent::Disabled => Event::Disabled,
        NoticeEvent::Recovered => Event::Recovered,
        NoticeEvent::Test => Event::Test,
    }
}
