//! Secrets and their keys: sealed before they are written, opened after they are read, wrapped anew while others work.
//!
//! Knows the order in which the key file and the database change; the sealing is `sealed`'s, the rows are `secret`'s.
//!
//! A rotation first writes the new key in front of the old ones, then notes it in the database as the current one, from
//! which moment no secret is written with another; then it wraps the records anew; and only when none is left does it
//! take the old keys out of the file. Wherever it ends before its time, what is sealed can be opened, and the next call
//! goes on from there. A process that meets a key it does not know reads the file again.

use std::sync::Arc;

use secrecy::SecretString;

use crate::change::{Change, Sealed};
use crate::error::StoreError;
use crate::fault::Fault;
use crate::keys::{KeyError, KeyId, Keys, MasterKeys};
use crate::lock::{Lock, ROTATION};
use crate::sealed::{self, Place};
use crate::secret::{self, MasterState, SealedSecret};
use crate::store::{Store, count};
use crate::writer::{Outcome, Write};

/// Times a secret is sealed anew because the master key changed meanwhile.
const SEALINGS: u32 = 5;
/// Records that one transaction wraps anew.
const WRAPPED: u32 = 32;

/// Told how much is done, of how much.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

impl Store {
    /// Makes every change, in order, in one transaction; after an error none is made.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::Missing`], [`StoreError::Conflict`] as [`Change`] says; the master key is
    /// not at hand; disk full, database locked or damaged.
    pub async fn apply(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.write_sealed(changes, Write::Apply).await.map(drop)
    }

    /// Writes what `write` makes of the changes once their secrets are sealed.
    pub(crate) async fn write_sealed(
        &self,
        changes: Vec<Change>,
        write: impl Fn(Sealed) -> Write,
    ) -> Result<Outcome, StoreError> {
        let changes = Arc::new(changes);
        for _ in 0..SEALINGS {
            let secrets = self.seal(&changes).await?;
            match self.write(write(Sealed { changes: Arc::clone(&changes), secrets })).await {
                // Another process has another master key by now.
                Err(StoreError::Key(KeyError::Changed)) => {}
                done => return done,
            }
        }
        Err(KeyError::Changed.into())
    }

    /// The secret of this owner and name.
    ///
    /// # Errors
    /// The master key is not at hand, or the record was changed; database damaged or out of reach.
    pub async fn secret(&self, owner: &str, name: &str) -> Result<Option<SecretString>, StoreError> {
        let found = self.read(async |connection| secret::find(connection, owner, name).await).await?;
        let Some(found) = found else { return Ok(None) };
        let keys = self.keys_with(found.key).await?;
        let place = Place { owner, name };
        let master = keys.get(found.key).ok_or_else(|| self.keys().wrong())?;
        Ok(Some(sealed::open(master, place, &found.record)?))
    }

