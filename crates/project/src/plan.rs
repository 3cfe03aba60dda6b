//! What a project wants against what is there: the steps that make them equal, in an order in which each can be done.
//!
//! Knows when two documents mean the same; does nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use api::{
    Activation, ActivationSpec, Connection, ConnectionSpec, Export, Notify, ParentSegment, ParentSegmentSpec, Query,
    QuerySpec, Segment, SegmentSpec, Table, TableKind, TableSpec,
};
use model::{Problem, Problems, nearest};
use serde::Serialize;

use crate::difference::{Difference, difference, of_queries};
use crate::document::{Kind, SecretName, SecretReference};
use crate::{Project, Rows, WantedQuery, WantedTable, audiences, connections};

/// What a server has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Actual {
    /// Its connections.
    pub connections: Vec<Connection>,
    /// Its tables.
    pub tables: Vec<Table>,
    /// Its queries.
    pub queries: Vec<Query>,
    /// Its parent segments.
    pub parent_segments: Vec<ParentSegment>,
    /// Its segments.
    pub segments: Vec<Segment>,
    /// Its activations.
    pub activations: Vec<Activation>,
    /// The names of its webhooks; nothing where one may not know them.
    pub webhooks: Option<BTreeSet<String>>,
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
    /// A parent segment.
    ParentSegment(Box<ParentSegmentSpec>),
    /// A segment.
    Segment(Box<SegmentSpec>),
    /// An activation.
    Activation(Box<ActivationSpec>),
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
    /// The steps, in the order of [`Kind::ALL`], a segment after those that its rule refers to; then what is deleted, in the
    /// opposite order.
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
/// Something names what neither has; a table's file is in neither place; segments refer to each other in a ring.
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
        plan.compared(connections::step(name, wanted, found, options));
    }
    for (name, wanted) in &project.tables {
        let found = actual.tables.iter().find(|found| found.name == *name);
        if let Some(step) = problems.keep(table(name, wanted, sums.get(name), found)) {
            plan.compared(step);
        }
    }
    let known = connections_known(project, actual, options);
    for (name, wanted) in &project.queries {
        // A document without a name may be the one that seems to be missing.
        if let Some(export) = wanted.spec.export.as_ref().filter(|_| project.knows_all(Kind::Connection)) {
            let at = wanted.connection_at.clone().unwrap_or_else(|| format!("{}: export.connection", wanted.origin));
            problems.keep(connection_is_known(export, at, &known));
        }
        let at = || wanted.webhooks_at.clone().unwrap_or_else(|| format!("{}: notify.webhooks", wanted.origin));
        webhooks_are_known(wanted.spec.notify.as_ref(), at, actual.webhooks.as_ref(), &mut problems);
        let found = actual.queries.iter().find(|found| found.spec.name == *name);
        plan.compared(query(name, wanted, found));
    }
    audiences::compare(project, actual, options, &mut plan, &mut problems);
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
    pub(crate) fn compared(&mut self, step: Option<Step>) {
        match step {
            Some(step) => self.steps.push(step),
            None => self.same += 1,
        }
    }
}

/// What only the server has: what uses others first, then what is used.
fn extra(project: &Project, actual: &Actual) -> Vec<(Kind, String, u64)> {
    let queries = actual.queries.iter().filter(|found| !project.queries.contains_key(&found.spec.name));
    let tables = actual.tables.iter().filter(|found| !project.tables.contains_key(&found.name));
    let connections = actual.connections.iter().filter(|found| !project.connections.contains_key(&found.name));
    let mut extra = audiences::extra(project, actual);
    extra.extend(queries.map(|found| (Kind::Query, found.spec.name.clone(), found.revision)));
    extra.extend(tables.map(|found| (Kind::Table, found.name.clone(), found.revision)));
    extra.extend(connections.map(|found| (Kind::Connection, found.name.clone(), found.revision)));
    extra
}

/// The connections that there are once the plan is done.
pub(crate) fn connections_known<'a>(
    project: &'a Project,
    actual: &'a Actual,
    options: PlanOptions,
) -> BTreeSet<&'a str> {
    let stay = actual.connections.iter().filter(|_| !options.prune).map(|found| found.name.as_str());
    project.connections.keys().map(String::as_str).chain(stay).collect()
}

/// The problem of a name that neither the project nor the server has.
pub(crate) fn missing(at: String, what: Kind, name: &str, known: &BTreeSet<&str>) -> Problem {
    let problem = Problem::at(at, format!("there is no {what} {name}"));
    match nearest(name, known.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean {near}?")),
        None => problem.hint(format!("add it to the project, in {}/", what.folder())),
    }
}

pub(crate) fn connection_is_known(export: &Export, at: String, known: &BTreeSet<&str>) -> Result<(), Problem> {
    if export.connection.is_empty() || known.contains(export.connection.as_str()) {
        return Ok(());
    }
    Err(missing(at, Kind::Connection, &export.connection, known))
}

/// Webhooks have secrets that a server chooses, so they are no part of a project; their names must be there.
pub(crate) fn webhooks_are_known(
    notify: Option<&Notify>,
    at: impl Fn() -> String,
    known: Option<&BTreeSet<String>>,
    problems: &mut Problems,
) {
    let told = notify.and_then(|notify| notify.webhooks.as_ref());
    let (Some(told), Some(known)) = (told, known) else { return };
    for name in told.iter().filter(|name| !known.contains(*name)) {
        let problem = Problem::at(at(), format!("there is no webhook {name}"));
        problems.push(match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem.hint("an admin makes it first: sluice webhooks put NAME --url URL"),
        });
    }
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

fn query(name: &str, wanted: &WantedQuery, found: Option<&Query>) -> Option<Step> {
    let change = Change::Query(Box::new(wanted.spec.clone()));
    let Some(found) = found else {
        return Some(created(Kind::Query, name, change));
    };
    let differences = of_queries(&found.spec, &wanted.spec);
    updated(Kind::Query, name, differences, found.revision, change)
}

pub(crate) fn created(kind: Kind, name: &str, change: Change) -> Step {
    Step { act: Act::Create, kind, name: name.to_owned(), differences: Vec::new(), revision: None, change }
}

fn deleted(kind: Kind, name: String, revision: u64) -> Step {
    Step { act: Act::Delete, kind, name, differences: Vec::new(), revision: Some(revision), change: Change::Delete }
}

pub(crate) fn updated(
    kind: Kind,
    name: &str,
    differences: Vec<Difference>,
    revision: u64,
    change: Change,
) -> Option<Step> {
    if differences.is_empty() {
        return None;
    }
    Some(Step { act: Act::Update, kind, name: name.to_owned(), differences, revision: Some(revision), change })
}
