//! The Salesforce login: authorize page, token endpoint, revocation, introspection.
//!
//! Knows users, apps, grants and tokens: nothing of Pardot beyond the name of its scope.

mod authorize;
mod jwt;
mod state;
mod token;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

pub(crate) use state::LoginState;

use crate::answer::Answer;
use crate::config::OAuthSettings;
use crate::request::Params;

/// What an answer of the login needs.
pub(crate) struct Desk<'a> {
    pub(crate) settings: &'a OAuthSettings,
    pub(crate) state: &'a mut LoginState,
    pub(crate) now: i64,
    pub(crate) base: &'a str,
    /// Users beside the configured one: those of the business units.
    pub(crate) users: &'a [String],
}

/// A request as the login sees it.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) params: &'a Params,
    pub(crate) authorization: Option<&'a str>,
    pub(crate) accept: Option<&'a str>,
}

/// Answers any path of the login.
pub(crate) fn answer(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Answer {
    match asked.path {
        "/services/oauth2/authorize" => authorize::answer(desk, asked),
        "/services/oauth2/token" => token::answer(desk, asked),
        "/services/oauth2/revoke" => token::revoke(desk, asked),
        "/services/oauth2/introspect" => token::introspect(desk, asked),
        "/.well-known/openid-configuration" => {
            let base = desk.base;
            let document = json!({
                "issuer": base,
                "authorization_endpoint": format!("{base}/services/oauth2/authorize"),
                "token_endpoint": format!("{base}/services/oauth2/token"),
                "revocation_endpoint": format!("{base}/services/oauth2/revoke"),
                "introspection_endpoint": format!("{base}/services/oauth2/introspect"),
                "code_challenge_methods_supported": ["S256"],
                "response_types_supported": ["code"],
            });
            Answer::json(200, &document)
        }
        _ => Answer::html(404, "<html><body><h1>Not found</h1></body></html>"),
    }
}

/// An OAuth refusal: HTTP 400 unless noted.
#[derive(Debug)]
pub(crate) struct Denial {
    pub(crate) error: &'static str,
    pub(crate) description: &'static str,
}

pub(crate) const fn denial(error: &'static str, description: &'static str) -> Denial {
    Denial { error, description }
}

/// Client id and secret: HTTP Basic, else parameters.
pub(crate) fn client(asked: &Asked<'_>) -> (Option<String>, Option<String>) {
    let basic = asked.authorization.and_then(|value| value.strip_prefix("Basic ")).and_then(|text| {
        let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
        let (id, secret) = text.split_once(':')?;
        let plain = |text: &str| crate::request::decode(text.as_bytes(), true);
        Some((Some(plain(id)), Some(plain(secret))))
    });
    let param = |name| asked.params.get(name).map(str::to_owned);
    basic.unwrap_or_else(|| (param("client_id"), param("client_secret")))
}

/// Checks the app, and its secret where it is given or required.
pub(crate) fn check_client(settings: &OAuthSettings, asked: &Asked<'_>, needs_secret: bool) -> Result<(), Denial> {
    let (id, secret) = client(asked);
    if id.as_deref() != Some(settings.client_id.as_str()) {
        return Err(denial("invalid_client_id", "client identifier invalid"));
    }
    match secret {
        Some(secret) if secret == settings.client_secret => Ok(()),
        None if !needs_secret => Ok(()),
        Some(_) | None => Err(denial("invalid_client", "invalid client credentials")),
    }
}

/// `base64url(sha256(text))`, the S256 challenge of a verifier.
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()))
}
