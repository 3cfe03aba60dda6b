//! `sluice cron explain`: words, notes and coming times; what is wrong, with its place.
//!
//! Knows what is printed; when expressions fire is the model's to prove.

use std::process::{Command, Output};

use expect_test::{Expect, expect};

fn explain(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_sluice"));
    program.env_clear().args(["cron", "explain"]).args(arguments).output().expect("sluice runs")
}

#[track_caller]
fn says(arguments: &[&str], code: i32, want: &Expect) {
    let output = explain(arguments);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    want.assert_eq(&format!("{}{}", text(&output.stdout), text(&output.stderr)));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}");
}

#[test]
fn an_expression_is_explained() {
    let weekdays = ["0 2 * * mon-fri", "--timezone", "europe/berlin", "--delay", "600", "--next", "2"];
    says(
        &[&weekdays[..], &["--after", "2026-03-27T12:00:00Z"]].concat(),
        0,
        &expect![[r#"
        At 02:00 on Mondays to Fridays

        2026-03-30 02:00 Europe/Berlin  2026-03-30T00:00:00Z  starts 2026-03-30T00:10:00Z
        2026-03-31 02:00 Europe/Berlin  2026-03-31T00:00:00Z  starts 2026-03-31T00:10:00Z
    "#]],
    );
    says(
        &["0 0 1 * 1", "--next", "1", "--after", "2026-01-01"],
        0,
        &expect![[r#"
        At 00:00 on Mondays
          note: day of month "1" is ignored: it would fire on 4,800 days in 400 years, day of week "1" fires on 20,871, and the one that fires more often holds

        2026-01-05 00:00 UTC  2026-01-05T00:00:00Z
    "#]],
    );
    says(
        &["30 2 * * *", "--timezone", "America/New_York", "--next", "2", "--after", "2026-03-07T12:00:00-05:00"],
        0,
        &expect![[r#"
            At 02:30 every day

            2026-03-08 03:00 America/New_York  2026-03-08T07:00:00Z
            2026-03-09 02:30 America/New_York  2026-03-09T06:30:00Z
        "#]],
    );
    says(
        &["*/30 * * * *", "--timezone", "Europe/Berlin", "--next", "4", "--after", "2026-10-25T00:15:00Z"],
        0,
        &expect![[r#"
            Every 30 minutes

            2026-10-25 02:30 Europe/Berlin (+02:00)  2026-10-25T00:30:00Z
            2026-10-25 02:00 Europe/Berlin (+01:00)  2026-10-25T01:00:00Z
            2026-10-25 02:30 Europe/Berlin (+01:00)  2026-10-25T01:30:00Z
            2026-10-25 03:00 Europe/Berlin           2026-10-25T02:00:00Z
        "#]],
    );
    says(
        &["@daily", "--json", "--next", "1", "--delay", "90", "--after", "2026-01-01T00:00:00Z"],
        0,
        &expect![[r#"
        {"words":"At 00:00 every day","remarks":[],"next":[{"scheduled":"2026-01-02T00:00:00Z","local":"2026-01-02 00:00 UTC","starts":"2026-01-02T00:01:30Z"}]}
    "#]],
    );
    says(
        &["none"],
        0,
        &expect![[r#"
        No schedule
    "#]],
    );
    says(
        &["", "--json"],
        0,
        &expect![[r#"
        {"words":"No schedule","remarks":[],"next":[]}
    "#]],
    );
}

#[test]
fn what_is_wrong_is_bad_input_with_its_place() {
    says(
        &["0 99 * * 1,8", "--timezone", "Berlin", "--after", "soon"],
        2,
        &expect![[r#"
          0 99 * * 1,8
            ^^     ^^^
        error: timezone: "Berlin" is not a time zone of the IANA database
          hint: did you mean Europe/Berlin?
        error: after: must be a time with its offset, or a date
          hint: 2026-11-24T02:00:00Z, 2026-11-24T02:00:00+01:00, or 2026-11-24 for its midnight in UTC
        error: hour: "99" is out of range: hours are 0 to 23
        error: day of week: "8" is out of range: days of week are 0 to 6 or sun to sat
    "#]],
    );
    says(
        &["0 2  * * *"],
        2,
        &expect![[r#"
        error: cron: has two spaces in a row at character 4
          hint: write one space between two fields
    "#]],
    );
    says(
        &["@midnight", "--json"],
        2,
        &expect![[r#"
        {"code":"invalid","problems":[{"at":"cron","message":"\"@midnight\" is not a preset","hint":"write @daily"}]}
        error: cron: "@midnight" is not a preset
          hint: write @daily
    "#]],
    );
    for wrong in
        [&["* * * * *", "--next", "101"][..], &["* * * * *", "--delay", "-1"], &["* * * * *", "--next", "0"], &[]]
    {
        assert_eq!(explain(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn the_next_times_are_those_after_now() {
    let output = explain(&["* * * * *", "--json", "--next", "100"]);
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it runs");
    assert_eq!(said["next"].as_array().map(Vec::len), Some(100));
    assert_eq!(said["words"], "Every minute");
}
