//! How long something took, in words.
//!
//! Knows the API's times; which clock a reader has is the browser's.

/// Days from 1970-01-01 to a day of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The seconds since 1970 of a time of the API: `2026-11-23T02:00:01Z`.
pub(crate) fn unix(at: &str) -> Option<i64> {
    let (date, time) = at.strip_suffix('Z')?.split_once('T')?;
    let numbers =
        |text: &str, between: char| text.split(between).map(|part| part.parse().ok()).collect::<Option<Vec<i64>>>();
    let (date, time) = (numbers(date, '-')?, numbers(time.split('.').next()?, ':')?);
    let ([year, month, day], [hour, minute, second]) = (date.try_into().ok()?, time.try_into().ok()?);
    Some(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// How long it was from one time of the API to another; none where the second is not later.
pub(crate) fn between(from: &str, to: &str) -> Option<String> {
    Some(lasting(u64::try_from(unix(to)?.checked_sub(unix(from)?)?).ok()?))
}

/// Seconds in words: `48 s`, `3 min 20 s`, `2 h 5 min`, `3 days 4 h`.
pub fn lasting(seconds: u64) -> String {
    let two = |large: u64, one: &str, small: u64, other: &str| {
        if small == 0 { format!("{large} {one}") } else { format!("{large} {one} {small} {other}") }
    };
    match seconds {
        0 => "under 1 s".into(),
        1..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => {
            let days = seconds / 86_400;
            two(days, if days == 1 { "day" } else { "days" }, seconds % 86_400 / 3_600, "h")
        }
    }
}

/// Seconds with a fraction in words; short ones with a digit behind the point.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole seconds, for people")]
pub(crate) fn lasted(seconds: f64) -> String {
    if seconds < 0.05 {
        "under 0.1 s".into()
    } else if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else {
        lasting(seconds as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_in_seconds() {
        let cases = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2026-11-23T02:00:01Z", Some(1_795_399_201)),
            ("2100-03-01T00:00:00.5Z", Some(4_107_542_400)),
            ("2026-11-23", None),
            ("2026-11-23T02:00Z", None),
            ("<b>T1:2:3Z", None),
        ];
        for (at, want) in cases {
            assert_eq!(unix(at), want, "{at}");
        }
    }

    #[test]
    fn spans_have_two_words_at_most() {
        let cases = [
            (0, "under 1 s"),
            (59, "59 s"),
            (60, "1 min"),
            (200, "3 min 20 s"),
            (3_600, "1 h"),
            (7_500, "2 h 5 min"),
            (86_400, "1 day"),
            (273_700, "3 days 4 h"),
        ];
        for (seconds, want) in cases {
            assert_eq!(lasting(seconds), want);
        }
        assert_eq!(between("2026-11-23T02:00:00Z", "2026-11-24T02:00:05Z").as_deref(), Some("1 day"));
        assert_eq!(between("2026-11-23T02:00:01Z", "2026-11-23T02:00:00Z"), None);
        assert_eq!([0.01, 0.44, 9.5, 75.9].map(lasted), ["under 0.1 s", "0.4 s", "9.5 s", "1 min 15 s"]);
    }
}
