//! Results, rejected rows and receipts as streams.
//!
//! Knows which job has what; how rows become bytes is `sheet`'s, which rows they are `rejects`' and `receipts`'.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

use api::Scope;
use export::FrozenResult;
use model::JobState;
use store::{Job, JobKind};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::receipts::Receipts;
use crate::rejects::{self, Rejections, Shape};
use crate::sheet::{Chunks, Sheet};
use crate::{Actor, App, AppError};

/// What is downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The rows of the query.
    Result,
    /// The rejected rows with their reasons.
    Rejected,
    /// One line a row: number, key, outcome, call, time.
    Receipts,
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RFC 4180.
    Csv,
    /// One JSON object a line.
    JsonLines,
    /// Parquet.
    Parquet,
}

/// A download that has begun: chunks until it ends, or an error that breaks it off.
pub struct Download {
    /// A name for the file: `<job>-rejected.csv`.
    pub file_name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// The bytes.
    pub chunks: tokio::sync::mpsc::Receiver<Result<Vec<u8>, std::io::Error>>,
}

/// Downloads at once: each has a thread for as long as its reader takes.
static DOWNLOADS: Semaphore = Semaphore::const_new(32);

/// Seconds after which a download that found no place may be tried again.
const TRY_AGAIN: u64 = 5;

impl App {
    /// Opens a download; `spreadsheet` guards cells that a spreadsheet would run as formulas.
    ///
    /// # Errors
    /// There is no such job, it has no result yet or any more, or it is still sending (receipts); see [`AppError`].
    pub async fn download(
        &self,
        actor: &Actor,
        job: &str,
        what: What,
        form: Form,
        spreadsheet: bool,
    ) -> Result<Download, AppError> {
        actor.require(Scope::Run)?;
        let job = self.find_job(job).await?;
        let path = self.kept_result(&job)?;
        if what == What::Receipts {
            receipts_ready(&job)?;
        }
        let permit = DOWNLOADS.try_acquire().map_err(|_| AppError::TooMany { seconds: TRY_AGAIN })?;
        let guarded = if spreadsheet { "-spreadsheet" } else { "" };
        let file_name = format!("{}-{}{guarded}.{}", job.id, what.word(), form.ending());
        let shape = Shape { form, spreadsheet };
        let source = Source { ledger: self.0.store.ledger(&job.id), path, job, runtime: Handle::current() };
        let (out, chunks) = Chunks::new();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let broken = out.breaker();
            if let Err(message) = source.write(what, shape, out) {
                broken(message);
            }
        });
        Ok(Download { file_name, media_type: form.media_type(), chunks })
    }

    /// Where the Result of a job is.
    ///
    /// # Errors
    /// Its query has not ended, or the Result was removed.
    pub(crate) fn kept_result(&self, job: &Job) -> Result<PathBuf, AppError> {
        let conflict = |message: String, hint: &str| Err(AppError::Conflict { message, hint: Some(hint.to_owned()) });
        if job.frozen_rows.is_none() {
            return match job.state {
                JobState::Queued | JobState::Querying => {
                    conflict(format!("job {} has no result yet", job.id), "wait until its query has ended")
                }
                JobState::Sending
                | JobState::ParkedQuota
                | JobState::ParkedOutage
                | JobState::NeedsReconnect
                | JobState::Killed
                | JobState::Stopped
                | JobState::Held
                | JobState::Failed
                | JobState::Success
                | JobState::Skipped => {
                    conflict(format!("job {} has no result: its query did not end", job.id), "run the query again")
                }
            };
        }
        let path = self.0.store.result_path(&job.id);
        if path.is_file() {
            return Ok(path);
        }
        let days = self.0.config.retention_days;
        conflict(
            format!("the result of job {} is gone", job.id),
            &format!(
                "results are kept for {days} days at most, and no longer than needed when every row was delivered; run the \
                 query again"
            ),
        )
    }
}

fn receipts_ready(job: &Job) -> Result<(), AppError> {
    if job.kind == JobKind::Result {
        return Err(AppError::Conflict {
            message: format!("job {} sends nothing: there are no receipts", job.id),
            hint: Some("download its result".into()),
        });
    }
    if job.state == JobState::Sending {
        // What is under way has no end yet, and would be told as held.
        return Err(AppError::Conflict {
            message: format!("job {} is sending: its receipts are not complete", job.id),
            hint: Some("wait until it has ended or is parked".into()),
        });
    }
    Ok(())
}

impl What {
    fn word(self) -> &'static str {
        match self {
            What::Result => "result",
            What::Rejected => "rejected",
            What::Receipts => "receipts",
        }
    }
}

impl Form {
    fn ending(self) -> &'static str {
        match self {
            Form::Csv => "csv",
            Form::JsonLines => "jsonl",
            Form::Parquet => "parquet",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Form::Csv => "text/csv; charset=utf-8",
            Form::JsonLines => "application/x-ndjson",
            Form::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// What a download is made from.
struct Source {
    job: Job,
    path: PathBuf,
    ledger: store::Ledger,
    runtime: Handle,
}

impl Source {
    fn write(self, what: What, shape: Shape, mut out: Chunks) -> Result<(), String> {
        if (what, shape.form) == (What::Result, Form::Parquet) {
            // The Result is that file.
            let mut file = File::open(&self.path).map_err(|error| error.to_string())?;
            io::copy(&mut file, &mut out).and_then(|_| out.flush()).map_err(|error| error.to_string())?;
            return Ok(());
        }
        let result = FrozenResult::open(&self.path).map_err(|error| error.to_string())?;
        match what {
            What::Result => {
                let mut sheet = Sheet::new(out, shape.form, result.schema(), shape.spreadsheet)?;
                for batch in result.batches().map_err(|error| error.to_string())? {
                    sheet.write(&batch.map_err(|error| error.to_string())?)?;
                }
                sheet.finish()
            }
            What::Rejected => {
                let rejections = Rejections::new(self.ledger, self.runtime);
                rejects::write_rows(&result, rejections, out, shape).map(drop)
            }
            What::Receipts => Receipts::read(&result, &self.job, self.ledger, self.runtime)?.write(&result, out, shape),
        }
    }
}
