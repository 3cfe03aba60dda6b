//! The API's doors with real things behind them: no answer without a right, no call to a host that is not listed.
//!
//! Knows the routes from the OpenAPI document alone.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::contacts::contacts;
use crate::harness::Bench;
use crate::server::{House, ask, line};

/// Every operation of the document that needs a login: method, and path with the names that are there.
pub(crate) fn operations(house: &House, job: &str, names: [&str; 3]) -> Vec<(String, String)> {
    let answer = ask(&house.served().address, "GET /api/v1/openapi.json HTTP/1.1", b"").expect("an answer");
    let document = answer.must(200);
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            let open = operation["security"].as_array().is_some_and(|ways| ways.iter().any(|way| *way == json!({})));
            let name = ["connections", "tables", "queries"].iter().position(|part| path.contains(&format!("/{part}/")));
            let filled = path.replace("{name}", name.map_or("ada", |at| names[at])).replace("{id}", job);
            let filled = filled.replace("{query}", names[2]);
            let filled = filled.strip_prefix("/api/v1").unwrap_or(&filled).to_owned();
            if !open {
                found.push((method.to_ascii_uppercase(), filled));
            }
        }
    }
    assert!(found.len() > 45, "{found:?}");
    found
}

/// A house with a connection, a table, a query and a job, all of whose names and rows begin with `planted`.
fn planted() -> (House, String) {
    let house = House::start(Bench::unique());
    let csv = "email,first_name\nplanted-1@example.com,planted\nplanted-2,planted\n";
    house.upload("planted_table", csv);
    house.send("POST", "/connections", &house.connection("planted-prod")).must(201);
    let export = json!({"connection": "planted-prod", "settings": {"skip_invalid_records": "true"}});
    let spec = json!({"name": "planted-query", "sql": "SELECT * FROM planted_table", "export": export});
    house.send("POST", "/queries", &spec).must(201);
    let job = house.run("planted-query");
    assert_eq!(house.ended(&job)["rows"]["rejected"], 1);
    (house, job)
}

/// A body that the operation takes.
fn body(house: &House, method: &str, path: &str) -> Value {
    let export = json!({"connection": "planted-prod"});
    let query = json!({"name": "planted-query", "sql": "SELECT 1 AS id", "export": export});
    let activation = json!({"name": "planted-activation", "segment": "s", "export": {"connection": "planted-prod"}});
    let rule = json!({"type": "And", "conditions": []});
    match (method, path.split('/').nth(1).unwrap_or_default()) {
        ("GET" | "DELETE", _) => Value::Null,
        (_, "activations") if path.ends_with("/try") => json!({"activation": activation}),
        (_, "activations") if path.ends_with("/copy") => json!({"name": "planted-copy"}),
        (_, "activations") if path.ends_with("able") => Value::Null,
        (_, "activations") if !path.ends_with("/runs") => activation,
        (_, "segments") if path.ends_with("/try") => json!({"parent_segment": "p", "rule": rule}),
        (_, "segments") if path.ends_with("/look") => Value::Null,
        (_, "segments") => json!({"name": "s", "parent_segment": "p", "rule": rule}),
        (_, "parent-segments") if path.ends_with("/refresh") => Value::Null,
        (_, "parent-segments") => json!({"name": "p", "master": {"table": "planted_table", "key": "email"}}),
        _ if path.ends_with("/runs") => json!({}),
        (_, "notifications") => json!({"recipients": ["ada@example.com"]}),
        _ if path.ends_with("/backfill") => json!({"from": "2026-11-01", "slots": 3}),
        _ if path.ends_with("/test") || path.ends_with("/authorize") || path.starts_with("/jobs/") => Value::Null,
        (_, "connections") => house.connection("planted-prod"),
        (_, "tables") => json!({"name": "planted_table", "files": "x/*.csv"}),
        (_, "queries") => query,
        (_, "webhooks") => json!({"name": "planted-hook", "url": "https://hooks.example.com/sluice"}),
        (_, "cron") => json!({"cron": "@daily"}),
        (_, "preview") => json!({"sql": "SELECT * FROM planted_table"}),
        (_, "people") if method == "PATCH" => json!({"disabled": true}),
        (_, "people") => json!({"name": "eve", "role": "admin", "password": "a password that is long enough"}),
        (_, "tokens") => json!({"name": "more", "scope": "run"}),
        (_, "me") => json!({"current": "x", "new": "another password that is long"}),
        _ => Value::Null,
    }
}

