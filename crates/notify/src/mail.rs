//! A notice as a mail, and the mail server that takes it.
//!
//! Knows headers and settings; not the conversation, nor when to try again.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use rustls::ClientConfig;
use secrecy::SecretString;

use crate::error::{SendError, SettingsError};
use crate::letter::{line, subject};
use crate::notice::Notice;
use crate::smtp::{self, Letterbox};
use crate::tls::{self, Trust};

/// Longest mail address, in characters (RFC 5321, section 4.5.3.1, without the angle brackets).
const LONGEST_ADDRESS: usize = 254;

/// Longest name of the sender, in characters.
const LONGEST_NAME: usize = 100;

/// How the way to the mail server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte; usually port 465.
    Tls,
    /// TLS after a greeting in the clear; usually port 587. A server that does not offer it gets no mail.
    StartTls,
    /// No TLS: only for a mail server on this machine or in a network that nobody else reads.
    Plain,
}

impl Security {
    /// The port that is usual for it.
    pub fn port(self) -> u16 {
        match self {
            Security::Tls => 465,
            Security::StartTls => 587,
            Security::Plain => 25,
        }
    }
}

/// Who logs in at the mail server.
#[derive(Debug, Clone)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

/// The operator's mail server.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Its name, or its address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// TLS or not.
    pub security: Security,
    /// Who logs in; nobody where the server needs no login. Never over a connection without TLS, except on this machine.
    pub login: Option<Login>,
    /// Whom mails come from: `sluice@example.com` or `Sluice <sluice@example.com>`.
    pub from: String,
    /// How this server calls itself in the greeting; by default its address as the mail server sees it.
    pub hello: Option<String>,
    /// Longest conversation.
    pub timeout: Duration,
    /// Certificates in PEM, trusted instead of the system's.
    pub roots: Option<String>,
}

/// Sends notices by mail, one conversation each.
#[derive(Debug)]
pub struct Mailer {
    letterbox: Letterbox,
    from: Mailbox,
    trust: Trust,
    /// Made at the first mail that needs it: a server without certificates can use a mail server without TLS.
    tls: OnceLock<Arc<ClientConfig>>,
}

impl Mailer {
    /// A mailer for these settings. Nothing is connected yet.
    ///
    /// # Errors
    /// The sender is no mail address, the certificates cannot be read, or a password would travel in the clear.
    pub fn new(settings: SmtpSettings) -> Result<Mailer, SettingsError> {
        let host = settings.host.trim().trim_matches(['[', ']']).to_owned();
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@".contains(c)) {
            let hint = "give the name alone, such as smtp.example.com; the port stands in smtp_port";
            return Err(SettingsError::at("smtp_host", "is no name of a host", hint));
        }
        let from: Mailbox = settings.from.trim().parse().map_err(|_| {
            let hint = "write sluice@example.com or Sluice <sluice@example.com>";
            SettingsError::at("mail_from", "is no mail address", hint)
        })?;
        check_address(from.email.as_ref()).map_err(|message| {
            SettingsError::at("mail_from", &message, "write sluice@example.com or Sluice <sluice@example.com>")
        })?;
        let from = Mailbox::new(from.name.map(|name| line(&name, LONGEST_NAME)), ascii(&from.email));
        let local = host.eq_ignore_ascii_case("localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if settings.security == Security::Plain && settings.login.is_some() && !local {
            let hint = "set smtp_security to tls or starttls, or leave smtp_user out";
            return Err(SettingsError::at("smtp_security", "would send the password in the clear", hint));
        }
        let hello = settings.hello.as_deref().map(hello).transpose()?;
        let trust = match &settings.roots {
            None => Trust::System,
            Some(pem) => Trust::Given(tls::roots(pem).ok_or_else(|| {
                let hint = "name a file with certificates in PEM: -----BEGIN CERTIFICATE-----";
                SettingsError::at("smtp_ca_file", "holds no certificates that can be used", hint)
            })?),
        };
        let SmtpSettings { port, security, login, timeout, .. } = settings;
        let letterbox = Letterbox { host, port, security, login, hello, timeout };
        Ok(Mailer { letterbox, from, trust, tls: OnceLock::new() })
    }

    /// Sends a notice to one address. A repetition has the same `Message-ID`.
    ///
    /// # Errors
    /// `Refused` when the mail server refuses the recipient or the mail for good; `Later` when it does not take the recipient
    /// or the mail now; `Blocked` for what every mail would meet until it passes or an operator mends it: connection,
    /// certificate, login, sender, a server that does not answer.
    pub async fn send(&self, to: &str, notice: &Notice) -> Result<(), SendError> {
        let hint = "correct the recipient's address";
        check_address(to).map_err(|message| SendError::refused(format!("the recipient {message}"), hint))?;
        let to = to.parse().map(|to| ascii(&to));
        let to = to.map_err(|_| SendError::refused("the recipient is no mail address", hint))?;
        let message = message(&self.from, &to, notice)?;
        let tls = match self.letterbox.security {
            Security::Tls | Security::StartTls => Some(self.tls()?),
            Security::Plain => None,
        };
        Box::pin(smtp::deliver(&self.letterbox, tls, &self.from.email, &to, &message)).await
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, SendError> {
        if let Some(config) = self.tls.get() {
            return Ok(Arc::clone(config));
        }
        let config = tls::config(&self.trust).map_err(|_| {
            let hint = "install the certificates of this system, or name a file with them in smtp_ca_file";
            SendError::blocked("TLS cannot be set up on this server", hint)
        })?;
        Ok(Arc::clone(self.tls.get_or_init(|| Arc::new(config))))
    }
}

