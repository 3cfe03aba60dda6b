//! Signed calls to a receiver that plays a part.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use expect_test::{Expect, expect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::notice::{Counts, Event};

const NOW: i64 = 1_790_000_060;

fn secret() -> SecretString {
    new_secret([7; 32])
}

fn notice() -> Notice {
    let mut notice = Notice::new("n_17", 1_790_000_000, Event::Failure, "https://sluice.example.com");
    notice.query = Some("nightly \"<é>\"".to_owned());
    notice.cause = Some("there is no\r\ncolumn emial".to_owned());
    notice.counts = Some(Counts { read: 2, delivered: 1, rejected: 1, ..Counts::default() });
    notice.failures_in_a_row = Some((3, 5));
    notice.link = Some("javascript:alert(1)".to_owned());
    notice
}

/// A receiver that answers all calls the same way, and tells them.
struct Receiver {
    port: u16,
    seen: UnboundedReceiver<String>,
}

impl Receiver {
    async fn start(answer: String) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, seen) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut tcp, _)) = listener.accept().await {
                let mut call = Vec::new();
                while !complete(&call) && tcp.read_buf(&mut call).await.unwrap_or(0) > 0 {}
                let _told = tell.send(String::from_utf8_lossy(&call).into_owned());
                if answer == "wait" {
                    std::future::pending::<()>().await;
                }
                // How the other side takes it is seen on that side.
                let _end = tcp.write_all(answer.as_bytes()).await;
            }
        });
        Receiver { port, seen }
    }

    async fn answering(status: &str) -> Receiver {
        Receiver::start(format!("HTTP/1.1 {status}\r\ncontent-length: 5\r\nconnection: close\r\n\r\nrow 1")).await
    }

    fn url(&self) -> String {
        format!("http://localhost:{}/hook?key=path-secret", self.port)
    }

    async fn post(&self, webhooks: &Webhooks) -> Result<(), SendError> {
        webhooks.post(&self.url(), &secret(), &notice(), NOW).await
    }
}

