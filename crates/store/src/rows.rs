//! The marks of batches and the rejected rows, as rows of tables.
//!
//! Knows the tables `mark` and `rejection`; each function runs in the transaction of its caller.

use std::collections::BTreeMap;

use model::{BatchEnd, BatchMark, JobId, ReasonCount, Rejection, RowNumber, RowSet};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use crate::column::{Seal, bound, column, end_name, end_named, number};
use crate::fault::Fault;
use crate::prove::each;
use crate::{BatchReceipt, LedgerCounts};

/// Rejected rows in one statement: seven parameters each, far below any engine's limit.
const CHUNK: usize = 100;

/// Marks or rejected rows read at once while counting.
const PAGE: u32 = 1_000;

/// Keeps a mark in the place of an earlier one of its number.
pub(crate) async fn mark(
    connection: &mut SqliteConnection,
    job: &JobId,
    mark: &BatchMark,
    now: i64,
) -> Result<(), Fault> {
    let upsert = "INSERT INTO mark (job, number, ending, row_count, packed_rows, at, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (job, number) DO UPDATE SET ending = excluded.ending, row_count = excluded.row_count,
            packed_rows = excluded.packed_rows, at = excluded.at, seal = excluded.seal";
    let batch = column(mark.number, "the number of a batch")?;
    let count = column(mark.rows.len() as u64, "the rows of a batch")?;
    let packed = BatchMark::pack_rows(&mark.rows);
    let name = end_name(mark.end);
    let seal = mark_seal(job, batch, name, count, &packed, Some(now)).value();
    sqlx::query(upsert)
        .bind(job.as_str())
        .bind(batch)
        .bind(name)
        .bind(count)
        .bind(packed)
        .bind(now)
        .bind(seal)
        .execute(connection)
        .await?;
    Ok(())
}

