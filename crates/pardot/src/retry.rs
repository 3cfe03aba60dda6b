//! How long to wait before a call is sent again: full jitter, and the server's own hint.
//!
//! Knows no reason for waiting. Chance comes from a seed, so every wait can be repeated in a test.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Longest wait that a server's hint can ask for.
const LONGEST_HINT: Duration = Duration::from_secs(15 * 60);

/// The numbers of retrying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a call is repeated after hiccups.
    pub maximum_retries: u32,
    /// Upper end of the first wait.
    pub initial_wait: Duration,
    /// Upper end of every wait.
    pub maximum_wait: Duration,
    /// Total time of one exchange, connecting included.
    pub timeout: Duration,
}

impl RetryPolicy {
    /// Upper end of wait `n`, counted from 0: `min(maximum, initial * 2^n)`.
    fn cap(&self, n: u32) -> Duration {
        2_u32
            .checked_pow(n)
            .and_then(|factor| self.initial_wait.checked_mul(factor))
            .unwrap_or(self.maximum_wait)
            .min(self.maximum_wait)
    }

    /// Wait before retry `n` (from 0): uniform from 0 to the cap; a longer hint of the server wins.
    pub(crate) fn wait(&self, n: u32, hint: Option<Duration>, dice: &Dice) -> Duration {
        dice.up_to(self.cap(n)).max(hint.unwrap_or_default().min(LONGEST_HINT))
    }

    /// Wait after throttle `n` (from 0): never less than the first wait, so that lanes do not knock at once.
    pub(crate) fn throttle_wait(&self, n: u32, hint: Option<Duration>, dice: &Dice) -> Duration {
        let jittered = self.initial_wait.saturating_add(dice.up_to(self.cap(n))).min(self.maximum_wait);
        jittered.max(hint.unwrap_or_default().min(LONGEST_HINT))
    }
}

/// A small random sequence (splitmix64) that lanes can draw from together.
#[derive(Debug)]
pub(crate) struct Dice(AtomicU64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(AtomicU64::new(seed))
    }

    fn roll(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform from 0 to `cap`, both included.
    fn up_to(&self, cap: Duration) -> Duration {
        let nanos = u64::try_from(cap.as_nanos()).unwrap_or(u64::MAX - 1);
        let drawn = (u128::from(self.roll()) * (u128::from(nanos) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(drawn).unwrap_or(nanos))
    }
}

/// Reads `Retry-After`: seconds, or a date that is compared with `unix` now.
pub(crate) fn retry_after(header: &str, unix: u64) -> Option<Duration> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(header.parse().unwrap_or(u64::MAX)).min(LONGEST_HINT));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(header).ok()?;
    let date = u64::try_from(date.as_second()).ok()?;
    Some(Duration::from_secs(date.saturating_sub(unix)).min(LONGEST_HINT))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        maximum_retries: 5,
        initial_wait: Duration::from_secs(1),
        maximum_wait: Duration::from_secs(120),
        timeout: Duration::from_secs(300),
    };

    #[test]
    fn caps_double_up_to_the_maximum() {
        let caps: Vec<u64> = [0, 1, 2, 3, 6, 7, 31, 32, 99].map(|n| POLICY.cap(n).as_secs()).to_vec();
        assert_eq!(caps, [1, 2, 4, 8, 64, 120, 120, 120, 120]);
    }

    #[test]
    fn waits_stay_within_their_bounds_and_repeat_by_seed() {
        for seed in 0..500 {
            for n in 0..12 {
                let (left, right) = (Dice::new(seed), Dice::new(seed));
                let wait = POLICY.wait(n, None, &left);
                assert!(wait <= POLICY.cap(n));
                assert_eq!(wait, POLICY.wait(n, None, &right));
                let wait = POLICY.throttle_wait(n, None, &left);
                assert!(wait >= POLICY.initial_wait && wait <= POLICY.maximum_wait);
            }
        }
        let dice = Dice::new(7);
        let mean = (0..10_000).map(|_| POLICY.wait(3, None, &dice).as_secs_f64()).sum::<f64>() / 10_000.0;
        assert!((3.8..4.2).contains(&mean), "{mean}");
    }

    #[test]
    fn a_longer_hint_wins_and_is_clamped() {
        let dice = Dice::new(1);
        assert_eq!(POLICY.wait(0, Some(Duration::from_secs(30)), &dice), Duration::from_secs(30));
        assert_eq!(POLICY.wait(0, Some(Duration::from_secs(1_000_000)), &dice), LONGEST_HINT);
    }

    #[test]
    fn hints_of_servers() {
        let now = 1_445_412_420;
        let want = [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("999999999999999999999999", Some(900)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(60)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ];
        for (header, want) in want {
            assert_eq!(retry_after(header, now).map(|hint| hint.as_secs()), want, "{header}");
        }
    }
}
