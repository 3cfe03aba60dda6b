//! A raw HTTP/1.1 client of a few lines, so that the tests see bytes and not a library's reading of them.
//!
//! Knows nothing of Pardot but the two headers every call carries.

use pardot_sim::{Config, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer as it came.
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Sends bytes and reads until the server closes; `None` when nothing came.
pub(crate) async fn raw(sandbox: &Sandbox, request: &str) -> Option<Got> {
    let address = sandbox.url().replace("http://", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        bytes.extend_from_slice(&buffer[..read]);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().unwrap();
    Some(Got { status, head: head.to_owned(), body: body.to_owned() })
}

/// A request's text.
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    text
}

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const JSON: &str = "application/json";

/// A sandbox, its first business unit, and a token for it.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) unit: String,
    pub(crate) token: String,
}

impl Stage {
    pub(crate) async fn of(config: Config) -> Stage {
        let unit = config.business_units[0].id.clone();
        let sandbox = Sandbox::start(config).await.unwrap();
        let token = token(&sandbox).await;
        Stage { sandbox, unit, token }
    }

    /// With (version 4) or without (version 3) several prospects per address.
    pub(crate) async fn version(version: u8) -> Stage {
        let mut config = Config::default();
        config.business_units[0].ampsea = version == 4;
        Stage::of(config).await
    }

    pub(crate) async fn try_call(&self, method: &str, target: &str, kind: &str, body: &str) -> Option<Got> {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("Authorization", bearer.as_str()), ("Pardot-Business-Unit-Id", self.unit.as_str())];
        if !kind.is_empty() {
            headers.push(("Content-Type", kind));
        }
        raw(&self.sandbox, &request(method, target, &headers, body)).await
    }

    pub(crate) async fn call(&self, method: &str, target: &str, kind: &str, body: &str) -> Got {
        self.try_call(method, target, kind, body).await.unwrap()
    }

    pub(crate) async fn get(&self, target: &str) -> String {
        self.call("GET", target, "", "").await.shown()
    }

    pub(crate) async fn post(&self, target: &str, form: &str) -> String {
        self.call("POST", target, FORM, form).await.shown()
    }

    pub(crate) async fn send(&self, method: &str, target: &str, json: &str) -> String {
        self.call(method, target, JSON, json).await.shown()
    }

    /// A batch with this document as `prospects`, JSON answer.
    pub(crate) async fn batch(&self, version: u8, operation: &str, document: &str) -> String {
        let target = format!("/api/prospect/version/{version}/do/{operation}?format=json");
        self.post(&target, &format!("prospects={}", encode(document))).await
    }
}

/// A token by the refresh grant.
pub(crate) async fn token(sandbox: &Sandbox) -> String {
    let connection = sandbox.connection();
    let form = format!(
        "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
        connection.refresh_token, connection.client_id, connection.client_secret
    );
    let got = raw(sandbox, &request("POST", "/services/oauth2/token", &[("Content-Type", FORM)], &form)).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&got.body).unwrap();
    body["access_token"].as_str().unwrap().to_owned()
}

pub(crate) fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

impl Got {
    /// Status and body, times and address replaced.
    pub(crate) fn shown(&self) -> String {
        let mut body = String::new();
        let mut rest = self.body.as_str();
        while let Some(first) = rest.chars().next() {
            let digits = |text: &str| {
                text.bytes().zip("dddd-dd-dd".bytes()).all(|(byte, want)| match want {
                    b'd' => byte.is_ascii_digit(),
                    want => byte == want,
                })
            };
            match rest.get(..19) {
                Some(time)
                    if digits(time) && matches!(time.as_bytes()[10], b' ' | b'T') && time.as_bytes()[13] == b':' =>
                {
                    body.push_str("<time>");
                    rest = &rest[19..];
                }
                _ => {
                    body.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        let host = "http://127.0.0.1:";
        while let Some(at) = body.find(host) {
            let end =
                body[at + host.len()..].find(|c: char| !c.is_ascii_digit()).map_or(body.len(), |n| at + host.len() + n);
            body.replace_range(at..end, "<host>");
        }
        format!("{} {body}", self.status)
    }
}
