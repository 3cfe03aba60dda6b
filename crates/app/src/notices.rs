//! The outbox: notices on their way, tried again, given up, and shown; and a try by hand.
//!
//! Knows when a notice is tried and what became of it; wording and sending are `notify`'s. A notice that cannot be sent
//! changes nothing about the job that it is about.

use std::collections::HashMap;
use std::time::Duration;

use api::{Cause, Channel, Notice, NoticeEvent, NoticeState, NoticeTest, NoticeTried, Page, Scope};
use model::Problems;
use notify::{Event, Mailer, SendError};
use serde_json::json;
use store::{NoticeChannel, NoticeEnd};
use tokio::task::JoinSet;

use crate::jobs::parse;
use crate::names::{self, new_job_id};
use crate::notifications::{SECRET, WEBHOOK, WebhookBody};
use crate::{Actor, App, AppError};

/// Notices that travel at once.
const ABREAST: u32 = 4;
/// The outbox is looked at so often at least.
const LOOK: Duration = Duration::from_secs(10);
/// Seconds between the tries of a notice: about a day in all, then it is given up.
const WAITS: [i64; 9] = [60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800];
/// Longest remark about a try that is kept, in characters.
const LONGEST_REMARK: usize = 500;

/// Which notices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeFilter {
    /// About the query of this name.
    pub query: Option<String>,
    /// In this state.
    pub state: Option<NoticeState>,
    /// About this job.
    pub job: Option<String>,
}

impl App {
    /// Notices, newest first; `after` is the id that ended the page before.
    ///
    /// # Errors
    /// There is no such query; see [`AppError`].
    pub async fn notices(
        &self,
        actor: &Actor,
        filter: &NoticeFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Notice>, AppError> {
        actor.require(Scope::Read)?;
        let query = match &filter.query {
            Some(name) => Some(self.query_body(name).await?.0.id),
            None => None,
        };
        let job = filter.job.as_deref().map(parse).transpose()?;
        let state = filter.state.map(|state| match state {
            NoticeState::Waiting => store::NoticeState::Waiting,
            NoticeState::Sent => store::NoticeState::Sent,
            NoticeState::Failed => store::NoticeState::Failed,
        });
        let filter = store::NoticeFilter { query, state, job };
        let found = self.0.store.notices(&filter, after, limit).await?;
        let full = found.len() as u64 >= u64::from(limit);
        let next = found.last().filter(|_| full).map(|notice| notice.id.clone());
        let webhooks = self.0.store.documents(WEBHOOK, None, 10_000).await?;
        let webhooks: HashMap<String, String> =
            webhooks.into_iter().map(|document| (document.id, document.name)).collect();
        Ok(Page { items: found.into_iter().map(|notice| view(notice, &webhooks)).collect(), next })
    }

    /// Sends a notice now, to see whether notices arrive. What became of each is in the answer.
    ///
    /// # Errors
    /// There is nobody to send it to, or an address or webhook is none; see [`AppError`].
    pub async fn test_notices(&self, actor: &Actor, test: NoticeTest) -> Result<Vec<NoticeTried>, AppError> {
        actor.require(Scope::Edit)?;
        let mut problems = Problems::default();
        let notify = api::Notify {
            recipients: Some(test.recipients.clone()),
            webhooks: Some(test.webhooks.clone()),
            ..api::Notify::default()
        };
        self.check_notify("test", &notify, &mut problems).await?;
        if test.recipients.is_empty() && test.webhooks.is_empty() {
            let problem = model::Problem::at("recipients", "there is nobody to send a test to");
            problems.push(problem.hint("give a mail address or the name of a webhook"));
        }
        problems.or(|| ())?;
        let line = actor.audit("notices.test", "notices", json!({ "webhooks": &test.webhooks }));
        self.0.store.apply(vec![line]).await?;
        let mut tried = Vec::new();
        for address in test.recipients {
            tried.push(self.try_out(Channel::Mail, address.clone(), &address).await);
        }
        for name in test.webhooks {
            let id = self.0.store.document(WEBHOOK, &name).await?.map(|document| document.id).unwrap_or_default();
            tried.push(self.try_out(Channel::Webhook, name, &id).await);
        }
        Ok(tried)
    }

    async fn try_out(&self, channel: Channel, target: String, to: &str) -> NoticeTried {
        let server = self.0.config.public_url.clone().unwrap_or_default();
        let now = self.now();
        let notice = notify::Notice::new(new_job_id(now).to_string(), now, Event::Test, server);
        let sent = match channel {
            Channel::Mail => self.mail(to, &notice).await,
            Channel::Webhook => self.call(to, &notice).await,
        };
        let cause = sent.err().map(|error| Cause { message: error.to_string(), hint: Some(error.hint().to_owned()) });
        NoticeTried { channel, target, sent: cause.is_none(), cause }
    }

    /// Sends what is due until the application stops.
    pub(crate) async fn keep_delivering(self) {
        let (mut stopping, mut clock) = (self.0.stopping.subscribe(), self.0.config.clock.sets());
        while !*stopping.borrow_and_update() {
            let sending = self.deliver_due();
            tokio::select! {
                delivered = sending => {
                    if let Err(error) = delivered {
                        tracing::error!("notices could not be looked at: {error}");
                    }
                }
                // What was taken in this moment is sent once more at the next start, with the same id.
                _ = stopping.changed() => break,
            }
            tokio::select! {
                () = self.0.notices_wake.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = clock.next() => {}
                _ = stopping.changed() => {}
            }
        }
    }

    async fn deliver_due(&self) -> Result<(), AppError> {
        loop {
            let due = self.0.store.due_notices(self.now(), ABREAST).await?;
            if due.is_empty() {
                return Ok(());
            }
            let mut travelling = JoinSet::new();
            for notice in due {
                let app = self.clone();
                travelling.spawn(async move { Box::pin(app.deliver(notice)).await });
            }
            while let Some(delivered) = travelling.join_next().await {
                let kept = delivered.unwrap_or_else(|_| {
                    Err(AppError::Failed {
                        message: "sending a notice ended unexpectedly, by a defect of Sluice".into(),
                    })
                });
                // One that cannot be written down would be sent again and again.
                kept?;
            }
        }
    }

    async fn deliver(&self, notice: store::Notice) -> Result<(), AppError> {
        let body: Result<notify::Notice, _> = serde_json::from_value(notice.body.clone());
        let sent = match (body, notice.channel) {
            (Err(_), _) => Err(SendError::Refused {
                message: "the notice cannot be read back".into(),
                hint: "look at the job that it is about".into(),
            }),
            (Ok(body), NoticeChannel::Mail) => self.mail(&notice.target, &body).await,
            (Ok(body), NoticeChannel::Webhook) => self.call(&notice.target, &body).await,
        };
        let now = self.now();
        let end = match sent {
            Ok(()) => NoticeEnd::Sent { at: now },
            Err(error) => {
                let wait = WAITS.get(usize::try_from(notice.attempts).unwrap_or(usize::MAX));
                let refused = matches!(error, SendError::Refused { .. });
                let remark: String = format!("{error}. To do: {}", error.hint()).chars().take(LONGEST_REMARK).collect();
                tracing::warn!(notice = %notice.id, attempts = notice.attempts + 1, "a notice was not taken: {error}");
                match wait {
                    Some(wait) if !refused => {
                        let asked = error.wait().and_then(|wait| i64::try_from(wait.as_secs()).ok()).unwrap_or(0);
                        NoticeEnd::Later { error: remark, next: now + asked.max(*wait) }
                    }
                    _ => NoticeEnd::Failed { error: remark, at: now },
                }
            }
        };
        match self.0.store.settle_notice(&notice.id, end).await {
            // Swept or settled by somebody else meanwhile.
            Err(store::StoreError::Missing { .. } | store::StoreError::Conflict { .. }) => Ok(()),
            other => Ok(other?),
        }
    }

    async fn mail(&self, address: &str, notice: &notify::Notice) -> Result<(), SendError> {
        match &self.0.mailer {
            Some(mailer) => mailer.send(address, notice).await,
            None => Err(SendError::NotConfigured),
        }
    }

    /// Calls a webhook, by its document id.
    async fn call(&self, id: &str, notice: &notify::Notice) -> Result<(), SendError> {
        let later = |message: String| SendError::Later { message, hint: "see the server's log".into(), wait: None };
        let gone = || SendError::Refused {
            message: "the webhook was deleted".into(),
            hint: "choose another one for the query's notices".into(),
        };
        let document = self.0.store.document_by_id(id).await.map_err(|error| later(error.to_string()))?;
        let document = document.filter(|document| document.kind == WEBHOOK).ok_or_else(gone)?;
        let body: WebhookBody = serde_json::from_value(document.body).map_err(|_| gone())?;
        let secret = self.0.store.secret(id, SECRET).await.map_err(|error| later(error.to_string()))?;
        let secret = secret.ok_or_else(|| SendError::Later {
            message: format!("webhook {} has no secret any more", document.name),
            hint: "give it a new one".into(),
            wait: None,
        })?;
        self.0.webhooks.post(&body.url, &secret, notice, self.now()).await
    }
}

/// The mailer of the operator's settings.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn mailer(config: &crate::Config) -> Result<Option<Mailer>, notify::SettingsError> {
    config.smtp.clone().map(Mailer::new).transpose()
}

