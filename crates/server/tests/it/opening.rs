//! The first start: one token, one winner, and closed for ever afterwards.

use app::{App, Config, Mode};
use secrecy::ExposeSecret;
use serde_json::json;
use store::{Change, Store};

use crate::house::{House, PASSWORD, config};

#[tokio::test]
async fn one_of_fifty_wins() {
    let (house, token) = House::empty(config()).await;
    let file = house.directory.path().join("setup-token");
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), token);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(house.anybody("GET", "/api/v1/setup", None).await.json(), json!({ "open": true }));
    let claims = (0..50).map(|number| {
        let setup = json!({ "token": token, "name": format!("ada{number}"), "password": PASSWORD });
        house.anybody("POST", "/api/v1/setup", Some(setup))
    });
    let answers = futures::future::join_all(claims).await;
    let with = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((with(201), with(410)), (1, 49));
    assert!(!file.exists());
    assert_eq!(house.anybody("GET", "/api/v1/setup", None).await.json(), json!({ "open": false }));
}

#[tokio::test]
async fn a_wrong_or_old_token_opens_nothing() {
    let (house, token) = House::empty(config()).await;
    let claim = async |token: &str, name: &str, password: &str| {
        let setup = json!({ "token": token, "name": name, "password": password });
        house.anybody("POST", "/api/v1/setup", Some(setup)).await
    };
    for wrong in ["", "setup_", &token[1..], &token.to_uppercase(), "\u{0}"] {
        assert_eq!(claim(wrong, "ada", PASSWORD).await.status, 401, "{wrong}");
    }
    let bad = claim(&token, "command line", "short").await;
    assert_eq!(bad.status, 422);
    assert_eq!(bad.json()["problems"][0]["at"], "setup.name");
    assert_eq!(bad.json()["problems"][1]["at"], "setup.password");
    for (name, password) in
        [("admin", "admin"), ("admin", "password"), ("root", "root"), ("sluice", "sluice"), ("", "")]
    {
        let login = json!({ "name": name, "password": password });
        assert_eq!(house.anybody("POST", "/api/v1/session", Some(login)).await.status, 401);
    }
    let store = Store::open(house.directory.path()).await.unwrap();
    let mut value = store.value("setup").await.unwrap().unwrap();
    assert!(!value.to_string().contains(&token));
    value["expires"] = json!(app::clock::unix_now() - 1);
    store.apply(vec![Change::PutValue { name: "setup".into(), value: Some(value) }]).await.unwrap();
    let late = claim(&token, "ada", PASSWORD).await;
    assert_eq!(late.status, 401);
    assert!(late.text().contains("too old"), "{}", late.text());
    store.close().await;
}

#[tokio::test]
async fn a_restart_makes_a_new_token_until_somebody_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let start = async || App::start(Config::new(directory.path().to_owned()), Mode::Serve).await.unwrap();
    let first = start().await;
    let old = first.setup_token().unwrap();
    first.stop().await;
    drop(first);
    let second = start().await;
    let new = second.setup_token().unwrap();
    assert_ne!(old.expose_secret(), new.expose_secret());
    let setup = |token: &str| api::Setup {
        token: api::Secret::new(token),
        name: "ada".into(),
        password: api::Secret::new(PASSWORD),
    };
    assert!(second.setup(setup(old.expose_secret()), "here").await.is_err());
    second.setup(setup(new.expose_secret()), "here").await.unwrap();
    second.stop().await;
    drop(second);
    let third = start().await;
    assert!(third.setup_token().is_none());
    assert_eq!(third.setup(setup(new.expose_secret()), "here").await.unwrap_err().code(), "gone");
    third.stop().await;
}

#[tokio::test]
async fn wrong_passwords_cost_waiting_time_at_their_address_only() {
    let house = House::with(server::ServerConfig { behind_proxy: true, ..config() }).await;
    let login = async |address: &str, password: &str| {
        let body = json!({ "name": "ada", "password": password });
        let mut request = crate::house::request("POST", "/api/v1/session", Some(body));
        request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
        house.send(request).await
    };
    for _ in 0..10 {
        assert_eq!(login("1.1.1.1", "wrong horse lorry staple").await.status, 401);
    }
    let eleventh = login("1.1.1.1", PASSWORD).await;
    assert_eq!(eleventh.status, 429);
    assert!(eleventh.headers.contains_key("retry-after"));
    assert_eq!(login("2.2.2.2", PASSWORD).await.status, 200);
}
