//! Scripted and seeded faults: which request meets one, and what it is.
//!
//! Knows requests as method, path and bytes: not what a prospect is, nor how an answer is sent.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    fn matches<'a>(&self, value_of: impl Fn(&str) -> Option<&'a str>) -> bool {
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

    fn stage(&self) -> Stage {
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

/// Where a fault strikes: in front of Pardot (no token, slot or quota is looked at), inside a call, or on its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    WebTier,
    Call,
    Rows,
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
        Fault {
            path: None,
            method: None,
            times: Times::Next(n),
            skip: 0,
            kind,
        }
    }

    /// Strikes every matching request.
    pub fn always(kind: FaultKind) -> Fault {
        Fault {
            path: None,
            method: None,
            times: Times::Always,
            skip: 0,
            kind,
        }
    }

    /// Strikes by chance, reproducibly.
    pub fn chance(probability: f64, seed: u64, kind: FaultKind) -> Fault {
        Fault {
            path: None,
            method: None,
            times: Times::Chance { probability, seed },
            skip: 0,
            kind,
        }
    }

    /// Only requests whose target contains this text.
    #[must_use]
    pub fn path(self, text: &str) -> Fault {
        Fault {
            path: Some(text.to_owned()),
            ..self
        }
    }

    /// Only requests of this method.
    #[must_use]
    pub fn method(self, method: &str) -> Fault {
        Fault {
            method: Some(method.to_owned()),
            ..self
        }
    }

    /// Lets the first `n` matching requests pass.
    #[must_use]
    pub fn after(self, n: u64) -> Fault {
        Fault { skip: n, ..self }
    }
}

/// A record rule taken along to the work.
#[derive(Debug, Clone)]
pub(crate) struct RowRule {
    pub(crate) rows: RowMatch,
    pub(crate) refusal: RowRefusal,
}

/// What a matching record leads to.
#[derive(Debug, Clone)]
pub(crate) enum RowRefusal {
    Row { message: String },
    Batch { code: u32, status: u16 },
}

impl RowRule {
    pub(crate) fn matches<'a>(&self, value_of: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.rows.matches(value_of)
    }

    /// The counter's name.
    pub(crate) fn name(&self) -> &'static str {
        match self.refusal {
            RowRefusal::Row { .. } => "refuse_rows",
            RowRefusal::Batch { .. } => "refuse_batch",
        }
    }
}

/// The faults in force and what they have done.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Vec<Active>,
    fired: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Active {
    fault: Fault,
    seen: HashMap<u64, u64>,
}

/// What a fault is decided on.
pub(crate) struct Subject<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    /// Hash of target and body.
    pub(crate) hash: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.active.push(Active {
            fault,
            seen: HashMap::new(),
        });
    }

    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    pub(crate) fn reset(&mut self) {
        *self = Faults::default();
    }

    pub(crate) fn fired(&self) -> BTreeMap<String, u64> {
        self.fired.clone()
    }

    pub(crate) fn active(&self) -> Vec<Value> {
        self.active
            .iter()
            .map(|active| serde_json::to_value(&active.fault).unwrap_or_default())
            .collect()
    }

    pub(crate) fn count(&mut self, name: &str) {
        match self.fired.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                self.fired.insert(name.to_owned(), 1);
            }
        }
    }

    /// The first fault of the stage that strikes this request; it is counted.
    pub(crate) fn pick(&mut self, stage: Stage, subject: &Subject<'_>) -> Option<FaultKind> {
        let kind = self
            .active
            .iter_mut()
            .filter(|active| active.fault.kind.stage() == stage && active.concerns(subject))
            .find_map(|active| active.strikes(subject.hash).then(|| active.fault.kind.clone()))?;
        self.count(kind.name());
        Some(kind)
    }

    /// All record rules for this request; they are counted when a record meets them.
    pub(crate) fn row_rules(&mut self, subject: &Subject<'_>) -> Vec<RowRule> {
        let rows = self
            .active
            .iter_mut()
            .filter(|active| active.fault.kind.stage() == Stage::Rows);
        let struck = rows.filter_map(|active| {
            (active.concerns(subject) && active.strikes(subject.hash)).then(|| active.fault.kind.clone())
        });
        struck
            .filter_map(|kind| match kind {
                FaultKind::RefuseRows { rows, message } => Some(RowRule {
                    rows,
                    refusal: RowRefusal::Row { message },
                }),
                FaultKind::RefuseBatch { rows, code, status } => Some(RowRule {
                    rows,
                    refusal: RowRefusal::Batch { code, status },
                }),
                FaultKind::Refuse
                | FaultKind::Reset { .. }
                | FaultKind::Status { .. }
                | FaultKind::Code { .. }
                | FaultKind::FalseOk { .. }
                | FaultKind::Cut { .. }
                | FaultKind::Drip { .. }
                | FaultKind::Hang { .. }
                | FaultKind::ContentType { .. } => None,
            })
            .collect()
    }
}

impl Active {
    fn concerns(&self, subject: &Subject<'_>) -> bool {
        let Fault { path, method, .. } = &self.fault;
        path.as_ref().is_none_or(|text| subject.target.contains(text.as_str()))
            && method
                .as_ref()
                .is_none_or(|method| subject.method.eq_ignore_ascii_case(method))
    }

    fn strikes(&mut self, hash: u64) -> bool {
        if self.fault.skip > 0 {
            self.fault.skip -= 1;
            return false;
        }
        match &mut self.fault.times {
            Times::Always => true,
            Times::Next(0) => false,
            Times::Next(left) => {
                *left -= 1;
                true
            }
            Times::Chance { probability, seed } => {
                let seen = self.seen.entry(hash).or_insert(0);
                *seen += 1;
                let roll = mix(mix(*seed ^ 0x9E37_79B9_7F4A_7C15, hash), *seen);
                // 53 bits are exact in a double.
                ((roll >> 11) as f64) / ((1u64 << 53) as f64) < *probability
            }
        }
    }
}

fn mix(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ 0xA076_1D64_78BD_642F) * u128::from(b ^ 0xE703_7ED1_A0B4_28DB);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// A stable 64-bit hash of target and body: the same on every machine and release.
pub(crate) fn payload_hash(target: &str, body: &[u8]) -> u64 {
    let mut hash = 0x2D35_8DCC_AA6C_78A5;
    for text in [target.as_bytes(), body] {
        let mut words = text.chunks_exact(8);
        for word in &mut words {
            hash = mix(hash, u64::from_le_bytes(word.try_into().unwrap_or_default()));
        }
        let mut last = [0; 8];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        hash = mix(hash, u64::from_le_bytes(last) ^ (text.len() as u64) << 56);
    }
    hash
}
