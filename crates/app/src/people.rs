//! People: added, changed, removed, never the last admin.
//!
//! Knows roles and rules; how a password is kept is `password`'s, the first person is `setup`'s.

use api::{PasswordChange, Person, PersonChange, PersonSpec, Role, Scope, Secret};
use model::{Problem, Problems};
use serde_json::json;
use store::Change;
use tokio::sync::Mutex;

use crate::sessions::{self, Opened};
use crate::{Actor, App, AppError, names, password};

/// Characters of a name at most.
const LONGEST_NAME: usize = 100;
/// Names that the audit log and the screens give to no person.
const RESERVED: [&str; 3] = ["command line", "sluice", "nobody"];

/// One change of people at a time: two admins who demote each other at once must not leave a server without one.
pub(crate) static CHANGING: Mutex<()> = Mutex::const_new(());

impl App {
    /// Everybody, by name.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] without the right to administer; the store does not answer.
    pub async fn people(&self, actor: &Actor) -> Result<Vec<Person>, AppError> {
        actor.require(Scope::Admin)?;
        Ok(self.0.store.people().await?.iter().map(shown).collect())
    }

    /// Adds a person.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for name and password, [`AppError::Conflict`] for a name that is taken.
    pub async fn add_person(&self, actor: &Actor, spec: PersonSpec) -> Result<Person, AppError> {
        actor.require(Scope::Admin)?;
        let mut problems = Problems::default();
        problems.keep(check_name("person.name", &spec.name));
        problems.keep(password::check("person.password", &spec.password, &spec.name));
        problems.or(|| ())?;
        let hash = password::hash(spec.password).await?;
        let now = self.now();
        let person = new(&spec.name, spec.role, hash, now);
        let view = shown(&person);
        let line = actor.audit("person.add", &spec.name, json!({ "role": role_name(spec.role) }));
        let what = format!("person {}", spec.name);
        let added = self.0.store.apply(vec![Change::InsertPerson(person), line]).await;
        added.map_err(|error| names::stale_or(error, &what))?;
        Ok(view)
    }

    /// Changes a person.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Invalid`] for the password; [`AppError::Conflict`] for the last admin.
    pub async fn change_person(&self, actor: &Actor, name: &str, change: PersonChange) -> Result<Person, AppError> {
        actor.require(Scope::Admin)?;
        if let Some(new) = &change.password {
            password::check("person.password", new, name)?;
        }
        let hash = match change.password.clone() {
            Some(new) => Some(password::hash(new).await?),
            None => None,
        };
        let _one = CHANGING.lock().await;
        let mut person = self.person_named(name).await?;
        let now = self.now();
        let mut parts = serde_json::Map::new();
        if let Some(role) = change.role {
            parts.insert("role".into(), json!(role_name(role)));
            person.role = role_name(role).to_owned();
        }
        if let Some(disabled) = change.disabled {
            parts.insert("disabled".into(), json!(disabled));
            person.disabled = disabled;
        }
        let ends = hash.is_some() || change.disabled == Some(true);
        if let Some(hash) = hash {
            parts.insert("password".into(), json!("changed"));
            person.password_hash = Some(hash);
        }
        if parts.is_empty() {
            return Ok(shown(&person));
        }
        if person.disabled || role_of(&person) != Role::Admin {
            self.keep_an_admin(&person.id).await?;
        }
        person.updated = now;
        let view = shown(&person);
        let mut changes = vec![Change::ReplacePerson(person.clone())];
        if ends {
            changes.push(Change::DeleteSessionsOf { person: person.id.clone() });
        }
        changes.push(actor.audit("person.change", &person.name, parts.into()));
        self.0.store.apply(changes).await.map_err(|error| names::stale_or(error, &format!("person {name}")))?;
        Ok(view)
    }

    /// Removes a person with their sessions and tokens, never the last admin.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`AppError::Conflict`] for the last admin.
    pub async fn remove_person(&self, actor: &Actor, name: &str) -> Result<(), AppError> {
        actor.require(Scope::Admin)?;
        let _one = CHANGING.lock().await;
        let person = self.person_named(name).await?;
        self.keep_an_admin(&person.id).await?;
        let line = actor.audit("person.remove", &person.name, json!({}));
        let removed = self.0.store.apply(vec![Change::DeletePerson { id: person.id }, line]).await;
        removed.map_err(|error| names::stale_or(error, &format!("person {name}")))
    }