/// Judges a mail address: one, without a name, such as `ada@example.com`.
///
/// # Errors
/// What is wrong with it: a fragment that does not repeat it.
pub fn check_address(text: &str) -> Result<(), String> {
    if text.chars().count() > LONGEST_ADDRESS {
        return Err("is longer than a mail address can be".to_owned());
    }
    // A quoted name before the @ may hold almost anything; nobody has one, and headers are safer without.
    let odd = |c: char| c.is_control() || c.is_whitespace() || "\"<>,;".contains(c);
    let address = text.parse::<Address>().ok().filter(|_| !text.contains(odd));
    let Some(address) = address else {
        return Err("is no mail address such as ada@example.com".to_owned());
    };
    // Few mail servers take other letters there (RFC 6531). In a domain they have a form that all take.
    if !address.user().is_ascii() {
        return Err("has letters before the @ that few mail servers take".to_owned());
    }
    Ok(())
}

/// An address with its domain in letters that every mail server takes.
fn ascii(address: &Address) -> Address {
    match url::Host::parse(address.domain()) {
        Ok(url::Host::Domain(domain)) => Address::new(address.user(), domain).unwrap_or_else(|_| address.clone()),
        // An address in brackets.
        Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) | Err(_) => address.clone(),
    }
}

fn hello(name: &str) -> Result<ClientId, SettingsError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    if name.is_empty() || name.len() > 253 || !name.chars().all(legal) {
        let hint = "write this server's name as others see it, such as sluice.example.com";
        return Err(SettingsError::at("hello", "is no name of a host", hint));
    }
    Ok(ClientId::Domain(name.to_owned()))
}

/// The mail: both forms of the text, and headers that keep answering machines quiet.
fn message(from: &Mailbox, to: &Address, notice: &Notice) -> Result<Vec<u8>, SendError> {
    let seconds = u64::try_from(notice.time().as_second()).unwrap_or_default();
    let part = |kind: ContentType, text: String| SinglePart::builder().header(kind).body(text);
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(subject(notice))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
        .message_id(Some(format!("<{}@{}>", notice.token(), domain(&from.email))))
        // RFC 3834: no automatic answers.
        .raw_header(header("Auto-Submitted", "auto-generated"))
        // The same for Exchange, which does not know it.
        .raw_header(header("X-Auto-Response-Suppress", "All"))
        .multipart(
            MultiPart::alternative()
                .singlepart(part(ContentType::TEXT_PLAIN, crate::text(notice)))
                .singlepart(part(ContentType::TEXT_HTML, crate::html(notice))),
        );
    let message = message.map_err(|_| {
        SendError::refused("the mail cannot be written", "correct the addresses of sender and recipient")
    })?;
    Ok(message.formatted())
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// The sender's domain, in letters that a `Message-ID` may have.
fn domain(from: &Address) -> String {
    match url::Host::parse(from.domain()) {
        Ok(host) => host.to_string(),
        Err(_) => "sluice.invalid".to_owned(),
    }
}

#[cfg(test)]
mod tests;
