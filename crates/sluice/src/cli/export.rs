//! `sluice export` and `sluice resume`: arguments understood, progress shown, the report printed, the exit code chosen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use model::{JobState, Problem, Problems, Report, Settings};

use crate::cli::args::{ExportArguments, ResumeArguments};
use crate::cli::failure::{fail, show_problem};
use crate::cli::moment::moment;
use crate::cli::signals::Signals;
use crate::cli::{Exit, Progress, human, say, show};
use app::document;
use app::export::{self, ExportError, ExportRequest};
use app::inspect;
use app::job::Ended;
use app::rejects::Form;
use app::upkeep;

/// Where and how the outcome is told.
struct Telling {
    json: bool,
    wait: bool,
    report: Option<PathBuf>,
    rejects: Option<(PathBuf, Form)>,
    data_dir: PathBuf,
}

/// `sluice export`
pub(crate) async fn export(arguments: ExportArguments) -> Exit {
    let (request, telling) = match understand(&arguments) {
        Ok(understood) => understood,
        Err(problems) => return fail(&ExportError::Problems(problems), None, arguments.json),
    };
    let signals = Signals::listen();
    if arguments.dry_run {
        return inspect_dry(request, arguments.json, signals).await;
    }
    let mut progress = Progress::new(arguments.progress);
    let mut watch = |watched| progress.show(&watched);
    let ended = Box::pin(export::export(request, signals.stop(), &mut watch)).await;
    progress.finish();
    tell(ended, telling, signals, arguments.progress).await
}

/// `sluice resume`
pub(crate) async fn resume(arguments: ResumeArguments) -> Exit {
    let mut problems = Problems::default();
    let rejects = with_form(arguments.rejects.clone(), &mut problems);
    if let Some(path) = &arguments.report {
        writable("--report", path, &mut problems);
    }
    if !problems.is_empty() {
        return fail(&ExportError::Problems(problems), None, arguments.json);
    }
    let telling = Telling {
        json: arguments.json,
        wait: arguments.wait,
        report: arguments.report.clone(),
        rejects,
        data_dir: arguments.data_dir.path(),
    };
    let signals = Signals::listen();
    let mut progress = Progress::new(arguments.progress);
    let mut watch = |watched| progress.show(&watched);
    let ended = Box::pin(export::resume(&telling.data_dir, &arguments.job, signals.stop(), &mut watch)).await;
    progress.finish();
    tell(ended, telling, signals, arguments.progress).await
}

async fn inspect_dry(request: ExportRequest, json: bool, signals: Signals) -> Exit {
    match Box::pin(inspect::dry_run(request, signals.stop())).await {
        Ok(dry) => {
            show(&if json { dry.json().to_string() } else { dry.text() });
            if dry.stops_at_reject { Exit::RejectedRow } else { Exit::Done }
        }
        Err(error) => fail(&error, signals.exit(), json),
    }
}

/// Everything that the arguments say, with all their problems at once.
fn understand(arguments: &ExportArguments) -> Result<(ExportRequest, Telling), Problems> {
    let mut problems = Problems::default();
    let settings = settings(arguments, &mut problems);
    let sql = match (&arguments.query, &arguments.query_file) {
        (Some(sql), _) => sql.clone(),
        (None, Some(file)) => std::fs::read_to_string(file).unwrap_or_else(|error| {
            problems.push(Problem::at(format!("--query-file {}", file.display()), format!("cannot be read: {error}")));
            String::new()
        }),
        (None, None) => String::new(),
    };
    let time = Duration::try_from_secs_f64(arguments.query_timeout).ok().filter(|time| !time.is_zero());
    if time.is_none() {
        problems.push(Problem::at("--query-timeout", "must be a positive number of seconds"));
    }
    let scheduled = arguments.scheduled_time.as_deref().map(|text| moment("--scheduled-time", text));
    let scheduled = scheduled.and_then(|time| problems.keep(time)).map(Timestamp::as_second);
    let rejects = with_form(arguments.rejects.clone(), &mut problems);
    if let Some(path) = &arguments.report {
        writable("--report", path, &mut problems);
    }
    let request = ExportRequest {
        sql,
        tables: arguments.tables.clone(),
        connection_file: arguments.connection_file.clone(),
        settings,
        data_dir: arguments.data_dir.path(),
        query_time: time,
        scheduled,
    };
    // The rest of what can be wrong is found now as well, so that everything is said at once.
    if !problems.is_empty() {
        if let Err(ExportError::Problems(found)) = export::prepare(&request) {
            for problem in found.iter() {
                if !problems.iter().any(|known| known == problem) {
                    problems.push(problem.clone());
                }
            }
        }
        return Err(problems);
    }
    let telling = Telling {
        json: arguments.json,
        wait: arguments.wait,
        report: arguments.report.clone(),
        rejects,
        data_dir: arguments.data_dir.path(),
    };
    Ok((request, telling))
}

