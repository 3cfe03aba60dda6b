//! The profiles of parent segments as they were refreshed: made by a job, named in SQL, cleared away.
//!
//! Knows files and their names; what a refresh reads is `shapes`', what is wrong with a join is the model's.
//!
//! A refresh writes a folder of its own, `audiences/<parent segment>/<job>`, and becomes the snapshot in one commit. The one
//! before stays until nobody reads it any more.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::{JoinCheck, JoinLevel, Snapshot};
use model::snapshot::{customers_sql, events_sql};
use model::{Audience, JobId, JobState, Problem, StopCause};
use query::{CsvOptions, Format, Limits, Table};
use store::{Change, Document, Job, LogLevel};

use crate::export::limits;
use crate::live::LiveJob;
use crate::names;
use crate::parents::{PARENT, ParentBody};
use crate::shapes::Shape;
use crate::work::{Halt, halted};
use crate::{App, AppError};
use model::grouped;

/// The kind of document that the newest refresh of a parent segment is kept as. Its name is the id of the parent segment.
const SNAPSHOT: &str = "snapshot";
/// How the tables of a snapshot are called in SQL, before the parent segment's number.
const SCHEMA: &str = "cdp_audience_";
/// What a refresh that did not come to its end has left undone.
const REFRESH: (&str, &str) = ("the refresh", "the profiles stay as they were");
/// The table of profiles.
const CUSTOMERS: &str = "customers";
/// Documents that are looked through at most.
const ALL: u32 = 100_000;

impl App {
    /// The newest refresh of a parent segment that ended well, with the document that keeps it. None when its files are not
    /// there: a backup has none.
    pub(crate) async fn snapshot_of(&self, parent: &str) -> Result<Option<(Document, Snapshot)>, AppError> {
        let Some(document) = self.0.store.document(SNAPSHOT, parent).await? else { return Ok(None) };
        let unreadable =
            |_| AppError::Failed { message: "the newest refresh of a parent segment cannot be read".into() };
        let snapshot: Snapshot = serde_json::from_value(document.body.clone()).map_err(unreadable)?;
        let there = self.snapshot_folder(parent, &snapshot.job).join(file_of(CUSTOMERS)).is_file();
        Ok(there.then_some((document, snapshot)))
    }

    /// What rules and mappings of a parent segment are over now.
    ///
    /// # Errors
    /// It was never refreshed.
    pub(crate) async fn audience(&self, parent: &Document) -> Result<(Audience, Snapshot), AppError> {
        let Some((_, snapshot)) = self.snapshot_of(&parent.id).await? else {
            return Err(AppError::Conflict {
                message: format!("parent segment {} has no profiles yet", parent.name),
                hint: Some("refresh it first".into()),
            });
        };
        let audience = ParentBody::of(parent)?.audience_with(&snapshot.columns, &snapshot.behaviors)?;
        Ok((audience, snapshot))
    }

    /// The table of a snapshot that a name in SQL means; `None` when it is not the name of one. `known` are the snapshots that
    /// the same SQL has named before.
    pub(crate) async fn audience_table(
        &self,
        name: &str,
        known: &mut HashMap<String, (Document, Snapshot)>,
    ) -> Result<Option<Result<Table, Problem>>, AppError> {
        let Some((number, table)) = name.strip_prefix(SCHEMA).and_then(|rest| rest.split_once('.')) else {
            return Ok(None);
        };
        let wrong = |message: String, hint: &str| Ok(Some(Err(Problem::at(crate::previews::SQL, message).hint(hint))));
        if !known.contains_key(number) {
            let mut found = None;
            for document in self.0.store.documents(PARENT, None, ALL).await? {
                if ParentBody::of(&document)?.number.to_string() == number {
                    found = Some(document);
                }
            }
            let Some(parent) = found else {
                return wrong(format!("there is no parent segment {number}"), "see sluice parent-segments list");
            };
            let Some((_, snapshot)) = self.snapshot_of(&parent.id).await? else {
                return wrong(format!("parent segment {} has no profiles yet", parent.name), "refresh it first");
            };
            known.insert(number.to_owned(), (parent, snapshot));
        }
        let Some((parent, snapshot)) = known.get(number) else { return Ok(None) };
        let behavior = |name: &str| snapshot.behaviors.iter().any(|behavior| behavior.name == name);
        if table != CUSTOMERS && !table.strip_prefix("behavior_").is_some_and(behavior) {
            let tables: Vec<String> =
                snapshot.behaviors.iter().map(|behavior| format!("behavior_{}", behavior.name)).collect();
            let message = format!("parent segment {} has no table {table}", parent.name);
            let names = std::iter::once(CUSTOMERS).chain(tables.iter().map(String::as_str));
            return match model::nearest(table, names) {
                Some(near) => wrong(message, &format!("did you mean {near}?")),
                None => wrong(message, "its tables are customers and a behavior_ of each behaviour"),
            };
        }
        let path = self.snapshot_folder(&parent.id, &snapshot.job).join(file_of(table));
        Ok(Some(Ok(parquet(name, &path))))
    }

