//! Ends read back from a ledger, and the law of accounting over whatever a ledger holds.
//!
//! Knows no calls.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use model::{BatchMark, Learned, Rejection};
use proptest::prelude::*;

use super::*;
use crate::ledger::Fact;

/// A ledger in memory that answers a few rows at a time, as a database does.
#[derive(Default)]
struct Notebook {
    marks: BTreeMap<u64, BatchMark>,
    rejections: BTreeMap<RowNumber, Rejection>,
    most: Option<u32>,
    asked: Mutex<u32>,
}

impl Notebook {
    fn of(marks: &[Mark<'_>], rejected: &[RowNumber]) -> Notebook {
        let mark =
            |(number, rows, end): &Mark<'_>| (*number, BatchMark { number: *number, rows: rows.to_vec(), end: *end });
        let rejection = |row: &RowNumber| {
            (*row, Rejection { row: *row, column: None, code: None, reason: "no".into(), hint: None })
        };
        Notebook {
            marks: marks.iter().map(mark).collect(),
            rejections: rejected.iter().map(rejection).collect(),
            ..Notebook::default()
        }
    }

    fn page<T: Clone>(&self, kept: &BTreeMap<u64, T>, after: u64, limit: u32) -> Vec<T> {
        *self.asked.lock().unwrap() += 1;
        let limit = usize::try_from(self.most.unwrap_or(limit).min(limit)).unwrap();
        kept.range(after + 1..).take(limit).map(|(_, kept)| kept.clone()).collect()
    }
}

fn not_here() -> LedgerError {
    LedgerError { message: "ends are only read".into() }
}

#[async_trait]
impl Ledger for Notebook {
    async fn mark(&self, _mark: BatchMark) -> Result<(), LedgerError> {
        Err(not_here())
    }
    async fn settle(&self, _mark: BatchMark, _rejections: Vec<Rejection>) -> Result<(), LedgerError> {
        Err(not_here())
    }
    async fn reject(&self, _rejections: Vec<Rejection>) -> Result<(), LedgerError> {
        Err(not_here())
    }
    async fn marks(&self, after: u64, limit: u32) -> Result<Vec<BatchMark>, LedgerError> {
        Ok(self.page(&self.marks, after, limit))
    }
    async fn rejections(&self, after: RowNumber, limit: u32) -> Result<Vec<Rejection>, LedgerError> {
        Ok(self.page(&self.rejections, after, limit))
    }
    async fn note(&self, _fact: Fact) -> Result<(), LedgerError> {
        Err(not_here())
    }
    async fn newest_prospect(&self) -> Result<Option<u64>, LedgerError> {
        Err(not_here())
    }
    async fn learn(&self, _learned: Learned) -> Result<(), LedgerError> {
        Err(not_here())
    }
}

fn set(rows: &[RowNumber]) -> RowSet {
    let mut set = RowSet::default();
    for row in rows {
        set.insert(*row);
    }
    set
}

fn read(notebook: &Notebook, superseded: &[RowNumber]) -> Ends {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(Ends::read(notebook, set(superseded))).unwrap()
}

fn members(set: &RowSet) -> Vec<RowNumber> {
    (0..200).filter(|row| set.contains(*row)).collect()
}

/// Number, rows and end of a batch.
type Mark<'a> = (u64, &'a [RowNumber], BatchEnd);

/// Delivered, rejected and doubtful rows, and the number of the next batch.
type Wanted<'a> = (&'a [RowNumber], &'a [RowNumber], &'a [RowNumber], u64);

