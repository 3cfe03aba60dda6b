//! What the state of a job means, in a sentence: what happened, why, until when, what next.
//!
//! Knows states and counts; not how a job came there.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::{JobState, StopCause, Tally};

use model::grouped;

/// What there is to say about a job.
pub(crate) struct Said<'a> {
    pub(crate) state: JobState,
    /// A job without an export.
    pub(crate) result_only: bool,
    /// The refresh of a parent segment.
    pub(crate) refresh: bool,
    pub(crate) rows: Option<Tally>,
    pub(crate) result_rows: Option<u64>,
    pub(crate) cause: Option<&'a StopCause>,
    pub(crate) wake: Option<i64>,
    /// The account's time zone, where it is known.
    pub(crate) zone: Option<&'a str>,
    /// Lanes left, when Pardot asks to slow down.
    pub(crate) throttled: Option<usize>,
    pub(crate) lanes: usize,
    /// It was asked to stop and is finishing what is under way.
    pub(crate) stopping: bool,
}

/// The sentence.
pub(crate) fn sentence(said: &Said<'_>) -> String {
    if said.stopping && matches!(said.state, JobState::Querying | JobState::Sending) {
        return "Stopping: what is under way is finished first.".into();
    }
    let stored = || said.rows.map(stored).unwrap_or_default();
    match said.state {
        JobState::Queued => match said.cause {
            Some(cause) => format!("Waits for its turn: {}.", cause.message),
            None => "Waits for its turn.".into(),
        },
        JobState::Querying if said.refresh => "The profiles are read and joined.".into(),
        JobState::Querying => "The query runs; nothing is sent before it has ended.".into(),
        JobState::Sending => match said.throttled {
            Some(lanes) => format!(
                "Pardot asks us to slow down (code 66). Sending continues with {lanes} of {} lanes.",
                said.lanes.max(lanes)
            ),
            None => format!("Rows are on their way to Pardot. {}", stored()),
        },
        JobState::ParkedQuota => {
            // By Pardot's word, by the reserve, or by the budget: the cause says which.
            let cause =
                said.cause.map_or_else(|| "Today's Pardot calls are used up".into(), |cause| upper(&cause.message));
            format!("{cause}. {}{}", stored(), wake(said, "Continues"))
        }
        JobState::ParkedOutage => {
            let cause =
                said.cause.map_or_else(|| "Pardot has not answered properly".into(), |cause| cause.message.clone());
            format!("{cause}. Nothing is lost. {}{}", stored(), wake(said, "Next try"))
        }
        JobState::NeedsReconnect => {
            let row = said.rows.map(|rows| rows.read - rows.unsent + 1);
            let from =
                row.map(|row| format!(" Continues at row {} once that is done.", grouped(row))).unwrap_or_default();
            format!("{}{from}", full(said.cause))
        }
        JobState::Held => format!(
            "{} Repeating them could create duplicates: continue the job to have them looked up.",
            full(said.cause)
        ),
        JobState::Killed => format!("Stopped on request. {}", stored()),
        JobState::Stopped | JobState::Failed => format!("{} {}", full(said.cause), stored()).trim_end().to_owned(),
        JobState::Skipped => full(said.cause),
        JobState::Success => success(said),
    }
    .trim_end()
    .to_owned()
}

fn success(said: &Said<'_>) -> String {
    if said.refresh {
        let profiles = said.result_rows.map_or_else(|| "the".into(), grouped);
        return format!("Refreshed: {profiles} profiles. Segments count over them from now on.");
    }
    if said.result_only {
        let rows = said.result_rows.map_or_else(|| "its".into(), grouped);
        return format!("The query gave {rows} rows. They can be downloaded or exported.");
    }
    match said.rows {
        Some(rows) if rows.rejected > 0 => {
            format!(
                "{} delivered, {} rejected. Download them, mend them, and retry.",
                counted(rows.delivered),
                grouped(rows.rejected)
            )
        }
        Some(rows) => format!("{} delivered.", counted(rows.delivered)),
        None => "Done.".into(),
    }
}

fn counted(rows: u64) -> String {
    if rows == 1 { "1 row".into() } else { format!("{} rows", grouped(rows)) }
}

fn stored(rows: Tally) -> String {
    format!("{} of {} rows are delivered.", grouped(rows.delivered), grouped(rows.read))
}

fn full(cause: Option<&StopCause>) -> String {
    match cause {
        Some(StopCause { message, hint: Some(hint), .. }) => format!("{}. To do: {hint}.", upper(message)),
        Some(StopCause { message, hint: None, .. }) => format!("{}.", upper(message)),
        None => String::new(),
    }
}

