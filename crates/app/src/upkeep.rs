//! What the owner of a data directory does with it beside its server: jobs looked at, backups, keys, the audit's chain.
//!
//! Thin doors to the store, for the command line; a server's people come through `App` instead.

use std::path::Path;

use api::{KeysRotated, Scope};
use model::JobId;
use serde_json::json;
use store::{Change, Include, Job, OpenError, Replace, Store, StoreError};

use crate::clock::unix_now;
use crate::export::{ExportError, find};
use crate::job::RESTORED;
use crate::rejects::{self, Form};
use crate::{Actor, App, AppError};

pub use store::{AuditChain, Backup, BackupError, Restored};

/// The newest jobs of a data directory, newest first.
///
/// # Errors
/// The database cannot be opened or read.
pub async fn jobs(data_dir: &Path, newest: u32) -> Result<Vec<Job>, ExportError> {
    let store = Store::open(data_dir).await?;
    Ok(store.jobs(newest).await?)
}

/// One job of a data directory.
///
/// # Errors
/// The database cannot be opened or read; there is no such job.
pub async fn job(data_dir: &Path, id: &str) -> Result<Job, ExportError> {
    let store = Store::open(data_dir).await?;
    find(&store, id).await
}

/// Writes the rejected rows of a job to a file; returns their number.
///
/// # Errors
/// The database or the job's Result cannot be read, or the file not written; in words for people.
pub async fn write_rejects(data_dir: &Path, job: &JobId, to: &Path, form: Form) -> Result<u64, String> {
    let store = Store::open(data_dir).await.map_err(|error| error.to_string())?;
    rejects::write(&store, job, to, form).await
}

/// Writes a backup of a data directory to a new file while others read and write. `results`: the frozen Results go along,
/// without which a job under way cannot be continued after a restore. `progress`: bytes done, and all of them.
///
/// # Errors
/// See [`BackupError`]; then there is no backup.
pub async fn backup(
    data_dir: &Path,
    to: &Path,
    results: bool,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Backup, BackupError> {
    store::backup(data_dir, to, Include { results }, unix_now(), progress).await
}

/// Puts a backup in the place of a data directory's files. `replace`: a database that is there is moved aside, else
/// nothing is done.
///
/// # Errors
/// See [`BackupError`].
pub async fn restore(
    from: &Path,
    data_dir: &Path,
    replace: bool,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Restored, BackupError> {
    let replace = if replace { Replace::MoveAside } else { Replace::Refuse };
    let now = unix_now();
    let restored = store::restore(from, data_dir, replace, now, progress).await?;
    // Jobs that go on from here must not trust that their ledger has all that was sent.
    let store = Box::pin(Store::open(data_dir)).await?;
    let mark = Change::PutValue { name: RESTORED.into(), value: Some(now.into()) };
    let path = data_dir.join("sluice.db");
    let marked = store.apply(vec![mark]).await;
    store.close().await;
    marked.map_err(|error| BackupError::File { path, source: std::io::Error::other(error) })?;
    Ok(restored)
}

/// Why a data directory could not be looked after.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// Another process has it.
    #[error("{0}")]
    Lock(Box<store::LockError>),
    /// It cannot be opened.
    #[error("{0}")]
    Open(Box<OpenError>),
    /// It cannot be read or written.
    #[error("{0}")]
    Store(Box<StoreError>),
}

impl UpkeepError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            UpkeepError::Lock(error) => error.hint(),
            UpkeepError::Open(error) => error.hint(),
            UpkeepError::Store(error) => error.hint(),
        }
    }
}

impl From<store::LockError> for UpkeepError {
    fn from(error: store::LockError) -> UpkeepError {
        UpkeepError::Lock(Box::new(error))
    }
}

impl From<OpenError> for UpkeepError {
    fn from(error: OpenError) -> UpkeepError {
        UpkeepError::Open(Box::new(error))
    }
}

impl From<StoreError> for UpkeepError {
    fn from(error: StoreError) -> UpkeepError {
        UpkeepError::Store(Box::new(error))
    }
}

/// Deletes every stored secret, for when the master key is lost; returns how many there were. No server may have the
/// directory meanwhile.
///
/// # Errors
/// See [`UpkeepError`]; then nothing was deleted.
pub async fn forget_secrets(data_dir: &Path) -> Result<u64, UpkeepError> {
    let _alone = Store::serve_lock(data_dir)?;
    let store = Store::open(data_dir).await?;
    Ok(store.forget_secrets().await?)
}

/// Follows the chain of the audit log from its first line to its last.
///
/// # Errors
/// See [`UpkeepError`]. A broken chain is an answer, not an error.
pub async fn verify_audit(data_dir: &Path) -> Result<AuditChain, UpkeepError> {
    let store = Store::open(data_dir).await?;
    Ok(store.verify_audit().await?)
}

impl App {
    /// Makes a new master key and wraps every stored secret with it, while others read and write. A rotation that was
    /// broken off is gone on with.
    ///
    /// # Errors
    /// The right is missing; the keys at hand do not open everything; the store cannot be written.
    pub async fn rotate_keys(&self, actor: &Actor) -> Result<KeysRotated, AppError> {
        actor.require(Scope::Admin)?;
        let secrets = Box::pin(self.0.store.rotate_keys(&mut |_, _| {}))
            .await
            .map_err(|error| AppError::Unavailable { message: error.to_string(), hint: Some(error.hint()) })?;
        let line = actor.audit("keys.rotate", "master key", json!({ "secrets": secrets }));
        self.0.store.apply(vec![line]).await?;
        Ok(KeysRotated { secrets })
    }
}
