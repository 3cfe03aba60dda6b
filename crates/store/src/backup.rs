//! Makes a backup while others write: one moment of the database, the Results and the tables, in one file.
//!
//! Knows the data directory's files by name, and never takes the master key along.
//!
//! Results go away when their job succeeds. So that those of the moment are there when they are packed, each gets a
//! second name before and after the database is copied.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use crate::check::known_version;
use crate::error::OpenError;
use crate::file::{DATABASE, PATIENCE, PRESENCE, private_file};
use crate::manifest::{BackupError, FOLDERS, FORMAT, Hashing, MANIFEST, Manifest, Scratch, packed, random_name};
use crate::reading::{Beside, reading};
use crate::vault::Progress;

/// What a backup takes along beside the database and the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Include {
    /// The frozen Results. Without them, a job that was under way cannot be continued after a restore.
    pub results: bool,
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Files in it.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// The schema version of its database.
    pub schema: i64,
}

/// The folder of second names begins so; a start removes what was left over.
pub(crate) const SCRATCH: &str = "backup-";
/// It ends so.
pub(crate) const SCRATCH_END: &str = ".tmp";

/// Writes a backup of a data directory to a new file, from any process, while others read and write. The file is
/// readable for its owner alone and is there only when it is complete. The master key is not in it. `now`: seconds since
/// 1970-01-01 UTC.
///
/// # Errors
/// `to` exists; there is no database, or it is damaged or newer; a file cannot be read or written. Then there is no
/// backup.
pub async fn backup(
    directory: &Path,
    to: &Path,
    include: Include,
    now: i64,
    progress: Progress<'_>,
) -> Result<Backup, BackupError> {
    let (from, database) = (directory.to_owned(), directory.join(DATABASE));
    let target = to.to_owned();
    let (scratch, work, _presence) = blocking(move || begin(&from, &target)).await?;
    let (from, links) = (directory.to_owned(), scratch.0.clone());
    blocking(move || link(&from, &links, include)).await?;
    let schema = copy_database(&database, &work.0.join(DATABASE)).await?;
    let (from, links) = (directory.to_owned(), scratch.0.clone());
    blocking(move || link(&from, &links, include)).await?;

    let (told, mut telling) = mpsc::unbounded_channel();
    let target = to.to_owned();
    let packing = tokio::task::spawn_blocking(move || pack(&scratch, &work, &target, schema, now, &told));
    while let Some((done, total)) = telling.recv().await {
        progress(done, total);
    }
    finished(packing.await)
}

/// Looks around and makes the folders to work in. The sign of presence keeps a restore away.
fn begin(directory: &Path, to: &Path) -> Result<(Scratch, Scratch, File), BackupError> {
    let database = directory.join(DATABASE);
    if !database.try_exists().map_err(BackupError::file(&database))? {
        return Err(BackupError::NoDatabase { path: database });
    }
    if fs::symlink_metadata(to).is_ok() {
        return Err(BackupError::Exists { path: to.to_owned() });
    }
    let presence = directory.join(PRESENCE);
    let shared = private_file(&presence).and_then(|file| file.lock_shared().map(|()| file));
    let shared = shared.map_err(BackupError::file(&presence))?;
    let name = to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let scratch = Scratch::new(directory.join(format!("{SCRATCH}{}{SCRATCH_END}", random_name())))?;
    let work = Scratch::new(to.with_file_name(format!(".{name}.{}{SCRATCH_END}", random_name())))?;
    Ok((scratch, work, shared))
}

/// Copies one moment of the database.
async fn copy_database(database: &Path, copy: &Path) -> Result<i64, BackupError> {
    let text = copy.to_str().ok_or_else(|| BackupError::File {
        path: copy.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidInput, "the name is not Unicode"),
    })?;
    // The engine fills an empty file, and would make one that others may read.
    private_file(copy).map_err(BackupError::file(copy))?;
    let fault = |error: sqlx::Error| OpenError::from_fault(error.into(), database);
    let copied = reading(database, PATIENCE, Beside::Others, async |connection| {
        let schema = known_version(&mut *connection, database).await?;
        sqlx::query("VACUUM INTO $1").bind(text).execute(connection).await.map_err(fault)?;
        Ok(schema)
    });
    Ok(copied.await?)
}

/// Gives every file of the folders a second name.
fn link(directory: &Path, links: &Path, include: Include) -> Result<(), BackupError> {
    for folder in FOLDERS {
        if folder != "results" || include.results {
            link_folder(&directory.join(folder), &links.join(folder))?;
        }
    }
    Ok(())
}

