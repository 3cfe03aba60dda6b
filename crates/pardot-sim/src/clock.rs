//! The sandbox's clock: real time plus whatever it was advanced by.
//!
//! Knows nothing of what is timed: tokens, quota days and imports ask it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Real time plus an offset that only grows.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_ms: AtomicI64,
}

impl Clock {
    /// Milliseconds since the epoch, virtual.
    pub(crate) fn now_ms(&self) -> i64 {
        Timestamp::now().as_millisecond() + self.offset_ms.load(Ordering::Relaxed)
    }

    /// Moves the clock forward; what was due in between is due now.
    pub(crate) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4);
        self.offset_ms.fetch_add(by, Ordering::Relaxed);
    }
}

/// Milliseconds of a setting's duration.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

/// `2026-02-01 09:15:28`: local time without offset, as versions 3 and 4 write it.
pub(crate) fn local(ms: i64, zone: &TimeZone) -> String {
    stamp(ms).to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2026-02-01T09:15:28-07:00`: with offset, as version 5 writes it.
pub(crate) fn offset(ms: i64, zone: &TimeZone) -> String {
    stamp(ms).to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// First millisecond of the next day in the zone.
pub(crate) fn next_midnight(ms: i64, zone: &TimeZone) -> i64 {
    let now = stamp(ms).to_zoned(zone.clone());
    match now.tomorrow().and_then(|day| day.start_of_day()) {
        Ok(midnight) => midnight.timestamp().as_millisecond(),
        Err(_) => i64::MAX,
    }
}

/// Reads a filter's time: with offset, local date and time, a date, or one of the named days.
pub(crate) fn parse(text: &str, now_ms: i64, zone: &TimeZone) -> Option<i64> {
    let today = stamp(now_ms).to_zoned(zone.clone()).date();
    let text = text.trim();
    if let Ok(stamp) = text.parse::<Timestamp>() {
        return Some(stamp.as_millisecond());
    }
    let first = today.first_of_month();
    let civil = match text {
        "today" => today.into(),
        "yesterday" => today.yesterday().ok()?.into(),
        "last_7_days" => today.checked_sub(jiff::Span::new().days(7)).ok()?.into(),
        "this_month" => first.into(),
        "last_month" => first.checked_sub(jiff::Span::new().months(1)).ok()?.into(),
        _ => text.parse::<jiff::civil::DateTime>().ok()?,
    };
    Some(civil.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond())
}

fn stamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}
