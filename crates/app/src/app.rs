//! The application: one open data directory, its worker, and what its use cases share.
//!
//! Each use case stands in the module of its subject; this one starts and stops the whole.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use notify::{Mailer, Webhooks};
use secrecy::SecretString;
use store::{KeySource, Lock, NoticeChannel, Store};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};

use crate::authorize::Approvals;
use crate::clock::monotonic;
use crate::discreet::Discreet;
use crate::figures::{Figures, Sums};
use crate::live::Live;
use crate::loops::{AGAIN, Broken};
use crate::measure::Measured;
use crate::outbox::Bells;
use crate::units::Units;
use crate::uploads::Readers;
use crate::{AppError, Config};

/// An orderly stop takes so long at most.
pub const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// How much of the application runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything: jobs left behind go on, the queue is worked on, retention sweeps.
    Serve,
    /// Use cases only; nothing runs by itself.
    Quiet,
}

/// Why a data directory cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store refuses: damaged, newer, another key.
    #[error("{0}")]
    Open(Box<store::OpenError>),
    /// Another server has the directory.
    #[error("{0}")]
    Lock(Box<store::LockError>),
    /// The settings of the mail server cannot work.
    #[error("{0}")]
    Mail(notify::SettingsError),
    /// The jobs left behind cannot be read.
    #[error("{0}")]
    Failed(Box<AppError>),
}

impl StartError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            StartError::Open(error) => Some(error.hint()),
            StartError::Lock(error) => Some(error.hint()),
            StartError::Mail(error) => Some(error.hint.clone()),
            StartError::Failed(error) => error.hint(),
        }
    }
}

impl From<AppError> for StartError {
    fn from(error: AppError) -> StartError {
        StartError::Failed(Box::new(error))
    }
}

/// Cheap to clone; everything that can be done is a method.
#[derive(Clone)]
pub struct App(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) config: Config,
    pub(crate) units: Units,
    pub(crate) live: Live,
    pub(crate) sums: Sums,
    pub(crate) approvals: Approvals,
    /// Who reads files of tables now.
    pub(crate) readers: Readers,
    /// What bound files were found to hold.
    pub(crate) measured: Measured,
    /// For texts that leave the machine.
    pub(crate) discreet: Discreet,
    /// Held by whoever moves jobs in or out of the queue, so that nobody acts on a state that another just changed.
    pub(crate) queue: tokio::sync::Mutex<()>,
    /// Something in the queue changed.
    pub(crate) wake: Notify,
    /// Held by whoever changes a schedule or what became of its times. Taken before `queue`.
    pub(crate) scheduling: tokio::sync::Mutex<()>,
    /// The schedules were changed since the scheduler read them.
    pub(crate) schedules_stale: AtomicBool,
    /// The time of the clock at which the scheduler last began to look, once it has dealt with all that it found due.
    pub(crate) schedules_seen: watch::Sender<i64>,
    /// The time of the clock at which the last sweep began, once it is done.
    pub(crate) swept: watch::Sender<i64>,
    /// The scheduler is to look.
    pub(crate) schedules_wake: Notify,
    /// The outcome of a job waits to be told.
    pub(crate) outcomes_wake: Notify,
    /// A notice waits to be sent.
    pub(crate) notices_wake: Bells,
    /// What runs by itself and broke off.
    pub(crate) broken: Broken,
    /// The operator's mail server, where there is one.
    pub(crate) mailer: Option<Mailer>,
    pub(crate) webhooks: Webhooks,
    pub(crate) stopping: watch::Sender<bool>,
    stop_begun: OnceLock<Instant>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    setup_token: Mutex<Option<SecretString>>,
    _lock: Lock,
}

impl App {
    /// Opens a data directory, alone: a second server or local command is refused.
    ///
    /// # Errors
    /// See [`StartError`]; nothing was changed then.
    pub async fn start(config: Config, mode: Mode) -> Result<App, StartError> {
        let lock = Store::serve_lock(&config.data_dir).map_err(|error| StartError::Lock(Box::new(error)))?;
        let source = match &config.master_key {
            Some(key) => KeySource::Given(key.clone()),
            None => KeySource::File(config.data_dir.join("master.key")),
        };
        let store = Box::pin(Store::open_keyed(&config.data_dir, source)).await;
        let store = store.map_err(|error| StartError::Open(Box::new(error)))?;
        let mailer = crate::notices::mailer(&config).map_err(StartError::Mail)?;
        let webhooks = Webhooks::new(config.webhooks.clone());
        let discreet = Discreet::about(&config.data_dir);
        let app = App(Arc::new(Inner {
            store,
            config,
            units: Units::default(),
            live: Live::new(),
            sums: Sums::default(),
            approvals: Approvals::default(),
            readers: Readers::default(),
            measured: Measured::default(),
            discreet,
            queue: tokio::sync::Mutex::default(),
            wake: Notify::new(),
            scheduling: tokio::sync::Mutex::default(),
            schedules_stale: AtomicBool::new(true),
            schedules_seen: watch::Sender::new(i64::MIN),
            swept: watch::Sender::new(i64::MIN),
            schedules_wake: Notify::new(),
            outcomes_wake: Notify::new(),
            notices_wake: Bells::default(),
            broken: Broken::default(),
            mailer,
            webhooks,
            stopping: watch::Sender::new(false),
            stop_begun: OnceLock::new(),
            workers: Mutex::default(),
            setup_token: Mutex::default(),
            _lock: lock,
        }));
        if mode == Mode::Serve {
            app.recover().await?;
            app.sweep_leftovers().await?;
            let token = app.prepare_setup().await?;
            *app.0.setup_token.lock().unwrap_or_else(PoisonError::into_inner) = token;
            app.begin_work(true);
        }
        Ok(app)
    }

