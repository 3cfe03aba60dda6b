//! On which days an expression fires: day of month, day of week and month together.
//!
//! Knows the Gregorian calendar; nothing of hours and time zones.

use jiff::civil::{Date, date};

use super::field::{Field, Values};
use super::set::Set;
use crate::problem::Problem;

/// The Gregorian calendar repeats itself after so many years, which are 146,097 days and a whole number of weeks.
pub(crate) const CYCLE_YEARS: i16 = 400;

/// The restriction of the day that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Days {
    Every,
    OfMonth(Set),
    OfWeek(Set),
}

impl Days {
    /// The manual: of two restrictions "the specification requesting to execute more often is followed while the other
    /// schedule specification is ignored". More often is: on more days of the 400-year cycle, in the months of the
    /// expression. With equal numbers the day of week holds.
    pub(crate) fn of(of_month: Values, of_week: Values, months: Set) -> Result<Days, Problem> {
        match (of_month, of_week) {
            (Values::Any, Values::Any) => Ok(Days::Every),
            (Values::Any, Values::Only(weekdays)) => Ok(Days::OfWeek(weekdays)),
            (Values::Only(days), Values::Any) if days_of_month(days, months) == 0 => Err(never(days, months)),
            (Values::Only(days), Values::Any) => Ok(Days::OfMonth(days)),
            (Values::Only(days), Values::Only(weekdays)) => {
                let more = days_of_month(days, months) > days_of_week(weekdays, months);
                Ok(if more { Days::OfMonth(days) } else { Days::OfWeek(weekdays) })
            }
        }
    }

    pub(crate) fn contains(self, day: Date) -> bool {
        match self {
            Days::Every => true,
            Days::OfMonth(days) => u8::try_from(day.day()).is_ok_and(|number| days.contains(number)),
            Days::OfWeek(weekdays) => weekdays.contains(weekday(day)),
        }
    }
}

/// 0 is Sunday, as in the manual.
fn weekday(day: Date) -> u8 {
    day.weekday().to_sunday_zero_offset().unsigned_abs()
}

/// Most days that a month of this number (1 to 12) can have.
pub(crate) fn longest(month: u8) -> u8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days of the cycle in these months that have one of these numbers.
pub(crate) fn days_of_month(days: Set, months: Set) -> u32 {
    let years = u32::from(CYCLE_YEARS.unsigned_abs());
    let leap_years = 97;
    let of = |month: u8| -> u32 {
        let number = |day: u8| match (month, day) {
            (2, 29) => leap_years,
            _ if day <= longest(month) => years,
            _ => 0,
        };
        days.iter().map(number).sum()
    };
    months.iter().map(of).sum()
}

/// Days of the cycle in these months that are one of these days of the week.
pub(crate) fn days_of_week(weekdays: Set, months: Set) -> u32 {
    let mut count = 0;
    for year in 2000..2000 + CYCLE_YEARS {
        for month in months.iter() {
            // Months are 1 to 12 here: they fit.
            let first = date(year, month as i8, 1);
            let beyond = first.days_in_month().unsigned_abs() - 28;
            let odd = (0..beyond).filter(|day| weekdays.contains((weekday(first) + day) % 7)).count();
            count += 4 * weekdays.len() + odd as u32;
        }
    }
    count
}

fn never(days: Set, months: Set) -> Problem {
    let missing = missing(days, months);
    let february = months.run() == Some((2, 2));
    Field::DayOfMonth.problem(format!("never comes: {missing}")).hint(if february {
        "February has 28 days, and 29 in leap years"
    } else {
        "these months have 30 days: write 30, or months that have the day"
    })
}

/// `February has no 30th; April and June have no 31st`: what of these days the months never have; empty when there is
/// nothing of the kind.
pub(crate) fn missing(days: Set, months: Set) -> String {
    let mut parts = Vec::new();
    for day in days.iter() {
        let lacking: Vec<&str> =
            months.iter().filter(|month| longest(*month) < day).map(super::words::month_name).collect();
        if let Some(verb) = match lacking.len() {
            0 => None,
            1 => Some("has"),
            _ => Some("have"),
        } {
            let names = super::words::and(&lacking);
            parts.push(format!("{names} {verb} no {}", super::words::ordinal(day)));
        }
    }
    parts.join("; ")
}
