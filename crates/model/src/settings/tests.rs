//! The table of settings against the manual, and values as they are written.
//!
//! Knows no meaning of a value.

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;

#[track_caller]
fn check(mapping: &Value, want: &Expect) {
    let mut settings = Settings::default();
    let got = match settings.set_all(mapping) {
        Ok(()) => settings.to_json().to_string(),
        Err(problems) => problems.to_string(),
    };
    want.assert_eq(&got);
}

#[test]
fn names_and_defaults_are_the_manuals() {
    let table: Vec<String> = SETTINGS
        .iter()
        .map(|setting| format!("{} = {} ({}; {:?})", setting.name, setting.default, setting.allowed(), setting.applies))
        .collect();
    expect![[r#"
        data_object = prospects (one of prospects, list_memberships; Always)
        skip_invalid_records = false (true or false; Always)
        prospect_operation = sync (one of sync; Prospects)
        prospect_lists =  (a list id or several, comma-separated; Prospects)
        prospect_list_operation = add (one of add, remove; Prospects)
        upsert_by_email = false (true or false; Prospects)
        parallel_tasks = 1 (a whole number from 1 to 100; Always)
        max_payload = 5000 (a whole number from 1 to 50000000; Prospects)
        batch_carrier = body (one of body, uri; Prospects)
        list_membership_operation = upsert (one of upsert, delete; ListMemberships)
        maximum_retries = 5 (a whole number from 0 to 1000; Always)
        initial_retry_wait = 1 (seconds from 0 to 86400; Always)
        maximum_retry_wait = 120 (seconds from 0 to 86400; Always)
        maximum_connection_timeout = 300 (seconds from 0.01 to 86400; Always)"#]]
    .assert_eq(&table.join("\n"));
}

#[test]
fn every_setting_is_found_by_its_exact_name_alone() {
    for setting in SETTINGS {
        assert_eq!(
            Setting::find(setting.name).map(|found| found.name),
            Some(setting.name),
            "{} stands twice",
            setting.name
        );
        assert!(Setting::find(&setting.name.to_uppercase()).is_none());
        assert!(!setting.help.is_empty());
    }
}

#[test]
fn scalars_become_texts() {
    check(
        &json!({
            "max_payload": 2500, "skip_invalid_records": true, "initial_retry_wait": 0.5, "data_object": "prospects",
            "prospect_lists": [77, "78"], "maximum_retries": null,
        }),
        &expect![[
            r#"{"data_object":"prospects","initial_retry_wait":"0.5","max_payload":"2500","prospect_lists":"77,78","skip_invalid_records":"true"}"#
        ]],
    );
    check(&json!({}), &expect!["{}"]);
}

#[test]
fn every_wrong_name_and_shape_is_told_at_once() {
    check(
        &json!({
            "max_paylod": 1, "Data_Object": "prospects", "colour_of_the_sky": "blue", "prospect_lists": {"id": 77},
            "parallel_tasks": [null], "upsert-by-email": true,
        }),
        &expect![[r#"
            settings.max_paylod: is not a setting
              hint: did you mean max_payload?
            settings.Data_Object: is not a setting
              hint: did you mean data_object?
            settings.colour_of_the_sky: is not a setting
              hint: the settings are data_object, skip_invalid_records, prospect_operation, prospect_lists, prospect_list_operation, upsert_by_email, parallel_tasks, max_payload, batch_carrier, list_membership_operation, maximum_retries, initial_retry_wait, maximum_retry_wait, maximum_connection_timeout
            settings.prospect_lists: must be a text, number or truth value
            settings.parallel_tasks: must be a text, number or truth value
            settings.upsert-by-email: is not a setting
              hint: did you mean upsert_by_email?"#]],
    );
    check(&json!(["data_object"]), &expect!["settings: must be a mapping of names to values"]);
}

#[test]
fn a_later_value_replaces_an_earlier_one_and_texts_read_back() {
    let mut settings = Settings::default();
    settings.set("max_payload", "1").unwrap();
    settings.set("max_payload", "2").unwrap();
    let setting = Setting::find("max_payload").unwrap();
    assert_eq!((settings.given("max_payload"), settings.text(setting)), (Some("2"), "2"));
    assert_eq!((Settings::default().given("max_payload"), Settings::default().text(setting)), (None, "5000"));
    let mut again = Settings::default();
    again.set_all(&settings.to_json()).unwrap();
    assert_eq!(again, settings);
}