    /// Whether there is a secret of this owner and name. Needs no key.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn has_secret(&self, owner: &str, name: &str) -> Result<bool, StoreError> {
        let found = self.read(async |connection| secret::find(connection, owner, name).await).await?;
        Ok(found.is_some())
    }

    /// Deletes every secret, for when the master key is lost; returns how many there were. Everything else stays.
    ///
    /// # Errors
    /// Disk full, database locked or damaged.
    pub async fn forget_secrets(&self) -> Result<u64, StoreError> {
        self.write(Write::Forget).await.map(count)
    }

    /// Makes a new master key and wraps every secret with it, while others read and write; returns how many records were
    /// wrapped. With given keys, the first of them is the new one. A rotation that did not come to its end is gone on
    /// with instead. Tells its progress after every step.
    ///
    /// # Errors
    /// [`KeyError::Rotating`] when another process does so; [`KeyError::NothingNew`] when the first of the given keys is
    /// the current one; the keys at hand do not open everything; disk full, database locked or damaged.
    pub async fn rotate_keys(&self, progress: Progress<'_>) -> Result<u64, StoreError> {
        let _alone = self.rotation_lock()?;
        let (total, _) = self.read(async |connection| secret::count(connection, None).await).await?;
        let keys = if total == 0 { self.with_keys(Keys::begin).await? } else { self.with_keys(Keys::read).await? };
        self.check_keys(&keys).await?;
        let state = self.read(async |connection| secret::master(connection).await).await?;
        let file = self.keys().file().map(ToOwned::to_owned);
        let keys = match (&file, unfinished(state, &keys)) {
            (_, true) => keys,
            (Some(path), false) => {
                let path = path.clone();
                self.with_keys(move |keys| keys.put_in_front(&path)).await?
            }
            (None, false) if state.is_none() => keys,
            (None, false) => return Err(KeyError::NothingNew.into()),
        };
        let new = keys.first();
        progress(0, total);
        self.write(Write::Master(MasterState { current: new.id, rotating: true })).await?;
        progress(0, total);
        let mut wrapped = 0;
        loop {
            let others = self.read(async |connection| secret::of_others(connection, new.id, WRAPPED).await).await?;
            if others.is_empty() {
                break;
            }
            let records = self.wrap(&keys, others)?;
            wrapped += records.len() as u64;
            self.write(Write::Rewrap { key: new.id, records }).await?;
            progress(wrapped.min(total), total);
        }
        if let Some(path) = file {
            let id = new.id;
            self.with_keys(move |keys| keys.keep_only(&path, id)).await?;
            progress(total, total);
        }
        self.write(Write::EndRotation(new.id)).await?;
        progress(total, total);
        Ok(wrapped)
    }

    /// Goes on with a rotation that did not come to its end. What hinders it does not hinder a start: everything can be
    /// opened meanwhile, and the next start tries again.
    pub(crate) async fn go_on_rotating(&self) {
        let state = self.read(async |connection| secret::master(connection).await).await;
        let Ok(Some(state)) = state else { return };
        let keys = self.with_keys(Keys::read).await;
        if keys.is_ok_and(|keys| unfinished(Some(state), &keys)) {
            drop(self.rotate_keys(&mut |_, _| {}).await);
        }
    }

    /// Seals the secrets among the changes, in their order.
    async fn seal(&self, changes: &[Change]) -> Result<Vec<SealedSecret>, StoreError> {
        if !changes.iter().any(|change| matches!(change, Change::PutSecret { .. })) {
            return Ok(Vec::new());
        }
        let (state, secrets) = self
            .read(async |connection| {
                let state = secret::master(&mut *connection).await?;
                Ok::<_, Fault>((state, secret::count(connection, None).await?.0))
            })
            .await?;
        let (keys, id) = match state.filter(|_| secrets > 0) {
            Some(state) => (self.keys_with(state.current).await?, state.current),
            None => {
                let keys = self.with_keys(Keys::begin).await?;
                let id = keys.first().id;
                (keys, id)
            }
        };
        let master = keys.get(id).ok_or_else(|| self.keys().wrong())?;
        let mut sealed = Vec::new();
        for change in changes {
            if let Change::PutSecret { owner, name, value } = change {
                let record = sealed::seal(master, Place { owner, name }, value)?;
                sealed.push(SealedSecret { owner: owner.clone(), name: name.clone(), key: id, record });
            }
        }
        Ok(sealed)
    }

    fn wrap(&self, keys: &MasterKeys, others: Vec<SealedSecret>) -> Result<Vec<(SealedSecret, Vec<u8>)>, StoreError> {
        let mut records = Vec::new();
        for other in others {
            let old = keys.get(other.key).ok_or_else(|| self.keys().wrong())?;
            let place = Place { owner: &other.owner, name: &other.name };
            let record = sealed::rewrap(old, keys.first(), place, &other.record)?;
            records.push((other, record));
        }
        Ok(records)
    }

    /// Refuses keys that do not open everything.
    async fn check_keys(&self, keys: &MasterKeys) -> Result<(), StoreError> {
        let needed = self.read(async |connection| secret::keys(connection).await).await?;
        if needed.iter().all(|id| keys.get(*id).is_some()) { Ok(()) } else { Err(self.keys().wrong().into()) }
    }

    fn rotation_lock(&self) -> Result<Lock, StoreError> {
        let path = self.directory().join("locks").join(ROTATION);
        let taken = Lock::try_at(&path).map_err(|source| KeyError::File { path, source })?;
        Ok(taken.ok_or(KeyError::Rotating)?)
    }

    async fn keys_with(&self, id: KeyId) -> Result<Arc<MasterKeys>, StoreError> {
        match self.keys().known(id) {
            Some(keys) => Ok(keys),
            None => self.with_keys(move |keys| keys.read_with(id)).await,
        }
    }

    /// Works with the key file on the blocking threads.
    async fn with_keys<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Keys) -> Result<T, KeyError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let keys = Arc::clone(self.keys());
        let done = tokio::task::spawn_blocking(move || work(&keys)).await;
        // The runtime ends while the work waits.
        done.map_err(|_| StoreError::Closed)?.map_err(StoreError::Key)
    }
}

/// Whether a rotation has begun and not come to its end.
fn unfinished(state: Option<MasterState>, keys: &MasterKeys) -> bool {
    state.is_some_and(|state| state.rotating || state.current != keys.first().id)
}
