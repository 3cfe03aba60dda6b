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
use world::{TIMES, WORDS, World};

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
    let batches = preview(sql, &world.tables, &limits(folder), usize::MAX, pending()).await?;
    Ok(batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect())
}

/// Asserts that SQL and evaluator choose the same profiles, and gives how many those are.
async fn agree(rule: &Value, members: &Members, expected: &[bool], world: &World, folder: &Path) -> usize {
    let sql = format!("{}\nSELECT cdp_customer_id FROM members", members.with("members"));
    let told = || format!("{}\n{sql}", serde_json::to_string(rule).expect("JSON"));
    let found = match numbers(&sql, world, folder).await {
        Ok(found) => found,
        Err(error) => panic!("{error}\n{}", told()),
    };
    let chosen: BTreeSet<i64> = found.iter().copied().collect();
    assert_eq!(chosen.len(), found.len(), "a profile is there twice\n{}", told());
    let expected: BTreeSet<i64> = (1_i64..).zip(expected).filter(|(_, is)| **is).map(|(id, _)| id).collect();
    let differing: Vec<&i64> = chosen.symmetric_difference(&expected).take(5).collect();
    if let Some(first) = differing.first() {
        let profile = **first as usize - 1;
        let row: Vec<String> =
            world.rows.columns.iter().map(|column| format!("{}: {:?}", column.name, column.cells[profile])).collect();
        panic!(
            "SQL finds {}, the evaluator {}; {differing:?} differ, the first is {}\n{}",
            chosen.len(),
            expected.len(),
            row.join(", "),
            told()
        );
    }
    let count = numbers(&members.count_sql(), world, folder).await;
    assert_eq!(count.ok(), Some(vec![expected.len() as i64]), "the count differs\n{}", told());
    expected.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_rules_choose_the_same_profiles() {
    let full = std::env::var_os("SLUICE_FULL").is_some();
    let (trees, profiles) = if full { (500, 100_000) } else { (120, 2_000) };
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::new(profiles, 7, folder.path());
    let mut chance = Chance(11);
    let mut others = Others(Vec::new());
    for number in 0..6 {
        let rule = rules::rule(&mut chance, number);
        others.0.push((format!("segment {number}"), Rule::parse(&rule, "rule").expect("a segment")));
    }
    let started = Instant::now();
    let (mut some, mut sums) = (0, 0);
    for tree in 0..trees {
        let rule = rules::rule(&mut chance, 6);
        let (zone, now) = TIMES[tree % TIMES.len()];
        let audience = Audience { zone: Zone::parse(zone).expect("a zone"), ..world.audience.clone() };
        let parsed = Rule::parse(&rule, "rule").unwrap_or_else(|problems| panic!("{problems}\n{rule}"));
        let members =
            members(&parsed, &audience, &others, now).unwrap_or_else(|problems| panic!("{problems}\n{rule}"));
        let clock = Clock { now, zone: jiff::tz::TimeZone::get(zone).expect("a zone") };
        let of = |reference: &str| others.0[others.index(reference).expect("a segment")].1.to_json();
        let expected = Evaluator { rows: &world.rows, clock: &clock, others: &of }.rule(&rule);
        let found = agree(&rule, &members, &expected, &world, folder.path()).await;
        some += usize::from(found > 0 && found < profiles);
        sums += found;
    }
    // Most rules must choose some and not others, or agreeing would prove little.
    assert!(some * 2 > trees, "{some} of {trees} rules choose some of the profiles");
    let figures = format!(
        "{trees} rules over {profiles} profiles agree: {some} choose some of them, {sums} profiles in all, {} s\n",
        started.elapsed().as_secs()
    );
    std::io::Write::write_all(&mut std::io::stderr(), figures.as_bytes()).expect("said");
}
