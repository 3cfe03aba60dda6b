//! Snapshots: the SQL that makes profiles and events out of a parent segment's tables, and what is wrong with its joins.
//!
//! Knows tables, columns and keys by name and type; not where tables lie, nor who runs the SQL.
//!
//! In the SQL, `m` is the master table, `a1`, `a2` are the tables of attributes, `e` is a table of events and `c` the
//! profiles of the snapshot.

mod check;
mod join;
mod physical;
mod refresh;

pub use join::{JoinFacts, JoinQuery, Joined, Level, Unreadable, Verdict, join_checks, judge};
pub use physical::Physical;
pub use refresh::{customers_sql, events_sql};

use serde_json::Value;

use crate::Zone;
use crate::audience::shape::{Audience, ColumnType, Events, Field};

/// The table whose rows are the profiles.
#[derive(Debug, Clone, PartialEq)]
pub struct MasterTable {
    /// Its name.
    pub table: String,
    /// The column that tells profiles apart.
    pub key: String,
    /// Which rows are profiles: all of these hold.
    pub filters: Vec<Filter>,
}

/// The column has one of these values.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// The column of the master table.
    pub column: String,
    /// Texts, numbers or booleans, as the column has them.
    pub values: Vec<Value>,
}

/// A column of a source, and what it is in the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceColumn {
    /// Where it is written: `attributes[2]`, `behaviors[0].columns[1]`; `master` for what the master table has by itself.
    pub at: String,
    /// Its name in the snapshot.
    pub name: String,
    /// Its name in the source.
    pub column: String,
    /// What it is in the source.
    pub physical: Physical,
    /// What it is in the snapshot.
    pub column_type: ColumnType,
}

/// How a table is joined to the profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Join {
    /// The table.
    pub table: String,
    /// Its key column.
    pub parent_key: String,
    /// What that column is.
    pub physical: Physical,
    /// The column of the master table that the key is equal to.
    pub foreign_key: String,
}

/// An attribute out of another table than the master table. (One out of the master table is one of
/// [`Sources::master_columns`].)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeSource {
    /// The table that it is in. Attributes with the same join are joined once.
    pub join: Join,
    /// Its column there.
    pub column: SourceColumn,
}

/// A behaviour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BehaviorSource {
    /// Where it is written: `behaviors[0]`.
    pub at: String,
    /// Its name.
    pub name: String,
    /// The table of events.
    pub join: Join,
    /// Its columns.
    pub columns: Vec<SourceColumn>,
    /// The name of the column that says when an event was.
    pub time: Option<String>,
}

/// What a snapshot is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Sources {
    /// The master table.
    pub master: MasterTable,
    /// Its columns: all of them, and attributes that are a column of it under another name.
    pub master_columns: Vec<SourceColumn>,
    /// Attributes out of other tables.
    pub attributes: Vec<AttributeSource>,
    /// The behaviours.
    pub behaviors: Vec<BehaviorSource>,
    /// The calendar: on which day a moment falls where a timestamp is read as a date.
    pub zone: Zone,
}

impl Sources {
    /// The column of the master table that has this name there.
    fn master_column(&self, column: &str) -> Option<&SourceColumn> {
        self.master_columns.iter().find(|source| source.column == column)
    }

    /// The different joins of attributes, in the order in which they first stand, each with its attributes.
    fn attribute_joins(&self) -> Vec<(&Join, Vec<&SourceColumn>)> {
        let mut joins: Vec<(&Join, Vec<&SourceColumn>)> = Vec::new();
        for attribute in &self.attributes {
            match joins.iter_mut().find(|(join, _)| **join == attribute.join) {
                Some((_, columns)) => columns.push(&attribute.column),
                None => joins.push((&attribute.join, vec![&attribute.column])),
            }
        }
        joins
    }

    /// The shape of the snapshot, for rules and mappings.
    pub fn audience(&self, number: u64) -> Audience {
        let fields = |columns: &[SourceColumn]| columns.iter().map(SourceColumn::field).collect::<Vec<_>>();
        let mut columns = fields(&self.master_columns);
        columns.extend(self.attributes.iter().map(|attribute| attribute.column.field()));
        let behaviors = self.behaviors.iter().map(|behavior| Events {
            name: behavior.name.clone(),
            columns: fields(&behavior.columns),
            time: behavior.time.clone(),
        });
        Audience { number, columns, behaviors: behaviors.collect(), zone: self.zone.clone() }
    }
}

impl SourceColumn {
    fn field(&self) -> Field {
        Field { name: self.name.clone(), column_type: self.column_type }
    }
}

#[cfg(test)]
mod tests;
