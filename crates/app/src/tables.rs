//! Tables: names bound to files under allowed roots, or uploaded.
//!
//! Knows names and documents; where files may lie is `roots`', how bytes arrive is `uploads`'.

use std::collections::HashMap;
use std::time::Duration;

use api::{Column, Page, Preview, Scope, Table, TableKind, TableSpec};
use model::{Problem, Problems};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Change, Document};

use crate::names::{self, stale_or};
use crate::previews::{SQL, placed, sql_error};
use crate::queries::QUERY;
use crate::roots::{FILES, Roots, problem_of};
use crate::{Actor, App, AppError};

/// The kind of document that a table is.
pub(crate) const TABLE: &str = "table";

/// Longest name.
const LONGEST_NAME: usize = 100;
/// Documents that are looked through at most; more are not had by anybody.
const ALL: u32 = 100_000;
/// Longest time for finding out a table's columns when it is saved: JSON lines are read to their end for it.
const COLUMNS_TIME: Duration = Duration::from_secs(60);

/// Bytes that arrive.
pub struct Upload {
    /// `csv`, `jsonl` or `parquet`.
    pub format: String,
    /// The bytes as they come; an error breaks the upload off and nothing is kept.
    pub chunks: tokio::sync::mpsc::Receiver<Result<Vec<u8>, std::io::Error>>,
}

/// What is kept of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum TableBody {
    /// Files that are read where they lie.
    Bound {
        /// As they were written.
        files: String,
    },
    /// A file that was uploaded.
    Uploaded {
        /// `csv`, `jsonl` or `parquet`.
        format: String,
        /// Its size.
        bytes: u64,
        /// Its name in the data directory's `tables`.
        file: String,
        /// Its SHA-256 in hexadecimal.
        sha256: String,
        /// Its rows.
        rows: u64,
        /// Its columns.
        columns: Vec<Column>,
    },
}

