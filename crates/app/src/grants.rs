//! From a stored connection to a client of its business unit: hosts, app, grant, and who keeps a rotated token.
//!
//! The only place where a sealed secret of a connection is opened.

use std::sync::Arc;

use api::{AppKind, GrantKind};
use model::Plan;
use pardot::{
    BusinessUnitId, Claim, Client, ClientParts, Clock, ConnectedApp, Grant, GrantKeeper, Host, RetryPolicy,
    SystemClock, Tokens, Usage,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use store::{Change, Document, Store, StoreError};
use tokio::runtime::Handle;

use crate::clock::random_u64;
use crate::connection::unit_key;
use crate::{App, AppError};

/// The kind of document that a connection is.
pub(crate) const CONNECTION: &str = "connection";

/// What is kept of a connection, besides its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConnectionBody {
    pub(crate) pardot_domain: String,
    pub(crate) business_unit: String,
    pub(crate) connected_app: AppKind,
    pub(crate) client_id: Option<String>,
    pub(crate) login_url: String,
    pub(crate) grant: GrantKind,
    pub(crate) username: Option<String>,
    pub(crate) audience: Option<String>,
    /// Where its secrets are kept. Another vault whenever host, login, app or refresh token change: what a job that began
    /// before still writes can then never reach the new ones, nor the new ones the old place.
    pub(crate) vault: String,
    /// Percent of the account's daily calls that are left to others.
    #[serde(default = "usual_reserve")]
    pub(crate) reserve: u8,
    /// Calls that this server may make a day; 0 for as many as the reserve leaves.
    #[serde(default)]
    pub(crate) daily_budget: u64,
    /// Why Salesforce or Pardot refuse it, until somebody mends it.
    pub(crate) broken: Option<String>,
}

/// The reserve of a connection that names none, as serde wants it.
pub(crate) fn usual_reserve() -> u8 {
    Usage::USUAL_RESERVE
}

/// A connection as it is kept, understood.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) document: Document,
    pub(crate) body: ConnectionBody,
    pub(crate) pardot_domain: Host,
    pub(crate) login_url: Host,
    pub(crate) business_unit: BusinessUnitId,
}

impl Stored {
    /// The key of its business unit.
    pub(crate) fn key(&self) -> String {
        unit_key(&self.pardot_domain, &self.business_unit)
    }

    /// Its document's id.
    pub(crate) fn id(&self) -> &str {
        &self.document.id
    }

    /// Where its secrets are kept.
    pub(crate) fn vault(&self) -> &str {
        &self.body.vault
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.document.name
    }
}

/// The names of a connection's secrets in the store.
pub(crate) const CLIENT_SECRET: &str = "client_secret";
/// See [`CLIENT_SECRET`].
pub(crate) const REFRESH_TOKEN: &str = "refresh_token";
/// See [`CLIENT_SECRET`].
pub(crate) const PRIVATE_KEY: &str = "private_key";

impl App {
    /// The connection of this document, with hosts that the operator allows today.
    pub(crate) fn understood(&self, document: Document) -> Result<Stored, AppError> {
        let body: ConnectionBody = serde_json::from_value(document.body.clone())
            .map_err(|_| AppError::Failed { message: format!("connection {} cannot be read back", document.name) })?;
        let refused = |error: pardot::HostError| AppError::Conflict {
            message: format!("connection {}: {}", document.name, error.message),
            hint: Some(error.hint),
        };
        let pardot_domain = self.0.config.hosts.pardot(&body.pardot_domain).map_err(refused)?;
        let login_url = self.0.config.hosts.login(&body.login_url).map_err(refused)?;
        let business_unit = body.business_unit.parse::<BusinessUnitId>().map_err(|error| AppError::Failed {
            message: format!("connection {}: business_unit {}", document.name, error.message),
        })?;
        Ok(Stored { document, body, pardot_domain, login_url, business_unit })
    }

    /// The app that stands for this connection at Salesforce.
    pub(crate) async fn connected_app(&self, stored: &Stored) -> Result<ConnectedApp, AppError> {
        match stored.body.connected_app {
            AppKind::Default => {
                let app = self.0.config.default_app.as_ref().ok_or_else(|| AppError::Conflict {
                    message: "this server has no default connected app any more".into(),
                    hint: Some("set default_app_client_id in its configuration, or use a custom app".into()),
                })?;
                Ok(ConnectedApp { client_id: app.client_id.clone(), client_secret: app.client_secret.clone() })
            }
            AppKind::Custom => Ok(ConnectedApp {
                client_id: stored.body.client_id.clone().unwrap_or_default(),
                client_secret: self.0.store.secret(stored.vault(), CLIENT_SECRET).await?,
            }),
        }
    }

