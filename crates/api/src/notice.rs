//! Notices: who is told of what, how, and whether it arrived.
//!
//! Knows names and shapes; how a mail looks or a call is signed is the server's.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Cause, Secret};

/// What people are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeEvent {
    /// A job is a success.
    Success,
    /// A job ended without success.
    Failure,
    /// A job, even a success, had more rejected rows than the threshold.
    Rejected,
    /// A job waits because the day's calls are used up.
    QuotaParked,
    /// Salesforce refused the grant: somebody must connect again.
    Reconnect,
    /// A schedule was disabled because its runs kept failing.
    Disabled,
    /// A query that had failed is a success again.
    Recovered,
    /// Somebody tries whether notices arrive.
    Test,
}

impl NoticeEvent {
    /// What people can ask to be told of: everything but a test, which is sent by hand.
    pub const ASKED: [NoticeEvent; 7] = [
        NoticeEvent::Success,
        NoticeEvent::Failure,
        NoticeEvent::Rejected,
        NoticeEvent::QuotaParked,
        NoticeEvent::Reconnect,
        NoticeEvent::Disabled,
        NoticeEvent::Recovered,
    ];

    /// Its name, as documents have it.
    pub fn name(self) -> &'static str {
        match self {
            NoticeEvent::Success => "success",
            NoticeEvent::Failure => "failure",
            NoticeEvent::Rejected => "rejected",
            NoticeEvent::QuotaParked => "quota_parked",
            NoticeEvent::Reconnect => "reconnect",
            NoticeEvent::Disabled => "disabled",
            NoticeEvent::Recovered => "recovered",
            NoticeEvent::Test => "test",
        }
    }

    /// What can be asked for by this name.
    pub fn named(name: &str) -> Option<NoticeEvent> {
        NoticeEvent::ASKED.into_iter().find(|event| event.name() == name)
    }
}

/// Who is told of what. What is not given is the server's default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Notify {
    /// Mail addresses, at most 20; an empty list for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients: Option<Vec<String>>,
    /// Names of webhooks; an empty list for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhooks: Option<Vec<String>>,
    /// Of what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Vec<NoticeEvent>>,
    /// Rejected rows of a job above which `rejected` is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_over: Option<u64>,
}

/// Who is told of what where a query says nothing, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notifications {
    /// Counts its changes.
    pub revision: u64,
    /// The default, complete.
    pub default: Notify,
    /// The address that mails come from; none while the operator has set no mail server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail_from: Option<String>,
}

/// A webhook as a person writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSpec {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where notices are posted: https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What calls are signed with: `whsec_` and Base64 of 24 to 64 bytes. Write-only; a new webhook without one gets one,
    /// which is shown once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
}

/// A webhook as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// Its name.
    pub name: String,
    /// Counts its changes.
    pub revision: u64,
    /// When it was made.
    pub created: String,
    /// When it last changed.
    pub updated: String,
    /// Where notices are posted; for who is no admin its host alone, because a path may hold a token.
    pub url: String,
}

/// A webhook that was made or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookMade {
    /// The webhook.
    pub webhook: Webhook,
    /// What its calls are signed with, when the server chose it: shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub secret: Option<Secret>,
}

/// Who is sent a notice to try.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeTest {
    /// Mail addresses.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// Names of webhooks.
    #[serde(default)]
    pub webhooks: Vec<String>,
}

/// How a notice travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// By mail.
    Mail,
    /// By a signed call.
    Webhook,
}

/// Whether one test notice arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoticeTried {
    /// How it travelled.
    pub channel: Channel,
    /// The address, or the webhook's name.
    pub target: String,
    /// Whether the mail server or the webhook took it.
    pub sent: bool,
    /// Why not, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// Where a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// On its way, or waiting for another try.
    Waiting,
    /// The mail server or the webhook took it.
    Sent,
    /// It was given up.
    Failed,
}

/// One notice to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notice {
    /// Its id.
    pub id: String,
    /// When it was written.
    pub created: String,
    /// Of what.
    pub event: NoticeEvent,
    /// Its subject line.
    pub subject: String,
    /// The query that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The job that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// How it travels.
    pub channel: Channel,
    /// The address, or the webhook's name.
    pub target: String,
    /// Where it is.
    pub state: NoticeState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What went wrong at the last try, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// When it was sent or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_known_by_the_names_of_their_documents() {
        for event in NoticeEvent::ASKED {
            assert_eq!(serde_json::to_value(event).unwrap(), event.name());
            assert_eq!(NoticeEvent::named(event.name()), Some(event));
        }
        assert_eq!(NoticeEvent::named(NoticeEvent::Test.name()), None);
    }
}
