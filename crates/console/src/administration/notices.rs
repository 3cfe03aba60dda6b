//! Notices: what was told to whom, and whether it arrived.
//!
//! Knows lines of a list; what is filtered is the server's.

use api::{Channel, Notice, NoticeState, Page};
use askama::Template;
use url::form_urlencoded;

use super::notifications::event_name;
use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Choice, Control, Field};
use crate::form::Form;
use crate::home::said;
use crate::jobs::address_of;
use crate::words::{Badge, Moment, distance, moment, plural};

/// What can be asked of the list, by the names of the API.
const ASKED: [&str; 3] = ["state", "query", "job"];

/// The page.
#[derive(Debug, Template)]
#[template(path = "settings/notices.html")]
pub struct Notices {
    chrome: Chrome,
    summary: Summary,
    filters: Vec<Field>,
    filtered: bool,
    notices: Vec<Line>,
    newest: Option<String>,
    older: Option<String>,
    copied: Copied,
}

#[derive(Debug)]
struct Line {
    at: Moment,
    event: String,
    subject: String,
    job: Option<String>,
    how: &'static str,
    target: String,
    badge: Badge,
    words: String,
    next: Option<Moment>,
}

impl Notices {
    /// The page. `asked` is what stands in its address.
    pub fn new(chrome: Chrome, page: &Page<Notice>, asked: &Form, faults: &Faults) -> Notices {
        let states = [("", "All"), ("waiting", "On their way"), ("sent", "Sent"), ("failed", "Given up")];
        let states = states.map(|(value, words)| Choice::new(value, words)).into();
        let filters = vec![
            Field::new(asked, faults, "state", "State", Control::Menu(states)).required(),
            Field::new(asked, faults, "query", "Query", Control::Text),
            Field::new(asked, faults, "job", "Job", Control::Text),
        ];
        let mut command = vec!["notices", "list"];
        for (name, flag) in [("state", "--state"), ("query", "--query"), ("job", "--job")] {
            if !asked.get(name).is_empty() {
                command.extend([flag, asked.get(name)]);
            }
        }
        Notices {
            copied: Copied::command(&command, &chrome.server),
            summary: faults.summary(),
            filters,
            filtered: ASKED.iter().any(|name| !asked.get(name).is_empty()),
            notices: page.items.iter().map(line).collect(),
            newest: (!asked.get("after").is_empty()).then(|| address(asked, None)),
            older: page.next.as_deref().map(|next| address(asked, Some(next))),
            chrome,
        }
    }
}

/// The address of a page of the list.
fn address(asked: &Form, after: Option<&str>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let asked = ASKED.map(|name| (name, asked.get(name)));
    query.extend_pairs(asked.into_iter().filter(|(_, value)| !value.is_empty()));
    query.extend_pairs(after.map(|after| ("after", after)));
    let query = query.finish();
    if query.is_empty() { "/settings/notices".into() } else { format!("/settings/notices?{query}") }
}

fn line(notice: &Notice) -> Line {
    let cause = notice.cause.as_ref().map(|cause| said(&cause.message, cause.hint.as_deref()));
    let tries = plural(u64::from(notice.attempts), "try", "tries");
    let (mark, word, words) = match notice.state {
        NoticeState::Sent => ("good", "sent", String::new()),
        NoticeState::Waiting if notice.attempts == 0 => ("wait", "on its way", cause.unwrap_or_default()),
        NoticeState::Waiting => ("wait", "on its way", format!("{tries} so far. {}", cause.unwrap_or_default())),
        NoticeState::Failed => ("bad", "given up", format!("After {tries}. {}", cause.unwrap_or_default())),
    };
    Line {
        at: moment(&notice.created),
        event: event_name(notice.event),
        subject: notice.subject.clone(),
        job: notice.job.as_deref().map(address_of),
        how: match notice.channel {
            Channel::Mail => "mail to",
            Channel::Webhook => "webhook",
        },
        target: notice.target.clone(),
        badge: Badge { mark, words: word.into() },
        words,
        next: notice.next.as_deref().filter(|_| notice.state == NoticeState::Waiting).map(distance),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_stay_from_page_to_page() {
        let cases = [
            ("", Some("n1"), "/settings/notices?after=n1"),
            (
                "state=failed&query=a+%26+b&odd=1",
                Some("n&1"),
                "/settings/notices?state=failed&query=a+%26+b&after=n%261",
            ),
            ("state=failed&after=n1", None, "/settings/notices?state=failed"),
            ("after=n1", None, "/settings/notices"),
        ];
        for (asked, after, want) in cases {
            assert_eq!(address(&Form::read(asked.as_bytes()), after), want, "{asked}");
        }
    }
}
