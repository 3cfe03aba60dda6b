//! The settings in a browser: every page, every form, what a viewer does not see, and what is sent twice.

use api::{Page, Person, Token};
use serde_json::json;

use crate::house::{House, PASSWORD};
use crate::screens_access::{given, leads_to, look, press, sent};

/// A person who is there and signed in: their cookie.
pub(crate) async fn person(house: &House, name: &str, role: &str) -> String {
    let spec = json!({ "name": name, "role": role, "password": PASSWORD });
    assert_eq!(house.admin("POST", "/api/v1/people", Some(spec)).await.status, 201);
    given(&house.send(sent("/sign-in", None, &[("name", name), ("password", PASSWORD)])).await)
}

async fn people(house: &House) -> Vec<Person> {
    house.admin("GET", "/api/v1/people", None).await.take::<Page<Person>>(200).items
}

async fn tokens(house: &House) -> Vec<Token> {
    house.admin("GET", "/api/v1/tokens", None).await.take::<Page<Token>>(200).items
}

const FOR_ALL: [&str; 6] = [
    "/settings",
    "/settings/tokens",
    "/settings/notifications",
    "/settings/notices",
    "/settings/budget",
    "/settings/me",
];
const FOR_ADMINS: [&str; 6] =
    ["/settings/people", "/settings/keys", "/settings/audit", "/new/person", "/new/webhook", "/settings/people/ada"];

#[tokio::test]
async fn everybody_sees_what_they_may() {
    let house = House::start().await;
    let ada = house.login().await;
    for (role, admin) in [("viewer", false), ("editor", false), ("admin", true)] {
        let cookie = person(&house, role, role).await;
        let overview = look(&house, &cookie, "/settings").await.text();
        for (path, want) in FOR_ALL
            .iter()
            .map(|path| (path, 200))
            .chain(FOR_ADMINS.iter().map(|path| (path, if admin { 200 } else { 403 })))
        {
            let answer = look(&house, &cookie, path).await;
            assert_eq!(answer.status.as_u16(), want, "{role} {path}: {}", answer.text());
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
            assert!(!answer.text().contains(" style=") && !answer.text().contains(" onclick"), "{path}");
            if want == 403 && path.starts_with("/settings/") && path.matches('/').count() == 2 {
                assert!(!overview.contains(path), "{path}: {overview}");
            }
        }
        let page = look(&house, &cookie, "/settings/notifications").await.text();
        assert_eq!(page.contains("id=\"notify\""), admin, "{role}");
        assert_eq!(page.contains("id=\"test\""), role != "viewer", "{role}");
        let offered = look(&house, &cookie, "/new/token").await.text();
        assert_eq!(offered.contains("value=\"admin\""), admin, "{role}");
        assert_eq!(offered.contains("value=\"edit\""), role != "viewer", "{role}");
    }
    // What is hidden is refused as well.
    let viewer = given(&house.send(sent("/sign-in", None, &[("name", "viewer"), ("password", PASSWORD)])).await);
    let before = house.changes().await;
    for (path, asked) in [
        ("/new/person", "save"),
        ("/settings/people/editor", "save"),
        ("/settings/people/editor/password", "save"),
        ("/settings/people/editor/remove", "remove"),
        ("/settings/notifications", "save"),
        ("/settings/notifications/test", "test"),
        ("/new/webhook", "save"),
        ("/settings/webhooks/a", "save"),
        ("/settings/webhooks/a/delete", "delete"),
        ("/settings/keys", "rotate"),
    ] {
        let fields =
            [("_do", asked), ("name", "x"), ("role", "admin"), ("password", PASSWORD), ("to", "a@example.com")];
        let answer = press(&house, &viewer, path, &fields).await;
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
        assert!(answer.text().contains("You may not do this"), "{path}: {}", answer.text());
    }
    assert_eq!(house.changes().await, before);
    assert_eq!(look(&house, &ada, "/settings/people").await.status, 200);
}

