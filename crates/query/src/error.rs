//! Why a query did not become a Result, by what a caller can do about it.
//!
//! Knows messages and hints: not how the engine words its own errors (`explain` does). Never holds a value of a row.

use std::path::PathBuf;
use std::time::Duration;

use crate::table::{TableError, is_plain};

/// Why a query failed. Messages are lower-case fragments; [`QueryError::hint`] says what to change.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum QueryError {
    /// The text is not SQL that the engine understands: grammar, unknown functions, types that do not go together.
    #[error("{message}{}", place(*line, *column))]
    Syntax {
        /// What is wrong.
        message: String,
        /// Line in the SQL, from 1, if known.
        line: Option<u64>,
        /// Character in that line, from 1, if known.
        column: Option<u64>,
        /// What to do, if it can be guessed.
        hint: Option<String>,
    },
    /// The query reads a table that is not bound.
    #[error("there is no table {name}")]
    UnknownTable {
        /// The name in the query.
        name: String,
        /// The bound table that was probably meant.
        nearest: Option<String>,
        /// Every bound table.
        known: Vec<String>,
        /// Line in the SQL, from 1, if known.
        line: Option<u64>,
        /// Character in that line, from 1, if known.
        column: Option<u64>,
    },
    /// The query names a column that its tables do not have.
    #[error("there is no column {name}{}", place(*line, *column))]
    UnknownColumn {
        /// The name in the query.
        name: String,
        /// The column that was probably meant.
        nearest: Option<String>,
        /// Every column that could be meant here.
        known: Vec<String>,
        /// Line in the SQL, from 1, if known.
        line: Option<u64>,
        /// Character in that line, from 1, if known.
        column: Option<u64>,
    },
    /// Two columns of the result have the same name.
    #[error("two columns of the result are called {name}")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// The statement is something other than a `SELECT`.
    #[error("{what} is not allowed: a query is one SELECT")]
    NotSelect {
        /// The statement's verb or clause.
        what: String,
    },
    /// There is more than one statement.
    #[error("there are several statements: a query is one SELECT")]
    SeveralStatements,
    /// A table cannot be used.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The query failed while it ran, because of a value or a file.
    #[error("the query failed while it ran: {message}")]
    Runtime {
        /// What happened, without the values of the row.
        message: String,
    },
    /// The time limit has passed.
    #[error("the query did not end within its time limit of {} s", limit.as_secs_f64())]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
    /// The caller cancelled.
    #[error("the query was cancelled")]
    Cancelled,
    /// The query needs more memory than it may have, and the engine cannot spill this part of it.
    #[error("the query needs more than its {} MiB of memory", limit / (1 << 20))]
    Memory {
        /// The limit in bytes.
        limit: usize,
    },
    /// The Result or the engine's spill files cannot be written.
    #[error("cannot write {}: {message}", path.display())]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        message: String,
    },
}

fn place(line: Option<u64>, column: Option<u64>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
        (Some(line), None) => format!(" (line {line})"),
        (None, _) => String::new(),
    }
}

impl QueryError {
    /// Line and column in the SQL, from 1, if known.
    pub fn position(&self) -> Option<(u64, u64)> {
        match self {
            QueryError::Syntax { line, column, .. }
            | QueryError::UnknownTable { line, column, .. }
            | QueryError::UnknownColumn { line, column, .. } => (*line).zip(*column),
            QueryError::DuplicateColumn { .. }
            | QueryError::NotSelect { .. }
            | QueryError::SeveralStatements
            | QueryError::Table(_)
            | QueryError::Runtime { .. }
            | QueryError::TimedOut { .. }
            | QueryError::Cancelled
            | QueryError::Memory { .. }
            | QueryError::Disk { .. } => None,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            QueryError::Syntax { hint, .. } => hint.clone(),
            QueryError::UnknownTable { nearest: Some(nearest), .. } => {
                Some(format!("did you mean {}?", quoted_table(nearest)))
            }
            QueryError::UnknownTable { known, .. } if known.is_empty() => {
                Some("no table is bound: bind one to its files, for example contacts=contacts.csv".into())
            }
            QueryError::UnknownTable { known, .. } => Some(format!("tables are {}", listed(known, quoted_table))),
            QueryError::UnknownColumn { nearest: Some(nearest), .. } => {
                Some(format!("did you mean {}?", quoted(nearest)))
            }
            QueryError::UnknownColumn { known, .. } if known.is_empty() => None,
            QueryError::UnknownColumn { known, .. } => Some(format!("columns are {}", listed(known, quoted))),
            QueryError::DuplicateColumn { name } => Some(format!(
                "give each column a name of its own: AS {}, AS {}",
                quoted(name),
                quoted(&format!("{name}_2"))
            )),
            QueryError::NotSelect { .. } => {
                Some("start with SELECT, WITH or VALUES; files are bound as tables outside SQL".into())
            }
            QueryError::SeveralStatements => Some("keep one statement; a semicolon may only end it".into()),
            QueryError::Table(error) => error.hint(),
            QueryError::Runtime { message } if message.contains("file") || message.contains("JSON line") => Some(
                "check that the files of the tables are complete and written as their format and options say".into(),
            ),
            QueryError::Runtime { .. } => {
                Some("TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero".into())
            }
            QueryError::TimedOut { .. } => {
                Some("read fewer rows, look for a join without its condition, or raise the limit".into())
            }
            QueryError::Cancelled => None,
            QueryError::Memory { .. } => {
                Some("look for a join without its condition, or raise the memory limit".into())
            }
            QueryError::Disk { .. } => Some("check the free space and the permissions of the folder".into()),
        }
    }
}

/// A name as SQL wants it: in double quotes unless it is plain and lower case.
fn quoted(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// A table's name as SQL wants it: one of two plain parts needs no quotes.
fn quoted_table(name: &str) -> String {
    let plain = name.split_once('.').is_some_and(|(schema, name)| is_plain(schema) && is_plain(name));
    if plain { name.to_owned() } else { quoted(name) }
}

/// At most this many names stand in a hint; more help nobody.
const NAMES_IN_HINT: usize = 20;

fn listed(names: &[String], quoted: fn(&str) -> String) -> String {
    let mut text = names.iter().take(NAMES_IN_HINT).map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    if names.len() > NAMES_IN_HINT {
        text.push_str(&format!(" and {} more", names.len() - NAMES_IN_HINT));
    }
    text
}
