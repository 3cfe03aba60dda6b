//! The intervals of `TD_INTERVAL`: `-1d`, `-7d/now`, `-1M/2026-01-01`.
//!
//! Knows how an interval is written and what it spans around a given moment: not which rows are asked about it.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::td::mistake::Unreadable;
use crate::td::moment;
use crate::td::unit::Unit;

/// The letters of the units. `m` is a minute, `M` a month.
const LETTERS: [(char, Unit); 8] = [
    ('s', Unit::Second),
    ('m', Unit::Minute),
    ('h', Unit::Hour),
    ('d', Unit::Day),
    ('w', Unit::Week),
    ('M', Unit::Month),
    ('q', Unit::Quarter),
    ('y', Unit::Year),
];

const ALLOWED: &str = "write a number with s, m (minutes), h, d, w, M (months), q or y, and after a slash what it is counted from: \
                       '-1d', '-7d/now', '-1M/2026-01-01', '-1d/-1d'";

/// An interval as it was written: so many units from an anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interval {
    steps: Steps,
    anchor: Anchor,
}

/// So many units, signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Steps {
    count: i64,
    unit: Unit,
}

/// What an interval is counted from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Anchor {
    /// The start of the unit that now is in.
    Here,
    /// Moved by these steps, the last first, from an origin.
    Moved { moves: Vec<Steps>, origin: Origin },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// Now, to the second.
    Now,
    /// The start of what these steps span around now.
    Steps(Steps),
    /// A date or time, cut to the interval's unit.
    Written(String),
}

impl Interval {
    /// Reads an interval.
    pub(crate) fn parse(text: &str) -> Result<Interval, Unreadable> {
        Interval::read(text.trim()).ok_or_else(|| Unreadable::new("an interval", ALLOWED))
    }

    fn read(text: &str) -> Option<Interval> {
        let Some((steps, anchor)) = text.split_once('/') else {
            return Some(Interval { steps: Steps::read(text)?, anchor: Anchor::Here });
        };
        let (moves, origin) = anchor.rsplit_once('/').map_or((None, anchor), |(moves, origin)| (Some(moves), origin));
        let moves = moves.into_iter().flat_map(|moves| moves.split('/'));
        let moves = moves.map(Steps::read).collect::<Option<Vec<_>>>()?;
        Some(Interval { steps: Steps::read(steps)?, anchor: Anchor::Moved { moves, origin: Origin::read(origin)? } })
    }

    /// First second of the interval and first after it, seen from `now` (seconds since 1970) on the calendar of `zone`.
    /// `None`: beyond the calendar.
    pub(crate) fn around(&self, now: i64, zone: &TimeZone) -> Option<(i64, i64)> {
        let now = Timestamp::from_second(now).ok()?.to_zoned(zone.clone());
        let unit = self.steps.unit;
        let from = match &self.anchor {
            Anchor::Here => unit.floor(&now)?,
            Anchor::Moved { moves, origin: Origin::Now } => moved(moves, now)?,
            Anchor::Moved { moves, origin: Origin::Steps(steps) } => steps.span(&moved(moves, now)?)?.0,
            Anchor::Moved { moves, origin: Origin::Written(text) } => {
                let written = Timestamp::from_second(moment::calendar(text, zone)?).ok()?.to_zoned(zone.clone());
                unit.floor(&moved(moves, written)?)?
            }
        };
        let (start, end) = self.steps.span(&from)?;
        Some((start.timestamp().as_second(), end.timestamp().as_second()))
    }
}

fn moved(moves: &[Steps], from: Zoned) -> Option<Zoned> {
    moves.iter().rev().try_fold(from, |moment, steps| steps.unit.step(&moment, steps.count))
}

impl Steps {
    fn read(text: &str) -> Option<Steps> {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let letter = rest.chars().last()?;
        let (_, unit) = LETTERS.iter().find(|(known, _)| *known == letter)?;
        let digits = rest.strip_suffix(letter)?;
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let count: i64 = plain.then(|| digits.parse().ok()).flatten()?;
        Some(Steps { count: sign * count, unit: *unit })
    }

    /// What lies between `from` and the start of the unit that is so many steps from the one `from` is in.
    fn span(self, from: &Zoned) -> Option<(Zoned, Zoned)> {
        let other = self.unit.step(&self.unit.floor(from)?, self.count)?;
        let from = from.clone();
        Some(if other <= from { (other, from) } else { (from, other) })
    }
}

