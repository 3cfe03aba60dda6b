//! What is old goes: ended jobs with their results, used keys, sessions, leftovers of uploads.
//!
//! Knows how long things are kept; the store gives the space back.

use model::JobId;

use crate::clock::unix_now;
use crate::enqueue::sweep_copies;
use crate::{App, AppError};

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Jobs removed in one go, so that nobody waits long behind it.
const CHUNK: u32 = 200;

impl App {
    /// Sweeps once. What fails is said in the log and tried again at the next sweep.
    pub(crate) async fn sweep(&self) {
        if let Err(error) = self.sweep_jobs().await {
            tracing::warn!("old jobs could not be removed: {error}");
        }
        self.sweep_uploads().await;
    }

    async fn sweep_jobs(&self) -> Result<(), AppError> {
        let now = unix_now();
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
        self.sweep_results().await?;
        if removed > 0 {
            self.0.store.free_space().await?;
            tracing::info!(jobs = removed, "old jobs were removed");
        }
        Ok(())
    }

    /// Result files of jobs that are not there any more.
    async fn sweep_results(&self) -> Result<(), AppError> {
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

    /// Leftovers of a process that ended in between; only before anything runs.
    pub(crate) fn sweep_leftovers(&self) {
        sweep_copies(&self.0.store);
    }
}
