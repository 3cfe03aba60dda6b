//! The file of master keys: read, made once, changed as a whole.
//!
//! Knows files and permissions; what stands in the file is `keys`'. Every text of it is zeroed when dropped.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use zeroize::Zeroizing;

use crate::lock::{KEY_FILE, Lock};

/// A larger file is not one of keys.
const LARGEST: u64 = 64 << 10;

/// The file's text; none when there is no file. Takes others' rights away from a file that came from elsewhere.
pub(crate) fn read(path: &Path) -> io::Result<Option<Zeroizing<String>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if metadata.len() > LARGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is too large to hold keys"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if metadata.permissions().mode() & 0o077 != 0 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
    }
    // Enough room at once: a string that grows leaves copies behind.
    let room = usize::try_from(metadata.len()).unwrap_or(0) + 64;
    let mut text = Zeroizing::new(String::with_capacity(room));
    file.take(LARGEST).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// Makes the file with one key, unless it is there.
pub(crate) fn make(path: &Path, locks: &Path, line: &str) -> io::Result<()> {
    let _alone = Lock::wait_at(&locks.join(KEY_FILE))?;
    if path.try_exists()? { Ok(()) } else { write(path, &Zeroizing::new(format!("{line}\n"))) }
}

/// Puts another text in the place of the file's, unless `edit` refuses; its refusal is the inner error.
pub(crate) fn edit<E>(
    path: &Path,
    locks: &Path,
    edit: impl FnOnce(&str) -> Result<Zeroizing<String>, E>,
) -> io::Result<Result<(), E>> {
    let _alone = Lock::wait_at(&locks.join(KEY_FILE))?;
    let text = read(path)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    match edit(&text) {
        Ok(text) => write(path, &text).map(Ok),
        Err(refusal) => Ok(Err(refusal)),
    }
}

/// Writes the file under another name, complete and synchronised, and only then gives it its own.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    // Left over by a process that died; nobody else writes here while the lock is held.
    match fs::remove_file(&new) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        // The name is durable when the folder is.
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
