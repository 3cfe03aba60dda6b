//! The documents of a project as people write them, and as editors are told about them.
//!
//! Knows names and shapes; the meaning stands in `parse`.

use std::borrow::Cow;
use std::fmt;

use api::{AppKind, Export, GrantKind, Notify, Overlap, Schedule};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// What a document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A connection.
    Connection,
    /// A table.
    Table,
    /// A query.
    Query,
    /// A parent segment.
    ParentSegment,
    /// A segment.
    Segment,
    /// An activation.
    Activation,
}

impl Kind {
    /// All of them, in the order in which one needs another.
    pub const ALL: [Kind; 6] =
        [Kind::Connection, Kind::Table, Kind::Query, Kind::ParentSegment, Kind::Segment, Kind::Activation];

    /// The word in documents.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Connection => "connection",
            Kind::Table => "table",
            Kind::Query => "query",
            Kind::ParentSegment => "parent_segment",
            Kind::Segment => "segment",
            Kind::Activation => "activation",
        }
    }

    /// The word for people.
    fn words(self) -> &'static str {
        match self {
            Kind::ParentSegment => "parent segment",
            Kind::Connection | Kind::Table | Kind::Query | Kind::Segment | Kind::Activation => self.name(),
        }
    }

    /// The folder whose documents need no `kind`.
    pub fn folder(self) -> &'static str {
        match self {
            Kind::Connection => "connections",
            Kind::Table => "tables",
            Kind::Query => "queries",
            Kind::ParentSegment => "parent-segments",
            Kind::Segment => "segments",
            Kind::Activation => "activations",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// A secret of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretName {
    /// Consumer secret.
    ClientSecret,
    /// Refresh token.
    RefreshToken,
    /// Private key.
    PrivateKey,
}

impl SecretName {
    /// All of them.
    pub const ALL: [SecretName; 3] = [SecretName::ClientSecret, SecretName::RefreshToken, SecretName::PrivateKey];

    /// The manual's name.
    pub fn name(self) -> &'static str {
        match self {
            SecretName::ClientSecret => "client_secret",
            SecretName::RefreshToken => "refresh_token",
            SecretName::PrivateKey => "private_key",
        }
    }
}

/// Where a secret is to be found; never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretReference {
    /// `env:NAME`: a variable of the environment.
    Environment(String),
    /// `file:PATH`: a file, relative to the project's folder.
    File(String),
}

/// The form of a [`SecretReference`].
const REFERENCE: &str = "^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$";

impl SecretReference {
    /// The reference that a text is; nothing for anything else, which is then not repeated anywhere: it may be a secret.
    pub fn of(text: &str) -> Option<SecretReference> {
        let legal = |name: &str| {
            !name.is_empty()
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        match (text.strip_prefix("env:"), text.strip_prefix("file:")) {
            (Some(name), _) if legal(name) => Some(SecretReference::Environment(name.to_owned())),
            (_, Some(path)) if !path.trim().is_empty() => Some(SecretReference::File(path.trim().to_owned())),
            _ => None,
        }
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretReference::Environment(name) => write!(f, "env:{name}"),
            SecretReference::File(path) => write!(f, "file:{path}"),
        }
    }
}

/// A [`SecretReference`] for editors.
#[derive(Debug, Clone)]
pub(crate) struct Reference;

impl PartialSchema for Reference {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(REFERENCE));
        let text =
            text.description(Some("Where the secret is: env:NAME, or file:PATH relative to the project's folder."));
        RefOr::T(Schema::Object(text.build()))
    }
}

impl ToSchema for Reference {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("SecretReference")
    }
}

/// A schedule for editors: the mapping, or its cron alone.
#[derive(Debug, Clone)]
pub(crate) struct Timetable;

impl PartialSchema for Timetable {
    fn schema() -> RefOr<Schema> {
        let short = ObjectBuilder::new().schema_type(Type::String);
        let short = short.description(Some("@hourly, @daily, @weekly, @monthly, @yearly, or five cron fields."));
        let full = Ref::from_schema_name(Schedule::name());
        RefOr::T(Schema::OneOf(OneOfBuilder::new().item(short).item(full).build()))
    }
}

impl ToSchema for Timetable {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Timetable")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Schedule::schemas(schemas);
        schemas.push((Schedule::name().into_owned(), Schedule::schema()));
    }
}

