//! Slots: what became of each scheduled time of a schedule. There is one for each, so none fires twice.
//!
//! Knows the table `slot`; not when a schedule fires. A slot outlives its job.

use model::JobId;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use crate::column::Seal;
use crate::fault::{Fault, Trouble};
use crate::prove::each;

/// A scheduled time and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The schedule, by the name that its owner gave it: the document id of a query, say.
    pub schedule: String,
    /// The scheduled time, in seconds since 1970-01-01 UTC. It is unique within the schedule.
    pub scheduled: i64,
    /// What became of it.
    pub end: SlotEnd,
    /// When that was written, in seconds since 1970-01-01 UTC.
    pub at: i64,
    /// A remark for people, such as why it was missed.
    pub note: Option<String>,
}

/// What became of a scheduled time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotEnd {
    /// A job was made for it.
    Run {
        /// The job. It may have been deleted since.
        job: JobId,
    },
    /// Nothing ran.
    Missed,
}

impl SlotEnd {
    /// The end's name, as the database has it.
    pub fn name(&self) -> &'static str {
        match self {
            SlotEnd::Run { .. } => "run",
            SlotEnd::Missed => "missed",
        }
    }

    /// The job that was made for it.
    pub fn job(&self) -> Option<&JobId> {
        match self {
            SlotEnd::Run { job } => Some(job),
            SlotEnd::Missed => None,
        }
    }
}

macro_rules! select {
    ($which:literal) => {
        concat!("SELECT schedule, scheduled, ending, job, at, note, seal FROM slot ", $which)
    };
}

/// Slots of a schedule with a time before `before`, newest first.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    schedule: &str,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<Slot>, Fault> {
    let rows = match before {
        Some(before) => {
            let query = sqlx::query(select!("WHERE schedule = $1 AND scheduled < $2 ORDER BY scheduled DESC LIMIT $3"));
            query.bind(schedule).bind(before).bind(i64::from(limit)).fetch_all(connection).await?
        }
        None => {
            let query = sqlx::query(select!("WHERE schedule = $1 ORDER BY scheduled DESC LIMIT $2"));
            query.bind(schedule).bind(i64::from(limit)).fetch_all(connection).await?
        }
    };
    rows.iter().map(read).collect()
}

/// Slots of a schedule with a time from `from` on and before `until`, oldest first.
pub(crate) async fn between(
    connection: &mut SqliteConnection,
    schedule: &str,
    from: i64,
    until: i64,
) -> Result<Vec<Slot>, Fault> {
    let query = sqlx::query(select!("WHERE schedule = $1 AND scheduled >= $2 AND scheduled < $3 ORDER BY scheduled"));
    query.bind(schedule).bind(from).bind(until).fetch_all(connection).await?.iter().map(read).collect()
}

/// The newest slot of each of these schedules that has one, in no order.
pub(crate) async fn newest_of(connection: &mut SqliteConnection, schedules: &[String]) -> Result<Vec<Slot>, Fault> {
    if schedules.is_empty() {
        return Ok(Vec::new());
    }
    newest(schedules).build().fetch_all(connection).await?.iter().map(read).collect()
}

/// One look into the primary key for each schedule, however many slots it has.
fn newest(schedules: &[String]) -> QueryBuilder<Sqlite> {
    let mut select = QueryBuilder::new("WITH asked (schedule) AS (");
    select.push_values(schedules, |mut row, schedule| {
        row.push_bind(schedule.clone());
    });
    select.push(
        ") SELECT slot.schedule, slot.scheduled, slot.ending, slot.job, slot.at, slot.note, slot.seal FROM asked
        JOIN slot ON slot.schedule = asked.schedule AND slot.scheduled =
            (SELECT MAX(any_slot.scheduled) FROM slot AS any_slot WHERE any_slot.schedule = asked.schedule)",
    );
    select
}

/// Reads every slot.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    each(connection, select!(""), |row| read(row).map(drop)).await
}

