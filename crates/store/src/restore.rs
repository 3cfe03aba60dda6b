//! Puts a backup in the place of a data directory's files: proved first, and nothing that was there is deleted.
//!
//! Knows the order of the steps: a restore that ends before its time leaves a directory that refuses to start, never one
//! that starts empty.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use crate::backup::{SCRATCH_END, blocking, finished};
use crate::check::examine;
use crate::error::LockError;
use crate::file::{DATABASE, PATIENCE, PRESENCE, WITNESS, private_file, private_folder};
use crate::lock::Lock;
use crate::manifest::{
    BackupError, FOLDERS, FORMAT, Hashing, MANIFEST, Manifest, Packed, Scratch, may_hold, random_name,
};
use crate::store::Store;
use crate::vault::Progress;
use crate::witness::Witness;

/// A larger manifest is not one of ours.
const LARGEST_MANIFEST: u64 = 64 << 20;

/// The folder of what is being restored begins so; a start removes what was left over.
pub(crate) const SCRATCH: &str = "restore-";

/// What a restore does with a database that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// Refuses.
    Refuse,
    /// Moves it, with its Results and tables, into a folder `before-restore-<time>` of the data directory.
    MoveAside,
}

/// A backup that was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was made, in seconds since 1970-01-01 UTC.
    pub made: i64,
    /// Files restored.
    pub files: u64,
    /// Where the files are now that were there before.
    pub aside: Option<PathBuf>,
}

/// Restores a backup into a data directory that nobody uses. `now`: seconds since 1970-01-01 UTC.
///
/// # Errors
/// A server or a command uses the directory; there is a database and it is not to be replaced; the backup is not whole,
/// not ours or newer: then nothing was touched. A file cannot be read or written: then the message names it, and the
/// same command again completes the work.
pub async fn restore(
    from: &Path,
    directory: &Path,
    replace: Replace,
    now: i64,
    progress: Progress<'_>,
) -> Result<Restored, BackupError> {
    let (folder, file) = (directory.to_owned(), from.to_owned());
    let (locks, scratch) = blocking(move || begin(&folder, &file, replace)).await?;

    let (told, mut telling) = mpsc::unbounded_channel();
    let (file, staged) = (from.to_owned(), scratch.0.clone());
    let unpacking = tokio::task::spawn_blocking(move || unpack(&file, &staged, &told));
    while let Some((done, total)) = telling.recv().await {
        progress(done, total);
    }
    let manifest = finished(unpacking.await)?;
    let (_, commits) = Box::pin(examine(&scratch.0.join(DATABASE), PATIENCE)).await?;

    let folder = directory.to_owned();
    blocking(move || {
        let aside = install(&folder, &scratch.0, commits, now)?;
        drop(locks);
        Ok(Restored { made: manifest.made, files: manifest.files.len() as u64, aside })
    })
    .await
}

/// Takes the directory for this process alone.
fn begin(directory: &Path, from: &Path, replace: Replace) -> Result<((Lock, File), Scratch), BackupError> {
    // Before anything is made: a name that leads nowhere is the most frequent mistake.
    File::open(from).map_err(BackupError::file(from))?;
    private_folder(directory).map_err(BackupError::file(directory))?;
    let in_use = || BackupError::InUse { directory: directory.to_owned() };
    let serving = Store::serve_lock(directory).map_err(|error| match error {
        LockError::Served { .. } | LockError::Held { .. } => in_use(),
        LockError::Io { path, source } => BackupError::File { path, source },
    })?;
    let path = directory.join(PRESENCE);
    let presence = private_file(&path).map_err(BackupError::file(&path))?;
    match presence.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Err(in_use()),
        Err(fs::TryLockError::Error(error)) => return Err(BackupError::file(&path)(error)),
    }
    let database = directory.join(DATABASE);
    if replace == Replace::Refuse && fs::symlink_metadata(&database).is_ok() {
        return Err(BackupError::Occupied { path: database });
    }
    let scratch = Scratch::new(directory.join(format!("{SCRATCH}{}{SCRATCH_END}", random_name())))?;
    Ok(((serving, presence), scratch))
}

