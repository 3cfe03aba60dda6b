//! Webhooks: made, changed, deleted.

use api::{Webhook, WebhookMade};
use app::AppError;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use console::administration::{WebhookPage, webhook_form, webhook_spec};
use console::{Done, Faults, Form};

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Named;
use crate::screens::settings::{asked, chrome, only_shown};
use crate::screens::show;
use crate::screens::sitting::{Sitting, Submitted};

const LIST: &str = "/settings/notifications";

/// `GET /new/webhook`
pub(super) async fn new(sitting: Sitting) -> Response {
    match sitting.actor.require(api::Scope::Admin) {
        Ok(()) => show::shown(&WebhookPage::new(chrome(&sitting), None, &Form::default(), &Faults::none(), None)),
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// On to the page of a webhook, which shows the secret that the server chose.
fn made(door: &Door, sitting: &Sitting, made: WebhookMade, done: Done) -> Response {
    let address = format!("/settings/webhooks/{}", console::part(&made.webhook.name));
    match made.secret {
        Some(secret) => show::go(&format!("{address}?told={}", door.told().leave(&sitting.holder, secret)), Some(done)),
        None => show::go(&address, Some(done)),
    }
}

/// `POST /new/webhook`
pub(super) async fn create(State(door): State<Door>, submitted: Submitted) -> Response {
    let (sitting, form) = (&submitted.sitting, &submitted.form);
    if let Err(error) = sitting.actor.require(api::Scope::Admin) {
        return show::refused(chrome(sitting), error);
    }
    let again =
        |status, faults: &Faults| show::page(status, &WebhookPage::new(chrome(sitting), None, form, faults, None));
    if only_shown(form) {
        return again(StatusCode::OK, &Faults::none());
    }
    submitted
        .once(&door, async {
            match door.app().create_webhook(&sitting.actor, webhook_spec(form)).await {
                Ok(webhook) => made(&door, sitting, webhook, Done::CREATED),
                Err(error) => {
                    let (status, faults) = show::faults(error);
                    again(status, &faults.within("webhook."))
                }
            }
        })
        .await
}

/// The webhook of this name, for whoever may change it: its address may hold a token.
async fn find(door: &Door, sitting: &Sitting, named: Result<Named, Refusal>) -> Result<Webhook, Response> {
    let refused = |refusal: Refusal| show::refused(chrome(sitting), refusal);
    sitting.actor.require(api::Scope::Admin).map_err(|error| refused(error.into()))?;
    let Named(name) = named.map_err(refused)?;
    door.app().webhook(&sitting.actor, &name).await.map_err(|error| refused(error.into()))
}

/// `GET /settings/webhooks/{name}`
pub(super) async fn one(
    State(door): State<Door>,
    sitting: Sitting,
    named: Result<Named, Refusal>,
    RawQuery(query): RawQuery,
) -> Response {
    let webhook = match find(&door, &sitting, named).await {
        Ok(webhook) => webhook,
        Err(answer) => return answer,
    };
    let told = door.told().take(&sitting.holder, asked(query).get("told"));
    let (form, faults) = (webhook_form(&webhook), Faults::none());
    show::shown(&WebhookPage::new(chrome(&sitting), Some(&webhook), &form, &faults, told.as_ref()))
}

/// `POST /settings/webhooks/{name}`
pub(super) async fn change(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let (sitting, form) = (&submitted.sitting, &submitted.form);
    let again = |known: &Webhook, status, form: &Form, faults: &Faults| {
        show::page(status, &WebhookPage::new(chrome(sitting), Some(known), form, faults, None))
    };
    let Named(name) = match named {
        Ok(named) => named,
        Err(refusal) => return show::refused(chrome(sitting), refusal),
    };
    if only_shown(form) {
        return match find(&door, sitting, Ok(Named(name))).await {
            Ok(known) => again(&known, StatusCode::OK, form, &Faults::none()),
            Err(answer) => answer,
        };
    }
    // What is there is asked for inside: sent once more, it may have another name, and the first answer stands.
    submitted
        .once(&door, async {
            let known = match find(&door, sitting, Ok(Named(name))).await {
                Ok(known) => known,
                Err(answer) => return answer,
            };
            let seen = form.get("_revision").parse().unwrap_or(known.revision);
            match door.app().put_webhook(&sitting.actor, &known.name, webhook_spec(form), Some(seen)).await {
                Ok((webhook, _)) => made(&door, sitting, webhook, Done::SAVED),
                Err(AppError::Stale { .. }) => {
                    let mut typed = form.clone();
                    typed.set("_revision", known.revision.to_string());
                    let hint =
                        "What you typed stands below. Look at the newer one in another tab; Save writes yours over it.";
                    let faults =
                        Faults::whole("Somebody changed this meanwhile. Nothing was saved.", Some(hint.into()));
                    again(&known, StatusCode::PRECONDITION_FAILED, &typed, &faults)
                }
                Err(error) => {
                    let (status, faults) = show::faults(error);
                    again(&known, status, form, &faults.within("webhook."))
                }
            }
        })
        .await
}

/// `POST /settings/webhooks/{name}/delete`
pub(super) async fn delete(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let sitting = &submitted.sitting;
    let Named(name) = match named {
        Ok(named) => named,
        Err(refusal) => return show::refused(chrome(sitting), refusal),
    };
    if submitted.form.asked() != Some(("delete", "")) {
        return one(State(door), sitting.clone(), Ok(Named(name)), RawQuery(None)).await;
    }
    submitted
        .once(&door, async {
            let known = match find(&door, sitting, Ok(Named(name))).await {
                Ok(known) => known,
                Err(answer) => return answer,
            };
            match door.app().delete_webhook(&sitting.actor, &known.name).await {
                Ok(()) => show::go(LIST, Some(Done::DELETED)),
                Err(error) => {
                    let (status, faults) = show::faults(error);
                    let (form, chrome) = (webhook_form(&known), chrome(sitting));
                    show::page(status, &WebhookPage::new(chrome, Some(&known), &form, &faults, None))
                }
            }
        })
        .await
}
