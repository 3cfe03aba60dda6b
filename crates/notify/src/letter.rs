//! The words of a notice: one line for the subject, one sentence for the top, and facts with their names.
//!
//! Knows neither mails nor markup. Every text that comes out is one line, bounded, without control characters: facts may come
//! from anywhere.

use crate::notice::{Counts, Event, Notice, Subject};

/// Longest subject, in characters; mail clients show fewer.
const SUBJECT: usize = 150;
/// Longest name within a sentence, in characters.
const NAME: usize = 60;
/// Longest single fact, in characters.
const FACT: usize = 200;
/// Longest cause or advice, in characters.
const PARAGRAPH: usize = 1_000;
/// Longest link, in bytes: what every browser and mail client takes.
const LINK: usize = 2_000;

/// How a notice is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// All is well.
    Good,
    /// Nothing needs to be done at once.
    Calm,
    /// Somebody should look.
    Bad,
}

/// A notice in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) tone: Tone,
    /// One sentence.
    pub(crate) headline: String,
    /// Titled paragraphs.
    pub(crate) paragraphs: Vec<(&'static str, String)>,
    /// Named facts.
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) counts: Option<Counts>,
    /// An http or https address.
    pub(crate) link: Option<String>,
    /// The last line: who sent it, and why.
    pub(crate) footer: String,
}

/// The subject line: `[Sluice] nightly failed: there is no column emial`. One line, at most 150 characters, no control
/// characters, nothing that a mail client would decode (RFC 2047).
pub fn subject(notice: &Notice) -> String {
    line(&format!("[Sluice] {}", summary(notice)).replace("=?", "= ?"), SUBJECT)
}

/// What happened, without a full stop.
pub(crate) fn summary(notice: &Notice) -> String {
    let query = query(notice);
    let counts = notice.counts.unwrap_or_default();
    let cause = |because: String| match &notice.cause {
        Some(cause) => line(&format!("{because}: {}", line(cause, SUBJECT)), SUBJECT),
        None => because,
    };
    match notice.event {
        Event::Success if notice.counts.is_some() => format!("{query} succeeded: {} delivered", rows(counts.delivered)),
        Event::Success => format!("{query} succeeded"),
        // Its cause says the same again.
        Event::Failure if notice.state.as_deref() == Some("stopped") => format!("{query} {}", ended(notice)),
        Event::Failure => cause(format!("{query} {}", ended(notice))),
        Event::Rejected => format!("{query}: {} rejected", rows(counts.rejected)),
        Event::QuotaParked => format!("{query} waits until the day's calls are counted anew"),
        Event::Reconnect => format!("{} must be connected again", connection(notice)),
        Event::Disabled => match notice.failures_in_a_row {
            Some((failures, _)) => format!("the schedule of {query} is disabled after {failures} failures in a row"),
            None => format!("the schedule of {query} is disabled"),
        },
        Event::Recovered => format!("{query} works again"),
        Event::Test => "a notice to try whether notices arrive".to_owned(),
    }
}

impl Letter {
    pub(crate) fn of(notice: &Notice) -> Letter {
        let at = if notice.server.is_empty() { String::new() } else { format!(" at {}", line(&notice.server, FACT)) };
        Letter {
            tone: tone(notice.event),
            headline: headline(notice),
            paragraphs: paragraphs(notice),
            facts: facts(notice),
            counts: notice.counts,
            link: link(notice),
            footer: format!(
                "Sent by Sluice{at}. Who is told of what is set at the {}, and for all queries in the server's \
                 notification settings.",
                notice.of.words()
            ),
        }
    }
}

fn tone(event: Event) -> Tone {
    match event {
        Event::Success | Event::Recovered => Tone::Good,
        Event::QuotaParked | Event::Test => Tone::Calm,
        Event::Failure | Event::Rejected | Event::Reconnect | Event::Disabled => Tone::Bad,
    }
}

fn headline(notice: &Notice) -> String {
    let query = match &notice.query {
        Some(name) => format!("The {} {}", notice.of.words(), line(name, NAME)),
        None => "A job".to_owned(),
    };
    match notice.event {
        Event::Success => format!("{query} succeeded."),
        Event::Failure => format!("{query} {}.", ended(notice)),
        Event::Rejected => {
            format!("{query} has {} rejected.", rows(notice.counts.unwrap_or_default().rejected))
        }
        Event::QuotaParked => format!("{query} waits until the day's calls to Pardot are counted anew."),
        Event::Reconnect => format!("The connection {} must be connected again.", connection(notice)),
        Event::Disabled => format!("The schedule of {} is disabled.", self::query(notice)),
        Event::Recovered => format!("{query} works again."),
        Event::Test => "This is a notice to try whether notices arrive. It did.".to_owned(),
    }
}

/// How a job without success ended, as its state says.
fn ended(notice: &Notice) -> &'static str {
    match notice.state.as_deref() {
        Some("stopped") => "stopped at a rejected row",
        Some("held") => "ended with held rows",
        Some("killed") => "was killed",
        Some(_) | None => "failed",
    }
}

