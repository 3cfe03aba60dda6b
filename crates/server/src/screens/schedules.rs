//! The calendar of coming runs, and all schedules with how they stand.
//!
//! Knows how many starts a calendar has use for; days are `console`'s.

use api::{ScheduleState, ScheduleView};
use app::clock::unix_now;
use app::{App, AppError, ScheduleFilter};
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use console::Form;
use console::calendar::{Calendar, DAY, DAYS, Filter, Found, MANY};
use serde::de::DeserializeOwned;

use crate::door::Door;
use crate::request::given;
use crate::screens::show;
use crate::screens::sitting::Sitting;

/// Schedules on a page.
const PAGE: u32 = 50;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/schedules", get(list))
}

/// `GET /schedules`
async fn list(State(door): State<Door>, sitting: Sitting, RawQuery(asked): RawQuery) -> Response {
    let form = Form::read(asked.unwrap_or_default().as_bytes());
    let (filter, after) = (Filter::read(&form), given(Some(form.get("after"))).map(str::to_owned));
    match found(&door, &sitting, &filter, after).await {
        Ok(found) => show::shown(&Calendar::new(&sitting.chrome, &filter, found, unix_now())),
        Err(error) => show::refused(sitting.chrome, error),
    }
}

/// A page of schedules, each with its coming starts.
async fn found(door: &Door, sitting: &Sitting, filter: &Filter, after: Option<String>) -> Result<Found, AppError> {
    let wanted = ScheduleFilter { name: filter.name.clone(), state: word(&filter.state), of: word(&filter.of) };
    let page = door.app().schedules_like(&sitting.actor, &wanted, after.as_deref(), PAGE).await?;
    // A page of crons that fire each minute is more than a moment's work.
    let with_starts = move |now: i64| page.items.into_iter().map(|view| (starts(&view, now), view)).collect::<Vec<_>>();
    let drawn = tokio::task::spawn_blocking(move || with_starts(unix_now())).await;
    let drawn = drawn.map_err(|_| AppError::Failed { message: "the calendar cannot be made".into() })?;
    let schedules = drawn.into_iter().map(|(starts, view)| (view, starts)).collect();
    Ok(Found { schedules, next: page.next, later: after.is_some() })
}

/// The starts that the calendar draws: of a schedule that runs very often, those of one day.
fn starts(view: &ScheduleView, now: i64) -> Vec<i64> {
    if view.state != ScheduleState::Active {
        return Vec::new();
    }
    let soon = App::starts(&view.schedule, now, now + DAY);
    if soon.len() > MANY { soon } else { App::starts(&view.schedule, now, now + DAYS * DAY) }
}

/// What a menu says; nothing where it says all.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(text.into()).ok()
}

/// A schedule that may be gone by now.
pub(super) fn or_none(found: Result<ScheduleView, AppError>) -> Result<Option<ScheduleView>, AppError> {
    match found {
        Ok(schedule) => Ok(Some(schedule)),
        // What it ran is gone, or has none any more.
        Err(AppError::NotFound { .. } | AppError::Conflict { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
