//! The jobs at work in this process: their progress, and the wish that they stop.
//!
//! Lost with the process: whatever must survive is in the store.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use api::{JobProgress, Stage};
use model::{JobId, Tally};
use pardot::Client;
use tokio::sync::{broadcast, watch};

use crate::clock::monotonic;
use crate::stop::StopSignal;

/// Changes that a slow watcher may miss before it looks again.
const CHANGES: usize = 1_024;
/// A rate is that of the last so many seconds.
const RATE: Duration = Duration::from_secs(5);

/// Every job at work.
pub(crate) struct Live {
    jobs: Mutex<HashMap<JobId, Arc<LiveJob>>>,
    changes: broadcast::Sender<JobId>,
}

/// One job at work.
pub(crate) struct LiveJob {
    wish: watch::Sender<bool>,
    stop: StopSignal,
    /// Whether a stop means "later" instead of "never".
    pub(crate) requeue: Arc<AtomicBool>,
    client: OnceLock<Arc<Client>>,
    vault: OnceLock<String>,
    state: Mutex<State>,
}

struct State {
    stage: Stage,
    rows: u64,
    checked: u64,
    tally: Option<Tally>,
    begun: Instant,
    /// When the rate was last begun anew, and the rows with an end then.
    sample: (Instant, u64),
    rate: f64,
}

impl Live {
    pub(crate) fn new() -> Live {
        Live { jobs: Mutex::default(), changes: broadcast::Sender::new(CHANGES) }
    }

    /// A job begins to work.
    pub(crate) fn begin(&self, id: &JobId) -> Arc<LiveJob> {
        let (wish, stop) = StopSignal::new();
        let now = monotonic();
        let state =
            State { stage: Stage::Query, rows: 0, checked: 0, tally: None, begun: now, sample: (now, 0), rate: 0.0 };
        let job = Arc::new(LiveJob {
            wish,
            stop,
            requeue: Arc::default(),
            client: OnceLock::new(),
            vault: OnceLock::new(),
            state: Mutex::new(state),
        });
        locked(&self.jobs).insert(id.clone(), Arc::clone(&job));
        self.changed(id);
        job
    }

    /// A run works no more. A later run of the same job is another one.
    pub(crate) fn end(&self, id: &JobId, run: &LiveJob) {
        let mut jobs = locked(&self.jobs);
        if jobs.get(id).is_some_and(|known| std::ptr::eq(Arc::as_ptr(known), run)) {
            jobs.remove(id);
        }
        drop(jobs);
        self.changed(id);
    }

    /// The job, while it is at work.
    pub(crate) fn find(&self, id: &JobId) -> Option<Arc<LiveJob>> {
        locked(&self.jobs).get(id).cloned()
    }

    /// How many are at work.
    pub(crate) fn count(&self) -> usize {
        locked(&self.jobs).len()
    }

    /// Asks all of them to stop and to wait in the queue.
    pub(crate) fn pause_all(&self) {
        // A job that was asked to stop for good stays so.
        for job in locked(&self.jobs).values().filter(|job| !job.is_stopping()) {
            job.requeue.store(true, Ordering::SeqCst);
            job.wish.send_replace(true);
        }
    }

    /// Tells watchers to look.
    pub(crate) fn changed(&self, id: &JobId) {
        // Nobody may be watching.
        let _ = self.changes.send(id.clone());
    }

    /// Hears of changes.
    pub(crate) fn watch(&self) -> broadcast::Receiver<JobId> {
        self.changes.subscribe()
    }
}

impl LiveJob {
    /// The wish that it stops.
    pub(crate) fn stop(&self) -> StopSignal {
        self.stop.clone()
    }

    /// Asks it to stop for good.
    pub(crate) fn kill(&self) {
        self.requeue.store(false, Ordering::SeqCst);
        self.wish.send_replace(true);
    }

    /// Whether it was asked to stop for good.
    pub(crate) fn is_killed(&self) -> bool {
        self.is_stopping() && !self.requeue.load(Ordering::SeqCst)
    }

    /// Whether it was asked to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.wish.borrow()
    }

    /// Where the secrets that it uses are kept.
    pub(crate) fn vault(&self) -> Option<&str> {
        self.vault.get().map(String::as_str)
    }

    /// The secrets that it uses are kept here.
    pub(crate) fn uses(&self, vault: &str) {
        // A run has one connection in its life.
        let _ = self.vault.set(vault.to_owned());
    }

    /// Its client, once it has one.
    pub(crate) fn calls_with(&self, client: &Arc<Client>) {
        // A job has one client in its life.
        let _ = self.client.set(Arc::clone(client));
    }

    /// The query has so many rows.
    pub(crate) fn querying(&self, rows: u64) {
        locked(&self.state).rows = rows;
    }

    /// So many rows are checked, of all.
    pub(crate) fn checking(&self, checked: u64, rows: u64) {
        let mut state = locked(&self.state);
        // The first call is on its way when all rows are checked; its answer may take a while.
        let stage = if checked < rows { Stage::Check } else { Stage::Send };
        (state.stage, state.checked, state.rows) = (stage, checked, rows);
    }

    /// The counts, while sending.
    pub(crate) fn sending(&self, tally: Tally) {
        let mut state = locked(&self.state);
        let now = monotonic();
        let done = tally.read - tally.unsent;
        if state.tally.is_none() {
            state.sample = (now, done);
        }
        (state.stage, state.rows, state.checked, state.tally) = (Stage::Send, tally.read, tally.read, Some(tally));
        let past = now.duration_since(state.sample.0);
        if past >= Duration::from_millis(500) {
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let rate = done.saturating_sub(state.sample.1) as f64 / past.as_secs_f64();
            state.rate = rate;
            if past >= RATE {
                state.sample = (now, done);
            }
        }
    }

    /// The counts so far, once rows are sent.
    pub(crate) fn tally(&self) -> Option<Tally> {
        locked(&self.state).tally
    }

    /// How Pardot throttles it: lanes that are left, when it asks to slow down.
    pub(crate) fn throttled(&self) -> Option<usize> {
        let counts = self.client.get()?.counts();
        counts.throttled_now.then_some(counts.lanes)
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> JobProgress {
        let calls_in_flight = self.client.get().map_or(0, |client| client.counts().in_flight);
        let state = locked(&self.state);
        JobProgress {
            stage: state.stage,
            rows: state.rows,
            checked: state.checked,
            rows_per_second: state.rate,
            calls_in_flight,
            seconds: monotonic().duration_since(state.begun).as_secs_f64(),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
