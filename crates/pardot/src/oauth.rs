//! The calls to Salesforce's login: the browser's way in, the exchange of codes and grants, and revocation.
//!
//! Knows no Pardot. Secrets travel in form bodies only, never in an address, apart from what OAuth itself puts there.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use reqwest::header::HeaderMap;
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::encode::form;
use crate::grant::{ConnectedApp, GrantError};
use crate::host::Host;
use crate::request::{Body, HttpCall, Method, Response};
use crate::wire::{Exchange, Wire, exchange as over_the_wire};

/// Scope that a connection needs: Pardot, and refresh tokens.
pub const SCOPE: &str = "pardot_api refresh_token";
/// Total time of one exchange with the login host.
const TIMEOUT: Duration = crate::wire::LONGEST_TOKEN_CALL;
const TOKEN: &str = "/services/oauth2/token";
const REVOKE: &str = "/services/oauth2/revoke";

/// Proof key for code exchange (S256): ties the code to the one who asked for it.
#[derive(Debug, Clone)]
pub struct Pkce {
    verifier: SecretString,
}

impl Pkce {
    /// A fresh proof key from the randomness of the system; none if the system has none.
    pub fn random() -> Option<Pkce> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(Pkce { verifier: URL_SAFE_NO_PAD.encode(bytes).into() })
    }

    /// The proof key that was kept between the two steps.
    pub fn from_verifier(verifier: SecretString) -> Pkce {
        Pkce { verifier }
    }

    /// To be kept between the two steps.
    pub fn verifier(&self) -> &SecretString {
        &self.verifier
    }

    /// What the browser carries.
    pub fn challenge(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, self.verifier.expose_secret().as_bytes());
        URL_SAFE_NO_PAD.encode(digest)
    }
}

/// The address that a browser opens to approve the connected app.
pub fn authorize_url(
    login: &Host,
    client_id: &str,
    redirect_uri: &str,
    state: &str,
    pkce: Option<&Pkce>,
    scope: &str,
) -> String {
    let mut query = form(&[
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", redirect_uri),
        ("scope", scope),
        ("state", state),
    ]);
    if let Some(pkce) = pkce {
        query.push('&');
        query.push_str(&form(&[("code_challenge", &pkce.challenge()), ("code_challenge_method", "S256")]));
    }
    format!("{login}/services/oauth2/authorize?{query}")
}

/// What an approved app receives.
#[derive(Debug, Clone)]
pub struct Granted {
    /// The grant to keep.
    pub refresh_token: SecretString,
    /// Scopes, separated by spaces; none if Salesforce did not say.
    pub scope: Option<String>,
    /// Address of the org. Pardot is never called there.
    pub instance_url: Option<String>,
    /// Address of the user's identity; its last part is the user id.
    pub id: Option<String>,
}

/// Exchanges the code from the browser. The code must be decoded once; it works once and for a few minutes.
///
/// # Errors
/// [`GrantError::Unreachable`] may be tried again at once; everything else needs a person.
pub async fn exchange(
    login: &Host,
    app: &ConnectedApp,
    code: &SecretString,
    redirect_uri: &str,
    pkce: Option<&Pkce>,
) -> Result<Granted, GrantError> {
    let mut pairs =
        vec![("grant_type", "authorization_code"), ("code", code.expose_secret()), ("redirect_uri", redirect_uri)];
    if let Some(pkce) = pkce {
        pairs.push(("code_verifier", pkce.verifier.expose_secret()));
    }
    let wire = wire(login)?;
    let tokens = ask(&wire, app, &pairs, Asked::Code, TIMEOUT).await?;
    let refresh_token = tokens.refresh_token.ok_or(GrantError::Refused { error: "no refresh token".to_owned() })?;
    Ok(Granted { refresh_token, scope: tokens.scope, instance_url: tokens.instance_url, id: tokens.id })
}

/// Revokes a refresh token with all access tokens made from it. A token that is dead already counts as revoked.
///
/// # Errors
/// [`GrantError::Unreachable`] when Salesforce gives no proper answer.
pub async fn revoke(login: &Host, token: &SecretString) -> Result<(), GrantError> {
    let response = post(&wire(login)?, REVOKE, form(&[("token", token.expose_secret())]), TIMEOUT).await?;
    match response.status {
        200..=299 | 400 => Ok(()),
        status => Err(GrantError::Unreachable { cause: format!("HTTP {status}") }),
    }
}

/// What was asked for, because `invalid_grant` means something else for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// By a code from the browser.
    Code,
    /// By a refresh token.
    Refresh,
    /// By the app itself or a signed assertion.
    Other,
}

