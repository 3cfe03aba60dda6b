//! Rows as prospects: keys, wire forms of versions 3, 4 and 5, refusals, and the 7,500 characters.
//!
//! Knows no batch.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, RecordBatch};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::fixture::{encoded, numbers, object as object_with, records, rows, texts};

const BY_KEY: &[(&str, &str)] = &[];
const BY_EMAIL: &[(&str, &str)] = &[("upsert_by_email", "true")];

/// id, fid and email of each row, and a first name.
fn keyed(keys: &[(Option<i64>, Option<&str>, Option<&str>)]) -> RecordBatch {
    rows(vec![
        ("id", numbers(keys.iter().map(|(id, _, _)| *id))),
        ("fid", texts(keys.iter().map(|(_, fid, _)| *fid))),
        ("email", texts(keys.iter().map(|(_, _, email)| *email))),
        ("first_name", texts(keys.iter().map(|_| "Ada"))),
    ])
}

fn every_key() -> RecordBatch {
    let (id, fid, email) = (Some(501), Some("00Q5e000004ABCD"), Some("Ada@Example.com"));
    keyed(&[
        (id, fid, email),
        (id, None, email),
        (id, None, None),
        (None, fid, email),
        (None, fid, None),
        (None, None, email),
        (None, Some(""), Some(" ")),
    ])
}

fn refusal(rejection: &Rejection) -> String {
    let column = rejection.column.as_deref().unwrap_or("-");
    format!("row {} {column}: {} ({})", rejection.row, rejection.reason, rejection.hint.as_deref().unwrap_or("-"))
}

/// A line a row and version: the item, or why there is none.
#[track_caller]
fn check(rows: &RecordBatch, given: &[(&str, &str)], want: &Expect) {
    let object = object_with(rows, given);
    let mut lines = Vec::new();
    for record in encoded(&*object, rows) {
        let record = match record {
            Ok(record) => record,
            Err(rejection) => {
                lines.push(refusal(&rejection));
                continue;
            }
        };
        for version in [ApiVersion::V3, ApiVersion::V4] {
            lines.push(match object.item(&record, version) {
                Ok(item) => format!("{} v{version} [{}] {}", record.row, item.identifier, item.attributes),
                Err(rejection) => format!("v{version} {}", refusal(&rejection)),
            });
        }
    }
    want.assert_eq(&lines.join("\n"));
}

