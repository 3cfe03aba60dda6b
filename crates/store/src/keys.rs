//! Master keys: how they are written, where they come from, and which one opens what.
//!
//! Knows keys and their ids; not what they seal, and no table. Key bytes are zeroed when dropped.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Context, SHA256};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::{Zeroize as _, Zeroizing};

use crate::column::hexadecimal;
use crate::key_file;

/// The name of the key file in the data directory.
pub(crate) const FILE: &str = "master.key";

/// What a key begins with: its version.
const SCHEME: &str = "sluice-key-1:";

/// Where the master keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A file with a key a line, the current one first; made when it is first needed.
    File(PathBuf),
    /// Keys that the caller was given, separated by white space or commas, the current one first.
    Given(SecretString),
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Secrets are sealed and there is no key.
    #[error("the master key {path} is gone, and stored secrets need it")]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// None of the keys at hand is the one that sealed a secret.
    #[error("the stored secrets are sealed with another master key than {held}")]
    Wrong {
        /// Where the keys at hand come from.
        held: String,
    },
    /// A line is no key.
    #[error("{held} holds no proper master key (entry {entry})")]
    Malformed {
        /// Where the keys come from.
        held: String,
        /// Which one, from 1.
        entry: usize,
    },
    /// The key file cannot be read or written.
    #[error("cannot use the master key {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// A sealed secret was changed, or moved to another place.
    #[error("the secret {name} of {owner} does not open: it was changed or belongs elsewhere")]
    Spoiled {
        /// Whose secret.
        owner: String,
        /// Which one.
        name: String,
    },
    /// Another process changes the keys at this moment.
    #[error("the master key is being rotated by another process")]
    Rotating,
    /// The keys were changed by another process time and again.
    #[error("the master key changed meanwhile")]
    Changed,
    /// A rotation with given keys, and the first of them is the current one already.
    #[error("there is no new master key to rotate to")]
    NothingNew,
    /// The system gave no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

impl KeyError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            KeyError::Missing { path } => format!(
                "put the key back into {}; if it is lost, `sluice keys forget` drops the stored secrets, which must \
                 then be entered again",
                path.display()
            ),
            KeyError::Wrong { .. } => "put the right key back (older keys may follow, one a line); if it is lost, \
                                       `sluice keys forget` drops the stored secrets, which must then be entered again"
                .into(),
            KeyError::Malformed { .. } => {
                format!("a key is written as {SCHEME} and 32 bytes in base64, one a line, the current one first")
            }
            KeyError::File { .. } => "check that the file is yours and may be read and written".into(),
            KeyError::Spoiled { .. } => "enter the secret again".into(),
            KeyError::Rotating => "wait until that rotation ends".into(),
            KeyError::Changed => "try again".into(),
            KeyError::NothingNew => "put a new key in front of the current one, then rotate".into(),
            KeyError::Random => "restart the machine, then try again".into(),
        }
    }
}

/// Writes a new master key as it stands in a key file or an environment variable.
///
/// # Errors
/// The system gives no random bytes.
pub fn new_master_key() -> Result<SecretString, KeyError> {
    Ok(SecretString::from(MasterKey::new()?.line().to_string()))
}

/// Names a master key without telling it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId(pub(crate) [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hexadecimal(&self.0))
    }
}

/// A master key.
pub(crate) struct MasterKey {
    pub(crate) id: KeyId,
    bytes: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

impl MasterKey {
    pub(crate) fn new() -> Result<MasterKey, KeyError> {
        let mut bytes = Zeroizing::new([0; 32]);
        SystemRandom::new().fill(bytes.as_mut()).map_err(|_| KeyError::Random)?;
        Ok(MasterKey::of(bytes))
    }

    fn of(bytes: Zeroizing<[u8; 32]>) -> MasterKey {
        let mut digest = Context::new(&SHA256);
        digest.update(b"sluice master key");
        digest.update(bytes.as_slice());
        let mut id = [0; 8];
        id.copy_from_slice(&digest.finish().as_ref()[..8]);
        MasterKey { id: KeyId(id), bytes }
    }

    fn parse(text: &str) -> Option<MasterKey> {
        let mut decoded = STANDARD.decode(text.strip_prefix(SCHEME)?).ok()?;
        let mut bytes = Zeroizing::new([0; 32]);
        let fits = decoded.len() == bytes.len();
        if fits {
            bytes.copy_from_slice(&decoded);
        }
        decoded.zeroize();
        fits.then(|| MasterKey::of(bytes))
    }

    /// The key as it is written.
    pub(crate) fn line(&self) -> Zeroizing<String> {
        // Enough room at once: a string that grows leaves copies behind.
        let mut line = Zeroizing::new(String::with_capacity(SCHEME.len() + 48));
        line.push_str(SCHEME);
        STANDARD.encode_string(self.bytes.as_slice(), &mut line);
        line
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

/// The keys at hand, the current one first.
#[derive(Debug)]
pub(crate) struct MasterKeys(Vec<MasterKey>);

impl MasterKeys {
    /// Reads keys, separated by white space or commas; `held` says where they come from.
    pub(crate) fn parse(text: &str, held: &str) -> Result<MasterKeys, KeyError> {
        let malformed = |entry| KeyError::Malformed { held: held.to_owned(), entry };
        let mut keys = Vec::new();
        for (entry, word) in (1..).zip(words(text)) {
            keys.push(MasterKey::parse(word).ok_or_else(|| malformed(entry))?);
        }
        if keys.is_empty() { Err(malformed(1)) } else { Ok(MasterKeys(keys)) }
    }

    pub(crate) fn get(&self, id: KeyId) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.id == id)
    }

