//! An answer that is no success: a problem document and its status.
//!
//! Knows which kind of error has which status. What only the operator may read goes to the log, not to the caller.

use api::{Place, ProblemDocument};
use app::AppError;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use model::{Problem, Problems};

/// The media type of a problem document (RFC 9457).
pub(crate) const PROBLEM: &str = "application/problem+json";

tokio::task_local! {
    /// The id of the request that is being answered.
    pub(crate) static REQUEST_ID: String;
}

/// Why a request was not done.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    title: String,
    hint: Option<String>,
    problems: Vec<Place>,
    retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, title: impl Into<String>) -> Refusal {
        Refusal { status, code, title: title.into(), hint: None, problems: Vec::new(), retry_after: None }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Refusal {
        self.hint = Some(hint.into());
        self
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What happened, for people.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// What to do.
    pub(crate) fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The headers of its answer.
    pub(crate) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sluice\""));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        headers
    }

    /// A part of the request that is not what it must be: 400.
    pub(crate) fn bad_request(problem: &Problem) -> Refusal {
        Refusal {
            problems: vec![Place::from(problem)],
            ..Refusal::new(StatusCode::BAD_REQUEST, "bad_request", title(std::slice::from_ref(problem)))
        }
    }

    /// A body whose content is not what it must be: 422.
    pub(crate) fn invalid(problems: &Problems) -> Refusal {
        let all: Vec<Problem> = problems.iter().cloned().collect();
        Refusal {
            problems: all.iter().map(Place::from).collect(),
            ..Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title(&all))
        }
    }

    pub(crate) fn unauthenticated(title: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::UNAUTHORIZED, "unauthenticated", title)
            .hint("send Authorization: Bearer with an API token, or log in")
    }

    pub(crate) fn too_many(seconds: u64) -> Refusal {
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, "too_many", "too many requests");
        Refusal { retry_after: Some(seconds), ..refusal.hint(format!("try again in {seconds} s")) }
    }

    pub(crate) fn not_found(title: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "not_found", title)
    }

    pub(crate) fn too_large(limit: usize) -> Refusal {
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("this is larger than {limit} bytes"))
    }

    pub(crate) fn media_type(taken: &str) -> Refusal {
        Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type", "a body of this media type is not taken here")
            .hint(format!("send Content-Type: {taken}"))
    }

    pub(crate) fn too_slow() -> Refusal {
        Refusal::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body did not arrive in time")
    }

    /// What stands in the place of an answer that came without words of ours.
    pub(crate) fn of_status(status: StatusCode) -> Refusal {
        let (code, title) = match status {
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this address"),
            StatusCode::METHOD_NOT_ALLOWED => ("method", "this address does not take this method"),
            StatusCode::BAD_REQUEST => ("bad_request", "the request cannot be read"),
            StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "this is too large"),
            StatusCode::INTERNAL_SERVER_ERROR => ("failed", "something of this server failed"),
            _ => ("refused", status.canonical_reason().unwrap_or("refused")),
        };
        let refusal = Refusal::new(status, code, title);
        match status {
            StatusCode::NOT_FOUND => refusal.hint("the addresses are listed in /api/v1/openapi.json"),
            StatusCode::INTERNAL_SERVER_ERROR => refusal.hint(LOG),
            _ => refusal,
        }
    }
}

const LOG: &str = "the server's log has more under this request id";

fn title(problems: &[Problem]) -> String {
    match problems {
        [one] => format!("{}: {}", one.at, one.message),
        many => format!("{} things must be changed", many.len()),
    }
}

impl From<AppError> for Refusal {
    fn from(error: AppError) -> Refusal {
        let (code, hint) = (error.code(), error.hint());
        let status = match &error {
            AppError::Invalid(problems) => return Refusal::invalid(problems),
            AppError::Unauthenticated { message } => return Refusal::unauthenticated(message.clone()),
            AppError::TooMany { seconds } => {
                let refusal = Refusal::too_many(*seconds);
                return Refusal { title: error.to_string(), ..refusal };
            }
            AppError::NotFound { .. } => StatusCode::NOT_FOUND,
            AppError::Conflict { .. } => StatusCode::CONFLICT,
            AppError::Stale { .. } => StatusCode::PRECONDITION_FAILED,
            AppError::Forbidden { .. } => StatusCode::FORBIDDEN,
            AppError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            AppError::Gone { .. } => StatusCode::GONE,
            AppError::Upstream { .. } => StatusCode::BAD_GATEWAY,
            AppError::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            AppError::Failed { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut refusal = Refusal { hint, ..Refusal::new(status, code, error.to_string()) };
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::INTERNAL_SERVER_ERROR) {
            let id = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
            tracing::error!(request.id = id, "request {id}: {error}");
            // Folders of this machine are the operator's business.
            if refusal.title.contains('/') || status == StatusCode::INTERNAL_SERVER_ERROR {
                refusal.title = "something of this server failed".into();
                refusal.hint = Some(LOG.into());
            }
        }
        refusal
    }
}

impl From<Refusal> for ProblemDocument {
    fn from(refusal: Refusal) -> ProblemDocument {
        ProblemDocument {
            code: refusal.code.to_owned(),
            status: refusal.status.as_u16(),
            title: refusal.title,
            hint: refusal.hint,
            problems: refusal.problems,
            request_id: REQUEST_ID.try_with(Clone::clone).ok(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, headers) = (self.status, self.headers());
        let body = serde_json::to_vec(&ProblemDocument::from(self)).unwrap_or_default();
        let mut response = (status, [(CONTENT_TYPE, PROBLEM)], body).into_response();
        response.headers_mut().extend(headers);
        response
    }
}