fn upper(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn wake(said: &Said<'_>, what: &str) -> String {
    match said.wake {
        Some(wake) => format!(" {what} by itself at {}.", at(wake, said.zone)),
        None => format!(" {what} by itself."),
    }
}

/// `2026-11-24 00:00 America/New_York`; UTC where no zone is known.
pub(crate) fn at(unix: i64, zone: Option<&str>) -> String {
    let Ok(time) = Timestamp::from_second(unix) else { return String::new() };
    match zone.and_then(|name| TimeZone::get(name).ok().map(|zone| (name, zone))) {
        Some((name, zone)) => format!("{} {name}", time.to_zoned(zone).strftime("%Y-%m-%d %H:%M")),
        None => format!("{} UTC", time.strftime("%Y-%m-%d %H:%M")),
    }
}

/// The next midnight in a time zone, in seconds since 1970.
pub(crate) fn next_midnight(now: i64, zone: &str) -> Option<i64> {
    let zone = TimeZone::get(zone).ok()?;
    let today = Timestamp::from_second(now).ok()?.to_zoned(zone.clone());
    let tomorrow = today.date().tomorrow().ok()?.to_zoned(zone).ok()?;
    Some(tomorrow.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const ROWS: Tally =
        Tally { read: 1_000_000, delivered: 412_350, rejected: 0, superseded: 0, held: 0, unsent: 587_650 };

    fn said(state: JobState) -> Said<'static> {
        Said {
            state,
            result_only: false,
            refresh: false,
            rows: Some(ROWS),
            result_rows: Some(1_000_000),
            cause: None,
            wake: None,
            zone: None,
            throttled: None,
            lanes: 5,
            stopping: false,
        }
    }

    #[track_caller]
    fn check(said: &Said<'_>, want: Expect) {
        want.assert_eq(&sentence(said));
    }

    #[test]
    fn every_state_says_what_next() {
        check(
            &Said { wake: Some(1_790_000_000), zone: Some("America/New_York"), ..said(JobState::ParkedQuota) },
            expect![
                "Today's Pardot calls are used up. 412,350 of 1,000,000 rows are delivered. Continues by itself at 2026-09-21 10:13 America/New_York."
            ],
        );
        let reserve = StopCause {
            message: "54 of today's 60 Pardot calls are used; 10 % are left to others".into(),
            hint: None,
            configuration: false,
        };
        check(
            &Said { cause: Some(&reserve), wake: Some(0), ..said(JobState::ParkedQuota) },
            expect![
                "54 of today's 60 Pardot calls are used; 10 % are left to others. 412,350 of 1,000,000 rows are delivered. Continues by itself at 1970-01-01 00:00 UTC."
            ],
        );
        check(
            &Said { throttled: Some(2), ..said(JobState::Sending) },
            expect!["Pardot asks us to slow down (code 66). Sending continues with 2 of 5 lanes."],
        );
        let outage =
            StopCause { message: "Pardot has not answered properly: 503".into(), hint: None, configuration: false };
        check(
            &Said { cause: Some(&outage), wake: Some(0), ..said(JobState::ParkedOutage) },
            expect![
                "Pardot has not answered properly: 503. Nothing is lost. 412,350 of 1,000,000 rows are delivered. Next try by itself at 1970-01-01 00:00 UTC."
            ],
        );
        let dead = StopCause {
            message: "Salesforce refused the refresh token".into(),
            hint: Some("connect again".into()),
            configuration: false,
        };
        check(
            &Said { cause: Some(&dead), ..said(JobState::NeedsReconnect) },
            expect![
                "Salesforce refused the refresh token. To do: connect again. Continues at row 412,351 once that is done."
            ],
        );
        check(
            &Said { rows: None, ..said(JobState::Querying) },
            expect!["The query runs; nothing is sent before it has ended."],
        );
        check(
            &Said { stopping: true, ..said(JobState::Sending) },
            expect!["Stopping: what is under way is finished first."],
        );
        check(&said(JobState::Killed), expect!["Stopped on request. 412,350 of 1,000,000 rows are delivered."]);
        check(
            &Said { result_only: true, rows: None, ..said(JobState::Success) },
            expect!["The query gave 1,000,000 rows. They can be downloaded or exported."],
        );
    }

    #[test]
    fn midnight_is_that_of_the_account() {
        // 2026-03-29 in Berlin has 23 hours; 2026-10-25 has 25.
        let cases = [
            ("2026-03-29T00:00:00Z", "Europe/Berlin", "2026-03-29T22:00:00Z"),
            ("2026-10-24T22:30:00Z", "Europe/Berlin", "2026-10-25T23:00:00Z"),
            ("2026-11-23T14:00:00Z", "America/Los_Angeles", "2026-11-24T08:00:00Z"),
            ("2026-11-23T14:00:00Z", "UTC", "2026-11-24T00:00:00Z"),
        ];
        for (now, zone, want) in cases {
            let now = now.parse::<Timestamp>().unwrap().as_second();
            let want = want.parse::<Timestamp>().unwrap().as_second();
            assert_eq!(next_midnight(now, zone), Some(want), "{zone}");
        }
        assert_eq!(next_midnight(0, "Mars/Olympus"), None);
    }
}
