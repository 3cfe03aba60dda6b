//! Connections: kept, changed, deleted; their secrets sealed.
//!
//! Knows what a connection must be; the flow of an approval is `authorize`'s. A secret is written here and never read.

use std::collections::HashMap;

use api::{AppKind, Connection, ConnectionSpec, ConnectionState, GrantKind, Page, Scope, SecretsSet};
use model::Problem;
use serde_json::{Value, json};
use store::{Change, Document, StoreError};

use crate::clock::unix_now;
use crate::draft::Draft;
use crate::grants::{CLIENT_SECRET, CONNECTION, ConnectionBody, PRIVATE_KEY, REFRESH_TOKEN};
use crate::names::{self, stale_or};
use crate::{Actor, App, AppError};

impl App {
    /// Connections by name.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn connections(
        &self,
        actor: &Actor,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Connection>, AppError> {
        actor.require(Scope::Read)?;
        let documents = self.0.store.documents(CONNECTION, after, limit).await?;
        let next = names::next_page(&documents, limit);
        let users = self.users().await?;
        let mut items = Vec::with_capacity(documents.len());
        for document in documents {
            items.push(self.connection_view(document, &users).await?);
        }
        Ok(Page { items, next })
    }

    /// One connection.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn connection(&self, actor: &Actor, name: &str) -> Result<Connection, AppError> {
        actor.require(Scope::Read)?;
        let document = self.connection_document(name).await?;
        self.connection_view(document, &self.users().await?).await
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// Everything that is wrong with it at once; the name is taken; see [`AppError`].
    pub async fn create_connection(&self, actor: &Actor, spec: ConnectionSpec) -> Result<Connection, AppError> {
        actor.require(Scope::Admin)?;
        let Some(name) = spec.name.clone() else {
            return Err(Problem::at("connection.name", "is missing").into());
        };
        if self.0.store.document(CONNECTION, &name).await?.is_some() {
            return Err(AppError::Conflict {
                message: format!("there is a connection {name} already"),
                hint: Some("choose another name, or change that one".into()),
            });
        }
        self.put_connection(actor, &name, spec, None).await.map(|(connection, _)| connection)
    }

