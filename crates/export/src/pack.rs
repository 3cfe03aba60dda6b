//! Groups records into batches in the order of the rows, within Pardot's 50 and the payload the user allows.
//!
//! Knows sizes and counts; not how a batch is sent. A record that alone exceeds the payload makes a batch of its own: the
//! payload bounds how many rows share a call, and the 7,500-character rule bounds the row.

use model::{Carrier, Delivery, Learned, Rejection};
use pardot::ApiVersion;
use pardot::batch::{self, Item, MAX_PROSPECTS_PER_BATCH};

use crate::check::Checked;
use crate::frozen::{FrozenResult, ResultError};
use crate::object::{DataObject, Way};
use crate::record::Record;

/// The bounds of one batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) rows: usize,
    /// Longest encoded payload and the empty one, both in bytes, where a payload is bounded.
    pub(crate) payload: Option<(usize, usize)>,
    pub(crate) version: ApiVersion,
}

impl Bounds {
    pub(crate) fn of(delivery: &Delivery, object: &dyn DataObject, way: Way, learned_rows: Option<usize>) -> Bounds {
        let rows = learned_rows.unwrap_or(MAX_PROSPECTS_PER_BATCH).clamp(1, MAX_PROSPECTS_PER_BATCH);
        let version = match way {
            Way::Batch(version) => version,
            Way::LatestByEmail | Way::Pairs => ApiVersion::V4,
        };
        let payload = match way {
            Way::Batch(_) => delivery.max_payload,
            Way::LatestByEmail | Way::Pairs => None,
        };
        let empty = || batch::base_len(version, object.operation(), carrier(delivery.carrier));
        Bounds { rows, payload: payload.map(|most| (most, empty())), version }
    }

    /// How many of the items, from the first, fit into one batch: at least one.
    pub(crate) fn fit(&self, items: &[Item]) -> usize {
        let mut size = self.payload.map_or(0, |(_, empty)| empty);
        for (count, item) in items.iter().enumerate() {
            let Some((most, _)) = self.payload else { break };
            size += batch::item_len(self.version, item) + if count > 0 { batch::SEPARATOR_LEN } else { 0 };
            if size > most && count > 0 {
                return count.min(self.rows);
            }
        }
        items.len().min(self.rows)
    }
}

pub(crate) fn carrier(carrier: Carrier) -> batch::Carrier {
    match carrier {
        Carrier::Body => batch::Carrier::Body,
        Carrier::Uri => batch::Carrier::Uri,
    }
}

/// Records waiting to become a batch.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    records: Vec<Record>,
    size: usize,
}

impl Packer {
    /// Takes a record; gives the batch that it completes or no longer fits into.
    pub(crate) fn push(&mut self, record: Record, object: &dyn DataObject, bounds: &Bounds) -> Option<Vec<Record>> {
        let mut full = None;
        if let Some((most, empty)) = bounds.payload {
            let len = object.item(&record, bounds.version).map_or(0, |item| batch::item_len(bounds.version, &item));
            let with = if self.records.is_empty() { empty + len } else { self.size + batch::SEPARATOR_LEN + len };
            if with > most && !self.records.is_empty() {
                full = self.finish();
                self.size = empty + len;
            } else {
                self.size = with;
            }
        }
        self.records.push(record);
        if full.is_none() && self.records.len() >= bounds.rows {
            full = self.finish();
        }
        full
    }

    /// What is left.
    pub(crate) fn finish(&mut self) -> Option<Vec<Record>> {
        (!self.records.is_empty()).then(|| std::mem::take(&mut self.records))
    }
}

/// What an export would do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Rows that would be sent.
    pub rows: u64,
    /// Calls for them, looks at the lists of memberships included, without repeats and look-ups of rows.
    pub calls: u64,
    /// Batches among the calls.
    pub batches: u64,
}

/// Packs every row without sending: how many calls an export takes. `rejected` is told each row that cannot be sent.
///
/// # Errors
/// The Result cannot be read.
pub fn estimate(
    result: &FrozenResult,
    object: &dyn DataObject,
    delivery: &Delivery,
    learned: &Learned,
    checked: &Checked,
    way: Way,
    rejected: &mut dyn FnMut(Rejection),
) -> Result<Estimate, ResultError> {
    let bounds = Bounds::of(delivery, object, way, learned.batch_rows);
    let (mut packer, mut estimate, mut number) = (Packer::default(), Estimate::default(), 0);
    for batch in result.batches()? {
        let batch = batch?;
        let cells = object.cells(&batch);
        for row in 0..batch.num_rows() {
            number += 1;
            match object.encode(&cells, row, number) {
                Ok(record) if !checked.superseded.contains(number) => {
                    estimate.rows += 1;
                    estimate.batches += u64::from(packer.push(record, object, &bounds).is_some());
                }
                Ok(_) => {}
                Err(rejection) => rejected(rejection),
            }
        }
    }
    estimate.batches += u64::from(packer.finish().is_some());
    // The lists of prospects that go one by one follow in batches.
    let batched = match way {
        Way::Batch(_) => true,
        Way::LatestByEmail => object.lists().is_some(),
        Way::Pairs => false,
    };
    estimate.batches = if batched { estimate.batches } else { 0 };
    estimate.calls = match way {
        // Each list of memberships that go in batches is looked at once.
        Way::Batch(_) => estimate.batches + checked.lists.as_ref().map_or(0, |lists| lists.len() as u64),
        Way::LatestByEmail | Way::Pairs => estimate.rows + estimate.batches,
    };
    Ok(estimate)
}

#[cfg(test)]
mod tests;
