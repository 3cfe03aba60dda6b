//! Notices through the door: who is told, webhooks and their secrets, and what arrived.

use api::{Notice, NoticeTried, Notifications, Page, Webhook, WebhookMade};
use axum::http::header::{ETAG, IF_MATCH};
use serde_json::{Value, json};

use crate::house::{Answer, House, request};

/// A change of only what was read.
async fn matching(house: &House, path: &str, revision: &str, body: Value) -> Answer {
    let mut asked = request("PUT", path, Some(body));
    asked.headers_mut().insert(IF_MATCH, revision.parse().unwrap());
    asked.headers_mut().insert("authorization", format!("Bearer {}", house.admin).parse().unwrap());
    house.send(asked).await
}

#[tokio::test]
async fn the_default_is_replaced_only_by_whom_has_seen_it() {
    let house = House::start().await;
    let path = "/api/v1/notifications";
    let read = house.admin("GET", path, None).await;
    let seen = read.headers[ETAG].to_str().unwrap().to_owned();
    let found: Notifications = read.take(200);
    assert_eq!(seen, format!("\"{}\"", found.revision));
    assert!(found.default.recipients.is_some() && found.default.on.is_some(), "complete: {found:?}");
    assert_eq!(found.mail_from, None, "nobody has set a mail server");
    let notify = json!({ "recipients": ["ada@example.com"], "on": ["failure", "disabled"], "rejected_over": 10 });
    let changed = matching(&house, path, &seen, notify.clone()).await;
    let newer = changed.headers[ETAG].to_str().unwrap().to_owned();
    let now: Notifications = changed.take(200);
    assert_eq!(now.default.recipients, Some(vec!["ada@example.com".to_owned()]));
    assert_eq!(now.default.rejected_over, Some(10));
    assert_ne!(newer, seen);
    assert_eq!(matching(&house, path, &seen, notify.clone()).await.status, 412);
    assert_eq!(matching(&house, path, "abc", notify.clone()).await.status, 400);
    for (notify, at) in [
        (json!({ "recipients": ["no address"] }), "recipients"),
        (json!({ "recipients": ["a@example.com\r\nBcc: x@example.com"] }), "recipients"),
        (json!({ "recipients": vec!["a@example.com"; 21] }), "recipients"),
        (json!({ "webhooks": ["nobody"] }), "webhooks"),
        (json!({ "on": ["everything"] }), "on"),
        (json!({ "whom": [] }), "whom"),
    ] {
        let answer = house.admin("PUT", path, Some(notify.clone())).await;
        assert_eq!(answer.status, 422, "{notify}: {}", answer.text());
        let place = answer.json()["problems"][0]["at"].as_str().unwrap().to_owned();
        let place = place.trim_start_matches("notifications.");
        assert!(place.starts_with(at), "{notify}: {}", answer.text());
    }
    let edit = house.bearer("edit").await;
    assert_eq!(house.by(&edit, "PUT", path, Some(notify)).await.status, 403, "the server's default is an admin's");
}

#[tokio::test]
async fn a_webhook_has_a_secret_that_is_shown_once() {
    let house = House::start().await;
    let path = "/api/v1/webhooks";
    let spec = json!({ "name": "ops", "url": "https://hooks.example.com/sluice" });
    let answer = house.admin("POST", path, Some(spec.clone())).await;
    assert_eq!(answer.headers[ETAG], "\"1\"");
    let made: WebhookMade = answer.take(201);
    let secret = made.secret.unwrap().expose().to_owned();
    assert!(secret.starts_with("whsec_"), "{secret}");
    assert_eq!(house.admin("POST", path, Some(spec)).await.status, 409);
    let one = "/api/v1/webhooks/ops";
    let read = house.admin("GET", one, None).await;
    assert!(!read.text().contains("whsec"), "{}", read.text());
    assert_eq!(read.take::<Webhook>(200).url, "https://hooks.example.com/sluice");
    assert!(!house.admin("GET", path, None).await.text().contains("whsec"));

    // What is absent stays, also the secret, but not for another address; one's own is not shown again.
    let same: WebhookMade = house.admin("PUT", one, Some(json!({}))).await.take(200);
    assert_eq!((same.webhook.url.as_str(), same.secret.is_none()), ("https://hooks.example.com/sluice", true));
    let moved = json!({ "url": "https://hooks.example.com/other" });
    let changed: WebhookMade = house.admin("PUT", one, Some(moved.clone())).await.take(200);
    assert_eq!(changed.webhook.url, "https://hooks.example.com/other");
    assert_ne!(changed.secret.unwrap().expose(), secret);
    let own = format!("whsec_{}", "QUJD".repeat(8));
    let changed = house.admin("PUT", one, Some(json!({ "secret": own }))).await;
    assert!(!changed.text().contains("whsec"), "{}", changed.text());
    assert_eq!(matching(&house, one, "\"1\"", moved).await.status, 412);
    let new = json!({ "url": "https://hooks.example.com/new" });
    let new: WebhookMade = house.admin("PUT", "/api/v1/webhooks/new", Some(new)).await.take(201);
    assert!(new.secret.is_some());
    let page: Page<Webhook> = house.admin("GET", &format!("{path}?limit=1"), None).await.take(200);
    assert_eq!((page.items[0].name.as_str(), page.next.as_deref()), ("new", Some("new")));
    assert_eq!(house.admin("DELETE", "/api/v1/webhooks/new", None).await.status, 204);
    assert_eq!(house.admin("DELETE", "/api/v1/webhooks/new", None).await.status, 404);
    assert_eq!(house.admin("GET", "/api/v1/webhooks/new", None).await.status, 404);
    // Nor does the log of changes have it.
    let log = house.admin("GET", "/api/v1/audit?limit=100", None).await.text();
    assert!(log.contains("ops") && !log.contains("whsec") && !log.contains(&secret), "{log}");
}

