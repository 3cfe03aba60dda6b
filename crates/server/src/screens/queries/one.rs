//! One query: written, looked at, run, deleted.
//!
//! Knows what each button does. What was typed is on every answer that is not a success.

use api::{Place, PreviewRequest, Query, QuerySpec, RunRequest, Scheduled};
use app::AppError;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use console::queries::{self, Asks, Bench, QueryPage, Typed};
use console::{Done, Faults, Form, expected, part};
use serde::Deserialize;

use crate::door::Door;
use crate::presence::Presence;
use crate::refusal::Refusal;
use crate::request::{Asked, Named};
use crate::screens::jobs::once;
use crate::screens::queries::workbench;
use crate::screens::schedules::or_none;
use crate::screens::sitting::{Sitting, Submitted};
use crate::screens::{show, yaml};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Begun {
    table: Option<String>,
}

/// `GET /new/query`: over a table, where one is named.
pub(super) async fn new(State(door): State<Door>, sitting: Sitting, asked: Result<Asked<Begun>, Refusal>) -> Response {
    let mut form = Form::default();
    if let Some(table) = asked.ok().and_then(|Asked(begun)| begun.table) {
        form.set("sql", format!("SELECT *\nFROM \"{}\"\n", table.replace('"', "\"\"")));
    }
    let typed = Typed { form: Some(form), ..Typed::default() };
    drawn(&door, &sitting, None, StatusCode::OK, typed).await
}

/// `GET /queries/{name}`
pub(super) async fn query(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    match of_name(&door, &sitting, named).await {
        Ok(query) => drawn(&door, &sitting, Some(&query), StatusCode::OK, Typed::default()).await,
        Err(answer) => answer,
    }
}

/// `POST /new/query`
pub(super) async fn create(State(door): State<Door>, presence: Presence, submitted: Submitted) -> Response {
    Box::pin(Desk { door: &door, submitted: &submitted, query: None }.does(presence)).await
}

/// `POST /queries/{name}`
pub(super) async fn change(
    State(door): State<Door>,
    presence: Presence,
    named: Result<Named, Refusal>,
    submitted: Submitted,
) -> Response {
    match of_name(&door, &submitted.sitting, named).await {
        Ok(query) => Box::pin(Desk { door: &door, submitted: &submitted, query: Some(query) }.does(presence)).await,
        // Sent once more after it was renamed or deleted: the first answer stands.
        Err(answer) => submitted.once(&door, async { answer }).await,
    }
}

async fn of_name(door: &Door, sitting: &Sitting, named: Result<Named, Refusal>) -> Result<Query, Response> {
    let refused = |refusal: Refusal| show::refused(sitting.chrome.clone(), refusal);
    let Named(name) = named.map_err(refused)?;
    door.app().query(&sitting.actor, &name).await.map_err(|error| refused(error.into()))
}

/// The page of a query, or of a new one.
async fn drawn(door: &Door, sitting: &Sitting, query: Option<&Query>, status: StatusCode, typed: Typed) -> Response {
    let chrome = &sitting.chrome;
    let beside = match workbench::beside(door, &sitting.actor, chrome).await {
        Ok(beside) => beside,
        Err(error) => return show::refused(chrome.clone(), error),
    };
    let schedule = match query.filter(|query| query.spec.schedule.is_some()) {
        Some(query) => or_none(door.app().schedule(&sitting.actor, Scheduled::Query, &query.spec.name).await),
        None => Ok(None),
    };
    let schedule = match schedule {
        Ok(schedule) => schedule,
        Err(error) => return show::refused(chrome.clone(), error),
    };
    let longest = door.app().config().query_time.as_secs();
    let bench = Bench { beside, schedule, yaml: query.map(yaml::query), longest };
    match query {
        Some(query) => show::page(status, &QueryPage::of(chrome, query, bench, typed)),
        None => show::page(status, &QueryPage::new(chrome, bench, typed)),
    }
}

/// A form of a query that was sent.
struct Desk<'a> {
    door: &'a Door,
    submitted: &'a Submitted,
    /// The query as it is saved; nothing for a new one.
    query: Option<Query>,
}

