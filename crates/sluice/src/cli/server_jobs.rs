//! `sluice jobs …`: the jobs of a server.
//!
//! Knows arguments and screens; the work is the server's.

use std::path::{Path, PathBuf};

use api::client::{Form, JobQuery, What};
use api::{Job, LogLine};
use app::clock::random;
use model::grouped;
use model::{JobState, Problem, Problems, nearest};

use crate::cli::commands::{FileForm, JobsCommand, Once, Rows, Whereabouts};
use crate::cli::door::{Door, Failure, Need, through};
use crate::cli::follow;
use crate::cli::listing::{counted, show_json, show_list};
use crate::cli::transfer::{Bytes, readable};
use crate::cli::{Exit, pages, say, show};

/// What is said where there is no job.
pub(crate) const NONE: &str = "no jobs yet";

/// Most lines of one page.
const PAGE: u32 = 100;

/// `sluice jobs …`
pub(crate) async fn jobs(whereabouts: Whereabouts, command: JobsCommand) -> Exit {
    let json = whereabouts.json;
    let need = match &command {
        JobsCommand::Continue { .. } | JobsCommand::Reexport { .. } | JobsCommand::Retry { .. } => Need::Jobs,
        JobsCommand::Show { following, .. } if following.stays() => Need::Jobs,
        JobsCommand::List { .. }
        | JobsCommand::Show { .. }
        | JobsCommand::Log { .. }
        | JobsCommand::Kill { .. }
        | JobsCommand::Download { .. }
        | JobsCommand::Delete { .. } => Need::There,
    };
    through(&whereabouts, need, async |door| match command {
        JobsCommand::List { state, query, activation, parent_segment, connection, search, limit } => {
            let states = states(state.as_deref().unwrap_or_default())?;
            let which = JobQuery { states, query, activation, parent_segment, connection, search };
            list(door, &which, limit, json).await
        }
        JobsCommand::Show { job, following } if following.stays() => follow::follow(door, &job, &following, json).await,
        JobsCommand::Show { job, .. } => {
            follow::show_job(&door.client().job(&job).await?, json);
            Ok(Exit::Done)
        }
        JobsCommand::Log { job } => log(door, &job, json).await,
        JobsCommand::Kill { job } => {
            follow::show_job(&door.client().kill_job(&job).await?, json);
            Ok(Exit::Done)
        }
        JobsCommand::Continue { job, following } => {
            let job = door.client().continue_job(&job).await?;
            follow::started(door, job, &following, json).await
        }
        JobsCommand::Reexport { job, once, following } => {
            let started = door.client().reexport(&job, &key(&once)).await?;
            follow::started(door, started.job, &following, json).await
        }
        JobsCommand::Retry { job, file, once, following } => {
            let job = retry(door, &job, file.as_deref(), &once).await?;
            follow::started(door, job, &following, json).await
        }
        JobsCommand::Download { job, what, format, output, force, spreadsheet } => {
            absent(&output, force)?;
            download(door, &job, what, form_of(format, &output), &output, spreadsheet, json).await
        }
        JobsCommand::Delete { job } => {
            door.client().delete_job(&job).await?;
            say(&format!("job {job} is forgotten"));
            Ok(Exit::Done)
        }
    })
    .await
}

