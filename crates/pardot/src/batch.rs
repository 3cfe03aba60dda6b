//! The batch calls: up to 50 prospects in one call, and exactly how long such a call is.
//!
//! Knows no packing rule beyond Pardot's own limit, and nothing of what the attributes mean.

use bytes::Bytes;
use serde_json::Value;

use crate::answer::{self, Object, stat};
use crate::encode::{encode_into, encoded_len};
use crate::id::ApiVersion;
use crate::request::{Body, HttpCall, Method, Reading, Repeat, Request, Response};

/// Pardot refuses a larger batch with error 70.
pub const MAX_PROSPECTS_PER_BATCH: usize = 50;

/// Bytes between two items of a batch: an encoded comma.
pub const SEPARATOR_LEN: usize = 3;

/// What a batch does with its prospects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Updates, or creates what is not found.
    Upsert,
    /// Updates only.
    Update,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Operation::Upsert => "batchUpsert",
            Operation::Update => "batchUpdate",
        }
    }
}

/// Where the variable `prospects` travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// In the form body, which has no practical limit.
    Body,
    /// In the query; Pardot's web tier answers 414 from about 6,000 encoded characters.
    Uri,
}

/// One prospect of a batch.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    /// Key in version 3: id or email. Version 4 has no keys and ignores it.
    pub identifier: String,
    /// JSON object text, exactly as it goes out.
    pub attributes: String,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Item({} bytes)", self.attributes.len())
    }
}

/// One batch call. Neither its size nor its keys are checked here: Pardot answers 70 to more than
/// [`MAX_PROSPECTS_PER_BATCH`], and two items with one key in version 3 leave only the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProspectBatch {
    /// Version of the account.
    pub version: ApiVersion,
    /// What to do.
    pub operation: Operation,
    /// Where the prospects travel.
    pub carrier: Carrier,
    /// The prospects.
    pub items: Vec<Item>,
    /// Whether the batch may be sent again after an unknown outcome.
    pub repeat: Repeat,
}

/// What Pardot made of a batch: everything that is not refused was applied.
#[derive(Clone, PartialEq, Eq)]
pub struct BatchAnswer {
    /// Index in the items and Pardot's text, sorted by index.
    pub refused: Vec<(usize, String)>,
    /// Whether Pardot says that it created something.
    pub created: bool,
}

impl std::fmt::Debug for BatchAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let indexes: Vec<usize> = self.refused.iter().map(|(index, _)| *index).collect();
        f.debug_struct("BatchAnswer").field("refused", &indexes).field("created", &self.created).finish()
    }
}

