//! New jobs: from a query, from a stored result, from rejected rows. All are put into the queue here.
//!
//! Knows what a job is made of; not when or how it runs.

use std::path::PathBuf;

use api::{Job, JobKind, Overlap, RunRequest, Scope};
use model::{JobId, JobState, Problem, StopCause};
use ring::digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Change, Document, NewJob, Once, Origin, Started};

use crate::grants::CONNECTION;
use crate::names::{self, new_job_id};
use crate::owners::export_of;
use crate::queries::QueryBody;
use crate::{Actor, App, AppError};

/// Longest idempotency key, in bytes.
const LONGEST_KEY: usize = 255;

/// What a server's job needs to be run and continued. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServerRequest {
    /// The connection's id.
    pub(crate) connection: Option<String>,
    /// The connection's name when the job was made.
    pub(crate) connection_name: Option<String>,
    /// The settings as written.
    pub(crate) settings: Value,
    /// Longest time of the query in seconds.
    pub(crate) time_limit: Option<u64>,
    /// The Result is given: the query is not run.
    pub(crate) stored: bool,
}

/// A job about to be put into the queue.
pub(crate) struct Enqueue {
    /// Its id, where something else that is written with it names it.
    pub(crate) id: Option<JobId>,
    /// The query's id and name.
    pub(crate) query: Option<(String, String)>,
    /// The connection's id and name.
    pub(crate) connection: Option<(String, String)>,
    /// The business unit's key; empty for a job without an export.
    pub(crate) business_unit: String,
    pub(crate) kind: JobKind,
    pub(crate) sql: String,
    pub(crate) settings: Value,
    /// The job whose rows it sends again.
    pub(crate) parent: Option<JobId>,
    /// A finished Result in Parquet, which becomes this job's own; the query is not run then.
    pub(crate) result: Option<PathBuf>,
    pub(crate) overlap: Overlap,
    pub(crate) time_limit: Option<u64>,
    /// The scheduled time that it runs for, in seconds since 1970.
    pub(crate) scheduled: Option<i64>,
    /// What is written together with the job, or not at all.
    pub(crate) changes: Vec<Change>,
    /// Why it cannot even begin: it is written down as failed.
    pub(crate) stillborn: Option<StopCause>,
}

/// What became of a start.
pub(crate) struct Began {
    pub(crate) id: JobId,
    /// The same was asked before, and this is the job that it made.
    pub(crate) again: bool,
}

/// The same request is started once: the key that its sender chose, and what was asked.
pub(crate) struct Asked<'a> {
    pub(crate) key: &'a str,
    pub(crate) asked: Value,
}

impl Asked<'_> {
    fn fingerprint(&self) -> [u8; 32] {
        let hash = digest::digest(&digest::SHA256, self.asked.to_string().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.as_ref());
        bytes
    }
}

impl App {
    /// Starts a job of a query. The same `once` key gives the same job again (`true`).
    ///
    /// # Errors
    /// No such query, no export where one is asked for, the key was used for something else; see [`AppError`].
    pub async fn run_query(
        &self,
        actor: &Actor,
        query: &str,
        request: RunRequest,
        once: Option<&str>,
    ) -> Result<(Job, bool), AppError> {
        actor.require(Scope::Run)?;
        let (document, body) = self.query_body(query).await?;
        if request.kind == Some(JobKind::Refresh) {
            let problem = Problem::at("kind", "a query has nothing to refresh");
            return Err(problem.hint("export or result").into());
        }
        if request.kind == Some(JobKind::Export) && body.connection.is_none() {
            return Err(AppError::Conflict {
                message: format!("query {query} has no export"),
                hint: Some("give it one, or run it with kind: result".into()),
            });
        }
        let scheduled =
            request.scheduled_time.as_deref().map(|text| names::moment("scheduled_time", text)).transpose()?;
        let mut asked = json!({ "run": query, "kind": request.kind });
        if let Some(scheduled) = scheduled {
            asked["scheduled_time"] = scheduled.into();
        }
        let new = self.run_of(&document, body, request.kind).await?;
        let once = once.map(|key| Asked { key, asked });
        self.enqueue(actor, Enqueue { scheduled, ..new }, once).await
    }

    /// A run of a query as it is today: an export where it has one and nothing else is asked for.
    pub(crate) async fn run_of(
        &self,
        document: &Document,
        body: QueryBody,
        kind: Option<JobKind>,
    ) -> Result<Enqueue, AppError> {
        let usual = if body.connection.is_some() { JobKind::Export } else { JobKind::Result };
        let kind = kind.unwrap_or(usual);
        let (connection, business_unit) = match (kind, &body.connection) {
            (JobKind::Export, Some(id)) => self.export_door(id).await?,
            (JobKind::Export | JobKind::Result | JobKind::Refresh, _) => (None, String::new()),
        };
        let new = Enqueue::of(document, body, kind);
        Ok(Enqueue { connection, business_unit, ..new })
    }

