//! Reads a time zone: an IANA name, an offset, or one of the abbreviations that Treasure Data takes.
//!
//! Knows names of zones only: not what a time in one is for.

use jiff::tz::{Offset, TimeZone};

use crate::names::nearest;
use crate::td::mistake::Unreadable;

/// What an abbreviation stands for.
enum Meaning {
    /// Always so many minutes from UTC.
    Minutes(i32),
    /// The zone of this IANA name, with its daylight saving.
    Zone(&'static str),
}

/// The abbreviations, as Java and Treasure Data have them: PST and CST are places with daylight saving, EST and MST are
/// offsets. JST is an offset, because TD_TIME_FORMAT is documented to call it `GMT+09:00`. Abbreviations that people read
/// differently (BST, AST, SST) are left out.
const ABBREVIATIONS: [(&str, Meaning); 12] = [
    ("JST", Meaning::Minutes(9 * 60)),
    ("KST", Meaning::Minutes(9 * 60)),
    ("IST", Meaning::Minutes(5 * 60 + 30)),
    ("PST", Meaning::Zone("America/Los_Angeles")),
    ("PDT", Meaning::Minutes(-7 * 60)),
    ("MST", Meaning::Minutes(-7 * 60)),
    ("MDT", Meaning::Minutes(-6 * 60)),
    ("CST", Meaning::Zone("America/Chicago")),
    ("CDT", Meaning::Minutes(-5 * 60)),
    ("EST", Meaning::Minutes(-5 * 60)),
    ("EDT", Meaning::Minutes(-4 * 60)),
    ("HST", Meaning::Minutes(-10 * 60)),
];

/// Most minutes that a zone may be away from UTC, as in Java.
const MOST_MINUTES: i32 = 18 * 60;

const ALLOWED: &str =
    "zones are IANA names like Europe/Berlin, offsets like +09:00, UTC, and JST, PST, PDT, EST, EDT and their like";

/// Reads a zone. Letters may be of either case.
pub(crate) fn parse(text: &str) -> Result<TimeZone, Unreadable> {
    let text = text.trim();
    find(text).ok_or_else(|| {
        let abbreviations = ABBREVIATIONS.iter().map(|(name, _)| (*name).to_owned());
        let names: Vec<String> =
            jiff::tz::db().available().map(|name| name.as_str().to_owned()).chain(abbreviations).collect();
        // Three letters are near to many names; nothing is better than a wrong guess.
        let nearest = (text.len() > 4).then(|| nearest(text, names.iter().map(String::as_str))).flatten();
        Unreadable { what: "a time zone", nearest, allowed: ALLOWED.into() }
    })
}

/// The zone of a name, without looking for what else it might be.
pub(crate) fn find(text: &str) -> Option<TimeZone> {
    if text.eq_ignore_ascii_case("UTC") || text.eq_ignore_ascii_case("Z") {
        return Some(TimeZone::UTC);
    }
    if let Some(offset) = offset(text) {
        return Some(TimeZone::fixed(offset));
    }
    let known = ABBREVIATIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    match known {
        Some((_, Meaning::Minutes(minutes))) => Offset::from_seconds(minutes * 60).ok().map(TimeZone::fixed),
        Some((_, Meaning::Zone(name))) => TimeZone::get(name).ok(),
        None => TimeZone::get(text).ok(),
    }
}

/// An offset: `+9`, `+09`, `+0900`, `+09:00`, each also after `UTC` or `GMT`.
fn offset(text: &str) -> Option<Offset> {
    let after = text.get(..3).filter(|head| head.eq_ignore_ascii_case("UTC") || head.eq_ignore_ascii_case("GMT"));
    let text = if after.is_some() { &text[3..] } else { text };
    let (sign, digits) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (None, Some(digits)) => (-1, digits),
        (None, None) => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if digits.len() == 4 && digits.is_ascii() => digits.split_at(2),
        None => (digits, "0"),
    };
    let number = |text: &str| {
        let plain = (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|minutes| *minutes < 60)?);
    let total = hours * 60 + minutes;
    (total <= MOST_MINUTES).then(|| Offset::from_seconds(sign * total * 60).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn zones_and_their_offsets_in_winter_and_summer() {
        let at = |zone: &TimeZone, second: i64| zone.to_offset(Timestamp::from_second(second).unwrap()).seconds() / 60;
        let cases: [(&str, Option<(i32, i32)>); 29] = [
            ("UTC", Some((0, 0))),
            ("utc", Some((0, 0))),
            ("Z", Some((0, 0))),
            ("GMT", Some((0, 0))),
            ("JST", Some((540, 540))),
            ("jst", Some((540, 540))),
            ("Asia/Tokyo", Some((540, 540))),
            ("asia/tokyo", Some((540, 540))),
            (" Europe/Berlin ", Some((60, 120))),
            ("PST", Some((-480, -420))),
            ("PDT", Some((-420, -420))),
            ("EST", Some((-300, -300))),
            ("EDT", Some((-240, -240))),
            ("+9", Some((540, 540))),
            ("+09", Some((540, 540))),
            ("+0900", Some((540, 540))),
            ("-09:30", Some((-570, -570))),
            ("GMT+9", Some((540, 540))),
            ("utc-03:00", Some((-180, -180))),
            ("+18:00", Some((1080, 1080))),
            ("+18:01", None),
            ("+9:60", None),
            ("+", None),
            ("+009", None),
            ("+1:2", None),
            ("BST", None),
            ("", None),
            ("Europe/Berln", None),
            ("日本標準時", None),
        ];
        for (text, want) in cases {
            let got = parse(text).ok().map(|zone| (at(&zone, 1_767_225_600), at(&zone, 1_782_864_000)));
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn a_slip_is_recognised() {
        let nearest = |text: &str| parse(text).unwrap_err().nearest;
        assert_eq!(nearest("Europe/Berln").as_deref(), Some("Europe/Berlin"));
        assert_eq!(nearest("BST"), None);
    }
}
