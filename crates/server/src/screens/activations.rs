//! Activations: made, looked at, run, enabled, copied, deleted.
//!
//! Knows which use case stands behind a button; no mapping and no field.

use api::{Activation, ActivationCopy, ActivationLook, ActivationTry, RunRequest};
use app::{Actor, AppError, JobFilter};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use console::activations::{self as pages, ActivationForm, ActivationPage, CopyPage, Desk, Look, Seen};
use console::parent_segments::Deletion;
use console::{Chrome, Copied, Done, Faults, Form, Newer, Section, expected, part};
use serde::Deserialize;

use crate::door::Door;
use crate::presence::Presence;
use crate::refusal::Refusal;
use crate::request::{Asked, Named};
use crate::screens::audience::{MENU, columns, explained, refused};
use crate::screens::query_parts::export::lists;
use crate::screens::sitting::{Sitting, Submitted};
use crate::screens::{show, yaml};

/// Newest jobs that are shown.
const JOBS: u32 = 10;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/new/activation", get(new).post(create))
        .route("/activations/{name}", get(read).post(act))
        .route("/activations/{name}/edit", get(edit).post(change))
        .route("/activations/{name}/copy", get(copying).post(copy))
        .route("/activations/{name}/delete", get(deletion).post(delete))
}

fn chrome(sitting: &Sitting) -> Chrome {
    sitting.chrome.at(Section::Audience)
}

#[derive(Debug, Default, Deserialize)]
struct Of {
    of: Option<String>,
}

/// What the form of an activation can be made of: with what its segment's parent segment has.
async fn desk(door: &Door, actor: &Actor, form: &Form) -> Result<Desk, AppError> {
    let app = door.app();
    let segments = app.segments(actor, None, None, None, MENU).await?.items;
    let connections = app.connections(actor, None, MENU).await?.items;
    let mut desk = Desk {
        segments: segments.into_iter().map(|segment| segment.spec.name).collect(),
        connections,
        targets: targets(form),
        lists: lists(door, actor, form.get("export.connection")).await,
        ..Desk::default()
    };
    let parent = async {
        let segment = app.segment(actor, form.get("segment")).await?;
        app.parent_segment(actor, &segment.spec.parent_segment).await
    };
    match parent.await {
        Ok(parent) => {
            (desk.columns, desk.remark) = columns(door, actor, &parent).await?;
            desk.parent = Some(parent.spec.name);
        }
        // What is wrong with a name is said when the form is looked at or saved.
        Err(AppError::NotFound { .. }) => {}
        Err(error) => return Err(error),
    }
    Ok(desk)
}

/// The fields that output columns can go to.
fn targets(form: &Form) -> Vec<String> {
    if form.get("export.settings.data_object") == "list_memberships" {
        return ["list_id", "prospect_id", "email"].map(str::to_owned).to_vec();
    }
    app::prospect_fields().into_iter().filter(|field| field.writable).map(|field| field.name).collect()
}

