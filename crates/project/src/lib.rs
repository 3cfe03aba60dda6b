//! Connections, tables, queries, parent segments, segments and activations as a folder of files: read, compared with what a
//! server has, written.
//!
//! Pure: knows texts and documents, neither disks nor servers. Who calls it reads the files, asks the server, and does
//! the steps of the [`Plan`]. Names, not ids; secrets by reference only.

mod activations;
mod audience_document;
mod audiences;
mod connections;
mod difference;
mod document;
mod exported;
mod fields;
mod form;
mod hosts;
mod parent_segments;
mod parse;
mod places;
mod plan;
mod references;
mod render;
mod schema;
mod segments;
mod show;
mod timetable;
mod told;
mod yaml;

pub use difference::Difference;
pub use document::{Kind, SecretName, SecretReference};
pub use parse::{gather, parse, single};
pub use places::Places;
pub use plan::{Act, Actual, Change, Plan, PlanOptions, Step, compare, plan};
pub use render::{SCHEMA_FILE, render};
pub use schema::schema;
pub use yaml::lines;

use std::collections::{BTreeMap, BTreeSet};

use api::{ActivationSpec, ConnectionSpec, ParentSegmentSpec, QuerySpec, SegmentSpec};

/// Where something is written: a file and a line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, relative to the project's folder.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// A connection as a project wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedConnection {
    /// Everything but secrets; what is absent in the file is absent here.
    pub spec: ConnectionSpec,
    /// Where its secrets are to be found.
    pub secrets: BTreeMap<SecretName, SecretReference>,
    /// Where it is written.
    pub origin: Origin,
    /// Where its hosts and secrets are written, by name, as places for problems.
    pub(crate) places: BTreeMap<&'static str, String>,
}

impl WantedConnection {
    /// Where a name of it is written, as a place for problems.
    pub fn at(&self, name: &str) -> String {
        self.places.get(name).cloned().unwrap_or_else(|| format!("{}: {name}", self.origin))
    }
}

/// Where the rows of a table come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// Files of the server.
    Files(String),
    /// A file of the project.
    Upload {
        /// The file, relative to the project's folder.
        path: String,
        /// `csv`, `jsonl` or `parquet`.
        format: &'static str,
    },
    /// A file that was uploaded before and is not part of the project: its SHA-256 in hexadecimal, or `unknown`.
    Uploaded(String),
}

/// A table as a project wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedTable {
    /// Where its rows come from.
    pub rows: Rows,
    /// Where it is written.
    pub origin: Origin,
}

/// A query as a project wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedQuery {
    /// The query, its SQL filled in.
    pub spec: QuerySpec,
    /// Where it is written.
    pub origin: Origin,
    /// Where its SQL is written, as a place for problems; nothing where that could not be read.
    pub sql_at: Option<String>,
    /// Where the connection of its export is written.
    pub(crate) connection_at: Option<String>,
    /// Where the webhooks that are told are written.
    pub(crate) webhooks_at: Option<String>,
}

/// A parent segment as a project wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedParentSegment {
    /// What is written.
    pub spec: ParentSegmentSpec,
    /// Where it is written.
    pub origin: Origin,
    /// Where its parts are written.
    pub places: Places,
}

/// A segment as a project wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedSegment {
    /// What is written.
    pub spec: SegmentSpec,
    /// Where it is written.
    pub origin: Origin,
    /// Where its parts are written.
    pub places: Places,
}

/// An activation as a project wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedActivation {
    /// What is written.
    pub spec: ActivationSpec,
    /// Whether it is to run; nothing where the project does not say it: a new one runs, one that is there stays as it is.
    pub enabled: Option<bool>,
    /// Where it is written.
    pub origin: Origin,
    /// Where its parts are written.
    pub places: Places,
}

/// What a project wants to be there, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Project {
    /// Its connections.
    pub connections: BTreeMap<String, WantedConnection>,
    /// Its tables.
    pub tables: BTreeMap<String, WantedTable>,
    /// Its queries.
    pub queries: BTreeMap<String, WantedQuery>,
    /// Its parent segments.
    pub parent_segments: BTreeMap<String, WantedParentSegment>,
    /// Its segments.
    pub segments: BTreeMap<String, WantedSegment>,
    /// Its activations.
    pub activations: BTreeMap<String, WantedActivation>,
    /// Kinds of which a document could not be read as far as its name.
    pub(crate) unread: BTreeSet<Kind>,
}

impl Project {
    /// Whether every document of a kind was read as far as its name: else a name that seems to be missing may stand there.
    pub fn knows_all(&self, kind: Kind) -> bool {
        !self.unread.contains(&kind)
    }

    /// A place of a document of this kind and name, with file and line where the project has it.
    pub fn at(&self, kind: Kind, name: &str, place: &str) -> String {
        let places = match kind {
            Kind::ParentSegment => self.parent_segments.get(name).map(|wanted| &wanted.places),
            Kind::Segment => self.segments.get(name).map(|wanted| &wanted.places),
            Kind::Activation => self.activations.get(name).map(|wanted| &wanted.places),
            Kind::Connection | Kind::Table | Kind::Query => None,
        };
        places.map_or_else(|| place.to_owned(), |places| places.at(place))
    }

    /// The files that tables are uploaded from: the table and the file.
    pub fn uploads(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tables.iter().filter_map(|(name, table)| match &table.rows {
            Rows::Upload { path, .. } => Some((name.as_str(), path.as_str())),
            Rows::Files(_) | Rows::Uploaded(_) => None,
        })
    }
}

#[cfg(test)]
mod tests;
