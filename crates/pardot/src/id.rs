//! Identifiers of Pardot's things, each a type of its own, and the two prospect versions of the API.
//!
//! Knows only their form: not whether the thing exists.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct IdError {
    /// What is wrong, a lower-case fragment. Never repeats the text that was given.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl IdError {
    fn new(message: &str, hint: &str) -> IdError {
        IdError { message: message.to_owned(), hint: hint.to_owned() }
    }
}

/// A Pardot business unit: 18 letters and digits that start with `0Uv`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BusinessUnitId(String);

impl BusinessUnitId {
    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BusinessUnitId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<BusinessUnitId, IdError> {
        let hint = "copy it from Salesforce: Setup, Business Unit Setup (Account Engagement); it looks like 0Uv5e0000008OqACAU";
        let text = text.trim();
        if !text.starts_with("0Uv") {
            return Err(IdError::new("a business unit id starts with 0Uv", hint));
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(IdError::new("a business unit id has letters and digits only", hint));
        }
        if text.len() != 18 {
            let message = format!("a business unit id has 18 characters, this has {}", text.len());
            return Err(IdError { message, hint: hint.to_owned() });
        }
        Ok(BusinessUnitId(text.to_owned()))
    }
}

impl fmt::Display for BusinessUnitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for BusinessUnitId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BusinessUnitId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BusinessUnitId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

fn number(text: &str, what: &str) -> Result<u64, IdError> {
    let digits = text.trim();
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(number) if valid && number > 0 => Ok(number),
        Ok(_) | Err(_) => Err(IdError {
            message: format!("a {what} id is a whole number above 0"),
            hint: format!("copy the number at the end of the {what}'s address in Pardot"),
        }),
    }
}

/// A prospect, by Pardot's own number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProspectId(pub u64);

/// A static list of prospects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListId(pub u64);

impl fmt::Display for ProspectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ListId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ProspectId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<ProspectId, IdError> {
        number(text, "prospect").map(ProspectId)
    }
}

impl FromStr for ListId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<ListId, IdError> {
        number(text, "list").map(ListId)
    }
}

/// The version of the prospect API: 4 for accounts where several prospects may share an email address, else 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApiVersion {
    /// Emails are unique; batches are keyed by id or email.
    V3,
    /// Several prospects may share an email; batches are flat arrays.
    V4,
}

impl ApiVersion {
    /// The number in the path.
    pub fn number(self) -> u8 {
        match self {
            ApiVersion::V3 => 3,
            ApiVersion::V4 => 4,
        }
    }

    /// The version to try after Pardot answered 88 or 89.
    pub fn other(self) -> ApiVersion {
        match self {
            ApiVersion::V3 => ApiVersion::V4,
            ApiVersion::V4 => ApiVersion::V3,
        }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_units() {
        let want = [
            ("0Uv5e0000008OqACAU", "ok"),
            (" 0Uv5e0000008OqACAU ", "ok"),
            ("0Uv5e0000008OqA", "a business unit id has 18 characters, this has 15"),
            ("0uv5e0000008OqACAU", "a business unit id starts with 0Uv"),
            ("0Uv5e0000008OqAC\r\n", "a business unit id has 18 characters, this has 16"),
            ("0Uv5e000000\nOqACAU", "a business unit id has letters and digits only"),
            ("", "a business unit id starts with 0Uv"),
        ];
        for (text, want) in want {
            let got = text.parse::<BusinessUnitId>().map_or_else(|error| error.message, |_| "ok".to_owned());
            assert_eq!(got, want, "{text}");
        }
    }

    #[test]
    fn numbers() {
        for (text, want) in [("7", Some(7)), (" 12 ", Some(12)), ("0", None), ("-1", None), ("+1", None), ("1.0", None)]
        {
            assert_eq!(text.parse::<ListId>().ok().map(|id| id.0), want, "{text}");
            assert_eq!(text.parse::<ProspectId>().ok().map(|id| id.0), want, "{text}");
        }
        assert!("99999999999999999999".parse::<ListId>().is_err());
    }

    #[test]
    fn identifiers_come_back_from_json() {
        let unit: BusinessUnitId = serde_json::from_str("\"0Uv5e0000008OqACAU\"").unwrap();
        assert_eq!(serde_json::to_string(&unit).unwrap(), "\"0Uv5e0000008OqACAU\"");
        assert!(serde_json::from_str::<BusinessUnitId>("\"x\"").is_err());
        assert_eq!(serde_json::to_string(&ListId(7)).unwrap(), "7");
        assert_eq!(serde_json::to_string(&ApiVersion::V3.other()).unwrap(), "\"v4\"");
    }
}