impl Origin {
    fn read(text: &str) -> Option<Origin> {
        if text.eq_ignore_ascii_case("now") {
            return Some(Origin::Now);
        }
        Steps::read(text).map(Origin::Steps).or_else(|| {
            moment::calendar(text, &TimeZone::UTC)?;
            Some(Origin::Written(text.to_owned()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::td::zone;

    /// Seen from 2016-06-26 01:23:45 -07:00, a Sunday, written as times on that clock.
    #[test]
    fn intervals_of_a_summer_night() {
        let cases = [
            ("0d", "2016-06-26 00:00:00", "2016-06-26 00:00:00"),
            ("1h", "2016-06-26 01:00:00", "2016-06-26 02:00:00"),
            ("1d", "2016-06-26 00:00:00", "2016-06-27 00:00:00"),
            ("1w", "2016-06-20 00:00:00", "2016-06-27 00:00:00"),
            ("1M", "2016-06-01 00:00:00", "2016-07-01 00:00:00"),
            ("1y", "2016-01-01 00:00:00", "2017-01-01 00:00:00"),
            ("-1d", "2016-06-25 00:00:00", "2016-06-26 00:00:00"),
            ("-7d", "2016-06-19 00:00:00", "2016-06-26 00:00:00"),
            ("-1w", "2016-06-13 00:00:00", "2016-06-20 00:00:00"),
            ("-1M", "2016-05-01 00:00:00", "2016-06-01 00:00:00"),
            ("-1q", "2016-01-01 00:00:00", "2016-04-01 00:00:00"),
            ("1q", "2016-04-01 00:00:00", "2016-07-01 00:00:00"),
            ("-1y", "2015-01-01 00:00:00", "2016-01-01 00:00:00"),
            ("-1h", "2016-06-26 00:00:00", "2016-06-26 01:00:00"),
            ("-15m", "2016-06-26 01:08:00", "2016-06-26 01:23:00"),
            ("-20s", "2016-06-26 01:23:25", "2016-06-26 01:23:45"),
            ("+7d", "2016-06-26 00:00:00", "2016-07-03 00:00:00"),
            ("7d", "2016-06-26 00:00:00", "2016-07-03 00:00:00"),
            ("-7d/now", "2016-06-19 00:00:00", "2016-06-26 01:23:45"),
            ("+7d/now", "2016-06-26 01:23:45", "2016-07-03 00:00:00"),
            ("0d/now", "2016-06-26 00:00:00", "2016-06-26 01:23:45"),
            ("0M/NOW", "2016-06-01 00:00:00", "2016-06-26 01:23:45"),
            ("0y/now", "2016-01-01 00:00:00", "2016-06-26 01:23:45"),
            ("-1h/0m", "2016-06-26 00:00:00", "2016-06-26 01:23:00"),
            ("-12h/now", "2016-06-25 13:00:00", "2016-06-26 01:23:45"),
            ("-1M/0M", "2016-05-01 00:00:00", "2016-06-01 00:00:00"),
            ("-1M/-1M", "2016-04-01 00:00:00", "2016-05-01 00:00:00"),
            ("-1M/-2M", "2016-03-01 00:00:00", "2016-04-01 00:00:00"),
            ("-1d/-1d", "2016-06-24 00:00:00", "2016-06-25 00:00:00"),
            ("-1d/-7d", "2016-06-18 00:00:00", "2016-06-19 00:00:00"),
            ("-7d/-1d", "2016-06-18 00:00:00", "2016-06-25 00:00:00"),
            ("-7d/0M", "2016-05-25 00:00:00", "2016-06-01 00:00:00"),
            ("0M/-7d", "2016-06-01 00:00:00", "2016-06-19 00:00:00"),
            ("-1M/0d", "2016-05-01 00:00:00", "2016-06-26 00:00:00"),
            ("-1q/0y", "2015-10-01 00:00:00", "2016-01-01 00:00:00"),
            ("-3d/2017-04-07", "2017-04-04 00:00:00", "2017-04-07 00:00:00"),
            ("-1d/2025-10-01", "2025-09-30 00:00:00", "2025-10-01 00:00:00"),
            ("-1M/2018-09-02 01:12:13", "2018-08-01 00:00:00", "2018-09-01 00:00:00"),
            ("-60m/2017-01-23 01:23:45", "2017-01-23 00:23:00", "2017-01-23 01:23:00"),
            ("-1h/2017-01-23 01:00:00", "2017-01-23 00:00:00", "2017-01-23 01:00:00"),
            ("-1q/-1y/0y", "2014-10-01 00:00:00", "2015-01-01 00:00:00"),
            ("-20s/-10s/now", "2016-06-26 01:23:15", "2016-06-26 01:23:35"),
            ("+1M/-2M/-1y/2016-10-01", "2015-08-01 00:00:00", "2015-09-01 00:00:00"),
            ("+1d/+1h/+1d/2016-10-01 23:00:00", "2016-10-03 00:00:00", "2016-10-04 00:00:00"),
        ];
        let zone = zone::parse("PDT").unwrap();
        let second = |text: &str| moment::calendar(text, &zone).unwrap();
        for (text, start, end) in cases {
            let got = Interval::parse(text).unwrap().around(second("2016-06-26 01:23:45"), &zone);
            assert_eq!(got, Some((second(start), second(end))), "{text}");
        }
    }

    /// Berlin's days of 23 and 25 hours, and the midnight on which most schedules fire.
    #[test]
    fn intervals_over_changes_of_the_clocks() {
        let cases = [
            ("-1d", "2026-03-30 00:00:00", 23),
            ("-1d", "2026-10-26 00:00:00", 25),
            ("-1d", "2026-10-26 12:00:00", 25),
            ("-1w", "2026-03-30 00:00:00", 167),
            ("-1M", "2026-04-01 00:00:00", 743),
            ("-24h", "2026-03-30 00:00:00", 24),
            ("0d/now", "2026-03-29 12:00:00", 11),
        ];
        let zone = zone::parse("Europe/Berlin").unwrap();
        for (text, now, hours) in cases {
            let (start, end) =
                Interval::parse(text).unwrap().around(moment::calendar(now, &zone).unwrap(), &zone).unwrap();
            assert_eq!(end - start, hours * 3_600, "{text} seen from {now}");
        }
    }

    #[test]
    fn what_is_no_interval() {
        for text in [
            "",
            "d",
            "1",
            "-1",
            "1x",
            "-1D",
            "1.5d",
            "-1d/",
            "/now",
            "-1d/then",
            "-1d/now/now",
            "2026-01-01",
            "-1d/2026",
        ] {
            assert!(Interval::parse(text).is_err(), "{text}");
        }
        for text in ["99999999y", "9223372036854775807q", "-1d/-99999999y"] {
            assert_eq!(Interval::parse(text).unwrap().around(0, &TimeZone::UTC), None, "{text}");
        }
        assert_eq!(Interval::parse("-1d").unwrap().around(i64::MAX, &TimeZone::UTC), None);
    }
}
