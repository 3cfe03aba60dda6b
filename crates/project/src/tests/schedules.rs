//! Schedules, notices and quotas in a project: read, compared, written.

use std::collections::BTreeSet;

use api::{CatchUp, NoticeEvent, Notify, Repeat, Schedule};

use super::*;

/// A query's document with these lines.
fn query_with(lines: &str) -> Vec<(String, String)> {
    files(&[("queries/q.yaml", &format!("name: q\nsql: SELECT 1\n{lines}"))])
}

fn read(lines: &str) -> QuerySpec {
    let project = parse(&query_with(lines)).unwrap_or_else(|problems| panic!("{lines}\n{problems}"));
    project.queries["q"].spec.clone()
}

fn schedule(cron: &str) -> Schedule {
    Schedule { cron: cron.into(), ..Schedule::default() }
}

/// A server with the one query.
fn having(spec: QuerySpec) -> Actual {
    Actual { queries: vec![query(spec)], ..Actual::default() }
}

#[test]
fn a_schedule_has_a_short_form_and_a_long_one() {
    let full = Schedule {
        timezone: Some("Europe/Berlin".into()),
        delay: 600,
        catch_up: CatchUp::None,
        overlap: Overlap::Queue,
        ..schedule("0 2 * * *")
    };
    let cases = [
        ("", None),
        ("schedule: null\n", None),
        ("schedule: \"\"\n", None),
        ("schedule: none\n", None),
        ("schedule: {cron: None, timezone: Europe/Berlin}\n", None),
        ("schedule: \"@daily\"\n", Some(schedule("@daily"))),
        ("schedule: 0 2 * * *\n", Some(schedule("0 2 * * *"))),
        ("schedule:\n  cron: '@daily'\n", Some(schedule("@daily"))),
        (
            "schedule:\n  cron: 0 2 * * *\n  timezone: Europe/Berlin\n  delay: 600\n  catch_up: none\n  overlap: queue\n",
            Some(full.clone()),
        ),
        (
            "schedule: {cron: 0 2 * * *, timezone: Europe/Berlin, delay: 600, catch_up: none, overlap: queue}\n",
            Some(full),
        ),
        ("schedule: {repeat: hourly}\n", Some(Schedule { repeat: Some(Repeat::Hourly), ..schedule("") })),
        ("schedule:\n  repeat: daily\n  cron: \"\"\n", Some(Schedule { repeat: Some(Repeat::Daily), ..schedule("") })),
        (
            "schedule:\n  repeat: weekly\n  days: [mon, FRI]\n  start: 2026-12-01 02:30\n  end: 2026-12-31\n",
            Some(weekly()),
        ),
        (
            "schedule: {cron: \"@daily\", start: \"2026-12-01\"}\n",
            Some(Schedule { start: Some("2026-12-01".into()), ..schedule("@daily") }),
        ),
    ];
    for (lines, want) in cases {
        assert_eq!(read(lines).schedule, want, "{lines}");
    }
}

/// On Mondays and Fridays of a month.
fn weekly() -> Schedule {
    Schedule {
        repeat: Some(Repeat::Weekly),
        days: vec!["mon".into(), "FRI".into()],
        start: Some("2026-12-01 02:30".into()),
        end: Some("2026-12-31".into()),
        ..schedule("")
    }
}

