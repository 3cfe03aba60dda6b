//! What holds for every answer: its id, its headers, its line in the log, and that a panic is an answer too.
//!
//! Knows no route by name. No query string, body, token or row value is ever logged.

use std::panic::AssertUnwindSafe;

use app::clock::random_u64;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;

use crate::caller::Known;
use crate::door::Door;
use crate::meters::Answered;
use crate::presence::Presence;
use crate::refusal::{REQUEST_ID, Refusal};
use crate::screens::lost;
use crate::visitor::Visitor;
use crate::{clock, host};

/// Names an answer in the log.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of every answer, unless its route has its own.
const ALWAYS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (CACHE_CONTROL, "no-store"),
];

/// Answers a request.
pub(crate) async fn around(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let id = format!("{:016x}", random_u64());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "none".into());
    let method = request.method().clone();
    let visitor = Visitor::of(&request, door.config());
    let allowed = host::check(&request, &visitor, door.config());
    let known = Known::default();
    request.extensions_mut().insert(visitor);
    request.extensions_mut().insert(known.clone());
    // Dropped with this answer: work that nobody else needs hears of it.
    let (held, presence) = Presence::begin();
    request.extensions_mut().insert(presence);
    let asked = lost::reads_pages(request.headers(), request.uri()).then(|| parts_of(&request));
    let answered_by = door.clone();
    let started = clock::now();
    let under_way = door.meters().enter();
    let (panicked_id, panicked_route) = (id.clone(), route.clone());
    let answer = REQUEST_ID.scope(id.clone(), async move {
        let answer = AssertUnwindSafe(async {
            match allowed {
                Ok(()) => next.run(request).await,
                Err(refusal) => refusal.into_response(),
            }
        });
        let answer = answer.catch_unwind().await.unwrap_or_else(|_| panicked(&panicked_id, &panicked_route));
        let answer = in_our_words(answer);
        match asked {
            Some(asked) => Box::pin(lost::as_a_page(asked, &answered_by, answer)).await,
            None => answer,
        }
    });
    let mut answer = if method.is_safe() {
        Box::pin(answer).await
    } else {
        // A change that has begun is done to its end, also when the client goes away in between.
        let broken = |_| Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response();
        tokio::spawn(answer).await.unwrap_or_else(broken)
    };
    drop((under_way, held));
    dress(&mut answer, &id, &door);
    let took = clock::now().saturating_duration_since(started);
    let status = answer.status().as_u16();
    door.meters().answered(&Answered { method: label(&method), route: &route, status, took });
    let (ms, actor) = (took.as_millis(), known.0.get().map_or("", String::as_str));
    tracing::info!(
        request.id = id,
        method = label(&method),
        route,
        status,
        ms = u64::try_from(ms).unwrap_or(u64::MAX),
        actor,
        "{} {route}: {status} in {ms} ms",
        label(&method)
    );
    answer
}

/// What panicked may have had row values in its words: they stay where they are.
fn panicked(id: &str, route: &str) -> Response {
    tracing::error!(request.id = id, "request {id}: the route {route} panicked");
    Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

/// Who asks for what.
fn parts_of(request: &Request) -> Parts {
    let (mut parts, ()) = axum::http::Request::new(()).into_parts();
    parts.method = request.method().clone();
    parts.uri = request.uri().clone();
    parts.headers = request.headers().clone();
    parts.extensions = request.extensions().clone();
    parts
}

/// A refusal that the framework made has no words yet.
fn in_our_words(answer: Response) -> Response {
    let status = answer.status();
    let plain = answer.headers().get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    // What leads on is ours, whatever its status.
    let leads_on = answer.headers().contains_key(LOCATION);
    if !(status.is_client_error() || status.is_server_error()) || !plain || leads_on {
        return answer;
    }
    let allow = answer.headers().get(ALLOW).cloned();
    let mut answer = Refusal::of_status(status).into_response();
    if let Some(allow) = allow {
        answer.headers_mut().insert(ALLOW, allow);
    }
    answer
}

fn dress(answer: &mut Response, id: &str, door: &Door) {
    let headers = answer.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if door.config().secure() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(X_REQUEST_ID, id);
    }
}

/// A method as a label: whoever invents methods shall not invent labels.
fn label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
