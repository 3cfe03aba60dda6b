//! A sandbox, a data directory, an application, and a connection, table and query to begin with.
//!
//! Knows no case.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::{ConnectionSpec, Export, Job, JobEvent, QuerySpec, RunRequest, Secret, SettingsMap};
use app::{Actor, App, AppError, Config, Mode, StartError, Upload};
use model::JobState;
use pardot_sim::{Counters, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Everything a test begins with.
pub(crate) struct Bench {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) folder: TempDir,
    pub(crate) app: App,
    pub(crate) actor: Actor,
}

impl Bench {
    pub(crate) async fn new() -> Bench {
        Bench::with(pardot_sim::Config::default()).await
    }

    pub(crate) async fn with(config: pardot_sim::Config) -> Bench {
        Bench::with_app(config, |_| {}).await
    }

    /// The same with an application of another configuration.
    pub(crate) async fn with_app(sandbox: pardot_sim::Config, decide: impl FnOnce(&mut Config)) -> Bench {
        let sandbox = Arc::new(Sandbox::start(sandbox).await.expect("the sandbox starts"));
        let folder = TempDir::new().expect("a folder");
        let mut config = config(folder.path().join("data"));
        decide(&mut config);
        let app = App::start(config, Mode::Serve).await.expect("the application starts");
        let bench = Bench { sandbox, folder, app, actor: Actor::command_line() };
        bench.app.create_connection(&bench.actor, bench.spec("prod")).await.expect("the connection is taken");
        bench
    }

    /// A connection to the sandbox, as a person writes it.
    pub(crate) fn spec(&self, name: &str) -> ConnectionSpec {
        let known = self.sandbox.connection();
        ConnectionSpec {
            name: Some(name.into()),
            pardot_domain: Some(known.pardot_domain),
            business_unit: Some(known.business_unit),
            login_url: Some(known.login_url),
            client_id: Some(known.client_id),
            client_secret: Some(Secret::new(known.client_secret)),
            refresh_token: Some(Secret::new(known.refresh_token)),
            ..ConnectionSpec::default()
        }
    }

    /// Stops the application in order and starts it again on the same folder.
    pub(crate) async fn restart(self) -> Bench {
        self.restart_with(|_| {}).await
    }

    /// The same with another configuration.
    pub(crate) async fn restart_with(self, decide: impl FnOnce(&mut Config)) -> Bench {
        self.app.stop().await;
        let Bench { sandbox, folder, app, actor } = self;
        drop(app);
        let mut config = config(folder.path().join("data"));
        decide(&mut config);
        // Whoever watched a job lets go of the old one at their next look.
        let app = until("the directory is free", || async {
            match App::start(config.clone(), Mode::Serve).await {
                Err(StartError::Lock(_)) => None,
                started => Some(started.expect("the application starts")),
            }
        });
        let app = app.await;
        Bench { sandbox, folder, app, actor }
    }

    pub(crate) async fn upload(&self, table: &str, csv: &str) -> api::Table {
        self.app.upload_table(&self.actor, table, csv_upload(csv)).await.expect("the upload is taken").0
    }

    /// A query `contacts` over the table `c`, exported through `prod` with these settings.
    pub(crate) async fn query(&self, settings: Value) {
        self.app
            .put_query(&self.actor, "contacts", query("contacts", settings), None)
            .await
            .expect("the query is taken");
    }

    pub(crate) async fn run(&self) -> Job {
        self.start(RunRequest::default()).await.expect("the job starts")
    }

    pub(crate) async fn start(&self, request: RunRequest) -> Result<Job, AppError> {
        self.app.run_query(&self.actor, "contacts", request, None).await.map(|(job, _)| job)
    }

    /// Runs the query and follows its job to where it ends or waits.
    pub(crate) async fn settled(&self) -> Job {
        let job = self.run().await;
        self.follow(&job.id, |job| !matches!(job.state, JobState::Queued | JobState::Querying | JobState::Sending))
            .await
    }

