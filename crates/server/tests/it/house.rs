//! A server for a test, with an admin, and ways to ask it.

use std::net::SocketAddr;

use api::{Me, SetupDone, TokenMade};
use app::{App, Config, Mode};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use server::ServerConfig;
use store::{ApiToken, Change, Store};
use tempfile::TempDir;
use tower::ServiceExt;

/// A password that is taken.
pub(crate) const PASSWORD: &str = "correct horse lorry staple";
/// Enough for any answer of a test.
const MOST: usize = 16 << 20;

/// A server with its data directory.
pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) config: ServerConfig,
    pub(crate) directory: TempDir,
    pub(crate) router: Router,
    /// An API token of the admin `ada`.
    pub(crate) admin: String,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    #[track_caller]
    pub(crate) fn take<T: DeserializeOwned>(&self, status: u16) -> T {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Settings for tests: so many requests that no test meets the limit by chance.
pub(crate) fn config() -> ServerConfig {
    ServerConfig { requests_per_second: 100_000, ..ServerConfig::new("127.0.0.1:8080".parse().unwrap()) }
}

impl House {
    /// A server that nobody has set up.
    pub(crate) async fn empty(config: ServerConfig) -> (House, String) {
        let directory = tempfile::tempdir().unwrap();
        let app = App::start(Config::new(directory.path().to_owned()), Mode::Serve).await.unwrap();
        let token = app.setup_token().unwrap().expose_secret().to_owned();
        let router = server::router(app.clone(), config.clone());
        (House { app, config, directory, router, admin: String::new() }, token)
    }

    /// A server with the admin `ada`.
    pub(crate) async fn start() -> House {
        House::with(config()).await
    }

    pub(crate) async fn with(config: ServerConfig) -> House {
        let (mut house, token) = House::empty(config).await;
        let setup = json!({ "token": token, "name": "ada", "password": PASSWORD });
        let done: SetupDone = house.anybody("POST", "/api/v1/setup", Some(setup)).await.take(201);
        done.token.secret.expose().clone_into(&mut house.admin);
        house
    }

    /// A request as a test builds it; the Host is added where there is none.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        if !request.headers().contains_key(HOST) {
            request.headers_mut().insert(HOST, "localhost:8080".parse().unwrap());
        }
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: to_bytes(body, MOST).await.unwrap().to_vec() }
    }

    pub(crate) async fn anybody(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.send(request(method, path, body)).await
    }

    /// With a token.
    pub(crate) async fn by(&self, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = request(method, path, body);
        request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        self.send(request).await
    }

    /// As the admin.
    pub(crate) async fn admin(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.by(&self.admin, method, path, body).await
    }

    /// A new token of the admin.
    pub(crate) async fn token(&self, scope: &str) -> TokenMade {
        self.admin("POST", "/api/v1/tokens", Some(json!({ "name": scope, "scope": scope }))).await.take(201)
    }

    /// A new token of the admin, as the bearer sends it.
    pub(crate) async fn bearer(&self, scope: &str) -> String {
        self.token(scope).await.secret.expose().to_owned()
    }

    /// A token that ended a second ago.
    pub(crate) async fn expired(&self) -> String {
        let secret = format!("slc_{}", "x".repeat(43));
        let store = Store::open(self.directory.path()).await.unwrap();
        let person = store.person_named("ada").await.unwrap().unwrap().id;
        let mut hash = [0; 32];
        hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, secret.as_bytes()).as_ref());
        let now = app::clock::unix_now();
        let token = ApiToken {
            id: "texpired".into(),
            name: "expired".into(),
            hash,
            shown: "slc_xxxx".into(),
            person,
            scope: "admin".into(),
            created: now - 10,
            expires: Some(now - 1),
            last_used: None,
            revoked: None,
        };
        store.apply(vec![Change::InsertToken(token)]).await.unwrap();
        store.close().await;
        secret
    }

    /// A session of the admin: its cookie.
    pub(crate) async fn login(&self) -> String {
        let login = json!({ "name": "ada", "password": PASSWORD });
        let answer = self.anybody("POST", "/api/v1/session", Some(login)).await;
        let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let me: Me = answer.take(200);
        assert_eq!(me.name, "ada");
        cookie
    }

    /// A session of the viewer `bob`: its cookie.
    pub(crate) async fn viewer(&self) -> String {
        let person = json!({ "name": "bob", "role": "viewer", "password": PASSWORD });
        assert_eq!(self.admin("POST", "/api/v1/people", Some(person)).await.status, 201);
        let answer =
            self.anybody("POST", "/api/v1/session", Some(json!({ "name": "bob", "password": PASSWORD }))).await;
        answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    /// With a session, as a page of the server asks.
    pub(crate) async fn page(&self, cookie: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let mut request = request(method, path, body);
        request.headers_mut().insert(COOKIE, cookie.parse().unwrap());
        request.headers_mut().insert("sec-fetch-site", "same-origin".parse().unwrap());
        self.send(request).await
    }

    /// Listens on a port of its own until the test ends.
    pub(crate) async fn listen(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = server::serve(self.app.clone(), self.config.clone(), vec![listener], std::future::pending());
        tokio::spawn(served);
        address
    }

    /// How many lines the audit log has.
    pub(crate) async fn changes(&self) -> u64 {
        self.admin("GET", "/api/v1/audit?limit=1", None).await.json()["items"][0]["number"].as_u64().unwrap()
    }
}

pub(crate) fn request(method: &str, path: &str, body: Option<Value>) -> Request<Body> {
    let builder = Request::builder().method(method.parse::<Method>().unwrap()).uri(path);
    match body {
        Some(body) => builder.header(CONTENT_TYPE, "application/json").body(Body::from(body.to_string())),
        None => builder.body(Body::empty()),
    }
    .unwrap()
}

/// Every operation of the document: method, path, and whether it needs no login.
pub(crate) fn operations() -> Vec<(String, String, bool)> {
    let document = server::openapi();
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, operations)| {
        operations.as_object().unwrap().iter().map(move |(method, operation)| {
            let open = operation["security"] == json!([{}]);
            (method.to_uppercase(), path.clone(), open)
        })
    });
    all.collect()
}

/// A path with something in the place of its names.
pub(crate) fn filled(path: &str) -> String {
    path.replace("{name}", "something").replace("{id}", "something")
}
