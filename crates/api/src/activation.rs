//! Activations: a segment bound to a connection, with what is sent of each profile, when, and who is told.
//!
//! Knows names and shapes; the SQL of an activation is the model's.

use model::Output;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{Cause, Export, Job, Notify, Overlap, Schedule, ScheduleState};

/// An activation as a person writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivationSpec {
    /// Its name, unique among all activations: letters, digits, space, `-`, `_`, `.`; at most 100.
    pub name: String,
    /// The name of its segment.
    pub segment: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The connection and the export settings, as a query has them.
    pub export: Export,
    /// The output mapping: what is sent of each profile.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub output: Output,
    /// When it runs by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Who is told of what; the server's default where it says nothing. The owner of the parent segment hears of failures
    /// whatever it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
    /// What a run that somebody starts does while another is at work; a schedule says its own.
    #[serde(default)]
    pub overlap: Overlap,
    /// Whether it runs: one that is disabled runs neither by its schedule nor by hand.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn yes() -> bool {
    true
}

impl Default for ActivationSpec {
    fn default() -> ActivationSpec {
        ActivationSpec {
            name: String::new(),
            segment: String::new(),
            description: None,
            export: Export::default(),
            output: Output::default(),
            schedule: None,
            notify: None,
            overlap: Overlap::default(),
            enabled: true,
        }
    }
}

/// Whether an activation runs by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActivationSchedule {
    /// The schedule in words.
    pub words: String,
    /// Whether it fires.
    pub state: ScheduleState,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Cause>,
    /// When the next run starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An activation as it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Activation {
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
    /// The parent segment of its segment.
    pub parent_segment: String,
    /// What was written.
    pub spec: ActivationSpec,
    /// Whether it runs by itself, where it has a schedule and is enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ActivationSchedule>,
    /// Its newest job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_job: Option<Job>,
}

/// Another activation like this one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivationCopy {
    /// The name of the copy.
    pub name: String,
}

/// An activation to look at before it is saved.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivationTry {
    /// The activation.
    pub activation: ActivationSpec,
    /// Rows that are shown: 1 to 100; 10 when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u32>,
}

/// A column of the output, and the field that it goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OutputField {
    /// The output column.
    pub column: String,
    /// Where its values come from: `attribute email_address`, `string`, `orders.product (last)`.
    pub source: String,
    /// Its SQL type, for people.
    pub r#type: String,
    /// What the field takes: `text`, `integer`, `boolean`, `id`, `custom`; none where there is no such field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong with it: it cannot be saved so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Cause>,
    /// What to know about it: rows may be rejected for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// A row as it will be sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SentRow {
    /// Its number, from 1.
    pub row: u64,
    /// What finds the prospect, where it stands beside the record instead of in it: an id or an email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The record as Pardot gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub record: Option<Value>,
    /// Why it will be rejected instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Cause>,
}

/// An activation, looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ActivationLook {
    /// The SQL that it runs, as of now.
    pub sql: String,
    /// Rows that it would send now.
    pub count: u64,
    /// Its output columns, each held against the fields of the target.
    pub fields: Vec<OutputField>,
    /// The first rows.
    pub rows: Vec<SentRow>,
    /// When the profiles were refreshed.
    pub refreshed: String,
}
