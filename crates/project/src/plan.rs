//! What a project wants against what is there: the steps that make them equal, in an order in which each can be done.
//!
//! Knows when two documents mean the same; does nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use api::{Connection, ConnectionSpec, Query, QuerySpec, Table, TableKind, TableSpec};
use model::{Problem, Problems, Settings, nearest};
use serde::Serialize;
use serde_json::Value;

use crate::document::{Kind, SecretName, SecretReference, app_name, grant_name};
use crate::{Project, Rows, WantedConnection, WantedQuery, WantedTable};

/// What a server has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Actual {
    /// Its connections.
    pub connections: Vec<Connection>,
    /// Its tables.
    pub tables: Vec<Table>,
    /// Its queries.
    pub queries: Vec<Query>,
}

/// How far a plan goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// What the project does not have is deleted.
    pub prune: bool,
    /// Every secret is sent, not only those that the server has not. A server never shows a secret, so nobody can tell
    /// whether one differs.
    pub secrets: bool,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Makes it.
    Create,
    /// Changes it.
    Update,
    /// Deletes it.
    Delete,
}

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

/// What is sent to do a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A connection; the secrets are looked up when the step is done.
    Connection {
        /// Everything but secrets.
        spec: Box<ConnectionSpec>,
        /// The secrets that go with it.
        secrets: BTreeMap<SecretName, SecretReference>,
    },
    /// A table bound to files of the server.
    Bind(TableSpec),
    /// A table uploaded from a file of the project.
    Upload {
        /// The file, relative to the project's folder.
        path: String,
        /// `csv`, `jsonl` or `parquet`.
        format: &'static str,
    },
    /// A query.
    Query(Box<QuerySpec>),
    /// Nothing: it is deleted.
    Delete,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// What is done.
    pub act: Act,
    /// To what.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// What differs; everything, for something new.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// The state that it was compared with: the step is only done to this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// What is sent.
    #[serde(skip)]
    pub change: Change,
}

/// Everything to do, in order; nothing when the two are equal.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Plan {
    /// The steps: connections, tables, queries; then what is deleted, in the opposite order.
    pub steps: Vec<Step>,
    /// How many things are as they should be.
    pub same: usize,
    /// What only the server has and keeps: kind and name.
    pub kept: Vec<(Kind, String)>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// The steps from `actual` to `project`. `sums`: the SHA-256, in hexadecimal, of every file of [`Project::uploads`], by
/// the table's name.
///
/// # Errors
/// A query names a connection that neither has; a table's file is in neither place.
pub fn plan(
    project: &Project,
    sums: &BTreeMap<String, String>,
    actual: &Actual,
    options: PlanOptions,
) -> Result<Plan, Problems> {
    let (plan, problems) = compare(project, sums, actual, options);
    problems.or(|| plan)
}

/// The steps as [`plan`] has them, as far as there is nothing wrong, and everything that is.
pub fn compare(
    project: &Project,
    sums: &BTreeMap<String, String>,
    actual: &Actual,
    options: PlanOptions,
) -> (Plan, Problems) {
    let mut plan = Plan::default();
    let mut problems = Problems::default();
    for (name, wanted) in &project.connections {
        let found = actual.connections.iter().find(|found| found.name == *name);
        plan.compared(connection(name, wanted, found, options));
    }
    for (name, wanted) in &project.tables {
        let found = actual.tables.iter().find(|found| found.name == *name);
        if let Some(step) = problems.keep(table(name, wanted, sums.get(name), found)) {
            plan.compared(step);
        }
    }
    let known: BTreeSet<&str> = project
        .connections
        .keys()
        .map(String::as_str)
        .chain(actual.connections.iter().filter(|_| !options.prune).map(|found| found.name.as_str()))
        .collect();
    for (name, wanted) in &project.queries {
        // A document without a name may be the one that seems to be missing.
        if project.knows_all(Kind::Connection) {
            problems.keep(connection_is_known(wanted, &known));
        }
        let found = actual.queries.iter().find(|found| found.spec.name == *name);
        plan.compared(query(name, wanted, found));
    }
    for (kind, name, revision) in extra(project, actual) {
        if options.prune {
            plan.steps.push(deleted(kind, name, revision));
        } else {
            plan.kept.push((kind, name));
        }
    }
    (plan, problems)
}