#[tokio::test]
async fn a_webhook_leads_to_no_place_that_it_must_not() {
    let house = House::start().await;
    for (spec, at) in [
        (json!({ "name": "w" }), "url"),
        (json!({ "name": "w", "url": "http://hooks.example.com" }), "url"),
        (json!({ "name": "w", "url": "https://user:password@hooks.example.com" }), "url"),
        (json!({ "name": "w", "url": "http://127.0.0.1:1" }), "url"),
        (json!({ "name": "w", "url": "file:///etc/passwd" }), "url"),
        (json!({ "name": "w", "url": "https://hooks.example.com", "secret": "short" }), "secret"),
        (json!({ "url": "https://hooks.example.com" }), "name"),
        (json!({ "name": "w", "url": "https://hooks.example.com", "header": "x" }), "header"),
    ] {
        let answer = house.admin("POST", "/api/v1/webhooks", Some(spec.clone())).await;
        assert_eq!(answer.status, 422, "{spec}: {}", answer.text());
        let place = answer.json()["problems"][0]["at"].as_str().unwrap().to_owned();
        assert_eq!(place.trim_start_matches("webhook."), at, "{spec}: {}", answer.text());
        assert!(!answer.text().contains("password@") && !answer.text().contains("short"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_test_says_what_did_not_arrive() {
    let house = House::start().await;
    let path = "/api/v1/notifications/test";
    // Nobody has set a mail server: that is told for the recipient, or for the whole.
    let answer = house.admin("POST", path, Some(json!({ "recipients": ["ada@example.com"] }))).await;
    let tried: Vec<NoticeTried> = answer.take(200);
    assert!(!tried[0].sent && tried[0].cause.as_ref().is_some_and(|cause| cause.hint.is_some()), "{tried:?}");
    for test in [json!({}), json!({ "recipients": ["x"] }), json!({ "webhooks": ["nobody"] })] {
        let answer = house.admin("POST", path, Some(test.clone())).await;
        assert_eq!(answer.status, 422, "{test}: {}", answer.text());
    }
    let read = house.bearer("read").await;
    let answer = house.by(&read, "POST", path, Some(json!({ "recipients": ["ada@example.com"] }))).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn notices_are_asked_for_by_what_they_are_about() {
    let house = House::start().await;
    let spec = json!({ "name": "q", "sql": "SELECT 1 AS id" });
    house.admin("POST", "/api/v1/queries", Some(spec)).await;
    for (asked, status) in [
        ("", 200),
        ("?query=q", 200),
        ("?query=", 200),
        ("?query=nobody", 404),
        ("?state=waiting", 200),
        ("?state=sent&query=q", 200),
        ("?state=failed", 200),
        ("?state=lost", 400),
        ("?job=zzzzzzzzzzzz", 200),
        ("?job=%00", 404),
        ("?after=nothing", 200),
        ("?limit=0", 400),
        ("?limit=501", 400),
    ] {
        let answer = house.admin("GET", &format!("/api/v1/notices{asked}"), None).await;
        assert_eq!(answer.status.as_u16(), status, "{asked}: {}", answer.text());
        if status == 200 {
            assert!(answer.take::<Page<Notice>>(200).items.is_empty(), "{asked}");
        }
    }
}
