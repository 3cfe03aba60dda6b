//! The addresses that calls may go to: Pardot's two hosts, Salesforce's logins, and this machine.
//!
//! Knows no request and resolves no name. Everything that is not on the list is refused, so that tokens and personal data
//! cannot be sent to a stranger by a slip in a setting.

use std::fmt;
use std::net::Ipv4Addr;

const PARDOT: [&str; 2] = ["pi.pardot.com", "pi.demo.pardot.com"];
const LOGIN: [&str; 2] = ["login.salesforce.com", "test.salesforce.com"];
/// My Domain endings: the public cloud and the government's.
const MY_DOMAIN: [&str; 2] = [".my.salesforce.com", ".my.salesforce.mil"];
/// Partitions that may stand before a My Domain ending (`acme--uat.sandbox.my.salesforce.com`).
const PARTITIONS: [&str; 8] = ["sandbox", "develop", "scratch", "demo", "patch", "trailblaze", "free", "gov"];

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HostError {
    /// What is wrong, a lower-case fragment. Never repeats the text that was given.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// A base address that may be called: scheme, host and, on this machine only, a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Host {
    base: String,
    loopback: bool,
}

impl Host {
    /// A Pardot host, such as `https://pi.pardot.com`.
    pub fn pardot(text: &str) -> Result<Host, HostError> {
        let hint = "use https://pi.pardot.com, or https://pi.demo.pardot.com for sandboxes and developer orgs";
        let parts = Parts::of(text, hint)?;
        if parts.loopback() || PARDOT.contains(&parts.name.as_str()) {
            return parts.host(hint);
        }
        let nearest = PARDOT
            .iter()
            .min_by_key(|known| distance(known, &parts.name))
            .filter(|known| distance(known, &parts.name) <= 6);
        let hint = nearest.map_or_else(|| hint.to_owned(), |known| format!("did you mean https://{known}?"));
        Err(HostError { message: "this is not a Pardot host".to_owned(), hint })
    }

    /// A Salesforce login host, such as `https://login.salesforce.com` or the My Domain of an org.
    pub fn login(text: &str) -> Result<Host, HostError> {
        let hint = "use https://login.salesforce.com, https://test.salesforce.com for sandboxes, or the My Domain address that ends \
                    with .my.salesforce.com";
        let parts = Parts::of(text, hint)?;
        if parts.loopback() || LOGIN.contains(&parts.name.as_str()) || my_domain(&parts.name) {
            return parts.host(hint);
        }
        Err(HostError { message: "this is not a Salesforce login host".to_owned(), hint: hint.to_owned() })
    }

    /// The address without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.base
    }

    /// Whether it is this machine (the sandbox), the only place that may be called without TLS.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

/// What an operator allows besides Pardot's and Salesforce's own hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts {
    /// Further Pardot hosts: names, called over https on port 443.
    pub pardot: Vec<String>,
    /// Further login hosts: names, called over https on port 443.
    pub login: Vec<String>,
    /// Whether this machine may be called (the sandbox).
    pub loopback: bool,
    /// The one address of this machine that may be called all the same: the sandbox that this process runs.
    pub sandbox: Option<String>,
}

impl AllowedHosts {
    /// A Pardot host.
    ///
    /// # Errors
    /// It is neither Pardot's nor on the list.
    pub fn pardot(&self, text: &str) -> Result<Host, HostError> {
        self.judge(text, &self.pardot, Host::pardot(text))
    }

    /// A Salesforce login host.
    ///
    /// # Errors
    /// It is neither Salesforce's nor on the list.
    pub fn login(&self, text: &str) -> Result<Host, HostError> {
        self.judge(text, &self.login, Host::login(text))
    }

