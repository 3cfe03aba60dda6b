//! When a job that must wait goes on by itself: after the account's midnight, or when an outage may be over.
//!
//! Knows how a run ended and what was called today; not how it is run.

use std::sync::Arc;
use std::time::Duration;

use model::{JobState, Report, StopCause};
use pardot::{Allowance, Shortage};

use crate::clock::random_u64;
use crate::forecast::AFTER_MIDNIGHT;
use crate::live::LiveJob;
use crate::words;

/// Pardot is asked again so long after it said that the day's calls are used up, where its midnight is not known.
const QUOTA_PROBE: i64 = 15 * 60;
/// Pardot's midnight may come so much later than ours, at most.
const LATE_MIDNIGHT: i64 = 3_600;
/// Calls of a new day that are too few to have used it up.
const HARDLY: u64 = 5;
/// Tries after an outage, with at most ten minutes between two: about a day.
const TRIES: u32 = 150;

/// Decides when a job that must wait goes on by itself.
pub(crate) struct Judge<'a> {
    pub(crate) live: &'a LiveJob,
    /// Times that it went on by itself since rows last found an end.
    pub(crate) wakes: u32,
    /// The account's time zone, where it is known.
    pub(crate) zone: Option<String>,
    /// What its business unit may be asked today.
    pub(crate) allowance: Arc<Allowance>,
    pub(crate) outage_wait: Duration,
}

impl Judge<'_> {
    /// The last word on how a run ended, and when it goes on, in seconds since 1970.
    pub(crate) fn verdict(&self, report: &mut Report, progressed: bool, now: i64) -> Option<i64> {
        let wakes = if progressed { 0 } else { self.wakes };
        if self.live.is_killed() && report.status.is_open() {
            // The wish came when the run had ended by itself already.
            report.status = JobState::Killed;
            report.cause = Some(StopCause { message: "stopped on request".into(), hint: None, configuration: false });
        }
        match report.status {
            JobState::ParkedQuota => Some(self.quota_wake(now)),
            JobState::ParkedOutage if wakes >= TRIES => {
                report.status = JobState::Failed;
                report.cause = Some(StopCause {
                    message: "Pardot has not answered properly for a day".into(),
                    hint: Some("nothing is lost: continue the job when it answers again".into()),
                    configuration: false,
                });
                None
            }
            JobState::ParkedOutage => Some(now + self.outage_wake(wakes)),
            _ => None,
        }
    }

    /// Calls are counted anew at midnight of the account; where that is not known, it is asked every 15 minutes.
    fn quota_wake(&self, now: i64) -> i64 {
        let midnight = |zone: &str| words::next_midnight(now, zone);
        // Our own budget is not Pardot's to ask for: it is counted by days of UTC where the account's are not known.
        let budget = matches!(self.allowance.shortage(), Some(Shortage::Budget { .. }));
        let zone = self.zone.as_deref().or_else(|| budget.then_some("UTC"));
        // Pardot may count anew a little later than our clock shows midnight: what it says until then is of yesterday, and we
        // have hardly called on the new day.
        let just_past = zone.and_then(|zone| words::next_midnight(now - LATE_MIDNIGHT, zone));
        let of_yesterday =
            !budget && just_past.is_some_and(|just_past| just_past <= now) && self.allowance.spent() <= HARDLY;
        let spread = i64::try_from(random_u64() % 30).unwrap_or(0);
        let midnight = zone.and_then(midnight).filter(|_| !of_yesterday);
        midnight.map_or(now + QUOTA_PROBE, |midnight| midnight + AFTER_MIDNIGHT + 5 + spread)
    }

    fn outage_wake(&self, wakes: u32) -> i64 {
        let first = i64::try_from(self.outage_wait.as_secs()).unwrap_or(60);
        (first << wakes.min(10)).min(first * 10).max(1)
    }
}