    /// Changes one's own password; all sessions end. Whoever did it in a session gets a new one in its place.
    ///
    /// # Errors
    /// [`AppError::Invalid`] for the new password, [`AppError::Forbidden`]-like refusals for the current one:
    /// [`AppError::Unauthenticated`], after too many [`AppError::TooMany`].
    pub async fn change_password(
        &self,
        actor: &Actor,
        change: PasswordChange,
        session: Option<&Secret>,
    ) -> Result<Option<Opened>, AppError> {
        let Some(id) = &actor.person else {
            let hint = Some("log in as a person".into());
            return Err(AppError::Conflict { message: "the command line has no password".into(), hint });
        };
        password::check("password.new", &change.new, &actor.name)?;
        let before = self.own_person(id).await?;
        self.prove_password(&before, change.current, &actor.address).await?;
        let hash = password::hash(change.new).await?;
        let _one = CHANGING.lock().await;
        let mut person = self.own_person(id).await?;
        if person.password_hash != before.password_hash {
            return Err(AppError::Stale { what: "your password".into() });
        }
        let now = self.now();
        person.password_hash = Some(hash);
        person.updated = now;
        let mut changes =
            vec![Change::ReplacePerson(person.clone()), Change::DeleteSessionsOf { person: person.id.clone() }];
        let opened = session.map(|_| {
            let (kept, opened) = sessions::new(&person, &actor.address, now);
            changes.push(Change::InsertSession(kept));
            opened
        });
        changes.push(actor.audit("person.password", &person.name, json!({})));
        self.0.store.apply(changes).await?;
        Ok(opened)
    }

    async fn own_person(&self, id: &str) -> Result<store::Person, AppError> {
        let person = self.0.store.person(id).await?;
        person.ok_or_else(|| AppError::Unauthenticated { message: "you were removed meanwhile".into() })
    }

    async fn person_named(&self, name: &str) -> Result<store::Person, AppError> {
        if let Some(person) = self.0.store.person_named(name).await? {
            return Ok(person);
        }
        let people = self.0.store.people().await?;
        Err(AppError::not_found("person", name, people.iter().map(|person| person.name.as_str())))
    }

    /// Says no when nobody else could administer.
    async fn keep_an_admin(&self, without: &str) -> Result<(), AppError> {
        let people = self.0.store.people().await?;
        let admin = |person: &store::Person| role_of(person) == Role::Admin && !person.disabled;
        let others = people.iter().any(|person| person.id != without && admin(person));
        let is_one = people.iter().any(|person| person.id == without && admin(person));
        if others || !is_one {
            return Ok(());
        }
        Err(AppError::Conflict {
            message: "this is the last admin".into(),
            hint: Some("make somebody else an admin first".into()),
        })
    }
}

/// A new person as the store keeps them.
pub(crate) fn new(name: &str, role: Role, hash: String, now: i64) -> store::Person {
    store::Person {
        id: names::new_id("p"),
        name: name.to_owned(),
        role: role_name(role).to_owned(),
        password_hash: Some(hash),
        created: now,
        updated: now,
        disabled: false,
    }
}

/// A person as they are shown.
pub(crate) fn shown(person: &store::Person) -> Person {
    Person {
        name: person.name.clone(),
        role: role_of(person),
        disabled: person.disabled,
        created: names::time(person.created),
        updated: names::time(person.updated),
    }
}

/// What a person may do; a word that nobody knows is the least.
pub(crate) fn role_of(person: &store::Person) -> Role {
    let roles = [Role::Viewer, Role::Editor, Role::Admin];
    roles.into_iter().find(|role| role_name(*role) == person.role).unwrap_or(Role::Viewer)
}

/// The word of a role, as the store and the audit log have it.
pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Editor => "editor",
        Role::Admin => "admin",
    }
}

/// A name to log in with: also an e-mail address.
///
/// # Errors
/// It is empty, too long, reserved, or has characters that an address or a log line could not hold.
pub(crate) fn check_name(place: &str, name: &str) -> Result<(), Problem> {
    let hint = "letters, digits, space, - _ . @ and +; first a letter or digit; at most 100";
    let wrong = |message: &str| Err(Problem::at(place, message).hint(hint));
    if name.is_empty() {
        return wrong("is missing");
    }
    if name.chars().count() > LONGEST_NAME {
        return wrong("is longer than 100 characters");
    }
    let legal = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '@' | '+');
    if !name.chars().all(legal) || !name.starts_with(char::is_alphanumeric) || name.ends_with(' ') {
        return wrong("has characters that a name cannot have");
    }
    if RESERVED.contains(&name.to_lowercase().as_str()) {
        return Err(Problem::at(place, "is a name that nobody can have").hint("choose another"));
    }
    Ok(())
}