#[tokio::test]
async fn people_are_added_changed_and_removed() {
    let house = House::start().await;
    let cookie = house.login().await;
    let typed = [("_once", "1"), ("_do", "save"), ("name", "new"), ("role", "editor"), ("password", PASSWORD)];
    let shown = [("_do", "show"), ("name", "new"), ("role", "editor"), ("password", PASSWORD)];
    let page = press(&house, &cookie, "/new/person", &shown).await;
    assert!(page.status == 200 && page.text().contains("value=\"new\"") && !page.text().contains(PASSWORD));
    assert_eq!(people(&house).await.len(), 1);
    // Twice at once, and once more: one person.
    let (first, second) =
        tokio::join!(press(&house, &cookie, "/new/person", &typed), press(&house, &cookie, "/new/person", &typed));
    for answer in [first, second, press(&house, &cookie, "/new/person", &typed).await] {
        leads_to(&answer, "/settings/people?done=created");
    }
    assert_eq!(people(&house).await.len(), 2);
    let taken = press(
        &house,
        &cookie,
        "/new/person",
        &[("_once", "2"), ("_do", "save"), ("name", "new"), ("role", "viewer"), ("password", "x")],
    )
    .await;
    assert_eq!(taken.status, 422);
    assert!(taken.text().contains("f-password-fault") && taken.text().contains("value=\"new\""), "{}", taken.text());
    // One who is called like a word of an address.
    assert!(look(&house, &cookie, "/settings/people").await.text().contains("href=\"/settings/people/new\""));
    assert_eq!(look(&house, &cookie, "/settings/people/new").await.status, 200);
    let theirs = given(&house.send(sent("/sign-in", None, &[("name", "new"), ("password", PASSWORD)])).await);
    let change = [("_do", "save"), ("role", "viewer"), ("disabled", "false"), ("disabled", "true")];
    leads_to(&press(&house, &cookie, "/settings/people/new", &change).await, "/settings/people?done=saved");
    let new = people(&house).await.into_iter().find(|person| person.name == "new").unwrap();
    assert_eq!((new.role, new.disabled), (api::Role::Viewer, true));
    leads_to(&look(&house, &theirs, "/settings/me").await, "/sign-in?next=%2Fsettings%2Fme");
    let back = [("_do", "save"), ("role", "viewer"), ("disabled", "false")];
    leads_to(&press(&house, &cookie, "/settings/people/new", &back).await, "/settings/people?done=saved");
    let password = [("_do", "save"), ("password", "another horse lorry staple")];
    leads_to(&press(&house, &cookie, "/settings/people/new/password", &password).await, "/settings/people?done=saved");
    let old = house.send(sent("/sign-in", None, &[("name", "new"), ("password", PASSWORD)])).await;
    assert_eq!(old.status, 401);
    // Drawn only, it removes nobody; pressed twice, it removes once.
    let page = press(&house, &cookie, "/settings/people/new/remove", &[("_do", "show")]).await;
    assert_eq!((page.status.as_u16(), people(&house).await.len()), (200, 2));
    let remove = [("_once", "9"), ("_do", "remove")];
    for _ in 0..2 {
        leads_to(
            &press(&house, &cookie, "/settings/people/new/remove", &remove).await,
            "/settings/people?done=deleted",
        );
    }
    assert_eq!(people(&house).await.len(), 1);
    assert_eq!(look(&house, &cookie, "/settings/people/new").await.status, 404);
}

#[tokio::test]
async fn one_admin_stays() {
    let house = House::start().await;
    let cookie = house.login().await;
    for (path, fields) in [
        ("/settings/people/ada", vec![("_do", "save"), ("role", "viewer"), ("disabled", "false")]),
        ("/settings/people/ada", vec![("_do", "save"), ("role", "admin"), ("disabled", "true")]),
        ("/settings/people/ada/remove", vec![("_do", "remove")]),
    ] {
        let answer = press(&house, &cookie, path, &fields).await;
        assert_eq!(answer.status, 409, "{path}: {}", answer.text());
        assert!(answer.text().contains("this is the last admin"), "{}", answer.text());
    }
    assert_eq!(people(&house).await[0].role, api::Role::Admin);
}

