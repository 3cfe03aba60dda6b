//! Inserts whose outcome is unknown: are they there?
//!
//! Where several prospects may share an email, an insert must never be repeated blindly. A prospect with the row's email
//! and an id greater than the newest one before the job's first insert was made by this job, because within a job every
//! email stands once.

use std::time::{Duration, Instant};

use pardot::prospect::FindByEmail;
use pardot::{ApiVersion, CallError};

use crate::record::{Record, RecordBody};
use crate::run::Context;

/// Pardot closes a request at about 120 seconds; after that an abandoned one is at work no more.
const LONGEST_WORK: Duration = Duration::from_secs(120);

/// Records whose call may still be at work.
#[derive(Debug)]
pub(crate) struct Doubt {
    pub(crate) records: Vec<Record>,
    pub(crate) not_before: Instant,
}

impl Doubt {
    /// Doubt about a call that was given up, or whose connection broke, after `waited`. One that used up its time may be
    /// at work as long as Pardot lets it; one whose connection broke ends within a call's time.
    pub(crate) fn after_loss(records: Vec<Record>, waited: Duration, timeout: Duration, now: Instant) -> Doubt {
        let longest = if waited >= timeout { LONGEST_WORK } else { timeout.min(LONGEST_WORK) };
        Doubt { records, not_before: now + longest.saturating_sub(waited) }
    }

    /// Doubt about a call of a run that died: its connection is closed, and what it began ends within a call's time.
    pub(crate) fn after_crash(records: Vec<Record>, timeout: Duration, now: Instant) -> Doubt {
        Doubt { records, not_before: now + timeout.min(LONGEST_WORK) }
    }
}

/// What a look-up found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Pardot has it.
    pub(crate) found: Vec<Record>,
    /// Pardot has it not, or repeating it is harmless.
    pub(crate) absent: Vec<Record>,
}

/// Looks each record up.
pub(crate) async fn look_up(context: &Context, records: Vec<Record>) -> Result<Found, CallError> {
    let way = context.way();
    let mut sorted = Found::default();
    for record in records {
        let there = match &record.body {
            RecordBody::Prospect { email: Some(email), .. } if context.object.inserts(&record, way) => {
                let newest = context.newest().await?;
                let matches =
                    context.client.send(&FindByEmail { version: ApiVersion::V4, email: email.clone() }).await?;
                matches.iter().any(|id| id.0 > newest)
            }
            RecordBody::Prospect { .. } | RecordBody::Membership { .. } => false,
        };
        if there { sorted.found.push(record) } else { sorted.absent.push(record) }
    }
    Ok(sorted)
}
