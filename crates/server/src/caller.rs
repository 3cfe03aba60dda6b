//! Who asks: a bearer token, or a session from a page of ours.
//!
//! Knows how a request proves it, and how often its holder may ask; what they may do is the use cases' business.

use std::sync::{Arc, OnceLock};

use api::{Scope, Secret};
use app::{Actor, AppError};
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use secrecy::ExposeSecret;

use crate::cookie::Cookie;
use crate::door::Door;
use crate::origin::Entry;
use crate::refusal::Refusal;
use crate::visitor::Visitor;
use crate::{clock, origin};

/// The name of who asks, told to the log; an extension of each request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known(pub(crate) Arc<OnceLock<String>>);

/// How a request proves who asks.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// `Authorization: Bearer`.
    Token(Secret),
    /// The session of a browser.
    Session(Secret),
}

/// Who asks.
#[derive(Debug)]
pub(crate) struct Caller {
    /// With their rights.
    pub(crate) actor: Actor,
    /// How they proved it.
    pub(crate) proof: Proof,
}

impl Proof {
    fn of(headers: &HeaderMap, door: &Door) -> Result<Option<Proof>, Refusal> {
        if let Some(value) = headers.get(AUTHORIZATION) {
            let text = value.to_str().unwrap_or_default();
            let bearer = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let token = bearer.map(|(_, token)| token.trim()).filter(|token| !token.is_empty());
            let wrong = || Refusal::unauthenticated("the Authorization header is not of the form Bearer TOKEN");
            return token.map(|token| Some(Proof::Token(Secret::new(token)))).ok_or_else(wrong);
        }
        Ok(Cookie::Session.read(headers, door.config()).map(Proof::Session))
    }

    /// Who has it now.
    ///
    /// # Errors
    /// It is unknown, too old, revoked, or its person is locked out.
    pub(crate) async fn actor(&self, door: &Door, address: &str) -> Result<Actor, AppError> {
        match self {
            Proof::Token(token) if is_local(token, door) => Ok(Actor::command_line()),
            Proof::Token(token) => door.app().actor_of_token(token, address).await,
            Proof::Session(session) => door.app().actor_of_session(session, address).await,
        }
    }

    fn secret(&self) -> &Secret {
        match self {
            Proof::Token(secret) | Proof::Session(secret) => secret,
        }
    }
}

/// Whether this is the token that was made for this process alone. Takes the same time whatever differs.
fn is_local(token: &Secret, door: &Door) -> bool {
    let Some(local) = &door.config().local_token else { return false };
    let (given, local) = (token.expose().as_bytes(), local.expose_secret().as_bytes());
    let differs = given.iter().zip(local).fold(0, |differs, (a, b)| differs | (a ^ b));
    given.len() == local.len() && !local.is_empty() && std::hint::black_box(differs) == 0
}

impl Caller {
    /// Who asks, at this entry.
    pub(crate) async fn of(parts: &Parts, door: &Door, entry: Entry) -> Result<Caller, Refusal> {
        let missing = || Refusal::of_status(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
        let visitor = parts.extensions.get::<Visitor>().ok_or_else(missing)?;
        let known = parts.extensions.get::<Known>();
        let refused = |refusal| match door.rates().failure(&visitor.address, clock::now()) {
            Ok(()) => refusal,
            Err(seconds) => Refusal::too_many(seconds),
        };
        let proof = Proof::of(&parts.headers, door).map_err(refused)?;
        let proof = proof.ok_or_else(|| refused(Refusal::unauthenticated("nobody is logged in")))?;
        if let Proof::Session(_) = &proof {
            origin::check_session(parts, entry)?;
        }
        let actor = proof.actor(door, &visitor.address).await.map_err(|error| match error {
            AppError::Unauthenticated { .. } => refused(Refusal::from(error)),
            other => Refusal::from(other),
        })?;
        if let Some(Known(name)) = known {
            // People who log in with an address are named by their id: no log has an e-mail address.
            let shown = match &actor.person {
                Some(id) if actor.name.contains('@') => id.clone(),
                _ => actor.shown(),
            };
            // Set once a request.
            let _set = name.set(shown);
        }
        door.rates().request(proof.secret().expose(), clock::now()).map_err(Refusal::too_many)?;
        Ok(Caller { actor, proof })
    }

    /// The session, where it is one.
    pub(crate) fn session(&self) -> Option<&Secret> {
        match &self.proof {
            Proof::Session(session) => Some(session),
            Proof::Token(_) => None,
        }
    }
}

impl FromRequestParts<Door> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Caller, Refusal> {
        // On the heap, because it is large and every route has one.
        Box::pin(Caller::of(parts, door, Entry::Api)).await
    }
}

/// Somebody who needs no login, as often as their address may ask.
pub(crate) struct Anybody;

impl FromRequestParts<Door> for Anybody {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Anybody, Refusal> {
        let visitor = Visitor::from_request_parts(parts, door).await?;
        door.rates().request(&visitor.address, clock::now()).map_err(Refusal::too_many)?;
        Ok(Anybody)
    }
}

/// Somebody who logs in, or sets the server up: from no foreign page, and not very often.
pub(crate) struct Newcomer(pub(crate) Visitor);

impl FromRequestParts<Door> for Newcomer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Newcomer, Refusal> {
        let visitor = Visitor::from_request_parts(parts, door).await?;
        origin::check_login(&parts.headers)?;
        door.rates().login(&visitor.address, clock::now()).map_err(Refusal::too_many)?;
        Ok(Newcomer(visitor))
    }
}

/// Somebody who looks after the server: on this machine, or with a token that may read, or anybody where the operator
/// says so.
pub(crate) struct Keeper;

impl FromRequestParts<Door> for Keeper {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Keeper, Refusal> {
        let visitor = Visitor::from_request_parts(parts, door).await?;
        if door.config().metrics_open || visitor.loopback {
            return Ok(Keeper);
        }
        let caller = Caller::from_request_parts(parts, door).await?;
        caller.actor.require(Scope::Read)?;
        Ok(Keeper)
    }
}
