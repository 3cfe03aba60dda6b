//! Sealed records as rows, and which master key is the current one.
//!
//! Knows the tables `secret` and `master_key`; not how a record is sealed.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

use crate::column::{Seal, number};
use crate::fault::Fault;
use crate::keys::KeyId;
use crate::prove::each;

/// A sealed secret in its place.
#[derive(Debug, Clone)]
pub(crate) struct SealedSecret {
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) key: KeyId,
    pub(crate) record: Vec<u8>,
}

/// What is known of the master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MasterState {
    /// The key that new secrets are sealed with.
    pub(crate) current: KeyId,
    /// Secrets of an older key may be left, or the key file may still hold it.
    pub(crate) rotating: bool,
}

macro_rules! select {
    ($which:literal) => {
        concat!("SELECT owner, name, key_id, record, seal FROM secret ", $which)
    };
}

/// The sealed secret of this place.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    owner: &str,
    name: &str,
) -> Result<Option<SealedSecret>, Fault> {
    let query = sqlx::query(select!("WHERE owner = $1 AND name = $2")).bind(owner).bind(name);
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Secrets that are sealed with another key than this one.
pub(crate) async fn of_others(
    connection: &mut SqliteConnection,
    key: KeyId,
    limit: u32,
) -> Result<Vec<SealedSecret>, Fault> {
    let query = sqlx::query(select!("WHERE key_id <> $1 ORDER BY owner, name LIMIT $2"));
    let rows = query.bind(key.to_string()).bind(i64::from(limit)).fetch_all(connection).await?;
    rows.iter().map(read).collect()
}

/// The keys that secrets are sealed with.
pub(crate) async fn keys(connection: &mut SqliteConnection) -> Result<Vec<KeyId>, Fault> {
    let select = sqlx::query_scalar("SELECT DISTINCT key_id FROM secret ORDER BY key_id");
    let keys: Vec<String> = select.fetch_all(connection).await?;
    let damaged = || Fault::Damaged("the key of a secret has changed".into());
    keys.iter().map(|key| key_id(key).ok_or_else(damaged)).collect()
}

/// How many secrets there are, and how many of them are sealed with another key than this one.
pub(crate) async fn count(connection: &mut SqliteConnection, key: Option<KeyId>) -> Result<(u64, u64), Fault> {
    let select = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN key_id <> $1 THEN 1 ELSE 0 END), 0) FROM secret";
    let key = key.map(|key| key.to_string()).unwrap_or_default();
    let row = sqlx::query(select).bind(key).fetch_one(connection).await?;
    Ok((number(row.try_get(0)?)?, number(row.try_get(1)?)?))
}

/// The state of the master key; none when nothing was ever sealed, or everything forgotten.
pub(crate) async fn master(connection: &mut SqliteConnection) -> Result<Option<MasterState>, Fault> {
    let select = "SELECT key_id, rotating, seal FROM master_key WHERE one = 1";
    let Some(row) = sqlx::query(select).fetch_optional(connection).await? else { return Ok(None) };
    let (key, rotating): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
    let changed = || "the id of the master key has changed".to_owned();
    master_seal(&key, rotating).check(row.try_get(2)?, changed)?;
    let current = key_id(&key).ok_or_else(|| Fault::Damaged(changed()))?;
    Ok(Some(MasterState { current, rotating: rotating != 0 }))
}

/// Notes the state of the master key.
pub(crate) async fn set_master(connection: &mut SqliteConnection, state: MasterState) -> Result<(), Fault> {
    let upsert = "INSERT INTO master_key (one, key_id, rotating, seal) VALUES (1, $1, $2, $3)
        ON CONFLICT (one) DO UPDATE SET key_id = excluded.key_id, rotating = excluded.rotating, seal = excluded.seal";
    let (key, rotating) = (state.current.to_string(), i64::from(state.rotating));
    let seal = master_seal(&key, rotating).value();
    sqlx::query(upsert).bind(&key).bind(rotating).bind(seal).execute(connection).await?;
    Ok(())
}