fn brackets(version: ApiVersion) -> (&'static str, &'static str) {
    match version {
        ApiVersion::V3 => (r#"{"prospects":{"#, "}}"),
        ApiVersion::V4 => (r#"{"prospects":["#, "]}"),
    }
}

fn target(version: ApiVersion, operation: Operation) -> String {
    format!("/api/prospect/version/{version}/do/{}?format=json", operation.name())
}

/// The identifier as a JSON text.
fn key(identifier: &str) -> String {
    Value::from(identifier).to_string()
}

/// Encoded bytes of a batch without items: of the whole target for [`Carrier::Uri`], of the body for [`Carrier::Body`].
///
/// A batch of n items takes `base_len + sum(item_len) + SEPARATOR_LEN * (n - 1)`.
pub fn base_len(version: ApiVersion, operation: Operation, carrier: Carrier) -> usize {
    let (open, close) = brackets(version);
    let variable = "prospects=".len() + encoded_len(open) + encoded_len(close);
    match carrier {
        Carrier::Body => variable,
        Carrier::Uri => target(version, operation).len() + "&".len() + variable,
    }
}

/// Encoded bytes that an item adds, without the [`SEPARATOR_LEN`] before every item but the first.
pub fn item_len(version: ApiVersion, item: &Item) -> usize {
    match version {
        ApiVersion::V3 => encoded_len(&key(&item.identifier)) + SEPARATOR_LEN + encoded_len(&item.attributes),
        ApiVersion::V4 => encoded_len(&item.attributes),
    }
}

impl ProspectBatch {
    fn capacity(&self) -> usize {
        let items: usize = self.items.iter().map(|item| item_len(self.version, item) + SEPARATOR_LEN).sum();
        base_len(self.version, self.operation, self.carrier) + items
    }

    fn write_prospects(&self, out: &mut String) {
        let (open, close) = brackets(self.version);
        out.push_str("prospects=");
        encode_into(out, open);
        for (index, item) in self.items.iter().enumerate() {
            if index > 0 {
                out.push_str("%2C");
            }
            match self.version {
                ApiVersion::V3 => {
                    encode_into(out, &key(&item.identifier));
                    out.push_str("%3A");
                }
                ApiVersion::V4 => {}
            }
            encode_into(out, &item.attributes);
        }
        encode_into(out, close);
    }

    /// Which item an error belongs to: version 4 counts from 0, version 3 repeats the identifier.
    fn index_of(&self, name: &str) -> Option<usize> {
        match self.version {
            ApiVersion::V4 => {
                let index = name.parse::<usize>().ok().filter(|index| index.to_string() == name)?;
                (index < self.items.len()).then_some(index)
            }
            ApiVersion::V3 => self.items.iter().position(|item| item.identifier == name).or_else(|| {
                let mut alike =
                    self.items.iter().enumerate().filter(|(_, item)| item.identifier.eq_ignore_ascii_case(name));
                let (index, _) = alike.next()?;
                alike.next().is_none().then_some(index)
            }),
        }
    }

    fn refused(&self, errors: &Object) -> Result<Vec<(usize, String)>, &'static str> {
        let mut refused = Vec::with_capacity(errors.len());
        for (name, text) in errors {
            let index = self.index_of(name).ok_or("the answer names a prospect that was not sent")?;
            let text = text.as_str().ok_or("the answer gives a reason that is no text")?;
            refused.push((index, answer::shown(text)));
        }
        refused.sort_unstable_by_key(|(index, _)| *index);
        if refused.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err("the answer names a prospect twice");
        }
        Ok(refused)
    }

    fn judge(&self, object: &Object, created: bool) -> Result<BatchAnswer, &'static str> {
        let none = Object::new();
        let errors = match object.get("errors") {
            None => &none,
            Some(Value::Object(errors)) => errors,
            Some(_) => return Err("the errors of the answer are not an object"),
        };
        match stat(object) {
            Some("ok") if errors.is_empty() => Ok(BatchAnswer { refused: Vec::new(), created }),
            Some("ok") => Err("the answer says ok and lists errors"),
            Some("fail") if errors.is_empty() => Err("the answer says fail and lists no errors"),
            Some("fail") => Ok(BatchAnswer { refused: self.refused(errors)?, created }),
            Some(_) | None => Err("the answer says neither ok nor fail"),
        }
    }
}

impl Request for ProspectBatch {
    type Answer = BatchAnswer;

    fn kind(&self) -> &'static str {
        self.operation.name()
    }

    fn repeat(&self) -> Repeat {
        self.repeat
    }

    fn call(&self) -> HttpCall {
        let target = target(self.version, self.operation);
        let mut out = String::with_capacity(self.capacity());
        match self.carrier {
            Carrier::Body => {
                self.write_prospects(&mut out);
                HttpCall { method: Method::Post, target, body: Body::Form(Bytes::from(out)) }
            }
            Carrier::Uri => {
                out.push_str(&target);
                out.push('&');
                self.write_prospects(&mut out);
                HttpCall { method: Method::Post, target: out, body: Body::None }
            }
        }
    }

    fn read(&self, response: &Response) -> Reading<BatchAnswer> {
        answer::read(response).object(|object| self.judge(&object, response.status == 201))
    }
}

#[cfg(test)]
mod tests;
