//! States, times and counts as people read them.
//!
//! Knows words only; which colour a mark has is the style's.

use askama::Template;
use model::JobState;

/// A time of the API (`2026-11-23T02:00:01Z`) as it is read: with script in the reader's own time zone, without in UTC.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"<time datetime="{{ at }}"{% if distance %} data-distance{% endif %}>{{ text }}</time>"#
)]
pub struct Moment {
    at: String,
    text: String,
    distance: bool,
}

pub(crate) const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time of the API as it is read.
pub fn moment(at: &str) -> Moment {
    Moment { at: at.to_owned(), text: spelled(at).unwrap_or_else(|| at.to_owned()), distance: false }
}

/// A time of the API; with script, how far away it is.
pub fn distance(at: &str) -> Moment {
    Moment { distance: true, ..moment(at) }
}

fn spelled(at: &str) -> Option<String> {
    let (date, time) = at.strip_suffix('Z')?.split_once('T')?;
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?.parse::<usize>().ok()?, parts.next()?);
    let month = MONTHS.get(month.checked_sub(1)?)?;
    Some(format!("{} {month} {year}, {} UTC", day.trim_start_matches('0'), time.get(..5)?))
}

/// A fragment as a sentence: with a capital, and one stop at its end.
pub fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// A text of so many characters at most, with an ellipsis where there is more.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `1 row`, `2,000 rows`.
pub fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", model::grouped(count), if count == 1 { one } else { many })
}

/// A state as words: `needs reconnect`.
pub fn state_words(state: JobState) -> String {
    state.name().replace('_', " ")
}

/// The mark of a state, for the style: `good`, `bad`, `busy`, `wait` or `calm`. Words always stand beside it.
pub fn state_mark(state: JobState) -> &'static str {
    match state {
        JobState::Success => "good",
        JobState::Failed | JobState::Stopped | JobState::Held | JobState::NeedsReconnect => "bad",
        JobState::Querying | JobState::Sending => "busy",
        JobState::Queued | JobState::ParkedQuota | JobState::ParkedOutage => "wait",
        JobState::Killed | JobState::Skipped => "calm",
    }
}

/// A state as a badge.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(ext = "html", source = r#"<span class="badge {{ mark }}">{{ words }}</span>"#)]
pub struct Badge {
    /// `good`, `bad`, `busy`, `wait` or `calm`.
    pub mark: &'static str,
    /// What it says.
    pub words: String,
}

impl Badge {
    /// The badge of a job.
    pub fn of(state: JobState) -> Badge {
        Badge { mark: state_mark(state), words: state_words(state) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_without_counting_zeros() {
        assert_eq!(moment("2026-11-03T02:00:01Z").text, "3 Nov 2026, 02:00 UTC");
        assert_eq!(moment("<b>").text, "<b>");
        assert_eq!(moment("2026-13-03T02:00:01Z").text, "2026-13-03T02:00:01Z");
        let html = moment("\"><script>").render().unwrap();
        assert!(!html.contains("<script>"), "{html}");
    }
}
