//! Who gets what: every route with every kind of credential.

use serde_json::json;

use crate::house::{House, PASSWORD, filled, operations};

#[tokio::test]
async fn no_route_answers_without_a_right() {
    let house = House::start().await;
    let revoked = house.token("admin").await;
    let path = format!("/api/v1/tokens/{}", revoked.token.id);
    assert_eq!(house.admin("DELETE", &path, None).await.status, 204);
    let (revoked, expired) = (revoked.secret.expose().to_owned(), house.expired().await);
    let unknown = format!("slc_{}", "A".repeat(43));
    let mut asked = 0;
    for (method, path, open) in operations() {
        if open {
            continue;
        }
        let path = filled(&path);
        let body = (method != "GET" && method != "DELETE").then(|| json!({}));
        let nobody = house.anybody(&method, &path, body.clone()).await;
        // A hundred failures of one address are answered, then fewer.
        assert!([401, 429].contains(&nobody.status.as_u16()), "{method} {path}: {}", nobody.status);
        for token in [&revoked, &expired, &unknown, "", "slc_", "x", &"a".repeat(5_000)] {
            let answer = house.by(token, &method, &path, body.clone()).await;
            assert!([401, 429].contains(&answer.status.as_u16()), "{method} {path}: {}", answer.status);
            asked += 1;
        }
    }
    assert!(asked > 200, "{asked}");
    // Whoever has a right one is not kept out by the others of the same address.
    assert_eq!(house.admin("GET", "/api/v1/me", None).await.status, 200);
}

#[tokio::test]
async fn a_token_that_may_read_changes_nothing_and_sees_no_rows() {
    let house = House::start().await;
    let read = house.bearer("read").await;
    let before = house.changes().await;
    for (method, path, open) in operations() {
        if open {
            continue;
        }
        let filled = filled(&path);
        let body = (method != "GET" && method != "DELETE").then(|| json!({}));
        let answer = house.by(&read, &method, &filled, body).await;
        let status = answer.status.as_u16();
        // What a schedule means is explained to everybody.
        if method != "GET" && !path.ends_with("/explain") {
            assert!([400, 403, 404, 409, 415, 422].contains(&status), "{method} {path}: {}", answer.text());
        }
        let private = ["/people", "/audit", "/preview", "/result", "/rejected", "/receipts"];
        if private.iter().any(|end| path.ends_with(end)) && method == "GET" {
            assert_eq!(status, 403, "{method} {path}: {}", answer.text());
        }
    }
    assert_eq!(house.changes().await, before);
    // Nor does it make itself more than it is.
    let more = house.by(&read, "POST", "/api/v1/tokens", Some(json!({ "name": "x", "scope": "run" }))).await;
    assert_eq!(more.status, 403, "{}", more.text());
    // Nor another one of its kind, which would outlive its revocation.
    let same = house.by(&read, "POST", "/api/v1/tokens", Some(json!({ "name": "x", "scope": "read" }))).await;
    assert_eq!(same.status, 403, "{}", same.text());
}

#[tokio::test]
async fn odd_spellings_of_a_route_open_nothing() {
    let house = House::start().await;
    for (method, path, open) in operations() {
        let plain = filled(&path);
        let odd = [
            path.clone(),
            path.replace('{', ":").replace('}', ""),
            format!("{plain}/"),
            format!("/{plain}"),
            plain.replace("/api/v1/", "/api//v1/"),
            plain.replace("/api/v1/", "/api/v1/./"),
            plain.replace("/api/v1/", "/x/../api/v1/"),
            plain.replace("/api/v1/", "/x/..;/api/v1/"),
            plain.replace("/api/v1/", "/API/V1/"),
            plain.replace("/api/v1/", "/api%2fv1/"),
            plain.replace("/api/v1/", "/%61pi/v1/"),
            format!("{plain};x=y"),
            format!("{plain}%00"),
            format!("{plain}%ff"),
            format!("{plain}.json"),
        ];
        for path in odd.into_iter().filter(|odd| *odd != plain) {
            let Ok(uri) = path.parse::<axum::http::Uri>() else { continue };
            let answer = house.anybody(&method, &uri.to_string(), None).await;
            let status = answer.status.as_u16();
            let known = open && [400, 415].contains(&status);
            // Whose name is in the address is asked behind the login.
            assert!(known || [401, 404, 405, 429].contains(&status), "{method} {path}: {status} {}", answer.text());
        }
    }
}

