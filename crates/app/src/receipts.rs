//! Receipts: one line for every row of a Result, with its end, the call that carried it, and when.
//!
//! Memory is a few bits a row, and the calls of one window of rows at a time. Blocks; not for the runtime's own threads.

use std::io::Write;
use std::sync::Arc;

use api::ReceiptOutcome;
use arrow::array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use export::{CustomField, Ends, Fact, FrozenResult, LedgerError, RowEnd};
use model::{BatchEnd, BatchMark, Learned, Plan, Rejection, RowNumber, RowSet, Settings};
use store::{BatchReceipt, Job, StoreError};
use tokio::runtime::Handle;

use crate::names;
use crate::rejects::{Rejections, Shape, keys};
use crate::sheet::Sheet;

/// Rows whose calls are in memory at once.
const WINDOW: u64 = 512 * 1024;
/// Batches read at once.
const PAGE: u32 = 2_000;

/// The ends of a job's rows, and where its calls are found.
pub(crate) struct Receipts {
    ends: Ends,
    ledger: store::Ledger,
    runtime: Handle,
    /// For each window of rows, the first and the last batch that has rows in it.
    windows: Vec<Option<(u64, u64)>>,
    window: u64,
}

impl Receipts {
    /// Reads the ends of all rows. The job is not at work.
    pub(crate) fn read(
        result: &FrozenResult,
        job: &Job,
        ledger: store::Ledger,
        runtime: Handle,
    ) -> Result<Receipts, String> {
        Receipts::read_in_windows(result, job, ledger, runtime, WINDOW)
    }

    /// [`Receipts::read`] with windows as large as it is told.
    fn read_in_windows(
        result: &FrozenResult,
        job: &Job,
        ledger: store::Ledger,
        runtime: Handle,
        window: u64,
    ) -> Result<Receipts, String> {
        let superseded = superseded(result, job)?;
        let reader = OnlyRead(ledger.clone());
        let ends = runtime.block_on(Ends::read(&reader, superseded)).map_err(|error| error.to_string())?;
        let windows = usize::try_from(result.rows().div_ceil(window)).unwrap_or(0);
        let mut receipts = Receipts { ends, ledger, runtime, windows: vec![None; windows], window };
        let mut index: Vec<Option<(u64, u64)>> = std::mem::take(&mut receipts.windows);
        receipts.each_batch(0, u64::MAX, &mut |batch| {
            let mark = &batch.mark;
            let (Some(first), Some(last)) = (mark.rows.first(), mark.rows.last()) else { return };
            for place in receipts_window(*first, window)..=receipts_window(*last, window) {
                if let Some(known) = index.get_mut(place) {
                    let (from, to) = known.unwrap_or((mark.number, mark.number));
                    *known = Some((from.min(mark.number), to.max(mark.number)));
                }
            }
        })?;
        receipts.windows = index;
        Ok(receipts)
    }

    /// Writes a line for every row, in order.
    pub(crate) fn write<W: Write + Send>(self, result: &FrozenResult, out: W, shape: Shape) -> Result<(), String> {
        let schema = schema();
        let mut sheet = Sheet::new(out, shape.form, &schema, shape.spreadsheet)?;
        let mut rejections = Rejections::new(self.ledger.clone(), self.runtime.clone());
        let mut calls = Calls::default();
        let mut start: RowNumber = 0;
        for batch in result.batches().map_err(|error| error.to_string())? {
            let batch = batch.map_err(|error| error.to_string())?;
            let end = start + batch.num_rows() as u64;
            let found = rejections.up_to(end)?;
            let mut lines = Lines::new(&batch, start);
            let mut rejected = found.iter().peekable();
            for row in start + 1..=end {
                if !calls.holds(row) {
                    calls = self.calls(receipts_window(row, self.window))?;
                }
                let rejection = rejected.next_if(|rejection| rejection.row == row);
                lines.push(self.ends.end_of(row), calls.of(row), rejection);
            }
            sheet.write(&lines.finish(&schema)?)?;
            start = end;
        }
        sheet.finish()
    }

