//! The values of the config as they were written, each with where it comes from.
//!
//! Knows flags, variables and the file; a value's meaning is `operator`'s.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use model::{Problem, Problems, nearest};
use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::config::catalog::{CONFIG, Entry, Kind, OTHER_VARIABLES};

/// The name of the config file in a data directory.
const FILE: &str = "sluice.yaml";

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A flag of the command.
    Flag,
    /// A variable of the environment.
    Environment(String),
    /// The config file.
    File(PathBuf),
    /// Nobody gave one.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Flag => f.write_str("flag"),
            Source::Environment(name) => write!(f, "${name}"),
            Source::File(path) => write!(f, "{}", path.display()),
            Source::Default => f.write_str("default"),
        }
    }
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// One text, or several of a list.
    Texts(Vec<String>),
    /// A secret.
    Secret(SecretString),
}

/// The values that hold: one for each entry of the table that has any.
#[derive(Debug)]
pub(crate) struct Effective {
    /// The data directory.
    pub(crate) data_dir: PathBuf,
    /// The config file, where there is one.
    pub(crate) file: Option<PathBuf>,
    values: BTreeMap<&'static str, (Content, Source)>,
    /// Variables of the environment that look like ours and are not.
    pub(crate) strangers: Vec<String>,
}

/// Where values may come from.
pub(crate) struct Sources<'a> {
    /// The data directory.
    pub(crate) data_dir: PathBuf,
    /// The file that a flag or `$SLUICE_CONFIG` names.
    pub(crate) file: Option<PathBuf>,
    /// Flags that were given: names of the table with their texts.
    pub(crate) flags: Vec<(&'static str, String)>,
    /// The environment.
    pub(crate) environment: &'a BTreeMap<String, String>,
}

impl Sources<'_> {
    /// The values that hold.
    ///
    /// # Errors
    /// The file cannot be read; names that nobody knows; secrets in the file: everything at once.
    pub(crate) fn read(self) -> Result<Effective, Problems> {
        let (found, problems) = self.gather();
        problems.or(|| found)
    }

    /// The values that hold as far as they can be read, and everything that is wrong.
    pub(crate) fn gather(self) -> (Effective, Problems) {
        let mut problems = Problems::default();
        let mut values: BTreeMap<&'static str, (Content, Source)> = BTreeMap::new();
        for entry in CONFIG.iter().filter(|entry| !entry.default.is_empty()) {
            values.insert(entry.name, (Content::Texts(vec![entry.default.to_owned()]), Source::Default));
        }
        let own = self.data_dir.join(FILE);
        let file = self.file.or_else(|| own.exists().then_some(own));
        if let Some(path) = &file {
            for (name, texts) in from_file(path, &mut problems) {
                values.insert(name, (Content::Texts(texts), Source::File(path.clone())));
            }
        }
        for entry in CONFIG {
            let variable = entry.variable();
            // A variable that is set to nothing is one that somebody took back.
            if let Some(text) = self.environment.get(&variable).filter(|text| !text.is_empty()) {
                values.insert(entry.name, (content(entry, text), Source::Environment(variable)));
            }
        }
        for (name, text) in self.flags {
            if let Some(entry) = Entry::find(name) {
                values.insert(entry.name, (content(entry, &text), Source::Flag));
            }
        }
        let strangers = strangers(self.environment);
        (Effective { data_dir: self.data_dir, file, values, strangers }, problems)
    }
}

impl Effective {
    /// A value with where it comes from.
    pub(crate) fn get(&self, name: &str) -> Option<&(Content, Source)> {
        self.values.get(name)
    }

    /// The texts of a value; none for a secret or what nobody gave.
    pub(crate) fn texts(&self, name: &str) -> &[String] {
        match self.values.get(name) {
            Some((Content::Texts(texts), _)) => texts,
            Some((Content::Secret(_), _)) | None => &[],
        }
    }

    /// The one text of a value.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).first().map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A secret.
    pub(crate) fn secret(&self, name: &str) -> Option<&SecretString> {
        match self.values.get(name) {
            Some((Content::Secret(secret), _)) => Some(secret),
            Some((Content::Texts(_), _)) | None => None,
        }
    }

    /// Where a value is written, as a place for problems.
    pub(crate) fn at(&self, name: &str) -> String {
        match self.values.get(name).map(|(_, source)| source) {
            Some(Source::Environment(variable)) => format!("${variable}"),
            Some(Source::File(path)) => format!("{}: {name}", path.display()),
            Some(Source::Flag) => format!("--{}", name.replace('_', "-")),
            Some(Source::Default) | None => format!("config {name}"),
        }
    }

