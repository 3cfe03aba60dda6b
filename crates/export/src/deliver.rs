//! The lanes: batches leave in the order of the rows, as many at once as the plan allows, until the rows or a reason end it.
//!
//! No two calls that touch the same key are ever under way together. Who is watching hears of progress through events.

use std::collections::HashSet;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use model::{OnInvalid, Problems, Rejection, StopCause, Tally};
use pardot::{CallError, GrantError, Refusal, Shortage};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use pardot::code::Class;

use crate::attempt::{Done, attempt, settle_found};
use crate::doubt::Doubt;
use crate::ends::Ends;
use crate::feed::{Fed, feed};
use crate::frozen::{FrozenResult, ResultError};
use crate::ledger::LedgerError;
use crate::object::Way;
use crate::record::Record;
use crate::run::Context;

/// What a watcher is told.
#[derive(Debug, Clone)]
pub enum Event {
    /// The counts changed.
    Progress(Tally),
}

/// Why sending ended before the rows did.
#[derive(Debug)]
pub enum Stop {
    /// A row was rejected and `skip_invalid_records` is false.
    RejectedRow,
    /// Today's calls are used up: by Pardot's word, or by what is left to others or budgeted.
    Quota(Shortage),
    /// Pardot did not answer properly beyond the retries.
    Outage {
        /// The last answer.
        cause: String,
    },
    /// The grant is dead.
    Reconnect(GrantError),
    /// Somebody asked for it.
    Killed,
    /// Pardot refuses the user, the business unit or the version: no call can work.
    Access(Refusal),
    /// The settings or columns do not fit the account.
    Settings(Problems),
    /// The ledger could not keep an outcome.
    Ledger(LedgerError),
    /// The Result could not be read.
    Result(ResultError),
    /// Answers with codes nobody knows, or refusals of one call after the other that no row explains.
    Refused(Refusal),
}

/// How sending ended: `None` when every row found its end.
pub type Ending = Option<Stop>;

impl Stop {
    /// What happened and what to do, for people.
    pub fn cause(&self) -> StopCause {
        let (message, hint): (String, Option<String>) = match self {
            Stop::RejectedRow => (
                "stopped at a rejected row (skip_invalid_records is false)".into(),
                Some("fix the row in the query, or set skip_invalid_records: true".into()),
            ),
            Stop::Quota(shortage) => (used_up(shortage), Some(shortage.hint().to_owned())),
            Stop::Outage { cause } => (
                format!("Pardot has not answered properly: {cause}"),
                Some("nothing is lost; continue when Pardot answers again".into()),
            ),
            Stop::Reconnect(error) => (error.to_string(), Some(error.hint().to_owned())),
            Stop::Killed => ("stopped on request; what was under way was finished".into(), None),
            Stop::Access(refusal) | Stop::Refused(refusal) => {
                let advice = refusal.code.and_then(pardot::code::find).map(|code| code.advice.to_owned());
                let code = refusal.code.map(|code| format!("code {code}, ")).unwrap_or_default();
                (format!("Pardot refused: {} ({code}HTTP {})", refusal.message, refusal.status), advice)
            }
            Stop::Settings(problems) => (problems.to_string(), None),
            Stop::Ledger(error) => {
                (error.to_string(), Some("nothing is sent that cannot be recorded; fix it and continue".into()))
            }
            Stop::Result(error) => (error.to_string(), None),
        };
        let configuration = matches!(self, Stop::Access(_) | Stop::Settings(_));
        StopCause { message, hint, configuration }
    }
}

fn used_up(shortage: &Shortage) -> String {
    match shortage {
        Shortage::Refused { code: Some(code), .. } => format!("today's Pardot calls are used up (code {code})"),
        Shortage::Refused { code: None, .. } => "today's Pardot calls are used up".into(),
        Shortage::Reserve { .. } | Shortage::Budget { .. } => shortage.to_string(),
    }
}

