//! The schema as it stands in a file, compared with what the steps to its version make.
//!
//! Knows SQLite's table of definitions; not what any of them is for. A flipped bit in a definition passes the engine's
//! own checks and spoils every later write, or hides a table.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Row as _, SqliteConnection};
use tokio::sync::OnceCell;

use crate::fault::Fault;
use crate::schema::{self, STEPS};

/// What the steps make, by version; made when it is first asked for.
static MADE: [OnceCell<Vec<Definition>>; STEPS.len()] = [const { OnceCell::const_new() }; STEPS.len()];

/// A table or an index, in bytes: what is damaged need not be text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Definition {
    kind: Vec<u8>,
    name: Vec<u8>,
    table: Vec<u8>,
    /// None for the indexes that the engine makes by itself.
    sql: Option<Vec<u8>>,
}

impl Definition {
    /// Its kind and its name, for people.
    fn place(&self) -> String {
        let (kind, name) = (String::from_utf8_lossy(&self.kind), String::from_utf8_lossy(&self.name));
        format!("{} {}", kind.escape_debug(), name.escape_debug())
    }
}

/// Proves that a file of this version has the tables and indexes of this version, and no others.
pub(crate) async fn prove(connection: &mut SqliteConnection, version: i64) -> Result<(), Fault> {
    let step = usize::try_from(version - 1).ok().and_then(|step| MADE.get(step));
    let made = step.ok_or_else(|| Fault::Damaged("its header has no schema version".into()))?;
    let made = made.get_or_try_init(|| make(version)).await?;
    let found = read(connection).await?;
    if let Some(lost) = made.iter().find(|definition| !found.contains(definition)) {
        let named = found.iter().any(|other| (&other.kind, &other.name) == (&lost.kind, &lost.name));
        let what = if named { "the definition of" } else { "there is no" };
        let end = if named { " has changed" } else { "" };
        return Err(Fault::Damaged(format!("{what} {}{end}", lost.place())));
    }
    match found.iter().find(|definition| !made.contains(definition)) {
        None => Ok(()),
        Some(strange) => Err(Fault::Damaged(format!("{} is none of ours", strange.place()))),
    }
}

/// Makes the schema of a version in memory and reads it.
async fn make(version: i64) -> Result<Vec<Definition>, Fault> {
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new()).await?;
    schema::migrate(&mut connection, version).await?;
    let made = read(&mut connection).await?;
    connection.close().await?;
    Ok(made)
}

async fn read(connection: &mut SqliteConnection) -> Result<Vec<Definition>, Fault> {
    // What `ANALYZE` keeps is anybody's to make.
    let select = "SELECT CAST(type AS BLOB), CAST(name AS BLOB), CAST(tbl_name AS BLOB), CAST(sql AS BLOB)
        FROM sqlite_schema WHERE name NOT GLOB 'sqlite_stat*'";
    let rows = sqlx::query(select).fetch_all(connection).await?;
    let definition = |row: &sqlx::sqlite::SqliteRow| {
        Ok(Definition {
            kind: row.try_get::<Option<_>, _>(0)?.unwrap_or_default(),
            name: row.try_get::<Option<_>, _>(1)?.unwrap_or_default(),
            table: row.try_get::<Option<_>, _>(2)?.unwrap_or_default(),
            sql: row.try_get(3)?,
        })
    };
    rows.iter().map(definition).collect()
}
