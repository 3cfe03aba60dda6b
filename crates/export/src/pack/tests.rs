//! Batches at their bounds: 50 rows, the payload to the byte in body and URI, and what the real call then measures.
//!
//! Knows no ledger.

use arrow::array::RecordBatch;
use pardot::batch::ProspectBatch;
use pardot::{Repeat, Request};
use proptest::prelude::*;

use super::*;
use crate::check::check;
use crate::fixture::{frozen, numbers, object, plan, records, rows, texts};

const CARRIERS: [Carrier; 2] = [Carrier::Body, Carrier::Uri];
const VERSIONS: [ApiVersion; 2] = [ApiVersion::V3, ApiVersion::V4];

fn delivery(carrier: Carrier, max_payload: Option<usize>) -> Delivery {
    Delivery { lanes: 1, carrier, max_payload }
}

fn bounds(object: &dyn DataObject, carrier: Carrier, version: ApiVersion, max_payload: Option<usize>) -> Bounds {
    Bounds::of(&delivery(carrier, max_payload), object, Way::Batch(version), None)
}

/// Emails of one length, so that every item has one length.
fn even(count: usize) -> RecordBatch {
    let emails: Vec<String> = (0..count).map(|row| format!("kim{row:04}@example.com")).collect();
    rows(vec![("email", texts(emails.iter().map(String::as_str)))])
}

/// The length of the payload as it really leaves.
fn sent(object: &dyn DataObject, records: &[Record], carrier: Carrier, version: ApiVersion) -> usize {
    let items = records.iter().map(|record| object.item(record, version).unwrap()).collect();
    let operation = object.operation();
    let batch = ProspectBatch { version, operation, carrier: super::carrier(carrier), items, repeat: Repeat::Freely };
    let call = batch.call();
    match carrier {
        Carrier::Body => call.body.len(),
        Carrier::Uri => call.target.len(),
    }
}

fn packed(object: &dyn DataObject, records: Vec<Record>, bounds: &Bounds) -> Vec<Vec<Record>> {
    let mut packer = Packer::default();
    let mut batches: Vec<Vec<Record>> =
        records.into_iter().filter_map(|record| packer.push(record, object, bounds)).collect();
    batches.extend(packer.finish());
    assert!(packer.finish().is_none());
    batches
}

fn sizes(batches: &[Vec<Record>]) -> Vec<usize> {
    batches.iter().map(Vec::len).collect()
}

/// A payload that is just long enough for `count` rows takes them; one byte less takes one row less.
#[test]
fn the_payload_is_exact_to_the_byte() {
    let rows = even(9);
    let object = object(&rows, &[("prospect_lists", "77")]);
    let records = records(&*object, &rows);
    for carrier in CARRIERS {
        for version in VERSIONS {
            let items: Vec<Item> = records.iter().map(|record| object.item(record, version).unwrap()).collect();
            for count in 1..=9 {
                let exact = sent(&*object, &records[..count], carrier, version);
                for (most, want) in [(exact - 1, (count - 1).max(1)), (exact, count), (exact + 1, count)] {
                    let bounds = bounds(&*object, carrier, version, Some(most));
                    assert_eq!(bounds.fit(&items), want, "{carrier:?} {version} {count} rows, {most} bytes");
                    let batches = packed(&*object, records.clone(), &bounds);
                    assert_eq!(batches[0].len(), want, "{carrier:?} {version} {count} rows, {most} bytes");
                }
            }
        }
    }
}

#[test]
fn fifty_rows_at_most() {
    let learned = |rows| move |bounds: Bounds| Bounds { rows, ..bounds };
    let cases: [(usize, usize, &[usize]); 6] = [
        (49, 50, &[49]),
        (50, 50, &[50]),
        (51, 50, &[50, 1]),
        (100, 50, &[50, 50]),
        (5, 2, &[2, 2, 1]),
        (3, 1, &[1, 1, 1]),
    ];
    for (count, most, want) in cases {
        let rows = even(count);
        let object = object(&rows, &[]);
        let records = records(&*object, &rows);
        for payload in [None, Some(50_000_000)] {
            let bounds = learned(most)(bounds(&*object, Carrier::Body, ApiVersion::V4, payload));
            assert_eq!(sizes(&packed(&*object, records.clone(), &bounds)), want, "{count} rows, {most} a batch");
        }
    }
}

#[test]
fn what_was_learned_bounds_the_rows() {
    let rows = even(1);
    let object = object(&rows, &[]);
    let rows =
        |learned| Bounds::of(&delivery(Carrier::Uri, Some(5000)), &*object, Way::Batch(ApiVersion::V4), learned).rows;
    assert_eq!([None, Some(0), Some(1), Some(12), Some(50), Some(400)].map(rows), [50, 1, 1, 12, 50, 50]);
}

#[test]
fn a_payload_bounds_batches_alone() {
    let rows = even(1);
    let object = object(&rows, &[("upsert_by_email", "true")]);
    let payload =
        |way| Bounds::of(&delivery(Carrier::Body, Some(9)), &*object, way, None).payload.map(|(most, _)| most);
    let ways = [Way::Batch(ApiVersion::V3), Way::Batch(ApiVersion::V4), Way::LatestByEmail, Way::Pairs];
    assert_eq!(ways.map(payload), [Some(9), Some(9), None, None]);
}

#[test]
fn a_row_longer_than_the_payload_goes_alone() {
    let long = "x".repeat(400);
    let rows = rows(vec![("id", numbers(1..=5)), ("comments", texts(["a", "b", long.as_str(), "c", "d"]))]);
    let object = object(&rows, &[]);
    let records = records(&*object, &rows);
    let bounds = bounds(&*object, Carrier::Body, ApiVersion::V4, Some(300));
    let batches = packed(&*object, records, &bounds);
    assert_eq!(sizes(&batches), [2, 1, 2]);
    assert!(sent(&*object, &batches[1], Carrier::Body, ApiVersion::V4) > 300);
}

