//! A page as an answer: its headers, and what is said instead of it.
//!
//! Knows headers and redirects, and no page.

use api::ProblemDocument;
use app::AppError;
use askama::Template;
use axum::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use console::{Chrome, Done, Faults, Refused};

use crate::refusal::Refusal;

/// Only our own files, no script or style in a page, forms only to us, and nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A page.
pub(crate) fn page(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response(),
        Err(error) => {
            tracing::error!("a page cannot be drawn: {error}");
            Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
    }
}

/// A page that is as it should be.
pub(crate) fn shown(of: &impl Template) -> Response {
    page(StatusCode::OK, of)
}

/// The way leads on to another page of ours, which tells what was done.
pub(crate) fn go(path: &str, done: Option<Done>) -> Response {
    let joint = if path.contains('?') { '&' } else { '?' };
    let told = done.map(|done| format!("{joint}done={}", done.key)).unwrap_or_default();
    let to = HeaderValue::from_str(&format!("{path}{told}")).unwrap_or(HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response()
}

/// Something that was refused, as a page of its own.
pub(crate) fn refused(chrome: Chrome, refusal: impl Into<Refusal>) -> Response {
    let refusal = refusal.into();
    let (status, headers) = (refusal.status(), refusal.headers());
    let mut answer = page(status, &Refused { chrome, problem: ProblemDocument::from(refusal) });
    answer.headers_mut().extend(headers);
    answer
}

/// What was refused, beside the fields of the form that asked for it, with the status of the answer.
pub(crate) fn faults(error: AppError) -> (StatusCode, Faults) {
    let refusal = Refusal::from(error);
    let status = refusal.status();
    let problem = ProblemDocument::from(refusal);
    let faults = if problem.problems.is_empty() {
        Faults::whole(problem.title, problem.hint)
    } else {
        Faults::of(problem.problems)
    };
    (status, faults)
}
