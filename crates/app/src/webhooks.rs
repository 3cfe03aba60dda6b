//! Webhooks: made, changed, deleted, and where a notice to one goes.
//!
//! Knows names, addresses and secrets; whose notices they get is said in `notifications`, how a call travels is `notify`'s.

use api::{Page, Scope, Secret, Webhook, WebhookMade, WebhookSpec};
use model::{Problem, Problems};
use notify::SendError;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Change, Document, StoreError};

use crate::clock::random;
use crate::names::{self, stale_or};
use crate::{Actor, App, AppError};

/// The kind of document that a webhook is.
pub(crate) const WEBHOOK: &str = "webhook";
/// The name under which a webhook's secret is sealed.
const SECRET: &str = "secret";
/// Webhooks that are looked through at most.
const ALL: u32 = 10_000;
/// A webhook that changes while it is read is read so often.
const LOOKS: u32 = 5;

/// What is kept of a webhook beside its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct WebhookBody {
    url: String,
}

impl App {
    /// Webhooks by name.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn webhooks(&self, actor: &Actor, after: Option<&str>, limit: u32) -> Result<Page<Webhook>, AppError> {
        actor.require(Scope::Read)?;
        let documents = self.0.store.documents(WEBHOOK, after, limit).await?;
        let next = names::next_page(&documents, limit);
        let views = documents.into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
        Ok(Page { items: views.into_iter().map(|webhook| shown_to(actor, webhook)).collect(), next })
    }

    /// One webhook.
    ///
    /// # Errors
    /// There is none of this name; see [`AppError`].
    pub async fn webhook(&self, actor: &Actor, name: &str) -> Result<Webhook, AppError> {
        actor.require(Scope::Read)?;
        Ok(shown_to(actor, view(self.webhook_document(name).await?)?))
    }

    /// Makes a webhook.
    ///
    /// # Errors
    /// Everything wrong with it; the name is taken; see [`AppError`].
    pub async fn create_webhook(&self, actor: &Actor, spec: WebhookSpec) -> Result<WebhookMade, AppError> {
        actor.require(Scope::Admin)?;
        let Some(name) = spec.name.clone() else {
            return Err(Problem::at("webhook.name", "is missing").into());
        };
        let _scheduling = self.0.scheduling.lock().await;
        if self.0.store.document(WEBHOOK, &name).await?.is_some() {
            return Err(AppError::Conflict {
                message: format!("there is a webhook {name} already"),
                hint: Some("choose another name, or change that one".into()),
            });
        }
        self.keep_webhook(actor, &name, spec, None, None).await
    }

    /// Makes a webhook of this name, or changes it: what `spec` does not say stays. Another address without a secret gets a
    /// new one, so that no receiver ever sees calls signed with a secret that another one knows. Whether it is new.
    ///
    /// # Errors
    /// Everything wrong with it; changed since `revision`; it would take a name that queries use away; see [`AppError`].
    pub async fn put_webhook(
        &self,
        actor: &Actor,
        name: &str,
        spec: WebhookSpec,
        revision: Option<u64>,
    ) -> Result<(WebhookMade, bool), AppError> {
        actor.require(Scope::Admin)?;
        // Nobody changes it between the look and the change, and no query takes up a name that goes away.
        let _scheduling = self.0.scheduling.lock().await;
        let old = self.0.store.document(WEBHOOK, name).await?;
        if old.is_none() && revision.is_some() {
            return Err(self.no_webhook(name).await?);
        }
        if old.is_some() && spec.name.as_ref().is_some_and(|new_name| new_name != name) {
            self.webhook_is_free(name).await?;
        }
        let new = old.is_none();
        Ok((self.keep_webhook(actor, name, spec, old, revision).await?, new))
    }

    /// Writes a webhook in the place of `old`. The caller holds `scheduling` and has looked what is there.
    async fn keep_webhook(
        &self,
        actor: &Actor,
        name: &str,
        spec: WebhookSpec,
        old: Option<Document>,
        revision: Option<u64>,
    ) -> Result<WebhookMade, AppError> {
        let before = old.clone().map(view).transpose()?;
        let new_name = spec.name.clone().unwrap_or_else(|| name.to_owned());
        let url = spec
            .url
            .as_deref()
            .map(|url| url.trim().to_owned())
            .or_else(|| before.as_ref().map(|before| before.url.clone()))
            .unwrap_or_default();
        let secret = spec.secret.as_ref().map(|secret| SecretString::from(secret.expose().trim()));
        self.check_webhook(&new_name, &url, secret.as_ref())?;
        let moved = before.as_ref().is_none_or(|before| before.url != url);
        let chosen = (secret.is_none() && moved).then(|| notify::new_secret(random::<32>()));
        let now = self.now();
        let action = if old.is_some() { "webhook.update" } else { "webhook.create" };
        let body = serde_json::to_value(WebhookBody { url }).unwrap_or_default();
        let (id, change) = match old {
            None => {
                let id = names::new_id("w");
                let document = Document {
                    id: id.clone(),
                    kind: WEBHOOK.into(),
                    name: new_name.clone(),
                    revision: 1,
                    created: now,
                    updated: now,
                    body,
                };
                (id, Change::InsertDocument(document))
            }
            Some(old) => {
                // Whether it moves was judged by this very revision.
                let revision = Some(revision.unwrap_or(old.revision));
                let change =
                    Change::ReplaceDocument { id: old.id.clone(), revision, name: new_name.clone(), body, now };
                (old.id, change)
            }
        };
        let mut changes = vec![change];
        if let Some(value) = secret.or_else(|| chosen.clone()) {
            changes.push(Change::PutSecret { owner: id, name: SECRET.into(), value });
        }
        changes.push(actor.audit(action, name, json!({ "secret_given": spec.secret.is_some(), "moved": moved })));
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("webhook {new_name}")))?;
        let webhook = view(self.webhook_document(&new_name).await?)?;
        Ok(WebhookMade { webhook, secret: chosen.map(|secret| Secret::new(secret.expose_secret())) })
    }

    fn check_webhook(&self, name: &str, url: &str, secret: Option<&SecretString>) -> Result<(), Problems> {
        let mut problems = Problems::default();
        problems.keep(names::check("webhook.name", name));
        if let Err(error) = self.0.webhooks.policy().check(url) {
            problems.push(Problem::at("webhook.url", error.message).hint(error.hint));
        }
        if let Some(Err(message)) = secret.map(notify::check_secret) {
            problems.push(Problem::at("webhook.secret", message).hint("leave it out to have one made"));
        }
        problems.or(|| ())
    }

    /// Deletes a webhook that nobody's notices go to.
    ///
    /// # Errors
    /// Queries or the default name it; see [`AppError`].
    pub async fn delete_webhook(&self, actor: &Actor, name: &str) -> Result<(), AppError> {
        actor.require(Scope::Admin)?;
        // No query takes it up meanwhile.
        let _scheduling = self.0.scheduling.lock().await;
        let document = self.webhook_document(name).await?;
        self.webhook_is_free(name).await?;
        let changes = vec![
            Change::DeleteSecrets { owner: document.id.clone() },
            Change::DeleteDocument { id: document.id },
            actor.audit("webhook.delete", name, json!({})),
        ];
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("webhook {name}")))
    }

    /// The names of all webhooks.
    pub(crate) async fn webhook_names(&self) -> Result<Vec<String>, AppError> {
        let documents = self.0.store.documents(WEBHOOK, None, ALL).await?;
        Ok(documents.into_iter().map(|document| document.name).collect())
    }

    /// The address of a webhook, by its document id, and the secret that belongs to this address.
    ///
    /// # Errors
    /// Why nothing can be sent to it.
    pub(crate) async fn webhook_to_call(&self, id: &str) -> Result<(String, SecretString), SendError> {
        let failed = |error: StoreError| later(error.to_string(), "see the server's log");
        let gone = || SendError::Refused {
            message: "the webhook was deleted".into(),
            hint: "choose another one for the query's notices".into(),
        };
        let read = async || self.0.store.document_by_id(id).await.map_err(failed);
        let mut seen = read().await?;
        for _ in 0..LOOKS {
            let secret = self.0.store.secret(id, SECRET).await.map_err(failed)?;
            let again = read().await?;
            let revision = |document: &Option<Document>| document.as_ref().map(|document| document.revision);
            if revision(&again) != revision(&seen) {
                // The secret may be that of another address.
                seen = again;
                continue;
            }
            let document = seen.filter(|document| document.kind == WEBHOOK).ok_or_else(gone)?;
            let lacking = || later(format!("webhook {} has no secret any more", document.name), "give it a new one");
            let secret = secret.ok_or_else(lacking)?;
            let body: WebhookBody = serde_json::from_value(document.body).map_err(|_| gone())?;
            return Ok((body.url, secret));
        }
        Err(later("the webhook is being changed".into(), "nothing: it is tried again"))
    }

    async fn webhook_document(&self, name: &str) -> Result<Document, AppError> {
        match self.0.store.document(WEBHOOK, name).await? {
            Some(document) => Ok(document),
            None => Err(self.no_webhook(name).await?),
        }
    }

    async fn no_webhook(&self, name: &str) -> Result<AppError, AppError> {
        let known = self.webhook_names().await?;
        Ok(AppError::not_found("webhook", name, known.iter().map(String::as_str)))
    }
}

fn later(message: String, hint: &str) -> SendError {
    SendError::Later { message, hint: hint.into(), wait: None }
}

/// An address may hold a token in its path: only admins see it whole.
fn shown_to(actor: &Actor, webhook: Webhook) -> Webhook {
    if actor.scope >= Scope::Admin {
        return webhook;
    }
    let origin = url::Url::parse(&webhook.url).map(|url| url.origin().ascii_serialization());
    Webhook { url: format!("{}/…", origin.unwrap_or_default()), ..webhook }
}

fn view(document: Document) -> Result<Webhook, AppError> {
    let body: WebhookBody = serde_json::from_value(document.body)
        .map_err(|_| AppError::Failed { message: format!("webhook {} cannot be read back", document.name) })?;
    Ok(Webhook {
        name: document.name,
        revision: document.revision,
        created: names::time(document.created),
        updated: names::time(document.updated),
        url: body.url,
    })
}
