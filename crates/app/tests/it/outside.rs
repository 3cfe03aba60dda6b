//! Those who are told: a mail server that plays a part, and a receiver of webhooks that keeps what it gets.
//!
//! Knows SMTP and HTTP as far as a notice needs them; nothing of the application.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use notify::{Security, SmtpSettings};
use ring::hmac;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A line that the mail server says instead of the usual one: after a command that begins so (`.` for a whole mail, an
/// empty one for the greeting). `wait` never answers.
pub(crate) type Odd = (&'static str, &'static str);

/// A mail that was handed over, taken or not.
pub(crate) struct Mail {
    pub(crate) to: String,
    /// As it travelled, without the line breaks that headers and encoding put in.
    pub(crate) text: String,
    pub(crate) taken: bool,
}

impl Mail {
    pub(crate) fn header(&self, name: &str) -> String {
        let found = self.text.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_default().to_owned()
    }
}

/// A running mail server. It stops with the test.
pub(crate) struct Postbox {
    port: u16,
    script: Arc<Mutex<Script>>,
    mails: UnboundedReceiver<Mail>,
    /// Conversations that began.
    visits: UnboundedReceiver<()>,
}

#[derive(Default)]
struct Script {
    once: VecDeque<Odd>,
    always: Option<Odd>,
}

impl Postbox {
    pub(crate) async fn start() -> Postbox {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (tell, mails) = unbounded_channel();
        let (knock, visits) = unbounded_channel();
        let script = Arc::new(Mutex::new(Script::default()));
        let played = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let odd = {
                    let mut script = played.lock().unwrap_or_else(PoisonError::into_inner);
                    script.once.pop_front().or(script.always)
                };
                // The test may have ended.
                let _ = knock.send(());
                let tell = tell.clone();
                tokio::spawn(async move { converse(tcp, odd, &tell).await });
            }
        });
        Postbox { port, script, mails, visits }
    }

    /// Plays a part in the next conversations, one each.
    pub(crate) fn once(&self, odd: &[Odd]) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).once.extend(odd);
    }

    /// Plays a part in all conversations from now on.
    pub(crate) fn always(&self, odd: Option<Odd>) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).always = odd;
    }

    pub(crate) fn settings(&self) -> SmtpSettings {
        SmtpSettings {
            host: "127.0.0.1".into(),
            port: self.port,
            security: Security::Plain,
            login: None,
            from: "Sluice <sluice@example.com>".into(),
            hello: None,
            timeout: Duration::from_secs(20),
            roots: None,
        }
    }

    /// The next mail that is handed over.
    pub(crate) async fn mail(&mut self) -> Mail {
        patient(self.mails.recv()).await
    }

    /// The mails that were handed over and not looked at yet.
    pub(crate) fn rest(&mut self) -> Vec<Mail> {
        std::iter::from_fn(|| self.mails.try_recv().ok()).collect()
    }

    /// Whether a conversation began that was not waited for.
    pub(crate) fn visited(&mut self) -> bool {
        self.visits.try_recv().is_ok()
    }

    /// The next conversation begins.
    pub(crate) async fn visit(&mut self) {
        patient(self.visits.recv()).await;
    }
}

async fn patient<T>(wanted: impl Future<Output = Option<T>>) -> T {
    tokio::time::timeout(Duration::from_secs(60), wanted).await.ok().flatten().expect("it comes")
}

