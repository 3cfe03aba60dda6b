//! Proves a database before it is used: ours, not too new, whole, not behind, sealed with the keys at hand.
//!
//! Knows SQLite's own checks and our seals; changes nothing.

use std::path::Path;

use sqlx::SqliteConnection;

use crate::error::OpenError;
use crate::fault::{Fault, Trouble};
use crate::file::{DATABASE, Found, Patience, WITNESS};
use crate::keys::Keys;
use crate::reading::{Beside, reading};
use crate::witness::Noted;
use crate::{layout, prove, schema, secret};

/// Files up to this size are read completely at every start: a fraction of a second.
const SMALL: u64 = 16 << 20;

/// Proves that the file is ours, not too new, and has the tables of its version; returns its version.
pub(crate) async fn known_version(connection: &mut SqliteConnection, path: &Path) -> Result<i64, OpenError> {
    let fault = |fault| OpenError::from_fault(fault, path);
    let version = identity(&mut *connection).await.map_err(fault)?;
    if version > schema::KNOWN {
        return Err(OpenError::Newer { path: path.to_owned(), found: version, known: schema::KNOWN });
    }
    layout::prove(connection, version).await.map_err(fault)?;
    Ok(version)
}

/// Proves a file that nobody uses from its first page to its last row; returns its version and its commits.
pub(crate) async fn examine(path: &Path, patience: Patience) -> Result<(i64, i64), OpenError> {
    let fault = |fault| OpenError::from_fault(fault, path);
    let examined = reading(path, patience, Beside::Nobody, async |connection| {
        one_moment(&mut *connection).await.map_err(fault)?;
        let version = known_version(&mut *connection, path).await?;
        whole(&mut *connection, true).await.map_err(fault)?;
        let commits = commits(&mut *connection).await.map_err(fault)?;
        if version == schema::KNOWN {
            prove::prove(connection).await.map_err(fault)?;
        }
        Ok((version, commits))
    });
    examined.await
}

/// Proves that the file is ours, not too new, whole, and sealed with the keys at hand; changes nothing, neither in it
/// nor beside it.
pub(crate) async fn check(
    directory: &Path,
    found: &Found,
    patience: Patience,
    keys: Option<&Keys>,
) -> Result<(), OpenError> {
    let path = directory.join(DATABASE);
    let beside = if found.alone { Beside::Nobody } else { Beside::Others };
    let checked = reading(&path, patience, beside, async |connection| {
        one_moment(&mut *connection).await.map_err(|fault| OpenError::from_fault(fault, &path))?;
        proved(connection, directory, found, keys).await
    });
    checked.await
}

async fn proved(
    connection: &mut SqliteConnection,
    directory: &Path,
    found: &Found,
    keys: Option<&Keys>,
) -> Result<(), OpenError> {
    let (path, note) = (directory.join(DATABASE), directory.join(WITNESS));
    let fault = |fault| OpenError::from_fault(fault, &path);
    let version = known_version(&mut *connection, &path).await?;
    let small = found.size.is_some_and(|size| size <= SMALL);
    if found.alone && (small || found.unclean) {
        whole(&mut *connection, small).await.map_err(fault)?;
    }
    let commits = commits(&mut *connection).await.map_err(fault)?;
    match found.noted {
        Noted::Commits(noted) if noted > commits => {
            let lost = noted.saturating_sub(commits).unsigned_abs();
            return Err(OpenError::Behind { path, note, lost });
        }
        Noted::Garbled => return Err(OpenError::Garbled { path, note }),
        Noted::Commits(_) | Noted::Nothing => {}
    }
    // Older tables have other columns: their rows are proved when they are read.
    if found.alone && small && version == schema::KNOWN {
        prove::prove(&mut *connection).await.map_err(fault)?;
    }
    if version < schema::KNOWN && !found.alone {
        return Err(OpenError::InUse { path });
    }
    match keys.filter(|_| version >= schema::SEALED) {
        Some(keys) => prove_keys(connection, keys).await.map_err(fault),
        None => Ok(()),
    }
}

/// Makes all that is read from here on one moment of the database; the end of the connection is its end.
async fn one_moment(connection: &mut SqliteConnection) -> Result<(), Fault> {
    sqlx::query("BEGIN").execute(connection).await?;
    Ok(())
}

/// Proves that the keys at hand are those that the secrets were sealed with.
async fn prove_keys(connection: &mut SqliteConnection, keys: &Keys) -> Result<(), Fault> {
    let mut needed = secret::keys(&mut *connection).await?;
    if needed.is_empty() {
        return Ok(());
    }
    needed.extend(secret::master(connection).await?.map(|state| state.current));
    let held = keys.read()?;
    if needed.iter().all(|id| held.get(*id).is_some()) { Ok(()) } else { Err(keys.wrong().into()) }
}

async fn identity(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    if application != schema::APPLICATION {
        return Err(Fault::Damaged("its header is not one of ours".into()));
    }
    match schema::version(connection).await? {
        version @ 1.. => Ok(version),
        _ => Err(Fault::Damaged("its header has no schema version".into())),
    }
}

/// Asks the engine: tables and indexes of a small file, the tables of a large one.
async fn whole(connection: &mut SqliteConnection, small: bool) -> Result<(), Fault> {
    let pragma = if small { "PRAGMA integrity_check(1)" } else { "PRAGMA quick_check(1)" };
    let said: String = sqlx::query_scalar(pragma).fetch_one(connection).await?;
    // The engine may say more than one line; the first says what kind of damage it is.
    match said.as_str() {
        "ok" => Ok(()),
        _ => Err(Fault::Damaged(said.lines().last().unwrap_or("not whole").to_owned())),
    }
}

pub(crate) async fn commits(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    let commits = sqlx::query_scalar("SELECT commits FROM progress WHERE one = 1").fetch_optional(connection).await;
    match commits {
        Ok(Some(commits)) => Ok(commits),
        Ok(None) => Err(Fault::Damaged("its commits are not counted".into())),
        // Our own header without our own table.
        Err(error) if Trouble::of(&error) == Trouble::Other => Err(Fault::Damaged("a table is gone".into())),
        Err(error) => Err(error.into()),
    }
}
