//! The command line over a server that runs, and over a data directory: the same words, the same ends.
//!
//! Knows commands and exit codes; the sandbox says what was done.

use pardot_sim::{Fault, FaultKind, When};
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
    sluice(&["tables", "upload", "c", "absent.csv"]).check_exit(2);
    let listed = sluice(&["tables", "list"]);
    let words: Vec<Vec<&str>> = listed.stdout.lines().map(|line| line.split_whitespace().take(3).collect()).collect();
    assert_eq!(words, [["NAME", "ROWS", "FROM"], ["c", "120", "uploaded"]], "{listed:?}");

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
    sluice(&["jobs", "download", id, "--output", "receipts.csv"]).check_exit(2);
    assert_eq!(bench.read("receipts.csv"), receipts);
    sluice(&["jobs", "download", id, "--output", "receipts.csv", "--force"]).check_exit(0);
    assert_eq!(bench.read("receipts.csv").lines().count(), 2);

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

/// What strikes while a job is followed, and where it parks for it.
fn strike(house: &House, what: &str) {
    let sandbox = &house.bench.sandbox;
    let code = |code| FaultKind::Code { code, when: When::Before, status: None, message: None };
    let on_calls = |kind| Fault::always(kind).path("batchUpsert");
    match what {
        "parked_quota" => sandbox.fault(on_calls(code(122))),
        "parked_outage" => sandbox.fault(on_calls(FaultKind::Refuse)),
        _ => {
            house.bench.write("wrong", "not-the-secret");
            let update = ["connections", "update", "prod", "--client-secret-file", "wrong"];
            house.remote(&update).check_exit(0);
        }
    }
}

#[test]
fn following_ends_where_a_job_parks() {
    for (state, exit) in [("parked_quota", 5), ("parked_outage", 1), ("needs_reconnect", 4)] {
        let mut house = House::start(Bench::unique());
        house.upload("c", &contacts(60, |_| false));
        house.query("q", &[("maximum_retries", "1")]);
        strike(&house, state);
        let parked = house.remote(&["queries", "run", "q", "--follow"]);
        parked.check_exit(exit);
        assert!(parked.stdout.contains(state) && parked.stderr.contains("goes on by itself"), "{parked:?}");
        let mut notes: Vec<&str> = parked.stderr.lines().filter(|line| line.starts_with("note: ")).collect();
        let all = notes.len();
        notes.sort_unstable();
        notes.dedup();
        assert_eq!(notes.len(), all, "said twice: {parked:?}");
        house.stop("TERM").check_exit(0);
        // Locally the older job of the query goes first, and parks again; the new one waits for it.
        let second = house.local(&["queries", "run", "q"]);
        second.check_exit(exit);
        assert!(second.stderr.contains("stays parked in the data directory"), "{second:?}");
        let all = lines(&house.local(&["jobs", "list", "--json"]));
        // Both may be of one second, in which no order is promised.
        let mut states: Vec<&str> = all.iter().filter_map(|job| job["state"].as_str()).collect();
        states.sort_unstable();
        let mut want = ["queued", state];
        want.sort_unstable();
        assert_eq!(states, want, "{all:?}");
    }
}

#[test]
fn a_parked_job_is_waited_for_when_asked() {
    let house = House::start(Bench::unique());
    house.upload("c", &contacts(60, |_| false));
    house.query("q", &[]);
    strike(&house, "needs_reconnect");
    let parked = house.remote(&["queries", "run", "q", "--follow", "--json"]);
    parked.check_exit(4);
    let id = lines(&parked).pop().expect("a job")["id"].as_str().expect("an id").to_owned();
    let mut command = house.bench.command("jobs");
    let server = format!("http://{}", house.served().address);
    command.args(["show", &id, "--follow", "--wait", "--json", "--server", &server, "--token-file", "token"]);
    let waiting = command.spawn().expect("the program starts");
    house.remote(&["connections", "update", "prod", "--from", "connection.yaml"]).check_exit(0);
    let ended = crate::harness::wait(waiting);
    check_ends(&done(&ended)["rows"], [60, 60, 0, 0, 0, 0]);
}

#[test]
fn looking_makes_no_data_directory() {
    let house = House::empty(Bench::unique());
    let looks = [
        &["jobs"][..],
        &["jobs", "list"],
        &["report", "1abc"],
        &["connections", "list"],
        &["tables", "list"],
        &["queries", "list"],
        &["audit", "list"],
        &["audit", "verify"],
        &["keys", "forget", "--yes"],
    ];
    for look in looks {
        let refused = house.local(&[look, &["--data-dir", "mistyped"]].concat());
        refused.check_exit(2);
        assert!(refused.stderr.contains("there is no data directory"), "{refused:?}");
        assert!(!house.bench.path("mistyped").exists(), "{look:?}");
    }
}

#[test]
fn what_is_done_to_a_directory_is_not_done_through_a_server() {
    let house = House::empty(Bench::unique());
    house.local(&["connections", "create", "prod", "--from", "connection.yaml"]).check_exit(0);
    let commands =
        [&["backup", "b.tar"][..], &["restore", "b.tar"], &["keys", "forget", "--yes"], &["audit", "verify"]];
    for command in commands {
        let mut asked = house.bench.command(command[0]);
        asked.args(&command[1..]).args(["--data-dir", "data"]).env("SLUICE_SERVER", "http://127.0.0.1:1");
        let refused = crate::harness::wait(asked.spawn().expect("the program starts"));
        refused.check_exit(2);
        assert!(refused.stderr.contains("data directory of this machine"), "{refused:?}");
    }
    for command in [&["backup", "b.tar"][..], &["audit", "verify"]] {
        let made = house.local(command);
        made.check_exit(0);
        assert!(made.stderr.contains("data directory: data"), "{made:?}");
    }
}

#[test]
fn a_sandbox_is_called_when_this_machine_is_allowed() {
    let bench = Bench::unique();
    let create = |form: &[&str]| {
        let mut command = bench.command("connections");
        command.args(["create", "prod", "--from", "connection.yaml", "--data-dir", "data"]).args(form);
        crate::harness::wait(command.spawn().expect("the program starts"))
    };
    let refused = create(&[]);
    refused.check_exit(2);
    assert!(refused.stderr.contains("--allow-loopback"), "{refused:?}");
    create(&["--allow-loopback"]).check_exit(0);
    // Another login host is not told the secrets of this one, and the person is.
    let mut command = bench.command("connections");
    command.args(["update", "prod", "--login-url", "https://login.salesforce.com", "--data-dir", "data"]);
    let changed = crate::harness::wait(command.arg("--allow-loopback").spawn().expect("the program starts"));
    changed.check_exit(0);
    for word in ["dropped", "client_secret, refresh_token", "--client-secret-file FILE", "connections connect prod"] {
        assert!(changed.stderr.contains(word), "no {word}: {changed:?}");
    }
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
