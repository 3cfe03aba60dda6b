//! Secrets that the server itself makes, and the hashes by which it knows them again.
//!
//! Knows chance and SHA-256: 256 bits of chance need no salt and no slow hash.

use api::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use crate::clock::random;

/// Characters of 256 bits in base64url.
pub(crate) const LENGTH: usize = 43;

/// A new secret of 256 bits behind a prefix that says what it is.
pub(crate) fn fresh(prefix: &str) -> Secret {
    Secret::new(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random::<32>())))
}

/// The hash that is kept.
pub(crate) fn of(secret: &Secret) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, secret.expose().as_bytes()).as_ref());
    hash
}

/// Compares in the same time whatever differs.
pub(crate) fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    std::hint::black_box(one.iter().zip(other).fold(0, |differs, (a, b)| differs | (a ^ b))) == 0
}
