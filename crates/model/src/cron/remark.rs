//! What about an expression may surprise the person who wrote it.
//!
//! Finds nothing wrong: what is wrong never became a `Cron`.

use super::Cron;
use super::days::{Days, days_of_month, days_of_week, missing};
use super::field::{Field, Values};
use super::set::Set;
use super::words::numbers;

const FEBRUARY: u8 = 2;

impl Cron {
    /// What may surprise, one sentence each without a full stop: a restriction of the day that is ignored, and why; days
    /// that some months do not have; what a step means.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks: Vec<String> = self.ignored().into_iter().collect();
        remarks.extend(self.short_months());
        remarks.extend(self.steps());
        remarks
    }

    /// Which of day of month and day of week does not hold, with the numbers that decided.
    fn ignored(&self) -> Option<String> {
        let (Values::Only(days), Values::Only(weekdays)) = (self.of_month, self.of_week) else {
            return None;
        };
        let of_month = (self.part(Field::DayOfMonth), days_of_month(days, self.months));
        let of_week = (self.part(Field::DayOfWeek), days_of_week(weekdays, self.months));
        let ((ignored, few), name, (kept, more), winner) = match self.days {
            Days::OfMonth(_) => (of_week, Field::DayOfWeek.name(), of_month, Field::DayOfMonth.name()),
            Days::OfWeek(_) | Days::Every => (of_month, Field::DayOfMonth.name(), of_week, Field::DayOfWeek.name()),
        };
        Some(if few == more {
            format!(
                "{name} \"{ignored}\" is ignored: it would fire on as many days as {winner} \"{kept}\" ({} days in 400 \
                 years), and then the day of week holds",
                thousands(more)
            )
        } else {
            format!(
                "{name} \"{ignored}\" is ignored: it would fire on {} days in 400 years, {winner} \"{kept}\" fires on {}, \
                 and the one that fires more often holds",
                thousands(few),
                thousands(more)
            )
        })
    }

    /// Days that not every month has.
    fn short_months(&self) -> Vec<String> {
        let Days::OfMonth(days) = self.days else {
            return Vec::new();
        };
        // Every day of the month is every day, however long the month.
        if days == Field::DayOfMonth.all() {
            return Vec::new();
        }
        let mut remarks = Vec::new();
        if days.contains(29) && self.months.contains(FEBRUARY) {
            remarks.push("29 February comes in leap years only".to_owned());
        }
        let missing = missing(days, self.months);
        if !missing.is_empty() {
            remarks.push(format!("months that are too short are passed over: {missing}"));
        }
        remarks
    }

    /// Steps whose numbers are not those that other crons have, or that do not come evenly.
    fn steps(&self) -> Vec<String> {
        let fields = [Field::Minute, Field::Hour, Field::DayOfMonth, Field::Month, Field::DayOfWeek];
        let mut remarks = Vec::new();
        for field in fields.into_iter().filter(|field| self.counts(*field)) {
            let steps = self.part(field).split(',').filter_map(|term| term.strip_prefix("*/"));
            for n in steps.filter_map(|step| step.parse::<u8>().ok()).filter(|n| *n > 1) {
                let multiples = field.multiples(n);
                let evenly = match field {
                    Field::Minute => 60 % n == 0,
                    Field::Hour => 24 % n == 0,
                    Field::DayOfMonth | Field::Month | Field::DayOfWeek => false,
                };
                if !evenly {
                    remarks.push(multiples_of(field, n, multiples));
                }
            }
        }
        remarks
    }

    /// Whether the field is followed: one of day of month and day of week may be ignored.
    fn counts(&self, field: Field) -> bool {
        match (field, self.days) {
            (Field::DayOfMonth, Days::OfWeek(_)) | (Field::DayOfWeek, Days::OfMonth(_)) => false,
            (Field::Minute | Field::Hour | Field::Month | Field::DayOfMonth | Field::DayOfWeek, _) => true,
        }
    }

    /// The field as written.
    fn part(&self, field: Field) -> &str {
        let place = Cron::FIELDS.iter().position(|name| *name == field.name());
        place.and_then(|place| self.fields.split(' ').nth(place)).unwrap_or_default()
    }
}

/// A number of days below a million, as people read it.
fn thousands(number: u32) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}

fn multiples_of(field: Field, n: u8, multiples: Set) -> String {
    let means = format!("{} */{n} means the multiples of {n}: {}", field.name(), numbers(multiples));
    match field {
        Field::Minute => format!("{means}; it begins anew with every hour"),
        Field::Hour => format!("{means}; it begins anew with every day"),
        Field::DayOfMonth => format!("{means}; it begins anew with every month"),
        Field::Month => means,
        Field::DayOfWeek => format!("{means}, where Sunday is 0"),
    }
}
