//! Who is told of what: the server's default, what a query says instead, and webhooks.
//!
//! Knows settings; what happened is `tell`'s, how it travels is `notices`'.

use std::collections::HashSet;

use api::{NoticeEvent, Notifications, Notify, Page, QuerySpec, Scope, Secret, Webhook, WebhookMade, WebhookSpec};
use model::{Problem, Problems, nearest};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Change, Document};

use crate::clock::random;
use crate::names::{self, stale_or};
use crate::queries::{QUERY, body_of};
use crate::{Actor, App, AppError};

/// The kind of document that a webhook is.
pub(crate) const WEBHOOK: &str = "webhook";
/// The name under which a webhook's secret is sealed.
pub(crate) const SECRET: &str = "secret";
/// The kind, and the name, of the one document with the default.
const NOTIFICATIONS: (&str, &str) = ("notifications", "default");
/// Most addresses that one query tells: as many as an activation has in Treasure Data.
const MOST_RECIPIENTS: usize = 20;
/// Webhooks that are looked through at most.
const ALL: u32 = 10_000;

/// What people are told of where nobody says: everything that needs somebody.
const USUAL: [NoticeEvent; 6] = [
    NoticeEvent::Failure,
    NoticeEvent::Rejected,
    NoticeEvent::QuotaParked,
    NoticeEvent::Reconnect,
    NoticeEvent::Disabled,
    NoticeEvent::Recovered,
];

/// What is kept of a webhook beside its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WebhookBody {
    pub(crate) url: String,
}

/// Who is told of what, with nothing left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) recipients: Vec<String>,
    /// Document ids of webhooks.
    pub(crate) webhooks: Vec<String>,
    pub(crate) on: HashSet<NoticeEvent>,
    pub(crate) rejected_over: u64,
}

impl Told {
    /// Whether anybody hears of anything.
    pub(crate) fn nobody(&self) -> bool {
        self.recipients.is_empty() && self.webhooks.is_empty()
    }
}