#[test]
fn wire_forms_by_key() {
    check(
        &every_key(),
        BY_KEY,
        &expect![[r#"
        1 v3 [501] {"fid":"00Q5e000004ABCD","email":"Ada@Example.com","first_name":"Ada"}
        1 v4 [] {"id":501,"fid":"00Q5e000004ABCD","email":"Ada@Example.com","first_name":"Ada"}
        2 v3 [501] {"email":"Ada@Example.com","first_name":"Ada"}
        2 v4 [] {"id":501,"email":"Ada@Example.com","first_name":"Ada"}
        3 v3 [501] {"first_name":"Ada"}
        3 v4 [] {"id":501,"first_name":"Ada"}
        4 v3 [Ada@Example.com] {"fid":"00Q5e000004ABCD","first_name":"Ada"}
        4 v4 [] {"fid":"00Q5e000004ABCD","email":"Ada@Example.com","first_name":"Ada"}
        v3 row 5 fid: fid alone finds no prospect on this business unit (where emails are unique, Pardot (version 3) matches by id or email: add one of them)
        5 v4 [] {"fid":"00Q5e000004ABCD","first_name":"Ada"}
        6 v3 [Ada@Example.com] {"first_name":"Ada"}
        6 v4 [] {"email":"Ada@Example.com","first_name":"Ada"}
        row 7 -: has no key (give the row an id, a fid or an email)"#]],
    );
}

#[test]
fn wire_forms_by_email() {
    check(
        &every_key(),
        BY_EMAIL,
        &expect![[r#"
        1 v3 [Ada@Example.com] {"fid":"00Q5e000004ABCD","first_name":"Ada"}
        1 v4 [] {"fid":"00Q5e000004ABCD","email":"Ada@Example.com","first_name":"Ada"}
        2 v3 [Ada@Example.com] {"first_name":"Ada"}
        2 v4 [] {"email":"Ada@Example.com","first_name":"Ada"}
        row 3 email: has no key (upsert_by_email is true: every row needs an email)
        4 v3 [Ada@Example.com] {"fid":"00Q5e000004ABCD","first_name":"Ada"}
        4 v4 [] {"fid":"00Q5e000004ABCD","email":"Ada@Example.com","first_name":"Ada"}
        row 5 email: has no key (upsert_by_email is true: every row needs an email)
        6 v3 [Ada@Example.com] {"first_name":"Ada"}
        6 v4 [] {"email":"Ada@Example.com","first_name":"Ada"}
        row 7 email: has no key (upsert_by_email is true: every row needs an email)"#]],
    );
}

#[test]
fn lists_ride_along() {
    let rows = keyed(&[(Some(501), None, None), (None, None, Some("ada@example.com"))]);
    check(
        &rows,
        &[("prospect_lists", "78,77")],
        &expect![[r#"
        1 v3 [501] {"first_name":"Ada","list_77":1,"list_78":1}
        1 v4 [] {"id":501,"first_name":"Ada","list_77":1,"list_78":1}
        2 v3 [ada@example.com] {"first_name":"Ada","list_77":1,"list_78":1}
        2 v4 [] {"email":"ada@example.com","first_name":"Ada","list_77":1,"list_78":1}"#]],
    );
    check(
        &rows,
        &[("prospect_lists", "77"), ("prospect_list_operation", "remove")],
        &expect![[r#"
        1 v3 [501] {"first_name":"Ada","list_77":0}
        1 v4 [] {"id":501,"first_name":"Ada","list_77":0}
        2 v3 [ada@example.com] {"first_name":"Ada","list_77":0}
        2 v4 [] {"email":"ada@example.com","first_name":"Ada","list_77":0}"#]],
    );
    let alone = rows_of_one("id", numbers([501]));
    check(
        &alone,
        &[("prospect_lists", "77")],
        &expect![[r#"
        1 v3 [501] {"list_77":1}
        1 v4 [] {"id":501,"list_77":1}"#]],
    );
    let object = object_with(&rows, &[("prospect_lists", "78,77"), ("prospect_list_operation", "remove")]);
    assert_eq!(object.lists(), Some((vec![ListId(77), ListId(78)], false)));
    assert_eq!(object_with(&rows, BY_KEY).lists(), None);
}

fn rows_of_one(name: &str, column: ArrayRef) -> RecordBatch {
    rows(vec![(name, column)])
}

#[test]
fn null_is_not_sent_and_the_empty_text_clears() {
    let rows = rows(vec![
        ("salutation", texts([None, Some(""), Some("Dr")])),
        ("id", numbers([1, 2, 3])),
        ("score", texts([None, Some(""), Some("25.0")])),
        ("is_do_not_email", texts([None, Some(""), Some("yes")])),
        ("Favourite_Colour", texts([None, Some(""), Some("teal")])),
        ("Visits", Arc::new(Float64Array::from(vec![None, Some(2.0), Some(2.5)]))),
    ]);
    check(
        &rows,
        BY_KEY,
        &expect![[r#"
        1 v3 [1] {}
        1 v4 [] {"id":1}
        2 v3 [2] {"salutation":"","score":"","is_do_not_email":"","Favourite_Colour":"","Visits":2}
        2 v4 [] {"id":2,"salutation":"","score":"","is_do_not_email":"","Favourite_Colour":"","Visits":2}
        3 v3 [3] {"salutation":"Dr","score":25,"is_do_not_email":1,"Favourite_Colour":"teal","Visits":2.5}
        3 v4 [] {"id":3,"salutation":"Dr","score":25,"is_do_not_email":1,"Favourite_Colour":"teal","Visits":2.5}"#]],
    );
}

#[test]
fn keys_from_other_types() {
    check(
        &rows_of_one("id", texts([Some("501"), Some(" 502 "), Some("0"), None, Some("")])),
        BY_KEY,
        &expect![[r#"
        1 v3 [501] {}
        1 v4 [] {"id":501}
        2 v3 [502] {}
        2 v4 [] {"id":502}
        row 3 id: must be a positive whole number (Pardot ids start at 1)
        row 4 -: has no key (give the row an id, a fid or an email)
        row 5 -: has no key (give the row an id, a fid or an email)"#]],
    );
    check(
        &rows_of_one("id", Arc::new(Float64Array::from(vec![501.0, 501.5]))),
        BY_KEY,
        &expect![[r#"
        1 v3 [501] {}
        1 v4 [] {"id":501}
        row 2 id: must be a whole number (round or CAST it in the query; a number with a fraction or letters is never cut)"#]],
    );
    check(
        &rows_of_one("email", numbers([7])),
        BY_KEY,
        &expect![[r#"
        v3 row 1 email: is a number, which Pardot would take for a prospect id (select the address as email, and ids as id)
        1 v4 [] {"email":"7"}"#]],
    );
    check(
        &rows_of_one("email", texts([" 501 ", "501a"])),
        BY_KEY,
        &expect![[r#"
            v3 row 1 email: is a number, which Pardot would take for a prospect id (select the address as email, and ids as id)
            1 v4 [] {"email":"501"}
            2 v3 [501a] {}
            2 v4 [] {"email":"501a"}"#]],
    );
    check(
        &rows_of_one("fid", numbers([7])),
        BY_KEY,
        &expect![[r#"
        v3 row 1 fid: fid alone finds no prospect on this business unit (where emails are unique, Pardot (version 3) matches by id or email: add one of them)
        1 v4 [] {"fid":"7"}"#]],
    );
    check(
        &rows_of_one("email", texts(["a\"b\\@example.com"])),
        BY_KEY,
        &expect![[r#"
        1 v3 [a"b\@example.com] {}
        1 v4 [] {"email":"a\"b\\@example.com"}"#]],
    );
}

#[test]
fn refusals_name_column_and_rule_and_never_the_value() {
    let rows = rows(vec![
        ("id", texts(["501x", "-1", "1", "1", "1", "1", "1"])),
        (
            "email",
            texts([
                "kim@example.com",
                "kim@example.com",
                "kim\u{7}@example.com",
                "k@x.io",
                "k@x.io",
                "k@x.io",
                "k@x.io",
            ]),
        ),
        ("score", texts(["1", "1", "1", "12x", "9999999999999999999", "1", "1"])),
        ("is_starred", texts(["1", "1", "1", "1", "1", "kim", "1"])),
        ("campaign_id", texts(["1", "1", "1", "1", "1", "1", "-4711"])),
    ]);
    let object = object_with(&rows, BY_KEY);
    let rejections: Vec<Rejection> = encoded(&*object, &rows).into_iter().map(Result::unwrap_err).collect();
    let lines: Vec<String> = rejections.iter().map(refusal).collect();
    expect![[r#"
        row 1 id: must be a whole number (round or CAST it in the query; a number with a fraction or letters is never cut)
        row 2 id: must be a positive whole number (Pardot ids start at 1)
        row 3 email: has a control character (strip it in the query, for example with regexp_replace)
        row 4 score: must be a whole number (round or CAST it in the query; a number with a fraction or letters is never cut)
        row 5 score: is too large for a whole number of 64 bits (check the column in the query)
        row 6 is_starred: must be a truth value (true, false, yes, no, y, n, t, f, on, off, 1 and 0 are understood)
        row 7 campaign_id: must be a positive whole number (Pardot ids start at 1)"#]].assert_eq(&lines.join("\n"));
    let all = serde_json::to_string(&rejections).unwrap();
    for value in ["501x", "kim", "12x", "9999999999999999999", "4711"] {
        assert!(!all.contains(value), "{value}");
    }
}

/// Rows that are about the same prospect, and rows that must not be under way at once.
#[test]
fn keys_are_id_else_fid_else_email() {
    let rows = keyed(&[
        (Some(501), Some("00Q"), Some("ada@example.com")),
        (Some(501), None, None),
        (None, Some("00Q"), Some("ada@example.com")),
        (None, None, Some(" ADA@example.com")),
        (None, None, Some("ada@example.com")),
    ]);
    let classes = |given| {
        let object = object_with(&rows, given);
        let keys: Vec<Key> =
            encoded(&*object, &rows).into_iter().filter_map(Result::ok).map(|record| record.key).collect();
        keys.iter().map(|key| keys.iter().position(|first| first == key).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(classes(BY_KEY), [0, 0, 2, 3, 3]);
    // Row 2 has no email and is refused.
    assert_eq!(classes(BY_EMAIL), [0, 0, 0, 0]);

    let records = records(&*object_with(&rows, BY_KEY), &rows);
    let share = |a: usize, b: usize| records[a].guards.iter().any(|guard| records[b].guards.contains(guard));
    assert!(share(0, 1), "the same id");
    assert!(share(0, 2) && share(0, 3) && share(2, 4), "the same email");
    assert!(!share(1, 2) && !share(1, 3), "nothing in common");
}

#[test]
fn only_an_email_alone_inserts_in_version_4() {
    let rows = every_key();
    for (given, want) in
        [(BY_KEY, vec![false, false, false, false, false, true]), (BY_EMAIL, vec![false, true, false, true])]
    {
        let object = object_with(&rows, given);
        let records: Vec<Record> = encoded(&*object, &rows).into_iter().filter_map(Result::ok).collect();
        let inserts = |way| records.iter().map(|record| object.inserts(record, way)).collect::<Vec<_>>();
        assert_eq!(inserts(Way::Batch(ApiVersion::V4)), want, "{given:?}");
        assert!(!inserts(Way::Batch(ApiVersion::V3)).contains(&true));
        assert!(!inserts(Way::LatestByEmail).contains(&true));
    }
}

#[test]
fn version_5_by_email() {
    let rows = rows(vec![
        ("id", numbers([Some(501), None])),
        ("fid", texts([Some("00Q5e\"004ABCD"), None])),
        ("email", texts(["Ada@Example.com", "kim@example.com"])),
        ("first_name", texts([Some("Ada"), Some("")])),
        ("score", numbers([Some(25), None])),
        ("is_do_not_call", Arc::new(BooleanArray::from(vec![Some(true), Some(false)]))),
        ("is_starred", texts([Some("no"), None])),
        ("campaign_id", texts([Some("7"), None])),
        ("Favourite_Colour", texts([Some("teal"), None])),
        ("Visits", numbers([Some(1), None])),
    ]);
    let object = object_with(&rows, BY_EMAIL);
    let lines: Vec<String> = records(&*object, &rows)
        .iter()
        .filter_map(|record| object.latest_by_email(record))
        .map(|(email, prospect)| format!("{email} {prospect}"))
        .collect();
    expect![[r#"
        Ada@Example.com {"email":"Ada@Example.com","salesforceId":"00Q5e\"004ABCD","firstName":"Ada","score":25,"isDoNotCall":true,"isStarred":false,"campaignId":7,"Favourite_Colour__c":"teal","Visits__c":1}
        kim@example.com {"email":"kim@example.com","firstName":"","isDoNotCall":false}"#]].assert_eq(&lines.join("\n"));
    assert!(object.not_in_v5().is_empty());
}

#[test]
fn what_version_5_cannot_write_is_named() {
    let rows = rows(vec![
        ("id", numbers([501])),
        ("password", texts(["secret"])),
        ("is_archived", texts(["1"])),
        ("city", texts(["Turin"])),
    ]);
    let object = object_with(&rows, BY_KEY);
    assert_eq!(object.not_in_v5(), ["password", "is_archived"]);
    assert_eq!(object.latest_by_email(&records(&*object, &rows)[0]), None, "no email");
}

/// Comments that make the JSON of a row with this email `length` characters long.
fn filled(email: &str, length: usize, letter: char) -> RecordBatch {
    let frame = json!({ "email": email, "comments": "" }).to_string().chars().count();
    let comments = letter.to_string().repeat(length - frame);
    rows(vec![("email", texts([email])), ("comments", texts([comments.as_str()]))])
}

#[test]
fn a_row_has_7500_characters_at_most() {
    for letter in ['x', '\u{e9}', '\u{4e2d}', '\u{1f600}'] {
        for (length, fits) in [(7_499, true), (7_500, true), (7_501, false)] {
            for given in [BY_KEY, BY_EMAIL, &[("prospect_lists", "77,78")]] {
                let rows = filled("zo\u{eb}@example.com", length, letter);
                let result = encoded(&*object_with(&rows, given), &rows).remove(0);
                assert_eq!(result.is_ok(), fits, "{length} of {letter}");
                if let Err(rejection) = result {
                    expect!["row 1 -: is longer than 7500 characters as JSON (shorten its longest column in the query, for example with substr)"]
                        .assert_eq(&refusal(&rejection));
                }
            }
        }
    }
}

#[test]
fn an_escape_counts_as_it_is_written() {
    let quotes = "\"".repeat(3_000);
    let frame = json!({ "id": 7, "comments": quotes, "notes": "" }).to_string().len();
    for (more, fits) in [(7_500 - frame, true), (7_501 - frame, false)] {
        let rows = rows(vec![
            ("id", numbers([7])),
            ("comments", texts([quotes.as_str()])),
            ("notes", texts(["n".repeat(more).as_str()])),
            // Not sent, so it does not count.
            ("city", texts([None::<&str>])),
        ]);
        assert_eq!(encoded(&*object_with(&rows, BY_KEY), &rows)[0].is_ok(), fits);
    }
}

fn some_text() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("[a-z\u{e9}\u{4e2d}\"\\\\\\n]{0,40}")
}

proptest! {
    /// What leaves in version 4 is the row: every cell that is not NULL, under its name.
    #[test]
    fn an_item_is_the_row(
        id in proptest::option::of(1_i64..), fid in some_text(), email in some_text(), city in some_text(),
        score in proptest::option::of(any::<i64>()), colour in some_text(),
    ) {
        let rows = rows(vec![
            ("city", texts([city.as_deref()])),
            ("id", numbers([id])),
            ("Favourite_Colour", texts([colour.as_deref()])),
            ("fid", texts([fid.as_deref()])),
            ("score", numbers([score])),
            ("email", texts([email.as_deref()])),
        ]);
        let object = object_with(&rows, BY_KEY);
        // An empty text is no key.
        let fid = fid.filter(|fid| !fid.is_empty());
        let email = email.map(|email| email.trim().to_owned()).filter(|email| !email.is_empty());
        let Ok(record) = encoded(&*object, &rows).remove(0) else {
            prop_assert!(id.is_none() && fid.is_none() && email.is_none());
            return Ok(());
        };
        let mut want = Map::new();
        want.extend(id.map(|id| ("id".to_owned(), Value::from(id))));
        want.extend(score.map(|score| ("score".to_owned(), Value::from(score))));
        let texts = [("fid", &fid), ("email", &email), ("city", &city), ("Favourite_Colour", &colour)];
        want.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text.as_deref()?)))));
        let item = object.item(&record, ApiVersion::V4).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&item.attributes).unwrap(), Value::Object(want.clone()));
        if let Ok(item) = object.item(&record, ApiVersion::V3) {
            let key = want.remove("id").or_else(|| want.remove("email")).unwrap();
            prop_assert_eq!(item.identifier, key.as_str().map_or_else(|| key.to_string(), str::to_owned));
            prop_assert_eq!(serde_json::from_str::<Value>(&item.attributes).unwrap(), Value::Object(want));
        } else {
            prop_assert!(id.is_none() && email.is_none());
        }
    }

    /// The rule counts the characters of the row as one JSON object, whatever is in it.
    #[test]
    fn the_7500_rule_counts_the_rows_json(
        email in "[a-z\u{e9}\"\\\\]{1,300}", letters in "[a\u{e9}\u{4e2d}\"\\\\\\n]{1,20}", over in -60_i32..60,
    ) {
        let characters = |comments: &str| json!({ "email": email, "comments": comments }).to_string().chars().count();
        let wanted = usize::try_from(7_500 + over).unwrap();
        let (frame, turn) = (characters(""), characters(&letters) - characters(""));
        let mut comments = letters.repeat((wanted - frame) / turn);
        comments.extend(std::iter::repeat_n('a', (wanted - frame) % turn));
        prop_assert_eq!(characters(&comments), wanted);
        let rows = rows(vec![("email", texts([email.as_str()])), ("comments", texts([comments.as_str()]))]);
        let result = encoded(&*object_with(&rows, BY_KEY), &rows).remove(0);
        prop_assert_eq!(result.is_ok(), wanted <= MAX_ROW_CHARACTERS);
    }
}