impl App {
    /// Tables by name; columns and counts are not read.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn tables(&self, actor: &Actor, after: Option<&str>, limit: u32) -> Result<Page<Table>, AppError> {
        actor.require(Scope::Read)?;
        let documents = self.0.store.documents(TABLE, after, limit).await?;
        let next = names::next_page(&documents, limit);
        let users = self.table_users().await?;
        let view = |document| {
            let body = body_of(&document)?;
            Ok(view(document, body, &users))
        };
        let items = documents.into_iter().map(view).collect::<Result<Vec<_>, AppError>>()?;
        Ok(Page { items, next })
    }

    /// One table with its columns and rows; those of files that others write are read now.
    ///
    /// # Errors
    /// There is no such table; see [`AppError`]. Why its files cannot be read is in the answer.
    pub async fn table(&self, actor: &Actor, name: &str) -> Result<Table, AppError> {
        actor.require(Scope::Read)?;
        let document = self.table_document(name).await?;
        let body = body_of(&document)?;
        let files = match &body {
            TableBody::Bound { files } => Some(files.clone()),
            TableBody::Uploaded { .. } => None,
        };
        let mut table = view(document, body, &self.table_users().await?);
        if let Some(files) = files
            && let Err(remark) = self.measure(&files, &mut table).await
        {
            table.remark = Some(remark);
        }
        Ok(table)
    }

    /// Binds a name to files, or binds it anew. Whether it is new.
    ///
    /// # Errors
    /// Everything that is wrong with it at once; changed since `revision`; see [`AppError`].
    pub async fn put_table(
        &self,
        actor: &Actor,
        spec: TableSpec,
        revision: Option<u64>,
    ) -> Result<(Table, bool), AppError> {
        actor.require(Scope::Edit)?;
        let old = self.0.store.document(TABLE, &spec.name).await?;
        if old.is_none() && revision.is_some() {
            return Err(self.no_table(&spec.name).await?);
        }
        let mut problems = Problems::default();
        problems.keep(check_name(&spec.name));
        // A wrong name is no reason to keep quiet about the files.
        let named = if problems.is_empty() { spec.name.as_str() } else { "t" };
        match self.bound(named, &spec.files).await {
            Ok(table) => {
                let columns = tokio::time::timeout(COLUMNS_TIME, query::schema(&table)).await;
                match columns {
                    Ok(Ok(_)) => {}
                    Ok(Err(query::QueryError::Table(error))) => problems.push(problem_of(&error)),
                    Ok(Err(error)) => problems.push(Problem::at(FILES, error.to_string())),
                    Err(_) => problems.push(
                        Problem::at(FILES, "are too large to find out their columns in a minute")
                            .hint("convert JSON lines to Parquet"),
                    ),
                }
            }
            Err(AppError::Invalid(found)) => problems.extend(found),
            Err(other) => return Err(other),
        }
        problems.or(|| ()).map_err(|problems| self.0.discreet.error(problems.into()))?;
        let body = TableBody::Bound { files: spec.files.clone() };
        let kept = self.keep_table(actor, old, &spec.name, &body, revision, json!({ "files": spec.files })).await?;
        // The name may have stood for an upload until now.
        self.sweep_uploads().await;
        Ok(kept)
    }

    /// Deletes a table, and its rows where they were uploaded.
    ///
    /// # Errors
    /// There is no such table, or queries name it; see [`AppError`].
    pub async fn delete_table(&self, actor: &Actor, name: &str) -> Result<(), AppError> {
        actor.require(Scope::Edit)?;
        let document = self.table_document(name).await?;
        if let Some(users) = self.table_users().await?.get(name) {
            return Err(AppError::Conflict {
                message: format!("table {name} is used by {}", names::listed(users)),
                hint: Some("delete or change these queries first".into()),
            });
        }
        let changes = vec![Change::DeleteDocument { id: document.id }, actor.audit("table.delete", name, Value::Null)];
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("table {name}")))?;
        self.0.measured.forget(name);
        self.sweep_uploads().await;
        Ok(())
    }

    /// Its first rows.
    ///
    /// # Errors
    /// There is no such table, or it cannot be read; see [`AppError`].
    pub async fn preview_table(&self, actor: &Actor, name: &str, limit: u32) -> Result<Preview, AppError> {
        actor.require(Scope::Run)?;
        let rows = async {
            let document = self.table_document(name).await?;
            let table = self.bind_table(&document).await?;
            self.first_rows(&format!("SELECT * FROM \"{name}\""), std::slice::from_ref(&table), limit).await
        };
        self.reading(rows).await.map_err(|error| placed(error, "table"))
    }

    /// All tables of the server that the SQL names, bound to real files as they are now: for a job that is querying, or
    /// inside [`App::reading`], which keep files that are replaced meanwhile.
    ///
    /// # Errors
    /// It is no SELECT, names tables that are not there, or their files may not or cannot be read: everything at once.
    pub(crate) async fn bind_tables(&self, sql: &str) -> Result<Vec<query::Table>, AppError> {
        let mentions = query::mentions(sql).map_err(|error| sql_error(&error))?;
        let mut problems = Problems::default();
        let mut tables = Vec::with_capacity(mentions.len());
        // All tables of a parent segment are of one snapshot, whatever is published meanwhile.
        let mut snapshots = HashMap::new();
        for mention in mentions {
            let Some(document) = self.0.store.document(TABLE, &mention.name).await? else {
                match self.audience_table(&mention.name, &mut snapshots).await? {
                    Some(Ok(table)) => tables.push(table),
                    Some(Err(problem)) => problems.push(problem),
                    None => problems.push(self.unknown_table(&mention).await?),
                }
                continue;
            };
            match self.bind_table(&document).await {
                Ok(table) => tables.push(table),
                Err(AppError::Invalid(found)) => {
                    for mut problem in found.iter().cloned() {
                        problem.message = format!("table {}: {}", document.name, problem.message);
                        problem.at = SQL.into();
                        problems.push(problem);
                    }
                }
                Err(other) => return Err(other),
            }
        }
        problems.or(|| tables).map_err(AppError::from)
    }

    /// The engine's table of a document.
    pub(crate) async fn bind_table(&self, document: &Document) -> Result<query::Table, AppError> {
        match body_of(document)? {
            TableBody::Bound { files } => self.bound(&document.name, &files).await,
            TableBody::Uploaded { format, file, .. } => {
                let path = self.uploads_folder().join(file);
                Ok(query::Table {
                    name: document.name.clone(),
                    paths: vec![path.to_string_lossy().into_owned()],
                    format: crate::uploads::format_named(&format),
                    csv: query::CsvOptions::default(),
                })
            }
        }
    }

    /// A name bound to files under the roots.
    pub(crate) async fn bound(&self, name: &str, files: &str) -> Result<query::Table, AppError> {
        let table = query::Table::parse(&format!("{name}={files}")).map_err(|error| {
            let mut problem = problem_of(&error);
            if let query::TableError::Spec { message, .. } = &error {
                // The notation with the name before it is the command line's.
                problem.message.clone_from(message);
            }
            AppError::from(problem)
        })?;
        let config = self.0.config.clone();
        let bound = tokio::task::spawn_blocking(move || Roots::of(&config).bind(table)).await;
        bound
            .map_err(|_| AppError::Failed { message: "looking for files ended unexpectedly".into() })?
            .map_err(|problem| self.0.discreet.problem(&problem).into())
    }

    /// Keeps a table, new or changed, with its line in the audit log.
    pub(crate) async fn keep_table(
        &self,
        actor: &Actor,
        old: Option<Document>,
        name: &str,
        body: &TableBody,
        revision: Option<u64>,
        detail: Value,
    ) -> Result<(Table, bool), AppError> {
        let now = self.now();
        let new = old.is_none();
        let stored = serde_json::to_value(body).unwrap_or_default();
        let change = match old {
            None => Change::InsertDocument(Document {
                id: names::new_id("t"),
                kind: TABLE.into(),
                name: name.into(),
                revision: 1,
                created: now,
                updated: now,
                body: stored,
            }),
            Some(old) => Change::ReplaceDocument { id: old.id, revision, name: name.into(), body: stored, now },
        };
        let action = match (body, new) {
            (TableBody::Uploaded { .. }, _) => "table.upload",
            (TableBody::Bound { .. }, true) => "table.create",
            (TableBody::Bound { .. }, false) => "table.update",
        };
        let changes = vec![change, actor.audit(action, name, detail)];
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("table {name}")))?;
        let document = self.table_document(name).await?;
        let body = body_of(&document)?;
        Ok((view(document, body, &self.table_users().await?), new))
    }

    pub(crate) async fn table_document(&self, name: &str) -> Result<Document, AppError> {
        match self.0.store.document(TABLE, name).await? {
            Some(document) => Ok(document),
            None => Err(self.no_table(name).await?),
        }
    }

    async fn no_table(&self, name: &str) -> Result<AppError, AppError> {
        let known = self.0.store.documents(TABLE, None, ALL).await?;
        Ok(AppError::not_found("table", name, known.iter().map(|document| document.name.as_str())))
    }

    async fn unknown_table(&self, mention: &query::Mention) -> Result<Problem, AppError> {
        let known = self.0.store.documents(TABLE, None, ALL).await?;
        let known: Vec<String> = known.into_iter().map(|document| document.name).collect();
        let place = mention.position.map(|(line, column)| format!(" (line {line}, column {column})"));
        let message = format!("there is no table {}{}", mention.name, place.unwrap_or_default());
        let hint = match model::nearest(&mention.name, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None if known.is_empty() => "no table is there yet: bind one to files, or upload one".into(),
            None => format!("tables are {}", names::listed(&known)),
        };
        Ok(Problem::at(SQL, message).hint(hint))
    }

    /// The queries and parent segments that name each table, by the table's name.
    async fn table_users(&self) -> Result<HashMap<String, Vec<String>>, AppError> {
        let mut users: HashMap<String, Vec<String>> = HashMap::new();
        for query in self.0.store.documents(QUERY, None, ALL).await? {
            let tables = query.body.get("tables").and_then(Value::as_array);
            for table in tables.into_iter().flatten().filter_map(Value::as_str) {
                users.entry(table.to_owned()).or_default().push(query.name.clone());
            }
        }
        for (table, parents) in self.parents_of_tables().await? {
            users.entry(table).or_default().extend(parents.iter().map(|parent| format!("parent segment {parent}")));
        }
        Ok(users)
    }
}

