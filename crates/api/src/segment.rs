//! Segments: a rule over the profiles of a parent segment, its SQL, and how many it chooses.
//!
//! Knows names and shapes; rules are the model's.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Preview;

/// A segment as a person writes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentSpec {
    /// Its name, unique among all segments: letters, digits, space, `-`, `_`, `.`; at most 100.
    pub name: String,
    /// The name of its parent segment.
    pub parent_segment: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The folder that people find it in, with `/` between its parts; none at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Which profiles it chooses: the JSON of Treasure Data's rules.
    #[schema(value_type = Object)]
    pub rule: Value,
}

/// How many profiles a segment had when they were last counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Population {
    /// Profiles.
    pub count: u64,
    /// When they were counted.
    pub at: String,
}

/// A segment as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Segment {
    /// The segment id: what the String Builder's Segment Id gives, and how rules refer to it.
    pub id: u64,
    /// Counts its changes.
    pub revision: u64,
    /// When it was made.
    pub created: String,
    /// By whom.
    pub created_by: String,
    /// When it last changed.
    pub updated: String,
    /// By whom.
    pub updated_by: String,
    /// What was written.
    pub spec: SegmentSpec,
    /// How many profiles it had when they were last counted with this rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<Population>,
    /// Names of the segments whose rules refer to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub referenced_by: Vec<String>,
    /// Names of its activations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub activations: Vec<String>,
}

/// A rule to look at, saved or not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentTry {
    /// The name of the parent segment.
    pub parent_segment: String,
    /// The rule.
    #[schema(value_type = Object)]
    pub rule: Value,
    /// The segment that the rule is to be of: so that references in a ring are found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<String>,
    /// Rows of the sample: 0 to 1,000; 0, no sample, when it is not given.
    #[serde(default)]
    pub rows: u32,
}

/// A rule, looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SegmentLook {
    /// The profiles that it chooses now.
    pub count: u64,
    /// All profiles of the parent segment.
    pub population: u64,
    /// When the profiles were refreshed.
    pub refreshed: String,
    /// The SQL of the rule as of now; time windows are written out.
    pub sql: String,
    /// Some of the profiles that it chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<Preview>,
    /// Seconds that counting took.
    pub seconds: f64,
}

/// The SQL of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SegmentSql {
    /// One SELECT over the tables of its parent segment, as of now.
    pub sql: String,
}
