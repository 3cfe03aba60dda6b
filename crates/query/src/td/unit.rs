//! Units of the calendar: the start of the one that a moment is in, and steps from one to the next.
//!
//! Knows clocks and calendars of a zone: not who cuts a time, nor how a unit is written in an interval.

use jiff::civil::Date;
use jiff::{Span, ToSpan, Zoned};

use crate::names::nearest;
use crate::td::mistake::Unreadable;

/// A unit of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    /// From Monday.
    Week,
    Month,
    /// From January, April, July and October.
    Quarter,
    Year,
}

/// The units of `TD_DATE_TRUNC`.
const NAMES: [(&str, Unit); 7] = [
    ("minute", Unit::Minute),
    ("hour", Unit::Hour),
    ("day", Unit::Day),
    ("week", Unit::Week),
    ("month", Unit::Month),
    ("quarter", Unit::Quarter),
    ("year", Unit::Year),
];

/// Reads a unit of `TD_DATE_TRUNC`, in letters of either case.
pub(crate) fn parse(text: &str) -> Result<Unit, Unreadable> {
    let text = text.trim();
    let known = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    known.map(|(_, unit)| *unit).ok_or_else(|| Unreadable {
        what: "a unit",
        nearest: nearest(text, NAMES.iter().map(|(name, _)| *name)),
        allowed: format!("units are {}", NAMES.map(|(name, _)| name).join(", ")),
    })
}

