//! Parent segments: listed, defined, checked, refreshed, deleted.
//!
//! Knows which use case stands behind a button; no table and no join.

use std::collections::BTreeMap;

use api::{Column, ParentSegment, Scheduled};
use app::{Actor, AppError, JobFilter};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use console::parent_segments::{
    self as pages, Checked, Definition, Deletion, Known, ParentList, ParentPage, Profiles, Seen,
};
use console::{Chrome, Copied, Done, Faults, Form, Newer, Section, expected, part};
use serde::Deserialize;

use crate::door::Door;
use crate::presence::Presence;
use crate::refusal::Refusal;
use crate::request::{Asked, Named, given};
use crate::screens::audience::{MENU, explained, refused};
use crate::screens::schedules::or_none;
use crate::screens::sitting::{Sitting, Submitted};
use crate::screens::{show, yaml};

/// Parent segments, and segments, on a page.
const PAGE: u32 = 50;
/// Newest jobs that are shown.
const JOBS: u32 = 10;
/// First profiles.
const ROWS: u32 = 50;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/parent-segments", get(list))
        .route("/new/parent-segment", get(new).post(create))
        .route("/parent-segments/{name}", get(read).post(refresh))
        .route("/parent-segments/{name}/edit", get(edit).post(change))
        .route("/parent-segments/{name}/profiles", get(profiles))
        .route("/parent-segments/{name}/delete", get(deletion).post(delete))
}

fn chrome(sitting: &Sitting) -> Chrome {
    sitting.chrome.at(Section::Audience)
}

#[derive(Debug, Default, Deserialize)]
struct Listed {
    after: Option<String>,
    folder: Option<String>,
}