/// `GET /new/activation?of=SEGMENT`
async fn new(State(door): State<Door>, sitting: Sitting, asked: Result<Asked<Of>, Refusal>) -> Response {
    let of = asked.ok().and_then(|Asked(asked)| asked.of).unwrap_or_default();
    let form = pages::begun(&of);
    match desk(&door, &sitting.actor, &form).await {
        Ok(desk) => {
            show::shown(&ActivationForm::new(chrome(&sitting), (&form, &Faults::none()), desk, None, None, None))
        }
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// `GET /activations/{name}`
async fn read(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    match named {
        Ok(Named(name)) => opened(&door, &sitting, &name, StatusCode::OK, Faults::none()).await,
        Err(refusal) => show::refused(chrome(&sitting), refusal),
    }
}

async fn opened(door: &Door, sitting: &Sitting, name: &str, status: StatusCode, faults: Faults) -> Response {
    let (actor, chrome) = (&sitting.actor, chrome(sitting));
    let found = async {
        let activation = door.app().activation(actor, name).await?;
        let filter = JobFilter { activation: Some(name.to_owned()), ..JobFilter::default() };
        let jobs = door.app().jobs(actor, &filter, None, JOBS).await?.items;
        let copied = Copied::command(&["activations", "run", name], &chrome.server).yaml(yaml::activation(&activation));
        Ok(Seen { activation, jobs, copied })
    };
    match found.await {
        Ok(seen) => show::page(status, &ActivationPage::new(chrome, &faults, seen)),
        Err::<_, AppError>(error) => show::refused(chrome, error),
    }
}

/// `POST /activations/{name}`: run now, enable, disable.
async fn act(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let sitting = &submitted.sitting;
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(chrome(sitting), refusal),
    };
    let (app, actor, asked) = (door.app(), &sitting.actor, submitted.form.asked().map_or("", |(verb, _)| verb));
    let work = async {
        let done = match asked {
            "run" => app.run_activation(actor, &name, RunRequest::default(), None).await.map(|_| Done::STARTED),
            "enable" => app.enable_activation(actor, &name, true).await.map(|_| Done::RESUMED),
            "disable" => app.enable_activation(actor, &name, false).await.map(|_| Done::PAUSED),
            _ => return opened(&door, sitting, &name, StatusCode::OK, Faults::none()).await,
        };
        match done {
            Ok(done) => show::go(&format!("/activations/{}", part(&name)), Some(done)),
            Err(error) => {
                let (status, faults) = show::faults(error);
                opened(&door, sitting, &name, status, faults).await
            }
        }
    };
    submitted.once(&door, work).await
}

/// `GET /activations/{name}/edit`
async fn edit(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(chrome(&sitting), refusal),
    };
    let found = async {
        let form = pages::form_of(&door.app().activation(&sitting.actor, &name).await?);
        let desk = desk(&door, &sitting.actor, &form).await?;
        Ok::<_, AppError>((form, desk))
    };
    match found.await {
        Ok((form, mut desk)) => {
            desk.explained = explained(&door, &sitting.actor, &form).await.ok().flatten();
            show::shown(&ActivationForm::new(chrome(&sitting), (&form, &Faults::none()), desk, Some(name), None, None))
        }
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// `POST /new/activation`
async fn create(State(door): State<Door>, presence: Presence, submitted: Submitted) -> Response {
    Box::pin(submit(&door, submitted, None, presence)).await
}

/// `POST /activations/{name}/edit`
async fn change(
    State(door): State<Door>,
    presence: Presence,
    named: Result<Named, Refusal>,
    submitted: Submitted,
) -> Response {
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(chrome(&submitted.sitting), refusal),
    };
    match door.app().activation(&submitted.sitting.actor, &name).await {
        Ok(activation) => Box::pin(submit(&door, submitted, Some(activation), presence)).await,
        // Sent once more after it was renamed: the first answer stands.
        Err(error) => submitted.once(&door, async { show::refused(chrome(&submitted.sitting), error) }).await,
    }
}

/// What would be sent, or why it cannot be told.
fn looked(tried: Result<ActivationLook, AppError>) -> (StatusCode, Faults, Option<Look>) {
    match tried {
        Ok(look) => (StatusCode::OK, Faults::none(), Some(Look::of(look))),
        Err(error) => {
            let (status, faults, _) = refused(error, "activation.", None);
            (status, faults, None)
        }
    }
}

/// Draws the form again, shows what would be sent, or saves: as the button says.
async fn submit(door: &Door, submitted: Submitted, old: Option<Activation>, presence: Presence) -> Response {
    let (actor, chrome) = (&submitted.sitting.actor, chrome(&submitted.sitting));
    let mut form = submitted.form.clone();
    let name = old.as_ref().map(|old| old.spec.name.clone());
    let mut desk = match desk(door, actor, &form).await {
        Ok(desk) => desk,
        Err(error) => return show::refused(chrome, error),
    };
    let edited = pages::edit(&mut form, &desk.columns) || form.asked() == Some(("show", ""));
    let understood = explained(door, actor, &form).await;
    if edited {
        let faults = match understood {
            Ok(explained) => {
                desk.explained = explained;
                Faults::none()
            }
            Err(faults) => faults,
        };
        return show::shown(&ActivationForm::new(chrome, (&form, &faults), desk, name, None, None));
    }
    desk.explained = understood.ok().flatten();
    let spec = match pages::read(&form) {
        Ok(spec) => spec,
        Err(places) => {
            let page = ActivationForm::new(chrome, (&form, &Faults::of(places)), desk, name, None, None);
            return show::page(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    if form.asked() == Some(("preview", "")) {
        let request = ActivationTry { activation: spec, rows: None };
        let Some(tried) = presence.while_there(door.app().try_activation(actor, request)).await else {
            return StatusCode::NO_CONTENT.into_response();
        };
        let (status, faults, look) = looked(tried);
        return show::page(status, &ActivationForm::new(chrome, (&form, &faults), desk, name, look, None));
    }
    let work = async {
        let done = match &old {
            Some(old) => {
                let put = door.app().put_activation(actor, &old.spec.name, spec, expected(&form)).await;
                put.map(|(activation, _)| (activation, Done::SAVED))
            }
            None => door.app().create_activation(actor, spec).await.map(|activation| (activation, Done::CREATED)),
        };
        match done {
            Ok((activation, done)) => show::go(&format!("/activations/{}", part(&activation.spec.name)), Some(done)),
            Err(error) => {
                let newest = old.as_ref().map(|old| {
                    let address = format!("/activations/{}/edit", part(&old.spec.name));
                    Newer { address, revision: old.revision }
                });
                let (status, faults, newer) = refused(error, "activation.", newest);
                show::page(status, &ActivationForm::new(chrome, (&form, &faults), desk, name, None, newer))
            }
        }
    };
    submitted.once(door, work).await
}

/// `GET /activations/{name}/copy`
async fn copying(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(chrome(&sitting), refusal),
    };
    match door.app().activation(&sitting.actor, &name).await {
        Ok(_) => {
            let mut form = Form::default();
            form.set("name", format!("{name} copy"));
            show::shown(&CopyPage::new(chrome(&sitting), &form, &Faults::none(), &name))
        }
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// `POST /activations/{name}/copy`
async fn copy(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let (sitting, form) = (&submitted.sitting, &submitted.form);
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(chrome(sitting), refusal),
    };
    if form.asked() == Some(("show", "")) {
        return show::shown(&CopyPage::new(chrome(sitting), form, &Faults::none(), &name));
    }
    let work = async {
        let copy = ActivationCopy { name: form.get("name").trim().to_owned() };
        match door.app().copy_activation(&sitting.actor, &name, copy).await {
            Ok(made) => show::go(&format!("/activations/{}", part(&made.spec.name)), Some(Done::CREATED)),
            Err(error) => {
                let (status, faults, _) = refused(error, "activation.", None);
                show::page(status, &CopyPage::new(chrome(sitting), form, &faults, &name))
            }
        }
    };
    submitted.once(&door, work).await
}

/// `GET /activations/{name}/delete`
async fn deletion(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    match named {
        Ok(Named(name)) => ask(&door, &sitting, &name, StatusCode::OK, Faults::none()).await,
        Err(refusal) => show::refused(chrome(&sitting), refusal),
    }
}

async fn ask(door: &Door, sitting: &Sitting, name: &str, status: StatusCode, faults: Faults) -> Response {
    if let Err(error) = door.app().activation(&sitting.actor, name).await {
        return show::refused(chrome(sitting), error);
    }
    show::page(
        status,
        &Deletion {
            chrome: chrome(sitting),
            summary: faults.summary(),
            kind: "activation",
            name: name.to_owned(),
            page: format!("/activations/{}", part(name)),
            words: "Its schedule goes with it; its jobs stay. Nobody is taken off a list by that.",
            users: Vec::new(),
        },
    )
}

/// `POST /activations/{name}/delete`
async fn delete(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let sitting = &submitted.sitting;
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(chrome(sitting), refusal),
    };
    if submitted.form.asked() == Some(("show", "")) {
        return ask(&door, sitting, &name, StatusCode::OK, Faults::none()).await;
    }
    let work = async {
        let segment = match door.app().activation(&sitting.actor, &name).await {
            Ok(activation) => activation.spec.segment,
            Err(error) => return show::refused(chrome(sitting), error),
        };
        match door.app().delete_activation(&sitting.actor, &name).await {
            Ok(()) => show::go(&format!("/segments/{}", part(&segment)), Some(Done::DELETED)),
            Err(error) => {
                let (status, faults) = show::faults(error);
                ask(&door, sitting, &name, status, faults).await
            }
        }
    };
    submitted.once(&door, work).await
}
