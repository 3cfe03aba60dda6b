//! What browsers may be made to do: cookies, foreign pages, foreign names, and the headers of every answer.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;
use store::{Change, Store};

use crate::house::{House, PASSWORD, config, filled, operations, request};

#[tokio::test]
async fn a_foreign_page_changes_nothing() {
    let house = House::start().await;
    let cookie = house.login().await;
    let before = house.changes().await;
    let json = "application/json";
    let cases: [(&str, &[(&str, &str)]); 11] = [
        ("cross-site fetch", &[("sec-fetch-site", "cross-site"), ("content-type", json)]),
        ("same-site fetch", &[("sec-fetch-site", "same-site"), ("content-type", json)]),
        ("foreign origin", &[("origin", "https://evil.example"), ("content-type", json)]),
        ("null origin", &[("origin", "null"), ("content-type", json)]),
        ("other port", &[("origin", "http://localhost:9999"), ("content-type", json)]),
        (
            "contradiction",
            &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example"), ("content-type", json)],
        ),
        ("typed", &[("sec-fetch-site", "none"), ("content-type", json)]),
        ("nothing said", &[("content-type", json)]),
        ("cross-site text", &[("sec-fetch-site", "cross-site"), ("content-type", "text/plain")]),
        ("cross-site form", &[("sec-fetch-site", "cross-site"), ("content-type", "application/x-www-form-urlencoded")]),
        ("cross-site parts", &[("sec-fetch-site", "cross-site"), ("content-type", "multipart/form-data; boundary=x")]),
    ];
    for (method, path, open) in operations() {
        if open || method == "GET" {
            continue;
        }
        for (name, headers) in cases {
            let mut builder = Request::builder().method(method.as_str()).uri(filled(&path)).header("cookie", &cookie);
            for (header, value) in headers {
                builder = builder.header(*header, *value);
            }
            let answer = house.send(builder.body(Body::from("{}")).unwrap()).await;
            assert_eq!(answer.status, 403, "{name}: {method} {path}: {}", answer.text());
        }
        // Of our own page, but of a type that a form could have sent.
        if method != "DELETE" {
            for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
                let builder = Request::builder().method(method.as_str()).uri(filled(&path)).header("cookie", &cookie);
                let builder = builder.header("sec-fetch-site", "same-origin").header("content-type", kind);
                let answer = house.send(builder.body(Body::from("{}")).unwrap()).await;
                assert_eq!(answer.status, 415, "{kind}: {method} {path}: {}", answer.text());
            }
        }
    }
    assert_eq!(house.changes().await, before);
    // Reading across sites gives nothing either.
    let mut reading = request("GET", "/api/v1/me", None);
    reading.headers_mut().insert("cookie", cookie.parse().unwrap());
    reading.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(house.send(reading).await.status, 403);
    assert_eq!(house.page(&cookie, "GET", "/api/v1/me", None).await.status, 200);
}

#[tokio::test]
async fn a_foreign_page_logs_nobody_in() {
    let house = House::start().await;
    let body = Some(json!({ "name": "ada", "password": PASSWORD }));
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")] {
        let mut login = request("POST", "/api/v1/session", body.clone());
        login.headers_mut().insert(name, value.parse().unwrap());
        let answer = house.send(login).await;
        assert_eq!(answer.status, 403);
        assert!(!answer.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn sessions_begin_anew_and_end_at_the_server() {
    let house = House::start().await;
    let first = house.login().await;
    // Whoever logs in with a session has another one afterwards, and the first is dead.
    let mut again = request("POST", "/api/v1/session", Some(json!({ "name": "ada", "password": PASSWORD })));
    again.headers_mut().insert("cookie", first.parse().unwrap());
    let answer = house.send(again).await;
    let second = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(house.page(&first, "GET", "/api/v1/me", None).await.status, 401);
    assert_eq!(house.page(&second, "GET", "/api/v1/me", None).await.status, 200);
    // An id that the server never gave is none.
    let planted = format!("sluice={}", "A".repeat(43));
    assert_eq!(house.page(&planted, "GET", "/api/v1/me", None).await.status, 401);
    let out = house.page(&second, "DELETE", "/api/v1/session", None).await;
    assert_eq!(out.status, 204);
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(house.page(&second, "GET", "/api/v1/me", None).await.status, 401);
}

#[tokio::test]
async fn sessions_end_when_idle_and_after_half_a_day() {
    let house = House::start().await;
    let store = Store::open(house.directory.path()).await.unwrap();
    let person = store.person_named("ada").await.unwrap().unwrap().id;
    let now = app::clock::unix_now();
    let idle = app::SESSION_IDLE;
    for (last_seen, expires, want) in
        [(now, now + 100, 200), (now - idle + 60, now + 100, 200), (now - idle, now + 100, 401), (now, now, 401)]
    {
        let secret = format!("{:043}", last_seen * 7 + expires);
        let mut hash = [0; 32];
        hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, secret.as_bytes()).as_ref());
        let session = store::Session {
            hash,
            person: person.clone(),
            created: last_seen,
            last_seen,
            expires,
            address: "here".into(),
        };
        store.apply(vec![Change::InsertSession(session)]).await.unwrap();
        let answer = house.page(&format!("sluice={secret}"), "GET", "/api/v1/me", None).await;
        assert_eq!(answer.status.as_u16(), want, "{last_seen} {expires}");
    }
    store.close().await;
}

