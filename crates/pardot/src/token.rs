//! The access tokens of one connection: one refresh for all lanes, a rotated grant saved before its token is used.
//!
//! Knows no Pardot call. There must be one value of this type per connection in a process, because a rotating refresh
//! token works once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::header::HeaderValue;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::grant::{ConnectedApp, Grant, GrantError, GrantKeeper};
use crate::host::Host;
use crate::oauth::{self, Asked, IssuedTokens};
use crate::retry::{Dice, RetryPolicy};
use crate::wire::{BuildError, Wire};

/// Fresh tokens in a row that Pardot may refuse before the connection counts as broken.
const REFUSALS: u32 = 2;
/// Seconds that a signed assertion is valid.
const ASSERTION_LIFE: u64 = 180;

/// The tokens of one connection.
pub struct Tokens {
    login: Host,
    app: Mutex<ConnectedApp>,
    key: Option<RsaKeyPair>,
    grant: Mutex<Grant>,
    keeper: Arc<dyn GrantKeeper>,
    clock: Arc<dyn Clock>,
    wire: Wire,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    current: Option<Arc<Access>>,
    generation: u64,
    /// Why no token call will be made any more.
    dead: Option<GrantError>,
    running: Option<watch::Receiver<Option<Outcome>>>,
    /// A token whose rotated grant is not saved yet.
    unsaved: Option<(SecretString, SecretString)>,
    /// Highest generation that Pardot has accepted.
    accepted: u64,
    /// Highest generation that Pardot has refused.
    refused: u64,
    /// Fresh generations refused in a row.
    strikes: u32,
}

/// One access token. Generations count up from 1.
pub(crate) struct Access {
    pub(crate) generation: u64,
    /// The whole header value, marked as sensitive.
    pub(crate) header: HeaderValue,
}

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoToken {
    /// A person must do something.
    Dead(GrantError),
    /// The retries are used up.
    Unavailable { cause: String, attempts: u32 },
}