    /// Follows a job until it is as wanted.
    pub(crate) async fn follow(&self, id: &str, wanted: impl Fn(&Job) -> bool) -> Job {
        let mut watch = self.app.watch_job(&self.actor, id, 0).await.expect("the job is there");
        let patience = Duration::from_secs(60);
        let seen = tokio::time::timeout(patience, async {
            while let Some(event) = watch.events.recv().await {
                match event {
                    JobEvent::Job(job) if wanted(&job) => return Some(*job),
                    JobEvent::Job(_) | JobEvent::Log(_) => {}
                }
            }
            None
        })
        .await;
        match seen.expect("the job comes to where it is wanted") {
            Some(job) => job,
            None => {
                let job = self.app.job(&self.actor, id).await.expect("the job is there");
                assert!(wanted(&job), "the job ended elsewhere: {job:?}");
                job
            }
        }
    }

    pub(crate) async fn log(&self, id: &str) -> Vec<String> {
        let page = self.app.job_log(&self.actor, id, 0, 500).await.expect("the log is there");
        page.items.into_iter().map(|line| line.text).collect()
    }

    pub(crate) fn unit(&self) -> String {
        self.sandbox.connection().business_unit
    }

    pub(crate) fn prospects(&self) -> Vec<Value> {
        self.sandbox.prospects(&self.unit())
    }

    pub(crate) fn counters(&self) -> Counters {
        self.sandbox.counters(&self.unit())
    }

    pub(crate) fn batches(&self) -> u64 {
        self.counters().by_operation.get("prospect/batchUpsert").copied().unwrap_or(0)
    }
}

/// Looks until there is what is looked for. Every look asks the store, so that others get their turn.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let patience = Duration::from_secs(60);
    let found = tokio::time::timeout(patience, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    });
    found.await.unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// An application on a folder, quick where it waits.
pub(crate) async fn open(data_dir: PathBuf) -> App {
    App::start(config(data_dir), Mode::Serve).await.expect("the application starts")
}

/// What [`open`] starts with.
pub(crate) fn config(data_dir: PathBuf) -> Config {
    let mut config = Config::new(data_dir);
    config.hosts.loopback = true;
    config.outage_wait = Duration::from_secs(1);
    config
}

pub(crate) fn query(name: &str, settings: Value) -> QuerySpec {
    let Value::Object(mut settings) = settings else { panic!("settings are a mapping") };
    for (name, value) in
        [("initial_retry_wait", 0.01), ("maximum_retry_wait", 0.05), ("maximum_connection_timeout", 5.0)]
    {
        settings.entry(name).or_insert(json!(value));
    }
    QuerySpec {
        name: name.into(),
        sql: "SELECT * FROM c".into(),
        export: Some(Export { connection: "prod".into(), settings: SettingsMap(settings) }),
        ..QuerySpec::default()
    }
}

pub(crate) fn csv_upload(text: &str) -> Upload {
    let (sender, chunks) = mpsc::channel(4);
    let pieces: Vec<Vec<u8>> = text.as_bytes().chunks(10_000).map(<[u8]>::to_vec).collect();
    tokio::spawn(async move {
        for piece in pieces {
            if sender.send(Ok(piece)).await.is_err() {
                return;
            }
        }
    });
    Upload { format: "csv".into(), chunks }
}

/// So many contacts; `bad` says which have no proper email.
pub(crate) fn contacts(rows: u64, bad: fn(u64) -> bool) -> String {
    let mut csv = String::from("email,first_name,score\n");
    for row in 1..=rows {
        let email = if bad(row) { format!("nobody {row}") } else { format!("person{row}@example.com") };
        csv.push_str(&format!("{email},Person {row},{}\n", row % 100));
    }
    csv
}

pub(crate) fn good(_: u64) -> bool {
    false
}

#[track_caller]
pub(crate) fn adds_up(job: &Job) -> model::Tally {
    let rows = job.rows.expect("the job has counts");
    assert!(rows.adds_up(), "{rows:?}");
    rows
}
