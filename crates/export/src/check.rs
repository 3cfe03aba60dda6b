//! Every row checked once before the first call: which cannot be sent, and which a later row of the same key replaces.
//!
//! Memory is bounded whatever the number of rows: keys are sorted a part at a time, parts waiting on disk.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use model::{RowNumber, RowSet};
use pardot::ListId;

use crate::frozen::{FrozenResult, ResultError};
use crate::object::DataObject;
use crate::record::RecordBody;

/// What checking every row found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Rows of the Result.
    pub rows: u64,
    /// Rows that can never be sent.
    pub refused: u64,
    /// The first of them.
    pub first_refused: Option<RowNumber>,
    /// Rows that a later row of the same key replaces. A row that cannot be sent replaces nothing.
    pub superseded: RowSet,
    /// Lists that memberships name; `None` when there are more than 200.
    pub lists: Option<BTreeSet<ListId>>,
}

impl Checked {
    /// Rows that are sent.
    pub fn leaving(&self) -> u64 {
        self.rows - self.refused - self.superseded.len()
    }
}

/// More lists than this are not looked up one by one.
pub(crate) const MOST_LISTS: usize = 200;

/// Keys sorted at once: 24 bytes each.
const KEYS_AT_ONCE: u64 = 1_000_000;

/// Checks every row; `progress` is told how many rows have been read.
///
/// # Errors
/// The Result cannot be read, or the keys cannot be kept on disk beside it.
pub fn check(
    result: &FrozenResult,
    object: &dyn DataObject,
    progress: &mut dyn FnMut(u64),
) -> Result<Checked, ResultError> {
    check_in_parts(result, object, KEYS_AT_ONCE, progress)
}

/// [`check`] with as many keys sorted at once as it is told.
fn check_in_parts(
    result: &FrozenResult,
    object: &dyn DataObject,
    keys_at_once: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<Checked, ResultError> {
    let mut checked = Checked { lists: Some(BTreeSet::new()), ..Checked::default() };
    let mut keys = Keys::new(result, keys_at_once)?;
    for batch in result.batches()? {
        let batch = batch?;
        let cells = object.cells(&batch);
        for row in 0..batch.num_rows() {
            checked.rows += 1;
            match object.encode(&cells, row, checked.rows) {
                Ok(record) => {
                    keys.push(record.key.0, record.row)?;
                    if let (RecordBody::Membership { list, .. }, Some(lists)) = (&record.body, &mut checked.lists) {
                        lists.insert(*list);
                        if lists.len() > MOST_LISTS {
                            checked.lists = None;
                        }
                    }
                }
                Err(_) => {
                    checked.refused += 1;
                    checked.first_refused.get_or_insert(checked.rows);
                }
            }
        }
        progress(checked.rows);
    }
    checked.superseded = keys.superseded()?;
    Ok(checked)
}

type Entry = [u64; 3];

/// Keys with their rows, in as many parts as keep each one small; more than one part waits on disk.
struct Keys<'a> {
    result: &'a FrozenResult,
    memory: Vec<Entry>,
    parts: Vec<BufWriter<File>>,
}

impl<'a> Keys<'a> {
    fn new(result: &'a FrozenResult, keys_at_once: u64) -> Result<Keys<'a>, ResultError> {
        let parts = result.rows().div_ceil(keys_at_once);
        let folder = result.path().parent().unwrap_or_else(|| std::path::Path::new("."));
        let parts = if parts < 2 {
            Vec::new()
        } else {
            let open = |_| tempfile::tempfile_in(folder).map(|file| BufWriter::with_capacity(1 << 14, file));
            (0..parts).map(open).collect::<Result<_, _>>().map_err(|error| result.failed(error))?
        };
        Ok(Keys { result, memory: Vec::new(), parts })
    }

    fn push(&mut self, key: [u64; 2], row: RowNumber) -> Result<(), ResultError> {
        let entry = [key[0], key[1], row];
        if self.parts.is_empty() {
            self.memory.push(entry);
            return Ok(());
        }
        let part = usize::try_from(key[0] % self.parts.len() as u64).unwrap_or(0);
        for word in entry {
            self.parts[part].write_all(&word.to_le_bytes()).map_err(|error| self.result.failed(error))?;
        }
        Ok(())
    }

    fn superseded(mut self) -> Result<RowSet, ResultError> {
        let mut superseded = RowSet::default();
        find(&mut self.memory, &mut superseded);
        let mut entries = std::mem::take(&mut self.memory);
        for part in self.parts {
            let mut file = part.into_inner().map_err(|error| self.result.failed(error.into_error()))?;
            read_entries(&mut file, &mut entries).map_err(|error| self.result.failed(error))?;
            find(&mut entries, &mut superseded);
        }
        Ok(superseded)
    }
}

fn read_entries(file: &mut File, entries: &mut Vec<Entry>) -> std::io::Result<()> {
    entries.clear();
    let count = file.seek(SeekFrom::End(0))? / 24;
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let mut words = [0_u8; 24];
    for _ in 0..count {
        reader.read_exact(&mut words)?;
        let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| words[at * 8 + byte]));
        entries.push([word(0), word(1), word(2)]);
    }
    Ok(())
}

/// Within equal keys every row but the last is superseded.
fn find(entries: &mut [Entry], superseded: &mut RowSet) {
    entries.sort_unstable();
    for pair in entries.windows(2) {
        if pair[0][..2] == pair[1][..2] {
            superseded.insert(pair[0][2]);
        }
    }
}

#[cfg(test)]
mod tests;