impl Unit {
    /// The start of the unit that `moment` is in, on the clock of its zone. `None`: beyond the calendar.
    ///
    /// Minutes and hours stay on the side of a change of the clocks that the moment is on. A day begins with its first
    /// moment, at 01:00 where the clocks skip midnight.
    pub(crate) fn floor(self, moment: &Zoned) -> Option<Zoned> {
        let date = moment.date();
        let of_month = |month: i8| Date::new(date.year(), month, 1).ok();
        let first = match self {
            Unit::Second => return moment.with().subsec_nanosecond(0).build().ok(),
            Unit::Minute => return moment.with().second(0).subsec_nanosecond(0).build().ok(),
            Unit::Hour => return moment.with().minute(0).second(0).subsec_nanosecond(0).build().ok(),
            Unit::Day => date,
            Unit::Week => date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()).ok()?,
            Unit::Month => date.first_of_month(),
            Unit::Quarter => of_month((date.month() - 1) / 3 * 3 + 1)?,
            Unit::Year => of_month(1)?,
        };
        first.to_zoned(moment.time_zone().clone()).ok()
    }

    /// So many units later, or earlier. Days and longer units keep the time on the clock. `None`: beyond the calendar.
    pub(crate) fn step(self, moment: &Zoned, count: i64) -> Option<Zoned> {
        let span = Span::new();
        let span = match self {
            Unit::Second => span.try_seconds(count),
            Unit::Minute => span.try_minutes(count),
            Unit::Hour => span.try_hours(count),
            Unit::Day => span.try_days(count),
            Unit::Week => span.try_weeks(count),
            Unit::Month => span.try_months(count),
            Unit::Quarter => span.try_months(count.checked_mul(3)?),
            Unit::Year => span.try_years(count),
        };
        moment.checked_add(span.ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_unit() {
        let cases = [
            ("minute", "2018-11-23T11:11:59+09:00[Asia/Tokyo]", "2018-11-23T11:11:00+09:00[Asia/Tokyo]"),
            ("hour", "2018-11-23T11:11:00+09:00[Asia/Tokyo]", "2018-11-23T11:00:00+09:00[Asia/Tokyo]"),
            ("day", "2018-11-23T11:11:00+09:00[Asia/Tokyo]", "2018-11-23T00:00:00+09:00[Asia/Tokyo]"),
            ("week", "2018-11-23T11:11:00+09:00[Asia/Tokyo]", "2018-11-19T00:00:00+09:00[Asia/Tokyo]"),
            ("week", "2018-11-19T00:00:00+09:00[Asia/Tokyo]", "2018-11-19T00:00:00+09:00[Asia/Tokyo]"),
            ("week", "2018-11-25T23:59:59+09:00[Asia/Tokyo]", "2018-11-19T00:00:00+09:00[Asia/Tokyo]"),
            ("month", "2018-11-23T11:11:00+09:00[Asia/Tokyo]", "2018-11-01T00:00:00+09:00[Asia/Tokyo]"),
            ("quarter", "2018-11-23T11:11:00+09:00[Asia/Tokyo]", "2018-10-01T00:00:00+09:00[Asia/Tokyo]"),
            ("quarter", "2018-03-31T11:11:00+09:00[Asia/Tokyo]", "2018-01-01T00:00:00+09:00[Asia/Tokyo]"),
            ("year", "2018-11-23T11:11:00+09:00[Asia/Tokyo]", "2018-01-01T00:00:00+09:00[Asia/Tokyo]"),
            // Both of Berlin's hours from 02:00 on 25 October 2026, and the day around them.
            ("hour", "2026-10-25T02:30:00+02:00[Europe/Berlin]", "2026-10-25T02:00:00+02:00[Europe/Berlin]"),
            ("hour", "2026-10-25T02:30:00+01:00[Europe/Berlin]", "2026-10-25T02:00:00+01:00[Europe/Berlin]"),
            ("minute", "2026-10-25T02:30:30+01:00[Europe/Berlin]", "2026-10-25T02:30:00+01:00[Europe/Berlin]"),
            ("day", "2026-10-25T02:30:00+01:00[Europe/Berlin]", "2026-10-25T00:00:00+02:00[Europe/Berlin]"),
            ("month", "2026-03-30T00:00:00+02:00[Europe/Berlin]", "2026-03-01T00:00:00+01:00[Europe/Berlin]"),
            // Beirut skips midnight, Kolkata is half an hour off.
            ("day", "2026-03-29T12:00:00+03:00[Asia/Beirut]", "2026-03-29T01:00:00+03:00[Asia/Beirut]"),
            ("hour", "2026-03-29T12:10:00+05:30[Asia/Kolkata]", "2026-03-29T12:00:00+05:30[Asia/Kolkata]"),
            (
                "hour",
                "2026-04-05T01:45:00+10:30[Australia/Lord_Howe]",
                "2026-04-05T01:00:00+11:00[Australia/Lord_Howe]",
            ),
        ];
        for (unit, moment, want) in cases {
            let moment: Zoned = moment.parse().unwrap();
            let got = parse(unit).unwrap().floor(&moment).unwrap();
            assert_eq!(got.to_string(), want, "{unit} of {moment}");
            assert!(got <= moment, "{unit} of {moment}");
        }
    }

    #[test]
    fn steps_keep_the_time_on_the_clock() {
        let cases = [
            (Unit::Day, -1, "2026-03-30T00:00:00+02:00[Europe/Berlin]", "2026-03-29T00:00:00+01:00[Europe/Berlin]"),
            (Unit::Hour, 2, "2026-03-29T01:00:00+01:00[Europe/Berlin]", "2026-03-29T04:00:00+02:00[Europe/Berlin]"),
            (Unit::Month, 1, "2026-01-31T00:00:00+00:00[UTC]", "2026-02-28T00:00:00+00:00[UTC]"),
            (Unit::Quarter, -1, "2026-01-01T00:00:00+00:00[UTC]", "2025-10-01T00:00:00+00:00[UTC]"),
            (Unit::Year, -1, "2024-02-29T00:00:00+00:00[UTC]", "2023-02-28T00:00:00+00:00[UTC]"),
        ];
        for (unit, count, moment, want) in cases {
            let got = unit.step(&moment.parse().unwrap(), count).unwrap();
            assert_eq!(got.to_string(), want, "{count} {unit:?} from {moment}");
        }
        assert_eq!(Unit::Quarter.step(&Zoned::default(), i64::MAX), None);
        assert_eq!(Unit::Year.step(&Zoned::default(), 100_000), None);
    }

    #[test]
    fn names_of_units() {
        assert_eq!(parse(" Day "), Ok(Unit::Day));
        assert_eq!(parse("quater").unwrap_err().nearest.as_deref(), Some("quarter"));
        assert_eq!(parse("second").unwrap_err().allowed, "units are minute, hour, day, week, month, quarter, year");
    }
}
