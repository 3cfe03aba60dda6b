//! Export Results of a query.
//!
//! Knows which use case tells what an export would be; what a setting means is the model's.

use api::{Export, ListView, Place, Query};
use app::{Actor, ExportLook};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use console::query_export::{self as page, Around, ExportPage, Look};
use console::{Done, Faults, Typed};

use super::{Refused, back, of_name, saved, with};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Named;
use crate::screens::sitting::{Sitting, Submitted};
use crate::screens::{show, yaml};

/// Connections in the menu at most.
const MENU: u32 = 500;

/// `GET /queries/{name}/export`
pub(super) async fn read(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    match of_name(&door, &sitting, named).await {
        Ok(query) => drawn(&door, &sitting, StatusCode::OK, &query, None, false).await,
        Err(answer) => answer,
    }
}

/// `POST /queries/{name}/export`
pub(super) async fn change(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let query = match of_name(&door, &submitted.sitting, named).await {
        Ok(query) => query,
        Err(answer) => return answer,
    };
    let typed = || Typed { form: submitted.form.clone(), faults: Faults::none(), stale: false };
    match submitted.form.asked() {
        Some(("save" | "over", _)) => submitted.once(&door, save(&door, &submitted, &query, false)).await,
        Some(("remove-now", _)) => submitted.once(&door, save(&door, &submitted, &query, true)).await,
        Some(("remove", _)) => drawn(&door, &submitted.sitting, StatusCode::OK, &query, Some(typed()), true).await,
        _ => drawn(&door, &submitted.sitting, StatusCode::OK, &query, Some(typed()), false).await,
    }
}

async fn save(door: &Door, submitted: &Submitted, query: &Query, removes: bool) -> Response {
    let export = (!removes).then(|| page::read(&submitted.form));
    match saved(door, submitted, with(query, |spec| spec.export = export)).await {
        Ok(()) => back(query, "export", Done::SAVED),
        Err(Ok(Refused { status, query, typed })) => {
            drawn(door, &submitted.sitting, status, &query, Some(typed), false).await
        }
        Err(Err(error)) => show::refused(submitted.sitting.chrome.clone(), error),
    }
}

/// The page of a query as it is saved, or with what was typed.
async fn drawn(
    door: &Door,
    sitting: &Sitting,
    status: StatusCode,
    query: &Query,
    typed: Option<Typed>,
    asks: bool,
) -> Response {
    let connections = match door.app().connections(&sitting.actor, None, MENU).await {
        Ok(page) => page.items,
        Err(error) => return show::refused(sitting.chrome.clone(), error),
    };
    let export = match &typed {
        Some(typed) => Some(page::read(&typed.form)).filter(|export| !export.connection.is_empty()),
        None => query.spec.export.clone(),
    };
    let (look, unplanned) = match &export {
        Some(export) => Box::pin(looked(door, sitting, query, export)).await,
        None => (None, Vec::new()),
    };
    let lists = match &export {
        Some(export) => lists(door, &sitting.actor, &export.connection).await,
        None => Vec::new(),
    };
    let yaml = yaml::query(&with(query, |spec| spec.export = export));
    let around = Around { connections, lists, look, unplanned, asks, yaml };
    show::page(status, &ExportPage::new(&sitting.chrome, query, typed, around))
}

/// The lists of a connection's account, as far as they are known. A connection that is not there has its problem elsewhere.
pub(crate) async fn lists(door: &Door, actor: &Actor, connection: &str) -> Vec<ListView> {
    let known = door.app().account_so_far(actor, connection).await;
    known.ok().flatten().map(|account| account.lists).unwrap_or_default()
}

/// What the export would be, or what keeps it from being looked at.
async fn looked(door: &Door, sitting: &Sitting, query: &Query, export: &Export) -> (Option<Look>, Vec<Place>) {
    let rows = Some(page::basis(query).0);
    match Box::pin(door.app().look_at_export(&sitting.actor, &query.spec.name, export, rows)).await {
        Ok(look) => (Some(shown(look)), Vec::new()),
        Err(error) => {
            let problem = api::ProblemDocument::from(Refusal::from(error));
            let whole = Place { at: "query".into(), message: problem.title, hint: problem.hint };
            let bare = |place: Place| Place { at: place.at.trim_start_matches("query.").to_owned(), ..place };
            let places: Vec<Place> = problem.problems.into_iter().map(bare).collect();
            (None, if places.is_empty() { vec![whole] } else { places })
        }
    }
}

fn shown(look: ExportLook) -> Look {
    let ExportLook { columns, missing, fields_known, forecast } = look;
    Look {
        columns: columns.into_iter().map(|column| (column.name, column.problem.as_ref().map(Place::from))).collect(),
        missing: missing.iter().map(Place::from).collect(),
        fields_known,
        forecast,
    }
}
