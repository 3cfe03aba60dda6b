//! Moments and windows around changes of the clocks and the ends of months.

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

#[test]
fn moments_as_people_write_them() {
    let berlin = zone("Europe/Berlin");
    let run = Run { now: at("2026-11-23T12:00:00Z"), zone: &berlin };
    let check = |text: &str, want: &str| {
        let edge = Stated::parse(text).map(|stated| run.moment(&Moment::At(stated)));
        let got = match edge {
            None => "no moment".into(),
            Some(Err(message)) => message,
            Some(Ok(edge)) => edge.at.to_string(),
        };
        assert_eq!(got, want, "{text}");
    };
    check("0", "1970-01-01T00:00:00Z");
    check("1763859600", "2025-11-23T01:00:00Z");
    check("-1", "1969-12-31T23:59:59Z");
    check("2026-11-23", "2026-11-22T23:00:00Z");
    check("2026-11-23 02:00:00", "2026-11-23T01:00:00Z");
    check("2026-11-23T02:00:00", "2026-11-23T01:00:00Z");
    check("2026-11-23 02:00", "2026-11-23T01:00:00Z");
    check("2026-11-23T02:00:00Z", "2026-11-23T02:00:00Z");
    check("2026-11-23T02:00:00.250Z", "2026-11-23T02:00:00.25Z");
    check("2026-11-23T02:00:00-08:00", "2026-11-23T10:00:00Z");
    check("2026-11-23 02:00:00+01:00", "2026-11-23T01:00:00Z");
    // The hour that does not come, and the first of those that come twice.
    check("2026-03-29 02:30:00", "2026-03-29T01:30:00Z");
    check("2026-10-25 02:30:00", "2026-10-25T00:30:00Z");
    check("1677-12-31T23:59:59Z", "lies outside of the years 1678 to 2261");
    check("2262-01-01T00:00:00Z", "lies outside of the years 1678 to 2261");
    check("99999999999999999999", "no moment");
    for text in ["", "-", "today", "2026-13-01", "2026-02-29", "2026-11-23 25:00:00", "2026-11-23T02:00:00 OR 1=1"] {
        check(text, "no moment");
    }
    for text in ["2026-11-23T02:00:00+01:00[Europe/Berlin]", "2026-11-23T02:00:00+0x", "-002026-11-23", "23.11.2026"] {
        check(text, "no moment");
    }
}

#[test]
fn so_long_before_and_after() {
    let check = |place: &str, now: &str, parts: &[(u64, Unit)], want: [&str; 2]| {
        let zone = zone(place);
        let run = Run { now: at(now), zone: &zone };
        let length = Length::of(parts.to_vec()).unwrap();
        let edges = [run.before(&length), run.after(&length)].map(|edge| edge.unwrap().at.to_string());
        assert_eq!(edges, want, "{length} around {now}");
    };
    use Unit::{Day, Hour, Month, Quarter, Week, Year};
    check("UTC", "2026-03-31T10:00:00Z", &[(1, Month)], ["2026-02-28T10:00:00Z", "2026-04-30T10:00:00Z"]);
    check("UTC", "2028-03-31T10:00:00Z", &[(1, Month)], ["2028-02-29T10:00:00Z", "2028-04-30T10:00:00Z"]);
    check("UTC", "2028-02-29T10:00:00Z", &[(1, Year)], ["2027-02-28T10:00:00Z", "2029-02-28T10:00:00Z"]);
    check("UTC", "2026-05-31T10:00:00Z", &[(1, Quarter)], ["2026-02-28T10:00:00Z", "2026-08-31T10:00:00Z"]);
    check("UTC", "2026-05-31T10:00:00Z", &[(2, Week)], ["2026-05-17T10:00:00Z", "2026-06-14T10:00:00Z"]);
    // A day of 23 hours, and one of 25: days keep the time on the wall, hours are hours.
    check("Europe/Berlin", "2026-03-29T10:00:00Z", &[(1, Day)], ["2026-03-28T11:00:00Z", "2026-03-30T10:00:00Z"]);
    check("Europe/Berlin", "2026-03-29T10:00:00Z", &[(24, Hour)], ["2026-03-28T10:00:00Z", "2026-03-30T10:00:00Z"]);
    check("Europe/Berlin", "2026-10-25T10:00:00Z", &[(1, Day)], ["2026-10-24T09:00:00Z", "2026-10-26T10:00:00Z"]);
    let parts = [(3, Hour), (7, Day), (1, Month)];
    check("UTC", "2026-03-31T10:00:00Z", &parts, ["2026-02-21T07:00:00Z", "2026-05-07T13:00:00Z"]);
}