impl Plan {
    fn compared(&mut self, step: Option<Step>) {
        match step {
            Some(step) => self.steps.push(step),
            None => self.same += 1,
        }
    }
}

/// What only the server has: queries first, then what they use.
fn extra(project: &Project, actual: &Actual) -> Vec<(Kind, String, u64)> {
    let queries = actual.queries.iter().filter(|found| !project.queries.contains_key(&found.spec.name));
    let tables = actual.tables.iter().filter(|found| !project.tables.contains_key(&found.name));
    let connections = actual.connections.iter().filter(|found| !project.connections.contains_key(&found.name));
    let mut extra: Vec<(Kind, String, u64)> =
        queries.map(|found| (Kind::Query, found.spec.name.clone(), found.revision)).collect();
    extra.extend(tables.map(|found| (Kind::Table, found.name.clone(), found.revision)));
    extra.extend(connections.map(|found| (Kind::Connection, found.name.clone(), found.revision)));
    extra
}

fn connection_is_known(wanted: &WantedQuery, known: &BTreeSet<&str>) -> Result<(), Problem> {
    let Some(export) = &wanted.spec.export else {
        return Ok(());
    };
    if export.connection.is_empty() || known.contains(export.connection.as_str()) {
        return Ok(());
    }
    let at = wanted.connection_at.clone().unwrap_or_else(|| format!("{}: export.connection", wanted.origin));
    let problem = Problem::at(at, format!("there is no connection {}", export.connection));
    Err(match nearest(&export.connection, known.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean {near}?")),
        None => problem.hint("add it to the project, in connections/"),
    })
}

fn difference(field: &str, from: Option<&str>, to: Option<&str>) -> Option<Difference> {
    let short = |text: &str| text.chars().count() <= 60 && !text.contains('\n');
    let shown = |text: Option<&str>| text.filter(|_| from.is_none_or(short) && to.is_none_or(short)).map(str::to_owned);
    (from != to).then(|| Difference { field: field.to_owned(), from: shown(from), to: shown(to) })
}

/// An address as the server keeps it.
fn address(text: &str) -> String {
    text.trim().trim_end_matches('/').to_ascii_lowercase()
}

/// The specification with the defaults of what makes a connection what it is. What is absent besides stays as it is.
fn complete(spec: &ConnectionSpec) -> ConnectionSpec {
    let or = |text: &Option<String>, default: &str| Some(address(text.as_deref().unwrap_or(default)));
    ConnectionSpec {
        pardot_domain: or(&spec.pardot_domain, "https://pi.pardot.com"),
        login_url: or(&spec.login_url, "https://login.salesforce.com"),
        connected_app: Some(spec.connected_app.unwrap_or_default()),
        grant: Some(spec.grant.unwrap_or_default()),
        ..spec.clone()
    }
}

