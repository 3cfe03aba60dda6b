//! One exchange with a server: a request out, a document or the reason why there is none.
//!
//! Knows addresses, TLS and limits; no route.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder, Response};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::ClientError;
use crate::ProblemDocument;

/// Longest time to connect.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Longest time of an exchange of documents: the server may plan a query or ask Pardot meanwhile.
const EXCHANGE_TIME: Duration = Duration::from_secs(300);
/// Largest document that is read.
const DOCUMENT_LIMIT: usize = 64 << 20;

/// The way to one server, with the right to be there.
#[derive(Clone)]
pub(super) struct Wire {
    http: reqwest::Client,
    base: Url,
    authorization: HeaderValue,
}

impl Wire {
    pub(super) fn new(address: &str, token: &SecretString, ca: Option<&[u8]>) -> Result<Wire, ClientError> {
        let base = base(address)?;
        let unusable = |message: String, hint: &str| ClientError::Unusable { message, hint: hint.into() };
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", token.expose_secret().trim())).map_err(|_| {
                unusable("the token has characters that no token has".into(), "take the token as it was shown")
            })?;
        authorization.set_sensitive(true);
        let certificates = "install the certificates of this system, or name the server's with --ca-file";
        let tls = tls(&base, ca).map_err(|cause| unusable(format!("cannot set up TLS: {cause}"), certificates))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, application/problem+json"));
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIME)
            .tcp_nodelay(true)
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .build()
            .map_err(|_| unusable("the HTTP client refuses its settings".into(), certificates))?;
        Ok(Wire { http, base, authorization })
    }

    /// The server's address, for people.
    pub(super) fn server(&self) -> String {
        self.base.as_str().trim_end_matches('/').to_owned()
    }

    /// A request to a route: segments of its path, and its query.
    pub(super) fn request(&self, method: Method, path: &[&str], query: &[(&str, Option<&str>)]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        let given: Vec<(&str, &str)> = query.iter().filter_map(|(name, value)| Some((*name, (*value)?))).collect();
        if !given.is_empty() {
            url.query_pairs_mut().extend_pairs(given);
        }
        self.http.request(method, url).header(AUTHORIZATION, self.authorization.clone())
    }

    /// Sends a request without a body and reads the document.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, Option<&str>)],
    ) -> Result<T, ClientError> {
        self.document(self.request(Method::GET, path, query)).await
    }

    /// Sends a document and reads the one that answers.
    pub(super) async fn give<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        document: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.document(with(self.request(method, path, &[]), document)).await
    }

    /// Sends a request and reads the document.
    pub(super) async fn document<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        self.status_and_document(request).await.map(|(_, document)| document)
    }

    /// The same with the HTTP status of the success.
    pub(super) async fn status_and_document<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<(u16, T), ClientError> {
        let response = self.open(request.timeout(EXCHANGE_TIME)).await?;
        let status = response.status().as_u16();
        let bytes = self.bytes(response).await?;
        // The parser's own words may quote the document.
        let document = serde_json::from_slice(&bytes).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            self.unexpected(format!("a document of another shape ({status}; {place})"))
        })?;
        Ok((status, document))
    }

    /// Sends a request whose answer says nothing more.
    pub(super) async fn done(&self, request: RequestBuilder) -> Result<(), ClientError> {
        self.open(request.timeout(EXCHANGE_TIME)).await.map(drop)
    }

    /// Sends a request; the answer is a success whose body is still to be read.
    pub(super) async fn open(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = request.send().await.map_err(|error| self.broken(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let bytes = self.bytes(response).await?;
        match serde_json::from_slice::<ProblemDocument>(&bytes) {
            Ok(problem) => Err(ClientError::Problem(Box::new(problem))),
            Err(_) => {
                let found = format!("HTTP status {status} without a problem document");
                Err(ClientError::Unexpected { server: self.server(), found, status: Some(status) })
            }
        }
    }

    async fn bytes(&self, mut response: Response) -> Result<Bytes, ClientError> {
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(&error))? {
            if body.len() + chunk.len() > DOCUMENT_LIMIT {
                return Err(self.unexpected(format!("a document of more than {DOCUMENT_LIMIT} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    pub(super) fn unexpected(&self, found: impl Into<String>) -> ClientError {
        ClientError::Unexpected { server: self.server(), found: found.into(), status: None }
    }

    /// Says why an exchange broke, without the address's query: the innermost cause is the one that people know.
    pub(super) fn broken(&self, error: &reqwest::Error) -> ClientError {
        let cause = if error.is_timeout() {
            "it took too long".to_owned()
        } else {
            let mut inner: &dyn std::error::Error = error;
            while let Some(source) = inner.source() {
                inner = source;
            }
            let what = if error.is_connect() { "could not connect" } else { "the connection broke" };
            if std::ptr::addr_eq(inner, error) { what.to_owned() } else { format!("{what}: {inner}") }
        };
        ClientError::Connect { server: self.server(), cause }
    }
}

/// The request with a JSON document as its body.
pub(super) fn with(request: RequestBuilder, document: &impl Serialize) -> RequestBuilder {
    match serde_json::to_vec(document) {
        Ok(bytes) => request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(bytes),
        // Documents of this crate always become JSON; without a body the server names the problem.
        Err(_) => request,
    }
}

/// The address of a server: https, or http on this machine, where no network listens.
fn base(address: &str) -> Result<Url, ClientError> {
    let refuse = |message: &str| {
        let hint = "write it like https://sluice.example.com, or http://127.0.0.1:8080 on this machine";
        Err(ClientError::Unusable { message: format!("the server's address {message}"), hint: hint.into() })
    };
    let Ok(mut url) = Url::parse(address.trim()) else {
        return refuse("is no URL");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("must not hold a user or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("must not have a query or a fragment");
    }
    match (url.scheme(), is_loopback(&url)) {
        ("https", _) | ("http", true) => {}
        ("http", false) => return refuse("must start with https://: a token would travel in the clear"),
        _ => return refuse("must start with https://"),
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{path}/"));
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn tls(base: &Url, ca: Option<&[u8]>) -> Result<rustls::ClientConfig, String> {
    let text = |error: rustls::Error| error.to_string();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let builder =
        rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(&versions).map_err(text)?;
    if let Some(pem) = ca {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.map_err(|error| format!("{error:?}"))?).map_err(text)?;
        }
        if roots.is_empty() {
            return Err("there is no certificate in the file".into());
        }
        return Ok(builder.with_root_certificates(roots).with_no_client_auth());
    }
    if base.scheme() == "http" {
        // Plain http: nothing is verified, so a machine without certificates can still talk to its own server.
        return Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth());
    }
    Ok(builder.with_platform_verifier().map_err(text)?.with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_travels_encrypted_or_not_at_all() {
        let cases = [
            ("http://127.0.0.1:8080", Ok("http://127.0.0.1:8080/")),
            ("http://[::1]:8080/", Ok("http://[::1]:8080/")),
            ("http://localhost", Ok("http://localhost/")),
            ("https://sluice.example.com", Ok("https://sluice.example.com/")),
            ("https://example.com/sluice/", Ok("https://example.com/sluice/")),
            ("http://sluice.example.com", Err("must start with https://: a token would travel in the clear")),
            ("http://127.0.0.1.example.com", Err("must start with https://: a token would travel in the clear")),
            ("http://10.0.0.1", Err("must start with https://: a token would travel in the clear")),
            ("ftp://localhost", Err("must start with https://")),
            ("https://a:b@example.com", Err("must not hold a user or a password")),
            ("https://example.com?x=1", Err("must not have a query or a fragment")),
            ("sluice.example.com", Err("is no URL")),
        ];
        for (address, want) in cases {
            let got = base(address).map(|url| url.to_string()).map_err(|error| error.to_string());
            let want = want.map(str::to_owned).map_err(|message| format!("the server's address {message}"));
            assert_eq!(got, want, "{address}");
        }
    }

    #[test]
    fn names_are_one_segment_of_the_path() {
        let token = SecretString::from("slc_x");
        let wire = Wire::new("http://localhost:1/prefix", &token, None).unwrap();
        let path = ["queries", "a b/c?d#e", "runs"];
        let request = wire.request(Method::GET, &path, &[("after", Some("x&y=z")), ("limit", None)]).build().unwrap();
        assert_eq!(
            request.url().as_str(),
            "http://localhost:1/prefix/api/v1/queries/a%20b%2Fc%3Fd%23e/runs?after=x%26y%3Dz"
        );
        assert!(!format!("{request:?}").contains("slc_x"), "a token is never shown");
    }

    #[test]
    fn certificates_must_be_there() {
        let url = Url::parse("https://example.com/").unwrap();
        assert_eq!(tls(&url, Some(b"nothing")).unwrap_err(), "there is no certificate in the file");
    }
}
