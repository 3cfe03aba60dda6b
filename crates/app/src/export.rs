//! A new job: everything checked, the query frozen, then sent.
//!
//! Reports every problem of arguments, files and settings at once, before the first byte leaves.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::{JobId, JobState, Plan, Problem, Problems, Settings, StopCause};
use pardot::{Clock, SystemClock};
use query::{Limits, QueryError, Table};
use store::{Job, JobKind, LockError, NewJob, OpenError, Origin, Store, StoreError};

use crate::clock::{Clock as WallClock, unix_now};
use crate::connection::{Connection, ConnectionError};
use crate::job::{Ended, JobRequest, Run, Watched, Watcher, as_it_is, plan_of};
use crate::names::new_job_id;
use crate::stop::StopSignal;

/// What an export is asked to do.
pub struct ExportRequest {
    /// The query.
    pub sql: String,
    /// Tables as `--table` has them.
    pub tables: Vec<String>,
    /// The connection file.
    pub connection_file: PathBuf,
    /// The settings as written.
    pub settings: Settings,
    /// The data directory.
    pub data_dir: PathBuf,
    /// Longest time of the query.
    pub query_time: Option<Duration>,
    /// What `TD_SCHEDULED_TIME()` gives in the query, in seconds since 1970; the time of the start when it is not given.
    pub scheduled: Option<i64>,
}

/// Why an export did not come to sending.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Arguments, files, settings.
    #[error("{0}")]
    Problems(Problems),
    /// A safety rule refuses it.
    #[error("{0}")]
    Unsafe(Problem),
    /// The query cannot run or did not end; nothing was sent.
    #[error("{0}")]
    Query(Box<QueryError>),
    /// Nobody has approved the connected app yet.
    #[error("{0}")]
    Unconnected(String),
    /// Another export to the business unit runs.
    #[error("another export to this business unit is running with this data directory")]
    Locked,
    /// The lock cannot be taken.
    #[error("{0}")]
    Lock(Box<LockError>),
    /// The data directory cannot be used.
    #[error("{0}")]
    Open(Box<OpenError>),
    /// The data directory cannot be written or read.
    #[error("{0}")]
    Store(Box<StoreError>),
    /// How a run ended could not be written down; its outcomes are in the ledger.
    #[error("{error}")]
    Unrecorded {
        /// The job to continue.
        job: JobId,
        /// What the store says.
        error: Box<StoreError>,
    },
    /// A call that had to be made failed.
    #[error("{0}")]
    Call(Box<pardot::CallError>),
    /// Something of this machine failed.
    #[error("{0}")]
    Failed(String),
    /// No such job, or not one to continue.
    #[error("{0}")]
    Job(Problem),
}

impl From<OpenError> for ExportError {
    fn from(error: OpenError) -> ExportError {
        ExportError::Open(Box::new(error))
    }
}

impl From<StoreError> for ExportError {
    fn from(error: StoreError) -> ExportError {
        ExportError::Store(Box::new(error))
    }
}

impl From<pardot::CallError> for ExportError {
    fn from(error: pardot::CallError) -> ExportError {
        ExportError::Call(Box::new(error))
    }
}

impl From<ConnectionError> for ExportError {
    fn from(error: ConnectionError) -> ExportError {
        match error {
            ConnectionError::Problems(problems) => ExportError::Problems(problems),
            ConnectionError::Unsafe(problem) => ExportError::Unsafe(problem),
        }
    }
}

/// Everything an export needs, understood.
pub struct Prepared {
    /// The tables.
    pub tables: Vec<Table>,
    /// The connection.
    pub connection: Connection,
    /// What the settings mean.
    pub plan: Plan,
}

/// Understands the request, with all its problems at once.
pub fn prepare(request: &ExportRequest) -> Result<Prepared, ExportError> {
    let mut problems = Problems::default();
    let plan = match Plan::parse(&request.settings) {
        Ok(plan) => Some(plan),
        Err(found) => {
            problems.extend(found);
            None
        }
    };
    let mut tables = Vec::new();
    for spec in &request.tables {
        match Table::parse(spec) {
            Ok(table) => tables.push(table),
            Err(error) => {
                let problem = Problem::at(format!("--table {spec}"), error.to_string());
                problems.push(match error.hint() {
                    Some(hint) => problem.hint(hint),
                    None => problem,
                });
            }
        }
    }
    let connection = match Connection::read(&request.connection_file) {
        Ok(connection) => Some(connection),
        Err(ConnectionError::Unsafe(problem)) if problems.is_empty() => return Err(ExportError::Unsafe(problem)),
        Err(ConnectionError::Unsafe(problem)) => {
            problems.push(problem);
            None
        }
        Err(ConnectionError::Problems(found)) => {
            problems.extend(found);
            None
        }
    };
    match (plan, connection) {
        (Some(plan), Some(connection)) if problems.is_empty() => Ok(Prepared { tables, connection, plan }),
        _ => Err(ExportError::Problems(problems)),
    }
}

/// Memory that the query engine may use for sorting, joining and grouping; beyond it spills to disk.
const QUERY_MEMORY: usize = 128 << 20;

/// What a query may use, and the time that it is told; it spills to `spill`.
pub fn limits(spill: &Path, time: Option<Duration>, scheduled_time: i64) -> Limits {
    Limits { time, memory: QUERY_MEMORY, spill_dir: spill.to_owned(), scheduled_time }
}

