//! The address on this machine that Salesforce sends the browser back to.
//!
//! Knows as much of HTTP as one GET takes: the line of the request, and a page that says how it went. The code leaves the
//! address bar at once.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Longest request that is read.
const LONGEST: u64 = 32 << 10;
/// Longest time for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the browser brought.
pub(crate) struct Arrival {
    pub(crate) code: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) error: Option<String>,
}

impl Arrival {
    /// What a query string says.
    pub(crate) fn of(query: Option<&str>) -> Arrival {
        let mut arrival = Arrival { code: None, state: None, error: None };
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
            match &*name {
                "code" => arrival.code = Some(value.into_owned()),
                "state" => arrival.state = Some(value.into_owned()),
                "error" => arrival.error = Some(value.into_owned()),
                _ => {}
            }
        }
        arrival
    }
}

/// Listens on the loopback addresses alone.
pub(crate) async fn listen(port: u16, sender: mpsc::Sender<Arrival>) -> Result<(), String> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        format!("cannot listen on 127.0.0.1:{port}: {error}; use another --redirect-uri or --headless")
    })?;
    let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
    for listener in [Some(first), second].into_iter().flatten() {
        let sender = sender.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                // A visitor who says nothing keeps nobody waiting.
                tokio::spawn(async move { tokio::time::timeout(PATIENCE, visit(stream, sender)).await });
            }
        });
    }
    Ok(())
}

async fn visit(mut stream: TcpStream, sender: mpsc::Sender<Arrival>) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 2048];
    // The whole of the headers is read, so that the browser does not see the connection break.
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = (&mut stream).take(LONGEST).read(&mut chunk).await?;
        request.extend_from_slice(&chunk[..count]);
        if count == 0 || request.len() as u64 > LONGEST {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&request);
    let target = head.lines().next().and_then(target).map(str::to_owned);
    let (status, page) = match target {
        Some(target) => answer(&target, sender).await,
        None => ("405 Method Not Allowed", "<!doctype html><title>Sluice</title><p>Only GET is known here."),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// The target of a GET.
fn target(line: &str) -> Option<&str> {
    let mut words = line.split(' ');
    match (words.next(), words.next(), words.next()) {
        (Some("GET"), Some(target), Some("HTTP/1.1" | "HTTP/1.0")) => Some(target),
        _ => None,
    }
}

async fn answer(target: &str, sender: mpsc::Sender<Arrival>) -> (&'static str, &'static str) {
    let arrival = Arrival::of(target.split_once('?').map(|(_, query)| query));
    let page = match (&arrival.code, &arrival.error) {
        (Some(_), _) => {
            "<!doctype html><meta charset=utf-8><title>Sluice</title><script>history.replaceState(null,'','/')</script>\
             <p>Approved. Go back to the terminal."
        }
        (None, Some(_)) => {
            "<!doctype html><meta charset=utf-8><title>Sluice</title><p>Not approved. Go back to the terminal."
        }
        (None, None) => return ("200 OK", "<!doctype html><title>Sluice</title><p>Waiting for Salesforce."),
    };
    let _ = sender.send(arrival).await;
    ("200 OK", page)
}
