//! What a folder wants against what is there, and everything that is wrong with it, said at once.
//!
//! Knows disks, the environment and the tables that SQL names; changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use api::Secret;
use api::client::{Client, every};
use model::{Problem, Problems, nearest};
use pardot::AllowedHosts;
use project::{Actual, Change, Kind, Plan, PlanOptions, Project, SecretName, SecretReference, WantedQuery};

use crate::cli::door::{Door, Failure};
use crate::cli::{failure, say, secret};

/// Largest file of a project that is read as text.
const LARGEST: u64 = 16 << 20;

/// What there is to do.
pub(crate) struct Review {
    /// The steps.
    pub(crate) plan: Plan,
    /// The secrets that go with them, by the step's number.
    pub(crate) secrets: BTreeMap<usize, Secrets>,
    /// What is wrong with those that are not there.
    pub(crate) missing: Problems,
}

/// The secrets of a step.
pub(crate) type Secrets = BTreeMap<SecretName, Secret>;

/// Reads the project in a folder: what can be understood, and everything that is wrong with it.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn gather(folder: &Path) -> Result<(Project, Problems), Problem> {
    let mut paths = Vec::new();
    walk(folder, &mut paths)
        .map_err(|error| Problem::at(folder.display().to_string(), format!("cannot be read: {error}")))?;
    paths.sort();
    let mut problems = Problems::default();
    let mut files = Vec::new();
    for path in paths {
        let shown = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        match text(&path) {
            Ok(text) => files.push((shown, text)),
            Err(message) => problems.push(Problem::at(shown, message)),
        }
    }
    let (project, found) = project::gather(&files);
    problems.extend(found);
    Ok((project, problems))
}

/// The documents and the SQL below a folder; hidden files and folders are passed over.
fn walk(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // A link to a folder is not followed: it could lead round in a circle.
        if entry.file_type()?.is_dir() {
            walk(&path, paths)?;
        } else if matches!(path.extension().and_then(|ending| ending.to_str()), Some("yaml" | "yml" | "sql")) {
            paths.push(path);
        }
    }
    Ok(())
}

/// A file as text.
pub(crate) fn text(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let bytes = file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes as u64 > LARGEST { Err(format!("is larger than {LARGEST} bytes")) } else { Ok(text) }
}

pub(crate) async fn actual(client: &Client) -> Result<Actual, Failure> {
    Ok(Actual {
        connections: every(async |after| client.connections(after).await).await?,
        tables: every(async |after| client.tables(after).await).await?,
        queries: every(async |after| client.queries(after).await).await?,
        parent_segments: every(async |after| client.parent_segments(after).await).await?,
        segments: every(async |after| client.segments(None, None, after).await).await?,
        activations: every(async |after| client.activations(None, after).await).await?,
        webhooks: webhooks(client).await?,
    })
}

