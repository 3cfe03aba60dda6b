//! From where a request comes.
//!
//! Knows addresses, the proxy's among them; not who asks.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::config::ServerConfig;
use crate::door::Door;
use crate::refusal::Refusal;

/// The two ends of a connection; an extension of each request. Without one, it is taken to come from this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The other end.
    pub remote: SocketAddr,
    /// This end.
    pub local: SocketAddr,
}

/// Where a request comes from; an extension of each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visitor {
    /// The client's address, as the proxy tells it where there is one.
    pub(crate) address: String,
    /// Whether the client is on this machine.
    pub(crate) loopback: bool,
    /// The address of this machine that was asked.
    pub(crate) local: IpAddr,
}

impl Visitor {
    pub(crate) fn of(request: &Request, config: &ServerConfig) -> Visitor {
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, config.listen.port()));
        let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer { remote: here, local: config.listen });
        let remote = peer.remote.ip().to_canonical();
        let client = if config.behind_proxy { forwarded(request.headers()) } else { None };
        let (address, loopback) = match client {
            Some(Client::Address(address)) => (address.to_string(), address.is_loopback()),
            // The proxy tells something that is no address: nobody's, so at least not this machine's.
            Some(Client::Unknown) => ("unknown".into(), false),
            // A proxy that tells nothing speaks for anybody.
            None => (remote.to_string(), remote.is_loopback() && !config.behind_proxy),
        };
        Visitor { address, loopback, local: peer.local.ip().to_canonical() }
    }
}

enum Client {
    Address(IpAddr),
    Unknown,
}

/// The last entry is the proxy's own; those before it are what the client claims.
fn forwarded(headers: &HeaderMap) -> Option<Client> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    let entry = last.to_str().unwrap_or_default().rsplit(',').next().unwrap_or_default().trim();
    let bare = entry.trim_start_matches('[').split(']').next().unwrap_or_default();
    let address = bare.parse::<IpAddr>().ok().or_else(|| Some(entry.parse::<SocketAddr>().ok()?.ip()));
    Some(address.map_or(Client::Unknown, |address| Client::Address(address.to_canonical())))
}

impl FromRequestParts<Door> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<Visitor, Refusal> {
        let missing = || Refusal::of_status(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
        parts.extensions.get::<Visitor>().cloned().ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn the_proxy_is_believed_only_where_there_is_one() {
        let cases: [(bool, &[&str], &str, bool); 8] = [
            (false, &[], "10.0.0.9", false),
            (false, &["127.0.0.1"], "10.0.0.9", false),
            (true, &[], "10.0.0.9", false),
            (true, &["1.2.3.4"], "1.2.3.4", false),
            (true, &["127.0.0.1, 1.2.3.4"], "1.2.3.4", false),
            (true, &["127.0.0.1", "1.2.3.4"], "1.2.3.4", false),
            (true, &["[2001:db8::1]:443"], "2001:db8::1", false),
            (true, &["evil"], "unknown", false),
        ];
        for (behind_proxy, headers, address, loopback) in cases {
            let mut config = ServerConfig::new("127.0.0.1:8080".parse().unwrap());
            config.behind_proxy = behind_proxy;
            let mut request = Request::new(Body::empty());
            for header in headers {
                request.headers_mut().append("x-forwarded-for", header.parse().unwrap());
            }
            let (remote, local) = ("10.0.0.9:5000".parse().unwrap(), "10.0.0.1:80".parse().unwrap());
            request.extensions_mut().insert(Peer { remote, local });
            let found = Visitor::of(&request, &config);
            assert_eq!((found.address.as_str(), found.loopback), (address, loopback), "{headers:?}");
        }
    }
}
