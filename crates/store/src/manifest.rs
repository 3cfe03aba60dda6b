//! What a backup holds, and what can go wrong with one.
//!
//! Knows the list of files with their sizes and SHA-256; not how they are packed.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use ring::digest::{Context, SHA256};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::column::hexadecimal;
use crate::error::OpenError;
use crate::file::DATABASE;

/// The version of the backup's form.
pub(crate) const FORMAT: u32 = 1;
/// The name of the manifest in a backup; it comes first.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Folders of the data directory that a backup holds beside the database.
pub(crate) const FOLDERS: [&str; 2] = ["results", "tables"];

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file of this name is there.
    #[error("{path} exists already")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is no database to back up.
    #[error("there is no database {path}")]
    NoDatabase {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is a database already where one is to be restored.
    #[error("there is a database {path} already")]
    Occupied {
        /// The database.
        path: PathBuf,
    },
    /// A server or a command uses the data directory.
    #[error("data directory {directory} is in use")]
    InUse {
        /// The directory.
        directory: PathBuf,
    },
    /// The backup is not whole, or none of ours. Nothing was touched.
    #[error("backup {path} cannot be used ({detail}), nothing was changed")]
    Spoiled {
        /// The backup.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// A file changed while it was packed. There is no backup.
    #[error("{path} changed while it was backed up")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The database cannot be read, or the restored one cannot be used.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// A file cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
}

impl BackupError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            BackupError::Exists { .. } => "use another name, or remove that file first".into(),
            BackupError::NoDatabase { .. } => "name the data directory that is in use".into(),
            BackupError::Occupied { .. } => {
                "add --replace: what is there is then moved into a folder beside it, and nothing is deleted".into()
            }
            BackupError::InUse { .. } => "stop the server and every command that uses it".into(),
            BackupError::Spoiled { .. } => "use another backup".into(),
            BackupError::Changed { .. } => "make the backup again".into(),
            BackupError::Database(error) => error.hint(),
            BackupError::File { .. } => "check that the folder is there, is yours and has space left".into(),
        }
    }

    /// What is said when a file cannot be used.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
        let path = path.to_owned();
        move |source| BackupError::File { path, source }
    }
}

/// What a backup holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// Says that a file is ours.
    pub(crate) sluice_backup: u32,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub(crate) made: i64,
    /// The schema version of the database.
    pub(crate) schema: i64,
    /// Its files, in the order in which they follow.
    pub(crate) files: Vec<Packed>,
}

/// A file in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Packed {
    /// Where it belongs in the data directory, with slashes.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// Whether a file of this name may be in a backup: the database, or a file in one of the folders, and nothing that
/// leads elsewhere.
pub(crate) fn may_hold(path: &str) -> bool {
    if path == DATABASE {
        return true;
    }
    let plain = path.len() <= 1_000 && !path.contains(['\\', '\0', ':']) && !path.contains("//");
    let parts: Vec<Component<'_>> = Path::new(path).components().collect();
    // A dot in the middle is left out of the components, so it is looked for in the text.
    let straight = parts.iter().all(|part| matches!(part, Component::Normal(_)))
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let folder = path.split('/').next().is_some_and(|first| FOLDERS.contains(&first));
    plain && straight && folder && (2..=8).contains(&parts.len())
}

/// Counts and hashes what is read through it.
pub(crate) struct Hashing<R> {
    from: R,
    digest: Context,
    pub(crate) bytes: u64,
}

impl<R: Read> Hashing<R> {
    pub(crate) fn new(from: R) -> Hashing<R> {
        Hashing { from, digest: Context::new(&SHA256), bytes: 0 }
    }

    pub(crate) fn sha256(self) -> String {
        hexadecimal(self.digest.finish().as_ref())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.digest.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Describes a file.
pub(crate) fn packed(path: &Path, name: String) -> io::Result<Packed> {
    let mut hashing = Hashing::new(File::open(path)?);
    io::copy(&mut hashing, &mut io::sink())?;
    Ok(Packed { path: name, bytes: hashing.bytes, sha256: hashing.sha256() })
}

/// A name that nobody else uses.
pub(crate) fn random_name() -> String {
    let mut bytes = [0; 6];
    // Without random bytes the name may be taken, and then making the folder says so.
    let _chance = SystemRandom::new().fill(&mut bytes);
    hexadecimal(&bytes)
}

/// A private folder that goes when it is dropped.
#[derive(Debug)]
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(path: PathBuf) -> Result<Scratch, BackupError> {
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(BackupError::file(&path))?;
        Ok(Scratch(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