    /// Reads the profiles of a parent segment anew.
    pub(crate) async fn refresh(&self, job: &Job, live: &Arc<LiveJob>) -> Result<(), Halt> {
        self.0.store.set_state(&job.id, JobState::Querying, None, self.now()).await?;
        self.note(&job.id, LogLevel::Info, "The refresh started.").await;
        let parent = match &job.query {
            Some(id) => self.0.store.document_by_id(id).await?,
            None => None,
        };
        let parent = parent.ok_or_else(deleted)?;
        if let Some((_, snapshot)) = self.snapshot_of(&parent.id).await?
            && snapshot.job == job.id.as_str()
        {
            // The process ended between the commit and this one.
            return self.end_refresh(job, &snapshot).await;
        }
        let body = ParentBody::of(&parent)?;
        let shape = self.shape_or_away(&body.spec).await.map_err(|(error, away)| {
            let halt = Halt::from(error);
            // Files that are out of reach for a while come back by themselves.
            let cause = halt.cause.map(|cause| StopCause { configuration: cause.configuration && !away, ..cause });
            Halt { cause, ..halt }
        })?;
        let folder = self.snapshot_folder(&parent.id, job.id.as_str());
        make_private(&folder)?;
        let written = self.write_snapshot(job, &body, &shape, &folder, live).await;
        let snapshot = match written {
            Ok(snapshot) => snapshot,
            Err(halt) => {
                // What is half there is of no use; what stays is cleared away with the next refresh.
                let _ = std::fs::remove_dir_all(&folder);
                return Err(halt);
            }
        };
        self.publish(&parent, &snapshot).await?;
        self.end_refresh(job, &snapshot).await?;
        self.sweep_snapshots().await;
        Ok(())
    }

    async fn end_refresh(&self, job: &Job, snapshot: &Snapshot) -> Result<(), Halt> {
        self.0.store.set_frozen(&job.id, snapshot.population, self.now()).await?;
        // The last line is kept before the end is told.
        let text = format!("Refreshed: {} profiles.", grouped(snapshot.population));
        self.note(&job.id, LogLevel::Info, &text).await;
        self.0.store.set_state(&job.id, JobState::Success, None, self.now()).await?;
        Ok(())
    }

    /// Looks at the joins, then writes profiles and events.
    async fn write_snapshot(
        &self,
        job: &Job,
        body: &ParentBody,
        shape: &Shape,
        folder: &Path,
        live: &Arc<LiveJob>,
    ) -> Result<Snapshot, Halt> {
        let results = self.0.store.result_path(&job.id);
        let spill = results.parent().unwrap_or(Path::new("."));
        let limits = limits(spill, Some(self.0.config.query_time), job.scheduled.unwrap_or(job.created));
        let mut tables = self.bind_named(&shape.tables).await?;
        let joins = self
            .joins(shape, &tables, &limits, live.stop().stopped())
            .await
            .map_err(|error| halted(error, live, REFRESH))?;
        self.tell_warnings(job, &joins).await;
        if let Some(cause) = refused(&joins) {
            return Err(Halt { state: JobState::Failed, cause: Some(cause) });
        }
        let customers = folder.join(file_of(CUSTOMERS));
        let sql = customers_sql(&shape.sources);
        let population = self.write_table(job, &sql, &tables, &limits, &customers, live).await?;
        let keys = joins.first().map_or(0, |master| master.keys);
        if population != keys {
            let cause = StopCause {
                message: format!(
                    "{} keys of the master table became {} profiles: a join gave rows twice, or a table changed while it was read",
                    grouped(keys),
                    grouped(population)
                ),
                hint: Some("refresh again; if it stays so, look at the keys of the attributes".into()),
                configuration: false,
            };
            return Err(Halt { state: JobState::Failed, cause: Some(cause) });
        }
        tables.push(parquet(&format!("{SCHEMA}{}.{CUSTOMERS}", body.number), &customers));
        let mut behaviors = shape.behaviors.clone();
        for (behavior, source) in behaviors.iter_mut().zip(&shape.sources.behaviors) {
            let sql = events_sql(&shape.sources, source, body.number);
            let path = folder.join(file_of(&format!("behavior_{}", behavior.name)));
            behavior.events = Some(self.write_table(job, &sql, &tables, &limits, &path, live).await?);
        }
        Ok(Snapshot {
            at: names::time(self.now()),
            job: job.id.to_string(),
            population,
            joins,
            columns: shape.columns.clone(),
            behaviors,
        })
    }

    async fn write_table(
        &self,
        job: &Job,
        sql: &str,
        tables: &[Table],
        limits: &Limits,
        path: &Path,
        live: &Arc<LiveJob>,
    ) -> Result<u64, Halt> {
        let mut progress = |progress: query::Progress| {
            live.querying(progress.rows);
            self.0.live.changed(&job.id);
        };
        let frozen = query::freeze(sql, tables, limits, path, live.stop().stopped(), &mut progress).await;
        Ok(frozen.map_err(|error| halted(error, live, REFRESH))?.rows)
    }

