//! One conversation with a mail server: connect, greet, log in, hand over one mail.
//!
//! Knows the protocol and why it fails; neither what a mail says nor when to try again. The commands are lettre's; the
//! connection is made here, so that TLS is the same as everywhere else, and so that nothing that was said before TLS counts
//! after it.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::SendError;
use crate::mail::{Login, Security};
use crate::tls;

mod fault;

use fault::Stage;

/// Largest answer before TLS.
const ANSWER_LIMIT: usize = 16 * 1024;

/// Where mail is handed over.
#[derive(Debug)]
pub(crate) struct Letterbox {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) login: Option<Login>,
    pub(crate) hello: Option<ClientId>,
    /// Longest conversation.
    pub(crate) timeout: Duration,
}

/// Hands over one mail to one recipient.
pub(crate) async fn deliver(
    letterbox: &Letterbox,
    tls: Option<Arc<ClientConfig>>,
    from: &Address,
    to: &Address,
    message: &[u8],
) -> Result<(), SendError> {
    let mut deadline = Deadline(pin!(tokio::time::sleep(letterbox.timeout)));
    let mut smtp = open(letterbox, tls, &mut deadline).await?;
    let handed = hand_over(&mut smtp, &mut deadline, letterbox, (from, to), message).await;
    // A polite end; what it comes to changes nothing.
    let _end = deadline.within(Stage::End, async { Ok(smtp.quit().await) }).await;
    handed
}

async fn hand_over(
    smtp: &mut AsyncSmtpConnection,
    deadline: &mut Deadline<'_>,
    letterbox: &Letterbox,
    (from, to): (&Address, &Address),
    message: &[u8],
) -> Result<(), SendError> {
    let failed = |stage: Stage| move |error| fault::refusal(stage, &error);
    if let Some(Login { user, password }) = &letterbox.login {
        let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
        let login = async { smtp.auth(DEFAULT_MECHANISMS, &credentials).await.map_err(failed(Stage::Login)) };
        deadline.within(Stage::Login, login).await?;
    }
    // No parameters: addresses and mail are ASCII, so neither SMTPUTF8 nor 8BITMIME is asked for.
    let sender = Mail::new(Some(from.clone()), Vec::new());
    let step = async { smtp.command(sender).await.map_err(failed(Stage::Sender)) };
    deadline.within(Stage::Sender, step).await?;
    let recipient = Rcpt::new(to.clone(), Vec::new());
    let step = async { smtp.command(recipient).await.map_err(failed(Stage::Recipient)) };
    deadline.within(Stage::Recipient, step).await?;
    let step = async {
        smtp.command(Data).await.map_err(failed(Stage::Content))?;
        smtp.message(message).await.map_err(failed(Stage::Content))
    };
    deadline.within(Stage::Content, step).await?;
    Ok(())
}

/// Connects as the settings say, up to the greeting.
async fn open(
    letterbox: &Letterbox,
    tls: Option<Arc<ClientConfig>>,
    deadline: &mut Deadline<'_>,
) -> Result<AsyncSmtpConnection, SendError> {
    let address = (letterbox.host.as_str(), letterbox.port);
    let found = async {
        let found = tokio::net::lookup_host(address).await.map_err(|_| fault::unknown_host())?;
        Ok(found.collect::<Vec<SocketAddr>>())
    };
    let found = deadline.within(Stage::Connect, found).await?;
    let connect = async { TcpStream::connect(found.as_slice()).await.map_err(|error| fault::unconnected(&error)) };
    let mut tcp = deadline.within(Stage::Connect, connect).await?;
    let here = tcp.local_addr().map(|address| address.ip().to_canonical());
    let hello = letterbox.hello.clone().unwrap_or(match here {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::default(),
    });
    let peer = tcp.peer_addr().map_err(|error| fault::unconnected(&error))?;
    let (line, ahead): (Line, &'static [u8]) = match (letterbox.security, tls) {
        (Security::Plain, _) => (Line::Open(tcp), b""),
        (Security::Tls, Some(tls)) => (Line::Sealed(seal(tcp, letterbox, tls, deadline).await?), b""),
        (Security::StartTls, Some(tls)) => {
            deadline.within(Stage::Greeting, ask_for_tls(&mut tcp, &hello)).await?;
            // The server greets only once; lettre waits for it on every connection.
            (Line::Sealed(seal(tcp, letterbox, tls, deadline).await?), b"220 TLS\r\n")
        }
        // Without a config there is no TLS, and without TLS no conversation.
        (Security::Tls | Security::StartTls, None) => return Err(fault::handshake(None, letterbox.security)),
    };
    let channel = Box::new(Channel { line, peer, ahead });
    let greeted = async {
        let smtp = AsyncSmtpConnection::connect_with_transport(channel, &hello).await;
        smtp.map_err(|error| fault::refusal(Stage::Greeting, &error))
    };
    deadline.within(Stage::Greeting, greeted).await
}

