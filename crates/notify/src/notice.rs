//! What happened, as facts: the content of a notice.
//!
//! Knows neither words nor the ways that a notice takes. It is kept between making and sending, so it holds nothing that must
//! not lie around: no value of a row, no secret.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What people are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A job is a success.
    Success,
    /// A job ended without success.
    Failure,
    /// A job had more rejected rows than the threshold.
    Rejected,
    /// A job waits because the day's calls are used up.
    QuotaParked,
    /// Salesforce refused the grant: somebody must connect again.
    Reconnect,
    /// A schedule was disabled because its runs kept failing.
    Disabled,
    /// A query that had failed is a success again.
    Recovered,
    /// Somebody tries whether notices arrive.
    Test,
}

impl Event {
    /// Every event, in the order in which they are shown.
    pub const ALL: [Event; 8] = [
        Event::Success,
        Event::Failure,
        Event::Rejected,
        Event::QuotaParked,
        Event::Reconnect,
        Event::Disabled,
        Event::Recovered,
        Event::Test,
    ];

    /// Its name in settings and documents.
    pub fn name(self) -> &'static str {
        match self {
            Event::Success => "success",
            Event::Failure => "failure",
            Event::Rejected => "rejected",
            Event::QuotaParked => "quota_parked",
            Event::Reconnect => "reconnect",
            Event::Disabled => "disabled",
            Event::Recovered => "recovered",
            Event::Test => "test",
        }
    }

    /// The `type` of a webhook's body.
    pub fn kind(self) -> &'static str {
        match self {
            Event::Success => "sluice.job.succeeded",
            Event::Failure => "sluice.job.failed",
            Event::Rejected => "sluice.job.rows_rejected",
            Event::QuotaParked => "sluice.job.quota_parked",
            Event::Reconnect => "sluice.connection.reconnect_needed",
            Event::Disabled => "sluice.schedule.disabled",
            Event::Recovered => "sluice.query.recovered",
            Event::Test => "sluice.test",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No event has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such event: there are success, failure, rejected, quota_parked, reconnect, disabled, recovered and test")]
pub struct UnknownEvent;

impl FromStr for Event {
    type Err = UnknownEvent;

    fn from_str(name: &str) -> Result<Event, UnknownEvent> {
        Event::ALL.into_iter().find(|event| event.name() == name).ok_or(UnknownEvent)
    }
}

/// The five ends of a job's rows: read = delivered + rejected + superseded + held + unsent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows of the Result.
    pub read: u64,
    /// Pardot proved that it took them.
    pub delivered: u64,
    /// They can never work as they are.
    pub rejected: u64,
    /// A later row of the same key replaced them.
    pub superseded: u64,
    /// Sent, outcome unknown.
    pub held: u64,
    /// The job stopped before them.
    pub unsent: u64,
}

impl Counts {
    /// The counts with their names, in the order of the law of accounting.
    pub(crate) fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("read", self.read),
            ("delivered", self.delivered),
            ("rejected", self.rejected),
            ("superseded", self.superseded),
            ("held", self.held),
            ("unsent", self.unsent),
        ]
    }
}

/// What a notice's job is of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A query.
    #[default]
    Query,
    /// An activation of a segment.
    Activation,
    /// The refresh of a parent segment.
    ParentSegment,
}

impl Subject {
    /// What people call it.
    pub fn words(self) -> &'static str {
        match self {
            Subject::Query => "query",
            Subject::Activation => "activation",
            Subject::ParentSegment => "parent segment",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_query(&self) -> bool {
        *self == Subject::Query
    }
}

/// What one person or machine is told. Facts that are not known are left out of the words, too.
///
/// Texts may come from anywhere, such as a query's name: whoever shows them cleans and bounds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its id: the same at every try, so that a receiver sees a repetition. Letters, digits, `-` and `_` are kept as they are;
    /// anything else is shown as `-`.
    pub id: String,
    /// When it happened, in Unix seconds.
    pub at: i64,
    /// What happened.
    pub event: Event,
    /// The server's public address, or its name; empty where it has none.
    pub server: String,
    /// What `query` names; not said of a query.
    #[serde(default, skip_serializing_if = "Subject::is_query")]
    pub of: Subject,
    /// The query, activation or parent segment that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The connection that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The job's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// The job's scheduled time, as people read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled: Option<String>,
    /// The job's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What became of its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// Calls that Pardot counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Why: a fragment, as errors have it. Never a value of a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub todo: Option<String>,
    /// What happens by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Failures in a row, and how many of them disable the schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures_in_a_row: Option<(u32, u32)>,
    /// Where to look: an http or https address. Anything else is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl Notice {
    /// A notice without facts.
    pub fn new(id: impl Into<String>, at: i64, event: Event, server: impl Into<String>) -> Notice {
        Notice {
            id: id.into(),
            at,
            event,
            server: server.into(),
            of: Subject::Query,
            query: None,
            connection: None,
            job: None,
            scheduled: None,
            state: None,
            counts: None,
            calls: None,
            cause: None,
            todo: None,
            next: None,
            failures_in_a_row: None,
            link: None,
        }
    }

    /// The id as headers carry it: a full stop would make a signature ambiguous, a line break a second header.
    pub(crate) fn token(&self) -> String {
        let legal = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
        self.id.chars().take(128).map(legal).collect()
    }

    /// When it happened, within the years that a mail's date can show.
    pub(crate) fn time(&self) -> jiff::Timestamp {
        /// The end of the year 9999.
        const LAST: i64 = 253_402_207_200;
        jiff::Timestamp::from_second(self.at.clamp(0, LAST)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for event in Event::ALL {
            assert_eq!(event.name().parse(), Ok(event));
            assert_eq!(serde_json::to_string(&event).unwrap(), format!("\"{event}\""));
            assert!(event.kind().bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte)), "{event}");
        }
        for name in ["", "Success", "quota-parked", "tests"] {
            assert_eq!(name.parse::<Event>(), Err(UnknownEvent), "{name}");
        }
        let listed = Event::ALL.into_iter().filter(|event| UnknownEvent.to_string().contains(event.name()));
        assert_eq!(listed.count(), Event::ALL.len());
    }

    #[test]
    fn a_notice_is_kept_as_json() {
        let mut notice = Notice::new("n_1", 1_790_000_000, Event::Disabled, "https://sluice.example.com");
        let short = serde_json::to_string(&notice).unwrap();
        assert_eq!(short, r#"{"id":"n_1","at":1790000000,"event":"disabled","server":"https://sluice.example.com"}"#);
        notice.counts = Some(Counts { read: 2, delivered: 1, rejected: 1, ..Counts::default() });
        notice.failures_in_a_row = Some((5, 5));
        let read: Notice = serde_json::from_str(&serde_json::to_string(&notice).unwrap()).unwrap();
        assert_eq!(read, notice);
    }

    #[test]
    fn ids_and_times_that_no_header_takes() {
        let cases = [("n_1-A", "n_1-A"), ("a.b\r\nBcc: x@y", "a-b--Bcc--x-y"), ("ä<>", "---")];
        for (id, want) in cases {
            assert_eq!(Notice::new(id, 0, Event::Test, "").token(), want);
        }
        assert_eq!(Notice::new("x".repeat(500), 0, Event::Test, "").token().len(), 128);
        for (at, want) in [
            (i64::MIN, "1970-01-01T00:00:00Z"),
            (1_790_000_000, "2026-09-21T14:13:20Z"),
            (i64::MAX, "9999-12-30T22:00:00Z"),
        ] {
            assert_eq!(Notice::new("n", at, Event::Test, "").time().to_string(), want);
        }
    }
}
