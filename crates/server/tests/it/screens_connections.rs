//! Connections in a browser: made, changed, connected, deleted; secrets go in and never come out.

use api::Connection;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::house::{Answer, House};

const UNIT: &str = "0Uv000000000001CAA";

async fn press(house: &House, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    fields.iter().for_each(|(name, value)| {
        body.append_pair(name, value);
    });
    let request = Request::builder().method("POST").uri(path).header("cookie", cookie);
    let request = request.header("sec-fetch-site", "same-origin");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    house.send(request.body(Body::from(body.finish())).unwrap()).await
}

async fn look(house: &House, cookie: &str, path: &str) -> Answer {
    house.page(cookie, "GET", path, None).await
}

async fn known(house: &House, name: &str) -> Connection {
    house.admin("GET", &format!("/api/v1/connections/{name}"), None).await.take(200)
}

#[track_caller]
fn leads_to(answer: &Answer, to: &str) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.headers["location"], to);
}

/// A form that makes a connection.
fn typed<'a>(name: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let base = [
        ("name", name),
        ("pardot_domain", "https://pi.pardot.com"),
        ("business_unit", UNIT),
        ("connected_app", "custom"),
        ("client_id", "key"),
        ("client_secret", "hunter2"),
        ("grant", "refresh_token"),
        ("reserve", "10"),
        ("daily_budget", "0"),
        ("_do", "save"),
    ];
    let taken = |(name, _): &(&str, &str)| more.iter().any(|(known, _)| known == name);
    base.into_iter().filter(|pair| !taken(pair)).chain(more.iter().copied()).collect()
}

#[tokio::test]
async fn a_connection_is_made_changed_and_deleted() {
    let house = House::start().await;
    let cookie = house.login().await;
    assert!(look(&house, &cookie, "/connections").await.text().contains("No connections yet"));
    let form = typed("prod", &[("_once", "1")]);
    leads_to(&press(&house, &cookie, "/new/connection", &form).await, "/connections/prod?done=created");
    // An impatient second click finds it made.
    leads_to(&press(&house, &cookie, "/new/connection", &form).await, "/connections/prod?done=created");
    let made = known(&house, "prod").await;
    assert!(made.secrets.client_secret && made.client_id.as_deref() == Some("key"));
    for path in ["/connections", "/connections/prod", "/connections/prod/edit", "/connections/prod/delete"] {
        let page = look(&house, &cookie, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text().contains("prod") && !page.text().contains("hunter2"), "{path}");
    }
    // What is left empty stays, the secret too.
    let revision = made.revision.to_string();
    let change = typed("prod", &[("client_secret", ""), ("reserve", "30"), ("_revision", &revision)]);
    leads_to(&press(&house, &cookie, "/connections/prod/edit", &change).await, "/connections/prod?done=saved");
    let changed = known(&house, "prod").await;
    assert_eq!((changed.reserve, changed.secrets.client_secret), (30, true));
    // Whoever saw an older one is told, keeps what was typed, and may put it in its place.
    let late = typed("prod", &[("client_secret", ""), ("reserve", "40"), ("_revision", &revision)]);
    let told = press(&house, &cookie, "/connections/prod/edit", &late).await;
    assert_eq!(told.status, 412);
    assert!(told.text().contains("See what the other person saved") && told.text().contains("value=\"40\""));
    assert!(told.text().contains(&format!("name=\"_revision\" value=\"{}\"", changed.revision)), "{}", told.text());
    assert_eq!(known(&house, "prod").await.reserve, 30);
    leads_to(
        &press(&house, &cookie, "/connections/prod/delete", &[("_do", "delete")]).await,
        "/connections?done=deleted",
    );
    assert_eq!(look(&house, &cookie, "/connections/prod").await.status, 404);
}

#[tokio::test]
async fn problems_stand_beside_their_fields_and_nothing_is_lost() {
    let house = House::start().await;
    let cookie = house.login().await;
    let wrong = typed("<b>", &[("business_unit", "0Uv1"), ("reserve", "95"), ("client_id", "")]);
    let told = press(&house, &cookie, "/new/connection", &wrong).await;
    assert_eq!(told.status, 422);
    for field in ["f-name", "f-business_unit", "f-reserve", "f-client_id"] {
        assert!(told.text().contains(&format!("href=\"#{field}\"")), "{field}: {}", told.text());
        assert!(told.text().contains(&format!("id=\"{field}-fault\"")), "{field}");
    }
    assert!(told.text().contains("value=\"0Uv1\"") && !told.text().contains("hunter2"));
    // A field that cannot be read is told before anybody is asked.
    let odd = typed("prod", &[("reserve", "many")]);
    assert_eq!(press(&house, &cookie, "/new/connection", &odd).await.status, 422);
    // Drawn again, it has the fields of its choices, and nothing is saved.
    let shown =
        press(&house, &cookie, "/new/connection", &typed("prod", &[("grant", "jwt_bearer"), ("_do", "show")])).await;
    assert_eq!(shown.status, 200);
    assert!(shown.text().contains("name=\"private_key\"") && !shown.text().contains("name=\"refresh_token\""));
    let names = house.admin("GET", "/api/v1/connections", None).await.json();
    assert_eq!(names["items"], json!([]));
    // A name that is taken.
    press(&house, &cookie, "/new/connection", &typed("prod", &[])).await;
    let taken = press(&house, &cookie, "/new/connection", &typed("prod", &[])).await;
    assert_eq!(taken.status, 409);
    assert!(taken.text().contains("there is a connection prod already"), "{}", taken.text());
}

