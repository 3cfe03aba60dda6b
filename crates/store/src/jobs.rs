//! Many jobs: pages of them, those that a server goes on with, and those that have had their time.
//!
//! Knows the indexes of the table `job` and the tables that hang on it; each function runs in the transaction of its
//! caller.

use model::{JobId, JobState};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use crate::column::number;
use crate::fault::Fault;
use crate::job::{self, Job, JobSummary};
use crate::job_kind::Origin;
use crate::job_row::{head, read, read_summary, whole};

/// Which jobs are asked for: those that fit every given part. The default asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// In one of these states; in any when empty.
    pub states: Vec<JobState>,
    /// Of the saved query with this document id.
    pub query: Option<String>,
    /// Over the connection with this document id.
    pub connection: Option<String>,
    /// Of this origin.
    pub origin: Option<Origin>,
    /// That send rows of this job again.
    pub parent: Option<JobId>,
    /// Made then or later, in seconds since 1970-01-01 UTC.
    pub created_from: Option<i64>,
    /// Made before, in seconds since 1970-01-01 UTC.
    pub created_to: Option<i64>,
    /// With an id that begins so.
    pub search: Option<String>,
}

/// The newest jobs, newest first.
pub(crate) async fn newest(connection: &mut SqliteConnection, most: u32) -> Result<Vec<Job>, Fault> {
    let select = concat!("SELECT ", whole!(), " FROM job ORDER BY created DESC, id DESC LIMIT $1");
    let rows = sqlx::query(select).bind(i64::from(most)).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// A page of jobs, newest first, after the job that the last page ended with.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    filter: &JobFilter,
    after: Option<&JobId>,
    limit: u32,
) -> Result<Vec<JobSummary>, Fault> {
    let mut select: QueryBuilder<Sqlite> = QueryBuilder::new(concat!("SELECT ", head!(), " FROM job WHERE 1 = 1"));
    if let Some(after) = after {
        let made = sqlx::query_scalar("SELECT created FROM job WHERE id = $1").bind(after.as_str());
        let made: Option<i64> = made.fetch_optional(&mut *connection).await?;
        match made {
            Some(made) => {
                select.push(" AND (created, id) < (").push_bind(made).push(", ").push_bind(after.as_str()).push(")");
            }
            // Deleted since the last page; ids sort by time as well.
            None => drop(select.push(" AND id < ").push_bind(after.as_str())),
        }
    }
    if !filter.states.is_empty() {
        let mut states = select.push(" AND state IN (").separated(", ");
        for state in &filter.states {
            states.push_bind(state.name());
        }
        select.push(")");
    }
    if let Some(query) = &filter.query {
        select.push(" AND query = ").push_bind(query);
    }
    if let Some(over) = &filter.connection {
        select.push(" AND connection = ").push_bind(over);
    }
    if let Some(origin) = filter.origin {
        select.push(" AND origin = ").push_bind(origin.name());
    }
    if let Some(parent) = &filter.parent {
        select.push(" AND parent = ").push_bind(parent.as_str());
    }
    if let Some(from) = filter.created_from {
        select.push(" AND created >= ").push_bind(from);
    }
    if let Some(to) = filter.created_to {
        select.push(" AND created < ").push_bind(to);
    }
    if let Some(begin) = &filter.search {
        select.push(" AND substr(id, 1, length(").push_bind(begin).push(")) = ").push_bind(begin);
    }
    select.push(" ORDER BY created DESC, id DESC LIMIT ").push_bind(i64::from(limit));
    select.build().fetch_all(connection).await?.iter().map(read_summary).collect()
}

/// The newest job of each of these queries that has one, in no order.
pub(crate) async fn newest_of(connection: &mut SqliteConnection, queries: &[String]) -> Result<Vec<JobSummary>, Fault> {
    let mut select = QueryBuilder::<Sqlite>::new(concat!("SELECT ", head!(), " FROM job WHERE id IN ("));
    for (place, query) in queries.iter().enumerate() {
        select.push(if place == 0 {
            "(SELECT id FROM job WHERE query = "
        } else {
            ", (SELECT id FROM job WHERE query = "
        });
        select.push_bind(query).push(" ORDER BY created DESC, id DESC LIMIT 1)");
    }
    select.push(")");
    select.build().fetch_all(connection).await?.iter().map(read_summary).collect()
}

/// Those of these jobs that are there, in no order.
pub(crate) async fn of(connection: &mut SqliteConnection, ids: &[JobId]) -> Result<Vec<JobSummary>, Fault> {
    let mut select = QueryBuilder::<Sqlite>::new(concat!("SELECT ", head!(), " FROM job WHERE id IN ("));
    let mut places = select.separated(", ");
    for id in ids {
        places.push_bind(id.as_str());
    }
    select.push(")");
    select.build().fetch_all(connection).await?.iter().map(read_summary).collect()
}