#[test]
fn no_route_answers_without_a_right() {
    let (house, job) = planted();
    let make = |name: &str, scope: &str| {
        let made = house.send("POST", "/tokens", &json!({"name": name, "scope": scope})).must(201);
        (made["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
    };
    let (revoked_id, revoked) = make("revoked", "admin");
    house.send("DELETE", &format!("/tokens/{revoked_id}"), &Value::Null).must(204);
    let (_, viewer) = make("viewer", "read");
    let calls = house.bench.sandbox.journal().len();
    let before = ["/connections", "/tables", "/queries", "/jobs", "/people"].map(|path| house.get(path));
    let mut forbidden = 0;
    for (method, path) in operations(&house, &job, ["planted-prod", "planted_table", "planted-query"]) {
        let body = body(&house, &method, &path);
        for token in ["", &revoked, "slc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let answer = house.by(token, &method, &path, &body);
            assert!([401, 403].contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text());
            assert!(!answer.text().contains("planted"), "{method} {path}: {}", answer.text());
        }
        // A viewer may go, but not change anything that is not his own; what a cron means changes nothing.
        let own = path == "/session" || path.starts_with("/me") || path == "/cron/explain";
        if method == "GET" || own {
            continue;
        }
        let answer = if path.ends_with("/data") {
            let head = line(&viewer, &method, &format!("/api/v1{path}")).replace("application/json", "text/csv");
            ask(&house.served().address, &head, b"a\n1\n").expect("an answer")
        } else {
            house.by(&viewer, &method, &path, &body)
        };
        // A token's id is not the job's: what is not there is not told apart.
        let absent = path.starts_with("/tokens/") && answer.status == 404;
        assert!(answer.status == 403 || absent, "{method} {path}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("planted"), "{method} {path}: {}", answer.text());
        forbidden += 1;
    }
    assert!(forbidden >= 20, "{forbidden}");
    for path in ["/people", "/audit"] {
        house.by(&viewer, "GET", path, &Value::Null).must(403);
    }
    let after = ["/connections", "/tables", "/queries", "/jobs", "/people"].map(|path| house.get(path));
    assert_eq!(after, before);
    assert_eq!(house.bench.sandbox.journal().len(), calls, "nobody called Pardot");
}

/// Addresses that are neither Pardot's nor Salesforce's; `PORT` is one where somebody listens.
const DECOYS: [&str; 60] = [
    "http://127.0.0.1:PORT",
    "http://127.0.0.1:PORT/",
    "https://127.0.0.1:PORT",
    "http://localhost:PORT",
    "https://localhost:PORT",
    "http://[::1]:PORT",
    "http://127.1:PORT",
    "http://127.0.1:PORT",
    "http://2130706433:PORT",
    "http://0x7f000001:PORT",
    "http://0x7f.0.0.1:PORT",
    "http://0177.0.0.1:PORT",
    "http://017700000001:PORT",
    "http://127.0.0.1.:PORT",
    "http://0.0.0.0:PORT",
    "http://0:PORT",
    "http://[::]:PORT",
    "http://[::ffff:127.0.0.1]:PORT",
    "http://[::ffff:7f00:1]:PORT",
    "http://[0:0:0:0:0:0:0:1]:PORT",
    "http://[::127.0.0.1]:PORT",
    "http://127.0.0.1%00.pardot.com:PORT",
    "http://127.9.9.9:PORT",
    "http://LOCALHOST:PORT",
    "http://localhost.:PORT",
    "http://user@127.0.0.1:PORT",
    "http://pi.pardot.com@127.0.0.1:PORT",
    "https://pi.pardot.com:x@127.0.0.1:PORT",
    "https://login.salesforce.com@127.0.0.1:PORT",
    "https://pi.pardot.com#@127.0.0.1:PORT",
    "https://pi.pardot.com?@127.0.0.1:PORT",
    "https://pi.pardot.com\\@127.0.0.1:PORT",
    "https://pi.pardot.com/../127.0.0.1:PORT",
    "https://127.0.0.1:PORT/pi.pardot.com",
    "https://127.0.0.1:PORT#.my.salesforce.com",
    "https://127.0.0.1:PORT/.my.salesforce.com",
    "http://①②⑦.⓪.⓪.①:PORT",
    "http://127。0。0。1:PORT",
    "http://ⓛocalhost:PORT",
    "ftp://127.0.0.1:PORT",
    "gopher://127.0.0.1:PORT",
    "file:///etc/passwd",
    "//127.0.0.1:PORT",
    "127.0.0.1:PORT",
    "http://169.254.169.254",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]",
    "http://metadata.google.internal",
    "http://100.100.100.200",
    "http://10.0.0.1",
    "http://192.168.0.1",
    "http://172.16.0.1",
    "https://pi.pardot.com.evil.example",
    "https://pi-pardot.com",
    "https://evil.example/pi.pardot.com",
    "https://acme.my.salesforce.com.evil.example",
    "https://evilmy.salesforce.com",
    "https://pi.pardot.com:PORT",
    "https://login.salesforce.com:22",
    "http://pi.pardot.com",
];

#[test]
fn no_listed_decoy_is_called() {
    let mut house = House::empty(Bench::unique());
    let decoy = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = decoy.local_addr().expect("an address").port().to_string();
    // This machine is one of the decoys: the server was not told to call it.
    let served = house.try_serve("data", &[]).expect("it starts");
    house.take(served);
    house.set_up();
    let good = json!({
        "name": "good", "business_unit": house.bench.unit(), "client_id": "id", "client_secret": "planted-secret",
        "refresh_token": "planted-token",
    });
    house.send("POST", "/connections", &good).must(201);
    let with = |name: &str, value: &str| {
        let mut spec = good.clone();
        spec["name"] = "bad".into();
        spec[name] = value.into();
        spec
    };
    for text in DECOYS.map(|text| text.replace("PORT", &port)) {
        for name in ["pardot_domain", "login_url"] {
            let refused = house.send("POST", "/connections", &with(name, &text));
            let problems = refused.must(422);
            assert!(problems["problems"][0]["at"].as_str().is_some_and(|at| at.contains(name)), "{text}: {problems}");
            let mut change = with(name, &text);
            change["name"] = "good".into();
            house.send("PUT", "/connections/good", &change).must(422);
        }
    }
    let kept = house.get("/connections");
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(1), "{kept}");
    assert_eq!(kept["items"][0]["revision"], 1, "{kept}");
    decoy.set_nonblocking(true).expect("a socket");
    let called = decoy.accept().map(|(_, from)| from);
    assert!(called.is_err(), "{called:?}");
    assert!(!house.served().log().contains("planted-"), "{}", house.served().log());
}

#[test]
fn a_loopback_kept_before_is_not_called_by_a_server_that_may_not() {
    let mut house = House::start(Bench::unique());
    house.upload("c", &contacts(60, |_| false));
    house.query("q", &[]);
    house.stop("TERM").check_exit(0);
    let served = house.try_serve("data", &[]).expect("it starts");
    house.take(served);
    let tested = house.send("POST", "/connections/prod/test", &Value::Null);
    assert!(tested.text().contains("must not be called"), "{} {}", tested.status, tested.text());
    let run = house.send("POST", "/queries/q/runs", &json!({}));
    if run.status == 202 {
        let job = run.must(202)["id"].as_str().unwrap().to_owned();
        assert_ne!(house.ended(&job)["state"], "success");
    }
    assert_eq!(house.bench.sandbox.journal().len(), 0, "the sandbox was called");
}
