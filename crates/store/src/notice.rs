//! Notices: what people and their systems are told, each kept until some time after it was taken or given up.
//!
//! Knows the table `notice`; not what a notice says, nor how it travels. Their moves are `outbox`'s. An address never enters `Debug` or an error.

use std::fmt;

use model::JobId;
use serde_json::Value;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use crate::column::{Seal, from_text, number, to_text};
use crate::fault::{Fault, Trouble};
use crate::prove::each;

/// How a notice travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeChannel {
    /// To a mail address.
    Mail,
    /// To a webhook.
    Webhook,
}

/// Where a notice is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeState {
    /// Is to be delivered.
    Waiting,
    /// Was taken.
    Sent,
    /// Was given up.
    Failed,
}

const CHANNELS: [(NoticeChannel, &str); 2] = [(NoticeChannel::Mail, "mail"), (NoticeChannel::Webhook, "webhook")];
const STATES: [(NoticeState, &str); 3] =
    [(NoticeState::Waiting, "waiting"), (NoticeState::Sent, "sent"), (NoticeState::Failed, "failed")];

impl NoticeChannel {
    /// The channel's name, as the database and the API have it.
    pub fn name(self) -> &'static str {
        match self {
            NoticeChannel::Mail => CHANNELS[0].1,
            NoticeChannel::Webhook => CHANNELS[1].1,
        }
    }
}

impl NoticeState {
    /// The state's name, as the database and the API have it.
    pub fn name(self) -> &'static str {
        match self {
            NoticeState::Waiting => STATES[0].1,
            NoticeState::Sent => STATES[1].1,
            NoticeState::Failed => STATES[2].1,
        }
    }
}

/// A notice as it enters the outbox. It is due at once. `Debug` leaves its target and its body out.
#[derive(Clone, PartialEq)]
pub struct NewNotice {
    /// Its id, made as [`JobId::new`] makes them, so that ids sort by time.
    pub id: String,
    /// When it was written, in seconds since 1970-01-01 UTC.
    pub created: i64,
    /// What it is about, such as `job.failed`; the caller's word.
    pub event: String,
    /// The document id of the query that it is about.
    pub query: Option<String>,
    /// The job that it is about. It may be deleted before the notice is.
    pub job: Option<JobId>,
    /// How it travels.
    pub channel: NoticeChannel,
    /// A mail address, or the document id of a webhook.
    pub target: String,
    /// The facts that it tells. Never a row value, never a secret.
    pub body: Value,
}

/// A notice as it is. `Debug` leaves its target, its body and its error out. All times are seconds since 1970-01-01 UTC.
#[derive(Clone, PartialEq)]
pub struct Notice {
    /// Its id.
    pub id: String,
    /// When it was written.
    pub created: i64,
    /// What it is about.
    pub event: String,
    /// The document id of the query that it is about.
    pub query: Option<String>,
    /// The job that it is about. It may have been deleted.
    pub job: Option<JobId>,
    /// How it travels.
    pub channel: NoticeChannel,
    /// A mail address, or the document id of a webhook.
    pub target: String,
    /// The facts that it tells.
    pub body: Value,
    /// Where it is in its life.
    pub state: NoticeState,
    /// How often it was tried, the try under way included.
    pub attempts: u32,
    /// When it is tried next, while it waits; during a try, when it is if nothing is heard of that one.
    pub next: Option<i64>,
    /// Why the last try did not deliver it; the caller's words.
    pub error: Option<String>,
    /// When it was taken or given up.
    pub ended: Option<i64>,
}

/// What came of one try to deliver a notice. `Debug` leaves the error out. Times are seconds since 1970-01-01 UTC.
#[derive(Clone, PartialEq, Eq)]
pub enum NoticeEnd {
    /// It was taken.
    Sent {
        /// When.
        at: i64,
    },
    /// It is tried again.
    Later {
        /// Why it was not taken.
        error: String,
        /// When it is tried next.
        next: i64,
    },
    /// The try was broken off and does not count.
    BrokenOff {
        /// When it is tried next.
        next: i64,
    },
    /// It is given up.
    Failed {
        /// Why it was not taken.
        error: String,
        /// When it was given up.
        at: i64,
    },
}

