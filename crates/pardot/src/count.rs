//! What a client has done, as numbers.
//!
//! Knows no call's content.

use std::collections::BTreeMap;

/// Daily calls of the business unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Calls made since the account's midnight, by all integrations.
    pub used: u64,
    /// Calls allowed per day.
    pub limit: u64,
}

impl Usage {
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
}
