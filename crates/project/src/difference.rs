//! What differs between two things of one name, part by part.
//!
//! Knows when two queries mean the same, and which texts are short enough to be shown; nothing of what is done about it.

use api::QuerySpec;
use serde::Serialize;

use crate::{exported, timetable, told};

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

/// What differs between two lists whose things have names: pairs of the name and of everything else in one form.
pub(crate) fn keyed(field: &str, from: &[(String, String)], to: &[(String, String)]) -> Vec<Difference> {
    let find = |list: &[(String, String)], name: &str| {
        list.iter().find(|(known, _)| known == name).map(|(_, rest)| rest.clone())
    };
    let mut differences = Vec::new();
    for (name, rest) in from {
        let is = find(to, name);
        differences.extend(difference(&format!("{field}.{name}"), Some(rest), is.as_deref()));
    }
    for (name, rest) in to.iter().filter(|(name, _)| find(from, name).is_none()) {
        differences.extend(difference(&format!("{field}.{name}"), None, Some(rest)));
    }
    // Columns stand in the order in which they are written.
    if differences.is_empty() && from != to {
        differences.push(Difference { field: format!("{field} (their order)"), from: None, to: None });
    }
    differences
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
    differences.extend(exported::differences(from.export.as_ref(), to.export.as_ref()));
    differences.extend(timetable::differences(from.schedule.as_ref(), to.schedule.as_ref()));
    differences.extend(told::differences(from.notify.as_ref(), to.notify.as_ref()));
    differences
}
