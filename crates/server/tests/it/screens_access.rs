//! Set-up, sign-in and sign-out in a browser, and what other sites may make a browser do: nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use axum::http::header::HOST;
use serde_json::json;
use store::{Change, Store};

use crate::house::{Answer, House, PASSWORD, config, request};

/// A form as a page of the server sends it.
pub(crate) fn sent(path: &str, cookie: Option<&str>, fields: &[(&str, &str)]) -> Request<Body> {
    let mut request = bare(path, cookie, fields);
    request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
    request
}

/// The same without a word about where it comes from.
fn bare(path: &str, cookie: Option<&str>, fields: &[(&str, &str)]) -> Request<Body> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let mut builder = Request::builder().method("POST").uri(path).header(HOST, "localhost:8080");
    if let Some(cookie) = cookie {
        builder = builder.header("cookie", cookie);
    }
    builder.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body)).unwrap()
}

pub(crate) async fn press(house: &House, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    house.send(sent(path, Some(cookie), fields)).await
}

pub(crate) async fn look(house: &House, cookie: &str, path: &str) -> Answer {
    house.page(cookie, "GET", path, None).await
}

#[track_caller]
pub(crate) fn leads_to(answer: &Answer, to: &str) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.headers["location"], to);
}

/// The cookie that an answer gives.
#[track_caller]
pub(crate) fn given(answer: &Answer) -> String {
    answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn sign_in(house: &House, password: &str, next: &str) -> Answer {
    house.send(sent("/sign-in", None, &[("name", "ada"), ("password", password), ("next", next)])).await
}

#[tokio::test]
async fn the_first_admin_is_made_by_a_form_and_no_token_is_left() {
    let (house, token) = House::empty(config()).await;
    leads_to(&house.anybody("GET", "/", None).await, "/setup");
    leads_to(&house.anybody("GET", "/sign-in", None).await, "/setup");
    assert!(house.anybody("GET", "/setup", None).await.text().contains("Setup token"));
    let claim = async |token: &str, name: &str, password: &str| {
        house.send(sent("/setup", None, &[("token", token), ("name", name), ("password", password)])).await
    };
    // What is wrong stands beside its field; what is secret is not put into the page again.
    let wrong = claim("setup_wrong", "ada", PASSWORD).await;
    assert_eq!(wrong.status, 422);
    let page = wrong.text();
    assert!(page.contains("id=\"f-token-fault\"") && page.contains("this is not the setup token"), "{page}");
    assert!(page.contains("value=\"ada\"") && !page.contains(PASSWORD) && !page.contains("setup_wrong"), "{page}");
    let short = claim(&token, "command line", "short").await;
    assert_eq!(short.status, 422);
    assert!(short.text().contains("f-name-fault") && short.text().contains("f-password-fault"), "{}", short.text());
    let made = claim(&token, "ada", PASSWORD).await;
    leads_to(&made, "/");
    let cookie = given(&made);
    let home = look(&house, &cookie, "/").await;
    assert!(home.status == 200 && home.text().contains("First steps"), "{}", home.text());
    let tokens = look(&house, &cookie, "/api/v1/tokens").await.json();
    assert_eq!(tokens["items"].as_array().unwrap().len(), 1);
    assert!(tokens["items"][0]["revoked"].is_string(), "{tokens}");
    // Closed for good.
    leads_to(&claim(&token, "bo", PASSWORD).await, "/sign-in");
    leads_to(&house.anybody("GET", "/setup", None).await, "/sign-in");
}

#[tokio::test]
async fn a_setup_token_that_is_too_old_says_so_beside_its_field() {
    let (house, token) = House::empty(config()).await;
    let store = Store::open(house.directory.path()).await.unwrap();
    let mut value = store.value("setup").await.unwrap().unwrap();
    value["expires"] = json!(app::clock::unix_now() - 1);
    store.apply(vec![Change::PutValue { name: "setup".into(), value: Some(value) }]).await.unwrap();
    store.close().await;
    let fields = [("token", token.as_str()), ("name", "ada"), ("password", PASSWORD)];
    let late = house.send(sent("/setup", None, &fields)).await;
    assert_eq!(late.status, 422);
    assert!(late.text().contains("f-token-fault") && late.text().contains("too old"), "{}", late.text());
}

#[tokio::test]
async fn sign_in_leads_on_within_this_server_and_sign_out_ends_the_session() {
    let house = House::start().await;
    let wrong = sign_in(&house, "wrong horse lorry staple", "/jobs?state=failed").await;
    assert_eq!(wrong.status, 401);
    let page = wrong.text();
    assert!(page.contains("Name or password is wrong.") && page.contains("value=\"/jobs?state=failed\""), "{page}");
    assert!(!page.contains("wrong horse") && !wrong.headers.contains_key("set-cookie"), "{page}");
    let foreign =
        ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nb: c", ""];
    for (next, to) in [("/jobs?state=failed", "/jobs?state=failed")].into_iter().chain(foreign.map(|next| (next, "/")))
    {
        leads_to(&sign_in(&house, PASSWORD, next).await, to);
        let asked: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let page = house.anybody("GET", &format!("/sign-in?next={asked}"), None).await.text();
        assert!(page.contains(&format!("name=\"next\" value=\"{to}\"")), "{next}: {page}");
    }
    // What needs a session leads there and back.
    leads_to(&house.anybody("GET", "/settings/me?a=b", None).await, "/sign-in?next=%2Fsettings%2Fme%3Fa%3Db");
    let cookie = given(&sign_in(&house, PASSWORD, "/").await);
    assert_eq!(look(&house, &cookie, "/settings/me").await.status, 200);
    let out = press(&house, &cookie, "/sign-out", &[]).await;
    leads_to(&out, "/sign-in?done=signed-out");
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    leads_to(&look(&house, &cookie, "/settings/me").await, "/sign-in?next=%2Fsettings%2Fme");
    // Out already, by another tab: nothing is kept, and nothing is asked.
    leads_to(&press(&house, &cookie, "/sign-out", &[]).await, "/sign-in?done=signed-out");
    // A part of a page leads its page to the sign-in and back.
    let mut part = request("GET", "/jobs", None);
    for (name, value) in [("hx-request", "true"), ("hx-current-url", "http://localhost:8080/jobs?state=failed")] {
        part.headers_mut().insert(name, value.parse().unwrap());
    }
    let answer = house.send(part).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.headers["x-sign-in"], "/sign-in?next=%2Fjobs%3Fstate%3Dfailed");
}

