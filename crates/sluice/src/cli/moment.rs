//! A moment as people write it.
//!
//! Knows forms of time; nothing of what the moment is for.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::Problem;

/// A moment in RFC 3339, or a date, which is its midnight in UTC.
///
/// # Errors
/// The text is neither.
pub(crate) fn moment(option: &str, text: &str) -> Result<Timestamp, Problem> {
    let text = text.trim();
    let date = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    let found = match text.parse::<Timestamp>() {
        Ok(found) => Some(found),
        // A text with a time but without an offset means another moment in each time zone.
        Err(_) if text.len() == "2026-11-24".len() => date().map(|midnight| midnight.timestamp()),
        Err(_) => None,
    };
    found.ok_or_else(|| {
        Problem::at(option, "must be a time with its offset, or a date")
            .hint("2026-11-24T02:00:00Z, 2026-11-24T02:00:00+01:00, or 2026-11-24 for its midnight in UTC")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_one_everywhere() {
        let cases = [
            ("2026-11-24T02:00:00Z", Some(1_795_485_600)),
            ("2026-11-24T02:00:00+01:00", Some(1_795_482_000)),
            (" 2026-11-24 ", Some(1_795_478_400)),
            ("1969-12-31", Some(-86_400)),
            ("2026-11-24T02:00:00", None),
            ("2026-11-24 02:00", None),
            ("2026-13-01", None),
            ("20261124", None),
            ("yesterday", None),
            ("", None),
        ];
        for (text, want) in cases {
            assert_eq!(moment("--from", text).ok().map(Timestamp::as_second), want, "{text}");
        }
    }
}
