//! Jobs: listed, watched, killed, continued, sent again.
//!
//! Knows filters, pages and streams of events; what a job does is the use cases'.

use std::convert::Infallible;
use std::time::Duration;

use api::{Job, JobEvent, LogLine, Page, RetryAnswer, StateCount};
use app::JobFilter;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use model::{JobState, Problem};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::body::Rows;
use crate::caller::{Caller, Proof};
use crate::clock;
use crate::door::Door;
use crate::openapi::{RowBytes, StreamedEvent};
use crate::refusal::Refusal;
use crate::request::{Asked, DONE, LastEvent, Named, Once, given, limit, place};
use crate::routes::tables::FormatAsked;

/// Silence after which a stream says that it is still there.
const STILL_HERE: Duration = Duration::from_secs(15);
/// Time after which a stream looks again whether its reader still may read.
const LOOKED_AGAIN: Duration = Duration::from_secs(1);

/// A job that was started now (202), or before under the same key (200).
pub(super) fn started((job, again): (Job, bool)) -> Response {
    let status = if again { StatusCode::OK } else { StatusCode::ACCEPTED };
    (status, [(LOCATION, format!("/api/v1/jobs/{}", job.id))], Json(job)).into_response()
}

/// Which jobs.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobsAsked {
    /// States, with commas between them; all when it is not given.
    #[param(example = "queued,sending")]
    state: Option<String>,
    /// The name of their query.
    query: Option<String>,
    /// The name of their activation.
    activation: Option<String>,
    /// The name of the parent segment that they refresh.
    parent_segment: Option<String>,
    /// The name of their connection.
    connection: Option<String>,
    /// The beginning of their id.
    search: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Jobs of the page: 1 to 500, 50 when it is not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

impl JobsAsked {
    fn filter(&self) -> Result<JobFilter, Refusal> {
        let words = self.state.iter().flat_map(|state| state.split(',')).map(str::trim).filter(|word| !word.is_empty());
        let states = words.map(state).collect::<Result<Vec<JobState>, Refusal>>()?;
        let given = |text: &Option<String>| given(text.as_deref()).map(str::to_owned);
        Ok(JobFilter {
            states,
            query: given(&self.query),
            activation: given(&self.activation),
            parent_segment: given(&self.parent_segment),
            connection: given(&self.connection),
            search: given(&self.search),
        })
    }
}

fn state(word: &str) -> Result<JobState, Refusal> {
    word.parse().map_err(|_| {
        let known = JobState::all().map(JobState::name);
        let hint = model::nearest(word, known).map(|near| format!("did you mean {near}?"));
        let problem = Problem::at("state", "is no state of a job");
        Refusal::bad_request(&problem.hint(hint.unwrap_or_else(|| "queued, sending, success, …".into())))
    })
}

/// Jobs, newest first.
#[utoipa::path(
    get, path = "/jobs", tag = "jobs", params(JobsAsked),
    responses((status = 200, body = Page<Job>), (status = 422, description = "after is not the next of a page"))
)]
pub(crate) async fn list(
    State(door): State<Door>,
    caller: Caller,
    Asked(asked): Asked<JobsAsked>,
) -> Result<Json<Page<Job>>, Refusal> {
    let (filter, limit) = (asked.filter()?, limit(asked.limit)?);
    let after = given(asked.after.as_deref());
    Ok(Json(door.app().jobs(&caller.actor, &filter, after, limit).await?))
}

/// How many jobs are in each state.
#[utoipa::path(get, path = "/jobs/counts", tag = "jobs", responses((status = 200, body = Vec<StateCount>)))]
pub(crate) async fn counts(State(door): State<Door>, caller: Caller) -> Result<Json<Vec<StateCount>>, Refusal> {
    Ok(Json(door.app().job_counts(&caller.actor).await?))
}

/// One job.
#[utoipa::path(
    get, path = "/jobs/{id}", tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 200, body = Job))
)]
pub(crate) async fn read(State(door): State<Door>, caller: Caller, Named(id): Named) -> Result<Json<Job>, Refusal> {
    Ok(Json(door.app().job(&caller.actor, &id).await?))
}

/// Forgets a job that has ended, with its result.
#[utoipa::path(
    delete, path = "/jobs/{id}", tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 204))
)]
pub(crate) async fn delete(State(door): State<Door>, caller: Caller, Named(id): Named) -> Result<StatusCode, Refusal> {
    door.app().delete_job(&caller.actor, &id).await?;
    Ok(DONE)
}

/// Everything there is to say about a job, as the command line's `report --json` has it.
#[utoipa::path(
    get, path = "/jobs/{id}/report", tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 200, body = Object))
)]
pub(crate) async fn report(
    State(door): State<Door>,
    caller: Caller,
    Named(id): Named,
) -> Result<Json<model::Report>, Refusal> {
    Ok(Json(door.app().report(&caller.actor, &id).await?))
}

/// Stops a job at a checkpoint. What is under way still ends; the rest stays unsent and can be continued.
#[utoipa::path(
    post, path = "/jobs/{id}/kill", tag = "jobs",
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 200, body = Job))
)]
pub(crate) async fn kill(State(door): State<Door>, caller: Caller, Named(id): Named) -> Result<Json<Job>, Refusal> {
    Ok(Json(door.app().kill_job(&caller.actor, &id).await?))
}

