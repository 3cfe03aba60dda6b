//! The shape of the sources: docs, lengths, names, and words that must not stand in code.
//!
//! Knows the limits of STYLE.md; the exceptions stand here with their reasons.

use crate::none;
use crate::source::{self, Source, code_of};

/// Lines of a file before its tests.
const FILE_LINES: usize = 400;
/// Lines of a function, signature and braces included.
const FUNCTION_LINES: usize = 60;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 7] = ["util", "utils", "helper", "helpers", "manager", "common", "misc"];

/// Places that may ask the system how much time has passed, beside files called `clock.rs`.
const STOPWATCHES: [(&str, &str); 4] = [
    ("crates/sluice/src/cli/progress.rs", "how often a line is shown decides nothing"),
    ("crates/app/src/job.rs", "seconds by stage, for the report alone"),
    ("crates/query/src/", "seconds of the query, for the report alone"),
    ("crates/pardot-sim/src/", "the average of calls under way is one of real time"),
];

#[test]
fn every_file_says_what_it_is_for() {
    let sources = source::all();
    let silent = |source: &&Source| !source.text.starts_with("//!");
    let silent: Vec<String> = sources.iter().filter(silent).map(|source| source.path.clone()).collect();
    none("a file opens with its module's documentation", &silent);
}

#[test]
fn files_and_functions_are_short() {
    let mut long = Vec::new();
    for source in source::all().iter().filter(|source| source.product()) {
        let code = source.before_tests();
        if code.len() > FILE_LINES {
            long.push(format!("{}: {} lines", source.path, code.len()));
        }
        for (line, name, lines) in functions(code) {
            if lines > FUNCTION_LINES {
                long.push(format!("{}:{line}: fn {name} has {lines} lines", source.path));
            }
        }
    }
    none("400 lines a file, 60 a function", &long);
}

#[test]
fn names_say_something() {
    let empty = |source: &&Source| {
        let parts = source.path.trim_end_matches(".rs").split('/');
        parts.into_iter().any(|part| EMPTY_NAMES.contains(&part))
    };
    let sources = source::all();
    let found: Vec<String> = sources.iter().filter(empty).map(|source| source.path.clone()).collect();
    none("no file or folder is called util, helper, manager, common or misc", &found);
}

#[test]
fn nothing_is_left_for_later() {
    let mut found = Vec::new();
    for source in source::all() {
        let unfinished = ["todo!(", "unimplemented!(", "#[ignore"];
        found.extend(standing(&source, &source.code, &unfinished));
        if source.product() {
            found.extend(standing(&source, source.before_tests(), &[".unwrap()"]));
        }
    }
    none("no todo!, unimplemented! or #[ignore], and no unwrap outside tests", &found);
}

#[test]
fn time_is_an_argument() {
    let mut found = Vec::new();
    let mut used = [false; STOPWATCHES.len()];
    for source in source::all().iter().filter(|source| source.product()) {
        if source.path.ends_with("/clock.rs") {
            continue;
        }
        let code = source.before_tests();
        let wall = ["SystemTime::now", "Timestamp::now", "Zoned::now"];
        found.extend(standing(source, code, &wall));
        let elapsed = standing(source, code, &["Instant::now"]);
        let exception = STOPWATCHES.iter().position(|(path, _)| source.path.starts_with(path));
        match exception {
            Some(place) => used[place] |= !elapsed.is_empty(),
            None => found.extend(elapsed),
        }
    }
    let unused = STOPWATCHES.iter().zip(used).filter(|(_, used)| !used);
    found.extend(unused.map(|((path, reason), _)| format!("{path} needs no exception any more ({reason})")));
    none("only clock.rs files ask the system for the time", &found);
}

/// Where one of the words stands.
fn standing(source: &Source, code: &[String], words: &[&str]) -> Vec<String> {
    let lines = code.iter().enumerate();
    let hits = lines.flat_map(|(line, text)| {
        let words = words.iter().filter(move |word| text.contains(**word));
        words.map(move |word| format!("{}:{}: {word}", source.path, line + 1))
    });
    hits.collect()
}

/// Line, name and length of every function with a body.
fn functions(code: &[String]) -> Vec<(usize, String, usize)> {
    let mut found = Vec::new();
    for (line, text) in code.iter().enumerate() {
        for (at, _) in text.match_indices("fn ") {
            let before = text[..at].chars().next_back();
            let name: String = text[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if name.is_empty() || before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            if let Some(lines) = body_lines(&code[line..], at) {
                found.push((line + 1, name, lines));
            }
        }
    }
    found
}

/// Lines from the signature to the brace that closes the body; nothing for a signature alone.
fn body_lines(code: &[String], at: usize) -> Option<usize> {
    let (mut braces, mut brackets) = (0_i32, 0_i32);
    for (line, text) in code.iter().enumerate() {
        for c in text.chars().skip(if line == 0 { at } else { 0 }) {
            match c {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets -= 1,
                ';' if braces == 0 && brackets == 0 => return None,
                '{' => braces += 1,
                '}' => braces -= 1,
                _ => continue,
            }
            if c == '}' && braces == 0 {
                return Some(line + 1);
            }
        }
    }
    None
}

#[test]
fn functions_are_measured() {
    let text = "trait T {\n    fn a(x: [u8; 2]);\n    fn b() -> &'static str {\n        \"}\"\n    }\n}\nfn c(f: fn(u8) -> u8) {}\n";
    let found: Vec<(usize, String, usize)> = functions(&code_of(text));
    assert_eq!(found, [(3, "b".to_owned(), 3), (7, "c".to_owned(), 1)]);
}
