//! Where a webhook may lead: public addresses over https, and what the operator allows besides.
//!
//! Knows no request and no notice. People who are not the operator write webhooks, so their addresses must not reach into the
//! network that the server stands in: names are judged by what they lead to at the moment of connecting.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Longest address of a webhook, in bytes.
const LONGEST: usize = 2_048;

/// Why a webhook's address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UrlError {
    /// What is wrong, a lower-case fragment. Never repeats the address: its path may be a secret.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl UrlError {
    fn new(message: &str, hint: &str) -> UrlError {
        UrlError { message: message.to_owned(), hint: hint.to_owned() }
    }
}

/// What an operator allows besides public hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookPolicy {
    /// Names or addresses of hosts that may have private addresses. Still called over https.
    pub allowed_hosts: Vec<String>,
    /// Whether this machine may be called, over http or https.
    pub allow_loopback: bool,
}

impl WebhookPolicy {
    /// Judges an address before it is saved. What its name leads to is judged at each call.
    ///
    /// # Errors
    /// It is no https address (http is for this machine alone), it holds a user, or it is an address of a private network.
    pub fn check(&self, text: &str) -> Result<(), UrlError> {
        self.url(text).map(|_| ())
    }

    pub(crate) fn url(&self, text: &str) -> Result<Url, UrlError> {
        let whole = "write the whole address, such as https://hooks.example.com/sluice";
        if text.len() > LONGEST {
            return Err(UrlError::new("the address is longer than 2,048 characters", "use a shorter address"));
        }
        if text.trim().contains(char::is_control) {
            let hint = "copy it once more, without line breaks and tabs";
            return Err(UrlError::new("the address has a control character, such as a line break", hint));
        }
        let url = Url::parse(text.trim()).map_err(|_| UrlError::new("this is no web address", whole))?;
        let (Some(host), true) = (url.host(), matches!(url.scheme(), "https" | "http")) else {
            return Err(UrlError::new("the address must start with https://", whole));
        };
        if !url.username().is_empty() || url.password().is_some() {
            let hint = "leave them out: calls are signed with the webhook's secret";
            return Err(UrlError::new("the address must not hold a user or a password", hint));
        }
        if url.fragment().is_some() {
            return Err(UrlError::new("the address must not hold a #", "leave out the # and what follows it"));
        }
        if url.port() == Some(0) {
            return Err(UrlError::new("the port is not a number from 1 to 65535", whole));
        }
        let loopback = is_loopback(&host);
        if url.scheme() == "http" && !loopback {
            return Err(UrlError::new("the address must start with https://", whole));
        }
        if loopback && !self.allow_loopback && (url.scheme() == "http" || !self.lists(&host.to_string())) {
            let hint = "to call a receiver on this machine, the operator starts the server with --allow-loopback, or writes \
                        allow_loopback: true in sluice.yaml";
            return Err(UrlError::new("this machine must not be called", hint));
        }
        if !loopback && literal(&host).is_some_and(|address| !is_public(address)) && !self.lists(&host.to_string()) {
            return Err(UrlError::new("this is no public address", PRIVATE_HINT));
        }
        Ok(url)
    }

    /// Whether the operator lists this host.
    fn lists(&self, host: &str) -> bool {
        let bare = |name: &str| name.trim().trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        self.allowed_hosts.iter().any(|listed| bare(listed) == bare(host))
    }

    /// Whether a name may lead to this address.
    fn permits(&self, name: &str, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let here = address.is_loopback() && self.allow_loopback && is_localhost(name);
        here || is_public(address) || self.lists(name)
    }
}

/// What to do when a name leads into a private network.
pub(crate) const PRIVATE_HINT: &str = "use a public address, or let the operator add the host to webhook_hosts";

/// A name leads to addresses that may not be called, and to no other.
#[derive(Debug, thiserror::Error)]
#[error("the name leads to a private address")]
pub(crate) struct Private;