/// What a failed call means for the job.
pub fn stop_of(error: CallError) -> Stop {
    match error {
        CallError::Refused(refusal) if matches!(refusal.class, Class::Access | Class::Version) => Stop::Access(refusal),
        CallError::Refused(refusal) => Stop::Refused(refusal),
        CallError::Unknown { cause, .. } | CallError::Unavailable { cause, .. } => Stop::Outage { cause },
        CallError::Quota(shortage) => Stop::Quota(shortage),
        CallError::Reconnect(error) if error.is_transient() => Stop::Outage { cause: error.to_string() },
        CallError::Reconnect(error) => Stop::Reconnect(error),
        CallError::Stopped => Stop::Killed,
    }
}

/// A batch that waits for its turn.
struct Batch {
    records: Vec<Record>,
    doubtful: bool,
}

impl Batch {
    fn guards(&self) -> impl Iterator<Item = u64> + '_ {
        self.records.iter().flat_map(|record| record.guards)
    }
}

/// Everything that changes while the lanes run.
struct Lanes<'a> {
    context: &'a Arc<Context>,
    ends: &'a mut Ends,
    running: JoinSet<(Vec<u64>, Done)>,
    busy: HashSet<u64>,
    waiting: Option<Batch>,
    doubts: Vec<Doubt>,
    stop: Option<Stop>,
}

/// Sends every row that has no end yet.
pub async fn deliver(
    context: &Arc<Context>,
    result: &FrozenResult,
    ends: &mut Ends,
    cancel: impl Future<Output = ()>,
    observe: &mut (dyn FnMut(Event) + Send),
) -> Ending {
    let read = result.rows();
    let mut cancel = pin!(cancel);
    let mut fed = feed(context, result.clone(), ends);
    let (mut open, mut cancelled) = (true, false);
    let mut lanes = Lanes {
        context,
        ends,
        running: JoinSet::new(),
        busy: HashSet::new(),
        waiting: None,
        doubts: Vec::new(),
        stop: None,
    };
    loop {
        lanes.launch_waiting();
        let no_more = lanes.stop.is_some() || (!open && lanes.waiting.is_none());
        if no_more && lanes.running.is_empty() {
            break;
        }
        let room = lanes.stop.is_none() && lanes.waiting.is_none() && lanes.running.len() < context.lanes();
        tokio::select! {
            biased;
            () = &mut cancel, if !cancelled => {
                cancelled = true;
                lanes.stop.get_or_insert(Stop::Killed);
                context.stop_soon();
                context.client.stop();
            }
            Some(joined) = lanes.running.join_next(), if !lanes.running.is_empty() => {
                lanes.finish(joined);
                observe(Event::Progress(lanes.ends.tally(read)));
            }
            next = fed.recv(), if open && room => match next {
                Some(fed) => lanes.take(fed).await,
                None => open = false,
            },
        }
    }
    drop(fed);
    if lanes.stop.is_none() {
        lanes.settle_doubts(&mut cancel).await;
    }
    let Lanes { stop, doubts, .. } = lanes;
    let open = doubts.iter().flat_map(|doubt| &doubt.records).map(|record| record.row);
    ends.hold(open);
    observe(Event::Progress(ends.tally(read)));
    stop
}