/// The jobs that a server is at work on or goes on with, oldest first, without their large columns.
pub(crate) async fn open_summaries(connection: &mut SqliteConnection) -> Result<Vec<JobSummary>, Fault> {
    let mut select = of_open(concat!("SELECT ", head!(), " FROM job"));
    select.build().fetch_all(connection).await?.iter().map(read_summary).collect()
}

fn of_open(select: &'static str) -> QueryBuilder<Sqlite> {
    let mut select = QueryBuilder::new(select);
    let mut states = select.push(" WHERE origin = 'server' AND state IN (").separated(", ");
    for state in JobState::all().filter(|state| state.is_open()) {
        states.push_bind(state.name());
    }
    select.push(") ORDER BY created, id");
    select
}

/// Jobs of a server in one of these states for which no notices were written yet, oldest change first.
pub(crate) async fn untold(
    connection: &mut SqliteConnection,
    states: &[JobState],
    limit: u32,
) -> Result<Vec<JobSummary>, Fault> {
    if states.is_empty() {
        return Ok(Vec::new());
    }
    // The first two conditions are those of the index `job_untold`, word for word: told jobs are not in it.
    let mut select: QueryBuilder<Sqlite> = QueryBuilder::new(concat!(
        "SELECT ",
        head!(),
        " FROM job WHERE origin = 'server' AND (told IS NULL OR told <> state) AND state IN ("
    ));
    let mut names = select.separated(", ");
    for state in states {
        names.push_bind(state.name());
    }
    select.push(") ORDER BY updated, id LIMIT ").push_bind(i64::from(limit));
    select.build().fetch_all(connection).await?.iter().map(read_summary).collect()
}

/// How many jobs are in each state that any is in, in the order of a job's life.
pub(crate) async fn by_state(connection: &mut SqliteConnection) -> Result<Vec<(JobState, u64)>, Fault> {
    let rows = sqlx::query("SELECT state, COUNT(*) FROM job GROUP BY state").fetch_all(connection).await?;
    let mut found = Vec::new();
    for row in &rows {
        found.push((row.try_get::<String, _>(0)?, number(row.try_get(1)?)?));
    }
    let count = |state: JobState| found.iter().find(|(name, _)| name == state.name()).map(|(_, count)| (state, *count));
    Ok(JobState::all().filter_map(count).collect())
}

/// Ids that begin with `prefix`, newest first.
pub(crate) async fn ids(connection: &mut SqliteConnection, prefix: &str, most: u32) -> Result<Vec<JobId>, Fault> {
    let select = "SELECT id FROM job WHERE substr(id, 1, length($1)) = $1 ORDER BY created DESC, id DESC LIMIT $2";
    let ids: Vec<String> = sqlx::query_scalar(select).bind(prefix).bind(i64::from(most)).fetch_all(connection).await?;
    ids.iter().map(|id| id.parse().map_err(|_| Fault::Damaged("a job has no proper id".into()))).collect()
}

/// Deletes a job with everything that hangs on it.
pub(crate) async fn delete(connection: &mut SqliteConnection, id: &JobId) -> Result<(), Fault> {
    let job = job::find(&mut *connection, id).await?.ok_or_else(|| Fault::NoJob(id.clone()))?;
    if job.origin == Origin::Server && job.state.is_open() {
        return Err(Fault::Open { job: job.id, state: job.state });
    }
    remove(connection, id).await
}

/// Deletes at most `most` jobs that ended before `before`, oldest end first.
pub(crate) async fn sweep(connection: &mut SqliteConnection, before: i64, most: u32) -> Result<Vec<JobId>, Fault> {
    let select = "SELECT id FROM job WHERE finished < $1 ORDER BY finished, id LIMIT $2";
    let ids: Vec<String> =
        sqlx::query_scalar(select).bind(before).bind(i64::from(most)).fetch_all(&mut *connection).await?;
    let mut swept = Vec::new();
    for id in ids {
        let id: JobId = id.parse().map_err(|_| Fault::Damaged("a job has no proper id".into()))?;
        remove(&mut *connection, &id).await?;
        swept.push(id);
    }
    Ok(swept)
}

async fn remove(connection: &mut SqliteConnection, id: &JobId) -> Result<(), Fault> {
    for statement in [
        "DELETE FROM mark WHERE job = $1",
        "DELETE FROM rejection WHERE job = $1",
        "DELETE FROM watermark WHERE job = $1",
        "DELETE FROM log WHERE job = $1",
        "DELETE FROM job WHERE id = $1",
    ] {
        sqlx::query(statement).bind(id.as_str()).execute(&mut *connection).await?;
    }
    Ok(())
}