async fn seal(
    tcp: TcpStream,
    letterbox: &Letterbox,
    tls: Arc<ClientConfig>,
    deadline: &mut Deadline<'_>,
) -> Result<Box<TlsStream<TcpStream>>, SendError> {
    let name = ServerName::try_from(letterbox.host.clone()).map_err(|_| fault::unknown_host())?;
    let handshake = async {
        let sealed = TlsConnector::from(tls).connect(name, tcp).await;
        sealed.map_err(|error| fault::handshake(tls::fault(&error), letterbox.security))
    };
    Ok(Box::new(deadline.within(Stage::Tls, handshake).await?))
}

/// The part in the clear: greeting, EHLO, STARTTLS. Only one thing is taken from it: that TLS begins now.
async fn ask_for_tls(tcp: &mut TcpStream, hello: &ClientId) -> Result<(), SendError> {
    let mut pending = Vec::new();
    expect(&answer(tcp, &mut pending).await?, 220)?;
    say(tcp, &format!("EHLO {hello}\r\n")).await?;
    let offer = answer(tcp, &mut pending).await?;
    // A server that does not know EHLO has no STARTTLS either. One that cannot work now says so.
    if offer.code != 250 && offer.code != 500 && offer.code != 502 {
        return Err(fault::answered(Stage::Greeting, offer.code, &offer.text));
    }
    let offered = offer.text.lines().skip(1).any(|line| line.trim().eq_ignore_ascii_case("STARTTLS"));
    if offer.code != 250 || !offered {
        return Err(fault::no_starttls());
    }
    say(tcp, "STARTTLS\r\n").await?;
    expect(&answer(tcp, &mut pending).await?, 220)?;
    // Whatever stands behind the last answer was put there by somebody who wants it to count within TLS.
    if pending.is_empty() { Ok(()) } else { Err(fault::out_of_turn()) }
}

async fn say(tcp: &mut TcpStream, command: &str) -> Result<(), SendError> {
    tcp.write_all(command.as_bytes()).await.map_err(|_| fault::broken(Stage::Greeting))
}

/// An answer in the clear: its code, and its lines without it.
struct Answer {
    code: u16,
    text: String,
}

fn expect(answer: &Answer, code: u16) -> Result<(), SendError> {
    if answer.code == code { Ok(()) } else { Err(fault::answered(Stage::Greeting, answer.code, &answer.text)) }
}

/// Reads one answer; what came after it stays in `pending`.
async fn answer(tcp: &mut TcpStream, pending: &mut Vec<u8>) -> Result<Answer, SendError> {
    let mut text = String::new();
    loop {
        let Some(end) = pending.iter().position(|byte| *byte == b'\n') else {
            if pending.len() + text.len() > ANSWER_LIMIT || tcp.read_buf(pending).await.unwrap_or(0) == 0 {
                return Err(fault::broken(Stage::Greeting));
            }
            continue;
        };
        let line: Vec<u8> = pending.drain(..=end).collect();
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
        let (Some(code), mark) = (code, line.as_bytes().get(3)) else {
            return Err(fault::no_smtp());
        };
        text.push_str(line.get(4..).unwrap_or_default());
        text.push('\n');
        match mark {
            Some(b'-') if text.len() <= ANSWER_LIMIT => {}
            Some(b' ') | None => return Ok(Answer { code, text }),
            Some(_) => return Err(fault::no_smtp()),
        }
    }
}

/// The end of the whole conversation: lettre's own limit ends with the connecting.
struct Deadline<'a>(Pin<&'a mut Sleep>);

impl Deadline<'_> {
    async fn within<T>(
        &mut self,
        stage: Stage,
        step: impl Future<Output = Result<T, SendError>>,
    ) -> Result<T, SendError> {
        tokio::select! {
            biased;
            done = step => done,
            () = self.0.as_mut() => Err(fault::late(stage)),
        }
    }
}

/// A connection for lettre, with what is to be read from it first.
struct Channel {
    line: Line,
    peer: SocketAddr,
    ahead: &'static [u8],
}

enum Line {
    Open(TcpStream),
    Sealed(Box<TlsStream<TcpStream>>),
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel(..)")
    }
}

impl AsyncTokioStream for Channel {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Channel {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.ahead.is_empty() {
            let (now, later) = self.ahead.split_at(self.ahead.len().min(buffer.remaining()));
            buffer.put_slice(now);
            self.ahead = later;
            return Poll::Ready(Ok(()));
        }
        match &mut self.line {
            Line::Open(line) => Pin::new(line).poll_read(cx, buffer),
            Line::Sealed(line) => Pin::new(line).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Channel {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.line {
            Line::Open(line) => Pin::new(line).poll_write(cx, bytes),
            Line::Sealed(line) => Pin::new(line).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.line {
            Line::Open(line) => Pin::new(line).poll_flush(cx),
            Line::Sealed(line) => Pin::new(line).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.line {
            Line::Open(line) => Pin::new(line).poll_shutdown(cx),
            Line::Sealed(line) => Pin::new(line).poll_shutdown(cx),
        }
    }
}
