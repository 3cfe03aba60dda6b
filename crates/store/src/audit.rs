//! The audit log: who changed what, each entry chained to the one before it.
//!
//! Knows the tables `audit` and `audit_chain`. The chain (SHA-256) shows an entry that was changed, left out or put in
//! between; whoever may write the whole file may also write a new chain.

use ring::digest::{Context, SHA256};
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::{Seal, bound, from_text, hash, number, to_text};
use crate::fault::Fault;

/// Entries read at once while the chain is proved.
const PAGE: i64 = 1_000;

/// What somebody did. Control characters are written as escapes when it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// When, in seconds since 1970-01-01 UTC.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// From where.
    pub address: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// Further particulars; never a secret.
    pub detail: Value,
}

/// An entry as it was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditLine {
    /// Its number, from 1.
    pub number: u64,
    /// What it says.
    pub entry: AuditEntry,
}

/// What the proof of the chain found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditChain {
    /// Every entry follows from the one before it.
    Whole {
        /// Entries that are there.
        entries: u64,
    },
    /// An entry was changed, is gone, or was put in between.
    Broken {
        /// The number of the first one that does not fit.
        number: u64,
    },
}

/// The ends of the chain: the last entry that was removed for its age, and the last one that was appended.
#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    first_number: i64,
    first_hash: [u8; 32],
    last_number: i64,
    last_hash: [u8; 32],
}

/// Appends an entry.
pub(crate) async fn append(connection: &mut SqliteConnection, entry: &AuditEntry) -> Result<(), Fault> {
    let mut ends = ends(&mut *connection).await?;
    let columns = Columns {
        number: ends.last_number + 1,
        at: entry.at,
        texts: [&entry.actor, &entry.address, &entry.action, &entry.object].map(|text| escaped(text)),
        detail: to_text(&plain(&entry.detail))?,
    };
    (ends.last_number, ends.last_hash) = (columns.number, columns.hash(&ends.last_hash));
    let insert = "INSERT INTO audit (number, at, actor, address, action, object, detail, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let query = sqlx::query(insert).bind(columns.number).bind(columns.at);
    let query = columns.texts.iter().fold(query, |query, text| query.bind(text));
    query.bind(&columns.detail).bind(ends.last_hash.as_slice()).execute(&mut *connection).await?;
    save_ends(connection, &ends).await
}

/// Entries with a number below `before`, newest first.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<AuditLine>, Fault> {
    let select = "SELECT number, at, actor, address, action, object, detail, hash FROM audit WHERE number < $1
        ORDER BY number DESC LIMIT $2";
    let query = sqlx::query(select).bind(before.map_or(i64::MAX, bound)).bind(i64::from(limit));
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| Columns::read(row)?.line()).collect()
}

/// Follows the chain from its first entry to its last.
pub(crate) async fn verify(connection: &mut SqliteConnection) -> Result<AuditChain, Fault> {
    let select = "SELECT number, at, actor, address, action, object, detail, hash FROM audit WHERE number > $1
        ORDER BY number LIMIT $2";
    let ends = ends(&mut *connection).await?;
    // From below the first entry, so that one that should have been removed shows as well.
    let (mut after, mut expected, mut last) = (0, ends.first_number + 1, ends.first_hash);
    let broken = |place: i64| Ok(AuditChain::Broken { number: number(place)? });
    loop {
        let page = sqlx::query(select).bind(after).bind(PAGE).fetch_all(&mut *connection).await?;
        if page.is_empty() {
            break;
        }
        for row in &page {
            let columns = Columns::read(row)?;
            let found: Vec<u8> = row.try_get(7)?;
            let hash = columns.hash(&last);
            if columns.number != expected || found != hash {
                return broken(expected);
            }
            (after, expected, last) = (expected, expected + 1, hash);
        }
    }
    if expected != ends.last_number + 1 || last != ends.last_hash {
        return broken(expected);
    }
    Ok(AuditChain::Whole { entries: number(ends.last_number - ends.first_number)? })
}

