//! Connections: kept, changed, deleted; their secrets sealed.
//!
//! Knows what a connection must be; the flow of an approval is `authorize`'s. A secret is written here and never read.

use std::collections::HashMap;

use api::{AppKind, Connection, ConnectionSpec, ConnectionState, GrantKind, Page, Scope, SecretsSet};
use model::Problem;
use serde_json::{Value, json};
use store::{Change, Document, StoreError};

use crate::activations::ACTIVATION;
use crate::draft::Draft;
use crate::grants::{CLIENT_SECRET, CONNECTION, ConnectionBody, PRIVATE_KEY, REFRESH_TOKEN};
use crate::names::{self, stale_or};
use crate::queries::QUERY;
use crate::{Actor, App, AppError};

/// Writes of others that a change without a revision may meet.
const TRIES: u32 = 5;

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
        // Laid over what is there: whoever did not say which revision was seen means the newest one.
        for _ in 1..TRIES {
            match self.put_once(actor, name, spec.clone(), revision).await {
                Err(AppError::Stale { .. }) if revision.is_none() => {}
                other => return other,
            }
        }
        self.put_once(actor, name, spec, revision).await
    }

    async fn put_once(
        &self,
        actor: &Actor,
        name: &str,
        spec: ConnectionSpec,
        revision: Option<u64>,
    ) -> Result<(Connection, bool), AppError> {
        let old = self.0.store.document(CONNECTION, name).await?;
        if old.is_none() && revision.is_some() {
            return Err(self.no_connection(name).await?);
        }
        let before: Option<ConnectionBody> =
            old.as_ref().and_then(|document| serde_json::from_value(document.body.clone()).ok());
        let kept = match &before {
            Some(before) => self.secrets_set(&before.vault).await?,
            None => SecretsSet::default(),
        };
        let new_name = spec.name.clone().unwrap_or_else(|| name.to_owned());
        let mut draft = Draft::of(&self.0.config, &new_name, spec, before.as_ref(), kept)?;
        let now = self.now();
        let id = old.as_ref().map_or_else(|| names::new_id("c"), |document| document.id.clone());
        let body = serde_json::to_value(&draft.body).unwrap_or_default();
        let (document_name, seen) = (new_name.clone(), old.as_ref().map(|old| revision.unwrap_or(old.revision)));
        let mut changes = vec![match seen {
            None => Change::InsertDocument(Document {
                id: id.clone(),
                kind: CONNECTION.into(),
                name: document_name,
                revision: 1,
                created: now,
                updated: now,
                body,
            }),
            Some(seen) => {
                Change::ReplaceDocument { id: id.clone(), revision: Some(seen), name: document_name, body, now }
            }
        }];
        let given: Vec<&str> = draft.secrets.iter().map(|(name, _)| *name).collect();
        let detail = json!({
            "renamed_to": (new_name != name).then_some(&new_name), "secrets_given": given, "secrets_dropped": draft.drops,
            "changed": before.as_ref().map(|before| changed(before, &draft.body)),
        });
        if let Some(before) = before.as_ref().filter(|before| before.vault != draft.body.vault) {
            if !draft.drops {
                self.take_along(&before.vault, &mut draft).await?;
            }
            changes.push(Change::DeleteSecrets { owner: before.vault.clone() });
        }
        for (secret, value) in draft.secrets {
            changes.push(Change::PutSecret { owner: draft.body.vault.clone(), name: secret.into(), value });
        }
        let action = if old.is_some() { "connection.update" } else { "connection.create" };
        changes.push(actor.audit(action, name, detail));
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("connection {name}")))?;
        let document = self.connection_document(&new_name).await?;
        self.refresh_tokens_of(before.as_ref(), document.clone()).await?;
        self.requeue_connection(&id).await?;
        Ok((self.connection_view(document, &self.users().await?).await?, old.is_none()))
    }

    /// Tokens in memory follow a change: a new secret of the app reaches those that jobs at work have, and where the
    /// grant is another one, whoever calls next reads it anew.
    async fn refresh_tokens_of(&self, before: Option<&ConnectionBody>, document: Document) -> Result<(), AppError> {
        let Some(before) = before else { return Ok(()) };
        let Some(tokens) = self.0.units.known_tokens(&before.vault) else { return Ok(()) };
        let stored = self.understood(document)?;
        let rotates = before.grant == GrantKind::RefreshToken && stored.body.grant == GrantKind::RefreshToken;
        if rotates && stored.body.vault == before.vault {
            tokens.use_app(self.connected_app(&stored).await?);
        } else {
            self.0.units.forget(&before.vault);
        }
        Ok(())
    }

    /// The secrets that stay move into the new vault.
    async fn take_along(&self, vault: &str, draft: &mut Draft) -> Result<(), AppError> {
        for name in [CLIENT_SECRET, REFRESH_TOKEN, PRIVATE_KEY] {
            if !draft.secrets.iter().any(|(given, _)| *given == name)
                && let Some(value) = self.0.store.secret(vault, name).await?
            {
                draft.secrets.push((name, value));
            }
        }
        Ok(())
    }

    /// Deletes a connection that no query uses, and revokes its grant at Salesforce where that can be reached.
    ///
    /// # Errors
    /// Queries use it, or a job of it is at work; see [`AppError`].
    pub async fn delete_connection(&self, actor: &Actor, name: &str) -> Result<(), AppError> {
        actor.require(Scope::Admin)?;
        // No job begins meanwhile.
        let queue = self.0.queue.lock().await;
        let document = self.connection_document(name).await?;
        if let Some(users) = self.users().await?.get(&document.id) {
            return Err(AppError::Conflict {
                message: format!("connection {name} is used by {}", names::listed(users)),
                hint: Some("give these another connection first".into()),
            });
        }
        if self.0.store.open_server_summaries().await?.iter().any(|job| job.connection.as_deref() == Some(&document.id))
        {
            return Err(AppError::Conflict {
                message: format!("a job through connection {name} is at work or waiting"),
                hint: Some("kill it, or wait for its end".into()),
            });
        }
        let stored = self.understood(document.clone()).ok();
        let grant = match &stored {
            Some(stored) if stored.body.grant == GrantKind::RefreshToken => {
                self.0.store.secret(stored.vault(), REFRESH_TOKEN).await?
            }
            Some(_) | None => None,
        };
        let mut changes = vec![
            Change::DeleteDocument { id: document.id.clone() },
            Change::PutValue { name: crate::idle::value_name(&document.id), value: None },
        ];
        if let Some(vault) = document.body["vault"].as_str() {
            changes.push(Change::DeleteSecrets { owner: vault.to_owned() });
        }
        changes.push(actor.audit("connection.delete", name, json!({ "has_grant": grant.is_some() })));
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("connection {name}")))?;
        drop(queue);
        // Only what is deleted for good is revoked, and a Salesforce that does not answer keeps nothing alive here.
        if let (Some(stored), Some(grant)) = (stored, grant)
            && pardot::oauth::revoke(&stored.login_url, &grant).await.is_err()
        {
            tracing::warn!("the grant of a deleted connection could not be revoked at Salesforce");
        }
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

    /// The names of all connections by their document ids.
    pub(crate) async fn connection_names(&self) -> Result<HashMap<String, String>, AppError> {
        let documents = self.0.store.documents(CONNECTION, None, 100_000).await?;
        Ok(documents.into_iter().map(|document| (document.id, document.name)).collect())
    }

    /// The queries and activations that export through each connection, by the connection's id.
    async fn users(&self) -> Result<HashMap<String, Vec<String>>, AppError> {
        let mut users: HashMap<String, Vec<String>> = HashMap::new();
        for (kind, words) in [(QUERY, ""), (ACTIVATION, "activation ")] {
            for document in self.0.store.documents(kind, None, 100_000).await? {
                if let Some(connection) = document.body.get("connection").and_then(Value::as_str) {
                    users.entry(connection.to_owned()).or_default().push(format!("{words}{}", document.name));
                }
            }
        }
        Ok(users)
    }

    async fn secrets_set(&self, vault: &str) -> Result<SecretsSet, AppError> {
        Ok(SecretsSet {
            client_secret: self.0.store.has_secret(vault, CLIENT_SECRET).await?,
            refresh_token: self.0.store.has_secret(vault, REFRESH_TOKEN).await?,
            private_key: self.0.store.has_secret(vault, PRIVATE_KEY).await?,
        })
    }

    async fn connection_view(
        &self,
        document: Document,
        users: &HashMap<String, Vec<String>>,
    ) -> Result<Connection, AppError> {
        let body: ConnectionBody = serde_json::from_value(document.body)
            .map_err(|_| AppError::Failed { message: format!("connection {} cannot be read back", document.name) })?;
        let mut secrets = self.secrets_set(&body.vault).await?;
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
            reserve: body.reserve,
            daily_budget: body.daily_budget,
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
    let differs = |(name, value): &(&String, &Value)| *name != "vault" && before.get(*name) != Some(value);
    after.iter().filter(differs).map(|(name, _)| name.clone()).collect()
}
