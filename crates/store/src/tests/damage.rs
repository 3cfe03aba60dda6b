//! Damaged databases: each is refused by name or proves whole; none starts empty.
//!
//! Knows the names of the files, and breaks them.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use super::{Content, content, fill};
use crate::{OpenError, Store};

/// A way to break a file.
#[derive(Debug, Clone, Copy)]
enum Damage {
    /// Eight bytes at a seeded place are inverted.
    Flip(u64),
    /// The file ends after this many hundredths.
    Cut(usize),
    /// The first hundred bytes are zero.
    ZeroHeader,
    /// The file is removed.
    Gone,
}

impl Damage {
    fn apply(self, path: &Path) {
        let mut bytes = fs::read(path).unwrap();
        match self {
            Damage::Flip(seed) => {
                // SplitMix64: places that look random and are the same in every run.
                let mut place = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                place = (place ^ (place >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                place = (place ^ (place >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                let place = usize::try_from((place ^ (place >> 31)) % (bytes.len() as u64 - 8)).unwrap();
                for byte in &mut bytes[place..place + 8] {
                    *byte = !*byte;
                }
            }
            Damage::Cut(hundredths) => bytes.truncate(bytes.len() * hundredths / 100),
            Damage::ZeroHeader => bytes[..100].fill(0),
            Damage::Gone => return fs::remove_file(path).unwrap(),
        }
        fs::write(path, bytes).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    for name in ["sluice.db", "sluice.db-wal", "sluice.seen"] {
        if from.join(name).exists() {
            fs::copy(from.join(name), to.join(name)).unwrap();
        }
    }
}

/// Opens a damaged copy; says whether it was refused.
async fn refused(whole: &Path, file: &str, damage: Damage, expected: &Content) -> bool {
    let directory = tempdir().unwrap();
    copy(whole, directory.path());
    damage.apply(&directory.path().join(file));
    let case = format!("{file} {damage:?}");
    match Store::open(directory.path()).await {
        Ok(store) => {
            assert_eq!(&content(&store).await.unwrap(), expected, "{case} passed for whole");
            store.close().await;
            false
        }
        Err(error) => {
            assert!(error.to_string().contains("sluice.db"), "{case}: {error}");
            assert!(!error.hint().is_empty(), "{case}");
            let known = matches!(
                error,
                OpenError::Damaged { .. }
                    | OpenError::Behind { .. }
                    | OpenError::Garbled { .. }
                    | OpenError::Missing { .. }
                    | OpenError::Newer { .. }
            );
            assert!(known, "{case}: {error:?}");
            true
        }
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused_or_proves_whole() {
    let closed = tempdir().unwrap();
    let store = fill(closed.path()).await;
    let expected = content(&store).await.unwrap();
    store.close().await;
    let mut cases: Vec<Damage> = (1..=40).map(Damage::Flip).collect();
    cases.extend([0, 1, 10, 33, 50, 75, 90, 99].map(Damage::Cut));
    cases.extend([Damage::ZeroHeader, Damage::Gone]);
    let mut refusals = 0;
    for damage in cases {
        let refusal = refused(closed.path(), "sluice.db", damage, &expected).await;
        assert!(refusal || matches!(damage, Damage::Flip(_)), "{damage:?} must be refused");
        refusals += u32::from(refusal);
    }
    // The pages of so small a file are half empty, and a flip in unused space does no harm.
    assert!(refusals >= 20, "{refusals} of 50");
}

#[tokio::test]
async fn a_killed_process_has_lost_nothing_and_a_cut_log_shows() {
    let live = tempdir().unwrap();
    let store = fill(live.path()).await;
    let expected = content(&store).await.unwrap();
    // A copy while the store is open is what kill -9 leaves.
    let killed = tempdir().unwrap();
    copy(live.path(), killed.path());
    assert!(fs::metadata(killed.path().join("sluice.db-wal")).unwrap().len() > 0);
    store.close().await;

    let whole = tempdir().unwrap();
    copy(killed.path(), whole.path());
    let again = Store::open(whole.path()).await.unwrap();
    assert_eq!(content(&again).await.unwrap(), expected);
    again.close().await;

    let mut cases: Vec<Damage> = [0, 1, 20, 50, 80].map(Damage::Cut).into();
    cases.extend([Damage::ZeroHeader, Damage::Gone]);
    for damage in cases {
        assert!(refused(killed.path(), "sluice.db-wal", damage, &expected).await, "{damage:?} must be refused");
    }
    for seed in 1..=10 {
        refused(killed.path(), "sluice.db-wal", Damage::Flip(seed), &expected).await;
    }
}
