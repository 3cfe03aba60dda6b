//! Who one is, and one's own password.

use api::Place;
use app::AppError;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};
use console::administration::{MePage, password_change};
use console::{Done, Faults};

use crate::cookie::Cookie;
use crate::door::Door;
use crate::screens::settings::chrome;
use crate::screens::show;
use crate::screens::sitting::{Sitting, Submitted};

/// `GET /settings/me`
pub(super) async fn one(sitting: Sitting) -> Response {
    show::shown(&MePage::new(chrome(&sitting), &Faults::none()))
}

/// `POST /settings/me`: another password. All other sessions end; this one goes on under a new cookie.
pub(super) async fn change(State(door): State<Door>, headers: HeaderMap, submitted: Submitted) -> Response {
    let sitting = &submitted.sitting;
    if submitted.form.asked() != Some(("save", "")) {
        // Passwords are not kept: there is nothing to show again.
        return show::page(StatusCode::OK, &MePage::new(chrome(sitting), &Faults::none()));
    }
    let session = Cookie::Session.read(&headers, door.config());
    let change = password_change(&submitted.form);
    submitted
        .once(&door, async {
            match door.app().change_password(&sitting.actor, change, session.as_ref()).await {
                Ok(opened) => {
                    let cookie = opened.map(|opened| (SET_COOKIE, Cookie::Session.give(&opened.secret, door.config())));
                    (AppendHeaders(cookie), show::go("/settings/me", Some(Done::PASSWORD))).into_response()
                }
                Err(AppError::Unauthenticated { .. }) => {
                    let message = "is not your password".into();
                    let faults = Faults::of([Place { at: "current".into(), message, hint: None }]);
                    show::page(StatusCode::UNPROCESSABLE_ENTITY, &MePage::new(chrome(sitting), &faults))
                }
                Err(error) => {
                    let (status, faults) = show::faults(error);
                    show::page(status, &MePage::new(chrome(sitting), &faults.within("password.")))
                }
            }
        })
        .await
}
