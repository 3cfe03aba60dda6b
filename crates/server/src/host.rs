//! The names under which the server may be asked, so that a page of another name cannot reach it through a name of its
//! own that suddenly points here (DNS rebinding).
//!
//! Knows the Host header only.

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version};

use crate::config::ServerConfig;
use crate::refusal::Refusal;
use crate::visitor::Visitor;

/// Says no to a foreign name: 421.
pub(crate) fn check(request: &Request, visitor: &Visitor, config: &ServerConfig) -> Result<(), Refusal> {
    let mut named = request.headers().get_all(HOST).iter();
    let host = match (named.next(), named.next()) {
        (Some(host), None) => host.to_str().ok(),
        // HTTP/1.0 knows no such header, and its address has none.
        (None, None) => {
            request.uri().authority().map(Authority::as_str).filter(|_| request.version() != Version::HTTP_10)
        }
        (None | Some(_), _) => None,
    };
    let Some(host) = host else {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "bad_request", "the request does not say one Host"));
    };
    let uri = request.uri().authority().map(Authority::as_str);
    if [Some(host), uri].into_iter().flatten().all(|host| known(host, visitor, config)) {
        return Ok(());
    }
    let refusal = Refusal::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", "this server is not known by that name");
    Err(refusal.hint("the operator may add the name to allowed_host_names"))
}

fn known(host: &str, visitor: &Visitor, config: &ServerConfig) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    if authority.as_str().contains('@') {
        return false;
    }
    let name = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let own = [visitor.local, config.listen.ip().to_canonical()].map(|ip| ip.to_string());
    ["localhost", "127.0.0.1", "::1"].contains(&name.as_str())
        || own.contains(&name)
        || config.hosts.iter().any(|host| host.eq_ignore_ascii_case(&name))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn foreign_names_are_refused() {
        let mut config = ServerConfig::new("127.0.0.1:8080".parse().unwrap());
        config.hosts = vec!["sluice.example.com".into()];
        let visitor = Visitor { address: "10.0.0.9".into(), loopback: false, local: "10.0.0.1".parse().unwrap() };
        let cases = [
            ("localhost:8080", true),
            ("LOCALHOST", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("10.0.0.1:8080", true),
            ("sluice.example.com", true),
            ("Sluice.Example.Com:443", true),
            ("evil.example.com", false),
            ("localhost.evil.com", false),
            ("sluice.example.com.evil.com", false),
            ("evil@localhost", false),
            ("10.0.0.2", false),
            ("", false),
            ("a b", false),
        ];
        for (host, want) in cases {
            let request = Request::get("/").header(HOST, host).body(Body::empty()).unwrap();
            assert_eq!(check(&request, &visitor, &config).is_ok(), want, "{host}");
        }
        let twice = Request::get("/").header(HOST, "localhost").header(HOST, "localhost");
        assert!(check(&twice.body(Body::empty()).unwrap(), &visitor, &config).is_err());
        let absolute = Request::get("http://evil.com/").header(HOST, "localhost");
        assert!(check(&absolute.body(Body::empty()).unwrap(), &visitor, &config).is_err());
    }
}