fn connection(name: &str, wanted: &WantedConnection, found: Option<&Connection>, options: PlanOptions) -> Option<Step> {
    let spec = complete(&wanted.spec);
    let Some(found) = found else {
        let change = Change::Connection { spec: Box::new(spec), secrets: wanted.secrets.clone() };
        return Some(created(Kind::Connection, name, change));
    };
    let (domain, login) = (address(&found.pardot_domain), address(&found.login_url));
    let hosts = [
        difference("pardot_domain", Some(&domain), spec.pardot_domain.as_deref()),
        difference("login_url", Some(&login), spec.login_url.as_deref()),
    ];
    let mut differences: Vec<Difference> = hosts.into_iter().flatten().collect();
    let moved = !differences.is_empty();
    differences.extend(difference("business_unit", Some(&found.business_unit), spec.business_unit.as_deref()));
    let app = spec.connected_app.map(app_name);
    differences.extend(difference("connected_app", Some(app_name(found.connected_app)), app));
    differences.extend(difference("grant", Some(grant_name(found.grant)), spec.grant.map(grant_name)));
    let rest = [
        ("client_id", &found.client_id, &spec.client_id),
        ("username", &found.username, &spec.username),
        ("audience", &found.audience, &spec.audience),
    ];
    for (field, from, to) in rest {
        if to.is_some() {
            differences.extend(difference(field, from.as_deref(), to.as_deref()));
        }
    }
    let mut secrets = BTreeMap::new();
    for (secret, reference) in &wanted.secrets {
        let kept = match secret {
            SecretName::ClientSecret => found.secrets.client_secret,
            SecretName::RefreshToken => found.secrets.refresh_token,
            SecretName::PrivateKey => found.secrets.private_key,
        };
        // A changed host drops the secrets.
        if moved || !kept || options.secrets {
            secrets.insert(*secret, reference.clone());
            let to = Some(reference.to_string());
            differences.push(Difference { field: secret.name().to_owned(), from: None, to });
        }
    }
    let change = Change::Connection { spec: Box::new(spec), secrets };
    updated(Kind::Connection, name, differences, found.revision, change)
}

fn table(
    name: &str,
    wanted: &WantedTable,
    sum: Option<&String>,
    found: Option<&Table>,
) -> Result<Option<Step>, Problem> {
    let (change, differences) = match &wanted.rows {
        Rows::Files(files) => {
            let change = Change::Bind(TableSpec { name: name.to_owned(), files: files.clone() });
            let from = found.and_then(|found| found.files.as_deref());
            (change, difference("files", from, Some(files)))
        }
        Rows::Upload { path, format } => {
            let change = Change::Upload { path: path.clone(), format };
            let from = found.and_then(|found| found.sha256.as_deref());
            let differs = from.is_none() || from != sum.map(String::as_str);
            let to = Some(path.clone());
            (change, differs.then(|| Difference { field: "upload".into(), from: None, to }))
        }
        Rows::Uploaded(sum) => {
            let there = found.is_some_and(|found| {
                let same = found.sha256.as_ref().is_none_or(|known| known == sum || sum == "unknown");
                found.kind == TableKind::Uploaded && same
            });
            if there {
                return Ok(None);
            }
            let at = format!("{}: uploaded", wanted.origin);
            let message = "the server does not have this file, and neither has the project";
            return Err(Problem::at(at, message).hint("put the file into the project and name it with upload:"));
        }
    };
    let Some(found) = found else {
        return Ok(Some(created(Kind::Table, name, change)));
    };
    Ok(updated(Kind::Table, name, differences.into_iter().collect(), found.revision, change))
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

fn query(name: &str, wanted: &WantedQuery, found: Option<&Query>) -> Option<Step> {
    let change = Change::Query(Box::new(wanted.spec.clone()));
    let Some(found) = found else {
        return Some(created(Kind::Query, name, change));
    };
    let (from, to) = (&found.spec, &wanted.spec);
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
    updated(Kind::Query, name, differences, found.revision, change)
}

fn created(kind: Kind, name: &str, change: Change) -> Step {
    Step { act: Act::Create, kind, name: name.to_owned(), differences: Vec::new(), revision: None, change }
}

fn deleted(kind: Kind, name: String, revision: u64) -> Step {
    Step { act: Act::Delete, kind, name, differences: Vec::new(), revision: Some(revision), change: Change::Delete }
}

fn updated(kind: Kind, name: &str, differences: Vec<Difference>, revision: u64, change: Change) -> Option<Step> {
    if differences.is_empty() {
        return None;
    }
    Some(Step { act: Act::Update, kind, name: name.to_owned(), differences, revision: Some(revision), change })
}
