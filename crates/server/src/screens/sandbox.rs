//! The sandbox: what the local Pardot holds and saw, and what may go wrong there.
//!
//! Knows who may look: row values are for those who may see them elsewhere too.

use std::sync::Arc;

use api::Scope;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use console::sandbox::{
    SandboxAct, SandboxJournal, SandboxLists, SandboxPage, SandboxProspectPage, SandboxProspects, SandboxSearch,
};
use console::{Done, Section};
use serde::Deserialize;

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, given};
use crate::sandbox::Sandbox;
use crate::screens::show;
use crate::screens::sitting::{Sitting, Submitted};

/// Things on a page.
const PAGE: usize = 50;

pub(crate) fn routes() -> Router<Door> {
    Router::new()
        .route("/sandbox", get(overview))
        .route("/sandbox/prospects", get(prospects))
        .route("/sandbox/prospects/{id}", get(prospect))
        .route("/sandbox/lists", get(lists))
        .route("/sandbox/journal", get(journal))
        .route("/sandbox/faults", post(switch))
        .route("/sandbox/acts", post(act))
}

/// The sandbox, for somebody who may do this; or the page that says why not.
#[expect(clippy::result_large_err, reason = "the page that is shown instead")]
pub(crate) fn open(door: &Door, sitting: &Sitting, need: Scope) -> Result<Arc<dyn Sandbox>, Response> {
    let chrome = || sitting.chrome.at(Section::Sandbox);
    let Some(sandbox) = &door.config().sandbox else {
        let refusal = Refusal::not_found("this server runs no sandbox").hint("start it with sluice serve --sandbox");
        return Err(show::refused(chrome(), refusal));
    };
    match sitting.actor.require(need) {
        Ok(()) => Ok(Arc::clone(sandbox)),
        Err(error) => Err(show::refused(chrome(), error)),
    }
}

/// `GET /sandbox`
async fn overview(State(door): State<Door>, sitting: Sitting) -> Response {
    match open(&door, &sitting, Scope::Read) {
        Ok(sandbox) => show::shown(&SandboxPage::new(&sitting.chrome, sandbox.figures(), sandbox.faults())),
        Err(answer) => answer,
    }
}

/// Which prospects.
#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    search: String,
    list: Option<String>,
    #[serde(default)]
    skip: usize,
}

/// `GET /sandbox/prospects`
async fn prospects(State(door): State<Door>, sitting: Sitting, asked: Result<Asked<Wanted>, Refusal>) -> Response {
    let sandbox = match open(&door, &sitting, Scope::Run) {
        Ok(sandbox) => sandbox,
        Err(answer) => return answer,
    };
    let Asked(asked) = match asked {
        Ok(asked) => asked,
        Err(refusal) => return show::refused(sitting.chrome, refusal),
    };
    let list = given(asked.list.as_deref()).and_then(|id| id.parse().ok());
    let search = SandboxSearch { text: asked.search.trim().to_owned(), list, skip: asked.skip, most: PAGE };
    let found = sandbox.prospects(&search);
    show::shown(&SandboxProspects::new(&sitting.chrome, found, sandbox.lists(), search))
}

/// `GET /sandbox/prospects/{id}`
async fn prospect(State(door): State<Door>, sitting: Sitting, Path(id): Path<String>) -> Response {
    let sandbox = match open(&door, &sitting, Scope::Run) {
        Ok(sandbox) => sandbox,
        Err(answer) => return answer,
    };
    match id.parse().ok().and_then(|id| sandbox.prospect(id)) {
        Some(found) => show::shown(&SandboxProspectPage::new(&sitting.chrome, found, sandbox.lists())),
        None => {
            show::refused(sitting.chrome.at(Section::Sandbox), Refusal::not_found("the sandbox has no such prospect"))
        }
    }
}

/// `GET /sandbox/lists`
async fn lists(State(door): State<Door>, sitting: Sitting) -> Response {
    match open(&door, &sitting, Scope::Read) {
        Ok(sandbox) => show::shown(&SandboxLists::new(&sitting.chrome, sandbox.lists())),
        Err(answer) => answer,
    }
}

/// Where in the journal.
#[derive(Deserialize)]
struct Before {
    before: Option<u64>,
}

/// `GET /sandbox/journal`
async fn journal(State(door): State<Door>, sitting: Sitting, asked: Result<Asked<Before>, Refusal>) -> Response {
    let sandbox = match open(&door, &sitting, Scope::Read) {
        Ok(sandbox) => sandbox,
        Err(answer) => return answer,
    };
    let before = asked.ok().and_then(|Asked(asked)| asked.before);
    let mut calls = sandbox.calls(before, PAGE + 1);
    let more = calls.len() > PAGE;
    calls.truncate(PAGE);
    show::shown(&SandboxJournal::new(&sitting.chrome, calls, before.is_some(), more))
}

/// `POST /sandbox/faults`
async fn switch(State(door): State<Door>, submitted: Submitted) -> Response {
    let sandbox = match open(&door, &submitted.sitting, Scope::Edit) {
        Ok(sandbox) => sandbox,
        Err(answer) => return answer,
    };
    let form = &submitted.form;
    let known = match form.get("_do") {
        "on" => sandbox.switch(form.get("fault"), true),
        "off" => sandbox.switch(form.get("fault"), false),
        _ => true,
    };
    if known { show::go("/sandbox#switches", None) } else { unknown(&submitted) }
}

/// `POST /sandbox/acts`
async fn act(State(door): State<Door>, submitted: Submitted) -> Response {
    let sandbox = match open(&door, &submitted.sitting, Scope::Edit) {
        Ok(sandbox) => sandbox,
        Err(answer) => return answer,
    };
    match submitted.form.get("_do") {
        "" | "show" => show::go("/sandbox", None),
        word => match SandboxAct::of(word) {
            Some(act) => {
                let work = async {
                    sandbox.act(act);
                    show::go("/sandbox", Some(Done::ACTED))
                };
                submitted.once(&door, work).await
            }
            None => unknown(&submitted),
        },
    }
}

/// A form of ours sends nothing of this kind.
fn unknown(submitted: &Submitted) -> Response {
    let refusal = Refusal::new(StatusCode::BAD_REQUEST, "bad_request", "the sandbox knows nothing of this name");
    show::refused(submitted.sitting.chrome.at(Section::Sandbox), refusal)
}
