//! The front page, which is also where an approval may end: the manual registers `http://localhost:8080` alone.

use app::{Actor, App, AppError, JobFilter};
use axum::extract::{FromRequestParts, RawQuery};
use axum::extract::{Request, State};
use axum::response::Response;
use console::Section;
use console::home::{Home, Overview};
use model::JobState;

use crate::caller::Anybody;
use crate::door::Door;
use crate::routes::approvals;
use crate::screens::show;
use crate::screens::sitting::{Sitting, nobody};

/// Jobs of a kind that are looked at.
const JOBS: u32 = 50;
/// Schedules that are looked at.
const SCHEDULES: u32 = 200;
/// Connections that are looked at.
const CONNECTIONS: u32 = 100;

/// `GET /`
pub(crate) async fn front(State(door): State<Door>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let query = parts.uri.query().map(ToOwned::to_owned);
    if approvals::is_answer(query.as_deref()) {
        return match Anybody::from_request_parts(&mut parts, &door).await {
            Ok(anybody) => {
                let (method, headers, uri) = (parts.method, parts.headers, parts.uri);
                approvals::callback(State(door), anybody, method, headers, uri, RawQuery(query)).await
            }
            Err(refusal) => show::refused(nobody(&parts.headers, &parts.uri, door.config()), refusal),
        };
    }
    let sitting = match Sitting::from_request_parts(&mut parts, &door).await {
        Ok(sitting) => sitting,
        Err(answer) => return answer,
    };
    let chrome = sitting.chrome.at(Section::Home);
    match Box::pin(overview(door.app(), &sitting.actor)).await {
        Ok(overview) => show::shown(&Home::new(chrome, &overview)),
        Err(error) => show::refused(chrome, error),
    }
}

/// What the front page is made of: the newest of everything, never all of it.
async fn overview(app: &App, actor: &Actor) -> Result<Overview, AppError> {
    let jobs = async |states: &[JobState]| {
        let filter = JobFilter { states: states.to_vec(), ..JobFilter::default() };
        app.jobs(actor, &filter, None, JOBS).await.map(|page| page.items)
    };
    let schedules = app.schedules(actor, None, SCHEDULES).await?;
    Ok(Overview {
        counts: app.job_counts(actor).await?,
        open: jobs(&[
            JobState::Queued,
            JobState::Querying,
            JobState::Sending,
            JobState::ParkedQuota,
            JobState::ParkedOutage,
            JobState::NeedsReconnect,
        ])
        .await?,
        ended: jobs(&[
            JobState::Success,
            JobState::Killed,
            JobState::Stopped,
            JobState::Held,
            JobState::Failed,
            JobState::Skipped,
        ])
        .await?,
        troubled: jobs(&[JobState::Failed, JobState::Stopped, JobState::Held]).await?,
        more_schedules: schedules.next.is_some(),
        schedules: schedules.items,
        connections: app.connections(actor, None, CONNECTIONS).await?.items,
        table: !app.tables(actor, None, 1).await?.items.is_empty(),
        query: app.queries(actor, None, 1).await?.items.into_iter().next().map(|query| query.spec.name),
    })
}
