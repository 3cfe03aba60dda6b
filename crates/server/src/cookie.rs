//! The cookies: a session, and the browser that began an approval.
//!
//! Knows their names and flags; not what they are good for.

use api::Secret;
use app::clock::random;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::ServerConfig;

/// Seconds that a browser keeps the binding of an approval: as long as its state is good.
const APPROVAL_SECONDS: u32 = 600;
/// Characters of 256 bits in base64url.
const LENGTH: usize = 43;

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session of a person.
    Session,
    /// The browser that began an approval. It must come along when Salesforce sends the browser back, which a strict
    /// cookie would not.
    Approval,
}

impl Cookie {
    /// A new value: 256 bits of chance.
    pub(crate) fn fresh() -> Secret {
        Secret::new(URL_SAFE_NO_PAD.encode(random::<32>()))
    }

    fn name(self, config: &ServerConfig) -> &'static str {
        // A name that begins so is refused by browsers unless it is Secure, of this host and for every path.
        match (self, config.secure()) {
            (Cookie::Session, true) => "__Host-sluice",
            (Cookie::Session, false) => "sluice",
            (Cookie::Approval, true) => "__Host-sluice-approval",
            (Cookie::Approval, false) => "sluice-approval",
        }
    }

    /// The value that the browser sent; nothing where it sent none, or several, so that nobody can slip one in.
    pub(crate) fn read(self, headers: &HeaderMap, config: &ServerConfig) -> Option<Secret> {
        let name = self.name(config);
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(found, _)| *found == name).map(|(_, value)| value);
        let (value, None) = (values.next()?, values.next()) else { return None };
        let fits = value.len() == LENGTH && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Secret::new(value))
    }

    /// The header that gives it to the browser.
    pub(crate) fn give(self, value: &Secret, config: &ServerConfig) -> HeaderValue {
        let age = match self {
            // It ends with the browser; the server ends it sooner.
            Cookie::Session => String::new(),
            Cookie::Approval => format!("; Max-Age={APPROVAL_SECONDS}"),
        };
        self.header(value.expose(), &age, config)
    }

    /// The header that takes it away.
    pub(crate) fn take(self, config: &ServerConfig) -> HeaderValue {
        self.header("", "; Max-Age=0", config)
    }

    fn header(self, value: &str, age: &str, config: &ServerConfig) -> HeaderValue {
        let site = match self {
            Cookie::Session => "Strict",
            Cookie::Approval => "Lax",
        };
        let secure = if config.secure() { "; Secure" } else { "" };
        let text = format!("{}={value}; Path=/; HttpOnly; SameSite={site}{secure}{age}", self.name(config));
        let mut header = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn flags() {
        let mut config = ServerConfig::new("127.0.0.1:8080".parse().unwrap());
        let value = Secret::new("x".repeat(LENGTH));
        let mut shown = String::new();
        for secure in [false, true] {
            config.behind_proxy = secure;
            for cookie in [Cookie::Session, Cookie::Approval] {
                for header in [cookie.give(&value, &config), cookie.take(&config)] {
                    shown += header.to_str().unwrap();
                    shown += "\n";
                    assert!(header.is_sensitive());
                }
            }
        }
        expect![[r#"
            sluice=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; Path=/; HttpOnly; SameSite=Strict
            sluice=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0
            sluice-approval=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; Path=/; HttpOnly; SameSite=Lax; Max-Age=600
            sluice-approval=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0
            __Host-sluice=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; Path=/; HttpOnly; SameSite=Strict; Secure
            __Host-sluice=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0
            __Host-sluice-approval=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600
            __Host-sluice-approval=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0
        "#]]
        .assert_eq(&shown);
    }

    #[test]
    fn one_value_and_no_other() {
        let config = ServerConfig::new("127.0.0.1:8080".parse().unwrap());
        let good = "a".repeat(LENGTH);
        let cases = [
            (format!("sluice={good}"), true),
            (format!("a=b; sluice={good}; c=d"), true),
            (format!("sluice={good}; sluice={good}"), false),
            (format!("__Host-sluice={good}"), false),
            (format!("sluice-approval={good}"), false),
            ("sluice=short".into(), false),
            (format!("sluice={good}x"), false),
        ];
        for (line, want) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, line.parse().unwrap());
            assert_eq!(Cookie::Session.read(&headers, &config).is_some(), want, "{line}");
        }
    }
}