#[test]
fn marks_and_rejections_become_ends() {
    use BatchEnd::{Acked, Held, Sent};
    let cases: [(&str, &[Mark<'_>], &[RowNumber], Wanted<'_>); 8] = [
        ("an empty ledger", &[], &[], (&[], &[], &[], 1)),
        ("taken", &[(1, &[1, 2], Acked)], &[], (&[1, 2], &[], &[], 2)),
        ("taken but one", &[(1, &[1, 2, 3], Acked)], &[2], (&[1, 3], &[2], &[], 2)),
        ("rejected before sending", &[], &[4], (&[], &[4], &[], 1)),
        ("sent, then the power went", &[(1, &[1], Acked), (3, &[5, 6], Sent)], &[], (&[1], &[], &[5, 6], 4)),
        ("held", &[(2, &[5], Held)], &[], (&[], &[], &[5], 3)),
        ("doubted, later settled", &[(1, &[5, 6, 7], Sent), (2, &[5], Acked)], &[6], (&[5], &[6], &[7], 3)),
        ("refused and cleared", &[(1, &[], Acked)], &[], (&[], &[], &[], 2)),
    ];
    for (name, marks, rejected, (want_delivered, want_rejected, want_doubtful, next)) in cases {
        let ends = read(&Notebook::of(marks, rejected), &[]);
        assert_eq!(members(&ends.delivered), want_delivered, "{name}");
        assert_eq!(members(&ends.rejected), want_rejected, "{name}");
        assert_eq!(members(&ends.doubtful), want_doubtful, "{name}");
        assert_eq!((ends.next_batch(), ends.held.len()), (next, 0), "{name}");
        for row in 0..20 {
            assert_eq!(
                ends.settled(row),
                want_delivered.contains(&row) || want_rejected.contains(&row),
                "{name} {row}"
            );
        }
    }
}

#[test]
fn a_ledger_is_read_to_its_end_however_short_its_pages() {
    let marks: Vec<(u64, Vec<RowNumber>)> = (1..=9).map(|number| (number * 2, vec![number])).collect();
    let marks: Vec<Mark<'_>> = marks.iter().map(|(number, rows)| (*number, rows.as_slice(), BatchEnd::Acked)).collect();
    let notebook = Notebook { most: Some(2), ..Notebook::of(&marks, &[20, 30, 40]) };
    let ends = read(&notebook, &[50]);
    assert_eq!((ends.delivered.len(), ends.rejected.len(), ends.next_batch()), (9, 3, 19));
    assert_eq!(*notebook.asked.lock().unwrap(), 9, "five pages and two, each list once more for its end");
    assert!(ends.settled(50) && !ends.settled(51));
    let tally = ends.tally(100);
    let want = Tally { read: 100, delivered: 9, rejected: 3, superseded: 1, held: 0, unsent: 87 };
    assert_eq!(tally, want);
}

#[test]
fn a_ledger_that_cannot_be_read_stops() {
    struct Torn;
    #[async_trait]
    impl Ledger for Torn {
        async fn mark(&self, _mark: BatchMark) -> Result<(), LedgerError> {
            Err(not_here())
        }
        async fn settle(&self, _mark: BatchMark, _rejections: Vec<Rejection>) -> Result<(), LedgerError> {
            Err(not_here())
        }
        async fn reject(&self, _rejections: Vec<Rejection>) -> Result<(), LedgerError> {
            Err(not_here())
        }
        async fn marks(&self, _after: u64, _limit: u32) -> Result<Vec<BatchMark>, LedgerError> {
            Err(not_here())
        }
        async fn rejections(&self, _after: RowNumber, _limit: u32) -> Result<Vec<Rejection>, LedgerError> {
            Ok(Vec::new())
        }
        async fn note(&self, _fact: Fact) -> Result<(), LedgerError> {
            Err(not_here())
        }
        async fn newest_prospect(&self) -> Result<Option<u64>, LedgerError> {
            Err(not_here())
        }
        async fn learn(&self, _learned: Learned) -> Result<(), LedgerError> {
            Err(not_here())
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(Ends::read(&Torn, RowSet::default())).is_err());
}

proptest! {
    /// Each row has one end whatever happened to it, in whatever order, and the counts add up.
    #[test]
    fn the_counts_add_up(
        history in proptest::collection::vec((proptest::collection::btree_set(1_u64..60, 0..8), 0_u8..3), 0..30),
        rejected in proptest::collection::btree_set(1_u64..60, 0..10),
        superseded in proptest::collection::btree_set(60_u64..80, 0..10),
    ) {
        const ENDS: [BatchEnd; 3] = [BatchEnd::Sent, BatchEnd::Acked, BatchEnd::Held];
        let history: Vec<(u64, Vec<RowNumber>, BatchEnd)> = (1..)
            .zip(history)
            .map(|(number, (rows, end))| (number, rows.into_iter().collect(), ENDS[usize::from(end)]))
            .collect();
        let marks: Vec<Mark<'_>> =
            history.iter().map(|(number, rows, end)| (*number, rows.as_slice(), *end)).collect();
        let rejected: Vec<RowNumber> = rejected.into_iter().collect();
        let superseded: Vec<RowNumber> = superseded.into_iter().collect();
        let mut ends = read(&Notebook::of(&marks, &rejected), &superseded);
        for row in 0..80 {
            let sets = [&ends.delivered, &ends.rejected, &ends.superseded, &ends.doubtful];
            prop_assert!(sets.iter().filter(|set| set.contains(row)).count() <= 1, "row {}", row);
        }
        // At worst this run cannot settle what an earlier one left in doubt.
        ends.held = ends.doubtful.clone();
        let tally = ends.tally(80);
        prop_assert!(tally.adds_up(), "{:?}", tally);
        prop_assert_eq!(tally.superseded, superseded.len() as u64);
        let mut told = Tally { read: 80, ..Tally::default() };
        for row in 1..=80 {
            let count = match ends.end_of(row) {
                RowEnd::Delivered => &mut told.delivered,
                RowEnd::Rejected => &mut told.rejected,
                RowEnd::Superseded => &mut told.superseded,
                RowEnd::Held => &mut told.held,
                RowEnd::Unsent => &mut told.unsent,
            };
            *count += 1;
        }
        prop_assert_eq!(told, tally);
    }
}
