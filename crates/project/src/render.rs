//! What a server has, written as the files of a project.
//!
//! Knows YAML as far as it is written here. Reading the files back wants exactly what is there; secrets are never in them.

use std::collections::BTreeSet;
use std::fmt::Write;

use api::{AppKind, Connection, GrantKind, Overlap, Query, Table, TableKind};
use pardot::Usage;
use serde_json::Value;

use crate::document::Kind;
use crate::plan::Actual;
use crate::schema::schema;
use crate::{activations, exported, parent_segments, segments, timetable, told};

/// The name of the schema in the project's folder, which the files' first line tells to editors.
pub const SCHEMA_FILE: &str = "sluice.schema.json";

/// Words that YAML would take for something else than a text, in any of its versions.
const WORDS: [&str; 10] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan"];

/// The files, as pairs of path and text, in a stable order: the schema, then the kinds in the order of [`Kind::ALL`].
pub fn render(actual: &Actual) -> Vec<(String, String)> {
    let mut files = vec![(SCHEMA_FILE.to_owned(), format!("{:#}\n", schema()))];
    let mut names = Names::default();
    for found in sorted(&actual.connections, |found| &found.name) {
        files.push((format!("{}.yaml", names.path(Kind::Connection, &found.name)), connection(found)));
    }
    for found in sorted(&actual.tables, |found| &found.name) {
        files.push((format!("{}.yaml", names.path(Kind::Table, &found.name)), table(found)));
    }
    for found in sorted(&actual.queries, |found| &found.spec.name) {
        let path = names.path(Kind::Query, &found.spec.name);
        let sql = format!("{path}.sql");
        let beside = sql.rsplit('/').next().unwrap_or(&sql).to_owned();
        files.push((format!("{path}.yaml"), query(found, &beside)));
        files.push((sql, format!("{}\n", found.spec.sql.trim_end())));
    }
    audiences(actual, &mut names, &mut files);
    files
}

/// Parent segments, segments, activations.
fn audiences(actual: &Actual, names: &mut Names, files: &mut Vec<(String, String)>) {
    let mut file = |kind: Kind, name: &str, write: &dyn Fn(&mut String)| {
        let mut text = head();
        write(&mut text);
        files.push((format!("{}.yaml", names.path(kind, name)), text));
    };
    for found in sorted(&actual.parent_segments, |found| &found.spec.name) {
        file(Kind::ParentSegment, &found.spec.name, &|text| parent_segments::write(text, found));
    }
    for found in sorted(&actual.segments, |found| &found.spec.name) {
        file(Kind::Segment, &found.spec.name, &|text| segments::write(text, found));
    }
    for found in sorted(&actual.activations, |found| &found.spec.name) {
        file(Kind::Activation, &found.spec.name, &|text| activations::write(text, found));
    }
}

fn sorted<T>(things: &[T], name: impl Fn(&T) -> &String) -> Vec<&T> {
    let mut sorted: Vec<&T> = things.iter().collect();
    sorted.sort_by(|one, other| name(one).cmp(name(other)));
    sorted
}

/// Paths without ending; none differs from another in upper and lower case alone.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn path(&mut self, kind: Kind, name: &str) -> String {
        let plain: String =
            name.chars().map(|c| if c.is_alphanumeric() || "-_. ".contains(c) { c } else { '_' }).collect();
        let plain = if plain.starts_with('.') { format!("_{plain}") } else { plain };
        let mut path = format!("{}/{plain}", kind.folder());
        let mut count = 2;
        while !self.0.insert(path.to_lowercase()) {
            path = format!("{}/{plain}-{count}", kind.folder());
            count += 1;
        }
        path
    }
}

fn head() -> String {
    format!("# yaml-language-server: $schema=../{SCHEMA_FILE}\n")
}

pub(crate) fn line(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "{name}: {}", scalar(value));
}