/// Removes at most `most` entries from the beginning that are older than `before`; returns how many.
pub(crate) async fn sweep(connection: &mut SqliteConnection, before: i64, most: u32) -> Result<u64, Fault> {
    let select = "SELECT number, at, hash FROM audit ORDER BY number LIMIT $1";
    let rows = sqlx::query(select).bind(i64::from(most)).fetch_all(&mut *connection).await?;
    let (mut count, mut end) = (0, None);
    for row in &rows {
        // A clock that went back does not tear a hole: what follows a younger entry stays.
        if row.try_get::<i64, _>(1)? >= before {
            break;
        }
        count += 1;
        end = Some((row.try_get(0)?, hash(row.try_get(2)?)?));
    }
    if let Some((place, hash)) = end {
        sqlx::query("DELETE FROM audit WHERE number <= $1").bind(place).execute(&mut *connection).await?;
        let ends = ends(&mut *connection).await?;
        save_ends(connection, &Ends { first_number: place, first_hash: hash, ..ends }).await?;
    }
    Ok(count)
}

async fn ends(connection: &mut SqliteConnection) -> Result<Ends, Fault> {
    let select = "SELECT first_number, first_hash, last_number, last_hash, seal FROM audit_chain WHERE one = 1";
    let Some(row) = sqlx::query(select).fetch_optional(connection).await? else { return Ok(Ends::default()) };
    let ends = Ends {
        first_number: row.try_get(0)?,
        first_hash: hash(row.try_get(1)?)?,
        last_number: row.try_get(2)?,
        last_hash: hash(row.try_get(3)?)?,
    };
    ends_seal(&ends).check(row.try_get(4)?, || "the end of the audit log has changed".into())?;
    Ok(ends)
}

async fn save_ends(connection: &mut SqliteConnection, ends: &Ends) -> Result<(), Fault> {
    let upsert = "INSERT INTO audit_chain (one, first_number, first_hash, last_number, last_hash, seal)
        VALUES (1, $1, $2, $3, $4, $5)
        ON CONFLICT (one) DO UPDATE SET first_number = excluded.first_number, first_hash = excluded.first_hash,
            last_number = excluded.last_number, last_hash = excluded.last_hash, seal = excluded.seal";
    sqlx::query(upsert)
        .bind(ends.first_number)
        .bind(ends.first_hash.as_slice())
        .bind(ends.last_number)
        .bind(ends.last_hash.as_slice())
        .bind(ends_seal(ends).value())
        .execute(connection)
        .await?;
    Ok(())
}

fn ends_seal(ends: &Ends) -> Seal {
    Seal::of("audit_chain")
        .number(ends.first_number)
        .bytes(&ends.first_hash)
        .number(ends.last_number)
        .bytes(&ends.last_hash)
}

/// An entry as it stands in the table.
struct Columns {
    number: i64,
    at: i64,
    /// Actor, address, action, object.
    texts: [String; 4],
    detail: String,
}

impl Columns {
    fn read(row: &SqliteRow) -> Result<Columns, Fault> {
        Ok(Columns {
            number: row.try_get(0)?,
            at: row.try_get(1)?,
            texts: [row.try_get(2)?, row.try_get(3)?, row.try_get(4)?, row.try_get(5)?],
            detail: row.try_get(6)?,
        })
    }

    fn line(self) -> Result<AuditLine, Fault> {
        let damaged = || Fault::Damaged(format!("audit entry {} has changed", self.number));
        let detail = from_text(&self.detail).ok_or_else(damaged)?;
        let [actor, address, action, object] = self.texts;
        let entry = AuditEntry { at: self.at, actor, address, action, object, detail };
        Ok(AuditLine { number: number(self.number)?, entry })
    }

    fn hash(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut digest = Context::new(&SHA256);
        digest.update(previous);
        digest.update(&self.number.to_le_bytes());
        digest.update(&self.at.to_le_bytes());
        for text in self.texts.iter().chain([&self.detail]) {
            // The length goes first, so that neighbours cannot trade bytes.
            digest.update(&(text.len() as u64).to_le_bytes());
            digest.update(text.as_bytes());
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(digest.finish().as_ref());
        hash
    }
}

/// A text that cannot forge a line or turn the order of its characters round.
fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        let turns = matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || turns {
            plain.extend(character.escape_default());
        } else {
            plain.push(character);
        }
    }
    plain
}

/// The same document with every text and name escaped.
fn plain(value: &Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => Value::String(escaped(text)),
        Value::Array(values) => Value::Array(values.iter().map(plain).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (escaped(name), plain(value))).collect())
        }
    }
}