fn link_folder(from: &Path, to: &Path) -> Result<(), BackupError> {
    let entries = match fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BackupError::file(from)(error)),
    };
    if !to.is_dir() {
        fs::create_dir(to).map_err(BackupError::file(to))?;
    }
    for entry in entries {
        let entry = entry.map_err(BackupError::file(from))?;
        // A file in the making, such as this backup's own.
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        // Links are not followed: what they lead to is not the data directory's.
        let kind = entry.file_type().map_err(BackupError::file(&from))?;
        if kind.is_dir() {
            link_folder(&from, &to)?;
        } else if kind.is_file() && !to.is_file() {
            // Where there are no second names, a copy does.
            let done = fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop));
            match done {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(BackupError::file(&from)(error)),
            }
        }
    }
    Ok(())
}

/// Packs the files and gives the backup its name.
fn pack(
    scratch: &Scratch,
    work: &Scratch,
    to: &Path,
    schema: i64,
    now: i64,
    told: &mpsc::UnboundedSender<(u64, u64)>,
) -> Result<Backup, BackupError> {
    let mut files = vec![(work.0.join(DATABASE), DATABASE.to_owned())];
    for folder in FOLDERS {
        list(&scratch.0.join(folder), folder, &mut files)?;
    }
    let mut manifest = Manifest { sluice_backup: FORMAT, made: now, schema, files: Vec::new() };
    for (path, name) in &files {
        manifest.files.push(packed(path, name.clone()).map_err(BackupError::file(path))?);
    }
    let total = manifest.files.iter().map(|file| file.bytes).sum();
    let new = work.0.join("backup.tar");
    write_archive(&new, &manifest, &files, total, told)?;
    let name = || {
        // Refuses a file that came to be meanwhile, where the file system has second names.
        if fs::hard_link(&new, to).is_err() {
            if to.try_exists()? {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            fs::rename(&new, to)?;
        }
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    };
    match name() {
        Ok(()) => Ok(Backup { files: manifest.files.len() as u64, bytes: total, schema }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(BackupError::Exists { path: to.to_owned() }),
        Err(error) => Err(BackupError::file(to)(error)),
    }
}

fn write_archive(
    new: &Path,
    manifest: &Manifest,
    files: &[(PathBuf, String)],
    total: u64,
    told: &mpsc::UnboundedSender<(u64, u64)>,
) -> Result<(), BackupError> {
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(new).map_err(BackupError::file(new))?;
    let mut archive = tar::Builder::new(io::BufWriter::new(file));
    let mut text = serde_json::to_vec_pretty(manifest).map_err(|error| BackupError::file(new)(error.into()))?;
    text.push(b'\n');
    let append = |archive: &mut tar::Builder<_>, name: &str, bytes: u64, from: &mut dyn Read| {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(manifest.made).unwrap_or(0));
        archive.append_data(&mut header, name, from).map_err(BackupError::file(new))
    };
    append(&mut archive, MANIFEST, text.len() as u64, &mut text.as_slice())?;
    let mut done = 0;
    for ((path, name), packed) in files.iter().zip(&manifest.files) {
        let file = File::open(path).map_err(BackupError::file(path))?;
        let mut hashing = Hashing::new(file.take(packed.bytes));
        append(&mut archive, name, packed.bytes, &mut hashing)?;
        if hashing.bytes != packed.bytes || hashing.sha256() != packed.sha256 {
            return Err(BackupError::Changed { path: path.clone() });
        }
        done += packed.bytes;
        // Whoever listened may have gone.
        let _gone = told.send((done, total));
    }
    let file = archive.into_inner().and_then(|buffer| buffer.into_inner().map_err(io::IntoInnerError::into_error));
    file.and_then(|file| file.sync_all()).map_err(BackupError::file(new))
}

/// Lists the files of a folder, by name.
fn list(folder: &Path, name: &str, files: &mut Vec<(PathBuf, String)>) -> Result<(), BackupError> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<Result<Vec<_>, _>>().map_err(BackupError::file(folder))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(BackupError::file(folder)(error)),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let Some(name) = entry.file_name().to_str().map(|file| format!("{name}/{file}")) else { continue };
        if path.is_dir() {
            list(&path, &name, files)?;
        } else if crate::manifest::may_hold(&name) {
            files.push((path, name));
        }
    }
    Ok(())
}

/// Runs file work on the blocking threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    finished(tokio::task::spawn_blocking(work).await)
}

pub(crate) fn finished<T>(done: Result<Result<T, BackupError>, tokio::task::JoinError>) -> Result<T, BackupError> {
    done.unwrap_or_else(|error| Err(BackupError::file(Path::new("."))(io::Error::other(error))))
}
