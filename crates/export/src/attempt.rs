//! One batch brought to its end: sent, split, repeated, looked up, and settled in the ledger.
//!
//! Knows what each answer means for the rows of the batch; not which batches there are nor how many run at once. What
//! is not in the returned [`Done`] is unsent.

use std::time::Duration;

use model::{BatchEnd, BatchMark, Rejection, RowNumber};
use pardot::batch::Item;
use pardot::code::{self, Class};
use pardot::{CallError, Refusal};

use crate::call::send;
use crate::deliver::{Stop, stop_of};
use crate::doubt::{Doubt, Found};
use crate::ledger::LedgerError;
use crate::object::Way;
use crate::pack::carrier;
use crate::record::Record;
use crate::run::Context;

/// How the rows of a batch ended.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) delivered: Vec<RowNumber>,
    pub(crate) rejected: Vec<RowNumber>,
    pub(crate) held: Vec<RowNumber>,
    /// Rows whose call may still be at work in Pardot: to be looked up when it cannot be any more.
    pub(crate) doubts: Vec<Doubt>,
    pub(crate) stop: Option<Stop>,
}

/// Records that travel together, and what was already tried with them.
pub(crate) struct Part {
    pub(crate) records: Vec<Record>,
    /// Sent alone after "Unable to save": the next refusal is final.
    last_chance: bool,
    /// Too long for the URI: this one goes in the body.
    pub(crate) in_body: bool,
    /// A half of what was too large: when Pardot takes it, its size is worth remembering.
    shrunk: bool,
    repeats: u32,
}

impl Part {
    fn new(records: Vec<Record>) -> Part {
        Part { records, last_chance: false, in_body: false, shrunk: false, repeats: 0 }
    }

    fn rows(&self) -> Vec<RowNumber> {
        self.records.iter().map(|record| record.row).collect()
    }
}

/// What Pardot said about single records of a part: place and text, with a code where it gave one.
pub(crate) type RefusedAt = Vec<(usize, Option<u16>, String)>;

/// Brings a batch to its end.
pub(crate) async fn attempt(context: &Context, records: Vec<Record>, doubtful: bool) -> Done {
    let mut done = Done::default();
    let mut records = records;
    if doubtful {
        match settle_found(context, records, &mut done).await {
            Ok(absent) => records = absent,
            Err(stop) => {
                done.stop = Some(stop);
                return done;
            }
        }
    }
    let mut parts = vec![Part::new(records)];
    while let Some(part) = parts.pop() {
        if part.records.is_empty() {
            continue;
        }
        let stopped = context.stopping() || (context.stops_at_reject() && !done.rejected.is_empty());
        if stopped {
            break;
        }
        if let Some(refusal) = context.refused_throughout() {
            // All lanes are refused alike: taking this batch further apart would only spend calls.
            done.stop = Some(Stop::Refused(refusal));
            break;
        }
        if let Err(stop) = step(context, part, &mut parts, &mut done).await {
            done.stop = Some(stop);
            break;
        }
    }
    done
}

/// Looks doubtful records up; those that Pardot has are settled, the absent ones come back.
pub(crate) async fn settle_found(
    context: &Context,
    records: Vec<Record>,
    done: &mut Done,
) -> Result<Vec<Record>, Stop> {
    let Found { found, absent } = crate::doubt::look_up(context, records).await.map_err(stop_of)?;
    if !found.is_empty() {
        let rows: Vec<RowNumber> = found.iter().map(|record| record.row).collect();
        context.ledger.settle(context.mark(rows.clone(), BatchEnd::Acked), Vec::new()).await.map_err(Stop::Ledger)?;
        done.delivered.extend(rows);
    }
    Ok(absent)
}

/// Sends one part and decides what follows.
async fn step(context: &Context, part: Part, parts: &mut Vec<Part>, done: &mut Done) -> Result<(), Stop> {
    let way = context.way();
    let Some((part, items)) = prepare(context, way, part, parts, done).await? else {
        return Ok(());
    };
    let inserts = part.records.iter().any(|record| context.object.inserts(record, way));
    if inserts && let Err(error) = context.newest().await {
        return match error {
            CallError::Refused(refusal) if refusal.class == Class::Version => {
                switch(context, way, refusal, part, parts)
            }
            error => Err(stop_of(error)),
        };
    }
    let mark = context.mark(part.rows(), BatchEnd::Sent);
    let number = mark.number;
    if inserts {
        context.ledger.mark(mark).await.map_err(Stop::Ledger)?;
    }
    let started = context.clock.now();
    let answer = send(context, way, &part, items, inserts).await;
    match answer {
        Ok(refused) => {
            context.confirm(way).await.map_err(Stop::Ledger)?;
            if part.shrunk {
                context.learn_rows(part.records.len()).await.map_err(Stop::Ledger)?;
            }
            settle(context, number, part, refused, parts, done).await.map_err(Stop::Ledger)
        }
        Err(CallError::Refused(refusal)) => {
            if inserts && refusal.class != Class::Unknown {
                context.ledger.mark(cleared(number)).await.map_err(Stop::Ledger)?;
            }
            refused(context, way, number, refusal, part, parts, done).await
        }
        Err(CallError::Unknown { still_running, .. }) => {
            let waited = context.clock.now().saturating_duration_since(started);
            unknown(context, number, part, still_running.then_some(waited), parts, done).await
        }
        Err(error) => {
            if inserts && nothing_applied(&error) {
                context.ledger.mark(cleared(number)).await.map_err(Stop::Ledger)?;
            }
            Err(stop_of(error))
        }
    }
}

