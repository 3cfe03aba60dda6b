//! Grants, codes and tokens, and which of them are alive.
//!
//! Knows no HTTP: it issues, checks and revokes.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};

use crate::clock::millis;
use crate::config::OAuthSettings;

/// Everything the login remembers.
pub(crate) struct LoginState {
    grants: Vec<Grant>,
    /// Every refresh token ever issued, with its grant.
    refresh: HashMap<String, usize>,
    access: HashMap<String, Access>,
    codes: HashMap<String, Code>,
    issued: u64,
    pub(crate) refreshes: u64,
    pub(crate) replays: u64,
    random: SystemRandom,
}

struct Grant {
    user: String,
    scopes: Vec<String>,
    /// The one refresh token that is good.
    live: Option<String>,
    /// The last one issued, for showing.
    last: String,
    used: i64,
    revoked: bool,
}

struct Access {
    generation: u64,
    user: String,
    scopes: Vec<String>,
    grant: Option<usize>,
    expires: i64,
    calls_left: Option<u64>,
    /// Only the username-password flow yields a token without scope that Pardot takes.
    any_scope: bool,
}

/// An authorization code on its way to the token endpoint.
pub(crate) struct Code {
    pub(crate) user: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: i64,
}

/// What is known of an accepted access token.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) generation: u64,
    pub(crate) user: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires: i64,
    pub(crate) pardot: bool,
}

/// The outcome of a refresh.
pub(crate) struct Refreshed {
    pub(crate) access: String,
    /// A new refresh token, where rotation is on.
    pub(crate) refresh: Option<String>,
    pub(crate) scopes: Vec<String>,
}

impl LoginState {
    pub(crate) fn new() -> LoginState {
        LoginState {
            grants: Vec::new(),
            refresh: HashMap::new(),
            access: HashMap::new(),
            codes: HashMap::new(),
            issued: 0,
            refreshes: 0,
            replays: 0,
            random: SystemRandom::new(),
        }
    }

