//! The manual's cron: five fields, what they mean, and when they fire.
//!
//! Knows no clock and no file: the time is an argument, and the time zones are those that are built in. Who starts what at
//! a fire is not its business.

mod days;
mod field;
mod fire;
mod preset;
mod remark;
mod set;
mod words;
mod zone;

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;

use days::Days;
use field::{Field, Values};
pub use fire::Fires;
pub use preset::{PRESETS, Preset};
use set::Set;
pub use zone::Zone;

use crate::problem::{Problem, Problems};

/// Longest expression that is read, in characters: ours, so that a hostile text costs little. Ranges keep any real one shorter.
const MAX_CHARACTERS: usize = 200;

/// Longest time from a scheduled time to the start of its job, in seconds: 30 days. Ours; the manual names no limit.
pub const LONGEST_DELAY: u64 = 30 * 86_400;

/// A schedule's expression, parsed: when it fires on the clock of a time zone.
///
/// The grammar and its meaning are the manual's ("Custom cron... Details"); docs/schedules.md says what was decided where
/// the manual is silent. Written here because libraries differ from the manual in three places: `*/n` (multiples of n, not
/// steps from the lowest value), day of month against day of week, and daylight saving, where some look at whether a `*`
/// was written instead of at what the fields mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    /// The five fields as written; a preset's where the text is one.
    fields: String,
    minutes: Set,
    hours: Set,
    months: Set,
    days: Days,
    /// Both restrictions of the day as written, of which `days` keeps the one that holds.
    of_month: Values,
    of_week: Values,
}

impl Cron {
    /// The names of the five fields, in their order: what [`Problem::at`] says.
    pub const FIELDS: [&'static str; 5] = [
        Field::Minute.name(),
        Field::Hour.name(),
        Field::DayOfMonth.name(),
        Field::Month.name(),
        Field::DayOfWeek.name(),
    ];

    /// Reads an expression or a preset. Nothing and `none` (in any case) mean that there is no schedule.
    ///
    /// # Errors
    /// Everything that is wrong, each with the name of its field, or `cron` for the whole.
    pub fn parse(text: &str) -> Result<Option<Cron>, Problems> {
        if text.is_empty() || text.eq_ignore_ascii_case("none") {
            return Ok(None);
        }
        if text.chars().count() > MAX_CHARACTERS {
            return Err(whole(format!("is longer than {MAX_CHARACTERS} characters"))
                .hint("write ranges (1-10) and steps (*/5) instead of long lists")
                .into());
        }
        let mut problems = blanks(text);
        let parts: Vec<&str> = text.split_whitespace().collect();
        match parts[..] {
            [] => {}
            [one] if one.starts_with('@') => {
                if let Some(preset) = problems.keep(Preset::named(one))
                    && problems.is_empty()
                {
                    return Cron::of(text, preset.fields).map(Some);
                }
            }
            [_, _, _, _, _] if problems.is_empty() => return Cron::of(text, text).map(Some),
            [_, _, _, _, _] => problems.extend(Cron::of(text, &parts.join(" ")).err().unwrap_or_default()),
            _ => problems.push(not_five(parts.len())),
        }
        Err(problems)
    }

    /// `fields` are five, with one space between them.
    fn of(text: &str, fields: &str) -> Result<Cron, Problems> {
        let mut problems = Problems::default();
        let mut parts = fields.split(' ');
        let mut next = |field: Field| field.parse(parts.next().unwrap_or_default(), &mut problems);
        let minutes = next(Field::Minute);
        let hours = next(Field::Hour);
        let of_month = next(Field::DayOfMonth);
        let months = next(Field::Month);
        let of_week = next(Field::DayOfWeek);
        let (Some(minutes), Some(hours), Some(of_month), Some(months), Some(of_week)) =
            (minutes, hours, of_month, months, of_week)
        else {
            return Err(problems);
        };
        let months = months.set(Field::Month);
        let days = Days::of(of_month, of_week, months)?;
        Ok(Cron {
            text: text.to_owned(),
            fields: fields.to_owned(),
            minutes: minutes.set(Field::Minute),
            hours: hours.set(Field::Hour),
            months,
            days,
            of_month,
            of_week,
        })
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The five fields: those of the preset where the text is one.
    pub fn fields(&self) -> &str {
        &self.fields
    }

    /// Whether both fire at the same times, however they are written: `@daily` and `0 0 * * *`, `sun` and `0`. Restrictions of
    /// the day that restrict nothing (`1-31`) are not looked through.
    pub fn fires_like(&self, other: &Cron) -> bool {
        (self.minutes, self.hours, self.months, self.days) == (other.minutes, other.hours, other.months, other.days)
    }

    /// Where in `text` the field stands that a problem names, in characters: for a caret under it. The whole text for `cron`
    /// and for what has not five fields; nothing for another name.
    pub fn place(text: &str, at: &str) -> Option<Range<usize>> {
        let all = 0..text.chars().count();
        let Some(index) = Cron::FIELDS.iter().position(|name| *name == at) else {
            return (at == "cron").then_some(all);
        };
        let mut places: Vec<Range<usize>> = Vec::new();
        let mut inside = false;
        for (place, c) in text.chars().enumerate() {
            match (c.is_whitespace(), places.last_mut()) {
                (true, _) => inside = false,
                (false, Some(last)) if inside => last.end = place + 1,
                (false, _) => {
                    places.push(place..place + 1);
                    inside = true;
                }
            }
        }
        Some(if places.len() == Cron::FIELDS.len() { places[index].clone() } else { all })
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn whole(message: impl Into<String>) -> Problem {
    Problem::at("cron", message)
}

/// The manual: "A single space is required between each field."
fn blanks(text: &str) -> Problems {
    let mut problems = Problems::default();
    if text.chars().all(char::is_whitespace) {
        problems.push(whole("has blanks alone").hint("\"\" or none means: no schedule"));
        return problems;
    }
    if text.starts_with(char::is_whitespace) {
        problems.push(whole("begins with a blank").hint("leave it out"));
    }
    if text.trim_end() != text {
        problems.push(whole("ends with a blank").hint("leave it out"));
    }
    let begin = text.chars().take_while(|c| c.is_whitespace()).count();
    let inner = text.trim().chars().zip(text.trim().chars().skip(1)).enumerate();
    for (place, (c, next)) in inner {
        let place = begin + place + 1;
        if c.is_whitespace() && c != ' ' {
            problems.push(whole(format!("has a tab or another blank at character {place}")).hint("write a space"));
        } else if c == ' ' && next == ' ' {
            problems.push(
                whole(format!("has two spaces in a row at character {place}"))
                    .hint("write one space between two fields"),
            );
        }
    }
    problems
}

fn not_five(found: usize) -> Problem {
    let noun = if found == 1 { "field" } else { "fields" };
    let problem = whole(format!("has {found} {noun}, and five are needed: {}", Cron::FIELDS.join(", ")));
    match found {
        1 => problem.hint("for example: 0 2 * * * (02:00 every day), or a preset such as @daily"),
        2..=4 => problem.hint("write * for each field that does not restrict anything"),
        _ => problem.hint("there are no fields for seconds and years, and no command: leave them out"),
    }
}
