//! Sessions of browsers, and who one is.
//!
//! Knows cookies; what a session is, and how long it lasts, is the use cases'.

use api::{Login, Me, PasswordChange};
use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};

use crate::body::Document;
use crate::caller::{Caller, Newcomer};
use crate::cookie::Cookie;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::DONE;

/// Opens a session: the answer sets the cookie, which pages of this server may use. Programs use API tokens instead.
#[utoipa::path(
    post, path = "/session", tag = "session", security(()), request_body = Login,
    responses((status = 200, body = Me, headers(("Set-Cookie" = String, description = "The session"))))
)]
pub(crate) async fn open(
    State(door): State<Door>,
    Newcomer(visitor): Newcomer,
    headers: HeaderMap,
    Document(login): Document<Login>,
) -> Result<Response, Refusal> {
    // Whoever logs in anew gets a new session; the one so far ends.
    if let Some(before) = Cookie::Session.read(&headers, door.config()) {
        door.app().logout(&before, &visitor.address).await?;
    }
    let opened = door.app().login(login, &visitor.address).await?;
    let cookie = Cookie::Session.give(&opened.secret, door.config());
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Json(opened.me)).into_response())
}

/// Ends the session, here and in the browser.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
pub(crate) async fn close(State(door): State<Door>, caller: Caller) -> Result<Response, Refusal> {
    let Some(session) = caller.session() else {
        let refusal = Refusal::new(StatusCode::CONFLICT, "conflict", "a token is no session");
        return Err(refusal.hint("revoke the token instead"));
    };
    door.app().logout(session, &caller.actor.address).await?;
    Ok((DONE, AppendHeaders([(SET_COOKIE, Cookie::Session.take(door.config()))])).into_response())
}

/// Who the session or token belongs to, and what it may do.
#[utoipa::path(get, path = "/me", tag = "session", responses((status = 200, body = Me)))]
pub(crate) async fn me(State(door): State<Door>, caller: Caller) -> Json<Me> {
    Json(door.app().me(&caller.actor))
}

/// Changes one's own password. All sessions end; the one that asked goes on under a new cookie.
#[utoipa::path(
    put, path = "/me/password", tag = "session", request_body = PasswordChange,
    responses((status = 204, headers(("Set-Cookie" = String, description = "The new session, where a session asked"))))
)]
pub(crate) async fn change_password(
    State(door): State<Door>,
    caller: Caller,
    Document(change): Document<PasswordChange>,
) -> Result<Response, Refusal> {
    let opened = door.app().change_password(&caller.actor, change, caller.session()).await?;
    let cookie = opened.map(|opened| (SET_COOKIE, Cookie::Session.give(&opened.secret, door.config())));
    Ok((DONE, AppendHeaders(cookie)).into_response())
}
