//! The data directory and its database file: made, proved whole, brought up to date, opened.
//!
//! Knows files, permissions and everything that is SQLite's own (pragmas, write-ahead log, checks); no table but
//! `progress`.
//!
//! Every open store keeps `sluice.lock` shared. Who gets it alone is the only one here: only then does a write-ahead
//! log that is left over mean that somebody died, and only then is the file checked, because others who have it open
//! have checked it already.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection, SqliteConnection};

use crate::check::{check, commits};
use crate::column::number;
use crate::error::OpenError;
use crate::fault::{Fault, Trouble};
use crate::keys::Keys;
use crate::witness::{Noted, Witness};
use crate::{backup, restore, schema};

/// The database's name in the data directory.
pub(crate) const DATABASE: &str = "sluice.db";
/// The note of the last commit.
pub(crate) const WITNESS: &str = "sluice.seen";
/// Held by whoever has the store open.
pub(crate) const PRESENCE: &str = "sluice.lock";
/// A database in the making; it gets its name when its schema is complete.
const NEW: &str = "sluice.db.new";

/// How long another process's lock is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// One wait, in the engine.
    pub(crate) wait: Duration,
    /// Waits before a write is given up.
    pub(crate) waits: u32,
}

/// 10 seconds a wait, a minute in all: a backup or a careless shell does not cost a job.
pub(crate) const PATIENCE: Patience = Patience { wait: Duration::from_secs(10), waits: 6 };

/// The sign that the store is open; gone with its process.
#[derive(Debug)]
pub(crate) struct Presence(File);

/// An open database.
pub(crate) struct Opened {
    pub(crate) connection: SqliteConnection,
    pub(crate) readers: SqlitePool,
    pub(crate) witness: Witness,
    pub(crate) presence: Presence,
    pub(crate) path: PathBuf,
}

/// What was found in the directory.
pub(crate) struct Found {
    presence: Presence,
    /// Nobody else has the store open.
    pub(crate) alone: bool,
    /// The database's size; none when there is no database.
    pub(crate) size: Option<u64>,
    /// A write-ahead log was left over.
    pub(crate) unclean: bool,
    /// The last commit that was noted.
    pub(crate) noted: Noted,
}

/// Opens the database of a data directory, and makes what is absent. Given keys must open what is sealed in it.
pub(crate) async fn open(directory: &Path, patience: Patience, keys: Option<&Keys>) -> Result<Opened, OpenError> {
    let path = directory.join(DATABASE);
    let fault = |fault| OpenError::from_fault(fault, &path);
    let found = blocking(directory, prepare).await?;
    match found.size {
        None if found.noted != Noted::Nothing || !found.alone => {
            return Err(OpenError::Missing { path, note: directory.join(WITNESS) });
        }
        None => create(directory, patience).await?,
        Some(0) => {
            return Err(OpenError::Damaged { path, detail: "the file is empty".into() });
        }
        Some(_) => check(directory, &found, patience, keys).await?,
    }
    let alone = found.alone;
    blocking(directory, move |directory| furnish(directory, alone)).await?;
    let mut connection =
        SqliteConnection::connect_with(&writing(&path, patience)).await.map_err(|e| fault(e.into()))?;
    match settle(&mut connection, directory, &path, found).await {
        Ok((witness, presence)) => {
            let readers = SqlitePoolOptions::new()
                .max_connections(4)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
                .connect_lazy_with(writing(&path, patience).pragma("query_only", "ON"));
            Ok(Opened { connection, readers, witness, presence, path })
        }
        Err(error) => {
            // Waited for: only then are the engine's own files gone. The error says more than what closing may say.
            drop(connection.close().await);
            Err(error)
        }
    }
}

/// Brings a proved database up to date, notes its last commit, and lets others in.
async fn settle(
    connection: &mut SqliteConnection,
    directory: &Path,
    path: &Path,
    found: Found,
) -> Result<(Witness, Presence), OpenError> {
    let fault = |fault| OpenError::from_fault(fault, path);
    schema::migrate(&mut *connection, schema::KNOWN).await.map_err(fault)?;
    if found.alone {
        let_space_go(&mut *connection).await.map_err(fault)?;
    }
    let commits = commits(connection).await.map_err(fault)?;
    let note = directory.join(WITNESS);
    let witness = Witness::open(&note, commits).map_err(|source| OpenError::Directory { path: note, source })?;
    let presence = if found.alone { share(directory, found.presence).await? } else { found.presence };
    Ok((witness, presence))
}

/// Makes the directory and looks around; what a refused start leaves is an empty `sluice.lock` at most. Waits while
/// another process checks or makes the database.
fn prepare(directory: &Path) -> Result<Found, OpenError> {
    let refuse = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Directory { path, source }
    };
    private_folder(directory).map_err(refuse(directory))?;
    let path = directory.join(PRESENCE);
    let presence = private_file(&path).map_err(refuse(&path))?;
    let alone = presence.try_lock().is_ok();
    if !alone {
        presence.lock_shared().map_err(refuse(&path))?;
    }
    let path = directory.join(DATABASE);
    let size = match fs::metadata(&path) {
        Ok(metadata) => Some(metadata.len()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(refuse(&path)(error)),
    };
    let log = fs::metadata(directory.join(format!("{DATABASE}-wal")));
    // Read before the database is, so that commits of others in between do not matter.
    let note = directory.join(WITNESS);
    let noted = Witness::read(&note).map_err(refuse(&note))?;
    Ok(Found { presence: Presence(presence), alone, size, unclean: log.is_ok_and(|log| log.len() > 0), noted })
}

