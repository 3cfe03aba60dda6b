//! Activations over HTTP: written, looked at, run.
//!
//! Knows the routes; what is sent of a profile is the server's.

use reqwest::Method;

use super::catalog::PAGE;
use super::jobs::IDEMPOTENCY_KEY;
use super::wire::with;
use super::{Client, ClientError, Started};
use crate::{Activation, ActivationCopy, ActivationLook, ActivationSpec, ActivationTry, Page, RunRequest};

impl Client {
    /// Activations by name, of one segment where it is named; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`], as everywhere here.
    pub async fn activations(
        &self,
        segment: Option<&str>,
        after: Option<&str>,
    ) -> Result<Page<Activation>, ClientError> {
        self.wire.get(&["activations"], &[("segment", segment), ("after", after), ("limit", Some(PAGE))]).await
    }

    /// One activation.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn activation(&self, name: &str) -> Result<Activation, ClientError> {
        self.wire.get(&["activations", name], &[]).await
    }

    /// Makes an activation.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn create_activation(&self, spec: &ActivationSpec) -> Result<Activation, ClientError> {
        self.wire.give(Method::POST, &["activations"], spec).await
    }

    /// Makes or replaces the activation of this name; only as `revision` has it, when given.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_activation(
        &self,
        name: &str,
        spec: &ActivationSpec,
        revision: Option<u64>,
    ) -> Result<Activation, ClientError> {
        self.put(&["activations", name], spec, revision).await
    }

    /// Deletes an activation; its jobs stay.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_activation(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&["activations", name]).await
    }

    /// The first rows of an activation exactly as they would be sent, and its columns held against the target's fields.
    /// Nothing is saved or sent.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn try_activation(&self, request: &ActivationTry) -> Result<ActivationLook, ClientError> {
        self.wire.give(Method::POST, &["activations", "try"], request).await
    }

    /// Starts a job of an activation; the same `key` within a day starts it once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn run_activation(&self, name: &str, request: &RunRequest, key: &str) -> Result<Started, ClientError> {
        let call = self.wire.request(Method::POST, &["activations", name, "runs"], &[]).header(IDEMPOTENCY_KEY, key);
        let (status, job) = self.wire.status_and_document(with(call, request)).await?;
        Ok(Started { job, again: status == 200 })
    }

    /// Lets an activation run, or keeps it from running, by its schedule and by hand.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn enable_activation(&self, name: &str, enabled: bool) -> Result<Activation, ClientError> {
        let word = if enabled { "enable" } else { "disable" };
        self.wire.document(self.wire.request(Method::POST, &["activations", name, word], &[])).await
    }

    /// Makes another activation like this one; it is disabled.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn copy_activation(&self, name: &str, copy: &ActivationCopy) -> Result<Activation, ClientError> {
        self.wire.give(Method::POST, &["activations", name, "copy"], copy).await
    }
}