/// The settings of the file, then those of the command line, which win.
fn settings(arguments: &ExportArguments, problems: &mut Problems) -> Settings {
    let mut settings = Settings::default();
    if let Some(file) = &arguments.settings {
        match document::read(file) {
            Ok(value) => {
                if let Err(found) = settings.set_all(&value) {
                    problems.extend(found);
                }
            }
            Err(found) => problems.extend(found),
        }
    }
    for pair in &arguments.set {
        match pair.split_once('=') {
            Some((name, value)) => {
                problems.keep(settings.set(name.trim(), value));
            }
            None => problems.push(Problem::at(format!("--set {pair}"), "must be KEY=VALUE")),
        }
    }
    settings
}

fn with_form(path: Option<PathBuf>, problems: &mut Problems) -> Option<(PathBuf, Form)> {
    let path = path?;
    writable("--rejects", &path, problems);
    let form = problems.keep(Form::of(&path))?;
    Some((path, form))
}

/// A file that cannot be written is found before anything is sent.
fn writable(option: &str, path: &Path, problems: &mut Problems) {
    let place = format!("{option} {}", path.display());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if path.is_dir() {
        problems.push(Problem::at(place, "is a folder").hint("name a file in it"));
    } else if let Err(error) = tempfile::NamedTempFile::new_in(folder) {
        problems.push(Problem::at(place, format!("cannot be written: {error}")));
    }
}

/// Tells how a job ended, and with `--wait` goes on until it did.
async fn tell(
    ended: Result<Ended, ExportError>,
    telling: Telling,
    signals: Signals,
    form: crate::cli::ProgressForm,
) -> Exit {
    let mut ended = match ended {
        Ok(ended) => ended,
        Err(error) => return fail(&error, signals.exit(), telling.json),
    };
    let mut round = 0;
    while telling.wait && signals.exit().is_none() {
        let Some(pause) = pause(ended.report.status, round) else {
            break;
        };
        round += 1;
        if let Some(cause) = &ended.report.cause {
            say(&format!("{}: {}; next try in {} s", ended.report.status, cause.message, pause.as_secs()));
        }
        let stopped = tokio::select! {
            () = tokio::time::sleep(pause) => false,
            () = signals.stop().stopped() => true,
        };
        if stopped {
            break;
        }
        let mut progress = Progress::new(form);
        let mut watch = |watched| progress.show(&watched);
        let job = ended.report.job.to_string();
        let again = Box::pin(export::resume(&telling.data_dir, &job, signals.stop(), &mut watch)).await;
        progress.finish();
        match again {
            Ok(again) => {
                if again.report.rows.unsent < ended.report.rows.unsent {
                    round = 0;
                }
                ended = again;
            }
            Err(error) => return fail(&error, signals.exit(), telling.json),
        }
    }
    finish(ended, &telling, &signals).await
}

/// How long `--wait` waits in this state; `None`: waiting helps nobody.
fn pause(state: JobState, round: u32) -> Option<Duration> {
    match state {
        // One probe in 15 minutes at most, until the account's midnight.
        JobState::ParkedQuota => Some(Duration::from_secs(15 * 60)),
        JobState::ParkedOutage => Some(Duration::from_secs((5 << round.min(6)).min(300))),
        // The connection file is read anew each time.
        JobState::NeedsReconnect => Some(Duration::from_secs(300)),
        JobState::Queued
        | JobState::Querying
        | JobState::Sending
        | JobState::Killed
        | JobState::Stopped
        | JobState::Held
        | JobState::Failed
        | JobState::Success
        | JobState::Skipped => None,
    }
}

async fn finish(ended: Ended, telling: &Telling, signals: &Signals) -> Exit {
    let Ended { mut report, problems } = ended;
    let mut exit = match report.status {
        JobState::Killed => signals.exit().unwrap_or(Exit::Interrupted),
        state => Exit::of(state),
    };
    if problems.is_some() {
        exit = Exit::Usage;
    }
    if let Some((path, form)) = &telling.rejects
        && let Err(message) = write_rejects(&telling.data_dir, &mut report, path, *form).await
    {
        say(&format!("error: the rejected rows could not be written: {message}"));
        exit = if exit == Exit::Done { Exit::Failed } else { exit };
    }
    let json = serde_json::to_value(&report).unwrap_or_default();
    if let Some(path) = &telling.report
        && let Err(error) = std::fs::write(path, format!("{json:#}\n"))
    {
        say(&format!("error: the report could not be written: {}: {error}", path.display()));
        exit = if exit == Exit::Done { Exit::Failed } else { exit };
    }
    show(&if telling.json { json.to_string() } else { human(&report) });
    match &problems {
        Some(problems) => problems.iter().for_each(show_problem),
        None => say_what_next(&report, telling),
    }
    exit
}

fn say_what_next(report: &Report, telling: &Telling) {
    if telling.json
        && let Some(cause) = &report.cause
    {
        say(&format!("error: {}", cause.message));
        if let Some(hint) = &cause.hint {
            say(&format!("  hint: {hint}"));
        }
    }
    if report.status != JobState::Success {
        say(&format!("continue with: sluice resume {} --data-dir {}", report.job, telling.data_dir.display()));
    }
}

async fn write_rejects(data_dir: &Path, report: &mut Report, path: &Path, form: Form) -> Result<(), String> {
    upkeep::write_rejects(data_dir, &report.job, path, form).await?;
    report.rejects_file = Some(path.display().to_string());
    Ok(())
}