/// Puts a job that stopped back into the queue.
#[utoipa::path(
    post, path = "/jobs/{id}/continue", tag = "jobs", operation_id = "continue",
    params(("id" = String, Path, description = "The job's id")),
    responses((status = 200, body = Job))
)]
pub(crate) async fn resume(State(door): State<Door>, caller: Caller, Named(id): Named) -> Result<Json<Job>, Refusal> {
    Ok(Json(door.app().continue_job(&caller.actor, &id).await?))
}

/// Sends the stored result of a job again, as a new job with the export that its query has today.
#[utoipa::path(
    post, path = "/jobs/{id}/reexport", tag = "jobs",
    params(
        ("id" = String, Path, description = "The job's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters that name this start")
    ),
    responses((status = 200, body = Job), (status = 202, body = Job))
)]
pub(crate) async fn reexport(
    State(door): State<Door>,
    caller: Caller,
    Named(id): Named,
    Once(once): Once,
) -> Result<Response, Refusal> {
    Ok(started(door.app().reexport(&caller.actor, &id, once.as_deref()).await?))
}

/// Sends the rejected rows of a job again as a new job: as the body has them after they were mended, or as they were.
#[utoipa::path(
    post, path = "/jobs/{id}/retry", tag = "jobs",
    params(
        ("id" = String, Path, description = "The job's id"), FormatAsked,
        ("Idempotency-Key" = Option<String>, Header, description = "1 to 255 characters that name this start")
    ),
    request_body(content(
        (Option<RowBytes> = "application/octet-stream"), (Option<RowBytes> = "text/csv"),
        (Option<RowBytes> = "application/x-ndjson"), (Option<RowBytes> = "application/vnd.apache.parquet")
    )),
    responses((status = 202, body = RetryAnswer))
)]
pub(crate) async fn retry(
    State(door): State<Door>,
    caller: Caller,
    Named(id): Named,
    Once(once): Once,
    Asked(asked): Asked<FormatAsked>,
    rows: Rows,
) -> Result<Response, Refusal> {
    let answer = if rows.is_absent() {
        door.app().retry(&caller.actor, &id, None, once.as_deref()).await?
    } else {
        let retry = async |upload| door.app().retry(&caller.actor, &id, Some(upload), once.as_deref()).await;
        rows.into_upload(asked.format.as_deref(), retry).await?
    };
    let location = format!("/api/v1/jobs/{}", answer.job.id);
    Ok((StatusCode::ACCEPTED, [(LOCATION, location)], Json(answer)).into_response())
}

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinesAsked {
    /// Only lines with a greater number.
    after: Option<u64>,
    /// Lines of the page: 1 to 500, 50 when it is not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

/// The log of a job, oldest line first.
#[utoipa::path(
    get, path = "/jobs/{id}/log", tag = "jobs",
    params(("id" = String, Path, description = "The job's id"), LinesAsked),
    responses((status = 200, body = Page<LogLine>))
)]
pub(crate) async fn log(
    State(door): State<Door>,
    caller: Caller,
    Named(id): Named,
    Asked(asked): Asked<LinesAsked>,
) -> Result<Json<Page<LogLine>>, Refusal> {
    let (after, limit) = (place("after", asked.after)?.unwrap_or(0), limit(asked.limit)?);
    Ok(Json(door.app().job_log(&caller.actor, &id, after, limit).await?))
}

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsAsked {
    /// Only log lines with a greater number; `Last-Event-ID` says the same and wins.
    after: Option<u64>,
}

/// The changes of a job as they happen (server-sent events): `job` with the job, `log` with a line, whose number is the
/// `id`. Ends with the job.
#[utoipa::path(
    get, path = "/jobs/{id}/events", tag = "jobs",
    params(
        ("id" = String, Path, description = "The job's id"), EventsAsked,
        ("Last-Event-ID" = Option<String>, Header, description = "The number of the last log line that was seen")
    ),
    responses((status = 200, content_type = "text/event-stream", body = StreamedEvent))
)]
pub(crate) async fn events(
    State(door): State<Door>,
    caller: Caller,
    Named(id): Named,
    LastEvent(last): LastEvent,
    Asked(asked): Asked<EventsAsked>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let after = place("after", last.or(asked.after))?.unwrap_or(0);
    let watch = door.app().watch_job(&caller.actor, &id, after).await?;
    let reader = Reader { door, proof: caller.proof, address: caller.actor.address, looked: clock::now() };
    let stream = futures::stream::unfold((watch.events, reader), async |(mut events, mut reader)| {
        let event = tokio::select! {
            event = events.recv() => event?,
            () = reader.door.stopped() => return None,
        };
        // Whoever was locked out while the stream ran gets nothing more.
        reader.still_may().await.then_some(())?;
        Some((Ok(written(&event)), (events, reader)))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(STILL_HERE).text("still here")))
}

/// Who reads a stream.
struct Reader {
    door: Door,
    proof: Proof,
    address: String,
    looked: std::time::Instant,
}

impl Reader {
    async fn still_may(&mut self) -> bool {
        let now = clock::now();
        if now.saturating_duration_since(self.looked) < LOOKED_AGAIN {
            return true;
        }
        self.looked = now;
        self.proof.actor(&self.door, &self.address).await.is_ok()
    }
}

fn written(event: &JobEvent) -> Event {
    let (name, id, data) = match event {
        JobEvent::Job(job) => ("job", None, serde_json::to_string(job)),
        JobEvent::Log(line) => ("log", Some(line.number), serde_json::to_string(line)),
    };
    let event = Event::default().event(name).data(data.unwrap_or_default());
    match id {
        Some(id) => event.id(id.to_string()),
        None => event,
    }
}
