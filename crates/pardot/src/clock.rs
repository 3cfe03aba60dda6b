//! Time as an argument: the one place that reads the clock.
//!
//! Knows no waiting rule. The limits of a single exchange on the wire are the network's business and use the timer of the
//! runtime; everything that decides (waits, ages, deadlines over several calls) asks a [`Clock`].

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

/// Reads time and waits.
pub trait Clock: Send + Sync {
    /// Monotonic time, for ages and deadlines.
    fn now(&self) -> Instant;

    /// Seconds since 1970 in UTC, for what is compared with the outside.
    fn unix(&self) -> u64;

    /// Completes after `duration`.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The clock of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn unix(&self) -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs())
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}
