//! `sluice plan`, `apply`, `pull` and `schema`: a folder of files made equal to a server, and the other way round.
//!
//! Knows disks and the order of steps; what differs is the project's to say. Secrets are looked up when they are sent.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};

use api::client::{Client, Form, every};
use api::{ConnectionSpec, Secret};
use model::{Problem, Problems};
use project::{Actual, Change, Kind, Plan, PlanOptions, Project, SecretName, SecretReference, Step};

use crate::cli::commands::{ApplyArguments, PlanArguments, PullArguments};
use crate::cli::door::{Failure, Need, through};
use crate::cli::listing::show_json;
use crate::cli::secret;
use crate::cli::transfer::Bytes;
use crate::cli::{Exit, say, show};

/// Largest file of a project that is read as text.
const LARGEST: u64 = 16 << 20;

/// `sluice plan`
pub(crate) async fn plan(arguments: PlanArguments) -> Exit {
    let PlanArguments { folder, prune, secrets, exit_code, whereabouts } = arguments;
    let json = whereabouts.json;
    let project = match read(&folder) {
        Ok(project) => project,
        Err(problems) => return Failure::from(problems).tell(json),
    };
    through(&whereabouts, Need::Documents, async |door| {
        let plan = compare(door.client(), &folder, &project, PlanOptions { prune, secrets }).await?;
        show_plan(&plan, json);
        Ok(if exit_code && !plan.is_empty() { Exit::Differs } else { Exit::Done })
    })
    .await
}

/// `sluice apply`
pub(crate) async fn apply(arguments: ApplyArguments) -> Exit {
    let ApplyArguments { folder, prune, secrets, yes, whereabouts } = arguments;
    let json = whereabouts.json;
    let project = match read(&folder) {
        Ok(project) => project,
        Err(problems) => return Failure::from(problems).tell(json),
    };
    through(&whereabouts, Need::Documents, async |door| {
        let plan = compare(door.client(), &folder, &project, PlanOptions { prune, secrets }).await?;
        show_plan(&plan, json);
        if plan.is_empty() {
            return Ok(Exit::Done);
        }
        // Every secret is there before the first step is done.
        let kept = secrets_of(&plan, &folder)?;
        if !(yes || agreed()?) {
            say("nothing was changed");
            return Ok(Exit::Usage);
        }
        let all = plan.steps.len();
        for (number, step) in plan.steps.iter().enumerate() {
            let done = Box::pin(perform(door.client(), step, &folder, kept.get(&number))).await;
            if let Err(failure) = done {
                say(&format!("{number} of {all} steps are done; this one failed: {step}"));
                return Err(failure);
            }
        }
        say(&format!("{all} of {all} steps are done"));
        Ok(Exit::Done)
    })
    .await
}

/// `sluice pull`
pub(crate) async fn pull(arguments: PullArguments) -> Exit {
    let PullArguments { folder, replace, whereabouts } = arguments;
    through(&whereabouts, Need::Documents, async |door| {
        let actual = actual(door.client()).await?;
        let files = project::render(&actual);
        let written = write(&folder, &files, replace)?;
        if whereabouts.json {
            show_json(&serde_json::json!({"written": written, "files": files.len()}));
        } else {
            written.iter().for_each(|path| show(path));
            say(&format!("{} of {} files written in {}", written.len(), files.len(), folder.display()));
        }
        // What stands elsewhere in the folder under the same name is found now, not at the next plan.
        read(&folder)?;
        Ok(Exit::Done)
    })
    .await
}

/// `sluice schema`
pub(crate) fn schema() -> Exit {
    show(&format!("{:#}", project::schema()));
    Exit::Done
}

fn show_plan(plan: &Plan, json: bool) {
    if json {
        show_json(plan);
    } else {
        show(&plan.to_string());
    }
}

