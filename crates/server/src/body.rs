//! Bodies as they arrive: JSON documents, and rows as a stream.
//!
//! Knows sizes, media types and patience. What a body must not say is told by place, never by quoting it: it may hold
//! secrets.

use std::time::Duration;

use app::Upload;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use futures::StreamExt;
use model::{Problem, Problems};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use crate::door::Door;
use crate::refusal::Refusal;

/// Chunks of an upload that wait for the disk.
const WAITING: usize = 8;

/// Media types of rows with the format that they mean.
const ROWS: [(&str, Option<&str>); 6] = [
    ("text/csv", Some("csv")),
    ("application/x-ndjson", Some("jsonl")),
    ("application/jsonl", Some("jsonl")),
    ("application/vnd.apache.parquet", Some("parquet")),
    ("application/octet-stream", None),
    ("application/json", None),
];

/// A JSON body that is there.
pub(crate) struct Document<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Door> for Document<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, door: &Door) -> Result<Document<T>, Refusal> {
        check_json(request.headers())?;
        let bytes = collect(request.into_body(), door).await?;
        parse(&bytes).map(Document)
    }
}

/// A JSON body that may be absent.
pub(crate) struct MaybeDocument<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<Door> for MaybeDocument<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, door: &Door) -> Result<MaybeDocument<T>, Refusal> {
        let typed = request.headers().contains_key(CONTENT_TYPE);
        let headers = request.headers().clone();
        let bytes = collect(request.into_body(), door).await?;
        if bytes.is_empty() {
            return Ok(MaybeDocument(T::default()));
        }
        if typed {
            check_json(&headers)?;
        }
        parse(&bytes).map(MaybeDocument)
    }
}

/// Rows on their way into a table or a job.
pub(crate) struct Rows {
    body: Body,
    format: Option<&'static str>,
    idle: Duration,
}

impl FromRequest<Door> for Rows {
    type Rejection = Refusal;

    async fn from_request(request: Request, door: &Door) -> Result<Rows, Refusal> {
        let format = match media_type(request.headers()) {
            None => None,
            Some(found) => {
                let known = ROWS.iter().find(|(name, _)| *name == found).map(|(_, format)| *format);
                known.ok_or_else(|| {
                    Refusal::media_type(
                        "text/csv, application/x-ndjson, application/vnd.apache.parquet or application/octet-stream",
                    )
                })?
            }
        };
        Ok(Rows { body: request.into_body(), format, idle: door.config().body_idle_time })
    }
}