#[tokio::test]
async fn every_answer_has_its_headers() {
    let house = House::start().await;
    let mut answers = vec![
        ("404".to_owned(), house.anybody("GET", "/nothing", None).await),
        ("405".to_owned(), house.anybody("PATCH", "/api/v1/connections", None).await),
        ("TRACE".to_owned(), house.anybody("TRACE", "/api/v1/connections", None).await),
        ("OPTIONS".to_owned(), house.anybody("OPTIONS", "/api/v1/connections", None).await),
        ("the document".to_owned(), house.anybody("GET", "/api/v1/openapi.json", None).await),
    ];
    for path in [
        "/",
        "/oauth/callback",
        "/jobs/something",
        "/healthz",
        "/readyz",
        "/metrics",
        "/assets/console.js",
        "/assets/console.css",
        "/sign-in",
        "/jobs",
    ] {
        answers.push((path.to_owned(), house.anybody("GET", path, None).await));
    }
    for (method, path, _) in operations() {
        let body = (method != "GET").then(|| json!({}));
        answers.push((format!("{method} {path}"), house.admin(&method, &filled(&path), body).await));
    }
    for (name, answer) in answers {
        let header = |header: &str| answer.headers.get(header).map(|value| value.to_str().unwrap()).unwrap_or_default();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{name}");
        assert!(!policy.contains("unsafe"), "{name}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{name}");
        assert_eq!(header("referrer-policy"), "same-origin", "{name}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{name}");
        assert_eq!(header("x-request-id").len(), 16, "{name}");
        assert!(!answer.headers.contains_key("server"), "{name}");
        assert!(!answer.headers.contains_key("strict-transport-security"), "{name}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{name}");
        let fixed = ["the document", "/assets/console.js", "/assets/console.css"].contains(&name.as_str());
        assert_eq!(header("cache-control") == "no-store", !fixed, "{name}");
        if answer.status.is_client_error() || answer.status.is_server_error() {
            let page = header("content-type").starts_with("text/html");
            assert!(page || header("content-type") == "application/problem+json", "{name}: {}", answer.text());
            if !page {
                assert_eq!(answer.json()["status"], answer.status.as_u16(), "{name}");
                assert_eq!(answer.json()["request_id"], header("x-request-id"), "{name}");
            }
        }
        if answer.status == StatusCode::METHOD_NOT_ALLOWED {
            assert!(!header("allow").is_empty(), "{name}");
        }
        assert_ne!(answer.status.as_u16(), 500, "{name}: {}", answer.text());
    }
}

#[tokio::test]
async fn under_tls_cookies_and_headers_say_so() {
    let house = House::with(server::ServerConfig { behind_proxy: true, ..config() }).await;
    let body = json!({ "name": "ada", "password": PASSWORD });
    let answer = house.anybody("POST", "/api/v1/session", Some(body)).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-sluice=") && cookie.contains("; Secure"), "{cookie}");
    assert!(answer.headers.contains_key("strict-transport-security"));
}

#[tokio::test]
async fn a_foreign_name_is_refused() {
    let house = House::start().await;
    for (host, want) in [("evil.example:8080", 421), ("localhost:8080", 200), ("127.0.0.1", 200), ("[::1]:8080", 200)] {
        let mut asked = request("GET", "/api/v1/setup", None);
        asked.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(house.send(asked).await.status.as_u16(), want, "{host}");
    }
}