#[tokio::test]
async fn a_token_is_shown_once_and_made_once() {
    let house = House::start().await;
    let cookie = house.login().await;
    let other = house.login().await;
    let typed = [("_once", "1"), ("_do", "save"), ("name", "ci <b>"), ("scope", "run"), ("days", "7")];
    let wrong =
        press(&house, &cookie, "/new/token", &[("_once", "1"), ("_do", "save"), ("name", "ci"), ("days", "soon")])
            .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("f-days-fault") && wrong.text().contains("value=\"ci\""), "{}", wrong.text());
    let wrong = press(&house, &cookie, "/new/token", &[("_do", "save"), ("name", " "), ("days", "9999")]).await;
    assert!(wrong.text().contains("f-name-fault") && wrong.text().contains("f-days-fault"), "{}", wrong.text());
    let had = tokens(&house).await.len();
    let (first, second) =
        tokio::join!(press(&house, &cookie, "/new/token", &typed), press(&house, &cookie, "/new/token", &typed));
    let to = first.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(second.headers["location"], to.as_str());
    assert!(to.starts_with("/settings/tokens?told=") && !to.contains("slc_"), "{to}");
    assert_eq!(tokens(&house).await.len(), had + 1);
    assert!(!look(&house, &other, &to).await.text().contains("Your new token"), "another session's");
    let page = look(&house, &cookie, &to).await.text();
    let secret = page.split("<code>slc_").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    assert_eq!(house.by(&format!("slc_{secret}"), "GET", "/api/v1/me", None).await.status, 200);
    assert!(page.contains("ci &#60;b&#62;"), "{page}");
    // The page of a double click comes twice at once; later it shows the secret to nobody, which its own test waits for.
    assert!(look(&house, &cookie, &to).await.text().contains(secret), "the second page of a double click");
    // What differs is another form, with the same number: a page that came back with the back button.
    let mut again = typed;
    again[2].1 = "another";
    press(&house, &cookie, "/new/token", &again).await;
    assert_eq!(tokens(&house).await.len(), had + 2);
    let id = tokens(&house).await.into_iter().find(|token| token.name == "ci <b>").unwrap().id;
    let revoke = format!("/settings/tokens/{id}/revoke");
    leads_to(&press(&house, &cookie, &revoke, &[("_do", "show")]).await, "/settings/tokens");
    assert_eq!(house.by(&format!("slc_{secret}"), "GET", "/api/v1/me", None).await.status, 200);
    leads_to(&press(&house, &cookie, &revoke, &[("_do", "revoke")]).await, "/settings/tokens?done=revoked");
    assert_eq!(house.by(&format!("slc_{secret}"), "GET", "/api/v1/me", None).await.status, 401);
}

#[tokio::test]
async fn the_default_of_notices_is_changed_as_it_was_seen() {
    let house = House::start().await;
    let cookie = house.login().await;
    let save = |fields: &[(&'static str, &'static str)]| [&[("_do", "save")], fields].concat();
    let first = save(&[
        ("_revision", "0"),
        ("recipients", "ada@example.com\r\nbo@example.com"),
        ("on", "failure"),
        ("rejected_over", "7"),
    ]);
    leads_to(&press(&house, &cookie, "/settings/notifications", &first).await, "/settings/notifications?done=saved");
    let default = house.admin("GET", "/api/v1/notifications", None).await.json();
    let want = json!({"recipients": ["ada@example.com", "bo@example.com"], "webhooks": [], "on": ["failure"], "rejected_over": 7});
    assert_eq!(default["default"], want);
    let page = look(&house, &cookie, "/settings/notifications").await.text();
    assert!(page.contains("bo@example.com") && page.contains("value=\"failure\" checked"), "{page}");
    // Somebody else's change is not written over unseen, and what was typed is kept.
    let late = press(
        &house,
        &cookie,
        "/settings/notifications",
        &save(&[("_revision", "0"), ("recipients", "cy@example.com")]),
    )
    .await;
    assert_eq!(late.status, 412);
    assert!(
        late.text().contains("cy@example.com") && late.text().contains("name=\"_revision\" value=\"1\""),
        "{}",
        late.text()
    );
    let wrong = press(
        &house,
        &cookie,
        "/settings/notifications",
        &save(&[("_revision", "1"), ("recipients", "ada@example.com\nno address")]),
    )
    .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("f-recipients-fault") && wrong.text().contains("number 2 "), "{}", wrong.text());
    assert_eq!(house.admin("GET", "/api/v1/notifications", None).await.json()["default"], want);
    // Everything can be taken out.
    leads_to(
        &press(&house, &cookie, "/settings/notifications", &save(&[("_revision", "1")])).await,
        "/settings/notifications?done=saved",
    );
    let default = house.admin("GET", "/api/v1/notifications", None).await.json();
    assert_eq!(default["default"], json!({"recipients": [], "webhooks": [], "on": [], "rejected_over": 0}));
}

