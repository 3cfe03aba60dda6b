//! People who may sign in.
//!
//! Knows the table `person`; what a role allows is the caller's.

use std::fmt;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::Seal;
use crate::fault::{Fault, Trouble};

/// A person who may sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Their id.
    pub id: String,
    /// Their name, unique; upper and lower case do not differ.
    pub name: String,
    /// What they may do.
    pub role: String,
    /// The hash of their password, in the form of its algorithm; none when they have none.
    pub password_hash: Option<String>,
    /// When they were added, in seconds since 1970-01-01 UTC.
    pub created: i64,
    /// When they last changed, in seconds since 1970-01-01 UTC.
    pub updated: i64,
    /// They may not sign in.
    pub disabled: bool,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("id", &self.id)
            .field("role", &self.role)
            .field("disabled", &self.disabled)
            .finish_non_exhaustive()
    }
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, name, lower_name, role, password_hash, created, updated, disabled, seal FROM person ",
            $which
        )
    };
}

/// The person of this id.
pub(crate) async fn find(connection: &mut SqliteConnection, id: &str) -> Result<Option<Person>, Fault> {
    let query = sqlx::query(select!("WHERE id = $1")).bind(id);
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// The person of this name.
pub(crate) async fn named(connection: &mut SqliteConnection, name: &str) -> Result<Option<Person>, Fault> {
    let query = sqlx::query(select!("WHERE lower_name = $1")).bind(name.to_lowercase());
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// All people, by name.
pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Person>, Fault> {
    let rows = sqlx::query(select!("ORDER BY lower_name")).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// Adds a person.
pub(crate) async fn insert(connection: &mut SqliteConnection, person: &Person) -> Result<(), Fault> {
    let insert = "INSERT INTO person (id, name, lower_name, role, password_hash, created, updated, disabled, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    write(connection, insert, person).await.map(drop)
}

/// Writes a person in the place of the one with their id.
pub(crate) async fn replace(connection: &mut SqliteConnection, person: &Person) -> Result<(), Fault> {
    let update = "UPDATE person SET name = $2, lower_name = $3, role = $4, password_hash = $5, created = $6,
        updated = $7, disabled = $8, seal = $9 WHERE id = $1";
    match write(connection, update, person).await? {
        0 => Err(missing(&person.id)),
        _ => Ok(()),
    }
}

/// Deletes a person with their sessions and tokens.
pub(crate) async fn delete(connection: &mut SqliteConnection, id: &str) -> Result<(), Fault> {
    for statement in ["DELETE FROM session WHERE person = $1", "DELETE FROM token WHERE person = $1"] {
        sqlx::query(statement).bind(id).execute(&mut *connection).await?;
    }
    let done = sqlx::query("DELETE FROM person WHERE id = $1").bind(id).execute(connection).await?;
    if done.rows_affected() == 0 { Err(missing(id)) } else { Ok(()) }
}

/// What is said when a person is not there.
pub(crate) fn missing(id: &str) -> Fault {
    Fault::Missing(format!("person {id}"))
}

async fn write(connection: &mut SqliteConnection, statement: &'static str, person: &Person) -> Result<u64, Fault> {
    let lower = person.name.to_lowercase();
    let written = sqlx::query(statement)
        .bind(&person.id)
        .bind(&person.name)
        .bind(&lower)
        .bind(&person.role)
        .bind(&person.password_hash)
        .bind(person.created)
        .bind(person.updated)
        .bind(i64::from(person.disabled))
        .bind(seal(person, &lower).value())
        .execute(connection)
        .await;
    match written {
        Ok(done) => Ok(done.rows_affected()),
        Err(error) if Trouble::of(&error) == Trouble::Duplicate => {
            Err(Fault::Exists(format!("person {}", person.name)))
        }
        Err(error) => Err(error.into()),
    }
}

fn read(row: &SqliteRow) -> Result<Person, Fault> {
    let (lower, disabled): (String, i64) = (row.try_get(2)?, row.try_get(7)?);
    let person = Person {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        role: row.try_get(3)?,
        password_hash: row.try_get(4)?,
        created: row.try_get(5)?,
        updated: row.try_get(6)?,
        disabled: disabled != 0,
    };
    seal(&person, &lower).check(row.try_get(8)?, || format!("person {} has changed", person.id))?;
    Ok(person)
}

fn seal(person: &Person, lower: &str) -> Seal {
    Seal::of("person")
        .text(&person.id)
        .text(&person.name)
        .text(lower)
        .text(&person.role)
        .maybe_text(person.password_hash.as_deref())
        .number(person.created)
        .number(person.updated)
        .number(i64::from(person.disabled))
}
