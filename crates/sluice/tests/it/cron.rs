//! `sluice cron explain`: words, notes and coming times; what is wrong, with its place.
//!
//! Knows what is printed; when expressions fire is the model's to prove.

use std::process::{Command, Output};

use expect_test::{Expect, expect};

fn explain(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sluice"));
    program.env_clear().args(["cron", "explain"]).args(arguments).output().unwrap()
}

#[track_caller]
fn says(arguments: &[&str], code: i32, want: &Expect) {
    let output = explain(arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    want.assert_eq(&format!("{}{}", text(&output.stdout), text(&output.stderr)));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
}

#[test]
fn an_expression_is_explained() {
    let weekdays = ["0 2 * * mon-fri", "--timezone", "europe/berlin", "--delay", "600", "--next", "2"];
    says(&[&weekdays[..], &["--after", "2026-03-27T12:00:00Z"]].concat(), 0, &expect![[""]]);
    says(&["0 0 1 * 1", "--next", "1", "--after", "2026-01-01"], 0, &expect![[""]]);
    says(
        &["30 2 * * *", "--timezone", "America/New_York", "--next", "2", "--after", "2026-03-07T12:00:00-05:00"],
        0,
        &expect![[""]],
    );
    says(
        &["*/30 * * * *", "--timezone", "Europe/Berlin", "--next", "4", "--after", "2026-10-25T00:15:00Z"],
        0,
        &expect![[""]],
    );
    says(&["@daily", "--json", "--next", "1", "--delay", "90", "--after", "2026-01-01T00:00:00Z"], 0, &expect![[""]]);
    says(&["none"], 0, &expect![[""]]);
    says(&["", "--json"], 0, &expect![[""]]);
}

#[test]
fn what_is_wrong_is_bad_input_with_its_place() {
    says(&["0 99 * * 1,8", "--timezone", "Berlin", "--after", "soon"], 2, &expect![[""]]);
    says(&["0 2  * * *"], 2, &expect![[""]]);
    says(&["@midnight", "--json"], 2, &expect![[""]]);
    for wrong in
        [&["* * * * *", "--next", "101"][..], &["* * * * *", "--delay", "-1"], &["* * * * *", "--next", "0"], &[]]
    {
        assert_eq!(explain(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn the_next_times_are_those_after_now() {
    let output = explain(&["* * * * *", "--json", "--next", "100"]);
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["next"].as_array().map(Vec::len), Some(100));
    assert_eq!(said["words"], "Every minute");
}