#[tokio::test]
async fn too_many_tries_are_told_to_wait() {
    let house = House::with(server::ServerConfig { behind_proxy: true, ..config() }).await;
    let try_in = async |password: &str| {
        let mut request = sent("/sign-in", None, &[("name", "ada"), ("password", password)]);
        request.headers_mut().insert("x-forwarded-for", "192.0.2.7".parse().unwrap());
        house.send(request).await
    };
    for _ in 0..10 {
        assert_eq!(try_in("wrong horse lorry staple").await.status, 401);
    }
    let eleventh = try_in(PASSWORD).await;
    assert_eq!(eleventh.status, 429);
    assert!(eleventh.headers.contains_key("retry-after"));
    assert!(
        eleventh.text().contains("Too many attempts.") && eleventh.text().contains("Try again in"),
        "{}",
        eleventh.text()
    );
}

#[tokio::test]
async fn a_session_that_ends_while_somebody_types_loses_nothing_but_secrets() {
    let house = House::start().await;
    let ended = format!("sluice={}", "A".repeat(43));
    let typed = [
        ("_once", "1"),
        ("_do", "save"),
        ("_revision", "3"),
        ("name", "crm <b>"),
        ("url", "https://hooks.example.com/a?b=c"),
        ("secret", "whsec_hunter2"),
        ("note", "two\nlines"),
    ];
    let before = house.changes().await;
    let answer = press(&house, &ended, "/new/webhook", &typed).await;
    assert_eq!(answer.status, 401);
    let page = answer.text();
    assert!(page.contains("Your session has ended") && page.contains("crm &#60;b&#62;"), "{page}");
    assert!(!page.contains("hunter2"), "{page}");
    assert_eq!(house.changes().await, before);
    // The form of the sign-in sends it along, and the page that follows gives it back.
    let kept: Vec<(&str, &str)> = vec![
        ("name", "ada"),
        ("password", PASSWORD),
        ("next", "/"),
        ("_kept_address", "/new/webhook"),
        ("_kept._do", "save"),
        ("_kept.name", "crm <b>"),
        ("_kept.url", "https://hooks.example.com/a?b=c"),
    ];
    let mut wrong = kept.clone();
    wrong[1].1 = "wrong horse lorry staple";
    let again = house.send(sent("/sign-in", None, &wrong)).await;
    assert!(again.status == 401 && again.text().contains("_kept.url"), "{}", again.text());
    let on = house.send(sent("/sign-in", None, &kept)).await;
    assert_eq!(on.status, 200);
    let page = on.text();
    assert!(page.contains("action=\"/new/webhook\"") && page.contains("name=\"_do\" value=\"show\""), "{page}");
    assert!(page.contains("crm &#60;b&#62;") && !page.contains("value=\"save\""), "{page}");
    let cookie = given(&on);
    let shown = [("_do", "show"), ("name", "crm <b>"), ("url", "https://hooks.example.com/a?b=c")];
    let back = press(&house, &cookie, "/new/webhook", &shown).await;
    assert!(back.status == 200 && back.text().contains("value=\"https://hooks.example.com/a?b=c\""), "{}", back.text());
    let webhooks = house.admin("GET", "/api/v1/webhooks", None).await.json();
    assert_eq!(webhooks["items"], json!([]));
    // What waits goes to a page of ours only.
    let foreign =
        [("name", "ada"), ("password", PASSWORD), ("_kept_address", "https://evil.example/"), ("_kept.a", "b")];
    leads_to(&house.send(sent("/sign-in", None, &foreign)).await, "/");
}

