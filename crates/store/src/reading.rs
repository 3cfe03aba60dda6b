//! Opens a database to read from it alone, so that one that is refused stays as it was found.
//!
//! Knows which files SQLite makes beside a database and how to keep it from that; not what is read.
//!
//! SQLite makes or rewrites `-shm`, an index of the write-ahead log, even for a reader. Where nobody else has the
//! database open, a file without a log is read as one that cannot change (`immutable`), and one with a log with an index
//! in memory (`readonly_shm`, which wants a file of that name: an empty one is lent to it). See
//! <https://www.sqlite.org/wal.html#read_only_databases>.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use crate::error::OpenError;
use crate::file::Patience;

/// Who else may have the database open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Nobody of ours.
    Nobody,
    /// Others: the files beside the database are theirs as well.
    Others,
}

/// Opens a database, lets `work` read from it, and closes it whatever came of that.
pub(crate) async fn reading<T>(
    path: &Path,
    patience: Patience,
    beside: Beside,
    work: impl AsyncFnOnce(&mut SqliteConnection) -> Result<T, OpenError>,
) -> Result<T, OpenError> {
    let options = SqliteConnectOptions::new().create_if_missing(false).read_only(true).busy_timeout(patience.wait);
    let (options, lent) = match beside {
        Beside::Others => (options.filename(path), None),
        Beside::Nobody if log_counts(path) => (options.filename(without_index(path)), Lent::to(path)),
        Beside::Nobody => (options.filename(path).immutable(true), None),
    };
    let fault = |error: sqlx::Error| OpenError::from_fault(error.into(), path);
    let mut connection = SqliteConnection::connect_with(&options).await.map_err(fault)?;
    let done = work(&mut connection).await;
    // Waited for: a connection that is only dropped may still hold its files when the caller looks at them.
    let closed = connection.close().await.map_err(fault);
    drop(lent);
    let done = done?;
    closed.map(|()| done)
}

/// An empty file that stands where SQLite looks for its index; gone when dropped.
struct Lent(PathBuf);

impl Lent {
    fn to(path: &Path) -> Option<Lent> {
        let index = beside(path, "-shm");
        let mut options = OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // One that is there is only looked at. Where none can be made, SQLite says what is the matter.
        options.open(&index).ok().map(|_| Lent(index))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // Not empty any more: another program has begun to use it.
        if fs::metadata(&self.0).is_ok_and(|index| index.len() == 0) {
            // Empty, it does no harm where it is.
            drop(fs::remove_file(&self.0));
        }
    }
}

/// Whether SQLite would read a log beside the database. It ignores a write-ahead log without a proper head
/// (<https://www.sqlite.org/fileformat2.html#walformat>); a rollback journal is never ours, and for it to judge.
fn log_counts(path: &Path) -> bool {
    let mut head = [0; 32];
    let read = File::open(beside(path, "-wal")).and_then(|mut log| log.read_exact(&mut head));
    let word = |at: usize| head[at..at + 4].iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
    let proper = word(0) & !1 == 0x377f_0682 && word(8).is_power_of_two() && (512..=65_536).contains(&word(8));
    let unreadable = read
        .as_ref()
        .is_err_and(|error| !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof));
    unreadable || (read.is_ok() && proper) || beside(path, "-journal").exists()
}

/// The name of a file that SQLite keeps beside a database.
fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The database's name as SQLite takes it, with the word that keeps the index in memory.
fn without_index(path: &Path) -> String {
    let mut name = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            plain if plain.is_ascii_alphanumeric() => name.push(char::from(*plain)),
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    name.push_str("?readonly_shm=1");
    name
}
