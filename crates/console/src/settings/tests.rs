//! The form of export settings against the catalog.

use model::{Plan, Settings};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, proptest};
use serde_json::json;

use super::*;
use crate::sent::sent;

fn panel(form: &Form) -> String {
    Panel::new(form, &Faults::none(), "export.settings", &[]).render().unwrap()
}

fn form_of(settings: &Value) -> Form {
    Form::of(&json!({ "export": { "settings": settings } }))
}

/// What a browser sends for a form that shows these settings, read back.
fn again(settings: &Value) -> Value {
    Value::Object(read(&sent(&panel(&form_of(settings)), true), "export.settings").0)
}

fn plan(settings: &Value) -> Plan {
    let mut read = Settings::default();
    read.set_all(settings).unwrap();
    Plan { notes: Vec::new(), ..Plan::parse(&read).unwrap() }
}

/// A value other than the default.
fn other(setting: &Setting) -> Value {
    match setting.kind {
        Kind::Choice(words) => json!(words.iter().rev().find(|word| **word != setting.default).unwrap_or(&words[0])),
        Kind::Boolean => json!(setting.default != "true"),
        Kind::Integer { min, .. } => json!(min + 7),
        Kind::Seconds { min, .. } => json!(min + 2.5),
        Kind::ListIds => json!("12,13"),
    }
}

#[test]
fn every_setting_has_its_place_under_the_labels_of_the_manual() {
    for setting in SETTINGS {
        assert!(look_of(setting).is_some(), "{} has no label: give it one in LOOKS", setting.name);
        let object = match setting.applies {
            Applies::ListMemberships => "list_memberships",
            Applies::Always | Applies::Prospects => "prospects",
        };
        let html = panel(&form_of(&json!({ "data_object": object, "prospect_lists": "1" })));
        let look = look_of(setting).unwrap();
        assert!(html.contains(&format!("name=\"export.settings.{}\"", setting.name)), "{} is not shown", setting.name);
        assert!(html.contains(look.label) && html.contains(&format!(">{}</code>", setting.name)), "{}", setting.name);
        if let Kind::Choice(words) = setting.kind {
            assert_eq!(words.len(), look.words.len(), "{} has choices without words", setting.name);
            assert!(words.iter().all(|word| look.words.iter().any(|(known, _)| known == word)), "{}", setting.name);
        }
    }
    assert_eq!(LOOKS.len(), SETTINGS.len(), "a label without a setting");
}

#[test]
fn a_form_gives_every_setting_back_as_it_was() {
    for setting in SETTINGS {
        let mut document = json!({});
        if setting.applies == Applies::ListMemberships {
            document["data_object"] = json!("list_memberships");
        }
        if setting.name == "prospect_list_operation" {
            document["prospect_lists"] = json!("12");
        }
        if setting.name != "prospect_operation" {
            document[setting.name] = other(setting);
        }
        assert_eq!(again(&document), document, "{}", setting.name);
    }
}

#[test]
fn what_is_written_otherwise_means_the_same() {
    let cases = [
        (json!({}), json!({})),
        (json!({"data_object": "prospects", "maximum_retries": "5", "prospect_lists": ""}), json!({})),
        (json!({"prospect_lists": [12, 13]}), json!({"prospect_lists": "12,13"})),
        (json!({"prospect_lists": 12}), json!({"prospect_lists": "12"})),
        (json!({"skip_invalid_records": "YES", "upsert_by_email": "off"}), json!({"skip_invalid_records": true})),
        (json!({"max_payload": 5000}), json!({"max_payload": 5000})),
        (json!({"initial_retry_wait": "0.5"}), json!({"initial_retry_wait": 0.5})),
        (json!({"parallel_tasks": " 3 "}), json!({"parallel_tasks": 3})),
    ];
    for (written, want) in cases {
        assert_eq!(again(&written), want, "{written}");
        assert_eq!(plan(&written), plan(&want), "{written}");
    }
}