/// Keeps a sealed secret in the place of an earlier one. Its key must be the current one, or the first one.
pub(crate) async fn put(connection: &mut SqliteConnection, secret: &SealedSecret) -> Result<(), Fault> {
    let state = master(&mut *connection).await?;
    if state.map(|state| state.current) != Some(secret.key) {
        if count(&mut *connection, None).await?.0 > 0 {
            return Err(Fault::StaleKey);
        }
        set_master(&mut *connection, MasterState { current: secret.key, rotating: false }).await?;
    }
    let upsert = "INSERT INTO secret (owner, name, key_id, record, seal) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (owner, name) DO UPDATE SET key_id = excluded.key_id, record = excluded.record,
            seal = excluded.seal";
    let key = secret.key.to_string();
    sqlx::query(upsert)
        .bind(&secret.owner)
        .bind(&secret.name)
        .bind(&key)
        .bind(&secret.record)
        .bind(seal(&secret.owner, &secret.name, &key, &secret.record).value())
        .execute(connection)
        .await?;
    Ok(())
}

/// Puts a record that another key wraps in the place of the same secret's, unless that was changed meanwhile.
pub(crate) async fn rewrap(
    connection: &mut SqliteConnection,
    old: &SealedSecret,
    key: KeyId,
    record: &[u8],
) -> Result<(), Fault> {
    let update = "UPDATE secret SET key_id = $3, record = $4, seal = $5 WHERE owner = $1 AND name = $2 AND record = $6";
    let key = key.to_string();
    sqlx::query(update)
        .bind(&old.owner)
        .bind(&old.name)
        .bind(&key)
        .bind(record)
        .bind(seal(&old.owner, &old.name, &key, record).value())
        .bind(&old.record)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes that nothing of another key than this one is left.
pub(crate) async fn end_rotation(connection: &mut SqliteConnection, key: KeyId) -> Result<(), Fault> {
    match master(&mut *connection).await? {
        Some(state) if state.current == key => set_master(connection, MasterState { rotating: false, ..state }).await,
        Some(_) | None => Ok(()),
    }
}

/// Deletes all secrets of an owner.
pub(crate) async fn delete_of(connection: &mut SqliteConnection, owner: &str) -> Result<(), Fault> {
    sqlx::query("DELETE FROM secret WHERE owner = $1").bind(owner).execute(connection).await?;
    Ok(())
}

/// Deletes every secret, and forgets the master key; returns how many there were.
pub(crate) async fn forget(connection: &mut SqliteConnection) -> Result<u64, Fault> {
    let done = sqlx::query("DELETE FROM secret").execute(&mut *connection).await?;
    sqlx::query("DELETE FROM master_key").execute(connection).await?;
    Ok(done.rows_affected())
}

/// Reads every secret, still sealed.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    each(&mut *connection, select!(""), |row| read(row).map(drop)).await?;
    master(connection).await.map(drop)
}

fn read(row: &SqliteRow) -> Result<SealedSecret, Fault> {
    let (owner, name, key): (String, String, String) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    let record: Vec<u8> = row.try_get(3)?;
    let changed = || format!("the secret {name} of {owner} has changed");
    seal(&owner, &name, &key, &record).check(row.try_get(4)?, changed)?;
    let key = key_id(&key).ok_or_else(|| Fault::Damaged(changed()))?;
    Ok(SealedSecret { owner, name, key, record })
}

fn key_id(text: &str) -> Option<KeyId> {
    let number = u64::from_str_radix(text, 16).ok()?;
    let key = KeyId(number.to_be_bytes());
    (key.to_string() == text).then_some(key)
}

fn seal(owner: &str, name: &str, key: &str, record: &[u8]) -> Seal {
    Seal::of("secret").text(owner).text(name).text(key).bytes(record)
}

fn master_seal(key: &str, rotating: i64) -> Seal {
    Seal::of("master_key").text(key).number(rotating)
}