/// The answer of the token endpoint.
#[derive(Debug)]
pub(crate) struct IssuedTokens {
    pub(crate) access_token: SecretString,
    pub(crate) refresh_token: Option<SecretString>,
    scope: Option<String>,
    instance_url: Option<String>,
    id: Option<String>,
}

pub(crate) fn wire(login: &Host) -> Result<Wire, GrantError> {
    Wire::new(login, TIMEOUT, HeaderMap::new()).map_err(|error| GrantError::Unreachable { cause: error.to_string() })
}

/// One call of the token endpoint.
pub(crate) async fn ask(
    wire: &Wire,
    app: &ConnectedApp,
    pairs: &[(&str, &str)],
    asked: Asked,
    timeout: Duration,
) -> Result<IssuedTokens, GrantError> {
    let mut all = pairs.to_vec();
    all.push(("client_id", &app.client_id));
    if let Some(secret) = &app.client_secret {
        all.push(("client_secret", secret.expose_secret()));
    }
    let response = post(wire, TOKEN, form(&all), timeout.min(TIMEOUT)).await?;
    read(&response, asked)
}

async fn post(wire: &Wire, path: &str, body: String, timeout: Duration) -> Result<Response, GrantError> {
    let unreachable = |cause: &str| GrantError::Unreachable { cause: cause.to_owned() };
    let call = HttpCall { method: Method::Post, target: path.to_owned(), body: Body::Form(Bytes::from(body)) };
    match tokio::time::timeout(timeout, over_the_wire(wire.request(&call))).await {
        Ok(Exchange::Answered(answered)) => Ok(answered.response),
        Ok(Exchange::NotConnected(why) | Exchange::Broken(why)) => Err(unreachable(why)),
        Err(_) => Err(unreachable("no answer in time")),
    }
}

fn read(response: &Response, asked: Asked) -> Result<IssuedTokens, GrantError> {
    let object = serde_json::from_slice::<Map<String, Value>>(&response.body).ok();
    let text = |name: &str| object.as_ref()?.get(name)?.as_str().filter(|text| !text.is_empty());
    if let Some(error) = text("error") {
        return Err(explained(error, text("error_description").unwrap_or_default(), response.status, asked));
    }
    let token = text("access_token").filter(|_| response.status == 200);
    let Some(access_token) = token else {
        return Err(GrantError::Unreachable { cause: format!("HTTP {} without a token", response.status) });
    };
    let scope = text("scope").map(str::to_owned);
    if scope.as_ref().is_some_and(|scope| !scope.split_whitespace().any(|scope| scope == "pardot_api")) {
        return Err(GrantError::MissingScope);
    }
    Ok(IssuedTokens {
        access_token: access_token.into(),
        refresh_token: text("refresh_token").map(SecretString::from),
        scope,
        instance_url: text("instance_url").map(str::to_owned),
        id: text("id").map(str::to_owned),
    })
}

/// Salesforce's words as a thing to do.
fn explained(error: &str, description: &str, status: u16, asked: Asked) -> GrantError {
    let description = description.to_ascii_lowercase();
    let says = |piece: &str| description.contains(piece);
    // Two refreshes at once: the other one wins, and this one may try again.
    if says("already being processed") || says("retry your request") || status >= 500 || status == 429 {
        return GrantError::Unreachable { cause: crate::answer::shown(error) };
    }
    match error {
        "invalid_grant" if says("consumer") || says("approved") => GrantError::NotApproved,
        "invalid_grant" if says("audience") => GrantError::Audience,
        "invalid_grant" if says("inactive user") => GrantError::InactiveUser,
        "invalid_grant" if says("inactive org") => GrantError::InactiveOrg,
        "invalid_grant" => match asked {
            Asked::Code => GrantError::Code,
            Asked::Refresh => GrantError::RefreshToken,
            Asked::Other => GrantError::Authentication,
        },
        "invalid_client_id" => GrantError::ClientId,
        "invalid_client" => GrantError::ClientSecret,
        "unsupported_grant_type" => GrantError::UnsupportedGrant,
        "redirect_uri_mismatch" => GrantError::RedirectMismatch,
        "inactive_user" => GrantError::InactiveUser,
        "inactive_org" => GrantError::InactiveOrg,
        "invalid_scope" => GrantError::MissingScope,
        "access_denied" => GrantError::Denied,
        "rate_limit_exceeded" | "unknown_error" | "temporarily_unavailable" | "server_error" => {
            GrantError::Unreachable { cause: error.to_owned() }
        }
        other => GrantError::Refused { error: crate::answer::shown(other) },
    }
}

#[cfg(test)]
mod tests;