impl Desk<'_> {
    async fn does(&self, presence: Presence) -> Response {
        let form = &self.submitted.form;
        let asked = form.asked().map_or("show", |(verb, _)| verb);
        match (asked, &self.query) {
            ("save" | "over", _) => self.once(Box::pin(self.save(""))).await,
            ("save-export", _) => self.once(Box::pin(self.save("/export"))).await,
            ("save-run", _) => self.once(Box::pin(self.save_and_run())).await,
            ("preview", _) => self.preview(presence).await,
            ("run", Some(query)) if queries::changed(form, &query.spec) => {
                self.again(StatusCode::OK, Typed { asks: Some(Asks::Run), ..Typed::default() }).await
            }
            ("run" | "run-saved", Some(query)) => self.once(self.run(&query.spec.name)).await,
            ("delete", Some(_)) => {
                self.again(StatusCode::OK, Typed { asks: Some(Asks::Delete), ..Typed::default() }).await
            }
            ("delete-now", Some(query)) => self.once(self.delete(&query.spec.name)).await,
            _ => self.again(StatusCode::OK, Typed::default()).await,
        }
    }

    async fn once(&self, work: impl Future<Output = Response>) -> Response {
        self.submitted.once(self.door, work).await
    }

    /// The page again with what was typed.
    async fn again(&self, status: StatusCode, typed: Typed) -> Response {
        let typed = Typed { form: Some(self.submitted.form.clone()), ..typed };
        drawn(self.door, &self.submitted.sitting, self.query.as_ref(), status, typed).await
    }

    async fn refused(&self, error: AppError) -> Response {
        let sitting = &self.submitted.sitting;
        match error {
            AppError::Forbidden { .. } => show::refused(sitting.chrome.clone(), error),
            AppError::Stale { .. } => {
                let status = StatusCode::PRECONDITION_FAILED;
                // As it is saved now, not as it was when the form came.
                let newest = match &self.query {
                    Some(query) => door_query(self.door, sitting, &query.spec.name).await,
                    None => Err(error),
                };
                match newest {
                    Ok(newest) => {
                        let typed = Typed { form: Some(self.submitted.form.clone()), stale: true, ..Typed::default() };
                        drawn(self.door, sitting, Some(&newest), status, typed).await
                    }
                    Err(error) => show::refused(sitting.chrome.clone(), error),
                }
            }
            // Only a name can be in the way of another query.
            AppError::Conflict { message, hint } => {
                let faults = Faults::of([Place { at: "name".into(), message, hint }]);
                self.again(StatusCode::CONFLICT, Typed { faults, ..Typed::default() }).await
            }
            error => {
                let (status, faults) = show::faults(error);
                self.again(status, Typed { faults: faults.within("query."), ..Typed::default() }).await
            }
        }
    }

    /// Saves what was typed; the answer where it cannot be saved.
    async fn saved(&self) -> Result<Query, Response> {
        let (app, form, actor) = (self.door.app(), &self.submitted.form, &self.submitted.sitting.actor);
        let was = self.query.as_ref().map(|query| query.spec.clone()).unwrap_or_default();
        let (spec, problems) = queries::read(form, was);
        if !problems.is_empty() {
            let typed = Typed { faults: Faults::of(problems), ..Typed::default() };
            return Err(self.again(StatusCode::UNPROCESSABLE_ENTITY, typed).await);
        }
        let done = match &self.query {
            None => app.create_query(actor, spec).await,
            Some(query) if spec.name.is_empty() => Err(nameless(&query.spec)),
            Some(query) => app.put_query(actor, &query.spec.name, spec, expected(form)).await.map(|(query, _)| query),
        };
        match done {
            Ok(query) => Ok(query),
            Err(error) => Err(self.refused(error).await),
        }
    }

    /// On to the query, or to a part of it.
    async fn save(&self, part_of_it: &str) -> Response {
        match Box::pin(self.saved()).await {
            Ok(query) => {
                let done = if self.query.is_some() { Done::SAVED } else { Done::CREATED };
                show::go(&format!("/queries/{}{part_of_it}", part(&query.spec.name)), Some(done))
            }
            Err(answer) => answer,
        }
    }

    async fn save_and_run(&self) -> Response {
        match Box::pin(self.saved()).await {
            Ok(query) => {
                // From here on the page is that of the query as it is saved, also where the run is refused.
                let mut form = self.submitted.form.clone();
                form.set("_revision", query.revision.to_string());
                let sitting = &self.submitted.sitting;
                match self
                    .door
                    .app()
                    .run_query(&sitting.actor, &query.spec.name, RunRequest::default(), self.key())
                    .await
                {
                    Ok((job, _)) => started(&job.id),
                    Err(error) => {
                        let (status, faults) = show::faults(error);
                        let typed = Typed { form: Some(form), faults, ..Typed::default() };
                        drawn(self.door, sitting, Some(&query), status, typed).await
                    }
                }
            }
            Err(answer) => answer,
        }
    }

    /// The number of the form as the key of a start, so that a restart of the server does not do it twice either.
    fn key(&self) -> Option<&str> {
        once(self.submitted.form.get("_once"))
    }

    async fn run(&self, name: &str) -> Response {
        let actor = &self.submitted.sitting.actor;
        match self.door.app().run_query(actor, name, RunRequest::default(), self.key()).await {
            Ok((job, _)) => started(&job.id),
            Err(AppError::Conflict { message, hint }) => {
                let faults = Faults::whole(message, hint);
                self.again(StatusCode::CONFLICT, Typed { faults, ..Typed::default() }).await
            }
            Err(error) => self.refused(error).await,
        }
    }

    async fn delete(&self, name: &str) -> Response {
        match self.door.app().delete_query(&self.submitted.sitting.actor, name).await {
            Ok(()) => show::go("/queries", Some(Done::DELETED)),
            Err(error) => self.refused(error).await,
        }
    }

    /// The first rows of what was typed, for as long as somebody waits for them.
    async fn preview(&self, presence: Presence) -> Response {
        let request = PreviewRequest { sql: self.submitted.form.get("sql").to_owned(), limit: None };
        let look = self.door.app().preview(&self.submitted.sitting.actor, request);
        match presence.while_there(look).await {
            Some(Ok(rows)) => self.again(StatusCode::OK, Typed { rows: Some(rows), ..Typed::default() }).await,
            Some(Err(error)) => self.refused(error).await,
            None => StatusCode::NO_CONTENT.into_response(),
        }
    }
}

async fn door_query(door: &Door, sitting: &Sitting, name: &str) -> Result<Query, AppError> {
    door.app().query(&sitting.actor, name).await
}

/// A query without a name would keep the one that it has, which nobody who took it away meant.
fn nameless(was: &QuerySpec) -> AppError {
    model::Problem::at("query.name", "is missing").hint(format!("it was {}", was.name)).into()
}

fn started(job: &str) -> Response {
    show::go(&format!("/jobs/{}", part(job)), Some(Done::STARTED))
}
