//! Rejected rows, sent again after they or the account were mended.
//!
//! Knows which rows become the Result of a new job; how that job runs is the worker's.

use std::path::{Path, PathBuf};

use api::{JobKind, Overlap, RetryAnswer, Scope};
use arrow::datatypes::{DataType, Schema};
use export::FrozenResult;
use model::{JobState, Problem, RowSet};
use serde_json::json;
use store::Job;

use crate::enqueue::{Asked, Enqueue, ServerRequest};
use crate::export::limits;
use crate::names::new_id;
use crate::rejects::{COLUMNS, VALUES, begins_with_ours};
use crate::uploads::Arrived;
use crate::{Actor, App, AppError, Upload};

/// Rejections read at once.
const PAGE: u32 = 2_000;

/// The name of the mended rows in the SQL that takes them over.
const TABLE: &str = "fixed";

/// A Result on its way to a new job; removed when dropped, unless the job took it.
struct Prepared {
    path: PathBuf,
    rows: u64,
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // The job has renamed it; else nobody needs it.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl App {
    /// Makes a job of the rejected rows of `job`: as they were, or as `fixed` has them. It goes where the old one went, with
    /// the settings of the old one. Sending rows of one's own needs the right to change queries.
    ///
    /// # Errors
    /// The job is at work, has no rejected rows or no export; its result is gone; the mended rows cannot be read; see
    /// [`AppError`].
    pub async fn retry(
        &self,
        actor: &Actor,
        job: &str,
        fixed: Option<Upload>,
        once: Option<&str>,
    ) -> Result<RetryAnswer, AppError> {
        actor.require(if fixed.is_some() { Scope::Edit } else { Scope::Run })?;
        let old = self.find_job(job).await?;
        let request = may_retry(&old)?;
        let Some(connection) = request.connection else {
            return Err(AppError::Conflict {
                message: format!("job {} has no export to send its rows with", old.id),
                hint: None,
            });
        };
        self.may_send_again(&old).await?;
        let (connection, business_unit) = self.export_door(&connection).await?;
        let (prepared, sha256) = match fixed {
            Some(upload) => {
                let arrived = self.receive(upload).await?;
                (self.mended(&arrived).await?, Some(arrived.sha256.clone()))
            }
            None => (self.rejected_rows(&old).await?, None),
        };
        let new = Enqueue {
            id: None,
            query: old.query.clone().zip(old.query_name.clone()),
            connection,
            business_unit,
            kind: JobKind::Export,
            sql: old.sql,
            settings: request.settings,
            parent: Some(old.id.clone()),
            result: Some(prepared.path.clone()),
            overlap: Overlap::Queue,
            time_limit: None,
            scheduled: old.scheduled,
            changes: Vec::new(),
            stillborn: None,
        };
        let once = once.map(|key| Asked { key, asked: json!({ "retry": old.id.as_str(), "fixed": sha256 }) });
        let (job, _) = self.enqueue(actor, new, once).await?;
        Ok(RetryAnswer { job, rows: prepared.rows })
    }

