//! API tokens, known by the hash of what their holder was shown once.
//!
//! Knows the table `token`; what a scope allows is the caller's.

use std::fmt;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::{Seal, hash};
use crate::fault::{Fault, Trouble};
use crate::person;

/// A token for the API. All times are seconds since 1970-01-01 UTC.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id.
    pub id: String,
    /// What its holder calls it.
    pub name: String,
    /// The hash of its secret.
    pub hash: [u8; 32],
    /// The beginning of its secret, by which people know it.
    pub shown: String,
    /// The id of the person it belongs to.
    pub person: String,
    /// What it allows.
    pub scope: String,
    /// When it was made.
    pub created: i64,
    /// When it ends.
    pub expires: Option<i64>,
    /// When it was last used.
    pub last_used: Option<i64>,
    /// When it was revoked.
    pub revoked: Option<i64>,
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiToken")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("scope", &self.scope)
            .field("revoked", &self.revoked)
            .finish_non_exhaustive()
    }
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, name, hash, shown, person, scope, created, expires, last_used, revoked, seal FROM token ",
            $which
        )
    };
}

/// The token of this hash, ended and revoked ones too.
pub(crate) async fn by_hash(connection: &mut SqliteConnection, hash: &[u8; 32]) -> Result<Option<ApiToken>, Fault> {
    let query = sqlx::query(select!("WHERE hash = $1")).bind(hash.as_slice());
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// All tokens, newest first.
pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<ApiToken>, Fault> {
    let rows = sqlx::query(select!("ORDER BY created DESC, id")).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Adds a token.
pub(crate) async fn insert(connection: &mut SqliteConnection, token: &ApiToken) -> Result<(), Fault> {
    let insert = "INSERT INTO token
        (id, name, hash, shown, person, scope, created, expires, last_used, revoked, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    write(connection, insert, token).await
}

/// Notes that a token was used.
pub(crate) async fn touch(connection: &mut SqliteConnection, id: &str, now: i64) -> Result<(), Fault> {
    // Two requests may arrive in the other order.
    change(connection, id, |token| token.last_used = token.last_used.max(Some(now))).await
}

/// Revokes a token; the first time stays.
pub(crate) async fn revoke(connection: &mut SqliteConnection, id: &str, now: i64) -> Result<(), Fault> {
    change(connection, id, |token| token.revoked = token.revoked.or(Some(now))).await
}

async fn change(connection: &mut SqliteConnection, id: &str, edit: impl FnOnce(&mut ApiToken)) -> Result<(), Fault> {
    let row = sqlx::query(select!("WHERE id = $1")).bind(id).fetch_optional(&mut *connection).await?;
    let mut token = read(&row.ok_or_else(|| Fault::Missing(format!("token {id}")))?)?;
    edit(&mut token);
    let update = "UPDATE token SET name = $2, hash = $3, shown = $4, person = $5, scope = $6, created = $7,
        expires = $8, last_used = $9, revoked = $10, seal = $11 WHERE id = $1";
    write(connection, update, &token).await
}

async fn write(connection: &mut SqliteConnection, statement: &'static str, token: &ApiToken) -> Result<(), Fault> {
    let written = sqlx::query(statement)
        .bind(&token.id)
        .bind(&token.name)
        .bind(token.hash.as_slice())
        .bind(&token.shown)
        .bind(&token.person)
        .bind(&token.scope)
        .bind(token.created)
        .bind(token.expires)
        .bind(token.last_used)
        .bind(token.revoked)
        .bind(seal(token).value())
        .execute(connection)
        .await;
    match written {
        Ok(_) => Ok(()),
        Err(error) => Err(match Trouble::of(&error) {
            Trouble::Duplicate => Fault::Exists(format!("token {}", token.id)),
            Trouble::NoParent => person::missing(&token.person),
            Trouble::DiskFull | Trouble::Busy | Trouble::Damaged | Trouble::Closed | Trouble::Other => error.into(),
        }),
    }
}

fn read(row: &SqliteRow) -> Result<ApiToken, Fault> {
    let token = ApiToken {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        hash: hash(row.try_get(2)?)?,
        shown: row.try_get(3)?,
        person: row.try_get(4)?,
        scope: row.try_get(5)?,
        created: row.try_get(6)?,
        expires: row.try_get(7)?,
        last_used: row.try_get(8)?,
        revoked: row.try_get(9)?,
    };
    seal(&token).check(row.try_get(10)?, || format!("token {} has changed", token.id))?;
    Ok(token)
}

fn seal(token: &ApiToken) -> Seal {
    Seal::of("token")
        .text(&token.id)
        .text(&token.name)
        .bytes(&token.hash)
        .text(&token.shown)
        .text(&token.person)
        .text(&token.scope)
        .number(token.created)
        .maybe_number(token.expires)
        .maybe_number(token.last_used)
        .maybe_number(token.revoked)
}
