//! The one task that writes: it commits whatever is waiting in one transaction, then answers all.
//!
//! Knows the kinds of write and the order of commit, note and answer; not why something is written.
//!
//! Nobody waits for company: the first write starts a transaction, and what arrived by then rides along. While a
//! commit waits for the disk the next group gathers, so the slower the disk the larger the groups.

use std::path::PathBuf;

use model::{BatchMark, JobId, Learned, Rejection, Report};
use serde_json::Value;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::change::{self, Sealed};
use crate::error::StoreError;
use crate::fault::{Fault, Trouble};
use crate::file::{self, Presence};
use crate::job::{self, Next};
use crate::keys::KeyId;
use crate::log::LogLevel;
use crate::notice::{self, NoticeEnd};
use crate::once::{self, Start, Started};
use crate::secret::{self, MasterState, SealedSecret};
use crate::witness::Witness;
use crate::{audit, jobs, learned, log, outbox, rows, session, slot};

/// Writes in one transaction at most, so that no caller waits for very many others.
const GROUP: usize = 256;

/// Writes that may wait; beyond that, callers do.
const WAITING: usize = 1_024;

/// One thing to write.
#[derive(Debug)]
pub(crate) enum Write {
    Start(Box<Start>),
    State { job: JobId, next: Next, changes: Sealed },
    Run { report: Box<Report>, next: Next },
    Frozen { job: JobId, rows: u64, now: i64 },
    Report { report: Box<Report>, now: i64 },
    Forecast { job: JobId, forecast: Value },
    Watermark { job: JobId, value: u64 },
    Learned { key: String, learned: Learned, now: i64 },
    Settle { job: JobId, mark: BatchMark, rejections: Vec<Rejection>, now: i64 },
    Reject { job: JobId, rejections: Vec<Rejection> },
    Log { job: JobId, at: i64, level: LogLevel, text: String },
    Delete { job: JobId },
    Apply(Sealed),
    ClaimNotice { id: String, next: i64 },
    SettleNotice { id: String, end: NoticeEnd },
    PullNotices { now: i64, longest: i64, most: u32 },
    Master(MasterState),
    Rewrap { key: KeyId, records: Vec<(SealedSecret, Vec<u8>)> },
    EndRotation(KeyId),
    Forget,
    SweepJobs { before: i64, most: u32 },
    SweepStarts { now: i64 },
    SweepSessions { now: i64 },
    SweepSlots { before: i64, most: u32 },
    SweepNotices { before: i64, most: u32 },
    SweepAudit { before: i64, most: u32 },
    FreePages,
}

/// What a write says when it is durable.
#[derive(Debug)]
pub(crate) enum Outcome {
    Done,
    Started(Started),
    Swept(Vec<JobId>),
    Count(u64),
}

type Answer = Result<Outcome, StoreError>;

/// A message to the writer.
#[derive(Debug)]
pub(crate) enum Message {
    Write(Write, oneshot::Sender<Answer>),
    /// Empties the write-ahead log as far as no reader holds it.
    Checkpoint(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

/// What the writing task owns.
pub(crate) struct Writer {
    pub(crate) connection: SqliteConnection,
    pub(crate) witness: Witness,
    pub(crate) path: PathBuf,
    /// How often a locked database is asked again; each time waits for the busy timeout.
    pub(crate) patience: u32,
    /// Given back last, when the connection is closed.
    pub(crate) presence: Presence,
}

impl Writer {
    /// Starts the task on the current runtime.
    pub(crate) fn start(self) -> mpsc::Sender<Message> {
        let (sender, receiver) = mpsc::channel(WAITING);
        tokio::spawn(self.run(receiver));
        sender
    }

    async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut closing = Vec::new();
        while let Some(first) = messages.recv().await {
            let (mut group, mut waiting) = (Vec::new(), Vec::new());
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    Message::Write(write, answer) => group.push((write, answer)),
                    Message::Checkpoint(answer) => waiting.push(answer),
                    Message::Close(answer) => {
                        // Refuses what comes later, still writes what waits.
                        messages.close();
                        closing.push(answer);
                    }
                }
                next = if group.len() < GROUP { messages.try_recv().ok() } else { None };
            }
            self.settle(group).await;
            if !waiting.is_empty() {
                file::checkpoint(&mut self.connection).await;
            }
            for answer in waiting {
                let _gone = answer.send(());
            }
            // Lets the callers just answered send their next write, so that it rides in the next group.
            tokio::task::yield_now().await;
        }
        // An orderly end empties the write-ahead log into the database; if that fails, the next start does it.
        drop(self.connection.close().await);
        drop(self.presence);
        for answer in closing {
            // Whoever asked may have gone.
            let _gone = answer.send(());
        }
    }

    /// Commits a group together, or each write alone when one of them spoils the group; answers every one.
    async fn settle(&mut self, group: Vec<(Write, oneshot::Sender<Answer>)>) {
        if group.len() > 1 {
            match self.commit(group.iter().map(|(write, _)| write)).await {
                Ok(outcomes) => {
                    for ((_, answer), outcome) in group.into_iter().zip(outcomes) {
                        // A caller that has gone needs no answer; its write is kept all the same.
                        drop(answer.send(Ok(outcome)));
                    }
                    return;
                }
                // Each alone would wait as long again, one after the other.
                Err(Fault::Sql(error)) if Trouble::of(&error) == Trouble::Busy => {
                    for (_, answer) in group {
                        drop(answer.send(Err(StoreError::Busy { path: self.path.clone() })));
                    }
                    return;
                }
                Err(_) => {}
            }
        }
        for (write, answer) in group {
            let outcome = match self.commit(std::iter::once(&write)).await {
                Ok(outcomes) => Ok(outcomes.into_iter().next().unwrap_or(Outcome::Done)),
                Err(fault) => Err(StoreError::from_fault(fault, &self.path)),
            };
            drop(answer.send(outcome));
        }
    }

    async fn commit(&mut self, writes: impl Iterator<Item = &Write>) -> Result<Vec<Outcome>, Fault> {
        // Spelt out, because the engine ends a transaction by itself when the disk is full; a guard that counts
        // transactions would then wait for an end that has been.
        let mut tries = 1;
        while let Err(error) = sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await {
            if tries >= self.patience || Trouble::of(&error) != Trouble::Busy {
                return Err(error.into());
            }
            tries += 1;
        }
        match fill(&mut self.connection, writes).await {
            Ok((outcomes, commits)) => {
                self.witness.note(commits);
                Ok(outcomes)
            }
            Err(fault) => {
                // Fails when the engine has rolled back already, which is as good.
                drop(sqlx::query("ROLLBACK").execute(&mut self.connection).await);
                Err(fault)
            }
        }
    }
}

