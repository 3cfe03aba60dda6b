//! Moments and lengths of time as rules write them, and what they are at the time of a run.
//!
//! Knows calendars; not columns, not SQL, and not the clock: the time of the run is given.

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::{Span, Timestamp, ToSpan};

use crate::Zone;

/// The first and the last year that every engine can compare to the nanosecond.
const YEARS: std::ops::RangeInclusive<i16> = 1678..=2261;

/// The largest number of units that a length may have: more than a hundred years of seconds.
const LONGEST: u64 = 9_999_999_999;

/// A unit of the calendar or the clock. Weeks have 7 days and begin on Monday, quarters have 3 months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

impl Unit {
    /// Every unit, the longest first.
    pub(crate) const ALL: [Unit; 8] =
        [Unit::Year, Unit::Quarter, Unit::Month, Unit::Week, Unit::Day, Unit::Hour, Unit::Minute, Unit::Second];

    /// Its name, as rules have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Unit::Year => "year",
            Unit::Quarter => "quarter",
            Unit::Month => "month",
            Unit::Week => "week",
            Unit::Day => "day",
            Unit::Hour => "hour",
            Unit::Minute => "minute",
            Unit::Second => "second",
        }
    }

    /// So many more of the unit.
    fn add(self, span: Span, number: i64) -> Option<Span> {
        match self {
            Unit::Year => span.try_years(i64::from(span.get_years()) + number),
            Unit::Quarter => span.try_months(i64::from(span.get_months()) + number.checked_mul(3)?),
            Unit::Month => span.try_months(i64::from(span.get_months()) + number),
            Unit::Week => span.try_weeks(i64::from(span.get_weeks()) + number),
            Unit::Day => span.try_days(i64::from(span.get_days()) + number),
            Unit::Hour => span.try_hours(i64::from(span.get_hours()) + number),
            Unit::Minute => span.try_minutes(span.get_minutes() + number),
            Unit::Second => span.try_seconds(span.get_seconds() + number),
        }
        .ok()
    }
}

/// A length of time: so many of each unit, the longest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Length(Vec<(u64, Unit)>);

impl Length {
    /// The length of these parts; `None` when a number is too large.
    pub(crate) fn of(mut parts: Vec<(u64, Unit)>) -> Option<Length> {
        parts.sort_by_key(|(_, unit)| *unit);
        parts.iter().all(|(number, _)| *number <= LONGEST).then_some(Length(parts))
    }

    /// The moment that lies this long after (`sign` 1) or before (`sign` -1) another. Calendar units are added first, and
    /// together: a month before 31 March is the last day of February.
    fn from(&self, at: Timestamp, sign: i64, zone: &Zone) -> Option<Timestamp> {
        let mut span = Span::new();
        for (number, unit) in &self.0 {
            span = unit.add(span, i64::try_from(*number).ok()?.checked_mul(sign)?)?;
        }
        zone.shift(at, span)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (number, unit)) in self.0.iter().enumerate() {
            let (comma, plural) = (if index == 0 { "" } else { ", " }, if *number == 1 { "" } else { "s" });
            write!(f, "{comma}{number} {}{plural}", unit.name())?;
        }
        Ok(())
    }
}

/// A moment as somebody wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stated {
    /// The same everywhere.
    Exact(Timestamp),
    /// What the clocks of the audience show.
    Wall(DateTime),
}

impl Stated {
    /// Reads unix seconds, RFC 3339, `2026-11-23 02:00:00` or `2026-11-23`: the last two in the calendar of the audience.
    pub(crate) fn parse(text: &str) -> Option<Stated> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Timestamp::from_second(text.parse().ok()?).ok().map(Stated::Exact);
        }
        // Other forms that a parser of dates may know (20261123, -002026-11-23) are too easily something else.
        let bytes = text.as_bytes();
        let date =
            bytes.len() >= 10 && bytes[..4].iter().all(u8::is_ascii_digit) && bytes[4] == b'-' && bytes[7] == b'-';
        if !date || !text.is_ascii() || text.contains('[') {
            return None;
        }
        if let Ok(exact) = text.parse::<Timestamp>() {
            return Some(Stated::Exact(exact));
        }
        let day_alone = bytes.len() == 10;
        if day_alone {
            return text.parse::<Date>().ok().map(|date| Stated::Wall(date.to_datetime(jiff::civil::Time::midnight())));
        }
        // Nothing may follow the time: a part of an offset must not be read over.
        let time = &text[11..];
        let plain = time.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
        (plain && matches!(bytes[10], b' ' | b'T')).then(|| text.parse().ok().map(Stated::Wall)).flatten()
    }
}