    /// A path as it is meant: what stands in the file is relative to the file's folder.
    pub(crate) fn path(&self, name: &str, text: &str) -> PathBuf {
        match self.values.get(name).map(|(_, source)| source) {
            Some(Source::File(file)) => file.parent().unwrap_or(Path::new("")).join(text),
            Some(Source::Flag | Source::Environment(_) | Source::Default) | None => PathBuf::from(text),
        }
    }
}

fn content(entry: &Entry, text: &str) -> Content {
    match entry.kind {
        Kind::Secret => Content::Secret(SecretString::from(text.to_owned())),
        kind if kind.is_list() => Content::Texts(split(text)),
        _ => Content::Texts(vec![text.to_owned()]),
    }
}

fn split(text: &str) -> Vec<String> {
    text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// The values of a file, as far as they can be read.
fn from_file(path: &Path, problems: &mut Problems) -> Vec<(&'static str, Vec<String>)> {
    let shown = path.display();
    let Some(entries) = problems.keep(entries(path)) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, value) in &entries {
        let at = format!("{shown}: {name}");
        let Some(entry) = Entry::find(name) else {
            let problem = Problem::at(at, "is not a name that is known here");
            let near = nearest(name, CONFIG.iter().map(|entry| entry.name));
            let hint =
                near.map_or_else(|| "`sluice config list` has them all".into(), |near| format!("did you mean {near}?"));
            problems.push(problem.hint(hint));
            continue;
        };
        match (entry.kind, texts(value)) {
            (_, Some(texts)) if texts.is_empty() => {}
            (Kind::Secret, _) => {
                let problem = Problem::at(at, "is a secret, which does not belong into this file");
                problems.push(problem.hint(secret_place(entry)));
            }
            (kind, Some(texts)) if kind.is_list() => {
                let parts = if value.is_array() { texts } else { texts.iter().flat_map(|text| split(text)).collect() };
                found.push((entry.name, parts));
            }
            (_, Some(texts)) if texts.len() == 1 && !value.is_array() => found.push((entry.name, texts)),
            (kind, _) => problems.push(Problem::at(at, format!("must be {}", kind.allowed()))),
        }
    }
    found
}

/// The names of a file with their values.
fn entries(path: &Path) -> Result<Map<String, Value>, Problem> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::at(shown.to_string(), format!("cannot be read: {error}")))?;
    let value: Value = serde_saphyr::from_str(&text).map_err(|error| {
        let place = error.location().map(|at| format!(":{}", at.line())).unwrap_or_default();
        // The parser's own words may quote the file.
        Problem::at(format!("{shown}{place}"), "is no YAML").hint("write one `name: value` a line, each name once")
    })?;
    match value {
        Value::Object(entries) => Ok(entries),
        Value::Null => Ok(Map::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Problem::at(shown.to_string(), "must be a mapping of names to values"))
        }
    }
}

fn secret_place(entry: &Entry) -> String {
    let file = format!("{}_file", entry.name);
    match Entry::find(&file) {
        Some(file) => format!("name a file with {}, or set ${}", file.name, entry.variable()),
        None => format!("set ${}", entry.variable()),
    }
}

/// The texts of a value; `null` has none. Nothing for what is no text, number, truth value or list of them.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::Bool(truth) => Some(vec![truth.to_string()]),
        Value::Number(number) => Some(vec![number.to_string()]),
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(items) => {
            let parts: Option<Vec<Vec<String>>> = items.iter().filter(|item| !item.is_array()).map(texts).collect();
            parts.map(|parts| parts.concat()).filter(|parts| parts.len() == items.len())
        }
        Value::Object(_) => None,
    }
}

/// Variables that were likely meant for us: a name nearly like one of ours. Others that begin so are somebody else's.
fn strangers(environment: &BTreeMap<String, String>) -> Vec<String> {
    let ours: Vec<String> = CONFIG.iter().map(Entry::variable).chain(OTHER_VARIABLES.map(str::to_owned)).collect();
    let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
    let own = environment.keys().filter(|name| name.starts_with("SLUICE_") && !ours.contains(&name.as_str()));
    own.filter_map(|name| {
        nearest(name, ours.iter().copied()).map(|near| format!("${name} has no effect; did you mean ${near}?"))
    })
    .collect()
}
