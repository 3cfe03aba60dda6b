//! The documents that cross a door of Sluice: what its HTTP API takes and gives, as types with schemas.
//!
//! Knows names and shapes, and nothing of how anything is done. The server fills them, the command line and the project
//! folders read and write the same ones; with the feature `client` there is an HTTP client for them.
//!
//! Times are RFC 3339 in UTC (`2026-11-23T02:00:00Z`). A secret is only ever written: no document that is given out has one.

mod account;
mod activation;
mod audience;
mod audit;
#[cfg(feature = "client")]
pub mod client;
mod connection;
mod field;
mod job;
mod keys;
mod notice;
mod page;
mod person;
mod problem;
mod query;
mod schedule;
mod secret;
mod segment;
mod settings;
mod table;

pub use account::{AccountView, Check, Diagnosis, FieldView, ListView};
pub use activation::{
    Activation, ActivationCopy, ActivationLook, ActivationSchedule, ActivationSpec, ActivationTry, OutputField, SentRow,
};
pub use audience::{
    Attribute, AudienceBehavior, AudienceCheck, AudienceColumn, Behavior, BehaviorColumn, JoinCheck, JoinLevel, Master,
    MasterFilter, ParentSegment, ParentSegmentSpec, Snapshot,
};
pub use audit::AuditLine;
pub use connection::{AppKind, Authorize, Connection, ConnectionSpec, ConnectionState, GrantKind, SecretsSet};
pub use field::{FieldKind, ProspectField};
pub use job::{
    Cause, Forecast, Job, JobEvent, JobKind, JobProgress, LogLine, Origin, ReceiptOutcome, RetryAnswer, RunRequest,
    Stage, StateCount,
};
pub use keys::KeysRotated;
pub use notice::{
    Channel, Notice, NoticeEvent, NoticeState, NoticeTest, NoticeTried, Notifications, Notify, Webhook, WebhookMade,
    WebhookSpec,
};
pub use page::Page;
pub use person::{
    Login, Me, PasswordChange, Person, PersonChange, PersonSpec, Role, Scope, Setup, SetupDone, Token, TokenMade,
    TokenSpec,
};
pub use problem::{Place, ProblemDocument};
pub use query::{Export, Overlap, Preview, PreviewRequest, Query, QuerySpec};
pub use schedule::{
    Backfill, Backfilled, CatchUp, CronExplanation, CronRequest, Fire, Repeat, Schedule, ScheduleState, ScheduleView,
    Scheduled, Slot, SlotState,
};
pub use secret::Secret;
pub use segment::{Population, Segment, SegmentLook, SegmentSpec, SegmentSql, SegmentTry};
pub use settings::{SettingView, SettingsMap};
pub use table::{Column, Table, TableKind, TableSpec};
