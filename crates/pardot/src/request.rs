//! A call to Pardot as a value: what goes out, what came back, and the three things an answer can prove.
//!
//! Knows no socket, no token and no retry: whoever sends decides when, a request decides what and what it means.

use std::fmt;

use bytes::Bytes;

use crate::code::{self, Class};

/// May the same bytes be sent again when the outcome of the first sending is unknown?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// The end state is the same.
    Freely,
    /// It could duplicate.
    Never,
}

/// The method of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Writes, and everything else in versions 3 and 4.
    Post,
    /// Deletes.
    Delete,
}

impl Method {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        }
    }
}

/// What a call carries.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// `application/x-www-form-urlencoded`.
    Form(Bytes),
    /// `application/json`.
    Json(Bytes),
}

impl Body {
    /// Bytes on the wire.
    pub fn len(&self) -> usize {
        match self {
            Body::None => 0,
            Body::Form(bytes) | Body::Json(bytes) => bytes.len(),
        }
    }

    /// Whether nothing is carried.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::None => f.write_str("None"),
            Body::Form(bytes) => write!(f, "Form({} bytes)", bytes.len()),
            Body::Json(bytes) => write!(f, "Json({} bytes)", bytes.len()),
        }
    }
}

/// One call, without host and headers. Its `Debug` shows neither identifiers nor the query nor the body.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpCall {
    /// The method.
    pub method: Method,
    /// Path and encoded query, starting with `/`.
    pub target: String,
    /// What it carries.
    pub body: Body,
}

impl HttpCall {
    /// The whole call as text, personal data included: for tests and for nothing else.
    pub fn text(&self) -> String {
        let head = format!("{} {}", self.method.as_str(), self.target);
        match &self.body {
            Body::None => head,
            Body::Form(bytes) => format!("{head}\nform {}", String::from_utf8_lossy(bytes)),
            Body::Json(bytes) => format!("{head}\njson {}", String::from_utf8_lossy(bytes)),
        }
    }
}

impl fmt::Debug for HttpCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What follows the operation may be an email address.
        let path = self.target.split('?').next().unwrap_or_default();
        let shown = match path.find("/do/") {
            Some(place) => match path[place + 4..].find('/') {
                Some(end) => &path[..place + 4 + end],
                None => path,
            },
            None => path,
        };
        write!(f, "{} {shown} ({:?})", self.method.as_str(), self.body)
    }
}

/// A complete answer: the transport has checked that nothing is missing from the body.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Bytes,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {} ({} bytes)", self.status, self.body.len())
    }
}

/// An explicit refusal: nothing of the call was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Pardot's number, where the body had one.
    pub code: Option<u16>,
    /// Pardot's text, at most 200 characters and without control characters; else the HTTP status in words.
    pub message: String,
    /// How to react.
    pub class: Class,
}

impl Refusal {
    /// What a person should do.
    pub fn advice(&self) -> &'static str {
        self.code.and_then(code::find).map_or_else(|| self.class.advice(), |code| code.advice)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{} (code {code})", self.message),
            None => write!(f, "{} (HTTP {})", self.message, self.status),
        }
    }
}

/// What an answer proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading<A> {
    /// Pardot took it.
    Accepted(A),
    /// Pardot refused it and applied nothing.
    Refused(Refusal),
    /// Neither is proven; the text says why.
    Unknown(&'static str),
}

/// A kind of call: builds itself, and reads its own answer. Both without I/O.
pub trait Request: Send + Sync {
    /// What a success tells.
    type Answer: Send;

    /// Name of the kind, for counting.
    fn kind(&self) -> &'static str;

    /// Whether the same bytes may be sent again after an unknown outcome.
    fn repeat(&self) -> Repeat;

    /// What goes out; the same at every call.
    fn call(&self) -> HttpCall;

    /// What the answer proves.
    fn read(&self, response: &Response) -> Reading<Self::Answer>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_personal_data() {
        let call = HttpCall {
            method: Method::Get,
            target: "/api/prospect/version/4/do/read/email/kim%40example.com?format=json&x=kim".to_owned(),
            body: Body::Form(Bytes::from_static(b"email=kim")),
        };
        assert_eq!(format!("{call:?}"), "GET /api/prospect/version/4/do/read (Form(9 bytes))");
        let response = Response { status: 200, body: Bytes::from_static(b"kim@example.com") };
        assert_eq!(format!("{response:?}"), "HTTP 200 (15 bytes)");
    }
}
