//! What the files of a bound table hold: its columns and rows, remembered while the files stay as they are.
//!
//! Knows paths, sizes and times of files; where they may lie is `roots`'.

use std::collections::HashMap;
use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use api::{Column, Table};
use ring::digest;

use crate::previews::columns_of;
use crate::{App, AppError};

/// Longest time for a table's columns and rows when it is looked at.
const COUNT_TIME: Duration = Duration::from_secs(10);

/// What was found, by the table's name.
#[derive(Default)]
pub(crate) struct Measured(Mutex<HashMap<String, Size>>);

#[derive(Clone)]
struct Size {
    /// Of the files as they were before they were read.
    mark: Mark,
    columns: Vec<Column>,
    rows: u64,
}

/// A digest of how files are read, and of the path, size and time of change of each.
type Mark = [u8; 32];

impl Measured {
    fn find(&self, name: &str, mark: &Mark) -> Option<Size> {
        let sizes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sizes.get(name).filter(|size| size.mark == *mark).cloned()
    }

    fn keep(&self, name: &str, size: Size) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), size);
    }

    /// The table is no more.
    pub(crate) fn forget(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

impl App {
    /// Columns and rows of bound files; the error says why they were not found out.
    pub(crate) async fn measure(&self, files: &str, table: &mut Table) -> Result<(), String> {
        let said = |text: String| self.0.discreet.text(&text);
        let bound = self.bound(&table.name, files).await.map_err(one_line)?;
        let (paths, read_as) = (bound.paths.clone(), files.to_owned());
        let mark = tokio::task::spawn_blocking(move || mark_of(&read_as, &paths)).await.ok().flatten();
        if let Some(size) = mark.and_then(|mark| self.0.measured.find(&table.name, &mark)) {
            table.columns = size.columns;
            table.rows = Some(size.rows);
            return Ok(());
        }
        let slow = |_| format!("reading the files took longer than {} s", COUNT_TIME.as_secs());
        let columns = tokio::time::timeout(COUNT_TIME, query::schema(&bound)).await.map_err(slow)?;
        let columns = columns.map_err(|error| said(error.to_string()))?;
        table.columns = columns_of(&columns);
        let _look = self.may_look().await.map_err(|error| said(error.to_string()))?;
        let sql = format!("SELECT COUNT(*) FROM \"{}\"", table.name);
        let rows = self.count(&sql, &bound, COUNT_TIME).await;
        let rows = rows.map_err(|error| said(format!("the rows were not counted: {error}")))?;
        table.rows = Some(rows);
        if let Some(mark) = mark {
            self.0.measured.keep(&table.name, Size { mark, columns: table.columns.clone(), rows });
        }
        Ok(())
    }
}

/// Nothing when a file cannot be looked at. Blocks.
fn mark_of(files: &str, paths: &[String]) -> Option<Mark> {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(files.as_bytes());
    for path in paths {
        let found = fs::metadata(path).ok()?;
        let changed = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        // No path holds this character.
        hash.update(format!("\0{path}\0{}\0{}", found.len(), changed.as_nanos()).as_bytes());
    }
    hash.finish().as_ref().try_into().ok()
}

/// An error in the one line of a remark.
fn one_line(error: AppError) -> String {
    match error {
        AppError::Invalid(problems) => {
            problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use api::TableSpec;

    use crate::fixture::{Bench, admin};

    #[tokio::test]
    async fn rows_are_counted_anew_when_a_file_changed() {
        let bench = Bench::new().await;
        bench.file("c.csv", "id\n1\n");
        let app = &bench.app;
        app.put_table(&admin(), TableSpec { name: "c".into(), files: "c.csv".into() }, None).await.unwrap();
        let rows = async || app.table(&admin(), "c").await.unwrap().rows;
        assert_eq!(rows().await, Some(1));
        // What is remembered is what is shown.
        app.0.measured.0.lock().unwrap().get_mut("c").unwrap().rows = 7;
        assert_eq!(rows().await, Some(7));
        bench.file("c.csv", "id\n1\n2\n");
        assert_eq!(rows().await, Some(2));
        app.put_table(&admin(), TableSpec { name: "c".into(), files: "c.csv?header=false".into() }, None)
            .await
            .unwrap();
        let table = app.table(&admin(), "c").await.unwrap();
        assert_eq!((table.rows, table.columns[0].name.as_str()), (Some(3), "column_1"));
        app.delete_table(&admin(), "c").await.unwrap();
        assert!(app.0.measured.0.lock().unwrap().is_empty());
    }
}