/// Whether a failed call is known to have left nothing behind, so that its rows need no look-up later.
fn nothing_applied(error: &CallError) -> bool {
    match error {
        CallError::Quota(_) | CallError::Reconnect(_) | CallError::Stopped => true,
        CallError::Unavailable { maybe_applied, .. } => !maybe_applied,
        CallError::Refused(_) | CallError::Unknown { .. } => false,
    }
}

fn cleared(number: u64) -> BatchMark {
    BatchMark { number, rows: Vec::new(), end: BatchEnd::Acked }
}

/// The part's items, cut to what fits one call; records this version cannot take are rejected.
async fn prepare(
    context: &Context,
    way: Way,
    mut part: Part,
    parts: &mut Vec<Part>,
    done: &mut Done,
) -> Result<Option<(Part, Vec<Item>)>, Stop> {
    let mut items = Vec::new();
    let most = match way {
        Way::Batch(version) => {
            let mut rejections = Vec::new();
            let mut sendable = Vec::new();
            for record in part.records.drain(..) {
                match context.object.item(&record, version) {
                    Ok(item) => {
                        items.push(item);
                        sendable.push(record);
                    }
                    Err(rejection) => rejections.push(rejection),
                }
            }
            part.records = sendable;
            if !rejections.is_empty() {
                done.rejected.extend(rejections.iter().map(|rejection| rejection.row));
                context.ledger.reject(rejections).await.map_err(Stop::Ledger)?;
                if context.stops_at_reject() {
                    return Ok(None);
                }
            }
            context.bounds(way).fit(&items)
        }
        Way::LatestByEmail if context.object.lists().is_some() => part.records.len(),
        Way::LatestByEmail | Way::Pairs => 1,
    };
    if part.records.is_empty() {
        return Ok(None);
    }
    if most < part.records.len() {
        let rest = part.records.split_off(most);
        items.truncate(most);
        let Part { last_chance, in_body, shrunk, repeats, .. } = part;
        parts.push(Part { records: rest, last_chance, in_body, shrunk, repeats });
    }
    Ok(Some((part, items)))
}

/// Settles a part that Pardot took: refused records are rejected, or get their one more try.
async fn settle(
    context: &Context,
    number: u64,
    part: Part,
    refused: RefusedAt,
    parts: &mut Vec<Part>,
    done: &mut Done,
) -> Result<(), LedgerError> {
    let mut rejections = Vec::new();
    let mut again = Vec::new();
    for (place, given, text) in refused {
        let Some(record) = part.records.get(place) else {
            continue;
        };
        let known = given.and_then(code::find).or_else(|| code::by_message(&text));
        if known.is_some_and(|code| once_more(code.class)) && !part.last_chance {
            again.push(record.clone());
        } else {
            let number = given.or(known.map(|code| code.number));
            let reason = known.map_or(text, |code| code.message.to_owned());
            rejections.push(rejection(record.row, number, reason, known.map(|code| code.advice)));
        }
    }
    let out: Vec<RowNumber> = again.iter().map(|record| record.row).collect();
    let rows: Vec<RowNumber> = part.rows().into_iter().filter(|row| !out.contains(row)).collect();
    let rejected: Vec<RowNumber> = rejections.iter().map(|rejection| rejection.row).collect();
    let mark = BatchMark { number, rows: rows.clone(), end: BatchEnd::Acked };
    context.ledger.settle(mark, rejections).await?;
    done.delivered.extend(rows.iter().filter(|row| !rejected.contains(row)));
    done.rejected.extend(rejected);
    parts.extend(again.into_iter().map(|record| Part { last_chance: true, ..Part::new(vec![record]) }));
    Ok(())
}

/// Classes that are over when the record is sent again: a save that failed, a conflict, a hiccup.
fn once_more(class: Class) -> bool {
    matches!(class, Class::RowOnce | Class::Transient | Class::Throttle)
}

fn rejection(row: RowNumber, code: Option<u16>, reason: String, advice: Option<&'static str>) -> Rejection {
    Rejection { row, column: None, code, reason, hint: advice.map(str::to_owned) }
}

