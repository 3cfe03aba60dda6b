//! People, their sessions, and API tokens.
//!
//! Knows which right includes which; not how anybody proves who they are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Secret;

/// What a person may do. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything but row values and secrets.
    Viewer,
    /// Sees row values; makes and runs tables, queries and jobs.
    Editor,
    /// Connections, people, tokens of others, keys and the audit log as well.
    Admin,
}

/// What a token may do; never more than the person who made it. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See everything but row values and secrets.
    Read,
    /// Start, kill and continue jobs, and see row values.
    Run,
    /// Change tables and queries.
    Edit,
    /// Everything.
    Admin,
}

/// The first person of a server, with the one-time token that it printed at its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The one-time setup token.
    pub token: Secret,
    /// The name to log in with.
    pub name: String,
    /// 15 to 1,024 characters.
    pub password: Secret,
}

/// The first admin, and a token to go on with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SetupDone {
    /// The admin.
    pub person: Person,
    /// An API token of scope `admin`, valid for a day; shown only here.
    pub token: TokenMade,
}

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The person's name.
    pub name: String,
    /// The password.
    pub password: Secret,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The person.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// What this session or token may do.
    pub scope: Scope,
    /// The token's name, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A new person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonSpec {
    /// The name to log in with: 1 to 100 characters.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// 15 to 1,024 characters.
    pub password: Secret,
}

/// What changes about a person; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonChange {
    /// What they may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// A new password; ends their sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// Whether they are locked out; ends their sessions and tokens at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A person changes their own password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password so far.
    pub current: Secret,
    /// 15 to 1,024 characters.
    pub new: Secret,
}

/// A person as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they are locked out.
    pub disabled: bool,
    /// When they were added.
    pub created: String,
    /// When they last changed.
    pub updated: String,
}

/// A new API token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenSpec {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// Days until it ends: 1 to 3,650; 90 when it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// An API token as it is; the token itself is kept as a hash only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Names it in addresses.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Its first characters, to tell it from others.
    pub shown: String,
    /// Whose it is.
    pub person: String,
    /// What it may do.
    pub scope: Scope,
    /// When it was made.
    pub created: String,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<String>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
}

/// A token just made: the only time that it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenMade {
    /// What is known about it.
    #[serde(flatten)]
    pub token: Token,
    /// The token itself, for `Authorization: Bearer`.
    pub secret: Secret,
}
