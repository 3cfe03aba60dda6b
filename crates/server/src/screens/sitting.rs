//! Who looks at a page, and what they send with a form.
//!
//! Knows where people go who are not signed in: to the sign-in, with what they typed.

use std::hash::{DefaultHasher, Hash, Hasher};

use app::Actor;
use app::clock::random_u64;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::Response;
use console::access::{Kept, SignIn};
use console::{Chrome, Done, Faults, Form, Section, Wall};
use url::form_urlencoded;

use crate::caller::Caller;
use crate::config::ServerConfig;
use crate::door::Door;
use crate::origin::{self, Entry};
use crate::refusal::Refusal;
use crate::screens::show;
use crate::{address, body};

/// Somebody who looks at a page.
#[derive(Clone)]
pub(crate) struct Sitting {
    /// With their rights.
    pub(crate) actor: Actor,
    /// What surrounds their pages; the section is the page's to say.
    pub(crate) chrome: Chrome,
    /// Tells their session from others.
    pub(crate) holder: String,
}

/// Somebody who sends a form.
pub(crate) struct Submitted {
    /// Who.
    pub(crate) sitting: Sitting,
    /// What.
    pub(crate) form: Form,
    /// To where.
    path: String,
}

impl Submitted {
    /// Does the work of the form once, however often it is sent. Another form of the same page, or the same one with other
    /// words in it, is other work.
    pub(crate) async fn once(&self, door: &Door, work: impl Future<Output = Response>) -> Response {
        let mut digest = DefaultHasher::new();
        self.path.hash(&mut digest);
        self.form.pairs().for_each(|pair| pair.hash(&mut digest));
        let what = format!("{} {:016x}", self.sitting.holder, digest.finish());
        Box::pin(door.onces().run(&what, self.form.get("_once"), work)).await
    }
}

/// What surrounds a page for somebody who is not known yet.
pub(crate) fn nobody(headers: &HeaderMap, uri: &Uri, config: &ServerConfig) -> Chrome {
    let done = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).find(|(name, _)| name == "done");
    Chrome {
        me: None,
        section: Section::Home,
        done: done.and_then(|(_, key)| Done::of(&key)),
        once: format!("{:016x}{:016x}", random_u64(), random_u64()),
        sandbox: config.sandbox.is_some(),
        server: address::of(headers, config),
    }
}

/// Whether a request came from another site's page, so that the browser left the session out.
fn from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site")
}

/// Where the way leads on, in an address.
#[derive(serde::Deserialize)]
pub(crate) struct Next {
    next: Option<String>,
}

impl Next {
    /// The path, where it is one of this server.
    pub(crate) fn path(&self) -> Option<String> {
        own_path(self.next.as_deref()?).map(str::to_owned)
    }
}

/// A path of ours to go on to: no other site, and no other scheme.
pub(crate) fn own_path(text: &str) -> Option<&str> {
    let own =
        text.starts_with('/') && !text.starts_with("//") && !text.contains('\\') && !text.contains(char::is_control);
    own.then_some(text)
}

impl Sitting {
    pub(super) async fn of(parts: &Parts, door: &Door) -> Result<Sitting, Refusal> {
        let caller = Caller::of(parts, door, Entry::Page).await?;
        let me = door.app().me(&caller.actor);
        let holder = caller.session().map_or_else(|| caller.actor.shown(), |session| session.expose().to_owned());
        let chrome = Chrome { me: Some(me), ..nobody(&parts.headers, &parts.uri, door.config()) };
        Ok(Sitting { actor: caller.actor, chrome, holder })
    }

