//! Audiences: the profiles of a parent segment, rules that choose among them, and what is sent of those chosen.
//!
//! Pure: rules and shapes in, SQL out. Knows nothing of files, engines or the clock: the moment is given.
//!
//! A parent segment is refreshed into a **snapshot**: one table of profiles ([`Audience::customers`], one row each) and one
//! table of events for each behaviour. Rules, counts and activations are SQL over these tables.

mod compare;
mod compile;
mod expr;
mod moment;
mod output;
mod rule;
mod segments;
mod select;
mod shape;
pub mod snapshot;
mod sql;

pub use compile::{Members, members};
pub use output::{
    EventOrder, Ids, Output, OutputBehavior, OutputColumn, OutputName, OutputSource, Parameter, SourceColumn,
    StringBuilder,
};
pub use rule::Rule;
pub use segments::{Named, Segments};
pub use shape::{Audience, ColumnType, EVENT, Events, Field, PROFILE};
