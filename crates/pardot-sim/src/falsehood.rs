//! Answers that a fault puts in place of the true one.
//!
//! Knows shapes of lies: not when they are told.

use std::time::Duration;

use serde_json::json;

use crate::answer::Answer;
use crate::fault::{FalseBody, FaultKind};
use crate::wire::Delivery;

/// What the fault makes of the true answer, and how it leaves.
pub(crate) fn answer(kind: &FaultKind, truth: Answer) -> (Answer, Delivery) {
    match kind {
        FaultKind::Refuse => (truth, Delivery::Close),
        FaultKind::Reset { .. } => (truth, Delivery::Reset),
        FaultKind::Status { status, retry_after, html, .. } => {
            let mut answer = if *html { status_page(*status) } else { Answer::new(*status, "", "") };
            if let Some(wait) = retry_after {
                answer = answer.with_header("Retry-After", wait.clone());
            }
            (answer, Delivery::Whole)
        }
        FaultKind::FalseOk { body, .. } => (false_ok(body), Delivery::Whole),
        FaultKind::Cut { at, framing } => (truth, Delivery::Cut { at: *at, framing: *framing }),
        FaultKind::Drip { interval_ms } => (truth, Delivery::Drip { interval: Duration::from_millis(*interval_ms) }),
        FaultKind::ContentType { value } => (Answer { content_type: value.clone(), ..truth }, Delivery::Whole),
        // These act on the work or its time; the answer is the true one.
        FaultKind::Code { .. }
        | FaultKind::Hang { .. }
        | FaultKind::RefuseRows { .. }
        | FaultKind::RefuseBatch { .. } => (truth, Delivery::Whole),
    }
}

/// The same for the login, where a code is an OAuth error whose name is the fault's message.
pub(crate) fn at_login(kind: &FaultKind, truth: Answer) -> (Answer, Delivery) {
    match kind {
        FaultKind::Code { status, message, .. } => {
            let error = message.as_deref().unwrap_or("unknown_error");
            let body = json!({"error": error, "error_description": "retry your request"});
            (Answer::json(status.unwrap_or(400), &body), Delivery::Whole)
        }
        FaultKind::Refuse
        | FaultKind::Reset { .. }
        | FaultKind::Status { .. }
        | FaultKind::FalseOk { .. }
        | FaultKind::Cut { .. }
        | FaultKind::Drip { .. }
        | FaultKind::Hang { .. }
        | FaultKind::RefuseRows { .. }
        | FaultKind::RefuseBatch { .. }
        | FaultKind::ContentType { .. } => answer(kind, truth),
    }
}

/// The page a web tier shows for a status.
pub(crate) fn status_page(status: u16) -> Answer {
    let text = match status {
        414 => "Request-URI Too Large",
        503 => "Service Temporarily Unavailable",
        _ => "Error",
    };
    let head = format!("<html><head><title>{status} {text}</title></head>");
    Answer::html(status, &format!("{head}<body><center><h1>{status} {text}</h1></center></body></html>"))
}

fn false_ok(body: &FalseBody) -> Answer {
    let json = |text: &str| Answer::new(200, "application/json", text);
    match body {
        FalseBody::LoginPage => Answer::html(
            200,
            "<!doctype html><html><head><title>Login | Salesforce</title></head><body><form id=\"login_form\"></form></body></html>",
        ),
        FalseBody::Maintenance => Answer::html(
            200,
            "<!doctype html><html><body><h1>We are down for maintenance</h1><p>Please try again later.</p></body></html>",
        ),
        FalseBody::Empty => json(""),
        FalseBody::Null => json("null"),
        FalseBody::Array => json("[]"),
        FalseBody::Object => json("{}"),
        FalseBody::Garbage => Answer::new(200, "application/json", vec![0xFF, 0x00, 0xC3, 0x28, 0x7B, 0xFE, 0x9C]),
        FalseBody::GzipGarbage => {
            let answer = Answer::new(200, "application/json", vec![0x1F, 0x8B, 0x08, 0x00, 0xDE, 0xAD, 0xBE, 0xEF]);
            answer.with_header("Content-Encoding", "gzip")
        }
        FalseBody::UnknownCode => {
            json(r#"{"@attributes":{"stat":"fail","version":1,"err_code":9876},"err":"An error nobody has heard of"}"#)
        }
        FalseBody::ErrorIndex => {
            json(r#"{"@attributes":{"stat":"fail","version":1},"errors":{"4711":"Invalid prospect email address"}}"#)
        }
        FalseBody::Huge(megabytes) => Answer::new(200, "application/json", vec![b' '; megabytes * 1024 * 1024]),
    }
}