#[test]
fn what_cannot_be_is_kept_for_the_server_to_refuse() {
    for document in [json!({"max_payload": "many"}), json!({"data_object": "prospect"}), json!({"max_paylod": "1"})] {
        assert_eq!(again(&document), document);
    }
}

#[test]
fn changing_ones_mind_loses_nothing_until_it_is_saved() {
    let document = json!({"prospect_lists": "12", "prospect_list_operation": "remove", "upsert_by_email": true});
    let mut form = sent(&panel(&form_of(&document)), true);
    form.set("export.settings.data_object", "list_memberships");
    let html = panel(&form);
    assert!(html.contains("List Memberships Operation") && !html.contains("List ID"), "{html}");
    let mut form = sent(&html, true);
    assert_eq!(Value::Object(read(&form, "export.settings").0), json!({"data_object": "list_memberships"}));
    form.set("export.settings.data_object", "prospects");
    assert_eq!(Value::Object(read(&sent(&panel(&form), true), "export.settings").0), document);
}

#[test]
fn the_operation_of_lists_is_shown_with_lists_alone_but_always_without_script() {
    let name = "name=\"export.settings.prospect_list_operation\"";
    let (with, without) = (panel(&form_of(&json!({"prospect_lists": "1"}))), panel(&form_of(&json!({}))));
    let scripted = |html: &str| html.split("<noscript>").next().unwrap().contains(name);
    assert!(with.contains(name) && !scripted(&without));
    let mut form = sent(&without, false);
    assert_eq!(form.get("export.settings.prospect_list_operation"), "add");
    form.set("export.settings.prospect_lists", "7");
    form.set("export.settings.prospect_list_operation", "remove");
    let want = json!({"prospect_lists": "7", "prospect_list_operation": "remove"});
    assert_eq!(Value::Object(read(&form, "export.settings").0), want);
}

#[test]
fn settings_are_told_in_a_sentence() {
    let cases = [
        (json!({}), "Prospects: made or updated by id, else fid, else email."),
        (
            json!({"prospect_lists": [12], "upsert_by_email": "1"}),
            "Prospects: made or updated by email and added to list 12.",
        ),
        (
            json!({"prospect_lists": "1,2", "prospect_list_operation": "remove"}),
            "Prospects: made or updated by id, else fid, else email and removed from list 1,2.",
        ),
        (
            json!({"data_object": "list_memberships", "list_membership_operation": "delete"}),
            "List Memberships: each row is a membership that is removed.",
        ),
    ];
    for (settings, want) in cases {
        let Value::Object(map) = settings else { unreachable!() };
        assert_eq!(sentence(&SettingsMap(map)), want);
    }
}

/// Some text for each setting, or none: of its kind, and sometimes its default.
fn any_settings() -> impl Strategy<Value = Vec<Option<u64>>> {
    vec(option::of(0..1_000_u64), SETTINGS.len())
}

/// The value of a setting that a number stands for.
fn value(setting: &Setting, number: u64) -> Value {
    match setting.kind {
        Kind::Choice(words) => json!(words[usize::try_from(number).unwrap() % words.len()]),
        Kind::Boolean => json!(number.is_multiple_of(2)),
        Kind::Integer { min, max } => json!((min + number).min(max)),
        Kind::Seconds { min, .. } => json!(min + f64::from(u32::try_from(number).unwrap()) / 4.0),
        Kind::ListIds => json!(format!("{},{}", number + 1, number + 2)),
    }
}

proptest! {
    #[test]
    fn any_settings_mean_the_same_when_they_come_back(numbers in any_settings()) {
        let given = SETTINGS.iter().zip(numbers).filter_map(|(setting, number)| Some((setting, number?)));
        let written: Map<String, Value> =
            given.map(|(setting, number)| (setting.name.to_owned(), value(setting, number))).collect();
        let written = Value::Object(written);
        let back = again(&written);
        assert_eq!(plan(&back), plan(&written));
        // What came back once comes back as it is.
        assert_eq!(again(&back), back);
    }
}