/// The names of the webhooks; nothing where this token may not see them.
async fn webhooks(client: &Client) -> Result<Option<BTreeSet<String>>, Failure> {
    match every(async |after| client.webhooks(after).await).await {
        Ok(found) => Ok(Some(found.into_iter().map(|webhook| webhook.name).collect())),
        Err(error) if error.status() == Some(403) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Compares a project with what is there. `problems`: what was wrong with it when it was read.
///
/// # Errors
/// Everything that is wrong, those problems included; the server cannot be asked.
pub(crate) async fn compare(
    door: &Door,
    folder: &Path,
    project: &Project,
    mut problems: Problems,
    options: PlanOptions,
) -> Result<Review, Failure> {
    let mut sums = BTreeMap::new();
    for (table, file) in project.uploads() {
        match sum(&folder.join(file)) {
            Ok(sum) => drop(sums.insert(table.to_owned(), sum)),
            Err(error) => {
                problems.push(Problem::at(format!("table {table}: upload"), format!("{file} cannot be read: {error}")))
            }
        }
    }
    let actual = match actual(door.client()).await {
        Ok(actual) => actual,
        Err(failure) => {
            failure::problems_exit(&problems);
            return Err(failure);
        }
    };
    let (plan, found) = project::compare(project, &sums, &actual, options);
    problems.extend(found);
    let snapshots = snapshots(&actual);
    let mut known = tables(project, &actual, options);
    known.extend(snapshots.iter().map(String::as_str));
    for wanted in project.queries.values() {
        sql(wanted, &known, project.knows_all(Kind::Table), &mut problems);
    }
    match door.hosts() {
        Some(allowed) => problems.extend(project.hosts(allowed)),
        // Another machine's operator decides.
        None => unusual(project, &plan),
    }
    let (secrets, missing) = secrets_of(&plan, project, folder);
    if problems.is_empty() {
        return Ok(Review { plan, secrets, missing });
    }
    problems.extend(missing);
    Err(problems.into())
}

/// Says which hosts are neither Pardot's nor Salesforce's, of connections that are new or change.
fn unusual(project: &Project, plan: &Plan) {
    let stays = |name: &String| !plan.steps.iter().any(|step| step.kind == Kind::Connection && step.name == *name);
    let mut changing = project.clone();
    changing.connections.retain(|name, _| !stays(name));
    for problem in changing.hosts(&AllowedHosts::default()).iter() {
        say(&format!(
            "note: {}: {}; the server takes it only where its operator allows it",
            problem.at, problem.message
        ));
    }
}

/// The tables that there are once the plan is done.
fn tables<'a>(project: &'a Project, actual: &'a Actual, options: PlanOptions) -> BTreeSet<&'a str> {
    let stay = actual.tables.iter().filter(|_| !options.prune).map(|table| table.name.as_str());
    project.tables.keys().map(String::as_str).chain(stay).collect()
}

/// The tables that refreshes of parent segments made.
fn snapshots(actual: &Actual) -> Vec<String> {
    let refreshed = actual.parent_segments.iter().filter_map(|found| Some((found.id, found.snapshot.as_ref()?)));
    let names = refreshed.flat_map(|(id, snapshot)| {
        let events =
            snapshot.behaviors.iter().map(move |behavior| format!("cdp_audience_{id}.behavior_{}", behavior.name));
        [format!("cdp_audience_{id}.customers")].into_iter().chain(events)
    });
    names.collect()
}

/// What is wrong with a query's SQL before any table is looked into. `all`: whether every table is known.
fn sql(wanted: &WantedQuery, known: &BTreeSet<&str>, all: bool, problems: &mut Problems) {
    let Some(at) = &wanted.sql_at else { return };
    let place = |position: Option<(u64, u64)>| {
        position.map(|(line, column)| format!(" (line {line}, column {column})")).unwrap_or_default()
    };
    match query::mentions(&wanted.spec.sql) {
        Ok(mentions) => {
            for mention in mentions.iter().filter(|mention| all && !known.contains(mention.name.as_str())) {
                let message = format!("there is no table {}{}", mention.name, place(mention.position));
                let hint = match nearest(&mention.name, known.iter().copied()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "add it to the project, in tables/".to_owned(),
                };
                problems.push(Problem::at(at.clone(), message).hint(hint));
            }
        }
        Err(error) => {
            let text = error.to_string();
            let place = if text.contains("(line") { String::new() } else { place(error.position()) };
            let problem = Problem::at(at.clone(), format!("{text}{place}"));
            problems.push(match error.hint() {
                Some(hint) => problem.hint(hint),
                None => problem,
            });
        }
    }
}

/// SHA-256 of a file, in hexadecimal.
fn sum(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => context.update(&buffer[..count]),
        }
    }
    Ok(context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The secrets of all steps, by the step's number, and what is wrong with those that are not there.
fn secrets_of(plan: &Plan, project: &Project, folder: &Path) -> (BTreeMap<usize, Secrets>, Problems) {
    let mut problems = Problems::default();
    let mut all = BTreeMap::new();
    for (number, step) in plan.steps.iter().enumerate() {
        let Change::Connection { secrets, .. } = &step.change else { continue };
        let mut found = Secrets::new();
        for (name, reference) in secrets {
            let at = match project.connections.get(&step.name) {
                Some(wanted) => wanted.at(name.name()),
                None => format!("connection {}: {}", step.name, name.name()),
            };
            if let Some(secret) = problems.keep(look_up(&at, reference, folder)) {
                found.insert(*name, secret);
            }
        }
        all.insert(number, found);
    }
    (all, problems)
}

fn look_up(at: &str, reference: &SecretReference, folder: &Path) -> Result<Secret, Problem> {
    match reference {
        SecretReference::Environment(name) => {
            match std::env::var(name) {
                Ok(text) if !text.trim().is_empty() => Ok(Secret::new(text.trim())),
                _ => Err(Problem::at(at, format!("the environment has no {name}"))
                    .hint("export it, or name a file with file:")),
            }
        }
        SecretReference::File(path) => secret::read(at, &folder.join(path)),
    }
}
