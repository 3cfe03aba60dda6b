//! Secrets and row values stay where they belong when a server runs: neither its log, its answers, its metrics nor its
//! database tell them.
//!
//! Knows what was planted, and looks for it everywhere.

use std::sync::{Arc, Mutex};

use pardot_sim::{Config, Fault, FaultKind, OAuthSettings, RowMatch, When};
use serde_json::{Value, json};

use crate::harness::{Bench, files};
use crate::server::{House, PASSWORD, ask, line};
use crate::server_doors::operations;

const SECRET: &str = "planted-client-secret-7391";
/// The password of somebody who guesses.
const WRONG: &str = "guessed-password-7391";
const VALUE: &str = "planted-7391";

fn csv() -> String {
    let mut csv = String::from("email,first_name,score,password\n");
    for row in 1..=150_u32 {
        let at = if row.is_multiple_of(47) { "." } else { "@" };
        let score = if row.is_multiple_of(43) { "planted-7391-score" } else { "7" };
        csv += &format!("{VALUE}-{row}{at}example.com,{VALUE},{score},{VALUE}-word\n");
    }
    csv
}

/// Everything of the sweep: what was found, and where.
#[derive(Default)]
struct Sweep {
    secrets: Vec<String>,
    hits: Vec<String>,
    places: usize,
}

impl Sweep {
    /// Looks for secrets, and for row values where those must not be either.
    fn look(&mut self, place: &str, bytes: &[u8], rows_too: bool) {
        self.places += 1;
        let rows = rows_too.then_some(VALUE);
        for planted in self.secrets.iter().map(String::as_str).chain(rows) {
            if bytes.windows(planted.len()).any(|window| window == planted.as_bytes()) {
                self.hits.push(format!("{planted} in {place}"));
            }
        }
    }
}

/// What goes wrong with one export after the other.
fn faults() -> Vec<Option<FaultKind>> {
    let code = |code, when| FaultKind::Code { code, when, status: None, message: None };
    vec![
        None,
        Some(FaultKind::Status { status: 500, when: When::Before, retry_after: None, html: true }),
        Some(FaultKind::Reset { when: When::After }),
        Some(code(49, When::Before)),
        Some(code(9_999, When::Before)),
        Some(FaultKind::RefuseRows { rows: RowMatch::Any, message: format!("Invalid: {VALUE}-1@example.com") }),
    ]
}

fn environ(pid: u32) -> Vec<u8> {
    let read = |name: &str| std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    [read("cmdline"), read("environ")].concat()
}

/// What an admin sees in a browser. Jobs show samples of rejected rows, and nothing else shows rows.
fn sweep_console(sweep: &mut Sweep, house: &House, jobs: &[String]) {
    let address = &house.served().address;
    let login = json!({"name": "ada", "password": PASSWORD}).to_string();
    let signed = ask(address, &line("", "POST", "/api/v1/session"), login.as_bytes()).expect("an answer");
    let cookie = signed.head.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    let cookie = cookie.expect("a session").to_owned();
    let fixed = "/ /jobs /connections /connections/prod /connections/prod/edit /tables /tables/c /queries /queries/q0 \
        /queries/q0/export /queries/q0/schedule /queries/q0/notifications /schedules /settings /settings/people \
        /settings/tokens /settings/notices /settings/notifications /settings/budget /settings/keys /settings/audit";
    let logs = jobs.iter().map(|job| format!("/jobs/{job}/log"));
    let pages = fixed.split_whitespace().map(str::to_owned).chain(logs).map(|page| (page, true));
    for (page, rows) in pages.chain(jobs.iter().map(|job| (format!("/jobs/{job}"), false))) {
        let head = format!("GET {page} HTTP/1.1\r\ncookie: {cookie}\r\nsec-fetch-site: same-origin");
        let answer = ask(address, &head, b"").expect("an answer");
        assert_eq!(answer.status, 200, "{page}: {}", answer.text());
        sweep.look(&page, &[answer.head.as_bytes(), &answer.body[..]].concat(), rows);
    }
}