impl App {
    /// Who is told of what where a query says nothing.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn notifications(&self, actor: &Actor) -> Result<Notifications, AppError> {
        actor.require(Scope::Read)?;
        let (revision, default) = self.default_notify().await?;
        Ok(Notifications { revision, default, mail_from: self.0.config.smtp.as_ref().map(|smtp| smtp.from.clone()) })
    }

    /// Changes who is told of what where a query says nothing. What is not given stays.
    ///
    /// # Errors
    /// Everything wrong with it; changed since `revision`; see [`AppError`].
    pub async fn put_notifications(
        &self,
        actor: &Actor,
        given: Notify,
        revision: Option<u64>,
    ) -> Result<Notifications, AppError> {
        actor.require(Scope::Admin)?;
        let mut problems = Problems::default();
        self.check_notify("notifications", &given, &mut problems).await?;
        problems.or(|| ())?;
        let (kind, name) = NOTIFICATIONS;
        let old = self.0.store.document(kind, name).await?;
        let (seen, before) = self.default_notify().await?;
        if revision.is_some_and(|revision| revision != seen) {
            return Err(AppError::Stale { what: "the default of notices".into() });
        }
        let body = serde_json::to_value(over(given, before)).unwrap_or_default();
        let now = self.now();
        let change = match old {
            None => Change::InsertDocument(Document {
                id: names::new_id("n"),
                kind: kind.into(),
                name: name.into(),
                revision: 1,
                created: now,
                updated: now,
                body,
            }),
            Some(old) => Change::ReplaceDocument { id: old.id, revision: Some(seen), name: name.into(), body, now },
        };
        let changes = vec![change, actor.audit("notifications.update", name, json!({}))];
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, "the default of notices"))?;
        self.notifications(actor).await
    }

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
        if self.0.store.document(WEBHOOK, &name).await?.is_some() {
            return Err(AppError::Conflict {
                message: format!("there is a webhook {name} already"),
                hint: Some("choose another name, or change that one".into()),
            });
        }
        self.put_webhook(actor, &name, spec, None).await.map(|(made, _)| made)
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
        let old = self.0.store.document(WEBHOOK, name).await?;
        if old.is_none() && revision.is_some() {
            return Err(self.no_webhook(name).await?);
        }
        let before = old.clone().map(view).transpose()?;
        let new_name = spec.name.clone().unwrap_or_else(|| name.to_owned());
        if old.is_some() && new_name != name {
            self.webhook_is_free(name).await?;
        }
        let url = spec.url.clone().or_else(|| before.as_ref().map(|before| before.url.clone())).unwrap_or_default();
        let secret = spec.secret.as_ref().map(|secret| SecretString::from(secret.expose().trim()));
        let mut problems = Problems::default();
        problems.keep(names::check("webhook.name", &new_name));
        if let Err(error) = self.0.webhooks.policy().check(&url) {
            problems.push(Problem::at("webhook.url", error.message).hint(error.hint));
        }
        if let Some(Err(message)) = secret.as_ref().map(notify::check_secret) {
            problems.push(Problem::at("webhook.secret", message).hint("leave it out to have one made"));
        }
        problems.or(|| ())?;
        let moved = before.as_ref().is_none_or(|before| before.url != url);
        let chosen = (secret.is_none() && moved).then(|| notify::new_secret(random::<32>()));
        let now = self.now();
        let id = old.as_ref().map_or_else(|| names::new_id("w"), |old| old.id.clone());
        let body = serde_json::to_value(WebhookBody { url }).unwrap_or_default();
        let mut changes = vec![match &old {
            None => Change::InsertDocument(Document {
                id: id.clone(),
                kind: WEBHOOK.into(),
                name: new_name.clone(),
                revision: 1,
                created: now,
                updated: now,
                body,
            }),
            Some(_) => Change::ReplaceDocument { id: id.clone(), revision, name: new_name.clone(), body, now },
        }];
        if let Some(value) = secret.or_else(|| chosen.clone()) {
            changes.push(Change::PutSecret { owner: id, name: SECRET.into(), value });
        }
        let action = if old.is_some() { "webhook.update" } else { "webhook.create" };
        changes.push(actor.audit(action, name, json!({ "secret_given": spec.secret.is_some(), "moved": moved })));
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("webhook {name}")))?;
        let webhook = view(self.webhook_document(&new_name).await?)?;
        let secret = chosen.map(|secret| Secret::new(secret.expose_secret()));
        Ok((WebhookMade { webhook, secret }, old.is_none()))
    }

    /// Deletes a webhook that nobody's notices go to.
    ///
    /// # Errors
    /// Queries or the default name it; see [`AppError`].
    pub async fn delete_webhook(&self, actor: &Actor, name: &str) -> Result<(), AppError> {
        actor.require(Scope::Admin)?;
        let document = self.webhook_document(name).await?;
        self.webhook_is_free(name).await?;
        let changes = vec![
            Change::DeleteSecrets { owner: document.id.clone() },
            Change::DeleteDocument { id: document.id },
            actor.audit("webhook.delete", name, json!({})),
        ];
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("webhook {name}")))
    }

    /// Who is told what of a query.
    pub(crate) async fn told_of(&self, spec: &QuerySpec) -> Result<Told, AppError> {
        let (_, default) = self.default_notify().await?;
        let notify = match spec.notify.clone() {
            Some(own) => over(own, default),
            None => default,
        };
        let mut webhooks = Vec::new();
        for name in notify.webhooks.unwrap_or_default() {
            webhooks.extend(self.0.store.document(WEBHOOK, &name).await?.map(|document| document.id));
        }
        Ok(Told {
            recipients: notify.recipients.unwrap_or_default(),
            webhooks,
            on: notify.on.unwrap_or_default().into_iter().collect(),
            rejected_over: notify.rejected_over.unwrap_or(0),
        })
    }

    /// Everything wrong about who is told of what.
    pub(crate) async fn check_notify(
        &self,
        place: &str,
        notify: &Notify,
        problems: &mut Problems,
    ) -> Result<(), AppError> {
        let recipients = notify.recipients.as_deref().unwrap_or_default();
        if recipients.len() > MOST_RECIPIENTS {
            let message = format!("has more than {MOST_RECIPIENTS} addresses");
            problems.push(Problem::at(format!("{place}.recipients"), message).hint("use a mailing list"));
        }
        for (number, address) in recipients.iter().enumerate() {
            if let Err(message) = notify::check_address(address) {
                problems.push(Problem::at(format!("{place}.recipients[{number}]"), message));
            }
        }
        if notify.on.as_deref().unwrap_or_default().contains(&NoticeEvent::Test) {
            let problem = Problem::at(format!("{place}.on"), "test is sent by hand alone");
            problems.push(problem.hint("leave it out"));
        }
        let webhooks = notify.webhooks.as_deref().unwrap_or_default();
        if webhooks.is_empty() {
            return Ok(());
        }
        let known: Vec<String> =
            self.0.store.documents(WEBHOOK, None, ALL).await?.into_iter().map(|document| document.name).collect();
        for (number, name) in webhooks.iter().enumerate().filter(|(_, name)| !known.contains(name)) {
            let problem = Problem::at(format!("{place}.webhooks[{number}]"), format!("there is no webhook {name}"));
            problems.push(match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => problem.hint(format!("did you mean {near}?")),
                None => problem.hint("an admin makes webhooks"),
            });
        }
        Ok(())
    }

    /// The revision of the default, and the default itself, complete.
    async fn default_notify(&self) -> Result<(u64, Notify), AppError> {
        let usual = Notify {
            recipients: Some(Vec::new()),
            webhooks: Some(Vec::new()),
            on: Some(USUAL.to_vec()),
            rejected_over: Some(0),
        };
        let (kind, name) = NOTIFICATIONS;
        let Some(document) = self.0.store.document(kind, name).await? else { return Ok((0, usual)) };
        let kept = serde_json::from_value(document.body)
            .map_err(|_| AppError::Failed { message: "the default of notices cannot be read back".into() })?;
        Ok((document.revision, over(kept, usual)))
    }

    /// Nobody's notices go to the webhook.
    async fn webhook_is_free(&self, name: &str) -> Result<(), AppError> {
        let names = |notify: &Notify| notify.webhooks.as_deref().unwrap_or_default().iter().any(|used| used == name);
        let mut users = Vec::new();
        if names(&self.default_notify().await?.1) {
            users.push("the default".to_owned());
        }
        for query in self.0.store.documents(QUERY, None, 100_000).await? {
            if body_of(&query)?.spec.notify.as_ref().is_some_and(names) {
                users.push(format!("query {}", query.name));
            }
        }
        if users.is_empty() {
            return Ok(());
        }
        Err(AppError::Conflict {
            message: format!("webhook {name} is used by {}", names::listed(&users)),
            hint: Some("take it out there first".into()),
        })
    }

    async fn webhook_document(&self, name: &str) -> Result<Document, AppError> {
        match self.0.store.document(WEBHOOK, name).await? {
            Some(document) => Ok(document),
            None => Err(self.no_webhook(name).await?),
        }
    }

    async fn no_webhook(&self, name: &str) -> Result<AppError, AppError> {
        let known = self.0.store.documents(WEBHOOK, None, ALL).await?;
        Ok(AppError::not_found("webhook", name, known.iter().map(|document| document.name.as_str())))
    }
}

/// What `given` says, and `before` where it says nothing.
fn over(given: Notify, before: Notify) -> Notify {
    Notify {
        recipients: given.recipients.or(before.recipients),
        webhooks: given.webhooks.or(before.webhooks),
        on: given.on.or(before.on),
        rejected_over: given.rejected_over.or(before.rejected_over),
    }
}

/// An address may hold a token in its path: only admins see it whole.
fn shown_to(actor: &Actor, webhook: Webhook) -> Webhook {
    if actor.scope >= Scope::Admin {
        return webhook;
    }
    let host = url::Url::parse(&webhook.url).ok().and_then(|url| url.host_str().map(str::to_owned));
    Webhook { url: format!("https://{}/…", host.unwrap_or_default()), ..webhook }
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
