//! A frozen Result in, Pardot calls out, every row accounted for.
//!
//! Knows not where rows come from, who is watching, nor how the ledger keeps what it is told.
//! In reading order, as a row meets them: its cells, its columns, its record, its batch, its request, its outcome.

mod attempt;
mod call;
mod cell;
mod check;
mod columns;
mod deliver;
mod doubt;
mod ends;
mod extract;
mod feed;
mod frozen;
mod ledger;
mod membership;
mod needed;
mod object;
mod pack;
mod prospect;
mod record;
mod run;
mod sample;

#[cfg(test)]
mod fixture;

pub use cell::Cells;
pub use check::{Checked, check};
pub use columns::{Columns, CustomField, columns_of, unknown_columns};
pub use deliver::{Ending, Event, Stop, deliver, stop_of};
pub use ends::{Ends, RowEnd};
pub use extract::extract;
pub use frozen::{FrozenResult, ResultError};
pub use ledger::{Fact, Ledger, LedgerError};
pub use needed::{Needed, calls_needed};
pub use object::{DataObject, Way};
pub use pack::{Estimate, estimate};
pub use record::{Key, Record, RecordBody};
pub use run::{Context, Parts, first_way, fits, object_of};
pub use sample::{Sent, sample};
