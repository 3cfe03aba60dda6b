//! An expression in words: one sentence that a person can check.
//!
//! Speaks of what the fields mean, not of how they are written; the time zone is said elsewhere.

use super::Cron;
use super::days::Days;
use super::field::Field;
use super::set::Set;

/// So many times of a day are listed one by one.
const LISTED_TIMES: u32 = 6;
/// So many numbers are listed before a list is cut short.
const LISTED_NUMBERS: usize = 12;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Cron {
    /// What it means in one sentence without a full stop, such as `At 02:00 every day` or
    /// `At minute 30 of every 2nd hour on day 1 of every month`. The time zone is not in it.
    pub fn words(&self) -> String {
        let (time, around_the_clock) = self.time_words();
        match self.day_words(around_the_clock) {
            days if days.is_empty() => time,
            days => format!("{time} {days}"),
        }
    }

    /// The time of day, and whether it says already that it is so at all hours.
    fn time_words(&self) -> (String, bool) {
        let all = self.hours == Field::Hour.all();
        if !all && self.minutes.len() * self.hours.len() <= LISTED_TIMES {
            let hours = self.hours.iter();
            let times = hours.flat_map(|hour| self.minutes.iter().map(move |minute| clock(hour, minute)));
            return (format!("At {}", and(&times.collect::<Vec<_>>())), false);
        }
        let often = self.minute_words();
        let hours = self.hour_words(&often);
        match (often, hours) {
            (Often::Each(often), Hours::All) => (often, true),
            (Often::Each(often), Hours::Between(hours)) => (format!("{often} {hours}"), false),
            (Often::Each(often), Hours::Nth(hours)) => (format!("{often} of every {hours}"), true),
            (Often::Each(often), Hours::List(hours)) => (format!("{often} of {hours}"), false),
            (Often::At(minutes), Hours::All) => (format!("At {minutes} of every hour"), true),
            (Often::At(minutes), Hours::Between(hours)) => (format!("At {minutes} of every hour {hours}"), false),
            (Often::At(minutes), Hours::Nth(hours)) => (format!("At {minutes} of every {hours}"), true),
            (Often::At(minutes), Hours::List(hours)) => (format!("At {minutes} of {hours}"), false),
        }
    }

    fn minute_words(&self) -> Often {
        if self.minutes == Field::Minute.all() {
            return Often::Each("Every minute".to_owned());
        }
        let step = (2..=30).find(|n| 60 % n == 0 && self.minutes == Field::Minute.multiples(*n));
        match step {
            Some(n) => Often::Each(format!("Every {n} minutes")),
            None if self.minutes.len() == 1 => Often::At(format!("minute {}", numbers(self.minutes))),
            None => Often::At(format!("minutes {}", numbers(self.minutes))),
        }
    }

    fn hour_words(&self, often: &Often) -> Hours {
        if self.hours == Field::Hour.all() {
            return Hours::All;
        }
        if let Some((first, last)) = self.hours.run()
            && (last > first || matches!(often, Often::Each(_)))
        {
            let (from, to) = (self.minutes.at_least(0).unwrap_or(0), self.minutes.at_most(59).unwrap_or(59));
            return Hours::Between(format!("from {} to {}", clock(first, from), clock(last, to)));
        }
        match (2..=8).find(|n| 24 % n == 0 && self.hours == Field::Hour.multiples(*n)) {
            Some(n) => Hours::Nth(format!("{} hour", ordinal(n))),
            None => {
                let noun = if self.hours.len() == 1 { "hour" } else { "hours" };
                let hours = self.hours.iter().map(|hour| format!("{hour:02}"));
                Hours::List(format!("the {noun} {}", and(&hours.collect::<Vec<_>>())))
            }
        }
    }

    fn day_words(&self, around_the_clock: bool) -> String {
        let months = match (self.months == Field::Month.all(), self.months.run()) {
            (true, _) => None,
            (false, Some((first, last))) if last - first > 1 => {
                Some(("every month from", format!("{} to {}", month_name(first), month_name(last))))
            }
            (false, _) => Some(("", and(&self.months.iter().map(month_name).collect::<Vec<_>>()))),
        };
        let inside = match &months {
            None => String::new(),
            Some(("", names)) => format!(" in {names}"),
            Some((_, names)) => format!(" from {names}"),
        };
        let every = if around_the_clock { inside.trim_start().to_owned() } else { format!("every day{inside}") };
        match self.days {
            Days::Every => every,
            Days::OfMonth(days) if days == Field::DayOfMonth.all() => every,
            Days::OfWeek(weekdays) if weekdays == Field::DayOfWeek.all() => every,
            Days::OfWeek(weekdays) => format!("{}{inside}", weekday_words(weekdays)),
            Days::OfMonth(days) => {
                let noun = if days.len() == 1 { "day" } else { "days" };
                let of = match months {
                    None => "every month".to_owned(),
                    Some(("", names)) => names,
                    Some((every, names)) => format!("{every} {names}"),
                };
                format!("on {noun} {} of {of}", numbers(days))
            }
        }
    }
}

/// How the minutes are said.
enum Often {
    /// `Every 15 minutes`
    Each(String),
    /// `minute 30`
    At(String),
}

/// How the hours are said.
enum Hours {
    All,
    /// `from 09:00 to 17:30`
    Between(String),
    /// `2nd hour`
    Nth(String),
    /// `the hours 01, 05 and 13`
    List(String),
}

fn clock(hour: u8, minute: u8) -> String {
    format!("{hour:02}:{minute:02}")
}

fn weekday_words(weekdays: Set) -> String {
    let name = |weekday: u8| WEEKDAYS.get(usize::from(weekday)).copied().unwrap_or_default();
    match weekdays.run() {
        Some((first, last)) if last - first > 1 => format!("on {}s to {}s", name(first), name(last)),
        _ => format!("on {}", and(&weekdays.iter().map(|weekday| format!("{}s", name(weekday))).collect::<Vec<_>>())),
    }
}

/// The English name of a month from 1 to 12.
pub(crate) fn month_name(month: u8) -> &'static str {
    MONTHS.get(usize::from(month.saturating_sub(1))).copied().unwrap_or_default()
}

/// Numbers as people list them: `1 to 10, 15 and 20`; long lists are cut short.
pub(crate) fn numbers(set: Set) -> String {
    let mut parts = Vec::new();
    let mut next = set.at_least(0);
    while let Some(first) = next {
        let mut last = first;
        while set.contains(last + 1) {
            last += 1;
        }
        match last - first {
            0 => parts.push(first.to_string()),
            1 => parts.extend([first.to_string(), last.to_string()]),
            _ => parts.push(format!("{first} to {last}")),
        }
        next = set.at_least(last + 1);
    }
    if parts.len() > LISTED_NUMBERS {
        let end = parts.pop().unwrap_or_default();
        parts.truncate(3);
        return format!("{}, … and {end}", parts.join(", "));
    }
    and(&parts)
}

/// `a, b and c`
pub(crate) fn and<T: AsRef<str>>(parts: &[T]) -> String {
    let texts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    match texts.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// `1st`, `2nd`, `11th`
pub(crate) fn ordinal(number: u8) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
