//! The first export, guided: each step makes one thing through the use case that makes it everywhere else.
//!
//! Knows what is there already, and leaves alone what is somebody's own.

use std::io;

use api::{Connection, ConnectionSpec, ConnectionState, Query, RunRequest, Scope};
use app::{AppError, Upload};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use console::first_export::{CONNECTION, FirstExport, Progress, QUERY, Steps, TABLE, query};
use console::{Done, Faults, Form};

use crate::door::Door;
use crate::sandbox::Sandbox;
use crate::screens::sandbox::open;
use crate::screens::show;
use crate::screens::sitting::{Sitting, Submitted};

/// Where the guide is.
const PAGE: &str = "/first-export";

pub(crate) fn routes() -> Router<Door> {
    Router::new()
        .route(PAGE, get(shown))
        .route("/first-export/connection", post(make_connection))
        .route("/first-export/table", post(make_table))
        .route("/first-export/query", post(make_query))
        .route("/first-export/run", post(run))
}

/// `GET /first-export`
async fn shown(State(door): State<Door>, sitting: Sitting) -> Response {
    draw(&door, &sitting, StatusCode::OK, &Form::default(), &Faults::none()).await
}

/// The page as things are, with what was typed.
async fn draw(door: &Door, sitting: &Sitting, status: StatusCode, form: &Form, faults: &Faults) -> Response {
    let sandbox = match open(door, sitting, Scope::Read) {
        Ok(sandbox) => sandbox,
        Err(answer) => return answer,
    };
    match steps(door, sitting, &*sandbox).await {
        Ok(steps) => show::page(status, &FirstExport::new(&sitting.chrome, steps, form, faults)),
        Err(error) => show::refused(sitting.chrome.clone(), error),
    }
}

