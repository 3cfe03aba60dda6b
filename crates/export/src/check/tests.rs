//! Which rows are refused and which are replaced, with the keys in memory and in parts on disk.
//!
//! Knows no calls.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use proptest::prelude::*;

use super::*;
use crate::fixture::{frozen, numbers, object, rows, texts};

fn emails(values: &[Option<&str>]) -> RecordBatch {
    rows(vec![("email", texts(values.iter().copied()))])
}

fn superseded(checked: &Checked) -> Vec<RowNumber> {
    (0..=checked.rows).filter(|row| checked.superseded.contains(*row)).collect()
}

/// Checks with so many keys at once that they make one, two, or up to nine parts.
fn in_parts(parts: &[RecordBatch], given: &[(&str, &str)]) -> Vec<Checked> {
    let (folder, result) = frozen(parts);
    let object = object(&parts[0], given);
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    let checked = [u64::MAX, result.rows().div_ceil(2).max(1), result.rows().div_ceil(9).max(1)]
        .map(|at_once| check_in_parts(&result, &*object, at_once, &mut |_| {}).unwrap());
    assert_eq!(files(), 1, "nothing is left beside the result");
    checked.into()
}

/// Emails, the rows that a later one replaces, and how many are refused.
type Case<'a> = (&'a [Option<&'a str>], &'a [RowNumber], u64);

#[test]
fn the_last_row_that_can_be_sent_wins() {
    let cases: [Case<'_>; 6] = [
        (&[], &[], 0),
        (&[Some("a@x.io"), Some("b@x.io")], &[], 0),
        (&[Some("a@x.io"), Some("A@X.IO "), Some("b@x.io"), Some("a@x.io")], &[1, 2], 0),
        // A row without a key is refused and replaces nothing, nor does it count as replaced.
        (&[None, Some("a@x.io"), None, Some("a@x.io"), None], &[2], 3),
        // A later row that cannot be sent replaces nothing.
        (&[Some("a@x.io"), Some("a@x.io\u{7}")], &[], 1),
        (&[Some("a@x.io"); 4], &[1, 2, 3], 0),
    ];
    for (values, want, refused) in cases {
        for checked in in_parts(&[emails(values)], &[]) {
            assert_eq!((superseded(&checked).as_slice(), checked.refused), (want, refused), "{values:?}");
            assert_eq!(checked.rows, values.len() as u64);
            let first = values.iter().position(|email| email.is_none_or(|email| email.contains('\u{7}')));
            assert_eq!(checked.first_refused, first.map(|at| at as u64 + 1));
        }
    }
}

#[test]
fn a_refused_column_keeps_the_earlier_row() {
    let rows = rows(vec![("id", numbers([501, 501, 501])), ("score", texts(["1", "2", "many"]))]);
    for checked in in_parts(&[rows], &[]) {
        assert_eq!((superseded(&checked), checked.refused, checked.first_refused), (vec![1], 1, Some(3)));
    }
}

#[test]
fn rows_are_numbered_over_row_groups_and_progress_is_told() {
    let part = |range: std::ops::Range<i64>| rows(vec![("id", numbers(range.map(|id| id % 5_000 + 1)))]);
    let parts = [part(0..3_000), part(3_000..9_000)];
    for checked in in_parts(&parts, &[]) {
        assert_eq!((checked.rows, superseded(&checked)), (9_000, (1..=4_000).collect()));
    }
    let (_folder, result) = frozen(&parts);
    for (at_once, parts) in [(9_001, 0), (9_000, 0), (8_999, 2), (4_500, 2), (1_000, 9)] {
        assert_eq!(Keys::new(&result, at_once).unwrap().parts.len(), parts, "{at_once} keys at once");
    }
    let mut told = Vec::new();
    check(&result, &*object(&parts[0], &[]), &mut |rows| told.push(rows)).unwrap();
    assert!(told.is_sorted() && told.last() == Some(&9_000), "{told:?}");
}

#[test]
fn lists_are_named_until_they_are_too_many() {
    let given = &[("data_object", "list_memberships")];
    for (lists, want) in [(0, Some(0)), (1, Some(1)), (200, Some(200)), (201, None), (400, None)] {
        let rows = rows(vec![("prospect_id", numbers(1..=lists)), ("list_id", numbers(1..=lists))]);
        for checked in in_parts(&[rows], given) {
            assert_eq!(checked.lists.map(|lists| lists.len()), want, "{lists} lists");
        }
    }
    let rows = rows(vec![("prospect_id", numbers([1, 1, 2, 1])), ("list_id", numbers([77, 78, 77, 77]))]);
    for checked in in_parts(&[rows], given) {
        assert_eq!(checked.lists, Some(BTreeSet::from([ListId(77), ListId(78)])));
        assert_eq!(checked.superseded.len(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// However the keys are parted: a row is replaced exactly when a later row has its key.
    #[test]
    fn every_row_but_the_last_of_its_key_is_replaced(
        keys in proptest::collection::vec(proptest::option::of(1_i64..40), 1..120), at_once in 8_u64..130,
    ) {
        let rows = rows(vec![("id", numbers(keys.clone()))]);
        let (_folder, result) = frozen(std::slice::from_ref(&rows));
        let checked = check_in_parts(&result, &*object(&rows, &[]), at_once, &mut |_| {}).unwrap();
        let numbered = || keys.iter().zip(1_u64..).filter_map(|(key, row)| Some(((*key)?, row)));
        let last: BTreeMap<i64, u64> = numbered().collect();
        let want: Vec<u64> = numbered().filter(|(key, row)| last[key] != *row).map(|(_, row)| row).collect();
        prop_assert_eq!(superseded(&checked), want);
        let sendable = last.len() as u64;
        prop_assert_eq!(checked.rows, sendable + checked.refused + checked.superseded.len());
    }
}
