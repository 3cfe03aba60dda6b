//! Changes that happen all or not at all, together with their line in the audit log.
//!
//! Knows the order of a caller's changes; each table's SQL is its own module's.

use std::sync::Arc;

use model::{JobId, JobState};
use secrecy::SecretString;
use serde_json::Value;
use sqlx::SqliteConnection;

use crate::audit::{self, AuditEntry};
use crate::document::{self, Document};
use crate::fault::Fault;
use crate::notice::{self, NewNotice};
use crate::person::{self, Person};
use crate::secret::{self, SealedSecret};
use crate::session::{self, Session};
use crate::slot::{self, Slot};
use crate::token::{self, ApiToken};
use crate::{job, kept};

/// One change. `now` is in seconds since 1970-01-01 UTC.
///
/// Deleting sessions, secrets, slots or a value that are not there is no error; everything else that names something missing
/// is.
#[derive(Debug, Clone)]
pub enum Change {
    /// Adds a document; refused when its id, or its name within its kind, is taken.
    InsertDocument(Document),
    /// Gives a document another name and body, and the next revision.
    ReplaceDocument {
        /// Its id.
        id: String,
        /// The revision that the caller saw; another one is a conflict.
        revision: Option<u64>,
        /// Its name from now on.
        name: String,
        /// Its body from now on.
        body: Value,
        /// The time.
        now: i64,
    },
    /// Deletes a document.
    DeleteDocument {
        /// Its id.
        id: String,
    },
    /// Seals a secret and keeps it in the place of an earlier one.
    PutSecret {
        /// The document id that it belongs to.
        owner: String,
        /// Its name.
        name: String,
        /// The secret.
        value: SecretString,
    },
    /// Deletes all secrets of an owner.
    DeleteSecrets {
        /// The document id that they belong to.
        owner: String,
    },
    /// Adds a person; refused when their id or name is taken.
    InsertPerson(Person),
    /// Writes a person in the place of the one with their id.
    ReplacePerson(Person),
    /// Deletes a person with their sessions and tokens.
    DeletePerson {
        /// Their id.
        id: String,
    },
    /// Begins a session.
    InsertSession(Session),
    /// Notes that a session was used.
    TouchSession {
        /// Its hash.
        hash: [u8; 32],
        /// The time.
        now: i64,
    },
    /// Ends a session.
    DeleteSession {
        /// Its hash.
        hash: [u8; 32],
    },
    /// Ends all sessions of a person.
    DeleteSessionsOf {
        /// Their id.
        person: String,
    },
    /// Adds a token.
    InsertToken(ApiToken),
    /// Notes that a token was used.
    TouchToken {
        /// Its id.
        id: String,
        /// The time.
        now: i64,
    },
    /// Revokes a token; the first time stays.
    RevokeToken {
        /// Its id.
        id: String,
        /// The time.
        now: i64,
    },
    /// Keeps a value in the place of an earlier one, or removes it.
    PutValue {
        /// Its name.
        name: String,
        /// The value; none removes it.
        value: Option<Value>,
    },
    /// Keeps a value; refused when there is one of this name.
    ClaimValue {
        /// Its name.
        name: String,
        /// The value.
        value: Value,
    },
    /// Writes down what became of a scheduled time; refused ([`crate::StoreError::SlotTaken`]) when that is written
    /// already.
    InsertSlot(Slot),
    /// Writes down anew what became of a scheduled time that was missed; refused ([`crate::StoreError::SlotTaken`]) when it
    /// has run.
    FillSlot(Slot),
    /// Deletes all slots of a schedule.
    DeleteSlots {
        /// The schedule.
        schedule: String,
    },
    /// Puts a notice into the outbox; refused when its id is taken.
    InsertNotice(NewNotice),
    /// Notes that notices were written for the state that a job is in: [`crate::Store::untold`] finds it no more until it
    /// is in another one, or a person puts it back into the queue. A conflict when it is in another one by now.
    Told {
        /// The job.
        job: JobId,
        /// The state that the notices are about.
        state: JobState,
    },
    /// Appends to the audit log.
    Audit(AuditEntry),
}

/// Changes with their secrets sealed, in the order of the changes; none by default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sealed {
    pub(crate) changes: Arc<Vec<Change>>,
    pub(crate) secrets: Vec<SealedSecret>,
}

/// Makes every change, in order.
pub(crate) async fn apply(connection: &mut SqliteConnection, sealed: &Sealed) -> Result<(), Fault> {
    let mut secrets = sealed.secrets.iter();
    for change in sealed.changes.iter() {
        match change {
            Change::PutSecret { .. } => {
                // As many as there are such changes: the caller sealed them one by one.
                let secret = secrets.next().ok_or(Fault::StaleKey)?;
                secret::put(&mut *connection, secret).await?;
            }
            Change::InsertDocument(document) => document::insert(&mut *connection, document).await?,
            Change::ReplaceDocument { id, revision, name, body, now } => {
                document::replace(&mut *connection, id, *revision, name, body, *now).await?;
            }
            Change::DeleteDocument { id } => document::delete(&mut *connection, id).await?,
            Change::DeleteSecrets { owner } => secret::delete_of(&mut *connection, owner).await?,
            Change::InsertPerson(person) => person::insert(&mut *connection, person).await?,
            Change::ReplacePerson(person) => person::replace(&mut *connection, person).await?,
            Change::DeletePerson { id } => person::delete(&mut *connection, id).await?,
            Change::InsertSession(session) => session::insert(&mut *connection, session).await?,
            Change::TouchSession { hash, now } => session::touch(&mut *connection, hash, *now).await?,
            Change::DeleteSession { hash } => session::delete(&mut *connection, hash).await?,
            Change::DeleteSessionsOf { person } => session::delete_of(&mut *connection, person).await?,
            Change::InsertToken(token) => token::insert(&mut *connection, token).await?,
            Change::TouchToken { id, now } => token::touch(&mut *connection, id, *now).await?,
            Change::RevokeToken { id, now } => token::revoke(&mut *connection, id, *now).await?,
            Change::PutValue { name, value } => kept::put(&mut *connection, name, value.as_ref()).await?,
            Change::ClaimValue { name, value } => kept::claim(&mut *connection, name, value).await?,
            Change::InsertSlot(slot) => slot::insert(&mut *connection, slot).await?,
            Change::FillSlot(slot) => slot::fill(&mut *connection, slot).await?,
            Change::DeleteSlots { schedule } => slot::delete_of(&mut *connection, schedule).await?,
            Change::InsertNotice(notice) => notice::insert(&mut *connection, notice).await?,
            Change::Told { job, state } => job::tell(&mut *connection, job, *state).await?,
            Change::Audit(entry) => audit::append(&mut *connection, entry).await?,
        }
    }
    Ok(())
}
