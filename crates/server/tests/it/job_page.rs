//! The page of a job: what it shows to whom, and that everything in it is text.

use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::house::{Answer, House, config, request};

/// A server with a job that has ended, and its id. The query's name is as hostile as one may be.
async fn with_a_job(house: House) -> (House, String) {
    let spec = json!({ "name": "a - b", "sql": "SELECT 1 AS id UNION SELECT 2" });
    assert_eq!(house.admin("POST", "/api/v1/queries", Some(spec)).await.status, 201);
    let asked = json!({ "scheduled_time": "2026-11-23T02:00:00Z" });
    let run = house.admin("POST", "/api/v1/queries/a%20-%20b/runs", Some(asked)).await;
    let id = run.json()["id"].as_str().unwrap().to_owned();
    // The stream ends with the job.
    house.admin("GET", &format!("/api/v1/jobs/{id}/events"), None).await;
    (house, id)
}

#[track_caller]
fn is_a_page(answer: &Answer, status: u16, title: &str) {
    let page = answer.text();
    assert_eq!(answer.status.as_u16(), status, "{page}");
    assert!(page.contains(&format!("<h1>{title}</h1>")), "{page}");
    assert!(!page.contains("<script"), "{page}");
    assert!(answer.headers["content-type"].to_str().unwrap().starts_with("text/html"), "{page}");
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn whoever_is_signed_in_sees_the_job() {
    let (house, id) = with_a_job(House::start().await).await;
    let cookie = house.login().await;
    let answer = house.page(&cookie, "GET", &format!("/jobs/{id}"), None).await;
    is_a_page(&answer, 200, "a - b: success");
    let page = answer.text();
    for want in [
        "<p>The query gave 2 rows. They can be downloaded or exported.</p>",
        "<dt>Rows of the result</dt><dd>2</dd>",
        "<dt>Scheduled for</dt><dd>2026-11-23T02:00:00Z</dd>",
        &format!("<pre><code>sluice jobs show {id} --server http://localhost:8080</code></pre>"),
    ] {
        assert!(page.contains(want), "{want}: {page}");
    }
    // A viewer too, and a token.
    let read = house.bearer("read").await;
    is_a_page(&house.by(&read, "GET", &format!("/jobs/{id}"), None).await, 200, "a - b: success");
    // A typed address, and a bookmark.
    let mut typed = request("GET", &format!("/jobs/{id}"), None);
    typed.headers_mut().insert("cookie", cookie.parse().unwrap());
    typed.headers_mut().insert("sec-fetch-site", "none".parse().unwrap());
    is_a_page(&house.send(typed).await, 200, "a - b: success");
    let absent = house.page(&cookie, "GET", "/jobs/zzzzzzzzzzzz", None).await;
    is_a_page(&absent, 404, "No such job");
}

#[tokio::test]
async fn whoever_is_not_learns_nothing_but_how() {
    let (house, id) = with_a_job(House::start().await).await;
    let cookie = house.login().await;
    for asked in [id.as_str(), "zzzzzzzzzzzz"] {
        let answer = house.anybody("GET", &format!("/jobs/{asked}"), None).await;
        is_a_page(&answer, 401, "Sign in to see this job");
        let page = answer.text();
        assert!(page.contains(&format!("sluice jobs show {asked} --server http://localhost:8080")), "{page}");
        assert!(!page.contains("success") && !page.contains("a - b") && !page.contains("<a "), "{page}");
        assert!(answer.headers.contains_key("www-authenticate"));
    }
    // From a mail in a browser the session stays out, or is not taken; from our own page it comes along.
    for with_cookie in [false, true] {
        let mut linked = request("GET", &format!("/jobs/{id}"), None);
        linked.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        if with_cookie {
            linked.headers_mut().insert("cookie", cookie.parse().unwrap());
        }
        let answer = house.send(linked).await;
        is_a_page(&answer, if with_cookie { 403 } else { 401 }, "Sign in to see this job");
        let page = answer.text();
        let link = format!("<a href=\"/jobs/{id}\">Signed in already? Show the job</a>");
        assert!(page.contains(&link) && !page.contains("success"), "{page}");
    }
    is_a_page(&house.by("slc_unknown", "GET", &format!("/jobs/{id}"), None).await, 401, "Sign in to see this job");
}

#[tokio::test]
async fn what_is_no_id_stands_in_no_command() {
    let house = House::start().await;
    let cookie = house.login().await;
    for id in ["x;rm%20-rf%20~", "%3Cscript%3E", "$(id)", "a%0Ab", "..%2fx", "%F0%9F%A6%86", &"a".repeat(33)] {
        let path = format!("/jobs/{id}");
        let nobody = house.anybody("GET", &path, None).await;
        is_a_page(&nobody, 401, "Sign in to see this job");
        assert!(!nobody.text().contains("<pre>"), "{id}: {}", nobody.text());
        let somebody = house.page(&cookie, "GET", &path, None).await;
        is_a_page(&somebody, 404, "No such job");
        assert!(!somebody.text().contains("<pre>"), "{id}: {}", somebody.text());
    }
    for (method, status) in [("POST", 405), ("DELETE", 405), ("HEAD", 401)] {
        assert_eq!(house.anybody(method, "/jobs/zzzzzzzzzzzz", None).await.status.as_u16(), status, "{method}");
    }
}

#[tokio::test]
async fn the_command_names_the_address_that_people_know() {
    let public = Some("https://sluice.example.com/exports/".to_owned());
    let house = House::with(server::ServerConfig { public_url: public, ..config() }).await;
    let page = house.anybody("GET", "/jobs/abc", None).await.text();
    assert!(page.contains("sluice jobs show abc --server https://sluice.example.com/exports</code>"), "{page}");
    let house = House::with(server::ServerConfig { behind_proxy: true, ..config() }).await;
    let asked = Request::get("/jobs/abc").header("host", "localhost").body(Body::empty()).unwrap();
    let page = house.send(asked).await.text();
    assert!(page.contains("--server https://localhost</code>"), "{page}");
}
