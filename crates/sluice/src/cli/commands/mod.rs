//! The arguments of the server and of the commands that talk to one.
//!
//! Knows how they are written, not what they do.

mod access;
mod audiences;
mod catalog;
mod cron;
mod jobs;
mod notices;
mod operate;
mod project;
mod schedules;
mod whereabouts;

pub(crate) use access::{AuditCommand, KeysCommand, PeopleCommand, TokensCommand};
pub(crate) use audiences::{ActivationsCommand, ParentSegmentsCommand, SegmentsCommand};
pub(crate) use catalog::{ConnectionParts, ConnectionsCommand, FileForm, QueriesCommand, QueryParts, TablesCommand};
pub(crate) use cron::{CronCommand, CronExplainArguments};
pub(crate) use jobs::{Following, JobsCommand, Once, Rows};
pub(crate) use notices::{NoticesCommand, NotificationsCommand, NotifyParts, WebhooksCommand};
pub(crate) use operate::{BackupArguments, ConfigCheckArguments, ConfigCommand, RestoreArguments, ServeArguments};
pub(crate) use project::{ApplyArguments, PlanArguments, PullArguments};
pub(crate) use schedules::{ScheduleParts, SchedulesCommand};
pub(crate) use whereabouts::Whereabouts;
