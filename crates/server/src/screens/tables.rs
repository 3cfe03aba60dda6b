//! Tables: lists, uploads, files of the server.
//!
//! Knows which use case stands behind a button; what a file holds is theirs to judge.

use api::{Place, TableSpec};
use app::AppError;
use axum::Router;
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use console::tables::{Look, NewTable, Opened, TableList, TablePage, format_of};
use console::{Chrome, Done, Faults, Form, expected, part};
use serde::Deserialize;

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, Named};
use crate::screens::sitting::{Sitting, Submitted};
use crate::screens::uploading::{Sent, Uploading, has_file};
use crate::screens::{show, yaml};

/// Tables on a page.
const PAGE: u32 = 50;
/// First rows of a table.
const ROWS: u32 = 50;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/tables", get(list))
        .route("/new/table", get(new).post(create))
        .route("/tables/{name}", get(table).post(change))
}

#[derive(Debug, Default, Deserialize)]
struct Listed {
    after: Option<String>,
}

/// `GET /tables`
async fn list(State(door): State<Door>, sitting: Sitting, asked: Result<Asked<Listed>, Refusal>) -> Response {
    let after = asked.ok().and_then(|Asked(listed)| listed.after);
    match door.app().tables(&sitting.actor, after.as_deref(), PAGE).await {
        Ok(page) => show::shown(&TableList::new(&sitting.chrome, page, after.is_some())),
        Err(error) => show::refused(sitting.chrome, error),
    }
}

/// `GET /new/table`
async fn new(State(door): State<Door>, sitting: Sitting) -> Response {
    drawn(&door, &sitting.chrome, StatusCode::OK, &Form::default(), &Faults::none())
}

fn drawn(door: &Door, chrome: &Chrome, status: StatusCode, form: &Form, faults: &Faults) -> Response {
    let config = door.app().config();
    let roots = config.table_roots.iter().map(|root| root.display().to_string()).collect();
    show::page(status, &NewTable::new(chrome, form, faults, roots, config.upload_bytes))
}

/// `POST /new/table`: a file, or the name of files.
async fn create(State(door): State<Door>, request: Request) -> Response {
    if has_file(request.headers()) {
        return upload(&door, request, None).await;
    }
    match Submitted::from_request(request, &door).await {
        Ok(submitted) => bind(&door, &submitted, None).await,
        Err(answer) => answer,
    }
}

#[derive(Debug, Default, Deserialize)]
struct Looked {
    rows: Option<String>,
}

/// `GET /tables/{name}`
async fn table(
    State(door): State<Door>,
    sitting: Sitting,
    named: Result<Named, Refusal>,
    asked: Result<Asked<Looked>, Refusal>,
) -> Response {
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(sitting.chrome, refusal),
    };
    let wanted = asked.is_ok_and(|Asked(looked)| looked.rows.is_some());
    let look = match sitting.chrome.edits() && wanted {
        true => match door.app().preview_table(&sitting.actor, &name, ROWS).await {
            Ok(rows) => Look::Rows(rows),
            Err(error) => Look::Refused(in_a_line(error)),
        },
        false => Look::Later,
    };
    opened(&door, &sitting, &name, Shown { look, ..Shown::default() }).await
}

/// What the page of a table has to show besides the table.
#[derive(Default)]
struct Shown {
    status: StatusCode,
    form: Form,
    faults: Faults,
    look: Look,
    deletes: bool,
}

async fn opened(door: &Door, sitting: &Sitting, name: &str, shown: Shown) -> Response {
    let Shown { status, form, faults, look, deletes } = shown;
    match door.app().table(&sitting.actor, name).await {
        Ok(table) => {
            let yaml = yaml::table(&table);
            let opened = Opened { table, look, deletes, yaml, most: door.app().config().upload_bytes };
            show::page(status, &TablePage::new(&sitting.chrome, opened, &form, &faults))
        }
        Err(error) => show::refused(sitting.chrome.clone(), error),
    }
}

/// `POST /tables/{name}`: other rows, other files, or its end.
async fn change(State(door): State<Door>, named: Result<Named, Refusal>, request: Request) -> Response {
    let name = match named {
        Ok(Named(name)) => name,
        // Nothing has such a name: whoever asks is told like everybody who asks for what is not there.
        Err(_) => String::new(),
    };
    if has_file(request.headers()) {
        return upload(&door, request, Some(name)).await;
    }
    let submitted = match Submitted::from_request(request, &door).await {
        Ok(submitted) => submitted,
        Err(answer) => return answer,
    };
    let sitting = &submitted.sitting;
    match submitted.form.asked() {
        Some(("bind", "")) => bind(&door, &submitted, Some(&name)).await,
        Some(("delete", "")) => opened(&door, sitting, &name, Shown { deletes: true, ..Shown::default() }).await,
        Some(("delete-now", "")) => {
            let delete = async {
                match door.app().delete_table(&sitting.actor, &name).await {
                    Ok(()) => show::go("/tables", Some(Done::DELETED)),
                    Err(error) => refused(&door, sitting, Some(&name), &submitted.form, error).await,
                }
            };
            submitted.once(&door, delete).await
        }
        _ => {
            let form = submitted.form.clone();
            opened(&door, sitting, &name, Shown { form, ..Shown::default() }).await
        }
    }
}