impl Rows {
    /// Streams the rows into a use case and gives its answer. `asked` is the format that the address names.
    pub(crate) async fn into_upload<T>(
        self,
        asked: Option<&str>,
        work: impl AsyncFnOnce(Upload) -> Result<T, app::AppError>,
    ) -> Result<T, Refusal> {
        let hint = "csv, jsonl or parquet";
        let format = match asked {
            Some(known @ ("csv" | "jsonl" | "parquet")) => known,
            Some(_) => return Err(Refusal::bad_request(&Problem::at("format", "is not known").hint(hint))),
            None => {
                let missing = || Refusal::bad_request(&Problem::at("format", "is missing").hint(hint));
                self.format.ok_or_else(missing)?
            }
        };
        let (sender, chunks) = mpsc::channel(WAITING);
        let upload = Upload { format: format.to_owned(), chunks };
        let (late, done) = futures::join!(pump(self.body, sender, self.idle), work(upload));
        match done {
            Ok(done) => Ok(done),
            Err(_) if late => Err(Refusal::too_slow()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is no body at all, so far as the headers tell.
    pub(crate) fn is_absent(&self) -> bool {
        axum::body::HttpBody::is_end_stream(&self.body)
    }
}

/// Hands the chunks on; whether they stopped coming.
async fn pump(body: Body, sender: mpsc::Sender<Result<Vec<u8>, std::io::Error>>, idle: Duration) -> bool {
    let mut chunks = body.into_data_stream();
    loop {
        let next = tokio::select! {
            next = tokio::time::timeout(idle, chunks.next()) => next,
            // The other side has seen enough.
            () = sender.closed() => return false,
        };
        let (chunk, late) = match next {
            Ok(None) => return false,
            Ok(Some(Ok(bytes))) => (Ok(bytes.to_vec()), false),
            Ok(Some(Err(_))) => (Err(std::io::ErrorKind::ConnectionAborted.into()), false),
            Err(_) => (Err(std::io::ErrorKind::TimedOut.into()), true),
        };
        let ends = chunk.is_err();
        if sender.send(chunk).await.is_err() || ends {
            return late;
        }
    }
}

/// The media type of the body, lower-case and without its parameters.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().unwrap_or("unreadable");
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Whether the body has a type that no form can send.
pub(crate) fn is_ours(headers: &HeaderMap) -> bool {
    media_type(headers).is_some_and(|found| ROWS.iter().any(|(name, _)| *name == found))
}

fn check_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let json =
        |found: &String| found == "application/json" || (found.starts_with("application/") && found.ends_with("+json"));
    match media_type(headers) {
        Some(found) if json(&found) => Ok(()),
        Some(_) | None => Err(Refusal::media_type("application/json")),
    }
}

/// A whole body, within the server's limits.
pub(crate) async fn collect(body: Body, door: &Door) -> Result<Bytes, Refusal> {
    let limit = door.config().body_bytes;
    let mut chunks = body.into_data_stream();
    let mut all = Vec::new();
    loop {
        let next = tokio::time::timeout(door.config().body_idle_time, chunks.next()).await;
        match next {
            Err(_) => return Err(Refusal::too_slow()),
            Ok(None) => return Ok(all.into()),
            Ok(Some(Err(_))) => return Err(Refusal::of_status(StatusCode::BAD_REQUEST)),
            Ok(Some(Ok(bytes))) if all.len() + bytes.len() > limit => return Err(Refusal::too_large(limit)),
            Ok(Some(Ok(bytes))) => all.extend_from_slice(&bytes),
        }
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    // Our documents are objects; the parser would also take their parts in order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Refusal::invalid(&Problems::from(Problem::at("body", "must be an object"))));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        if error.is_data() { content(&path, &error.to_string()) } else { syntax(&error) }
    })?;
    json.end().map_err(|error| syntax(&error))?;
    Ok(parsed)
}

fn syntax(error: &serde_json::Error) -> Refusal {
    let at = format!("body (line {}, column {})", error.line(), error.column());
    Refusal::bad_request(&Problem::at(at, "is no JSON document"))
}

/// The parser's own words may quote the value, which may be a secret: only what it expected is told.
fn content(path: &str, words: &str) -> Refusal {
    let at = if path == "." || path.is_empty() { "body" } else { path };
    let words = words.rsplit_once(" at line ").map_or(words, |(words, _)| words);
    let expected = words.split_once(", expected ").map(|(_, expected)| expected);
    let quoted: Vec<&str> = words.split('`').skip(1).step_by(2).collect();
    let within = |name: &str| if at == "body" { name.to_owned() } else { format!("{at}.{name}") };
    let problem = if words.starts_with("unknown field") {
        let (name, known) = quoted.split_first().map_or(("", [].as_slice()), |(name, known)| (*name, known));
        let problem = Problem::at(at, "is no name that is known here");
        match (model::nearest(name, known.iter().copied()), expected) {
            (Some(near), _) => problem.hint(format!("did you mean {near}?")),
            (None, Some(expected)) => problem.hint(expected.replace('`', "")),
            (None, None) => problem,
        }
    } else if words.starts_with("missing field") {
        Problem::at(within(quoted.first().copied().unwrap_or_default()), "is missing")
    } else if words.starts_with("duplicate field") {
        Problem::at(within(quoted.first().copied().unwrap_or_default()), "stands there twice")
    } else {
        let expected = match expected {
            // The name of a type of ours says nothing to anybody.
            Some(expected) if expected.contains("struct ") => "an object".to_owned(),
            Some(expected) => expected.replace('`', ""),
            None => "something else".to_owned(),
        };
        Problem::at(at, format!("must be {expected}"))
    };
    Refusal::invalid(&Problems::from(problem))
}

#[cfg(test)]
mod tests {
    use api::{ConnectionSpec, PersonSpec};
    use axum::response::IntoResponse;
    use expect_test::expect;

    use super::*;

    async fn shown<T: DeserializeOwned>(text: &str) -> String {
        let Err(refusal) = parse::<T>(text.as_bytes()) else { return "taken".into() };
        let body = axum::body::to_bytes(refusal.into_response().into_body(), 10_000).await.unwrap();
        let document: api::ProblemDocument = serde_json::from_slice(&body).unwrap();
        let places = document
            .problems
            .iter()
            .map(|place| format!("{}: {} ({})", place.at, place.message, place.hint.as_deref().unwrap_or_default()));
        format!("{} {}", document.status, places.collect::<Vec<_>>().join("; "))
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_by_place_and_without_the_value() {
        let cases = [
            shown::<ConnectionSpec>("{}").await,
            shown::<ConnectionSpec>("{").await,
            shown::<ConnectionSpec>("{} x").await,
            shown::<ConnectionSpec>("\u{0}").await,
            shown::<ConnectionSpec>(r#"{"client_secert": "hunter2"}"#).await,
            shown::<ConnectionSpec>(r#"{"client_secret": 12345}"#).await,
            shown::<ConnectionSpec>(r#"{"grant": "hunter2"}"#).await,
            shown::<ConnectionSpec>(r#"{"name": "a", "name": "b"}"#).await,
            shown::<PersonSpec>(r#"{"name": "ada", "role": "editor"}"#).await,
            shown::<PersonSpec>(r#"[]"#).await,
            shown::<PersonSpec>(r#""hunter2""#).await,
        ];
        expect![[r#"
            taken
            400 body (line 1, column 1): is no JSON document ()
            400 body (line 1, column 4): is no JSON document ()
            400 body (line 1, column 1): is no JSON document ()
            422 client_secert: is no name that is known here (did you mean client_secret?)
            422 client_secret: must be a string ()
            422 grant: must be one of refresh_token, client_credentials, jwt_bearer ()
            422 name: stands there twice ()
            422 password: is missing ()
            422 body: must be an object ()
            422 body: must be an object ()"#]]
        .assert_eq(&cases.join("\n"));
        assert!(!cases.iter().any(|case| case.contains("hunter2") || case.contains("12345")));
    }
}
