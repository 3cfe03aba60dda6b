//! What an activation sends of each profile: the output mapping.
//!
//! Knows columns and strings; not what the target takes. This file is the document; `meaning` finds out what it means, `select`
//! makes SQL of that.

mod behavior;
mod meaning;
mod select;
mod string;

pub use meaning::OutputName;

use serde::{Deserialize, Serialize};

use crate::Problems;
use crate::audience::shape::Audience;
use meaning::Meaning;

/// The output mapping of an activation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Export All Columns: every column of the profile under its own name, before `columns`.
    #[serde(default, alias = "allColumns")]
    pub all_columns: bool,
    /// Added columns and strings, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<OutputColumn>,
    /// Columns of behaviours; at most four behaviours.
    #[serde(default, skip_serializing_if = "Vec::is_empty", alias = "syndicationBehaviors")]
    pub behaviors: Vec<OutputBehavior>,
}

/// The numbers and names that the String Builder fills in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    /// The parent segment's number.
    pub audience: u64,
    /// The segment's number.
    pub segment: u64,
    /// The segment's name.
    pub segment_name: String,
}

impl Output {
    /// Everything that is wrong. `place` is where the mapping stands, `output` for one.
    pub fn check(&self, audience: &Audience, place: &str) -> Problems {
        Meaning::of(self, audience, place).err().unwrap_or_default()
    }

    /// The SELECT of the activation. `with` is the text `WITH …` whose last part, `members`, has the profiles that are sent: their
    /// number and all their columns.
    ///
    /// # Errors
    /// What [`Output::check`] finds, at `output`.
    pub fn sql(&self, with: &str, audience: &Audience, ids: &Ids) -> Result<String, Problems> {
        Ok(Meaning::of(self, audience, "output")?.sql(with, audience, ids))
    }

    /// The columns of that SELECT, in order. Of what is wrong, as much as can be told.
    pub fn columns(&self, audience: &Audience) -> Vec<OutputName> {
        Meaning::names(self, audience, "output")
    }
}

/// An output column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputColumn {
    /// Treasure Data's id of it: kept, and of no meaning here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name: a field of the target.
    pub column: String,
    /// Where its values come from.
    pub source: OutputSource,
}

/// Where the values of an output column come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OutputSource {
    /// A column of the profile.
    Column(SourceColumn),
    /// A string that is put together.
    Text(StringBuilder),
}

/// A column of the profile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceColumn {
    /// Its name.
    pub column: String,
}

/// The String Builder.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StringBuilder {
    /// The text, in which `$1`, `$2` stand for the parameters and `$$` for a dollar; without it the parameters follow each
    /// other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string: Option<String>,
    /// What is filled in.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
pub enum Parameter {
    /// Any text.
    String {
        /// The text.
        string: String,
    },
    /// The date and time of the export: the scheduled time of the run.
    Timestamp {
        /// As `TD_TIME_FORMAT` takes it; `yyyy-MM-dd HH:mm:ss` when it is not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<String>,
        /// An IANA name; UTC when it is not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timezone: Option<String>,
    },
    /// The segment's number.
    SegmentId,
    /// The segment's name.
    SegmentName,
    /// The parent segment's number.
    AudienceId,
}

/// Columns of a behaviour in the output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputBehavior {
    /// The behaviour.
    #[serde(alias = "behaviorTableName")]
    pub behavior: String,
    /// Which of its events: `first`, `last`, `top` (so many of the first), `all`.
    #[serde(alias = "joinStrategy")]
    pub join: String,
    /// How many, for `top`.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "joinRow")]
    pub rows: Option<u32>,
    /// For `top`: `cols` (default), each event in columns of its own (`last_order_1`, `last_order_2`), or `rows`, a row each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formatting: Option<String>,
    /// The order in which events are first and last; by their time when it is not given.
    #[serde(default, skip_serializing_if = "Vec::is_empty", alias = "orderBy")]
    pub order_by: Vec<EventOrder>,
    /// Its columns in the output.
    pub columns: Vec<OutputColumn>,
}

/// A column by which events are put in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventOrder {
    /// The column.
    #[serde(alias = "key")]
    pub column: String,
    /// `ascending` (default) or `descending`; `asc` and `desc` too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
}

#[cfg(test)]
mod tests;