fn label(of: Subject) -> &'static str {
    match of {
        Subject::Query => "Query",
        Subject::Activation => "Activation",
        Subject::ParentSegment => "Parent segment",
    }
}

fn query(notice: &Notice) -> String {
    notice.query.as_ref().map_or_else(|| "a job".to_owned(), |name| line(name, NAME))
}

fn connection(notice: &Notice) -> String {
    notice.connection.as_ref().map_or_else(|| "to Pardot".to_owned(), |name| line(name, NAME))
}

fn paragraphs(notice: &Notice) -> Vec<(&'static str, String)> {
    let titled = [("Why", &notice.cause), ("What to do", &notice.todo), ("What happens next", &notice.next)];
    let known = titled.into_iter().filter_map(|(title, text)| Some((title, line(text.as_deref()?, PARAGRAPH))));
    known.filter(|(_, text)| !text.is_empty()).collect()
}

fn facts(notice: &Notice) -> Vec<(&'static str, String)> {
    let texts = [
        (label(notice.of), &notice.query),
        ("Connection", &notice.connection),
        ("Job", &notice.job),
        ("Scheduled", &notice.scheduled),
        ("State", &notice.state),
    ];
    let known = texts.into_iter().filter_map(|(name, text)| Some((name, line(text.as_deref()?, FACT))));
    let mut facts: Vec<(&'static str, String)> = known.filter(|(_, text)| !text.is_empty()).collect();
    if let Some((failures, limit)) = notice.failures_in_a_row {
        facts.push(("Failures in a row", format!("{failures} (disabled at {limit})")));
    }
    if let Some(calls) = notice.calls {
        facts.push(("Calls to Pardot", grouped(calls)));
    }
    facts.push(("Time", notice.time().strftime("%Y-%m-%d %H:%M:%S UTC").to_string()));
    facts
}

/// The link, if it is one that a person can follow without running code.
pub(crate) fn link(notice: &Notice) -> Option<String> {
    let url = url::Url::parse(notice.link.as_deref()?).ok()?;
    let web = url.scheme() == "https" || url.scheme() == "http";
    (web && url.username().is_empty() && url.password().is_none() && url.as_str().len() <= LINK)
        .then(|| url.to_string())
}

/// The facts of a notice, cleaned, for machines.
pub(crate) fn fact(text: Option<&String>) -> Option<String> {
    text.map(|text| line(text, PARAGRAPH))
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".to_owned() } else { format!("{} rows", grouped(count)) }
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A text as one line of at most `limit` characters. Line breaks and other control characters become spaces, invisible ones
/// and those that turn the direction of writing go: a name must not look like something else.
pub(crate) fn line(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    // What is cut off anyway is not looked at; invisible characters may not hide the rest for ever.
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let word: String = word.chars().filter(|c| !invisible(*c)).take(limit + 1).collect();
        if word.is_empty() {
            continue;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        length += word.chars().count();
        line.push_str(&word);
        if length > limit {
            let kept: String = line.chars().take(limit.saturating_sub(1)).collect();
            return format!("{}…", kept.trim_end());
        }
    }
    line
}

/// Format characters (Unicode's `Cf`) without the two joiners that words of some scripts need.
fn invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_one_bounded_line() {
        let cases = [
            ("plain", 10, "plain"),
            ("  two \r\n\t words\u{0} ", 20, "two words"),
            ("a\u{202e}b\u{200b}c\u{2028}d", 20, "abc d"),
            ("نامه\u{200c}ها", 20, "نامه\u{200c}ها"),
            ("1234567890", 10, "1234567890"),
            ("12345678901", 10, "123456789…"),
            ("12345678 0 ", 10, "12345678 0"),
            ("12345678 01", 10, "12345678…"),
            ("äöüßäöüßäöü", 5, "äöüß…"),
            ("\r\n", 5, ""),
        ];
        for (text, limit, want) in cases {
            assert_eq!(line(text, limit), want, "{text:?}");
        }
    }

    #[test]
    fn numbers_have_commas() {
        for (number, want) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (200_000, "200,000"), (u64::MAX, "18,446,744,073,709,551,615")]
        {
            assert_eq!(grouped(number), want);
        }
        assert_eq!((rows(0), rows(1), rows(1_200)), ("0 rows".into(), "1 row".into(), "1,200 rows".into()));
    }

    #[test]
    fn links_lead_to_the_web_or_nowhere() {
        let cases = [
            ("https://s.example.com/jobs/1?a=b", Some("https://s.example.com/jobs/1?a=b")),
            ("http://127.0.0.1:8080/jobs/1", Some("http://127.0.0.1:8080/jobs/1")),
            ("https://s.example.com/\"><script>", Some("https://s.example.com/%22%3E%3Cscript%3E")),
            ("https://s.example.com/a\r\nb", Some("https://s.example.com/ab")),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("https://user:word@s.example.com/", None),
            ("/jobs/1", None),
            ("", None),
        ];
        for (text, want) in cases {
            let mut notice = Notice::new("n", 0, Event::Test, "s");
            notice.link = Some(text.to_owned());
            assert_eq!(link(&notice).as_deref(), want, "{text}");
        }
    }
}