fn connection(found: &Connection) -> String {
    let mut text = head();
    line(&mut text, "name", &found.name);
    line(&mut text, "pardot_domain", &found.pardot_domain);
    line(&mut text, "business_unit", &found.business_unit);
    let app = match found.connected_app {
        AppKind::Default => "default",
        AppKind::Custom => "custom",
    };
    line(&mut text, "connected_app", app);
    let custom = found.connected_app == AppKind::Custom;
    if let Some(client_id) = found.client_id.as_ref().filter(|_| custom) {
        line(&mut text, "client_id", client_id);
    }
    line(&mut text, "login_url", &found.login_url);
    let grant = match found.grant {
        GrantKind::RefreshToken => "refresh_token",
        GrantKind::ClientCredentials => "client_credentials",
        GrantKind::JwtBearer => "jwt_bearer",
    };
    line(&mut text, "grant", grant);
    for (name, value) in [("username", &found.username), ("audience", &found.audience)] {
        if let Some(value) = value {
            line(&mut text, name, value);
        }
    }
    if found.reserve != Usage::USUAL_RESERVE {
        let _ = writeln!(text, "reserve: {}", found.reserve);
    }
    if found.daily_budget != 0 {
        let _ = writeln!(text, "daily_budget: {}", found.daily_budget);
    }
    text.push_str("# Secrets are never written. They are sent where the server has none, from these places:\n");
    let variable = |secret: &str| {
        let name: String =
            found.name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        let digit = if name.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
        format!("env:{digit}{name}_{secret}")
    };
    if custom && found.secrets.client_secret {
        line(&mut text, "client_secret", &variable("CLIENT_SECRET"));
    }
    if found.secrets.private_key {
        line(&mut text, "private_key", &variable("PRIVATE_KEY"));
    }
    // A refresh token comes from pressing Connect and may be rotated at each use: a copy elsewhere goes stale.
    let _ = writeln!(text, "# refresh_token: {} (or press Connect)", variable("REFRESH_TOKEN"));
    text
}

fn table(found: &Table) -> String {
    let mut text = head();
    line(&mut text, "name", &found.name);
    match found.kind {
        TableKind::Bound => line(&mut text, "files", found.files.as_deref().unwrap_or_default()),
        TableKind::Uploaded => {
            text.push_str(
                "# The uploaded file stays on the server. To keep it in the project, name it with upload: instead.\n",
            );
            line(&mut text, "uploaded", found.sha256.as_deref().unwrap_or("unknown"));
        }
    }
    text
}

fn query(found: &Query, sql_file: &str) -> String {
    let spec = &found.spec;
    let mut text = head();
    line(&mut text, "name", &spec.name);
    if let Some(description) = spec.description.as_ref().filter(|description| !description.is_empty()) {
        line(&mut text, "description", description);
    }
    line(&mut text, "sql_file", sql_file);
    if let Some(source) = &spec.source {
        line(&mut text, "source", source);
    }
    match spec.overlap {
        Overlap::Queue => {}
        Overlap::Skip => line(&mut text, "overlap", "skip"),
    }
    if let Some(seconds) = spec.time_limit {
        let _ = writeln!(text, "time_limit: {seconds}");
    }
    timetable::write(&mut text, spec.schedule.as_ref());
    told::write(&mut text, spec.notify.as_ref());
    exported::write(&mut text, spec.export.as_ref());
    text
}

/// A value on one line.
pub(crate) fn flow(value: &Value) -> String {
    match value {
        // A server may keep every setting as a text; the plain form means the same.
        Value::String(text) if plain(text) => text.clone(),
        Value::String(text) => scalar(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// Whether a text is a number or a truth value that reads back as exactly this text.
fn plain(text: &str) -> bool {
    matches!(text, "true" | "false") || text.parse::<u32>().is_ok_and(|number| number.to_string() == text)
}

/// A text that YAML reads back as the same text.
pub(crate) fn scalar(text: &str) -> String {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '/');
    let inner = text.chars().all(|c| c.is_ascii_alphanumeric() || "/_.@-:+".contains(c));
    let colon = text.ends_with(':');
    if first && inner && !colon && !WORDS.contains(&text.to_ascii_lowercase().as_str()) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
