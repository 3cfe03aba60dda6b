//! Where Salesforce sends browsers back to after an approval, well or not.
//!
//! Code and state are read from the address once, are never logged or shown, and the page takes them out of it.

use api::Secret;
use app::CallbackError;
use axum::extract::{RawQuery, State};
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{AppendHeaders, IntoResponse, Response};
use console::{Chrome, Section, Wall, sentence};
use url::form_urlencoded;

use crate::address;
use crate::caller::Anybody;
use crate::cookie::Cookie;
use crate::door::Door;
use crate::screens::show;
use crate::screens::sitting::nobody;

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

/// Whether what stands behind the `?` of an address is how an approval ended.
pub(crate) fn is_answer(query: Option<&str>) -> bool {
    Returned::of(query).is_answer()
}

/// `GET /oauth/callback`: ends an approval, well or not.
pub(crate) async fn callback(
    State(door): State<Door>,
    _: Anybody,
    method: Method,
    headers: HeaderMap,
    uri: Uri,
    RawQuery(query): RawQuery,
) -> Response {
    if method != Method::GET {
        // Whoever only looks at the headers shall not use up the approval.
        return StatusCode::NO_CONTENT.into_response();
    }
    let returned = Returned::of(query.as_deref());
    let chrome = nobody(&headers, &uri, door.config()).at(Section::Authentications);
    let binding = Cookie::Approval.read(&headers, door.config());
    if binding.is_none()
        && let Some(begun) = elsewhere(&door, &headers, &returned)
    {
        let to = format!("{begun}/oauth/callback?{}", query.unwrap_or_default());
        return show::go(&to, None);
    }
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
            let address = format!("/connections/{}", console::part(&approved.connection));
            let link = Some((address, "To the connection".into()));
            let wall =
                Wall { chrome, title: "Connected".into(), paragraphs, bad: false, link, follow: false, clean: true };
            (AppendHeaders([(SET_COOKIE, Cookie::Approval.take(door.config()))]), show::shown(&wall)).into_response()
        }
        Err(error) => refused(chrome, &error),
    }
}

/// Where the browser is known, when it began under another name of this server: `localhost`, where Salesforce sends it to,
/// has none of the cookies of `127.0.0.1`.
fn elsewhere(door: &Door, headers: &HeaderMap, returned: &Returned) -> Option<String> {
    let begun = door.app().approval_begun_at(returned.state.as_deref()?)?;
    (begun != address::asked(headers, door.config())).then_some(begun)
}

fn refused(chrome: Chrome, error: &CallbackError) -> Response {
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
    let paragraphs = vec![sentence(&error.to_string()), sentence(&hint)];
    let link = Some(("/connections".into(), "To the connections".into()));
    show::page(status, &Wall { chrome, title: title.into(), paragraphs, bad: true, link, follow: false, clean: true })
}
