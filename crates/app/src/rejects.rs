//! The rejected rows: number, key, column, code, reason, hint, and the row as the query gave it.
//!
//! Such files and the Result are all that holds row values; what is written to a path is readable by its owner alone.

use std::collections::VecDeque;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, StructArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use export::FrozenResult;
use model::{JobId, Problem, Rejection, RowNumber};
use store::Store;
use tokio::runtime::Handle;

pub use crate::downloads::Form;
use crate::sheet::Sheet;

/// Our columns, before the result's own.
pub(crate) const COLUMNS: [&str; 6] = ["row_number", "row_key", "rejected_column", "code", "reason", "hint"];

/// The column of JSON lines that holds the row.
pub(crate) const VALUES: &str = "values";

/// Columns that say which row it is, the first that has a value.
const KEYS: [&str; 4] = ["id", "fid", "email", "prospect_id"];

/// Rejections read at once.
const PAGE: u32 = 1_000;

impl Form {
    /// The form that the name of the command line's file asks for.
    ///
    /// # Errors
    /// It asks for neither CSV nor JSON lines.
    pub fn of(path: &Path) -> Result<Form, Problem> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => Ok(Form::Csv),
            Some("jsonl" | "ndjson") => Ok(Form::JsonLines),
            _ => Err(Problem::at(format!("--rejects {}", path.display()), "must end in .csv or .jsonl")),
        }
    }
}

/// Writes the rejected rows of a job to a file; gives their number.
///
/// # Errors
/// The Result or the ledger cannot be read, or the file cannot be written; in words, naming the file.
pub async fn write(store: &Store, job: &JobId, path: &Path, form: Form) -> Result<u64, String> {
    let (store, job, path, runtime) = (store.clone(), job.clone(), path.to_owned(), Handle::current());
    let written = tokio::task::spawn_blocking(move || {
        let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let result = FrozenResult::open(&store.result_path(&job)).map_err(|error| failed(&error))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
        let rejections = Rejections::new(store.ledger(&job), runtime);
        let written = write_rows(&result, rejections, BufWriter::new(&file), Shape { form, spreadsheet: false });
        let written = written.map_err(|error| failed(&error))?;
        file.as_file().sync_all().map_err(|error| failed(&error))?;
        file.persist(&path).map_err(|error| failed(&error))?;
        Ok(written)
    });
    written.await.map_err(|_| "writing the rejected rows ended unexpectedly".to_owned())?
}

/// How a file looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) form: Form,
    /// Cells that a spreadsheet would run are made texts.
    pub(crate) spreadsheet: bool,
}

/// Writes the rejected rows; gives their number.
pub(crate) fn write_rows<W: Write + Send>(
    result: &FrozenResult,
    mut rejections: Rejections,
    out: W,
    shape: Shape,
) -> Result<u64, String> {
    let schema = schema_of(result.schema(), shape.form);
    let mut sheet = Sheet::new(out, shape.form, &schema, shape.spreadsheet)?;
    let (mut start, mut written) = (0_u64, 0_u64);
    for batch in result.batches().map_err(|error| error.to_string())? {
        let batch = batch.map_err(|error| error.to_string())?;
        let end = start + batch.num_rows() as u64;
        let found = rejections.up_to(end)?;
        if !found.is_empty() {
            let rows = rows(&batch, start, &found, &schema, shape.form).map_err(|error| error.to_string())?;
            sheet.write(&rows)?;
            written += found.len() as u64;
        }
        start = end;
    }
    sheet.finish()?;
    Ok(written)
}

/// The rejections of a job in the order of their rows, a page at a time. Blocks; not for the runtime's own threads.
pub(crate) struct Rejections {
    ledger: store::Ledger,
    runtime: Handle,
    page: VecDeque<Rejection>,
    last: RowNumber,
    ended: bool,
}

impl Rejections {
    pub(crate) fn new(ledger: store::Ledger, runtime: Handle) -> Rejections {
        Rejections { ledger, runtime, page: VecDeque::new(), last: 0, ended: false }
    }

    /// Those that were not given yet, of rows up to this one.
    pub(crate) fn up_to(&mut self, row: RowNumber) -> Result<Vec<Rejection>, String> {
        let mut found = Vec::new();
        loop {
            if self.page.is_empty() && !self.ended {
                let page = self.runtime.block_on(self.ledger.rejections(self.last, PAGE));
                self.page = page.map_err(|error| error.to_string())?.into();
                match self.page.back() {
                    Some(last) => self.last = last.row,
                    None => self.ended = true,
                }
            }
            match self.page.pop_front() {
                Some(rejection) if rejection.row <= row => found.push(rejection),
                Some(later) => {
                    self.page.push_front(later);
                    return Ok(found);
                }
                None => return Ok(found),
            }
        }
    }
}

/// Our names, with as many `_` before each as it takes to be no column of the result.
fn our_names(result: &SchemaRef) -> [String; 6] {
    COLUMNS.map(|name| {
        let mut name = name.to_owned();
        while result.index_of(&name).is_ok() {
            name.insert(0, '_');
        }
        name
    })
}

