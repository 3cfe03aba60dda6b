//! The next step when a job is not a plain success: what to do, and where.
//!
//! Knows states and rights. Why the job is where it is stands in its own sentence.

use api::{Job, JobKind, Origin};
use model::JobState;

use crate::address::part;
use crate::chrome::Chrome;
use crate::jobs::acts::May;
use crate::jobs::line::owner;

/// What to do next.
#[derive(Debug, PartialEq)]
pub(crate) struct Step {
    /// Whether nothing needs to be done.
    pub(crate) rests: bool,
    pub(crate) words: String,
    /// Where to do it: an address and its words.
    pub(crate) link: Option<(String, String)>,
}

/// The next step of a job; none where there is nothing to do.
pub(crate) fn next_step(job: &Job, may: May, chrome: &Chrome) -> Option<Step> {
    let say = |words: &str, link: Option<(String, String)>| Some(Step { rests: false, words: words.into(), link });
    let rest = |words: &str| Some(Step { rests: true, words: words.into(), link: None });
    if job.origin == Origin::CommandLine {
        return command_line(job);
    }
    match job.state {
        JobState::Queued | JobState::Querying | JobState::Sending => None,
        JobState::ParkedQuota => rest("Nothing to do: it goes on by itself when Pardot counts the calls anew."),
        JobState::ParkedOutage => rest("Nothing to do: it tries again by itself, later and later."),
        JobState::NeedsReconnect => reconnect(job, chrome),
        JobState::Killed if may.resume => say("Continue sends what is unsent.", None),
        JobState::Held if may.resume => {
            say("Continue looks the held rows up at Pardot before anything is sent again.", None)
        }
        JobState::Stopped if may.resume => say(
            "Rejected rows stay rejected. Continue sends the rows after them, up to the next one that cannot work.",
            rejected(job),
        ),
        JobState::Failed if job.result_rows.is_none() => {
            say("Nothing was sent. Change what is wrong, then run it again.", there(job, "Change"))
        }
        JobState::Failed if may.resume => say("Once that is mended, Continue sends what is unsent.", there(job, "See")),
        JobState::Skipped => say("Nothing was sent. Run it again once the other job has ended.", there(job, "See")),
        JobState::Success => success(job, may),
        JobState::Killed | JobState::Held | JobState::Stopped | JobState::Failed => {
            say("Somebody who may start jobs can continue it.", None)
        }
    }
}

fn command_line(job: &Job) -> Option<Step> {
    let words = match job.state {
        JobState::Success | JobState::Skipped => return None,
        state if state.is_open() => "This job belongs to the command line: it is shown here and left alone.".into(),
        _ if job.result_rows.is_none() => "This job belongs to the command line. Export again there.".into(),
        _ => format!("This job belongs to the command line. Continue it there: sluice resume {}", job.id),
    };
    Some(Step { rests: true, words, link: None })
}

fn reconnect(job: &Job, chrome: &Chrome) -> Option<Step> {
    let name = job.connection.as_deref()?;
    let step = if chrome.rules() {
        let link = (format!("/connections/{}", part(name)), "Reconnect".to_owned());
        Step {
            rests: false,
            words: format!("Reconnect {name} at Salesforce. Nothing is lost meanwhile."),
            link: Some(link),
        }
    } else {
        let words = format!("An admin has to reconnect {name} at Salesforce. Nothing is lost meanwhile.");
        Step { rests: false, words, link: None }
    };
    Some(step)
}

fn success(job: &Job, may: May) -> Option<Step> {
    if job.rows.is_some_and(|rows| rows.rejected > 0) {
        let words = "The rejected rows need a look.".into();
        return may.retry.then(|| Step { rests: false, words, link: rejected(job) });
    }
    if job.kind == JobKind::Result && job.has_result && may.rows {
        let link = Some(("#files".to_owned(), "Download the result".to_owned()));
        return Some(Step { rests: true, words: "The rows of the result are kept for a while.".into(), link });
    }
    None
}

fn rejected(job: &Job) -> Option<(String, String)> {
    let there = job.rows.is_some_and(|rows| rows.rejected > 0);
    there.then(|| ("#rejected".to_owned(), "See the rejected rows".to_owned()))
}

/// The page of what the job is of.
fn there(job: &Job, verb: &str) -> Option<(String, String)> {
    let word = match (&job.query, &job.activation) {
        (Some(_), _) => "query",
        (None, Some(_)) => "activation",
        (None, None) => "parent segment",
    };
    Some((owner(job)?, format!("{verb} the {word}")))
}
