//! Connections, tables and queries over HTTP.
//!
//! Knows the routes; what the documents mean is the server's.

use reqwest::Method;
use reqwest::header::IF_MATCH;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::wire::with;
use super::{Client, ClientError};
use crate::{
    AccountView, Authorize, Connection, ConnectionSpec, Diagnosis, Page, Preview, PreviewRequest, ProspectField, Query,
    QuerySpec, SettingView, Table, TableSpec,
};

/// Things of a page, as many as the server gives at once.
pub(super) const PAGE: &str = "100";

impl Client {
    /// Connections by name; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`], as everywhere here.
    pub async fn connections(&self, after: Option<&str>) -> Result<Page<Connection>, ClientError> {
        self.wire.get(&["connections"], &[("after", after), ("limit", Some(PAGE))]).await
    }

    /// One connection.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn connection(&self, name: &str) -> Result<Connection, ClientError> {
        self.wire.get(&["connections", name], &[]).await
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn create_connection(&self, spec: &ConnectionSpec) -> Result<Connection, ClientError> {
        self.wire.give(Method::POST, &["connections"], spec).await
    }

    /// Makes a connection of this name, or changes what `spec` says of it; only as `revision` has it, when given.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_connection(
        &self,
        name: &str,
        spec: &ConnectionSpec,
        revision: Option<u64>,
    ) -> Result<Connection, ClientError> {
        self.put(&["connections", name], spec, revision).await
    }

    /// Deletes a connection.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_connection(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&["connections", name]).await
    }

    /// Tests a connection: at most three calls to Salesforce and Pardot, which change nothing.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn test_connection(&self, name: &str) -> Result<Diagnosis, ClientError> {
        self.wire.document(self.wire.request(Method::POST, &["connections", name, "test"], &[])).await
    }

    /// Begins an approval in the browser.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn authorize(&self, name: &str) -> Result<Authorize, ClientError> {
        self.wire.document(self.wire.request(Method::POST, &["connections", name, "authorize"], &[])).await
    }

    /// What is known about a connection's account; `refresh` asks Pardot again.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn account(&self, name: &str, refresh: bool) -> Result<AccountView, ClientError> {
        let refresh = refresh.then_some("true");
        self.wire.get(&["connections", name, "account"], &[("refresh", refresh)]).await
    }

    /// The catalog of export settings.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn settings(&self) -> Result<Vec<SettingView>, ClientError> {
        self.wire.get(&["settings"], &[]).await
    }

    /// Pardot's standard prospect fields.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn fields(&self) -> Result<Vec<ProspectField>, ClientError> {
        self.wire.get(&["fields"], &[]).await
    }

    /// Tables by name; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn tables(&self, after: Option<&str>) -> Result<Page<Table>, ClientError> {
        self.wire.get(&["tables"], &[("after", after), ("limit", Some(PAGE))]).await
    }

    /// One table with its columns and rows.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn table(&self, name: &str) -> Result<Table, ClientError> {
        self.wire.get(&["tables", name], &[]).await
    }

    /// Binds a name to files of the server, or binds it anew.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_table(&self, spec: &TableSpec, revision: Option<u64>) -> Result<Table, ClientError> {
        self.put(&["tables", &spec.name], spec, revision).await
    }

    /// Deletes a table.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_table(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&["tables", name]).await
    }

    /// The first rows of a table.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn preview_table(&self, name: &str, limit: u32) -> Result<Preview, ClientError> {
        self.wire.get(&["tables", name, "preview"], &[("limit", Some(&limit.to_string()))]).await
    }

    /// Queries by name; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn queries(&self, after: Option<&str>) -> Result<Page<Query>, ClientError> {
        self.wire.get(&["queries"], &[("after", after), ("limit", Some(PAGE))]).await
    }

    /// One query.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn query(&self, name: &str) -> Result<Query, ClientError> {
        self.wire.get(&["queries", name], &[]).await
    }

    /// Makes a query.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn create_query(&self, spec: &QuerySpec) -> Result<Query, ClientError> {
        self.wire.give(Method::POST, &["queries"], spec).await
    }

    /// Makes or replaces the query of this name.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_query(&self, name: &str, spec: &QuerySpec, revision: Option<u64>) -> Result<Query, ClientError> {
        self.put(&["queries", name], spec, revision).await
    }

    /// Deletes a query.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_query(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&["queries", name]).await
    }

    /// The first rows of some SQL.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn preview(&self, request: &PreviewRequest) -> Result<Preview, ClientError> {
        self.wire.give(Method::POST, &["preview"], request).await
    }

    pub(super) async fn put<T: DeserializeOwned>(
        &self,
        path: &[&str],
        spec: &impl Serialize,
        revision: Option<u64>,
    ) -> Result<T, ClientError> {
        let mut request = self.wire.request(Method::PUT, path, &[]);
        if let Some(revision) = revision {
            request = request.header(IF_MATCH, format!("\"{revision}\""));
        }
        self.wire.document(with(request, spec)).await
    }

    pub(super) async fn delete(&self, path: &[&str]) -> Result<(), ClientError> {
        self.wire.done(self.wire.request(Method::DELETE, path, &[])).await
    }
}
