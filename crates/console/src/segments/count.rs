//! How many profiles a rule chooses, while it is edited.

use api::{Place, Population, SegmentLook};
use askama::Template;

use crate::rows::Rows;
use crate::segments::editor::letter;
use crate::words::{Moment, moment, plural};

/// The panel that counts.
#[derive(Debug, Template)]
#[template(path = "segments/count.html")]
pub struct Count {
    /// Where the rule is sent to be counted; nothing where whoever looks may not count.
    address: String,
    sentence: Option<String>,
    share: Option<f64>,
    at: Option<Moment>,
    sql: Option<String>,
    sample: Option<Rows>,
    problems: Vec<Place>,
    hint: Option<String>,
    eager: bool,
}

impl Count {
    /// Not counted yet; what was counted last, if it was. `eager`: with script it is counted as soon as the page is there.
    pub fn not_yet(address: &str, last: Option<&Population>, eager: bool) -> Count {
        Count {
            address: address.to_owned(),
            sentence: last.map(|last| plural(last.count, "profile", "profiles")),
            share: None,
            at: last.map(|last| moment(&last.at)),
            sql: None,
            sample: None,
            problems: Vec::new(),
            hint: None,
            eager,
        }
    }

    /// Counted.
    pub fn of(address: &str, look: SegmentLook) -> Count {
        #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
        let share = (look.population > 0).then(|| look.count as f64 * 100.0 / look.population as f64);
        let share_words = share.map(|share| format!(", {}\u{a0}%", percent(share))).unwrap_or_default();
        let all = plural(look.population, "profile", "profiles");
        let sentence = format!("{} of {all}{share_words}", model::grouped(look.count));
        Count {
            sentence: Some(sentence),
            share,
            at: None,
            sql: Some(look.sql),
            sample: look.sample.map(|sample| Rows::of("Some profiles", sample)),
            eager: false,
            hint: None,
            problems: Vec::new(),
            address: address.to_owned(),
        }
    }

    /// It cannot be counted as it is.
    pub fn refused(address: &str, problems: Vec<Place>, title: Option<String>, hint: Option<String>) -> Count {
        Count { problems, sentence: title, hint, ..Count::not_yet(address, None, false) }
    }

    fn bar(&self) -> Option<String> {
        self.share.map(|share| format!("{:.2}", share.clamp(0.0, 100.0)))
    }
}

/// Where a place of a rule stands in the editor: `rule.conditions[0].conditions[1].operator.rightValue` is `A.B: Value`.
fn spot(at: &str) -> String {
    let mut rest = at.strip_prefix("rule").unwrap_or(at);
    let mut letters = Vec::new();
    while let Some((index, after)) = rest.strip_prefix(".conditions[").and_then(|rest| rest.split_once(']')) {
        let Ok(index) = index.parse() else { break };
        letters.push(letter(index));
        rest = after;
    }
    let words = match rest.rsplit('.').next().unwrap_or_default() {
        "" => return if letters.is_empty() { "Rule".into() } else { letters.join(".") },
        "rightValue" => "Value",
        "rightValues" => "Values",
        "leftValue" | "name" | "column" => "Attribute or behavior",
        "operator" | "type" => "Operator",
        other => other,
    };
    if letters.is_empty() { words.to_owned() } else { format!("{}: {words}", letters.join(".")) }
}

/// One decimal; what is there at all is never shown as nothing, and what is missing never as everything.
fn percent(share: f64) -> String {
    match share {
        share if share > 0.0 && share < 0.1 => "less than 0.1".into(),
        share if share < 100.0 && share > 99.9 => "more than 99.9".into(),
        share => format!("{share:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_told_as_the_editor_shows_it() {
        let cases = [
            ("rule.conditions[0].conditions[1].operator.rightValue", "A.B: Value"),
            ("rule.conditions[2].leftValue.name", "C: Attribute or behavior"),
            ("rule.conditions[27]", "28"),
            ("rule.limit.value", "value"),
            ("rule", "Rule"),
            ("rule.conditions[x].y", "y"),
        ];
        for (at, want) in cases {
            assert_eq!(spot(at), want, "{at}");
        }
    }

    #[test]
    fn a_share_is_never_rounded_to_nothing_or_to_all() {
        let shares =
            [(0.0, "0.0"), (0.04, "less than 0.1"), (6.2327, "6.2"), (99.95, "more than 99.9"), (100.0, "100.0")];
        for (share, want) in shares {
            assert_eq!(percent(share), want);
        }
        let look = SegmentLook {
            count: 62_327,
            population: 1_000_000,
            refreshed: String::new(),
            sql: String::new(),
            sample: None,
            seconds: 0.1,
        };
        assert_eq!(Count::of("/", look).sentence.unwrap(), "62,327 of 1,000,000 profiles, 6.2\u{a0}%");
    }
}
