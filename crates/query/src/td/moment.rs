//! Reads a text as a moment: seconds since 1970, or a date with or without time and zone.
//!
//! Knows forms of texts only: not which argument a text is of.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::td::zone;

/// Letters of `yyyymmdd`: a number of so many digits is a date that somebody wrote without dashes, not a moment in 1970.
const DATE_DIGITS: usize = 8;

/// What may be written, for hints.
pub(crate) const FORMS: &str = "times are written '2026-01-31', '2026-01-31 09:00:00', either with a zone as in '… JST' or '… +09:00', or as seconds \
     since 1970";

/// Reads seconds since 1970, or what [`calendar`] reads.
pub(crate) fn read(text: &str, zone: &TimeZone) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return if text.len() == DATE_DIGITS { None } else { text.parse().ok() };
    }
    calendar(text, zone)
}

/// Reads `yyyy-MM-dd`, a time after a space or `T` (`HH:mm`, `HH:mm:ss`, a fraction that is dropped), and a zone after
/// that; without one the text is of `zone`. A time that the clocks skip is read as the one an hour later, a time that they
/// repeat as its first.
pub(crate) fn calendar(text: &str, zone: &TimeZone) -> Option<i64> {
    let (date, rest) = date(text.trim())?;
    let (time, rest) = match rest.strip_prefix([' ', 'T']) {
        Some(after) if after.starts_with(|c: char| c.is_ascii_digit()) => time(after)?,
        Some(_) | None => (Time::midnight(), rest),
    };
    let moment = DateTime::from_parts(date, time).to_zoned(zone_of(rest, zone)?).ok()?;
    Some(moment.timestamp().as_second())
}

/// Takes so many digits off the front.
fn digits(text: &str, count: usize) -> Option<(i16, &str)> {
    let head = text.get(..count).filter(|head| head.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((head.parse().ok()?, &text[count..]))
}

fn small(text: &str) -> Option<(i8, &str)> {
    let (number, rest) = digits(text, 2)?;
    Some((i8::try_from(number).ok()?, rest))
}

fn date(text: &str) -> Option<(Date, &str)> {
    let (year, rest) = digits(text, 4)?;
    let (month, rest) = small(rest.strip_prefix('-')?)?;
    let (day, rest) = small(rest.strip_prefix('-')?)?;
    Some((Date::new(year, month, day).ok()?, rest))
}

fn time(text: &str) -> Option<(Time, &str)> {
    let (hour, rest) = small(text)?;
    let (minute, rest) = small(rest.strip_prefix(':')?)?;
    let Some(rest) = rest.strip_prefix(':') else {
        return Some((Time::new(hour, minute, 0, 0).ok()?, rest));
    };
    let (second, mut rest) = small(rest)?;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() == fraction.len() {
            return None;
        }
    }
    Some((Time::new(hour, minute, second, 0).ok()?, rest))
}

/// The zone at the end of a text: ` JST`, `+0900`, `Z`, ` Europe/Berlin`, `[Europe/Berlin]`, or an offset before such
/// brackets, which then decides.
fn zone_of(rest: &str, default: &TimeZone) -> Option<TimeZone> {
    let (before, named) = match rest.strip_suffix(']').and_then(|rest| rest.split_once('[')) {
        Some((before, named)) => (before, Some(named)),
        None => (rest, None),
    };
    match (before.trim(), named) {
        ("", None) => Some(default.clone()),
        ("", Some(named)) => zone::find(named.trim()),
        (offset, _) => zone::find(offset),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_moment() {
        let cases: [(&str, &str, Option<i64>); 43] = [
            // The documented examples.
            ("2015-01-01", "JST", Some(1_420_038_000)),
            ("2015-01-01 15:25:26", "JST", Some(1_420_093_526)),
            ("2013-01-01", "UTC", Some(1_356_998_400)),
            ("2013-01-01 PDT", "UTC", Some(1_357_023_600)),
            ("2013-01-01 07:00:00 PDT", "UTC", Some(1_357_048_800)),
            // A zone in the text beats the argument.
            ("2015-01-01 15:25:26 JST", "UTC", Some(1_420_093_526)),
            ("2015-01-01 15:25:26+0900", "UTC", Some(1_420_093_526)),
            ("2015-01-01 15:25:26 +09:00", "UTC", Some(1_420_093_526)),
            ("2015-01-01T06:25:26Z", "JST", Some(1_420_093_526)),
            ("2015-01-01T15:25:26+09:00[Asia/Tokyo]", "UTC", Some(1_420_093_526)),
            ("2015-01-01T15:25:26[Asia/Tokyo]", "UTC", Some(1_420_093_526)),
            ("2015-01-01 15:25:26 Asia/Tokyo", "UTC", Some(1_420_093_526)),
            ("2015-01-01 15:25", "JST", Some(1_420_093_500)),
            ("2015-01-01 06:25:26.789", "UTC", Some(1_420_093_526)),
            ("2015-01-01 06:25:26.789123456 UTC", "JST", Some(1_420_093_526)),
            (" 2015-01-01 ", "JST", Some(1_420_038_000)),
            ("1969-12-31 23:59:59", "UTC", Some(-1)),
            // Berlin skips 02:30 on 29 March 2026 and repeats it on 25 October.
            ("2026-03-29 02:30:00", "Europe/Berlin", Some(1_774_747_800)),
            ("2026-03-29 03:30:00", "Europe/Berlin", Some(1_774_747_800)),
            ("2026-10-25 02:30:00", "Europe/Berlin", Some(1_792_888_200)),
            // Seconds.
            ("1420093526", "JST", Some(1_420_093_526)),
            ("-1", "UTC", Some(-1)),
            ("0", "UTC", Some(0)),
            ("20150101", "UTC", None),
            ("99999999999999999999", "UTC", None),
            // What is no moment.
            ("", "UTC", None),
            ("-", "UTC", None),
            ("yesterday", "UTC", None),
            ("2015-01", "UTC", None),
            ("2015-1-1", "UTC", None),
            ("2015/01/01", "UTC", None),
            ("2015-02-29", "UTC", None),
            ("2015-13-01", "UTC", None),
            ("2015-01-01 24:00:00", "UTC", None),
            ("2015-01-01 23:59:60", "UTC", None),
            ("2015-01-01 1:00:00", "UTC", None),
            ("2015-01-01 15", "UTC", None),
            ("2015-01-01 15:25:26.", "UTC", None),
            ("2015-01-01 15:25:26 nowhere", "UTC", None),
            ("2015-01-01x", "UTC", None),
            ("2015-01-01T", "UTC", None),
            ("2015-01-0\u{661}", "UTC", None),
            ("日本語日本語", "UTC", None),
        ];
        for (text, zone, want) in cases {
            assert_eq!(read(text, &zone::parse(zone).unwrap()), want, "{text} in {zone}");
        }
    }

    #[test]
    fn a_calendar_has_no_bare_numbers() {
        assert_eq!(calendar("1420093526", &TimeZone::UTC), None);
    }
}