#[test]
fn a_server_leaks_nothing_whatever_goes_wrong() {
    let oauth = OAuthSettings { client_secret: SECRET.into(), rotate_refresh_tokens: true, ..OAuthSettings::default() };
    let mut house = House::empty(Bench::with(Config { oauth, ..Config::default() }));
    let served = house.try_serve("data", &["--allow-loopback", "--log-level", "debug", "--log-format", "json"]);
    house.take(served.expect("it starts"));
    let setup = house.bench.read("data/setup-token").trim().to_owned();
    house.set_up();
    house.connect();
    let login = json!({"name": "ada", "password": PASSWORD});
    let answer = house.by("", "POST", "/session", &login);
    let cookie = answer.head.split("sluice=").nth(1).and_then(|rest| rest.split(';').next()).expect("a session");
    let wrong = json!({"name": "ada", "password": WRONG});
    house.by("", "POST", "/session", &wrong).must(401);
    let first = house.bench.sandbox.connection().refresh_token;
    let mut sweep = Sweep {
        // Access tokens of the sandbox begin with the third, refresh tokens with the fourth.
        secrets: [SECRET, PASSWORD, "00D5e000000XyZa", "5Aep861", &first, &house.token, WRONG, &setup, cookie]
            .map(str::to_owned)
            .into(),
        ..Sweep::default()
    };
    house.upload("c", &csv());
    for query in 0..7 {
        // A job that waits keeps its query's next ones waiting: each has its own.
        house.query(&format!("q{query}"), &[("skip_invalid_records", "true"), ("maximum_retries", "0")]);
    }
    house.query("strict", &[]);
    let bad = json!({"name": "bad", "sql": format!("SELECT * FROM c WHERE email = '{VALUE}@x' AND nothing = 1")});
    house.send("POST", "/queries", &bad).must(422);
    let cast = json!({"name": "cast", "sql": "SELECT email, CAST(score AS int) AS score FROM c"});
    house.send("POST", "/queries", &cast).must(201);

    let pid = house.served().pid();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&seen);
    house.bench.sandbox.at_request(2, move || *keep.lock().expect("no panic before") = environ(pid));
    let mut jobs = Vec::new();
    for query in ["cast", "strict"] {
        let job = house.run(query);
        parked_or_ended(&house, &job);
        jobs.push(job);
    }
    for (number, fault) in faults().into_iter().enumerate() {
        house.bench.sandbox.clear_faults();
        if let Some(kind) = fault {
            house.bench.sandbox.fault(Fault::next(1, kind).path("batchUpsert"));
        }
        let job = house.run(&format!("q{number}"));
        parked_or_ended(&house, &job);
        jobs.push(job);
    }
    house.bench.sandbox.expire_access_tokens();
    house.bench.sandbox.revoke_refresh_tokens();
    let dead = house.run("q6");
    parked_or_ended(&house, &dead);
    jobs.push(dead);

    let process = seen.lock().expect("no panic before").clone();
    assert!(!process.is_empty(), "the process was looked at");
    sweep.look("the process", &process, true);
    let rejected = house.send("GET", &format!("/jobs/{}/rejected", jobs[2]), &Value::Null);
    assert!(rejected.text().contains(VALUE), "the file of rejected rows has them");
    for (job, which) in jobs.iter().zip(0..) {
        for (method, path) in operations(&house, job, ["prod", "c", "q0"]) {
            // Once is enough for what no job changes; a stream of a job that waits does not end.
            if method != "GET" || !(which == 0 || path.contains(job.as_str())) || path.ends_with("/events") {
                continue;
            }
            let rows = ["/result", "/rejected", "/receipts", "/preview"].iter().any(|end| path.ends_with(end));
            let answer = house.send(&method, &path, &Value::Null);
            assert!([200, 404, 409, 502].contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
            sweep.look(&path, &[answer.head.as_bytes(), &answer.body[..]].concat(), !rows);
        }
    }
    let events = house.send("GET", &format!("/jobs/{}/events", jobs[2]), &Value::Null);
    sweep.look("events", &events.body, true);
    sweep_console(&mut sweep, &house, &jobs);
    for path in ["/metrics", "/healthz", "/readyz", "/sign-in"] {
        let answer = ask(&house.served().address, &line("", "GET", path), b"").expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        sweep.look(path, &answer.body, true);
    }
    // The write-ahead log is still there.
    let mut found = Vec::new();
    files(&house.bench.path("data"), &mut found);
    assert!(["sluice.db", "sluice.db-wal"].iter().all(|name| found.iter().any(|(path, _)| path.ends_with(name))));
    found.iter().for_each(|(path, bytes)| sweep.look(&path.display().to_string(), bytes, false));
    let outcome = house.stop("TERM");
    outcome.check_exit(0);
    sweep.look("stdout", outcome.stdout.as_bytes(), true);
    // The setup token is shown once, on purpose; no other line has it.
    sweep.look("stderr", outcome.stderr.replacen(&setup, "", 1).as_bytes(), true);
    let mut found = Vec::new();
    files(&house.bench.path("data"), &mut found);
    found.iter().for_each(|(path, bytes)| sweep.look(&path.display().to_string(), bytes, false));
    assert!(sweep.places > 100, "{}", sweep.places);
    assert_eq!(sweep.hits, Vec::<String>::new());
}

/// Stays with a job until it has ended or waits for somebody; its log tells.
fn parked_or_ended(house: &House, job: &str) {
    house.served().hears(&["job ends", job]).expect("the job comes to an end");
}