    /// The calls of one window of rows.
    fn calls(&self, window: usize) -> Result<Calls, String> {
        let first = window as u64 * self.window + 1;
        let size = usize::try_from(self.window).unwrap_or(0);
        let mut calls = Calls { first, found: vec![Found::default(); size] };
        let Some((from, to)) = self.windows.get(window).copied().flatten() else { return Ok(calls) };
        self.each_batch(from - 1, to, &mut |batch| {
            for row in &batch.mark.rows {
                calls.note(*row, &batch);
            }
        })?;
        Ok(calls)
    }

    /// Shows the batches after one number, up to another, in their order.
    fn each_batch(&self, after: u64, to: u64, look: &mut dyn FnMut(BatchReceipt)) -> Result<(), String> {
        let mut after = after;
        while after < to {
            let page = self.runtime.block_on(self.ledger.receipts(after, PAGE)).map_err(|error| error.to_string())?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.mark.number;
            page.into_iter().filter(|batch| batch.mark.number <= to).for_each(&mut *look);
        }
        Ok(())
    }
}

fn receipts_window(row: RowNumber, window: u64) -> usize {
    usize::try_from(row.saturating_sub(1) / window).unwrap_or(usize::MAX)
}

/// The call that carried a row: its batch, when its end was written, and whether it was taken.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    call: u64,
    at: Option<i64>,
    acked: bool,
}

/// The calls of some rows.
#[derive(Default)]
struct Calls {
    first: RowNumber,
    found: Vec<Found>,
}

impl Calls {
    fn holds(&self, row: RowNumber) -> bool {
        row >= self.first && row - self.first < self.found.len() as u64
    }

    fn of(&self, row: RowNumber) -> Found {
        let place = usize::try_from(row - self.first).unwrap_or(usize::MAX);
        self.found.get(place).copied().unwrap_or_default()
    }

    /// The call that was taken counts; before one is, the last that was tried.
    fn note(&mut self, row: RowNumber, batch: &BatchReceipt) {
        let Some(place) = row.checked_sub(self.first).and_then(|place| usize::try_from(place).ok()) else { return };
        let Some(found) = self.found.get_mut(place) else { return };
        let acked = match batch.mark.end {
            BatchEnd::Acked => true,
            BatchEnd::Sent | BatchEnd::Held => false,
        };
        if acked || !found.acked {
            *found = Found { call: batch.mark.number, at: batch.at, acked };
        }
    }
}

/// Lines for one record batch of the Result.
struct Lines {
    keys: StringArray,
    start: RowNumber,
    outcomes: Vec<&'static str>,
    calls: Vec<Option<i64>>,
    times: Vec<Option<String>>,
    codes: Vec<Option<i32>>,
    reasons: Vec<Option<String>>,
}

impl Lines {
    fn new(batch: &RecordBatch, start: RowNumber) -> Lines {
        Lines {
            keys: keys(batch),
            start,
            outcomes: Vec::new(),
            calls: Vec::new(),
            times: Vec::new(),
            codes: Vec::new(),
            reasons: Vec::new(),
        }
    }

    fn push(&mut self, end: RowEnd, found: Found, rejection: Option<&Rejection>) {
        let (outcome, sent) = match end {
            RowEnd::Delivered => (ReceiptOutcome::Delivered, true),
            RowEnd::Rejected => (ReceiptOutcome::Rejected, true),
            RowEnd::Held => (ReceiptOutcome::Held, true),
            RowEnd::Superseded => (ReceiptOutcome::Superseded, false),
            RowEnd::Unsent => (ReceiptOutcome::Unsent, false),
        };
        let sent = sent && found.call > 0;
        self.outcomes.push(word(outcome));
        self.calls.push(i64::try_from(found.call).ok().filter(|_| sent));
        self.times.push(found.at.filter(|_| sent).map(names::time));
        self.codes.push(rejection.and_then(|rejection| rejection.code).map(i32::from));
        self.reasons.push(rejection.map(|rejection| rejection.reason.clone()));
    }