/// `GET /parent-segments`
async fn list(State(door): State<Door>, sitting: Sitting, asked: Result<Asked<Listed>, Refusal>) -> Response {
    let Listed { after, .. } = asked.map(|Asked(asked)| asked).unwrap_or_default();
    let after = given(after.as_deref());
    match door.app().parent_segments(&sitting.actor, after, PAGE).await {
        Ok(page) => show::shown(&ParentList::new(chrome(&sitting), page.items, page.next, after.is_none())),
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// `GET /parent-segments/{name}`
async fn read(
    State(door): State<Door>,
    sitting: Sitting,
    named: Result<Named, Refusal>,
    asked: Result<Asked<Listed>, Refusal>,
) -> Response {
    match named {
        Ok(Named(name)) => {
            let listed = asked.map(|Asked(asked)| asked).unwrap_or_default();
            opened(&door, &sitting, &name, listed, StatusCode::OK, Faults::none()).await
        }
        Err(refusal) => show::refused(chrome(&sitting), refusal),
    }
}

async fn opened(
    door: &Door,
    sitting: &Sitting,
    name: &str,
    listed: Listed,
    status: StatusCode,
    faults: Faults,
) -> Response {
    let (app, actor, chrome) = (door.app(), &sitting.actor, chrome(sitting));
    let found = async {
        let parent = app.parent_segment(actor, name).await?;
        let (folder, after) = (given(listed.folder.as_deref()), given(listed.after.as_deref()));
        let segments = app.segments(actor, Some(name), folder, after, PAGE).await?;
        let all = app.segments(actor, Some(name), None, None, MENU).await?;
        let mut folders: Vec<String> = all.items.into_iter().filter_map(|segment| segment.spec.folder).collect();
        folders.sort();
        folders.dedup();
        let filter = JobFilter { parent_segment: Some(name.to_owned()), ..JobFilter::default() };
        let jobs = app.jobs(actor, &filter, None, JOBS).await?;
        let schedule = match parent.spec.schedule {
            Some(_) => or_none(app.schedule(actor, Scheduled::ParentSegment, name).await)?,
            None => None,
        };
        let schedule = schedule.map(|schedule| (schedule.words, schedule.next.first().map(|fire| fire.starts.clone())));
        let copied = Copied::command(&["parent-segments", "refresh", name], &chrome.server);
        Ok(Seen {
            copied: copied.yaml(yaml::parent_segment(&parent)),
            parent,
            segments: segments.items,
            next: segments.next,
            after: listed.after,
            folder: listed.folder,
            folders,
            jobs: jobs.items,
            schedule,
        })
    };
    match found.await {
        Ok(seen) => show::page(status, &ParentPage::new(chrome, &faults, seen)),
        Err::<_, AppError>(error) => show::refused(chrome, error),
    }
}

/// `POST /parent-segments/{name}`: a refresh.
async fn refresh(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let sitting = &submitted.sitting;
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(chrome(sitting), refusal),
    };
    if submitted.form.asked() != Some(("refresh", "")) {
        return opened(&door, sitting, &name, Listed::default(), StatusCode::OK, Faults::none()).await;
    }
    let work = async {
        match door.app().refresh_parent_segment(&sitting.actor, &name, None).await {
            Ok(_) => show::go(&format!("/parent-segments/{}", part(&name)), Some(Done::STARTED)),
            Err(error) => {
                let (status, faults) = show::faults(error);
                opened(&door, sitting, &name, Listed::default(), status, faults).await
            }
        }
    };
    submitted.once(&door, work).await
}

/// `GET /parent-segments/{name}/profiles`
async fn profiles(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(chrome(&sitting), refusal),
    };
    match door.app().preview_parent_segment(&sitting.actor, &name, ROWS).await {
        Ok(preview) => show::shown(&Profiles::new(chrome(&sitting), &name, preview)),
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// The tables that there are, with the columns of those that the form names.
async fn known(door: &Door, actor: &Actor, form: &Form) -> Result<Known, AppError> {
    let tables = door.app().tables(actor, None, MENU).await?.items;
    let mut columns: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for name in pages::tables(form) {
        match door.app().table(actor, &name).await {
            Ok(table) => drop(columns.insert(name, table.columns)),
            // What is wrong with a table is said when the form is checked or saved.
            Err(AppError::NotFound { .. } | AppError::Invalid(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Known { tables: tables.into_iter().map(|table| table.name).collect(), columns, explained: None })
}

/// `GET /new/parent-segment`
async fn new(State(door): State<Door>, sitting: Sitting) -> Response {
    let form = pages::begun();
    match known(&door, &sitting.actor, &form).await {
        Ok(known) => {
            show::shown(&Definition::new(chrome(&sitting), (&form, &Faults::none()), &known, None, None, None))
        }
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// `GET /parent-segments/{name}/edit`
async fn edit(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(chrome(&sitting), refusal),
    };
    let found = async {
        let form = pages::form_of(&door.app().parent_segment(&sitting.actor, &name).await?);
        let known = known(&door, &sitting.actor, &form).await?;
        Ok::<_, AppError>((form, known))
    };
    match found.await {
        Ok((form, mut known)) => {
            known.explained = explained(&door, &sitting.actor, &form).await.ok().flatten();
            show::shown(&Definition::new(chrome(&sitting), (&form, &Faults::none()), &known, Some(name), None, None))
        }
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// `POST /new/parent-segment`
async fn create(State(door): State<Door>, presence: Presence, submitted: Submitted) -> Response {
    Box::pin(submit(&door, submitted, None, presence)).await
}

/// `POST /parent-segments/{name}/edit`
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
    match door.app().parent_segment(&submitted.sitting.actor, &name).await {
        Ok(parent) => Box::pin(submit(&door, submitted, Some(parent), presence)).await,
        // Sent once more after it was renamed: the first answer stands.
        Err(error) => submitted.once(&door, async { show::refused(chrome(&submitted.sitting), error) }).await,
    }
}

/// Draws the form again, checks it, or saves it: as the button says.
async fn submit(door: &Door, submitted: Submitted, old: Option<ParentSegment>, presence: Presence) -> Response {
    let (actor, chrome) = (&submitted.sitting.actor, chrome(&submitted.sitting));
    let mut form = submitted.form.clone();
    let name = old.as_ref().map(|old| old.spec.name.clone());
    let mut known = match known(door, actor, &form).await {
        Ok(known) => known,
        Err(error) => return show::refused(chrome, error),
    };
    let shown = form.asked() == Some(("show", ""));
    if pages::edit(&mut form, |table| known.columns.get(table).cloned().unwrap_or_default()) || shown {
        let faults = match explained(door, actor, &form).await {
            Ok(explained) => {
                known.explained = explained;
                Faults::none()
            }
            Err(faults) => faults,
        };
        return show::shown(&Definition::new(chrome, (&form, &faults), &known, name, None, None));
    }
    known.explained = explained(door, actor, &form).await.ok().flatten();
    let spec = match pages::read(&form) {
        Ok(spec) => spec,
        Err(places) => {
            let page = Definition::new(chrome, (&form, &Faults::of(places)), &known, name, None, None);
            return show::page(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    if form.asked() == Some(("check", "")) {
        let (status, faults, checked) = match presence.while_there(door.app().check_parent_segment(actor, spec)).await {
            None => return StatusCode::NO_CONTENT.into_response(),
            Some(Ok(check)) => (StatusCode::OK, Faults::none(), Some(Checked::of(check))),
            Some(Err(error)) => {
                let (status, faults, _) = refused(error, "parent_segment.", None);
                (status, faults, None)
            }
        };
        return show::page(status, &Definition::new(chrome, (&form, &faults), &known, name, checked, None));
    }
    let work = async {
        let done = match &old {
            Some(old) => {
                let put = door.app().put_parent_segment(actor, &old.spec.name, spec, expected(&form)).await;
                put.map(|(parent, _)| (parent, Done::SAVED))
            }
            None => door.app().create_parent_segment(actor, spec).await.map(|parent| (parent, Done::CREATED)),
        };
        match done {
            Ok((parent, done)) => show::go(&format!("/parent-segments/{}", part(&parent.spec.name)), Some(done)),
            Err(error) => {
                let newest = old.as_ref().map(|old| {
                    let address = format!("/parent-segments/{}/edit", part(&old.spec.name));
                    Newer { address, revision: old.revision }
                });
                let (status, faults, newer) = refused(error, "parent_segment.", newest);
                show::page(status, &Definition::new(chrome, (&form, &faults), &known, name, None, newer))
            }
        }
    };
    submitted.once(door, work).await
}

/// `GET /parent-segments/{name}/delete`
async fn deletion(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    match named {
        Ok(Named(name)) => ask(&door, &sitting, &name, StatusCode::OK, Faults::none()).await,
        Err(refusal) => show::refused(chrome(&sitting), refusal),
    }
}

async fn ask(door: &Door, sitting: &Sitting, name: &str, status: StatusCode, faults: Faults) -> Response {
    let segments = match door.app().segments(&sitting.actor, Some(name), None, None, PAGE).await {
        Ok(segments) => segments.items,
        Err(error) => return show::refused(chrome(sitting), error),
    };
    let users = segments.into_iter().map(|segment| segment.spec.name);
    let users = users.map(|name| ("Segment", format!("/segments/{}", part(&name)), name));
    show::page(
        status,
        &Deletion {
            chrome: chrome(sitting),
            summary: faults.summary(),
            kind: "parent segment",
            name: name.to_owned(),
            page: format!("/parent-segments/{}", part(name)),
            words: "Its profiles and its schedule go with it; its tables and its jobs stay.",
            users: users.collect(),
        },
    )
}

/// `POST /parent-segments/{name}/delete`
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
        match door.app().delete_parent_segment(&sitting.actor, &name).await {
            Ok(()) => show::go("/parent-segments", Some(Done::DELETED)),
            Err(error) => {
                let (status, faults) = show::faults(error);
                ask(&door, sitting, &name, status, faults).await
            }
        }
    };
    submitted.once(&door, work).await
}
