//! The parts of a request's address and headers that routes read.
//!
//! Knows how each is refused; not what it means.

use axum::extract::{FromRequestParts, MatchedPath, Path};
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use model::Problem;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use crate::door::Door;
use crate::refusal::Refusal;

/// Things on a page when nobody says how many.
const PAGE: u32 = 50;
/// Things on a page at most.
const LARGEST_PAGE: u32 = 500;
/// Characters of an idempotency key at most.
const LONGEST_KEY: usize = 255;

/// The name or id in an address. One that nothing can have is not found. Where the address has no place for it, its last
/// word is the name: somebody may call a segment `try`.
pub(crate) struct Named(pub(crate) String);

impl FromRequestParts<Door> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Named, Refusal> {
        let unknown = || Refusal::not_found("there is nothing of that name");
        let fixed = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).filter(|path| !path.contains('{'));
        let name = match fixed.and_then(|path| path.rsplit('/').next()) {
            Some(word) => word.to_owned(),
            None => Path::<String>::from_request_parts(parts, door).await.map_err(|_| unknown())?.0,
        };
        let fits = !name.is_empty() && name.chars().count() <= 200 && !name.contains(char::is_control);
        if fits { Ok(Named(name)) } else { Err(unknown()) }
    }
}

/// The part of an address behind the `?`. Unknown names are passed over.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Door> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Asked<T>, Refusal> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, door).await;
        let axum::extract::Query(asked) = read.map_err(|_| {
            let problem = Problem::at("query", "has a parameter that is not of its type, or stands there twice");
            Refusal::bad_request(&problem)
        })?;
        Ok(Asked(asked))
    }
}

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// Things on the page: 1 to 500, 50 when it is not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

impl Paging {
    /// How many things.
    pub(crate) fn limit(&self) -> Result<u32, Refusal> {
        limit(self.limit)
    }
}

/// How many things of a list.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Refusal> {
    within("limit", asked.unwrap_or(PAGE), LARGEST_PAGE)
}

/// What was filled in: a form sends what was left empty too.
pub(crate) fn given(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// A number from 1 to `most`.
pub(crate) fn within(name: &str, number: u32, most: u32) -> Result<u32, Refusal> {
    if (1..=most).contains(&number) {
        return Ok(number);
    }
    Err(Refusal::bad_request(&Problem::at(name, format!("must be 1 to {most}"))))
}

/// A number that a list goes on from.
pub(crate) fn place(name: &str, number: Option<u64>) -> Result<Option<u64>, Refusal> {
    match number {
        Some(number) if i64::try_from(number).is_err() => {
            Err(Refusal::bad_request(&Problem::at(name, "is larger than any number of a list")))
        }
        number => Ok(number),
    }
}

/// The revision that `If-Match` names: the change is made only to what the caller has seen.
pub(crate) struct IfMatch(pub(crate) Option<u64>);

impl FromRequestParts<Door> for IfMatch {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<IfMatch, Refusal> {
        match one(&parts.headers, IF_MATCH.as_str())? {
            None => Ok(IfMatch(None)),
            Some(text) => {
                let number = text.trim().trim_matches('"').parse().ok();
                let wrong =
                    || Refusal::bad_request(&Problem::at("If-Match", "must be a revision, as ETag has it: \"3\""));
                Ok(IfMatch(Some(number.ok_or_else(wrong)?)))
            }
        }
    }
}

/// The `ETag` of a revision.
pub(crate) fn etag(revision: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{revision}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// The key under which the same request is done only once.
pub(crate) struct Once(pub(crate) Option<String>);

impl FromRequestParts<Door> for Once {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<Once, Refusal> {
        let key = one(&parts.headers, "idempotency-key")?;
        let fits = |key: &str| {
            (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
        };
        match key {
            Some(key) if !fits(&key) => {
                let problem = Problem::at("Idempotency-Key", "must be 1 to 255 visible ASCII characters");
                Err(Refusal::bad_request(&problem))
            }
            key => Ok(Once(key)),
        }
    }
}

/// A header that stands there once, if at all.
fn one(headers: &HeaderMap, name: &str) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(text), None) => Ok(Some(text.to_owned())),
        (Ok(_), Some(_)) => Err(Refusal::bad_request(&Problem::at(name, "stands there twice"))),
        (Err(_), _) => Err(Refusal::bad_request(&Problem::at(name, "has characters that are not ASCII"))),
    }
}

/// The number of the last event that a client of a stream has seen.
pub(crate) struct LastEvent(pub(crate) Option<u64>);

impl FromRequestParts<Door> for LastEvent {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<LastEvent, Refusal> {
        // A browser sends what it was given; anything else begins anew.
        let text = parts.headers.get("last-event-id").and_then(|id| id.to_str().ok());
        Ok(LastEvent(text.and_then(|text| text.trim().parse().ok())))
    }
}

/// An answer to a change that leaves nothing to say.
pub(crate) const DONE: StatusCode = StatusCode::NO_CONTENT;
