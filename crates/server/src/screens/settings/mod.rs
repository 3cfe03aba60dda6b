//! Settings: people, tokens, notifications, notices, budget, keys, the audit log, and oneself.
//!
//! Knows which use case stands behind a page; who may do what is the use cases' to say.

mod logs;
mod me;
mod notifications;
mod people;
mod tokens;
mod webhooks;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use console::administration::{Budget, Keys, SettingsOverview};
use console::{Chrome, Faults, Form, Section};

use crate::door::Door;
use crate::screens::show;
use crate::screens::sitting::{Sitting, Submitted};

/// Lines of a list on a page.
const PAGE: u32 = 50;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/settings", get(overview))
        .route("/settings/people", get(people::list))
        .route("/new/person", get(people::new).post(people::add))
        .route("/settings/people/{name}", get(people::one).post(people::change))
        .route("/settings/people/{name}/password", get(people::one).post(people::password))
        .route("/settings/people/{name}/remove", get(people::one).post(people::remove))
        .route("/settings/tokens", get(tokens::list))
        .route("/new/token", get(tokens::new).post(tokens::make))
        .route("/settings/tokens/{id}/revoke", post(tokens::revoke))
        .route("/settings/notifications", get(notifications::show_all).post(notifications::change))
        .route("/settings/notifications/test", get(notifications::show_all).post(notifications::test))
        .route("/new/webhook", get(webhooks::new).post(webhooks::create))
        .route("/settings/webhooks/{name}", get(webhooks::one).post(webhooks::change))
        .route("/settings/webhooks/{name}/delete", get(webhooks::one).post(webhooks::delete))
        .route("/settings/notices", get(logs::notices))
        .route("/settings/budget", get(budget))
        .route("/settings/keys", get(keys).post(rotate))
        .route("/settings/audit", get(logs::audit))
        .route("/settings/me", get(me::one).post(me::change))
}

/// What surrounds a page of the settings.
fn chrome(sitting: &Sitting) -> Chrome {
    sitting.chrome.at(Section::Settings)
}

/// What stands behind the `?` of an address.
fn asked(query: Option<String>) -> Form {
    Form::read(query.unwrap_or_default().as_bytes())
}

/// Whether a form is only to be drawn, with what was typed.
fn only_shown(form: &Form) -> bool {
    form.asked() == Some(("show", ""))
}

/// `GET /settings`
async fn overview(sitting: Sitting) -> Response {
    show::shown(&SettingsOverview { chrome: chrome(&sitting) })
}

/// `GET /settings/budget`
async fn budget(State(door): State<Door>, sitting: Sitting, RawQuery(query): RawQuery) -> Response {
    let asked = asked(query);
    let after = Some(asked.get("after")).filter(|after| !after.is_empty());
    match door.app().connections(&sitting.actor, after, PAGE).await {
        Ok(page) => show::shown(&Budget::new(chrome(&sitting), &page.items, page.next.as_deref(), after.is_some())),
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// `GET /settings/keys`
async fn keys(State(door): State<Door>, sitting: Sitting, RawQuery(query): RawQuery) -> Response {
    if let Err(error) = sitting.actor.require(api::Scope::Admin) {
        return show::refused(chrome(&sitting), error);
    }
    let told = door.told().take(&sitting.holder, asked(query).get("told"));
    let rotated = told.and_then(|told| serde_json::from_str(told.expose()).ok());
    show::shown(&Keys::new(chrome(&sitting), rotated, &Faults::none()))
}

/// `POST /settings/keys`
async fn rotate(State(door): State<Door>, submitted: Submitted) -> Response {
    let sitting = &submitted.sitting;
    let again = |status, faults: &Faults| show::page(status, &Keys::new(chrome(sitting), None, faults));
    if let Err(error) = sitting.actor.require(api::Scope::Admin) {
        return show::refused(chrome(sitting), error);
    }
    if submitted.form.asked() != Some(("rotate", "")) {
        return again(StatusCode::OK, &Faults::none());
    }
    submitted
        .once(&door, async {
            match Box::pin(door.app().rotate_keys(&sitting.actor)).await {
                Ok(rotated) => {
                    let told = api::Secret::new(serde_json::to_string(&rotated).unwrap_or_default());
                    let ticket = door.told().leave(&sitting.holder, told);
                    show::go(&format!("/settings/keys?told={ticket}"), None)
                }
                Err(error) => {
                    let (status, faults) = show::faults(error);
                    again(status, &faults)
                }
            }
        })
        .await
}
