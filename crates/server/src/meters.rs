//! What the server counts about itself, for Prometheus.
//!
//! Knows routes and states; no label is a name of a person, a connection or a query.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use api::{NoticeState, StateCount};
use app::Figures;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

/// Upper ends of the classes of a duration, in seconds.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The states of notices, as the API names them.
const NOTICE_STATES: [(NoticeState, &str); 3] =
    [(NoticeState::Waiting, "waiting"), (NoticeState::Sent, "sent"), (NoticeState::Failed, "failed")];

/// The meters of one server: a recorder of its own, so that several in one process do not count for each other.
pub(crate) struct Meters {
    recorder: PrometheusRecorder,
    under_way: AtomicI64,
}

/// One request under way.
pub(crate) struct UnderWay<'a>(&'a Meters);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One request that was answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered<'a> {
    pub(crate) method: &'a str,
    /// The route's template, so that no name is in it.
    pub(crate) route: &'a str,
    pub(crate) status: u16,
    pub(crate) took: Duration,
}

impl Meters {
    pub(crate) fn new() -> Meters {
        let builder = PrometheusBuilder::new();
        // Fails only for an empty list.
        let builder = builder.set_buckets(&SECONDS).unwrap_or_else(|_| PrometheusBuilder::new());
        let meters = Meters { recorder: builder.build_recorder(), under_way: AtomicI64::new(0) };
        with_local_recorder(&meters.recorder, || {
            describe_counter!("sluice_http_requests_total", "Requests answered");
            describe_histogram!("sluice_http_request_seconds", "Seconds until the headers of the answer");
            describe_gauge!("sluice_http_requests_under_way", "Requests that are being answered");
            describe_gauge!("sluice_jobs", "Jobs by state");
            describe_gauge!("sluice_jobs_at_work", "Jobs at work");
            describe_gauge!("sluice_notices", "Notices by state");
            describe_counter!("sluice_rows_total", "Rows by the end that they found, since the start");
            describe_counter!("sluice_pardot_calls_total", "Calls to Pardot, repeats included");
            describe_counter!("sluice_pardot_retries_total", "Calls to Pardot that were repeated");
            describe_counter!("sluice_pardot_throttles_total", "Times that Pardot asked to slow down");
            describe_counter!("sluice_token_refreshes_total", "Access tokens obtained from Salesforce");
            describe_gauge!("sluice_build_info", "1, with the version");
            gauge!("sluice_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        });
        meters
    }

    pub(crate) fn enter(&self) -> UnderWay<'_> {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }

    pub(crate) fn answered(&self, answered: &Answered<'_>) {
        let (method, route) = (answered.method.to_owned(), answered.route.to_owned());
        with_local_recorder(&self.recorder, || {
            let labels = [("method", method), ("route", route.clone()), ("status", answered.status.to_string())];
            counter!("sluice_http_requests_total", &labels).increment(1);
            histogram!("sluice_http_request_seconds", "route" => route).record(answered.took.as_secs_f64());
        });
    }

    /// All of it as Prometheus reads it.
    pub(crate) fn render(&self, jobs: &[StateCount], notices: &[(NoticeState, u64)], figures: Figures) -> String {
        with_local_recorder(&self.recorder, || {
            let rows = figures.rows;
            for (end, count) in [
                ("delivered", rows.delivered),
                ("rejected", rows.rejected),
                ("superseded", rows.superseded),
                ("held", rows.held),
            ] {
                counter!("sluice_rows_total", "end" => end).absolute(count);
            }
            counter!("sluice_pardot_calls_total").absolute(figures.calls);
            counter!("sluice_pardot_retries_total").absolute(figures.retries);
            counter!("sluice_pardot_throttles_total").absolute(figures.throttles);
            counter!("sluice_token_refreshes_total").absolute(figures.token_refreshes);
            #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
            gauge!("sluice_jobs_at_work").set(figures.at_work as f64);
            // Far below 2^53.
            #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
            for state in model::JobState::all() {
                let count = jobs.iter().find(|count| count.state == state).map_or(0, |count| count.jobs);
                gauge!("sluice_jobs", "state" => state.name()).set(count as f64);
            }
            #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
            for (state, name) in NOTICE_STATES {
                let count = notices.iter().find(|(found, _)| *found == state).map_or(0, |(_, count)| *count);
                gauge!("sluice_notices", "state" => name).set(count as f64);
            }
            #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
            gauge!("sluice_http_requests_under_way").set(self.under_way.load(Ordering::Relaxed) as f64);
        });
        let handle = self.recorder.handle();
        handle.run_upkeep();
        handle.render()
    }
}
