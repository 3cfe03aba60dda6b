//! What the server answers is what its document says: every GET route, over a server that has something of everything.
//!
//! Knows JSON Schema as far as the document uses it, and fails at a keyword that it does not know.

use api::{Job, JobKind, Page};
use serde_json::{Value, json};

use crate::audience;
use crate::house::{House, operations};

/// Keywords that say nothing about whether a value fits.
const WORDS: [&str; 8] =
    ["description", "format", "example", "examples", "default", "title", "contentMediaType", "minLength"];

/// What does not fit `schema`, each with its place.
fn misfits(value: &Value, schema: &Value, document: &Value, at: &str, wrong: &mut Vec<String>) {
    let members = match schema {
        Value::Bool(true) => return,
        Value::Object(members) => members,
        other => panic!("{at}: {other} is no schema"),
    };
    for (keyword, said) in members {
        let fits = match keyword.as_str() {
            "$ref" => {
                let target = document.pointer(said.as_str().unwrap().trim_start_matches('#')).unwrap();
                misfits(value, target, document, at, wrong);
                true
            }
            "allOf" => {
                said.as_array().unwrap().iter().for_each(|part| misfits(value, part, document, at, wrong));
                true
            }
            "oneOf" | "anyOf" => {
                let fitting = said.as_array().unwrap().iter().filter(|part| fits(value, part, document)).count();
                if keyword == "oneOf" { fitting == 1 } else { fitting > 0 }
            }
            "type" => match said {
                Value::Array(types) => types.iter().any(|kind| is(value, kind)),
                kind => is(value, kind),
            },
            "enum" => said.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= said.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= said.as_f64().unwrap()),
            "required" => {
                let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
                !value.is_object() || said.as_array().unwrap().iter().all(has)
            }
            "properties" => {
                for (name, part) in said.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        misfits(member, part, document, &format!("{at}.{name}"), wrong);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = |name: &String| members.get("properties").and_then(|all| all.get(name)).is_some();
                let strangers = value.as_object().into_iter().flatten().filter(|(name, _)| !known(name));
                match said {
                    Value::Bool(allowed) => *allowed || strangers.count() == 0,
                    part => {
                        strangers.for_each(|(name, member)| {
                            misfits(member, part, document, &format!("{at}.{name}"), wrong);
                        });
                        true
                    }
                }
            }
            "items" => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    misfits(item, said, document, &format!("{at}[{number}]"), wrong);
                }
                true
            }
            word if WORDS.contains(&word) => true,
            other => panic!("{at}: this test does not know {other}"),
        };
        if !fits {
            wrong.push(format!("{at}: {keyword} {said} does not hold for {value}"));
        }
    }
}

fn fits(value: &Value, schema: &Value, document: &Value) -> bool {
    let mut wrong = Vec::new();
    misfits(value, schema, document, "", &mut wrong);
    wrong.is_empty()
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type"),
    }
}

/// A server with tables of both kinds, a connection, an audience, queries and a job that has ended.
async fn furnished() -> (House, String) {
    let house = audience::refreshed().await;
    audience::upload(&house, "people", "email,score\na@example.com,1\nb@example.com,\n").await;
    std::fs::write(house.directory.path().join("tables/more.csv"), "email\nc@example.com\n").unwrap();
    for (method, path, body) in [
        ("PUT", "tables/more", json!({ "name": "more", "files": "more.csv" })),
        ("POST", "webhooks", json!({ "name": "ops", "url": "https://hooks.example.com/sluice" })),
        (
            "POST",
            "queries",
            json!({ "name": "nightly", "sql": "SELECT email FROM people", "description": "all", "overlap": "skip",
                "schedule": { "cron": "0 2 1 1 *", "timezone": "Europe/Berlin", "delay": 60 },
                "notify": { "recipients": ["ada@example.com"], "webhooks": ["ops"], "on": ["success"], "rejected_over": 5 },
                "export": { "connection": "prod", "settings": { "data_object": "prospects", "parallel_tasks": 2 } } }),
        ),
        ("POST", "people", json!({ "name": "bob", "role": "viewer", "password": crate::house::PASSWORD })),
    ] {
        let answer = house.admin(method, &format!("/api/v1/{path}"), Some(body)).await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.text());
    }
    // A change that leaves nothing to say beside itself has null in the log.
    house.bearer("read").await;
    house.admin("POST", "/api/v1/queries", Some(json!({ "name": "gone", "sql": "SELECT 1 AS id" }))).await;
    assert_eq!(house.admin("DELETE", "/api/v1/queries/gone", None).await.status, 204);
    let run = house.admin("POST", "/api/v1/queries/nightly/runs", Some(json!({ "kind": "result" }))).await;
    let id = run.json()["id"].as_str().unwrap().to_owned();
    // The stream ends with the job.
    house.admin("GET", &format!("/api/v1/jobs/{id}/events"), None).await;
    (house, id)
}