    /// The rejected rows of a job's Result, as a Result.
    async fn rejected_rows(&self, old: &Job) -> Result<Prepared, AppError> {
        let path = self.kept_result(old)?;
        let ledger = self.0.store.ledger(&old.id);
        let (mut rejected, mut after) = (RowSet::default(), 0);
        loop {
            let page = ledger.rejections(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.row;
            for rejection in &page {
                rejected.insert(rejection.row);
            }
        }
        if rejected.is_empty() {
            return Err(AppError::Conflict {
                message: format!("job {} has no rejected rows", old.id),
                hint: Some("there is nothing to send again".into()),
            });
        }
        let into = self.next_result();
        let mut prepared = Prepared { path: into.clone(), rows: 0 };
        let extracted = tokio::task::spawn_blocking(move || {
            let result = FrozenResult::open(&path)?;
            export::extract(&result, &rejected, &into)
        });
        let failed = |message: String| AppError::Failed { message };
        let extracted = extracted.await.map_err(|_| failed("taking the rejected rows ended unexpectedly".into()))?;
        prepared.rows = extracted.map_err(|error| failed(error.to_string()))?;
        Ok(prepared)
    }

    /// The mended rows of an upload, as a Result: without the columns that a download of rejected rows begins with.
    async fn mended(&self, arrived: &Arrived) -> Result<Prepared, AppError> {
        let table = arrived.table(TABLE);
        let schema = query::schema(&table).await.map_err(|error| self.0.discreet.problem(&arrived.problem(&error)))?;
        let sql = take_over(&schema)?;
        let mut prepared = Prepared { path: self.next_result(), rows: 0 };
        let folder = prepared.path.parent().unwrap_or(Path::new(".")).to_owned();
        let limits = limits(&folder, Some(self.0.config.query_time), self.now());
        let frozen = query::freeze(&sql, &[table], &limits, &prepared.path, std::future::pending(), &mut |_| {}).await;
        prepared.rows = frozen.map_err(|error| self.0.discreet.problem(&arrived.problem(&error)))?.rows;
        if prepared.rows == 0 {
            return Err(Problem::at("upload", "has no rows").hint("keep the rows that you mended").into());
        }
        Ok(prepared)
    }

    /// A name for a Result that a job will take; swept when none does.
    fn next_result(&self) -> PathBuf {
        self.0.store.directory().join("results").join(format!("copy-{}.parquet", new_id("r")))
    }
}

/// What the old job was asked, when its rows may be sent again.
fn may_retry(old: &Job) -> Result<ServerRequest, AppError> {
    let conflict = |message: String, hint: &str| AppError::Conflict { message, hint: Some(hint.to_owned()) };
    match old.state {
        JobState::Queued | JobState::Querying | JobState::Sending => {
            return Err(conflict(
                format!("job {} is {}: more rows may still be rejected", old.id, old.state),
                "wait until it has ended",
            ));
        }
        JobState::ParkedQuota
        | JobState::ParkedOutage
        | JobState::NeedsReconnect
        | JobState::Killed
        | JobState::Stopped
        | JobState::Held
        | JobState::Failed
        | JobState::Success
        | JobState::Skipped => {}
    }
    if old.origin == store::Origin::CommandLine {
        return Err(conflict(
            format!("job {} belongs to the command line", old.id),
            "download its rejected rows, mend them and export the file with `sluice export`",
        ));
    }
    serde_json::from_value(old.request.clone())
        .map_err(|_| AppError::Failed { message: format!("job {} cannot be read back", old.id) })
}

/// The SELECT that takes mended rows over: all columns but ours, and those in the object of JSON lines.
fn take_over(schema: &Schema) -> Result<String, Problem> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let text = |name: &str| format!("'{}'", name.replace('\'', "''"));
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    // JSON objects are not ordered: there ours are known by the object beside them.
    let ours = |name: &&str| COLUMNS.contains(name);
    let object = schema.fields().iter().find_map(|field| match field.data_type() {
        DataType::Struct(members) if field.name() == VALUES && names.iter().filter(|name| ours(name)).count() > 0 => {
            Some(members)
        }
        _ => None,
    });
    let columns: Vec<String> = match object {
        Some(members) => members
            .iter()
            .map(|member| format!("{}[{}] AS {}", quoted(VALUES), text(member.name()), quoted(member.name())))
            .collect(),
        None => {
            let dropped = if begins_with_ours(names.iter().copied()) { COLUMNS.len() } else { 0 };
            names.iter().skip(dropped).map(|name| quoted(name)).collect()
        }
    };
    if columns.is_empty() {
        return Err(Problem::at("upload", "has no columns of the row")
            .hint("keep the columns after hint, as the download of rejected rows has them"));
    }
    Ok(format!("SELECT {} FROM {TABLE}", columns.join(", ")))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, Fields};

    use super::*;

    #[test]
    fn our_columns_are_left_out() {
        let check = |names: &[&str], want: &str| {
            let fields: Vec<Field> = names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
            let sql = take_over(&Schema::new(fields)).unwrap_or_else(|problem| problem.message);
            assert_eq!(sql, want);
        };
        check(&["email", "Favourite_Colour"], r#"SELECT "email", "Favourite_Colour" FROM fixed"#);
        check(
            &["row_number", "row_key", "rejected_column", "code", "reason", "hint", "email", "a\"b"],
            r#"SELECT "email", "a""b" FROM fixed"#,
        );
        check(
            &["row_number", "row_key", "rejected_column", "_code", "reason", "hint", "code"],
            r#"SELECT "code" FROM fixed"#,
        );
        // A file of one's own may have columns of such names.
        check(&["email", "reason", "hint"], r#"SELECT "email", "reason", "hint" FROM fixed"#);
        check(&["row_number", "row_key", "rejected_column", "code", "reason", "hint"], "has no columns of the row");
    }

    #[test]
    fn the_object_of_json_lines_is_the_row() {
        let members: Fields = ["email", "it's"].map(|name| Field::new(name, DataType::Utf8, true)).to_vec().into();
        let schema = Schema::new(vec![
            Field::new("code", DataType::Int64, true),
            Field::new("row_number", DataType::Int64, true),
            Field::new(VALUES, DataType::Struct(members), true),
        ]);
        assert_eq!(
            take_over(&schema).unwrap(),
            r#"SELECT "values"['email'] AS "email", "values"['it''s'] AS "it's" FROM fixed"#
        );
    }
}