/// What is there, or nothing where there is none.
fn there<T>(found: Result<T, AppError>) -> Result<Option<T>, AppError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(AppError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn steps(door: &Door, sitting: &Sitting, sandbox: &dyn Sandbox) -> Result<Steps, AppError> {
    let (app, actor) = (door.app(), &sitting.actor);
    let figures = sandbox.figures();
    let sample = sandbox.sample();
    let connection = there(app.connection(actor, CONNECTION).await)?;
    let table = there(app.table(actor, TABLE).await)?;
    let saved = there(app.query(actor, QUERY).await)?;
    let table = match table {
        None => Progress::Open,
        Some(table) if table.sha256.as_ref() == Some(&sample.sha256) => Progress::Done,
        Some(_) => Progress::Taken(format!(
            "There is a table {TABLE} already, and it is not the sample. It is left alone. To go on here, delete it first."
        )),
    };
    Ok(Steps {
        connection: connection_progress(connection.as_ref(), &figures.address, &figures.started),
        table,
        query: query_progress(saved.as_ref()),
        saved: saved.filter(leads_here),
        rows: sample.rows,
        lists: sandbox.lists().into_iter().filter(|list| !list.dynamic).collect(),
    })
}

/// `address` and `started`: of the sandbox that runs now.
fn connection_progress(found: Option<&Connection>, address: &str, started: &str) -> Progress {
    let Some(found) = found else { return Progress::Open };
    if !found.pardot_domain.starts_with("http://") {
        return Progress::Taken(format!(
            "There is a connection {CONNECTION} already, and it leads elsewhere. It is left alone. To go on here, give it \
             another name."
        ));
    }
    if found.pardot_domain != address || found.updated.as_str() < started {
        return Progress::Again("It leads to the sandbox of an earlier start. Make it anew.".into());
    }
    if found.state != ConnectionState::Connected {
        return Progress::Again("The sandbox does not accept it any more. Make it anew.".into());
    }
    Progress::Done
}

fn leads_here(query: &Query) -> bool {
    query.spec.export.as_ref().is_some_and(|export| export.connection == CONNECTION)
}

fn query_progress(saved: Option<&Query>) -> Progress {
    match saved {
        None => Progress::Open,
        Some(query) if leads_here(query) => Progress::Done,
        Some(_) => Progress::Taken(format!(
            "There is a query {QUERY} already, and it does not send to the sandbox. It is left alone. To go on here, give \
             it another name."
        )),
    }
}

/// A step that makes something.
#[derive(Clone, Copy)]
enum Step {
    Connection,
    Table,
    Query,
}

/// `POST /first-export/connection`
async fn make_connection(State(door): State<Door>, submitted: Submitted) -> Response {
    take(&door, &submitted, Step::Connection).await
}

/// `POST /first-export/table`
async fn make_table(State(door): State<Door>, submitted: Submitted) -> Response {
    take(&door, &submitted, Step::Table).await
}

/// `POST /first-export/query`
async fn make_query(State(door): State<Door>, submitted: Submitted) -> Response {
    take(&door, &submitted, Step::Query).await
}

/// Takes a step once, and shows how far things are then.
async fn take(door: &Door, submitted: &Submitted, step: Step) -> Response {
    let (sitting, form) = (&submitted.sitting, &submitted.form);
    if form.get("_do") == "show" {
        return draw(door, sitting, StatusCode::OK, form, &Faults::none()).await;
    }
    let sandbox = match open(door, sitting, Scope::Edit) {
        Ok(sandbox) => sandbox,
        Err(answer) => return answer,
    };
    let work = async {
        match make(door, submitted, &*sandbox, step).await {
            Ok(()) => show::go(PAGE, Some(Done::CREATED)),
            Err(error) => {
                let (status, faults) = show::faults(error);
                let faults = faults.within("query.export.settings.").within("query.");
                draw(door, sitting, status, form, &faults).await
            }
        }
    };
    submitted.once(door, work).await
}

/// Makes what the step is for, unless its name is somebody else's.
async fn make(door: &Door, submitted: &Submitted, sandbox: &dyn Sandbox, step: Step) -> Result<(), AppError> {
    let (app, actor) = (door.app(), &submitted.sitting.actor);
    let steps = steps(door, &submitted.sitting, sandbox).await?;
    let progress = match step {
        Step::Connection => &steps.connection,
        Step::Table => &steps.table,
        Step::Query => &steps.query,
    };
    if let Progress::Taken(why) = progress {
        return Err(AppError::Conflict { message: why.clone(), hint: None });
    }
    match step {
        Step::Connection => {
            // Whoever may not make one asks the sandbox for nothing.
            actor.require(Scope::Admin)?;
            let spec = ConnectionSpec { name: Some(CONNECTION.into()), ..sandbox.connection() };
            app.put_connection(actor, CONNECTION, spec, None).await.map(drop)
        }
        Step::Table => {
            let (sender, chunks) = tokio::sync::mpsc::channel::<io::Result<Vec<u8>>>(1);
            let csv = sandbox.sample().csv;
            let sent = async move {
                // Whoever takes no more says why.
                let _ = sender.send(Ok(csv)).await;
            };
            let upload = Upload { format: "csv".into(), chunks };
            let ((), made) = tokio::join!(sent, app.upload_table(actor, TABLE, upload));
            made.map(drop)
        }
        Step::Query => {
            let saved = steps.saved.as_ref().map(|query| &query.spec);
            app.put_query(actor, QUERY, query(&submitted.form, saved), None).await.map(drop)
        }
    }
}

/// `POST /first-export/run`: on to the page of the job.
async fn run(State(door): State<Door>, submitted: Submitted) -> Response {
    let sitting = &submitted.sitting;
    if submitted.form.get("_do") == "show" {
        return show::go(PAGE, None);
    }
    let work = async {
        match door.app().run_query(&sitting.actor, QUERY, RunRequest::default(), None).await {
            Ok((job, _)) => show::go(&format!("/jobs/{}", job.id), Some(Done::STARTED)),
            Err(error) => {
                let (status, faults) = show::faults(error);
                draw(&door, sitting, status, &Form::default(), &faults).await
            }
        }
    };
    submitted.once(&door, work).await
}
