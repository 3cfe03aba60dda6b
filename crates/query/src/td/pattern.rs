//! The patterns of `TD_TIME_FORMAT`: `yyyy-MM-dd HH:mm:ss`, in the letters of Java's `SimpleDateFormat`.
//!
//! Knows letters and names in English: not where a time comes from. Times are whole seconds, so `S` writes zeros.

use std::fmt::Write;

use jiff::Zoned;
use jiff::civil::Era;

use crate::td::mistake::Unreadable;

/// A pattern, ready to write times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Letters(Letter, usize),
}

/// What a letter writes. Those of the documentation's table, and `X`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letter {
    Era,
    Year,
    Month,
    Week,
    DayOfYear,
    Day,
    DayName,
    DayNumber,
    HalfDay,
    Hour,
    HourFromOne,
    HalfHour,
    HalfHourFromOne,
    Minute,
    Second,
    Fraction,
    ZoneName,
    Offset,
    IsoOffset,
}

const LETTERS: [(char, Letter); 19] = [
    ('G', Letter::Era),
    ('y', Letter::Year),
    ('M', Letter::Month),
    ('w', Letter::Week),
    ('D', Letter::DayOfYear),
    ('d', Letter::Day),
    ('E', Letter::DayName),
    ('u', Letter::DayNumber),
    ('a', Letter::HalfDay),
    ('H', Letter::Hour),
    ('k', Letter::HourFromOne),
    ('K', Letter::HalfHour),
    ('h', Letter::HalfHourFromOne),
    ('m', Letter::Minute),
    ('s', Letter::Second),
    ('S', Letter::Fraction),
    ('z', Letter::ZoneName),
    ('Z', Letter::Offset),
    ('X', Letter::IsoOffset),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Letters of a short name: `Jan`, `Mon`.
const SHORT: usize = 3;

/// More of one letter than anybody means; without a limit, one pattern could write gigabytes.
const MOST_LETTERS: usize = 64;

impl Pattern {
    /// Reads a pattern. Text stands in single quotes, two of them are one quote.
    pub(crate) fn parse(text: &str) -> Result<Pattern, Unreadable> {
        let refused = |nearest: Option<&str>| {
            let letters: Vec<String> = LETTERS.iter().map(|(letter, _)| letter.to_string()).collect();
            let allowed = format!("letters are {}; other text stands in single quotes", letters.join(" "));
            Unreadable { what: "a pattern", nearest: nearest.map(str::to_owned), allowed }
        };
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if let Some(quoted) = rest.strip_prefix('\'') {
                let (plain, after) = unquote(quoted).ok_or_else(|| refused(None))?;
                add(&mut parts, &plain);
                rest = after;
            } else if first.is_ascii_alphabetic() {
                // The year of a week is the usual slip for the year.
                let instead = text.replace('Y', "y");
                let (_, letter) = LETTERS
                    .iter()
                    .find(|(known, _)| *known == first)
                    .ok_or_else(|| refused((first == 'Y').then_some(instead.as_str())))?;
                let after = rest.trim_start_matches(first);
                let count = rest.len() - after.len();
                if count > MOST_LETTERS {
                    return Err(refused(None));
                }
                parts.push(Part::Letters(*letter, count));
                rest = after;
            } else {
                add(&mut parts, first.encode_utf8(&mut [0; 4]));
                rest = &rest[first.len_utf8()..];
            }
        }
        Ok(Pattern(parts))
    }

    /// Writes a time, on the clock of its zone.
    pub(crate) fn write(&self, moment: &Zoned) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Letters(letter, count) => letter.write(*count, moment, &mut text),
            }
        }
        text
    }
}

/// Text up to the closing quote, and what stands after it. Directly after the opening one, a quote means itself.
fn unquote(text: &str) -> Option<(String, &str)> {
    if let Some(after) = text.strip_prefix('\'') {
        return Some(("'".into(), after));
    }
    let mut plain = String::new();
    let mut rest = text;
    loop {
        let (head, after) = rest.split_once('\'')?;
        plain.push_str(head);
        match after.strip_prefix('\'') {
            Some(after) => {
                plain.push('\'');
                rest = after;
            }
            None => return Some((plain, after)),
        }
    }
}

fn add(parts: &mut Vec<Part>, plain: &str) {
    match parts.last_mut() {
        Some(Part::Text(text)) => text.push_str(plain),
        Some(Part::Letters(..)) | None => parts.push(Part::Text(plain.to_owned())),
    }
}

impl Letter {
    fn write(self, count: usize, moment: &Zoned, text: &mut String) {
        let number = match self {
            Letter::Era => {
                let (_, era) = moment.date().era_year();
                return text.push_str(if era == Era::CE { "AD" } else { "BC" });
            }
            Letter::Year => {
                let (year, _) = moment.date().era_year();
                if count == 2 { year % 100 } else { year }
            }
            Letter::Month if count < SHORT => i16::from(moment.month()),
            Letter::Month => return text.push_str(named(&MONTHS, moment.month() - 1, count)),
            Letter::DayName => {
                return text.push_str(named(&DAYS, moment.weekday().to_monday_zero_offset(), count));
            }
            Letter::Week => i16::from(moment.date().iso_week_date().week()),
            Letter::DayOfYear => moment.day_of_year(),
            Letter::Day => i16::from(moment.day()),
            Letter::DayNumber => i16::from(moment.weekday().to_monday_one_offset()),
            Letter::HalfDay => return text.push_str(if moment.hour() < 12 { "AM" } else { "PM" }),
            Letter::Hour => i16::from(moment.hour()),
            Letter::HourFromOne => from_one(moment.hour(), 24),
            Letter::HalfHour => i16::from(moment.hour() % 12),
            Letter::HalfHourFromOne => from_one(moment.hour() % 12, 12),
            Letter::Minute => i16::from(moment.minute()),
            Letter::Second => i16::from(moment.second()),
            Letter::Fraction => moment.millisecond(),
            Letter::ZoneName => return zone_name(moment, text),
            Letter::Offset => return offset(moment, "", text),
            Letter::IsoOffset => return iso_offset(moment, count, text),
        };
        // Writing to a text cannot fail.
        let _ = write!(text, "{number:0count$}");
    }
}

