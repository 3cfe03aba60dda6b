//! Files of a project → what it wants to be there, or everything that is wrong with them.
//!
//! Knows the rules that need no server: names, shapes, settings, references. What a server says about hosts, SQL and files
//! is its own.

use std::collections::BTreeMap;

use api::{ConnectionSpec, QuerySpec};
use model::{Problem, Problems, nearest};
use pardot::{BusinessUnitId, Usage};

use crate::document::{Kind, SecretName, SecretReference};
use crate::fields::{Fields, documents};
use crate::hosts::{DOMAIN, LOGIN, impossible};
use crate::schema::names;
use crate::{Origin, Project, Rows, WantedConnection, WantedQuery, WantedTable};
use crate::{activations, exported, parent_segments, segments, timetable, told};

/// Reads the files of a project: pairs of path (relative, with `/`) and text. Files that end in `.yaml` or `.yml` are
/// documents, those that end in `.sql` are there for documents that name them, others are passed over.
///
/// # Errors
/// Everything that is wrong, with file and line.
pub fn parse(files: &[(String, String)]) -> Result<Project, Problems> {
    let (project, problems) = gather(files);
    problems.or(|| project)
}

/// Reads the files as [`parse`] does: what can be understood, and everything that is wrong. Whoever goes on to ask
/// elsewhere can then say all problems at once.
pub fn gather(files: &[(String, String)]) -> (Project, Problems) {
    let mut reading = Reading {
        texts: files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect(),
        project: Project::default(),
        problems: Problems::default(),
    };
    for (path, text) in files {
        if !(path.ends_with(".yaml") || path.ends_with(".yml")) {
            continue;
        }
        match documents(path, text) {
            Ok(found) => found.into_iter().for_each(|fields| reading.document(path, fields)),
            Err(problem) => {
                reading.problems.push(problem);
                reading.unread(path);
            }
        }
    }
    let Reading { project, problems, .. } = reading;
    (project, problems)
}

/// Reads a file with one document of this kind, wherever it stands.
///
/// # Errors
/// Everything that is wrong; several documents, or none.
pub fn single(kind: Kind, path: &str, text: &str) -> Result<Project, Problems> {
    let mut reading = Reading { texts: BTreeMap::new(), project: Project::default(), problems: Problems::default() };
    let mut found = documents(path, text)?;
    match (found.pop(), found.is_empty()) {
        (Some(mut fields), true) => {
            let kind = kind_of(Some(kind), &mut fields);
            reading.one(kind, path, fields);
        }
        _ => {
            let problem = Problem::at(path, format!("must hold one {kind}"));
            reading.problems.push(problem.hint("write one document, without --- between several"));
        }
    }
    let Reading { project, problems, .. } = reading;
    problems.or(|| project)
}

struct Reading<'a> {
    texts: BTreeMap<&'a str, &'a str>,
    project: Project,
    problems: Problems,
}