/// Every address of a page that takes a change, read from the sources: whoever adds one need not think of this test.
fn changing() -> BTreeSet<String> {
    fn walk(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for route in text.split(".route(").skip(1) {
                let call = call(route);
                let address = address(call, &text).unwrap_or_else(|| panic!("{}: {call}", path.display()));
                if ["post(", "put(", "patch(", "delete(", "any("].iter().any(|method| takes(call, method)) {
                    found.insert(address.to_owned());
                }
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/screens"), &mut found);
    found
}

/// The address of a route: it stands there, or a constant of its file is named.
fn address<'a>(call: &'a str, file: &'a str) -> Option<&'a str> {
    let first = call.split(',').next()?.trim();
    let written = match first.starts_with('"') {
        true => first,
        false => file.split(&format!("const {first}: &str =")).nth(1)?.split(';').next()?,
    };
    written.trim().strip_prefix('"')?.strip_suffix('"')
}

/// The text up to the bracket that closes a call.
fn call(text: &str) -> &str {
    let mut depth = 1;
    let end = text.find(|c| {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    });
    &text[..end.unwrap_or(text.len())]
}

/// Whether a method is named there, and not only as the end of a longer name.
fn takes(call: &str, method: &str) -> bool {
    call.match_indices(method)
        .any(|(at, _)| !call[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':'))
}

/// An address with something in the place of its names.
fn filled(address: &str) -> String {
    let parts = address.split('/').map(|part| if part.starts_with('{') { "something" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// How an address answers to the same words as each of the two kinds of form; it takes one of them.
async fn statuses(
    house: &House,
    address: &str,
    cookie: Option<&str>,
    fields: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> [u16; 2] {
    let parts = fields
        .iter()
        .map(|(name, value)| format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    let mut with_file = bare(&filled(address), cookie, &[]);
    *with_file.body_mut() = Body::from(parts.collect::<String>() + "--x--\r\n");
    with_file.headers_mut().insert("content-type", "multipart/form-data; boundary=x".parse().unwrap());
    let mut found = [0; 2];
    for (found, mut request) in found.iter_mut().zip([bare(&filled(address), cookie, fields), with_file]) {
        for (header, value) in headers {
            let name: axum::http::HeaderName = header.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let answer = house.send(request).await;
        assert!(!answer.headers.contains_key("set-cookie"), "{address}");
        *found = answer.status.as_u16();
    }
    found
}

#[tokio::test]
async fn no_other_site_changes_anything() {
    let house = House::start().await;
    let cookie = house.login().await;
    let person = json!({ "name": "something", "role": "viewer", "password": PASSWORD });
    assert_eq!(house.admin("POST", "/api/v1/people", Some(person)).await.status, 201);
    let all = changing();
    for known in ["/sign-in", "/sign-out", "/setup", "/new/person", "/settings/people/{name}/remove", "/settings/keys"]
    {
        assert!(all.contains(known), "{known}: {all:?}");
    }
    let before = house.changes().await;
    let cases: [(&str, &[(&str, &str)]); 8] = [
        ("foreign origin", &[("origin", "https://evil.example")]),
        ("null origin", &[("origin", "null")]),
        ("another port", &[("origin", "http://localhost:9999")]),
        ("contradiction", &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")]),
        ("cross-site", &[("sec-fetch-site", "cross-site")]),
        ("same-site", &[("sec-fetch-site", "same-site")]),
        ("typed", &[("sec-fetch-site", "none")]),
        ("nothing said", &[]),
    ];
    let fields = [
        ("_do", "save"),
        ("name", "something"),
        ("password", PASSWORD),
        ("role", "admin"),
        ("disabled", "true"),
        ("url", "https://evil.example"),
        ("current", PASSWORD),
        ("new", "another horse lorry staple"),
    ];
    for address in &all {
        // Sign-in and set-up use no session: who sends nothing about the page is a program with a password or a token.
        let open = ["/sign-in", "/setup"].contains(&address.as_str());
        for (name, headers) in cases.iter().filter(|(name, _)| !open || !["typed", "nothing said"].contains(name)) {
            for asked in ["save", "remove", "delete", "rotate", "revoke", "test", "run"] {
                let mut fields = fields;
                fields[0].1 = asked;
                let found = statuses(&house, address, Some(&cookie), &fields, headers).await;
                assert!(found.contains(&403), "{name}: {address}: {found:?}");
                assert!(found.iter().all(|status| [400, 403, 415].contains(status)), "{name}: {address}: {found:?}");
            }
        }
    }
    assert_eq!(house.changes().await, before);
    assert_eq!(look(&house, &cookie, "/settings/me").await.status, 200);
    // Without a session none of them does anything either, wherever it comes from.
    for address in all.iter().filter(|address| !["/sign-in", "/setup"].contains(&address.as_str())) {
        let found = statuses(&house, address, None, &fields, &[("sec-fetch-site", "same-origin")]).await;
        // Out already is where sign-out leads.
        let nobody = if address == "/sign-out" { 303 } else { 401 };
        assert!(found.contains(&nobody), "{address}: {found:?}");
        assert!(found.iter().all(|status| [400, nobody, 415].contains(status)), "{address}: {found:?}");
    }
    assert_eq!(house.changes().await, before);
}

#[tokio::test]
async fn a_page_from_another_site_is_asked_for_again_from_ours() {
    let house = House::start().await;
    let mut linked = Request::get("/settings/me").header(HOST, "localhost:8080").body(Body::empty()).unwrap();
    linked.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    let answer = house.send(linked).await;
    let page = answer.text();
    assert!(answer.status == 200 && page.contains("href=\"/settings/me\" data-follow"), "{page}");
    assert!(!page.contains("ada"), "{page}");
}

#[tokio::test]
async fn what_another_site_sends_is_not_kept_and_its_links_lead_on() {
    let house = House::start().await;
    let cookie = house.login().await;
    for site in ["cross-site", "same-site", "none"] {
        let mut form = bare("/settings/people/bob", None, &[("role", "admin"), ("_do", "save")]);
        form.headers_mut().insert("sec-fetch-site", site.parse().unwrap());
        let answer = house.send(form).await;
        assert!(answer.status == 403 && !answer.text().contains("_kept"), "{site}: {}", answer.text());
        let mut link = request("GET", "/jobs", None);
        link.headers_mut().insert("cookie", cookie.parse().unwrap());
        link.headers_mut().insert("sec-fetch-site", site.parse().unwrap());
        let answer = house.send(link).await;
        let page = answer.text();
        assert_eq!(answer.status, 200, "{site}: {page}");
        // A typed address, or a bookmark, is the person's own.
        assert_eq!(page.contains("One moment"), site != "none", "{site}: {page}");
    }
    let kept = house.send(sent("/new/query", None, &[("sql", "SELECT 42"), ("_do", "save")])).await;
    assert!(kept.status == 401 && kept.text().contains("SELECT 42"), "{}", kept.text());
}
