//! The calls of a job to Pardot: expected, made, and what the day still has.
//!
//! Knows forecast and report; which calls there are is Pardot's.

use api::Job;
use model::{Report, grouped};

use crate::words::plural;

/// What there is to say about calls.
#[derive(Debug)]
pub(crate) struct Calls {
    /// The calls that it needs against those left.
    pub(crate) forecast: Option<String>,
    /// Names with their values.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// Of 1,000 parts of the day's calls, those that are used.
    pub(crate) used: Option<u64>,
}

/// The calls of a job; none where there is nothing to say.
pub(crate) fn calls(job: &Job, report: Option<&Report>) -> Option<Calls> {
    let forecast = job.forecast.as_ref();
    let facts = report.map(facts).unwrap_or_default();
    let daily = report.and_then(|report| report.daily_calls).map(|daily| (daily.used, daily.limit));
    let daily = daily.or_else(|| forecast.and_then(|forecast| forecast.used.zip(forecast.limit)));
    let used = daily
        .filter(|(_, limit)| *limit > 0)
        .map(|(used, limit)| u64::try_from(u128::from(used) * 1_000 / u128::from(limit)).unwrap_or(1_000).min(1_000));
    let mut calls = Calls { forecast: forecast.map(|forecast| forecast.sentence.clone()), facts, used };
    if let Some((used, limit)) = daily {
        calls.facts.push(("Today", format!("{} of {} used", grouped(used), grouped(limit))));
    }
    (calls.forecast.is_some() || !calls.facts.is_empty()).then_some(calls)
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    if report.calls.total == 0 {
        return vec![("Calls made", "none".into())];
    }
    let kinds = report.calls.by_kind.iter().map(|(kind, count)| format!("{} {kind}", grouped(*count)));
    let kinds = kinds.collect::<Vec<_>>().join(", ");
    let mut facts = vec![("Calls made", grouped(report.calls.total))];
    if !kinds.is_empty() {
        facts.push(("Of them", kinds));
    }
    facts.push(("At once", format!("{} at most", report.max_in_flight)));
    if report.retries > 0 {
        facts.push(("Repeated", plural(report.retries, "call", "calls")));
    }
    if report.throttles > 0 {
        facts.push(("Waits", format!("{}, asked for by Pardot", grouped(report.throttles))));
    }
    facts
}
