//! Compiled segments and the independent evaluator choose the same profiles.
//!
//! `SLUICE_FULL=1` compares 500 rules over 100,000 profiles.

mod chance;
mod rules;
mod world;

use std::collections::BTreeSet;
use std::future::pending;
use std::path::Path;
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use model::{Audience, Members, Named, Rule, Segments, Zone, members};
use query::{Limits, QueryError, preview};
use serde_json::{Value, json};

use crate::evaluator::{Clock, Evaluator};
use chance::Chance;
use world::{Kept, TIMES, WORDS, World};

/// Segments that can be referred to, numbered from 0 and called `segment 0`, …
struct Others(Vec<(String, Rule)>);

impl Others {
    fn index(&self, reference: &str) -> Option<usize> {
        let number = reference.parse().ok().filter(|number| *number < self.0.len());
        number.or_else(|| self.0.iter().position(|(name, _)| name == reference))
    }
}

impl Segments for Others {
    fn find(&self, reference: &str) -> Option<Named<'_>> {
        let index = self.index(reference)?;
        Some(Named { number: index as u64, name: &self.0[index].0, rule: &self.0[index].1 })
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }
}

fn limits(folder: &Path) -> Limits {
    Limits {
        time: Some(Duration::from_secs(600)),
        memory: 512 << 20,
        spill_dir: folder.join("spill"),
        scheduled_time: 0,
    }
}

/// The numbers that a query gives.
async fn numbers(sql: &str, world: &World, folder: &Path) -> Result<Vec<i64>, QueryError> {
    let batches = preview(sql, &world.tables, &limits(folder), world.rows.profiles + 1, pending()).await?;
    Ok(batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect())
}

/// A rule, the SQL that it became and who satisfies it.
struct Case {
    rule: Value,
    members: Members,
    expected: Vec<bool>,
}

impl Case {
    /// How many profiles SQL and evaluator choose; or in what they differ.
    async fn agree(&self, world: &World, folder: &Path, count: bool) -> Result<usize, String> {
        let sql = format!("{}\nSELECT cdp_customer_id FROM members", self.members.with("members"));
        let told = |what: String| format!("{what}\n{}\n{sql}\n", serde_json::to_string(&self.rule).expect("JSON"));
        let found = numbers(&sql, world, folder).await.map_err(|error| told(error.to_string()))?;
        let chosen: BTreeSet<i64> = found.iter().copied().collect();
        if chosen.len() != found.len() {
            return Err(told("a profile is there twice".into()));
        }
        let expected: BTreeSet<i64> = (1_i64..).zip(&self.expected).filter(|(_, is)| **is).map(|(id, _)| id).collect();
        let differing: Vec<&i64> = chosen.symmetric_difference(&expected).take(5).collect();
        if let Some(first) = differing.first() {
            let profile = **first as usize - 1;
            let row = world.rows.columns.iter().map(|column| format!("{}: {:?}", column.name, column.cells[profile]));
            let row = row.collect::<Vec<_>>().join(", ");
            let sizes = format!("SQL finds {}, the evaluator {}", chosen.len(), expected.len());
            return Err(told(format!("{sizes}; {differing:?} differ, the first is {row}")));
        }
        if !count {
            return Ok(expected.len());
        }
        match numbers(&self.members.count_sql(), world, folder).await {
            Ok(count) if count == [expected.len() as i64] => Ok(expected.len()),
            Ok(count) => Err(told(format!("{} are counted as {count:?}", expected.len()))),
            Err(error) => Err(told(format!("counting: {error}"))),
        }
    }
}