/// Which notices are asked for: those that fit every given part. The default asks for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeFilter {
    /// About the query with this document id.
    pub query: Option<String>,
    /// In this state.
    pub state: Option<NoticeState>,
    /// About this job.
    pub job: Option<JobId>,
}

impl fmt::Debug for NewNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("NewNotice");
        shown.field("id", &self.id).field("event", &self.event).field("channel", &self.channel).finish_non_exhaustive()
    }
}

impl fmt::Debug for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Notice");
        shown.field("id", &self.id).field("event", &self.event).field("channel", &self.channel);
        shown.field("state", &self.state).field("attempts", &self.attempts).field("next", &self.next);
        shown.finish_non_exhaustive()
    }
}

impl fmt::Debug for NoticeEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoticeEnd::Sent { at } => f.debug_struct("Sent").field("at", at).finish(),
            NoticeEnd::Later { error: _, next } => f.debug_struct("Later").field("next", next).finish_non_exhaustive(),
            NoticeEnd::BrokenOff { next } => f.debug_struct("BrokenOff").field("next", next).finish(),
            NoticeEnd::Failed { error: _, at } => f.debug_struct("Failed").field("at", at).finish_non_exhaustive(),
        }
    }
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT id, created, event, query, job, channel, target, body, state, attempts, next, error, ended, seal FROM notice ",
            $which
        )
    };
}
pub(crate) use select;

/// The notice of this id.
pub(crate) async fn find(connection: &mut SqliteConnection, id: &str) -> Result<Option<Notice>, Fault> {
    let query = sqlx::query(select!("WHERE id = $1")).bind(id);
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// A page of notices, newest first, after the notice that the last page ended with.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    filter: &NoticeFilter,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Notice>, Fault> {
    let mut select: QueryBuilder<Sqlite> = QueryBuilder::new(select!("WHERE 1 = 1"));
    if let Some(after) = after {
        let made = sqlx::query_scalar("SELECT created FROM notice WHERE id = $1").bind(after);
        let made: Option<i64> = made.fetch_optional(&mut *connection).await?;
        match made {
            Some(made) => drop(
                select.push(" AND (created, id) < (").push_bind(made).push(", ").push_bind(after.to_owned()).push(")"),
            ),
            // Swept since the last page; ids sort by time as well.
            None => drop(select.push(" AND id < ").push_bind(after.to_owned())),
        }
    }
    if let Some(query) = &filter.query {
        select.push(" AND query = ").push_bind(query);
    }
    if let Some(state) = filter.state {
        select.push(" AND state = ").push_bind(state.name());
    }
    if let Some(job) = &filter.job {
        select.push(" AND job = ").push_bind(job.as_str());
    }
    select.push(" ORDER BY created DESC, id DESC LIMIT ").push_bind(i64::from(limit));
    select.build().fetch_all(connection).await?.iter().map(read).collect()
}

/// How many notices are in each state that any is in, in the order of a notice's life.
pub(crate) async fn by_state(connection: &mut SqliteConnection) -> Result<Vec<(NoticeState, u64)>, Fault> {
    let rows = sqlx::query("SELECT state, COUNT(*) FROM notice GROUP BY state").fetch_all(connection).await?;
    let mut found = Vec::new();
    for row in &rows {
        found.push((row.try_get::<String, _>(0)?, number(row.try_get(1)?)?));
    }
    let count = |name: &str| found.iter().find(|(found, _)| found == name).map(|(_, count)| *count);
    Ok(STATES.iter().filter_map(|(state, name)| Some((*state, count(name)?))).collect())
}

/// Reads every notice.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    each(connection, select!(""), |row| read(row).map(drop)).await
}

