//! Contacts as rows, and what an account holds after they were sent.
//!
//! Knows no program: rows in, expectations out.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::Value;

use crate::harness::Bench;

/// So many contacts as CSV; `bad` says which rows have an email that is none.
pub(crate) fn contacts(rows: u64, bad: impl Fn(u64) -> bool) -> String {
    let mut text = Vec::new();
    let _ = writeln!(text, "email,first_name,score,is_do_not_call");
    for row in 1..=rows {
        let email = if bad(row) { format!("nobody-{row}") } else { email_of(row) };
        let _ = writeln!(text, "{email},Ada {row},{},{}", row % 100, row % 2 == 0);
    }
    String::from_utf8(text).expect("text")
}

pub(crate) fn email_of(row: u64) -> String {
    format!("row{row:05}@example.com")
}

/// What an account holds after [`contacts`]: one prospect for each row that is not bad.
#[track_caller]
pub(crate) fn check_contacts(bench: &Bench, rows: u64, bad: impl Fn(u64) -> bool) {
    let mut have: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for prospect in bench.prospects() {
        let email = text(&prospect["email"]);
        let (name, score) = (text(&prospect["first_name"]), text(&prospect["score"]));
        let call = !["1", "true"].contains(&text(&prospect["is_do_not_call"]).as_str());
        have.entry(email).or_default().push(format!("{name}|{score}|{}", !call));
    }
    let mut want: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in (1..=rows).filter(|row| !bad(*row)) {
        want.insert(email_of(row), vec![format!("Ada {row}|{}|{}", row % 100, row % 2 == 0)]);
    }
    let wrong: Vec<_> = want.iter().filter(|(email, said)| have.get(*email) != Some(said)).take(3).collect();
    let instead: Vec<_> = wrong.iter().map(|(email, _)| have.get(*email)).collect();
    assert!(wrong.is_empty(), "wanted {wrong:?}, have {instead:?}");
    assert_eq!(have.len(), want.len(), "prospects");
}

/// A value as the text it stands for.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
