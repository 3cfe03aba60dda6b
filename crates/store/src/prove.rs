//! Proves a file row by row: every table that carries a seal or a chain is read to its end.
//!
//! Knows which tables there are; not what their rows mean.

use sqlx::SqliteConnection;

use crate::audit::AuditChain;
use crate::fault::Fault;
use crate::rows::{PAGE, marks, rejections};
use crate::{audit, document, job, jobs, kept, learned, log, once, person, secret, session, token};

/// Reads every row of every table that carries a seal.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    for id in jobs::ids(&mut *connection, "", u32::MAX).await? {
        job::find(&mut *connection, &id).await?;
        let mut after = 0;
        while let Some(last) = marks(&mut *connection, &id, after, PAGE).await?.last() {
            after = last.number;
        }
        let mut after = 0;
        while let Some(last) = rejections(&mut *connection, &id, after, PAGE).await?.last() {
            after = last.row;
        }
        let mut after = 0;
        while let Some(last) = log::lines(&mut *connection, &id, after, PAGE).await?.last() {
            after = last.number;
        }
    }
    learned::prove(&mut *connection).await?;
    document::prove(&mut *connection).await?;
    kept::prove(&mut *connection).await?;
    secret::prove(&mut *connection).await?;
    person::all(&mut *connection).await?;
    session::prove(&mut *connection).await?;
    token::all(&mut *connection).await?;
    once::prove(&mut *connection).await?;
    if let AuditChain::Broken { number } = audit::verify(&mut *connection).await? {
        return Err(Fault::Damaged(format!("the audit log is not whole from entry {number}")));
    }
    // A changed id would hide its rows from the loops above.
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
    Ok(())
}