/// How names become addresses: the system's way, except in tests.
pub(crate) type Lookup = fn(String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The system's way.
pub(crate) fn system(name: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

/// Resolves names for the HTTP client and keeps back what may not be called: the client connects to nothing else, so a name
/// that changes between a check and a call gains nothing.
#[derive(Clone)]
pub(crate) struct Guard {
    pub(crate) policy: Arc<WebhookPolicy>,
    pub(crate) lookup: Lookup,
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let Guard { policy, lookup } = self.clone();
        Box::pin(async move {
            let found = lookup(name.as_str().to_owned()).await?;
            let any = !found.is_empty();
            let permitted: Vec<SocketAddr> =
                found.into_iter().filter(|address| policy.permits(name.as_str(), address.ip())).collect();
            if any && permitted.is_empty() {
                return Err(Private.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

fn literal(host: &Host<&str>) -> Option<IpAddr> {
    match host {
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address).to_canonical()),
        Host::Domain(_) => None,
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_localhost(name),
        Host::Ipv4(_) | Host::Ipv6(_) => literal(host).is_some_and(|address| address.is_loopback()),
    }
}

/// RFC 6761, section 6.3: this name and all below it are this machine's.
fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether an address is one that the public internet routes. The list is IANA's registries of special addresses, and the one
/// public address that is a cloud's metadata service.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let protocols = a == 192 && b == 0 && c == 0;
            let relays = a == 192 && b == 88 && c == 99;
            let benchmark = a == 198 && (b == 18 || b == 19);
            // Azure's: reachable from any of its machines, and from nowhere else.
            let metadata = v4 == Ipv4Addr::new(168, 63, 129, 16);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_documentation();
            !(a == 0 || a >= 224 || shared || protocols || relays || benchmark || metadata || special)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            None => {
                let [a, b, ..] = v6.segments();
                // Global unicast is 2000::/3. Within it: protocols and Teredo 2001::/23, documents 2001:db8::/32 and
                // 3fff::/20, and 2002::/16, which carries IPv4 addresses of any kind.
                let special = (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
                (a & 0xe000) == 0x2000 && !special
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_called() {
        for address in
            ["13.110.0.1", "8.8.8.8", "192.0.1.1", "168.63.129.17", "2606:4700::1", "2001:4860::8", "::ffff:8.8.8.8"]
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        let refused = [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.100.100.200",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.192",
            "192.88.99.1",
            "168.63.129.16",
            "203.0.113.9",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "3fff::1",
            "ff02::1",
        ];
        for address in refused {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn addresses_of_webhooks() {
        let strict = WebhookPolicy::default();
        let open = WebhookPolicy { allowed_hosts: vec!["Hooks.corp".into(), "10.0.0.5".into()], allow_loopback: true };
        let (no, yes) = ("refused", "taken");
        let cases = [
            ("https://hooks.example.com/a?b=c", yes, yes),
            ("https://hooks.example.com:8443/", yes, yes),
            (" https://8.8.8.8/ ", yes, yes),
            ("https://10.0.0.5/", no, yes),
            ("https://10.0.0.5:1234/", no, yes),
            ("https://10.0.0.6/", no, no),
            ("http://10.0.0.5/", no, no),
            ("http://hooks.corp/", no, no),
            ("https://hooks.corp/", yes, yes),
            ("http://hooks.example.com/", no, no),
            ("http://127.0.0.1:9/", no, yes),
            ("http://localhost:9/", no, yes),
            ("http://a.localhost./", no, yes),
            ("http://[::1]:9/", no, yes),
            ("https://[::ffff:127.0.0.1]/", no, yes),
            ("http://127.0.0.1.example.com/", no, no),
            ("https://169.254.169.254/latest/meta-data", no, no),
            ("https://2852039166/", no, no),
            ("https://0xa9fea9fe/", no, no),
            ("https://0251.0376.0251.0376/", no, no),
            ("https://[fd00::1]/", no, no),
            ("https://[64:ff9b::a00:5]/", no, no),
            ("https://0/", no, no),
            ("https://user@hooks.example.com/", no, no),
            ("https://user:word@hooks.example.com/", no, no),
            ("https://hooks.example.com/#x", no, no),
            ("https://hooks.example.com:0/", no, no),
            ("https://hooks.example.com:99999/", no, no),
            ("ftp://hooks.example.com/", no, no),
            ("file:///etc/passwd", no, no),
            ("hooks.example.com/", no, no),
            ("https://", no, no),
            ("", no, no),
        ];
        for (text, by_default, opened) in cases {
            let shown = |policy: &WebhookPolicy| if policy.check(text).is_ok() { yes } else { no };
            assert_eq!((shown(&strict), shown(&open)), (by_default, opened), "{text}");
        }
        let long = format!("https://hooks.example.com/{}", "a".repeat(LONGEST));
        assert!(strict.check(&long).is_err());
        let error = strict.check("https://192.168.0.1/token-in-the-path").unwrap_err();
        assert!(!format!("{error:?}").contains("token"), "{error:?}");
    }

    #[test]
    fn names_are_judged_by_what_they_lead_to() {
        let policy = WebhookPolicy { allowed_hosts: vec!["hooks.corp".into()], allow_loopback: true };
        let cases = [
            ("hooks.example.com", "8.8.8.8", true),
            ("hooks.example.com", "10.0.0.5", false),
            ("hooks.example.com", "127.0.0.1", false),
            ("hooks.example.com", "::ffff:10.0.0.5", false),
            ("hooks.corp", "10.0.0.5", true),
            ("HOOKS.corp.", "10.0.0.5", true),
            ("localhost", "127.0.0.1", true),
            ("localhost", "10.0.0.5", false),
        ];
        for (name, address, want) in cases {
            assert_eq!(policy.permits(name, address.parse().unwrap()), want, "{name} {address}");
        }
        assert!(!WebhookPolicy::default().permits("localhost", "127.0.0.1".parse().unwrap()));
    }
}
