//! What the operator decides for a whole server.
//!
//! Knows values only; where they are written is the command line's.

use std::path::PathBuf;
use std::time::Duration;

use notify::{SmtpSettings, WebhookPolicy};
use pardot::AllowedHosts;
use secrecy::SecretString;

use crate::clock::Clock;

/// The server's own connected app, so that people only press Connect.
#[derive(Debug, Clone)]
pub struct DefaultApp {
    /// Consumer key.
    pub client_id: String,
    /// Consumer secret; external client apps with PKCE may do without.
    pub client_secret: Option<SecretString>,
}

/// What the use cases need to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data directory.
    pub data_dir: PathBuf,
    /// Folders whose files tables may be bound to, besides the data directory's own `tables`.
    pub table_roots: Vec<PathBuf>,
    /// Jobs at work at once.
    pub max_concurrent_jobs: usize,
    /// Days that ended jobs, with their results, are kept.
    pub retention_days: u32,
    /// Days that the audit log is kept.
    pub audit_days: u32,
    /// Most bytes of an uploaded table.
    pub upload_bytes: u64,
    /// Longest time of a query.
    pub query_time: Duration,
    /// The server's own connected app.
    pub default_app: Option<DefaultApp>,
    /// Hosts that may be called.
    pub hosts: AllowedHosts,
    /// Where Salesforce sends browsers back to, exactly as the connected app lists it.
    pub redirect_uri: String,
    /// First wait before Pardot is asked again after an outage; doubled up to ten times as long.
    pub outage_wait: Duration,
    /// The address that people know the server by: what links in notices lead to.
    pub public_url: Option<String>,
    /// The mail server that notices go through.
    pub smtp: Option<SmtpSettings>,
    /// Where webhooks may lead.
    pub webhooks: WebhookPolicy,
    /// Runs in a row of a schedule that fail because something must be changed, after which it is disabled.
    pub failures_to_disable: u32,
    /// Failures of which notices must have arrived before it is disabled, where somebody is to hear of them.
    pub notices_to_disable: u32,
    /// The clock that the server goes by.
    pub clock: Clock,
    /// The master key, where it is given instead of kept in a file; the current one first.
    pub master_key: Option<SecretString>,
}

impl Config {
    /// What holds when the operator says nothing.
    pub fn new(data_dir: PathBuf) -> Config {
        Config {
            data_dir,
            table_roots: Vec::new(),
            max_concurrent_jobs: 4,
            retention_days: 90,
            audit_days: 400,
            upload_bytes: 10 << 30,
            query_time: Duration::from_secs(3_600),
            default_app: None,
            hosts: AllowedHosts::default(),
            redirect_uri: "http://localhost:8080/oauth/callback".into(),
            outage_wait: Duration::from_secs(60),
            public_url: None,
            smtp: None,
            webhooks: WebhookPolicy::default(),
            failures_to_disable: 5,
            notices_to_disable: 3,
            clock: Clock::system(),
            master_key: None,
        }
    }
}