/// Puts a notice into the outbox.
pub(crate) async fn insert(connection: &mut SqliteConnection, new: &NewNotice) -> Result<(), Fault> {
    let insert =
        "INSERT INTO notice (id, created, event, query, job, channel, target, body, state, attempts, next, error,
        ended, seal) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let new = new.clone();
    let notice = Notice {
        next: Some(new.created),
        id: new.id,
        created: new.created,
        event: new.event,
        query: new.query,
        job: new.job,
        channel: new.channel,
        target: new.target,
        body: new.body,
        state: NoticeState::Waiting,
        attempts: 0,
        error: None,
        ended: None,
    };
    match write(connection, insert, &notice).await {
        Err(Fault::Sql(error)) if Trouble::of(&error) == Trouble::Duplicate => {
            Err(Fault::Exists(format!("notice {}", notice.id)))
        }
        other => other,
    }
}

/// Writes a notice that is there as it is now.
pub(crate) async fn update(connection: &mut SqliteConnection, notice: &Notice) -> Result<(), Fault> {
    let update =
        "UPDATE notice SET created = $2, event = $3, query = $4, job = $5, channel = $6, target = $7, body = $8,
        state = $9, attempts = $10, next = $11, error = $12, ended = $13, seal = $14 WHERE id = $1";
    write(connection, update, notice).await
}

/// Deletes at most `most` notices that ended before `before`, the oldest end first; returns how many.
pub(crate) async fn sweep(connection: &mut SqliteConnection, before: i64, most: u32) -> Result<u64, Fault> {
    let delete = "DELETE FROM notice WHERE id IN (SELECT id FROM notice WHERE ended < $1 ORDER BY ended LIMIT $2)";
    let done = sqlx::query(delete).bind(before).bind(i64::from(most)).execute(connection).await?;
    Ok(done.rows_affected())
}

async fn write(connection: &mut SqliteConnection, statement: &'static str, notice: &Notice) -> Result<(), Fault> {
    let body = to_text(&notice.body)?;
    let seal = seal(notice, &body).value();
    let query: sqlx::query::Query<'_, Sqlite, SqliteArguments> = sqlx::query(statement);
    query
        .bind(&notice.id)
        .bind(notice.created)
        .bind(&notice.event)
        .bind(&notice.query)
        .bind(notice.job.as_ref().map(JobId::as_str))
        .bind(notice.channel.name())
        .bind(&notice.target)
        .bind(&body)
        .bind(notice.state.name())
        .bind(i64::from(notice.attempts))
        .bind(notice.next)
        .bind(&notice.error)
        .bind(notice.ended)
        .bind(seal)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) fn read(row: &SqliteRow) -> Result<Notice, Fault> {
    let (id, body): (String, &str) = (row.try_get(0)?, row.try_get(7)?);
    let (job, channel, state): (Option<&str>, &str, &str) = (row.try_get(4)?, row.try_get(5)?, row.try_get(8)?);
    let changed = || format!("notice {id} has changed");
    let wrong = || Fault::Damaged(changed());
    let attempts: i64 = row.try_get(9)?;
    let notice = Notice {
        id: id.clone(),
        created: row.try_get(1)?,
        event: row.try_get(2)?,
        query: row.try_get(3)?,
        job: job.map(|job| job.parse().map_err(|_| wrong())).transpose()?,
        channel: CHANNELS.iter().find(|(_, name)| *name == channel).map(|(known, _)| *known).ok_or_else(wrong)?,
        target: row.try_get(6)?,
        body: from_text(body).ok_or_else(wrong)?,
        state: STATES.iter().find(|(_, name)| *name == state).map(|(known, _)| *known).ok_or_else(wrong)?,
        attempts: u32::try_from(attempts).map_err(|_| wrong())?,
        next: row.try_get(10)?,
        error: row.try_get(11)?,
        ended: row.try_get(12)?,
    };
    seal(&notice, body).check(row.try_get(13)?, changed)?;
    Ok(notice)
}

fn seal(notice: &Notice, body: &str) -> Seal {
    Seal::of("notice")
        .text(&notice.id)
        .number(notice.created)
        .text(&notice.event)
        .maybe_text(notice.query.as_deref())
        .maybe_text(notice.job.as_ref().map(JobId::as_str))
        .text(notice.channel.name())
        .text(&notice.target)
        .text(body)
        .text(notice.state.name())
        .number(i64::from(notice.attempts))
        .maybe_number(notice.next)
        .maybe_text(notice.error.as_deref())
        .maybe_number(notice.ended)
}