    /// What may not be as it was meant. What is wrong ends the job, which says it.
    async fn tell_warnings(&self, job: &Job, joins: &[JoinCheck]) {
        for join in joins.iter().filter(|join| join.level == JoinLevel::Warning) {
            let text = format!("{} (table {}): {}", join.at, join.table, join.message);
            self.note(&job.id, LogLevel::Warning, &text).await;
        }
    }

    /// The written folder is the snapshot from now on.
    async fn publish(&self, parent: &Document, snapshot: &Snapshot) -> Result<(), AppError> {
        let _scheduling = self.0.scheduling.lock().await;
        if self.0.store.document_by_id(&parent.id).await?.is_none() {
            return Err(deleted());
        }
        let new = names::document(names::new_id("m"), SNAPSHOT, &parent.id, snapshot, self.now());
        let old = self.0.store.document(SNAPSHOT, &parent.id).await?;
        Ok(self.0.store.apply(vec![names::put(old.as_ref(), new, None)]).await?)
    }

    /// What goes with a parent segment that is deleted; its files are cleared away afterwards.
    pub(crate) async fn forget_snapshot(&self, parent: &str) -> Result<Vec<Change>, AppError> {
        let document = self.0.store.document(SNAPSHOT, parent).await?;
        Ok(document.into_iter().map(|document| Change::DeleteDocument { id: document.id }).collect())
    }

    /// Removes profiles that were refreshed since, and those of parent segments that are gone. While somebody reads tables or
    /// a query runs, who may have bound a file and not opened it yet, all stay.
    pub(crate) async fn sweep_snapshots(&self) {
        // Nothing is published meanwhile.
        let _scheduling = self.0.scheduling.lock().await;
        if self.0.readers.put_off() || self.are_querying().await {
            return;
        }
        for parent in entries(&self.snapshots()) {
            for generation in entries(&parent) {
                match self.is_over(&name_of(&parent), &name_of(&generation)).await {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(error) => {
                        tracing::warn!("old profiles could not be looked at: {error}");
                        return;
                    }
                }
                if let Err(error) = std::fs::remove_dir_all(&generation) {
                    tracing::warn!("old profiles could not be removed: {}", error.kind());
                }
            }
            // Only an empty folder goes.
            let _ = std::fs::remove_dir(&parent);
        }
    }

    /// Whether a folder of profiles is not the snapshot, and nobody is writing it. The caller holds `scheduling`.
    async fn is_over(&self, parent: &str, job: &str) -> Result<bool, AppError> {
        let current = self.0.store.document(SNAPSHOT, parent).await?;
        if current.is_some_and(|document| document.body["job"].as_str() == Some(job)) {
            return Ok(false);
        }
        let Ok(id) = job.parse::<JobId>() else { return Ok(true) };
        Ok(self.0.store.job(&id).await?.is_none_or(|job| !job.state.is_open()))
    }

    /// The tables of these names, bound.
    pub(crate) async fn bind_named(&self, names: &[String]) -> Result<Vec<Table>, AppError> {
        let quoted: Vec<String> = names.iter().map(|name| format!("SELECT 1 FROM \"{name}\"")).collect();
        self.bind_tables(&quoted.join(" UNION ALL ")).await
    }

    fn snapshots(&self) -> PathBuf {
        self.0.config.data_dir.join("audiences")
    }

    fn snapshot_folder(&self, parent: &str, job: &str) -> PathBuf {
        self.snapshots().join(parent).join(job)
    }
}

fn deleted() -> AppError {
    AppError::Conflict { message: "the parent segment was deleted".into(), hint: None }
}

/// Why a refresh is not made: the joins that are wrong.
fn refused(joins: &[JoinCheck]) -> Option<StopCause> {
    let wrong: Vec<&JoinCheck> = joins.iter().filter(|join| join.level == JoinLevel::Wrong).collect();
    let first = wrong.first()?;
    let said: Vec<String> =
        wrong.iter().map(|join| format!("{} (table {}): {}", join.at, join.table, join.message)).collect();
    Some(StopCause {
        message: format!("{}; the profiles stay as they were", said.join("; ")),
        hint: first.hint.clone(),
        configuration: true,
    })
}

fn file_of(table: &str) -> String {
    format!("{table}.parquet")
}

fn parquet(name: &str, path: &Path) -> Table {
    Table {
        name: name.to_owned(),
        paths: vec![path.to_string_lossy().into_owned()],
        format: Some(Format::Parquet),
        csv: CsvOptions::default(),
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// People's data: for the server's own account alone.
fn make_private(folder: &Path) -> Result<(), AppError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let failed = |error: std::io::Error| AppError::Unavailable {
        message: format!("the folder of the profiles cannot be made: {}", error.kind()),
        hint: Some("look at the space and the rights of the data directory".into()),
    };
    builder.create(folder).map_err(failed)
}
