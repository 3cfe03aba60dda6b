//! The wall clock and chance, in one place.
//!
//! Everything else is given its time.

use std::sync::Arc;

use tokio::sync::watch;

/// The wall clock that a server goes by: the system's, or one that is set by hand.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<watch::Sender<i64>>>);

impl Clock {
    /// The system's.
    pub fn system() -> Clock {
        Clock(None)
    }

    /// One that stands still at `unix` (seconds since 1970) until it is set.
    pub fn by_hand(unix: i64) -> Clock {
        Clock(Some(Arc::new(watch::Sender::new(unix))))
    }

    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        self.0.as_ref().map_or_else(unix_now, |clock| *clock.borrow())
    }

    /// Sets a clock that is set by hand, forwards or back; the system's goes on as it does.
    pub fn set(&self, unix: i64) {
        if let Some(clock) = &self.0 {
            clock.send_replace(unix);
        }
    }

    /// Hears when the clock is set, from now on.
    pub(crate) fn sets(&self) -> Sets {
        Sets(self.0.as_ref().map(|clock| clock.subscribe()))
    }
}

/// What tells that a clock was set.
pub(crate) struct Sets(Option<watch::Receiver<i64>>);

impl Sets {
    /// Waits until the clock is set; for ever where it is the system's.
    pub(crate) async fn next(&mut self) {
        match &mut self.0 {
            Some(clock) => {
                if clock.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
            None => std::future::pending().await,
        }
    }
}

/// Seconds since 1970, by the system's clock.
pub fn unix_now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Random bytes from the system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system's source fails only where there is none; a fixed value would then be worse than ending.
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
}

/// A random number.
pub fn random_u64() -> u64 {
    u64::from_le_bytes(random())
}

/// A point in time that no change of the wall clock moves, for durations.
pub(crate) fn monotonic() -> std::time::Instant {
    std::time::Instant::now()
}
