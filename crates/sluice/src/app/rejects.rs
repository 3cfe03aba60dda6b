//! The rejected rows as a file: number, key, column, code, reason, hint, and the row as the query gave it.
//!
//! The only file besides the Result that holds row values; readable by its owner alone.

use std::io::{BufWriter, Write};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use export::FrozenResult;
use model::{JobId, Problem, Rejection};
use serde_json::{Map, Value};
use store::Store;

/// The forms of the file, by its ending.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Csv,
    JsonLines,
}

impl Form {
    /// The form that a file's name asks for.
    pub(crate) fn of(path: &Path) -> Result<Form, Problem> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => Ok(Form::Csv),
            Some("jsonl" | "ndjson") => Ok(Form::JsonLines),
            _ => Err(Problem::at(format!("--rejects {}", path.display()), "must end in .csv or .jsonl")),
        }
    }
}

/// Our columns, before the result's own.
const COLUMNS: [&str; 6] = ["row_number", "row_key", "rejected_column", "code", "reason", "hint"];

/// Writes the rejected rows of a job; gives their number.
pub(crate) async fn write(store: &Store, job: &JobId, path: &Path, form: Form) -> Result<u64, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let result = FrozenResult::open(&store.result_path(job)).map_err(|error| failed(&error))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
    let names: Vec<String> = result.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut out = Output::new(BufWriter::new(&file), form, &names).map_err(|error| failed(&error))?;
    let ledger = store.ledger(job);
    let mut page: std::collections::VecDeque<Rejection> =
        ledger.rejections(0, 1_000).await.map_err(|error| failed(&error))?.into();
    let (mut start, mut written) = (0_u64, 0_u64);
    for batch in result.batches().map_err(|error| failed(&error))? {
        let batch = batch.map_err(|error| failed(&error))?;
        let end = start + batch.num_rows() as u64;
        while let Some(rejection) = page.front().filter(|rejection| rejection.row <= end) {
            let row = usize::try_from(rejection.row - start - 1).unwrap_or(0);
            out.row(rejection, &names, &batch, row).map_err(|error| failed(&error))?;
            written += 1;
            let last = rejection.row;
            page.pop_front();
            if page.is_empty() {
                page = ledger.rejections(last, 1_000).await.map_err(|error| failed(&error))?.into();
            }
        }
        start = end;
    }
    out.finish().map_err(|error| failed(&error))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    file.persist(path).map_err(|error| failed(&error))?;
    Ok(written)
}

enum Output<W: Write> {
    Csv(Box<csv::Writer<W>>),
    JsonLines(W),
}

impl<W: Write> Output<W> {
    fn new(writer: W, form: Form, names: &[String]) -> Result<Output<W>, csv::Error> {
        match form {
            Form::JsonLines => Ok(Output::JsonLines(writer)),
            Form::Csv => {
                let mut csv = csv::Writer::from_writer(writer);
                csv.write_record(COLUMNS.iter().copied().chain(names.iter().map(String::as_str)))?;
                Ok(Output::Csv(Box::new(csv)))
            }
        }
    }

    fn row(&mut self, rejection: &Rejection, names: &[String], batch: &RecordBatch, row: usize) -> Result<(), String> {
        let options = FormatOptions::default();
        let mut values: Vec<Option<String>> = Vec::with_capacity(names.len());
        for column in batch.columns() {
            let text = ArrayFormatter::try_new(column, &options).map(|cells| cells.value(row).to_string());
            values.push(if column.is_null(row) { None } else { text.ok() });
        }
        let key = ["id", "fid", "email", "prospect_id"]
            .iter()
            .filter_map(|key| names.iter().position(|name| name == key))
            .find_map(|index| values[index].clone().filter(|value| !value.is_empty()));
        match self {
            Output::Csv(csv) => {
                let mut cells = vec![
                    rejection.row.to_string(),
                    key.unwrap_or_default(),
                    rejection.column.clone().unwrap_or_default(),
                    rejection.code.map(|code| code.to_string()).unwrap_or_default(),
                    rejection.reason.clone(),
                    rejection.hint.clone().unwrap_or_default(),
                ];
                cells.extend(values.into_iter().map(Option::unwrap_or_default));
                csv.write_record(&cells).map_err(|error| error.to_string())
            }
            Output::JsonLines(out) => {
                let values: Map<String, Value> =
                    names.iter().cloned().zip(values.into_iter().map(Value::from)).collect();
                let line = serde_json::json!({
                    "row_number": rejection.row, "row_key": key, "rejected_column": rejection.column,
                    "code": rejection.code, "reason": rejection.reason, "hint": rejection.hint, "values": values,
                });
                writeln!(out, "{line}").map_err(|error| error.to_string())
            }
        }
    }

    fn finish(self) -> std::io::Result<()> {
        match self {
            Output::Csv(mut csv) => csv.flush(),
            Output::JsonLines(mut out) => out.flush(),
        }
    }
}
