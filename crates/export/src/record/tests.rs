//! Keys and what is printed of a record.
//!
//! Knows no object.

use super::*;

#[test]
fn addresses_are_one_key_whatever_their_case_and_the_spaces_around() {
    for email in ["ada@example.com", "Ada@Example.COM", " ada@example.com\t"] {
        assert_eq!(normal_email(email), "ada@example.com");
    }
    assert_eq!(normal_email("\u{c9}va@example.com"), "\u{e9}va@example.com");
    assert_ne!(normal_email("a da@example.com"), normal_email("ada@example.com"));
}

#[test]
fn kinds_of_keys_are_apart() {
    assert_eq!(Key::of("id", "7"), Key::of("id", "7"));
    assert_ne!(Key::of("id", "7"), Key::of("fid", "7"));
    assert_ne!(Key::of("id", "7"), Key::of("id", "70"));
    let [first, second] = Key::of("id", "7").0;
    assert_ne!(first, second);
}

#[test]
fn debug_shows_no_value() {
    let body = RecordBody::Prospect {
        id: Some(ProspectId(501)),
        fid: Some("\"00Q5\"".into()),
        email: Some("kim@example.com".into()),
        members: "\"first_name\":\"Kim\"".into(),
    };
    assert_eq!(format!("{body:?}"), "Prospect(..)");
    let record = Record { row: 3, key: Key([1, 2]), guards: [1, 1], body };
    let shown = format!("{record:?}");
    assert!(!shown.contains("501") && !shown.contains("kim") && !shown.contains("Kim"), "{shown}");
}
