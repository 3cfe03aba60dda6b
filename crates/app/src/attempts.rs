//! How often somebody tried to log in, and how long they wait before they may try again.
//!
//! Knows names, addresses and the time it is given. A wait holds for one name from one address, so nobody can lock the
//! owner out from another one. What is kept is bounded and lost with the process.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Failures before the first wait.
const FREE: u32 = 10;
/// Longest wait in seconds.
const LONGEST: i64 = 15 * 60;
/// Seconds after the last try when its failures are forgotten.
const FORGOTTEN: i64 = 24 * 3_600;
/// Pairs of name and address that are remembered; beyond that the one that was tried longest ago is forgotten.
const REMEMBERED: usize = 10_000;
/// Failed logins that the audit log takes within a minute; the rest is counted.
const LOGGED_A_MINUTE: u64 = 60;
/// Longest part of a name or an address that is remembered.
const SHOWN: usize = 256;

/// The tries of all names and addresses.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<Tried>);

#[derive(Debug, Default)]
struct Tried {
    tries: HashMap<(String, String), Try>,
    minute: i64,
    logged: u64,
    silent: u64,
}

#[derive(Debug, Clone, Copy)]
struct Try {
    failures: u32,
    last: i64,
}

impl Attempts {
    /// Counts a try before its password is looked at, so that tries at once count as well.
    ///
    /// # Errors
    /// The seconds to wait; such a try is not counted, so that trying on does not make it longer.
    pub(crate) fn begin(&self, name: &str, address: &str, now: i64) -> Result<(), u64> {
        let mut tried = self.lock();
        tried.forget(now);
        let entry = tried.tries.entry(key(name, address)).or_insert(Try { failures: 0, last: now });
        // A clock that goes back must not make a wait longer than it was.
        entry.last = entry.last.min(now);
        let left = entry.last + wait(entry.failures) - now;
        if left > 0 {
            return Err(left.unsigned_abs());
        }
        *entry = Try { failures: entry.failures.saturating_add(1), last: now };
        Ok(())
    }

    /// Begins the wait after a failure: hashing took its time, which is no part of it.
    pub(crate) fn fail(&self, name: &str, address: &str, now: i64) {
        if let Some(entry) = self.lock().tries.get_mut(&key(name, address)) {
            entry.last = now;
        }
    }

    /// Takes a try back that was no failure of whoever tried: the server could not look at the password.
    pub(crate) fn take_back(&self, name: &str, address: &str) {
        if let Some(entry) = self.lock().tries.get_mut(&key(name, address)) {
            entry.failures = entry.failures.saturating_sub(1);
        }
    }

    /// Forgets the failures of a name from an address: the password was right.
    pub(crate) fn succeed(&self, name: &str, address: &str) {
        self.lock().tries.remove(&key(name, address));
    }

    /// Whether a failure is written to the audit log, and how many were not since the last one that was.
    pub(crate) fn log(&self, now: i64) -> Option<u64> {
        let mut tried = self.lock();
        if tried.minute != now / 60 {
            tried.minute = now / 60;
            tried.logged = 0;
        }
        if tried.logged >= LOGGED_A_MINUTE {
            tried.silent += 1;
            return None;
        }
        tried.logged += 1;
        Some(std::mem::take(&mut tried.silent))
    }

    fn lock(&self) -> MutexGuard<'_, Tried> {
        // Counts have no state in between that a panic could leave behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tried {
    fn forget(&mut self, now: i64) {
        if self.tries.len() < REMEMBERED {
            return;
        }
        self.tries.retain(|_, entry| now - entry.last < FORGOTTEN);
        while self.tries.len() >= REMEMBERED {
            let oldest = self.tries.iter().min_by_key(|(_, entry)| entry.last).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { return };
            self.tries.remove(&oldest);
        }
    }
}

fn key(name: &str, address: &str) -> (String, String) {
    (name.to_lowercase().chars().take(SHOWN).collect(), address.chars().take(SHOWN).collect())
}

/// 1 s after the tenth failure, doubled by each further one.
fn wait(failures: u32) -> i64 {
    match failures.checked_sub(FREE) {
        None => 0,
        Some(further) => (1_i64 << further.min(20)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_are_free_then_waits_double_to_fifteen_minutes() {
        let attempts = Attempts::default();
        for _ in 0..10 {
            assert_eq!(attempts.begin("ada", "1.1.1.1", 100), Ok(()));
        }
        let mut now = 100;
        for want in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            assert_eq!(attempts.begin("Ada", "1.1.1.1", now), Err(want));
            assert_eq!(attempts.begin("ada", "2.2.2.2", now), Ok(()), "another address never waits for this one");
            attempts.succeed("ada", "2.2.2.2");
            now += i64::try_from(want).unwrap();
            assert_eq!(attempts.begin("ada", "1.1.1.1", now), Ok(()));
        }
        attempts.succeed("ada", "1.1.1.1");
        assert_eq!(attempts.begin("ada", "1.1.1.1", now), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let attempts = Attempts::default();
        for number in 0..REMEMBERED + 50 {
            assert_eq!(attempts.begin(&format!("n{number}"), "a", number.try_into().unwrap()), Ok(()));
        }
        assert!(attempts.lock().tries.len() <= REMEMBERED);
    }

    #[test]
    fn the_audit_log_takes_a_few_and_counts_the_rest() {
        let attempts = Attempts::default();
        for _ in 0..LOGGED_A_MINUTE {
            assert_eq!(attempts.log(600), Some(0));
        }
        assert_eq!(attempts.log(601), None);
        assert_eq!(attempts.log(659), None);
        assert_eq!(attempts.log(660), Some(2));
        assert_eq!(attempts.log(661), Some(0));
    }
}
