//! API tokens: made, listed, revoked, recognised.
//!
//! Knows scopes; a token never may more than its person, and the server keeps of it only its hash.

use api::{Scope, Token, TokenMade, TokenSpec};
use model::{Problem, Problems};
use serde_json::json;
use store::{ApiToken, Change};

use crate::{Actor, App, AppError, digest, names, people, sessions};

/// What every token begins with, so that scanners for leaked secrets find it.
const PREFIX: &str = "slc_";
/// Characters by which people tell tokens apart: the prefix and 24 bits.
const SHOWN: usize = 8;
/// Days of a token when nobody says how many.
const DAYS: u32 = 90;
/// Days of a token at most.
const MOST_DAYS: u32 = 3_650;
/// Characters of a name at most.
const LONGEST_NAME: usize = 100;
/// Tokens of a person at most.
const MOST: usize = 200;
/// Seconds after which a use is noted again.
const TOUCHED_EVERY: i64 = 60;
const DAY: i64 = 86_400;

impl App {
    /// One's own tokens; everybody's for an admin.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right to read; the store does not answer.
    pub async fn tokens(&self, actor: &Actor) -> Result<Vec<Token>, AppError> {
        actor.require(Scope::Read)?;
        let people = self.0.store.people().await?;
        let tokens = self.0.store.tokens().await?;
        let seen = tokens.iter().filter(|token| sees(actor, token));
        Ok(seen.map(|token| shown(token, people.iter().find(|person| person.id == token.person))).collect())
    }

    /// Makes a token for oneself; the only time that it is shown.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for more than one may oneself; [`AppError::Invalid`] for name and days.
    pub async fn make_token(&self, actor: &Actor, spec: TokenSpec) -> Result<TokenMade, AppError> {
        actor.require(Scope::Read)?;
        check(&spec)?;
        actor.require(spec.scope)?;
        if actor.token.is_some() {
            // Else a stolen token would outlive its revocation through a child that nobody knows.
            actor.require(Scope::Admin)?;
        }
        let Some(id) = &actor.person else {
            let hint = Some("make it as a person: with their session, or with another token of theirs".into());
            return Err(AppError::Conflict { message: "a token belongs to a person".into(), hint });
        };
        let gone = || AppError::Unauthenticated { message: "you were removed meanwhile".into() };
        let person = self.0.store.person(id).await?.ok_or_else(gone)?;
        let now = self.now();
        let live = |token: &ApiToken| token.person == *id && refusal(token, now).is_none();
        if self.0.store.tokens().await?.iter().filter(|token| live(token)).count() >= MOST {
            let hint = Some("revoke those that nobody uses".into());
            return Err(AppError::Conflict { message: format!("you have {MOST} tokens already"), hint });
        }
        let (token, made) = new(&spec, &person, now);
        let detail = json!({ "name": spec.name, "scope": scope_name(spec.scope), "expires": made.token.expires });
        let line = actor.audit("token.make", &token.id, detail);
        self.0.store.apply(vec![Change::InsertToken(token), line]).await?;
        Ok(made)
    }

    /// Revokes a token at once; one that is revoked is fine.
    ///
    /// # Errors
    /// [`AppError::NotFound`], also for a token of somebody else, unless an admin asks.
    pub async fn revoke_token(&self, actor: &Actor, id: &str) -> Result<(), AppError> {
        actor.require(Scope::Read)?;
        let tokens = self.0.store.tokens().await?;
        let token = tokens.iter().find(|token| token.id == id && sees(actor, token));
        let unknown = || AppError::NotFound { what: "such token".into(), hint: None };
        let token = token.ok_or_else(unknown)?;
        if token.revoked.is_some() {
            return Ok(());
        }
        let now = self.now();
        let line = actor.audit("token.revoke", &token.id, json!({ "name": token.name }));
        let change = Change::RevokeToken { id: token.id.clone(), now };
        Ok(self.0.store.apply(vec![change, line]).await?)
    }

