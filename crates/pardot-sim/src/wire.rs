//! Reads HTTP/1.1 requests from a socket and writes answers, whole or deliberately broken.
//!
//! Knows bytes and framing only: not what a path means. Hand-written, because a cut, a drip or a reset at an exact byte
//! is what an HTTP library is built to prevent.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::answer::Answer;
use crate::fault::Framing;

/// Largest request head; real servers stop earlier, the limit on the target is the caller's.
const HEAD_LIMIT: usize = 4 * 1024 * 1024;

/// One request as received.
pub(crate) struct Received {
    pub(crate) method: String,
    /// Path and query, as sent.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The body passed the limit and was thrown away.
    pub(crate) oversize: bool,
    pub(crate) keep_alive: bool,
}

impl Received {
    /// The first header of that lower-case name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// How an answer leaves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Delivery {
    /// As it should.
    Whole,
    /// The first `at` bytes of the body, then the connection ends.
    Cut { at: usize, framing: Framing },
    /// One byte per interval.
    Drip { interval: Duration },
    /// Nothing, and the connection is reset.
    Reset,
    /// Nothing, and the connection is closed in an orderly way.
    Close,
}

/// A connection to one client.
pub(crate) struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

enum Body {
    Length(usize),
    Chunked,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Wire {
        Wire { stream, buffer: Vec::with_capacity(16 * 1024) }
    }

    /// The next request; `None` when the client has left.
    pub(crate) async fn request(&mut self, body_limit: usize) -> io::Result<Option<Received>> {
        let (mut received, body) = loop {
            if let Some(head) = self.head()? {
                break head;
            }
            if self.buffer.len() > HEAD_LIMIT {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "request head is too long"));
            }
            if self.fill().await? == 0 {
                return Ok(None);
            }
        };
        if received.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        match body {
            Body::Length(length) => self.sized(length, body_limit, &mut received).await?,
            Body::Chunked => self.chunked(body_limit, &mut received).await?,
        }
        Ok(Some(received))
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(16 * 1024);
        self.stream.read_buf(&mut self.buffer).await
    }

    fn head(&mut self) -> io::Result<Option<(Received, Body)>> {
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut request = httparse::Request::new(&mut headers);
        let invalid = |error: httparse::Error| io::Error::new(io::ErrorKind::InvalidData, error);
        let length = match request.parse(&self.buffer).map_err(invalid)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial => return Ok(None),
        };
        let headers: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
            .collect();
        let mut received = Received {
            method: request.method.unwrap_or_default().to_owned(),
            target: request.path.unwrap_or_default().to_owned(),
            headers,
            body: Vec::new(),
            oversize: false,
            keep_alive: request.version == Some(1),
        };
        if let Some(connection) = received.header("connection") {
            received.keep_alive = !connection.eq_ignore_ascii_case("close")
                && (received.keep_alive || connection.eq_ignore_ascii_case("keep-alive"));
        }
        let chunked =
            received.header("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
        let body = match received.header("content-length").map(|value| value.trim().parse::<usize>()) {
            _ if chunked => Body::Chunked,
            Some(Ok(length)) => Body::Length(length),
            Some(Err(_)) => return Err(io::Error::new(io::ErrorKind::InvalidData, "bad content-length")),
            None => Body::Length(0),
        };
        self.buffer.drain(..length);
        Ok(Some((received, body)))
    }

    async fn sized(&mut self, length: usize, limit: usize, received: &mut Received) -> io::Result<()> {
        received.oversize = length > limit;
        let mut missing = length;
        while missing > 0 {
            if self.buffer.is_empty() && self.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let part = missing.min(self.buffer.len());
            if received.oversize {
                self.buffer.drain(..part);
            } else {
                received.body.extend(self.buffer.drain(..part));
            }
            missing -= part;
        }
        Ok(())
    }

    async fn chunked(&mut self, limit: usize, received: &mut Received) -> io::Result<()> {
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size =
                usize::from_str_radix(size, 16).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            if size == 0 {
                while !self.line().await?.is_empty() {}
                return Ok(());
            }
            while self.buffer.len() < size + 2 {
                if self.fill().await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            if received.body.len() + size > limit {
                received.oversize = true;
                received.body.clear();
            }
            if !received.oversize {
                received.body.extend_from_slice(&self.buffer[..size]);
            }
            self.buffer.drain(..size + 2);
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
                self.buffer.drain(..end + 2);
                return Ok(line);
            }
            if self.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Writes the answer; true when the connection may carry another request.
    pub(crate) async fn send(&mut self, answer: &Answer, delivery: &Delivery, keep_alive: bool) -> io::Result<bool> {
        match delivery {
            Delivery::Whole => {
                let mut bytes = head(answer, Some(answer.body.len()), false, keep_alive);
                bytes.extend_from_slice(&answer.body);
                self.stream.write_all(&bytes).await?;
                Ok(keep_alive)
            }
            Delivery::Cut { at, framing } => {
                self.stream.write_all(&cut(answer, *at, *framing)).await?;
                self.stream.shutdown().await?;
                Ok(false)
            }
            Delivery::Drip { interval } => {
                let mut bytes = head(answer, Some(answer.body.len()), false, keep_alive);
                bytes.extend_from_slice(&answer.body);
                self.stream.set_nodelay(true)?;
                for byte in bytes {
                    self.stream.write_all(&[byte]).await?;
                    tokio::time::sleep(*interval).await;
                }
                Ok(keep_alive)
            }
            Delivery::Reset => {
                // Zero linger turns the close into a reset instead of an orderly end.
                self.stream.set_zero_linger()?;
                Ok(false)
            }
            Delivery::Close => Ok(false),
        }
    }
}

/// The answer up to byte `at` of its body, framed so that a careful client can notice (or, close-framed, cannot).
fn cut(answer: &Answer, at: usize, framing: Framing) -> Vec<u8> {
    let part = &answer.body[..at.min(answer.body.len())];
    match framing {
        Framing::Length => {
            let mut bytes = head(answer, Some(answer.body.len()), false, true);
            bytes.extend_from_slice(part);
            bytes
        }
        Framing::Chunked => {
            let mut bytes = head(answer, None, true, true);
            if !part.is_empty() {
                bytes.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
                bytes.extend_from_slice(part);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes
        }
        Framing::Close => {
            let mut bytes = head(answer, None, false, false);
            bytes.extend_from_slice(part);
            bytes
        }
    }
}

fn head(answer: &Answer, length: Option<usize>, chunked: bool, keep_alive: bool) -> Vec<u8> {
    use std::fmt::Write;
    let mut head = String::with_capacity(512);
    let _ = write!(head, "HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    if !answer.content_type.is_empty() {
        let _ = write!(head, "Content-Type: {}\r\n", answer.content_type);
    }
    for (name, value) in &answer.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    match length {
        Some(_) if answer.status == 204 || answer.status == 304 => {}
        Some(length) => {
            let _ = write!(head, "Content-Length: {length}\r\n");
        }
        None if chunked => head.push_str("Transfer-Encoding: chunked\r\n"),
        None => {}
    }
    head.push_str(if keep_alive { "\r\n" } else { "Connection: close\r\n\r\n" });
    head.into_bytes()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Payload Too Large",
        414 => "Request-URI Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
