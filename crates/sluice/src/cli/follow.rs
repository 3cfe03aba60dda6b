//! A job of a server, watched until it has ended: its log and progress on stderr, its end on stdout, its exit code.
//!
//! Knows events and screens; what a state means is the server's sentence.

use api::client::ClientError;
use api::{Job, JobEvent, Stage};
use app::job::Watched;
use app::number::grouped;

use crate::cli::commands::Following;
use crate::cli::door::{Door, Failure};
use crate::cli::listing::{pairs, show_json};
use crate::cli::signals::Signals;
use crate::cli::{Exit, Progress, ProgressForm, human, say, show};

/// Shows a job that was started, or stays with it until it has ended.
pub(crate) async fn started(door: &Door, job: Job, following: &Following, json: bool) -> Result<Exit, Failure> {
    // A job of this machine is worked on by this very process.
    if following.follow || door.is_local() {
        return Box::pin(follow(door, &job.id, following, json)).await;
    }
    show_job(&job, json);
    Ok(Exit::Done)
}

/// Stays with a job until it has ended; the exit code is that of its state.
pub(crate) async fn follow(door: &Door, id: &str, following: &Following, json: bool) -> Result<Exit, Failure> {
    let signals = Signals::listen_saying(if door.is_local() {
        "stopping: what is under way is finished and recorded, the job waits in the queue (once more to end at once)"
    } else {
        "the job goes on without this command"
    });
    let form = match following.progress {
        ProgressForm::Auto if json => ProgressForm::Json,
        form => form,
    };
    let mut progress = Progress::new(form);
    let mut events = door.client().job_events(id, 0);
    let mut last: Option<Job> = None;
    let ended = loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = signals.stop().stopped() => break None,
        };
        match event {
            Ok(Some(JobEvent::Job(job))) => {
                watched(&mut progress, &job, last.as_ref());
                last = Some(*job);
            }
            Ok(Some(JobEvent::Log(line))) => progress.show(&Watched::Note(line.text)),
            Ok(None) => break Some(()),
            Err(error) => {
                progress.finish();
                return Err(error.into());
            }
        }
    };
    progress.finish();
    match (ended, last) {
        (Some(()), Some(job)) => finished(door, &job, json).await,
        (Some(()), None) | (None, _) => Ok(signals.exit().unwrap_or(Exit::Interrupted)),
    }
}

fn watched(progress: &mut Progress, job: &Job, last: Option<&Job>) {
    if last.is_none_or(|last| last.state != job.state) && job.progress.is_none() && job.state.is_open() {
        progress.show(&Watched::Note(job.sentence.clone()));
    }
    let Some(now) = &job.progress else { return };
    match (now.stage, job.rows) {
        (Stage::Query, _) => progress.show(&Watched::Querying(now.rows)),
        (Stage::Check, _) => progress.show(&Watched::Checking(now.checked, now.rows)),
        (Stage::Send, Some(rows)) => progress.show(&Watched::Sending(rows)),
        (Stage::Send, None) => {}
    }
}

/// The end of a job: its report where it has one.
async fn finished(door: &Door, job: &Job, json: bool) -> Result<Exit, Failure> {
    let exit = Exit::of(job.state);
    if json {
        show_json(job);
        return Ok(exit);
    }
    match door.client().report(&job.id).await {
        Ok(report) => show(&human(&report)),
        // Nothing was sent, so there is nothing to report.
        Err(ClientError::Problem(_)) => show_job(job, false),
        Err(error) => return Err(error.into()),
    }
    Ok(exit)
}

/// A job on stdout.
pub(crate) fn show_job(job: &Job, json: bool) {
    if json {
        return show_json(job);
    }
    let rows = job.rows.map(|rows| {
        format!(
            "{} read = {} delivered + {} rejected + {} superseded + {} held + {} unsent",
            grouped(rows.read),
            grouped(rows.delivered),
            grouped(rows.rejected),
            grouped(rows.superseded),
            grouped(rows.held),
            grouped(rows.unsent)
        )
    });
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let cause = job.cause.as_ref();
    show(&pairs(&[
        ("job", job.id.clone()),
        ("state", job.state.to_string()),
        ("", job.sentence.clone()),
        ("cause", cause.map(|cause| cause.message.clone()).unwrap_or_default()),
        ("hint", cause.and_then(|cause| cause.hint.clone()).unwrap_or_default()),
        ("query", text(&job.query)),
        ("connection", text(&job.connection)),
        ("rows", rows.unwrap_or_default()),
        ("started by", text(&job.actor)),
        ("of job", text(&job.parent)),
        ("created", job.created.clone()),
        ("started", text(&job.started)),
        ("finished", text(&job.finished)),
        ("goes on", text(&job.wake)),
    ]));
    if job.can_continue {
        say(&format!("continue with: sluice jobs continue {}", job.id));
    }
}