    fn finish(self, schema: &SchemaRef) -> Result<RecordBatch, String> {
        let rows = self.outcomes.len() as u64;
        let number = |row| i64::try_from(self.start + row).unwrap_or(i64::MAX);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values((1..=rows).map(number))),
            Arc::new(self.keys),
            Arc::new(StringArray::from_iter_values(self.outcomes)),
            Arc::new(Int64Array::from(self.calls)),
            Arc::new(StringArray::from(self.times)),
            Arc::new(Int32Array::from(self.codes)),
            Arc::new(StringArray::from(self.reasons)),
        ];
        RecordBatch::try_new(Arc::clone(schema), columns).map_err(|error| error.to_string())
    }
}

/// The word of an outcome, as the API has it.
fn word(outcome: ReceiptOutcome) -> &'static str {
    match outcome {
        ReceiptOutcome::Delivered => "delivered",
        ReceiptOutcome::Rejected => "rejected",
        ReceiptOutcome::Superseded => "superseded",
        ReceiptOutcome::Held => "held",
        ReceiptOutcome::Unsent => "unsent",
    }
}

fn schema() -> SchemaRef {
    let columns = [
        ("row_number", DataType::Int64),
        ("row_key", DataType::Utf8),
        ("outcome", DataType::Utf8),
        ("call", DataType::Int64),
        ("at", DataType::Utf8),
        ("code", DataType::Int32),
        ("reason", DataType::Utf8),
    ];
    Arc::new(Schema::new(columns.map(|(name, kind)| Field::new(name, kind, true)).to_vec()))
}

/// The superseded rows, found as the job found them: by checking every row again. A job that was never checked has none.
fn superseded(result: &FrozenResult, job: &Job) -> Result<RowSet, String> {
    if job.report.as_ref().is_some_and(|report| report.rows.superseded == 0) {
        return Ok(RowSet::default());
    }
    let mut settings = Settings::default();
    let given = job.request.get("settings").cloned().unwrap_or_default();
    let (Ok(()), Ok(plan)) = (settings.set_all(&given), Plan::parse(&settings)) else {
        return Ok(RowSet::default());
    };
    // The account took these columns, or nothing was sent: they need not be looked up again.
    let custom: Vec<CustomField> = export::unknown_columns(result.schema(), &plan.target)
        .into_iter()
        .map(|api_name| CustomField { api_name })
        .collect();
    let Ok(columns) = export::columns_of(result.schema(), &plan.target, &custom) else {
        return Ok(RowSet::default());
    };
    let object = export::object_of(&plan.target, columns);
    let checked = export::check(result, &*object, &mut |_| {}).map_err(|error| error.to_string())?;
    Ok(checked.superseded)
}

/// The ledger of a job that is not at work.
struct OnlyRead(store::Ledger);

fn failed(error: StoreError) -> LedgerError {
    LedgerError { message: error.to_string() }
}

fn only_read() -> LedgerError {
    LedgerError { message: "receipts only read".into() }
}

#[async_trait]
impl export::Ledger for OnlyRead {
    async fn mark(&self, _mark: BatchMark) -> Result<(), LedgerError> {
        Err(only_read())
    }

    async fn settle(&self, _mark: BatchMark, _rejections: Vec<Rejection>) -> Result<(), LedgerError> {
        Err(only_read())
    }

    async fn reject(&self, _rejections: Vec<Rejection>) -> Result<(), LedgerError> {
        Err(only_read())
    }

    async fn marks(&self, after: u64, limit: u32) -> Result<Vec<BatchMark>, LedgerError> {
        self.0.marks(after, limit).await.map_err(failed)
    }

    async fn rejections(&self, after: RowNumber, limit: u32) -> Result<Vec<Rejection>, LedgerError> {
        self.0.rejections(after, limit).await.map_err(failed)
    }

    async fn note(&self, _fact: Fact) -> Result<(), LedgerError> {
        Err(only_read())
    }

    async fn newest_prospect(&self) -> Result<Option<u64>, LedgerError> {
        Ok(None)
    }

    async fn learn(&self, _learned: Learned) -> Result<(), LedgerError> {
        Err(only_read())
    }
}

#[cfg(test)]
mod tests;