/// The word of an app's kind.
pub(crate) fn app_name(app: AppKind) -> &'static str {
    match app {
        AppKind::Default => "default",
        AppKind::Custom => "custom",
    }
}

/// The word of a grant.
pub(crate) fn grant_name(grant: GrantKind) -> &'static str {
    match grant {
        GrantKind::RefreshToken => "refresh_token",
        GrantKind::ClientCredentials => "client_credentials",
        GrantKind::JwtBearer => "jwt_bearer",
    }
}

/// `connections/*.yaml`: named authority over one Pardot business unit.
#[derive(ToSchema)]
#[schema(title = "connection")]
#[expect(dead_code, reason = "a shape for editors and for the names of the parser; values are read one by one")]
pub(crate) struct ConnectionDocument {
    /// `connection`; not needed in the folder `connections`.
    kind: Option<Kind>,
    /// Its name: letters, digits, `-`, `_`, `.`; at most 100.
    name: String,
    /// `https://pi.pardot.com` (default) or `https://pi.demo.pardot.com`.
    pardot_domain: Option<String>,
    /// The business unit id: 18 characters that begin with `0Uv`.
    business_unit: String,
    /// `default`: the server's own app. `custom` (default): an app of one's own.
    connected_app: Option<AppKind>,
    /// Consumer key of a custom app.
    client_id: Option<String>,
    /// Consumer secret of a custom app.
    client_secret: Option<Reference>,
    /// Salesforce login, default `https://login.salesforce.com`.
    login_url: Option<String>,
    /// `refresh_token` (default), `client_credentials` or `jwt_bearer`.
    grant: Option<GrantKind>,
    /// The Salesforce user of a `jwt_bearer` grant.
    username: Option<String>,
    /// The audience of a `jwt_bearer` grant, where it is not the login host's own.
    audience: Option<String>,
    /// A refresh token obtained elsewhere; pressing Connect gets one without this.
    refresh_token: Option<Reference>,
    /// RSA private key in PEM of a `jwt_bearer` grant.
    private_key: Option<Reference>,
    /// Percent of the account's daily calls that are left to others: 0 to 90, default 10.
    #[schema(maximum = 90)]
    reserve: Option<u8>,
    /// Calls that the server may make a day; 0 (default) for as many as the reserve leaves.
    daily_budget: Option<u64>,
}

/// `tables/*.yaml`: a name in SQL, and the rows behind it: one of `files`, `upload`, `uploaded`.
#[derive(ToSchema)]
#[schema(title = "table")]
#[expect(dead_code, reason = "a shape for editors and for the names of the parser; values are read one by one")]
pub(crate) struct TableDocument {
    /// `table`; not needed in the folder `tables`.
    kind: Option<Kind>,
    /// Its name in SQL: a lower-case letter or `_`, then letters, digits, `_`; at most 100.
    name: String,
    /// Files of the server: a file, folder or pattern under one of its table roots.
    files: Option<String>,
    /// A file of the project, uploaded when it differs from what the server has: CSV, JSON lines or Parquet.
    upload: Option<String>,
    /// SHA-256 of a file that was uploaded before and is not part of the project.
    uploaded: Option<String>,
}

/// `queries/*.yaml`: saved SQL and where its rows go.
#[derive(ToSchema)]
#[schema(title = "query")]
#[expect(dead_code, reason = "a shape for editors and for the names of the parser; values are read one by one")]
pub(crate) struct QueryDocument {
    /// `query`; not needed in the folder `queries`.
    kind: Option<Kind>,
    /// Its name: letters, digits, space, `-`, `_`, `.`; at most 100.
    name: String,
    /// What it is for.
    description: Option<String>,
    /// One SELECT over the server's tables; or name a file with `sql_file`.
    sql: Option<String>,
    /// A file with the SELECT, beside this one.
    sql_file: Option<String>,
    /// Where the SQL runs; `embedded`, the engine over files.
    source: Option<String>,
    /// Where its rows go; without it a run only makes a result.
    export: Option<Export>,
    /// What a run that somebody starts does while another job of the query is at work: `queue` (default) or `skip`; a
    /// schedule says its own.
    overlap: Option<Overlap>,
    /// Longest time of the query in seconds; the server's limit when it is not given.
    time_limit: Option<u64>,
    /// When it runs by itself: a cron, or a mapping with its time zone and more.
    schedule: Option<Timetable>,
    /// Who is told of what; the server's default where it says nothing.
    notify: Option<Notify>,
}