impl Reading<'_> {
    fn document(&mut self, path: &str, mut fields: Fields<'_>) {
        let kind = kind_of(folder_of(path), &mut fields);
        self.one(kind, path, fields);
    }

    fn one(&mut self, kind: Option<Kind>, path: &str, mut fields: Fields<'_>) {
        match kind {
            Some(kind) => {
                fields.only(&names(kind));
                match fields.needed("name") {
                    Some(name) => self.wanted(kind, name.trim(), &mut fields),
                    None => drop(self.project.unread.insert(kind)),
                }
            }
            None => self.unread(path),
        }
        self.problems.extend(fields.problems);
    }

    /// A document could not be read as far as its name: it may be of the kind that its folder tells, or of any.
    fn unread(&mut self, path: &str) {
        match folder_of(path) {
            Some(kind) => drop(self.project.unread.insert(kind)),
            None => self.project.unread.extend(Kind::ALL),
        }
    }

    fn wanted(&mut self, kind: Kind, name: &str, fields: &mut Fields<'_>) {
        if let Some(message) = wrong_name(kind, name) {
            fields.problem("name", message, "choose another name");
        }
        let origin = fields.origin();
        let before = match kind {
            Kind::Connection => {
                let wanted = connection(name, fields, origin);
                self.project.connections.insert(name.to_owned(), wanted).map(|known| known.origin)
            }
            Kind::Table => {
                let Some(rows) = rows(fields) else {
                    self.project.unread.insert(kind);
                    return;
                };
                let wanted = WantedTable { rows, origin };
                self.project.tables.insert(name.to_owned(), wanted).map(|known| known.origin)
            }
            Kind::Query => {
                let wanted = self.query(name, fields, origin);
                self.project.queries.insert(name.to_owned(), wanted).map(|known| known.origin)
            }
            Kind::ParentSegment => {
                let wanted = parent_segments::read(name, fields, origin);
                self.project.parent_segments.insert(name.to_owned(), wanted).map(|known| known.origin)
            }
            Kind::Segment => {
                let wanted = segments::read(name, fields, origin);
                self.project.segments.insert(name.to_owned(), wanted).map(|known| known.origin)
            }
            Kind::Activation => {
                let wanted = activations::read(name, fields, origin);
                self.project.activations.insert(name.to_owned(), wanted).map(|known| known.origin)
            }
        };
        if let Some(before) = before {
            let problem = Problem::at(fields.at("name"), format!("{kind} {name} is also written in {before}"));
            fields.problems.push(problem.hint("each name stands once in a project"));
        }
    }

    fn query(&self, name: &str, fields: &mut Fields<'_>, origin: Origin) -> WantedQuery {
        let (sql, sql_at) = match (fields.text("sql"), fields.text("sql_file")) {
            (Some(_), Some(_)) => {
                fields.problem("sql_file", "stands beside sql", "keep one of the two");
                (None, None)
            }
            (Some(sql), None) => (Some(sql), Some(fields.at("sql"))),
            (None, Some(file)) => self.sql_file(&file, fields, &origin).unzip(),
            (None, None) => {
                if !fields.has("sql") && !fields.has("sql_file") {
                    fields.problem("sql", "is missing", "write sql: |, or name a file with sql_file:");
                }
                (None, None)
            }
        };
        let connection_at = fields.has("export").then(|| fields.at_within("export", &["connection"]));
        let spec = QuerySpec {
            name: name.to_owned(),
            description: fields.text("description").filter(|text| !text.is_empty()),
            sql: sql.unwrap_or_default().trim_end().to_owned(),
            source: fields.text("source"),
            export: exported::read(fields),
            overlap: fields.take("overlap", "queue or skip").unwrap_or_default(),
            time_limit: fields.take("time_limit", "a whole number of seconds"),
            schedule: timetable::read(fields),
            notify: told::read(fields),
        };
        let webhooks_at = fields.has("notify").then(|| fields.at_within("notify", &["webhooks"]));
        WantedQuery { spec, origin, sql_at, connection_at, webhooks_at }
    }

    /// The SQL of a file, and its path.
    fn sql_file(&self, file: &str, fields: &mut Fields<'_>, origin: &Origin) -> Option<(String, String)> {
        let Some(path) = beside(&origin.path, file) else {
            fields.problem("sql_file", "leads out of the project", "name a file below the project's folder");
            return None;
        };
        let Some(text) = self.texts.get(path.as_str()) else {
            let known = self.texts.keys().filter(|known| known.ends_with(".sql")).copied();
            let hint = match nearest(&path, known) {
                Some(near) => format!("did you mean {near}?"),
                None => "the path is relative to the file that names it, and ends in .sql".to_owned(),
            };
            fields.problem("sql_file", &format!("there is no file {path}"), &hint);
            return None;
        };
        Some(((*text).to_owned(), path))
    }
}

/// The words of the kinds.
const KINDS: &str = "connection, table, query, parent_segment, segment or activation";

/// The kind that the folder tells.
fn folder_of(path: &str) -> Option<Kind> {
    path.split('/').rev().skip(1).find_map(|part| Kind::ALL.into_iter().find(|kind| kind.folder() == part))
}

/// The kind that folder or document tell.
fn kind_of(folder: Option<Kind>, fields: &mut Fields<'_>) -> Option<Kind> {
    let given = fields.has("kind");
    let written: Option<Kind> = fields.take("kind", KINDS);
    match (folder, written) {
        (Some(folder), Some(written)) if folder != written => {
            let message = format!("is {} in a folder of {}", written.name(), folder.folder());
            fields.problem("kind", &message, "move the file, or leave kind out");
            None
        }
        (_, Some(kind)) => Some(kind),
        (Some(kind), None) if !given => Some(kind),
        (None, None) if !given => {
            let folders = Kind::ALL.map(|kind| format!("{}/", kind.folder())).join(", ");
            let hint = format!("write kind: {KINDS}; or put the file into one of {folders}");
            fields.problem("kind", "is missing", &hint);
            None
        }
        (_, None) => None,
    }
}

