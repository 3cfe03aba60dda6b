//! The note of the last commit, beside the database: a cut or lost write-ahead log shows as a number too low.
//!
//! Knows one number in one small file. It is written after the commit and not synchronised, so it may lag behind the
//! database (after a power cut, or with two processes) and never runs ahead of it. Its first number is synchronised
//! before the file gets its name, and later ones take its place byte for byte: only damage leaves it without a number.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// An open note.
#[derive(Debug)]
pub(crate) struct Witness(File);

/// What a note says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noted {
    /// There is no note.
    Nothing,
    /// The number of the last commit.
    Commits(i64),
    /// There is a note, and it holds no number.
    Garbled,
}

impl Witness {
    /// Opens the note and notes a commit. A note that is absent or garbled is made anew.
    pub(crate) fn open(path: &Path, commits: i64) -> io::Result<Witness> {
        let mut options = OpenOptions::new();
        options.write(true);
        if !matches!(Witness::read(path)?, Noted::Commits(_)) {
            // Complete before it has its name: a process killed in between leaves no note, not an empty one.
            let new = path.with_extension("seen.new");
            let mut making = options.clone();
            making.create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut making, 0o600);
            let mut file = making.open(&new)?;
            file.write_all(line(commits).as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, path)?;
        }
        let witness = Witness(options.open(path)?);
        witness.note(commits);
        Ok(witness)
    }

    /// Notes a commit. The length never changes, so that a full disk does not matter.
    pub(crate) fn note(&self, commits: i64) {
        let mut file = &self.0;
        let written = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(line(commits).as_bytes()));
        // A note that cannot be written makes a later check weaker, not a commit undone.
        drop(written);
    }

    /// What the note says.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub(crate) fn read(path: &Path) -> io::Result<Noted> {
        match fs::read(path) {
            Ok(bytes) => Ok(number(&bytes).map_or(Noted::Garbled, Noted::Commits)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Noted::Nothing),
            Err(error) => Err(error),
        }
    }
}

fn line(commits: i64) -> String {
    format!("{commits:020}\n")
}

/// The number of a line that is exactly as it is written.
fn number(bytes: &[u8]) -> Option<i64> {
    let commits: i64 = std::str::from_utf8(bytes).ok()?.trim_end().parse().ok()?;
    (commits >= 0 && line(commits).as_bytes() == bytes).then_some(commits)
}
