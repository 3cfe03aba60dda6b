//! The schedule of a query: written, paused, resumed; what became of its times, and times that are run after all.
//!
//! Knows which use case stands behind a button; no cron and no clock.

use api::{Backfill, CronExplanation, Page, Query, Schedule, Scheduled};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use console::query_schedule::{self as page, Around, Count, SchedulePage};
use console::{Done, Faults, Form, Reading, Typed, schedule};
use serde::Deserialize;

use super::{Refused, back, of_name, saved, with};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, Named, given};
use crate::screens::audience::explained;
use crate::screens::sitting::{Sitting, Submitted};
use crate::screens::{show, yaml};

/// Times of the history on a page.
const PAST: u32 = 20;

#[derive(Debug, Default, Deserialize)]
pub(super) struct After {
    after: Option<String>,
}

/// What the page shows besides the query.
#[derive(Default)]
struct Shown {
    typed: Option<Typed>,
    backfill: page::Backfill,
    after: Option<String>,
}

/// `GET /queries/{name}/schedule`
pub(super) async fn read(
    State(door): State<Door>,
    sitting: Sitting,
    named: Result<Named, Refusal>,
    asked: Result<Asked<After>, Refusal>,
) -> Response {
    let after = asked.ok().and_then(|Asked(asked)| given(asked.after.as_deref()).map(str::to_owned));
    match of_name(&door, &sitting, named).await {
        Ok(query) => drawn(&door, &sitting, StatusCode::OK, &query, Shown { after, ..Shown::default() }).await,
        Err(answer) => answer,
    }
}

/// `POST /queries/{name}/schedule`
pub(super) async fn change(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    match of_name(&door, &submitted.sitting, named).await {
        Ok(query) => Box::pin(Desk { door: &door, submitted: &submitted, query }.does()).await,
        Err(answer) => answer,
    }
}

/// A form of the page that was sent.
struct Desk<'a> {
    door: &'a Door,
    submitted: &'a Submitted,
    query: Query,
}

