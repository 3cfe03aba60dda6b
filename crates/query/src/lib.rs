//! SQL in, Arrow record batches out, frozen to a Result.
//!
//! Knows files, SQL and Arrow only: not Pardot, not jobs, not the store, and nothing of what the rows mean.
//!
//! A [`Table`] gives a name to local files; [`freeze`] runs one `SELECT` over such tables to its end into a Parquet
//! file, [`preview`] shows its first rows, [`count`] says a number, [`columns`] its columns, [`mentions`] the tables that it names, [`schema`] the
//! columns of a table. Nothing outside the bound tables can be
//! read, and nothing but the Result (and the engine's own spill files) is written.
//!
//! Beside the engine's functions there are the time functions of Treasure Data, which `docs/sql-functions.md` describes.
//!
//! **Order.** The rows of a Result are in the order of the files (paths as listed, a glob's matches by name) unless the
//! query says otherwise, because a later row of the same key replaces an earlier one. `UNION ALL` keeps the order of
//! its parts. A join or a `GROUP BY` promises no order: say `ORDER BY` there.

mod bind;
mod depth;
mod engine;
mod error;
mod explain;
mod files;
mod freeze;
mod infer;
mod joins;
mod mention;
mod names;
mod spool;
mod statement;
mod table;
mod td;
mod text;
mod types;

pub use error::QueryError;
pub use freeze::{Frozen, Limits, Progress, columns, count, freeze, preview, schema};
pub use mention::{Mention, mentions};
pub use table::{CsvOptions, CsvTypes, Format, Table, TableError};
pub use types::type_name;
