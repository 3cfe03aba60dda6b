//! What the operator decides about the doors.
//!
//! Knows values only; where they are written is the command line's.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use model::Problem;
use secrecy::SecretString;

use crate::sandbox::Sandbox;

/// The files of the server's own TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate with its chain, in PEM, the server's own first.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// How the server is reached, and how much it takes.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The address that it listens at.
    pub listen: SocketAddr,
    /// Its own TLS.
    pub tls: Option<TlsFiles>,
    /// A proxy in front of it speaks TLS to the world: the last entry of `X-Forwarded-For` is the client's address, and
    /// cookies are secure.
    pub behind_proxy: bool,
    /// Names under which it may be asked, besides those of this machine's loopback and the address that it is reached at.
    pub hosts: Vec<String>,
    /// The address that people know it by, for commands on its pages; the name that it was asked under where nobody says.
    pub public_url: Option<String>,
    /// Whether `/healthz`, `/readyz` and `/metrics` answer everybody; else loopback, or a token that may read.
    pub metrics_open: bool,
    /// Requests a second of one token, session or address.
    pub requests_per_second: u32,
    /// Most bytes of a JSON body.
    pub body_bytes: usize,
    /// Most bytes of a request's line and headers together; at least 8,192.
    pub header_bytes: usize,
    /// Longest time until the headers are there.
    pub header_time: Duration,
    /// Longest time without a byte of the body.
    pub body_idle_time: Duration,
    /// Longest time, once the server is to stop, for what is under way.
    pub drain_time: Duration,
    /// Connections at once.
    pub connections: usize,
    /// A token made for one process, in memory only: whoever has it may do everything, as the owner of the data
    /// directory may.
    pub local_token: Option<SecretString>,
    /// A local Pardot of this process, which the console shows.
    pub sandbox: Option<Arc<dyn Sandbox>>,
}

impl ServerConfig {
    /// What holds when the operator says nothing.
    pub fn new(listen: SocketAddr) -> ServerConfig {
        ServerConfig {
            listen,
            tls: None,
            behind_proxy: false,
            hosts: Vec::new(),
            public_url: None,
            metrics_open: false,
            requests_per_second: 60,
            body_bytes: 1 << 20,
            header_bytes: 16 << 10,
            header_time: Duration::from_secs(10),
            body_idle_time: Duration::from_secs(30),
            drain_time: Duration::from_secs(30),
            connections: 512,
            local_token: None,
            sandbox: None,
        }
    }

    /// Whether browsers reach it through TLS.
    pub(crate) fn secure(&self) -> bool {
        self.tls.is_some() || self.behind_proxy
    }
}

/// Says no to an address that others reach without TLS. A login is always needed.
///
/// # Errors
/// The address is not one of loopback, and there are neither certificates nor a proxy.
pub fn check_exposure(config: &ServerConfig) -> Result<(), Problem> {
    if config.listen.ip().to_canonical().is_loopback() || config.secure() {
        return Ok(());
    }
    let message =
        format!("{} can be reached from other machines, and passwords would travel in the clear", config.listen);
    Err(Problem::at("listen", message).hint(
        "give tls_certificate and tls_key, or behind_proxy when a proxy in front of it speaks TLS, or listen at 127.0.0.1",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_goes_without_tls() {
        let tls = TlsFiles { certificate: "c.pem".into(), key: "k.pem".into() };
        let cases = [
            ("127.0.0.1:8080", false, false, true),
            ("127.9.9.9:1", false, false, true),
            ("[::1]:8080", false, false, true),
            ("[::ffff:127.0.0.1]:8080", false, false, true),
            ("0.0.0.0:8080", false, false, false),
            ("[::]:8080", false, false, false),
            ("192.168.1.5:8080", false, false, false),
            ("0.0.0.0:8080", true, false, true),
            ("0.0.0.0:8080", false, true, true),
        ];
        for (listen, with_tls, behind_proxy, want) in cases {
            let mut config = ServerConfig::new(listen.parse().unwrap());
            config.tls = with_tls.then(|| tls.clone());
            config.behind_proxy = behind_proxy;
            assert_eq!(check_exposure(&config).is_ok(), want, "{listen}");
        }
    }
}
