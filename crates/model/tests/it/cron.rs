//! Fires of expressions in time zones, against a table that another program made by looking at every minute.
//!
//! Knows how the table is written: tests/cron/enumerate.py makes it, from the rules in docs/schedules.md alone.
//! `CRON_TABLE=FILE` compares another table, such as ten thousand rows by chance.

use model::{Cron, Zone};

const TABLE: &str = include_str!("../cron/fires.tsv");

#[test]
fn fires_are_those_of_the_enumerator() {
    let other = std::env::var("CRON_TABLE").ok().map(|path| std::fs::read_to_string(path).unwrap());
    let table = other.as_deref().unwrap_or(TABLE);
    let mut rows = 0;
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [text, zone, after, ref fires @ ..] = fields[..] else { panic!("{line}") };
        let want: Vec<i64> = fires.iter().map(|fire| fire.parse().unwrap()).collect();
        let (cron, zone) = (Cron::parse(text).unwrap().unwrap(), Zone::parse(zone).unwrap());
        let after: i64 = after.parse().unwrap();
        let found: Vec<i64> = cron.fires(after, &zone).take(5).collect();
        let mut back: Vec<i64> = want.last().copied().into_iter().collect();
        while let Some(last) = back.last().filter(|_| back.len() < 5) {
            back.push(cron.last_until(last - 1, &zone).unwrap());
        }
        back.reverse();
        if found != want || back != want {
            wrong.push(format!("{line}\n  forwards {found:?}\n  backwards {back:?}"));
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "{} of {rows} rows differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows >= 400, "{rows} rows");
}