fn from_one(hour: i8, midnight: i16) -> i16 {
    if hour == 0 { midnight } else { i16::from(hour) }
}

fn named(names: &'static [&'static str], index: i8, count: usize) -> &'static str {
    let name = usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default();
    if count > SHORT { name } else { &name[..SHORT.min(name.len())] }
}

/// `+0900`, or with a colon between.
fn offset(moment: &Zoned, colon: &str, text: &mut String) {
    let seconds = moment.offset().seconds();
    let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
    let _ = write!(text, "{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60);
}

/// `X`: `+09` or `Z`; `XX`: `+0900`; `XXX`: `+09:00`.
fn iso_offset(moment: &Zoned, count: usize, text: &mut String) {
    if moment.offset().is_zero() {
        return text.push('Z');
    }
    let start = text.len();
    offset(moment, if count > 2 { ":" } else { "" }, text);
    if count == 1 {
        text.truncate(start + "+09".len());
    }
}

/// `PST`, `UTC`, or `GMT+09:00` where a zone has no letters of its own.
fn zone_name(moment: &Zoned, text: &mut String) {
    let zone = moment.time_zone();
    let info = zone.to_offset_info(moment.timestamp());
    let name = info.abbreviation();
    if zone.iana_name().is_some() && name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return text.push_str(name);
    }
    if moment.offset().is_zero() {
        return text.push_str("UTC");
    }
    text.push_str("GMT");
    offset(moment, ":", text);
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::td::zone;

    #[test]
    fn patterns_and_what_they_write() {
        let cases = [
            // The documented examples, of 2016-06-20 16:58:27 in Japan and 2014-10-04 09:24:52.
            (1_466_409_507, "yyyy-MM-dd", "JST", "2016-06-20"),
            (1_466_409_507, "yyyy/M/d", "JST", "2016/6/20"),
            (1_466_409_507, "yyyy-MM-dd HH:mm:ss", "JST", "2016-06-20 16:58:27"),
            (1_466_409_507, "yyyy-MM-dd hh:mm:ss a", "JST", "2016-06-20 04:58:27 PM"),
            (1_466_409_507, "yyyy-MM-dd HH:mm:ss:SSS", "JST", "2016-06-20 16:58:27:000"),
            (1_466_409_507, "yyyy-MM-dd HH:mm:ss z", "JST", "2016-06-20 16:58:27 GMT+09:00"),
            (1_466_409_507, "yyyy-MM-dd HH:00:00", "JST", "2016-06-20 16:00:00"),
            (1_412_382_292, "MMMM d yyyy EEEE", "JST", "October 4 2014 Saturday"),
            (1_466_409_507, "yyyy-MM-dd HH:mm:ss z", "UTC", "2016-06-20 07:58:27 UTC"),
            (1_466_409_507, "HH z zzzz", "PST", "00 PDT PDT"),
            (1_451_606_400, "HH z", "PST", "16 PST"),
            (1_466_409_507, "z", "Asia/Tokyo", "JST"),
            (1_466_409_507, "z", "Asia/Kathmandu", "GMT+05:45"),
            (1_466_409_507, "Z X XX XXX", "JST", "+0900 +09 +0900 +09:00"),
            (1_466_409_507, "Z X XXX", "-03:30", "-0330 -03 -03:30"),
            (1_466_409_507, "Z X XXX", "UTC", "+0000 Z Z"),
            (1_466_409_507, "G yy y MMM E EEE u D DDD ww w", "JST", "AD 16 2016 Jun Mon Mon 1 172 172 25 25"),
            (1_466_352_000, "H k K h a", "JST", "1 1 1 1 AM"),
            (1_466_348_400, "HH kk KK hh a", "JST", "00 24 00 12 AM"),
            (1_466_391_600, "H k K h a", "JST", "12 12 0 12 PM"),
            (1_466_409_507, "S SS SSSS", "UTC", "0 00 0000"),
            (1_466_409_507, "yyyyMMdd'T'HHmmss'Z'", "UTC", "20160620T075827Z"),
            (1_466_409_507, "h 'o''clock' ''a''", "UTC", "7 o'clock 'AM'"),
            (1_466_409_507, "yyyy年MM月dd日", "JST", "2016年06月20日"),
            (1_466_409_507, "yyyyyy", "JST", "002016"),
            (1_466_409_507, "", "JST", ""),
            (-62_167_219_201, "yyyy G", "UTC", "0002 BC"),
            (1_483_228_799, "yyyy-'W'ww", "UTC", "2016-W52"),
        ];
        for (second, pattern, zone, want) in cases {
            let moment = Timestamp::from_second(second).unwrap().to_zoned(zone::parse(zone).unwrap());
            assert_eq!(Pattern::parse(pattern).unwrap().write(&moment), want, "{pattern} of {second} in {zone}");
        }
    }

    #[test]
    fn patterns_that_are_refused() {
        assert_eq!(Pattern::parse("YYYY-MM-dd").unwrap_err().nearest.as_deref(), Some("yyyy-MM-dd"));
        for pattern in ["yyyy-MM-ddT", "%Y", "'open", "'it''s", &"d".repeat(65)] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
