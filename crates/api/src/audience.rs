//! Parent segments: the profiles that segments choose from, with what is known of them.
//!
//! Knows names and shapes; joins are the model's, refreshing is the server's.

use model::ColumnType;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{Job, Notify, Schedule};

/// The table whose rows are the profiles.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Master {
    /// The table.
    #[serde(alias = "parentTableName")]
    pub table: String,
    /// Its column that tells profiles apart: one row for each value.
    pub key: String,
    /// Which of its rows are profiles; at most two.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<MasterFilter>,
}

/// A filter on the master table: the column has one of these values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MasterFilter {
    /// The column.
    #[serde(alias = "columnName")]
    pub column: String,
    /// Texts, numbers or booleans.
    #[serde(alias = "rightValues")]
    #[schema(value_type = Vec<Value>)]
    pub values: Vec<Value>,
}

/// What is known of a profile: a column of the master table, or of another table joined to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Its name in rules and mappings.
    pub name: String,
    /// What it holds; as its column has it when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "string")]
    pub r#type: Option<ColumnType>,
    /// The table that it is in; the master table when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "parentTableName")]
    pub table: Option<String>,
    /// Its column there; the attribute's name when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "parentColumn")]
    pub column: Option<String>,
    /// The key column of that table; the master's key when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "parentKey")]
    pub parent_key: Option<String>,
    /// The column of the master table that the key is equal to; the master's key when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "foreignKey")]
    pub foreign_key: Option<String>,
    /// The group under which people find it.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "groupingName")]
    pub group: Option<String>,
}

/// What profiles did: a table of events joined to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Behavior {
    /// Its name in rules: a lower-case letter, then letters, digits, `_`.
    pub name: String,
    /// The table of events.
    #[serde(alias = "parentTableName")]
    pub table: String,
    /// The key column of that table; the master's key when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "parentKey")]
    pub parent_key: Option<String>,
    /// The column of the master table that the key is equal to; the master's key when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "foreignKey")]
    pub foreign_key: Option<String>,
    /// The column that says when an event was; `time` when there is one of that name and it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Its columns; all of the table's when none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty", alias = "schema")]
    pub columns: Vec<BehaviorColumn>,
}

/// A column of a behaviour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BehaviorColumn {
    /// Its name in rules.
    pub name: String,
    /// What it holds; as its column has it when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "number")]
    pub r#type: Option<ColumnType>,
    /// Its column in the table; its name when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "parentColumn")]
    pub column: Option<String>,
}

/// A parent segment as a person writes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ParentSegmentSpec {
    /// Its name: letters, digits, space, `-`, `_`, `.`; at most 100.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The mail address that hears of every failed activation of its segments, whatever the activation says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The profiles.
    pub master: Master,
    /// What is known of them beside the master table's columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// What they did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behaviors: Vec<Behavior>,
    /// The calendar of rules, by its IANA name: where days begin; `UTC` when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// When it is refreshed by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Who is told of refreshes; the server's default where it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
}

/// A column that rules and mappings may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AudienceColumn {
    /// Its name.
    pub name: String,
    /// What it holds.
    #[schema(value_type = String, example = "string")]
    pub r#type: ColumnType,
    /// The group under which people find it; the table that it is from where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// A behaviour that rules and mappings may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AudienceBehavior {
    /// Its name; rules of Treasure Data write `behavior_` before it.
    pub name: String,
    /// The column that says when an event was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Its columns.
    pub columns: Vec<AudienceColumn>,
    /// Events of profiles, as of the newest refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
}

/// How good a join is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JoinLevel {
    /// As it should be.
    Ok,
    /// It can be refreshed, but something may not be as it was meant.
    Warning,
    /// It cannot be refreshed.
    Wrong,
}

/// One join of a parent segment, looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JoinCheck {
    /// Where it is written: `master`, `attributes[2]`, `behaviors[0]`.
    pub at: String,
    /// The table.
    pub table: String,
    /// How good it is.
    pub level: JoinLevel,
    /// What was found.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Rows of the table.
    pub rows: u64,
    /// Different keys.
    pub keys: u64,
    /// Rows without a key.
    pub without_key: u64,
    /// Keys that stand in several rows.
    pub repeated: u64,
    /// Profiles that have a row; all of them for the master table.
    pub matched: u64,
    /// Rows whose key no profile has.
    pub orphans: u64,
}

/// What is found when a parent segment is looked at without being saved or refreshed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AudienceCheck {
    /// Profiles that it would have.
    pub population: u64,
    /// Its joins: the master table first, then tables of attributes, then behaviours.
    pub joins: Vec<JoinCheck>,
    /// The columns of a profile.
    pub columns: Vec<AudienceColumn>,
    /// The behaviours.
    pub behaviors: Vec<AudienceBehavior>,
    /// The SQL that makes the profiles.
    pub sql: String,
    /// Segments and activations of the parent segment of this name that would not fit it any more, each with why; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfit: Vec<String>,
}

/// A refresh that ended well: what segments count over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// When it was made.
    pub at: String,
    /// The job that made it.
    pub job: String,
    /// Profiles.
    pub population: u64,
    /// Its joins as they were.
    pub joins: Vec<JoinCheck>,
    /// The columns of a profile.
    pub columns: Vec<AudienceColumn>,
    /// The behaviours.
    pub behaviors: Vec<AudienceBehavior>,
}

/// A parent segment as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ParentSegment {
    /// The audience id: what the String Builder's Audience Id gives, and the number in its tables' names
    /// (`cdp_audience_1.customers`).
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
    pub spec: ParentSegmentSpec,
    /// The newest refresh that ended well; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Snapshot>,
    /// Segments over it.
    pub segments: u64,
    /// Segments and activations that do not fit its definition, each with why; at most 20. Only where one is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfit: Vec<String>,
    /// Its newest job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_job: Option<Job>,
}
