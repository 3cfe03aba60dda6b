//! Moments and windows of rules at the time of a run, in microseconds since 1970.
//!
//! Knows the documents of rules and a calendar; not what is compared with a moment.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// The time of a run and the calendar of the parent segment.
pub(crate) struct Clock {
    pub(crate) now: i64,
    pub(crate) zone: TimeZone,
}

/// The clock's units, in seconds.
const CLOCK: [(&str, i64); 3] = [("hour", 3600), ("minute", 60), ("second", 1)];

fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

fn whole(value: &Value) -> i64 {
    value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0)
}

impl Clock {
    pub(crate) fn now(&self) -> i64 {
        self.now * 1_000_000
    }

    fn wall(&self, at: i64) -> DateTime {
        Timestamp::from_microsecond(at).expect("a time").to_zoned(self.zone.clone()).datetime()
    }

    fn at(&self, wall: DateTime) -> i64 {
        micros(wall.to_zoned(self.zone.clone()).expect("a time").timestamp())
    }

    /// The day on which a moment falls, in days since 1970.
    pub(crate) fn day(&self, at: i64) -> i32 {
        let epoch = Date::constant(1970, 1, 1);
        self.wall(at).date().since(epoch).expect("days").get_days()
    }

    /// So long later (1) or earlier (-1): `{"day": 7, "hour": 3}`.
    pub(crate) fn shifted(&self, at: i64, length: &Value, sign: i64) -> i64 {
        let of = |unit: &str| whole(&length[unit]);
        let months = of("year") * 12 + of("quarter") * 3 + of("month");
        let days = of("week") * 7 + of("day");
        let mut at = at;
        if months != 0 || days != 0 {
            let wall = self.wall(at);
            let index = i64::from(wall.year()) * 12 + i64::from(wall.month()) - 1 + sign * months;
            let (year, month) = (index.div_euclid(12) as i16, index.rem_euclid(12) as i8 + 1);
            let last = Date::new(year, month, 1).expect("a month").days_in_month();
            let mut date = Date::new(year, month, wall.day().min(last)).expect("a day");
            for _ in 0..days {
                date = if sign < 0 { date.yesterday() } else { date.tomorrow() }.expect("a day");
            }
            at = self.at(date.to_datetime(wall.time()));
        }
        let seconds: i64 = CLOCK.iter().map(|(unit, seconds)| of(unit) * seconds).sum();
        at + sign * seconds * 1_000_000
    }

    /// A moment in any of its forms.
    pub(crate) fn moment(&self, value: &Value) -> i64 {
        for (name, sign) in [("last", -1), ("next", 1)] {
            match value.get(name) {
                Some(length @ Value::Object(_)) => return self.shifted(self.now(), length, sign),
                Some(number) => {
                    let unit = value["unit"].as_str().expect("a unit");
                    return self.shifted(self.now(), &json!({ unit: number }), sign);
                }
                None => {}
            }
        }
        let value = value.get("timestamp").unwrap_or(value);
        if let Some(seconds) = value.as_i64() {
            return seconds * 1_000_000;
        }
        let text = value.as_str().expect("a moment");
        if let Ok(seconds) = text.parse::<i64>() {
            return seconds * 1_000_000;
        }
        if text.ends_with('Z') {
            return micros(text.parse().expect("a moment"));
        }
        if text.len() == 10 {
            return self.at(text.parse::<Date>().expect("a day").to_datetime(Time::midnight()));
        }
        self.at(text.parse().expect("a moment"))
    }

    /// The beginning of the calendar unit of the run, or of one so many later.
    fn start(&self, unit: &str, later: i64) -> i64 {
        if let Some((_, seconds)) = CLOCK.iter().find(|(name, _)| *name == unit) {
            let wall = self.wall(self.now());
            let of_day = i64::from(wall.hour()) * 3600 + i64::from(wall.minute()) * 60 + i64::from(wall.second());
            return (self.now - of_day % seconds + later * seconds) * 1_000_000;
        }
        let today = self.wall(self.now()).date();
        let first = |year: i64, month: i64| {
            let index = year * 12 + month;
            Date::new(index.div_euclid(12) as i16, index.rem_euclid(12) as i8 + 1, 1).expect("a month")
        };
        let (year, month) = (i64::from(today.year()), i64::from(today.month()) - 1);
        let steps = |mut date: Date, days: i64| {
            for _ in 0..days.abs() {
                date = if days < 0 { date.yesterday() } else { date.tomorrow() }.expect("a day");
            }
            date
        };
        let date = match unit {
            "year" => first(year + later, 0),
            "quarter" => first(year, month - month % 3 + 3 * later),
            "month" => first(year, month + later),
            "week" => {
                let monday = steps(today, -i64::from(today.weekday().to_monday_zero_offset()));
                steps(monday, 7 * later)
            }
            _ => steps(today, later),
        };
        micros(date.to_zoned(self.zone.clone()).expect("a day").start_of_day().expect("a start").timestamp())
    }

    /// Where a window of time begins and ends, and whether its last moment is part of it.
    pub(crate) fn window(&self, word: &str, op: &Value) -> (i64, i64, bool) {
        let unit = |value: &Value| value["unit"].as_str().expect("a unit").to_owned();
        let period = |unit: &str, later: i64| (self.start(unit, later), self.start(unit, later + 1), false);
        let length = || json!({ unit(op): op["value"] });
        match word {
            "TimeToday" => period("day", 0),
            "TimeThis" => period(&unit(&op["from"]), 0),
            "TimeNext" => period(&unit(&op["from"]), 1),
            "TimeWithinPast" => (self.shifted(self.now(), &length(), -1), self.now(), true),
            "TimeWithinNext" => (self.now(), self.shifted(self.now(), &length(), 1), true),
            "TimeRange" if op.get("duration").is_none() => period(&unit(&op["from"]), -1),
            "TimeRange" => {
                let from = self.moment(&op["from"]);
                if op["reverse"] == true {
                    (self.shifted(from, &op["duration"], -1), from, false)
                } else {
                    (from, self.shifted(from, &op["duration"], 1), false)
                }
            }
            _ => (self.moment(&op["from"]), self.moment(&op["to"]), false),
        }
    }
}
