//! The Rust files of the workspace, and their code without comments and texts.
//!
//! Knows as much of Rust's grammar as it takes to tell code from what only looks like code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One Rust file.
pub(crate) struct Source {
    /// Its path from the workspace's folder, with `/`.
    pub(crate) path: String,
    /// The file as it is.
    pub(crate) text: String,
    /// The file line by line, comments and the insides of texts left out.
    pub(crate) code: Vec<String>,
    /// Whether it is only built for tests: `tests/`, or a module that is declared under `#[cfg(test)]`.
    pub(crate) test: bool,
}

impl Source {
    /// Whether it is part of a crate itself, neither test nor example.
    pub(crate) fn product(&self) -> bool {
        self.path.split('/').nth(2) == Some("src") && !self.test
    }

    /// The lines before the module of tests that ends the file.
    pub(crate) fn before_tests(&self) -> &[String] {
        let tests = |pair: &[String]| pair[0].trim() == "#[cfg(test)]" && inline_module(&pair[1]);
        let end = self.code.windows(2).position(tests).unwrap_or(self.code.len());
        &self.code[..end]
    }
}

fn inline_module(line: &str) -> bool {
    line.starts_with("mod ") && line.trim_end().ends_with('{')
}

/// Every Rust file below `crates/`.
pub(crate) fn all() -> Vec<Source> {
    let root = crate::workspace();
    let mut paths = Vec::new();
    walk(&root.join("crates"), &mut paths);
    paths.sort();
    let mut sources: Vec<Source> = paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).expect("a source is readable text");
            let shown = path.strip_prefix(&root).expect("the file lies in the workspace");
            let path = shown.to_string_lossy().replace('\\', "/");
            let test = path.split('/').nth(2) == Some("tests");
            let code = code_of(&text);
            Source { path, text, code, test }
        })
        .collect();
    let declared: BTreeSet<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let inside =
            |module: &String| source.path == format!("{module}.rs") || source.path.starts_with(&format!("{module}/"));
        source.test |= declared.iter().any(inside);
    }
    assert!(sources.len() > 100, "the sources were not found");
    sources
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources is readable") {
        let path = entry.expect("a folder of sources is readable").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            walk(&path, paths);
        } else if name.ends_with(".rs") {
            paths.push(path);
        }
    }
}

/// Paths, without ending, of the modules that a file declares under `#[cfg(test)]`.
fn test_modules(source: &Source) -> Vec<String> {
    let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let folder = match file {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        _ => format!("{folder}/{}", file.trim_end_matches(".rs")),
    };
    let name = |pair: &[String]| {
        let declared = pair[1].trim().strip_prefix("mod ")?.strip_suffix(';')?;
        (pair[0].trim() == "#[cfg(test)]").then(|| format!("{folder}/{declared}"))
    };
    source.code.windows(2).filter_map(name).collect()
}

/// The lines of a file; comments are gone, texts and characters are empty, line ends stay where they are.
pub(crate) fn code_of(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => line_comment(&chars, at),
            ('/', Some('*')) => block_comment(&chars, at),
            ('"', _) => quoted(&chars, at),
            ('r', Some('"' | '#')) if !in_word(&chars, at) => raw(&chars, at),
            ('\'', _) => character(&chars, at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        if chars[at] != '/' {
            out.push_str("\"\"");
        }
        out.extend(chars[at..end].iter().filter(|c| **c == '\n'));
        at = end;
    }
    out.lines().map(str::to_owned).collect()
}

/// A `b` before a raw text is part of it, any other letter makes it a name.
fn in_word(chars: &[char], at: usize) -> bool {
    let letter = |place: usize| chars.get(place).is_some_and(|c| c.is_alphanumeric() || *c == '_');
    match at.checked_sub(1) {
        Some(before) if chars[before] == 'b' => before.checked_sub(1).is_some_and(letter),
        Some(before) => letter(before),
        None => false,
    }
}

fn line_comment(chars: &[char], at: usize) -> usize {
    let rest = chars[at..].iter().position(|c| *c == '\n');
    rest.map_or(chars.len(), |length| at + length)
}

fn block_comment(chars: &[char], at: usize) -> usize {
    let (mut depth, mut place) = (0, at);
    while place < chars.len() {
        match (chars[place], chars.get(place + 1)) {
            ('/', Some('*')) => (depth, place) = (depth + 1, place + 2),
            ('*', Some('/')) => (depth, place) = (depth - 1, place + 2),
            _ => place += 1,
        }
        if depth == 0 {
            break;
        }
    }
    place
}

fn quoted(chars: &[char], at: usize) -> usize {
    let mut place = at + 1;
    while place < chars.len() && chars[place] != '"' {
        place += if chars[place] == '\\' { 2 } else { 1 };
    }
    (place + 1).min(chars.len())
}

fn raw(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        return at;
    }
    let mut place = at + 2 + hashes;
    while place < chars.len() {
        let closes =
            chars[place] == '"' && chars[place + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
        place += 1;
        if closes {
            return place + hashes;
        }
    }
    place
}

/// A character, or nothing where the quote begins a lifetime.
fn character(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), Some(_)) => {
            let close = chars[at + 3..].iter().position(|c| *c == '\'');
            close.map_or(at, |length| at + 4 + length)
        }
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

#[test]
fn code_is_told_from_texts_and_comments() {
    let cases = [
        ("a // b\nc", "a \nc"),
        ("a /* b /* c */\n d */ e", "a \n e"),
        (r#"f("} \" {", 'x', '\'', '{')"#, r#"f("", "", "", "")"#),
        ("r#\"a \"b\" }\n\"# x", "\"\"\n x"),
        ("br\"{\" for r in 'a", "b\"\" for r in 'a"),
        ("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}"),
    ];
    for (text, want) in cases {
        assert_eq!(code_of(text).join("\n"), want, "{text}");
    }
}