impl Lanes<'_> {
    /// Starts the waiting batch when a lane is free and none of its keys is under way.
    fn launch_waiting(&mut self) {
        let Some(batch) = &self.waiting else { return };
        if self.stop.is_some() {
            self.waiting = None;
            return;
        }
        if self.running.len() >= self.context.lanes() || batch.guards().any(|guard| self.busy.contains(&guard)) {
            return;
        }
        let Some(batch) = self.waiting.take() else { return };
        let guards: Vec<u64> = batch.guards().collect();
        self.busy.extend(&guards);
        let context = self.context.clone();
        self.running.spawn(async move { (guards, attempt(&context, batch.records, batch.doubtful).await) });
    }

    async fn take(&mut self, fed: Fed) {
        match fed {
            Fed::Batch { records, doubtful: false } => self.waiting = Some(Batch { records, doubtful: false }),
            Fed::Batch { records, doubtful: true } => {
                let now = self.context.clock.now();
                self.doubts.push(Doubt::after_crash(records, self.context.plan.retry.timeout, now));
            }
            Fed::Rejected(rejections) => self.reject(rejections).await,
            Fed::Failed(error) => self.stop = Some(Stop::Result(error)),
        }
    }

    async fn reject(&mut self, rejections: Vec<Rejection>) {
        let rows: Vec<u64> = rejections.iter().map(|rejection| rejection.row).collect();
        if let Err(error) = self.context.ledger.reject(rejections).await {
            self.stop = Some(Stop::Ledger(error));
            return;
        }
        for row in rows {
            self.ends.rejected.insert(row);
        }
        if self.context.plan.on_invalid == OnInvalid::Stop {
            self.stop = Some(Stop::RejectedRow);
        }
    }

    fn finish(&mut self, joined: Result<(Vec<u64>, Done), tokio::task::JoinError>) {
        let (guards, done) = match joined {
            Ok(finished) => finished,
            Err(error) => {
                let cause = format!("a lane ended unexpectedly: {error}");
                self.stop.get_or_insert(Stop::Outage { cause });
                return;
            }
        };
        for guard in guards {
            self.busy.remove(&guard);
        }
        self.absorb(done);
    }

    fn absorb(&mut self, done: Done) {
        for row in done.delivered {
            self.ends.delivered.insert(row);
        }
        let rejected = !done.rejected.is_empty();
        for row in done.rejected {
            self.ends.rejected.insert(row);
        }
        for row in done.held {
            self.ends.held.insert(row);
        }
        self.doubts.extend(done.doubts);
        if let Some(stop) = done.stop {
            self.stop.get_or_insert(stop);
        }
        if let Some(refusal) = self.context.refused_throughout() {
            self.stop.get_or_insert(Stop::Refused(refusal));
        }
        if rejected && self.context.plan.on_invalid == OnInvalid::Stop {
            self.stop.get_or_insert(Stop::RejectedRow);
        }
        if self.stop.is_some() {
            self.context.stop_soon();
        }
    }

    /// After all other rows: what may have been at work is at work no more, so what is absent now can be sent again.
    async fn settle_doubts(&mut self, cancel: &mut (impl Future<Output = ()> + Unpin)) {
        // Pardot may hang on the same rows again and again: then they stay held.
        let mut rounds = self.doubts.len() * (self.context.plan.retry.maximum_retries as usize + 1);
        while let Some(doubt) = self.doubts.pop() {
            if rounds == 0 {
                self.doubts.push(doubt);
                return;
            }
            rounds -= 1;
            let mut done = Done::default();
            let records = match settle_found(self.context, doubt.records.clone(), &mut done).await {
                Ok(absent) => absent,
                Err(stop) => {
                    self.stop = Some(stop);
                    self.doubts.push(doubt);
                    self.absorb(done);
                    return;
                }
            };
            self.absorb(done);
            if records.is_empty() {
                continue;
            }
            let wait = doubt.not_before.saturating_duration_since(self.context.clock.now());
            tokio::select! {
                () = self.context.clock.sleep(wait) => {
                    let done = attempt(self.context, records, self.context.way() != Way::Pairs).await;
                    self.absorb(done);
                }
                () = &mut *cancel => {
                    self.stop = Some(Stop::Killed);
                    self.doubts.push(Doubt { records, not_before: doubt.not_before });
                }
            }
            if self.stop.is_some() {
                return;
            }
        }
    }
}

/// What the feed sends, at most this many ahead of the lanes.
pub(crate) const AHEAD: usize = 8;

pub(crate) type Feed = mpsc::Receiver<Fed>;

#[cfg(test)]
mod tests;
