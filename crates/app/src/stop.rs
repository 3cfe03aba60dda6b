//! The wish to stop, heard in several places.

use tokio::sync::watch;

/// Resolves when somebody wants the work to stop. Clones hear the same wish.
#[derive(Debug, Clone)]
pub struct StopSignal(watch::Receiver<bool>);

impl StopSignal {
    /// A wish and its hearers.
    pub fn new() -> (watch::Sender<bool>, StopSignal) {
        let (sender, receiver) = watch::channel(false);
        (sender, StopSignal(receiver))
    }

    /// Resolves when the work should stop; never when nobody can wish any more.
    pub async fn stopped(self) {
        let mut wish = self.0;
        if wish.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
