//! Calls told from counts against calls packed from rows.
//!
//! Knows no client: what a run adds to the batches stands in the tables.

use arrow::array::RecordBatch;
use proptest::prelude::*;

use super::*;
use crate::check::check;
use crate::fixture::{frozen, numbers, object, plan, rows, texts};
use crate::pack::estimate;
use crate::run::first_way;

type Given = &'static [(&'static str, &'static str)];

const KEY: Given = &[];
const EMAIL: Given = &[("upsert_by_email", "true")];
const EMAIL_AND_LISTS: Given = &[("upsert_by_email", "true"), ("prospect_lists", "77")];
const PAYLOAD: Given = &[("max_payload", "5000")];
const MEMBERSHIPS: Given = &[("data_object", "list_memberships")];

fn learned(api_version: Option<u8>, batch_rows: Option<usize>) -> Learned {
    Learned { api_version, batch_rows }
}

#[test]
fn calls_before_the_rows_are_checked() {
    // Settings, rows, version and rows a batch that were learned, least, most.
    type Case = (Given, u64, Option<u8>, Option<usize>, u64, u64);
    let cases: &[Case] = &[
        (KEY, 0, None, None, 0, 0),
        (KEY, 1, Some(3), None, 1, 1),
        (KEY, 50, Some(3), None, 1, 1),
        (KEY, 51, Some(3), None, 2, 2),
        (KEY, 1_000_000, Some(3), None, 20_000, 20_000),
        // One look for the newest prospect, and one refusal of the wrong version.
        (KEY, 1_000_000, Some(4), None, 20_000, 20_001),
        (KEY, 1_000_000, None, None, 20_000, 20_002),
        (KEY, 1_000, Some(3), Some(12), 84, 84),
        (KEY, 1_000, Some(3), Some(0), 1_000, 1_000),
        (KEY, 1_000, Some(3), Some(400), 20, 20),
        (PAYLOAD, 1_000, Some(3), None, 20, 1_000),
        (PAYLOAD, 1_000, Some(4), None, 20, 1_001),
        (EMAIL, 1_000, Some(3), None, 20, 20),
        (EMAIL, 1_000, Some(4), None, 1_000, 1_000),
        (EMAIL, 1_000, None, None, 20, 1_001),
        (EMAIL_AND_LISTS, 1_000, Some(4), None, 1_020, 1_020),
        (EMAIL_AND_LISTS, 1_000, Some(4), Some(10), 1_100, 1_100),
        (EMAIL_AND_LISTS, 1_000, None, None, 20, 1_021),
        (MEMBERSHIPS, 0, None, None, 0, 0),
        (MEMBERSHIPS, 2, None, None, 2, 2),
        (MEMBERSHIPS, 3, None, None, 2, 4),
        (MEMBERSHIPS, 1_000, Some(4), None, 21, 1_001),
        (MEMBERSHIPS, 1_000, Some(4), Some(1), 1_000, 1_000),
        (KEY, u64::MAX, None, None, u64::MAX / 50 + 1, u64::MAX / 50 + 3),
        (EMAIL_AND_LISTS, u64::MAX, None, None, u64::MAX / 50 + 1, u64::MAX),
    ];
    for &(given, rows, version, batch_rows, least, most) in cases {
        let needed = calls_needed(&plan(given), rows, &learned(version, batch_rows));
        assert_eq!(needed, Needed { least, most }, "{given:?} {rows} {version:?} {batch_rows:?}");
    }
}

/// Emails that repeat, rows that cannot be sent, texts of any length.
fn some_prospects() -> impl Strategy<Value = RecordBatch> {
    let row = (proptest::option::weighted(0.9, 0_u32..200), "[a-z %\u{e9}]{0,120}");
    proptest::collection::vec(row, 0..230).prop_map(|given| {
        let emails: Vec<Option<String>> =
            given.iter().map(|(name, _)| name.map(|name| format!("kim{name}@example.com"))).collect();
        rows(vec![
            ("email", texts(emails.iter().map(Option::as_deref))),
            ("first_name", texts(given.iter().map(|(_, name)| name.as_str()))),
        ])
    })
}

fn some_memberships() -> impl Strategy<Value = RecordBatch> {
    let row = (proptest::option::weighted(0.9, 1_i64..60), 1_i64..40);
    proptest::collection::vec(row, 0..230).prop_map(|given| {
        let (prospects, lists): (Vec<Option<i64>>, Vec<i64>) = given.into_iter().unzip();
        rows(vec![("prospect_id", numbers(prospects)), ("list_id", numbers(lists))])
    })
}

/// What is told from counts holds for what is packed from the rows.
fn holds(batch: &RecordBatch, given: &[(&str, &str)], learned: &Learned) -> Result<(), TestCaseError> {
    let (_folder, result) = frozen(std::slice::from_ref(batch));
    let (plan, object) = (plan(given), object(batch, given));
    let checked = check(&result, &*object, &mut |_| {}).unwrap();
    let way = first_way(&plan.target, &*object, learned, &checked);
    let packed = estimate(&result, &*object, &plan.delivery, learned, &checked, way, &mut |_| {}).unwrap();
    prop_assert_eq!(packed.rows, checked.leaving());
    let before = calls_needed(&plan, result.rows(), learned);
    prop_assert!(packed.calls <= before.most, "{:?} {:?}", packed, before);
    prop_assert!(before.least <= before.most);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn prospects_take_no_more_calls_than_told(
        rows in some_prospects(), lists in any::<bool>(), by_email in any::<bool>(), uri in any::<bool>(),
        payload in proptest::option::of(60_usize..6_000), version in proptest::option::of(3_u8..=4),
        batch_rows in proptest::option::of(1_usize..=60),
    ) {
        let payload = payload.map(|payload| payload.to_string());
        let mut given = vec![("upsert_by_email", if by_email { "true" } else { "false" })];
        if lists { given.push(("prospect_lists", "77,78")); }
        if uri { given.push(("batch_carrier", "uri")); }
        if let Some(payload) = &payload { given.push(("max_payload", payload)); }
        holds(&rows, &given, &learned(version, batch_rows))?;
    }

    #[test]
    fn memberships_take_no_more_calls_than_told(
        rows in some_memberships(), version in proptest::option::of(3_u8..=4),
        batch_rows in proptest::option::of(1_usize..=60),
    ) {
        holds(&rows, MEMBERSHIPS, &learned(version, batch_rows))?;
    }
}