/// The key of a start: the one given, else a new one.
pub(crate) fn key(once: &Once) -> String {
    once.idempotency_key.clone().unwrap_or_else(|| random::<16>().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn states(text: &str) -> Result<Vec<JobState>, Problems> {
    let mut problems = Problems::default();
    let mut states = Vec::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let state = word.parse::<JobState>().map_err(|message| {
            let problem = Problem::at("--state", message);
            match nearest(word, JobState::all().map(JobState::name)) {
                Some(near) => problem.hint(format!("did you mean {near}?")),
                None => problem.hint(JobState::all().map(JobState::name).collect::<Vec<_>>().join(", ")),
            }
        });
        states.extend(problems.keep(state));
    }
    problems.or(|| states)
}

/// Lists jobs, newest first.
pub(crate) async fn list(door: &Door, which: &JobQuery, limit: u32, json: bool) -> Result<Exit, Failure> {
    let page = async |after: Option<&str>, limit| door.client().jobs(which, after, limit).await;
    let jobs = pages::first(limit, None, page).await?;
    show_list(&jobs, json, NONE, &["job", "created", "state", "of", "rows"], |job| {
        let delivered = job.rows.map(|rows| format!("{} of {} delivered", grouped(rows.delivered), grouped(rows.read)));
        let rows = delivered.or(job.result_rows.map(|rows| counted(rows, "row")));
        vec![job.id.clone(), job.created.clone(), job.state.to_string(), of(job), rows.unwrap_or_default()]
    });
    Ok(Exit::Done)
}

/// What a job is of.
pub(crate) fn of(job: &Job) -> String {
    match (&job.query, &job.activation, &job.parent_segment) {
        (Some(query), _, _) => format!("query {query}"),
        (None, Some(activation), _) => format!("activation {activation}"),
        (None, None, Some(parent)) => format!("refresh of {parent}"),
        (None, None, None) => String::new(),
    }
}

async fn log(door: &Door, job: &str, json: bool) -> Result<Exit, Failure> {
    let mut after: Option<String> = None;
    loop {
        let page = door.client().job_log(job, after.as_deref(), PAGE).await?;
        let empty = page.items.is_empty();
        for line in &page.items {
            show_line(line, json);
        }
        match page.next {
            Some(next) if !empty => after = Some(next),
            _ => return Ok(Exit::Done),
        }
    }
}

fn show_line(line: &LogLine, json: bool) {
    if json {
        show_json(line);
    } else {
        let level = if line.level == "info" { String::new() } else { format!("{}: ", line.level) };
        show(&format!("{}  {level}{}", line.at, line.text));
    }
}

async fn retry(door: &Door, job: &str, file: Option<&Path>, once: &Once) -> Result<Job, Failure> {
    let fixed = match file {
        Some(path) => {
            let form = Form::of(path).ok_or_else(|| {
                Problem::at(format!("--file {}", path.display()), "must end in .csv, .jsonl or .parquet")
            })?;
            readable("--file", path)?;
            Some((form, path))
        }
        None => None,
    };
    let mut bytes = Bytes::new("sent");
    let answer = door.client().retry(job, fixed, &key(once), &mut |sent, all| bytes.show(sent, Some(all))).await;
    bytes.finish();
    let answer = answer?;
    say(&format!("job {} sends the rejected rows again: {}", answer.job.id, grouped(answer.rows)));
    Ok(answer.job)
}

/// The form that was asked for, else the one that the file's name tells.
fn form_of(format: Option<FileForm>, output: &Path) -> Form {
    match format {
        Some(FileForm::Csv) => Form::Csv,
        Some(FileForm::Jsonl) => Form::JsonLines,
        Some(FileForm::Parquet) => Form::Parquet,
        None => Form::of(output).unwrap_or(Form::Csv),
    }
}

async fn download(
    door: &Door,
    job: &str,
    what: Rows,
    form: Form,
    output: &Path,
    spreadsheet: bool,
    json: bool,
) -> Result<Exit, Failure> {
    let what = match what {
        Rows::Result => What::Result,
        Rows::Rejected => What::Rejected,
        Rows::Receipts => What::Receipts,
    };
    let client = door.client();
    if output == Path::new("-") {
        use std::os::fd::AsFd as _;
        let own = std::io::stdout().as_fd().try_clone_to_owned().map_err(|error| cannot_write(output, &error))?;
        let mut out = tokio::fs::File::from_std(std::fs::File::from(own));
        client.download(job, what, form, spreadsheet, &mut out, &mut |_| {}).await?;
        return Ok(Exit::Done);
    }
    let mut bytes = Bytes::new("received");
    let file = Temporary::beside(output)?;
    let mut writer = file.open()?;
    let got = client.download(job, what, form, spreadsheet, &mut writer, &mut |got| bytes.show(got, None)).await;
    bytes.finish();
    let got = got?;
    // The file is there when it is whole.
    file.keep(writer, output).await?;
    if json {
        show_json(&serde_json::json!({"file": output.display().to_string(), "bytes": got}));
    } else {
        say(&format!("{} in {}", counted(got, "byte"), output.display()));
    }
    Ok(Exit::Done)
}

/// That no file is written over by mistake.
fn absent(output: &Path, force: bool) -> Result<(), Problem> {
    if force || output == Path::new("-") || !output.exists() {
        return Ok(());
    }
    let at = format!("--output {}", output.display());
    Err(Problem::at(at, "exists already").hint("use another name, or write over it with --force"))
}

/// A file of its owner alone beside the one that is wanted.
struct Temporary(tempfile::NamedTempFile);

impl Temporary {
    fn beside(output: &Path) -> Result<Temporary, Problem> {
        let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tempfile::NamedTempFile::new_in(folder).map(Temporary).map_err(|error| cannot_write(output, &error))
    }

    fn open(&self) -> Result<tokio::fs::File, Problem> {
        let file = self.0.as_file().try_clone().map_err(|error| cannot_write(self.0.path(), &error))?;
        Ok(tokio::fs::File::from_std(file))
    }

    async fn keep(self, writer: tokio::fs::File, output: &Path) -> Result<PathBuf, Problem> {
        writer.sync_all().await.map_err(|error| cannot_write(output, &error))?;
        self.0.persist(output).map_err(|error| cannot_write(output, &error.error))?;
        Ok(output.to_owned())
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Problem {
    Problem::at(format!("--output {}", path.display()), format!("cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_words_that_exist() {
        assert_eq!(states("sending, failed").unwrap(), [JobState::Sending, JobState::Failed]);
        assert_eq!(states("").unwrap(), []);
        let problems = states("sendin,x").unwrap_err();
        assert_eq!(problems.iter().count(), 2);
        assert_eq!(problems.iter().next().unwrap().hint.as_deref(), Some("did you mean sending?"));
    }
}