impl Desk<'_> {
    async fn does(&self) -> Response {
        let form = &self.submitted.form;
        match form.asked().map_or("show", |(verb, _)| verb) {
            "save" | "over" => self.once(self.save()).await,
            "pause" => self.once(self.rests(true)).await,
            "resume" => self.once(self.rests(false)).await,
            "count" => self.count(form.clone(), StatusCode::OK).await,
            "backfill" => self.once(self.backfill()).await,
            // What was typed belongs to the form that it was typed into.
            _ if form.has("from._day") => {
                let backfill = page::Backfill { form: form.clone(), ..page::Backfill::default() };
                self.shown(StatusCode::OK, Shown { backfill, ..Shown::default() }).await
            }
            _ if form.has("_revision") => self.typed(StatusCode::OK, Faults::none()).await,
            _ => self.shown(StatusCode::OK, Shown::default()).await,
        }
    }

    async fn once(&self, work: impl Future<Output = Response>) -> Response {
        Box::pin(self.submitted.once(self.door, work)).await
    }

    async fn shown(&self, status: StatusCode, shown: Shown) -> Response {
        drawn(self.door, &self.submitted.sitting, status, &self.query, shown).await
    }

    /// The page again, with the schedule that was typed.
    async fn typed(&self, status: StatusCode, faults: Faults) -> Response {
        let typed = Typed { form: self.submitted.form.clone(), faults, stale: false };
        self.shown(status, Shown { typed: Some(typed), ..Shown::default() }).await
    }

    async fn save(&self) -> Response {
        let mut reading = Reading::new(&self.submitted.form);
        let schedule = schedule::read(&mut reading, "schedule");
        if !reading.problems.is_empty() {
            return self.typed(StatusCode::UNPROCESSABLE_ENTITY, Faults::of(reading.problems)).await;
        }
        match saved(self.door, self.submitted, with(&self.query, |spec| spec.schedule = schedule)).await {
            Ok(()) => back(&self.query, "schedule", Done::SAVED),
            Err(Ok(Refused { status, query, typed })) => {
                let shown = Shown { typed: Some(typed), ..Shown::default() };
                drawn(self.door, &self.submitted.sitting, status, &query, shown).await
            }
            Err(Err(error)) => show::refused(self.submitted.sitting.chrome.clone(), error),
        }
    }

    /// Pauses the schedule, or lets it go on.
    async fn rests(&self, pauses: bool) -> Response {
        let (app, actor, name) = (self.door.app(), &self.submitted.sitting.actor, &self.query.spec.name);
        let (done, told) = if pauses {
            (app.pause_schedule(actor, Scheduled::Query, name).await, Done::PAUSED)
        } else {
            (app.resume_schedule(actor, Scheduled::Query, name).await, Done::RESUMED)
        };
        match done {
            Ok(_) => back(&self.query, "schedule", told),
            Err(error) => show::refused(self.submitted.sitting.chrome.clone(), error),
        }
    }

    /// The page with the number of times that a backfill would run.
    async fn count(&self, form: Form, status: StatusCode) -> Response {
        match self.counted(&form).await {
            Ok(count) => {
                let backfill = page::Backfill { form, faults: Faults::none(), count: Some(count) };
                self.shown(status, Shown { backfill, ..Shown::default() }).await
            }
            Err(refusal) => self.not_counted(form, refusal).await,
        }
    }

    async fn not_counted(&self, form: Form, error: app::AppError) -> Response {
        let (status, faults) = show::faults(error);
        let backfill = page::Backfill { form, faults, count: None };
        self.shown(status, Shown { backfill, ..Shown::default() }).await
    }

    async fn counted(&self, form: &Form) -> Result<Count, app::AppError> {
        let ((from, to), actor) = (page::span(form), &self.submitted.sitting.actor);
        let look = self.door.app().look_at_backfill(actor, Scheduled::Query, &self.query.spec.name, &from, &to).await?;
        Ok(Count { times: look.times, ran: look.ran, more: look.more })
    }

    /// Runs the times that were counted. Where they are others by now, they are counted again first.
    async fn backfill(&self) -> Response {
        let form = &self.submitted.form;
        let count = match self.counted(form).await {
            Ok(count) => count,
            Err(error) => return self.not_counted(form.clone(), error).await,
        };
        let first = count.times.first().map_or("", |fire| fire.scheduled.as_str());
        let slots = u32::try_from(count.times.len()).unwrap_or_default();
        if form.get("_first") != first || form.get("_slots") != slots.to_string() {
            return self.count(form.clone(), StatusCode::CONFLICT).await;
        }
        let (actor, name) = (&self.submitted.sitting.actor, &self.query.spec.name);
        let request = Backfill { from: first.to_owned(), slots };
        match self.door.app().backfill(actor, Scheduled::Query, name, request).await {
            Ok(_) => back(&self.query, "schedule", Done::STARTED),
            Err(error) => self.not_counted(form.clone(), error).await,
        }
    }
}

/// The page of a query as it is saved, or with what was typed.
async fn drawn(door: &Door, sitting: &Sitting, status: StatusCode, query: &Query, shown: Shown) -> Response {
    let Shown { typed, backfill, after } = shown;
    let (app, actor, name) = (door.app(), &sitting.actor, &query.spec.name);
    let (view, history) = if query.spec.schedule.is_some() {
        let view = app.schedule(actor, Scheduled::Query, name).await;
        let history = app.schedule_history(actor, Scheduled::Query, name, after.as_deref(), PAST).await;
        match (view, history) {
            (Ok(view), Ok(history)) => (Some(view), history),
            (Err(error), _) | (_, Err(error)) => return show::refused(sitting.chrome.clone(), error),
        }
    } else {
        (None, Page::all(Vec::new()))
    };
    let form = typed.as_ref().map_or_else(|| page::form_of(query), |typed| typed.form.clone());
    let (explained, typed) = understood(door, sitting, &form, typed).await;
    let yaml = yaml::query(&with(query, |spec| spec.schedule = written(&form)));
    let around = Around { view, explained, history, later: after.is_some(), backfill, yaml };
    show::page(status, &SchedulePage::new(&sitting.chrome, query, typed, around))
}

/// What the form means; what keeps it from meaning anything stands beside its fields, unless something does already.
async fn understood(
    door: &Door,
    sitting: &Sitting,
    form: &Form,
    typed: Option<Typed>,
) -> (Option<CronExplanation>, Option<Typed>) {
    match (explained(door, &sitting.actor, form).await, typed) {
        (Ok(explained), typed) => (explained, typed),
        (Err(faults), Some(typed)) if typed.faults.is_empty() => (None, Some(Typed { faults, ..typed })),
        (Err(_), typed) => (None, typed),
    }
}

fn written(form: &Form) -> Option<Schedule> {
    schedule::read(&mut Reading::new(form), "schedule")
}