/// Makes the folders beside a proved database, and puts in order what came from elsewhere or was left over.
fn furnish(directory: &Path, alone: bool) -> Result<(), OpenError> {
    for folder in ["results", "locks"].map(|name| directory.join(name)) {
        private_folder(&folder).map_err(|source| OpenError::Directory { path: folder, source })?;
    }
    if alone {
        remove_scratch(directory);
    }
    let path = directory.join(DATABASE);
    keep_private(&path).map_err(|source| OpenError::Directory { path, source })
}

/// Removes what a backup or a restore left over that was killed.
fn remove_scratch(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| {
            (name.starts_with(backup::SCRATCH) || name.starts_with(restore::SCRATCH))
                && name.ends_with(backup::SCRATCH_END)
        });
        if ours {
            // It costs space and nothing else.
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}

/// Makes a database under another name, complete and synchronised, and only then gives it its own.
async fn create(directory: &Path, patience: Patience) -> Result<(), OpenError> {
    let (new, path) = (directory.join(NEW), directory.join(DATABASE));
    blocking(directory, |directory| {
        for name in [NEW.to_owned(), format!("{NEW}-wal"), format!("{NEW}-shm"), format!("{NEW}-journal")] {
            let path = directory.join(name);
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(OpenError::Directory { path, source }),
            }
        }
        let path = directory.join(NEW);
        private_file(&path).map(drop).map_err(|source| OpenError::Directory { path, source })
    })
    .await?;
    fill(&new, patience).await.map_err(|fault| OpenError::from_fault(fault, &path))?;
    blocking(directory, |directory| {
        let (new, path) = (directory.join(NEW), directory.join(DATABASE));
        let finish = || {
            File::open(&new)?.sync_all()?;
            fs::rename(&new, &path)?;
            // The name is durable when the folder is.
            File::open(directory)?.sync_all()
        };
        finish().map_err(|source| OpenError::Directory { path: path.clone(), source })
    })
    .await
}

async fn fill(path: &Path, patience: Patience) -> Result<(), Fault> {
    // Only here: on a file that has pages, the same word would be a write.
    let options = writing(path, patience).auto_vacuum(SqliteAutoVacuum::Incremental);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    // The number is `schema::APPLICATION`; a test compares them.
    sqlx::raw_sql("PRAGMA application_id = 1399612261").execute(&mut connection).await?;
    schema::migrate(&mut connection, schema::KNOWN).await?;
    connection.close().await?;
    Ok(())
}

/// Makes a file of an early version one whose free pages can be given back.
async fn let_space_go(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum").fetch_one(&mut *connection).await?;
    if mode == 2 {
        return Ok(());
    }
    let made = async {
        sqlx::raw_sql("PRAGMA auto_vacuum = INCREMENTAL").execute(&mut *connection).await?;
        sqlx::raw_sql("VACUUM").execute(&mut *connection).await?;
        sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await
    };
    match made.await {
        Ok(_) => Ok(()),
        // The file works as it is; the next start tries again.
        Err(error) if matches!(Trouble::of(&error), Trouble::DiskFull | Trouble::Busy) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Gives some free pages at the end of the file back, within the transaction of the caller.
pub(crate) async fn free_pages(connection: &mut SqliteConnection) -> Result<(), Fault> {
    // Some hundred pages are a few milliseconds, so that no other write waits long.
    sqlx::raw_sql("PRAGMA incremental_vacuum(500)").execute(connection).await?;
    Ok(())
}

/// The bytes of the free pages.
pub(crate) async fn free_bytes(connection: &mut SqliteConnection) -> Result<u64, Fault> {
    let pages: i64 = sqlx::query_scalar("PRAGMA freelist_count").fetch_one(&mut *connection).await?;
    let size: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(connection).await?;
    number(pages.saturating_mul(size))
}

/// Brings the write-ahead log into the file as far as no reader holds it; only then does the file become shorter.
pub(crate) async fn checkpoint(connection: &mut SqliteConnection) {
    // What does not succeed now is done by a later commit.
    drop(sqlx::raw_sql("PRAGMA wal_checkpoint(PASSIVE)").execute(connection).await);
}

fn writing(path: &Path, patience: Patience) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // After a long transaction the log does not stay long.
        .pragma("journal_size_limit", "16777216")
        .busy_timeout(patience.wait)
}

/// Lets others in, now that the file is proved.
async fn share(directory: &Path, presence: Presence) -> Result<Presence, OpenError> {
    blocking(directory, move |directory| {
        // In two steps: locking again what is locked is not defined everywhere.
        let shared = presence.0.unlock().and_then(|()| presence.0.lock_shared());
        shared.map_err(|source| OpenError::Directory { path: directory.join(PRESENCE), source })?;
        Ok(presence)
    })
    .await
}

/// Runs file work on the blocking threads.
async fn blocking<T: Send + 'static>(
    directory: &Path,
    work: impl FnOnce(&Path) -> Result<T, OpenError> + Send + 'static,
) -> Result<T, OpenError> {
    let folder = directory.to_owned();
    let done = tokio::task::spawn_blocking(move || work(&folder)).await;
    done.unwrap_or_else(|error| {
        Err(OpenError::Directory { path: directory.to_owned(), source: io::Error::other(error) })
    })
}

pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Takes others' rights away from a database that came from elsewhere, such as a restored backup.
fn keep_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        }
    }
    #[cfg(not(unix))]
    fs::metadata(path)?;
    Ok(())
}