/// What is wrong with a name, in the words of the API's documents.
fn wrong_name(kind: Kind, name: &str) -> Option<&'static str> {
    let length = (1..=100).contains(&name.chars().count());
    match kind {
        Kind::Connection => {
            let legal = name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
            (!(length && legal)).then_some("must be letters, digits, -, _ and ., at most 100")
        }
        Kind::Table => {
            let first = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
            let legal = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let message = "must be a lower-case letter or _, then letters, digits and _, at most 100";
            (!(length && first && legal)).then_some(message)
        }
        Kind::Query | Kind::ParentSegment | Kind::Segment | Kind::Activation => {
            let legal = name.chars().all(|c| c.is_alphanumeric() || "-_. ".contains(c));
            (!(length && legal)).then_some("must be letters, digits, spaces, -, _ and ., at most 100")
        }
    }
}

fn connection(name: &str, fields: &mut Fields<'_>, origin: Origin) -> WantedConnection {
    let mut secrets = BTreeMap::new();
    for secret in SecretName::ALL {
        let Some(text) = fields.text(secret.name()) else { continue };
        match SecretReference::of(&text) {
            Some(reference) => {
                secrets.insert(secret, reference);
            }
            None => fields.problem(
                secret.name(),
                "must say where the secret is, not what it is",
                "write env:NAME for a variable of the environment, or file:PATH; a secret that stood in a file of a \
                 project should be changed",
            ),
        }
    }
    let names = [DOMAIN, LOGIN].into_iter().chain(SecretName::ALL.map(SecretName::name));
    let places = names.filter(|name| fields.has(name)).map(|name| (name, fields.at(name))).collect();
    let spec = ConnectionSpec {
        name: Some(name.to_owned()),
        pardot_domain: host(DOMAIN, fields),
        business_unit: unit(fields),
        connected_app: fields.take("connected_app", "default or custom"),
        client_id: fields.text("client_id"),
        login_url: host(LOGIN, fields),
        grant: fields.take("grant", "refresh_token, client_credentials or jwt_bearer"),
        username: fields.text("username"),
        audience: fields.text("audience"),
        client_secret: None,
        refresh_token: None,
        private_key: None,
        reserve: reserve(fields),
        daily_budget: fields.take("daily_budget", "a whole number of calls"),
    };
    WantedConnection { spec, secrets, origin, places }
}

/// A host that can be called, at least where an operator lists it.
fn host(name: &str, fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.text(name)?;
    if let Some(error) = impossible(name, &text) {
        fields.problem(name, &error.message, &error.hint);
    }
    Some(text)
}

/// A percentage that leaves something to Sluice.
fn reserve(fields: &mut Fields<'_>) -> Option<u8> {
    let allowed = format!("a whole number from 0 to {}, in percent", Usage::LARGEST_RESERVE);
    let reserve: u8 = fields.take("reserve", &allowed)?;
    if reserve > Usage::LARGEST_RESERVE {
        fields.problem("reserve", &format!("must be {allowed}"), "the rest of the day's calls is for Sluice");
    }
    Some(reserve)
}

fn unit(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.needed("business_unit")?;
    if let Err(error) = text.parse::<BusinessUnitId>() {
        fields.problem("business_unit", &error.message, &error.hint);
    }
    Some(text)
}

fn rows(fields: &mut Fields<'_>) -> Option<Rows> {
    let files = fields.text("files").map(Rows::Files);
    let upload = fields.text("upload").and_then(|path| upload(&path, fields));
    let uploaded = fields.text("uploaded").map(|sum| Rows::Uploaded(sum.to_ascii_lowercase()));
    let given = ["files", "upload", "uploaded"].into_iter().filter(|name| fields.has(name)).count();
    if given != 1 {
        let (what, hint) = match given {
            0 => ("has no rows", "write files: for files of the server, or upload: for a file of the project"),
            _ => ("has rows from several places", "keep one of files:, upload: and uploaded:"),
        };
        fields.problem("name", what, hint);
        return None;
    }
    files.or(upload).or(uploaded)
}

fn upload(path: &str, fields: &mut Fields<'_>) -> Option<Rows> {
    let format = match path.rsplit('.').next().unwrap_or("").to_ascii_lowercase().as_str() {
        "csv" => "csv",
        "jsonl" | "ndjson" => "jsonl",
        "parquet" => "parquet",
        _ => {
            fields.problem("upload", "ends in no known form", "name a .csv, .jsonl or .parquet file");
            return None;
        }
    };
    let Some(path) = beside("", path) else {
        fields.problem("upload", "leads out of the project", "name a file below the project's folder");
        return None;
    };
    Some(Rows::Upload { path, format })
}

/// The path that `file` means in a file at `path`; nothing when it leads out of the project.
fn beside(path: &str, file: &str) -> Option<String> {
    if file.starts_with('/') || file.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
