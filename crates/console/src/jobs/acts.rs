//! What can be done with a job now, as buttons.
//!
//! Knows which apply to which job. The server refuses all the same what does not.

use api::{Job, JobKind, Origin};
use model::JobState;

use crate::chrome::Chrome;

/// A button: a form of its own, so that it works without script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Act {
    /// The last part of its address.
    pub(crate) verb: &'static str,
    /// What it says.
    pub(crate) words: &'static str,
    /// What is asked before, with script.
    pub(crate) ask: Option<&'static str>,
    /// How it looks.
    pub(crate) look: &'static str,
}

/// What a person may do with a job that this page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct May {
    pub(crate) kill: bool,
    pub(crate) resume: bool,
    pub(crate) reexport: bool,
    pub(crate) retry: bool,
    pub(crate) delete: bool,
    /// Row values may be seen.
    pub(crate) rows: bool,
}

impl May {
    /// What applies to this job now. `exportable`: the query of a result has an export today.
    pub(crate) fn of(job: &Job, chrome: &Chrome, exportable: bool) -> May {
        let ours = job.origin == Origin::Server && chrome.edits();
        let at_work = matches!(job.state, JobState::Queued | JobState::Querying | JobState::Sending);
        let exports = job.kind == JobKind::Export || (job.kind == JobKind::Result && exportable);
        May {
            kill: ours && job.state.is_open(),
            resume: ours && job.can_continue && job.progress.is_none(),
            reexport: chrome.edits() && job.has_result && exports && !job.state.is_open(),
            retry: ours && job.has_result && !at_work && job.rows.is_some_and(|rows| rows.rejected > 0),
            delete: chrome.rules() && job.origin == Origin::Server && !job.state.is_open(),
            rows: chrome.edits(),
        }
    }
}

/// The buttons beside the headline.
pub(crate) fn acts(job: &Job, may: May) -> Vec<Act> {
    let resume = if job.state.is_open() { "Continue now" } else { "Continue" };
    // Without a result there is nothing to go on from: it would fail as it did.
    let vain = job.state == JobState::Failed && job.result_rows.is_none();
    // And what is open goes on by itself, or after something else.
    let look = if vain || job.state.is_open() { "second" } else { "" };
    let kill = "Stop this job? What is under way still ends; the rest stays unsent and can be continued.";
    let again = "Send all rows of the stored result again, as a new job?";
    let reexport = if job.kind == JobKind::Result { "Export this result" } else { "Re-export" };
    let delete = "Delete this job with its result, its receipts and its log?";
    let known = [
        (may.resume, Act { verb: "continue", words: resume, ask: None, look }),
        (may.reexport, Act { verb: "reexport", words: reexport, ask: Some(again), look: "second" }),
        (may.kill, Act { verb: "kill", words: "Kill", ask: Some(kill), look: "danger" }),
        (may.delete, Act { verb: "delete", words: "Delete", ask: Some(delete), look: "danger" }),
    ];
    known.into_iter().filter_map(|(may, act)| may.then_some(act)).collect()
}
