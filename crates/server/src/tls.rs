//! The server's own TLS: certificate and key from files, version 1.2 at least.
//!
//! Knows files and their forms; not who connects.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;
use crate::serve::ServeError;

/// Reads the files.
pub(crate) fn load(files: &TlsFiles) -> Result<Arc<ServerConfig>, ServeError> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| wrong(&files.key, format!("holds no private key in PEM ({})", shown(&error))))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| wrong(&files.certificate, error.to_string()))?;
    let mut config = builder
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| wrong(&files.certificate, format!("does not go with {}: {error}", files.key.display())))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ServeError> {
    let read = CertificateDer::pem_file_iter(path).and_then(|found| found.collect::<Result<Vec<_>, _>>());
    let chain = read.map_err(|error| wrong(path, format!("holds no certificate in PEM ({})", shown(&error))))?;
    if chain.is_empty() {
        return Err(wrong(path, "holds no certificate in PEM".into()));
    }
    Ok(chain)
}

/// The parser's words about the form, never its content.
fn shown(error: &rustls::pki_types::pem::Error) -> String {
    match error {
        rustls::pki_types::pem::Error::Io(error) => error.to_string(),
        rustls::pki_types::pem::Error::NoItemsFound => "there is nothing of that kind in it".into(),
        _ => "its form is broken".into(),
    }
}

fn wrong(path: &Path, message: String) -> ServeError {
    ServeError::Certificate { path: path.to_owned(), message }
}
