//! API tokens: listed, made, revoked.

use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use console::administration::{NewToken, Tokens, token_spec};
use console::{Done, Faults, Form};

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Named;
use crate::screens::settings::{asked, chrome, only_shown};
use crate::screens::show;
use crate::screens::sitting::{Sitting, Submitted};

const LIST: &str = "/settings/tokens";

/// `GET /settings/tokens`
pub(super) async fn list(State(door): State<Door>, sitting: Sitting, RawQuery(query): RawQuery) -> Response {
    match door.app().tokens(&sitting.actor).await {
        Ok(tokens) => {
            let made = door.told().take(&sitting.holder, asked(query).get("told"));
            show::shown(&Tokens::new(chrome(&sitting), &tokens, &door.app().time(), made.as_ref()))
        }
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// `GET /new/token`
pub(super) async fn new(sitting: Sitting) -> Response {
    show::shown(&NewToken::new(chrome(&sitting), &Form::default(), &Faults::none()))
}

/// `POST /new/token`
pub(super) async fn make(State(door): State<Door>, submitted: Submitted) -> Response {
    let (sitting, form) = (&submitted.sitting, &submitted.form);
    let again = |status, faults: &Faults| show::page(status, &NewToken::new(chrome(sitting), form, faults));
    if only_shown(form) {
        return again(StatusCode::OK, &Faults::none());
    }
    let spec = match token_spec(form) {
        Ok(spec) => spec,
        Err(faults) => return again(StatusCode::UNPROCESSABLE_ENTITY, &faults),
    };
    submitted
        .once(&door, async {
            match door.app().make_token(&sitting.actor, spec).await {
                Ok(made) => {
                    let ticket = door.told().leave(&sitting.holder, made.secret);
                    show::go(&format!("{LIST}?told={ticket}"), None)
                }
                Err(error) => {
                    let (status, faults) = show::faults(error);
                    again(status, &faults.within("token."))
                }
            }
        })
        .await
}

/// `POST /settings/tokens/{id}/revoke`
pub(super) async fn revoke(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let sitting = &submitted.sitting;
    let Named(id) = match named {
        Ok(named) => named,
        Err(refusal) => return show::refused(chrome(sitting), refusal),
    };
    if submitted.form.asked() != Some(("revoke", "")) {
        return show::go(LIST, None);
    }
    submitted
        .once(&door, async {
            match door.app().revoke_token(&sitting.actor, &id).await {
                Ok(()) => show::go(LIST, Some(Done::REVOKED)),
                Err(error) => show::refused(chrome(sitting), error),
            }
        })
        .await
}