    /// The tokens that all jobs of the connection share.
    ///
    /// # Errors
    /// What a person must do before any call can be made.
    pub(crate) async fn tokens_for(&self, stored: &Stored) -> Result<Arc<Tokens>, AppError> {
        if let Some(tokens) = self.0.units.known_tokens(stored.vault()) {
            return Ok(tokens);
        }
        let app = self.connected_app(stored).await?;
        let grant = self.grant_of(stored).await?;
        let keeper: Arc<dyn GrantKeeper> = Arc::new(SealedKeeper {
            store: self.0.store.clone(),
            connection: stored.id().to_owned(),
            vault: stored.vault().to_owned(),
            runtime: Handle::current(),
        });
        let make = || Tokens::new(stored.login_url.clone(), app, grant, keeper, Arc::new(SystemClock));
        self.0.units.tokens(stored.vault(), make).map_err(|error| unusable(error.to_string()))
    }

    /// A client over the tokens and slots that all jobs of the connection share.
    ///
    /// # Errors
    /// What a person must do before any call can be made.
    pub(crate) async fn client_of(&self, stored: &Stored, plan: &Plan, claim: Claim) -> Result<Arc<Client>, AppError> {
        let tokens = self.tokens_for(stored).await?;
        let retry = RetryPolicy {
            maximum_retries: plan.retry.maximum_retries,
            initial_wait: plan.retry.initial_wait,
            maximum_wait: plan.retry.maximum_wait,
            timeout: plan.retry.timeout,
        };
        let limiter = self.0.units.limiter(&stored.key());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let parts = ClientParts {
            host: stored.pardot_domain.clone(),
            business_unit: stored.business_unit.clone(),
            tokens,
            limiter,
            allowance: self.allowance_of(stored).await?,
            claim,
            retry,
            clock,
            seed: random_u64(),
        };
        Client::new(parts).map(Arc::new).map_err(|error| unusable(error.to_string()))
    }

    async fn grant_of(&self, stored: &Stored) -> Result<Grant, AppError> {
        let missing = |what: &str, hint: &str| AppError::Conflict {
            message: format!("connection {} has no {what}", stored.name()),
            hint: Some(hint.to_owned()),
        };
        match stored.body.grant {
            GrantKind::RefreshToken => {
                let token = self.0.store.secret(stored.vault(), REFRESH_TOKEN).await?;
                token
                    .map(Grant::RefreshToken)
                    .ok_or_else(|| missing("refresh token yet", "press Connect (authorize it)"))
            }
            GrantKind::ClientCredentials => Ok(Grant::ClientCredentials),
            GrantKind::JwtBearer => {
                let key_pem = self.0.store.secret(stored.vault(), PRIVATE_KEY).await?;
                let key_pem = key_pem.ok_or_else(|| missing("private key", "give it as private_key"))?;
                let subject = stored.body.username.clone().unwrap_or_default();
                Ok(Grant::JwtBearer { key_pem, subject, audience: stored.body.audience.clone() })
            }
        }
    }
}

fn unusable(cause: String) -> AppError {
    AppError::Conflict { message: cause, hint: Some("connect it again".into()) }
}

/// Keeps rotated refresh tokens sealed in the store.
struct SealedKeeper {
    store: Store,
    connection: String,
    vault: String,
    runtime: Handle,
}

impl SealedKeeper {
    /// Whether the connection still has this vault.
    async fn is_current(&self) -> Result<bool, StoreError> {
        let document = self.store.document_by_id(&self.connection).await?;
        Ok(document.is_some_and(|document| document.body["vault"] == self.vault.as_str()))
    }
}

impl GrantKeeper for SealedKeeper {
    fn keep(&self, rotated: &SecretString) -> Result<(), String> {
        let kept = self.runtime.block_on(async {
            // The grant of a connection that was changed or deleted is nobody's any more; the job that still has it ends
            // with it.
            if !self.is_current().await? {
                return Ok(());
            }
            let (owner, value) = (self.vault.clone(), rotated.clone());
            self.store.apply(vec![Change::PutSecret { owner, name: REFRESH_TOKEN.into(), value }]).await
        });
        kept.map_err(|error| error.to_string())
    }

    fn current(&self) -> Option<SecretString> {
        self.runtime.block_on(self.store.secret(&self.vault, REFRESH_TOKEN)).ok().flatten()
    }
}
