//! `sluice plan`, `apply`, `pull` and `schema`: a folder of files made equal to a server, and the other way round.
//!
//! Knows screens and the order of steps; what differs is the project's to say, what is wrong stands in `review`.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use api::ConnectionSpec;
use api::client::{Client, Form};
use model::{Problem, Problems};
use project::{Change, Kind, Plan, PlanOptions, Project, SecretName, Step};

use crate::cli::commands::{ApplyArguments, PlanArguments, PullArguments, Whereabouts};
use crate::cli::door::{Door, Failure, Need, through};
use crate::cli::listing::{counted, show_json};
use crate::cli::review::{Review, Secrets, actual, compare, gather};
use crate::cli::transfer::Bytes;
use crate::cli::{Exit, say, show};

/// `sluice plan`
pub(crate) async fn plan(arguments: PlanArguments) -> Exit {
    let PlanArguments { folder, prune, secrets, exit_code, whereabouts } = arguments;
    let json = whereabouts.json;
    planned(&whereabouts, &folder, PlanOptions { prune, secrets }, async |_, _, review| {
        show_plan(&review.plan, json);
        // Whoever plans may have none of the secrets; whoever applies needs them.
        review.missing.iter().for_each(|problem| say(&format!("note: apply needs it: {problem}")));
        Ok(if exit_code && !review.plan.is_empty() { Exit::Differs } else { Exit::Done })
    })
    .await
}

/// `sluice apply`
pub(crate) async fn apply(arguments: ApplyArguments) -> Exit {
    let ApplyArguments { folder, prune, secrets, yes, whereabouts } = arguments;
    let json = whereabouts.json;
    planned(&whereabouts, &folder, PlanOptions { prune, secrets }, async |door, project, review| {
        let Review { plan, secrets: kept, missing } = review;
        show_plan(&plan, json);
        if plan.is_empty() {
            return Ok(Exit::Done);
        }
        // Every secret is there before the first step is done.
        missing.or(|| ())?;
        if !(yes || agreed()?) {
            say("nothing was changed");
            return Ok(Exit::Usage);
        }
        let all = plan.steps.len();
        for (number, step) in plan.steps.iter().enumerate() {
            let done = Box::pin(perform(door.client(), step, &folder, kept.get(&number))).await;
            let at = |place: &str| project.at(step.kind, &step.name, place);
            if let Err(failure) = done.map_err(|failure| failure.located(&at)) {
                say(&format!("{number} of {all} steps are done; this one failed: {step}"));
                return Err(failure);
            }
        }
        say(&format!("{all} of {} done", counted(all as u64, "step")));
        Ok(Exit::Done)
    })
    .await
}

/// Reads a folder, compares it with what is there, and goes on with what there is to do; everything that is wrong is said
/// at once.
async fn planned(
    whereabouts: &Whereabouts,
    folder: &Path,
    options: PlanOptions,
    work: impl AsyncFnOnce(&Door, &Project, Review) -> Result<Exit, Failure>,
) -> Exit {
    let (project, problems) = match gather(folder) {
        Ok(read) => read,
        Err(problem) => return Failure::from(problem).tell(whereabouts.json),
    };
    let read = problems.clone();
    let mut asked = false;
    let exit = through(whereabouts, Need::Documents, async |door| {
        asked = true;
        let review = compare(door, folder, &project, problems, options).await?;
        work(door, &project, review).await
    })
    .await;
    if asked || read.is_empty() {
        return exit;
    }
    // Nobody could be asked for the rest; this much is certain.
    Failure::from(read).tell(whereabouts.json)
}

/// `sluice pull`
pub(crate) async fn pull(arguments: PullArguments) -> Exit {
    let PullArguments { folder, replace, whereabouts } = arguments;
    through(&whereabouts, Need::There, async |door| {
        let actual = actual(door.client()).await?;
        let files = project::render(&actual);
        let written = write(&folder, &files, replace)?;
        if whereabouts.json {
            show_json(&serde_json::json!({"written": written, "files": files.len()}));
        } else {
            written.iter().for_each(|path| show(path));
            let files = counted(files.len() as u64, "file");
            say(&format!("{} of {files} written in {}", written.len(), folder.display()));
        }
        // What stands elsewhere in the folder under the same name is found now, not at the next plan.
        let (_, problems) = gather(&folder)?;
        Ok(problems.or(|| Exit::Done)?)
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
        Change::ParentSegment(spec) => match step.revision {
            Some(_) => drop(client.put_parent_segment(&step.name, spec, step.revision).await?),
            None => drop(client.create_parent_segment(spec).await?),
        },
        Change::Segment(spec) => match step.revision {
            Some(_) => drop(client.put_segment(&step.name, spec, step.revision).await?),
            None => drop(client.create_segment(spec).await?),
        },
        Change::Activation(spec) => match step.revision {
            Some(_) => drop(client.put_activation(&step.name, spec, step.revision).await?),
            None => drop(client.create_activation(spec).await?),
        },
        Change::Delete => match step.kind {
            Kind::Connection => client.delete_connection(&step.name).await?,
            Kind::Table => client.delete_table(&step.name).await?,
            Kind::Query => client.delete_query(&step.name).await?,
            Kind::ParentSegment => client.delete_parent_segment(&step.name).await?,
            Kind::Segment => client.delete_segment(&step.name).await?,
            Kind::Activation => client.delete_activation(&step.name).await?,
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
