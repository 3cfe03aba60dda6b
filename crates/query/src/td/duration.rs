//! Reads the durations of `TD_TIME_ADD`: `-1d`, `1h30m`, `2w`.
//!
//! Knows lengths in seconds only. Months and years have none, and are refused as at Treasure Data.

use crate::td::mistake::Unreadable;

/// Seconds of each unit.
const UNITS: [(char, i64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

const ALLOWED: &str = "write numbers with w, d, h, m or s, as in '-1d' or '1h30m'; the sign counts for all of it";

/// Reads a duration into seconds.
pub(crate) fn parse(text: &str) -> Result<i64, Unreadable> {
    seconds(text.trim()).ok_or_else(|| Unreadable::new("a duration", ALLOWED))
}

fn seconds(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut total: i64 = 0;
    while !rest.is_empty() || total == 0 {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..end].parse().ok()?;
        let unit = rest[end..].chars().next()?;
        let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(count.checked_mul(*length)?)?;
        rest = &rest[end + unit.len_utf8()..];
        if rest.is_empty() {
            break;
        }
    }
    Some(sign * total)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn durations_in_seconds() {
        let cases: [(&str, Option<i64>); 22] = [
            ("1d", Some(86_400)),
            ("-1d", Some(-86_400)),
            ("+1d", Some(86_400)),
            ("2w", Some(1_209_600)),
            ("48h", Some(172_800)),
            ("90m", Some(5_400)),
            ("-90s", Some(-90)),
            ("1h30m", Some(5_400)),
            ("-1h30m", Some(-5_400)),
            ("1d6h30m", Some(109_800)),
            ("-2d3h", Some(-183_600)),
            ("0d", Some(0)),
            ("0d1s", Some(1)),
            ("1M", None),
            ("1y", None),
            ("8week", None),
            ("1", None),
            ("d", None),
            ("", None),
            ("-", None),
            ("1d-2h", None),
            ("99999999999999w", None),
        ];
        for (text, want) in cases {
            assert_eq!(parse(text).ok(), want, "{text}");
        }
    }
}
