//! Locks over all processes: one export at a time per business unit, one server per data directory.
//!
//! Knows lock files only. The system frees a lock when its process dies; the file stays, because removing it would
//! let two processes lock two different files of one name.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use crate::LockError;
use crate::column::Seal;

/// The most bytes of a key that stay readable in its file name.
const READABLE: usize = 100;

/// Held by the server of a data directory. A key's file ends in `.lock`, so it never has this name.
pub(crate) const SERVE: &str = "server.held";
/// Held by whoever changes the master keys.
pub(crate) const ROTATION: &str = "rotation.held";
/// Held for the moment in which the file of master keys is written.
pub(crate) const KEY_FILE: &str = "master-key.held";

/// An exclusive right, such as to export to one business unit; given back when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// The right to a key.
    pub(crate) fn take(folder: &Path, key: &str) -> Result<Lock, LockError> {
        let path = folder.join(file_name(key));
        match Lock::try_at(&path) {
            Ok(Some(lock)) => Ok(lock),
            Ok(None) => Err(LockError::Held { path }),
            Err(source) => Err(LockError::Io { path, source }),
        }
    }

    /// The right that a file stands for; none when another has it.
    pub(crate) fn try_at(path: &Path) -> io::Result<Option<Lock>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(source),
        }
    }

    /// The right that a file stands for, waited for: only where nobody keeps it long.
    pub(crate) fn wait_at(path: &Path) -> io::Result<Lock> {
        let file = open(path)?;
        file.lock()?;
        Ok(Lock { _file: file })
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file name for a key: plain characters stay, others become their number, so different keys never meet.
fn file_name(key: &str) -> String {
    let mut name = String::new();
    for byte in key.bytes().take(READABLE) {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("_{byte:02x}"));
        }
    }
    if key.len() > READABLE {
        name.push_str(&format!("_{:016x}", Seal::of("lock").text(key).value()));
    }
    name.push_str(".lock");
    name
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn every_key_is_one_plain_file_name() {
        let cases = [
            ("0UvB00000004Cb6KAE", "0UvB00000004Cb6KAE.lock"),
            ("../../etc/passwd", "_2e_2e_2f_2e_2e_2fetc_2fpasswd.lock"),
            ("a_b", "a_5fb.lock"),
            ("", ".lock"),
            ("é", "_c3_a9.lock"),
        ];
        for (key, name) in cases {
            assert_eq!(file_name(key), name, "{key}");
        }
        let (long, longer) = ("x".repeat(5_000), "x".repeat(5_001));
        assert!(file_name(&long).len() < 200);
        assert_ne!(file_name(&long), file_name(&longer));
    }
}
