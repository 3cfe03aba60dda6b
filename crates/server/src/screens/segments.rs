//! Segments: begun, changed, counted, deleted.
//!
//! Knows which use case stands behind a button; rules are `console`'s to draw and the server's to judge.

use api::{Place, Segment, SegmentTry};
use app::{Actor, AppError};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use console::parent_segments::Deletion;
use console::segments::{self, About, Count, Saved, SegmentPage, Viewed};
use console::{Chrome, Copied, Done, Faults, Form, Newer, Section, expected, part};
use serde::Deserialize;

use crate::door::Door;
use crate::presence::Presence;
use crate::refusal::Refusal;
use crate::request::{Asked, Named};
use crate::screens::audience::{MENU, columns, refused};
use crate::screens::sitting::{Sitting, Submitted};
use crate::screens::{show, yaml};

/// Profiles that are shown beside a count.
const SAMPLE: u32 = 20;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/new/segment", get(new).post(create))
        .route("/segments/{name}", get(read).post(change))
        .route("/segments/{name}/delete", get(deletion).post(delete))
}

#[derive(Debug, Default, Deserialize)]
struct Of {
    of: Option<String>,
}

fn chrome(sitting: &Sitting) -> Chrome {
    sitting.chrome.at(Section::Audience)
}

/// What the rule of a segment can be about. `own` is the segment's own name.
async fn about(door: &Door, actor: &Actor, parent: &str, own: Option<&str>) -> Result<About, AppError> {
    let parent = door.app().parent_segment(actor, parent).await?;
    let all = door.app().segments(actor, Some(&parent.spec.name), None, None, MENU).await?;
    let (columns, remark) = columns(door, actor, &parent).await?;
    let mut folders: Vec<String> = all.items.iter().filter_map(|segment| segment.spec.folder.clone()).collect();
    folders.sort();
    folders.dedup();
    let others = all.items.into_iter().filter(|segment| Some(segment.spec.name.as_str()) != own);
    let others = others.map(|segment| (segment.id, segment.spec.name)).collect();
    Ok(About { parent: parent.spec.name, columns, others, folders, remark })
}

