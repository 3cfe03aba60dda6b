//! What is sent twice, what nobody waits for any more, and what nothing is at: answers of the console that no one page owns.

use api::{Connection, Segment};
use futures::FutureExt;
use serde_json::json;

use crate::audience::{made, parent, refreshed, tables};
use crate::house::{Answer, House, request};
use crate::screens_export::{leads_to, press};
use crate::sheet::Sheet;

#[tokio::test]
async fn a_rename_that_is_sent_twice_gets_its_first_answer() {
    let house = refreshed().await;
    let cookie = house.login().await;
    made(&house, "queries", json!({ "name": "q", "sql": "SELECT 1 AS id" })).await;
    let forms = [
        ("/queries/q", "query", "/queries/other?done=saved"),
        ("/connections/prod/edit", "connection", "/connections/other?done=saved"),
        ("/parent-segments/customers/edit", "parent-form", "/parent-segments/other?done=saved"),
        ("/segments/try", "segment-form", "/segments/other?done=saved"),
        ("/activations/to%20list/edit", "activation-form", "/activations/other?done=saved"),
    ];
    for (page, form, to) in forms {
        let mut sheet = Sheet::open(&house, &cookie, page, form).await;
        sheet.fill("name", "other");
        for _ in 0..2 {
            leads_to(&sheet.send("save").await, to);
        }
        // Another form of that page is not answered by it.
        sheet.fill("name", "third");
        assert_eq!(sheet.send("save").await.status, 404, "{page}");
    }
    let delete = [("_do", "delete-now"), ("_once", "d1")];
    for _ in 0..2 {
        leads_to(&press(&house, &cookie, "/queries/other", &delete).await, "/queries?done=deleted");
    }
    assert_eq!(press(&house, &cookie, "/queries/other", &[("_do", "delete-now"), ("_once", "d2")]).await.status, 404);
}

#[tokio::test]
async fn a_count_that_nobody_waits_for_is_not_done() {
    let house = refreshed().await;
    let cookie = house.login().await;
    let population = async |name: &str| {
        let segment: Segment = house.admin("GET", &format!("/api/v1/segments/{name}"), None).await.take(200);
        segment.population.map(|population| population.count)
    };
    let left = Sheet::open(&house, &cookie, "/segments/buyers", "segment-form").await;
    let waited = Sheet::open(&house, &cookie, "/segments/try", "segment-form").await;
    // Whoever asks goes away as soon as the count has begun.
    assert!(left.send("count").now_or_never().is_none());
    for _ in 0..3 {
        assert_eq!(waited.send("count").await.status, 200);
    }
    assert_eq!((population("buyers").await, population("try").await), (None, Some(1)));
    // A change that is left in the same way is done to its end.
    let mut changed = Sheet::open(&house, &cookie, "/segments/buyers", "segment-form").await;
    changed.fill("description", "left alone");
    assert!(changed.send("save").now_or_never().is_none());
    for _ in 0..3 {
        assert_eq!(waited.send("count").await.status, 200);
    }
    let saved: Segment = house.admin("GET", "/api/v1/segments/buyers", None).await.take(200);
    assert_eq!(saved.spec.description.as_deref(), Some("left alone"));
    assert_eq!(left.send("count").await.status, 200);
    assert_eq!(population("buyers").await, Some(2));
}

#[tokio::test]
async fn a_parent_segment_without_profiles_offers_the_columns_that_it_was_saved_with() {
    let house = tables().await;
    let cookie = house.login().await;
    made(&house, "parent-segments", parent()).await;
    // Its tables are not what they were: nobody looks at them for a menu.
    let other = axum::http::Request::put("/api/v1/tables/plans/data")
        .header("authorization", format!("Bearer {}", house.admin))
        .header("content-type", "text/csv")
        .body(axum::body::Body::from("other\n1\n"))
        .unwrap();
    assert_eq!(house.send(other).await.status, 200);
    let page = house.page(&cookie, "GET", "/new/segment?of=customers", None).await.text();
    for told in ["value=\"a:country\"", "value=\"a:plan\"", "has no profiles yet"] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert!(!page.contains("cannot be read"), "{page}");
}

