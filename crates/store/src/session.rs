//! Sessions of signed-in people, known by the hash of what the browser holds.
//!
//! Knows the table `session`; who may do what in one is the caller's.

use std::fmt;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::{Seal, hash};
use crate::fault::{Fault, Trouble};
use crate::person;
use crate::prove::each;

/// A session of a signed-in person. All times are seconds since 1970-01-01 UTC.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// The hash of its secret.
    pub hash: [u8; 32],
    /// The id of the person.
    pub person: String,
    /// When it began.
    pub created: i64,
    /// When it was last used.
    pub last_seen: i64,
    /// When it ends.
    pub expires: i64,
    /// From where it began.
    pub address: String,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("person", &self.person)
            .field("created", &self.created)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

macro_rules! select {
    ($which:literal) => {
        concat!("SELECT hash, person, created, last_seen, expires, address, seal FROM session ", $which)
    };
}

/// The session of this hash, ended ones too as long as they are there.
pub(crate) async fn find(connection: &mut SqliteConnection, hash: &[u8; 32]) -> Result<Option<Session>, Fault> {
    let query = sqlx::query(select!("WHERE hash = $1")).bind(hash.as_slice());
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Reads every session.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    each(connection, select!(""), |row| read(row).map(drop)).await
}

/// Begins a session.
pub(crate) async fn insert(connection: &mut SqliteConnection, session: &Session) -> Result<(), Fault> {
    let insert = "INSERT INTO session (hash, person, created, last_seen, expires, address, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    write(connection, insert, session).await
}

/// Notes that a session was used.
pub(crate) async fn touch(connection: &mut SqliteConnection, hash: &[u8; 32], now: i64) -> Result<(), Fault> {
    let missing = || Fault::Missing("such session".into());
    let mut session = find(&mut *connection, hash).await?.ok_or_else(missing)?;
    // Two requests may arrive in the other order.
    session.last_seen = session.last_seen.max(now);
    let update = "UPDATE session SET person = $2, created = $3, last_seen = $4, expires = $5, address = $6, seal = $7
        WHERE hash = $1";
    write(connection, update, &session).await
}

/// Ends a session, if there is one.
pub(crate) async fn delete(connection: &mut SqliteConnection, hash: &[u8; 32]) -> Result<(), Fault> {
    sqlx::query("DELETE FROM session WHERE hash = $1").bind(hash.as_slice()).execute(connection).await?;
    Ok(())
}

/// Ends all sessions of a person.
pub(crate) async fn delete_of(connection: &mut SqliteConnection, person: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM session WHERE person = $1").bind(person).execute(connection).await?;
    Ok(())
}

/// Removes sessions that have ended; returns how many.
pub(crate) async fn sweep(connection: &mut SqliteConnection, now: i64) -> Result<u64, Fault> {
    let done = sqlx::query("DELETE FROM session WHERE expires <= $1").bind(now).execute(connection).await?;
    Ok(done.rows_affected())
}

async fn write(connection: &mut SqliteConnection, statement: &'static str, session: &Session) -> Result<(), Fault> {
    let written = sqlx::query(statement)
        .bind(session.hash.as_slice())
        .bind(&session.person)
        .bind(session.created)
        .bind(session.last_seen)
        .bind(session.expires)
        .bind(&session.address)
        .bind(seal(session).value())
        .execute(connection)
        .await;
    match written {
        Ok(_) => Ok(()),
        Err(error) => Err(match Trouble::of(&error) {
            Trouble::Duplicate => Fault::Exists("the session".into()),
            Trouble::NoParent => person::missing(&session.person),
            Trouble::DiskFull | Trouble::Busy | Trouble::Damaged | Trouble::Closed | Trouble::Other => error.into(),
        }),
    }
}

fn read(row: &SqliteRow) -> Result<Session, Fault> {
    let session = Session {
        hash: hash(row.try_get(0)?)?,
        person: row.try_get(1)?,
        created: row.try_get(2)?,
        last_seen: row.try_get(3)?,
        expires: row.try_get(4)?,
        address: row.try_get(5)?,
    };
    seal(&session).check(row.try_get(6)?, || "a session has changed".into())?;
    Ok(session)
}

fn seal(session: &Session) -> Seal {
    Seal::of("session")
        .bytes(&session.hash)
        .text(&session.person)
        .number(session.created)
        .number(session.last_seen)
        .number(session.expires)
        .text(&session.address)
}
