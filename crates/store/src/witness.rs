//! The note of the last commit, beside the database: a cut or lost write-ahead log shows as a number too low.
//!
//! Knows one number in one small file. It is written after the commit and not synchronised, so it may lag behind the
//! database (after a power cut, or with two processes) and never runs ahead of it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// An open note.
#[derive(Debug)]
pub(crate) struct Witness(File);

impl Witness {
    /// Opens the note, or makes it.
    pub(crate) fn open(path: &Path) -> io::Result<Witness> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map(Witness)
    }

    /// Notes a commit. The length never changes, so that a full disk does not matter.
    pub(crate) fn note(&self, commits: i64) {
        let mut file = &self.0;
        let written = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(format!("{commits:020}\n").as_bytes()));
        // A note that cannot be written makes a later check weaker, not a commit undone.
        drop(written);
    }

    /// The number noted; none when there is no note, or one that a power cut left unreadable.
    pub(crate) fn read(path: &Path) -> Option<i64> {
        fs::read_to_string(path).ok()?.trim().parse().ok()
    }
}
