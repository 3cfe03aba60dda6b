//! The report for people.

use std::fmt::Write;

use model::Report;

use model::grouped;

/// The report as text.
pub(crate) fn human(report: &Report) -> String {
    let mut text = String::new();
    let rows = &report.rows;
    let _ = writeln!(text, "Job {}: {}", report.job, report.status);
    if let Some(cause) = &report.cause {
        let _ = writeln!(text, "  {}", cause.message);
        if let Some(hint) = &cause.hint {
            let _ = writeln!(text, "  hint: {hint}");
        }
    }
    let _ = writeln!(
        text,
        "  {} read = {} delivered + {} rejected + {} superseded + {} held + {} unsent",
        grouped(rows.read),
        grouped(rows.delivered),
        grouped(rows.rejected),
        grouped(rows.superseded),
        grouped(rows.held),
        grouped(rows.unsent)
    );
    let kinds: Vec<String> =
        report.calls.by_kind.iter().map(|(kind, count)| format!("{} {kind}", grouped(*count))).collect();
    let of = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    let _ = writeln!(text, "  {} calls{of}, at most {} at once", grouped(report.calls.total), report.max_in_flight);
    let _ = writeln!(
        text,
        "  {} retries, {} waits on Pardot's request, {} access tokens; {} sent, {} received",
        grouped(report.retries),
        grouped(report.throttles),
        grouped(report.token_refreshes),
        bytes(report.bytes_sent),
        bytes(report.bytes_received)
    );
    if let Some(daily) = &report.daily_calls {
        let _ = writeln!(text, "  {} of {} daily calls used", grouped(daily.used), grouped(daily.limit));
    }
    let _ = writeln!(
        text,
        "  {:.1} s: query {:.1}, check {:.1}, send {:.1}; {:.0} rows/s",
        report.seconds, report.stages.query, report.stages.check, report.stages.send, report.rows_per_second
    );
    for reason in report.rejected_by_reason.iter().take(10) {
        let column = reason.column.as_ref().map(|column| format!("{column} ")).unwrap_or_default();
        let code = reason.code.map(|code| format!(" (code {code})")).unwrap_or_default();
        let _ = writeln!(text, "  rejected {}: {column}{}{code}", grouped(reason.rows), reason.reason);
    }
    if let Some(more) = report.rejected_by_reason.len().checked_sub(11) {
        let _ = writeln!(text, "  … and {} more reasons", more + 1);
    }
    if let Some(file) = &report.rejects_file {
        let _ = writeln!(text, "  rejected rows: {file}");
    }
    text.truncate(text.trim_end().len());
    text
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        _ => format!("{:.1} MB", count as f64 / 1e6),
    }
}
