//! From which page a browser asks: only from one of ours may it use its session.
//!
//! Knows the headers by which browsers tell, and no session. Every browser of today sends Sec-Fetch-Site; Origin stands in
//! where a proxy removes it.

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use url::Url;

use crate::body;
use crate::refusal::Refusal;

/// What the headers say about the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    /// One of ours.
    Ours,
    /// None: the address was typed, or a bookmark.
    None,
    /// Somebody else's.
    Foreign,
    /// They say nothing.
    Silent,
}

/// Where a session is used: what a body may be differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The API: documents.
    Api,
    /// The console: what a form sends.
    Page,
}

/// Says no unless a session may be used for this request.
pub(crate) fn check_session(parts: &Parts, entry: Entry) -> Result<(), Refusal> {
    let changes = !matches!(parts.method, Method::GET | Method::HEAD);
    let may = match page(&parts.headers) {
        Page::Ours => true,
        Page::None => !changes,
        Page::Foreign | Page::Silent => false,
    };
    if !may {
        return Err(foreign());
    }
    // A form can send neither of these types, nor the method DELETE: a second lock, which pages cannot have.
    if changes && entry == Entry::Api && parts.method != Method::DELETE && !body::is_ours(&parts.headers) {
        return Err(Refusal::media_type("application/json"));
    }
    Ok(())
}

/// Says no to a login that another page asks for, which would put somebody into a session that is not theirs.
pub(crate) fn check_login(headers: &HeaderMap) -> Result<(), Refusal> {
    match page(headers) {
        Page::Ours | Page::None | Page::Silent => Ok(()),
        Page::Foreign => Err(foreign()),
    }
}

/// Whether the headers say that a page of ours asks.
pub(crate) fn is_ours(headers: &HeaderMap) -> bool {
    page(headers) == Page::Ours
}

/// What is said to the pages of others.
pub(crate) fn foreign() -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "foreign_page", "a session is taken only from a page of this server")
        .hint("programs send Authorization: Bearer with an API token instead")
}

fn page(headers: &HeaderMap) -> Page {
    let fetch = headers.get("sec-fetch-site").map(|site| site.to_str().unwrap_or_default());
    let origin = headers.get(ORIGIN).map(|origin| same(origin.to_str().unwrap_or_default(), headers));
    match (fetch, origin) {
        (_, Some(false)) => Page::Foreign,
        (Some("same-origin"), _) | (None, Some(true)) => Page::Ours,
        (Some("none"), _) => Page::None,
        (Some(_), _) => Page::Foreign,
        (None, None) => Page::Silent,
    }
}

/// Whether an origin has the host and the port that were asked. The scheme may differ behind a proxy.
fn same(origin: &str, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let Ok(origin) = Url::parse(origin) else { return false };
    let Ok(asked) = Url::parse(&format!("{}://{host}", origin.scheme())) else { return false };
    matches!(origin.scheme(), "http" | "https") && origin.origin() == asked.origin()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn which_pages_may_use_a_session() {
        let json = Some("application/json");
        let cases = [
            ("GET", Some("same-origin"), None, None, true),
            ("GET", Some("none"), None, None, true),
            ("GET", Some("same-site"), None, None, false),
            ("GET", Some("cross-site"), None, None, false),
            ("GET", None, None, None, false),
            ("GET", None, Some("http://localhost:8080"), None, true),
            ("POST", Some("same-origin"), None, json, true),
            ("POST", Some("same-origin"), Some("http://localhost:8080"), json, true),
            ("POST", Some("same-origin"), Some("http://evil.example"), json, false),
            ("POST", Some("same-origin"), Some("null"), json, false),
            ("POST", Some("cross-site"), Some("http://localhost:8080"), json, false),
            ("POST", Some("none"), None, json, false),
            ("POST", None, None, json, false),
            ("POST", None, Some("http://localhost:8080"), json, true),
            ("POST", None, Some("http://localhost:9090"), json, false),
            ("POST", None, Some("http://localhost.evil.example:8080"), json, false),
            ("POST", Some("same-origin"), None, Some("text/plain"), false),
            ("POST", Some("same-origin"), None, Some("application/x-www-form-urlencoded"), false),
            ("POST", Some("same-origin"), None, Some("multipart/form-data"), false),
            ("POST", Some("same-origin"), None, None, false),
            ("PUT", Some("same-origin"), None, Some("text/csv; charset=utf-8"), true),
            ("DELETE", Some("same-origin"), None, None, true),
            ("DELETE", Some("cross-site"), None, None, false),
        ];
        for (method, fetch, origin, content, want) in cases {
            let mut request = Request::builder().method(method).header(HOST, "localhost:8080");
            for (name, value) in [("sec-fetch-site", fetch), ("origin", origin), ("content-type", content)] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(check_session(&parts, Entry::Api).is_ok(), want, "{method} {fetch:?} {origin:?} {content:?}");
        }
    }
}
