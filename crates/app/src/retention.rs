//! What is old goes: ended jobs with their results, used keys, sessions, leftovers of uploads.
//!
//! Knows how long things are kept; the store gives the space back.

use std::time::Duration;

use model::{JobId, JobState};
use store::JobFilter;

use crate::{App, AppError};

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Days that what became of scheduled times is kept at least: a schedule that fires once a year shows its last time.
const SLOT_DAYS: u32 = 400;
/// Jobs removed in one go, so that nobody waits long behind it.
const CHUNK: u32 = 200;

/// Sweeps so often.
const SWEEP: Duration = Duration::from_secs(3_600);

impl App {
    /// Sweeps again and again, beside the jobs, until the application stops.
    pub(crate) async fn keep_swept(self) {
        let mut clock = self.0.config.clock.sets();
        while !self.is_stopping() {
            let swept = self.now();
            self.sweep().await;
            self.0.swept.send_replace(swept);
            let clock_says_so = async {
                while self.now().abs_diff(swept) < SWEEP.as_secs() {
                    clock.next().await;
                }
            };
            tokio::select! {
                () = tokio::time::sleep(SWEEP) => {}
                () = clock_says_so => {}
                () = self.stopping() => {}
            }
        }
    }

    /// Waits until a sweep that began when the clock showed `at`, in seconds since 1970, is done. For a clock that is set by
    /// hand.
    pub async fn swept(&self, at: i64) {
        let mut swept = self.0.swept.subscribe();
        // The sender lives as long as we do.
        let _ = swept.wait_for(|swept| *swept == at).await;
    }

    /// Sweeps once. What fails is said in the log and tried again at the next sweep.
    pub(crate) async fn sweep(&self) {
        if let Err(error) = self.sweep_jobs().await {
            tracing::warn!("old jobs could not be removed: {error}");
        }
        if let Err(error) = self.use_idle_grants().await {
            tracing::warn!("idle grants could not be looked at: {error}");
        }
        self.sweep_uploads().await;
        self.sweep_snapshots().await;
    }

    async fn sweep_jobs(&self) -> Result<(), AppError> {
        let now = self.now();
        let before = now - i64::from(self.0.config.retention_days) * DAY;
        let mut removed = 0;
        loop {
            let gone = self.0.store.sweep(before, CHUNK, now).await?;
            for job in &gone {
                self.remove_result(job);
            }
            removed += gone.len();
            if (gone.len() as u64) < u64::from(CHUNK) {
                break;
            }
        }
        self.0.store.sweep_audit(now - i64::from(self.0.config.audit_days) * DAY).await?;
        // As long as the jobs, and as what the audit log says of them.
        let slots = SLOT_DAYS.max(self.0.config.audit_days).max(self.0.config.retention_days);
        self.0.store.sweep_slots(now - i64::from(slots) * DAY).await?;
        self.sweep_results().await?;
        if removed > 0 {
            self.0.store.free_space().await?;
            tracing::info!(jobs = removed, "old jobs were removed");
        }
        Ok(())
    }

    /// Result files of jobs that are not there any more.
    async fn sweep_results(&self) -> Result<(), AppError> {
        // No job takes a file over meanwhile.
        let _queue = self.0.queue.lock().await;
        for id in self.0.store.result_files().await? {
            if self.0.store.job(&id).await?.is_none() {
                self.remove_result(&id);
            }
        }
        Ok(())
    }

    fn remove_result(&self, id: &JobId) {
        let path = self.0.store.result_path(id);
        match std::fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(job = %id, "an old result could not be removed: {error}"),
        }
    }

    /// Removes what a process that died left beside the Results: half-written ones, what the engine had spilt, copies that
    /// no job took over. Only before anything runs here, and not while a query of the command line may be writing.
    pub(crate) async fn sweep_leftovers(&self) -> Result<(), AppError> {
        let filter = JobFilter { states: vec![JobState::Querying], ..JobFilter::default() };
        if !self.0.store.jobs_page(&filter, None, 1).await?.is_empty() {
            return Ok(());
        }
        let Ok(entries) = std::fs::read_dir(self.0.store.directory().join("results")) else { return Ok(()) };
        for entry in entries.flatten() {
            let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
            let is_result = name.strip_suffix(".parquet").is_some_and(|id| id.parse::<JobId>().is_ok());
            let removed = match is_result {
                true => Ok(()),
                false if path.is_dir() => std::fs::remove_dir_all(&path),
                false => std::fs::remove_file(&path),
            };
            if let Err(error) = removed {
                tracing::warn!("a leftover in results could not be removed: {}", error.kind());
            }
        }
        Ok(())
    }
}
