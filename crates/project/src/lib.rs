//! Connections, tables and queries as a folder of files: read, compared with what a server has, written.
//!
//! Pure: knows texts and documents, neither disks nor servers. Who calls it reads the files, asks the server, and does
//! the steps of the [`Plan`]. Names, not ids; secrets by reference only.

mod document;
mod fields;
mod parse;
mod plan;
mod render;
mod schema;
mod show;

pub use document::{Kind, SecretName, SecretReference};
pub use parse::parse;
pub use plan::{Act, Actual, Change, Difference, Plan, PlanOptions, Step, plan};
pub use render::{SCHEMA_FILE, render};
pub use schema::schema;

use std::collections::BTreeMap;

use api::{ConnectionSpec, QuerySpec};

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
}

impl Project {
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
