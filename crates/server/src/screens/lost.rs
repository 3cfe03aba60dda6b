//! What was refused before a page could be drawn, as a page for whoever reads in a browser: an address that nothing is at, a
//! method that it does not take, a failure.
//!
//! Knows which addresses are for programs; not why something was refused.

use api::ProblemDocument;
use axum::body::to_bytes;
use axum::extract::FromRequestParts;
use axum::http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use console::Refused;

use crate::cookie::Cookie;
use crate::door::Door;
use crate::refusal::PROBLEM;
use crate::screens::show;
use crate::screens::sitting::{Sitting, nobody};

/// Addresses that programs ask, each with all that is below it.
const PROGRAMS: [&str; 5] = ["/api", "/healthz", "/readyz", "/metrics", "/assets"];
/// Bytes of a problem document at most.
const LONGEST: usize = 1 << 20;

/// Whether whoever asks reads pages.
pub(crate) fn reads_pages(headers: &HeaderMap, uri: &Uri) -> bool {
    let below =
        |root: &&str| uri.path().strip_prefix(*root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let accepts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepts.flat_map(|value| value.split(','));
    let html = |kind: &str| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/html");
    !PROGRAMS.iter().any(below) && kinds.any(html)
}

/// The answer to somebody who reads pages: a problem document becomes one.
pub(crate) async fn as_a_page(mut asked: Parts, door: &Door, answer: Response) -> Response {
    if answer.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != PROBLEM) {
        return answer;
    }
    let (head, body) = answer.into_parts();
    let Ok(bytes) = to_bytes(body, LONGEST).await else { return head.status.into_response() };
    let Ok(problem) = serde_json::from_slice::<ProblemDocument>(&bytes) else { return (head, bytes).into_response() };
    let (title, hint) = match problem.status {
        404 | 405 => (
            "there is no page at this address".into(),
            Some("look how it is written, or begin at the front page".into()),
        ),
        _ => (problem.title, problem.hint),
    };
    // Where nobody is signed in, that is no attempt to be.
    let signed_in = Cookie::Session.read(&asked.headers, door.config()).is_some();
    let sitting = if signed_in { Sitting::from_request_parts(&mut asked, door).await.ok() } else { None };
    let chrome = sitting.map_or_else(|| nobody(&asked.headers, &asked.uri, door.config()), |sitting| sitting.chrome);
    let mut page = show::page(head.status, &Refused { chrome, problem: ProblemDocument { title, hint, ..problem } });
    for (name, value) in &head.headers {
        if *name != CONTENT_TYPE && (*name == ALLOW || !page.headers().contains_key(name)) {
            page.headers_mut().insert(name.clone(), value.clone());
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_pages_and_programs_do_not() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        let cases = [
            ("/nothing", browser, true),
            ("/", "Text/HTML", true),
            ("/apiary", browser, true),
            ("/nothing", "*/*", false),
            ("/nothing", "application/json", false),
            ("/nothing", "", false),
            ("/api/v1/jobs", browser, false),
            ("/api", browser, false),
            ("/healthz", browser, false),
            ("/assets/none.js", browser, false),
        ];
        for (path, accept, want) in cases {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(reads_pages(&headers, &path.parse().unwrap()), want, "{path} {accept}");
        }
        assert!(!reads_pages(&HeaderMap::new(), &"/nothing".parse().unwrap()));
    }
}
