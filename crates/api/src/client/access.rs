//! Setup, people, tokens, the audit log and the master key over HTTP.
//!
//! Knows the routes; who may do what is the server's.

use reqwest::Method;

use super::{Client, ClientError};
use crate::{
    AuditLine, KeysRotated, Me, Page, PasswordChange, Person, PersonChange, PersonSpec, Setup, SetupDone, Token,
    TokenMade, TokenSpec,
};

impl Client {
    /// Adds the first admin with the one-time setup token; the client's own token is not looked at.
    ///
    /// # Errors
    /// See [`ClientError`], as everywhere here.
    pub async fn setup(&self, setup: &Setup) -> Result<SetupDone, ClientError> {
        self.wire.give(Method::POST, &["setup"], setup).await
    }

    /// Who the token belongs to, and what it may do.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.wire.get(&["me"], &[]).await
    }

    /// Changes the password of the token's person.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn change_password(&self, change: &PasswordChange) -> Result<(), ClientError> {
        let request = self.wire.request(Method::PUT, &["me", "password"], &[]);
        self.wire.done(super::wire::with(request, change)).await
    }

    /// Everybody, by name.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn people(&self) -> Result<Vec<Person>, ClientError> {
        let page: Page<Person> = self.wire.get(&["people"], &[]).await?;
        Ok(page.items)
    }

    /// Adds a person.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn add_person(&self, spec: &PersonSpec) -> Result<Person, ClientError> {
        self.wire.give(Method::POST, &["people"], spec).await
    }

    /// Changes a person.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn change_person(&self, name: &str, change: &PersonChange) -> Result<Person, ClientError> {
        self.wire.give(Method::PATCH, &["people", name], change).await
    }

    /// Removes a person.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn remove_person(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&["people", name]).await
    }

    /// One's own tokens; everybody's for an admin.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn tokens(&self) -> Result<Vec<Token>, ClientError> {
        let page: Page<Token> = self.wire.get(&["tokens"], &[]).await?;
        Ok(page.items)
    }

    /// Makes a token; the only time that it is shown.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn make_token(&self, spec: &TokenSpec) -> Result<TokenMade, ClientError> {
        self.wire.give(Method::POST, &["tokens"], spec).await
    }

    /// Revokes a token at once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn revoke_token(&self, id: &str) -> Result<(), ClientError> {
        self.delete(&["tokens", id]).await
    }

    /// Changes, newest first; `before` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn audit(&self, before: Option<&str>, limit: u32) -> Result<Page<AuditLine>, ClientError> {
        self.wire.get(&["audit"], &[("before", before), ("limit", Some(&limit.to_string()))]).await
    }

    /// Makes a new master key and wraps every secret with it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn rotate_keys(&self) -> Result<KeysRotated, ClientError> {
        self.wire.document(self.wire.request(Method::POST, &["keys", "rotate"], &[])).await
    }
}