/// Pardot refused the whole call and applied nothing.
async fn refused(
    context: &Context,
    way: Way,
    number: u64,
    refusal: Refusal,
    part: Part,
    parts: &mut Vec<Part>,
    done: &mut Done,
) -> Result<(), Stop> {
    match refusal.class {
        Class::Version => switch(context, way, refusal, part, parts),
        Class::Access => Err(Stop::Access(refusal)),
        Class::Size => too_large(context, way, number, refusal, part, parts, done).await,
        Class::RowOnce if part.records.len() == 1 && !part.last_chance => {
            parts.push(Part { last_chance: true, ..part });
            Ok(())
        }
        Class::Row | Class::RowOnce | Class::WholeBatch | Class::AlreadySo | Class::Import => {
            context.note_refused_call(&refusal);
            if part.records.len() > 1 {
                halve(part, parts);
                Ok(())
            } else {
                reject_alone(context, refusal, &part, done).await
            }
        }
        Class::Unknown | Class::Throttle | Class::Quota | Class::Transient | Class::Token | Class::Grant => {
            let rows = part.rows();
            let mark = BatchMark { number, rows: rows.clone(), end: BatchEnd::Held };
            context.ledger.mark(mark).await.map_err(Stop::Ledger)?;
            done.held.extend(rows);
            context.note_unknown_code(refusal);
            Ok(())
        }
    }
}

/// Halves, as long as there is something to halve; one record alone goes in the body, and is rejected only there.
async fn too_large(
    context: &Context,
    way: Way,
    number: u64,
    refusal: Refusal,
    mut part: Part,
    parts: &mut Vec<Part>,
    done: &mut Done,
) -> Result<(), Stop> {
    let in_uri = !part.in_body && carrier(context.plan.delivery.carrier) == pardot::batch::Carrier::Uri;
    // A page without a code says little about a body of 50 rows, which is far below what Pardot takes: try again first.
    if refusal.code.is_none() && !in_uri && part.repeats < context.plan.retry.maximum_retries {
        context.pause(part.repeats, number).await;
        parts.push(Part { repeats: part.repeats + 1, ..part });
        return Ok(());
    }
    if part.records.len() > 1 {
        // A few rows at the end of a result say nothing about the size of a batch; nor does 71 where nothing was cut.
        let telling = part.records.len() * 5 >= context.bounds(way).rows;
        part.shrunk |= telling && (in_uri || refusal.code != Some(71));
        halve(part, parts);
        Ok(())
    } else if in_uri {
        parts.push(Part { in_body: true, ..part });
        Ok(())
    } else {
        reject_alone(context, refusal, &part, done).await
    }
}

fn halve(mut part: Part, parts: &mut Vec<Part>) {
    let records = part.records.split_off(part.records.len() / 2);
    let Part { last_chance, in_body, shrunk, repeats, .. } = part;
    parts.push(Part { records, last_chance, in_body, shrunk, repeats });
    parts.push(part);
}

async fn reject_alone(context: &Context, refusal: Refusal, part: &Part, done: &mut Done) -> Result<(), Stop> {
    let advice = refusal.code.and_then(code::find).map(|code| code.advice);
    let rejections: Vec<Rejection> =
        part.rows().into_iter().map(|row| rejection(row, refusal.code, refusal.message.clone(), advice)).collect();
    done.rejected.extend(part.rows());
    context.ledger.reject(rejections).await.map_err(Stop::Ledger)
}

/// 88 and 89: the account takes the other version. Once; afterwards it is remembered.
fn switch(context: &Context, way: Way, refusal: Refusal, part: Part, parts: &mut Vec<Part>) -> Result<(), Stop> {
    if context.switch(way)? {
        parts.push(part);
        Ok(())
    } else {
        Err(Stop::Access(refusal))
    }
}

/// An insert whose outcome is unknown: looked up before it is sent again, never blindly repeated.
async fn unknown(
    context: &Context,
    number: u64,
    part: Part,
    still_running_for: Option<Duration>,
    parts: &mut Vec<Part>,
    done: &mut Done,
) -> Result<(), Stop> {
    let Part { records, last_chance, in_body, shrunk, repeats } = part;
    let doubt = |records: Vec<Record>| {
        let waited = still_running_for.unwrap_or_default();
        Doubt::after_loss(records, waited, context.plan.retry.timeout, context.clock.now())
    };
    let absent = match settle_found(context, records.clone(), done).await {
        Ok(absent) => absent,
        Err(stop) => {
            done.doubts.push(doubt(records));
            return Err(stop);
        }
    };
    if absent.is_empty() {
        return Ok(());
    }
    if still_running_for.is_some() {
        done.doubts.push(doubt(absent));
        return Ok(());
    }
    context.ledger.mark(cleared(number)).await.map_err(Stop::Ledger)?;
    if repeats >= context.plan.retry.maximum_retries {
        return Err(Stop::Outage { cause: "Pardot's answers could not be understood".into() });
    }
    context.pause(repeats, number).await;
    let part = Part { records: absent, last_chance, in_body: in_body || repeats > 1, shrunk, repeats: repeats + 1 };
    // What has no code may have been about the size: smaller each time.
    if repeats > 0 && part.records.len() > 1 {
        halve(part, parts)
    } else {
        parts.push(part)
    }
    Ok(())
}
