//! Sessions of people in a browser: opened with a password, ended by time, by leaving, and by whoever locks a person out.
//!
//! Knows no cookie; the server keeps of a session only the hash of its secret.

use std::sync::LazyLock;

use api::{Login, Me, Scope, Secret};
use serde_json::json;
use store::{AuditEntry, Change};

use crate::attempts::Attempts;
use crate::{Actor, App, AppError, digest, password, people};

/// Seconds without a request after which a session ends.
pub const SESSION_IDLE: i64 = 30 * 60;
/// Seconds after which a session ends whatever happens.
pub const SESSION_ABSOLUTE: i64 = 12 * 3_600;
/// Seconds after which a use is noted again.
const TOUCHED_EVERY: i64 = 60;

/// The tries to log in, of all servers of this process; the bounds are of its memory.
static ATTEMPTS: LazyLock<Attempts> = LazyLock::new(Attempts::default);

/// A session just opened.
#[derive(Debug)]
pub struct Opened {
    /// The cookie's value: 256 bits of chance.
    pub secret: Secret,
    /// Who it is.
    pub me: Me,
}

impl App {
    /// Opens a session. Ten wrong passwords of a name from an address cost waiting time there.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] whatever is wrong: name, password, or a person who is locked out;
    /// [`AppError::TooMany`].
    pub async fn login(&self, login: Login, address: &str) -> Result<Opened, AppError> {
        let known = self.0.store.person_named(&login.name).await?;
        let tried = Tried { name: &login.name, known: known.as_ref(), address };
        self.try_password(&tried, login.password).await?;
        let Some(person) = known else { return Err(refused()) };
        let _one = people::CHANGING.lock().await;
        // Somebody may have locked the person out, or changed the password, while it was hashed.
        let still = self.0.store.person(&person.id).await?;
        let still = still.filter(|now| !now.disabled && now.password_hash == person.password_hash);
        let Some(person) = still else { return Err(refused()) };
        let now = self.now();
        let (session, opened) = new(&person, address, now);
        let actor = actor_of(&person, None, Scope::Admin, address);
        let line = actor.audit("session.open", &person.name, json!({}));
        self.0.store.apply(vec![Change::InsertSession(session), line]).await?;
        Ok(opened)
    }

    /// Ends a session; one that has ended is fine.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn logout(&self, session: &Secret, address: &str) -> Result<(), AppError> {
        let hash = digest::of(session);
        let Some(session) = self.0.store.session(&hash).await? else { return Ok(()) };
        let mut changes = vec![Change::DeleteSession { hash }];
        if let Some(person) = self.0.store.person(&session.person).await? {
            let actor = actor_of(&person, None, Scope::Admin, address);
            changes.push(actor.audit("session.close", &person.name, json!({})));
        }
        Ok(self.0.store.apply(changes).await?)
    }

    /// Who has this session.
    ///
    /// # Errors
    /// [`AppError::Unauthenticated`] when it has ended, or its person is locked out.
    pub async fn actor_of_session(&self, session: &Secret, address: &str) -> Result<Actor, AppError> {
        let ended = || AppError::Unauthenticated { message: "this session has ended: log in again".into() };
        if session.expose().len() != digest::LENGTH {
            return Err(ended());
        }
        let hash = digest::of(session);
        let found = self.0.store.session(&hash).await?.ok_or_else(ended)?;
        let now = self.now();
        if now >= found.expires || now - found.last_seen >= SESSION_IDLE {
            // What has ended is swept as well; this only makes it sooner.
            let _swept = self.0.store.apply(vec![Change::DeleteSession { hash }]).await;
            return Err(ended());
        }
        let person = self.0.store.person(&found.person).await?.filter(|person| !person.disabled);
        let person = person.ok_or_else(ended)?;
        if now - found.last_seen >= TOUCHED_EVERY {
            // A full disk must not keep people from looking.
            let _noted = self.0.store.apply(vec![Change::TouchSession { hash, now }]).await;
        }
        Ok(actor_of(&person, None, Scope::Admin, address))
    }

    /// How the actor looks to themselves.
    pub fn me(&self, actor: &Actor) -> Me {
        Me { name: actor.name.clone(), role: actor.role, scope: actor.scope, token: actor.token.clone() }
    }

    /// Says no unless this is the person's password.
    pub(crate) async fn prove_password(
        &self,
        person: &store::Person,
        password: Secret,
        address: &str,
    ) -> Result<(), AppError> {
        let tried = Tried { name: &person.name, known: Some(person), address };
        self.try_password(&tried, password).await
    }

    async fn try_password(&self, tried: &Tried<'_>, password: Secret) -> Result<(), AppError> {
        let from = self.from(tried.address);
        ATTEMPTS.begin(tried.name, &from, self.now()).map_err(|seconds| AppError::TooMany { seconds })?;
        let hash = tried.known.filter(|person| !person.disabled).and_then(|person| person.password_hash.clone());
        let fits = password::fits(password, hash).await;
        match fits {
            Ok(true) => {
                ATTEMPTS.succeed(tried.name, &from);
                Ok(())
            }
            Ok(false) => {
                ATTEMPTS.fail(tried.name, &from, self.now());
                self.note_failure(tried).await;
                Err(refused())
            }
            Err(error) => {
                ATTEMPTS.take_back(tried.name, &from);
                Err(error)
            }
        }
    }

    /// An address, apart from the same address at another server of this process.
    fn from(&self, address: &str) -> String {
        format!("{address} at {}", self.0.config.data_dir.display())
    }

    /// Notes a failed login, unless very many fail.
    async fn note_failure(&self, tried: &Tried<'_>) {
        let now = self.now();
        let Some(silent) = ATTEMPTS.log(now) else { return };
        let detail = if silent == 0 { json!({}) } else { json!({ "not_logged_before": silent }) };
        let line = Change::Audit(AuditEntry {
            at: now,
            actor: "nobody".into(),
            address: tried.address.to_owned(),
            action: "session.refused".into(),
            // A name that nobody has may be a password in the wrong field.
            object: tried.known.map_or("unknown name", |person| person.name.as_str()).to_owned(),
            detail,
        });
        // The answer is no in any case.
        let _noted = self.0.store.apply(vec![line]).await;
    }
}

/// A try to log in.
struct Tried<'a> {
    name: &'a str,
    known: Option<&'a store::Person>,
    address: &'a str,
}

/// A new session: what is kept, and what the browser gets.
pub(crate) fn new(person: &store::Person, address: &str, now: i64) -> (store::Session, Opened) {
    let secret = digest::fresh("");
    let role = people::role_of(person);
    let me = Me { name: person.name.clone(), role, scope: Actor::scope_of(role), token: None };
    let session = store::Session {
        hash: digest::of(&secret),
        person: person.id.clone(),
        created: now,
        last_seen: now,
        expires: now + SESSION_ABSOLUTE,
        address: address.to_owned(),
    };
    (session, Opened { secret, me })
}

/// The person behind a request, with at most the rights of `most`.
pub(crate) fn actor_of(person: &store::Person, token: Option<String>, most: Scope, address: &str) -> Actor {
    let role = people::role_of(person);
    Actor {
        name: person.name.clone(),
        person: Some(person.id.clone()),
        token,
        role,
        scope: Actor::scope_of(role).min(most),
        address: address.to_owned(),
    }
}

fn refused() -> AppError {
    AppError::Unauthenticated { message: "name or password is wrong".into() }
}
