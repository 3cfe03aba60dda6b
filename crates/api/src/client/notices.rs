//! Notices over HTTP: who is told of what, webhooks, and what arrived.
//!
//! Knows the routes; how a notice is worded and travels is the server's.

use reqwest::Method;

use super::catalog::PAGE;
use super::{Client, ClientError};
use crate::{
    Notice, NoticeState, NoticeTest, NoticeTried, Notifications, Notify, Page, Webhook, WebhookMade, WebhookSpec,
};

/// Which notices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoticeQuery {
    /// About the query of this name.
    pub query: Option<String>,
    /// In this state.
    pub state: Option<NoticeState>,
    /// About the job of this id.
    pub job: Option<String>,
}

impl Client {
    /// Who is told of what where a query says nothing.
    ///
    /// # Errors
    /// See [`ClientError`], as everywhere here.
    pub async fn notifications(&self) -> Result<Notifications, ClientError> {
        self.wire.get(&["notifications"], &[]).await
    }

    /// Changes what `default` says of who is told of what; only as `revision` has it, when given.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_notifications(
        &self,
        default: &Notify,
        revision: Option<u64>,
    ) -> Result<Notifications, ClientError> {
        self.put(&["notifications"], default, revision).await
    }

    /// Sends a notice to each of these now, and says whether it was taken.
    ///
    /// # Errors
    /// See [`ClientError`]. A notice that was not taken is no error: the answer says why.
    pub async fn test_notices(&self, test: &NoticeTest) -> Result<Vec<NoticeTried>, ClientError> {
        self.wire.give(Method::POST, &["notifications", "test"], test).await
    }

    /// Notices, newest first; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn notices(
        &self,
        which: &NoticeQuery,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Notice>, ClientError> {
        let asked = [
            ("query", which.query.as_deref()),
            ("state", which.state.map(word)),
            ("job", which.job.as_deref()),
            ("after", after),
            ("limit", Some(&*limit.to_string())),
        ];
        self.wire.get(&["notices"], &asked).await
    }

    /// Webhooks by name; `after` continues a page.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn webhooks(&self, after: Option<&str>) -> Result<Page<Webhook>, ClientError> {
        self.wire.get(&["webhooks"], &[("after", after), ("limit", Some(PAGE))]).await
    }

    /// One webhook.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn webhook(&self, name: &str) -> Result<Webhook, ClientError> {
        self.wire.get(&["webhooks", name], &[]).await
    }

    /// Makes a webhook. A secret that the server chose is in the answer, this once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn create_webhook(&self, spec: &WebhookSpec) -> Result<WebhookMade, ClientError> {
        self.wire.give(Method::POST, &["webhooks"], spec).await
    }

    /// Makes the webhook of this name, or changes what `spec` says of it; only as `revision` has it, when given.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_webhook(
        &self,
        name: &str,
        spec: &WebhookSpec,
        revision: Option<u64>,
    ) -> Result<WebhookMade, ClientError> {
        self.put(&["webhooks", name], spec, revision).await
    }

    /// Deletes a webhook.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_webhook(&self, name: &str) -> Result<(), ClientError> {
        self.delete(&["webhooks", name]).await
    }
}

/// A state as the address has it.
fn word(state: NoticeState) -> &'static str {
    match state {
        NoticeState::Waiting => "waiting",
        NoticeState::Sent => "sent",
        NoticeState::Failed => "failed",
    }
}