/// Writes down what became of a scheduled time of which nothing is written yet.
pub(crate) async fn insert(connection: &mut SqliteConnection, slot: &Slot) -> Result<(), Fault> {
    let insert = "INSERT INTO slot (schedule, scheduled, ending, job, at, note, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    match write(sqlx::query(insert), slot).execute(connection).await {
        Ok(_) => Ok(()),
        Err(error) if Trouble::of(&error) == Trouble::Duplicate => Err(taken(&slot.schedule, slot.scheduled)),
        Err(error) => Err(error.into()),
    }
}

/// Puts a slot in the place of a missed one.
pub(crate) async fn fill(connection: &mut SqliteConnection, slot: &Slot) -> Result<(), Fault> {
    let (schedule, scheduled) = (&slot.schedule, slot.scheduled);
    let query = sqlx::query(select!("WHERE schedule = $1 AND scheduled = $2")).bind(schedule).bind(scheduled);
    let row = query.fetch_optional(&mut *connection).await?;
    let missing = || Fault::Missing(format!("slot {scheduled} of schedule {schedule}"));
    match read(&row.ok_or_else(missing)?)?.end {
        SlotEnd::Run { .. } => return Err(taken(schedule, scheduled)),
        SlotEnd::Missed => {}
    }
    let update = "UPDATE slot SET ending = $3, job = $4, at = $5, note = $6, seal = $7
        WHERE schedule = $1 AND scheduled = $2";
    write(sqlx::query(update), slot).execute(connection).await?;
    Ok(())
}

/// Deletes all slots of a schedule.
pub(crate) async fn delete_of(connection: &mut SqliteConnection, schedule: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM slot WHERE schedule = $1").bind(schedule).execute(connection).await?;
    Ok(())
}

/// Deletes at most `most` slots that were written before `before`, the oldest first; returns how many.
pub(crate) async fn sweep(connection: &mut SqliteConnection, before: i64, most: u32) -> Result<u64, Fault> {
    let delete = "DELETE FROM slot WHERE (schedule, scheduled) IN
        (SELECT schedule, scheduled FROM slot WHERE at < $1 ORDER BY at LIMIT $2)";
    let done = sqlx::query(delete).bind(before).bind(i64::from(most)).execute(connection).await?;
    Ok(done.rows_affected())
}

fn taken(schedule: &str, scheduled: i64) -> Fault {
    Fault::SlotTaken { schedule: schedule.to_owned(), scheduled }
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

fn write<'q>(query: Query<'q>, slot: &'q Slot) -> Query<'q> {
    query
        .bind(&slot.schedule)
        .bind(slot.scheduled)
        .bind(slot.end.name())
        .bind(slot.end.job().map(JobId::as_str))
        .bind(slot.at)
        .bind(&slot.note)
        .bind(seal(&slot.schedule, slot.scheduled, &slot.end, slot.at, slot.note.as_deref()).value())
}

fn read(row: &SqliteRow) -> Result<Slot, Fault> {
    let (schedule, scheduled): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
    let (ending, job): (&str, Option<&str>) = (row.try_get(2)?, row.try_get(3)?);
    let (at, note): (i64, Option<String>) = (row.try_get(4)?, row.try_get(5)?);
    let changed = || format!("slot {scheduled} of schedule {schedule} has changed");
    let end = match (ending, job) {
        ("run", Some(job)) => SlotEnd::Run { job: job.parse().map_err(|_| Fault::Damaged(changed()))? },
        ("missed", None) => SlotEnd::Missed,
        _ => return Err(Fault::Damaged(changed())),
    };
    seal(&schedule, scheduled, &end, at, note.as_deref()).check(row.try_get(6)?, changed)?;
    Ok(Slot { schedule, scheduled, end, at, note })
}

fn seal(schedule: &str, scheduled: i64, end: &SlotEnd, at: i64, note: Option<&str>) -> Seal {
    Seal::of("slot")
        .text(schedule)
        .number(scheduled)
        .text(end.name())
        .maybe_text(end.job().map(JobId::as_str))
        .number(at)
        .maybe_text(note)
}
