//! One exchange over HTTP: bytes out, a complete answer or the reason why there is none.
//!
//! Knows headers, TLS and limits of size and time; neither Pardot's operations nor retries. Nothing that it reports holds a
//! target, a header or a body.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use rustls_platform_verifier::BuilderVerifierExt as _;

use crate::count::Usage;
use crate::grant::GrantError;
use crate::host::Host;
use crate::request::{Body, HttpCall, Method, Response};

/// Longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections are closed early: a request on one that the server just closed has an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest call of the token endpoint.
pub(crate) const LONGEST_TOKEN_CALL: Duration = Duration::from_secs(60);
/// Largest answer that is read. Anything larger is no proof of anything.
pub(crate) const ANSWER_LIMIT: usize = 1 << 20;

/// Why a client cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {cause}")]
    Tls {
        /// What the TLS library says.
        cause: String,
    },
    /// The grant cannot be used.
    #[error(transparent)]
    Grant(#[from] GrantError),
}

impl BuildError {
    /// What to do.
    pub fn hint(&self) -> &'static str {
        match self {
            BuildError::Tls { .. } => {
                "install the certificates of this system, or point SSL_CERT_FILE at a file with them"
            }
            BuildError::Grant(error) => error.hint(),
        }
    }
}

/// A way to one host.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    http: reqwest::Client,
    base: String,
}

/// Why there is no answer when the connection ended before one began: the server may be at work yet.
pub(crate) const BROKE_BEFORE: &str = "the connection broke before the answer";

/// How an exchange ended.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// Nothing was sent.
    NotConnected(&'static str),
    /// Something may have been sent, no complete answer came.
    Broken(&'static str),
    /// A complete answer.
    Answered(Answered),
}

/// A complete answer with the headers that matter.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) response: Response,
    pub(crate) retry_after: Option<String>,
    pub(crate) usage: Option<Usage>,
}

impl Wire {
    pub(crate) fn new(host: &Host, timeout: Duration, headers: HeaderMap) -> Result<Wire, BuildError> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(host)?)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .default_headers(headers);
        if !host.is_loopback() {
            builder = builder.https_only(true).dns_resolver(PublicOnly);
        }
        let http = builder
            .build()
            .map_err(|_| BuildError::Tls { cause: "the HTTP client refuses its settings".to_owned() })?;
        Ok(Wire { http, base: host.as_str().to_owned() })
    }

    /// Builds the request; the exchange itself is a separate step that may outlive the caller.
    pub(crate) fn request(&self, call: &HttpCall) -> reqwest::RequestBuilder {
        let method = match call.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut url = String::with_capacity(self.base.len() + call.target.len());
        url.push_str(&self.base);
        url.push_str(&call.target);
        let request = self.http.request(method, url);
        match &call.body {
            Body::None => request,
            Body::Form(bytes) => form(request, bytes.clone()),
            Body::Json(bytes) => {
                request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(bytes.clone())
            }
        }
    }
}

fn form(request: reqwest::RequestBuilder, bytes: Bytes) -> reqwest::RequestBuilder {
    request.header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")).body(bytes)
}

/// Sends and reads to the end, without a limit of time.
pub(crate) async fn exchange(request: reqwest::RequestBuilder) -> Exchange {
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_builder() => return Exchange::NotConnected("the request cannot be built"),
        Err(error) if error.is_connect() => return Exchange::NotConnected("could not connect"),
        Err(_) => return Exchange::Broken(BROKE_BEFORE),
    };
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after = header(RETRY_AFTER.as_str()).map(str::to_owned);
    let usage = header("x-api-usage").and_then(Usage::parse);
    let status = response.status().as_u16();
    if response.content_length().is_some_and(|length| length > ANSWER_LIMIT as u64) {
        return Exchange::Broken("the answer is larger than 1 MiB");
    }
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_LIMIT => {
                return Exchange::Broken("the answer is larger than 1 MiB");
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(_) => return Exchange::Broken("the connection broke within the answer"),
        }
    }
    Exchange::Answered(Answered { response: Response { status, body: body.freeze() }, retry_after, usage })
}

/// TLS 1.2 or 1.3 with the certificates of the system; there is no switch to trust less.
fn tls(host: &Host) -> Result<rustls::ClientConfig, BuildError> {
    let fail = |error: rustls::Error| BuildError::Tls { cause: error.to_string() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let builder =
        rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(&versions).map_err(fail)?;
    if host.is_loopback() {
        // Plain http: nothing is verified, so a machine without certificates can still run the sandbox.
        return Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth());
    }
    Ok(builder.with_platform_verifier().map_err(fail)?.with_no_client_auth())
}

/// Resolves names, and refuses addresses that no public host has: a poisoned name cannot reach into the local network.
#[derive(Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            let benchmark = a == 198 && (b == 18 || b == 19);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_documentation();
            !(a == 0 || a >= 224 || shared || benchmark || special)
        }
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => is_public(IpAddr::V4(v4)),
            // Global unicast is 2000::/3; 2001:db8::/32 is for documents.
            None => (v6.segments()[0] & 0xe000) == 0x2000 && !(v6.segments()[0] == 0x2001 && v6.segments()[1] == 0xdb8),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_called() {
        for address in ["13.110.0.1", "8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        let refused = [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "172.16.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "::ffff:127.0.0.1",
            "2001:db8::1",
        ];
        for address in refused {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn tls_needs_no_certificates_for_this_machine() {
        assert!(tls(&Host::pardot("http://127.0.0.1:1").unwrap()).is_ok());
    }

    #[test]
    fn tls_needs_no_provider_of_the_process() {
        // A machine without certificates gets an error with a hint; none gets a panic.
        match Wire::new(&Host::pardot("https://pi.pardot.com").unwrap(), Duration::from_secs(1), HeaderMap::new()) {
            Ok(wire) => assert_eq!(wire.base, "https://pi.pardot.com"),
            Err(error) => assert!(!error.hint().is_empty()),
        }
    }
}