/// A name that SQL reads as it is written, without quotes.
pub(crate) fn check_name(name: &str) -> Result<(), Problem> {
    let wrong = |message: String| Problem::at("table.name", message);
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let problem = if name.is_empty() {
        wrong("is missing".into())
    } else if name.chars().count() > LONGEST_NAME {
        wrong(format!("is longer than {LONGEST_NAME} characters"))
    } else if !name.chars().all(legal) || name.starts_with(|c: char| c.is_ascii_digit()) {
        wrong("is not a name that SQL reads without quotes".into())
    } else {
        return Ok(());
    };
    let lower = name.to_lowercase().replace(['-', ' ', '.'], "_");
    let fits = lower != name && check_name(&lower).is_ok();
    Err(problem.hint(if fits {
        format!("write {lower}")
    } else {
        "a lower-case letter or _, then lower-case letters, digits and _; at most 100".to_owned()
    }))
}

pub(crate) fn body_of(document: &Document) -> Result<TableBody, AppError> {
    serde_json::from_value(document.body.clone())
        .map_err(|_| AppError::Failed { message: format!("table {} cannot be read back", document.name) })
}

fn view(document: Document, body: TableBody, users: &HashMap<String, Vec<String>>) -> Table {
    let used_by = users.get(&document.name).cloned().unwrap_or_default();
    let table = Table {
        name: document.name,
        revision: document.revision,
        created: names::time(document.created),
        updated: names::time(document.updated),
        kind: TableKind::Bound,
        files: None,
        format: None,
        bytes: None,
        sha256: None,
        rows: None,
        columns: Vec::new(),
        remark: None,
        used_by,
    };
    match body {
        TableBody::Bound { files } => Table { files: Some(files), ..table },
        TableBody::Uploaded { format, bytes, file: _, sha256, rows, columns } => Table {
            kind: TableKind::Uploaded,
            format: Some(format),
            bytes: Some(bytes),
            sha256: Some(sha256),
            rows: Some(rows),
            columns,
            ..table
        },
    }
}

#[cfg(test)]
mod tests;
