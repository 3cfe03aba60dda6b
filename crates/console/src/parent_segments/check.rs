//! What the joins of a parent segment do, in words.

use api::{AudienceCheck, JoinCheck, JoinLevel};
use askama::Template;

use crate::words::{Badge, plural};

/// Joins, one on a line.
#[derive(Debug, Template)]
#[template(path = "parent_segments/joins.html")]
pub struct Joins {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    role: &'static str,
    table: String,
    badge: Badge,
    figures: String,
    message: String,
    hint: Option<String>,
}

impl Joins {
    /// The joins of a check or of a snapshot. `profiles` is how many there are.
    pub fn of(joins: &[JoinCheck], profiles: u64) -> Joins {
        Joins { lines: joins.iter().map(|join| Line::of(join, profiles)).collect() }
    }
}

impl Line {
    fn of(join: &JoinCheck, profiles: u64) -> Line {
        let role = match join.at.split(['[', '.']).next() {
            Some("attributes") => "Attributes",
            Some("behaviors") => "Behavior",
            _ => "Master table",
        };
        let (mark, words) = match join.level {
            JoinLevel::Ok => ("good", "fits"),
            JoinLevel::Warning => ("wait", "look at this"),
            JoinLevel::Wrong => ("bad", "must be changed"),
        };
        let badge = Badge { mark, words: words.into() };
        let (table, message, hint) = (join.table.clone(), join.message.clone(), join.hint.clone());
        Line { role, table, badge, figures: figures(join, role, profiles), message, hint }
    }
}

/// What was counted, as a sentence: `1,000 rows. 900 of 1,000 profiles have one. 3 rows have a key that no profile has.`
fn figures(join: &JoinCheck, role: &str, profiles: u64) -> String {
    let rows = |count: u64, one: &str, many: &str| {
        format!(" {} {}.", plural(count, "row", "rows"), if count == 1 { one } else { many })
    };
    let mut said = format!("{}.", plural(join.rows, "row", "rows"));
    if role != "Master table" {
        let have = if role == "Behavior" { "events" } else { "a row" };
        said.push_str(&format!(
            " {} of {} have {have}.",
            model::grouped(join.matched),
            plural(profiles, "profile", "profiles")
        ));
    }
    if join.orphans > 0 {
        said.push_str(&rows(join.orphans, "has a key that no profile has", "have a key that no profile has"));
    }
    if join.without_key > 0 {
        said.push_str(&rows(join.without_key, "has no key", "have no key"));
    }
    if join.repeated > 0 && role != "Behavior" {
        let several = if join.repeated == 1 { "stands in several rows" } else { "stand in several rows" };
        said.push_str(&format!(" {} {several}.", plural(join.repeated, "key", "keys")));
    }
    said
}

/// A definition that was looked at before it is saved.
#[derive(Debug, Template)]
#[template(path = "parent_segments/checked.html")]
pub struct Checked {
    profiles: String,
    wrong: bool,
    joins: Joins,
    sql: String,
    unfit: Vec<String>,
}

impl Checked {
    /// What was found.
    pub fn of(check: AudienceCheck) -> Checked {
        let joins = Joins::of(&check.joins, check.population);
        Checked {
            profiles: plural(check.population, "profile", "profiles"),
            wrong: check.joins.iter().any(|join| join.level == JoinLevel::Wrong),
            joins,
            sql: check.sql,
            unfit: check.unfit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_is_told_in_words() {
        let join = JoinCheck {
            at: "attributes[2]".into(),
            table: "loyalty".into(),
            level: JoinLevel::Warning,
            message: String::new(),
            hint: None,
            rows: 1_234,
            keys: 1_200,
            without_key: 1,
            repeated: 2,
            matched: 900,
            orphans: 3,
        };
        let behavior = JoinCheck { at: "behaviors[0]".into(), orphans: 0, without_key: 0, ..join.clone() };
        let master = JoinCheck { at: "master".into(), ..behavior.clone() };
        let told = [join, behavior, master].map(|join| Line::of(&join, 1_000).figures);
        assert_eq!(
            told,
            [
                "1,234 rows. 900 of 1,000 profiles have a row. 3 rows have a key that no profile has. 1 row has no key. 2 keys stand in several rows.",
                "1,234 rows. 900 of 1,000 profiles have events.",
                "1,234 rows. 2 keys stand in several rows.",
            ]
        );
    }
}
