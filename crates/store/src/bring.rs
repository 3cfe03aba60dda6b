//! Brings rows over where a step needs more than SQL: each is proved by the seal it was given, then gets its new one.
//!
//! Knows which step needs it. What is written here is what that step's version had, and stays so: no statement and no seal
//! of today's tables is used.

mod version_2;
mod version_3;

use sqlx::SqliteConnection;

use crate::fault::Fault;
use crate::schema::JOBS_4;

/// Does what the step away from version `from` needs after its SQL.
pub(crate) async fn over(connection: &mut SqliteConnection, from: i64) -> Result<(), Fault> {
    match from {
        2 => version_2::jobs(&mut *connection).await?,
        3 => {
            version_3::jobs(&mut *connection).await?;
            sqlx::raw_sql(JOBS_4).execute(&mut *connection).await?;
        }
        _ => return Ok(()),
    }
    referred(connection).await
}

/// Proves that no row refers to nothing.
async fn referred(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let lost = sqlx::query("PRAGMA foreign_key_check").fetch_optional(connection).await?;
    match lost {
        None => Ok(()),
        Some(_) => Err(Fault::Damaged("rows belong to no job".into())),
    }
}
