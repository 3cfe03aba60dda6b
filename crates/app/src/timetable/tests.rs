//! Schedules with a start, an end and a repeat: what they mean, in words and in times.

use std::fmt::Write;

use api::Repeat;
use expect_test::expect;

use super::*;

fn schedule(cron: &str) -> Schedule {
    Schedule { cron: cron.into(), ..Schedule::default() }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// A repeat with its days, start and end, in Berlin.
fn every(repeat: Repeat, days: &[&str], start: &str, end: &str) -> Schedule {
    Schedule {
        repeat: Some(repeat),
        days: days.iter().map(|day| (*day).to_owned()).collect(),
        start: some(start),
        end: some(end),
        timezone: some("Europe/Berlin"),
        ..Schedule::default()
    }
}

/// A cron with its start and end, in Berlin.
fn within(cron: &str, start: &str, end: &str) -> Schedule {
    Schedule { start: some(start), end: some(end), timezone: some("Europe/Berlin"), ..schedule(cron) }
}

fn table(schedule: &Schedule) -> Timetable {
    Timetable::of(schedule, "schedule").unwrap_or_else(|problems| panic!("{problems}")).unwrap()
}

fn unix(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

fn wrong(schedule: &Schedule) -> String {
    Timetable::of(schedule, "query.schedule").map(|_| ()).unwrap_err().to_string()
}

#[test]
fn everything_wrong_is_said_at_its_place() {
    let bad = Schedule { timezone: Some("Europe/Berln".into()), delay: u64::MAX, ..schedule("61 0 * * 7") };
    expect![[r#"
        query.schedule.cron: minute: "61" is out of range: minutes are 0 to 59
        query.schedule.cron: day of week: "7" is out of range: days of week are 0 to 6 or sun to sat
          hint: Sunday is 0
        query.schedule.timezone: "Europe/Berln" is not a time zone of the IANA database
          hint: did you mean Europe/Berlin?
        query.schedule.delay: must be at most 2592000 seconds
          hint: that is 30 days"#]]
    .assert_eq(&wrong(&bad));
    for none in ["none", "None", ""] {
        assert!(matches!(Timetable::of(&schedule(none), "query.schedule"), Ok(None)), "{none}");
    }
    // `none` says in so many words that there is no schedule.
    assert!(matches!(Timetable::of(&within("none", "2026-12-01", ""), "query.schedule"), Ok(None)));
    let all = Schedule {
        cron: "61 0 * * *".into(),
        timezone: Some("Mars".into()),
        delay: u64::MAX,
        ..every(Repeat::Daily, &["mon", "Monday"], "2026-12-01T02:30:00Z", "2026-02-30")
    };
    expect![[r#"
        query.schedule.cron: minute: "61" is out of range: minutes are 0 to 59
        query.schedule.repeat: stands beside a cron, and one of them says how often
          hint: leave the other one out
        query.schedule.days[1]: is no day of the week
          hint: did you mean mon?
        query.schedule.days: are for a weekly schedule alone
          hint: write repeat: weekly, or leave days out
        query.schedule.start: must be a time by the clock of the time zone, in whole minutes, without an offset
          hint: write 2026-12-01 02:30 here, and the name of the zone in timezone
        query.schedule.end: is not in the calendar
          hint: write 2026-12-01, 2026-12-01 02:30 or 2026-12-01T02:30:00
        query.schedule.timezone: "Mars" is not a time zone of the IANA database
          hint: write a name such as Europe/Berlin or America/New_York
        query.schedule.delay: must be at most 2592000 seconds
          hint: that is 30 days"#]]
    .assert_eq(&wrong(&all));
}

#[test]
fn schedules_that_were_saved_before_are_read_and_written_as_they_were() {
    let saved = [
        r#"{"cron":"@daily","catch_up":"one","overlap":"skip"}"#,
        r#"{"cron":"0 2 * * *","timezone":"Europe/Berlin","delay":600,"catch_up":"none","overlap":"queue"}"#,
    ];
    for text in saved {
        let schedule: Schedule = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&schedule).unwrap(), text);
        assert!(table(&schedule).next_start(unix("9999-01-01T00:00:00Z")).is_some(), "{text}");
    }
}

#[test]
fn starts_ends_and_repeats_that_do_not_fit_are_refused() {
    let cases = [
        every(Repeat::Once, &[], "", ""),
        every(Repeat::Once, &["mon"], "2026-12-01", ""),
        every(Repeat::Weekly, &["tues", "thr", "wendsday", "holiday", ""], "", ""),
        every(Repeat::Daily, &[], "2026-12-02", "2026-12-01"),
        every(Repeat::Daily, &[], "2026-12-01 02:30", "2026-12-01 02:29"),
        every(Repeat::Once, &[], "soon", ""),
        Schedule { days: vec!["mon".into()], ..schedule("@daily") },
        Schedule { days: vec!["mon".into()], ..schedule("") },
        within("", "2026-12-01", ""),
        within("@daily", "2026-12-01 24:00", "2026-12-01 02:30:30"),
        within("@daily", "01.12.2026", "2026-12-01 2:30"),
        within("@daily", "2026-12-01 02:30+01:00", "2026-12-01T02:30:00.5"),
        within("@daily", "9999-12-31", ""),
    ];
    let mut found = String::new();
    for case in &cases {
        let _ = writeln!(found, "{}\n", wrong(case));
    }
    expect![[r#"
        query.schedule.start: is missing: it says when a schedule runs once
          hint: write a day or a time, such as 2026-12-01 02:30

        query.schedule.days: are for a weekly schedule alone
          hint: write repeat: weekly, or leave days out

        query.schedule.days[0]: is no day of the week
          hint: did you mean tue?
        query.schedule.days[1]: is no day of the week
          hint: did you mean thu?
        query.schedule.days[2]: is no day of the week
          hint: did you mean wed?
        query.schedule.days[3]: is no day of the week
          hint: the days are mon, tue, wed, thu, fri, sat, sun
        query.schedule.days[4]: is no day of the week
          hint: the days are mon, tue, wed, thu, fri, sat, sun

        query.schedule.end: comes before the start: nothing would ever run
          hint: an end that is a day is the last one

        query.schedule.end: comes before the start: nothing would ever run
          hint: an end that is a day is the last one

        query.schedule.start: must be a day or a time by the clock of the time zone
          hint: write 2026-12-01, 2026-12-01 02:30 or 2026-12-01T02:30:00

        query.schedule.days: are for repeat: weekly, and here is a cron
          hint: a cron names its days itself: 30 2 * * mon,fri

        query.schedule.repeat: is missing: nothing says how often
          hint: write once, hourly, daily, weekly or monthly, or a cron instead

        query.schedule.repeat: is missing: nothing says how often
          hint: write once, hourly, daily, weekly or monthly, or a cron instead

        query.schedule.start: is not in the calendar
          hint: write 2026-12-01, 2026-12-01 02:30 or 2026-12-01T02:30:00
        query.schedule.end: must be a whole minute
          hint: write 2026-12-01, 2026-12-01 02:30 or 2026-12-01T02:30:00

        query.schedule.start: must be a day or a time by the clock of the time zone
          hint: write 2026-12-01, 2026-12-01 02:30 or 2026-12-01T02:30:00
        query.schedule.end: must be a time by the clock of the time zone, in whole minutes, without an offset
          hint: write 2026-12-01 02:30 here, and the name of the zone in timezone

        query.schedule.start: must be a time by the clock of the time zone, in whole minutes, without an offset
          hint: write 2026-12-01 02:30 here, and the name of the zone in timezone
        query.schedule.end: must be a time by the clock of the time zone, in whole minutes, without an offset
          hint: write 2026-12-01 02:30 here, and the name of the zone in timezone

        query.schedule.start: is too far away
          hint: write a day of this century

    "#]]
    .assert_eq(&found);
}

#[test]
fn schedules_are_said_in_words() {
    let cases = [
        schedule("@daily"),
        within("0 2 * * *", "2026-12-01", ""),
        within("0 2 * * *", "2026-12-01 12:00", "2026-12-31"),
        within("0 2 * * *", "", "2026-12-31T12:00:00"),
        every(Repeat::Once, &[], "2026-12-01 02:30", "2027-01-01"),
        every(Repeat::Once, &[], "2026-12-01", ""),
        every(Repeat::Hourly, &[], "", ""),
        every(Repeat::Hourly, &[], "2026-12-01 02:30", ""),
        every(Repeat::Hourly, &[], "2026-12-01", "2026-12-01 12:00"),
        every(Repeat::Daily, &[], "", ""),
        every(Repeat::Daily, &[], "2026-12-01T02:30", "2026-12-31"),
        every(Repeat::Weekly, &["FRI", "mon", "fri"], "2026-12-01 02:30:00", "2026-12-31"),
        every(Repeat::Weekly, &[], "2026-12-01 02:30", ""),
        every(Repeat::Weekly, &[], "", "2026-12-31"),
        every(Repeat::Weekly, &["sun", "sat", "mon"], "", ""),
        every(Repeat::Monthly, &[], "", ""),
        every(Repeat::Monthly, &[], "2026-10-31 02:30", ""),
    ];
    let mut found = String::new();
    for case in &cases {
        let table = table(case);
        let _ = writeln!(found, "{}", table.words());
        for remark in table.remarks(unix("2026-11-23T00:00:00Z")) {
            let _ = writeln!(found, "  note: {remark}");
        }
    }
    expect![[r#"
        At 00:00 every day
        At 02:00 every day, from 2026-12-01
        At 02:00 every day, from 2026-12-01 12:00 to 2026-12-31
        At 02:00 every day, until 2026-12-31 12:00
        Once, on 2026-12-01 at 02:30
        Once, on 2026-12-01 at 00:00
        Every hour at minute 0
        Every hour at minute 30, from 2026-12-01 02:30
        Every hour at minute 0, from 2026-12-01 to 2026-12-01 12:00
        Every day at 00:00
        Every day at 02:30, from 2026-12-01 to 2026-12-31
        Every week on Monday and Friday at 02:30, from 2026-12-01 to 2026-12-31
        Every week on Tuesday at 02:30, from 2026-12-01
        Every week on Monday at 00:00, until 2026-12-31
        Every week on Monday, Saturday and Sunday at 00:00
        Every month on day 1 at 00:00
        Every month on day 31 at 02:30, from 2026-10-31
          note: months that are too short are passed over: February, April, June, September and November have no 31st
    "#]]
    .assert_eq(&found);
}

#[test]
fn what_never_runs_or_runs_no_more_is_remarked() {
    let delayed = |schedule| Schedule { delay: 600, ..schedule };
    let cases = [
        (every(Repeat::Once, &[], "2026-12-01 02:30", ""), "2026-12-01T01:29:59Z", ""),
        (every(Repeat::Once, &[], "2026-12-01 02:30", ""), "2026-12-01T01:30:00Z", "last time"),
        (delayed(every(Repeat::Once, &[], "2026-12-01 02:30", "")), "2026-12-01T01:39:59Z", ""),
        (delayed(every(Repeat::Once, &[], "2026-12-01 02:30", "")), "2026-12-01T01:40:00Z", "last time"),
        (within("0 2 * * *", "", "2026-12-01"), "2026-12-01T00:59:59Z", ""),
        (within("0 2 * * *", "", "2026-12-01"), "2026-12-01T01:00:00Z", "last time"),
        (within("0 2 * * *", "2026-12-01 02:01", "2026-12-02 01:59"), "2020-01-01T00:00:00Z", "never"),
        (every(Repeat::Monthly, &[], "2026-10-31", "2026-10-31"), "2020-01-01T00:00:00Z", ""),
        (within("0 0 31 * *", "2026-11-01", "2026-11-30"), "2020-01-01T00:00:00Z", "never"),
        (within("0 2 * * *", "", "9999-12-31"), "2020-01-01T00:00:00Z", ""),
        (every(Repeat::Daily, &[], "2026-03-29 02:30", ""), "2020-01-01T00:00:00Z", "the clocks skip 2026-03-29 02:30"),
    ];
    for (schedule, now, want) in cases {
        let mut remarks = table(&schedule).remarks(unix(now));
        remarks.retain(|remark| !remark.starts_with("months"));
        match want {
            "" => assert_eq!(remarks, [] as [&str; 0], "{schedule:?}"),
            want => assert!(remarks.len() == 1 && remarks[0].contains(want), "{schedule:?}: {remarks:?}"),
        }
    }
}

#[test]
fn what_is_due_is_between_the_cursor_and_now() {
    let hourly = Schedule { delay: 600, ..schedule("@hourly") };
    let table = table(&hourly);
    let hour = |n: i64| n * 3_600;
    assert_eq!(table.due(hour(10), hour(13) + 599, 10), [hour(12), hour(11)]);
    assert_eq!(table.due(hour(10), hour(13) + 600, 10), [hour(13), hour(12), hour(11)]);
    assert_eq!(table.due(hour(10), hour(13) + 600, 2), [hour(13), hour(12)]);
    assert_eq!(table.due(hour(13), hour(13) + 600, 2), [] as [i64; 0]);
    assert_eq!(table.next_start(hour(13)), Some(hour(14) + 600));
}

/// The times of a schedule after a moment, at most eight, by its own clock without the zone.
fn times(schedule: &Schedule, after: &str) -> String {
    let table = table(schedule);
    let local = |time: i64| table.zone.local(time).replace(" Europe/Berlin", "");
    table.after(unix(after)).take(8).map(local).collect::<Vec<_>>().join(", ")
}

#[test]
fn times_are_those_between_start_and_end() {
    let long_ago = "2000-01-01T00:00:00Z";
    let cases = [
        (every(Repeat::Once, &[], "2026-12-01 02:30", ""), "2026-12-01 02:30"),
        (every(Repeat::Once, &[], "2026-12-01", "2026-12-01"), "2026-12-01 00:00"),
        // Both ends belong to it.
        (
            every(Repeat::Hourly, &[], "2026-12-01 02:30", "2026-12-01 04:30"),
            "2026-12-01 02:30, 2026-12-01 03:30, 2026-12-01 04:30",
        ),
        (every(Repeat::Hourly, &[], "2026-12-01 02:30", "2026-12-01 04:29"), "2026-12-01 02:30, 2026-12-01 03:30"),
        (
            every(Repeat::Daily, &[], "2026-12-01 02:30", "2026-12-03"),
            "2026-12-01 02:30, 2026-12-02 02:30, 2026-12-03 02:30",
        ),
        (every(Repeat::Daily, &[], "2026-12-01", "2026-12-02"), "2026-12-01 00:00, 2026-12-02 00:00"),
        // 2026-12-01 is a Tuesday.
        (
            every(Repeat::Weekly, &["mon", "fri"], "2026-12-01 02:30", "2026-12-11"),
            "2026-12-04 02:30, 2026-12-07 02:30, 2026-12-11 02:30",
        ),
        (every(Repeat::Weekly, &[], "2026-12-01 02:30", "2026-12-11"), "2026-12-01 02:30, 2026-12-08 02:30"),
        (
            every(Repeat::Monthly, &[], "2026-12-31 23:00", "2027-05-31"),
            "2026-12-31 23:00, 2027-01-31 23:00, 2027-03-31 23:00, 2027-05-31 23:00",
        ),
        (
            within("0 2 * * *", "2026-12-01 02:00", "2026-12-03 02:00"),
            "2026-12-01 02:00, 2026-12-02 02:00, 2026-12-03 02:00",
        ),
        (within("0 2 * * *", "2026-12-01 02:01", "2026-12-03 01:59"), "2026-12-02 02:00"),
        (within("59 23 * * *", "2026-12-01", "2026-12-02"), "2026-12-01 23:59, 2026-12-02 23:59"),
        // The clocks skip 02:00 to 03:00 on 2026-03-29: such a time is the moment after the jump.
        (every(Repeat::Daily, &[], "2026-03-29 02:30", "2026-03-30"), "2026-03-29 03:00, 2026-03-30 02:30"),
        (every(Repeat::Once, &[], "2026-03-29 02:30", "2026-03-29 02:30"), "2026-03-29 03:00"),
        (every(Repeat::Daily, &[], "2026-03-28 02:30", "2026-03-29 02:30"), "2026-03-28 02:30, 2026-03-29 03:00"),
        (every(Repeat::Hourly, &[], "2026-03-29 02:30", "2026-03-29 04:30"), "2026-03-29 03:30, 2026-03-29 04:30"),
        // They show 02:00 to 03:00 twice on 2026-10-25: it starts with the first of the two, and ends with the second.
        (every(Repeat::Daily, &[], "2026-10-25 02:30", "2026-10-26"), "2026-10-25 02:30 (+02:00), 2026-10-26 02:30"),
        (every(Repeat::Once, &[], "2026-10-25 02:30", ""), "2026-10-25 02:30 (+02:00)"),
        (
            every(Repeat::Hourly, &[], "2026-10-25 02:30", "2026-10-25 02:30"),
            "2026-10-25 02:30 (+02:00), 2026-10-25 02:30 (+01:00)",
        ),
        (
            every(Repeat::Daily, &[], "2026-10-24 02:30", "2026-10-25 02:30"),
            "2026-10-24 02:30, 2026-10-25 02:30 (+02:00)",
        ),
    ];
    for (schedule, want) in cases {
        assert_eq!(times(&schedule, long_ago), want, "{schedule:?}");
    }
    let daily = every(Repeat::Daily, &[], "2026-12-01 02:30", "2026-12-03");
    assert_eq!(times(&daily, "2026-12-01T01:30:00Z"), "2026-12-02 02:30, 2026-12-03 02:30");
    assert_eq!(times(&daily, "2026-12-03T01:30:00Z"), "");
    // A day ends where the next one begins, also where midnight is skipped: Cairo on 2026-04-24.
    let cairo = |end: &str| Schedule { timezone: some("Africa/Cairo"), ..within("30 23 * * *", "2026-04-23", end) };
    assert_eq!(times(&cairo("2026-04-23"), long_ago), "2026-04-23 23:30 Africa/Cairo");
    let midnight = Schedule { cron: "0 0 * * *".into(), ..cairo("2026-04-23") };
    assert_eq!(times(&midnight, long_ago), "2026-04-23 00:00 Africa/Cairo");
}

#[test]
fn the_same_times_are_the_same_schedule() {
    let daily = || every(Repeat::Daily, &[], "2026-12-01 02:30", "");
    let cases = [
        (daily(), within("30 2 * * *", "2026-12-01T02:30", ""), true),
        (daily(), Schedule { timezone: some("europe/berlin"), delay: 60, ..daily() }, true),
        (daily(), within("30 2 * * *", "", ""), false),
        (daily(), every(Repeat::Daily, &[], "2026-12-01 02:30", "2027-12-01"), false),
        (daily(), every(Repeat::Daily, &[], "2026-12-02 02:30", ""), false),
        (daily(), every(Repeat::Once, &[], "2026-12-01 02:30", ""), false),
        (every(Repeat::Once, &[], "2026-12-01", ""), every(Repeat::Once, &[], "2026-12-01 00:00", ""), true),
        (every(Repeat::Once, &[], "2026-12-01", ""), every(Repeat::Once, &[], "2026-12-02", ""), false),
        (every(Repeat::Weekly, &[], "", ""), every(Repeat::Weekly, &["MON"], "", ""), true),
        (every(Repeat::Monthly, &[], "", ""), within("@monthly", "", ""), true),
    ];
    for (one, other, same) in cases {
        assert_eq!(table(&one).fires_like(&table(&other)), same, "{one:?} {other:?}");
        assert_eq!(table(&other).fires_like(&table(&one)), same, "{other:?} {one:?}");
    }
}

/// Schedules of every kind, around both jumps of the clocks of three zones.
fn many() -> Vec<Schedule> {
    let bounds = [
        ("", ""),
        ("2026-03-28", ""),
        ("", "2026-03-30 02:30"),
        ("2026-03-28 02:30", "2026-04-02"),
        ("2026-03-29 02:30", "2026-03-29 02:30"),
        ("2026-10-25 02:30", "2026-10-25 02:30"),
        ("2026-10-24 01:15", "2026-11-09 02:00"),
    ];
    let mut found = Vec::new();
    for (start, end) in bounds {
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"] {
            let put = |schedule: Schedule| Schedule { timezone: some(zone), delay: 600, ..schedule };
            for cron in ["*/20 * * * *", "30 2 * * *", "15,30 1-2 * * sun", "0 0 28-31 * *"] {
                found.push(put(within(cron, start, end)));
            }
            for repeat in [Repeat::Hourly, Repeat::Daily, Repeat::Weekly, Repeat::Monthly] {
                found.push(put(every(repeat, &[], start, end)));
            }
            if !start.is_empty() {
                found.push(put(every(Repeat::Once, &[], start, end)));
            }
        }
    }
    found
}

#[test]
fn nothing_fires_outside_and_forwards_is_backwards() {
    let days = [("2026-03-27T00:00:00Z", "2026-04-03T00:00:00Z"), ("2026-10-23T00:00:00Z", "2026-11-10T00:00:00Z")];
    for schedule in many() {
        let table = table(&schedule);
        let bare = Schedule { start: None, end: None, ..schedule.clone() };
        for (from, to) in days.map(|(from, to)| (unix(from), unix(to))) {
            let forwards: Vec<i64> = table.after(from).take_while(|time| *time <= to).collect();
            assert!(forwards.iter().all(|time| table.window.contains(*time)), "{schedule:?}");
            let mut backwards = table.due(from, to + table.delay, usize::MAX);
            backwards.reverse();
            assert_eq!(forwards, backwards, "{schedule:?}");
            // Start and end take times away, and change none.
            if let (Rhythm::Cron(_), Ok(Some(bare))) = (&table.cron, Timetable::of(&bare, "x")) {
                let all = bare.after(from).take_while(|time| *time <= to).filter(|time| table.window.contains(*time));
                assert_eq!(forwards, all.collect::<Vec<_>>(), "{schedule:?}");
            }
            // From anywhere the next one is the first that is later, and the newest the last that is not.
            for at in (from..to).step_by(5_003) {
                let next = forwards.iter().find(|time| **time > at);
                assert_eq!(table.after(at).next().filter(|time| *time <= to), next.copied(), "{schedule:?} {at}");
                let last = forwards.iter().rev().find(|time| **time <= at);
                assert_eq!(table.newest_due(from, at + table.delay), last.copied(), "{schedule:?} {at}");
            }
            let starts: Vec<i64> = forwards.iter().map(|time| time + 600).collect();
            assert_eq!(App::starts(&schedule, from + 600, to + 601), starts, "{schedule:?}");
        }
    }
}
