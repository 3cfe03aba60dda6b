//! A server that answers from a script, and a clock that jumps.
//!
//! Knows no Pardot rule: a script says byte by byte what comes back.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pardot::{
    Allowance, BusinessUnitId, Claim, Client, ClientParts, Clock, ConnectedApp, Grant, GrantKeeper, Host, Limiter,
    RetryPolicy, Tokens,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, further header lines, body.
    Say(u16, &'static str, String),
    /// Exactly these bytes, then the connection closes.
    Raw(Vec<u8>),
    /// Closes without an answer, after reading the request.
    Close,
    /// Says nothing, and closes when it is told to.
    CloseAfter(Arc<Notify>),
    /// Takes the call, counts it, and tells the count.
    Metered(Arc<Meter>),
}

/// Calls of a day as the server counts them.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) used: AtomicU64,
    pub(crate) limit: u64,
    /// Answers overtake each other: every other one comes only after the next call has been counted, or a moment later.
    pub(crate) shuffle: bool,
    counted: Notify,
}

impl Meter {
    pub(crate) fn new(used: u64, limit: u64, shuffle: bool) -> Arc<Meter> {
        Arc::new(Meter { used: AtomicU64::new(used), limit, shuffle, counted: Notify::new() })
    }

    pub(crate) fn used(&self) -> u64 {
        self.used.load(Ordering::SeqCst)
    }

    async fn answer(&self) -> String {
        let later = self.counted.notified();
        let used = self.used.fetch_add(1, Ordering::SeqCst) + 1;
        self.counted.notify_waiters();
        if self.shuffle && used.is_multiple_of(2) {
            let _ = tokio::time::timeout(Duration::from_millis(5), later).await;
        }
        format!("x-api-usage: {used}/{}\r\n", self.limit)
    }
}

pub(crate) fn say(status: u16, body: &str) -> Reply {
    Reply::Say(status, "", body.to_owned())
}