/// Reads the project in a folder.
fn read(folder: &Path) -> Result<Project, Problems> {
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
    match (project::parse(&files), problems.is_empty()) {
        (Ok(project), true) => Ok(project),
        (Ok(_), false) => Err(problems),
        (Err(found), _) => {
            problems.extend(found);
            Err(problems)
        }
    }
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

fn text(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    let bytes = file.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes as u64 > LARGEST { Err(format!("is larger than {LARGEST} bytes")) } else { Ok(text) }
}

async fn actual(client: &Client) -> Result<Actual, Failure> {
    Ok(Actual {
        connections: every(async |after| client.connections(after).await).await?,
        tables: every(async |after| client.tables(after).await).await?,
        queries: every(async |after| client.queries(after).await).await?,
    })
}

async fn compare(client: &Client, folder: &Path, project: &Project, options: PlanOptions) -> Result<Plan, Failure> {
    let mut problems = Problems::default();
    let mut sums = BTreeMap::new();
    for (table, file) in project.uploads() {
        match sum(&folder.join(file)) {
            Ok(sum) => drop(sums.insert(table.to_owned(), sum)),
            Err(error) => {
                problems.push(Problem::at(format!("table {table}: upload"), format!("{file} cannot be read: {error}")))
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    Ok(project::plan(project, &sums, &actual(client).await?, options)?)
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

/// Whether a person on a terminal says yes.
fn agreed() -> Result<bool, Problem> {
    if !std::io::stdin().is_terminal() {
        return Err(Problem::at("--yes", "is missing: nobody is here to be asked"));
    }
    say("Do this? [y/N]");
    let mut line = String::new();
    let _ = std::io::stdin().lock().read_line(&mut line);
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

type Secrets = BTreeMap<SecretName, Secret>;

/// The secrets of all steps, by the step's number.
fn secrets_of(plan: &Plan, folder: &Path) -> Result<BTreeMap<usize, Secrets>, Problems> {
    let mut problems = Problems::default();
    let mut all = BTreeMap::new();
    for (number, step) in plan.steps.iter().enumerate() {
        let Change::Connection { secrets, .. } = &step.change else { continue };
        let mut found = Secrets::new();
        for (name, reference) in secrets {
            let at = format!("connection {}: {}", step.name, name.name());
            if let Some(secret) = problems.keep(look_up(&at, reference, folder)) {
                found.insert(*name, secret);
            }
        }
        all.insert(number, found);
    }
    problems.or(|| all)
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

async fn perform(client: &Client, step: &Step, folder: &Path, secrets: Option<&Secrets>) -> Result<(), Failure> {
    match &step.change {
        Change::Connection { spec, .. } => {
            let take = |name: SecretName| secrets.and_then(|secrets| secrets.get(&name).cloned());
            let spec = ConnectionSpec {
                client_secret: take(SecretName::ClientSecret),
                refresh_token: take(SecretName::RefreshToken),
                private_key: take(SecretName::PrivateKey),
                ..(**spec).clone()
            };
            match step.revision {
                Some(_) => drop(client.put_connection(&step.name, &spec, step.revision).await?),
                None => drop(client.create_connection(&spec).await?),
            }
        }
        Change::Bind(spec) => drop(client.put_table(spec, step.revision).await?),
        Change::Upload { path, format } => {
            let form = match *format {
                "csv" => Form::Csv,
                "jsonl" => Form::JsonLines,
                _ => Form::Parquet,
            };
            let mut bytes = Bytes::new("sent");
            let mut progress = |sent, all| bytes.show(sent, Some(all));
            let uploaded = client.upload_table(&step.name, form, &folder.join(path), &mut progress).await;
            bytes.finish();
            drop(uploaded?);
        }
        Change::Query(spec) => match step.revision {
            Some(_) => drop(client.put_query(&step.name, spec, step.revision).await?),
            None => drop(client.create_query(spec).await?),
        },
        Change::Delete => match step.kind {
            Kind::Connection => client.delete_connection(&step.name).await?,
            Kind::Table => client.delete_table(&step.name).await?,
            Kind::Query => client.delete_query(&step.name).await?,
        },
    }
    Ok(())
}

/// Writes what differs from what is there; returns the paths written.
fn write(folder: &Path, files: &[(String, String)], replace: bool) -> Result<Vec<String>, Problems> {
    let mut problems = Problems::default();
    let differs = |path: &Path, want: &str| match std::fs::read_to_string(path) {
        Ok(found) => found != want,
        Err(_) => true,
    };
    let changed: Vec<&(String, String)> =
        files.iter().filter(|(path, want)| differs(&folder.join(path), want)).collect();
    if !replace {
        for (path, _) in changed.iter().filter(|(path, _)| folder.join(path).exists()) {
            problems
                .push(Problem::at(path.clone(), "is there already and differs").hint("write over it with --replace"));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    for (path, text) in &changed {
        let path = folder.join(path);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        if let Err(error) = made.and_then(|()| std::fs::write(&path, text)) {
            problems.push(Problem::at(path.display().to_string(), format!("cannot be written: {error}")));
        }
    }
    problems.or(|| changed.iter().map(|(path, _)| path.clone()).collect())
}
