//! The outbox at work: which notices are due, who claims one, what came of it, and what a clock that was ahead put off.
//!
//! Knows the order of the moves; how a notice is kept is `notice`'s, when it is tried again is the caller's.

use serde_json::json;
use sqlx::SqliteConnection;

use crate::fault::Fault;
use crate::notice::{self, Notice, NoticeChannel, NoticeEnd, NoticeState, select};

/// Notices of a channel to try by `now`, those that have been due longest first, but none for the targets `but`.
pub(crate) async fn due(
    connection: &mut SqliteConnection,
    channel: NoticeChannel,
    now: i64,
    but: &[String],
    limit: u32,
) -> Result<Vec<Notice>, Fault> {
    let query = sqlx::query(select!(
        "WHERE next <= $1 AND channel = $2 AND target NOT IN (SELECT value FROM json_each($3)) ORDER BY next, id LIMIT $4"
    ));
    let query = query.bind(now).bind(channel.name()).bind(json!(but).to_string()).bind(i64::from(limit));
    query.fetch_all(connection).await?.iter().map(notice::read).collect()
}

/// Notices of a channel, or of one of its targets, that wait since before `before`, the oldest first.
pub(crate) async fn waiting(
    connection: &mut SqliteConnection,
    channel: NoticeChannel,
    target: Option<&str>,
    before: i64,
    limit: u32,
) -> Result<Vec<Notice>, Fault> {
    let query = sqlx::query(select!(
        "WHERE state = 'waiting' AND created < $1 AND channel = $2 AND ($3 IS NULL OR target = $3) ORDER BY created, id LIMIT $4"
    ));
    let query = query.bind(before).bind(channel.name()).bind(target).bind(i64::from(limit));
    query.fetch_all(connection).await?.iter().map(notice::read).collect()
}

/// Counts a try that begins now, and puts the next one off; a conflict when the notice has come to its end already.
pub(crate) async fn claim(connection: &mut SqliteConnection, id: &str, next: i64) -> Result<(), Fault> {
    let mut notice = open(&mut *connection, id).await?;
    notice.attempts = notice.attempts.saturating_add(1);
    notice.next = Some(next);
    notice::update(connection, &notice).await
}

/// Keeps what came of a try; a conflict when the notice has come to its end already.
pub(crate) async fn settle(connection: &mut SqliteConnection, id: &str, end: &NoticeEnd) -> Result<(), Fault> {
    let mut notice = open(&mut *connection, id).await?;
    (notice.state, notice.next, notice.error, notice.ended) = match end.clone() {
        NoticeEnd::Sent { at } => (NoticeState::Sent, None, None, Some(at)),
        NoticeEnd::Later { error, next } => (NoticeState::Waiting, Some(next), Some(error), None),
        NoticeEnd::BrokenOff { next } => {
            notice.attempts = notice.attempts.saturating_sub(1);
            (NoticeState::Waiting, Some(next), notice.error, None)
        }
        NoticeEnd::Failed { error, at } => (NoticeState::Failed, None, Some(error), Some(at)),
    };
    notice::update(connection, &notice).await
}

/// Makes at most `most` notices due at `now` whose next try lies further ahead than any does: of those never tried, any time
/// ahead; of the others, more than `longest` seconds. Returns how many.
pub(crate) async fn pull(connection: &mut SqliteConnection, now: i64, longest: i64, most: u32) -> Result<u64, Fault> {
    let query = sqlx::query(select!("WHERE next > $1 AND (attempts = 0 OR next > $2) ORDER BY next DESC LIMIT $3"));
    let query = query.bind(now).bind(now.saturating_add(longest)).bind(i64::from(most));
    let far = query.fetch_all(&mut *connection).await?.iter().map(notice::read).collect::<Result<Vec<_>, _>>()?;
    for notice in &far {
        notice::update(&mut *connection, &Notice { next: Some(now), ..notice.clone() }).await?;
    }
    Ok(far.len() as u64)
}

/// The notice of this id, which still waits.
async fn open(connection: &mut SqliteConnection, id: &str) -> Result<Notice, Fault> {
    let notice = notice::find(connection, id).await?.ok_or_else(|| Fault::Missing(format!("notice {id}")))?;
    match notice.state {
        NoticeState::Waiting => Ok(notice),
        NoticeState::Sent | NoticeState::Failed => Err(Fault::Conflict(format!("notice {id}"))),
    }
}