#[tokio::test]
async fn connect_leads_to_salesforce_by_a_link() {
    let house = House::start().await;
    let cookie = house.login().await;
    // Saved and connected with one button.
    let wall = press(&house, &cookie, "/new/connection", &typed("prod", &[("_do", "connect")])).await;
    assert_eq!(wall.status, 200, "{}", wall.text());
    assert!(wall.headers["set-cookie"].to_str().unwrap().contains("approval"), "{:?}", wall.headers);
    assert!(wall.text().contains("href=\"https://login.salesforce.com/services/oauth2/authorize?"), "{}", wall.text());
    assert!(wall.text().contains("http://localhost:8080/oauth/callback"), "{}", wall.text());
    let again = press(&house, &cookie, "/connections/prod/connect", &[]).await;
    assert_eq!(again.status, 200);
    // Whoever signed in again in between is where they were.
    for path in ["connect", "test", "account"] {
        let back = press(&house, &cookie, &format!("/connections/prod/{path}"), &[("_do", "show")]).await;
        leads_to(&back, "/connections/prod");
    }
    // A test of what nobody approved says what to do.
    let test = press(&house, &cookie, "/connections/prod/test", &[]).await;
    assert_eq!(test.status, 200, "{}", test.text());
    assert!(test.text().contains("something must be mended") && test.text().contains("What to do"), "{}", test.text());
    let other = typed("machine", &[("grant", "client_credentials")]);
    press(&house, &cookie, "/new/connection", &other).await;
    assert_eq!(press(&house, &cookie, "/connections/machine/connect", &[]).await.status, 409);
}

#[tokio::test]
async fn what_is_used_is_not_deleted() {
    let house = House::start().await;
    let cookie = house.login().await;
    press(&house, &cookie, "/new/connection", &typed("prod", &[])).await;
    let query =
        json!({ "name": "nightly", "sql": "SELECT 'a@example.com' AS email", "export": { "connection": "prod" } });
    assert_eq!(house.admin("POST", "/api/v1/queries", Some(query)).await.status, 201);
    let page = look(&house, &cookie, "/connections/prod/delete").await;
    assert!(page.text().contains("href=\"/queries/nightly\"") && !page.text().contains("value=\"delete\""));
    let told = press(&house, &cookie, "/connections/prod/delete", &[("_do", "delete")]).await;
    assert_eq!(told.status, 409);
    assert!(told.text().contains("Nothing was deleted"), "{}", told.text());
    known(&house, "prod").await;
}

#[tokio::test]
async fn a_viewer_looks_and_changes_nothing() {
    let house = House::start().await;
    let (cookie, viewer) = (house.login().await, house.viewer().await);
    press(&house, &cookie, "/new/connection", &typed("prod", &[])).await;
    for path in ["/integrations?search=pardot", "/connections", "/connections/prod?search=x"] {
        let page = look(&house, &viewer, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            !page.text().contains("/new/connection") && !page.text().contains("/connections/prod/delete"),
            "{path}"
        );
    }
    for path in ["/new/connection", "/connections/prod/edit", "/connections/prod/delete"] {
        assert_eq!(look(&house, &viewer, path).await.status, 403, "{path}");
    }
    for path in [
        "/new/connection",
        "/connections/prod/edit",
        "/connections/prod/connect",
        "/connections/prod/test",
        "/connections/prod/account",
        "/connections/prod/delete",
    ] {
        let answer = press(
            &house,
            &viewer,
            path,
            &typed("other", &[("_do", if path.ends_with("delete") { "delete" } else { "save" })]),
        )
        .await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
    assert_eq!(known(&house, "prod").await.revision, 1);
}

#[tokio::test]
async fn names_of_pages_are_names_too_and_lists_are_paged() {
    let house = House::start().await;
    let cookie = house.login().await;
    for number in 0..52 {
        let name = format!("c{number:02}");
        assert_eq!(press(&house, &cookie, "/new/connection", &typed(&name, &[])).await.status, 303);
    }
    leads_to(&press(&house, &cookie, "/new/connection", &typed("new", &[])).await, "/connections/new?done=created");
    assert_eq!(look(&house, &cookie, "/connections/new").await.status, 200);
    let first = look(&house, &cookie, "/connections").await.text();
    assert!(first.contains(">c49<") && !first.contains(">c50<") && first.contains("/connections?after=c49"), "{first}");
    let second = look(&house, &cookie, "/connections?after=c49").await.text();
    assert!(second.contains(">c50<") && second.contains(">new<") && !second.contains(">c49<"), "{second}");
    // Without a sandbox there is none to look at, and none to find.
    assert!(!first.contains("/sandbox"), "{first}");
    for path in ["/sandbox", "/sandbox/journal", "/first-export"] {
        assert_eq!(look(&house, &cookie, path).await.status, 404, "{path}");
    }
}
