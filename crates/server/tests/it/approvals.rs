//! The page on which an approval ends, and what it gives away: nothing.

use axum::http::StatusCode;

use axum::http::header::{COOKIE, HOST};
use serde_json::json;

use crate::house::{House, request};
use crate::screens_access::{given, sent};

#[tokio::test]
async fn an_answer_that_nobody_asked_for_has_its_page() {
    let house = House::start().await;
    let secret = "aPrx%3CSecretCode%3E";
    for path in ["/oauth/callback", "/"] {
        let cases = [
            (format!("{path}?code={secret}&state=abc"), "Not an approval of this server"),
            (format!("{path}?code={secret}"), "Not an approval of this server"),
            (
                format!("{path}?error=access_denied&error_description=%3Cscript%3E&state=abc"),
                "Not an approval of this server",
            ),
        ];
        for (asked, title) in cases {
            let answer = house.anybody("GET", &asked, None).await;
            assert!(answer.status.is_client_error(), "{asked}: {}", answer.status);
            let page = answer.text();
            assert!(page.contains(&format!("<h1>{title}</h1>")), "{asked}: {page}");
            assert!(!page.contains("SecretCode") && !page.contains("abc"), "{page}");
            // The script takes code and state out of the address; every script is a file of ours.
            assert!(page.contains("data-clean"), "{page}");
            assert_eq!(page.matches("<script").count(), page.matches("<script src=\"/assets/").count(), "{page}");
            assert!(page.contains("href=\"/connections\""), "{page}");
            assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
        }
    }
    // Two codes are a game, and a look at the headers uses nothing up.
    let twice = house.anybody("GET", "/oauth/callback?code=a&code=b&state=c", None).await;
    assert!(twice.status.is_client_error());
    let head = house.anybody("HEAD", "/oauth/callback?code=a&state=c", None).await;
    assert_eq!(head.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_front_page_is_for_those_who_are_signed_in() {
    let house = House::start().await;
    let answer = house.anybody("GET", "/", None).await;
    assert_eq!(
        (answer.status, &answer.headers["location"]),
        (StatusCode::SEE_OTHER, &"/sign-in?next=%2F".parse().unwrap())
    );
    let cookie = house.login().await;
    let page = house.page(&cookie, "GET", "/", None).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("<h1>Home</h1>"), "{}", page.text());
}

#[tokio::test]
async fn an_approval_comes_back_to_the_address_where_it_was_begun() {
    let house = House::start().await;
    let spec =
        json!({ "name": "prod", "business_unit": "0Uv4W000000CaVoSAK", "client_id": "key", "client_secret": "s" });
    assert_eq!(house.admin("POST", "/api/v1/connections", Some(spec)).await.status, StatusCode::CREATED);
    let session = house.login().await;
    let mut begin = sent("/connections/prod/connect", Some(&session), &[("_do", "connect"), ("_once", "1")]);
    begin.headers_mut().insert(HOST, "127.0.0.1:8080".parse().unwrap());
    let begun = house.send(begin).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text());
    let approval = given(&begun);
    let text = begun.text();
    let state = text.split_once("state=").and_then(|(_, rest)| rest.split(['&', '"']).next()).expect("a state");
    let path = format!("/oauth/callback?error=access_denied&state={state}");
    let come = async |host: &str, cookie: &str| {
        let mut back = request("GET", &path, None);
        back.headers_mut().insert(HOST, host.parse().unwrap());
        back.headers_mut().insert(COOKIE, cookie.parse().unwrap());
        house.send(back).await
    };
    // Salesforce sends to localhost, where this browser is nobody.
    let away = come("localhost:8080", "a=b").await;
    assert_eq!(away.status, StatusCode::SEE_OTHER, "{}", away.text());
    assert_eq!(away.headers["location"], format!("http://127.0.0.1:8080{path}"));
    // Another browser of that address is somebody else, and goes nowhere.
    assert!(come("127.0.0.1:8080", "a=b").await.text().contains("Begun in another browser"));
    assert!(come("127.0.0.1:8080", &approval).await.text().contains("Not approved"));
    assert!(come("localhost:8080", "a=b").await.text().contains("Finished already"));
}
