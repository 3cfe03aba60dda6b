//! Addresses of the console's pages, for links from one part of it to another.
//!
//! Knows paths; whether something stands there is the server's.

use crate::address::part;
use api::{ScheduleView, Scheduled};

/// The page of a connection.
pub(crate) fn connection(name: &str) -> String {
    format!("/connections/{}", part(name))
}

/// The page on which a schedule is written.
pub(crate) fn schedule(schedule: &ScheduleView) -> String {
    let name = part(&schedule.query);
    match schedule.of {
        Scheduled::Query => format!("/queries/{name}/schedule"),
        Scheduled::Activation => format!("/activations/{name}"),
        Scheduled::ParentSegment => format!("/parent-segments/{name}"),
    }
}
