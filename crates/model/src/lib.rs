//! The nouns and the pure rules of Sluice: settings and their plan, problems, jobs, the ends of a row, the report.
//!
//! Knows no I/O, no async, no clock, no SQL engine and no HTTP: everything here can be tested as text in, text out.

mod audience;
mod cron;
mod forecast;
mod job;
mod nearest;
mod number;
mod plan;
mod problem;
mod report;
mod row;
mod settings;

pub use audience::snapshot;
pub use audience::{Audience, ColumnType, EVENT, Events, Field, PROFILE};
pub use audience::{
    EventOrder, Ids, Output, OutputBehavior, OutputColumn, OutputName, OutputSource, Parameter, SourceColumn,
    StringBuilder,
};
pub use audience::{Members, Named, Rule, Segments, members};
pub use cron::{Cron, Fires, LONGEST_DELAY, PRESETS, Preset, Zone};
pub use forecast::Forecast;
pub use job::{JobId, JobState, StopCause};
pub use nearest::nearest;
pub use number::grouped;
pub use plan::{
    Carrier, Delivery, ListChange, ListOperation, MatchBy, MembershipOperation, OnInvalid, Plan, Retry, Target,
};
pub use problem::{Problem, Problems};
pub use report::{Calls, DailyCalls, Learned, REPORT_FORMAT_VERSION, ReasonCount, Report, Stages, Tally};
pub use row::{BatchEnd, BatchMark, Rejection, RowNumber, RowSet};
pub use settings::{Applies, Kind, SETTINGS, Setting, Settings};