#[tokio::test]
async fn a_webhook_is_made_tried_changed_and_deleted() {
    let house = House::start().await;
    let cookie = house.login().await;
    let url = "https://127.0.0.1:9/sluice";
    let wrong = press(
        &house,
        &cookie,
        "/new/webhook",
        &[("_do", "save"), ("name", "crm"), ("url", "ftp://x"), ("secret", "hunter2")],
    )
    .await;
    assert_eq!(wrong.status, 422);
    let page = wrong.text();
    assert!(page.contains("f-url-fault") && page.contains("f-secret-fault") && !page.contains("hunter2"), "{page}");
    let typed = [("_once", "1"), ("_do", "save"), ("name", "crm"), ("url", "https://hooks.example.com/a")];
    let made = press(&house, &cookie, "/new/webhook", &typed).await;
    let to = made.headers["location"].to_str().unwrap().to_owned();
    assert!(to.starts_with("/settings/webhooks/crm?told="), "{to}");
    assert_eq!(press(&house, &cookie, "/new/webhook", &typed).await.headers["location"], to.as_str());
    let page = look(&house, &cookie, &to).await.text();
    assert!(page.contains("<code>whsec_"), "{page}");
    // A test says in words what became of it, once.
    let nobody = press(&house, &cookie, "/settings/notifications/test", &[("_do", "test")]).await;
    assert!(nobody.status == 422 && nobody.text().contains("f-to-fault"), "{}", nobody.text());
    let unknown =
        press(&house, &cookie, "/settings/notifications/test", &[("_do", "test"), ("to", "no address")]).await;
    assert!(
        unknown.status == 422 && unknown.text().contains("f-to-fault") && unknown.text().contains("no address"),
        "{}",
        unknown.text()
    );
    let change = [("_do", "save"), ("_revision", "1"), ("name", "crm"), ("url", url), ("secret", "")];
    let refused = press(&house, &cookie, "/settings/webhooks/crm", &change).await;
    assert!(refused.status == 422 || refused.status == 303, "{}", refused.text());
    let tried = press(
        &house,
        &cookie,
        "/settings/notifications/test",
        &[("_once", "t"), ("_do", "test"), ("to", "ada@example.com")],
    )
    .await;
    let told = tried.headers["location"].to_str().unwrap().to_owned();
    assert!(told.starts_with("/settings/notifications?told="), "{told}");
    let page = look(&house, &cookie, &told).await.text();
    assert!(page.contains("What became of the test") && page.contains("not taken"), "{page}");
    // What is used stays; what is not goes.
    let used = [("_do", "save"), ("webhooks", "crm"), ("on", "failure")];
    leads_to(&press(&house, &cookie, "/settings/notifications", &used).await, "/settings/notifications?done=saved");
    let kept = press(&house, &cookie, "/settings/webhooks/crm/delete", &[("_do", "delete")]).await;
    assert!(kept.status == 409 && kept.text().contains("used by the default"), "{}", kept.text());
    leads_to(
        &press(&house, &cookie, "/settings/notifications", &[("_do", "save")]).await,
        "/settings/notifications?done=saved",
    );
    let stale = [("_do", "save"), ("_revision", "99"), ("name", "crm"), ("url", "https://hooks.example.com/b")];
    let stale = press(&house, &cookie, "/settings/webhooks/crm", &stale).await;
    assert!(stale.status == 412 && stale.text().contains("https://hooks.example.com/b"), "{}", stale.text());
    for _ in 0..2 {
        let delete = [("_once", "d"), ("_do", "delete")];
        leads_to(
            &press(&house, &cookie, "/settings/webhooks/crm/delete", &delete).await,
            "/settings/notifications?done=deleted",
        );
    }
}