#[test]
fn nothing_packs_to_nothing() {
    let rows = even(0);
    let object = object(&rows, &[]);
    assert!(packed(&*object, Vec::new(), &bounds(&*object, Carrier::Uri, ApiVersion::V4, Some(100))).is_empty());
    assert_eq!(bounds(&*object, Carrier::Uri, ApiVersion::V4, Some(100)).fit(&[]), 0);
}

fn estimated(rows: &RecordBatch, given: &[(&str, &str)], way: Way) -> (Estimate, Vec<u64>) {
    let (_folder, result) = frozen(std::slice::from_ref(rows));
    let object = object(rows, given);
    let checked = check(&result, &*object, &mut |_| {}).unwrap();
    let mut rejected = Vec::new();
    let keep = &mut |rejection: Rejection| rejected.push(rejection.row);
    let estimate =
        estimate(&result, &*object, &plan(given).delivery, &Learned::default(), &checked, way, keep).unwrap();
    assert_eq!(rejected.len() as u64, checked.refused);
    assert_eq!(estimate.rows + checked.refused + checked.superseded.len(), checked.rows, "every row has one end");
    (estimate, rejected)
}

#[test]
fn an_estimate_counts_calls_and_batches() {
    let emails: Vec<Option<String>> =
        (0..121).map(|row| (row != 60).then(|| format!("kim{}@example.com", row % 110))).collect();
    let rows = rows(vec![("email", texts(emails.iter().map(Option::as_deref)))]);
    let lists: &[(&str, &str)] = &[("prospect_lists", "77")];
    // 121 rows, 1 without a key, 11 replaced by a later one.
    let cases = [
        (&[] as &[(&str, &str)], Way::Batch(ApiVersion::V4), Estimate { rows: 109, calls: 3, batches: 3 }),
        (lists, Way::Batch(ApiVersion::V3), Estimate { rows: 109, calls: 3, batches: 3 }),
        (&[], Way::LatestByEmail, Estimate { rows: 109, calls: 109, batches: 0 }),
        (lists, Way::LatestByEmail, Estimate { rows: 109, calls: 112, batches: 3 }),
    ];
    for (given, way, want) in cases {
        assert_eq!(estimated(&rows, given, way), (want, vec![61]), "{given:?} {way:?}");
    }
    let pairs = crate::fixture::rows(vec![("prospect_id", numbers(1..=60)), ("list_id", numbers([77; 60]))]);
    let memberships: &[(&str, &str)] = &[("data_object", "list_memberships")];
    assert_eq!(estimated(&pairs, memberships, Way::Pairs).0, Estimate { rows: 60, calls: 60, batches: 0 });
    let batched = estimated(&pairs, memberships, Way::Batch(ApiVersion::V4)).0;
    assert_eq!(batched, Estimate { rows: 60, calls: 3, batches: 2 }, "and one look at the list");
}

fn some_rows() -> impl Strategy<Value = RecordBatch> {
    let row = ("[a-z+%&\"\u{e9}]{1,20}", proptest::option::of("[a-z \u{e9}\u{4e2d}\"]{0,90}"), any::<bool>());
    proptest::collection::vec(row, 0..130).prop_map(|given| {
        let emails: Vec<String> = given.iter().enumerate().map(|(at, (name, ..))| format!("{name}{at}@x.io")).collect();
        rows(vec![
            ("email", texts(emails.iter().map(String::as_str))),
            ("id", numbers(given.iter().enumerate().map(|(at, (.., id))| id.then_some(at as i64 + 1)))),
            ("first_name", texts(given.iter().map(|(_, name, _)| name.as_deref()))),
        ])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Every row once and in order; no batch longer than allowed unless it is one row; none shorter than it could be;
    /// and the length that was computed is the one that leaves.
    #[test]
    fn batches_keep_the_law(
        rows in some_rows(), lists in any::<bool>(), most in proptest::option::of(60_usize..6_000), uri in any::<bool>(),
        v3 in any::<bool>(), learned in 1_usize..=50,
    ) {
        let carrier = CARRIERS[usize::from(uri)];
        let object = object(&rows, if lists { &[("prospect_lists", "77,78")] } else { &[] });
        let version = VERSIONS[usize::from(!v3)];
        let records = records(&*object, &rows);
        let bounds = Bounds { rows: learned, ..bounds(&*object, carrier, version, most) };
        let batches = packed(&*object, records.clone(), &bounds);
        let flat: Vec<u64> = batches.iter().flatten().map(|record| record.row).collect();
        prop_assert_eq!(flat, records.iter().map(|record| record.row).collect::<Vec<_>>());
        for (at, batch) in batches.iter().enumerate() {
            let items: Vec<Item> = batch.iter().map(|record| object.item(record, version).unwrap()).collect();
            let computed = batch::base_len(version, object.operation(), super::carrier(carrier))
                + items.iter().map(|item| batch::item_len(version, item)).sum::<usize>()
                + batch::SEPARATOR_LEN * (items.len() - 1);
            let real = sent(&*object, batch, carrier, version);
            prop_assert_eq!(real, computed);
            prop_assert!(batch.len() <= learned);
            prop_assert!(batch.len() == 1 || real <= most.unwrap_or(usize::MAX));
            prop_assert_eq!(bounds.fit(&items), batch.len());
            if let Some(next) = batches.get(at + 1) {
                let more: Vec<Record> = batch.iter().chain(next.first()).cloned().collect();
                let longer = sent(&*object, &more, carrier, version);
                prop_assert!(batch.len() == learned || longer > most.unwrap_or(usize::MAX));
            }
        }
    }
}
