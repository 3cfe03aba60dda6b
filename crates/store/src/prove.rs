//! Proves a file row by row: every table that carries a seal or a chain is read to its end.
//!
//! Knows which tables there are; not what their rows mean.

use futures::TryStreamExt;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::audit::AuditChain;
use crate::fault::Fault;
use crate::{audit, document, job, kept, learned, log, notice, once, person, rows, secret, session, slot, token};

/// Reads every row of every table that carries a seal, each table in one scan.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    // A row whose job is gone is whole by itself, and nobody would ever see it.
    for orphans in [
        "SELECT COUNT(*) FROM mark WHERE job NOT IN (SELECT id FROM job)",
        "SELECT COUNT(*) FROM rejection WHERE job NOT IN (SELECT id FROM job)",
        "SELECT COUNT(*) FROM watermark WHERE job NOT IN (SELECT id FROM job)",
        "SELECT COUNT(*) FROM log WHERE job NOT IN (SELECT id FROM job)",
    ] {
        let count: i64 = sqlx::query_scalar(orphans).fetch_one(&mut *connection).await?;
        if count > 0 {
            return Err(Fault::Damaged(format!("{count} rows belong to no job")));
        }
    }
    job::prove(&mut *connection).await?;
    rows::prove(&mut *connection).await?;
    log::prove(&mut *connection).await?;
    learned::prove(&mut *connection).await?;
    document::prove(&mut *connection).await?;
    kept::prove(&mut *connection).await?;
    secret::prove(&mut *connection).await?;
    person::all(&mut *connection).await?;
    session::prove(&mut *connection).await?;
    token::all(&mut *connection).await?;
    once::prove(&mut *connection).await?;
    slot::prove(&mut *connection).await?;
    notice::prove(&mut *connection).await?;
    match audit::verify(connection).await? {
        AuditChain::Whole { .. } => Ok(()),
        AuditChain::Broken { number } => Err(Fault::Damaged(format!("the audit log is not whole from entry {number}"))),
    }
}

/// Reads what a statement finds, row by row: a table of any length needs the memory of one row.
pub(crate) async fn each(
    connection: &mut SqliteConnection,
    select: &'static str,
    mut read: impl FnMut(&SqliteRow) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut rows = sqlx::query(select).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        read(&row)?;
    }
    Ok(())
}
