//! Resolves the paths and globs of a table to real files, in reading order.
//!
//! Knows the file system only: not what the files hold.

use std::fs;
use std::path::{Path, PathBuf};

use crate::table::{Table, TableError};

impl Table {
    /// The real, absolute paths of the table's files now, in the order in which they are read: paths as listed, the
    /// matches of a glob by name. Links and `..` are resolved, so that a caller can hold them against allowed folders.
    /// Blocks on the file system.
    pub fn files(&self) -> Result<Vec<PathBuf>, TableError> {
        let mut files = Vec::new();
        for path in &self.paths {
            self.resolve(path, &mut files)?;
        }
        if files.is_empty() {
            return Err(TableError::NoSuchFile { table: self.name.clone(), path: PathBuf::new() });
        }
        Ok(files)
    }

    fn resolve(&self, written: &str, files: &mut Vec<PathBuf>) -> Result<(), TableError> {
        let refuse = |what| TableError::NotAFile { table: self.name.clone(), path: written.to_owned(), what };
        if written.contains("://") {
            return Err(refuse("an address, not a local file"));
        }
        let path = Path::new(written);
        if !path.exists() && written.contains(['*', '?', '[']) {
            return self.matches(written, files);
        }
        let real = fs::canonicalize(path)
            .map_err(|_| TableError::NoSuchFile { table: self.name.clone(), path: path.into() })?;
        if real.is_dir() {
            return Err(refuse("a folder"));
        }
        if !real.is_file() {
            return Err(refuse("not a regular file"));
        }
        files.push(real);
        Ok(())
    }

    fn matches(&self, pattern: &str, files: &mut Vec<PathBuf>) -> Result<(), TableError> {
        let no_match = || TableError::NoMatch { table: self.name.clone(), pattern: pattern.to_owned() };
        // A leading dot hides a file from a shell's glob, and half-written files are often named so.
        let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
        let mut found: Vec<PathBuf> = glob::glob_with(pattern, options)
            .map_err(|_| no_match())?
            .filter_map(Result::ok)
            .filter(|path| path.is_file())
            .collect();
        found.sort();
        if found.is_empty() {
            return Err(no_match());
        }
        for path in found {
            files.push(fs::canonicalize(&path).map_err(|_| TableError::NoSuchFile { table: self.name.clone(), path })?);
        }
        Ok(())
    }
}
