//! From when to when a schedule fires: nothing before its start, nothing after its end.
//!
//! Knows two moments and how they were written; not what fires between them.

use api::Schedule;
use model::{Problem, Problems, Zone};

use super::wall::Wall;

/// A start or an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    /// As written.
    pub(crate) wall: Wall,
    /// The first or the last second that is within, since 1970.
    pub(crate) moment: i64,
    /// The clocks of the zone never show it.
    pub(crate) skipped: bool,
}

/// The time in which a schedule fires, both ends included.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Window {
    pub(crate) start: Option<Bound>,
    pub(crate) end: Option<Bound>,
}

impl Window {
    /// From the start to the end of a schedule by the clocks of `zone`; what is wrong is said in `problems`.
    pub(crate) fn of(schedule: &Schedule, zone: &Zone, place: &str, problems: &mut Problems) -> Window {
        let mut bound = |name: &str, text: Option<&String>, moment: fn(Wall, &Zone) -> Option<(i64, bool)>| {
            let place = format!("{place}.{name}");
            let wall = problems.keep(Wall::parse(&place, text?))?;
            let beyond = || Problem::at(&place, "is too far away").hint("write a day of this century");
            let (moment, skipped) = problems.keep(moment(wall, zone).ok_or_else(beyond))?;
            Some(Bound { wall, moment, skipped })
        };
        let start = bound("start", schedule.start.as_ref(), |wall, zone| {
            let shown = wall.shown(zone)?;
            Some((shown.first, shown.skipped))
        });
        let end = bound("end", schedule.end.as_ref(), |wall, zone| Some((wall.ends(zone), false)));
        if start.zip(end).is_some_and(|(start, end)| start.moment > end.moment) {
            let problem = Problem::at(format!("{place}.end"), "comes before the start: nothing would ever run");
            problems.push(problem.hint("an end that is a day is the last one"));
        }
        Window { start, end }
    }

    /// Where a search for what comes after `after` begins.
    pub(crate) fn after(&self, after: i64) -> i64 {
        self.start.map_or(after, |start| after.max(start.moment - 1))
    }

    /// Where a search for what came until `until` begins.
    pub(crate) fn until(&self, until: i64) -> i64 {
        self.end.map_or(until, |end| until.min(end.moment))
    }

    pub(crate) fn contains(&self, time: i64) -> bool {
        self.start.is_none_or(|start| start.moment <= time) && self.end.is_none_or(|end| time <= end.moment)
    }

    /// Whether both are the same time.
    pub(crate) fn is_like(&self, other: &Window) -> bool {
        let moments = |window: &Window| (window.start.map(|start| start.moment), window.end.map(|end| end.moment));
        moments(self) == moments(other)
    }
}
