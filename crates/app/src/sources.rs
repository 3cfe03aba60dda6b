//! A parent segment as it is written, understood over the columns of its tables.
//!
//! Knows columns and types; neither files nor rows.

use std::collections::BTreeMap;

use api::{Attribute, Behavior, ParentSegmentSpec};
use arrow::datatypes::SchemaRef;
use model::snapshot::{AttributeSource, BehaviorSource, Filter, Join, MasterTable, Physical, SourceColumn, Sources};
use model::{ColumnType, Problem, Problems, Zone};

/// Where a parent segment is written.
pub(crate) const PLACE: &str = "parent_segment";

/// The columns of the tables that a parent segment names.
pub(crate) struct Known(pub(crate) BTreeMap<String, SchemaRef>);

impl Known {
    fn physical(&self, table: &str, column: &str) -> Option<Physical> {
        let schema = self.0.get(table)?;
        let field = schema.fields().iter().find(|field| field.name() == column)?;
        Some(Physical::named(&query::type_name(field.data_type())))
    }

    fn names(&self, table: &str) -> Vec<String> {
        let schema = self.0.get(table);
        schema.map(|schema| schema.fields().iter().map(|field| field.name().clone()).collect()).unwrap_or_default()
    }

    /// What a column is; one that is not there is a problem at its place. Nothing is said about a table that is not known.
    fn column(&self, table: &str, column: &str, at: &str, problems: &mut Problems) -> Option<Physical> {
        let found = self.physical(table, column);
        if found.is_none() && self.0.contains_key(table) {
            let names = self.names(table);
            let message = match column.is_empty() {
                true => "is missing".to_owned(),
                false => format!("table {table} has no column {column}"),
            };
            let hint = match model::nearest(column, names.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("its columns are {}", crate::names::listed(&names)),
            };
            problems.push(Problem::at(format!("{PLACE}.{at}"), message).hint(hint));
        }
        found
    }
}

/// Reads a parent segment over known columns.
pub(crate) struct Reader<'a> {
    pub(crate) spec: &'a ParentSegmentSpec,
    pub(crate) known: &'a Known,
    pub(crate) problems: &'a mut Problems,
}