#[test]
fn repeats_that_do_not_fit_are_told_at_their_lines() {
    let wrong = |lines: &str, want: Expect| {
        let problems = parse(&query_with(lines)).expect_err("accepted");
        want.assert_eq(&problems.to_string());
    };
    wrong(
        "schedule:\n  cron: \"@daily\"\n  repeat: once\n  days:\n    - mon\n    - Tuesday\n    - holiday\n  end: soon\n",
        expect![[r#"
            queries/q.yaml:8: schedule.days[1]: is no day of the week
              hint: did you mean tue?
            queries/q.yaml:9: schedule.days[2]: is no day of the week
              hint: the days are mon, tue, wed, thu, fri, sat, sun
            queries/q.yaml:10: schedule.end: must be a day or a time by the clock of the time zone
              hint: write 2026-12-01, 2026-12-01 02:30 or 2026-12-01T02:30:00
            queries/q.yaml:5: schedule.repeat: stands beside a cron, and one of them says how often
              hint: leave the other one out
            queries/q.yaml:6: schedule.days: are for a weekly schedule alone
              hint: write repeat: weekly, or leave days out
            queries/q.yaml:3: schedule.start: is missing: it says when a schedule runs once
              hint: write a day or a time below schedule"#]],
    );
    wrong(
        "schedule:\n  repeat: often\n  days: mon\n  start: 2026-02-30\n  end: 2026-12-01T02:30:00Z\n",
        expect![[r#"
            queries/q.yaml:4: schedule.repeat: must be once, hourly, daily, weekly or monthly
            queries/q.yaml:5: schedule.days: must be a list of days: [mon, fri]
            queries/q.yaml:6: schedule.start: must be a day or a time by the clock of the time zone
              hint: write 2026-12-01, 2026-12-01 02:30 or 2026-12-01T02:30:00
            queries/q.yaml:7: schedule.end: must be a day or a time by the clock of the time zone
              hint: write 2026-12-01, 2026-12-01 02:30 or 2026-12-01T02:30:00"#]],
    );
    wrong(
        "schedule:\n  repeat: daily\n  start: 2026-12-02\n  end: 2026-12-01\n",
        expect![[r#"
        queries/q.yaml:6: schedule.end: comes before the start: nothing would ever run
          hint: an end that is a day is the last one"#]],
    );
    wrong(
        "schedule: {start: 2026-12-02 02:30, end: 2026-12-02 02:29}\n",
        expect![[r#"
        queries/q.yaml:3: schedule.cron: is missing
          hint: write @hourly, @daily, @weekly, @monthly, @yearly, or five cron fields; or repeat: daily
        queries/q.yaml:3: schedule.end: comes before the start: nothing would ever run
          hint: an end that is a day is the last one"#]],
    );
}

#[test]
fn who_is_told_is_nobody_or_the_default() {
    let nobody = Notify { recipients: Some(Vec::new()), ..Notify::default() };
    let all = Notify {
        recipients: Some(vec!["ada@example.com".into()]),
        webhooks: Some(vec!["ops".into()]),
        on: Some(vec![NoticeEvent::Failure, NoticeEvent::QuotaParked]),
        rejected_over: Some(100),
    };
    let cases = [
        ("", None),
        ("notify:\n", None),
        ("notify: {}\n", None),
        ("notify: {recipients: []}\n", Some(nobody)),
        (
            "notify:\n  recipients:\n    - ada@example.com\n  webhooks: [ops]\n  on: [failure, quota_parked]\n  \
             rejected_over: 100\n",
            Some(all),
        ),
    ];
    for (lines, want) in cases {
        assert_eq!(read(lines).notify, want, "{lines}");
    }
}

#[test]
fn everything_wrong_with_a_schedule_is_said_at_its_line() {
    let wrong = |lines: &str, want: Expect| {
        let problems = parse(&query_with(lines)).expect_err("accepted");
        want.assert_eq(&problems.to_string());
    };
    wrong(
        "schedule:\n  cron: \"60 2 * * *\"\n  timezone: Europe/Berln\n  delay: 99999999\n  catchup: one\n  overlap: wait\n\
         overlap: skip\nnotify:\n  recipient: [x]\n  recipients: [ada@example.com, planted]\n  on: [failures, test]\n  \
         rejected_over: many\n",
        expect![[r#"
            queries/q.yaml:7: schedule.catchup: is not a name that is known here
              hint: did you mean catch_up?
            queries/q.yaml:6: schedule.delay: must be at most 2592000 seconds
              hint: that is 30 days
            queries/q.yaml:8: schedule.overlap: must be skip or queue
            queries/q.yaml:5: schedule.timezone: "Europe/Berln" is not a time zone of the IANA database
              hint: did you mean Europe/Berlin?
            queries/q.yaml:4: schedule.cron: minute: "60" is out of range: minutes are 0 to 59
              hint: the full hour is minute 0
            queries/q.yaml:11: notify.recipient: is not a name that is known here
              hint: did you mean recipients?
            queries/q.yaml:12: notify.recipients: entry 2 is no mail address
              hint: write one plain address an entry: ada@example.com
            queries/q.yaml:13: notify.on: failures is nothing that people are told of
              hint: did you mean failure?
            queries/q.yaml:13: notify.on: test is nothing that people are told of
              hint: the words are success, failure, rejected, quota_parked, reconnect, disabled, recovered
            queries/q.yaml:14: notify.rejected_over: must be a whole number of rows"#]],
    );
    wrong(
        "schedule: {timezone: UTC, overlap: wait}\noverlap: queue\n",
        expect![[r#"
            queries/q.yaml:3: schedule.overlap: must be skip or queue
            queries/q.yaml:3: schedule.cron: is missing
              hint: write @hourly, @daily, @weekly, @monthly, @yearly, or five cron fields; or repeat: daily"#]],
    );
    wrong(
        "schedule: \"@dayly\"\n",
        expect![[r#"
        queries/q.yaml:3: schedule: "@dayly" is not a preset
          hint: did you mean @daily?"#]],
    );
    wrong(
        "schedule: [\"@daily\"]\nnotify: ada@example.com\n",
        expect![[r#"
            queries/q.yaml:3: schedule: must be a mapping
              hint: write cron: or repeat: below it, and timezone: where it is not UTC; or the cron itself, in quotes
            queries/q.yaml:4: notify: must be a mapping
              hint: write recipients:, webhooks:, on: or rejected_over: below it"#]],
    );
    wrong(
        "schedule: @daily\n",
        expect![[r#"
        queries/q.yaml:3: is no YAML mapping
          hint: write one `name: value` a line, each name once, --- between documents; a text that begins with @ or * stands in quotes"#]],
    );
    refused(
        &[(
            "connections/a.yaml",
            "name: a\nbusiness_unit: 0Uv000000000001AAA\nreserve: 91\ndaily_budget: most\n---\nname: b\n\
             business_unit: 0Uv000000000001AAA\nreserve: 300\n",
        )],
        expect![[r#"
            connections/a.yaml:3: reserve: must be a whole number from 0 to 90, in percent
              hint: the rest of the day's calls is for Sluice
            connections/a.yaml:4: daily_budget: must be a whole number of calls
            connections/a.yaml:8: reserve: must be a whole number from 0 to 90, in percent"#]],
    );
}

#[test]
fn what_a_project_does_not_say_is_taken_away() {
    let there = QuerySpec {
        schedule: Some(Schedule { timezone: Some("Asia/Kolkata".into()), ..schedule("@daily") }),
        notify: Some(Notify { recipients: Some(vec!["ada@example.com".into()]), ..Notify::default() }),
        ..read("")
    };
    let options = PlanOptions::default();
    let project = |lines: &str| parse(&query_with(lines)).unwrap();
    planned(
        &project(""),
        &having(there.clone()),
        options,
        expect![[r#"
        ~ query q: schedule @daily Asia/Kolkata → none, notify.recipients ada@example.com → (default)
        0 to create, 1 to change, 0 to delete, 0 the same"#]],
    );
    planned(
        &project("schedule: {cron: 0 2 * * *, delay: 60}\nnotify: {recipients: [], on: [failure]}\n"),
        &having(there.clone()),
        options,
        expect![[r#"
            ~ query q: schedule.cron @daily → 0 2 * * *, schedule.timezone Asia/Kolkata → UTC, schedule.delay 0 → 60, notify.recipients ada@example.com → (nobody), notify.on (default) → failure
            0 to create, 1 to change, 0 to delete, 0 the same"#]],
    );
    planned(
        &project("schedule: \"@weekly\"\n"),
        &having(read("")),
        options,
        expect![[r#"
        ~ query q: schedule → @weekly
        0 to create, 1 to change, 0 to delete, 0 the same"#]],
    );
    planned(
        &project("schedule: {repeat: weekly, days: [tue], start: 2026-12-01, timezone: Asia/Kolkata}\n"),
        &having(there.clone()),
        options,
        expect![[r#"
            ~ query q: schedule.cron @daily → none, schedule.repeat → weekly, schedule.days → tue, schedule.start → 2026-12-01, notify.recipients ada@example.com → (default)
            0 to create, 1 to change, 0 to delete, 0 the same"#]],
    );
    planned(
        &project("schedule: {repeat: daily, end: 2026-12-30}\n"),
        &having(QuerySpec { schedule: Some(weekly()), ..read("") }),
        options,
        expect![[r#"
            ~ query q: schedule.repeat weekly → daily, schedule.days mon,fri → none, schedule.start 2026-12-01 02:30 → none, schedule.end 2026-12-31 → 2026-12-30
            0 to create, 1 to change, 0 to delete, 0 the same"#]],
    );
    planned(
        &project(""),
        &having(QuerySpec { schedule: Some(weekly()), ..read("") }),
        options,
        expect![[r#"
        ~ query q: schedule weekly mon,fri from 2026-12-01 02:30 to 2026-12-31 → none
        0 to create, 1 to change, 0 to delete, 0 the same"#]],
    );
    // The same in other words.
    let same = [
        ("schedule: {cron: \"@daily\", timezone: asia/kolkata}\nnotify: {recipients: [ada@example.com]}\n", there),
        ("", QuerySpec { schedule: Some(schedule("none")), notify: Some(Notify::default()), ..read("") }),
        (
            "schedule: \"@daily\"\n",
            QuerySpec { schedule: Some(Schedule { timezone: Some("UTC".into()), ..schedule("@daily") }), ..read("") },
        ),
        (
            "schedule: {repeat: weekly, days: [fri, mon], start: 2026-12-01T02:30:00, end: 2026-12-31}\n",
            QuerySpec { schedule: Some(weekly()), ..read("") },
        ),
        (
            "schedule: {repeat: daily, start: 2026-12-01 00:00}\n",
            QuerySpec {
                schedule: Some(Schedule {
                    repeat: Some(Repeat::Daily),
                    start: Some("2026-12-01".into()),
                    ..schedule("none")
                }),
                ..read("")
            },
        ),
    ];
    for (lines, spec) in same {
        let found = plan(&project(lines), &sums(), &having(spec), options).unwrap();
        assert!(found.is_empty(), "{lines}{found}");
    }
}

#[test]
fn webhooks_are_there_before_a_query_names_them() {
    let project = parse(&query_with("notify:\n  webhooks: [opps, else]\n")).unwrap();
    let actual = |names: Option<&[&str]>| Actual {
        webhooks: names.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>()),
        ..Actual::default()
    };
    planned(
        &project,
        &actual(None),
        PlanOptions::default(),
        expect![[r#"
        + query q
        1 to create, 0 to change, 0 to delete, 0 the same"#]],
    );
    planned(
        &project,
        &actual(Some(&["ops", "else"])),
        PlanOptions::default(),
        expect![[r#"
        problems:
        queries/q.yaml:4: notify.webhooks: there is no webhook opps
          hint: did you mean ops?"#]],
    );
    planned(
        &project,
        &actual(Some(&[])),
        PlanOptions::default(),
        expect![[r#"
        problems:
        queries/q.yaml:4: notify.webhooks: there is no webhook opps
          hint: an admin makes it first: sluice webhooks put NAME --url URL
        queries/q.yaml:4: notify.webhooks: there is no webhook else
          hint: an admin makes it first: sluice webhooks put NAME --url URL"#]],
    );
}

#[test]
fn a_quota_that_is_not_written_has_its_default() {
    let mut actual = equal();
    actual.connections[0].reserve = 25;
    actual.connections[0].daily_budget = 4000;
    planned(
        &parse(&good()).unwrap(),
        &actual,
        PlanOptions::default(),
        expect![[r#"
        ~ connection prod: reserve 25 → 10, daily_budget 4000 → 0
        0 to create, 1 to change, 0 to delete, 4 the same"#]],
    );
    let pulled = parse(&render(&actual)).unwrap();
    assert_eq!(pulled.connections["prod"].spec.reserve, Some(25));
    planned(&pulled, &actual, PlanOptions::default(), expect!["nothing to do: 5 things are as the project has them"]);
}

#[test]
fn what_is_written_says_no_more_than_it_must() {
    let spec = QuerySpec {
        schedule: Some(Schedule {
            timezone: Some("Europe/Berlin".into()),
            delay: 600,
            catch_up: CatchUp::None,
            overlap: Overlap::Queue,
            ..schedule("*/15 9-17 * * mon-fri")
        }),
        notify: Some(Notify {
            recipients: Some(vec!["ada@example.com".into(), "1@example.com".into()]),
            webhooks: Some(Vec::new()),
            on: Some(vec![NoticeEvent::Disabled, NoticeEvent::QuotaParked]),
            rejected_over: Some(0),
        }),
        ..read("")
    };
    let text = |spec: QuerySpec| render(&having(spec))[1].1.clone();
    expect![[r##"
        # yaml-language-server: $schema=../sluice.schema.json
        name: q
        sql_file: q.sql
        schedule:
          cron: "*/15 9-17 * * mon-fri"
          timezone: Europe/Berlin
          delay: 600
          catch_up: none
          overlap: queue
        notify:
          recipients: [ada@example.com, "1@example.com"]
          webhooks: []
          on: [disabled, quota_parked]
          rejected_over: 0
    "##]]
    .assert_eq(&text(spec));
    expect![[r##"
        # yaml-language-server: $schema=../sluice.schema.json
        name: q
        sql_file: q.sql
        schedule: "@daily"
    "##]]
    .assert_eq(&text(QuerySpec { schedule: Some(schedule("@daily")), ..read("") }));
    expect![[r##"
        # yaml-language-server: $schema=../sluice.schema.json
        name: q
        sql_file: q.sql
        schedule:
          repeat: weekly
          days: [mon, FRI]
          start: "2026-12-01 02:30"
          end: "2026-12-31"
    "##]]
    .assert_eq(&text(QuerySpec { schedule: Some(weekly()), ..read("") }));
}

#[test]
fn editors_are_told_of_both_forms() {
    let schema = schema();
    let names = |kind: &str| -> Vec<String> {
        schema["$defs"][kind]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names("Schedule"), crate::timetable::NAMES);
    assert_eq!(names("Notify"), crate::told::NAMES);
    assert_eq!(schema["$defs"]["Schedule"]["additionalProperties"], json!(false));
    assert_eq!(schema["$defs"]["Notify"]["additionalProperties"], json!(false));
    expect![[r##"{"oneOf":[{"type":"string","description":"@hourly, @daily, @weekly, @monthly, @yearly, or five cron fields."},{"$ref":"#/$defs/Schedule"}]}"##]].assert_eq(&schema["$defs"]["Timetable"].to_string());
    let query = &schema["$defs"]["query"]["properties"];
    assert!(query["schedule"].to_string().contains("#/$defs/Timetable"), "{query}");
}

/// A cron or a repeat, with what goes with it.
fn often() -> impl Strategy<Value = Schedule> {
    let bound = || proptest::option::of(proptest::sample::select(vec!["2026-12-01", "2026-12-01 02:30"]));
    let repeats = vec![Repeat::Once, Repeat::Hourly, Repeat::Daily, Repeat::Weekly, Repeat::Monthly];
    let repeat = proptest::option::of(proptest::sample::select(repeats));
    let days = proptest::sample::subsequence(vec!["mon", "wed", "sun"], 0..=3);
    (crons(), repeat, days, bound(), any::<bool>()).prop_map(|(cron, repeat, days, start, ends)| {
        let start = start.or((repeat == Some(Repeat::Once)).then_some("2026-12-01"));
        let days = if repeat == Some(Repeat::Weekly) { days } else { Vec::new() };
        Schedule {
            cron: if repeat.is_some() { String::new() } else { cron },
            repeat,
            days: days.into_iter().map(str::to_owned).collect(),
            start: start.map(str::to_owned),
            end: ends.then(|| "2026-12-01".to_owned()),
            ..Schedule::default()
        }
    })
}

fn crons() -> impl Strategy<Value = String> {
    let field = |texts: [&'static str; 3]| proptest::sample::select(texts.to_vec());
    let fields =
        (field(["0", "*", "*/5"]), field(["2", "*", "1,13"]), field(["*", "1", "*/10"]), field(["*", "1-3", "jan"]));
    prop_oneof![
        proptest::sample::select(vec!["@hourly".to_owned(), "@yearly".to_owned()]),
        (fields, field(["*", "mon", "1-5"])).prop_map(|((a, b, c, d), e)| format!("{a} {b} {c} {d} {e}")),
    ]
}

proptest! {
    #[test]
    fn schedules_pulled_then_planned_are_nothing_to_do(
        often in often(),
        timezone in proptest::option::of(proptest::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York"])),
        delay in 0_u64..100_000,
        words in (0_usize..3, any::<bool>()),
        recipients in proptest::option::of(proptest::collection::vec("[a-z0-9.+-]{1,9}@[a-z]{1,9}[.]test", 0..3)),
        webhooks in proptest::option::of(proptest::collection::vec("[A-Za-z0-9_.-]{1,9}", 0..3)),
        rejected_over in proptest::option::of(any::<u64>()),
    ) {
        let catch_up = [CatchUp::One, CatchUp::All, CatchUp::None][words.0];
        let overlap = if words.1 { Overlap::Queue } else { Overlap::Skip };
        let timezone = timezone.map(str::to_owned);
        let spec = QuerySpec {
            schedule: Some(Schedule { timezone, delay, catch_up, overlap, ..often }),
            notify: Some(Notify { recipients, webhooks, on: None, rejected_over }),
            ..read("")
        };
        let actual = having(spec.clone());
        let project = parse(&render(&actual)).map_err(|problems| TestCaseError::fail(problems.to_string()))?;
        prop_assert_eq!(&project.queries["q"].spec.schedule, &spec.schedule);
        let plan = plan(&project, &BTreeMap::new(), &actual, PlanOptions { prune: true, secrets: false });
        let plan = plan.map_err(|problems| TestCaseError::fail(problems.to_string()))?;
        prop_assert!(plan.is_empty(), "{}", plan);
    }
}