pub(crate) fn fail(status: u16, code: u16) -> Reply {
    say(status, &format!(r#"{{"@attributes":{{"stat":"fail","version":1,"err_code":{code}}},"err":"text"}}"#))
}

pub(crate) const OK: &str = r#"{"@attributes":{"stat":"ok","version":1},"errors":{}}"#;

pub(crate) fn token(name: &str) -> Reply {
    say(200, &format!(r#"{{"access_token":"{name}","scope":"pardot_api refresh_token"}}"#))
}

#[derive(Debug, Default)]
struct Script {
    pardot: VecDeque<Reply>,
    login: VecDeque<Reply>,
    /// Heads and bodies of the requests, in the order of arrival.
    seen: Vec<String>,
}

/// The server: one for Pardot and the login.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: String,
    script: Arc<Mutex<Script>>,
}

impl Server {
    pub(crate) async fn start(login: Vec<Reply>, pardot: Vec<Reply>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(Script { pardot: pardot.into(), login: login.into(), seen: Vec::new() }));
        let server = Server { address, script };
        let accepting = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(accepting.clone().serve(stream));
            }
        });
        server
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        let (head, length) = loop {
            let mut piece = [0; 4096];
            let count = stream.read(&mut piece).await.unwrap_or(0);
            if count == 0 {
                return;
            }
            bytes.extend_from_slice(&piece[..count]);
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            if let Some(end) = text.find("\r\n\r\n") {
                let length =
                    text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
                break (end + 4, length.unwrap_or(0));
            }
        };
        while bytes.len() < head + length {
            let mut piece = [0; 4096];
            match stream.read(&mut piece).await {
                Ok(count) if count > 0 => bytes.extend_from_slice(&piece[..count]),
                _ => return,
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let reply = {
            let mut script = self.script.lock().unwrap();
            let login = text.starts_with("POST /services/oauth2/");
            script.seen.push(text);
            let queue = if login { &mut script.login } else { &mut script.pardot };
            queue.pop_front().unwrap_or_else(|| say(500, "the script is over"))
        };
        match reply {
            Reply::Say(status, headers, body) => {
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {status} x\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
            Reply::Raw(answer) => {
                let _ = stream.write_all(&answer).await;
            }
            Reply::Close => {}
            Reply::CloseAfter(told) => told.notified().await,
            Reply::Metered(meter) => {
                let usage = meter.answer().await;
                let length = OK.len();
                let answer =
                    format!("HTTP/1.1 200 x\r\ncontent-length: {length}\r\nconnection: close\r\n{usage}\r\n{OK}");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        }
    }

    /// Requests to Pardot so far.
    pub(crate) fn pardot_calls(&self) -> usize {
        self.seen().iter().filter(|text| text.contains(" /api/")).count()
    }

    /// Token calls so far.
    pub(crate) fn token_calls(&self) -> usize {
        self.seen().iter().filter(|text| text.contains("/oauth2/token")).count()
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.script.lock().unwrap().seen.clone()
    }

    pub(crate) fn tokens(&self, keeper: &Arc<Kept>, clock: &Arc<Jumping>) -> Arc<Tokens> {
        let app = ConnectedApp { client_id: "app".to_owned(), client_secret: Some("s3cret".into()) };
        let login = Host::login(&self.address).unwrap();
        let grant = Grant::RefreshToken("first".into());
        Arc::new(Tokens::new(login, app, grant, keeper.clone(), clock.clone()).unwrap())
    }

    pub(crate) fn client(&self, retry: RetryPolicy) -> Bench {
        self.client_within(retry, &Arc::new(Allowance::default()), Claim::Within)
    }

    pub(crate) fn client_within(&self, retry: RetryPolicy, allowance: &Arc<Allowance>, claim: Claim) -> Bench {
        let (keeper, clock, limiter) =
            (Arc::new(Kept::default()), Arc::new(Jumping::default()), Arc::new(Limiter::new()));
        let tokens = self.tokens(&keeper, &clock);
        let parts = ClientParts {
            host: Host::pardot(&self.address).unwrap(),
            business_unit: UNIT.parse::<BusinessUnitId>().unwrap(),
            tokens: tokens.clone(),
            limiter: limiter.clone(),
            allowance: allowance.clone(),
            claim,
            retry,
            clock: clock.clone(),
            seed: 7,
        };
        Bench { client: Arc::new(Client::new(parts).unwrap()), limiter, clock, keeper, tokens }
    }
}

/// The business unit of every call.
pub(crate) const UNIT: &str = "0Uv5e0000008OqACAU";

/// A client with what surrounds it.
pub(crate) struct Bench {
    pub(crate) client: Arc<Client>,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) clock: Arc<Jumping>,
    pub(crate) keeper: Arc<Kept>,
    pub(crate) tokens: Arc<Tokens>,
}

pub(crate) const RETRY: RetryPolicy = RetryPolicy {
    maximum_retries: 5,
    initial_wait: Duration::from_secs(1),
    maximum_wait: Duration::from_secs(120),
    timeout: Duration::from_secs(30),
};

/// A clock whose sleeps are over at once.
#[derive(Debug)]
pub(crate) struct Jumping {
    start: Instant,
    slept: Mutex<Vec<Duration>>,
}

impl Default for Jumping {
    fn default() -> Jumping {
        Jumping { start: Instant::now(), slept: Mutex::default() }
    }
}

impl Jumping {
    pub(crate) fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }
}

impl Clock for Jumping {
    fn now(&self) -> Instant {
        self.start + self.slept().iter().sum::<Duration>()
    }

    fn unix(&self) -> u64 {
        1_800_000_000
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.slept.lock().unwrap().push(duration);
        Box::pin(std::future::ready(()))
    }
}

/// Keeps rotated grants in memory; can be told to fail a number of times.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) grants: Mutex<Vec<String>>,
    pub(crate) failures: Mutex<u32>,
    /// What another process has kept meanwhile.
    pub(crate) current: Mutex<Option<String>>,
}

impl GrantKeeper for Kept {
    fn keep(&self, rotated: &SecretString) -> Result<(), String> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err("disk full".to_owned());
        }
        self.grants.lock().unwrap().push(rotated.expose_secret().to_owned());
        Ok(())
    }

    fn current(&self) -> Option<SecretString> {
        self.current.lock().unwrap().clone().map(SecretString::from)
    }
}