    /// Works on the queue from now on, and leaves schedules alone; for a local command that runs a query.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn start_worker(&self) -> Result<(), AppError> {
        self.recover().await?;
        self.begin_work(false);
        Ok(())
    }

    fn begin_work(&self, schedules: bool) {
        let mut workers = self.0.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if workers.is_empty() {
            // Jobs at work outlive a loop that breaks off: whoever begins it again knows them.
            let running = Arc::new(tokio::sync::Mutex::new(JoinSet::new()));
            *workers = vec![
                self.keep_up("the queue", AGAIN, move |app| app.work_on_queue(Arc::clone(&running))),
                self.keep_up("retention", AGAIN, App::keep_swept),
                self.keep_up("telling", AGAIN, App::keep_told),
                self.keep_up("sending mail", AGAIN, |app| app.keep_delivering(NoticeChannel::Mail)),
                self.keep_up("calling webhooks", AGAIN, |app| app.keep_delivering(NoticeChannel::Webhook)),
            ];
            if schedules {
                workers.push(self.keep_up("the scheduler", AGAIN, App::keep_schedules));
            }
        }
    }

    /// Takes no new work and asks the jobs at work to stop; [`App::stop`] waits for them.
    pub fn begin_stop(&self) {
        // The patience counts from the first time.
        let _ = self.0.stop_begun.set(monotonic());
        self.0.stopping.send_replace(true);
        self.0.live.pause_all();
        self.0.wake.notify_one();
    }

    /// The one-time setup token, when nobody is there yet. Shown once by whoever started the server.
    pub fn setup_token(&self) -> Option<SecretString> {
        self.0.setup_token.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Stops: jobs at work finish what is under way and wait in the queue, nothing is in doubt afterwards. A call that has
    /// no answer within [`STOP_PATIENCE`] is given up, as if the process had died: the next start goes on from the ledger.
    pub async fn stop(&self) {
        self.begin_stop();
        let workers = std::mem::take(&mut *self.0.workers.lock().unwrap_or_else(PoisonError::into_inner));
        let orderly = async {
            for worker in workers {
                // A worker that broke off has said why.
                let _ = worker.await;
            }
            // A rotated grant on its way must arrive: the old one is dead already.
            self.0.units.settled().await;
        };
        let waited = self.0.stop_begun.get().map(|begun| monotonic().duration_since(*begun)).unwrap_or_default();
        if tokio::time::timeout(STOP_PATIENCE.saturating_sub(waited), orderly).await.is_err() {
            tracing::warn!("a call to Pardot did not end in time and was given up; its job goes on at the next start");
        }
        self.0.store.clone().close().await;
    }

    /// Whether no new work is taken.
    pub fn is_stopping(&self) -> bool {
        *self.0.stopping.borrow()
    }

    /// Hears when the application begins to stop.
    pub async fn stopping(&self) {
        let mut stopping = self.0.stopping.subscribe();
        // The sender lives as long as we do.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    }

    /// Whether the store answers and all that runs by itself runs.
    ///
    /// # Errors
    /// It does not, or the server is stopping.
    pub async fn ready(&self) -> Result<(), AppError> {
        if self.is_stopping() {
            return Err(AppError::Unavailable { message: "the server is stopping".into(), hint: None });
        }
        if let Some(name) = self.0.broken.first() {
            let message = format!("{name} broke off and is begun again in a moment");
            return Err(AppError::Unavailable { message, hint: Some("look at the server's log".into()) });
        }
        self.0.store.value("ready").await?;
        Ok(())
    }

    /// What the jobs of this process have done since it started.
    pub fn figures(&self) -> Figures {
        self.0.sums.now(self.0.live.count())
    }

    /// The time by the clock of this server, as documents have times.
    pub fn time(&self) -> String {
        crate::names::time(self.now())
    }

    /// Seconds since 1970, by the clock that this server goes by.
    pub(crate) fn now(&self) -> i64 {
        self.0.config.clock.now()
    }

    /// What the operator decided.
    pub fn config(&self) -> &Config {
        &self.0.config
    }
}
