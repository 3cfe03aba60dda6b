//! When an expression fires: the times on the wall that it matches, carried over to the time line of a zone.
//!
//! Knows stretches of time with one offset, within which the wall clock runs evenly; not why a zone changes its offset.
//!
//! Two rules (docs/schedules.md): an expression for all 24 hours follows the wall clock minute by minute; every other one
//! fires once for each of its local times, at the first moment at which the wall clock has reached it. In the words of
//! this file: a time on the wall is *new* in a stretch when no earlier stretch showed it or passed it.

use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};

use super::Cron;
use super::field::Field;
use super::zone::{Stretch, Zone};

const DAY: i64 = 86_400;
/// How far a jump can put the wall clock back: a day and a little, at the date line. Stretches that ended longer ago cannot
/// have shown a time that is still to come.
const LONGEST_FOLD: i64 = 2 * DAY;

impl Cron {
    /// The first fire strictly after a time. Times are unix seconds. Nothing when the calendar ends first (year 9999).
    pub fn next_after(&self, after: i64, zone: &Zone) -> Option<i64> {
        let mut at = after.checked_add(1)?.max(Timestamp::MIN.as_second());
        loop {
            let stretch = zone.stretch(at)?;
            let mut wall = at + stretch.offset;
            if let (Some(begin), false) = (stretch.begin, self.every_hour()) {
                if at == begin && self.jumps_over(begin, stretch, zone) {
                    return Some(begin);
                }
                wall = wall.max(shown_before(begin, zone));
            }
            let found = self.wall_from(wall)? - stretch.offset;
            match stretch.end {
                Some(end) if found >= end => at = end,
                _ => return Some(found),
            }
        }
    }

    /// The newest fire at or before a time, in unix seconds: what a long pause has missed last.
    pub fn last_until(&self, until: i64, zone: &Zone) -> Option<i64> {
        let mut at = until.min(Timestamp::MAX.as_second());
        loop {
            let stretch = zone.stretch(at)?;
            let found = self.wall_until(at + stretch.offset);
            let Some(begin) = stretch.begin else {
                return found.map(|wall| wall - stretch.offset);
            };
            let entered = begin + stretch.offset;
            let new = if self.every_hour() { entered } else { entered.max(shown_before(begin, zone)) };
            if let Some(wall) = found.filter(|wall| *wall >= new) {
                return Some(wall - stretch.offset);
            }
            if !self.every_hour() && self.jumps_over(begin, stretch, zone) {
                return Some(begin);
            }
            at = begin - 1;
        }
    }

    /// The fires after a time, one after another.
    pub fn fires<'a>(&'a self, after: i64, zone: &'a Zone) -> Fires<'a> {
        Fires { cron: self, zone, after: Some(after) }
    }

    /// Whether all 24 hours are in: by what the field means, however it is written.
    fn every_hour(&self) -> bool {
        self.hours == Field::Hour.all()
    }

    /// Whether the jump into a stretch passes over a time of this expression, which is then due at the jump.
    fn jumps_over(&self, begin: i64, stretch: Stretch, zone: &Zone) -> bool {
        let entered = begin + stretch.offset;
        self.wall_from(shown_before(begin, zone)).is_some_and(|wall| wall < entered)
    }

    /// The first matching time on the wall, in seconds since 1970 on the wall, at or after one.
    fn wall_from(&self, wall: i64) -> Option<i64> {
        let minute = wall.div_euclid(60) + i64::from(wall.rem_euclid(60) > 0);
        let mut day = date_of(minute.div_euclid(24 * 60))?;
        // Of one day: they fit.
        let (mut hour, mut start) = ((minute.rem_euclid(24 * 60) / 60) as u8, (minute.rem_euclid(60)) as u8);
        loop {
            if !self.has_month(day) {
                day = day.last_of_month().tomorrow().ok()?;
            } else {
                if self.days.contains(day)
                    && let Some((hour, minute)) = self.time_from(hour, start)
                {
                    return Some(seconds(day, hour, minute));
                }
                day = day.tomorrow().ok()?;
            }
            (hour, start) = (0, 0);
        }
    }

    /// The last matching time on the wall at or before one.
    fn wall_until(&self, wall: i64) -> Option<i64> {
        let minute = wall.div_euclid(60);
        let mut day = date_of(minute.div_euclid(24 * 60))?;
        let (mut hour, mut end) = ((minute.rem_euclid(24 * 60) / 60) as u8, (minute.rem_euclid(60)) as u8);
        loop {
            if !self.has_month(day) {
                day = day.first_of_month().yesterday().ok()?;
            } else {
                if self.days.contains(day)
                    && let Some((hour, minute)) = self.time_until(hour, end)
                {
                    return Some(seconds(day, hour, minute));
                }
                day = day.yesterday().ok()?;
            }
            (hour, end) = (23, 59);
        }
    }

    fn has_month(&self, day: Date) -> bool {
        self.months.contains(day.month().unsigned_abs())
    }

    fn time_from(&self, hour: u8, minute: u8) -> Option<(u8, u8)> {
        if self.hours.contains(hour)
            && let Some(minute) = self.minutes.at_least(minute)
        {
            return Some((hour, minute));
        }
        Some((self.hours.at_least(hour + 1)?, self.minutes.at_least(0)?))
    }

    fn time_until(&self, hour: u8, minute: u8) -> Option<(u8, u8)> {
        if self.hours.contains(hour)
            && let Some(minute) = self.minutes.at_most(minute)
        {
            return Some((hour, minute));
        }
        Some((self.hours.at_most(hour.checked_sub(1)?)?, self.minutes.at_most(59)?))
    }
}

/// Fires in their order. Ends only with the calendar, in the year 9999.
#[derive(Debug, Clone)]
pub struct Fires<'a> {
    cron: &'a Cron,
    zone: &'a Zone,
    after: Option<i64>,
}

impl Iterator for Fires<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        self.after = self.cron.next_after(self.after?, self.zone);
        self.after
    }
}

/// The time on the wall up to which (exclusively) everything has been shown or passed over before the jump at `begin`.
fn shown_before(begin: i64, zone: &Zone) -> i64 {
    let mut latest = i64::MIN;
    let mut end = begin;
    while end > begin - LONGEST_FOLD {
        let Some(before) = zone.stretch(end - 1) else {
            break;
        };
        latest = latest.max(end + before.offset);
        match before.begin {
            Some(begin) => end = begin,
            None => break,
        }
    }
    latest
}

/// The first day of unix time, from which days are counted on the wall too.
const EPOCH: Date = date(1970, 1, 1);

/// The day so many days after 1970-01-01, while the calendar lasts.
fn date_of(days: i64) -> Option<Date> {
    EPOCH.checked_add(SignedDuration::from_secs(days.checked_mul(DAY)?)).ok()
}

fn seconds(day: Date, hour: u8, minute: u8) -> i64 {
    day.duration_since(EPOCH).as_secs() + i64::from(hour) * 3_600 + i64::from(minute) * 60
}
