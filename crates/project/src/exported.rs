//! Where rows go: read from a document, compared with what a server has, written back.
//!
//! Knows the names of an export and when two mean the same; what a setting does is the model's.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use api::{Export, SettingsMap};
use model::{Plan, Problem, Settings};
use serde_json::{Map, Value};

use crate::difference::{Difference, difference};
use crate::fields::Fields;
use crate::render::{flow, scalar};

/// The name in a document.
const EXPORT: &str = "export";

/// The export of a document, where it is given.
pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Export> {
    let value = fields.value(EXPORT)?;
    let Value::Object(mut entries) = value else {
        fields.problem(EXPORT, "must be a mapping", "write connection: and settings: below it");
        return None;
    };
    let connection = match entries.remove("connection") {
        Some(Value::String(name)) if !name.is_empty() => name,
        _ => {
            let at = fields.at_within(EXPORT, &["connection"]);
            fields.problems.push(Problem::at(at, "must be the name of a connection"));
            String::new()
        }
    };
    let settings = match entries.remove("settings") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(settings)) => settings,
        Some(_) => {
            let at = fields.at_within(EXPORT, &["settings"]);
            fields.problems.push(Problem::at(at, "must be a mapping of names to values"));
            Map::new()
        }
    };
    for name in entries.keys() {
        let at = fields.at_within(EXPORT, &[name]);
        fields
            .problems
            .push(Problem::at(at, "is not a name that is known here").hint("the names are connection, settings"));
    }
    check(&settings, fields);
    Some(Export { connection, settings: SettingsMap(settings) })
}

/// The settings' own rules, which need no server.
fn check(settings: &Map<String, Value>, fields: &mut Fields<'_>) {
    let mut given = Settings::default();
    let mut found = given.set_all(&Value::Object(settings.clone())).err().unwrap_or_default();
    if let Err(problems) = Plan::parse(&given) {
        found.extend(problems);
    }
    for problem in found.iter() {
        let name = problem.at.strip_prefix("settings.").unwrap_or(&problem.at);
        let at = fields.at_within(EXPORT, &["settings", name]);
        fields.problems.push(Problem { at, ..problem.clone() });
    }
}

/// The settings in one form, however they were written.
fn settings(export: Option<&Export>) -> BTreeMap<String, String> {
    let Some(export) = export else {
        return BTreeMap::new();
    };
    let mut settings = Settings::default();
    // The names were checked when the project was read; one that only the server knows differs from everything.
    let unknown = settings.set_all(&Value::Object(export.settings.0.clone())).is_err();
    let mut texts: BTreeMap<String, String> = match settings.to_json() {
        Value::Object(entries) => {
            entries.into_iter().map(|(name, text)| (name, text.as_str().unwrap_or_default().to_owned())).collect()
        }
        _ => BTreeMap::new(),
    };
    if unknown {
        texts.insert("unknown".into(), String::new());
    }
    texts
}

/// What differs between two exports.
pub(crate) fn differences(from: Option<&Export>, to: Option<&Export>) -> Vec<Difference> {
    let through = |export: Option<&Export>| export.map(|export| export.connection.clone());
    let mut differences = Vec::new();
    differences.extend(difference("export.connection", through(from).as_deref(), through(to).as_deref()));
    let (was, is) = (settings(from), settings(to));
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    for setting in names {
        let (from, to) = (was.get(setting).map(String::as_str), is.get(setting).map(String::as_str));
        differences.extend(difference(&format!("export.settings.{setting}"), from, to));
    }
    differences
}

/// The lines of an export in a document.
pub(crate) fn write(text: &mut String, export: Option<&Export>) {
    let Some(export) = export else { return };
    let _ = writeln!(text, "{EXPORT}:\n  connection: {}", scalar(&export.connection));
    if !export.settings.0.is_empty() {
        text.push_str("  settings:\n");
        for (name, value) in &export.settings.0 {
            let _ = writeln!(text, "    {}: {}", scalar(name), flow(value));
        }
    }
}
