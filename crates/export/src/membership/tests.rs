//! Pairs of prospect and list: what is sent, what is refused, and what may not run at once.
//!
//! Knows no batch.

use arrow::array::RecordBatch;
use expect_test::{Expect, expect};

use super::*;
use crate::fixture::{encoded, numbers, object, records, rows, texts};

const UPSERT: &[(&str, &str)] = &[("data_object", "list_memberships")];
const DELETE: &[(&str, &str)] = &[("data_object", "list_memberships"), ("list_membership_operation", "delete")];

fn pairs(prospects: &[i64], lists: &[i64]) -> RecordBatch {
    // The other way round than the fields of the object.
    rows(vec![("list_id", numbers(lists.to_vec())), ("prospect_id", numbers(prospects.to_vec()))])
}

#[track_caller]
fn check(given: &[(&str, &str)], want: &Expect) {
    let rows = pairs(&[501], &[77]);
    let object = object(&rows, given);
    let record = &records(&*object, &rows)[0];
    let lines = [ApiVersion::V3, ApiVersion::V4].map(|version| {
        let item = object.item(record, version).unwrap();
        format!("v{version} {:?} [{}] {}", object.operation(), item.identifier, item.attributes)
    });
    want.assert_eq(&lines.join("\n"));
}

#[test]
fn wire_forms() {
    check(
        UPSERT,
        &expect![[r#"
        v3 Update [501] {"list_77":1}
        v4 Update [] {"id":501,"list_77":1}"#]],
    );
    check(
        DELETE,
        &expect![[r#"
        v3 Update [501] {"list_77":0}
        v4 Update [] {"id":501,"list_77":0}"#]],
    );
}

#[test]
fn nothing_is_inserted_and_nothing_goes_through_v5() {
    let rows = pairs(&[501], &[77]);
    let object = object(&rows, UPSERT);
    let record = &records(&*object, &rows)[0];
    for way in [Way::Batch(ApiVersion::V3), Way::Batch(ApiVersion::V4), Way::LatestByEmail, Way::Pairs] {
        assert!(!object.inserts(record, way));
    }
    assert!(object.lists().is_none() && object.latest_by_email(record).is_none() && object.not_in_v5().is_empty());
}

#[test]
fn a_pair_is_a_key_and_a_prospect_is_a_guard() {
    let rows = pairs(&[501, 501, 50, 501], &[77, 78, 177, 77]);
    let records = records(&*object(&rows, UPSERT), &rows);
    let keys: Vec<Key> = records.iter().map(|record| record.key).collect();
    assert_eq!(keys[0], keys[3]);
    assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys[1] != keys[2]);
    // 501 and 77 must not be mistaken for 50 and 177.
    let guards: Vec<[u64; 2]> = records.iter().map(|record| record.guards).collect();
    assert_eq!(guards[0], guards[1]);
    assert_ne!(guards[0], guards[2]);
}

#[test]
fn refusals_name_column_and_rule() {
    let rows = rows(vec![
        (
            "prospect_id",
            texts([Some("501"), None, Some(""), Some("0"), Some("kim"), Some("501"), Some("9223372036854775808")]),
        ),
        ("list_id", texts([Some("7.0"), Some("77"), Some("77"), Some("77"), Some("77"), Some("-77"), Some("77")])),
    ]);
    let lines: Vec<String> = encoded(&*object(&rows, UPSERT), &rows)
        .into_iter()
        .map(|record| match record {
            Ok(record) => format!("{:?}", (record.row, record.body)),
            Err(rejection) => {
                format!("{} {}: {}", rejection.row, rejection.column.unwrap_or_default(), rejection.reason)
            }
        })
        .collect();
    expect![[r#"
        (1, Membership(..))
        2 prospect_id: is required
        3 prospect_id: is required
        4 prospect_id: must be a positive whole number
        5 prospect_id: must be a whole number
        6 list_id: must be a positive whole number
        7 prospect_id: is too large for a whole number of 64 bits"#]]
    .assert_eq(&lines.join("\n"));
}
