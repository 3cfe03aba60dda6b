//! A mail server that plays a part: what it offers, what it answers, when it hangs up.
//!
//! Knows SMTP as RFC 5321 has it, and nothing of the crate under test.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use notify::{Login, Mailer, Security, SmtpSettings};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair};
use rustls::ServerConfig;
use secrecy::SecretString;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;

/// What the server does.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) security: Security,
    /// Whether STARTTLS is offered.
    pub(crate) offers_tls: bool,
    /// Bytes that somebody puts behind the answer to STARTTLS.
    pub(crate) injected: &'static str,
    /// The host in its certificate.
    pub(crate) host: &'static str,
    /// Whether its certificate is marked as an issuer's.
    pub(crate) issuer: bool,
    /// Mechanisms of AUTH.
    pub(crate) mechanisms: &'static str,
    /// A command's beginning, and the answer in place of the usual one; an empty one hangs up, `wait` never answers.
    pub(crate) odd: Option<(&'static str, &'static str)>,
}

impl Default for Part {
    fn default() -> Part {
        Part {
            security: Security::StartTls,
            offers_tls: true,
            injected: "",
            host: "localhost",
            issuer: false,
            mechanisms: "PLAIN LOGIN",
            odd: None,
        }
    }
}

/// A running server.
pub(crate) struct Postbox {
    pub(crate) port: u16,
    pem: String,
    seen: UnboundedReceiver<String>,
}

impl Postbox {
    pub(crate) async fn start(part: Part) -> Postbox {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(vec![part.host.to_owned()]).unwrap();
        if part.issuer {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        let certificate = parameters.self_signed(&key).unwrap();
        let pem = certificate.pem();
        let acceptor = acceptor(&certificate, &key);
        let (tell, seen) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                // The other side hangs up when it is done; how is no matter here.
                let _end = serve(tcp, &part, &acceptor, &tell).await;
                let _gone = tell.send("(end)".to_owned());
            }
        });
        Postbox { port, pem, seen }
    }

    /// Settings that fit the server.
    pub(crate) fn settings(&self, security: Security) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".to_owned(),
            port: self.port,
            security,
            login: None,
            from: "Sluice <sluice@example.com>".to_owned(),
            hello: None,
            timeout: Duration::from_secs(20),
            roots: Some(self.pem.clone()),
        }
    }

    pub(crate) fn mailer(&self, security: Security) -> Mailer {
        Mailer::new(self.settings(security)).unwrap()
    }

    /// A mailer that logs in with the password `hunter2`.
    pub(crate) fn with_login(&self, security: Security) -> Mailer {
        let login = Login { user: "sluice".to_owned(), password: SecretString::from("hunter2") };
        Mailer::new(SmtpSettings { login: Some(login), ..self.settings(security) }).unwrap()
    }

    /// What one conversation was: commands, `(tls)` where TLS began, and the mail after `(mail)`.
    pub(crate) async fn conversation(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.seen.recv().await {
            if line == "(end)" {
                break;
            }
            lines.push(line);
        }
        lines
    }
}

fn acceptor(certificate: &Certificate, key: &KeyPair) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = key.serialize_der().try_into().unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(
    mut tcp: TcpStream,
    part: &Part,
    acceptor: &TlsAcceptor,
    tell: &UnboundedSender<String>,
) -> io::Result<()> {
    match part.security {
        Security::Plain => converse(&mut tcp, part, tell, false).await.map(|_| ()),
        Security::Tls => {
            let mut tls = acceptor.accept(tcp).await?;
            let _told = tell.send("(tls)".to_owned());
            converse(&mut tls, part, tell, true).await.map(|_| ())
        }
        Security::StartTls => {
            if converse(&mut tcp, part, tell, false).await? {
                let mut tls = acceptor.accept(tcp).await?;
                let _told = tell.send("(tls)".to_owned());
                converse(&mut tls, part, tell, true).await?;
            }
            Ok(())
        }
    }
}

/// Speaks until the other side quits; true when TLS is to begin.
async fn converse(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    part: &Part,
    tell: &UnboundedSender<String>,
    sealed: bool,
) -> io::Result<bool> {
    let mut pending = Vec::new();
    // After STARTTLS there is no second greeting.
    let greeted = sealed && part.security == Security::StartTls;
    if !greeted && !answer(stream, part, "", "220 box ready").await? {
        return Ok(false);
    }
    let extensions = match part.security {
        Security::StartTls if !sealed && part.offers_tls => "250-box\r\n250-STARTTLS\r\n250 8BITMIME".to_owned(),
        Security::StartTls if !sealed => "250-box\r\n250 8BITMIME".to_owned(),
        Security::StartTls | Security::Tls | Security::Plain => {
            format!("250-box\r\n250-8BITMIME\r\n250 AUTH {}", part.mechanisms)
        }
    };
    loop {
        let Some(line) = line(stream, &mut pending).await? else { return Ok(false) };
        let _told = tell.send(line.clone());
        let usual = match line.split(' ').next().unwrap_or_default() {
            "EHLO" => extensions.as_str(),
            "STARTTLS" => {
                stream.write_all(format!("220 go ahead\r\n{}", part.injected).as_bytes()).await?;
                return Ok(true);
            }
            "AUTH" => "235 2.7.0 welcome",
            "DATA" => "354 go ahead",
            "QUIT" => "221 bye",
            _ => "250 2.0.0 fine",
        };
        if !answer(stream, part, &line, usual).await? || line == "QUIT" {
            return Ok(false);
        }
        if line == "DATA" {
            let mail = mail(stream, &mut pending).await?;
            let _told = tell.send(format!("(mail)\r\n{mail}"));
            if !answer(stream, part, "(mail)", "250 2.0.0 queued").await? {
                return Ok(false);
            }
        }
    }
}

/// Answers; false when the part is to hang up.
async fn answer(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    part: &Part,
    command: &str,
    usual: &str,
) -> io::Result<bool> {
    let odd =
        part.odd.filter(|(begin, _)| if begin.is_empty() { command.is_empty() } else { command.starts_with(begin) });
    match odd {
        Some((_, "")) => return Ok(false),
        Some((_, "wait")) => std::future::pending().await,
        Some((_, odd)) => stream.write_all(format!("{odd}\r\n").as_bytes()).await?,
        None => stream.write_all(format!("{usual}\r\n").as_bytes()).await?,
    }
    stream.flush().await?;
    Ok(odd.is_none_or(|(_, odd)| !odd.starts_with("421")))
}

async fn line(stream: &mut (impl AsyncRead + Unpin), pending: &mut Vec<u8>) -> io::Result<Option<String>> {
    until(stream, pending, b"\r\n").await
}

/// A mail as it was meant: without the dots that were put before dots.
async fn mail(stream: &mut (impl AsyncRead + Unpin), pending: &mut Vec<u8>) -> io::Result<String> {
    let mail = until(stream, pending, b"\r\n.\r\n").await?.unwrap_or_default();
    Ok(mail.replace("\r\n..", "\r\n."))
}

async fn until(stream: &mut (impl AsyncRead + Unpin), pending: &mut Vec<u8>, end: &[u8]) -> io::Result<Option<String>> {
    loop {
        if let Some(at) = pending.windows(end.len()).position(|window| window == end) {
            let text: Vec<u8> = pending.drain(..at + end.len()).collect();
            return Ok(Some(String::from_utf8(text[..at].to_vec()).unwrap()));
        }
        if stream.read_buf(pending).await? == 0 {
            return Ok(None);
        }
    }
}