    /// The current key, as its holder means it.
    pub(crate) fn first(&self) -> &MasterKey {
        // A ring is never empty: `parse` refuses that.
        &self.0[0]
    }
}

/// The keys of a store: read when they are first needed, and again when another process may have changed them.
#[derive(Debug)]
pub(crate) struct Keys {
    source: KeySource,
    /// Where the key file's lock is.
    locks: PathBuf,
    known: Mutex<Option<Arc<MasterKeys>>>,
}

impl Keys {
    pub(crate) fn new(source: KeySource, locks: PathBuf) -> Keys {
        Keys { source, locks, known: Mutex::new(None) }
    }

    /// The key file, when there is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.source {
            KeySource::File(path) => Some(path),
            KeySource::Given(_) => None,
        }
    }

    /// Where the keys come from, for people.
    pub(crate) fn held(&self) -> String {
        match &self.source {
            KeySource::File(path) => path.display().to_string(),
            KeySource::Given(_) => "the given one".into(),
        }
    }

    pub(crate) fn wrong(&self) -> KeyError {
        KeyError::Wrong { held: self.held() }
    }

    /// The keys, read anew.
    pub(crate) fn read(&self) -> Result<Arc<MasterKeys>, KeyError> {
        let keys = match &self.source {
            KeySource::Given(text) => MasterKeys::parse(text.expose_secret(), &self.held())?,
            KeySource::File(path) => {
                let file = |source| KeyError::File { path: path.clone(), source };
                match key_file::read(path).map_err(file)? {
                    Some(text) => MasterKeys::parse(&text, &self.held())?,
                    None => return Err(KeyError::Missing { path: path.clone() }),
                }
            }
        };
        let keys = Arc::new(keys);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&keys));
        Ok(keys)
    }

    /// The keys as they were last read, when the one of this id is among them.
    pub(crate) fn known(&self, id: KeyId) -> Option<Arc<MasterKeys>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.filter(|keys| keys.get(id).is_some())
    }

    /// The keys read anew, the one of this id among them.
    pub(crate) fn read_with(&self, id: KeyId) -> Result<Arc<MasterKeys>, KeyError> {
        let keys = self.read()?;
        if keys.get(id).is_some() { Ok(keys) } else { Err(self.wrong()) }
    }

    /// The keys where nothing is sealed yet; the key file is made when it is absent.
    pub(crate) fn begin(&self) -> Result<Arc<MasterKeys>, KeyError> {
        if let KeySource::File(path) = &self.source {
            let made = key_file::make(path, &self.locks, &MasterKey::new()?.line());
            made.map_err(|source| KeyError::File { path: path.clone(), source })?;
        }
        self.read()
    }

    /// Writes a new key in front of the others in the key file.
    pub(crate) fn put_in_front(&self, path: &Path) -> Result<Arc<MasterKeys>, KeyError> {
        let key = MasterKey::new()?;
        self.edit(path, key.id, |text| {
            let mut all = Zeroizing::new(String::with_capacity(text.len() + 80));
            all.push_str(&key.line());
            all.push('\n');
            all.push_str(text);
            all
        })?;
        self.read()
    }

    /// Leaves only one key in the key file; refused when it is not there.
    pub(crate) fn keep_only(&self, path: &Path, id: KeyId) -> Result<(), KeyError> {
        self.edit(path, id, |text| {
            let mut kept = Zeroizing::new(String::with_capacity(text.len() + 1));
            if let Some(word) = words(text).find(|word| MasterKey::parse(word).is_some_and(|key| key.id == id)) {
                kept.push_str(word);
                kept.push('\n');
            }
            kept
        })?;
        self.read().map(drop)
    }

    /// Changes the key file. A text that is not one of keys with the `wanted` one among them is never written: what is
    /// sealed with that key could not be opened any more.
    fn edit(&self, path: &Path, wanted: KeyId, edit: impl FnOnce(&str) -> Zeroizing<String>) -> Result<(), KeyError> {
        let proven = |text: &str| {
            // What stands in the file comes first, so that an error names the entry as a person sees it.
            MasterKeys::parse(text, &self.held())?;
            let edited = edit(text);
            let keys = MasterKeys::parse(&edited, &self.held()).map_err(|_| self.wrong())?;
            if keys.get(wanted).is_some() { Ok(edited) } else { Err(self.wrong()) }
        };
        let done = key_file::edit(path, &self.locks, proven);
        done.map_err(|source| KeyError::File { path: path.to_owned(), source })?
    }
}

/// The keys in a text as they are written. Every reader of keys splits here, so that none sees others than the rest.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty())
}