    /// Who has this token.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] when it is unknown, too old or revoked, or its person is locked out.
    pub async fn actor_of_token(&self, token: &api::Secret, address: &str) -> Result<Actor, AppError> {
        let refused = |message: &str| AppError::Unauthenticated { message: message.to_owned() };
        let text = token.expose();
        let unknown = "this token is not known here";
        if !text.starts_with(PREFIX) || text.len() != PREFIX.len() + digest::LENGTH {
            return Err(refused(unknown));
        }
        let found = self.0.store.token_by_hash(&digest::of(token)).await?.ok_or_else(|| refused(unknown))?;
        let now = self.now();
        if let Some(message) = refusal(&found, now) {
            return Err(refused(message));
        }
        let person = self.0.store.person(&found.person).await?.filter(|person| !person.disabled);
        let person = person.ok_or_else(|| refused("the person of this token is locked out"))?;
        if found.last_used.is_none_or(|last| now - last >= TOUCHED_EVERY) {
            // Nobody waits for the disk to be allowed in, and a full one keeps nobody out.
            let (store, id) = (self.0.store.clone(), found.id.clone());
            tokio::spawn(async move { store.apply(vec![Change::TouchToken { id, now }]).await });
        }
        Ok(sessions::actor_of(&person, Some(found.name.clone()), scope_of(&found), address))
    }
}

/// Why a token is not taken.
fn refusal(token: &ApiToken, now: i64) -> Option<&'static str> {
    if token.revoked.is_some() {
        return Some("this token was revoked");
    }
    token.expires.is_some_and(|end| end <= now).then_some("this token is too old")
}

fn sees(actor: &Actor, token: &ApiToken) -> bool {
    actor.scope >= Scope::Admin || actor.person.as_ref() == Some(&token.person)
}

/// A new token: what is kept, and what is shown once.
pub(crate) fn new(spec: &TokenSpec, person: &store::Person, now: i64) -> (ApiToken, TokenMade) {
    let secret = digest::fresh(PREFIX);
    let kept = ApiToken {
        id: names::new_id("t"),
        name: spec.name.clone(),
        hash: digest::of(&secret),
        shown: secret.expose().chars().take(SHOWN).collect(),
        person: person.id.clone(),
        scope: scope_name(spec.scope).to_owned(),
        created: now,
        expires: Some(now + i64::from(spec.days.unwrap_or(DAYS)) * DAY),
        last_used: None,
        revoked: None,
    };
    let made = TokenMade { token: shown(&kept, Some(person)), secret };
    (kept, made)
}

fn shown(token: &ApiToken, person: Option<&store::Person>) -> Token {
    // Noted to the second once a minute; more would only seem exact.
    let to_the_minute = |at: i64| names::time(at - at.rem_euclid(60));
    // A role that was lowered lowers the tokens too.
    let most = person.map_or(Scope::Read, |person| Actor::scope_of(people::role_of(person)));
    Token {
        id: token.id.clone(),
        name: token.name.clone(),
        shown: token.shown.clone(),
        person: person.map(|person| person.name.clone()).unwrap_or_default(),
        scope: scope_of(token).min(most),
        created: names::time(token.created),
        expires: token.expires.map(names::time),
        last_used: token.last_used.map(to_the_minute),
        revoked: token.revoked.map(names::time),
    }
}

fn check(spec: &TokenSpec) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let length = spec.name.chars().count();
    if length == 0 || length > LONGEST_NAME || spec.name.trim() != spec.name || spec.name.contains(char::is_control) {
        let problem = Problem::at("token.name", "must be 1 to 100 characters without spaces at its ends");
        problems.push(problem.hint("say what the token is for"));
    }
    if !(1..=MOST_DAYS).contains(&spec.days.unwrap_or(DAYS)) {
        problems.push(Problem::at("token.days", format!("must be 1 to {MOST_DAYS}")));
    }
    problems.or(|| ())
}

/// The word of a scope, as the store and the audit log have it.
fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Run => "run",
        Scope::Edit => "edit",
        Scope::Admin => "admin",
    }
}

/// What a token may do; a word that nobody knows is the least.
fn scope_of(token: &ApiToken) -> Scope {
    let scopes = [Scope::Read, Scope::Run, Scope::Edit, Scope::Admin];
    scopes.into_iter().find(|scope| scope_name(*scope) == token.scope).unwrap_or(Scope::Read)
}
