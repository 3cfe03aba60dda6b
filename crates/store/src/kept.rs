//! Small settings and caches by name.
//!
//! Knows the table `kept`; what a value means is the caller's.

use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::{Seal, from_text, to_text};
use crate::fault::{Fault, Trouble};
use crate::prove::each;

/// The value of this name.
pub(crate) async fn find(connection: &mut SqliteConnection, name: &str) -> Result<Option<Value>, Fault> {
    let select = "SELECT name, body, seal FROM kept WHERE name = $1";
    sqlx::query(select).bind(name).fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Reads every value.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    each(connection, "SELECT name, body, seal FROM kept", |row| read(row).map(drop)).await
}

/// Keeps a value in the place of an earlier one, or removes it.
pub(crate) async fn put(connection: &mut SqliteConnection, name: &str, value: Option<&Value>) -> Result<(), Fault> {
    let Some(value) = value else {
        sqlx::query("DELETE FROM kept WHERE name = $1").bind(name).execute(connection).await?;
        return Ok(());
    };
    let upsert = "INSERT INTO kept (name, body, seal) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET body = excluded.body, seal = excluded.seal";
    let body = to_text(value)?;
    sqlx::query(upsert).bind(name).bind(&body).bind(seal(name, &body).value()).execute(connection).await?;
    Ok(())
}

/// Keeps a value where there is none.
pub(crate) async fn claim(connection: &mut SqliteConnection, name: &str, value: &Value) -> Result<(), Fault> {
    let insert = "INSERT INTO kept (name, body, seal) VALUES ($1, $2, $3)";
    let body = to_text(value)?;
    let seal = seal(name, &body).value();
    match sqlx::query(insert).bind(name).bind(&body).bind(seal).execute(connection).await {
        Ok(_) => Ok(()),
        Err(error) if Trouble::of(&error) == Trouble::Duplicate => Err(Fault::Exists(format!("value {name}"))),
        Err(error) => Err(error.into()),
    }
}

fn read(row: &SqliteRow) -> Result<Value, Fault> {
    let (name, body): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    let changed = || format!("value {name} has changed");
    seal(&name, &body).check(row.try_get(2)?, changed)?;
    from_text(&body).ok_or_else(|| Fault::Damaged(changed()))
}

fn seal(name: &str, body: &str) -> Seal {
    Seal::of("kept").text(name).text(body)
}
