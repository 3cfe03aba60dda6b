//! What is said when something cannot be done: RFC 9457, with every place at once.
//!
//! Knows nothing of HTTP beyond the number of a status.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One place that a person must change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// Where: `settings.max_payload`, `connection.business_unit`.
    pub at: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<&model::Problem> for Place {
    fn from(problem: &model::Problem) -> Place {
        Place { at: problem.at.clone(), message: problem.message.clone(), hint: problem.hint.clone() }
    }
}

impl From<Place> for model::Problem {
    fn from(place: Place) -> model::Problem {
        model::Problem { at: place.at, message: place.message, hint: place.hint }
    }
}

/// The body of every answer that is no success (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// A word for programs: `invalid`, `not_found`, `conflict`, `unauthenticated`, `forbidden`, `too_large`, ….
    pub code: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, for people.
    pub title: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Everything that must be changed, at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Place>,
    /// Names this answer in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
