//! What rules and mappings are over: the columns of a snapshot.
//!
//! Knows names and types; not where the rows came from.

use serde::{Deserialize, Serialize};

use crate::Zone;

/// The column that numbers the profiles of a snapshot, from 1, in its table of profiles and in those of its behaviours. As in
/// Treasure Data.
pub const PROFILE: &str = "cdp_customer_id";

/// The column that numbers the events of a behaviour that has array columns.
pub const EVENT: &str = "cdp_event_id";

/// What a column holds: the types of Treasure Data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Text.
    String,
    /// Integers, decimals and floating-point numbers.
    Number,
    /// Moments; in the snapshot a `TIMESTAMP` in UTC without a zone.
    Timestamp,
    /// Days; in the snapshot a `DATE`.
    Date,
    /// True or false.
    Boolean,
    /// Lists of texts.
    StringArray,
    /// Lists of numbers.
    NumberArray,
}

impl ColumnType {
    /// Every type.
    pub const ALL: [ColumnType; 7] = [
        ColumnType::String,
        ColumnType::Number,
        ColumnType::Timestamp,
        ColumnType::Date,
        ColumnType::Boolean,
        ColumnType::StringArray,
        ColumnType::NumberArray,
    ];

    /// Its name, as documents have it.
    pub fn name(self) -> &'static str {
        match self {
            ColumnType::String => "string",
            ColumnType::Number => "number",
            ColumnType::Timestamp => "timestamp",
            ColumnType::Date => "date",
            ColumnType::Boolean => "boolean",
            ColumnType::StringArray => "string_array",
            ColumnType::NumberArray => "number_array",
        }
    }

    /// What the elements of a list are; `None` for what is no list.
    pub fn element(self) -> Option<ColumnType> {
        match self {
            ColumnType::StringArray => Some(ColumnType::String),
            ColumnType::NumberArray => Some(ColumnType::Number),
            ColumnType::String
            | ColumnType::Number
            | ColumnType::Timestamp
            | ColumnType::Date
            | ColumnType::Boolean => None,
        }
    }
}

/// A column of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
}

/// The events of a behaviour: a table with any number of rows for each profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// The behaviour's name. Rules name it as it is, or with `behavior_` before it, as Treasure Data does.
    pub name: String,
    /// Its columns, without [`PROFILE`] and [`EVENT`].
    pub columns: Vec<Field>,
    /// Which of them, a timestamp, says when the event was: what a rule's time window and its column `timestamp` mean.
    pub time: Option<String>,
}

/// What rules and mappings are over.
#[derive(Debug, Clone)]
pub struct Audience {
    /// The parent segment's number (`audience id`).
    pub number: u64,
    /// The columns of a profile, without [`PROFILE`].
    pub columns: Vec<Field>,
    /// The behaviours.
    pub behaviors: Vec<Events>,
    /// The calendar of the parent segment: where its days begin.
    pub zone: Zone,
}

impl Audience {
    /// The table of profiles, as SQL writes it: `cdp_audience_1.customers`.
    pub fn customers(&self) -> String {
        format!("cdp_audience_{}.customers", self.number)
    }

    /// The table of a behaviour's events, as SQL writes it: `cdp_audience_1.behavior_orders`.
    pub fn events(&self, behavior: &Events) -> String {
        format!("cdp_audience_{}.behavior_{}", self.number, behavior.name)
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Field> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The behaviour that a rule means.
    pub fn behavior(&self, name: &str) -> Option<&Events> {
        let find = |name: &str| self.behaviors.iter().find(|behavior| behavior.name == name);
        find(name).or_else(|| name.strip_prefix("behavior_").and_then(find))
    }
}

impl Events {
    /// The column of this name; `timestamp` is the time of the event where no column has that name.
    pub fn column(&self, name: &str) -> Option<&Field> {
        let find = |name: &str| self.columns.iter().find(|column| column.name == name);
        find(name).or_else(|| self.time.as_deref().filter(|_| name == "timestamp").and_then(find))
    }

    /// Whether it has list columns, and so the column [`EVENT`].
    pub fn is_numbered(&self) -> bool {
        self.columns.iter().any(|column| column.column_type.element().is_some())
    }
}
