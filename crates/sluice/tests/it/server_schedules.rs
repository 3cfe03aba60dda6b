//! Schedules, notices and webhooks by command: over a server that runs, and over a data directory.
//!
//! Knows commands and what they print; when something fires by itself is not waited for here.

use serde_json::Value;

use crate::harness::{Bench, Outcome};
use crate::server::House;

/// Lines of JSON.
#[track_caller]
fn lines(outcome: &Outcome) -> Vec<Value> {
    outcome.check_exit(0);
    let parsed = outcome.stdout.lines().map(serde_json::from_str);
    parsed.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

#[track_caller]
fn last(outcome: &Outcome) -> Value {
    lines(outcome).pop().unwrap_or(Value::Null)
}

#[track_caller]
fn says(outcome: &Outcome, exit: i32, words: &[&str]) {
    outcome.check_exit(exit);
    for word in words {
        assert!(outcome.stdout.contains(word) || outcome.stderr.contains(word), "no {word:?}: {outcome:?}");
    }
}

/// The first cell below the heads of a downloaded result.
fn first_cell(csv: &str) -> String {
    csv.lines().nth(1).and_then(|line| line.split(',').next()).unwrap_or_default().to_owned()
}

/// A query whose rows are the time that it runs for.
fn timed(sluice: &dyn Fn(&[&str]) -> Outcome) {
    let sql = "SELECT TD_SCHEDULED_TIME() AS score, 'a@example.com' AS email";
    last(&sluice(&["queries", "save", "nightly", "--sql", sql, "--json"]));
}

fn a_schedule_by_command(sluice: &dyn Fn(&[&str]) -> Outcome) {
    timed(sluice);
    says(&sluice(&["schedules", "list"]), 0, &["no schedules yet"]);
    sluice(&["schedules", "show", "nightly"]).check_exit(2);
    sluice(&["schedules", "set", "nightly"]).check_exit(2);
    let wrong = ["schedules", "set", "nightly", "61 2 * * *", "--timezone", "Europe/Berln", "--overlap", "skip"];
    says(&sluice(&wrong), 2, &["schedule.cron", "minute", "schedule.timezone", "did you mean Europe/Berlin?"]);
    let words = ["schedules", "set", "nightly", "@daily", "--overlap", "wait", "--catch-up", "some"];
    says(&sluice(&words), 2, &["--overlap: must be skip or queue", "--catch-up: must be one, all or none"]);

    let set = ["schedules", "set", "nightly", "0 2 * * *", "--timezone", "Asia/Kolkata", "--delay", "600", "--json"];
    let view = last(&sluice(&set));
    assert_eq!((&view["state"], &view["schedule"]["delay"]), (&"active".into(), &600.into()), "{view}");
    assert_eq!(view["next"].as_array().map(Vec::len), Some(5), "{view}");
    assert!(view["next"][0]["scheduled"].as_str().is_some_and(|time| time.ends_with("T20:30:00Z")), "{view}");
    // What is not given stays.
    let view = last(&sluice(&["schedules", "set", "nightly", "--catch-up", "none", "--json"]));
    assert_eq!((&view["schedule"]["cron"], &view["schedule"]["delay"]), (&"0 2 * * *".into(), &600.into()), "{view}");
    let words = ["RUNS", "query nightly", "02:00", "Asia/Kolkata", "active"];
    says(&sluice(&["schedules", "list"]), 0, &words);
    says(&sluice(&["queries", "show", "nightly"]), 0, &["Asia/Kolkata", "next runs"]);
    says(&sluice(&["queries", "list"]), 0, &["SCHEDULE", "0 2 * * *"]);
    says(&sluice(&["schedules", "calendar", "--timezone", "Asia/Kolkata"]), 0, &["runs an hour", " of 1 schedule"]);
    let hours = lines(&sluice(&["schedules", "calendar", "--days", "3", "--timezone", "Asia/Kolkata", "--json"]));
    assert!((2..=3).contains(&hours.len()) && hours.iter().all(|hour| hour["hour"] == 2), "{hours:?}");
    sluice(&["schedules", "calendar", "--timezone", "Asia/Kolkatta"]).check_exit(2);

    says(&sluice(&["schedules", "pause", "nightly"]), 0, &["paused", "schedules resume 'nightly'"]);
    says(&sluice(&["schedules", "list"]), 0, &["paused"]);
    assert_eq!(last(&sluice(&["schedules", "resume", "nightly", "--json"]))["state"], "active");

    let fill = ["schedules", "backfill", "nightly", "--from", "2026-03-01", "--slots", "3", "--follow", "--json"];
    let made = lines(&sluice(&fill));
    let slots: Vec<&Value> = made[0]["started"].as_array().expect("slots").iter().collect();
    let times: Vec<&str> = slots.iter().filter_map(|slot| slot["scheduled"].as_str()).collect();
    assert_eq!(times, ["2026-02-28T20:30:00Z", "2026-03-01T20:30:00Z", "2026-03-02T20:30:00Z"], "{made:?}");
    for slot in &slots {
        let id = slot["job_id"].as_str().expect("a job");
        let job = last(&sluice(&["jobs", "show", id, "--json"]));
        assert_eq!((&job["state"], &job["scheduled"]), (&"success".into(), &slot["scheduled"]), "{job}");
        let rows = sluice(&["jobs", "download", id, "--what", "result"]);
        let seconds: i64 = first_cell(&rows.stdout).parse().unwrap_or_else(|_| panic!("{rows:?}"));
        assert_eq!(seconds.rem_euclid(86_400), 73_800, "the job knows its scheduled time");
        says(&sluice(&["jobs", "show", id]), 0, &["scheduled for"]);
    }
    let again = last(&sluice(&fill));
    assert_eq!(
        (again["started"].as_array().map(Vec::len), again["already"].as_array().map(Vec::len)),
        (Some(0), Some(3))
    );
    let history = lines(&sluice(&["schedules", "history", "nightly", "--limit", "2", "--json"]));
    let newest: Vec<&Value> = history.iter().map(|slot| &slot["scheduled"]).collect();
    assert_eq!(newest, [times[2], times[1]], "newest first");
    says(&sluice(&["schedules", "history", "nightly"]), 0, &["BECAME", "success", "2026-03-01 02:00"]);
    sluice(&["schedules", "backfill", "nightly", "--from", "2026-03-01", "--slots", "101"]).check_exit(2);

    says(&sluice(&["schedules", "remove", "nightly"]), 0, &["no more"]);
    says(&sluice(&["schedules", "remove", "nightly"]), 0, &["has no schedule"]);
    says(&sluice(&["schedules", "list"]), 0, &["no schedules yet"]);
    last(&sluice(&["schedules", "set", "nightly", "@hourly", "--json"]));
    says(&sluice(&["schedules", "set", "nightly", "none"]), 0, &["no more"]);
}

fn a_time_of_its_own(sluice: &dyn Fn(&[&str]) -> Outcome) {
    timed(sluice);
    let cases = [("2026-11-24", "1795478400"), ("2026-11-24T02:00:00+01:00", "1795482000")];
    for (time, want) in cases {
        let job = last(&sluice(&["queries", "run", "nightly", "--scheduled-time", time, "--follow", "--json"]));
        let rows = sluice(&["jobs", "download", job["id"].as_str().expect("an id"), "--what", "result"]);
        assert_eq!(first_cell(&rows.stdout), want, "{rows:?}");
    }
    for time in ["2026-11-24 02:00", "tomorrow", ""] {
        says(&sluice(&["queries", "run", "nightly", "--scheduled-time", time]), 2, &["--scheduled-time"]);
    }
}

fn notices_by_command(house: &House, sluice: &dyn Fn(&[&str]) -> Outcome) {
    timed(sluice);
    says(&sluice(&["webhooks", "list"]), 0, &["no webhooks yet"]);
    let put = ["webhooks", "put", "ops", "--url", "https://hooks.example.com/sluice"];
    let made = sluice(&put);
    says(&made, 0, &["shown this once"]);
    let secret = made.stdout.trim().to_owned();
    assert!(secret.starts_with("whsec_") && !secret.contains(char::is_whitespace), "the secret alone: {made:?}");
    house.bench.write("secret", "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n");
    let changed = sluice(&["webhooks", "put", "ops", "--secret-file", "secret"]);
    says(&changed, 0, &["https://hooks.example.com/sluice"]);
    assert!(!format!("{changed:?}").contains("whsec_"), "one's own secret is not shown: {changed:?}");
    let kept = ["webhooks", "put", "chat", "--url", "https://chat.example.com/x", "--output", "chat.secret"];
    assert!(!format!("{:?}", sluice(&kept)).contains("whsec_"));
    assert!(house.bench.read("chat.secret").starts_with("whsec_"));
    says(&sluice(&["webhooks", "show", "ops"]), 0, &["https://hooks.example.com/sluice"]);
    sluice(&["webhooks", "put", "bad", "--url", "http://hooks.example.com/x"]).check_exit(2);
    sluice(&["webhooks", "show", "bad"]).check_exit(2);
    let listed = sluice(&["webhooks", "list", "--json"]);
    assert_eq!(lines(&listed).len(), 2);
    assert!(!listed.stdout.contains("whsec_"), "{listed:?}");

    sluice(&["notifications", "set"]).check_exit(2);
    says(&sluice(&["notifications", "set", "--on", "failures"]), 2, &["did you mean failure?"]);
    let set = ["notifications", "set", "--recipient", "ada@example.com", "--on", "failure,disabled"];
    says(
        &sluice(&[&set[..], &["--rejected-over", "100"]].concat()),
        0,
        &["ada@example.com", "failure, disabled", "100"],
    );
    let shown = last(&sluice(&["notifications", "set", "--recipient", "", "--rejected-over", "", "--json"]));
    assert_eq!(shown["default"]["recipients"], serde_json::json!([]), "{shown}");
    assert_eq!(shown["default"]["on"], serde_json::json!(["failure", "disabled"]), "{shown}");
    assert_eq!(shown["default"]["rejected_over"], 0, "{shown}");
    sluice(&["notifications", "set", "--query", "nightly", "--webhook", "opps"]).check_exit(2);
    says(&sluice(&["notifications", "set", "--query", "nightly", "--webhook", "ops"]), 0, &["webhooks", "ops"]);
    says(&sluice(&["queries", "show", "nightly"]), 0, &["the default", "ops"]);
    says(&sluice(&["webhooks", "delete", "ops"]), 2, &["nightly"]);
    says(&sluice(&["notifications", "reset", "--query", "nightly"]), 0, &["the default"]);
    says(&sluice(&["webhooks", "delete", "ops"]), 0, &["deleted"]);

    says(&sluice(&["notices", "list"]), 0, &["no notices yet"]);
    sluice(&["notices", "list", "--state", "gone"]).check_exit(2);
    says(&sluice(&["notices", "test"]), 2, &["nobody is told by default"]);
    // No mail server is set here.
    let tried = sluice(&["notices", "test", "--to", "ada@example.com"]);
    says(&tried, 1, &["not sent", "hint"]);
}

#[test]
fn schedules_over_a_server() {
    let house = House::start(Bench::unique());
    a_schedule_by_command(&|command| house.remote(command));
    a_time_of_its_own(&|command| house.remote(command));
}

#[test]
fn schedules_over_a_data_directory() {
    let house = House::empty(Bench::unique());
    a_schedule_by_command(&|command| house.local(command));
    a_time_of_its_own(&|command| house.local(command));
}

#[test]
fn notices_over_a_server() {
    let house = House::start(Bench::unique());
    notices_by_command(&house, &|command| house.remote(command));
}

#[test]
fn notices_over_a_data_directory() {
    let house = House::empty(Bench::unique());
    notices_by_command(&house, &|command| house.local(command));
}

#[test]
fn looking_at_schedules_makes_no_data_directory() {
    let house = House::empty(Bench::unique());
    for look in [&["schedules", "list"][..], &["notices", "list"], &["webhooks", "list"], &["notifications", "show"]] {
        let refused = house.local(&[look, &["--data-dir", "mistyped"]].concat());
        refused.check_exit(2);
        assert!(!house.bench.path("mistyped").exists(), "{look:?}");
    }
}

#[test]
fn a_connection_leaves_calls_to_others() {
    let house = House::start(Bench::unique());
    let set = ["connections", "update", "prod", "--reserve", "25", "--daily-budget", "4000", "--json"];
    let changed = last(&house.remote(&set));
    assert_eq!((&changed["reserve"], &changed["daily_budget"]), (&25.into(), &4000.into()), "{changed}");
    says(&house.remote(&["connections", "show", "prod"]), 0, &["25 % of the day's calls", "4,000 calls"]);
    house.remote(&["connections", "update", "prod", "--reserve", "91"]).check_exit(2);
}

#[test]
fn an_export_knows_the_time_that_it_is_given() {
    let bench = Bench::unique();
    let sql = "SELECT 'a@example.com' AS email, TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'yyyy-MM-dd HH:mm') AS first_name";
    bench.export(sql).args(&["--scheduled-time", "2026-11-24"]).exits(0);
    assert_eq!(bench.prospect("a@example.com")["first_name"], "2026-11-24 00:00");
    let wrong = bench.export(sql).args(&["--scheduled-time", "2026-11-24 02:00"]).exits(2);
    assert!(wrong.stderr.contains("--scheduled-time"), "{wrong:?}");
}

#[test]
fn schedules_and_notices_of_a_project() {
    let house = House::start(Bench::unique());
    let write = |path: &str, text: &str| {
        let full = house.bench.path(path);
        std::fs::create_dir_all(full.parent().expect("a folder")).expect("a folder");
        std::fs::write(full, text).expect("the file is written");
    };
    let query = |more: &str| write("crm/queries/q.yaml", &format!("name: q\nsql: SELECT 1 AS score\n{more}"));
    query(
        "schedule:\n  cron: 0 2 * * *\n  timezone: Europe/Berlin\n  delay: 600\nnotify:\n  recipients: \
         [ada@example.com]\n  on: [failure]\n",
    );
    says(&house.remote(&["apply", "crm", "--yes"]), 0, &["+ query q"]);
    says(&house.remote(&["plan", "crm", "--exit-code"]), 0, &["nothing to do"]);
    assert_eq!(house.get("/queries/q")["schedule"]["timezone"], "Europe/Berlin");
    house.remote(&["pull", "pulled"]).check_exit(0);
    says(&house.remote(&["plan", "pulled", "--exit-code"]), 0, &["nothing to do"]);
    query("schedule: \"@hourly\"\nnotify:\n  webhooks: [ops]\n");
    says(&house.remote(&["plan", "crm"]), 2, &["q.yaml:5: notify.webhooks: there is no webhook ops"]);
    query("");
    let gone = ["schedule 0 2 * * * Europe/Berlin → none", "notify.recipients ada@example.com → (default)"];
    says(&house.remote(&["apply", "crm", "--yes"]), 0, &gone);
    assert_eq!(house.get("/queries/q")["schedule"], Value::Null);
    query("schedule:\n  cron: 0 2 30 2 *\n  timezone: CEST\n");
    says(&house.remote(&["plan", "crm"]), 2, &["q.yaml:4: schedule.cron", "q.yaml:5: schedule.timezone"]);
}
