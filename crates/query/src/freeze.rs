//! Runs a query to its end into a Result, or shows its first rows.
//!
//! Knows limits, cancelling and what a finished Result is: not how SQL is planned, nor how Parquet is written.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array as _, Int64Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use tokio::sync::{oneshot, watch};

use crate::engine::{self, Ask, Item};
use crate::error::QueryError;
use crate::spool::{self, Partial};
use crate::table::Table;

/// What a query may use, and what it is told.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long the query may run; `None`: without end.
    pub time: Option<Duration>,
    /// Bytes for sorting, grouping and joining. What does not fit goes to `spill_dir` where the engine can spill.
    /// Reading and writing need some tens of MiB beside it.
    pub memory: usize,
    /// Folder for the engine's temporary files. Created if missing, emptied of them when the query ends.
    pub spill_dir: PathBuf,
    /// What `TD_SCHEDULED_TIME()` gives, in seconds since 1970: the time for which a schedule started the query, however
    /// late it runs; for other queries the time at which they were asked for.
    pub scheduled_time: i64,
}

/// A finished Result.
#[derive(Debug, Clone, PartialEq)]
pub struct Frozen {
    /// Rows in the Result.
    pub rows: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Names of the columns, in order.
    pub columns: Vec<String>,
    /// Seconds from the start of the query to the file on disk.
    pub seconds: f64,
}

/// How far a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Rows written so far.
    pub rows: u64,
}

/// How long a stopped query may take to let go of its files before the caller is answered without it.
const GRACE: Duration = Duration::from_millis(500);

/// Runs the query to its end into a Parquet file at `into`, replacing it.
///
/// The file appears at once and complete (written beside it as `<name>.partial`, synced, renamed; mode 0600 on unix) or
/// not at all: on every error, on cancelling and when this future is dropped, the partial file is removed. The query
/// stops when `cancel` resolves. Must run inside a tokio runtime with time. One freeze at a time per `into`.
pub async fn freeze(
    sql: &str,
    tables: &[Table],
    limits: &Limits,
    into: &Path,
    cancel: impl Future<Output = ()>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Frozen, QueryError> {
    let started = Instant::now();
    let (partial, file) = Partial::create(into)?;
    let running = engine::start(sql, tables, limits, Ask::Every);
    let (rows_seen, mut rows) = watch::channel(0_u64);
    let (stop, items) = running.into_parts();
    let mut written = spool::write(file, items, rows_seen, into.to_path_buf());

    let mut cancel = pin!(cancel);
    let mut deadline = pin!(deadline(limits));
    let ended = loop {
        tokio::select! {
            biased;
            () = &mut cancel => break Err(QueryError::Cancelled),
            limit = &mut deadline => break Err(QueryError::TimedOut { limit }),
            written = &mut written => break Ok(written),
            Ok(()) = rows.changed() => progress(Progress { rows: *rows.borrow_and_update() }),
        }
    };
    let written = match ended {
        Ok(written) => written.unwrap_or_else(|_| Err(stopped()))?,
        Err(error) => {
            abandon(stop, written).await;
            return Err(error);
        }
    };
    let bytes = partial.keep()?;
    progress(Progress { rows: written.rows });
    Ok(Frozen { rows: written.rows, bytes, columns: written.columns, seconds: started.elapsed().as_secs_f64() })
}

/// The first rows of a query, at most `limit`; nothing is written. Without a row there is one empty batch, so that the
/// columns can be shown. The query stops when `cancel` resolves.
pub async fn preview(
    sql: &str,
    tables: &[Table],
    limits: &Limits,
    limit: usize,
    cancel: impl Future<Output = ()>,
) -> Result<Vec<RecordBatch>, QueryError> {
    let (batches, columns) = collect(sql, tables, limits, Ask::First(limit), cancel).await?;
    match columns {
        Some(columns) if batches.is_empty() => Ok(vec![RecordBatch::new_empty(columns)]),
        Some(_) | None => Ok(batches),
    }
}

/// The number that a query says: that of the first column of its one row, 0 where there is none. For counts, whose work
/// has no order and is shared by the processor's cores.
pub async fn count(sql: &str, tables: &[Table], limits: &Limits) -> Result<u64, QueryError> {
    let (batches, _) = collect(sql, tables, limits, Ask::Number, pending()).await?;
    let rows = batches.iter().find(|batch| batch.num_rows() > 0);
    let column = rows.map(|batch| Arc::clone(batch.column(0)));
    let number =
        column.as_ref().and_then(|column| column.as_any().downcast_ref::<Int64Array>()).map(|all| all.value(0));
    Ok(number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0))
}

/// The columns that a query would have: it is planned over the tables as they are now, and not run. Every mistake that a
/// plan can show is an error here.
pub async fn columns(sql: &str, tables: &[Table], limits: &Limits) -> Result<SchemaRef, QueryError> {
    let (_, columns) = collect(sql, tables, limits, Ask::Columns, pending()).await?;
    columns.ok_or_else(stopped)
}

async fn collect(
    sql: &str,
    tables: &[Table],
    limits: &Limits,
    ask: Ask,
    cancel: impl Future<Output = ()>,
) -> Result<(Vec<RecordBatch>, Option<SchemaRef>), QueryError> {
    let (_stop, mut items) = engine::start(sql, tables, limits, ask).into_parts();
    let mut cancel = pin!(cancel);
    let mut deadline = pin!(deadline(limits));
    let mut columns: Option<SchemaRef> = None;
    let mut batches: Vec<RecordBatch> = Vec::new();
    loop {
        let item = tokio::select! {
            biased;
            () = &mut cancel => return Err(QueryError::Cancelled),
            limit = &mut deadline => return Err(QueryError::TimedOut { limit }),
            item = items.recv() => item,
        };
        match item {
            Some(Item::Columns(schema)) => columns = Some(schema),
            Some(Item::Batch(batch)) => batches.push(batch),
            Some(Item::End) => return Ok((batches, columns)),
            Some(Item::Failed(error)) => return Err(error),
            None => return Err(stopped()),
        }
    }
}

/// The columns of a table and nothing else, for hints and forms.
pub async fn schema(table: &Table) -> Result<SchemaRef, QueryError> {
    engine::schema(table).await.unwrap_or_else(|_| Err(stopped()))
}

/// The engine's thread ended without a word; only a defect in it does that.
pub(crate) fn stopped() -> QueryError {
    QueryError::Runtime { message: "the engine stopped unexpectedly".into() }
}

async fn deadline(limits: &Limits) -> Duration {
    match limits.time {
        Some(limit) => {
            tokio::time::sleep(limit).await;
            limit
        }
        None => pending().await,
    }
}

/// Tells the engine to stop and waits a moment, so that its files are usually gone when the caller hears of it. An
/// engine that is deep in one computation lets go later, on its own thread.
async fn abandon<T>(stop: oneshot::Sender<Infallible>, written: oneshot::Receiver<T>) {
    drop(stop);
    let _ = tokio::time::timeout(GRACE, written).await;
}