/// A random rule at one of the times.
fn case(tree: usize, chance: &mut Chance, world: &World, others: &Others) -> Case {
    let rule = rules::rule(chance, 6);
    let (zone, now) = TIMES[tree % TIMES.len()];
    let audience = Audience { zone: Zone::parse(zone).expect("a zone"), ..world.audience.clone() };
    let parsed = Rule::parse(&rule, "rule").unwrap_or_else(|problems| panic!("{problems}\n{rule}"));
    let members = members(&parsed, &audience, others, now).unwrap_or_else(|problems| panic!("{problems}\n{rule}"));
    let clock = Clock { now, zone: jiff::tz::TimeZone::get(zone).expect("a zone") };
    let of = |reference: &str| others.0[others.index(reference).expect("a segment")].1.to_json();
    let expected = Evaluator { rows: &world.rows, clock: &clock, others: &of }.rule(&rule);
    Case { rule, members, expected }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_rules_choose_the_same_profiles() {
    let full = std::env::var_os("SLUICE_FULL").is_some();
    let (trees, profiles) = if full { (500, 100_000) } else { (80, 2_000) };
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::new(profiles, 7, folder.path());
    let mut chance = Chance(11);
    let mut others = Others(Vec::new());
    for number in 0..6 {
        let rule = rules::rule(&mut chance, number);
        others.0.push((format!("segment {number}"), Rule::parse(&rule, "rule").expect("a segment")));
    }
    let started = Instant::now();
    let (mut some, mut sums, mut differing) = (0, 0, Vec::new());
    for tree in (0..trees).step_by(2) {
        if full && tree % 50 == 0 {
            say(&format!("{tree} rules after {} s\n", started.elapsed().as_secs()));
        }
        let one = case(tree, &mut chance, &world, &others);
        let other = case(tree + 1, &mut chance, &world, &others);
        // Counting is the same SQL but for its first line: now and then is enough.
        let count = tree % 8 == 0;
        let found = tokio::join!(one.agree(&world, folder.path(), count), other.agree(&world, folder.path(), count));
        for found in [found.0, found.1] {
            match found {
                Ok(found) => {
                    some += usize::from(found > 0 && found < profiles);
                    sums += found;
                }
                Err(difference) => differing.push(difference),
            }
        }
    }
    let first = &differing[..3.min(differing.len())];
    assert!(differing.is_empty(), "{} differ, the first of them:\n{}", differing.len(), first.join("\n"));
    // Most rules must choose some and not others, or agreeing would prove little.
    assert!(some * 2 > trees, "{some} of {trees} rules choose some of the profiles");
    let figures = format!(
        "{trees} rules over {profiles} profiles agree: {some} choose some of them, {sums} profiles in all, {} s\n",
        started.elapsed().as_secs()
    );
    say(&figures);
}

/// Figures are the machine's as much as ours: said, not judged.
fn say(figures: &str) {
    std::io::Write::write_all(&mut std::io::stderr(), figures.as_bytes()).expect("said");
}

/// What could end a text, a name, a comment or a pattern, where it is not kept in.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> =
        WORDS.iter().filter(|word| !word.trim().is_empty()).map(|word| (*word).into()).collect();
    let more = [
        "' OR '1'='1",
        "\\'",
        "\\' OR 1=1 --",
        "''; SELECT 1; --",
        "*/ OR 1=1 /*",
        "/*",
        "*/",
        "--\n",
        ";",
        "`",
        "$1",
        "$$",
        "${x}",
        "{{x}}",
        "?",
        ":name",
        "@x",
        "#",
        "E'\\''",
        "U&'\\0041'",
        "%",
        "_",
        "%%",
        "\\%",
        "[a]",
        "(",
        ")",
        "a|b",
        "^",
        "$",
        "\r\n",
        "\t",
        "\u{feff}",
        "\u{202e}txt",
        "é",
        "e\u{301}",
        "NULL",
        "null",
        "true",
        "1",
        "c.email",
        "cdp_customer_id",
        "\"\"",
        "\"; --",
    ];
    texts.extend(more.map(str::to_owned));
    texts.push("x".repeat(10_000));
    texts.push("'%\\_\"-- */".repeat(1_000));
    texts
}

const TEXT_OPERATORS: [&str; 8] = ["Equal", "In", "Contain", "StartWith", "EndWith", "Greater", "LessEqual", "Regexp"];

fn text_operator(word: &str, text: &str, not: bool) -> Value {
    match word {
        "In" | "Contain" | "StartWith" | "EndWith" => json!({"type": word, "rightValues": [text, "zz"], "not": not}),
        _ => json!({"type": word, "rightValue": text, "not": not}),
    }
}