#[tokio::test]
async fn people_come_go_and_lose_rights_at_once() {
    let house = House::start().await;
    let spec = json!({ "name": "bob@example.com", "role": "editor", "password": PASSWORD });
    house.admin("POST", "/api/v1/people", Some(spec.clone())).await.take::<api::Person>(201);
    assert_eq!(house.admin("POST", "/api/v1/people", Some(spec)).await.status, 409);
    let login = json!({ "name": "Bob@Example.com", "password": PASSWORD });
    let answer = house.anybody("POST", "/api/v1/session", Some(login.clone())).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let made = house.page(&cookie, "POST", "/api/v1/tokens", Some(json!({ "name": "ci", "scope": "edit" }))).await;
    let bobs = made.take::<api::TokenMade>(201);
    let token = bobs.secret.expose().to_owned();
    let too_much = house.page(&cookie, "POST", "/api/v1/tokens", Some(json!({ "name": "x", "scope": "admin" }))).await;
    assert_eq!(too_much.status, 403);
    assert_eq!(house.by(&token, "GET", "/api/v1/me", None).await.json()["scope"], "edit");

    // A lower role lowers the token.
    let person = "/api/v1/people/bob@example.com";
    house.admin("PATCH", person, Some(json!({ "role": "viewer" }))).await.take::<api::Person>(200);
    assert_eq!(house.by(&token, "GET", "/api/v1/me", None).await.json()["scope"], "read");

    // Locked out: session and token alike, also by login.
    house.admin("PATCH", person, Some(json!({ "disabled": true }))).await.take::<api::Person>(200);
    assert_eq!(house.by(&token, "GET", "/api/v1/me", None).await.status, 401);
    assert_eq!(house.page(&cookie, "GET", "/api/v1/me", None).await.status, 401);
    assert_eq!(house.anybody("POST", "/api/v1/session", Some(login)).await.status, 401);

    house.admin("PATCH", person, Some(json!({ "disabled": false }))).await.take::<api::Person>(200);
    assert_eq!(house.by(&token, "GET", "/api/v1/me", None).await.status, 200);
    assert_eq!(house.page(&cookie, "GET", "/api/v1/me", None).await.status, 401, "sessions stay ended");
    assert_eq!(house.admin("DELETE", person, None).await.status, 204);
    assert_eq!(house.by(&token, "GET", "/api/v1/me", None).await.status, 401);
    assert_eq!(house.admin("DELETE", person, None).await.status, 404);

    // The last admin stays.
    for change in [json!({ "role": "editor" }), json!({ "disabled": true })] {
        assert_eq!(house.admin("PATCH", "/api/v1/people/ada", Some(change)).await.status, 409);
    }
    assert_eq!(house.admin("DELETE", "/api/v1/people/ada", None).await.status, 409);
}

#[tokio::test]
async fn nobody_sees_or_revokes_the_tokens_of_others() {
    let house = House::start().await;
    let spec = json!({ "name": "bob", "role": "viewer", "password": PASSWORD });
    house.admin("POST", "/api/v1/people", Some(spec)).await.take::<api::Person>(201);
    let login = json!({ "name": "bob", "password": PASSWORD });
    let answer = house.anybody("POST", "/api/v1/session", Some(login)).await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(house.page(&cookie, "GET", "/api/v1/tokens", None).await.json(), json!({ "items": [] }));
    let adas = house.token("read").await.token.id;
    assert_eq!(house.page(&cookie, "DELETE", &format!("/api/v1/tokens/{adas}"), None).await.status, 404);
    assert_eq!(house.page(&cookie, "GET", "/api/v1/people", None).await.status, 403);
    // A token of `read` of an admin is no admin either.
    let read = house.bearer("read").await;
    let made = house.page(&cookie, "POST", "/api/v1/tokens", Some(json!({ "name": "b", "scope": "read" }))).await;
    let bobs = made.take::<api::TokenMade>(201).token.id;
    assert_eq!(house.by(&read, "DELETE", &format!("/api/v1/tokens/{bobs}"), None).await.status, 404);
    assert_eq!(house.admin("DELETE", &format!("/api/v1/tokens/{bobs}"), None).await.status, 204);
}

