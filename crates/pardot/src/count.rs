//! Calls as numbers: what a client has done, what the account has used, and how a number is shown.
//!
//! Knows no call's content.

use std::collections::BTreeMap;
use std::fmt;

/// Daily calls of the business unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Calls made since the account's midnight, by all integrations.
    pub used: u64,
    /// Calls allowed per day.
    pub limit: u64,
}

impl Usage {
    /// Percent of the day's calls that are left to others unless somebody says otherwise.
    pub const USUAL_RESERVE: u8 = 10;
    /// The largest reserve, in percent.
    pub const LARGEST_RESERVE: u8 = 90;

    /// Reads the header `x-api-usage`. Its exact form is not published: the first two numbers around a slash count.
    pub fn parse(header: &str) -> Option<Usage> {
        let (left, right) = header.split_once('/')?;
        let left = left.trim_end();
        let start = left
            .rfind(|c: char| !c.is_ascii_digit())
            .map_or(0, |place| place + left[place..].chars().next().map_or(1, char::len_utf8));
        let right = right.trim_start();
        let end = right.find(|c: char| !c.is_ascii_digit()).unwrap_or(right.len());
        Some(Usage { used: left[start..].parse().ok()?, limit: right[..end].parse().ok()? })
    }

    /// Calls of a day that may be used when `reserve` percent of them, rounded up, are left to others.
    pub fn usable(self, reserve: u8) -> u64 {
        let kept = (u128::from(self.limit) * u128::from(reserve)).div_ceil(100);
        self.limit.saturating_sub(u64::try_from(kept).unwrap_or(u64::MAX))
    }
}

/// A number as people read it: 1234567 is shown as 1,234,567.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grouped(pub u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// Numbers of a client since it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls sent to Pardot, each sending of a repeated call included.
    pub calls: u64,
    /// The same by kind.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// Bytes of targets and bodies sent.
    pub bytes_sent: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
    /// Repeats after hiccups, which use up the maximum of retries.
    pub retries: u64,
    /// Answers that asked to slow down.
    pub throttles: u64,
    /// Access tokens obtained, the first included.
    pub refreshes: u64,
    /// Calls of this client that are in flight now.
    pub in_flight: u64,
    /// Most calls of the business unit that were in flight at once.
    pub max_in_flight: usize,
    /// Daily calls, as the latest answer that told them said.
    pub usage: Option<Usage>,
    /// Whether fewer lanes than usual are open because Pardot asked to slow down.
    pub throttled_now: bool,
    /// Lanes that are open now, of five.
    pub lanes: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_read_leniently() {
        let want = [
            ("12/25000", Some((12, 25_000))),
            (" api-usage = 12 / 25000; x", Some((12, 25_000))),
            ("0/0", Some((0, 0))),
            ("12", None),
            ("/", None),
            ("a/b", None),
            ("\u{e9}1/2\u{e9}", Some((1, 2))),
            ("99999999999999999999999/1", None),
        ];
        for (header, want) in want {
            assert_eq!(Usage::parse(header).map(|usage| (usage.used, usage.limit)), want, "{header}");
        }
    }

    #[test]
    fn a_reserve_is_rounded_up() {
        let want = [
            (25_000, 10, 22_500),
            (120, 10, 108),
            (5, 10, 4),
            (1, 1, 0),
            (0, 10, 0),
            (100_000, 0, 100_000),
            (7, 100, 0),
            (7, 255, 0),
            (u64::MAX, 90, u64::MAX / 10),
        ];
        for (limit, reserve, usable) in want {
            assert_eq!(Usage { used: 0, limit }.usable(reserve), usable, "{reserve} % of {limit}");
        }
    }

    #[test]
    fn digits_are_grouped() {
        for (number, want) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(Grouped(number).to_string(), want);
        }
    }
}
