//! One export at a time per business unit of a data directory.
//!
//! Knows lock files only. The system frees a lock when its process dies; the file stays, because removing it would
//! let two processes lock two different files of one name.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use crate::LockError;
use crate::column::Seal;

/// The most bytes of a key that stay readable in its file name.
const READABLE: usize = 100;

/// The right to export to one business unit; given back when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) fn take(folder: &Path, key: &str) -> Result<Lock, LockError> {
        let path = folder.join(file_name(key));
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = match options.open(&path) {
            Ok(file) => file,
            Err(source) => return Err(LockError::Io { path, source }),
        };
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held { path }),
            Err(TryLockError::Error(source)) => Err(LockError::Io { path, source }),
        }
    }
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
