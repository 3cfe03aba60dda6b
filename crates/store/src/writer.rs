//! The one task that writes: it commits whatever is waiting in one transaction, then answers all.
//!
//! Knows the kinds of write and the order of commit, note and answer; not why something is written.
//!
//! Nobody waits for company: the first write starts a transaction, and what arrived by then rides along. While a
//! commit waits for the disk the next group gathers, so the slower the disk the larger the groups.

use std::path::PathBuf;

use model::{BatchMark, JobId, JobState, Learned, Rejection, Report, StopCause};
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Fault, StoreError, Trouble};
use crate::file::Presence;
use crate::job::{self, NewJob};
use crate::rows;
use crate::witness::Witness;

/// Writes in one transaction at most, so that no caller waits for very many others.
const GROUP: usize = 256;

/// Writes that may wait; beyond that, callers do.
const WAITING: usize = 1_024;

/// One thing to write.
#[derive(Debug)]
pub(crate) enum Write {
    Create(NewJob),
    State { job: JobId, state: JobState, cause: Option<StopCause>, now: i64 },
    Frozen { job: JobId, rows: u64, now: i64 },
    Report { report: Box<Report>, now: i64 },
    Watermark { job: JobId, value: u64 },
    Learned { key: String, learned: Learned, now: i64 },
    Settle { job: JobId, mark: BatchMark, rejections: Vec<Rejection> },
    Reject { job: JobId, rejections: Vec<Rejection> },
}

/// A message to the writer.
#[derive(Debug)]
pub(crate) enum Message {
    Write(Write, oneshot::Sender<Result<(), StoreError>>),
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
            let mut group = Vec::new();
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    Message::Write(write, answer) => group.push((write, answer)),
                    Message::Close(answer) => {
                        // Refuses what comes later, still writes what waits.
                        messages.close();
                        closing.push(answer);
                    }
                }
                next = if group.len() < GROUP { messages.try_recv().ok() } else { None };
            }
            self.settle(group).await;
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
    async fn settle(&mut self, group: Vec<(Write, oneshot::Sender<Result<(), StoreError>>)>) {
        if group.len() > 1 {
            let together = match self.commit(group.iter().map(|(write, _)| write)).await {
                Ok(()) => Some(true),
                // Each alone would wait as long again, one after the other.
                Err(Fault::Sql(error)) if Trouble::of(&error) == Trouble::Busy => Some(false),
                Err(_) => None,
            };
            if let Some(kept) = together {
                for (_, answer) in group {
                    let busy = || StoreError::Busy { path: self.path.clone() };
                    // A caller that has gone needs no answer; its write is kept all the same.
                    drop(answer.send(if kept { Ok(()) } else { Err(busy()) }));
                }
                return;
            }
        }
        for (write, answer) in group {
            let result = self.commit(std::iter::once(&write)).await;
            drop(answer.send(result.map_err(|fault| StoreError::from_fault(fault, &self.path))));
        }
    }

    async fn commit(&mut self, writes: impl Iterator<Item = &Write>) -> Result<(), Fault> {
        // Spelt out, because the engine ends a transaction by itself when the disk is full; a guard that counts
        // transactions would then wait for an end that has been.
        let mut tries = 1;
        while let Err(error) = sqlx::query("BEGIN IMMEDIATE").execute(&mut self.connection).await {
            if tries >= self.patience || Trouble::of(&error) != Trouble::Busy {
                return Err(error.into());
            }
            tries += 1;
        }
        let committed = fill(&mut self.connection, writes).await;
        match &committed {
            Ok(commits) => self.witness.note(*commits),
            // Fails when the engine has rolled back already, which is as good.
            Err(_) => drop(sqlx::query("ROLLBACK").execute(&mut self.connection).await),
        }
        committed.map(drop)
    }
}

/// Fills the open transaction and commits it; returns the number of commits so far.
async fn fill(connection: &mut SqliteConnection, writes: impl Iterator<Item = &Write>) -> Result<i64, Fault> {
    for write in writes {
        apply(&mut *connection, write).await?;
    }
    let count = "UPDATE progress SET commits = commits + 1 WHERE one = 1 RETURNING commits";
    let commits = sqlx::query_scalar(count).fetch_one(&mut *connection).await?;
    sqlx::query("COMMIT").execute(connection).await?;
    Ok(commits)
}

async fn apply(connection: &mut SqliteConnection, write: &Write) -> Result<(), Fault> {
    match write {
        Write::Create(new) => job::create(connection, new).await,
        Write::State { job, state, cause, now } => job::set_state(connection, job, *state, cause.as_ref(), *now).await,
        Write::Frozen { job, rows, now } => job::set_frozen(connection, job, *rows, *now).await,
        Write::Report { report, now } => job::save_report(connection, report, *now).await,
        Write::Watermark { job, value } => named(job::save_watermark(connection, job, *value).await, job),
        Write::Learned { key, learned, now } => job::save_learned(connection, key, *learned, *now).await,
        Write::Settle { job, mark, rejections } => {
            named(rows::mark(connection, job, mark).await, job)?;
            named(rows::reject(connection, job, rejections).await, job)
        }
        Write::Reject { job, rejections } => named(rows::reject(connection, job, rejections).await, job),
    }
}

/// Says which job is not there, when that is the matter.
fn named(result: Result<(), Fault>, job: &JobId) -> Result<(), Fault> {
    match result {
        Err(Fault::Sql(error)) if Trouble::of(&error) == Trouble::NoParent => Err(Fault::NoJob(job.clone())),
        other => other,
    }
}