/// A moment of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Moment {
    At(Stated),
    /// So long before the run.
    Before(Length),
    /// So long after the run.
    After(Length),
}

/// A moment of a certain run, and what it is in words: numbers and words of ours alone, because it goes into a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) at: Timestamp,
    pub(crate) words: Option<String>,
}

/// The time of a run in the calendar of an audience.
#[derive(Debug, Clone)]
pub(crate) struct Run<'a> {
    pub(crate) now: Timestamp,
    pub(crate) zone: &'a Zone,
}

/// What a moment is that no engine could compare.
const OUT_OF_RANGE: &str = "lies outside of the years 1678 to 2261";

impl Run<'_> {
    /// The time of the run itself.
    pub(crate) fn itself(&self) -> Edge {
        Edge { at: self.now, words: Some("the run".into()) }
    }

    /// When a moment of a rule is.
    pub(crate) fn moment(&self, moment: &Moment) -> Result<Edge, String> {
        match moment {
            Moment::At(stated) => {
                let at = match stated {
                    Stated::Exact(at) => Some(*at),
                    Stated::Wall(wall) => self.zone.instant(*wall),
                };
                within(at, None)
            }
            Moment::Before(length) => self.before(length),
            Moment::After(length) => self.after(length),
        }
    }

    /// So long before the run.
    pub(crate) fn before(&self, length: &Length) -> Result<Edge, String> {
        within(length.from(self.now, -1, self.zone), Some(format!("{length} before the run")))
    }

    /// So long after the run.
    pub(crate) fn after(&self, length: &Length) -> Result<Edge, String> {
        within(length.from(self.now, 1, self.zone), Some(format!("{length} after the run")))
    }

    /// So long after another moment, or before it.
    pub(crate) fn further(&self, edge: &Edge, length: &Length, back: bool) -> Result<Edge, String> {
        let (sign, word) = if back { (-1, "before") } else { (1, "after") };
        let words = edge.words.as_ref().map(|base| format!("{length} {word} {base}"));
        within(length.from(edge.at, sign, self.zone), words)
    }

    /// The beginning of the run's year, month, … or of one that is so many units later.
    pub(crate) fn start(&self, unit: Unit, later: i64) -> Result<Edge, String> {
        let name = unit.name();
        let words = match later {
            -1 => format!("start of the last {name}"),
            0 => format!("start of this {name}"),
            1 => format!("start of the next {name}"),
            _ => format!("start of the {name} after the next"),
        };
        within(self.start_of(unit, later), Some(words))
    }

    fn start_of(&self, unit: Unit, later: i64) -> Option<Timestamp> {
        let today = self.zone.day(self.now);
        let date = match unit {
            Unit::Year => Date::new(today.year(), 1, 1).ok()?,
            Unit::Quarter => Date::new(today.year(), (today.month() - 1) / 3 * 3 + 1, 1).ok()?,
            Unit::Month => today.first_of_month(),
            Unit::Week => today.checked_sub(i64::from(today.weekday().to_monday_zero_offset()).days()).ok()?,
            Unit::Day => today,
            // The clock's units are stretches of time without a jump, whatever the calendar does meanwhile.
            Unit::Hour | Unit::Minute | Unit::Second => {
                let length = match unit {
                    Unit::Hour => 3600,
                    Unit::Minute => 60,
                    _ => 1,
                };
                let now = self.now.as_second() - i64::from(self.now.subsec_nanosecond() < 0);
                let wall = now + self.zone.offset(self.now);
                return Timestamp::from_second(now - wall.rem_euclid(length) + later * length).ok();
            }
        };
        self.zone.first_of(date.checked_add(unit.add(Span::new(), later)?).ok()?)
    }

    /// The day on which a moment falls.
    pub(crate) fn day(&self, at: Timestamp) -> Date {
        self.zone.day(at)
    }
}

fn within(at: Option<Timestamp>, words: Option<String>) -> Result<Edge, String> {
    let in_years = |at: &Timestamp| YEARS.contains(&at.to_zoned(jiff::tz::TimeZone::UTC).year());
    at.filter(in_years).map(|at| Edge { at, words }).ok_or_else(|| OUT_OF_RANGE.to_owned())
}

#[cfg(test)]
mod tests;