    fn judge(&self, text: &str, listed: &[String], own: Result<Host, HostError>) -> Result<Host, HostError> {
        match own {
            Ok(host) if host.is_loopback() && !self.loopback && self.sandbox.as_deref() != Some(host.as_str()) => {
                Err(HostError {
                    message: "this machine must not be called".to_owned(),
                    hint:
                        "to call a sandbox on this machine, start the server or the command with --allow-loopback, set \
                       SLUICE_ALLOW_LOOPBACK=true, or write allow_loopback: true in sluice.yaml"
                            .to_owned(),
                })
            }
            Ok(host) => Ok(host),
            Err(error) => match Parts::of(text, &error.hint) {
                Ok(parts) if listed.iter().any(|name| name.eq_ignore_ascii_case(&parts.name)) => {
                    let hint = error.hint;
                    parts.host(&hint)
                }
                Ok(_) | Err(_) => Err(error),
            },
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

struct Parts {
    secure: bool,
    name: String,
    port: Option<u16>,
}

impl Parts {
    fn of(text: &str, hint: &str) -> Result<Parts, HostError> {
        let fail = |message: &str| HostError { message: message.to_owned(), hint: hint.to_owned() };
        let text = text.trim().to_ascii_lowercase();
        let (secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(fail("the address must start with https://")),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('@') {
            return Err(fail("the address must not hold a user or a password"));
        }
        if authority.contains(['/', '?', '#']) {
            return Err(fail("the address must not have a path or a query"));
        }
        let (name, port) = match authority.rfind(':') {
            Some(colon) if !authority.ends_with(']') => (&authority[..colon], Some(&authority[colon + 1..])),
            Some(_) | None => (authority, None),
        };
        let port = match port {
            None => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().map_err(|_| fail("the port is not a number from 1 to 65535"))?)
            }
            Some(_) => return Err(fail("the port is not a number from 1 to 65535")),
        };
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        if name.is_empty() || !(name == "[::1]" || name.bytes().all(legal)) {
            return Err(fail("the host name has characters that no host name has"));
        }
        Ok(Parts { secure, name: name.to_owned(), port })
    }

    /// Plain http to this machine; https to it would need a certificate that nobody issues.
    fn loopback(&self) -> bool {
        let address = self.name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
        !self.secure && (address || self.name == "[::1]" || self.name == "localhost")
    }

    fn host(self, hint: &str) -> Result<Host, HostError> {
        let fail = |message: &str| Err(HostError { message: message.to_owned(), hint: hint.to_owned() });
        let loopback = self.loopback();
        match (self.port, loopback, self.secure) {
            (Some(0), ..) => fail("the port is not a number from 1 to 65535"),
            (Some(port), true, _) => Ok(Host { base: format!("http://{}:{port}", self.name), loopback }),
            (None, true, _) => Ok(Host { base: format!("http://{}", self.name), loopback }),
            (_, false, false) => fail("the address must start with https://"),
            (None | Some(443), false, true) => Ok(Host { base: format!("https://{}", self.name), loopback }),
            (Some(_), false, true) => fail("only port 443 is allowed"),
        }
    }
}

/// `<domain>.my.salesforce.com`, or `<domain>.<partition>.my.salesforce.com`.
fn my_domain(name: &str) -> bool {
    let label = |text: &str| !text.is_empty() && text.len() <= 63 && !text.starts_with('-') && !text.ends_with('-');
    let Some(front) = MY_DOMAIN.iter().find_map(|ending| name.strip_suffix(ending)) else {
        return false;
    };
    match front.split_once('.') {
        None => label(front),
        Some((domain, partition)) => label(domain) && PARTITIONS.contains(&partition),
    }
}

/// Edits between two short names.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.bytes().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, b) in right.bytes().enumerate() {
            let next = (corner + usize::from(a != b)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(host: Result<Host, HostError>) -> String {
        host.map_or_else(|error| format!("! {} | {}", error.message, error.hint), |host| host.as_str().to_owned())
    }

    #[test]
    fn pardot_hosts() {
        let hint = "use https://pi.pardot.com, or https://pi.demo.pardot.com for sandboxes and developer orgs";
        let want = [
            ("https://pi.pardot.com", "https://pi.pardot.com".to_owned()),
            ("https://PI.pardot.com/", "https://pi.pardot.com".to_owned()),
            ("https://pi.pardot.com:443", "https://pi.pardot.com".to_owned()),
            ("https://pi.demo.pardot.com", "https://pi.demo.pardot.com".to_owned()),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080".to_owned()),
            ("http://127.9.9.9:1", "http://127.9.9.9:1".to_owned()),
            ("http://[::1]:99", "http://[::1]:99".to_owned()),
            ("http://[::1]", "http://[::1]".to_owned()),
            ("http://localhost:99", "http://localhost:99".to_owned()),
            ("https://pi.pardo.com", "! this is not a Pardot host | did you mean https://pi.pardot.com?".to_owned()),
            (
                "https://pi-demo.pardot.com",
                "! this is not a Pardot host | did you mean https://pi.demo.pardot.com?".to_owned(),
            ),
            ("https://www.example.org", format!("! this is not a Pardot host | {hint}")),
            ("http://pi.pardot.com", format!("! the address must start with https:// | {hint}")),
            ("pi.pardot.com", format!("! the address must start with https:// | {hint}")),
            ("https://pi.pardot.com:8443", format!("! only port 443 is allowed | {hint}")),
            ("https://a@pi.pardot.com", format!("! the address must not hold a user or a password | {hint}")),
            ("https://pi.pardot.com/x", format!("! the address must not have a path or a query | {hint}")),
            ("https://pi.pardot.com?x", format!("! the address must not have a path or a query | {hint}")),
            ("https://pi.pardot.com#x", format!("! the address must not have a path or a query | {hint}")),
            ("https://pi.pardot.com//", format!("! the address must not have a path or a query | {hint}")),
            ("https://", format!("! the host name has characters that no host name has | {hint}")),
        ];
        for (text, want) in want {
            assert_eq!(shown(Host::pardot(text)), want, "{text}");
        }
    }

    #[test]
    fn decoys_are_refused_everywhere() {
        let decoys = [
            "https://pi.pardot.com.evil.org",
            "https://evilpi.pardot.com.",
            "https://pi.pardot.com\\@evil.org",
            "https://127.0.0.1",
            "https://localhost",
            "http://127.0.0.1.evil.org",
            "http://128.0.0.1",
            "http://0.0.0.0",
            "http://[::]",
            "http://[::ffff:127.0.0.1]",
            "http://2130706433",
            "http://0x7f.1",
            "http://127.1",
            "http://10.0.0.1",
            "http://169.254.169.254",
            "http://localhost.evil.org",
            "https://my.salesforce.com",
            "https://.my.salesforce.com",
            "https://evil.org/.my.salesforce.com",
            "https://x.y.my.salesforce.com",
            "https://acme.my.salesforce.com.evil.org",
            "https://acme.my.salesforce.com:80",
            "ftp://pi.pardot.com",
            "javascript:alert(1)",
            "https://pi.pardot.com%00.evil.org",
            "https://pi.pardot\u{3002}com",
            "http://localhost:0",
            "http://localhost:99999",
            "http://localhost:+1",
            "http://localhost:",
            "",
            " ",
            "https://-.my.salesforce.com",
            "http://user@localhost",
            "https://[::1]",
        ];
        for decoy in decoys {
            assert!(Host::pardot(decoy).is_err(), "pardot {decoy}");
            assert!(Host::login(decoy).is_err(), "login {decoy}");
        }
    }

    #[test]
    fn an_operator_allows_further_hosts_and_this_machine() {
        let strict = AllowedHosts::default();
        assert!(strict.login("http://localhost:1").is_err());
        assert_eq!(
            shown(strict.pardot("http://127.0.0.1:8080")),
            "! this machine must not be called | to call a sandbox on this machine, start the server or the command with \
             --allow-loopback, set SLUICE_ALLOW_LOOPBACK=true, or write allow_loopback: true in sluice.yaml"
        );
        assert_eq!(shown(strict.pardot("https://pi.pardot.com")), "https://pi.pardot.com");
        let wide = AllowedHosts {
            pardot: vec!["pi.acme.test".into()],
            login: vec!["sso.acme.test".into()],
            loopback: true,
            sandbox: None,
        };
        let cases = [
            (wide.pardot("https://PI.acme.test/"), Some("https://pi.acme.test")),
            (wide.login("https://sso.acme.test"), Some("https://sso.acme.test")),
            (wide.pardot("http://127.0.0.1:8080"), Some("http://127.0.0.1:8080")),
            (wide.pardot("https://sso.acme.test"), None),
            (wide.login("https://pi.acme.test"), None),
            (wide.pardot("http://pi.acme.test"), None),
            (wide.pardot("https://pi.acme.test:8443"), None),
            (wide.pardot("https://pi.acme.test.evil.org"), None),
            (wide.pardot("https://x@pi.acme.test"), None),
        ];
        for (got, want) in cases {
            assert_eq!(got.ok().as_ref().map(Host::as_str), want);
        }
    }

    #[test]
    fn a_sandbox_of_the_process_opens_its_own_address_alone() {
        let hosts = AllowedHosts { sandbox: Some("http://127.0.0.1:8089".into()), ..AllowedHosts::default() };
        for (text, want) in [
            ("http://127.0.0.1:8089", true),
            ("http://127.0.0.1:8089/", true),
            ("http://localhost:8089", false),
            ("http://127.0.0.1:8090", false),
            ("http://127.0.0.1", false),
            ("http://[::1]:8089", false),
        ] {
            assert_eq!((hosts.pardot(text).is_ok(), hosts.login(text).is_ok()), (want, want), "{text}");
        }
    }

    #[test]
    fn login_hosts() {
        let taken = [
            "https://login.salesforce.com",
            "https://login.salesforce.com/",
            "https://test.salesforce.com",
            "https://acme.my.salesforce.com",
            "https://acme--uat.sandbox.my.salesforce.com",
            "https://acme-dev-ed.develop.my.salesforce.com",
            "https://acme.my.salesforce.mil",
            "http://127.0.0.1:1",
        ];
        for text in taken {
            assert_eq!(shown(Host::login(text)), text.trim_end_matches('/'), "{text}");
        }
        assert!(Host::login("https://pi.pardot.com").is_err() && Host::pardot("https://login.salesforce.com").is_err());
    }
}
