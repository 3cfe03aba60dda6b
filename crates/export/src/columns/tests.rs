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
    check(
        &BY_KEY,
        &names,
        &expect![[r#"
        id Some(0), fid Some(1), email Some(2)
        3 campaign_id Id v5 campaignId
        4 salutation Text v5 salutation
        5 first_name Text v5 firstName
        6 last_name Text v5 lastName
        7 password Text v5 -
        8 company Text v5 company
        9 prospect_account_id Id v5 prospectAccountId
        10 website Text v5 website
        11 job_title Text v5 jobTitle
        12 department Text v5 department
        13 country Text v5 country
        14 address_one Text v5 addressOne
        15 address_two Text v5 addressTwo
        16 city Text v5 city
        17 state Text v5 state
        18 territory Text v5 territory
        19 zip Text v5 zip
        20 phone Text v5 phone
        21 fax Text v5 fax
        22 source Text v5 source
        23 annual_revenue Text v5 annualRevenue
        24 employees Text v5 employees
        25 industry Text v5 industry
        26 years_in_business Text v5 yearsInBusiness
        27 comments Text v5 comments
        28 notes Text v5 notes
        29 score Integer v5 score
        30 is_do_not_email Boolean v5 isDoNotEmail
        31 is_do_not_call Boolean v5 isDoNotCall
        32 is_reviewed Boolean v5 isReviewed
        33 is_starred Boolean v5 isStarred
        34 is_archived Boolean v5 -"#]],
    );
}

#[test]
fn keys_and_custom_fields_in_any_order() {
    check(
        &BY_KEY,
        &["Visits", "email", "score", "Favourite_Colour", "fid"],
        &expect![[r#"
        id None, fid Some(4), email Some(1)
        0 Visits Custom v5 Visits__c
        2 score Integer v5 score
        3 Favourite_Colour Custom v5 Favourite_Colour__c"#]],
    );
    check(&BY_EMAIL, &["id", "email"], &expect!["id Some(0), fid None, email Some(1)"]);
}

#[test]
fn every_wrong_column_is_told_at_once_with_the_nearest_name() {
    check(
        &BY_KEY,
        &[
            "email",
            "First_Name",
            "frist_name",
            "favourite_colour",
            "list_77",
            "list_",
            "opted_out",
            "created_at",
            "shoe_size",
            "score",
            "score",
            "",
        ],
        &expect![[r#"
            column score: stands twice in the result
              hint: give one of them another name
            column First_Name: is no field of a prospect
              hint: names are case-sensitive: write AS first_name
            column frist_name: is no field of a prospect
              hint: did you mean first_name?
            column favourite_colour: is no field of a prospect
              hint: names are case-sensitive: write AS Favourite_Colour
            column list_77: is no field of a prospect
              hint: lists are named by the setting prospect_lists
            column list_: is no field of a prospect
              hint: see `sluice fields` for the fields of your account
            column opted_out: is read-only in Pardot
              hint: leave it out of the SELECT
            column created_at: is read-only in Pardot
              hint: leave it out of the SELECT
            column shoe_size: is no field of a prospect
              hint: see `sluice fields` for the fields of your account
            column : is no field of a prospect
              hint: see `sluice fields` for the fields of your account"#]],
    );
}

#[test]
fn a_key_is_needed() {
    check(
        &BY_KEY,
        &["first_name"],
        &expect![[r#"
        columns: no key: the result has no column id, fid or email
          hint: select the column that says which prospect a row is about"#]],
    );
    check(
        &BY_EMAIL,
        &["id", "fid"],
        &expect![[r#"
        columns: no key: the result has no column email (upsert_by_email is true)
          hint: select the column that says which prospect a row is about"#]],
    );
    check(
        &BY_EMAIL,
        &["Id"],
        &expect![[r#"
        column Id: is no field of a prospect
          hint: names are case-sensitive: write AS id
        columns: no key: the result has no column email (upsert_by_email is true)
          hint: select the column that says which prospect a row is about"#]],
    );
    check(
        &BY_KEY,
        &["Email"],
        &expect![[r#"
        column Email: is no field of a prospect
          hint: names are case-sensitive: write AS email"#]],
    );
    check(
        &BY_EMAIL,
        &["EMAIL", "first_name"],
        &expect![[r#"
        column EMAIL: is no field of a prospect
          hint: names are case-sensitive: write AS email"#]],
    );
    check(
        &BY_KEY,
        &[],
        &expect![[r#"
        columns: no key: the result has no column id, fid or email
          hint: select the column that says which prospect a row is about"#]],
    );
}

#[test]
fn memberships_are_two_columns_and_no_more() {
    check(
        &MEMBERSHIPS,
        &["list_id", "prospect_id"],
        &expect![[r#"
        id None, fid None, email None
        1 prospect_id Id v5 -
        0 list_id Id v5 -"#]],
    );
    check(
        &MEMBERSHIPS,
        &["Prospect_Id", "list_id", "list_id", "first_name"],
        &expect![[r#"
        column list_id: stands twice in the result
          hint: give one of them another name
        column prospect_id: is required for list_memberships
          hint: SELECT … AS prospect_id
        column Prospect_Id: is no field of a list membership
          hint: did you mean prospect_id?
        column first_name: is no field of a list membership
          hint: select prospect_id and list_id alone"#]],
    );
    check(
        &MEMBERSHIPS,
        &[],
        &expect![[r#"
        column prospect_id: is required for list_memberships
          hint: SELECT … AS prospect_id
        column list_id: is required for list_memberships
          hint: SELECT … AS list_id"#]],
    );
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