/// Whether a file with these columns begins with ours, as [`our_names`] wrote them.
pub(crate) fn begins_with_ours<'a>(mut names: impl Iterator<Item = &'a str>) -> bool {
    COLUMNS.iter().all(|ours| names.next().is_some_and(|name| name.trim_start_matches('_') == *ours))
}

/// CSV and Parquet have the row's columns beside ours; JSON lines have them in an object of texts.
fn schema_of(result: &SchemaRef, form: Form) -> SchemaRef {
    let names = match form {
        Form::Csv | Form::Parquet => our_names(result),
        Form::JsonLines => COLUMNS.map(str::to_owned),
    };
    let types = [DataType::Int64, DataType::Utf8, DataType::Utf8, DataType::Int32, DataType::Utf8, DataType::Utf8];
    let mut fields: Vec<Arc<Field>> =
        names.into_iter().zip(types).map(|(name, kind)| Arc::new(Field::new(name, kind, true))).collect();
    match form {
        Form::Csv | Form::Parquet => fields.extend(result.fields().iter().cloned()),
        Form::JsonLines => fields.push(Arc::new(Field::new(VALUES, DataType::Struct(texts_of(result)), true))),
    }
    Arc::new(Schema::new(fields))
}

fn texts_of(result: &SchemaRef) -> Fields {
    result.fields().iter().map(|field| Field::new(field.name(), DataType::Utf8, true)).collect()
}

fn rows(
    batch: &RecordBatch,
    start: RowNumber,
    rejections: &[Rejection],
    schema: &SchemaRef,
    form: Form,
) -> Result<RecordBatch, ArrowError> {
    let place = |rejection: &Rejection| u32::try_from(rejection.row - start - 1).unwrap_or(0);
    let places = UInt32Array::from_iter_values(rejections.iter().map(place));
    let taken = batch.columns().iter().map(|column| take(column, &places, None)).collect::<Result<Vec<_>, _>>()?;
    let row = RecordBatch::try_new(batch.schema(), taken)?;
    let number = |rejection: &Rejection| i64::try_from(rejection.row).unwrap_or(i64::MAX);
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(rejections.iter().map(number))),
        Arc::new(keys(&row)),
        Arc::new(rejections.iter().map(|rejection| rejection.column.clone()).collect::<StringArray>()),
        Arc::new(rejections.iter().map(|rejection| rejection.code.map(i32::from)).collect::<Int32Array>()),
        Arc::new(StringArray::from_iter_values(rejections.iter().map(|rejection| &rejection.reason))),
        Arc::new(rejections.iter().map(|rejection| rejection.hint.clone()).collect::<StringArray>()),
    ];
    match form {
        Form::Csv | Form::Parquet => columns.extend(row.columns().iter().cloned()),
        Form::JsonLines => {
            let texts = row.columns().iter().map(|column| Arc::new(texts(column)) as ArrayRef).collect();
            let fields = texts_of(&batch.schema());
            columns.push(Arc::new(StructArray::try_new_with_length(fields, texts, None, row.num_rows())?));
        }
    }
    RecordBatch::try_new(Arc::clone(schema), columns)
}

/// The key of each row as text: the first of the key columns that has a value.
pub(crate) fn keys(rows: &RecordBatch) -> StringArray {
    let columns: Vec<StringArray> = KEYS.iter().filter_map(|key| rows.column_by_name(key)).map(texts).collect();
    let key = |row: usize| {
        let filled = |column: &&StringArray| column.is_valid(row) && !column.value(row).is_empty();
        columns.iter().find(filled).map(|column| column.value(row).to_owned())
    };
    (0..rows.num_rows()).map(key).collect()
}

/// A column as people read it; NULL stays.
fn texts(column: &ArrayRef) -> StringArray {
    let options = FormatOptions::default();
    let Ok(cells) = ArrayFormatter::try_new(column, &options) else {
        return StringArray::new_null(column.len());
    };
    (0..column.len()).map(|row| column.is_valid(row).then(|| cells.value(row).to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(names: &[&str]) -> SchemaRef {
        Arc::new(Schema::new(names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>()))
    }

    #[test]
    fn our_columns_never_hide_the_rows_own() {
        let check = |result: &[&str], want: &str| {
            let schema = schema_of(&schema(result), Form::Csv);
            let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
            assert_eq!(names.join(" "), want);
            assert!(begins_with_ours(names.into_iter()));
        };
        check(&["email"], "row_number row_key rejected_column code reason hint email");
        check(&["code", "hint", "_hint"], "row_number row_key rejected_column _code reason __hint code hint _hint");
        assert!(!begins_with_ours(["email", "row_number"].into_iter()));
        assert!(!begins_with_ours(["row_number", "row_key", "rejected_column", "code", "reason"].into_iter()));
    }

    #[test]
    fn the_key_of_a_row() {
        let column = |cells: [Option<&str>; 4]| Arc::new(StringArray::from_iter(cells)) as ArrayRef;
        let rows = RecordBatch::try_from_iter_with_nullable([
            ("email", column([Some("a@x.io"), Some("b@x.io"), None, Some("")]), true),
            ("id", column([Some("7"), Some(""), None, None]), true),
        ])
        .unwrap();
        let keys = keys(&rows);
        let keys: Vec<Option<&str>> = keys.iter().collect();
        assert_eq!(keys, [Some("7"), Some("b@x.io"), None, None]);
    }
}
