//! Connections: named authority over one Pardot business unit.
//!
//! Knows the manual's names; secrets go in and never come out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Secret;

/// Which connected app stands for Sluice at Salesforce.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppKind {
    /// The server's own app, set up once by its operator: people only press Connect.
    Default,
    /// An app of one's own: `client_id`, `client_secret`.
    #[default]
    Custom,
}

/// How access tokens are obtained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// A person approved in the browser; Salesforce may rotate the token at each use.
    #[default]
    RefreshToken,
    /// The app's own user.
    ClientCredentials,
    /// A signed assertion.
    JwtBearer,
}

/// A connection as a person writes it. In an update, what is absent stays as it is: also the secrets, except that a
/// changed host drops them. A text that is there and empty takes the field back to its default, secrets aside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSpec {
    /// Its name: letters, digits, `-`, `_`, `.`; at most 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `https://pi.pardot.com` (default) or `https://pi.demo.pardot.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pardot_domain: Option<String>,
    /// The business unit id: 18 characters that begin with `0Uv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_unit: Option<String>,
    /// `default` or `custom`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_app: Option<AppKind>,
    /// Consumer key of a custom app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Consumer secret of a custom app. Write-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// Salesforce login, default `https://login.salesforce.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
    /// `refresh_token` (default), `client_credentials` or `jwt_bearer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantKind>,
    /// The Salesforce user of a `jwt_bearer` grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The audience of a `jwt_bearer` grant, where it is not the login host's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// A refresh token obtained elsewhere; pressing Connect gets one without this. Write-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// RSA private key in PEM of a `jwt_bearer` grant. Write-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<Secret>,
    /// Percent of the account's daily calls that are left to others: 0 to 90, default 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserve: Option<u8>,
    /// Calls that this server may make a day; 0 (default) for as many as the reserve leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_budget: Option<u64>,
}

/// Which secrets a connection has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretsSet {
    /// A client secret is kept (the server's own, for the default app).
    pub client_secret: bool,
    /// A refresh token is kept.
    pub refresh_token: bool,
    /// A private key is kept.
    pub private_key: bool,
}

/// Whether a connection can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// It has what it takes to obtain access tokens.
    Connected,
    /// Nobody has approved the app yet, or a secret is missing.
    NotConnected,
    /// Salesforce refused the grant: connect again.
    NeedsReconnect,
}

/// A connection as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Connection {
    /// Its name.
    pub name: String,
    /// Counts its changes; send it as `If-Match` to change only what you have seen.
    pub revision: u64,
    /// When it was made.
    pub created: String,
    /// When it last changed.
    pub updated: String,
    /// Pardot's host.
    pub pardot_domain: String,
    /// The business unit id.
    pub business_unit: String,
    /// Whose app it uses.
    pub connected_app: AppKind,
    /// Consumer key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Salesforce login.
    pub login_url: String,
    /// How access tokens are obtained.
    pub grant: GrantKind,
    /// The Salesforce user of a `jwt_bearer` grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The audience of a `jwt_bearer` grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Which secrets it has.
    pub secrets: SecretsSet,
    /// Percent of the account's daily calls that are left to others.
    pub reserve: u8,
    /// Calls that this server may make a day; 0 for as many as the reserve leaves.
    pub daily_budget: u64,
    /// Whether it can be used.
    pub state: ConnectionState,
    /// Why not, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// The queries that export through it.
    pub used_by: Vec<String>,
}

/// Where to send the browser for the approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Authorize {
    /// Salesforce's address, with a state that is good once and for ten minutes.
    pub url: String,
    /// Where Salesforce sends the browser back to; the connected app must list exactly this.
    pub redirect_uri: String,
}
