//! Time zones of the IANA database that is built into the program.
//!
//! Reads no file and asks no system, so that a schedule means the same on every machine.

use std::fmt;
use std::sync::LazyLock;

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Span, Timestamp};

use crate::nearest::nearest;
use crate::problem::Problem;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    // A mark for "not set up yet", not a place.
    let mut names: Vec<String> =
        DATABASE.available().map(|name| name.as_str().to_owned()).filter(|name| name != "Factory").collect();
    names.sort_unstable();
    names
});

/// Abbreviations that people write, and the zone that they mean most often. Those that are zones of the database (EST, MST,
/// HST, CET, …) are not here.
const ABBREVIATIONS: [(&str, &str); 14] = [
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("PT", "America/Los_Angeles"),
    ("MDT", "America/Denver"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("EDT", "America/New_York"),
    ("ET", "America/New_York"),
    ("BST", "Europe/London"),
    ("CEST", "Europe/Berlin"),
    ("JST", "Asia/Tokyo"),
    ("IST", "Asia/Kolkata"),
    ("AEST", "Australia/Sydney"),
    ("Z", "UTC"),
];

/// A time zone of the IANA database.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    name: &'static str,
    rules: TimeZone,
}

impl Zone {
    /// Coordinated universal time, the default of a schedule.
    pub fn utc() -> Zone {
        Zone { name: "UTC", rules: TimeZone::UTC }
    }

    /// The zone of a name, in any case: `Europe/Berlin`. Offsets, POSIX rules and abbreviations that are no names of the
    /// database are refused, because they know nothing of daylight saving or not enough.
    ///
    /// # Errors
    /// A problem at `timezone`, with the name that was most likely meant.
    pub fn parse(text: &str) -> Result<Zone, Problem> {
        let known = NAMES.iter().find(|name| name.eq_ignore_ascii_case(text));
        let zone = known.and_then(|name| Some(Zone { name, rules: DATABASE.get(name).ok()? }));
        zone.ok_or_else(|| unknown(text))
    }

    /// Every name, sorted: for hints, completions and lists.
    pub fn names() -> &'static [String] {
        &NAMES
    }

    /// The name, as the database has it.
    pub fn name(&self) -> &str {
        self.name
    }

    /// What the clocks of the zone show at a time (unix seconds): `2026-11-24 02:00 Europe/Berlin`. In the hour that comes twice, the
    /// offset says which of the two it is: `2026-10-25 02:30 Europe/Berlin (+02:00)`. Seconds stand there when they are
    /// not 0.
    pub fn local(&self, unix: i64) -> String {
        let Ok(time) = Timestamp::from_second(unix) else {
            return format!("unix time {unix}");
        };
        let offset = self.rules.to_offset(time);
        let wall = offset.to_datetime(time);
        let form = if wall.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
        let shown = format!("{} {self}", wall.strftime(form));
        if self.rules.to_ambiguous_zoned(wall).is_ambiguous() {
            format!("{shown} ({})", time.to_zoned(self.rules.clone()).strftime("%:z"))
        } else {
            shown
        }
    }

    /// When the clocks of the zone show a time: the first of two in the hour that comes twice, and as much later as the clocks
    /// are put forward in the hour that does not come. `None` outside of the years that there are.
    pub(crate) fn instant(&self, wall: DateTime) -> Option<Timestamp> {
        self.rules.to_ambiguous_timestamp(wall).compatible().ok()
    }

    /// The day that it is in the zone at a time.
    pub(crate) fn day(&self, at: Timestamp) -> Date {
        self.rules.to_datetime(at).date()
    }

    /// The first moment of a day in the zone: not midnight where the clocks are put forward at midnight.
    pub(crate) fn first_of(&self, day: Date) -> Option<Timestamp> {
        let start = day.to_zoned(self.rules.clone()).and_then(|noon| noon.start_of_day());
        start.ok().map(|start| start.timestamp())
    }

    /// Seconds to add to unix time for the time on the wall.
    pub(crate) fn offset(&self, at: Timestamp) -> i64 {
        i64::from(self.rules.to_offset(at).seconds())
    }

    /// So much later (or earlier) in the calendar of the zone: years, months, weeks and days leave the time on the wall as it is, hours,
    /// minutes and seconds are lengths of time.
    pub(crate) fn shift(&self, at: Timestamp, span: Span) -> Option<Timestamp> {
        at.to_zoned(self.rules.clone()).checked_add(span).ok().map(|moved| moved.timestamp())
    }

    /// The stretch of time with one offset that `unix` lies in.
    pub(crate) fn stretch(&self, unix: i64) -> Option<Stretch> {
        let time = Timestamp::from_second(unix).ok()?;
        let next = Timestamp::from_second(unix + 1).unwrap_or(time);
        Some(Stretch {
            begin: self.rules.preceding(next).next().map(|change| change.timestamp().as_second()),
            end: self.rules.following(time).next().map(|change| change.timestamp().as_second()),
            offset: i64::from(self.rules.to_offset(time).seconds()),
        })
    }
}

/// A time during which the clocks of a zone run without a jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Its first second, unix; nothing where it has no beginning.
    pub(crate) begin: Option<i64>,
    /// The first second after it.
    pub(crate) end: Option<i64>,
    /// Seconds to add to unix time for the time on the wall.
    pub(crate) offset: i64,
}

fn unknown(text: &str) -> Problem {
    if text.is_empty() {
        return Problem::at("timezone", "is empty").hint("write a name such as Europe/Berlin, or leave it out for UTC");
    }
    let shown: String = text.chars().take(60).collect();
    let problem =
        Problem::at("timezone", format!("\"{}\" is not a time zone of the IANA database", shown.escape_debug()));
    if text.chars().count() > 60 {
        return problem.hint("write a name such as Europe/Berlin");
    }
    let abbreviation = ABBREVIATIONS.iter().find(|(short, _)| short.eq_ignore_ascii_case(text));
    let cities = || NAMES.iter().map(|name| name.rsplit('/').next().unwrap_or(name));
    let city =
        || nearest(text, cities()).and_then(|city| NAMES.iter().find(|name| name.rsplit('/').next() == Some(city)));
    let offset = text.contains(|c: char| c.is_ascii_digit());
    let near = || nearest(text, NAMES.iter().map(String::as_str)).or_else(|| city().map(String::as_str));
    match (abbreviation, offset) {
        (Some((_, zone)), _) => problem.hint(format!("write the name of a place, such as {zone}")),
        (None, true) => {
            problem.hint("offsets know no daylight saving: write the name of a place, such as Europe/Berlin")
        }
        (None, false) => match near() {
            Some(name) => problem.hint(format!("did you mean {name}?")),
            None => problem.hint("write a name such as Europe/Berlin or America/New_York"),
        },
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({})", self.name)
    }
}
