//! Settings to plans: defaults, both edges of every value, notes, and all problems at once.
//!
//! Knows no rows and no calls.

use expect_test::{Expect, expect};

use super::*;

type Given<'a> = &'a [(&'a str, &'a str)];

fn settings(given: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::default();
    for (name, text) in given {
        settings.set(name, *text).unwrap();
    }
    settings
}

fn plan(given: &[(&str, &str)]) -> Plan {
    Plan::parse(&settings(given)).unwrap_or_else(|problems| panic!("{given:?}: {problems}"))
}

/// The plan as text, else its problems.
#[track_caller]
fn check(given: &[(&str, &str)], want: &Expect) {
    let got = match Plan::parse(&settings(given)) {
        Ok(plan) => {
            let head = format!("{:?}\n{:?}\n{:?}\n{:?}", plan.target, plan.on_invalid, plan.delivery, plan.retry);
            plan.notes.iter().fold(head, |text, note| format!("{text}\nnote: {note}"))
        }
        Err(problems) => problems.to_string(),
    };
    want.assert_eq(&got);
}

#[test]
fn nothing_given_is_the_manuals_default() {
    check(
        &[],
        &expect![[r#"
        Prospects { match_by: Key, lists: None }
        Stop
        Delivery { lanes: 1, carrier: Body, max_payload: None }
        Retry { maximum_retries: 5, initial_wait: 1s, maximum_wait: 120s, timeout: 300s }"#]],
    );
}

#[test]
fn every_default_written_out_means_the_same() {
    let written: Vec<(&str, &str)> = SETTINGS
        .iter()
        // Given, max_payload also bounds a body.
        .filter(|setting| setting.name != "max_payload")
        .map(|setting| (setting.name, setting.default))
        .collect();
    assert_eq!(plan(&written), plan(&[]));
}

#[test]
fn everything_given_for_prospects() {
    check(
        &[
            ("data_object", "prospects"),
            ("skip_invalid_records", "true"),
            ("prospect_operation", "sync"),
            ("prospect_lists", " 78, 77 ,78"),
            ("prospect_list_operation", "remove"),
            ("upsert_by_email", "true"),
            ("parallel_tasks", "3"),
            ("max_payload", "2500"),
            ("batch_carrier", "uri"),
            ("maximum_retries", "0"),
            ("initial_retry_wait", "0.25"),
            ("maximum_retry_wait", "7"),
            ("maximum_connection_timeout", "30"),
        ],
        &expect![[r#"
            Prospects { match_by: Email, lists: Some(ListChange { lists: {ListId(77), ListId(78)}, operation: Remove }) }
            Skip
            Delivery { lanes: 3, carrier: Uri, max_payload: Some(2500) }
            Retry { maximum_retries: 0, initial_wait: 250ms, maximum_wait: 7s, timeout: 30s }"#]],
    );
}

#[test]
fn list_memberships_carry_nothing_of_prospects() {
    check(
        &[
            ("data_object", "list_memberships"),
            ("list_membership_operation", "delete"),
            ("prospect_lists", "77"),
            ("upsert_by_email", "true"),
            ("max_payload", "100"),
            ("batch_carrier", "uri"),
        ],
        &expect![[r#"
            ListMemberships { operation: Delete }
            Stop
            Delivery { lanes: 1, carrier: Body, max_payload: None }
            Retry { maximum_retries: 5, initial_wait: 1s, maximum_wait: 120s, timeout: 300s }
            note: prospect_lists has no effect with this data_object
            note: upsert_by_email has no effect with this data_object
            note: max_payload has no effect with this data_object
            note: batch_carrier has no effect with this data_object"#]],
    );
}

#[test]
fn what_has_no_effect_is_noted_once() {
    let cases: [(Given<'_>, &[&str]); 6] = [
        (
            &[("list_membership_operation", "delete")],
            &["list_membership_operation has no effect with this data_object"],
        ),
        (&[("list_membership_operation", "upsert")], &[]),
        (&[("prospect_list_operation", "remove")], &["prospect_list_operation has no effect without prospect_lists"]),
        (&[("prospect_list_operation", "remove"), ("prospect_lists", "7")], &[]),
        (&[("parallel_tasks", "5")], &[]),
        (&[("parallel_tasks", "6")], &["parallel_tasks: 6 has the effect of 5, which is what Pardot admits"]),
    ];
    for (given, want) in cases {
        assert_eq!(plan(given).notes, want, "{given:?}");
    }
}

#[test]
fn the_payload_is_bounded_in_the_uri_or_when_it_is_given() {
    let cases: [(Given<'_>, Carrier, Option<usize>); 5] = [
        (&[], Carrier::Body, None),
        (&[("max_payload", "5000")], Carrier::Body, Some(5000)),
        (&[("batch_carrier", "body"), ("max_payload", "1")], Carrier::Body, Some(1)),
        (&[("batch_carrier", "uri")], Carrier::Uri, Some(5000)),
        (&[("batch_carrier", "uri"), ("max_payload", "6000")], Carrier::Uri, Some(6000)),
    ];
    for (given, carrier, max_payload) in cases {
        let delivery = plan(given).delivery;
        assert_eq!((delivery.carrier, delivery.max_payload), (carrier, max_payload), "{given:?}");
    }
}

/// Both edges of every bounded value, one step beyond each, and texts that are no such value.
#[test]
fn edges() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("parallel_tasks", &["1", "100", " 5 "], &["0", "101", "-1", "1.5", "many", ""]),
        ("max_payload", &["1", "50000000"], &["0", "50000001", "5k", "5_000", "99999999999999999999"]),
        ("maximum_retries", &["0", "1000"], &["1001", "-1"]),
        ("initial_retry_wait", &["0", "0.001", "86400", "1e3"], &["86400.1", "-1", "NaN", "inf", "1s", ""]),
        ("maximum_retry_wait", &["0", "86400"], &["86401", "-0.5"]),
        ("maximum_connection_timeout", &["0.01", "86400"], &["0", "0.009", "86401"]),
        ("skip_invalid_records", &["true", "FALSE", "1", "0", "yes", "no", "on", "off", " true "], &["2", "ja", ""]),
        ("data_object", &["prospects", " list_memberships "], &["Prospects", "prospect", ""]),
        ("prospect_lists", &["", " ", "7", "7,8", "7 , 8"], &["0", "-7", "7;8", "7,", ",", "list_7", "7.0"]),
    ];
    for (name, good, bad) in cases {
        for text in *good {
            let read = Plan::parse(&settings(&[(name, text)]));
            assert!(read.is_ok(), "{name} = {text:?}: {:?}", read.err());
        }
        for text in *bad {
            let Err(problems) = Plan::parse(&settings(&[(name, text)])) else { panic!("{name} takes {text:?}") };
            assert!(problems.iter().all(|problem| problem.at == format!("settings.{name}")), "{problems}");
        }
    }
}

#[test]
fn everything_wrong_is_told_at_once_with_the_nearest_word() {
    check(
        &[
            ("data_object", "prospect"),
            ("prospect_operation", "syncc"),
            ("prospect_list_operation", "delete"),
            ("prospect_lists", "77,seven,0"),
            ("upsert_by_email", "maybe"),
            ("list_membership_operation", "remove"),
            ("skip_invalid_records", ""),
            ("parallel_tasks", "0"),
            ("max_payload", "many"),
            ("batch_carrier", "url"),
            ("maximum_retries", "-1"),
            ("initial_retry_wait", "1s"),
            ("maximum_retry_wait", "NaN"),
            ("maximum_connection_timeout", "0"),
        ],
        &expect![[r#"
            settings.data_object: must be one of prospects, list_memberships
              hint: did you mean prospects?
            settings.prospect_list_operation: must be one of add, remove
              hint: Whether prospects are added to or removed from prospect_lists.
            settings.prospect_lists: must be a list id or several, comma-separated
              hint: "seven" is no list id: a whole number, the one in the list's URL
            settings.prospect_lists: must be a list id or several, comma-separated
              hint: "0" is no list id: a whole number, the one in the list's URL
            settings.upsert_by_email: must be true or false
              hint: true: match prospects by email alone. false: by id, else fid, else email.
            settings.list_membership_operation: must be one of upsert, delete
              hint: Whether the memberships are made or removed.
            settings.prospect_operation: must be one of sync
              hint: did you mean sync?
            settings.skip_invalid_records: must be true or false
              hint: true: go on past rejected rows and list them. false: stop at the first rejected row.
            settings.parallel_tasks: must be a whole number from 1 to 100
              hint: Calls under way at once. Pardot admits five per business unit, so more than 5 has the effect of 5.
            settings.max_payload: must be a whole number from 1 to 50000000
              hint: Longest payload of a call in encoded characters: the request target with batch_carrier uri; the body with batch_carrier body, there only when it is given. Lower it when Pardot answers 414.
            settings.batch_carrier: must be one of body, uri
              hint: did you mean uri?
            settings.maximum_retries: must be a whole number from 0 to 1000
              hint: How often a failed call is repeated before the job parks. Waiting for a limit does not count.
            settings.initial_retry_wait: must be seconds from 0 to 86400
              hint: Seconds before the first repeat; doubled for each further one.
            settings.maximum_retry_wait: must be seconds from 0 to 86400
              hint: Longest wait before a repeat, in seconds.
            settings.maximum_connection_timeout: must be seconds from 0.01 to 86400
              hint: Seconds one call may take in all."#]],
    );
}

proptest::proptest! {
    #[test]
    fn any_text_gives_a_plan_or_problems(which in 0..SETTINGS.len(), text in ".*") {
        let read = Plan::parse(&settings(&[(SETTINGS[which].name, &text)]));
        match read {
            Err(problems) => proptest::prop_assert!(!problems.is_empty()),
            Ok(plan) => {
                proptest::prop_assert!((1..=5).contains(&plan.delivery.lanes));
                proptest::prop_assert!(!plan.retry.timeout.is_zero());
                if let Target::Prospects { lists: Some(change), .. } = plan.target {
                    proptest::prop_assert!(!change.lists.is_empty());
                }
            }
        }
    }
}
