//! Secrets as sealed records: AES-256-GCM under a key of their own, which the master key wraps.
//!
//! Knows bytes and keys; not where a record is kept. A record says its version and its master key, then comes the
//! wrapped data key, then the value, padded so that its length says little. Owner and name are bound to both as
//! associated data: a record opens in its own place alone.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::keys::{KeyError, KeyId, MasterKey};

const VERSION: u8 = 1;
const NONCE: usize = 12;
const TAG: usize = 16;
const KEY: usize = 32;
/// A value is padded to a multiple of this many bytes.
const BLOCK: usize = 64;

/// Where the parts of a record begin.
const KEY_ID: usize = 1;
const KEY_NONCE: usize = KEY_ID + 8;
const WRAPPED: usize = KEY_NONCE + NONCE;
const VALUE_NONCE: usize = WRAPPED + KEY + TAG;
const VALUE: usize = VALUE_NONCE + NONCE;

/// Where a secret belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) owner: &'a str,
    pub(crate) name: &'a str,
}

impl Place<'_> {
    fn bound(self, key: Option<KeyId>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for text in ["secret", self.owner, self.name] {
            // The length goes first, so that neighbours cannot trade bytes.
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes.extend(key.map(|key| key.0).unwrap_or_default());
        bytes
    }

    fn spoiled(self) -> KeyError {
        KeyError::Spoiled { owner: self.owner.to_owned(), name: self.name.to_owned() }
    }
}

/// Seals a value.
pub(crate) fn seal(master: &MasterKey, place: Place<'_>, value: &SecretString) -> Result<Vec<u8>, KeyError> {
    let value = value.expose_secret().as_bytes();
    let length = u32::try_from(value.len()).map_err(|_| place.spoiled())?;
    let room = (4 + value.len()).next_multiple_of(BLOCK);
    let mut padded = Zeroizing::new(Vec::with_capacity(room + TAG));
    padded.extend(length.to_le_bytes());
    padded.extend(value);
    padded.resize(room, 0);
    let data_key = Zeroizing::new(random::<KEY>()?);
    let nonce = random::<NONCE>()?;
    lock(&data_key, nonce, &place.bound(None), &mut padded)?;
    let mut record = wrap(master, place, &data_key)?;
    record.extend(nonce);
    record.extend(padded.as_slice());
    Ok(record)
}

/// The master key that a record needs.
pub(crate) fn key_of(place: Place<'_>, record: &[u8]) -> Result<KeyId, KeyError> {
    match record {
        [VERSION, rest @ ..] if record.len() >= VALUE + BLOCK + TAG => {
            rest.first_chunk().map(|id| KeyId(*id)).ok_or_else(|| place.spoiled())
        }
        _ => Err(place.spoiled()),
    }
}

/// Opens a value.
pub(crate) fn open(master: &MasterKey, place: Place<'_>, record: &[u8]) -> Result<SecretString, KeyError> {
    let data_key = unwrap(master, place, record)?;
    let mut padded = Zeroizing::new(record[VALUE..].to_vec());
    let nonce = nonce(&record[VALUE_NONCE..]).ok_or_else(|| place.spoiled())?;
    let plain = unlock(&data_key, nonce, &place.bound(None), &mut padded).ok_or_else(|| place.spoiled())?;
    let (length, value) = plain.split_first_chunk().ok_or_else(|| place.spoiled())?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| place.spoiled())?;
    let text = value.get(..length).and_then(|value| std::str::from_utf8(value).ok());
    text.map(SecretString::from).ok_or_else(|| place.spoiled())
}

/// The same record under another master key. The value inside is not touched.
pub(crate) fn rewrap(old: &MasterKey, new: &MasterKey, place: Place<'_>, record: &[u8]) -> Result<Vec<u8>, KeyError> {
    let data_key = unwrap(old, place, record)?;
    let mut again = wrap(new, place, &data_key)?;
    again.extend(&record[VALUE_NONCE..]);
    Ok(again)
}

/// The beginning of a record: everything before the value's nonce.
fn wrap(master: &MasterKey, place: Place<'_>, data_key: &[u8; KEY]) -> Result<Vec<u8>, KeyError> {
    let nonce = random::<NONCE>()?;
    let mut wrapped = Zeroizing::new(Vec::with_capacity(KEY + TAG));
    wrapped.extend(data_key);
    lock(master.bytes(), nonce, &place.bound(Some(master.id)), &mut wrapped)?;
    let mut record = vec![VERSION];
    record.extend(master.id.0);
    record.extend(nonce);
    record.extend(wrapped.as_slice());
    Ok(record)
}

fn unwrap(master: &MasterKey, place: Place<'_>, record: &[u8]) -> Result<Zeroizing<[u8; KEY]>, KeyError> {
    if key_of(place, record)? != master.id {
        return Err(place.spoiled());
    }
    let nonce = nonce(&record[KEY_NONCE..]).ok_or_else(|| place.spoiled())?;
    let mut wrapped = Zeroizing::new(record[WRAPPED..VALUE_NONCE].to_vec());
    let bound = place.bound(Some(master.id));
    let plain = unlock(master.bytes(), nonce, &bound, &mut wrapped).ok_or_else(|| place.spoiled())?;
    let mut key = Zeroizing::new([0; KEY]);
    if plain.len() != KEY {
        return Err(place.spoiled());
    }
    key.copy_from_slice(plain);
    Ok(key)
}

fn lock(key: &[u8; KEY], nonce: [u8; NONCE], bound: &[u8], plain: &mut Vec<u8>) -> Result<(), KeyError> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| KeyError::Random)?;
    let nonce = Nonce::assume_unique_for_key(nonce);
    let sealed = LessSafeKey::new(key).seal_in_place_append_tag(nonce, Aad::from(bound), plain);
    sealed.map_err(|_| KeyError::Random)
}

fn unlock<'a>(key: &[u8; KEY], nonce: [u8; NONCE], bound: &[u8], sealed: &'a mut [u8]) -> Option<&'a [u8]> {
    let key = UnboundKey::new(&AES_256_GCM, key).ok()?;
    let nonce = Nonce::assume_unique_for_key(nonce);
    LessSafeKey::new(key).open_in_place(nonce, Aad::from(bound), sealed).ok().map(|plain| &*plain)
}

fn nonce(bytes: &[u8]) -> Option<[u8; NONCE]> {
    bytes.first_chunk().copied()
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], KeyError> {
    let mut bytes = [0; LENGTH];
    SystemRandom::new().fill(&mut bytes).map_err(|_| KeyError::Random)?;
    Ok(bytes)
}
