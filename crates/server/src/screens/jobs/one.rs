//! `GET /jobs/{id}`: one job, and its log.

use api::{Job, JobKind};
use app::AppError;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use console::jobs::{JobPage, JobPart, JobSeen, JobUpdate, LogPage};
use console::{Faults, Form, Section};

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Named;
use crate::screens::jobs::{asks_again, drawn_anew, of_part};
use crate::screens::show;
use crate::screens::sitting::Sitting;

/// Lines of the log beside the job.
const LINES: u32 = 100;
/// Lines of a page of the log.
const PAGE: u32 = 500;

/// `GET /jobs/{id}`
pub(crate) async fn page(
    State(door): State<Door>,
    sitting: Sitting,
    named: Result<Named, Refusal>,
    headers: HeaderMap,
) -> Response {
    let Named(id) = match named {
        Ok(named) => named,
        Err(refusal) => return show::refused(sitting.chrome, refusal),
    };
    if !asks_again(&headers) {
        return drawn(&door, sitting, &id, StatusCode::OK, &Faults::none()).await;
    }
    match seen(&door, &sitting, &id).await {
        Ok(seen) => {
            let part = JobPart::new(sitting.chrome.at(Section::Jobs), seen);
            show::page(of_part(part.is_live()), &JobUpdate { part })
        }
        Err(_) => drawn_anew(),
    }
}

/// The page of a job, with what went wrong when something was asked of it.
pub(crate) async fn drawn(door: &Door, sitting: Sitting, id: &str, status: StatusCode, faults: &Faults) -> Response {
    let all = async {
        let seen = seen(door, &sitting, id).await?;
        let making = door.app().job_making(&sitting.actor, id).await?;
        Ok::<_, AppError>((seen, making))
    };
    match all.await {
        Ok((seen, making)) => {
            let page = JobPage::new(sitting.chrome.at(Section::Jobs), seen, faults);
            show::page(status, &page.made_of(making.sql, making.settings.as_ref()))
        }
        Err(error) => show::refused(sitting.chrome.at(Section::Jobs), error),
    }
}

/// What is known of a job.
async fn seen(door: &Door, sitting: &Sitting, id: &str) -> Result<JobSeen, AppError> {
    let (app, actor) = (door.app(), &sitting.actor);
    let job = app.job(actor, id).await?;
    let report = match app.report(actor, id).await {
        Ok(report) => Some(report),
        // It has none yet.
        Err(AppError::Conflict { .. }) => None,
        Err(error) => return Err(error),
    };
    // Read after the job: its last lines are there before its end is told.
    let log = app.job_log_end(actor, id, LINES).await?;
    let later = if job.state.is_open() { Vec::new() } else { app.jobs_from(actor, id).await? };
    let exportable = exportable(door, sitting, &job).await;
    Ok(JobSeen { job, report, log, later, exportable })
}

/// Whether the query of a result has an export today.
async fn exportable(door: &Door, sitting: &Sitting, job: &Job) -> bool {
    let name = job.query.as_ref().filter(|_| job.kind == JobKind::Result && job.has_result);
    let Some(name) = name else { return false };
    // A query that is gone, or has another name today, has none.
    door.app().query(&sitting.actor, name).await.is_ok_and(|query| query.spec.export.is_some())
}

/// `GET /jobs/{id}/log`
pub(crate) async fn log(
    State(door): State<Door>,
    sitting: Sitting,
    named: Result<Named, Refusal>,
    RawQuery(query): RawQuery,
) -> Response {
    let after = Form::read(query.unwrap_or_default().as_bytes()).get("after").parse().unwrap_or(0);
    let read = async {
        let Named(id) = named?;
        let job = door.app().job(&sitting.actor, &id).await?;
        let page = door.app().job_log(&sitting.actor, &id, after, PAGE).await?;
        Ok::<_, Refusal>((job, page))
    };
    let read = read.await;
    let chrome = sitting.chrome.at(Section::Jobs);
    match read {
        Ok((job, page)) => show::shown(&LogPage::new(chrome, &job, page.items, after == 0, page.next)),
        Err(refusal) => show::refused(chrome, refusal),
    }
}
