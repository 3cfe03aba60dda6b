//! What the pages of Audience Studio share: what conditions and mappings can name, and what a schedule means.
//!
//! Knows which use case tells it; not how it is shown.

use api::{CronExplanation, ParentSegment, Place};
use app::{Actor, AppError};
use axum::http::StatusCode;
use console::segments::Columns;
use console::{Faults, Form, Newer, schedule};

use crate::door::Door;
use crate::screens::show;

/// Names in a menu at most.
pub(super) const MENU: u32 = 500;

/// The columns and behaviours of a parent segment, and what is to know about them.
pub(super) async fn columns(
    door: &Door,
    actor: &Actor,
    parent: &ParentSegment,
) -> Result<(Columns, Option<String>), AppError> {
    if let Some(snapshot) = &parent.snapshot {
        let columns = Columns { attributes: snapshot.columns.clone(), behaviors: snapshot.behaviors.clone() };
        // Times of the API are in one form: as texts they have the order of times.
        let changed = snapshot.at < parent.updated;
        let remark = "The parent segment changed after its last refresh. Refresh it to see what is new.";
        return Ok((columns, changed.then(|| remark.to_owned())));
    }
    let remark = "The parent segment has no profiles yet: refresh it, and profiles can be counted.".to_owned();
    let (attributes, behaviors) = door.app().parent_segment_columns(actor, &parent.spec.name).await?;
    Ok((Columns { attributes, behaviors }, Some(remark)))
}

/// What the schedule in a form means, or what is wrong with it.
pub(super) async fn explained(door: &Door, actor: &Actor, form: &Form) -> Result<Option<CronExplanation>, Faults> {
    let Some(request) = schedule::asked(form, "schedule") else {
        return Ok(None);
    };
    let explained = door.app().explain_cron(actor, request).await;
    explained.map(Some).map_err(|error| {
        let refusal = api::ProblemDocument::from(crate::refusal::Refusal::from(error));
        let place = |place: Place| Place { at: format!("schedule.{}", place.at), ..place };
        Faults::of(refusal.problems.into_iter().map(place))
    })
}

/// What was refused beside the fields of a form, where a document's places begin with `prefix`. A form that was begun with an
/// older one is told so by itself.
pub(super) fn refused(error: AppError, prefix: &str, newer: Option<Newer>) -> (StatusCode, Faults, Option<Newer>) {
    let (status, faults) = show::faults(error);
    match newer.filter(|_| status == StatusCode::PRECONDITION_FAILED) {
        Some(newer) => (status, Faults::none(), Some(newer)),
        None => (status, faults.within(prefix), None),
    }
}