/// `GET /new/segment?of=PARENT`
async fn new(State(door): State<Door>, sitting: Sitting, asked: Result<Asked<Of>, Refusal>) -> Response {
    let of = asked.ok().and_then(|Asked(asked)| asked.of).unwrap_or_default();
    if of.is_empty() {
        // Whose profiles it is about is chosen first.
        return show::go("/parent-segments", None);
    }
    match about(&door, &sitting.actor, &of, None).await {
        Ok(about) => {
            let form = segments::begun(&about.parent);
            let drawn = Drawn { count: Count::not_yet(NEW, None, false), ..Drawn::default() };
            draw(chrome(&sitting), &form, &Faults::none(), about, NEW.to_owned(), drawn)
        }
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

const NEW: &str = "/new/segment";

/// What is drawn besides the form.
struct Drawn {
    status: StatusCode,
    count: Count,
    newer: Option<Newer>,
    saved: Option<Saved>,
}

impl Default for Drawn {
    fn default() -> Drawn {
        Drawn { status: StatusCode::OK, count: Count::not_yet(NEW, None, false), newer: None, saved: None }
    }
}

fn draw(chrome: Chrome, form: &Form, faults: &Faults, about: About, address: String, drawn: Drawn) -> Response {
    let Drawn { status, count, newer, saved } = drawn;
    show::page(status, &SegmentPage::new(chrome, (form, faults), about, address, count, newer, saved))
}

fn saved(chrome: &Chrome, segment: Segment) -> Saved {
    let name = &segment.spec.name;
    let copied = Copied::command(&["segments", "count", name], &chrome.server).yaml(yaml::segment(&segment));
    Saved { part: part(name), copied, segment }
}

/// `GET /segments/{name}`
async fn read(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    let chrome = chrome(&sitting);
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(chrome, refusal),
    };
    let segment = match door.app().segment(&sitting.actor, &name).await {
        Ok(segment) => segment,
        Err(error) => return show::refused(chrome, error),
    };
    if !chrome.edits() {
        let sql = match door.app().segment_sql(&sitting.actor, &name).await {
            Ok(found) => Some(found.sql),
            // There are no profiles yet, or the rule does not fit them.
            Err(AppError::Conflict { .. } | AppError::Invalid(_)) => None,
            Err(error) => return show::refused(chrome, error),
        };
        let saved = saved(&chrome, segment);
        return show::shown(&Viewed { chrome, saved, sql });
    }
    match about(&door, &sitting.actor, &segment.spec.parent_segment, Some(&name)).await {
        Ok(about) => {
            let form = segments::form_of(&segment, &about.columns);
            let address = format!("/segments/{}", part(&name));
            let count = Count::not_yet(&address, segment.population.as_ref(), about.remark.is_none());
            let saved = Some(saved(&chrome, segment));
            draw(chrome, &form, &Faults::none(), about, address, Drawn { count, saved, ..Drawn::default() })
        }
        Err(error) => show::refused(chrome, error),
    }
}

/// `POST /new/segment`
async fn create(State(door): State<Door>, presence: Presence, submitted: Submitted) -> Response {
    Box::pin(submit(&door, submitted, None, presence)).await
}

/// `POST /segments/{name}`
async fn change(
    State(door): State<Door>,
    presence: Presence,
    named: Result<Named, Refusal>,
    submitted: Submitted,
) -> Response {
    match named {
        Ok(Named(name)) => Box::pin(submit(&door, submitted, Some(name), presence)).await,
        Err(refusal) => show::refused(chrome(&submitted.sitting), refusal),
    }
}

/// The segment of a form, unless it is a new one, and what its rule can be about.
async fn known(door: &Door, submitted: &Submitted, name: Option<&str>) -> Result<(Option<Segment>, About), AppError> {
    let actor = &submitted.sitting.actor;
    let old = match name {
        Some(name) => Some(door.app().segment(actor, name).await?),
        None => None,
    };
    let parent = old.as_ref().map_or(submitted.form.get("parent_segment"), |old| &old.spec.parent_segment);
    let about = about(door, actor, parent, name).await?;
    Ok((old, about))
}

/// Draws the form again, counts, or saves: as the button says.
async fn submit(door: &Door, submitted: Submitted, name: Option<String>, presence: Presence) -> Response {
    let chrome = chrome(&submitted.sitting);
    let actor = &submitted.sitting.actor;
    let (old, about) = match known(door, &submitted, name.as_deref()).await {
        Ok(known) => known,
        // Sent once more after it was renamed: the first answer stands.
        Err(error) => return submitted.once(door, async { show::refused(chrome, error) }).await,
    };
    let parent = about.parent.clone();
    let address = name.as_ref().map_or_else(|| NEW.to_owned(), |name| format!("/segments/{}", part(name)));
    let mut form = submitted.form.clone();
    form.set("parent_segment", parent);
    let old_saved = |old: Option<Segment>| old.map(|old| saved(&chrome, old));
    let not_yet = |old: Option<&Segment>| Count::not_yet(&address, old.and_then(|old| old.population.as_ref()), false);
    if let Some(places) = segments::edit(&mut form, &about.columns) {
        let drawn = Drawn { count: not_yet(old.as_ref()), saved: old_saved(old), ..Drawn::default() };
        return draw(chrome.clone(), &form, &Faults::of(places), about, address.clone(), drawn);
    }
    let asked = form.asked().map_or("", |(verb, _)| verb).to_owned();
    match asked.as_str() {
        "show" => {
            let drawn = Drawn { count: not_yet(old.as_ref()), saved: old_saved(old), ..Drawn::default() };
            draw(chrome.clone(), &form, &Faults::none(), about, address.clone(), drawn)
        }
        "count" | "sample" => {
            let rows = if asked == "sample" { SAMPLE } else { 0 };
            let counting = counted(door, actor, &form, &about, &address, old.as_ref(), rows);
            let Some((count, faults)) = presence.while_there(counting).await else {
                return StatusCode::NO_CONTENT.into_response();
            };
            let drawn = Drawn { count, saved: old_saved(old), ..Drawn::default() };
            draw(chrome.clone(), &form, &faults, about, address.clone(), drawn)
        }
        _ => {
            let work = save(door, &submitted, form, about, address.clone(), old);
            submitted.once(door, work).await
        }
    }
}

/// Counts what the form says. A rule that is saved as it stands there is remembered with its count.
async fn counted(
    door: &Door,
    actor: &Actor,
    form: &Form,
    about: &About,
    address: &str,
    old: Option<&Segment>,
    rows: u32,
) -> (Count, Faults) {
    let rule = match segments::read(form, &about.columns) {
        Ok(spec) => spec.rule,
        Err(places) => return (Count::refused(address, places.clone(), None, None), Faults::of(places)),
    };
    let look = match old.filter(|old| old.spec.rule == rule) {
        Some(old) => door.app().look_at_segment(actor, &old.spec.name, rows).await,
        None => {
            let segment = old.map(|old| old.spec.name.clone());
            let request = SegmentTry { parent_segment: about.parent.clone(), rule, segment, rows };
            door.app().try_segment(actor, request).await
        }
    };
    match look {
        Ok(look) => (Count::of(address, look), Faults::none()),
        Err(error) => {
            let problem = api::ProblemDocument::from(Refusal::from(error));
            let places: Vec<Place> = problem.problems;
            let (title, hint) = if places.is_empty() { (Some(problem.title), problem.hint) } else { (None, None) };
            (Count::refused(address, places.clone(), title, hint), Faults::of(places))
        }
    }
}

async fn save(
    door: &Door,
    submitted: &Submitted,
    form: Form,
    about: About,
    address: String,
    old: Option<Segment>,
) -> Response {
    let (actor, chrome) = (&submitted.sitting.actor, chrome(&submitted.sitting));
    let newest = old.as_ref().map(|old| Newer { address: address.clone(), revision: old.revision });
    let (status, faults, newer) = match segments::read(&form, &about.columns) {
        Ok(spec) => {
            let done = match &old {
                Some(old) => {
                    let put = door.app().put_segment(actor, &old.spec.name, spec, expected(&submitted.form)).await;
                    put.map(|(segment, _)| (segment, Done::SAVED))
                }
                None => door.app().create_segment(actor, spec).await.map(|segment| (segment, Done::CREATED)),
            };
            match done {
                Ok((segment, done)) => return show::go(&format!("/segments/{}", part(&segment.spec.name)), Some(done)),
                Err(error) => refused(error, "segment.", newest),
            }
        }
        Err(places) => (StatusCode::UNPROCESSABLE_ENTITY, Faults::of(places), None),
    };
    let count = Count::not_yet(&address, None, false);
    let saved = old.map(|old| saved(&chrome, old));
    draw(chrome, &form, &faults, about, address, Drawn { status, count, newer, saved })
}

/// `GET /segments/{name}/delete`
async fn deletion(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    match named {
        Ok(Named(name)) => ask(&door, &sitting, &name, StatusCode::OK, Faults::none()).await,
        Err(refusal) => show::refused(chrome(&sitting), refusal),
    }
}

async fn ask(door: &Door, sitting: &Sitting, name: &str, status: StatusCode, faults: Faults) -> Response {
    let segment = match door.app().segment(&sitting.actor, name).await {
        Ok(segment) => segment,
        Err(error) => return show::refused(chrome(sitting), error),
    };
    let activations =
        segment.activations.iter().map(|name| ("Activation", format!("/activations/{}", part(name)), name.clone()));
    let segments =
        segment.referenced_by.iter().map(|name| ("Segment", format!("/segments/{}", part(name)), name.clone()));
    show::page(
        status,
        &Deletion {
            chrome: chrome(sitting),
            summary: faults.summary(),
            kind: "segment",
            name: name.to_owned(),
            page: format!("/segments/{}", part(name)),
            words: "Its rule is gone then. Nobody is taken off a list by that.",
            users: activations.chain(segments).collect(),
        },
    )
}

/// `POST /segments/{name}/delete`
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
        let parent = match door.app().segment(&sitting.actor, &name).await {
            Ok(segment) => segment.spec.parent_segment,
            Err(error) => return show::refused(chrome(sitting), error),
        };
        match door.app().delete_segment(&sitting.actor, &name).await {
            Ok(()) => show::go(&format!("/parent-segments/{}", part(&parent)), Some(Done::DELETED)),
            Err(error) => {
                let (status, faults) = show::faults(error);
                ask(&door, sitting, &name, status, faults).await
            }
        }
    };
    submitted.once(&door, work).await
}