impl Reader<'_> {
    /// The sources, as far as they are understood.
    pub(crate) fn sources(&mut self, zone: Zone) -> Sources {
        let master = &self.spec.master;
        let _ = self.known.column(&master.table, &master.key, "master.key", self.problems);
        let mut filters = Vec::new();
        for (index, filter) in master.filters.iter().enumerate() {
            let at = format!("master.filters[{index}].column");
            let _ = self.known.column(&master.table, &filter.column, &at, self.problems);
            filters.push(Filter { column: filter.column.clone(), values: filter.values.clone() });
        }
        let (master_columns, attributes) = self.attributes();
        let behaviors = self.spec.behaviors.iter().enumerate();
        let behaviors = behaviors.filter_map(|(index, behavior)| self.behavior(index, behavior)).collect();
        let master = MasterTable { table: master.table.clone(), key: master.key.clone(), filters };
        Sources { master, master_columns, attributes, behaviors, zone }
    }

    /// The columns of the master table, and the attributes out of other tables.
    fn attributes(&mut self) -> (Vec<SourceColumn>, Vec<AttributeSource>) {
        let master = &self.spec.master.table;
        let mut own: Vec<SourceColumn> = Vec::new();
        for name in self.known.names(master) {
            let physical = self.known.physical(master, &name).unwrap_or_else(|| Physical::Other(String::new()));
            // What no column of a snapshot can be stays out.
            if let Some(column_type) = physical.default_type() {
                let column = name.clone();
                own.push(SourceColumn { at: "master".into(), name, column, physical, column_type });
            }
        }
        let mut joined = Vec::new();
        for (index, attribute) in self.spec.attributes.iter().enumerate() {
            let at = format!("attributes[{index}]");
            let from_master = is_of_master(attribute, master);
            let table = attribute.table.as_ref().filter(|_| !from_master).unwrap_or(master);
            let column = attribute.column.as_ref().unwrap_or(&attribute.name);
            let physical = self.known.column(table, column, &format!("{at}.column"), self.problems);
            let join = if from_master { None } else { self.join(&at, table, attribute.keys()) };
            let Some(physical) = physical else { continue };
            let Some(column_type) = attribute.r#type.or(physical.default_type()) else {
                self.cannot(&at, column, &physical);
                continue;
            };
            let source =
                SourceColumn { at, name: attribute.name.clone(), column: column.clone(), physical, column_type };
            match join {
                Some(join) => joined.push(AttributeSource { join, column: source }),
                None if !from_master => {}
                // An attribute of the same name says what the column of the master table is.
                None => match own.iter_mut().find(|own| own.name == source.name && own.column == source.column) {
                    Some(own) if own.at == "master" => *own = source,
                    Some(_) | None => own.push(source),
                },
            }
        }
        (own, joined)
    }

    fn behavior(&mut self, index: usize, behavior: &Behavior) -> Option<BehaviorSource> {
        let at = format!("behaviors[{index}]");
        let join = self.join(&at, &behavior.table, behavior.keys());
        let mut columns = Vec::new();
        if behavior.columns.is_empty() {
            for name in self.known.names(&behavior.table) {
                let physical = self.known.physical(&behavior.table, &name)?;
                let time = behavior.time.as_deref().unwrap_or("time") == name;
                let own = physical.default_type().filter(|_| !time || behavior.time.is_none());
                let column_type = if time { timestamp_of(&physical).or(own) } else { own };
                if let Some(column_type) = column_type {
                    let column = name.clone();
                    columns.push(SourceColumn { at: at.clone(), name, column, physical, column_type });
                }
            }
        }
        for (number, asked) in behavior.columns.iter().enumerate() {
            let at = format!("{at}.columns[{number}]");
            let column = asked.column.as_ref().unwrap_or(&asked.name);
            let Some(physical) = self.known.column(&behavior.table, column, &format!("{at}.column"), self.problems)
            else {
                continue;
            };
            let time = behavior.time.as_deref().unwrap_or("time") == asked.name;
            let usual =
                if time { timestamp_of(&physical).or(physical.default_type()) } else { physical.default_type() };
            let Some(column_type) = asked.r#type.or(usual) else {
                self.cannot(&at, column, &physical);
                continue;
            };
            columns.push(SourceColumn { at, name: asked.name.clone(), column: column.clone(), physical, column_type });
        }
        let timestamp = |column: &&SourceColumn| column.name == "time" && column.column_type == ColumnType::Timestamp;
        let found = columns.iter().find(timestamp).map(|column| column.name.clone());
        let time = behavior.time.clone().or(found);
        Some(BehaviorSource { at, name: behavior.name.clone(), join: join?, columns, time })
    }

    /// How a table is joined; the master's key is the key where nobody says another.
    fn join(&mut self, at: &str, table: &str, (parent, foreign): (Option<&String>, Option<&String>)) -> Option<Join> {
        let master = &self.spec.master;
        let parent = parent.unwrap_or(&master.key);
        let foreign = foreign.unwrap_or(&master.key);
        let physical = self.known.column(table, parent, &format!("{at}.parent_key"), self.problems);
        let foreign_at = format!("{at}.foreign_key");
        self.known.column(&master.table, foreign, &foreign_at, self.problems)?;
        Some(Join {
            table: table.to_owned(),
            parent_key: parent.clone(),
            physical: physical?,
            foreign_key: foreign.clone(),
        })
    }

    fn cannot(&mut self, at: &str, column: &str, physical: &Physical) {
        let message = format!("column {column} is {}, which no attribute can be", physical.words());
        self.problems.push(
            Problem::at(format!("{PLACE}.{at}"), message)
                .hint("leave it out, or make texts or numbers of it in a query"),
        );
    }
}

/// Both keys of a join, where somebody says them.
trait Keyed {
    fn keys(&self) -> (Option<&String>, Option<&String>);
}

impl Keyed for Attribute {
    fn keys(&self) -> (Option<&String>, Option<&String>) {
        (self.parent_key.as_ref(), self.foreign_key.as_ref())
    }
}

impl Keyed for Behavior {
    fn keys(&self) -> (Option<&String>, Option<&String>) {
        (self.parent_key.as_ref(), self.foreign_key.as_ref())
    }
}

/// Whether an attribute is a column of the master table itself.
fn is_of_master(attribute: &Attribute, master: &str) -> bool {
    let joined = attribute.parent_key.is_some() || attribute.foreign_key.is_some();
    attribute.table.as_deref().is_none_or(|table| table == master) && !joined
}

/// The time of an event is a moment where its column can be one.
fn timestamp_of(physical: &Physical) -> Option<ColumnType> {
    physical.becomes().iter().copied().find(|becomes| *becomes == ColumnType::Timestamp)
}