/// Fills the open transaction and commits it; returns what each write says, and the number of commits so far.
async fn fill(
    connection: &mut SqliteConnection,
    writes: impl Iterator<Item = &Write>,
) -> Result<(Vec<Outcome>, i64), Fault> {
    let mut outcomes = Vec::new();
    for write in writes {
        outcomes.push(apply(&mut *connection, write).await?);
    }
    let count = "UPDATE progress SET commits = commits + 1 WHERE one = 1 RETURNING commits";
    let commits = sqlx::query_scalar(count).fetch_one(&mut *connection).await?;
    sqlx::query("COMMIT").execute(connection).await?;
    Ok((outcomes, commits))
}

async fn apply(connection: &mut SqliteConnection, write: &Write) -> Result<Outcome, Fault> {
    match write {
        Write::Start(start) => return once::start(connection, start).await.map(Outcome::Started),
        Write::State { job, next, changes } => {
            job::set_state(&mut *connection, job, next).await?;
            change::apply(connection, changes).await?;
        }
        Write::Run { report, next } => job::settle_run(connection, report, next).await?,
        Write::Frozen { job, rows, now } => job::set_frozen(connection, job, *rows, *now).await?,
        Write::Report { report, now } => job::save_report(connection, report, *now).await?,
        Write::Forecast { job, forecast } => job::set_forecast(connection, job, forecast).await?,
        Write::Watermark { job, value } => named(learned::save_watermark(connection, job, *value).await, job)?,
        Write::Learned { key, learned, now } => learned::save(connection, key, *learned, *now).await?,
        Write::Settle { job, mark, rejections, now } => {
            named(rows::mark(&mut *connection, job, mark, *now).await, job)?;
            named(rows::reject(connection, job, rejections).await, job)?;
        }
        Write::Reject { job, rejections } => named(rows::reject(connection, job, rejections).await, job)?,
        Write::Log { job, at, level, text } => {
            named(log::append(connection, job, *at, *level, text).await, job)?;
        }
        Write::Delete { job } => jobs::delete(connection, job).await?,
        Write::Apply(sealed) => change::apply(connection, sealed).await?,
        Write::ClaimNotice { id, next } => outbox::claim(connection, id, *next).await?,
        Write::SettleNotice { id, end } => outbox::settle(connection, id, end).await?,
        Write::PullNotices { now, longest, most } => {
            return outbox::pull(connection, *now, *longest, *most).await.map(Outcome::Count);
        }
        Write::Master(state) => secret::set_master(connection, *state).await?,
        Write::Rewrap { key, records } => {
            for (old, record) in records {
                secret::rewrap(&mut *connection, old, *key, record).await?;
            }
        }
        Write::EndRotation(key) => secret::end_rotation(connection, *key).await?,
        Write::Forget => return secret::forget(connection).await.map(Outcome::Count),
        Write::SweepJobs { before, most } => {
            return jobs::sweep(connection, *before, *most).await.map(Outcome::Swept);
        }
        Write::SweepStarts { now } => return once::sweep(connection, *now).await.map(Outcome::Count),
        Write::SweepSessions { now } => return session::sweep(connection, *now).await.map(Outcome::Count),
        Write::SweepSlots { before, most } => {
            return slot::sweep(connection, *before, *most).await.map(Outcome::Count);
        }
        Write::SweepNotices { before, most } => {
            return notice::sweep(connection, *before, *most).await.map(Outcome::Count);
        }
        Write::SweepAudit { before, most } => {
            return audit::sweep(connection, *before, *most).await.map(Outcome::Count);
        }
        Write::FreePages => file::free_pages(connection).await?,
    }
    Ok(Outcome::Done)
}

/// Says which job is not there, when that is the matter.
fn named(result: Result<(), Fault>, job: &JobId) -> Result<(), Fault> {
    match result {
        Err(Fault::Sql(error)) if Trouble::of(&error) == Trouble::NoParent => Err(Fault::NoJob(job.clone())),
        other => other,
    }
}