#[tokio::test]
async fn every_answer_fits_the_document() {
    let (house, id) = furnished().await;
    let document = server::openapi();
    let mut wrong = Vec::new();
    let mut statuses = Vec::new();
    for (method, path, _) in operations() {
        if method != "GET" {
            continue;
        }
        for named in names(&path, &id) {
            let answer = house.admin("GET", &named, None).await;
            let status = answer.status.as_u16();
            let mut response = &document["paths"][&path]["get"]["responses"][status.to_string()];
            if let Some(reference) = response["$ref"].as_str() {
                response = document.pointer(reference.trim_start_matches('#')).unwrap();
            }
            assert!(response.is_object(), "{named} answers {status}, which the document does not know");
            let media = answer.headers["content-type"].to_str().unwrap().split(';').next().unwrap().to_owned();
            let schema = &response["content"][&media]["schema"];
            assert!(!schema.is_null(), "{named} answers {media}, which the document does not know");
            statuses.push(format!("{status} {}", path.trim_start_matches("/api/v1")));
            match media.as_str() {
                "text/event-stream" => {
                    for event in events(&answer.text()) {
                        misfits(&event, schema, &document, &named, &mut wrong);
                    }
                }
                media if media.ends_with("json") => {
                    misfits(&answer.json(), schema, &document, &named, &mut wrong);
                }
                _ => {}
            }
        }
    }
    statuses.dedup();
    expect_test::expect![[r#"
        200 /activations
        200 /activations/{name}
        200 /audit
        200 /connections
        200 /connections/{name}
        409 /connections/{name}/account
        200 /fields
        200 /jobs
        200 /jobs/counts
        200 /jobs/{id}
        200 /jobs/{id}/events
        200 /jobs/{id}/log
        409 /jobs/{id}/receipts
        200 /jobs/{id}/rejected
        409 /jobs/{id}/report
        200 /jobs/{id}/result
        200 /me
        200 /notices
        200 /notifications
        200 /parent-segments
        200 /parent-segments/{name}
        200 /parent-segments/{name}/preview
        200 /people
        200 /queries
        200 /queries/{name}
        200 /schedules
        200 /schedules/{name}
        200 /schedules/{name}/history
        200 /segments
        200 /segments/{name}
        200 /segments/{name}/sql
        200 /settings
        200 /setup
        200 /tables
        200 /tables/{name}
        200 /tables/{name}/preview
        200 /tokens
        200 /webhooks
        200 /webhooks/{name}"#]]
    .assert_eq(&statuses.join("\n"));
    assert_eq!(wrong, Vec::<String>::new());
}

/// The addresses to ask of a path, one for each thing of it.
fn names(path: &str, id: &str) -> Vec<String> {
    let names: &[&str] = match path.trim_start_matches("/api/v1/").split('/').next().unwrap() {
        "tables" => &["people", "more"],
        "queries" | "schedules" => &["nightly"],
        "parent-segments" => &["customers"],
        "segments" => &["buyers", "try"],
        "activations" => &["to list"],
        "webhooks" => &["ops"],
        "connections" => &["prod"],
        _ => &["bob"],
    };
    if path.contains("{name}") {
        return names.iter().map(|name| path.replace("{name}", &name.replace(' ', "%20"))).collect();
    }
    vec![path.replace("{id}", id)]
}

/// The events of a stream by their fields.
fn events(text: &str) -> Vec<Value> {
    let blocks = text.split("\n\n").map(|block| {
        let fields = block.lines().filter_map(|line| line.split_once(": ")).filter(|(name, _)| !name.is_empty());
        Value::Object(fields.map(|(name, text)| (name.to_owned(), text.into())).collect())
    });
    blocks.filter(|event| event.as_object().is_some_and(|fields| !fields.is_empty())).collect()
}

#[tokio::test]
async fn no_answer_tells_where_the_data_are() {
    let (house, _) = furnished().await;
    let folder = house.directory.path().to_string_lossy().into_owned();
    for name in house.directory.path().join("tables").read_dir().unwrap() {
        std::fs::remove_file(name.unwrap().path()).unwrap();
    }
    let sql = |table: &str| Some(json!({ "sql": format!("SELECT * FROM {table}") }));
    for (method, path, body, status) in [
        ("GET", "tables/people/preview", None, 422),
        ("GET", "tables/more/preview", None, 422),
        ("GET", "tables/more", None, 200),
        ("POST", "preview", sql("people"), 422),
        ("POST", "preview", sql("more"), 422),
        ("PUT", "tables/more", Some(json!({ "name": "more", "files": "/etc/passwd" })), 422),
        ("PUT", "tables/more", Some(json!({ "name": "more", "files": "x/*.csv" })), 422),
        ("POST", "queries", Some(json!({ "name": "q", "sql": "SELECT * FROM people, more" })), 422),
    ] {
        let answer = house.admin(method, &format!("/api/v1/{path}"), body).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        assert!(!answer.text().contains(&folder), "{path}: {}", answer.text());
        if path == "preview" {
            assert_eq!(answer.json()["problems"][0]["at"], "sql");
        }
    }
    let job = house.admin("POST", "/api/v1/queries/nightly/runs", Some(json!({ "kind": "result" }))).await;
    let id = job.json()["id"].as_str().unwrap().to_owned();
    let events = house.admin("GET", &format!("/api/v1/jobs/{id}/events"), None).await.text();
    assert!(events.contains("\"failed\"") && !events.contains(&folder), "{events}");
}

#[tokio::test]
async fn a_page_goes_on_after_what_was_a_page() {
    let (house, id) = furnished().await;
    for (after, status) in [(id.as_str(), 200), ("zzz", 422), ("zzzzzzzzzzzz", 422), ("%00", 422), ("x-y", 422)] {
        let answer = house.admin("GET", &format!("/api/v1/jobs?after={after}"), None).await;
        assert_eq!(answer.status, status, "{after}: {}", answer.text());
    }
    // A job may be deleted between two pages.
    assert_eq!(house.admin("DELETE", &format!("/api/v1/jobs/{id}"), None).await.status, 204);
    let page = house.admin("GET", &format!("/api/v1/jobs?after={id}"), None).await.take::<Page<Job>>(200);
    let kinds: Vec<JobKind> = page.items.iter().map(|job| job.kind).collect();
    assert_eq!((kinds, page.next), (vec![JobKind::Refresh], None));
    for list in ["people", "tokens"] {
        let page = house.admin("GET", &format!("/api/v1/{list}"), None).await.json();
        assert!(page["items"].is_array(), "{list}: {page}");
    }
}
