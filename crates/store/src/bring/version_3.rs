//! Brings the jobs of a version-3 file to version 4: whatever state one is in, people count as told of it.
//!
//! Knows the table `job` as version 3 had it, and the seal that version 4 began with.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::Seal;
use crate::fault::Fault;

/// Jobs read at once.
const PAGE: i64 = 200;

/// The columns under the seal of the head, in their order.
macro_rules! head {
    () => {
        "id, created, updated, state, kind, origin, query, query_name, connection, actor, parent, business_unit,
        started, finished, wake, wakes, frozen_rows, cause, read_rows, delivered_rows, rejected_rows, superseded_rows,
        held_rows, unsent_rows"
    };
}

/// How a column goes into a seal.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Number,
    MaybeText,
    MaybeNumber,
}

/// How the columns of [`head`] do.
const HEAD: [Kind; 24] = {
    use Kind::{MaybeNumber, MaybeText, Number, Text};
    [
        Text,
        Number,
        Number,
        Text,
        Text,
        Text,
        MaybeText,
        MaybeText,
        MaybeText,
        MaybeText,
        MaybeText,
        Text,
        MaybeNumber,
        MaybeNumber,
        MaybeNumber,
        Number,
        MaybeNumber,
        MaybeText,
        MaybeNumber,
        MaybeNumber,
        MaybeNumber,
        MaybeNumber,
        MaybeNumber,
        MaybeNumber,
    ]
};

/// Writes every job of the table `job` to `job_4`.
pub(super) async fn jobs(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let select = concat!(
        "SELECT ",
        head!(),
        ", head_seal, sql, request, report, seal FROM job WHERE id > $1 ORDER BY id LIMIT $2"
    );
    // The large columns go over inside the engine.
    let insert = concat!(
        "INSERT INTO job_4 (",
        head!(),
        ", told, head_seal, sql, request, report, seal) SELECT ",
        head!(),
        ", state, $2, sql, request, report, seal FROM job WHERE id = $1"
    );
    let mut after = String::new();
    loop {
        let page = sqlx::query(select).bind(&after).bind(PAGE).fetch_all(&mut *connection).await?;
        for row in &page {
            let seal = prove(row)?.text("told").text(row.try_get(3)?);
            after = row.try_get(0)?;
            sqlx::query(insert).bind(&after).bind(seal.value()).execute(&mut *connection).await?;
        }
        if page.is_empty() {
            return Ok(());
        }
    }
}

/// Proves a job by its two seals; returns the one of its head.
fn prove(row: &SqliteRow) -> Result<Seal, Fault> {
    let (id, sql, request): (&str, &str, &str) = (row.try_get(0)?, row.try_get(25)?, row.try_get(26)?);
    let changed = || format!("job {id} has changed");
    let body = Seal::of("job body").text(id).text(sql).text(request).maybe_text(row.try_get(27)?);
    body.check(row.try_get(28)?, changed)?;
    let mut head = Seal::of("job head");
    for (place, kind) in HEAD.iter().enumerate() {
        head = match kind {
            Kind::Text => head.text(row.try_get(place)?),
            Kind::Number => head.number(row.try_get(place)?),
            Kind::MaybeText => head.maybe_text(row.try_get(place)?),
            Kind::MaybeNumber => head.maybe_number(row.try_get(place)?),
        };
    }
    head.check(row.try_get(24)?, changed)?;
    Ok(head)
}
