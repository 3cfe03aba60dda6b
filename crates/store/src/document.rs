//! Named documents: saved connections, tables, queries and their like, each a JSON body with a revision.
//!
//! Knows the table `document`; what a kind or a body means is the caller's.

use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};

use crate::column::{Seal, column, from_text, number, to_text};
use crate::fault::{Fault, Trouble};
use crate::prove::each;

/// Names that are looked through in one go.
const NAMES: i64 = 1_000;
/// Names in one statement.
const CHUNK: usize = 500;

/// A named document. Its body holds no secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its id, unique over all kinds.
    pub id: String,
    /// What it is, such as `connection`.
    pub kind: String,
    /// Its name, unique within its kind; upper and lower case differ.
    pub name: String,
    /// Counts its changes.
    pub revision: u64,
    /// When it was made, in seconds since 1970-01-01 UTC.
    pub created: i64,
    /// When it last changed, in seconds since 1970-01-01 UTC.
    pub updated: i64,
    /// What it says.
    pub body: Value,
}

macro_rules! select {
    ($which:literal) => {
        concat!("SELECT id, kind, name, revision, created, updated, body, seal FROM document ", $which)
    };
}

/// The document of this kind and name.
pub(crate) async fn named(
    connection: &mut SqliteConnection,
    kind: &str,
    name: &str,
) -> Result<Option<Document>, Fault> {
    let query = sqlx::query(select!("WHERE kind = $1 AND name = $2")).bind(kind).bind(name);
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// The document of this id.
pub(crate) async fn find(connection: &mut SqliteConnection, id: &str) -> Result<Option<Document>, Fault> {
    let query = sqlx::query(select!("WHERE id = $1")).bind(id);
    query.fetch_optional(connection).await?.as_ref().map(read).transpose()
}

/// Documents of a kind by name, with names after `after`.
pub(crate) async fn page(
    connection: &mut SqliteConnection,
    kind: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Document>, Fault> {
    let rows = match after {
        Some(after) => {
            let query = sqlx::query(select!("WHERE kind = $1 AND name > $2 ORDER BY name LIMIT $3"));
            query.bind(kind).bind(after).bind(i64::from(limit)).fetch_all(connection).await?
        }
        None => {
            let query = sqlx::query(select!("WHERE kind = $1 ORDER BY name LIMIT $2"));
            query.bind(kind).bind(i64::from(limit)).fetch_all(connection).await?
        }
    };
    rows.iter().map(read).collect()
}

/// Documents of a kind by name, with names after `after` in which this text stands; upper and lower case do not differ.
/// Bodies of others are not read: names alone are looked through, in an index.
pub(crate) async fn like(
    connection: &mut SqliteConnection,
    kind: &str,
    text: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Document>, Fault> {
    let (text, most) = (text.to_lowercase(), usize::try_from(limit).unwrap_or(usize::MAX));
    let (mut found, mut after) = (Vec::new(), after.unwrap_or_default().to_owned());
    loop {
        let names =
            sqlx::query_scalar("SELECT name FROM document WHERE kind = $1 AND name > $2 ORDER BY name LIMIT $3");
        let names: Vec<String> = names.bind(kind).bind(&after).bind(NAMES).fetch_all(&mut *connection).await?;
        let last = (names.len() as i64) < NAMES;
        after = names.last().cloned().unwrap_or_default();
        // Here and not in SQL, where LIKE knows the case of English letters alone.
        found.extend(names.into_iter().filter(|name| name.to_lowercase().contains(&text)));
        if last || found.len() >= most {
            break;
        }
    }
    found.truncate(most);
    of_names(connection, kind, &found).await
}

/// Those of these documents that are there; in order where the names are.
pub(crate) async fn of_names(
    connection: &mut SqliteConnection,
    kind: &str,
    names: &[String],
) -> Result<Vec<Document>, Fault> {
    let mut documents = Vec::with_capacity(names.len());
    for names in names.chunks(CHUNK) {
        let mut select = QueryBuilder::<Sqlite>::new(select!("WHERE kind = "));
        let mut places = select.push_bind(kind).push(" AND name IN (").separated(", ");
        for name in names {
            places.push_bind(name);
        }
        select.push(") ORDER BY name");
        for row in &select.build().fetch_all(&mut *connection).await? {
            documents.push(read(row)?);
        }
    }
    Ok(documents)
}

/// How many documents of a kind there are.
pub(crate) async fn count(connection: &mut SqliteConnection, kind: &str) -> Result<u64, Fault> {
    let count = sqlx::query_scalar("SELECT COUNT(*) FROM document WHERE kind = $1").bind(kind);
    number(count.fetch_one(connection).await?)
}

/// Reads every document.
pub(crate) async fn prove(connection: &mut SqliteConnection) -> Result<(), Fault> {
    each(connection, select!(""), |row| read(row).map(drop)).await
}

/// Keeps a new document.
pub(crate) async fn insert(connection: &mut SqliteConnection, document: &Document) -> Result<(), Fault> {
    let insert = "INSERT INTO document (id, kind, name, revision, created, updated, body, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    write(connection, insert, document).await
}

/// Gives a document another name and body, when it has the revision expected.
pub(crate) async fn replace(
    connection: &mut SqliteConnection,
    id: &str,
    expected: Option<u64>,
    name: &str,
    body: &Value,
    now: i64,
) -> Result<(), Fault> {
    let missing = || Fault::Missing(format!("document {id}"));
    let mut document = find(&mut *connection, id).await?.ok_or_else(missing)?;
    if expected.is_some_and(|expected| expected != document.revision) {
        return Err(Fault::Conflict(format!("{} {}", document.kind, document.name)));
    }
    document.revision += 1;
    document.updated = now;
    document.name = name.to_owned();
    document.body = body.clone();
    let update = "UPDATE document SET kind = $2, name = $3, revision = $4, created = $5, updated = $6, body = $7,
        seal = $8 WHERE id = $1";
    write(connection, update, &document).await
}

/// Deletes a document.
pub(crate) async fn delete(connection: &mut SqliteConnection, id: &str) -> Result<(), Fault> {
    let done = sqlx::query("DELETE FROM document WHERE id = $1").bind(id).execute(connection).await?;
    if done.rows_affected() == 0 { Err(Fault::Missing(format!("document {id}"))) } else { Ok(()) }
}

async fn write(connection: &mut SqliteConnection, statement: &'static str, document: &Document) -> Result<(), Fault> {
    let revision = column(document.revision, "the revision of a document")?;
    let body = to_text(&document.body)?;
    let written = sqlx::query(statement)
        .bind(&document.id)
        .bind(&document.kind)
        .bind(&document.name)
        .bind(revision)
        .bind(document.created)
        .bind(document.updated)
        .bind(&body)
        .bind(seal(document, revision, &body).value())
        .execute(connection)
        .await;
    match written {
        Ok(_) => Ok(()),
        Err(error) if Trouble::of(&error) == Trouble::Duplicate => {
            Err(Fault::Exists(format!("{} {}", document.kind, document.name)))
        }
        Err(error) => Err(error.into()),
    }
}

fn read(row: &SqliteRow) -> Result<Document, Fault> {
    let (revision, body): (i64, String) = (row.try_get(3)?, row.try_get(6)?);
    let mut document = Document {
        id: row.try_get(0)?,
        kind: row.try_get(1)?,
        name: row.try_get(2)?,
        revision: number(revision)?,
        created: row.try_get(4)?,
        updated: row.try_get(5)?,
        body: Value::Null,
    };
    let changed = || format!("document {} has changed", document.id);
    seal(&document, revision, &body).check(row.try_get(7)?, changed)?;
    document.body = from_text(&body).ok_or_else(|| Fault::Damaged(changed()))?;
    Ok(document)
}

fn seal(document: &Document, revision: i64, body: &str) -> Seal {
    Seal::of("document")
        .text(&document.id)
        .text(&document.kind)
        .text(&document.name)
        .number(revision)
        .number(document.created)
        .number(document.updated)
        .text(body)
}
