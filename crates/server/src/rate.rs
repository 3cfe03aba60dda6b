//! How often somebody may ask.
//!
//! Knows buckets that fill with time; not who asks, nor what for. What is kept is bounded.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Buckets that are kept; beyond that, the full ones go.
const KEPT: usize = 20_000;
/// Tries without a right credential from one address: so many times the requests at once, and this part of them a second.
const FAILURES: (f64, f64) = (2.0, 0.2);
/// Logins and setups at once from one address, and a second. The waits after wrong passwords are the app's.
const LOGINS: (f64, f64) = (60.0, 2.0);

/// All the limits of a server.
pub(crate) struct Rates {
    requests: Buckets,
    failures: Buckets,
    logins: Buckets,
    keys: RandomState,
}

impl Rates {
    pub(crate) fn new(per_second: u32) -> Rates {
        let requests = f64::from(per_second.max(1));
        Rates {
            requests: Buckets::new(requests, requests),
            failures: Buckets::new(requests * FAILURES.0, requests * FAILURES.1),
            logins: Buckets::new(LOGINS.0, LOGINS.1),
            keys: RandomState::new(),
        }
    }

    /// One more request of a credential or an address.
    ///
    /// # Errors
    /// Whole seconds until there is room.
    pub(crate) fn request(&self, who: &str, now: Instant) -> Result<(), u64> {
        self.requests.take(self.key(who), now)
    }

    /// One more request with a credential that is not right.
    ///
    /// # Errors
    /// Whole seconds until there is room.
    pub(crate) fn failure(&self, address: &str, now: Instant) -> Result<(), u64> {
        self.failures.take(self.key(address), now)
    }

    /// One more login or setup.
    ///
    /// # Errors
    /// Whole seconds until there is room.
    pub(crate) fn login(&self, address: &str, now: Instant) -> Result<(), u64> {
        self.logins.take(self.key(address), now)
    }

    /// Credentials are not kept, only a number that this process alone can make of them.
    fn key(&self, who: &str) -> u64 {
        self.keys.hash_one(who)
    }
}

struct Buckets {
    size: f64,
    per_second: f64,
    kept: Mutex<HashMap<u64, Bucket>>,
}

struct Bucket {
    left: f64,
    at: Instant,
}

impl Buckets {
    fn new(size: f64, per_second: f64) -> Buckets {
        Buckets { size, per_second, kept: Mutex::new(HashMap::new()) }
    }

    fn take(&self, key: u64, now: Instant) -> Result<(), u64> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT && !kept.contains_key(&key) {
            kept.retain(|_, bucket| bucket.at(self, now) < self.size);
            if kept.len() >= KEPT {
                return Err(1);
            }
        }
        let bucket = kept.entry(key).or_insert(Bucket { left: self.size, at: now });
        bucket.left = bucket.at(self, now);
        bucket.at = now;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            return Ok(());
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number of seconds")]
        let seconds = ((1.0 - bucket.left) / self.per_second).ceil() as u64;
        Err(seconds.max(1))
    }
}

impl Bucket {
    /// What is in it by now.
    fn at(&self, buckets: &Buckets, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.left + passed * buckets.per_second).min(buckets.size)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_fills_with_time() {
        let start = crate::clock::now();
        let rates = Rates::new(3);
        for _ in 0..3 {
            assert_eq!(rates.request("a", start), Ok(()));
        }
        assert_eq!(rates.request("a", start), Err(1));
        assert_eq!(rates.request("b", start), Ok(()), "everybody has their own");
        let third = start + Duration::from_millis(334);
        assert_eq!(rates.request("a", third), Ok(()));
        assert_eq!(rates.request("a", third), Err(1));
        let later = start + Duration::from_secs(3_600);
        for _ in 0..3 {
            assert_eq!(rates.request("a", later), Ok(()), "never more than its size");
        }
        assert_eq!(rates.request("a", later), Err(1));
    }

    #[test]
    fn memory_is_bounded() {
        let start = crate::clock::now();
        let buckets = Buckets::new(1.0, 1.0);
        let taken = (0..KEPT as u64 + 10).filter(|key| buckets.take(*key, start).is_ok()).count();
        assert_eq!(taken, KEPT);
        assert_eq!(buckets.take(u64::MAX, start + Duration::from_secs(2)), Ok(()), "full ones make room");
    }
}
