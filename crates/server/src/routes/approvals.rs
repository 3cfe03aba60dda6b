//! Where Salesforce sends browsers back to after an approval, and the front page.
//!
//! Code and state are read from the address once, are never logged or shown, and the page takes them out of it.

use api::Secret;
use app::CallbackError;
use axum::extract::{RawQuery, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use url::form_urlencoded;

use crate::caller::Anybody;
use crate::cookie::Cookie;
use crate::door::Door;
use crate::pages::{Page, sentence};

/// What came back with the browser.
#[derive(Default)]
struct Returned {
    state: Option<String>,
    code: Option<Secret>,
    error: Option<String>,
}

impl Returned {
    /// Each may stand there once: who sends two plays a game.
    fn of(query: Option<&str>) -> Returned {
        let mut returned = Returned::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let twice = match &*name {
                "state" => returned.state.replace(value.into_owned()).is_some(),
                "code" => returned.code.replace(Secret::new(value)).is_some(),
                "error" => returned.error.replace(value.into_owned()).is_some(),
                _ => false,
            };
            if twice {
                return Returned { state: None, code: None, error: None };
            }
        }
        returned
    }

    fn is_answer(&self) -> bool {
        self.code.is_some() || (self.error.is_some() && self.state.is_some())
    }
}

/// `GET /`: the manual registers `http://localhost:8080` alone, so an approval may end here too.
pub(crate) async fn front(
    door: State<Door>,
    anybody: Anybody,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if Returned::of(query.as_deref()).is_answer() {
        return callback(door, anybody, method, headers, RawQuery(query)).await;
    }
    let paragraphs = vec![
        "This server sends the rows of SQL queries to Salesforce Pardot, every row accounted for.".into(),
        "It is driven through its API, which is described in /api/v1/openapi.json, and through the command line: \
         sluice --server with this address."
            .into(),
    ];
    Page { title: "Sluice".into(), paragraphs, ..Page::default() }.into_response()
}

/// `GET /oauth/callback`: ends an approval, well or not.
pub(crate) async fn callback(
    State(door): State<Door>,
    _: Anybody,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if method != Method::GET {
        // Whoever only looks at the headers shall not use up the approval.
        return StatusCode::NO_CONTENT.into_response();
    }
    let returned = Returned::of(query.as_deref());
    let binding = Cookie::Approval.read(&headers, door.config());
    let app = door.app().clone();
    // A code works once: what has begun is done to its end, also when the browser goes away in between.
    let ended = tokio::spawn(async move {
        let binding = binding.as_ref().map(Secret::expose);
        app.finish_authorize(returned.state.as_deref(), returned.code, returned.error.as_deref(), binding).await
    });
    let broken = |_| Err(CallbackError::Failed { message: "the approval ended unexpectedly".into(), hint: None });
    match ended.await.unwrap_or_else(broken) {
        Ok(approved) => {
            let mut paragraphs = vec![format!("The connection {} is connected to Salesforce.", approved.connection)];
            paragraphs.extend(approved.remarks);
            let hint = Some("You can close this page.".into());
            let page = Page { title: "Connected".into(), paragraphs, hint, clean: true, ..Page::default() };
            (AppendHeaders([(SET_COOKIE, Cookie::Approval.take(door.config()))]), page).into_response()
        }
        Err(error) => refused(&error).into_response(),
    }
}

fn refused(error: &CallbackError) -> Page<'static> {
    let (status, title, hint) = match error {
        CallbackError::Foreign => (
            StatusCode::BAD_REQUEST,
            "Not an approval of this server",
            "Press Connect again and finish at Salesforce within ten minutes.".to_owned(),
        ),
        CallbackError::Replayed => (
            StatusCode::CONFLICT,
            "Finished already",
            "Look at the connection: if it is not connected, press Connect again.".to_owned(),
        ),
        CallbackError::OtherSession => (
            StatusCode::FORBIDDEN,
            "Begun in another browser",
            "Press Connect in this browser, under the address that Salesforce sends back to, and finish there."
                .to_owned(),
        ),
        CallbackError::Denied { .. } => (
            StatusCode::FORBIDDEN,
            "Not approved",
            "Nothing was changed. Press Connect again when somebody who may approves.".to_owned(),
        ),
        CallbackError::Failed { hint, .. } => (
            StatusCode::BAD_GATEWAY,
            "Not connected",
            hint.clone().unwrap_or_else(|| "Press Connect again.".to_owned()),
        ),
    };
    let paragraphs = vec![sentence(&error.to_string())];
    Page { status, title: title.into(), paragraphs, hint: Some(sentence(&hint)), clean: true, ..Page::default() }
}
