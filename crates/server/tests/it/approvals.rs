//! The page on which an approval ends, and what it gives away: nothing.

use axum::http::StatusCode;

use crate::house::House;

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
            assert!(page.contains("<script src=\"/assets/clean.js\"></script>"), "{page}");
            assert_eq!(page.matches("<script").count(), 1, "{page}");
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
async fn the_front_page_says_what_this_is() {
    let house = House::start().await;
    let page = house.anybody("GET", "/", None).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("/api/v1/openapi.json"));
    assert!(!page.text().contains("<script"));
}
