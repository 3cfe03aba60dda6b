//! What tests of the use cases are written with: an application over a temporary directory, nothing running in it.
//!
//! Knows no test.

use std::path::PathBuf;

use api::{ConnectionSpec, Role, Scope};
use model::{BatchEnd, BatchMark, JobId, JobState, Rejection};
use store::{JobKind, NewJob, Origin};

use crate::{Actor, App, AppError, Config, Mode, Upload};

/// A moment: 2026-11-23T14:13:20Z.
pub(crate) const NOW: i64 = 1_795_443_200;

/// An application, its data directory and a root for tables beside it.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    pub(crate) app: App,
}

impl Bench {
    pub(crate) async fn new() -> Bench {
        Bench::with(|_| {}).await
    }

    pub(crate) async fn with(decide: impl FnOnce(&mut Config)) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(folder.path().join("data"));
        config.table_roots = vec![folder.path().join("in")];
        decide(&mut config);
        std::fs::create_dir(folder.path().join("in")).unwrap();
        let app = App::start(config, Mode::Quiet).await.unwrap_or_else(|error| panic!("{error}"));
        Bench { folder, app }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the root.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path("in").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The uploaded files.
    pub(crate) fn uploads(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path("data/tables")) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// A connection that nothing is ever sent through.
    pub(crate) async fn connection(&self, name: &str) {
        let spec = ConnectionSpec {
            name: Some(name.into()),
            business_unit: Some("0Uv000000000001CAA".into()),
            client_id: Some("consumer".into()),
            ..ConnectionSpec::default()
        };
        self.app.create_connection(&admin(), spec).await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// A job of the server with a frozen Result of these `VALUES`, in this state.
    pub(crate) async fn job(&self, id: &str, values: &str, settings: serde_json::Value, state: JobState) -> JobId {
        let id: JobId = id.parse().unwrap();
        let store = &self.app.0.store;
        let connection = store.documents("connection", None, 1).await.unwrap().pop();
        let new = NewJob {
            id: id.clone(),
            created: NOW,
            state: JobState::Queued,
            kind: JobKind::Export,
            origin: Origin::Server,
            query: None,
            query_name: None,
            connection: connection.as_ref().map(|connection| connection.id.clone()),
            actor: None,
            parent: None,
            scheduled: None,
            sql: "SELECT 1".into(),
            request: serde_json::json!({
                "connection": connection.map(|connection| connection.id), "connection_name": null,
                "settings": settings, "time_limit": null, "stored": false,
            }),
            business_unit: "unit".into(),
        };
        store.create_job(&new).await.unwrap();
        let limits = crate::export::limits(&self.path("data/results"), None, NOW);
        let path = store.result_path(&id);
        let frozen = query::freeze(values, &[], &limits, &path, std::future::pending(), &mut |_| {}).await.unwrap();
        store.set_frozen(&id, frozen.rows, NOW).await.unwrap();
        store.set_state(&id, JobState::Sending, None, NOW).await.unwrap();
        if state != JobState::Sending {
            store.set_state(&id, state, None, NOW).await.unwrap();
        }
        id
    }

    /// A batch of a job in its ledger.
    pub(crate) async fn batch(&self, job: &JobId, number: u64, rows: &[u64], end: BatchEnd, rejected: &[u64]) {
        let mark = BatchMark { number, rows: rows.to_vec(), end };
        let at = NOW + i64::try_from(number).unwrap();
        let rejections = rejected.iter().map(|row| rejection(*row, Some(4))).collect();
        self.app.0.store.ledger(job).settle(mark, rejections, at).await.unwrap();
    }

    /// Rows of a job that were found impossible before sending.
    pub(crate) async fn refused(&self, job: &JobId, rows: &[u64]) {
        let rejections = rows.iter().map(|row| rejection(*row, None)).collect();
        self.app.0.store.ledger(job).reject(rejections).await.unwrap();
    }
}

fn rejection(row: u64, code: Option<u16>) -> Rejection {
    Rejection { row, column: Some("email".into()), code, reason: format!("bad {row}"), hint: Some("mend it".into()) }
}

/// Somebody with this right and no more.
pub(crate) fn actor(scope: Scope) -> Actor {
    Actor { name: "ada".into(), person: None, token: None, role: Role::Viewer, scope, address: "127.0.0.1".into() }
}

pub(crate) fn admin() -> Actor {
    actor(Scope::Admin)
}

/// Bytes that arrive in pieces.
pub(crate) fn upload(format: &str, bytes: &[u8]) -> Upload {
    let (sender, chunks) = tokio::sync::mpsc::channel(1_000);
    for piece in bytes.chunks(997) {
        sender.try_send(Ok(piece.to_vec())).unwrap();
    }
    Upload { format: format.into(), chunks }
}

/// All bytes of a download, or where it broke off.
pub(crate) async fn all(
    mut chunks: tokio::sync::mpsc::Receiver<Result<Vec<u8>, std::io::Error>>,
) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.recv().await {
        bytes.extend(chunk.map_err(|error| error.to_string())?);
    }
    Ok(bytes)
}

/// An error as a person reads it.
#[track_caller]
pub(crate) fn said<T>(answer: Result<T, AppError>) -> String {
    let Err(error) = answer else { panic!("it was done") };
    let hint = error.hint().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
    format!("{} ({}){hint}\n", error, error.code())
}
