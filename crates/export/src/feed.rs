//! Reads the Result once more and packs what has no end yet, a little ahead of the lanes.
//!
//! Runs on a thread of its own; stops when nobody listens any more.

use std::sync::Arc;

use model::{OnInvalid, Rejection};
use tokio::sync::mpsc;

use crate::deliver::{AHEAD, Feed};
use crate::ends::Ends;
use crate::frozen::{FrozenResult, ResultError};
use crate::pack::Packer;
use crate::record::Record;
use crate::run::Context;

/// What the lanes get.
pub(crate) enum Fed {
    /// Rows for one call; doubtful ones are looked up first.
    Batch {
        /// The rows.
        records: Vec<Record>,
        /// Sent by an earlier run, outcome unknown, and repeating could duplicate.
        doubtful: bool,
    },
    /// Rows that cannot be sent.
    Rejected(Vec<Rejection>),
    /// The Result cannot be read any further.
    Failed(ResultError),
}

/// Rejections told at once.
const REJECTIONS: usize = 1_000;

/// Nobody listens any more.
struct Gone;

struct Feeder {
    context: Arc<Context>,
    ends: Ends,
    to: mpsc::Sender<Fed>,
    packer: Packer,
    doubtful: Packer,
    rejections: Vec<Rejection>,
}

/// Starts reading.
pub(crate) fn feed(context: &Arc<Context>, result: FrozenResult, ends: &Ends) -> Feed {
    let (to, from) = mpsc::channel(AHEAD);
    let mut feeder = Feeder {
        context: context.clone(),
        ends: ends.clone(),
        to,
        packer: Packer::default(),
        doubtful: Packer::default(),
        rejections: Vec::new(),
    };
    tokio::task::spawn_blocking(move || {
        if let Err(error) = feeder.run(&result) {
            let _ = feeder.to.blocking_send(Fed::Failed(error));
        }
    });
    from
}

impl Feeder {
    fn run(&mut self, result: &FrozenResult) -> Result<(), ResultError> {
        let object = self.context.object.clone();
        let mut number = 0;
        for batch in result.batches()? {
            let batch = batch?;
            let cells = object.cells(&batch);
            for row in 0..batch.num_rows() {
                number += 1;
                if self.ends.settled(number) {
                    continue;
                }
                let encoded = object.encode(&cells, row, number);
                if self.place(encoded.and_then(|record| self.context.admit(record))).is_err() {
                    return Ok(());
                }
            }
        }
        let _ = self.rest();
        Ok(())
    }

    fn place(&mut self, encoded: Result<Record, Rejection>) -> Result<(), Gone> {
        let record = match encoded {
            Ok(record) => record,
            Err(rejection) if self.context.plan.on_invalid == OnInvalid::Stop => {
                // Its batch does not leave: the rows before it in the batch stay unsent.
                self.send(Fed::Rejected(vec![rejection]))?;
                return Err(Gone);
            }
            Err(rejection) => {
                self.rejections.push(rejection);
                if self.rejections.len() >= REJECTIONS {
                    let rejections = std::mem::take(&mut self.rejections);
                    self.send(Fed::Rejected(rejections))?;
                }
                return Ok(());
            }
        };
        let way = self.context.way();
        let doubtful = (self.ends.distrusted || self.ends.doubtful.contains(record.row))
            && self.context.object.inserts(&record, way);
        let bounds = self.context.bounds(way);
        let packer = if doubtful { &mut self.doubtful } else { &mut self.packer };
        match packer.push(record, &*self.context.object, &bounds) {
            Some(records) => self.send(Fed::Batch { records, doubtful }),
            None => Ok(()),
        }
    }

    fn rest(&mut self) -> Result<(), Gone> {
        if !self.rejections.is_empty() {
            let rejections = std::mem::take(&mut self.rejections);
            self.send(Fed::Rejected(rejections))?;
        }
        if let Some(records) = self.packer.finish() {
            self.send(Fed::Batch { records, doubtful: false })?;
        }
        if let Some(records) = self.doubtful.finish() {
            self.send(Fed::Batch { records, doubtful: true })?;
        }
        Ok(())
    }

    fn send(&self, fed: Fed) -> Result<(), Gone> {
        self.to.blocking_send(fed).map_err(|_| Gone)
    }
}
