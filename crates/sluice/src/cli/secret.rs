//! Secrets on their way in: from files, stdin, the environment or a prompt, never from arguments; and tokens on their way
//! out, into files that their owner alone can read.
//!
//! Knows no meaning of a secret, and shows none.

use std::io::{IsTerminal, Read, Write};
use std::path::Path;

use api::Secret;
use model::Problem;
use secrecy::SecretString;

/// Longest secret that is read.
const LONGEST: u64 = 64 << 10;

/// Reads a secret from a file, `-` being stdin; white space around it is not part of it.
pub(crate) fn read(option: &str, path: &Path) -> Result<Secret, Problem> {
    let at = || format!("{option} {}", path.display());
    let unreadable = |error: std::io::Error| Problem::at(at(), format!("cannot be read: {error}"));
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(LONGEST).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        std::fs::File::open(path).map_err(unreadable)?.take(LONGEST).read_to_string(&mut text).map_err(unreadable)?;
    }
    match text.trim() {
        "" => Err(Problem::at(at(), "is empty")),
        secret => Ok(Secret::new(secret)),
    }
}

/// The token for a server: from its file, else from the environment.
pub(crate) fn token(file: Option<&Path>) -> Result<SecretString, Problem> {
    if let Some(path) = file {
        return read("--token-file", path).map(|token| SecretString::from(token.expose().to_owned()));
    }
    match std::env::var("SLUICE_TOKEN") {
        Ok(token) if !token.trim().is_empty() => Ok(SecretString::from(token.trim().to_owned())),
        _ => Err(Problem::at("--server", "needs a token")
            .hint("name a file with one: --token-file FILE (or $SLUICE_TOKEN_FILE), or set $SLUICE_TOKEN")),
    }
}

/// A password: from its file, else asked for twice on a terminal.
pub(crate) fn password(file: Option<&Path>) -> Result<Secret, Problem> {
    if let Some(path) = file {
        return read("--password-file", path);
    }
    let ask = || {
        Problem::at("--password-file", "is missing").hint("name a file, or - for stdin; on a terminal it is asked for")
    };
    if !std::io::stdin().is_terminal() {
        return Err(ask());
    }
    let terminal = console::Term::stderr();
    let line = |text: &str| -> std::io::Result<String> {
        terminal.write_str(text)?;
        terminal.read_secure_line()
    };
    let first = line("Password (15 characters or more): ").map_err(|_| ask())?;
    let second = line("Once more: ").map_err(|_| ask())?;
    if first == second { Ok(Secret::new(first)) } else { Err(Problem::at("password", "differs the second time")) }
}

/// Writes a secret to a new file that its owner alone can read.
pub(crate) fn write(path: &Path, secret: &Secret) -> Result<(), Problem> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options.open(path).and_then(|mut file| {
        writeln!(file, "{}", secret.expose())?;
        file.sync_all()
    });
    written.map_err(|error| Problem::at(path.display().to_string(), format!("cannot be written: {error}")))
}

/// A new file is possible, seen before a secret is made that could then not be kept.
pub(crate) fn can_write(path: &Path) -> Result<(), Problem> {
    let at = || format!("--output {}", path.display());
    if path.exists() {
        return Err(Problem::at(at(), "exists already").hint("use another name"));
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match tempfile::NamedTempFile::new_in(folder) {
        Ok(_) => Ok(()),
        Err(error) => Err(Problem::at(at(), format!("cannot be written: {error}"))),
    }
}
