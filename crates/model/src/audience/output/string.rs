//! The String Builder: text with parameters filled in.
//!
//! Knows `$1`, `$$` and formats of times; not columns.

use super::{Ids, Parameter, StringBuilder};
use crate::audience::sql;
use crate::{Problem, Problems, Zone, nearest};

/// The default format of a time.
const FORMAT: &str = "yyyy-MM-dd HH:mm:ss";

/// The letters that stand for a part of a time in the formats of `TD_TIME_FORMAT`.
const LETTERS: &str = "GyMwDdEuaHkKhmsSzZX";

/// A string that is put together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Built(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Time { format: String, zone: Zone },
    SegmentId,
    SegmentName,
    AudienceId,
}

impl Built {
    /// Reads what a person built.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) fn of(builder: &StringBuilder, place: &str) -> Result<Built, Problems> {
        let mut problems = Problems::default();
        let parameters: Vec<Option<Piece>> = builder
            .parameters
            .iter()
            .enumerate()
            .map(|(index, parameter)| piece(parameter, &format!("{place}.parameters[{index}]"), &mut problems))
            .collect();
        let Some(string) = builder.string.as_deref() else {
            if parameters.is_empty() {
                problems.push(
                    Problem::at(place, "the string is empty")
                        .hint("give it a text, parameters, or leave the column out"),
                );
            }
            return problems.or(|| Built(parameters.into_iter().flatten().collect()));
        };
        let mut pieces = Vec::new();
        let mut used = vec![false; parameters.len()];
        for part in parts(string, &format!("{place}.string"), parameters.len(), &mut problems) {
            match part {
                Part::Text(text) => pieces.push(Piece::Text(text)),
                Part::Parameter(index) => {
                    used[index] = true;
                    pieces.extend(parameters[index].clone());
                }
            }
        }
        for index in used.iter().enumerate().filter(|(_, used)| !**used).map(|(index, _)| index) {
            problems.push(
                Problem::at(format!("{place}.parameters[{index}]"), "stands nowhere in the string")
                    .hint(format!("write ${} where it belongs, or take it away", index + 1)),
            );
        }
        problems.or(|| Built(pieces))
    }

    /// The expression that gives the string.
    pub(super) fn sql(&self, ids: &Ids) -> String {
        let mut operands: Vec<String> = Vec::new();
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::SegmentId => text.push_str(&ids.segment.to_string()),
                Piece::SegmentName => text.push_str(&ids.segment_name),
                Piece::AudienceId => text.push_str(&ids.audience.to_string()),
                Piece::Time { format, zone } => {
                    if !text.is_empty() {
                        operands.push(sql::text(&std::mem::take(&mut text)));
                    }
                    let (format, zone) = (sql::text(format), sql::text(zone.name()));
                    operands.push(format!("TD_TIME_FORMAT(TD_SCHEDULED_TIME(), {format}, {zone})"));
                }
            }
        }
        if !text.is_empty() || operands.is_empty() {
            operands.push(sql::text(&text));
        }
        operands.join(" || ")
    }
}

fn piece(parameter: &Parameter, place: &str, problems: &mut Problems) -> Option<Piece> {
    match parameter {
        Parameter::String { string } => Some(Piece::Text(string.clone())),
        Parameter::SegmentId => Some(Piece::SegmentId),
        Parameter::SegmentName => Some(Piece::SegmentName),
        Parameter::AudienceId => Some(Piece::AudienceId),
        Parameter::Timestamp { format, timezone } => {
            let format = format.clone().unwrap_or_else(|| FORMAT.to_owned());
            let readable = check_format(&format).map_err(|message| {
                let hint = format!("letters are {}; other text stands in single quotes", spaced(LETTERS));
                let hint = if format.contains('Y') { format!("the year is yyyy; {hint}") } else { hint };
                Problem::at(format!("{place}.format"), message).hint(hint)
            });
            let readable = problems.keep(readable);
            let zone = timezone.as_deref().map_or(Ok(Zone::utc()), Zone::parse);
            let zone = problems.keep(zone.map_err(|problem| Problem { at: format!("{place}.timezone"), ..problem }));
            readable?;
            Some(Piece::Time { format, zone: zone? })
        }
    }
}

fn spaced(letters: &str) -> String {
    letters.chars().map(String::from).collect::<Vec<_>>().join(" ")
}

/// The engine reads the format when the query runs; here its slips are found beside the column.
fn check_format(format: &str) -> Result<(), String> {
    if format.is_empty() {
        return Err("is empty".into());
    }
    let mut quoted = false;
    let mut run = (' ', 0);
    for letter in format.chars() {
        if letter == '\'' {
            quoted = !quoted;
        } else if letter.is_ascii_alphabetic() && !quoted {
            if !LETTERS.contains(letter) {
                return Err(format!("{letter} stands for no part of a time"));
            }
            run = if run.0 == letter { (letter, run.1 + 1) } else { (letter, 1) };
            if run.1 > 64 {
                return Err(format!("has more than 64 times {letter}"));
            }
            continue;
        }
        run = (' ', 0);
    }
    if quoted { Err("a quote is not closed".into()) } else { Ok(()) }
}

enum Part {
    Text(String),
    /// From 0.
    Parameter(usize),
}

/// Takes the string apart at its dollars.
fn parts(string: &str, place: &str, parameters: usize, problems: &mut Problems) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = string;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            text.push('$');
            rest = after;
            continue;
        }
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, after) = after.split_at(digits);
        rest = after;
        match number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
            Some(index) if index < parameters => {
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(Part::Parameter(index));
            }
            Some(_) | None if number.is_empty() => {
                problems.push(
                    Problem::at(place, "has a $ that stands for nothing")
                        .hint("$1 is the first parameter, $$ a dollar"),
                );
            }
            Some(_) | None => {
                let hint = match parameters {
                    0 => "there are no parameters; $$ is a dollar".to_owned(),
                    1 => "$1 is the one parameter; $$ is a dollar".to_owned(),
                    many => format!("parameters are $1 to ${many}; $$ is a dollar"),
                };
                problems.push(Problem::at(place, format!("there is no parameter ${number}")).hint(hint));
            }
        }
    }
    text.push_str(rest);
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    parts
}

/// The hint for a name that is none.
pub(super) fn hint<'a>(written: &str, what: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    if let Some(near) = nearest(written, known.clone()) {
        return format!("did you mean {near}?");
    }
    let names: Vec<&str> = known.clone().take(NAMES_IN_HINT).collect();
    match (names.is_empty(), known.count().saturating_sub(NAMES_IN_HINT)) {
        (true, _) => format!("there are no {what}"),
        (false, 0) => format!("{what} are {}", names.join(", ")),
        (false, more) => format!("{what} are {} and {more} more", names.join(", ")),
    }
}

/// At most this many names stand in a hint.
const NAMES_IN_HINT: usize = 20;