type Outcome = Result<Arc<Access>, NoToken>;

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("login", &self.login).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Tokens of a grant; calls nobody yet.
    ///
    /// # Errors
    /// When TLS cannot be set up or the private key is unreadable.
    pub fn new(
        login: Host,
        app: ConnectedApp,
        grant: Grant,
        keeper: Arc<dyn GrantKeeper>,
        clock: Arc<dyn Clock>,
    ) -> Result<Tokens, BuildError> {
        let key = match &grant {
            Grant::JwtBearer { key_pem, .. } => Some(key_pair(key_pem)?),
            Grant::RefreshToken(_) | Grant::ClientCredentials => None,
        };
        let wire = Wire::new(&login, crate::wire::LONGEST_TOKEN_CALL, reqwest::header::HeaderMap::new())?;
        let (app, grant, state) = (Mutex::new(app), Mutex::new(grant), Mutex::new(State::default()));
        Ok(Tokens { login, app, key, grant, keeper, clock, wire, state })
    }

    /// Access tokens obtained so far.
    pub fn refreshes(&self) -> u64 {
        self.state().generation
    }

    /// Makes sure that there is an access token, for keeping an idle grant alive: with `anew`, a new one in any case.
    ///
    /// # Errors
    /// What is wrong with the grant; [`GrantError::Unreachable`] when Salesforce does not answer properly.
    pub async fn refresh(self: &Arc<Tokens>, anew: bool, retry: RetryPolicy, seed: u64) -> Result<(), GrantError> {
        let stale = if anew { self.refreshes() } else { 0 };
        match self.access(stale, retry, &Arc::new(Dice::new(seed))).await {
            Ok(_) => Ok(()),
            Err(NoToken::Dead(error)) => Err(error),
            Err(NoToken::Unavailable { cause, .. }) => Err(GrantError::Unreachable { cause }),
        }
    }

    /// Waits for a refresh that is under way: whoever ends the process must not lose a grant on its way to the keeper.
    pub async fn settled(&self) {
        let running = self.state().running.clone();
        if let Some(mut running) = running {
            // A task that broke off has nothing to lose any more.
            let _ = running.wait_for(Option::is_some).await;
        }
    }

    /// The app has another secret from now on. The grant stays: whoever made second tokens of it would use it twice.
    pub fn use_app(&self, app: ConnectedApp) {
        *self.app.lock().unwrap_or_else(PoisonError::into_inner) = app;
        self.revive();
    }

    /// A person may have mended at Salesforce what was refused: the next call asks anew.
    pub fn revive(&self) {
        let mut state = self.state();
        (state.dead, state.strikes) = (None, 0);
    }

    /// A token of a generation above `stale`. All callers share one refresh, which runs to its end even when they go away:
    /// a rotated grant must not get lost on its way to the keeper.
    pub(crate) async fn access(self: &Arc<Tokens>, stale: u64, retry: RetryPolicy, dice: &Arc<Dice>) -> Outcome {
        let mut receiver = {
            let mut state = self.state();
            if let Some(error) = &state.dead {
                return Err(NoToken::Dead(error.clone()));
            }
            if let Some(current) = state.current.as_ref().filter(|current| current.generation > stale) {
                return Ok(Arc::clone(current));
            }
            match &state.running {
                Some(running) => running.clone(),
                None => {
                    let (sender, receiver) = watch::channel(None);
                    state.running = Some(receiver.clone());
                    let (tokens, dice) = (Arc::clone(self), Arc::clone(dice));
                    tokio::spawn(async move {
                        let outcome = tokens.obtain(retry, &dice).await;
                        tokens.state().running = None;
                        sender.send_replace(Some(outcome));
                    });
                    receiver
                }
            }
        };
        let outcome = receiver.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        match outcome {
            Ok(Some(outcome)) => outcome,
            // The task died with the runtime.
            Ok(None) | Err(_) => {
                self.state().running = None;
                Err(NoToken::Unavailable { cause: "the refresh was interrupted".to_owned(), attempts: 1 })
            }
        }
    }

    /// Pardot took a token of this generation.
    pub(crate) fn accepted(&self, generation: u64) {
        let mut state = self.state();
        if generation > state.accepted {
            state.accepted = generation;
            state.strikes = 0;
        }
    }

    /// Pardot refused a token of this generation. The second fresh one in a row ends the connection.
    pub(crate) fn refused(&self, generation: u64) {
        let mut state = self.state();
        if generation <= state.refused {
            return;
        }
        state.refused = generation;
        if generation > state.accepted {
            state.strikes += 1;
            if state.strikes >= REFUSALS {
                state.dead = Some(GrantError::TokenRefusedTwice);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn obtain(self: &Arc<Tokens>, retry: RetryPolicy, dice: &Dice) -> Outcome {
        let unsaved = self.state().unsaved.clone();
        if let Some((access_token, rotated)) = unsaved {
            return self.keep(access_token, rotated).await;
        }
        let (mut attempt, mut reread) = (0, false);
        loop {
            match self.ask(retry).await {
                Ok(issued) => return self.take(issued).await,
                Err(GrantError::Unreachable { cause }) if attempt >= retry.maximum_retries => {
                    return Err(NoToken::Unavailable {
                        cause: format!("Salesforce login: {cause}"),
                        attempts: attempt + 1,
                    });
                }
                Err(GrantError::Unreachable { .. }) => {
                    self.clock.sleep(retry.wait(attempt, None, dice)).await;
                    attempt += 1;
                }
                // Another process may have rotated the token and kept the new one: whoever comes second reads once more.
                Err(GrantError::RefreshToken) if !reread && self.reread().await => reread = true,
                Err(error) => {
                    self.state().dead = Some(error.clone());
                    return Err(NoToken::Dead(error));
                }
            }
        }
    }

    /// Takes the refresh token that is kept now; `false` when it is the one that was refused.
    async fn reread(&self) -> bool {
        let keeper = Arc::clone(&self.keeper);
        let Ok(Some(current)) = tokio::task::spawn_blocking(move || keeper.current()).await else {
            return false;
        };
        let mut grant = self.grant.lock().unwrap_or_else(PoisonError::into_inner);
        match &*grant {
            Grant::RefreshToken(refused) if refused.expose_secret() != current.expose_secret() => {
                *grant = Grant::RefreshToken(current);
                true
            }
            Grant::RefreshToken(_) | Grant::ClientCredentials | Grant::JwtBearer { .. } => false,
        }
    }

    async fn ask(&self, retry: RetryPolicy) -> Result<IssuedTokens, GrantError> {
        let grant = self.grant.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let app = self.app.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match &grant {
            Grant::RefreshToken(token) => {
                let pairs = [("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())];
                oauth::ask(&self.wire, &app, &pairs, Asked::Refresh, retry.timeout).await
            }
            Grant::ClientCredentials => {
                let pairs = [("grant_type", "client_credentials")];
                oauth::ask(&self.wire, &app, &pairs, Asked::Other, retry.timeout).await
            }
            Grant::JwtBearer { subject, audience, .. } => {
                let assertion = self.assertion(&app.client_id, subject, audience.as_deref())?;
                let kind = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                let pairs = [("grant_type", kind), ("assertion", assertion.as_str())];
                oauth::ask(&self.wire, &app, &pairs, Asked::Other, retry.timeout).await
            }
        }
    }

    async fn take(self: &Arc<Tokens>, issued: IssuedTokens) -> Outcome {
        let rotated = issued.refresh_token.filter(|rotated| {
            let grant = self.grant.lock().unwrap_or_else(PoisonError::into_inner);
            match &*grant {
                Grant::RefreshToken(old) => old.expose_secret() != rotated.expose_secret(),
                Grant::ClientCredentials | Grant::JwtBearer { .. } => false,
            }
        });
        match rotated {
            Some(rotated) => self.keep(issued.access_token, rotated).await,
            None => self.install(&issued.access_token),
        }
    }

    /// Saves first, uses then. What cannot be saved stays in memory and is tried again: the old grant is dead already.
    async fn keep(self: &Arc<Tokens>, access_token: SecretString, rotated: SecretString) -> Outcome {
        *self.grant.lock().unwrap_or_else(PoisonError::into_inner) = Grant::RefreshToken(rotated.clone());
        self.state().unsaved = Some((access_token.clone(), rotated.clone()));
        let keeper = Arc::clone(&self.keeper);
        let saved = tokio::task::spawn_blocking(move || keeper.keep(&rotated)).await;
        match saved.unwrap_or_else(|_| Err("the keeper broke off".to_owned())) {
            Ok(()) => {
                self.state().unsaved = None;
                self.install(&access_token)
            }
            Err(cause) => Err(NoToken::Dead(GrantError::CannotSave { cause })),
        }
    }

    fn install(&self, access_token: &SecretString) -> Outcome {
        let header = HeaderValue::from_str(&format!("Bearer {}", access_token.expose_secret()));
        let Ok(mut header) = header else {
            return Err(NoToken::Unavailable { cause: "Salesforce gave an unusable token".to_owned(), attempts: 1 });
        };
        header.set_sensitive(true);
        let mut state = self.state();
        state.generation += 1;
        let access = Arc::new(Access { generation: state.generation, header });
        state.current = Some(Arc::clone(&access));
        Ok(access)
    }

    /// A signed assertion (RS256).
    fn assertion(&self, client_id: &str, subject: &str, audience: Option<&str>) -> Result<String, GrantError> {
        let key = self.key.as_ref().ok_or(GrantError::Key)?;
        let sandbox = self.login.as_str().contains(".sandbox.") || self.login.as_str() == "https://test.salesforce.com";
        let default = if sandbox { "https://test.salesforce.com" } else { "https://login.salesforce.com" };
        let claims = json!({
            "iss": client_id, "sub": subject, "aud": audience.unwrap_or(default), "exp": self.clock.unix() + ASSERTION_LIFE,
        });
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; key.public().modulus_len()];
        let random = ring::rand::SystemRandom::new();
        key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).map_err(|_| GrantError::Key)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// Reads PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`).
fn key_pair(pem: &SecretString) -> Result<RsaKeyPair, GrantError> {
    let pem = pem.expose_secret();
    let inner = |name: &str| {
        let (_, rest) = pem.split_once(&format!("-----BEGIN {name}-----"))?;
        let (inner, _) = rest.split_once(&format!("-----END {name}-----"))?;
        STANDARD.decode(inner.split_whitespace().collect::<String>()).ok()
    };
    let pkcs8 = inner("PRIVATE KEY").and_then(|der| RsaKeyPair::from_pkcs8(&der).ok());
    pkcs8.or_else(|| RsaKeyPair::from_der(&inner("RSA PRIVATE KEY")?).ok()).ok_or(GrantError::Key)
}

#[cfg(test)]
mod tests;
