//! `sluice jobs` and `sluice report`.

use std::path::Path;

use app::export::ExportError;
use app::rejects::Form;
use app::upkeep;
use model::Problems;
use model::grouped;

use crate::cli::args::{JobsArguments, ReportArguments};
use crate::cli::commands::JobsCommand;
use crate::cli::door::{self, Failure};
use crate::cli::listing::{counted, under};
use crate::cli::{Exit, explain_error, human, say, server_jobs, show};

/// `sluice jobs`: with a command or a server through its API, else straight from the data directory.
pub(crate) async fn jobs(arguments: JobsArguments) -> Exit {
    let JobsArguments { newest, whereabouts, command } = arguments;
    let all = || JobsCommand::List {
        state: None,
        query: None,
        activation: None,
        parent_segment: None,
        connection: None,
        search: None,
        limit: newest,
    };
    match command {
        Some(command) => server_jobs::jobs(whereabouts, command).await,
        None if whereabouts.server().is_some() => server_jobs::jobs(whereabouts, all()).await,
        None => local(&whereabouts.data_dir.path(), newest, whereabouts.json).await,
    }
}

async fn local(data_dir: &Path, newest: u32, json: bool) -> Exit {
    if let Err(problem) = door::used(data_dir) {
        return Failure::from(problem).tell(json);
    }
    let jobs = match upkeep::jobs(data_dir, newest).await {
        Ok(jobs) => jobs,
        Err(error) => return explain_error(&error, None),
    };
    if jobs.is_empty() {
        say(server_jobs::NONE);
        return Exit::Done;
    }
    let mut lines = Vec::new();
    for job in jobs {
        let rows = job.report.as_ref().map(|report| report.rows);
        let started = jiff::Timestamp::from_second(job.created).map(|time| time.to_string()).unwrap_or_default();
        if json {
            let line = serde_json::json!({
                "job": job.id, "status": job.state, "created": started, "rows": rows, "result_rows": job.frozen_rows,
                "cause": job.cause,
            });
            show(&line.to_string());
            continue;
        }
        let counts = match rows {
            Some(rows) => format!("{} of {} delivered", grouped(rows.delivered), grouped(rows.read)),
            None => job.frozen_rows.map(|rows| counted(rows, "row")).unwrap_or_default(),
        };
        lines.push(vec![job.id.to_string(), started, job.state.to_string(), counts]);
    }
    if !json {
        show(&under(&["job", "created", "state", "rows"], lines.into_iter()));
    }
    Exit::Done
}

/// `sluice report`
pub(crate) async fn report(arguments: ReportArguments) -> Exit {
    let form = match arguments.rejects.as_deref().map(Form::of).transpose() {
        Ok(form) => form,
        Err(problem) => return explain_error(&ExportError::Problems(Problems::from(problem)), None),
    };
    let data_dir = arguments.data_dir.path();
    if let Err(problem) = door::used(&data_dir) {
        return Failure::from(problem).tell(arguments.json);
    }
    let found = async {
        let job = upkeep::job(&data_dir, &arguments.job).await?;
        let mut report = job.report.clone();
        if let (Some(path), Some(form)) = (&arguments.rejects, form) {
            upkeep::write_rejects(&data_dir, &job.id, path, form).await.map_err(ExportError::Failed)?;
            if let Some(report) = &mut report {
                report.rejects_file = Some(path.display().to_string());
            }
        }
        Ok::<_, ExportError>((job, report))
    };
    match found.await {
        Ok((_, Some(report))) if arguments.json => {
            show(&serde_json::to_value(&report).unwrap_or_default().to_string());
            Exit::Done
        }
        Ok((_, Some(report))) => {
            show(&human(&report));
            Exit::Done
        }
        Ok((job, None)) => {
            let cause = job.cause.map(|cause| format!(": {}", cause.message)).unwrap_or_default();
            say(&format!("job {} has no report yet; it is {}{cause}", job.id, job.state));
            if job.state.resumable() {
                say(&format!("continue with: sluice resume {}", job.id));
            }
            Exit::Failed
        }
        Err(error) => explain_error(&error, None),
    }
}