/// Compares several conditions, each a rule of its own, with one query: no part of a condition may reach into another.
async fn agree_at_once(conditions: &[Value], world: &World, folder: &Path) {
    let clock = Clock { now: TIMES[1].1, zone: jiff::tz::TimeZone::UTC };
    let evaluator = Evaluator { rows: &world.rows, clock: &clock, others: &|_| Value::Null };
    let (mut parts, mut selects, mut expected) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (index, condition) in conditions.iter().enumerate() {
        let rule = json!({"type": "And", "conditions": [condition]});
        let parsed = match Rule::parse(&rule, "rule") {
            Ok(parsed) => parsed,
            Err(problems) => {
                let pattern = condition["operator"]["rightValue"].as_str().expect("a pattern");
                let refused = regex::Regex::new(pattern).is_err() || pattern.chars().count() > 1_000;
                assert!(condition["operator"]["type"] == "Regexp" && refused, "{problems}");
                continue;
            }
        };
        let members = members(&parsed, &world.audience, &Others(Vec::new()), clock.now).expect("a rule that fits");
        let name = format!("m{index}");
        parts.push(members.with(&name).strip_prefix("WITH ").expect("a WITH").to_owned());
        selects.push(format!("SELECT cdp_customer_id * 1000 + {index} AS id FROM {name}"));
        let found = evaluator.rule(&rule);
        expected.extend((1_i64..).zip(found).filter(|(_, is)| *is).map(|(id, _)| id * 1000 + index as i64));
    }
    if parts.is_empty() {
        return;
    }
    let sql = format!("WITH {}\n{}", parts.join(",\n"), selects.join("\nUNION ALL\n"));
    let limit = world.rows.profiles * 1000;
    let batches = preview(&sql, &world.tables, &limits(folder), limit, pending()).await;
    let batches = batches.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    let found: Vec<i64> =
        batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    assert_eq!(found.len(), expected.len(), "{sql}");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected, "{sql}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_values_stay_values() {
    let folder = tempfile::tempdir().expect("a folder");
    let texts = hostile();
    let full = std::env::var_os("SLUICE_FULL").is_some();
    let world = World::of(&[("email", Kept::Text), ("tags", Kept::Texts)], 150, &texts, &mut Chance(3), folder.path());
    let condition =
        |name: &str, operator: Value| json!({"type": "Value", "leftValue": {"name": name}, "operator": operator});
    for (number, text) in texts.iter().enumerate() {
        // A third of the operators each, in turn.
        let turn = |index: usize| full || (index + number).is_multiple_of(3);
        let words = TEXT_OPERATORS.into_iter().enumerate().filter(|(index, _)| turn(*index));
        let mut conditions: Vec<Value> =
            words.map(|(index, word)| condition("email", text_operator(word, text, index % 2 == 0))).collect();
        conditions.push(condition("email", text_operator("Regexp", &regex::escape(text), false)));
        agree_at_once(&conditions, &world, folder.path()).await;
        // A rule numbers its parts from 1, so that a list goes alone.
        if turn(1) {
            let word = TEXT_OPERATORS[number % TEXT_OPERATORS.len()];
            agree_at_once(&[condition("tags", text_operator(word, text, false))], &world, folder.path()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_names_stay_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = WORDS.map(str::to_owned);
    let texts: Vec<String> = hostile().into_iter().filter(|name| name != "cdp_customer_id").collect();
    let shape: Vec<_> = texts.iter().map(|name| (name.as_str(), Kept::Text)).collect();
    let world = World::of(&shape, 100, &words, &mut Chance(5), folder.path());
    let conditions: Vec<Value> = texts
        .iter()
        .map(|name| json!({"type": "Value", "leftValue": {"name": name}, "operator": text_operator("Equal", "books", false)}))
        .collect();
    agree_at_once(&conditions, &world, folder.path()).await;
    let rule = json!({"type": "Or", "conditions": conditions, "limit": {"type": "Percent", "number": 50, "orderColumns": [
        {"type": "Column", "column": texts[3], "order": "descending"}]}});
    let rule = Rule::parse(&rule, "rule").expect("a rule");
    let members = members(&rule, &world.audience, &Others(Vec::new()), 0).expect("a rule that fits");
    let columns = query::columns(&members.sql(), &world.tables, &limits(folder.path())).await.expect("columns");
    let names: Vec<&String> = columns.fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, texts.iter().collect::<Vec<_>>());
}
