//! The server's own TLS: what is refused before it begins, and which versions are spoken.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use server::{ServeError, ServerConfig, TlsFiles};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use crate::house::{House, config};

#[tokio::test]
async fn files_that_are_none_are_told_by_name() {
    let house = House::start().await;
    let folder = house.directory.path();
    let (certificate, key) = (folder.join("c.pem"), folder.join("k.pem"));
    let cases =
        [(None, "holds no certificate"), (Some(""), "holds no certificate"), (Some("junk"), "holds no certificate")];
    for (content, want) in cases {
        if let Some(content) = content {
            std::fs::write(&certificate, content).unwrap();
        }
        let tls = Some(TlsFiles { certificate: certificate.clone(), key: key.clone() });
        let served = server::serve(house.app.clone(), ServerConfig { tls, ..config() }, Vec::new(), async {}).await;
        let error = served.unwrap_err();
        assert!(matches!(error, ServeError::Certificate { .. }), "{error}");
        assert!(error.to_string().contains("c.pem") && error.to_string().contains(want), "{error}");
    }
}

#[tokio::test]
async fn it_is_spoken_and_nothing_else() {
    let house = House::start().await;
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files =
        TlsFiles { certificate: house.directory.path().join("c.pem"), key: house.directory.path().join("k.pem") };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = ServerConfig { tls: Some(files), ..config() };
    tokio::spawn(server::serve(house.app.clone(), config, vec![listener], std::future::pending()));

    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = TcpStream::connect(address).await.unwrap();
        let connector = connector(made.cert.der(), version);
        let mut stream = connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap();
        stream.write_all(b"GET /api/v1/setup HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        // How the other side ends is no matter here.
        let _end = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("strict-transport-security: max-age=31536000"), "{answer}");
    }
    // In the clear there is no answer.
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET /api/v1/setup HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _end = plain.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1"));
}

fn connector(root: &CertificateDer<'static>, version: &'static SupportedProtocolVersion) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