async fn converse(mut tcp: TcpStream, odd: Option<Odd>, tell: &UnboundedSender<Mail>) -> io::Result<()> {
    let (mut pending, mut to) = (Vec::new(), String::new());
    if !say(&mut tcp, odd, "", "220 box ready").await? {
        return Ok(());
    }
    while let Some(line) = until(&mut tcp, &mut pending, b"\r\n").await? {
        let usual = match line.split(' ').next().unwrap_or_default() {
            "EHLO" => "250-box\r\n250 8BITMIME",
            "DATA" => "354 go ahead",
            "QUIT" => "221 bye",
            _ => "250 2.0.0 fine",
        };
        if let Some(address) = line.strip_prefix("RCPT TO:<") {
            to = address.trim_end_matches('>').to_owned();
        }
        if !say(&mut tcp, odd, &line, usual).await? || line == "QUIT" {
            return Ok(());
        }
        if line == "DATA" {
            let text = until(&mut tcp, &mut pending, b"\r\n.\r\n").await?.unwrap_or_default();
            let taken = odd.is_none_or(|(begin, _)| begin != ".");
            // The test may have ended.
            let _ = tell.send(Mail { to: to.clone(), text: text.replace("=\r\n", "").replace("\r\n ", " "), taken });
            if !say(&mut tcp, odd, ".", "250 2.0.0 queued").await? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Answers a command; false when the server hangs up then.
async fn say(tcp: &mut TcpStream, odd: Option<Odd>, command: &str, usual: &str) -> io::Result<bool> {
    let applies = |begin: &str| if begin.is_empty() { command.is_empty() } else { command.starts_with(begin) };
    let text = match odd.filter(|(begin, _)| applies(begin)) {
        Some((_, "wait")) => std::future::pending().await,
        Some((_, text)) => text,
        None => usual,
    };
    tcp.write_all(format!("{text}\r\n").as_bytes()).await?;
    Ok(!text.starts_with("421"))
}

async fn until(tcp: &mut TcpStream, pending: &mut Vec<u8>, end: &[u8]) -> io::Result<Option<String>> {
    loop {
        if let Some(at) = pending.windows(end.len()).position(|window| window == end) {
            let text: Vec<u8> = pending.drain(..at + end.len()).collect();
            return Ok(Some(String::from_utf8_lossy(&text[..at]).into_owned()));
        }
        if tcp.read_buf(pending).await? == 0 {
            return Ok(None);
        }
    }
}

/// A call of a webhook.
pub(crate) struct Call {
    pub(crate) path: String,
    headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Whether the call was signed with this secret, as Standard Webhooks has it.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("its beginning")).expect("Base64");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        let tag = self.header("webhook-signature").strip_prefix("v1,").expect("version 1");
        hmac::verify(&key, signed.as_bytes(), &STANDARD.decode(tag).expect("Base64")).is_ok()
    }
}

/// A receiver of webhooks. It stops with the test.
pub(crate) struct Receiver {
    port: u16,
    statuses: Arc<Mutex<VecDeque<u16>>>,
    calls: UnboundedReceiver<Call>,
}

impl Receiver {
    pub(crate) async fn start() -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (tell, calls) = unbounded_channel();
        let statuses = Arc::new(Mutex::new(VecDeque::new()));
        let answers = Arc::clone(&statuses);
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let status = answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(204);
                let tell = tell.clone();
                tokio::spawn(async move { receive(tcp, status, &tell).await });
            }
        });
        Receiver { port, statuses, calls }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// The next calls are answered so, one each; others with 204.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner).extend(statuses);
    }

    pub(crate) async fn call(&mut self) -> Call {
        patient(self.calls.recv()).await
    }

    /// The calls that were not looked at yet.
    pub(crate) fn rest(&mut self) -> Vec<Call> {
        std::iter::from_fn(|| self.calls.try_recv().ok()).collect()
    }
}

async fn receive(mut tcp: TcpStream, status: u16, tell: &UnboundedSender<Call>) -> io::Result<()> {
    let mut pending = Vec::new();
    let Some(head) = until(&mut tcp, &mut pending, b"\r\n\r\n").await? else { return Ok(()) };
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let pairs = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers: HashMap<String, String> =
        pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length: usize = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while pending.len() < length {
        if tcp.read_buf(&mut pending).await? == 0 {
            return Ok(());
        }
    }
    let body = String::from_utf8_lossy(&pending).into_owned();
    // The test may have ended.
    let _ = tell.send(Call { path, headers, body });
    let answer = format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    tcp.write_all(answer.as_bytes()).await
}
