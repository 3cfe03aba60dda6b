//! What differs between two things of one name, part by part.
//!
//! Knows when two queries mean the same, and which texts are short enough to be shown; nothing of what is done about it.

use std::collections::{BTreeMap, BTreeSet};

use api::QuerySpec;
use model::Settings;
use serde::Serialize;
use serde_json::Value;

use crate::{timetable, told};

/// One part that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which: `files`, `export.settings.parallel_tasks`.
    pub field: String,
    /// What is there, where it is short enough to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What is wanted, where it is short enough to be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

pub(crate) fn difference(field: &str, from: Option<&str>, to: Option<&str>) -> Option<Difference> {
    let short = |text: &str| text.chars().count() <= 60 && !text.contains('\n');
    let shown = |text: Option<&str>| text.filter(|_| from.is_none_or(short) && to.is_none_or(short)).map(str::to_owned);
    (from != to).then(|| Difference { field: field.to_owned(), from: shown(from), to: shown(to) })
}

/// The settings in one form, however they were written.
fn settings(spec: &QuerySpec) -> BTreeMap<String, String> {
    let Some(export) = &spec.export else {
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

/// What differs between two queries of one name.
pub(crate) fn of_queries(from: &QuerySpec, to: &QuerySpec) -> Vec<Difference> {
    let mut differences = Vec::new();
    let description = |spec: &QuerySpec| spec.description.clone().filter(|text| !text.is_empty());
    differences.extend(difference("description", description(from).as_deref(), description(to).as_deref()));
    differences.extend(difference("sql", Some(from.sql.trim_end()), Some(to.sql.trim_end())));
    let source = |spec: &QuerySpec| spec.source.clone().unwrap_or_else(|| "embedded".to_owned());
    differences.extend(difference("source", Some(&source(from)), Some(&source(to))));
    let overlap = |spec: &QuerySpec| match spec.overlap {
        api::Overlap::Queue => "queue",
        api::Overlap::Skip => "skip",
    };
    differences.extend(difference("overlap", Some(overlap(from)), Some(overlap(to))));
    let limit = |spec: &QuerySpec| spec.time_limit.map(|seconds| seconds.to_string());
    differences.extend(difference("time_limit", limit(from).as_deref(), limit(to).as_deref()));
    let through = |spec: &QuerySpec| spec.export.as_ref().map(|export| export.connection.clone());
    differences.extend(difference("export.connection", through(from).as_deref(), through(to).as_deref()));
    let (was, is) = (settings(from), settings(to));
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    for setting in names {
        let (from, to) = (was.get(setting).map(String::as_str), is.get(setting).map(String::as_str));
        differences.extend(difference(&format!("export.settings.{setting}"), from, to));
    }
    differences.extend(timetable::differences(from.schedule.as_ref(), to.schedule.as_ref()));
    differences.extend(told::differences(from.notify.as_ref(), to.notify.as_ref()));
    differences
}