    /// Sends the stored result of a job again, as a new job: with the export of its query today, else with its own.
    ///
    /// # Errors
    /// The result is gone, or there is no export; see [`AppError`].
    pub async fn reexport(&self, actor: &Actor, job: &str, once: Option<&str>) -> Result<(Job, bool), AppError> {
        actor.require(Scope::Run)?;
        let old = self.find_job(job).await?;
        self.may_send_again(&old).await?;
        let (connection, settings, overlap) = self.export_again(&old).await?;
        let (connection, business_unit) = self.export_door(&connection).await?;
        let result = self.0.store.result_path(&old.id);
        if old.frozen_rows.is_none() || !result.is_file() {
            return Err(AppError::Conflict {
                message: format!("the result of job {} is not kept any more", old.id),
                hint: Some("run the query again".into()),
            });
        }
        let copy = self.0.store.directory().join("results").join(format!("copy-{}.parquet", crate::names::new_id("r")));
        share_file(&result, &copy)
            .map_err(|error| AppError::Failed { message: format!("the result cannot be copied: {error}") })?;
        let new = Enqueue {
            id: None,
            query: old.query.clone().zip(old.query_name.clone()),
            connection,
            business_unit,
            kind: JobKind::Export,
            sql: old.sql,
            settings,
            parent: Some(old.id.clone()),
            result: Some(copy),
            overlap,
            time_limit: None,
            scheduled: old.scheduled,
            changes: Vec::new(),
            stillborn: None,
        };
        let once = once.map(|key| Asked { key, asked: json!({ "reexport": old.id.as_str() }) });
        self.enqueue(actor, new, once).await
    }

    /// Connection id, settings and overlap with which the rows of a job would be sent again today.
    pub(crate) async fn export_again(&self, old: &store::Job) -> Result<(String, Value, Overlap), AppError> {
        let own = serde_json::from_value::<ServerRequest>(old.request.clone()).ok();
        if let Some(id) = &old.query
            && let Some(document) = self.0.store.document_by_id(id).await?
            && let Some(export) = export_of(&document)?
        {
            return Ok(export);
        }
        match own.and_then(|own| own.connection.map(|connection| (connection, own.settings))) {
            Some((connection, settings)) => Ok((connection, settings, Overlap::Queue)),
            None => Err(AppError::Conflict {
                message: format!("job {} has no export to send its rows with", old.id),
                hint: Some("give its query an export first".into()),
            }),
        }
    }

    /// Name and business unit of a connection that a job is to use.
    pub(crate) async fn export_door(&self, id: &str) -> Result<(Option<(String, String)>, String), AppError> {
        let document = self.0.store.document_by_id(id).await?.filter(|document| document.kind == CONNECTION);
        let document = document.ok_or_else(|| AppError::Conflict {
            message: "the connection of this export was deleted".into(),
            hint: Some("choose another connection for the query".into()),
        })?;
        let stored = self.understood(document)?;
        let key = stored.key();
        Ok((Some((stored.document.id, stored.document.name)), key))
    }

    /// Puts a job into the queue. `true`: the same was asked before, and this is the job that it made.
    pub(crate) async fn enqueue(
        &self,
        actor: &Actor,
        new: Enqueue,
        once: Option<Asked<'_>>,
    ) -> Result<(Job, bool), AppError> {
        let Began { id, again } = self.begin_job(actor, new, once).await?;
        Ok((self.job_by_id(&id).await?, again))
    }

    /// Puts a job into the queue.
    pub(crate) async fn begin_job(
        &self,
        actor: &Actor,
        new: Enqueue,
        once: Option<Asked<'_>>,
    ) -> Result<Began, AppError> {
        if self.is_stopping() {
            let hint = Some("it takes jobs again when it has started".into());
            return Err(AppError::Unavailable { message: "the server is stopping".into(), hint });
        }
        let queue = self.0.queue.lock().await;
        let id = new.id.clone().unwrap_or_else(|| new_job_id(self.now()));
        let given = new.result.clone();
        if let Some(result) = &given {
            std::fs::rename(result, self.0.store.result_path(&id))
                .map_err(|error| AppError::Failed { message: format!("the result cannot be kept: {error}") })?;
        }
        let started = self.create(actor, &id, new, once).await;
        let made = match &started {
            Ok(started) => matches!(started, Started::New),
            // Whether a write that failed was kept is asked, not guessed.
            Err(_) => self.0.store.job(&id).await.map_or(true, |job| job.is_some()),
        };
        if given.is_some() && !made {
            let _ = std::fs::remove_file(self.0.store.result_path(&id));
        }
        drop(queue);
        match started? {
            Started::New => {
                self.0.wake.notify_one();
                self.0.live.changed(&id);
                Ok(Began { id, again: false })
            }
            Started::Again(first) => Ok(Began { id: first, again: true }),
            Started::Differs => Err(Problem::at("Idempotency-Key", "was used for another request")
                .hint("use a new key for every new request")
                .into()),
        }
    }

