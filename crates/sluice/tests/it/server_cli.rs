//! The command line over a server that runs, and over a data directory: the same words, the same ends.
//!
//! Knows commands and exit codes; the sandbox says what was done.

use serde_json::Value;

use crate::contacts::{check_contacts, contacts, email_of};
use crate::harness::{Bench, Outcome};
use crate::server::{House, check_ends};

/// Lines of JSON.
#[track_caller]
fn lines(outcome: &Outcome) -> Vec<Value> {
    let parsed = outcome.stdout.lines().map(serde_json::from_str);
    parsed.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

#[track_caller]
fn done(outcome: &Outcome) -> Value {
    outcome.check_exit(0);
    lines(outcome).pop().unwrap_or(Value::Null)
}

/// A team's first day, by command.
fn first_day(bench: &Bench, sluice: &dyn Fn(&[&str]) -> Outcome) {
    let made = done(&sluice(&["connections", "create", "prod", "--from", "connection.yaml", "--json"]));
    assert_eq!((&made["name"], &made["state"]), (&"prod".into(), &"connected".into()), "{made}");
    assert!(!made.to_string().contains(&bench.sandbox.connection().client_secret), "{made}");
    sluice(&["connections", "create", "prod", "--from", "connection.yaml"]).check_exit(2);
    let before = bench.counters().calls;
    assert_eq!(done(&sluice(&["connections", "test", "prod", "--json"]))["ok"], true);
    assert!(bench.counters().calls - before <= 3, "a test takes three calls at most");
    done(&sluice(&["connections", "account", "prod", "--json"]));

    bench.write("c.csv", &contacts(120, |row| row == 5));
    assert_eq!(done(&sluice(&["tables", "upload", "c", "c.csv", "--json"]))["format"], "csv");
    assert_eq!(done(&sluice(&["tables", "show", "c", "--json"]))["rows"], 120);

    let save = ["queries", "save", "contacts", "--sql", "SELECT * FROM c", "--export-connection", "prod"];
    done(&sluice(&[&save[..], &["--set", "skip_invalid_records=true", "--json"]].concat()));
    let wrong = ["queries", "save", "wrong", "--sql", "SELECT * FROM nothing", "--export-connection", "nobody"];
    let wrong = sluice(&[&wrong[..], &["--set", "data_object=prospcts", "--json"]].concat());
    wrong.check_exit(2);
    let told = lines(&wrong).pop().expect("problems")["problems"].as_array().map_or(0, Vec::len);
    assert!(told >= 3, "everything wrong at once: {wrong:?}");
    sluice(&["queries", "show", "wrong"]).check_exit(2);

    let ran = sluice(&["queries", "run", "contacts", "--follow", "--json", "--idempotency-key", "first"]);
    let job = done(&ran);
    check_ends(&job["rows"], [120, 119, 1, 0, 0, 0]);
    check_contacts(bench, 120, |row| row == 5);
    let again = done(&sluice(&["queries", "run", "contacts", "--follow", "--json", "--idempotency-key", "first"]));
    assert_eq!(again["id"], job["id"], "the same key starts nothing new");
    let id = job["id"].as_str().expect("an id");
    let listed = sluice(&["jobs", "list", "--json"]);
    assert_eq!(lines(&listed).iter().map(|job| job["id"].clone()).collect::<Vec<_>>(), [id], "{listed:?}");
    assert!(lines(&sluice(&["jobs", "log", id, "--json"])).len() >= 3);
    let rejected = sluice(&["jobs", "download", id]);
    rejected.check_exit(0);
    assert!(rejected.stdout.contains("nobody-5") && rejected.stdout.lines().count() == 2, "{}", rejected.stdout);
    sluice(&["jobs", "download", id, "--what", "receipts", "--output", "receipts.csv"]).check_exit(0);
    let receipts = bench.read("receipts.csv");
    assert!(receipts.lines().count() == 121 && receipts.contains(&email_of(120)), "{receipts}");

    // The rejected row, mended.
    bench.write("mended.csv", "email,first_name,score,is_do_not_call\nrow00005@example.com,Ada 5,5,false\n");
    let retried = done(&sluice(&["jobs", "retry", id, "--file", "mended.csv", "--follow", "--json"]));
    check_ends(&retried["rows"], [1, 1, 0, 0, 0, 0]);
    check_contacts(bench, 120, |_| false);

    // A rejected row stops where the settings say so.
    done(&sluice(&["queries", "save", "contacts", "--unset", "skip_invalid_records", "--json"]));
    let stopped = sluice(&["queries", "run", "contacts", "--follow", "--json"]);
    stopped.check_exit(3);
    assert_eq!(lines(&stopped).pop().expect("a job")["state"], "stopped");
    sluice(&["connections", "delete", "prod"]).check_exit(2);
    sluice(&["queries", "run", "nobody"]).check_exit(2);
    sluice(&["jobs", "show", "nothing"]).check_exit(2);
}

#[test]
fn commands_work_over_a_server() {
    let mut house = House::empty(Bench::unique());
    house.serve();
    house.set_up();
    first_day(&house.bench, &|command| house.remote(command));
    house.bench.write("wrong", "slc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let server = format!("http://{}", house.served().address);
    let by = |form: &[&str]| house.local(&[&["jobs", "list"], form].concat());
    by(&["--server", &server, "--token-file", "wrong"]).check_exit(4);
    by(&["--server", &server, "--token-file", "absent"]).check_exit(2);
    by(&["--server", &server]).check_exit(2);
    by(&["--server", "http://127.0.0.1:1", "--token-file", "token"]).check_exit(1);
    by(&["--server", "ftp://127.0.0.1", "--token-file", "token"]).check_exit(2);
}

#[test]
fn commands_work_over_a_data_directory() {
    let house = House::empty(Bench::unique());
    first_day(&house.bench, &|command| house.local(command));
}

#[test]
fn a_job_is_killed_and_continued_by_command() {
    let house = House::start(Bench::unique());
    house.upload("c", &contacts(600, |_| false));
    house.query("q", &[]);
    let (arrival, release) = house.hold(house.seen() + 4);
    let started = done(&house.remote(&["queries", "run", "q", "--json"]));
    let id = started["id"].as_str().expect("an id");
    arrival.recv_timeout(crate::harness::LONGEST_RUN).expect("it is under way");
    house.remote(&["jobs", "kill", id]).check_exit(0);
    drop(release);
    let killed = house.remote(&["jobs", "show", id, "--follow", "--json"]);
    killed.check_exit(130);
    let killed = lines(&killed).pop().expect("a job");
    assert_eq!((&killed["state"], &killed["can_continue"]), (&"killed".into(), &true.into()), "{killed}");
    let (delivered, unsent) = (killed["rows"]["delivered"].as_u64(), killed["rows"]["unsent"].as_u64());
    assert!(delivered >= Some(50) && unsent > Some(0), "{killed}");
    let continued = done(&house.remote(&["jobs", "continue", id, "--follow", "--json"]));
    check_ends(&continued["rows"], [600, 600, 0, 0, 0, 0]);
    check_contacts(&house.bench, 600, |_| false);
    assert_eq!(house.bench.journal_of("batchUpsert").len(), 12, "nothing was sent twice");
}

#[test]
fn a_local_job_that_was_interrupted_waits_and_goes_on() {
    let mut house = House::start(Bench::unique());
    house.upload("c", &contacts(600, |_| false));
    house.query("q", &[]);
    house.stop("TERM").check_exit(0);
    let pid = house.bench.signal_at(house.seen() + 4, "INT");
    let mut command = house.bench.command("queries");
    command.args(["run", "q", "--json", "--data-dir", "data"]).env("SLUICE_ALLOW_LOOPBACK", "true");
    let child = command.spawn().expect("the program starts");
    pid.send(child.id()).expect("the hook waits");
    crate::harness::wait(child).check_exit(130);
    let waiting = done(&house.local(&["jobs", "list", "--json"]));
    assert_eq!(waiting["state"], "queued", "{waiting}");
    let id = waiting["id"].as_str().expect("an id");
    let killed = done(&house.local(&["jobs", "kill", id, "--json"]));
    assert_eq!(killed["state"], "killed", "{killed}");
    let continued = done(&house.local(&["jobs", "continue", id, "--json"]));
    check_ends(&continued["rows"], [600, 600, 0, 0, 0, 0]);
    check_contacts(&house.bench, 600, |_| false);
    assert_eq!(house.bench.journal_of("batchUpsert").len(), 12, "nothing was sent twice");
}
