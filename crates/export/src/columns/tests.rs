//! Columns against the fields of an object: what is known, what is wrong, and the hint for each.
//!
//! Knows no rows.

use arrow::datatypes::{DataType, Field};
use expect_test::{Expect, expect};
use model::{ListChange, MembershipOperation};

use super::*;

const BY_KEY: Target = Target::Prospects { match_by: MatchBy::Key, lists: None::<ListChange> };
const BY_EMAIL: Target = Target::Prospects { match_by: MatchBy::Email, lists: None::<ListChange> };
const MEMBERSHIPS: Target = Target::ListMemberships { operation: MembershipOperation::Upsert };

fn schema(names: &[&str]) -> Schema {
    Schema::new(names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect::<Vec<_>>())
}

fn custom() -> [CustomField; 2] {
    ["Favourite_Colour", "Visits"].map(|name| CustomField { api_name: name.into() })
}

/// The columns as text, else the problems.
#[track_caller]
fn check(target: &Target, names: &[&str], want: &Expect) {
    let got = match columns_of(&schema(names), target, &custom()) {
        Ok(columns) => {
            let keys = format!("id {:?}, fid {:?}, email {:?}", columns.id, columns.fid, columns.email);
            columns.fields.iter().fold(keys, |text, column| {
                let v5 = column.v5.as_deref().unwrap_or("-");
                format!("{text}\n{} {} {:?} v5 {v5}", column.index, column.name, column.kind)
            })
        }
        Err(problems) => problems.to_string(),
    };
    want.assert_eq(&got);
}

#[test]
fn the_manuals_35_columns_are_known_with_their_types() {
    let names: Vec<&str> = field::FIELDS.iter().filter(|field| field.manual).map(|field| field.name).collect();
    assert_eq!(names.len(), 35);
    check(&BY_KEY, &names, &expect![""]);
}

#[test]
fn keys_and_custom_fields_in_any_order() {
    check(&BY_KEY, &["Visits", "email", "score", "Favourite_Colour", "fid"], &expect![""]);
    check(&BY_EMAIL, &["id", "email"], &expect![""]);
}

#[test]
fn every_wrong_column_is_told_at_once_with_the_nearest_name() {
    check(
        &BY_KEY,
        &[
            "email", "First_Name", "frist_name", "favourite_colour", "list_77", "list_", "opted_out", "created_at", "shoe_size",
            "score", "score", "",
        ],
        &expect![""],
    );
}

#[test]
fn a_key_is_needed() {
    check(&BY_KEY, &["first_name"], &expect![""]);
    check(&BY_EMAIL, &["id", "fid"], &expect![""]);
    check(&BY_KEY, &["Email"], &expect![""]);
    check(&BY_EMAIL, &["EMAIL", "first_name"], &expect![""]);
    check(&BY_KEY, &[], &expect![""]);
}

#[test]
fn memberships_are_two_columns_and_no_more() {
    check(&MEMBERSHIPS, &["list_id", "prospect_id"], &expect![""]);
    check(&MEMBERSHIPS, &["Prospect_Id", "list_id", "list_id", "first_name"], &expect![""]);
    check(&MEMBERSHIPS, &[], &expect![""]);
}

#[test]
fn the_custom_field_list_is_fetched_only_for_names_that_it_could_tell() {
    let cases: [(&Target, &[&str], &[&str]); 4] = [
        (&BY_KEY, &["id", "email", "opted_out", "is_archived"], &[]),
        (&BY_KEY, &["Email", "FIRST_NAME", "list_77"], &[]),
        (&BY_KEY, &["email", "Visits", "list_x", "shoe_size"], &["Visits", "list_x", "shoe_size"]),
        (&MEMBERSHIPS, &["Visits"], &[]),
    ];
    for (target, names, want) in cases {
        assert_eq!(unknown_columns(&schema(names), target), want, "{names:?}");
    }
}

#[test]
fn no_read_only_field_can_be_written() {
    for field in field::FIELDS.iter().filter(|field| field.access == Access::ReadOnly) {
        let problems = columns_of(&schema(&["id", field.name]), &BY_KEY, &[]).unwrap_err();
        assert_eq!(
            problems.to_string(),
            format!("column {}: is read-only in Pardot\n  hint: leave it out of the SELECT", field.name)
        );
    }
}
