//! A folder with files, and queries over them.
//!
//! Knows how to write files and print rows: not what any test expects.

use std::fs;
use std::future::pending;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use query::{Frozen, Limits, QueryError, Table, freeze};
use tempfile::TempDir;

/// What `TD_SCHEDULED_TIME()` gives: 2016-05-22 01:00:00 in Japan, a Sunday.
pub(crate) const SCHEDULED: i64 = 1_463_846_400;

/// A temporary folder; tables in it are bound by specs relative to it.
pub(crate) struct World {
    folder: TempDir,
    pub(crate) limits: Limits,
}

impl World {
    pub(crate) fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let limits = Limits {
            time: Some(Duration::from_secs(120)),
            memory: 64 << 20,
            spill_dir: folder.path().join("spill"),
            scheduled_time: SCHEDULED,
        };
        World { folder, limits }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(self, name: &str, text: impl AsRef<[u8]>) -> World {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(path).unwrap().write_all(text.as_ref()).unwrap();
        self
    }

    /// Reads a spec whose paths start in this folder.
    pub(crate) fn table(&self, spec: &str) -> Table {
        let mut table = Table::parse(spec).unwrap();
        for path in &mut table.paths {
            *path = self.path(path).to_string_lossy().into_owned();
        }
        table
    }

    pub(crate) async fn freeze(&self, sql: &str, specs: &[&str]) -> Result<Frozen, QueryError> {
        let tables: Vec<Table> = specs.iter().map(|spec| self.table(spec)).collect();
        freeze(sql, &tables, &self.limits, &self.path("result.parquet"), pending(), &mut |_| {}).await
    }

    /// The Result as text: a line of `name:type`, then a line per row.
    pub(crate) async fn rows(&self, sql: &str, specs: &[&str]) -> String {
        match self.freeze(sql, specs).await {
            Ok(frozen) => {
                let batches = read(&self.path("result.parquet"));
                let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
                assert_eq!(frozen.rows, rows as u64);
                print(&batches)
            }
            Err(error) => self.say(&error),
        }
    }

    /// An error as a person reads it, with the folder's name taken out.
    pub(crate) fn say(&self, error: &QueryError) -> String {
        let real = fs::canonicalize(self.folder.path()).unwrap();
        let mut text = format!("{error}\n");
        if let Some(hint) = error.hint() {
            text.push_str(&format!("  hint: {hint}\n"));
        }
        text.replace(&format!("{}/", real.display()), "").replace(&format!("{}/", self.folder.path().display()), "")
    }

    /// The names of the files in the folder, for a look at what was left behind.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name != "spill")
            .collect();
        names.sort();
        names
    }
}

pub(crate) fn read(path: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(path).unwrap()).unwrap();
    let empty = RecordBatch::new_empty(reader.schema().clone());
    let mut batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    if batches.is_empty() {
        batches.push(empty);
    }
    batches
}

pub(crate) fn print(batches: &[RecordBatch]) -> String {
    let options = FormatOptions::new().with_null("NULL");
    let schema = batches[0].schema();
    let head: Vec<String> =
        schema.fields().iter().map(|field| format!("{}:{}", field.name(), field.data_type())).collect();
    let mut text = head.join(" | ") + "\n";
    for batch in batches {
        let columns: Vec<ArrayFormatter<'_>> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            text.push_str(&(cells.join(" | ") + "\n"));
        }
    }
    text
}