fn complete(call: &[u8]) -> bool {
    // The first bytes of TLS: nothing that this receiver understands follows.
    if call.starts_with(&[0x16, 0x03]) {
        return true;
    }
    let text = String::from_utf8_lossy(call);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn here() -> Webhooks {
    Webhooks::new(WebhookPolicy { allow_loopback: true, ..WebhookPolicy::default() })
}

#[track_caller]
fn check(result: Result<(), SendError>, want: Expect) {
    let error = result.unwrap_err();
    for hidden in ["path-secret", "BwcH", "hunter2", "nightly", "row 1"] {
        assert!(!format!("{error:?}").contains(hidden), "{error:?} holds {hidden}");
    }
    let kind = if error.is_transient() { "later" } else { "refused" };
    let wait = error.wait().map(|wait| format!(", not before {} s", wait.as_secs())).unwrap_or_default();
    want.assert_eq(&format!("{kind}{wait}: {error}\n{}\n", error.hint()));
}

#[test]
fn signatures_are_those_of_the_standard() {
    // The example of the reference implementations.
    let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let body = r#"{"test": 2432232314}"#;
    let signed = signature(&key(&secret).unwrap(), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn the_example_of_the_docs_is_signed_as_it_says() {
    let page = include_str!("../../../../docs/notices.md");
    let value = |name: &str| page.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let body = page.lines().find(|line| line.starts_with("{\"type\"")).unwrap();
    let timestamp = value("webhook-timestamp: ").parse().unwrap();
    assert!(page.contains(secret().expose_secret()));
    let signed = signature(&key(&secret()).unwrap(), value("webhook-id: "), timestamp, body);
    assert_eq!(signed, value("webhook-signature: "));
    let document: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(document["type"], Event::Failure.kind());
}

#[test]
fn secrets() {
    let made = new_secret([7; 32]);
    assert_eq!(made.expose_secret(), "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    assert_eq!(format!("{made:?}").matches("BwcH").count(), 0);
    let coded = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![1; bytes]));
    let cases = [
        (coded(23), false),
        (coded(24), true),
        (coded(64), true),
        (coded(65), false),
        (coded(32).trim_end_matches('=').to_owned(), true),
        (format!(" {}\n", coded(32)), true),
        (coded(32).replace("whsec_", ""), false),
        (coded(32).replace("whsec_", "whsk_"), false),
        ("whsec_".to_owned(), false),
        ("whsec_not base64 at all, though it is long".to_owned(), false),
    ];
    for (text, want) in cases {
        let judged = check_secret(&SecretString::from(text.clone()));
        assert_eq!(judged.is_ok(), want, "{text}");
        assert!(judged.err().is_none_or(|error| !error.contains("AQEB")));
    }
}

#[tokio::test]
async fn a_call_is_signed_and_complete() {
    let mut receiver = Receiver::answering("204 No Content").await;
    receiver.post(&here()).await.unwrap();
    let call = receiver.seen.recv().await.unwrap();
    let (head, body) = call.split_once("\r\n\r\n").unwrap();
    let header = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect::<Vec<_>>()
    };
    assert!(head.starts_with("POST /hook?key=path-secret HTTP/1.1\r\n"), "{head}");
    assert_eq!(header("webhook-id"), ["n_17"]);
    assert_eq!(header("webhook-timestamp"), ["1790000060"]);
    assert_eq!(header("content-type"), ["application/json"]);
    // HMAC-SHA256 written out (RFC 2104), over a plain digest.
    let digest = |bytes: &[u8]| ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().to_vec();
    let padded = |byte: u8| (0..64).map(|at| if at < 32 { 7 ^ byte } else { byte }).collect::<Vec<u8>>();
    let inner = [padded(0x36), format!("n_17.1790000060.{body}").into_bytes()].concat();
    let outer = [padded(0x5c), digest(&inner)].concat();
    assert_eq!(header("webhook-signature"), [format!("v1,{}", STANDARD.encode(digest(&outer)))]);
    let document: serde_json::Value = serde_json::from_str(body).unwrap();
    expect![[r#"
        {
          "type": "sluice.job.failed",
          "timestamp": "2026-09-21T14:13:20Z",
          "data": {
            "event": "failure",
            "summary": "nightly \"<é>\" failed: there is no column emial",
            "server": "https://sluice.example.com",
            "query": "nightly \"<é>\"",
            "counts": {
              "read": 2,
              "delivered": 1,
              "rejected": 1,
              "superseded": 0,
              "held": 0,
              "unsent": 0
            },
            "cause": "there is no column emial",
            "failures_in_a_row": {
              "count": 3,
              "limit": 5
            }
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&document).unwrap());
}

#[test]
fn bodies_are_small_and_the_same_at_every_try() {
    for event in Event::ALL {
        let mut notice = Notice::new("n", 1, event, "x".repeat(5_000));
        let long = || Some("\u{10ffff}\"\\".repeat(5_000));
        (notice.query, notice.connection, notice.cause, notice.todo, notice.next) =
            (long(), long(), long(), long(), long());
        notice.link = Some(format!("https://s.example.com/{}", "a".repeat(1_900)));
        let body = body(&notice);
        assert!(body.len() < 20_000, "{}", body.len());
        assert_eq!(body, super::body(&notice));
        let document: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(document["type"], event.kind());
        assert_eq!(document["data"]["event"], event.name());
    }
}

#[tokio::test]
async fn answers_count_by_their_status() {
    for status in ["200 OK", "201 Created", "202 Accepted", "204 No Content", "299 Fine"] {
        assert_eq!(Receiver::answering(status).await.post(&here()).await, Ok(()), "{status}");
    }
    let answer = async |status: &str| Receiver::answering(status).await.post(&here()).await;
    check(
        answer("410 Gone").await,
        expect![[r#"
        refused: the webhook answered 410: it is gone and wants no more notices
        remove the webhook, or give it its new address
    "#]],
    );
    check(
        answer("500 Oops").await,
        expect![[r#"
        later: the webhook answered 500
        nothing, if it passes; else look at the receiver's log
    "#]],
    );
    check(
        answer("404 Not Found").await,
        expect![[r#"
        later: the webhook answered 404
        is the address that of the receiver, and does it take POST?
    "#]],
    );
    check(
        answer("401 Unauthorized").await,
        expect![[r#"
        later: the webhook answered 401
        does the receiver check signatures with this webhook's secret, over the body as it came?
    "#]],
    );
    check(
        answer("400 Bad Request").await,
        expect![[r#"
        later: the webhook answered 400
        look at the receiver's log
    "#]],
    );
    check(
        answer("429 Slow Down\r\nretry-after: 120").await,
        expect![[r#"
        later, not before 120 s: the webhook answered 429
        nothing, if it passes; else look at the receiver's log
    "#]],
    );
    check(
        answer("503 Busy\r\nretry-after: 99999999999").await,
        expect![[r#"
        later, not before 86400 s: the webhook answered 503
        nothing, if it passes; else look at the receiver's log
    "#]],
    );
    check(
        answer("503 Busy\r\nretry-after: Wed, 21 Oct 2026 07:28:00 GMT").await,
        expect![[r#"
        later: the webhook answered 503
        nothing, if it passes; else look at the receiver's log
    "#]],
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let mut goal = Receiver::answering("200 OK").await;
    let receiver = Receiver::answering(&format!("307 Moved\r\nlocation: {}", goal.url())).await;
    check(
        receiver.post(&here()).await,
        expect![[r#"
        refused: the webhook answered 307, a redirect
        redirects are not followed: give the webhook the address that it leads to
    "#]],
    );
    assert!(goal.seen.try_recv().is_err(), "nobody called it");
}

#[tokio::test]
async fn receivers_that_do_not_answer() {
    let silent = Receiver::start("wait".to_owned()).await;
    let webhooks = Webhooks { timeout: Duration::from_millis(300), ..here() };
    check(
        silent.post(&webhooks).await,
        expect![[r#"
        later: the webhook did not answer in time
        the receiver should answer first and work later
    "#]],
    );
    check(
        Receiver::start(String::new()).await.post(&here()).await,
        expect![[r#"
        later: the connection to the webhook broke before its answer
        nothing, if it passes; else look at the receiver's log
    "#]],
    );
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let nobody = here().post(&format!("http://127.0.0.1:{port}/"), &secret(), &notice(), NOW).await;
    check(
        nobody,
        expect![[r#"
        later: the webhook cannot be reached
        is the address right, does the receiver run, and may this server reach it?
    "#]],
    );
    // A receiver without TLS, called with it.
    let plain = Receiver::answering("200 OK").await;
    let webhooks = Webhooks { trust: tls::Trust::Given(sealed(&["localhost"]).1), ..here() };
    let sealed = webhooks.post(&format!("https://localhost:{}/", plain.port), &secret(), &notice(), NOW).await;
    check(
        sealed,
        expect![[r#"
        later: the webhook does not speak TLS
        give the port at which it speaks https
    "#]],
    );
}

/// Plays a receiver's TLS; and the certificate to trust.
fn sealed(names: &[&str]) -> (TlsAcceptor, Arc<rustls::RootCertStore>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let key = made.signing_key.serialize_der().try_into().unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), tls::roots(&made.cert.pem()).unwrap())
}

#[tokio::test]
async fn certificates_are_looked_at() {
    let (acceptor, roots) = sealed(&["hooks.corp"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            // A handshake that fails is seen on the other side.
            let Ok(mut tls) = acceptor.accept(tcp).await else { continue };
            let mut call = Vec::new();
            while !complete(&call) && tls.read_buf(&mut call).await.unwrap_or(0) > 0 {}
            let _end = tls.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
            let _end = tls.shutdown().await;
        }
    });
    let allowed_hosts = vec!["hooks.corp".to_owned(), "other.corp".to_owned()];
    let policy = Arc::new(WebhookPolicy { allowed_hosts, allow_loopback: false });
    let webhooks = |trust: tls::Trust| Webhooks { policy: Arc::clone(&policy), lookup, trust, ..here() };
    let right = webhooks(tls::Trust::Given(roots));
    let post = async |webhooks: &Webhooks, host: &str| {
        webhooks.post(&format!("https://{host}:{port}/"), &secret(), &notice(), NOW).await
    };
    assert_eq!(post(&right, "hooks.corp").await, Ok(()));
    check(
        post(&right, "other.corp").await,
        expect![[r#"
        later: the webhook's certificate is another host's
        use the host's name that stands in its certificate
    "#]],
    );
    let stranger = webhooks(tls::Trust::Given(sealed(&["hooks.corp"]).1));
    check(
        post(&stranger, "hooks.corp").await,
        expect![[r#"
        later: the webhook's certificate is not trusted
        let it send its whole chain, or add its issuer to this system's certificates
    "#]],
    );
}

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Names of an attacker, and of a network within.
fn lookup(name: String) -> Found {
    Box::pin(async move {
        let addresses: &[&str] = match name.as_str() {
            "rebound.example.com" => &["127.0.0.1:0", "[::1]:0", "169.254.169.254:0"],
            "hooks.corp" | "other.corp" => &["127.0.0.1:0"],
            "empty.example.com" => &[],
            _ => return Err(io::Error::other("no such name")),
        };
        Ok(addresses.iter().map(|address| address.parse().unwrap()).collect())
    })
}

#[tokio::test]
async fn names_that_lead_inside_are_not_called() {
    let mut receiver = Receiver::answering("200 OK").await;
    let policy = WebhookPolicy { allowed_hosts: vec!["hooks.corp".to_owned()], allow_loopback: true };
    let trust = tls::Trust::Given(sealed(&["hooks.corp"]).1);
    let webhooks = Webhooks { policy: Arc::new(policy), lookup, trust, ..here() };
    let post = async |host: &str| {
        webhooks.post(&format!("https://{host}:{}/", receiver.port), &secret(), &notice(), NOW).await
    };
    // Saved while it led elsewhere, it leads inside now.
    assert!(webhooks.policy().check("https://rebound.example.com/").is_ok());
    check(
        post("rebound.example.com").await,
        expect![[r#"
        refused: the webhook's name leads to a private address
        use a public address, or let the operator add the host to webhook_hosts
    "#]],
    );
    check(
        post("127.0.0.2.example.com").await,
        expect![[r#"
        later: the webhook cannot be reached
        is the address right, does the receiver run, and may this server reach it?
    "#]],
    );
    check(
        post("empty.example.com").await,
        expect![[r#"
        later: the webhook cannot be reached
        is the address right, does the receiver run, and may this server reach it?
    "#]],
    );
    assert!(receiver.seen.try_recv().is_err(), "nobody called it");
    // The operator's own: it is called, and fails for want of TLS only.
    assert!(matches!(post("hooks.corp").await.unwrap_err(), SendError::Blocked { .. }));
    assert!(receiver.seen.recv().await.is_some());
    check(
        Webhooks::new(WebhookPolicy::default()).post(&receiver.url(), &secret(), &notice(), NOW).await,
        expect![[r#"
            refused: this machine must not be called
            to call a receiver on this machine, the operator starts the server with --allow-loopback, or writes allow_loopback: true in sluice.yaml
        "#]],
    );
    let metadata = "https://169.254.169.254/latest/meta-data";
    check(
        here().post(metadata, &secret(), &notice(), NOW).await,
        expect![[r#"
            refused: this is no public address
            use a public address, or let the operator add the host to webhook_hosts
        "#]],
    );
}

#[tokio::test]
async fn a_secret_that_is_none_signs_nothing() {
    let mut receiver = Receiver::answering("200 OK").await;
    let result = here().post(&receiver.url(), &SecretString::from("hunter2"), &notice(), NOW).await;
    check(
        result,
        expect![[r#"
        refused: a webhook's secret is whsec_ and Base64 of 24 to 64 bytes
        give the webhook a new secret
    "#]],
    );
    assert!(receiver.seen.try_recv().is_err(), "nobody called it");
}

#[test]
fn debug_shows_no_addresses() {
    assert_eq!(
        format!("{:?}", here()),
        "Webhooks { policy: WebhookPolicy { allowed_hosts: [], allow_loopback: true }, .. }"
    );
}

#[test]
fn answers_that_every_notice_would_get_block_the_way() {
    for (code, blocks) in
        [(400, false), (404, false), (408, false), (429, true), (500, false), (502, true), (503, true), (504, true)]
    {
        let error = judge(StatusCode::from_u16(code).unwrap(), &HeaderMap::new()).unwrap_err();
        assert_eq!(matches!(error, SendError::Blocked { .. }), blocks, "{code}");
    }
    assert!(matches!(untrusted(Fault::Expired), SendError::Blocked { .. }));
}
