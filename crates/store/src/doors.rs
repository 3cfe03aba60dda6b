//! The doors to documents, values, people and the audit log. They are read here; every change goes through
//! [`Store::apply`].
//!
//! Knows which function answers; the SQL is each table's module's.

use serde_json::Value;

use crate::audit::{self, AuditChain, AuditLine};
use crate::document::{self, Document};
use crate::error::StoreError;
use crate::fault::Fault;
use crate::kept;
use crate::person::{self, Person};
use crate::session::{self, Session};
use crate::store::Store;
use crate::token::{self, ApiToken};

impl Store {
    /// The document of this kind and name.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn document(&self, kind: &str, name: &str) -> Result<Option<Document>, StoreError> {
        self.read(async |connection| document::named(connection, kind, name).await).await
    }

    /// The document of this id.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn document_by_id(&self, id: &str) -> Result<Option<Document>, StoreError> {
        self.read(async |connection| document::find(connection, id).await).await
    }

    /// At most `limit` documents of a kind, by name, with names after `after_name`.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn documents(
        &self,
        kind: &str,
        after_name: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Document>, StoreError> {
        self.read(async |connection| document::page(connection, kind, after_name, limit).await).await
    }

    /// At most `limit` documents of a kind, by name, with names after `after_name` in which `text` stands; upper and lower case
    /// do not differ.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn documents_like(
        &self,
        kind: &str,
        text: &str,
        after_name: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Document>, StoreError> {
        self.read(async |connection| document::like(connection, kind, text, after_name, limit).await).await
    }

    /// Those of these documents that are there, in no order.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn documents_named(&self, kind: &str, names: &[String]) -> Result<Vec<Document>, StoreError> {
        self.read(async |connection| document::of_names(connection, kind, names).await).await
    }

    /// How many documents of a kind there are.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn count_documents(&self, kind: &str) -> Result<u64, StoreError> {
        self.read(async |connection| document::count(connection, kind).await).await
    }

    /// The value of this name.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn value(&self, name: &str) -> Result<Option<Value>, StoreError> {
        self.read(async |connection| kept::find(connection, name).await).await
    }

    /// The person of this id.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn person(&self, id: &str) -> Result<Option<Person>, StoreError> {
        self.read(async |connection| person::find(connection, id).await).await
    }

    /// The person of this name; upper and lower case do not differ.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn person_named(&self, name: &str) -> Result<Option<Person>, StoreError> {
        self.read(async |connection| person::named(connection, name).await).await
    }

    /// All people, by name.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn people(&self) -> Result<Vec<Person>, StoreError> {
        self.read(async |connection| person::all(connection).await).await
    }

    /// The session of this hash. It may have ended: look at `expires`.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn session(&self, hash: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        self.read(async |connection| session::find(connection, hash).await).await
    }

    /// The token of this hash. It may have ended or been revoked: look at `expires` and `revoked`.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn token_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiToken>, StoreError> {
        self.read(async |connection| token::by_hash(connection, hash).await).await
    }

    /// All tokens, newest first.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        self.read(async |connection| token::all(connection).await).await
    }

    /// At most `limit` entries of the audit log with a number below `before`, newest first.
    ///
    /// # Errors
    /// Database damaged or out of reach.
    pub async fn audit_page(&self, before: Option<u64>, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        self.read(async |connection| audit::page(connection, before, limit).await).await
    }

    /// Follows the chain of the audit log from its first entry to its last.
    ///
    /// # Errors
    /// Database damaged or out of reach. A broken chain is an answer, not an error.
    pub async fn verify_audit(&self) -> Result<AuditChain, StoreError> {
        let verified = self.read(async |connection| {
            use sqlx::Connection as _;
            // One transaction is one moment: no entry may be appended on the way.
            let mut moment = connection.begin().await?;
            let chain = audit::verify(&mut moment).await?;
            moment.rollback().await?;
            Ok::<_, Fault>(chain)
        });
        verified.await
    }
}