#[tokio::test]
async fn a_field_that_is_emptied_is_empty() {
    let house = House::start().await;
    let cookie = house.login().await;
    let whole = json!({
        "name": "prod", "business_unit": "0Uv000000000001CAA", "client_id": "key", "client_secret": "secret",
        "login_url": "https://test.salesforce.com", "audience": "https://login.salesforce.com", "username": "ada@x.io",
        "grant": "refresh_token",
    });
    made(&house, "connections", whole).await;
    let known = async || -> Connection { house.admin("GET", "/api/v1/connections/prod", None).await.take(200) };
    let grant = json!({ "grant": "jwt_bearer", "private_key": "-----BEGIN PRIVATE KEY-----" });
    assert_eq!(house.admin("PUT", "/api/v1/connections/prod", Some(grant)).await.status, 200);
    let mut sheet = Sheet::open(&house, &cookie, "/connections/prod/edit", "connection").await;
    sheet.fill("audience", "");
    leads_to(&sheet.send("save").await, "/connections/prod?done=saved");
    let saved = known().await;
    assert_eq!((saved.audience, saved.username.as_deref()), (None, Some("ada@x.io")));
    // Another login host drops the secret that was given for the old one: that is asked first.
    let mut sheet = Sheet::open(&house, &cookie, "/connections/prod/edit", "connection").await;
    sheet.fill("login_url", "");
    let asked = sheet.send("save").await;
    assert_eq!(asked.status, 422, "{}", asked.text());
    let mut sheet = Sheet::open(&house, &cookie, "/connections/prod/edit", "connection").await;
    sheet.fill("username", "");
    let refused = sheet.send("save").await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(refused.text().contains("id=\"f-username-fault\""), "{}", refused.text());
}

async fn asked(house: &House, cookie: &str, method: &str, path: &str, accept: &str) -> Answer {
    let mut request = request(method, path, None);
    for (name, value) in [("accept", accept), ("cookie", cookie), ("sec-fetch-site", "same-origin")] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    house.send(request).await
}

#[tokio::test]
async fn whoever_is_lost_in_a_browser_reads_a_page() {
    let house = House::start().await;
    let cookie = house.login().await;
    let browser = "text/html,application/xhtml+xml,*/*;q=0.8";
    let cases = [
        ("GET", "/nothing", 404),
        ("GET", "/queries/q/nothing", 404),
        ("POST", "/nothing", 404),
        ("GET", "/sign-out", 405),
        ("PUT", "/queries", 405),
        ("GET", "/jobs/%00/kill", 404),
    ];
    for (method, path, status) in cases {
        for cookie in [cookie.as_str(), "a=b"] {
            let page = asked(&house, cookie, method, path, browser).await;
            let text = page.text();
            if page.status == 303 {
                // Somebody who is not signed in is led there, where a page needs that.
                assert_eq!((path, cookie), ("/jobs/%00/kill", "a=b"));
                continue;
            }
            assert_eq!(page.status, status, "{method} {path}: {text}");
            assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"), "{method} {path}");
            assert!(text.contains("no page at this address") && !text.contains("openapi"), "{method} {path}: {text}");
            assert!(page.headers["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
            // Who is signed in keeps the way to everything else.
            assert_eq!(text.contains("href=\"/queries\""), cookie != "a=b", "{method} {path}: {text}");
            assert_eq!(page.headers.contains_key("allow"), status == 405, "{method} {path}");
        }
        let plain = asked(&house, &cookie, method, path, "*/*").await;
        assert_eq!(plain.status, status);
        assert_eq!(plain.json()["status"], status, "{method} {path}: {}", plain.text());
    }
    for path in ["/api/v1/nothing", "/api/nothing", "/assets/none.js", "/healthz/x"] {
        assert_eq!(asked(&house, &cookie, "GET", path, browser).await.json()["status"], 404, "{path}");
    }
}