/// Keeps rejected rows; a row that is rejected again takes the place of its earlier rejection.
pub(crate) async fn reject(
    connection: &mut SqliteConnection,
    job: &JobId,
    rejections: &[Rejection],
) -> Result<(), Fault> {
    for chunk in rejections.chunks(CHUNK) {
        // A row named twice counts once, and the last word is kept: PostgreSQL refuses it in one statement.
        let mut numbered = BTreeMap::new();
        for rejection in chunk {
            numbered.insert(column(rejection.row, "the number of a row")?, rejection);
        }
        let mut insert: QueryBuilder<Sqlite> =
            QueryBuilder::new("INSERT INTO rejection (job, row_number, column_name, code, reason, hint, seal) ");
        insert.push_values(numbered, |mut tuple, (row, rejection)| {
            tuple
                .push_bind(job.as_str())
                .push_bind(row)
                .push_bind(&rejection.column)
                .push_bind(rejection.code.map(i64::from))
                .push_bind(&rejection.reason)
                .push_bind(&rejection.hint)
                .push_bind(rejection_seal(job, row, rejection).value());
        });
        insert.push(
            " ON CONFLICT (job, row_number) DO UPDATE SET column_name = excluded.column_name, code = excluded.code,
                reason = excluded.reason, hint = excluded.hint, seal = excluded.seal",
        );
        insert.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Marks with a number above `after`, by number.
pub(crate) async fn marks(
    connection: &mut SqliteConnection,
    job: &JobId,
    after: u64,
    limit: u32,
) -> Result<Vec<BatchMark>, Fault> {
    let receipts = receipts(connection, job, after, limit).await?;
    Ok(receipts.into_iter().map(|receipt| receipt.mark).collect())
}

/// Marks with a number above `after` and the times they were written, by number.
pub(crate) async fn receipts(
    connection: &mut SqliteConnection,
    job: &JobId,
    after: u64,
    limit: u32,
) -> Result<Vec<BatchReceipt>, Fault> {
    let select = "SELECT number, ending, row_count, packed_rows, at, seal FROM mark
        WHERE job = $1 AND number > $2 ORDER BY number LIMIT $3";
    let query = sqlx::query(select).bind(job.as_str()).bind(bound(after)).bind(i64::from(limit));
    query.fetch_all(connection).await?.iter().map(|row| read_mark(job, row)).collect()
}

/// Rejections of rows above `after`, by row.
pub(crate) async fn rejections(
    connection: &mut SqliteConnection,
    job: &JobId,
    after: RowNumber,
    limit: u32,
) -> Result<Vec<Rejection>, Fault> {
    let select = "SELECT row_number, column_name, code, reason, hint, seal FROM rejection
        WHERE job = $1 AND row_number > $2 ORDER BY row_number LIMIT $3";
    let query = sqlx::query(select).bind(job.as_str()).bind(bound(after)).bind(i64::from(limit));
    query.fetch_all(connection).await?.iter().map(|row| read_rejection(job, row)).collect()
}

/// Counts rejected rows, and the rows in marks that are not rejected, by the end of their mark.
///
/// The rows of a mark are packed, so they are compared here and not in SQL, a page at a time.
pub(crate) async fn counts(connection: &mut SqliteConnection, job: &JobId) -> Result<LedgerCounts, Fault> {
    let select = "SELECT row_number FROM rejection WHERE job = $1 AND row_number > $2 ORDER BY row_number LIMIT $3";
    let mut rejected = RowSet::default();
    // Rows begin at 1 by rule; beginning below 0 counts a row 0 too, instead of losing it.
    let mut after = -1_i64;
    loop {
        let query = sqlx::query_scalar(select).bind(job.as_str()).bind(after).bind(i64::from(PAGE));
        let page: Vec<i64> = query.fetch_all(&mut *connection).await?;
        let Some(last) = page.last() else { break };
        after = *last;
        for row in &page {
            rejected.insert(number(*row)?);
        }
    }
    let mut counts = LedgerCounts { rejected: rejected.len(), ..LedgerCounts::default() };
    let mut after = 0;
    loop {
        let page = marks(&mut *connection, job, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.number;
        for mark in &page {
            let rows = mark.rows.iter().filter(|row| !rejected.contains(**row)).count() as u64;
            match mark.end {
                BatchEnd::Sent => counts.sent_rows += rows,
                BatchEnd::Acked => counts.acked_rows += rows,
                BatchEnd::Held => counts.held_rows += rows,
            }
        }
    }
    Ok(counts)
}

/// Rejected rows by reason, most frequent first.
pub(crate) async fn reasons(
    connection: &mut SqliteConnection,
    job: &JobId,
    most: u32,
) -> Result<Vec<ReasonCount>, Fault> {
    // COALESCE, because engines differ on where NULL sorts.
    let select = "SELECT code, column_name, reason, COUNT(*) AS row_count FROM rejection WHERE job = $1
        GROUP BY code, column_name, reason
        ORDER BY COUNT(*) DESC, COALESCE(code, -1), COALESCE(column_name, ''), reason LIMIT $2";
    let rows = sqlx::query(select).bind(job.as_str()).bind(i64::from(most)).fetch_all(connection).await?;
    rows.iter()
        .map(|row| {
            Ok(ReasonCount {
                code: code(row.try_get(0)?)?,
                column: row.try_get(1)?,
                reason: row.try_get(2)?,
                rows: number(row.try_get(3)?)?,
            })
        })
        .collect()
}

/// Reads every mark and every rejection.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let marks = "SELECT number, ending, row_count, packed_rows, at, seal, job FROM mark";
    each(&mut *connection, marks, |row| read_mark(&job_of(row)?, row).map(drop)).await?;
    let rejections = "SELECT row_number, column_name, code, reason, hint, seal, job FROM rejection";
    each(connection, rejections, |row| read_rejection(&job_of(row)?, row).map(drop)).await
}

fn job_of(row: &SqliteRow) -> Result<JobId, Fault> {
    let job: &str = row.try_get(6)?;
    job.parse().map_err(|_| Fault::Damaged("a batch or a rejected row has no proper job".into()))
}

fn read_mark(job: &JobId, row: &SqliteRow) -> Result<BatchReceipt, Fault> {
    let (batch, name, count): (i64, String, i64) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let (packed, at): (Vec<u8>, Option<i64>) = (row.try_get(3)?, row.try_get(4)?);
    let changed = || format!("batch {batch} of job {job} has changed");
    mark_seal(job, batch, &name, count, &packed, at).check(row.try_get(5)?, changed)?;
    let rows = BatchMark::unpack_rows(&packed).ok_or_else(|| Fault::Damaged(changed()))?;
    Ok(BatchReceipt { mark: BatchMark { number: number(batch)?, rows, end: end_named(&name)? }, at })
}

fn read_rejection(job: &JobId, row: &SqliteRow) -> Result<Rejection, Fault> {
    let place: i64 = row.try_get(0)?;
    let rejection = Rejection {
        row: number(place)?,
        column: row.try_get(1)?,
        code: code(row.try_get(2)?)?,
        reason: row.try_get(3)?,
        hint: row.try_get(4)?,
    };
    let changed = || format!("the rejection of row {place} of job {job} has changed");
    rejection_seal(job, place, &rejection).check(row.try_get(5)?, changed)?;
    Ok(rejection)
}

fn code(column: Option<i64>) -> Result<Option<u16>, Fault> {
    column.map(u16::try_from).transpose().map_err(|_| Fault::Damaged("a rejection has no proper code".into()))
}

fn mark_seal(job: &JobId, batch: i64, end: &str, count: i64, packed: &[u8], at: Option<i64>) -> Seal {
    let seal = Seal::of("mark").text(job.as_str()).number(batch).text(end).number(count).bytes(packed);
    // A mark of version 2 has no time, and keeps the seal that it was given.
    at.map_or(seal, |at| seal.number(at))
}

fn rejection_seal(job: &JobId, row: i64, rejection: &Rejection) -> Seal {
    Seal::of("rejection")
        .text(job.as_str())
        .number(row)
        .maybe_text(rejection.column.as_deref())
        .maybe_number(rejection.code.map(i64::from))
        .text(&rejection.reason)
        .maybe_text(rejection.hint.as_deref())
}