/// Binds a table to files of the server: a new one, or the one of this name.
async fn bind(door: &Door, submitted: &Submitted, old: Option<&str>) -> Response {
    let (sitting, form) = (&submitted.sitting, &submitted.form);
    if old.is_none() && form.asked() != Some(("bind", "")) {
        return drawn(door, &sitting.chrome, StatusCode::OK, form, &Faults::none());
    }
    let name = old.unwrap_or(form.get("name").trim()).to_owned();
    let spec = TableSpec { name: name.clone(), files: form.get("files").trim().to_owned() };
    let work = async {
        let revision = old.and_then(|_| expected(form));
        let free = if old.is_none() { free(door, sitting, &name).await } else { Ok(()) };
        let done = match free {
            Ok(()) => door.app().put_table(&sitting.actor, spec, revision).await,
            Err(error) => Err(error),
        };
        match done {
            Ok((table, new)) => show::go(&address(&table.name), Some(if new { Done::CREATED } else { Done::SAVED })),
            Err(error) => refused(door, sitting, old, form, error).await,
        }
    };
    submitted.once(door, work).await
}

/// Takes the rows of a file: as a new table, or as the rows of the one of this name.
async fn upload(door: &Door, request: Request, old: Option<String>) -> Response {
    let uploading = match Uploading::begin(request, door).await {
        Ok(uploading) => uploading,
        Err(answer) => return answer,
    };
    let chrome = uploading.sitting.chrome.clone();
    let work = async |sitting: &Sitting, sent: Sent| {
        let (form, once, what) = (sent.form.clone(), sent.form.get("_once").to_owned(), sent.work(&sitting.holder));
        let work = async {
            match take(door, sitting, sent, old.as_deref()).await {
                Ok((name, done)) => show::go(&address(&name), Some(done)),
                Err(error) => refused(door, sitting, old.as_deref(), &form, error).await,
            }
        };
        Box::pin(door.onces().run(&what, &once, work)).await
    };
    match uploading.receive(door, work).await {
        Ok((_, answer)) => answer,
        Err(refusal) => show::refused(chrome, refusal),
    }
}

async fn take(door: &Door, sitting: &Sitting, sent: Sent, old: Option<&str>) -> Result<(String, Done), AppError> {
    let name = old.unwrap_or(sent.form.get("name").trim()).to_owned();
    match old {
        Some(old) => door.app().table(&sitting.actor, old).await.map(drop)?,
        None => free(door, sitting, &name).await?,
    }
    let missing = |at: &str, message: &str, hint: &str| AppError::from(model::Problem::at(at, message).hint(hint));
    let file = sent.file.as_deref().ok_or_else(|| missing("upload", "is missing", "choose a file"))?;
    let format = match sent.form.get("format") {
        "" => format_of(file).ok_or_else(|| {
            missing("format", "is not told by the name of the file", "choose one; spreadsheets can be saved as CSV")
        })?,
        format => format,
    };
    let format = format.to_owned();
    let (table, new) = door.app().upload_table(&sitting.actor, &name, sent.rows(&format)).await?;
    Ok((table.name, if new { Done::CREATED } else { Done::SAVED }))
}

/// Says no to a new table whose name another one has: its rows would be replaced by somebody who means a new one.
async fn free(door: &Door, sitting: &Sitting, name: &str) -> Result<(), AppError> {
    sitting.actor.require(api::Scope::Edit)?;
    match door.app().table(&sitting.actor, name).await {
        Ok(_) => {
            let problem = model::Problem::at("table.name", "is the name of another table");
            Err(problem.hint("choose another name, or open that table to replace its rows").into())
        }
        Err(AppError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The form again with what is wrong with it.
async fn refused(door: &Door, sitting: &Sitting, old: Option<&str>, form: &Form, error: AppError) -> Response {
    let error = match error {
        AppError::Forbidden { .. } | AppError::NotFound { .. } => return show::refused(sitting.chrome.clone(), error),
        AppError::TooLarge { limit } => {
            let message = format!("is larger than {} bytes", model::grouped(limit));
            let place = Place { at: "upload".into(), message, hint: Some("the operator sets upload_bytes".into()) };
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            return again(door, sitting, old, form, (status, Faults::of([place]))).await;
        }
        other => other,
    };
    again(door, sitting, old, form, show::faults(error)).await
}

async fn again(
    door: &Door,
    sitting: &Sitting,
    old: Option<&str>,
    form: &Form,
    (status, faults): (StatusCode, Faults),
) -> Response {
    let faults = faults.within("table.");
    match old {
        None => drawn(door, &sitting.chrome, status, form, &faults),
        Some(name) => {
            let form = form.clone();
            opened(door, sitting, name, Shown { status, form, faults, ..Shown::default() }).await
        }
    }
}

fn address(name: &str) -> String {
    format!("/tables/{}", part(name))
}

/// What is wrong, in one line.
fn in_a_line(error: AppError) -> String {
    match error {
        AppError::Invalid(problems) => {
            let lines = problems.iter().map(|problem| match &problem.hint {
                Some(hint) => format!("{} ({hint})", problem.message),
                None => problem.message.clone(),
            });
            lines.collect::<Vec<_>>().join("; ")
        }
        other => Refusal::from(other).title().to_owned(),
    }
}
