//! TLS as the rest of the product speaks it: rustls with ring, trusting the system's certificates or those that are given.
//!
//! Knows neither mail nor webhooks. There is no switch to trust less.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// Whom to trust.
#[derive(Debug, Clone)]
pub(crate) enum Trust {
    /// The certificates of the system.
    System,
    /// These and no others.
    Given(Arc<RootCertStore>),
    /// Nobody: for connections without TLS.
    Nobody,
}

/// Reads certificates in PEM; nothing when there is none, or one that cannot be used.
pub(crate) fn roots(pem: &str) -> Option<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots.add(certificate.ok()?).ok()?;
    }
    (!roots.is_empty()).then(|| Arc::new(roots))
}

/// TLS 1.2 or 1.3.
///
/// # Errors
/// The system has no certificates, or they cannot be read.
pub(crate) fn config(trust: &Trust) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = [&rustls::version::TLS13, &rustls::version::TLS12];
    let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&versions)?;
    let builder = match trust {
        Trust::System => builder.with_platform_verifier()?,
        Trust::Given(roots) => builder.with_root_certificates(Arc::clone(roots)),
        Trust::Nobody => builder.with_root_certificates(RootCertStore::empty()),
    };
    Ok(builder.with_no_client_auth())
}

/// Why a handshake failed, as far as somebody can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The certificate's issuer is not trusted.
    Issuer,
    /// The certificate is another host's.
    Name,
    /// The certificate is too old, or not valid yet.
    Expired,
    /// The certificate is not one that a host may have.
    Form,
    /// The other side does not speak TLS.
    NoTls,
    /// Anything else.
    Other,
}

/// Looks for the reason in an error and all that lies under it.
pub(crate) fn fault(error: &(dyn std::error::Error + 'static)) -> Option<Fault> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(judge(error));
        }
        // An I/O error shows what it wraps by `get_ref` only: its `source` is that one's source.
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = inner.map(|inner| inner as &(dyn std::error::Error + 'static)).or_else(|| error.source());
    }
    None
}

fn judge(error: &rustls::Error) -> Fault {
    // Both enums are rustls's own and grow.
    match error {
        rustls::Error::InvalidCertificate(error) => match error {
            // The second: an issuer of the same name, with another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Fault::Issuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Fault::Name,
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Fault::Expired,
            // Most of all a self-signed certificate that is marked as an issuer's.
            CertificateError::Other(_) | CertificateError::BadEncoding | CertificateError::InvalidPurpose => {
                Fault::Form
            }
            _ => Fault::Other,
        },
        rustls::Error::InvalidMessage(_) => Fault::NoTls,
        _ => Fault::Other,
    }
}
