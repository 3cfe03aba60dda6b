//! A job of a server, watched until it has ended or parks: its log and progress on stderr, its end on stdout, its exit code.
//!
//! Knows events and screens; what a state means is the server's sentence.

use api::client::{ClientError, JobQuery};
use api::{Job, JobEvent, Stage};
use app::job::Watched;
use model::JobState;
use model::grouped;

use crate::cli::commands::Following;
use crate::cli::door::{Door, Failure};
use crate::cli::listing::{pairs, show_json};
use crate::cli::server_jobs::of;
use crate::cli::signals::Signals;
use crate::cli::{Exit, Progress, ProgressForm, human, say, show};

/// Most parked jobs of a query or an activation that are looked at.
const OLDER: u32 = 100;

/// Shows a job that was started, or stays with it.
pub(crate) async fn started(door: &Door, job: Job, following: &Following, json: bool) -> Result<Exit, Failure> {
    // A job of this machine is worked on by this very process.
    if following.stays() || door.is_local() {
        return Box::pin(follow(door, &job.id, following, json)).await;
    }
    show_job(&job, json);
    Ok(Exit::Done)
}

/// Stays with a job until it has ended, or parks and is not waited for; the exit code is that of its state.
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
    let mut notes = Notes::default();
    let ended = loop {
        let event = tokio::select! {
            event = events.next() => event,
            () = signals.stop().stopped() => break None,
        };
        match event {
            Ok(Some(JobEvent::Job(job))) => {
                watched(&mut progress, &mut notes, &job, last.as_ref());
                if !following.wait
                    && let Some(older) = behind(door, &job).await?
                {
                    progress.finish();
                    return Ok(show_behind(&job, &older, door.is_local(), json));
                }
                let stays = following.wait || !parked(job.state);
                last = Some(*job);
                if !stays {
                    break Some(());
                }
            }
            Ok(Some(JobEvent::Log(line))) => notes.show(&mut progress, &line.text),
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

/// Whether a job in this state waits for something that may take long.
fn parked(state: JobState) -> bool {
    match state {
        JobState::ParkedQuota | JobState::ParkedOutage | JobState::NeedsReconnect => true,
        JobState::Queued
        | JobState::Querying
        | JobState::Sending
        | JobState::Killed
        | JobState::Stopped
        | JobState::Held
        | JobState::Failed
        | JobState::Success
        | JobState::Skipped => false,
    }
}

/// The parked job of the same query or activation that a job in the queue waits for: it would be long in coming.
async fn behind(door: &Door, job: &Job) -> Result<Option<Job>, ClientError> {
    // The queue says of a job that waits for another one why it waits.
    if job.state != JobState::Queued || job.cause.is_none() {
        return Ok(None);
    }
    let states = JobState::all().filter(|state| parked(*state)).collect();
    let which = JobQuery {
        states,
        query: job.query.clone(),
        activation: job.activation.clone(),
        parent_segment: job.parent_segment.clone(),
        ..JobQuery::default()
    };
    let page = door.client().jobs(&which, None, OLDER).await?;
    Ok(page.items.into_iter().find(|older| older.id != job.id && older.created <= job.created))
}

/// Shows a job that waits for a parked one; the exit code is that of the parked one.
fn show_behind(job: &Job, older: &Job, local: bool, json: bool) -> Exit {
    show_job(job, json);
    say(&format!("note: job {} ({}) is first, and it is parked: {}", older.id, of(older), older.sentence));
    say(&goes_on(&older.id, local));
    Exit::of(older.state)
}

/// Notes said since the job was last at work: its sentence stands in its log as well.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn show(&mut self, progress: &mut Progress, text: &str) {
        if !self.0.iter().any(|said| said == text) {
            progress.show(&Watched::Note(text.to_owned()));
            self.0.push(text.to_owned());
        }
    }
}

fn watched(progress: &mut Progress, notes: &mut Notes, job: &Job, last: Option<&Job>) {
    let Some(now) = &job.progress else {
        if last.is_none_or(|last| last.state != job.state) && job.state.is_open() {
            notes.show(progress, &job.sentence);
        }
        return;
    };
    if last.is_some_and(|last| last.progress.is_none()) {
        notes.0.clear();
    }
    match (now.stage, job.rows) {
        (Stage::Query, _) => progress.show(&Watched::Querying(now.rows)),
        (Stage::Check, _) => progress.show(&Watched::Checking(now.checked, now.rows)),
        (Stage::Send, Some(rows)) => progress.show(&Watched::Sending(rows)),
        (Stage::Send, None) => {}
    }
}

/// The end of a job, or where it parked: its report where it has one.
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
    if parked(job.state) {
        say(&goes_on(&job.id, door.is_local()));
    }
    Ok(exit)
}

/// How a parked job goes on when nobody waits for it.
fn goes_on(id: &str, local: bool) -> String {
    if local {
        return format!(
            "the job stays parked in the data directory, and goes on with a server or the next command that works on \
             jobs here: sluice jobs continue {id}"
        );
    }
    format!("it goes on by itself at the server; to stay with it: sluice jobs show {id} --follow --wait")
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
        ("activation", text(&job.activation)),
        ("refreshes", text(&job.parent_segment)),
        ("connection", text(&job.connection)),
        ("rows", rows.unwrap_or_default()),
        ("started by", text(&job.actor)),
        ("of job", text(&job.parent)),
        ("scheduled for", text(&job.scheduled)),
        ("forecast", job.forecast.as_ref().map(|forecast| forecast.sentence.clone()).unwrap_or_default()),
        ("created", job.created.clone()),
        ("started", text(&job.started)),
        ("finished", text(&job.finished)),
        ("goes on", text(&job.wake)),
    ]));
    if job.can_continue {
        say(&format!("continue with: sluice jobs continue {}", job.id));
    }
}