    async fn create(
        &self,
        actor: &Actor,
        id: &JobId,
        new: Enqueue,
        once: Option<Asked<'_>>,
    ) -> Result<Started, AppError> {
        let now = self.now();
        let holder = match new.overlap {
            Overlap::Queue => None,
            Overlap::Skip => self.lane_holder(new.query.as_ref(), &new.business_unit).await?,
        };
        let skipped = holder.map(|holder| StopCause {
            message: format!("skipped: job {holder} of the same query was still at work"),
            hint: Some("let runs wait for each other with overlap: queue".into()),
            configuration: false,
        });
        let (state, cause) = match (skipped, new.stillborn.clone()) {
            (Some(skipped), _) => (JobState::Skipped, Some(skipped)),
            (None, Some(cause)) => (JobState::Failed, Some(cause)),
            (None, None) => (JobState::Queued, None),
        };
        let mut changes = new.changes.clone();
        let job = new_job(id, actor, new, state, now);
        let audit = actor.audit("job.start", id.as_str(), json!({ "query": &job.query_name, "parent": &job.parent }));
        let once = match once {
            Some(asked) if asked.key.is_empty() || asked.key.len() > LONGEST_KEY => {
                let message = format!("must have 1 to {LONGEST_KEY} characters");
                return Err(Problem::at("Idempotency-Key", message).into());
            }
            Some(asked) => Some(Once {
                key: asked.key.to_owned(),
                actor: actor.person.clone().unwrap_or_else(|| "command line".into()),
                fingerprint: asked.fingerprint(),
            }),
            None => None,
        };
        changes.push(audit);
        let created = self.0.store.create_job_with(job, cause, changes, once, now).await;
        created.map_err(|error| names::stale_or(error, "the scheduled time"))
    }

    /// The job that a new one of this query would have to wait for.
    async fn lane_holder(
        &self,
        query: Option<&(String, String)>,
        business_unit: &str,
    ) -> Result<Option<JobId>, AppError> {
        let Some((query, _)) = query else { return Ok(None) };
        let filter = store::JobFilter {
            query: Some(query.clone()),
            origin: Some(Origin::Server),
            states: JobState::all().filter(|state| state.is_open()).collect(),
            ..store::JobFilter::default()
        };
        let open = self.0.store.jobs_page(&filter, None, 1_000).await?;
        Ok(open.into_iter().rev().find(|job| job.business_unit == business_unit).map(|job| job.id))
    }
}

impl Enqueue {
    /// A run of a query, without the connection that it goes through.
    pub(crate) fn of(document: &Document, body: QueryBody, kind: JobKind) -> Enqueue {
        let settings = body.spec.export.map_or_else(|| json!({}), |export| Value::Object(export.settings.0));
        Enqueue {
            id: None,
            query: Some((document.id.clone(), document.name.clone())),
            connection: None,
            business_unit: String::new(),
            kind,
            sql: body.spec.sql,
            settings,
            parent: None,
            result: None,
            overlap: body.spec.overlap,
            time_limit: body.spec.time_limit,
            scheduled: None,
            changes: Vec::new(),
            stillborn: None,
        }
    }
}

fn new_job(id: &JobId, actor: &Actor, new: Enqueue, state: JobState, now: i64) -> NewJob {
    let request = ServerRequest {
        connection: new.connection.as_ref().map(|(id, _)| id.clone()),
        connection_name: new.connection.as_ref().map(|(_, name)| name.clone()),
        settings: new.settings,
        time_limit: new.time_limit,
        stored: new.result.is_some(),
    };
    let (query, query_name) = new.query.unzip();
    NewJob {
        id: id.clone(),
        created: now,
        state,
        sql: new.sql,
        request: serde_json::to_value(request).unwrap_or_default(),
        business_unit: new.business_unit,
        kind: match new.kind {
            JobKind::Export => store::JobKind::Export,
            // That it is a parent segment's, the job knows by what it is of.
            JobKind::Result | JobKind::Refresh => store::JobKind::Result,
        },
        origin: Origin::Server,
        query,
        query_name,
        connection: new.connection.map(|(id, _)| id),
        actor: Some(actor.shown()),
        parent: new.parent,
        scheduled: new.scheduled,
    }
}

/// Gives a file a second name, or a copy where the file system has no second names.
fn share_file(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    std::fs::hard_link(from, to).or_else(|_| std::fs::copy(from, to).map(drop))
}
