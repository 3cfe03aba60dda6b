//! Notifications of a query.

use api::{Notify, Query};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use console::query_notify::NotifyPage;
use console::{Done, Faults, Reading, Typed, notify};

use super::{Refused, back, of_name, saved, with};
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Named;
use crate::screens::sitting::{Sitting, Submitted};
use crate::screens::{show, yaml};

/// Webhooks that are named at most.
const NAMED: u32 = 100;

/// `GET /queries/{name}/notifications`
pub(super) async fn read(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    match of_name(&door, &sitting, named).await {
        Ok(query) => drawn(&door, &sitting, StatusCode::OK, &query, None).await,
        Err(answer) => answer,
    }
}

/// `POST /queries/{name}/notifications`
pub(super) async fn change(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let query = match of_name(&door, &submitted.sitting, named).await {
        Ok(query) => query,
        Err(answer) => return answer,
    };
    let (told, faults) = told(&submitted);
    let typed = |faults| Typed { form: submitted.form.clone(), faults, stale: false };
    match submitted.form.asked() {
        Some(("save" | "over", _)) if faults.is_empty() => {
            submitted.once(&door, save(&door, &submitted, &query, told)).await
        }
        Some(("save" | "over", _)) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            drawn(&door, &submitted.sitting, status, &query, Some(typed(faults))).await
        }
        _ => drawn(&door, &submitted.sitting, StatusCode::OK, &query, Some(typed(Faults::none()))).await,
    }
}

/// What a form says, and what of it cannot be read.
fn told(submitted: &Submitted) -> (Option<Notify>, Faults) {
    let mut reading = Reading::new(&submitted.form);
    let told = notify::read(&mut reading, "notify");
    (told, Faults::of(reading.problems))
}

async fn save(door: &Door, submitted: &Submitted, query: &Query, told: Option<Notify>) -> Response {
    match saved(door, submitted, with(query, |spec| spec.notify = told)).await {
        Ok(()) => back(query, "notifications", Done::SAVED),
        Err(Ok(Refused { status, query, typed })) => drawn(door, &submitted.sitting, status, &query, Some(typed)).await,
        Err(Err(error)) => show::refused(submitted.sitting.chrome.clone(), error),
    }
}

async fn drawn(door: &Door, sitting: &Sitting, status: StatusCode, query: &Query, typed: Option<Typed>) -> Response {
    let (app, actor) = (door.app(), &sitting.actor);
    let usual = match app.notifications(actor).await {
        Ok(usual) => usual,
        Err(error) => return show::refused(sitting.chrome.clone(), error),
    };
    let webhooks = match app.webhooks(actor, None, NAMED).await {
        Ok(page) => page.items.into_iter().map(|webhook| webhook.name).collect(),
        Err(error) => return show::refused(sitting.chrome.clone(), error),
    };
    let told = match &typed {
        Some(typed) => notify::read(&mut Reading::new(&typed.form), "notify"),
        None => query.spec.notify.clone(),
    };
    let yaml = yaml::query(&with(query, |spec| spec.notify = told));
    show::page(status, &NotifyPage::new(&sitting.chrome, query, typed, &usual, webhooks, yaml))
}
