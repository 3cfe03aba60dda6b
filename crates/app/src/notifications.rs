//! Who is told of what: the server's default, and what a query says instead.
//!
//! Knows settings; what happened is `tell`'s, what a webhook is is said in `webhooks`, how a notice travels is `notices`'.

use std::collections::HashSet;

use api::{NoticeEvent, Notifications, Notify, Scope};
use model::{Problem, Problems, nearest};
use serde_json::json;
use store::{Change, Document, NoticeChannel};

use crate::names::{self, stale_or};
use crate::owners::{kind_of, notify_of};
use crate::webhooks::WEBHOOK;
use crate::{Actor, App, AppError};

/// The kind, and the name, of the one document with the default.
const NOTIFICATIONS: (&str, &str) = ("notifications", "default");
/// Most addresses that one query tells: as many as an activation has in Treasure Data.
const MOST_RECIPIENTS: usize = 20;
/// Most webhooks that one query tells. Ours, like that of addresses.
const MOST_WEBHOOKS: usize = 20;

/// What people are told of where nobody says: everything that needs somebody.
const USUAL: [NoticeEvent; 6] = [
    NoticeEvent::Failure,
    NoticeEvent::Rejected,
    NoticeEvent::QuotaParked,
    NoticeEvent::Reconnect,
    NoticeEvent::Disabled,
    NoticeEvent::Recovered,
];

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
        // No webhook goes away meanwhile.
        let _scheduling = self.0.scheduling.lock().await;
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

    /// Who is told what, where somebody said so; else as it is for all.
    pub(crate) async fn told_of(&self, own: Option<Notify>) -> Result<Told, AppError> {
        let (_, default) = self.default_notify().await?;
        let notify = match own {
            Some(own) => over(own, default),
            None => default,
        };
        let mut webhooks = Vec::new();
        for name in notify.webhooks.unwrap_or_default() {
            match self.0.store.document(WEBHOOK, &name).await? {
                Some(document) => webhooks.push(document.id),
                // Nobody can take one away that is used; what stands in the database may have been put there by hand.
                None => tracing::warn!(webhook = %name, "notices are to go to a webhook that is not there"),
            }
        }
        Ok(Told {
            recipients: notify.recipients.unwrap_or_default(),
            webhooks,
            on: notify.on.unwrap_or_default().into_iter().collect(),
            rejected_over: notify.rejected_over.unwrap_or(0),
        })
    }

    /// Everything wrong about who is told of what. Whoever keeps it holds `scheduling` from here on, or checks once more.
    pub(crate) async fn check_notify(
        &self,
        place: &str,
        notify: &Notify,
        problems: &mut Problems,
    ) -> Result<(), AppError> {
        check_recipients(&format!("{place}.recipients"), notify.recipients.as_deref().unwrap_or_default(), problems);
        if notify.on.as_deref().unwrap_or_default().contains(&NoticeEvent::Test) {
            let problem = Problem::at(format!("{place}.on"), "test is sent by hand alone");
            problems.push(problem.hint("leave it out"));
        }
        let webhooks = notify.webhooks.as_deref().unwrap_or_default();
        if webhooks.is_empty() {
            return Ok(());
        }
        check_webhooks(&format!("{place}.webhooks"), webhooks, &self.webhook_names().await?, problems);
        Ok(())
    }

    /// The webhooks that a query's notices go to are still there. The caller holds `scheduling`.
    ///
    /// # Errors
    /// One of them was deleted or renamed since the query was checked.
    pub(crate) async fn webhooks_stay(&self, place: &str, notify: Option<&Notify>) -> Result<(), AppError> {
        let Some(notify) = notify else { return Ok(()) };
        let mut problems = Problems::default();
        self.check_notify(place, notify, &mut problems).await?;
        Ok(problems.or(|| ())?)
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

    /// Nobody's notices go to the webhook. The caller holds `scheduling`.
    pub(crate) async fn webhook_is_free(&self, name: &str) -> Result<(), AppError> {
        let names = |notify: &Notify| notify.webhooks.as_deref().unwrap_or_default().iter().any(|used| used == name);
        let mut users = Vec::new();
        if names(&self.default_notify().await?.1) {
            users.push("the default".to_owned());
        }
        for of in api::Scheduled::ALL {
            for document in self.0.store.documents(kind_of(of), None, 100_000).await? {
                if notify_of(&document)?.as_ref().is_some_and(names) {
                    users.push(format!("{} {}", of.words(), document.name));
                }
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
}

/// The owner of a parent segment hears of every failure of its activations, whoever else does.
pub(crate) fn owner_hears(
    owner: String,
    candidates: &[NoticeEvent],
    addressed: &[(NoticeEvent, (NoticeChannel, String))],
) -> Option<(NoticeEvent, (NoticeChannel, String))> {
    let event = candidates.iter().find(|event| matches!(event, NoticeEvent::Failure | NoticeEvent::Reconnect))?;
    let hears =
        addressed.iter().any(|(_, (channel, to))| *channel == NoticeChannel::Mail && one_form(to) == one_form(&owner));
    (!hears).then_some((*event, (NoticeChannel::Mail, owner)))
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

fn check_recipients(place: &str, recipients: &[String], problems: &mut Problems) {
    if recipients.len() > MOST_RECIPIENTS {
        let message = format!("has more than {MOST_RECIPIENTS} addresses");
        problems.push(Problem::at(place, message).hint("use a mailing list"));
    }
    let mut seen = HashSet::new();
    for (number, address) in recipients.iter().take(MOST_RECIPIENTS).enumerate() {
        let place = format!("{place}[{number}]");
        match notify::check_address(address) {
            Err(message) => problems.push(Problem::at(place, message)),
            Ok(()) if !seen.insert(one_form(address)) => problems.push(twice(place)),
            Ok(()) => {}
        }
    }
}

fn check_webhooks(place: &str, webhooks: &[String], known: &[String], problems: &mut Problems) {
    if webhooks.len() > MOST_WEBHOOKS {
        let message = format!("has more than {MOST_WEBHOOKS} names");
        problems.push(Problem::at(place, message).hint("have one webhook pass the notices on"));
    }
    let mut seen = HashSet::new();
    for (number, name) in webhooks.iter().take(MOST_WEBHOOKS).enumerate() {
        let place = format!("{place}[{number}]");
        if !seen.insert(name) {
            problems.push(twice(place));
        } else if !known.contains(name) {
            let problem = Problem::at(place, format!("there is no webhook {name}"));
            problems.push(match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => problem.hint(format!("did you mean {near}?")),
                None => problem.hint("an admin makes webhooks"),
            });
        }
    }
}

/// An address, which is nobody's business, is named by its place.
fn twice(place: String) -> Problem {
    Problem::at(place, "stands there twice").hint("leave it out: everybody hears of each outcome once")
}

/// One form of addresses that lead to the same mailbox: a domain means the same in any case and in both its alphabets, what
/// stands before it is the mail server's to compare.
fn one_form(address: &str) -> String {
    let Some((user, domain)) = address.rsplit_once('@') else { return address.to_owned() };
    match url::Host::parse(domain) {
        Ok(host) => format!("{user}@{host}"),
        Err(_) => format!("{user}@{}", domain.to_ascii_lowercase()),
    }
}
