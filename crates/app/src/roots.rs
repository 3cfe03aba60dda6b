//! Which files the server's tables may be bound to.
//!
//! Knows folders and paths only: not what the files hold. Everything here blocks on the file system.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use model::Problem;
use query::{Table, TableError};

use crate::Config;

/// Where the place of a table's files is in problems.
pub(crate) const FILES: &str = "table.files";

/// The folders whose files SQL may read, and the one folder that it never may.
pub(crate) struct Roots {
    /// The roots as the operator wrote them, made absolute; relative paths begin in the first.
    written: Vec<PathBuf>,
    /// The roots with links resolved, as far as they are there.
    real: Vec<PathBuf>,
    /// The data directory with links resolved: its database, key and results are nobody's table.
    data: PathBuf,
    /// The one part of it that tables may read.
    tables: PathBuf,
}

impl Roots {
    /// The roots of today.
    pub(crate) fn of(config: &Config) -> Roots {
        let own = config.data_dir.join("tables");
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let written: Vec<PathBuf> =
            config.table_roots.iter().chain([&own]).map(|root| plain(&absolute(root))).collect();
        let real = written.iter().filter_map(|root| root.canonicalize().ok()).collect();
        let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| plain(&absolute(path)));
        Roots { written, real, data: resolved(&config.data_dir), tables: resolved(&own) }
    }

    /// The table with its paths resolved to the real files behind them, each under a root: what is opened later is what
    /// was checked, whatever becomes of a link meanwhile.
    ///
    /// # Errors
    /// A path leads out of the roots, or to no file. Whether there is a file outside is not told.
    pub(crate) fn bind(&self, mut table: Table) -> Result<Table, Problem> {
        let mut paths = Vec::with_capacity(table.paths.len());
        for path in &table.paths {
            self.place(path, &mut paths)?;
        }
        table.paths = paths;
        let mut real = Vec::new();
        for file in table.files().map_err(|error| self.missing(&error))? {
            self.admit(&file)?;
            let text = file
                .to_str()
                .ok_or_else(|| Problem::at(FILES, "has a file whose name is not UTF-8").hint("rename the file"))?;
            real.push(text.to_owned());
        }
        table.paths = real;
        Ok(table)
    }

    /// The absolute form of one path as it was written; a folder stands for the files in it.
    fn place(&self, written: &str, paths: &mut Vec<String>) -> Result<(), Problem> {
        if written.contains("://") {
            return Err(Problem::at(FILES, "names an address").hint("tables are bound to files of the server"));
        }
        if written.contains('\0') {
            return Err(Problem::at(FILES, "has a character that no file name has"));
        }
        // The last one, the data directory's own, is always there.
        let first = self.written.first().map_or(Path::new(""), PathBuf::as_path);
        let path = plain(&first.join(written));
        if !self.written.iter().chain(&self.real).any(|root| path.starts_with(root)) {
            return Err(self.outside(written));
        }
        if !path.is_dir() {
            paths.push(path.to_string_lossy().into_owned());
            return Ok(());
        }
        // Looking into a folder is looking: not before it is known to be inside.
        if let Ok(real) = path.canonicalize() {
            self.admit(&real)?;
        }
        let before = paths.len();
        let entries = std::fs::read_dir(&path).into_iter().flatten().flatten();
        paths.extend(
            entries
                .map(|entry| entry.path())
                .filter(|path| is_data(path))
                .map(|path| path.to_string_lossy().into_owned()),
        );
        if paths.len() == before {
            return Err(Problem::at(FILES, format!("{written} is a folder without files"))
                .hint("name a folder that has files, or a pattern such as exports/*.parquet"));
        }
        paths[before..].sort();
        Ok(())
    }

    /// Whether a resolved path is one that SQL may read.
    fn admit(&self, real: &Path) -> Result<(), Problem> {
        if real.starts_with(&self.data) && !real.starts_with(&self.tables) {
            return Err(Problem::at(FILES, "leads into the server's data directory, which no table may read"));
        }
        if self.real.iter().any(|root| real.starts_with(root)) {
            return Ok(());
        }
        Err(self.outside("a file behind this path"))
    }

    /// A file that is not there; where its path begins is another matter than on the command line.
    fn missing(&self, error: &TableError) -> Problem {
        let problem = problem_of(error);
        match (error, self.written.first()) {
            (TableError::NoSuchFile { .. }, Some(root)) => {
                problem.hint(format!("check the path; relative paths begin in {}", root.display()))
            }
            (_, _) => problem,
        }
    }

    fn outside(&self, what: &str) -> Problem {
        let roots: Vec<String> = self.written.iter().map(|root| root.display().to_string()).collect();
        Problem::at(FILES, format!("{what} lies outside the table roots"))
            .hint(format!("files may lie in {}; the operator sets table_roots", roots.join(", ")))
    }
}

/// What the engine says about a table, as a problem of its files.
pub(crate) fn problem_of(error: &TableError) -> Problem {
    let message = error.to_string();
    // The table is known where this is shown.
    let message = match message.strip_prefix("table ").and_then(|rest| rest.split_once(": ")) {
        Some((_, message)) => message.to_owned(),
        None => message,
    };
    let problem = Problem::at(FILES, message);
    match error.hint() {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// The path without `.` and `..`, by its words alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(component),
        }
    }
    plain
}

/// Names with a leading dot are half-written files, with a leading `_` the notes of those who wrote the folder.
fn is_data(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    path.is_file() && !name.starts_with(['.', '_'])
}

#[cfg(test)]
mod tests;