#[tokio::test]
async fn the_audit_log_has_a_line_for_each_change_and_no_secret() {
    let house = House::start().await;
    let spec = json!({ "name": "bob", "role": "viewer", "password": PASSWORD });
    house.admin("POST", "/api/v1/people", Some(spec)).await.take::<api::Person>(201);
    house.admin("PATCH", "/api/v1/people/bob", Some(json!({ "role": "editor" }))).await.take::<api::Person>(200);
    house.admin("DELETE", "/api/v1/people/bob", None).await;
    let id = house.token("run").await.token.id;
    house.admin("DELETE", &format!("/api/v1/tokens/{id}"), None).await;
    let cookie = house.login().await;
    let wrong = json!({ "name": "ada", "password": "wrong horse lorry staple" });
    assert_eq!(house.anybody("POST", "/api/v1/session", Some(wrong)).await.status, 401);
    let stranger = json!({ "name": "my password by mistake", "password": "x" });
    assert_eq!(house.anybody("POST", "/api/v1/session", Some(stranger)).await.status, 401);
    let change = json!({ "current": PASSWORD, "new": "another horse lorry staple" });
    let changed = house.page(&cookie, "PUT", "/api/v1/me/password", Some(change)).await;
    assert_eq!(changed.status, 204, "{}", changed.text());
    let cookie = changed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(house.page(&cookie, "DELETE", "/api/v1/session", None).await.status, 204);
    assert_eq!(house.page(&cookie, "GET", "/api/v1/me", None).await.status, 401);

    let log = house.admin("GET", "/api/v1/audit?limit=500", None).await;
    let lines: Vec<String> = log.json()["items"].as_array().unwrap().iter().rev().map(shown).collect();
    expect_test::expect![[r#"
        ada 127.0.0.1: setup ada {"role":"admin"}
        ada (token setup) 127.0.0.1: person.add bob {"role":"viewer"}
        ada (token setup) 127.0.0.1: person.change bob {"role":"editor"}
        ada (token setup) 127.0.0.1: person.remove bob {}
        ada (token setup) 127.0.0.1: token.make ID {"name":"run","scope":"run","expires":"TIME"}
        ada (token setup) 127.0.0.1: token.revoke ID {"name":"run"}
        ada 127.0.0.1: session.open ada {}
        nobody 127.0.0.1: session.refused ada {}
        nobody 127.0.0.1: session.refused unknown name {}
        ada 127.0.0.1: person.password ada {}
        ada 127.0.0.1: session.close ada {}"#]]
    .assert_eq(&lines.join("\n").replace(&id, "ID"));
    for secret in ["horse", "slc_", "mistake", "argon2"] {
        assert!(!log.text().contains(secret), "{secret}");
    }
    // Pages go back in time.
    let first = house.admin("GET", "/api/v1/audit?limit=2", None).await.json();
    let next = first["next"].as_str().unwrap();
    let second = house.admin("GET", &format!("/api/v1/audit?limit=2&before={next}"), None).await.json();
    let number = |page: &serde_json::Value, place: usize| page["items"][place]["number"].as_u64().unwrap();
    assert_eq!(number(&first, 1), number(&second, 0) + 1);
}

fn shown(line: &serde_json::Value) -> String {
    let word = |name: &str| line[name].as_str().unwrap().to_owned();
    let mut detail = line["detail"].clone();
    if detail.get("expires").is_some_and(serde_json::Value::is_string) {
        detail["expires"] = "TIME".into();
    }
    format!("{} {}: {} {} {detail}", word("actor"), word("address"), word("action"), word("object"))
}