#[test]
fn lengths_that_no_engine_can_compare() {
    let utc = Zone::utc();
    let run = Run { now: at("2026-03-31T10:00:00Z"), zone: &utc };
    for (number, unit) in [(400, Unit::Year), (9_999_999_999, Unit::Second), (9_999_999_999, Unit::Quarter)] {
        let length = Length::of(vec![(number, unit)]).unwrap();
        let first = run.before(&length).is_err() && run.after(&length).is_err();
        assert!(first || number == 9_999_999_999, "{length}");
        assert!(run.after(&length).is_err(), "{length}");
    }
    assert_eq!(Length::of(vec![(10_000_000_000, Unit::Day)]), None);
}

#[test]
fn beginnings_of_calendar_units() {
    let check = |place: &str, now: &str, unit: Unit, want: [&str; 4]| {
        let zone = zone(place);
        let run = Run { now: at(now), zone: &zone };
        let starts = [-1, 0, 1, 2].map(|later| run.start(unit, later).unwrap().at.to_string());
        assert_eq!(starts, want, "{unit:?} of {now} in {place}");
    };
    // A Monday at midnight in Berlin, the first day of a month too.
    let now = "2026-05-31T22:00:00Z";
    let berlin = "Europe/Berlin";
    let months = ["2026-04-30T22:00:00Z", "2026-05-31T22:00:00Z", "2026-06-30T22:00:00Z", "2026-07-31T22:00:00Z"];
    check(berlin, now, Unit::Month, months);
    let weeks = ["2026-05-24T22:00:00Z", "2026-05-31T22:00:00Z", "2026-06-07T22:00:00Z", "2026-06-14T22:00:00Z"];
    check(berlin, now, Unit::Week, weeks);
    let years = ["2024-12-31T23:00:00Z", "2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z", "2027-12-31T23:00:00Z"];
    check(berlin, now, Unit::Year, years);
    let quarters = ["2025-12-31T23:00:00Z", "2026-03-31T22:00:00Z", "2026-06-30T22:00:00Z", "2026-09-30T22:00:00Z"];
    check(berlin, now, Unit::Quarter, quarters);
    // The night in which the clocks are put back: the day has 25 hours, its second hour between two and three is one hour.
    let now = "2026-10-25T01:10:20Z";
    let days = ["2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "2026-10-26T23:00:00Z"];
    check(berlin, now, Unit::Day, days);
    let hours = ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"];
    check(berlin, now, Unit::Hour, hours);
    let minutes = ["2026-10-25T01:09:00Z", "2026-10-25T01:10:00Z", "2026-10-25T01:11:00Z", "2026-10-25T01:12:00Z"];
    check(berlin, now, Unit::Minute, minutes);
    let seconds = ["2026-10-25T01:10:19Z", "2026-10-25T01:10:20Z", "2026-10-25T01:10:21Z", "2026-10-25T01:10:22Z"];
    check(berlin, now, Unit::Second, seconds);
    // Hours of a calendar that is half an hour off, and a midnight that does not come.
    let hours = ["2026-11-23T10:30:00Z", "2026-11-23T11:30:00Z", "2026-11-23T12:30:00Z", "2026-11-23T13:30:00Z"];
    check("Asia/Kolkata", "2026-11-23T12:00:00Z", Unit::Hour, hours);
    let days = ["2026-09-05T04:00:00Z", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z", "2026-09-08T03:00:00Z"];
    check("America/Santiago", "2026-09-06T12:00:00Z", Unit::Day, days);
}
