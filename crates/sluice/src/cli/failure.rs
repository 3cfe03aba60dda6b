//! What is said when an export did not come to sending, and the exit code that goes with it.
//!
//! On stderr for people; with `--json` on stdout as well, in the shape of a report without rows.

use model::{JobState, Problem, Problems, REPORT_FORMAT_VERSION, Tally};
use pardot::CallError;
use query::QueryError;
use serde_json::{Value, json};

use crate::cli::{Exit, say, show};
use app::export::ExportError;

/// Says what went wrong, and gives the exit code. `signal`: the exit of the signal that came, if one came.
pub(crate) fn fail(error: &ExportError, signal: Option<Exit>, json: bool) -> Exit {
    if json {
        show(&document(error).to_string());
    }
    explain_error(error, signal)
}

/// The failure as a report without rows.
fn document(error: &ExportError) -> Value {
    let problems: Vec<&Problem> = match error {
        ExportError::Problems(problems) => problems.iter().collect(),
        ExportError::Unsafe(problem) | ExportError::Job(problem) => vec![problem],
        ExportError::Query(_)
        | ExportError::Unrecorded { .. }
        | ExportError::Unconnected(_)
        | ExportError::Locked
        | ExportError::Lock(_)
        | ExportError::Open(_)
        | ExportError::Store(_)
        | ExportError::Call(_)
        | ExportError::Failed(_) => Vec::new(),
    };
    let job = match error {
        ExportError::Unrecorded { job, .. } => Some(job),
        _ => None,
    };
    json!({
        "format_version": REPORT_FORMAT_VERSION,
        "job": job,
        "status": JobState::Failed,
        "cause": { "message": error.to_string() },
        "problems": problems,
        "rows": Tally::default(),
        "calls": { "total": 0, "by_kind": {} },
    })
}

/// A problem on stderr.
pub(crate) fn show_problem(problem: &Problem) {
    say(&format!("error: {problem}"));
}

pub(crate) fn problems_exit(problems: &Problems) -> Exit {
    problems.iter().for_each(show_problem);
    Exit::Usage
}

/// Says what went wrong and what to do; gives the exit, which is the signal's when one came.
pub(crate) fn explain_error(error: &ExportError, signal: Option<Exit>) -> Exit {
    match error {
        ExportError::Problems(problems) => problems_exit(problems),
        ExportError::Unsafe(problem) => {
            show_problem(problem);
            Exit::Unsafe
        }
        ExportError::Query(error) => {
            // Some messages say the place themselves.
            let place = error.position().filter(|_| !error.to_string().contains("(line"));
            let place = place.map(|(line, column)| format!(" (line {line}, column {column})")).unwrap_or_default();
            say(&format!("error: query{place}: {error}; nothing was sent"));
            if let Some(hint) = error.hint() {
                say(&format!("  hint: {hint}"));
            }
            signal.unwrap_or(query_exit(error))
        }
        ExportError::Unconnected(message) => {
            say(&format!("error: {message}"));
            Exit::Authentication
        }
        ExportError::Locked => {
            say(&format!("error: {error}"));
            say("  hint: wait for it; the five calls at once that Pardot admits belong to one export at a time");
            Exit::Locked
        }
        ExportError::Job(problem) => {
            show_problem(problem);
            Exit::Usage
        }
        ExportError::Call(error) => {
            say_with_hint(error, error.hint());
            match **error {
                CallError::Reconnect(_) | CallError::Refused(_) => Exit::Authentication,
                CallError::Quota { .. } => Exit::Quota,
                CallError::Unknown { .. } | CallError::Unavailable { .. } | CallError::Stopped => {
                    signal.unwrap_or(Exit::Failed)
                }
            }
        }
        ExportError::Open(open) => {
            say_with_hint(open, &open.hint());
            Exit::Failed
        }
        ExportError::Unrecorded { job, error: store } => {
            say_with_hint(store, &store.hint());
            say(&format!("continue with: sluice resume {job}"));
            Exit::Failed
        }
        ExportError::Store(store) => {
            say_with_hint(store, &store.hint());
            Exit::Failed
        }
        ExportError::Lock(_) | ExportError::Failed(_) => {
            say(&format!("error: {error}"));
            Exit::Failed
        }
    }
}

fn say_with_hint(error: &dyn std::fmt::Display, hint: &str) {
    say(&format!("error: {error}\n  hint: {hint}"));
}

/// A query that can never run as it is written is the user's to change; one that broke while running failed.
fn query_exit(error: &QueryError) -> Exit {
    match error {
        QueryError::Syntax { .. }
        | QueryError::UnknownTable { .. }
        | QueryError::UnknownColumn { .. }
        | QueryError::DuplicateColumn { .. }
        | QueryError::NotSelect { .. }
        | QueryError::SeveralStatements
        | QueryError::Table(_) => Exit::Usage,
        QueryError::Runtime { .. }
        | QueryError::TimedOut { .. }
        | QueryError::Cancelled
        | QueryError::Memory { .. }
        | QueryError::Disk { .. } => Exit::Failed,
    }
}
