//! A day or a time as the clocks of a time zone show it, and the moments at which they do.
//!
//! Knows the calendar and the zones; not whether something begins or ends there.

use std::fmt;
use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use model::{Problem, Zone};

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// What may be written.
const FORMS: &str = "write 2026-12-01, 2026-12-01 02:30 or 2026-12-01T02:30:00";

/// Where the digits stand in the forms: a `0` is any digit.
const SHAPES: [&str; 5] =
    ["0000-00-00", "0000-00-00 00:00", "0000-00-00T00:00", "0000-00-00 00:00:00", "0000-00-00T00:00:00"];

/// A day, or a minute of one, on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wall {
    /// A day's is its midnight.
    pub(crate) at: DateTime,
    /// It is a day, and no time was given.
    pub(crate) whole_day: bool,
}

/// The moments at which clocks show a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    /// The first of them, in seconds since 1970; of a time that the clocks skip, the moment at which they do.
    pub(crate) first: i64,
    /// The last of them: clocks that are put back show a time twice.
    pub(crate) last: i64,
    /// The clocks never show it.
    pub(crate) skipped: bool,
}

impl Wall {
    /// Reads a day or a time; `place` is where a problem is said to be.
    ///
    /// # Errors
    /// It is neither, it has an offset or seconds, or there is no such day.
    pub(crate) fn parse(place: &str, text: &str) -> Result<Wall, Problem> {
        let text = text.trim();
        let shape = |c: u8| if c.is_ascii_digit() { b'0' } else { c };
        let shape: Vec<u8> = text.bytes().map(shape).collect();
        if !SHAPES.iter().any(|known| known.as_bytes() == shape) {
            let with_offset =
                text.len() > "2026-12-01".len() && text.get(..10).is_some_and(|day| Wall::parse("", day).is_ok());
            return Err(if with_offset {
                Problem::at(place, "must be a time by the clock of the time zone, in whole minutes, without an offset")
                    .hint("write 2026-12-01 02:30 here, and the name of the zone in timezone")
            } else {
                Problem::at(place, "must be a day or a time by the clock of the time zone").hint(FORMS)
            });
        }
        let whole_day = shape.len() == SHAPES[0].len();
        let text = if whole_day { format!("{text}T00:00") } else { text.to_owned() };
        let unknown = |_| Problem::at(place, "is not in the calendar").hint(FORMS);
        let at: DateTime = text.parse().map_err(unknown)?;
        if at.second() != 0 {
            return Err(Problem::at(place, "must be a whole minute").hint(FORMS));
        }
        Ok(Wall { at, whole_day })
    }

    /// When the clocks of a zone show it; nothing at the ends of the calendar.
    pub(crate) fn shown(self, zone: &Zone) -> Option<Shown> {
        let clocks = DATABASE.get(zone.name()).ok()?;
        shown(self.at, &clocks)
    }

    /// The last second of the day, or of all that shows this time, in seconds since 1970. A day after all others, such as
    /// 9999-12-31, ends with the calendar.
    pub(crate) fn ends(self, zone: &Zone) -> i64 {
        let end = if self.whole_day {
            let next = self.at.date().tomorrow().ok().map(|day| day.to_datetime(Time::midnight()));
            next.and_then(|at| Wall { at, whole_day: true }.shown(zone)).map(|next| next.first - 1)
        } else {
            self.shown(zone).map(|shown| shown.last)
        };
        end.unwrap_or(Timestamp::MAX.as_second())
    }

    /// The day alone.
    pub(crate) fn day(self) -> String {
        self.at.date().to_string()
    }

    /// The time alone: `02:30`.
    pub(crate) fn time(self) -> String {
        self.at.strftime("%H:%M").to_string()
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whole_day {
            true => f.write_str(&self.day()),
            false => write!(f, "{} {}", self.day(), self.time()),
        }
    }
}

fn shown(at: DateTime, clocks: &TimeZone) -> Option<Shown> {
    let moment = |time: Timestamp| time.as_second();
    match clocks.to_ambiguous_timestamp(at).offset() {
        AmbiguousOffset::Unambiguous { offset } => {
            let first = moment(offset.to_timestamp(at).ok()?);
            Some(Shown { first, last: first, skipped: false })
        }
        AmbiguousOffset::Fold { before, after } => {
            let (first, last) = (before.to_timestamp(at).ok()?, after.to_timestamp(at).ok()?);
            Some(Shown { first: moment(first), last: moment(last), skipped: false })
        }
        AmbiguousOffset::Gap { after, .. } => {
            // Read with the offset after the jump, it lies before the jump, which is the next one.
            let before = after.to_timestamp(at).ok()?;
            let jump = moment(clocks.following(before).next()?.timestamp());
            Some(Shown { first: jump, last: jump, skipped: true })
        }
    }
}