    /// Makes a connection of this name, or changes it: what `spec` does not say stays. Whether it is new.
    ///
    /// Another Pardot host, login host or app drops the secrets that were kept for the old one, so that no stored secret is
    /// ever sent to a place that it was not given for.
    ///
    /// # Errors
    /// Everything that is wrong with it at once; changed since `revision`; see [`AppError`].
    pub async fn put_connection(
        &self,
        actor: &Actor,
        name: &str,
        spec: ConnectionSpec,
        revision: Option<u64>,
    ) -> Result<(Connection, bool), AppError> {
        actor.require(Scope::Admin)?;
        let old = self.0.store.document(CONNECTION, name).await?;
        if old.is_none() && revision.is_some() {
            return Err(self.no_connection(name).await?);
        }
        let before: Option<ConnectionBody> =
            old.as_ref().and_then(|document| serde_json::from_value(document.body.clone()).ok());
        let kept = match &old {
            Some(document) => self.secrets_set(&document.id).await?,
            None => SecretsSet::default(),
        };
        let new_name = spec.name.clone().unwrap_or_else(|| name.to_owned());
        let draft = Draft::of(&self.0.config, &new_name, spec, before.as_ref(), kept)?;
        let now = unix_now();
        let id = old.as_ref().map_or_else(|| names::new_id("c"), |document| document.id.clone());
        let mut changes = Vec::new();
        let body = serde_json::to_value(&draft.body).unwrap_or_default();
        let what = format!("connection {name}");
        changes.push(match &old {
            None => Change::InsertDocument(Document {
                id: id.clone(),
                kind: CONNECTION.into(),
                name: new_name.clone(),
                revision: 1,
                created: now,
                updated: now,
                body,
            }),
            Some(_) => Change::ReplaceDocument { id: id.clone(), revision, name: new_name.clone(), body, now },
        });
        if draft.drops {
            changes.push(Change::DeleteSecrets { owner: id.clone() });
        }
        let given: Vec<&str> = draft.secrets.iter().map(|(name, _)| *name).collect();
        let detail = json!({
            "renamed_to": (new_name != name).then_some(&new_name), "secrets_given": given, "secrets_dropped": draft.drops,
            "changed": before.as_ref().map(|before| changed(before, &draft.body)),
        });
        for (secret, value) in draft.secrets {
            changes.push(Change::PutSecret { owner: id.clone(), name: secret.into(), value });
        }
        let action = if old.is_some() { "connection.update" } else { "connection.create" };
        changes.push(actor.audit(action, name, detail));
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &what))?;
        self.0.units.forget(&id);
        self.requeue_connection(&id).await?;
        let document = self.connection_document(&new_name).await?;
        Ok((self.connection_view(document, &self.users().await?).await?, old.is_none()))
    }

    /// Deletes a connection that no query uses, and revokes its grant at Salesforce where that can be reached.
    ///
    /// # Errors
    /// Queries use it, or a job of it is at work; see [`AppError`].
    pub async fn delete_connection(&self, actor: &Actor, name: &str) -> Result<(), AppError> {
        actor.require(Scope::Admin)?;
        let document = self.connection_document(name).await?;
        if let Some(users) = self.users().await?.get(&document.id) {
            return Err(AppError::Conflict {
                message: format!("connection {name} is used by {}", names::listed(users)),
                hint: Some("give these queries another connection first".into()),
            });
        }
        if self.0.store.open_server_jobs().await?.iter().any(|job| job.connection.as_deref() == Some(&document.id)) {
            return Err(AppError::Conflict {
                message: format!("a job through connection {name} is at work or waiting"),
                hint: Some("kill it, or wait for its end".into()),
            });
        }
        let revoked = match self.understood(document.clone()) {
            Ok(stored) if stored.body.grant == GrantKind::RefreshToken => {
                match self.0.store.secret(stored.id(), REFRESH_TOKEN).await? {
                    Some(token) => Some(pardot::oauth::revoke(&stored.login_url, &token).await.is_ok()),
                    None => None,
                }
            }
            Ok(_) | Err(_) => None,
        };
        let changes = vec![
            Change::DeleteSecrets { owner: document.id.clone() },
            Change::DeleteDocument { id: document.id.clone() },
            actor.audit("connection.delete", name, json!({ "revoked_at_salesforce": revoked })),
        ];
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("connection {name}")))?;
        self.0.units.forget(&document.id);
        Ok(())
    }

    /// The document of this name; the nearest name is the hint.
    pub(crate) async fn connection_document(&self, name: &str) -> Result<Document, AppError> {
        match self.0.store.document(CONNECTION, name).await? {
            Some(document) => Ok(document),
            None => Err(self.no_connection(name).await?),
        }
    }

    async fn no_connection(&self, name: &str) -> Result<AppError, StoreError> {
        let known = self.0.store.documents(CONNECTION, None, 1_000).await?;
        Ok(AppError::not_found("connection", name, known.iter().map(|document| document.name.as_str())))
    }

    /// The queries that export through each connection, by the connection's id.
    async fn users(&self) -> Result<HashMap<String, Vec<String>>, AppError> {
        let mut users: HashMap<String, Vec<String>> = HashMap::new();
        for query in self.0.store.documents("query", None, 10_000).await? {
            if let Some(connection) = query.body.get("connection").and_then(Value::as_str) {
                users.entry(connection.to_owned()).or_default().push(query.name);
            }
        }
        Ok(users)
    }

    async fn secrets_set(&self, id: &str) -> Result<SecretsSet, AppError> {
        Ok(SecretsSet {
            client_secret: self.0.store.has_secret(id, CLIENT_SECRET).await?,
            refresh_token: self.0.store.has_secret(id, REFRESH_TOKEN).await?,
            private_key: self.0.store.has_secret(id, PRIVATE_KEY).await?,
        })
    }

    async fn connection_view(
        &self,
        document: Document,
        users: &HashMap<String, Vec<String>>,
    ) -> Result<Connection, AppError> {
        let mut secrets = self.secrets_set(&document.id).await?;
        let body: ConnectionBody = serde_json::from_value(document.body)
            .map_err(|_| AppError::Failed { message: format!("connection {} cannot be read back", document.name) })?;
        if body.connected_app == AppKind::Default {
            let app = self.0.config.default_app.as_ref();
            secrets.client_secret = app.is_some_and(|app| app.client_secret.is_some());
        }
        let (state, remark) = state_of(&body, secrets);
        Ok(Connection {
            used_by: users.get(&document.id).cloned().unwrap_or_default(),
            name: document.name,
            revision: document.revision,
            created: names::time(document.created),
            updated: names::time(document.updated),
            pardot_domain: body.pardot_domain,
            business_unit: body.business_unit,
            connected_app: body.connected_app,
            client_id: body.client_id,
            login_url: body.login_url,
            grant: body.grant,
            username: body.username,
            audience: body.audience,
            secrets,
            state,
            remark,
        })
    }
}

fn state_of(body: &ConnectionBody, secrets: SecretsSet) -> (ConnectionState, Option<String>) {
    if let Some(broken) = &body.broken {
        return (ConnectionState::NeedsReconnect, Some(broken.clone()));
    }
    let missing = match body.grant {
        GrantKind::RefreshToken => (!secrets.refresh_token).then_some("nobody has approved the app yet: press Connect"),
        GrantKind::ClientCredentials => (!secrets.client_secret).then_some("the client secret is missing"),
        GrantKind::JwtBearer => (!secrets.private_key).then_some("the private key is missing"),
    };
    match missing {
        Some(missing) => (ConnectionState::NotConnected, Some(missing.to_owned())),
        None => (ConnectionState::Connected, None),
    }
}

/// The names of what differs.
fn changed(before: &ConnectionBody, after: &ConnectionBody) -> Vec<String> {
    let (Ok(Value::Object(before)), Ok(Value::Object(after))) =
        (serde_json::to_value(before), serde_json::to_value(after))
    else {
        return Vec::new();
    };
    after.iter().filter(|(name, value)| before.get(*name) != Some(value)).map(|(name, _)| name.clone()).collect()
}