    fn secret(&self, prefix: &str) -> String {
        let mut bytes = [0u8; 30];
        // The system's source fails only before it is seeded at boot; a constant token would then still be a token.
        let _ = self.random.fill(&mut bytes);
        format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(crate) fn issued(&self) -> u64 {
        self.issued
    }

    /// A new grant; the oldest live one of the same user goes when there are too many.
    pub(crate) fn approve(&mut self, user: &str, scopes: &[String], settings: &OAuthSettings, now: i64) -> String {
        let token = self.secret("5Aep861");
        let live = self.grants.iter_mut().filter(|grant| grant.user == user && grant.live.is_some());
        let mut live: Vec<&mut Grant> = live.collect();
        if live.len() >= settings.grants_per_user.max(1) {
            live[0].live = None;
        }
        let grant = Grant {
            user: user.to_owned(),
            scopes: scopes.to_vec(),
            live: Some(token.clone()),
            last: token.clone(),
            used: now,
            revoked: false,
        };
        self.refresh.insert(token.clone(), self.grants.len());
        self.grants.push(grant);
        token
    }

    /// The latest refresh token of the user's newest grant.
    pub(crate) fn latest(&self, user: &str) -> Option<String> {
        self.grants.iter().rev().find(|grant| grant.user == user).map(|grant| grant.last.clone())
    }

    pub(crate) fn grant_of(&self, token: &str) -> Option<usize> {
        self.refresh.get(token).copied()
    }

    pub(crate) fn issue(
        &mut self,
        user: &str,
        scopes: &[String],
        grant: Option<usize>,
        settings: &OAuthSettings,
        now: i64,
    ) -> String {
        self.issued += 1;
        let token = self.secret("00D5e000000XyZa!AQ0A");
        let access = Access {
            generation: self.issued,
            user: user.to_owned(),
            scopes: scopes.to_vec(),
            grant,
            expires: now + millis(settings.access_token_life),
            calls_left: settings.access_token_calls,
            any_scope: false,
        };
        self.access.insert(token.clone(), access);
        token
    }

    /// Lets Pardot take this token whatever its scopes.
    pub(crate) fn allow_any_scope(&mut self, token: &str) {
        if let Some(access) = self.access.get_mut(token) {
            access.any_scope = true;
        }
    }

    /// Uses a refresh token; `None` when it is dead.
    pub(crate) fn refresh(&mut self, token: &str, settings: &OAuthSettings, now: i64) -> Option<Refreshed> {
        let at = self.refresh.get(token).copied()?;
        let idle = settings.refresh_token_idle.map(millis);
        let grant = self.grants.get(at)?;
        if grant.live.as_deref() != Some(token) {
            if grant.live.is_some() {
                self.replays += 1;
                if settings.revoke_family_on_replay {
                    self.revoke_grant(at);
                }
            }
            return None;
        }
        if idle.is_some_and(|idle| now - grant.used > idle) {
            return None;
        }
        let (user, scopes) = (grant.user.clone(), grant.scopes.clone());
        let rotated = settings.rotate_refresh_tokens.then(|| self.secret("5Aep861"));
        if let Some(grant) = self.grants.get_mut(at) {
            grant.used = now;
            if let Some(rotated) = &rotated {
                grant.live = Some(rotated.clone());
                grant.last = rotated.clone();
                self.refresh.insert(rotated.clone(), at);
            }
        }
        self.refreshes += 1;
        let access = self.issue(&user, &scopes, Some(at), settings, now);
        Some(Refreshed { access, refresh: rotated, scopes })
    }

    fn revoke_grant(&mut self, at: usize) {
        if let Some(grant) = self.grants.get_mut(at) {
            grant.live = None;
            grant.revoked = true;
        }
        self.access.retain(|_, access| access.grant != Some(at));
    }

    /// Revokes a refresh token with its grant, or one access token; false when it is unknown.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        if let Some(at) = self.refresh.get(token).copied() {
            let live = self.grants.get(at).is_some_and(|grant| !grant.revoked);
            self.revoke_grant(at);
            return live;
        }
        self.access.remove(token).is_some()
    }

    pub(crate) fn revoke_all(&mut self) {
        for at in 0..self.grants.len() {
            self.revoke_grant(at);
        }
    }

    pub(crate) fn expire_access(&mut self) {
        self.access.clear();
    }

    /// What is known of a token that is alive, without using it up.
    pub(crate) fn look_up(&self, token: &str, now: i64) -> Option<Known> {
        let access = self.access.get(token)?;
        if now >= access.expires || access.calls_left == Some(0) {
            return None;
        }
        Some(Known {
            generation: access.generation,
            user: access.user.clone(),
            scopes: access.scopes.clone(),
            expires: access.expires,
            pardot: access.any_scope || access.scopes.iter().any(|scope| scope == "pardot_api" || scope == "full"),
        })
    }

    /// Uses an access token for one call.
    pub(crate) fn spend(&mut self, token: &str, now: i64) -> Option<Known> {
        let known = self.look_up(token, now)?;
        if let Some(left) = self.access.get_mut(token).and_then(|access| access.calls_left.as_mut()) {
            *left -= 1;
        }
        Some(known)
    }

    pub(crate) fn add_code(&mut self, code: Code) -> String {
        // Real codes end in padding that must be encoded once and only once.
        let name = format!("{}==", self.secret("aPrx"));
        self.codes.insert(name.clone(), code);
        name
    }

    pub(crate) fn take_code(&mut self, code: &str) -> Option<Code> {
        self.codes.remove(code)
    }

    /// The user of a grant that a refresh token belongs to, alive or not.
    pub(crate) fn refresh_is_live(&self, token: &str) -> Option<&str> {
        let grant = self.grants.get(*self.refresh.get(token)?)?;
        (grant.live.as_deref() == Some(token)).then_some(grant.user.as_str())
    }
}