fn view(notice: store::Notice, webhooks: &HashMap<String, String>) -> Notice {
    let body: Option<notify::Notice> = serde_json::from_value(notice.body).ok();
    let subject = body.as_ref().map(notify::subject).unwrap_or_default();
    let (message, hint) = match notice.error.as_deref().map(|error| error.split_once(". To do: ")) {
        Some(Some((message, hint))) => (Some(message.to_owned()), Some(hint.to_owned())),
        Some(None) => (notice.error.clone(), None),
        None => (None, None),
    };
    Notice {
        id: notice.id,
        created: names::time(notice.created),
        event: notice.event.parse().map_or(NoticeEvent::Test, event),
        subject,
        query: body.and_then(|body| body.query),
        job: notice.job.map(|job| job.to_string()),
        channel: match notice.channel {
            NoticeChannel::Mail => Channel::Mail,
            NoticeChannel::Webhook => Channel::Webhook,
        },
        target: match notice.channel {
            NoticeChannel::Mail => notice.target,
            NoticeChannel::Webhook => webhooks.get(&notice.target).cloned().unwrap_or_else(|| "deleted".into()),
        },
        state: match notice.state {
            store::NoticeState::Waiting => NoticeState::Waiting,
            store::NoticeState::Sent => NoticeState::Sent,
            store::NoticeState::Failed => NoticeState::Failed,
        },
        attempts: notice.attempts,
        next: notice.next.map(names::time),
        cause: message.map(|message| Cause { message, hint }),
        ended: notice.ended.map(names::time),
    }
}

fn event(event: Event) -> NoticeEvent {
    match event {
        Event::Success => NoticeEvent::Success,
        Event::Failure => NoticeEvent::Failure,
        Event::Rejected => NoticeEvent::Rejected,
        Event::QuotaParked => NoticeEvent::QuotaParked,
        Event::Reconnect => NoticeEvent::Reconnect,
        Event::Disabled => NoticeEvent::Disabled,
        Event::Recovered => NoticeEvent::Recovered,
        Event::Test => NoticeEvent::Test,
    }
}
