//! What people are told, worded, and its way to them: by mail, by signed webhook.
//!
//! Must not know jobs' store, use cases, Pardot or the clock: what happened is given as facts, the time too, and who wants to
//! be told is the caller's to know. A notice is sent once for each call; when to try again is the caller's as well.

mod error;
mod html;
mod letter;
mod mail;
mod notice;
mod reach;
mod smtp;
mod text;
mod tls;
mod webhook;

pub use error::{SendError, SettingsError};
pub use html::html;
pub use letter::subject;
pub use mail::{Login, Mailer, Security, SmtpSettings, check_address};
pub use notice::{Counts, Event, Notice, Subject, UnknownEvent};
pub use reach::{UrlError, WebhookPolicy};
pub use text::text;
pub use webhook::{Webhooks, check_secret, new_secret};