    /// Where people go who are not signed in.
    pub(super) async fn away(parts: &Parts, door: &Door, refusal: Refusal, form: Option<&Form>) -> Response {
        let chrome = nobody(&parts.headers, &parts.uri, door.config());
        let looks = matches!(parts.method, Method::GET | Method::HEAD);
        let unknown = refusal.status() == StatusCode::UNAUTHORIZED;
        let from_link = looks && from_elsewhere(&parts.headers);
        let foreign_link = from_link && refusal.status() == StatusCode::FORBIDDEN;
        if !unknown && !foreign_link {
            return show::refused(chrome, refusal);
        }
        if !looks && !origin::is_ours(&parts.headers) {
            // What another site's form says is nothing that somebody typed here.
            return show::refused(chrome, origin::foreign());
        }
        if from_link {
            // Asked for again from a page of ours, the browser sends the session along, if there is one.
            let link = Some((path(parts), "Go on".into()));
            let (title, follow) = ("One moment".into(), true);
            let paragraphs = vec!["You came from another site.".into()];
            return show::shown(&Wall { chrome, title, paragraphs, bad: false, link, follow, clean: false });
        }
        if door.app().setup_open().await.unwrap_or_default() {
            return show::go("/setup", None);
        }
        let kept = form.map(|form| Kept::of(&path(parts), form));
        if looks {
            let next: String = form_urlencoded::byte_serialize(path(parts).as_bytes()).collect();
            let mut answer = show::go(&format!("/sign-in?next={next}"), None);
            if parts.headers.contains_key("hx-request") {
                // A part of a page: the page goes there, not the part.
                *answer.status_mut() = StatusCode::UNAUTHORIZED;
                answer.headers_mut().insert("x-sign-in", sign_in_of_page(&parts.headers));
            }
            return answer;
        }
        let mut answer =
            show::page(StatusCode::UNAUTHORIZED, &SignIn::new(chrome, &Form::default(), &Faults::none(), "/", kept));
        answer.headers_mut().insert("x-sign-in", sign_in_of_page(&parts.headers));
        answer
    }
}

/// The sign-in that leads back to the page which asked for a part of itself.
fn sign_in_of_page(headers: &HeaderMap) -> HeaderValue {
    let page = headers.get("hx-current-url").and_then(|page| page.to_str().ok()?.parse::<Uri>().ok());
    let next = page.as_ref().and_then(|page| own_path(page.path_and_query()?.as_str()));
    let to = next
        .map(|next| format!("/sign-in?next={}", form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>()));
    to.and_then(|to| HeaderValue::from_str(&to).ok()).unwrap_or(HeaderValue::from_static("/sign-in"))
}

fn path(parts: &Parts) -> String {
    parts.uri.path_and_query().map_or_else(|| "/".into(), ToString::to_string)
}

impl FromRequestParts<Door> for Sitting {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Sitting, Response> {
        match Box::pin(Sitting::of(parts, door)).await {
            Ok(sitting) => Ok(sitting),
            Err(refusal) => Err(Sitting::away(parts, door, refusal, None).await),
        }
    }
}

impl FromRequest<Door> for Submitted {
    type Rejection = Response;

    async fn from_request(request: Request, door: &Door) -> Result<Submitted, Response> {
        let (parts, body) = request.into_parts();
        let sitting = Box::pin(Sitting::of(&parts, door)).await;
        let form = match form(&parts.headers, body, door).await {
            Ok(form) => form,
            Err(refusal) => {
                let chrome = match sitting {
                    Ok(sitting) => sitting.chrome,
                    Err(_) => nobody(&parts.headers, &parts.uri, door.config()),
                };
                return Err(show::refused(chrome, refusal));
            }
        };
        match sitting {
            Ok(sitting) => Ok(Submitted { sitting, form, path: path(&parts) }),
            Err(refusal) => Err(Sitting::away(&parts, door, refusal, Some(&form)).await),
        }
    }
}

/// What a form of ours sent.
pub(crate) async fn form(headers: &HeaderMap, body: axum::body::Body, door: &Door) -> Result<Form, Refusal> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refusal::media_type("application/x-www-form-urlencoded"));
    }
    Ok(Form::read(&body::collect(body, door).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_in_leads_back_to_the_page_that_asked() {
        let cases = [
            (Some("http://h:8080/segments/a%20b?x=1&y=2#part"), "/sign-in?next=%2Fsegments%2Fa%2520b%3Fx%3D1%26y%3D2"),
            (Some("https://h/"), "/sign-in?next=%2F"),
            (Some("http://h//evil.example/"), "/sign-in"),
            (Some("no address"), "/sign-in"),
            (None, "/sign-in"),
        ];
        for (page, want) in cases {
            let headers = page.map(|page| ("hx-current-url".parse().unwrap(), HeaderValue::from_static(page)));
            assert_eq!(sign_in_of_page(&headers.into_iter().collect()), want, "{page:?}");
        }
    }

    #[test]
    fn only_paths_of_ours_are_gone_on_to() {
        for good in ["/", "/jobs/1?a=b", "/queries/a%20b"] {
            assert!(own_path(good).is_some(), "{good}");
        }
        for bad in ["", "jobs", "//evil", "/\\evil", "https://evil", "/a\nb", "javascript:alert(1)"] {
            assert!(own_path(bad).is_none(), "{bad}");
        }
    }
}
