//! Checks the assertion of the JWT bearer grant.
//!
//! Knows signatures and claims: not what a token is good for.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;

use crate::oauth::{Denial, Desk, denial};

/// The user an assertion speaks for.
pub(crate) fn check(desk: &Desk<'_>, assertion: &str) -> Result<String, Denial> {
    let invalid = || denial("invalid_grant", "invalid assertion");
    let (signed, signature) = assertion.rsplit_once('.').ok_or_else(invalid)?;
    let (header, claims) = signed.split_once('.').ok_or_else(invalid)?;
    let part = |text: &str| -> Option<Value> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?).ok()
    };
    let header = part(header).ok_or_else(invalid)?;
    let claims = part(claims).ok_or_else(invalid)?;
    let claim = |name: &str| claims.get(name).and_then(Value::as_str);
    if claim("iss") != Some(desk.settings.client_id.as_str()) {
        return Err(denial("invalid_client_id", "client identifier invalid"));
    }
    let key = desk.settings.jwt_public_key.as_deref().and_then(public_key);
    let key = key.ok_or(denial("invalid_grant", "user hasn't approved this consumer"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature.trim_end_matches('=')).map_err(|_| invalid())?;
    let verified = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(signed.as_bytes(), &signature);
    if header.get("alg").and_then(Value::as_str) != Some("RS256") || verified.is_err() {
        return Err(invalid());
    }
    let audience = claim("aud").unwrap_or_default().trim_end_matches('/');
    let mut audiences = desk.settings.jwt_audiences.iter().map(String::as_str).chain([desk.base]);
    if !audiences.any(|known| known.trim_end_matches('/') == audience) {
        return Err(denial("invalid_grant", "audience is invalid"));
    }
    let expires = claims.get("exp").and_then(Value::as_f64).unwrap_or_default();
    // Seconds against milliseconds; both fit a double exactly.
    if expires * 1000.0 <= desk.now as f64 {
        return Err(denial("invalid_grant", "expired assertion"));
    }
    let user = claim("sub").unwrap_or_default();
    if user != desk.settings.username && !desk.users.iter().any(|known| known == user) {
        return Err(denial("invalid_grant", "user hasn't approved this consumer"));
    }
    Ok(user.to_owned())
}

/// The PKCS#1 key out of a PEM text or bare base64, unwrapped from a `SubjectPublicKeyInfo` where needed.
fn public_key(pem: &str) -> Option<Vec<u8>> {
    let base64: String =
        pem.lines().filter(|line| !line.starts_with("-----")).flat_map(|line| line.trim().chars()).collect();
    let der = STANDARD.decode(base64).ok()?;
    let outer = content(&der, 0x30)?.0;
    match outer.first()? {
        // SubjectPublicKeyInfo: algorithm, then the key in a bit string behind a byte of padding count.
        0x30 => {
            let (_, rest) = content(outer, 0x30)?;
            let (bits, _) = content(rest, 0x03)?;
            Some(bits.get(1..)?.to_vec())
        }
        _ => Some(der),
    }
}

/// The content of a DER element of this tag, and what follows it.
fn content(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    if *der.first()? != tag {
        return None;
    }
    let first = usize::from(*der.get(1)?);
    let (length, start) = if first < 0x80 {
        (first, 2)
    } else {
        let bytes = der.get(2..2 + (first & 0x7F))?;
        (bytes.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte)), 2 + bytes.len())
    };
    Some((der.get(start..start.checked_add(length)?)?, der.get(start + length..)?))
}
