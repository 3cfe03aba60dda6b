//! What runs by itself: loops that are begun again when a defect of ours ends one.
//!
//! Knows nothing of what a loop does.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::App;

/// A loop that broke off is begun again after this.
pub(crate) const AGAIN: Duration = Duration::from_secs(1);

/// The loops that broke off and are not at work again yet.
#[derive(Default)]
pub(crate) struct Broken(Mutex<BTreeSet<&'static str>>);

impl Broken {
    /// One of them, if there is any.
    pub(crate) fn first(&self) -> Option<&'static str> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).first().copied()
    }

    fn note(&self, name: &'static str, broken: bool) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if broken {
            names.insert(name);
        } else {
            names.remove(name);
        }
    }
}

impl App {
    /// Runs a loop beside everything else until it ends by itself, which it does when the application stops. One that
    /// panics is begun again after `pause`.
    pub(crate) fn keep_up<F>(
        &self,
        name: &'static str,
        pause: Duration,
        begin: impl Fn(App) -> F + Send + 'static,
    ) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let app = self.clone();
        tokio::spawn(async move {
            while tokio::spawn(begin(app.clone())).await.is_err() {
                tracing::error!(
                    "{name} broke off by a defect of Sluice, and is begun again in {pause:?}: report the log"
                );
                app.0.broken.note(name, true);
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = app.stopping() => return,
                }
                app.0.broken.note(name, false);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::fixture::Bench;

    #[tokio::test]
    async fn a_loop_that_breaks_off_is_begun_again() {
        let bench = Bench::new().await;
        let begun = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&begun);
        let kept = bench.app.keep_up("the test", Duration::ZERO, move |app| {
            let round = counted.fetch_add(1, Ordering::SeqCst);
            async move {
                assert!(round >= 2, "a defect");
                app.stopping().await;
            }
        });
        while begun.load(Ordering::SeqCst) < 3 || bench.app.ready().await.is_err() {
            tokio::task::yield_now().await;
        }
        bench.app.begin_stop();
        kept.await.unwrap();
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_server_whose_loop_broke_off_is_not_ready() {
        let bench = Bench::new().await;
        bench.app.ready().await.unwrap();
        let broken = |_| async { panic!("a defect") };
        let kept = bench.app.keep_up("the queue", Duration::from_secs(3_600), broken);
        let said = loop {
            match bench.app.ready().await {
                Ok(()) => tokio::task::yield_now().await,
                Err(error) => break error.to_string(),
            }
        };
        assert_eq!(said, "the queue broke off and is begun again in a moment");
        bench.app.begin_stop();
        kept.await.unwrap();
    }
}
