//! Faults as they are told: what goes wrong, for which requests, how often.
//!
//! Knows no request: which one is struck is decided elsewhere.

use serde::{Deserialize, Serialize};

use crate::strike::Stage;

/// Whether the fault strikes before or after the work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Nothing was applied.
    Before,
    /// Everything was applied; only the answer is lost or wrong.
    After,
}

/// How a cut answer announces its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// `Content-Length` of the whole, fewer bytes sent.
    Length,
    /// Chunked, without the last chunk.
    Chunked,
    /// Neither: the end of the connection is the end of the body, so the cut cannot be seen in the framing.
    Close,
}

/// The body of a 200 that is no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FalseBody {
    /// An HTML login page.
    LoginPage,
    /// An HTML maintenance page.
    Maintenance,
    /// No byte.
    Empty,
    /// `null`.
    Null,
    /// `[]`.
    Array,
    /// `{}`.
    Object,
    /// Bytes that are no text.
    Garbage,
    /// Bytes that are no gzip, announced as gzip.
    GzipGarbage,
    /// The usual JSON envelope with a code outside the table.
    UnknownCode,
    /// A batch answer whose error index is out of range.
    ErrorIndex,
    /// As many megabytes of filler.
    Huge(usize),
}

/// A condition on one record of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowMatch {
    /// Every record.
    Any,
    /// The field has exactly this text.
    Equals {
        /// Field as submitted; version 3 keys count as `email` or `id`.
        field: String,
        /// Text to compare with.
        value: String,
    },
    /// The field contains this text.
    Contains {
        /// Field as submitted.
        field: String,
        /// Text to look for.
        value: String,
    },
}

impl RowMatch {
    pub(crate) fn matches<'a>(&self, value_of: impl Fn(&str) -> Option<&'a str>) -> bool {
        match self {
            RowMatch::Any => true,
            RowMatch::Equals { field, value } => value_of(field) == Some(value.as_str()),
            RowMatch::Contains { field, value } => value_of(field).is_some_and(|text| text.contains(value.as_str())),
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum FaultKind {
    /// The connection is closed without a byte of answer and nothing is applied.
    Refuse,
    /// The connection is reset.
    Reset {
        /// Before or after the work.
        when: When,
    },
    /// An HTTP status from the web tier.
    Status {
        /// HTTP status.
        status: u16,
        /// Before or after the work.
        when: When,
        /// Value of a `Retry-After` header.
        #[serde(default)]
        retry_after: Option<String>,
        /// Whether a body of HTML comes along.
        #[serde(default)]
        html: bool,
    },
    /// A Pardot code in the envelope of the call's version; on the token endpoint an `error` body.
    Code {
        /// Number of the published table.
        code: u32,
        /// Before or after the work.
        when: When,
        /// HTTP status other than the code's usual one.
        #[serde(default)]
        status: Option<u16>,
        /// Text other than the code's usual one.
        #[serde(default)]
        message: Option<String>,
    },
    /// A 200 that proves nothing.
    FalseOk {
        /// What it carries.
        body: FalseBody,
        /// Before or after the work.
        when: When,
    },
    /// The true answer, cut.
    Cut {
        /// Bytes of the body that are sent.
        at: usize,
        /// How its length is announced.
        framing: Framing,
    },
    /// The true answer, one byte at a time.
    Drip {
        /// Milliseconds between bytes.
        interval_ms: u64,
    },
    /// The true answer, late; the call keeps its slot meanwhile.
    Hang {
        /// Before or after the work.
        when: When,
        /// Milliseconds.
        ms: u64,
    },
    /// Matching records of a batch are refused, the others applied.
    RefuseRows {
        /// Which records.
        rows: RowMatch,
        /// Text of the per-record error.
        message: String,
    },
    /// A batch with a matching record is refused as a whole, without telling which.
    RefuseBatch {
        /// Which records.
        rows: RowMatch,
        /// Code of the refusal.
        code: u32,
        /// HTTP status.
        status: u16,
    },
    /// The true answer under a wrong content type.
    ContentType {
        /// The content type.
        value: String,
    },
}

impl FaultKind {
    /// The name under which the fault is counted.
    pub fn name(&self) -> &'static str {
        let name = |when: &When, before, after| match when {
            When::Before => before,
            When::After => after,
        };
        match self {
            FaultKind::Refuse => "refuse",
            FaultKind::Reset { when } => name(when, "reset_before", "reset_after"),
            FaultKind::Status { when, .. } => name(when, "status_before", "status_after"),
            FaultKind::Code { when, .. } => name(when, "code_before", "code_after"),
            FaultKind::FalseOk { when, .. } => name(when, "false_ok_before", "false_ok_after"),
            FaultKind::Cut { .. } => "cut",
            FaultKind::Drip { .. } => "drip",
            FaultKind::Hang { when, .. } => name(when, "hang_before", "hang_after"),
            FaultKind::RefuseRows { .. } => "refuse_rows",
            FaultKind::RefuseBatch { .. } => "refuse_batch",
            FaultKind::ContentType { .. } => "content_type",
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        match self {
            FaultKind::RefuseRows { .. } | FaultKind::RefuseBatch { .. } => Stage::Rows,
            FaultKind::Refuse
            | FaultKind::Reset { when: When::Before }
            | FaultKind::Status { when: When::Before, .. }
            | FaultKind::FalseOk { when: When::Before, .. } => Stage::WebTier,
            FaultKind::Reset { when: When::After }
            | FaultKind::Status { when: When::After, .. }
            | FaultKind::FalseOk { when: When::After, .. }
            | FaultKind::Code { .. }
            | FaultKind::Cut { .. }
            | FaultKind::Drip { .. }
            | FaultKind::Hang { .. }
            | FaultKind::ContentType { .. } => Stage::Call,
        }
    }
}

/// How often a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// Every matching request.
    Always,
    /// The next `n` matching requests.
    Next(u64),
    /// By chance: the decision is a function of the seed, the request's path and body, and how often this same request
    /// was seen, so it does not depend on timing.
    Chance {
        /// Between 0 and 1.
        probability: f64,
        /// Seed of the decision.
        seed: u64,
    },
}

/// A fault and the requests that meet it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Text that the request's target must contain; `None` is any API or login path.
    #[serde(default)]
    pub path: Option<String>,
    /// HTTP method.
    #[serde(default)]
    pub method: Option<String>,
    /// How often.
    #[serde(default = "always")]
    pub times: Times,
    /// Matching requests that pass before the first fault.
    #[serde(default)]
    pub skip: u64,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
}

fn always() -> Times {
    Times::Always
}

impl Fault {
    /// Strikes the next `n` matching requests.
    pub fn next(n: u64, kind: FaultKind) -> Fault {
        Fault { path: None, method: None, times: Times::Next(n), skip: 0, kind }
    }

    /// Strikes every matching request.
    pub fn always(kind: FaultKind) -> Fault {
        Fault { path: None, method: None, times: Times::Always, skip: 0, kind }
    }

    /// Strikes by chance, reproducibly.
    pub fn chance(probability: f64, seed: u64, kind: FaultKind) -> Fault {
        Fault { path: None, method: None, times: Times::Chance { probability, seed }, skip: 0, kind }
    }

    /// Only requests whose target contains this text.
    #[must_use]
    pub fn path(self, text: &str) -> Fault {
        Fault { path: Some(text.to_owned()), ..self }
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(self, method: &str) -> Fault {
        Fault { method: Some(method.to_owned()), ..self }
    }

    /// Lets the first `n` matching requests pass.
    #[must_use]
    pub fn after(self, n: u64) -> Fault {
        Fault { skip: n, ..self }
    }
}