/// Unpacks a backup into an empty folder, and proves every file by its size and its SHA-256.
fn unpack(from: &Path, staged: &Path, told: &mpsc::UnboundedSender<(u64, u64)>) -> Result<Manifest, BackupError> {
    let spoiled = |detail: &str| BackupError::Spoiled { path: from.to_owned(), detail: detail.to_owned() };
    let file = File::open(from).map_err(BackupError::file(from))?;
    let mut archive = tar::Archive::new(io::BufReader::new(file));
    let mut entries = archive.entries().map_err(|_| spoiled("it is not a backup"))?;
    let manifest = {
        let first = entries.next().and_then(Result::ok).ok_or_else(|| spoiled("it is not a backup"))?;
        if first.path_bytes().as_ref() != MANIFEST.as_bytes() || first.size() > LARGEST_MANIFEST {
            return Err(spoiled("it is not a backup"));
        }
        let manifest: Manifest = serde_json::from_reader(first.take(LARGEST_MANIFEST))
            .map_err(|_| spoiled("its list of files is damaged"))?;
        manifest
    };
    if manifest.sluice_backup != FORMAT {
        return Err(spoiled("another version of the program wrote it"));
    }
    if manifest.files.first().map(|file| file.path.as_str()) != Some(DATABASE) {
        return Err(spoiled("it holds no database"));
    }
    let total = manifest.files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.bytes));
    let mut done = 0;
    for packed in &manifest.files {
        let damaged = |what: &str| spoiled(&format!("{} {what}", packed.path.escape_debug()));
        if !may_hold(&packed.path) {
            return Err(damaged("is no file of a data directory"));
        }
        let entry = entries.next().and_then(Result::ok).ok_or_else(|| damaged("is missing"))?;
        // Anything but a plain file of this very name could lead elsewhere.
        if !entry.header().entry_type().is_file() || entry.path_bytes().as_ref() != packed.path.as_bytes() {
            return Err(damaged("is missing"));
        }
        if entry.size() != packed.bytes {
            return Err(damaged("does not have its size"));
        }
        let path = staged.join(&packed.path);
        let fits = unpack_file(entry, packed, staged, &path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => damaged("is there twice"),
            io::ErrorKind::UnexpectedEof => damaged("is cut"),
            _ => BackupError::file(&path)(error),
        })?;
        if !fits {
            return Err(damaged("has changed"));
        }
        done += packed.bytes;
        // Whoever listened may have gone.
        let _gone = told.send((done, total));
    }
    match entries.next() {
        None => Ok(manifest),
        Some(_) => Err(spoiled("it holds files that are not in its list")),
    }
}

/// Writes one file; says whether it is the one in the list.
fn unpack_file(entry: impl Read, packed: &Packed, staged: &Path, path: &Path) -> io::Result<bool> {
    let folder = path.parent().unwrap_or(staged);
    private_folder(folder)?;
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let mut hashing = Hashing::new(entry.take(packed.bytes));
    io::copy(&mut hashing, &mut file)?;
    file.sync_all()?;
    // The folders' names are durable when the folders above are.
    let mut above = Some(folder);
    while let Some(folder) = above.filter(|folder| folder.starts_with(staged)) {
        File::open(folder)?.sync_all()?;
        above = folder.parent();
    }
    Ok(hashing.bytes == packed.bytes && hashing.sha256() == packed.sha256)
}

/// Moves what is there aside, and what was unpacked into its place; returns where the old files are.
fn install(directory: &Path, staged: &Path, commits: i64, now: i64) -> Result<Option<PathBuf>, BackupError> {
    let aside = free_name(directory, now);
    let mut moved = false;
    let note = directory.join(WITNESS);
    if note.exists() {
        make_aside(&aside, &mut moved)?;
        fs::copy(&note, aside.join(WITNESS)).map_err(BackupError::file(&note))?;
    }
    // With the note of the coming database, a directory without one is refused instead of beginning anew.
    let written = Witness::open(&note, commits).and_then(|_| {
        File::open(&note)?.sync_all()?;
        File::open(directory)?.sync_all()
    });
    written.map_err(BackupError::file(&note))?;
    // The database goes first: from then on, nothing starts until the new one is in its place.
    let files = [DATABASE.to_owned(), format!("{DATABASE}-wal"), format!("{DATABASE}-shm")];
    for name in files.iter().map(String::as_str).chain(FOLDERS) {
        let old = directory.join(name);
        match fs::symlink_metadata(&old) {
            // An empty folder is nothing to keep.
            Ok(kind) if kind.is_dir() && fs::remove_dir(&old).is_ok() => {}
            Ok(_) => {
                make_aside(&aside, &mut moved)?;
                fs::rename(&old, aside.join(name)).map_err(BackupError::file(&old))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(BackupError::file(&old)(error)),
        }
    }
    let sync = || File::open(directory)?.sync_all();
    sync().map_err(BackupError::file(directory))?;
    for name in FOLDERS.into_iter().chain([DATABASE]) {
        let (new, place) = (staged.join(name), directory.join(name));
        if fs::symlink_metadata(&new).is_ok() {
            fs::rename(&new, &place).map_err(BackupError::file(&place))?;
        }
    }
    sync().map_err(BackupError::file(directory))?;
    Ok(moved.then_some(aside))
}

fn make_aside(aside: &Path, made: &mut bool) -> Result<(), BackupError> {
    if !*made {
        private_folder(aside).map_err(BackupError::file(aside))?;
        *made = true;
    }
    Ok(())
}

/// A name for the folder of old files that no earlier restore has used.
fn free_name(directory: &Path, now: i64) -> PathBuf {
    let name = |again: u32| match again {
        0 => directory.join(format!("before-restore-{now}")),
        _ => directory.join(format!("before-restore-{now}-{again}")),
    };
    (0..u32::MAX).map(name).find(|path| fs::symlink_metadata(path).is_err()).unwrap_or_else(|| name(0))
}
