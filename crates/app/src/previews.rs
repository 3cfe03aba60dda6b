//! The first rows of some SQL, and counts of tables: short looks with limits of their own.
//!
//! Knows limits and how a cell becomes text; which tables may be looked at is the caller's.

use std::time::Duration;

use api::{Column, Preview};
use arrow::array::{Array as _, RecordBatch};
use arrow::datatypes::Schema;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use model::{Problem, Problems};
use query::{Limits, QueryError, Table};
use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{App, AppError};

/// Rows of a preview when nobody says how many.
pub(crate) const USUAL_ROWS: u32 = 100;
/// Rows of a preview at most.
const MOST_ROWS: u32 = 1_000;
/// Bytes of cells in a preview at most; rows beyond are left out.
const MOST_BYTES: usize = 8 << 20;
/// Longest time of a preview.
const PREVIEW_TIME: Duration = Duration::from_secs(30);
/// Memory of a count over the profiles of a parent segment.
pub(crate) const COUNT_MEMORY: usize = 256 << 20;
/// Memory of a preview for sorting, joining and grouping.
const PREVIEW_MEMORY: usize = 64 << 20;

/// Where mistakes in some SQL are: in the query that it is of.
pub(crate) const SQL: &str = "query.sql";

/// Longest wait for a place among those who look.
const LOOK_PATIENCE: Duration = Duration::from_secs(30);

/// Looks at once, in the whole process: beside the jobs there is little to spare.
static LOOKS: Semaphore = Semaphore::const_new(2);

impl App {
    /// Limits of a look.
    pub(crate) fn look(&self, time: Duration) -> Limits {
        let spill_dir = self.0.config.data_dir.join("results");
        Limits { time: Some(time), memory: PREVIEW_MEMORY, spill_dir, scheduled_time: self.now() }
    }

    /// Limits of a look at the profiles of a parent segment.
    pub(crate) fn look_at_profiles(&self) -> Limits {
        Limits { memory: COUNT_MEMORY, ..self.look(PREVIEW_TIME) }
    }

    /// Waits for a place among those who look; it is held as long as what is given.
    ///
    /// # Errors
    /// Others look at rows, and go on doing so.
    pub(crate) async fn may_look(&self) -> Result<SemaphorePermit<'static>, AppError> {
        let busy = || AppError::Unavailable {
            message: "others are looking at rows".into(),
            hint: Some("try again in a moment".into()),
        };
        let place = tokio::time::timeout(LOOK_PATIENCE, LOOKS.acquire()).await;
        place.map_err(|_| busy())?.map_err(|_| busy())
    }

    /// The first rows of one SELECT over `tables`. Ends with its future.
    pub(crate) async fn first_rows(&self, sql: &str, tables: &[Table], rows: u32) -> Result<Preview, AppError> {
        self.first_rows_within(sql, tables, rows, self.look(PREVIEW_TIME)).await
    }

    /// The same, within these limits.
    pub(crate) async fn first_rows_within(
        &self,
        sql: &str,
        tables: &[Table],
        rows: u32,
        limits: Limits,
    ) -> Result<Preview, AppError> {
        if !(1..=MOST_ROWS).contains(&rows) {
            return Err(Problem::at("limit", format!("must be a number from 1 to {MOST_ROWS}")).into());
        }
        let _look = self.may_look().await?;
        // One row more tells whether there are more.
        let limit = usize::try_from(rows).unwrap_or(0) + 1;
        let batches = query::preview(sql, tables, &limits, limit, std::future::pending()).await;
        let batches = batches.map_err(|error| self.0.discreet.error(sql_error(&error)))?;
        shown(&batches, limit - 1)
    }

    /// The number that `sql`, a count over `tables`, gives.
    pub(crate) async fn count_rows(&self, sql: &str, tables: &[Table]) -> Result<u64, AppError> {
        let _look = self.may_look().await?;
        let limits = self.look_at_profiles();
        let counted = query::count(sql, tables, &limits).await;
        counted.map_err(|error| self.0.discreet.error(sql_error(&error)))
    }

    /// The rows that `sql`, a count, says; for as long as `time` lasts.
    pub(crate) async fn count(&self, sql: &str, table: &Table, time: Duration) -> Result<u64, QueryError> {
        query::count(sql, std::slice::from_ref(table), &self.look(time)).await
    }
}

/// The columns for people.
pub(crate) fn columns_of(schema: &Schema) -> Vec<Column> {
    let column = |field: &std::sync::Arc<arrow::datatypes::Field>| Column {
        name: field.name().clone(),
        r#type: query::type_name(field.data_type()),
    };
    schema.fields().iter().map(column).collect()
}

/// A mistake in the SQL is the caller's to change; the rest is not.
pub(crate) fn sql_error(error: &QueryError) -> AppError {
    match error {
        QueryError::Disk { .. } => AppError::Unavailable { message: error.to_string(), hint: error.hint() },
        QueryError::Cancelled => AppError::Unavailable { message: error.to_string(), hint: None },
        QueryError::Syntax { .. }
        | QueryError::UnknownTable { .. }
        | QueryError::UnknownColumn { .. }
        | QueryError::DuplicateColumn { .. }
        | QueryError::NotSelect { .. }
        | QueryError::SeveralStatements
        | QueryError::Table(_)
        | QueryError::Runtime { .. }
        | QueryError::TimedOut { .. }
        | QueryError::Memory { .. } => Problems::from(sql_problem(error)).into(),
    }
}

/// What is wrong with some SQL, with its place in it.
pub(crate) fn sql_problem(error: &QueryError) -> Problem {
    let mut message = error.to_string();
    if let (Some((line, column)), false) = (error.position(), message.contains("(line ")) {
        message.push_str(&format!(" (line {line}, column {column})"));
    }
    let problem = Problem::at(SQL, message);
    match error.hint() {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// The mistakes in some SQL that is no query's, at the place where the caller wrote it.
pub(crate) fn placed(error: AppError, place: &str) -> AppError {
    let AppError::Invalid(problems) = error else { return error };
    let mut moved = Problems::default();
    for mut problem in problems.iter().cloned() {
        if problem.at == SQL {
            problem.at = place.to_owned();
        }
        moved.push(problem);
    }
    AppError::Invalid(moved)
}

pub(crate) fn shown(batches: &[RecordBatch], most: usize) -> Result<Preview, AppError> {
    let failed = |_| AppError::Failed { message: "a column cannot be shown".into() };
    let options = FormatOptions::default();
    let columns = batches.first().map(|batch| columns_of(batch.schema_ref())).unwrap_or_default();
    let mut preview = Preview { columns, rows: Vec::new(), more: false };
    let mut bytes = 0;
    for batch in batches {
        let cells: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        for row in 0..batch.num_rows() {
            if preview.rows.len() == most || bytes > MOST_BYTES {
                preview.more = true;
                return Ok(preview);
            }
            let mut shown = Vec::with_capacity(cells.len());
            for (column, cells) in batch.columns().iter().zip(&cells) {
                if column.is_null(row) {
                    shown.push(Value::Null);
                } else {
                    let text = cells.value(row).to_string();
                    bytes += text.len();
                    shown.push(Value::String(text));
                }
            }
            preview.rows.push(shown);
        }
    }
    Ok(preview)
}