#[tokio::test]
async fn the_audit_log_is_paged_and_hostile_names_are_text() {
    let house = House::start().await;
    let cookie = house.login().await;
    for number in 0..60 {
        let spec = json!({ "name": format!("t{number} <script>alert(1)</script>"), "scope": "read" });
        assert_eq!(house.admin("POST", "/api/v1/tokens", Some(spec)).await.status, 201);
    }
    let page = look(&house, &cookie, "/settings/audit").await.text();
    assert!(page.contains("t59 &#60;script&#62;") && !page.contains("<script>alert"), "{page}");
    assert_eq!(page.matches("<code>token.make</code>").count(), 50, "{page}");
    let older = page.split("href=\"/settings/audit?before=").nth(1).unwrap().split('"').next().unwrap();
    let page = look(&house, &cookie, &format!("/settings/audit?before={older}")).await.text();
    assert!(page.contains("<code>setup</code>") && page.contains("To the newest"), "{page}");
    for before in ["odd", "-1", "99999999999999999999"] {
        let answer = look(&house, &cookie, &format!("/settings/audit?before={before}")).await;
        assert!(answer.status == 422 && answer.text().contains("f-before-fault"), "{before}: {}", answer.text());
    }
    let none = look(&house, &cookie, "/settings/notices?query=nobody").await;
    assert!(none.status == 404 && none.text().contains("there is no query nobody"), "{}", none.text());
    assert!(!look(&house, &cookie, "/settings/tokens").await.text().contains("<script>alert"));
}

#[tokio::test]
async fn the_master_key_is_rotated_once() {
    let house = House::start().await;
    let cookie = house.login().await;
    let before = std::fs::read(house.directory.path().join("master.key")).ok();
    assert_eq!(press(&house, &cookie, "/settings/keys", &[("_do", "show")]).await.status, 200);
    assert_eq!(std::fs::read(house.directory.path().join("master.key")).ok(), before);
    let rotate = [("_once", "1"), ("_do", "rotate")];
    let done = press(&house, &cookie, "/settings/keys", &rotate).await;
    let to = done.headers["location"].to_str().unwrap().to_owned();
    assert!(look(&house, &cookie, &to).await.text().contains("There is a new master key"));
    let after = std::fs::read(house.directory.path().join("master.key")).ok();
    assert_eq!(press(&house, &cookie, "/settings/keys", &rotate).await.headers["location"], to.as_str());
    assert!(after.is_some() && std::fs::read(house.directory.path().join("master.key")).ok() == after);
    let lines = house.admin("GET", "/api/v1/audit", None).await.text();
    assert_eq!(lines.matches("keys.rotate").count(), 1, "{lines}");
}

#[tokio::test]
async fn another_password_ends_the_other_sessions() {
    let house = House::start().await;
    let (cookie, other) = (house.login().await, house.login().await);
    let new = "another horse lorry staple";
    for (current, new, field) in [("wrong horse lorry staple", new, "current"), (PASSWORD, "short", "new")] {
        let answer =
            press(&house, &cookie, "/settings/me", &[("_do", "save"), ("current", current), ("new", new)]).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text().contains(&format!("f-{field}-fault")), "{}", answer.text());
        assert!(
            !answer.text().contains(current) && !answer.text().contains(&format!("\"{new}\"")),
            "{}",
            answer.text()
        );
    }
    let changed = press(&house, &cookie, "/settings/me", &[("_do", "save"), ("current", PASSWORD), ("new", new)]).await;
    leads_to(&changed, "/settings/me?done=password");
    let fresh = given(&changed);
    assert_eq!(look(&house, &fresh, "/settings/me").await.status, 200);
    for ended in [cookie, other] {
        leads_to(&look(&house, &ended, "/settings/me").await, "/sign-in?next=%2Fsettings%2Fme");
    }
}

#[tokio::test]
async fn budgets_are_said_in_words() {
    let house = House::start().await;
    let cookie = house.login().await;
    assert!(look(&house, &cookie, "/settings/budget").await.text().contains("No connections yet"));
    let spec = json!({
        "name": "prod", "business_unit": "0Uv4W000000CaVoSAK", "client_id": "key", "client_secret": "hunter2hunter2",
        "reserve": 20, "daily_budget": 5000
    });
    assert_eq!(house.admin("POST", "/api/v1/connections", Some(spec)).await.status, 201);
    let page = look(&house, &cookie, "/settings/budget").await.text();
    assert!(page.contains("At most 5,000 calls a day. 20 % of the account"), "{page}");
    assert!(page.contains("href=\"/connections/prod/edit\""), "{page}");
}
