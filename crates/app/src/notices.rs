//! Notices as people see them, a try by hand, and how one is handed to `notify`.
//!
//! Knows what became of a notice; when it is tried is `outbox`'s. A notice that cannot be sent changes nothing about the job
//! that it is about.

use std::collections::HashMap;
use std::sync::Arc;

use api::{Cause, Channel, Notice, NoticeEvent, NoticeState, NoticeTest, NoticeTried, Page, Scope};
use model::Problems;
use notify::{Event, Mailer, SendError};
use serde_json::json;
use store::NoticeChannel;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::jobs::parse;
use crate::names::{self, new_job_id};
use crate::outbox::remarked;
use crate::webhooks::WEBHOOK;
use crate::{Actor, App, AppError};

/// Tries by hand that travel at once.
const TRIED_ABREAST: usize = 8;

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

    /// How many notices are in each state.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn notice_counts(&self, actor: &Actor) -> Result<Vec<(NoticeState, u64)>, AppError> {
        actor.require(Scope::Read)?;
        let counts = self.0.store.count_notices_by_state().await?;
        Ok(counts.into_iter().map(|(found, count)| (state(found), count)).collect())
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
        let mut asked: Vec<(Channel, String, String)> =
            test.recipients.into_iter().map(|address| (Channel::Mail, address.clone(), address)).collect();
        for name in test.webhooks {
            let id = self.0.store.document(WEBHOOK, &name).await?.map(|document| document.id).unwrap_or_default();
            asked.push((Channel::Webhook, name, id));
        }
        let turns = Arc::new(Semaphore::new(TRIED_ABREAST));
        let mut trying = JoinSet::new();
        for (place, (channel, target, to)) in asked.into_iter().enumerate() {
            let (app, turns) = (self.clone(), Arc::clone(&turns));
            trying.spawn(async move {
                // It is never closed.
                let _turn = turns.acquire().await;
                (place, Box::pin(app.try_out(channel, target, &to)).await)
            });
        }
        let mut tried = Vec::new();
        while let Some(one) = trying.join_next().await {
            tried.push(one.map_err(|_| AppError::Failed {
                message: "sending a notice ended unexpectedly, by a defect of Sluice".into(),
            })?);
        }
        tried.sort_by_key(|(place, _)| *place);
        Ok(tried.into_iter().map(|(_, tried)| tried).collect())
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

    pub(crate) async fn mail(&self, address: &str, notice: &notify::Notice) -> Result<(), SendError> {
        match &self.0.mailer {
            Some(mailer) => mailer.send(address, notice).await,
            None => Err(SendError::NotConfigured),
        }
    }

    /// Calls a webhook, by its document id.
    pub(crate) async fn call(&self, id: &str, notice: &notify::Notice) -> Result<(), SendError> {
        let (url, secret) = self.webhook_to_call(id).await?;
        self.0.webhooks.post(&url, &secret, notice, self.now()).await
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
        state: state(notice.state),
        attempts: notice.attempts,
        next: notice.next.map(names::time),
        cause: notice.error.as_deref().map(remarked),
        ended: notice.ended.map(names::time),
    }
}

fn state(state: store::NoticeState) -> NoticeState {
    match state {
        store::NoticeState::Waiting => NoticeState::Waiting,
        store::NoticeState::Sent => NoticeState::Sent,
        store::NoticeState::Failed => NoticeState::Failed,
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