/// Runs a new job. `job_made` hears its name as soon as it has one.
pub async fn export(request: ExportRequest, stop: StopSignal, watch: Watcher<'_>) -> Result<Ended, ExportError> {
    let prepared = prepare(&request)?;
    if prepared.connection.grant.is_none() {
        return Err(ExportError::Unconnected(prepared.connection.unconnected()));
    }
    let store = Store::open(&request.data_dir).await?;
    let _lock = lock(&store, &prepared.connection)?;
    let job = make_job(&store, &request, &prepared).await?;
    let frozen = {
        let path = store.result_path(&job);
        let folder = path.parent().unwrap_or(Path::new(".")).to_owned();
        let mut progress = |progress: query::Progress| watch(Watched::Querying(progress.rows));
        let limits = limits(&folder, request.query_time, request.scheduled.unwrap_or_else(unix_now));
        query::freeze(&request.sql, &prepared.tables, &limits, &path, stop.clone().stopped(), &mut progress).await
    };
    let frozen = match frozen {
        Ok(frozen) => frozen,
        Err(error) => {
            let state = match error {
                QueryError::Cancelled => JobState::Killed,
                _ => JobState::Failed,
            };
            let cause = StopCause {
                message: format!("the query failed: {error}; nothing was sent"),
                hint: error.hint(),
                configuration: false,
            };
            store.set_state(&job, state, Some(&cause), unix_now()).await?;
            return Err(ExportError::Query(Box::new(error)));
        }
    };
    watch(Watched::Querying(frozen.rows));
    store.set_frozen(&job, frozen.rows, unix_now()).await?;
    let job = find(&store, job.as_str()).await?;
    let run = run_of(&store, job, &prepared.connection, prepared.plan, frozen.seconds);
    let name = run.job.id.clone();
    let ended =
        run.send(stop, watch).await.map_err(|error| ExportError::Unrecorded { job: name, error: Box::new(error) })?;
    store.close().await;
    Ok(ended)
}

/// Continues a job from its frozen Result.
pub async fn resume(data_dir: &Path, name: &str, stop: StopSignal, watch: Watcher<'_>) -> Result<Ended, ExportError> {
    let store = Store::open(data_dir).await?;
    let job = find(&store, name).await?;
    let problem = |message: String| Problem::at(format!("job {}", job.id), message);
    if !job.state.resumable() {
        let problem = match job.state {
            JobState::Success => problem("is done: every row has its end".into()),
            JobState::Skipped => problem("was skipped: an earlier job of its query was at work".into()),
            _ => problem(format!("has no result to continue from (it is {})", job.state)).hint("run the export again"),
        };
        return Err(ExportError::Job(problem));
    }
    if job.frozen_rows.is_none() {
        return Err(ExportError::Job(problem("has no result to continue from".into()).hint("run the export again")));
    }
    if job.origin == Origin::Server {
        let problem = problem("belongs to the server of this data directory, which continues it".into());
        return Err(ExportError::Job(
            problem.hint(format!("sluice jobs continue {} --server URL --token-file FILE", job.id)),
        ));
    }
    let request: JobRequest = serde_json::from_value(job.request.clone())
        .map_err(|error| ExportError::Job(problem(format!("cannot be read back: {error}"))))?;
    let plan = plan_of(&request).map_err(ExportError::Problems)?;
    let connection = Connection::read(&request.connection_file)?;
    let _lock = lock(&store, &connection)?;
    let run = run_of(&store, job, &connection, plan, 0.0);
    let name = run.job.id.clone();
    let ended =
        run.send(stop, watch).await.map_err(|error| ExportError::Unrecorded { job: name, error: Box::new(error) })?;
    store.close().await;
    Ok(ended)
}

/// A run with a connection of its own: nobody else in this process calls its business unit.
fn run_of<'a>(store: &'a Store, job: Job, connection: &Connection, plan: Plan, query_seconds: f64) -> Run<'a> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Run {
        store,
        job,
        business_unit: connection.key(),
        client: connection.client(&plan, &clock).map(Arc::new),
        plan,
        query_seconds,
        keep_result: false,
        requeue: Arc::default(),
        wall: WallClock::system(),
        verdict: &as_it_is,
    }
}

fn lock(store: &Store, connection: &Connection) -> Result<store::Lock, ExportError> {
    store.lock(&connection.key()).map_err(|error| match error {
        LockError::Held { .. } => ExportError::Locked,
        other => ExportError::Lock(Box::new(other)),
    })
}

async fn make_job(store: &Store, request: &ExportRequest, prepared: &Prepared) -> Result<JobId, ExportError> {
    let id = new_job_id(unix_now());
    let connection_file =
        std::fs::canonicalize(&request.connection_file).unwrap_or_else(|_| request.connection_file.clone());
    let kept = JobRequest { connection_file, settings: request.settings.to_json(), tables: request.tables.clone() };
    let new = NewJob {
        id: id.clone(),
        created: unix_now(),
        state: JobState::Querying,
        sql: request.sql.clone(),
        request: serde_json::to_value(kept).unwrap_or_default(),
        business_unit: prepared.connection.key(),
        kind: JobKind::Export,
        origin: Origin::CommandLine,
        query: None,
        query_name: None,
        connection: None,
        actor: None,
        parent: None,
        scheduled: request.scheduled,
    };
    store.create_job(&new).await?;
    Ok(id)
}

/// The job of this name; near names are the hint.
pub async fn find(store: &Store, name: &str) -> Result<Job, ExportError> {
    let id = name.parse::<JobId>().map_err(|message| ExportError::Job(Problem::at(format!("job {name}"), message)))?;
    match store.job(&id).await? {
        Some(job) => Ok(job),
        None => {
            let newest = store.jobs(1).await?;
            let problem = Problem::at(format!("job {name}"), "is not in this data directory");
            Err(ExportError::Job(match newest.first() {
                Some(job) => problem.hint(format!("the newest one is {}; see `sluice jobs`", job.id)),
                None => problem.hint("there is no job yet; is --data-dir right?"),
            }))
        }
    }
}
