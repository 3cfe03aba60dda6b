//! The log of a job: its last lines beside the job, all of them on a page of their own.
//!
//! Knows how a line looks; what it says was written for people.

use api::{Job, LogLine};
use askama::Template;

use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::jobs::line::{address_of, subject};

/// Lines of a log.
#[derive(Debug, Template)]
#[template(path = "jobs/log_lines.html")]
pub(crate) struct LogLines(pub(crate) Vec<LogLine>);

impl LogLines {
    /// A time with its seconds, as it is read without script.
    #[expect(clippy::unused_self, reason = "for the template")]
    fn clock(&self, at: &str) -> String {
        at.replace('T', " ").replace('Z', " UTC")
    }
}

/// A page of a log, oldest line first.
#[derive(Debug, Template)]
#[template(path = "jobs/log.html")]
pub struct LogPage {
    chrome: Chrome,
    subject: String,
    address: String,
    id: String,
    lines: LogLines,
    first: bool,
    next: Option<String>,
    copied: Copied,
}

impl LogPage {
    /// These lines; `first` says whether the log begins with them, `next` where the next page begins.
    pub fn new(chrome: Chrome, job: &Job, lines: Vec<LogLine>, first: bool, next: Option<String>) -> LogPage {
        let copied = Copied::command(&["jobs", "log", &job.id], &chrome.server);
        let (subject, address, id) = (subject(job), address_of(&job.id), job.id.clone());
        LogPage { chrome, subject, address, id, lines: LogLines(lines), first, next, copied }
    }
}
