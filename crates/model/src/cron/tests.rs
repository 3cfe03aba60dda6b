//! The grammar, the words and the rules of daylight saving, each as a table.

use std::fmt::Write;

use expect_test::expect;
use proptest::prelude::*;

use super::{Cron, PRESETS, Zone};

fn cron(text: &str) -> Cron {
    Cron::parse(text).unwrap_or_else(|problems| panic!("{text}: {problems}")).expect("a schedule")
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

/// Unix seconds of an RFC 3339 time.
fn unix(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

/// The fires as the clock of the zone shows them.
fn shown(text: &str, name: &str, after: &str, count: usize) -> Vec<String> {
    let zone = zone(name);
    cron(text).fires(unix(after), &zone).take(count).map(|fire| zone.local(fire)).collect()
}

#[test]
fn the_same_times_may_be_written_in_many_ways() {
    let cases = [
        ("@daily", "0 0 * * *", true),
        ("*/30 0-23 * jan sun", "0,30 * * 1 0", true),
        ("0 0 1 * 1", "0 0 * * mon", true),
        ("0 0 * * *", "0 1 * * *", false),
        ("0 0 1 * *", "0 0 * * 1", false),
        ("0 0 1 1 *", "0 0 1 * *", false),
        ("0 0 * * *", "30 0 * * *", false),
    ];
    for (one, other, same) in cases {
        assert_eq!(cron(one).fires_like(&cron(other)), same, "{one} and {other}");
        assert_eq!(cron(other).fires_like(&cron(one)), same, "{other} and {one}");
    }
}

#[test]
fn the_manuals_examples_fire_as_it_says() {
    // Days of January 2026 (the 1st is a Thursday) at 00:00, unless the hour is shown.
    let cases: &[(&str, &str)] = &[
        ("0 0 1 * *", "01 00:00"),
        ("0 0 1-10 * *", "01 02 03 04 05 06 07 08 09 10"),
        ("0 0 1,11,21 * *", "01 11 21"),
        ("0 0 */5 * *", "05 10 15 20 25 30"),
        ("0 0 5,*/10,25 * *", "05 10 20 25 30"),
        ("0 0 2,*/5,8-10 * *", "02 05 08 09 10 15 20 25 30"),
        ("0 0 1 * 1", "05 12 19 26"),
        ("0 0 1 * mon", "05 12 19 26"),
        ("0 0 2-5 * *", "02 03 04 05"),
        ("0 0 2,3,4,5 jan *", "02 03 04 05"),
        ("0 0 * * sun", "04 11 18 25"),
        (
            "0 0 1-31 * 1",
            "01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31",
        ),
        (
            "30 */2 1 * *",
            "01 00:30,01 02:30,01 04:30,01 06:30,01 08:30,01 10:30,01 12:30,01 14:30,01 16:30,01 18:30,01 20:30,01 22:30",
        ),
    ];
    let (begin, end) = (unix("2026-01-01T00:00:00Z") - 1, unix("2026-02-01T00:00:00Z"));
    for (text, want) in cases {
        let zone = Zone::utc();
        let fires: Vec<String> =
            cron(text).fires(begin, &zone).take_while(|fire| *fire < end).map(|fire| zone.local(fire)).collect();
        let want: Vec<String> = match want.split_once(':') {
            Some(_) => want.split(',').map(|time| format!("2026-01-{time} UTC")).collect(),
            None => want.split(' ').map(|day| format!("2026-01-{day} 00:00 UTC")).collect(),
        };
        assert_eq!(fires, want, "{text}");
    }
    let day = unix("2026-01-01T00:00:00Z") - 1;
    let count = |text: &str| cron(text).fires(day, &Zone::utc()).take_while(|fire| *fire <= day + 86_400).count();
    assert_eq!((count("0 * * * *"), count("0 0 * * *"), count("* * * * *")), (24, 1, 1_440));
    for text in ["", "none", "None", "NONE"] {
        assert_eq!(Cron::parse(text), Ok(None), "{text}: no scheduled run time");
    }
}

#[test]
fn what_is_wrong_is_said_with_what_to_write_instead() {
    let cases = [
        "   ",
        " 0 0 * * *",
        "0 0 * * * ",
        "0  0 * * *",
        "0\t0 * * *",
        "0 0 * *",
        "0 0 0 * * *",
        "daily",
        "@midnight",
        "@annually",
        "@dialy",
        "@reboot",
        "@never",
        "@none",
        "60 24 0 13 7",
        "-5 5- 1-2-3 , 1,",
        "007 100 1 1 1",
        "*/0 */24 */32 */x */",
        "10-30/5 5/6 1-31/2 x/2 1-5/7",
        "0 0 * * fri-mon",
        "50-10 22-2 28-3 nov-feb sat-sun",
        "0 0 * * 5-7",
        "0 0 * * 0-7",
        "? ? ? ? ?",
        "0 0 L * 5L",
        "0 0 15W * 6#3",
        "0 0 LW * friL",
        "0 0 *,5 * *",
        "0 0 mon * jan",
        "0 0 * january Monday",
        "0 0 31 2 *",
        "0 0 31 4,jun *",
        "0 0 30-31 2 *",
        "H x é * \u{1F600}",
        "0 0 \u{7}\" * *",
        "1 2 3 4 ٥",
    ];
    let mut found = String::new();
    for text in cases {
        let problems = Cron::parse(text).expect_err(text);
        let _ = writeln!(found, "{text:?}");
        for problem in problems.iter() {
            let _ = writeln!(found, "  {}: {}", problem.at, problem.message);
            let _ = problem.hint.as_ref().map(|hint| writeln!(found, "      {hint}"));
        }
    }
    expect![[r#"
        "   "
          cron: has blanks alone
              "" or none means: no schedule
        " 0 0 * * *"
          cron: begins with a blank
              leave it out
        "0 0 * * * "
          cron: ends with a blank
              leave it out
        "0  0 * * *"
          cron: has two spaces in a row at character 2
              write one space between two fields
        "0\t0 * * *"
          cron: has a tab or another blank at character 2
              write a space
        "0 0 * *"
          cron: has 4 fields, and five are needed: minute, hour, day of month, month, day of week
              write * for each field that does not restrict anything
        "0 0 0 * * *"
          cron: has 6 fields, and five are needed: minute, hour, day of month, month, day of week
              there are no fields for seconds and years, and no command: leave them out
        "daily"
          cron: has 1 field, and five are needed: minute, hour, day of month, month, day of week
              for example: 0 2 * * * (02:00 every day), or a preset such as @daily
        "@midnight"
          cron: "@midnight" is not a preset
              write @daily
        "@annually"
          cron: "@annually" is not a preset
              write @yearly
        "@dialy"
          cron: "@dialy" is not a preset
              did you mean @daily?
        "@reboot"
          cron: "@reboot" is not a preset
              a schedule fires at times, not when a machine starts: write five fields or a preset
        "@never"
          cron: "@never" is not a preset
              the presets are @hourly, @daily, @weekly, @monthly, @yearly
        "@none"
          cron: "@none" is not a preset
              write none
        "60 24 0 13 7"
          minute: "60" is out of range: minutes are 0 to 59
              the full hour is minute 0
          hour: "24" is out of range: hours are 0 to 23
              midnight is hour 0
          day of month: "0" is out of range: days of month are 1 to 31
          month: "13" is out of range: months are 1 to 12 or jan to dec
          day of week: "7" is out of range: days of week are 0 to 6 or sun to sat
              Sunday is 0
        "-5 5- 1-2-3 , 1,"
          minute: "-5" is a range with no beginning
              write a range as 2-5
          hour: "5-" is a range with no end
              write a range as 2-5
          day of month: "1-2-3" has more than one -
              write a range as 2-5
          month: has a comma with nothing on one side of it
              leave that comma out
          day of week: has a comma with nothing on one side of it
              leave that comma out
        "007 100 1 1 1"
          minute: "007" is out of range: minutes are 0 to 59
              a number has one or two digits
          hour: "100" is out of range: hours are 0 to 23
              a number has one or two digits
        "*/0 */24 */32 */x */"
          minute: "*/0" has a step that is not 1 to 59
              write * for all minutes
          hour: "*/24" has a step that is not 1 to 23
              write 0 for once a day
          day of month: "*/32" has a step that is not 1 to 31
              */n means the multiples of n, and days of month are 1 to 31
          month: "*/x" has no number after the /
              write */n with n from 1 to 12, for the multiples of n
          day of week: "*/" has no number after the /
              write */n with n from 1 to 6, for the multiples of n
        "10-30/5 5/6 1-31/2 x/2 1-5/7"
          minute: "10-30/5" has a step that does not follow a *
              write the list: 10,15,20,25,30
          hour: "5/6" has a step that does not follow a *
              write the list: 5,11,17,23
          day of month: "1-31/2" has a step that does not follow a *
              write the list: 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31
          month: "x/2" has a step that does not follow a *
              write */2 for the multiples of 2, or a list
          day of week: "1-5/7" has a step that is not 1 to 6
              */n means the multiples of n, and days of week are 0 to 6
        "0 0 * * fri-mon"
          day of week: "fri-mon" is a range that runs backwards
              write fri-sat,sun-mon
        "50-10 22-2 28-3 nov-feb sat-sun"
          minute: "50-10" is a range that runs backwards
              write 50-59,0-10
          hour: "22-2" is a range that runs backwards
              write 22-23,0-2
          day of month: "28-3" is a range that runs backwards
              write 28-31,1-3
          month: "nov-feb" is a range that runs backwards
              write nov-dec,jan-feb
          day of week: "sat-sun" is a range that runs backwards
              write sat,sun
        "0 0 * * 5-7"
          day of week: "7" is out of range: days of week are 0 to 6 or sun to sat
              Sunday is 0: write 5-6,0
        "0 0 * * 0-7"
          day of week: "7" is out of range: days of week are 0 to 6 or sun to sat
              Sunday is 0: write 0-6
        "? ? ? ? ?"
          minute: "?" is not known here
              write * for no restriction
          hour: "?" is not known here
              write * for no restriction
          day of month: "?" is not known here
              write * for no restriction
          month: "?" is not known here
              write * for no restriction
          day of week: "?" is not known here
              write * for no restriction
        "0 0 L * 5L"
          day of month: "L" is not known here
              last days and working days have no sign: write numbers; days 1 to 28 are in every month
          day of week: "5L" is not known here
              the nth or last of a month has no sign: 5 or fri is every Friday
        "0 0 15W * 6#3"
          day of month: "15W" is not known here
              last days and working days have no sign: write numbers; days 1 to 28 are in every month
          day of week: "6#3" is not known here
              the nth or last of a month has no sign: 5 or fri is every Friday
        "0 0 LW * friL"
          day of month: "LW" is not known here
              last days and working days have no sign: write numbers; days 1 to 28 are in every month
          day of week: "friL" is not known here
              the nth or last of a month has no sign: 5 or fri is every Friday
        "0 0 *,5 * *"
          day of month: has a * in a list
              write * alone for no restriction, or leave it out: a list takes numbers, ranges and */n
        "0 0 mon * jan"
          day of month: "mon" is not known here
              it belongs into the field day of week; days of month are 1 to 31
          day of week: "jan" is not known here
              it belongs into the field month; days of week are 0 to 6 or sun to sat
        "0 0 * january Monday"
          month: "january" is not known here
              did you mean jan?
          day of week: "Monday" is not known here
              did you mean mon?
        "0 0 31 2 *"
          day of month: never comes: February has no 31st
              February has 28 days, and 29 in leap years
        "0 0 31 4,jun *"
          day of month: never comes: April and June have no 31st
              these months have 30 days: write 30, or months that have the day
        "0 0 30-31 2 *"
          day of month: never comes: February has no 30th; February has no 31st
              February has 28 days, and 29 in leap years
        "H x é * 😀"
          minute: "H" is not known here
              minutes are 0 to 59
          hour: "x" is not known here
              hours are 0 to 23
          day of month: "é" is not known here
              days of month are 1 to 31
          day of week: "😀" is not known here
              days of week are 0 to 6 or sun to sat
        "0 0 \u{7}\" * *"
          day of month: "\u{7}\"" is not known here
              days of month are 1 to 31
        "1 2 3 4 ٥"
          day of week: "٥" is not known here
              days of week are 0 to 6 or sun to sat
    "#]]
    .assert_eq(&found);
    let long = Cron::parse(&"1,".repeat(200)).unwrap_err();
    expect![[r#"
        cron: is longer than 200 characters
          hint: write ranges (1-10) and steps (*/5) instead of long lists"#]]
    .assert_eq(&long.to_string());
}

#[test]
fn expressions_are_said_in_words() {
    let cases = [
        "* * * * *",
        "0 * * * *",
        "*/15 * * * *",
        "*/7 * * * *",
        "5,35 * * * *",
        "0 2 * * *",
        "0 */2 * * *",
        "30 */2 1 * *",
        "0 */6 * * *",
        "0 */5 * * *",
        "*/15 9-17 * * mon-fri",
        "0 9-17 * * *",
        "* 2 * * *",
        "*/20 1,5,13 * * *",
        "10 0-4,20-23 * * *",
        "0 0 1 * *",
        "0 0 1,11,21 * *",
        "0 0 1-10 1,7 *",
        "0 0 */5 3-5 *",
        "0 0 29 2 *",
        "0 0 * * 1",
        "0 0 * 6 0,6",
        "0 0 * jan-mar *",
        "* * * 12 *",
        "30 2,14 * * 1,3,5",
        "0 0 1 * 1",
        "0 0 1-31 * 1",
        "1-59 * 2 * *",
        "*/2 3 * * *",
        "1,3,5,7,9,11,13,15,17,19,21,23,25,27 3 * * *",
        "@hourly",
        "@daily",
        "@weekly",
        "@Monthly",
        "@yearly",
    ];
    let mut found = String::new();
    for text in cases {
        let _ = writeln!(found, "{text:<22} {}", cron(text).words());
    }
    expect![[r#"
        * * * * *              Every minute
        0 * * * *              At minute 0 of every hour
        */15 * * * *           Every 15 minutes
        */7 * * * *            At minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour
        5,35 * * * *           At minutes 5 and 35 of every hour
        0 2 * * *              At 02:00 every day
        0 */2 * * *            At minute 0 of every 2nd hour
        30 */2 1 * *           At minute 30 of every 2nd hour on day 1 of every month
        0 */6 * * *            At 00:00, 06:00, 12:00 and 18:00 every day
        0 */5 * * *            At 00:00, 05:00, 10:00, 15:00 and 20:00 every day
        */15 9-17 * * mon-fri  Every 15 minutes from 09:00 to 17:45 on Mondays to Fridays
        0 9-17 * * *           At minute 0 of every hour from 09:00 to 17:00 every day
        * 2 * * *              Every minute from 02:00 to 02:59 every day
        */20 1,5,13 * * *      Every 20 minutes of the hours 01, 05 and 13 every day
        10 0-4,20-23 * * *     At minute 10 of the hours 00, 01, 02, 03, 04, 20, 21, 22 and 23 every day
        0 0 1 * *              At 00:00 on day 1 of every month
        0 0 1,11,21 * *        At 00:00 on days 1, 11 and 21 of every month
        0 0 1-10 1,7 *         At 00:00 on days 1 to 10 of January and July
        0 0 */5 3-5 *          At 00:00 on days 5, 10, 15, 20, 25 and 30 of every month from March to May
        0 0 29 2 *             At 00:00 on day 29 of February
        0 0 * * 1              At 00:00 on Mondays
        0 0 * 6 0,6            At 00:00 on Sundays and Saturdays in June
        0 0 * jan-mar *        At 00:00 every day from January to March
        * * * 12 *             Every minute in December
        30 2,14 * * 1,3,5      At 02:30 and 14:30 on Mondays, Wednesdays and Fridays
        0 0 1 * 1              At 00:00 on Mondays
        0 0 1-31 * 1           At 00:00 every day
        1-59 * 2 * *           At minutes 1 to 59 of every hour on day 2 of every month
        */2 3 * * *            Every 2 minutes from 03:00 to 03:58 every day
        1,3,5,7,9,11,13,15,17,19,21,23,25,27 3 * * * At minutes 1, 3, 5, … and 27 of the hour 03 every day
        @hourly                At minute 0 of every hour
        @daily                 At 00:00 every day
        @weekly                At 00:00 on Sundays
        @Monthly               At 00:00 on day 1 of every month
        @yearly                At 00:00 on day 1 of January
    "#]]
    .assert_eq(&found);
}

#[test]
fn what_may_surprise_is_remarked() {
    let cases = [
        "0 0 1 * 1",
        "0 0 1-5 * 1",
        "0 0 1-31 * 0-6",
        "0 0 31 2 1",
        "0 0 31 * *",
        "0 0 29 2 *",
        "0 0 28-31 * *",
        "0 0 1-31 * *",
        "0 0 */5 * *",
        "*/7 */5 * */5 */2",
        "*/15 */6 * * *",
        "0 0 */5 * 1",
        "0 2 * * *",
    ];
    let mut found = String::new();
    for text in cases {
        let _ = writeln!(found, "{text}");
        cron(text).remarks().iter().for_each(|remark| found.push_str(&format!("  {remark}\n")));
    }
    expect![[r#"
        0 0 1 * 1
          day of month "1" is ignored: it would fire on 4,800 days in 400 years, day of week "1" fires on 20,871, and the one that fires more often holds
        0 0 1-5 * 1
          day of week "1" is ignored: it would fire on 20,871 days in 400 years, day of month "1-5" fires on 24,000, and the one that fires more often holds
        0 0 1-31 * 0-6
          day of month "1-31" is ignored: it would fire on as many days as day of week "0-6" (146,097 days in 400 years), and then the day of week holds
        0 0 31 2 1
          day of month "31" is ignored: it would fire on 0 days in 400 years, day of week "1" fires on 1,615, and the one that fires more often holds
        0 0 31 * *
          months that are too short are passed over: February, April, June, September and November have no 31st
        0 0 29 2 *
          29 February comes in leap years only
        0 0 28-31 * *
          29 February comes in leap years only
          months that are too short are passed over: February has no 30th; February, April, June, September and November have no 31st
        0 0 1-31 * *
        0 0 */5 * *
          months that are too short are passed over: February has no 30th
          day of month */5 means the multiples of 5: 5, 10, 15, 20, 25 and 30; it begins anew with every month
        */7 */5 * */5 */2
          minute */7 means the multiples of 7: 0, 7, 14, 21, 28, 35, 42, 49 and 56; it begins anew with every hour
          hour */5 means the multiples of 5: 0, 5, 10, 15 and 20; it begins anew with every day
          month */5 means the multiples of 5: 5 and 10
          day of week */2 means the multiples of 2: 0, 2, 4 and 6, where Sunday is 0
        */15 */6 * * *
        0 0 */5 * 1
          day of week "1" is ignored: it would fire on 20,871 days in 400 years, day of month "*/5" fires on 28,400, and the one that fires more often holds
          months that are too short are passed over: February has no 30th
          day of month */5 means the multiples of 5: 5, 10, 15, 20, 25 and 30; it begins anew with every month
        0 2 * * *
    "#]].assert_eq(&found);
}

#[test]
fn presets_are_their_fields() {
    for preset in PRESETS {
        let (named, written) = (cron(preset.name), cron(preset.fields));
        assert_eq!((named.text(), named.fields()), (preset.name, preset.fields));
        assert_eq!(named.words().to_lowercase(), written.words().to_lowercase());
        let zone = zone("Europe/Berlin");
        let ten = |cron: &Cron| cron.fires(0, &zone).take(10).collect::<Vec<_>>();
        assert_eq!(ten(&named), ten(&written), "{}", preset.name);
        assert!(preset.label.starts_with(preset.name));
    }
}

#[test]
fn a_problem_has_its_place_in_the_text() {
    let cases = [
        ("0 99 * * *", "hour", Some(2..4)),
        ("0 99 * *   foo", "day of week", Some(11..14)),
        (" é 0 * * *", "minute", Some(1..2)),
        ("0 0 *", "minute", Some(0..5)),
        ("0 0 * * * *", "cron", Some(0..11)),
        ("0 0 * * *", "timezone", None),
    ];
    for (text, at, want) in cases {
        assert_eq!(Cron::place(text, at), want, "{text} {at}");
    }
}

/// The fires of one day on the wall: how many, and the first of them that are looked at.
#[test]
fn daylight_saving_follows_the_two_rules() {
    // Expression, zone, from and to (UTC), number of fires, the fires of interest.
    let cases: &[(&str, &str, &str, &str, usize, &str)] = &[
        // Rule 1: the wall clock, minute by minute.
        ("0 * * * *", "Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T22:00Z", 23, ""),
        ("0 * * * *", "Europe/Berlin", "2026-10-24T22:00Z", "2026-10-25T23:00Z", 25, ""),
        ("*/15 * * * *", "Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T22:00Z", 92, ""),
        ("*/15 * * * *", "Europe/Berlin", "2026-10-24T22:00Z", "2026-10-25T23:00Z", 100, ""),
        ("0 0-23 * * *", "Europe/Berlin", "2026-10-24T22:00Z", "2026-10-25T23:00Z", 25, ""),
        ("0 */1 * * *", "Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T22:00Z", 23, ""),
        ("0 * * * *", "Australia/Lord_Howe", "2026-10-03T13:30Z", "2026-10-04T13:00Z", 23, ""),
        ("30 * * * *", "Australia/Lord_Howe", "2026-10-03T13:30Z", "2026-10-04T13:00Z", 24, ""),
        ("30 * * * *", "Australia/Lord_Howe", "2026-04-04T13:00Z", "2026-04-05T13:30Z", 25, ""),
        ("0 * * * *", "Asia/Kolkata", "2026-03-28T18:30Z", "2026-03-29T18:30Z", 24, ""),
        // Rule 2: every local time once a day.
        ("30 2 * * *", "America/New_York", "2026-03-08T05:00Z", "2026-03-09T04:00Z", 1, "2026-03-08T07:00:00Z"),
        ("0,15,30 2 * * *", "America/New_York", "2026-03-08T05:00Z", "2026-03-09T04:00Z", 1, "2026-03-08T07:00:00Z"),
        ("30 2,3 * * *", "America/New_York", "2026-03-08T05:00Z", "2026-03-09T04:00Z", 2, "2026-03-08T07:00:00Z"),
        ("0 2,3 * * *", "America/New_York", "2026-03-08T05:00Z", "2026-03-09T04:00Z", 1, "2026-03-08T07:00:00Z"),
        ("30 1 * * *", "America/New_York", "2026-11-01T04:00Z", "2026-11-02T05:00Z", 1, "2026-11-01T05:30:00Z"),
        ("*/15 1 * * *", "America/New_York", "2026-11-01T04:00Z", "2026-11-02T05:00Z", 4, "2026-11-01T05:00:00Z"),
        ("0 */2 * * *", "Europe/Berlin", "2026-03-28T23:00Z", "2026-03-29T22:00Z", 12, "2026-03-28T23:00:00Z"),
        ("0 */2 * * *", "Europe/Berlin", "2026-10-24T22:00Z", "2026-10-25T23:00Z", 12, "2026-10-24T22:00:00Z"),
        ("0 2 * * *", "Australia/Lord_Howe", "2026-10-03T13:30Z", "2026-10-04T13:00Z", 1, "2026-10-03T15:30:00Z"),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T13:00Z", "2026-04-05T13:30Z", 1, "2026-04-04T14:45:00Z"),
        ("0 0 * * *", "Africa/Cairo", "2026-04-23T22:00Z", "2026-04-24T21:00Z", 1, "2026-04-23T22:00:00Z"),
        ("30 23 * * *", "Africa/Cairo", "2026-10-28T21:00Z", "2026-10-29T22:00Z", 1, "2026-10-29T20:30:00Z"),
        ("0 0 * * *", "America/Sao_Paulo", "2018-11-04T03:00Z", "2018-11-05T02:00Z", 1, "2018-11-04T03:00:00Z"),
        // A day that is not there: its fires come together, with the next day's midnight, at the jump.
        ("0 0 * * *", "Pacific/Apia", "2011-12-30T10:00Z", "2011-12-31T10:00Z", 1, "2011-12-30T10:00:00Z"),
        ("0 0,12 * * *", "Pacific/Apia", "2011-12-29T10:00Z", "2011-12-31T10:00Z", 4, "2011-12-29T10:00:00Z"),
        ("0 0 30 * *", "Pacific/Apia", "2011-12-29T10:00Z", "2012-01-29T10:00Z", 1, "2011-12-30T10:00:00Z"),
        ("0 * 30 * *", "Pacific/Apia", "2011-12-29T10:00Z", "2012-01-29T10:00Z", 0, ""),
        // A whole day twice: the first time counts.
        ("0 9 * * *", "Pacific/Kwajalein", "1969-09-29T13:00Z", "1969-10-02T12:00Z", 2, "1969-09-29T22:00:00Z"),
    ];
    for (text, name, from, to, count, first) in cases {
        let instant = |text: &str| unix(&text.replace('Z', ":00Z"));
        let (from, to) = (instant(from), instant(to));
        let zone = zone(name);
        let fires: Vec<i64> = cron(text).fires(from - 1, &zone).take_while(|fire| *fire < to).collect();
        let shown: Vec<String> = fires.iter().map(|fire| zone.local(*fire)).collect();
        assert_eq!(fires.len(), *count, "{text} {name}: {shown:?}");
        if !first.is_empty() {
            assert_eq!(fires[0], unix(first), "{text} {name}: {shown:?}");
        }
    }
}

#[test]
fn local_times_say_which_of_two_hours_it_is() {
    let twice = ["2026-10-25 02:00 Europe/Berlin (+02:00)", "2026-10-25 02:30 Europe/Berlin (+02:00)"];
    let again = ["2026-10-25 02:00 Europe/Berlin (+01:00)", "2026-10-25 02:30 Europe/Berlin (+01:00)"];
    let found = shown("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:59:00Z", 4);
    assert_eq!(found, [twice, again].concat());
    let zone = zone("asia/kolkata");
    assert_eq!(zone.local(unix("2026-01-01T00:00:07Z")), "2026-01-01 05:30:07 Asia/Kolkata");
    assert_eq!(zone.local(i64::MAX), format!("unix time {}", i64::MAX));
    assert_eq!(format!("{zone} {zone:?}"), "Asia/Kolkata Zone(Asia/Kolkata)");
}

#[test]
fn zones_are_names_of_the_database() {
    for (written, name) in [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("utc", "UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("EST5EDT", "EST5EDT"),
        ("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ] {
        assert_eq!(zone(written).name(), name, "{written}");
    }
    assert!(Zone::names().len() > 400 && Zone::names().is_sorted());
    let every = Zone::names().iter().all(|name| Zone::parse(name).is_ok_and(|zone| zone.name() == name));
    assert!(every && Zone::utc().name() == "UTC" && Zone::utc() == zone("UTC"));
    let cases = [
        "",
        "Europe/Berln",
        "Berlin",
        "new york",
        "PST",
        "pdt",
        "CEST",
        "+02:00",
        "UTC+2",
        "EST5EDT,M3.2.0,M11.1.0",
        "Factory",
        "Etc/Unknown",
        "../../etc/passwd",
        " UTC",
        "Mars/Olympus",
        "é\u{0}",
    ];
    let mut found = String::new();
    for text in cases {
        let _ = writeln!(found, "{}", Zone::parse(text).expect_err(text));
    }
    expect![[r#"
        timezone: is empty
          hint: write a name such as Europe/Berlin, or leave it out for UTC
        timezone: "Europe/Berln" is not a time zone of the IANA database
          hint: did you mean Europe/Berlin?
        timezone: "Berlin" is not a time zone of the IANA database
          hint: did you mean Europe/Berlin?
        timezone: "new york" is not a time zone of the IANA database
          hint: did you mean America/New_York?
        timezone: "PST" is not a time zone of the IANA database
          hint: write the name of a place, such as America/Los_Angeles
        timezone: "pdt" is not a time zone of the IANA database
          hint: write the name of a place, such as America/Los_Angeles
        timezone: "CEST" is not a time zone of the IANA database
          hint: write the name of a place, such as Europe/Berlin
        timezone: "+02:00" is not a time zone of the IANA database
          hint: offsets know no daylight saving: write the name of a place, such as Europe/Berlin
        timezone: "UTC+2" is not a time zone of the IANA database
          hint: offsets know no daylight saving: write the name of a place, such as Europe/Berlin
        timezone: "EST5EDT,M3.2.0,M11.1.0" is not a time zone of the IANA database
          hint: offsets know no daylight saving: write the name of a place, such as Europe/Berlin
        timezone: "Factory" is not a time zone of the IANA database
          hint: write a name such as Europe/Berlin or America/New_York
        timezone: "Etc/Unknown" is not a time zone of the IANA database
          hint: write a name such as Europe/Berlin or America/New_York
        timezone: "../../etc/passwd" is not a time zone of the IANA database
          hint: write a name such as Europe/Berlin or America/New_York
        timezone: " UTC" is not a time zone of the IANA database
          hint: did you mean UTC?
        timezone: "Mars/Olympus" is not a time zone of the IANA database
          hint: write a name such as Europe/Berlin or America/New_York
        timezone: "é\0" is not a time zone of the IANA database
          hint: write a name such as Europe/Berlin or America/New_York
    "#]]
    .assert_eq(&found);
    assert!(Zone::parse(&"x/".repeat(5_000)).unwrap_err().to_string().len() < 200);
}

#[test]
fn rare_fires_and_the_ends_of_the_calendar_are_found() {
    let leap = cron("0 0 29 2 *");
    let utc = Zone::utc();
    assert_eq!(leap.next_after(unix("2096-02-29T00:00:00Z"), &utc), Some(unix("2104-02-29T00:00:00Z")));
    assert_eq!(leap.last_until(unix("2104-02-28T23:59:59Z"), &utc), Some(unix("2096-02-29T00:00:00Z")));
    for (text, name) in [("* * * * *", "UTC"), ("0 0 29 2 *", "Africa/Casablanca"), ("30 2 31 12 *", "Pacific/Apia")] {
        let (cron, zone) = (cron(text), zone(name));
        for time in [i64::MIN, -400_000_000_000, 0, 253_402_207_000, i64::MAX] {
            let (next, last) = (cron.next_after(time, &zone), cron.last_until(time, &zone));
            assert!(next.is_none_or(|next| next > time) && last.is_none_or(|last| last <= time), "{text} {time}");
        }
        assert_eq!((cron.next_after(i64::MAX, &zone), cron.last_until(i64::MIN, &zone)), (None, None));
        assert!(cron.next_after(i64::MIN, &zone).is_some() && cron.last_until(i64::MAX, &zone).is_some());
    }
}

/// Expressions of the grammar by chance.
fn expression() -> impl Strategy<Value = String> {
    let field = |low: u8, high: u8| {
        let term = prop_oneof![
            3 => (low..=high).prop_map(|number| number.to_string()),
            2 => (low..=high, low..=high).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
            2 => (1..=high).prop_map(|step| format!("*/{step}")),
        ];
        prop_oneof![1 => Just("*".to_owned()), 2 => proptest::collection::vec(term, 1..4).prop_map(|list| list.join(","))]
    };
    (field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 6))
        .prop_map(|(minute, hour, day, month, week)| format!("{minute} {hour} {day} {month} {week}"))
}

fn any_zone() -> impl Strategy<Value = Zone> {
    let names =
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Africa/Cairo", "UTC"];
    prop_oneof![
        proptest::sample::select(names.to_vec()).prop_map(|name| Zone::parse(name).unwrap()),
        proptest::sample::select(Zone::names().to_vec()).prop_map(|name| Zone::parse(&name).unwrap()),
    ]
}

proptest! {
    #[test]
    fn fires_are_in_order_and_found_from_both_sides(
        text in expression(), zone in any_zone(), after in -2_000_000_000_i64..6_000_000_000, inside in 0.0..1.0,
    ) {
        // What can never fire is refused.
        let Ok(cron) = Cron::parse(&text) else { return Ok(()) };
        let cron = cron.unwrap();
        let fires: Vec<i64> = cron.fires(after, &zone).take(4).collect();
        prop_assert_eq!(fires.len(), 4);
        prop_assert!(fires[0] > after && fires.is_sorted_by(|a, b| a < b));
        prop_assert!(cron.last_until(after, &zone).is_some_and(|last| last <= after));
        prop_assert_eq!(cron.next_after(cron.last_until(after, &zone).unwrap(), &zone), Some(fires[0]));
        for pair in fires.windows(2) {
            let between = pair[0] + ((pair[1] - pair[0]) as f64 * inside) as i64;
            prop_assert_eq!(cron.next_after(between, &zone), Some(pair[1]));
            prop_assert_eq!(cron.last_until(between, &zone), Some(pair[0]));
            prop_assert_eq!(cron.next_after(pair[1] - 1, &zone), Some(pair[1]));
            prop_assert_eq!(cron.last_until(pair[1], &zone), Some(pair[1]));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,220}", noise in "[-0-9*/,@#LWa-z ]{0,60}", name in ".{0,80}") {
        for text in [&text, &noise] {
            match Cron::parse(text) {
                Ok(Some(cron)) => prop_assert!(!cron.words().is_empty() && cron.next_after(0, &Zone::utc()).is_some()),
                Ok(None) => {}
                Err(problems) => prop_assert!(
                    !problems.is_empty() && problems.iter().all(|problem| Cron::place(text, &problem.at).is_some())
                ),
            }
        }
        let _ = Zone::parse(&name);
    }

    #[test]
    fn what_is_written_is_read(text in expression()) {
        if let Ok(Some(cron)) = Cron::parse(&text) {
            prop_assert_eq!(cron.to_string(), text);
            let words = cron.words();
            prop_assert!(words.starts_with(['A', 'E']) && !words.contains("  ") && words.trim_end() == words, "{}", words);
            cron.remarks();
        }
    }
}

#[test]
fn a_long_pause_costs_little() {
    // A year of minutes, looked at from behind, and ten thousand steps ahead: a scheduler asks this often.
    let (minutely, zone) = (cron("* * * * *"), zone("Africa/Casablanca"));
    let begin = unix("2026-01-01T00:00:00Z");
    assert_eq!(minutely.last_until(begin + 365 * 86_400 + 59, &zone), Some(begin + 365 * 86_400));
    assert_eq!(minutely.fires(begin, &zone).nth(9_999), Some(begin + 600_000));
}
