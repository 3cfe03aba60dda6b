//! The first start: a one-time token for whoever sees the server's own output, and the first admin who shows it.
//!
//! Knows no default password, because there is none. Once the first admin is there, setup is closed for ever.

use std::io;
use std::path::{Path, PathBuf};

use api::{Role, Scope, Secret, Setup, SetupDone, TokenSpec};
use model::Problems;
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{Change, StoreError};
use tokio::io::AsyncWriteExt;
use tokio::sync::Mutex;

use crate::{Actor, App, AppError, digest, password, people, tokens};

/// Seconds that a setup token is valid.
const VALID: i64 = 30 * 60;
/// The value that holds the hash and the end of the setup token.
const TOKEN: &str = "setup";
/// The value that is there once somebody has set the server up.
const CLAIMED: &str = "setup-claimed";
/// Days that the first admin's API token is valid.
const FIRST_DAYS: u32 = 1;

/// One claim at a time is looked at, so that fifty at once cost one password hash; the store still decides who wins.
static CLAIMING: Mutex<()> = Mutex::const_new(());

impl App {
    /// Whether nobody is there yet.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn setup_open(&self) -> Result<bool, AppError> {
        Ok(self.0.store.value(CLAIMED).await?.is_none() && self.0.store.people().await?.is_empty())
    }

    /// Makes a setup token while nobody is there: for the operator's eyes, also in the file `setup-token` of the data
    /// directory. An earlier one is void.
    ///
    /// # Errors
    /// The store does not answer; the file cannot be written.
    pub(crate) async fn prepare_setup(&self) -> Result<Option<SecretString>, AppError> {
        let path = self.setup_path();
        if !self.setup_open().await? {
            // Left behind by a process that ended between the claim and the removal.
            let _gone = tokio::fs::remove_file(&path).await;
            return Ok(None);
        }
        let token = digest::fresh("setup_");
        let value = json!({ "hash": digest::of(&token).as_slice(), "expires": self.now() + VALID });
        self.0.store.apply(vec![Change::PutValue { name: TOKEN.into(), value: Some(value) }]).await?;
        let written = write_private(&path, token.expose()).await;
        written.map_err(|error| AppError::Failed { message: format!("cannot write {}: {error}", path.display()) })?;
        Ok(Some(SecretString::from(token.expose().to_owned())))
    }

    /// Adds the first admin, with an API token to go on with.
    ///
    /// # Errors
    /// [`AppError::Gone`] when somebody is there; [`AppError::Unauthenticated`] for a wrong or old token;
    /// [`AppError::Invalid`] for the name and the password.
    pub async fn setup(&self, setup: Setup, address: &str) -> Result<SetupDone, AppError> {
        let _one = CLAIMING.lock().await;
        if !self.setup_open().await? {
            return Err(gone());
        }
        let now = self.now();
        self.check_setup_token(&setup.token, now).await?;
        let mut problems = Problems::default();
        problems.keep(people::check_name("setup.name", &setup.name));
        problems.keep(password::check("setup.password", &setup.password, &setup.name));
        problems.or(|| ())?;
        let hash = password::hash(setup.password).await?;
        let person = people::new(&setup.name, Role::Admin, hash, now);
        let actor = Actor {
            name: person.name.clone(),
            person: Some(person.id.clone()),
            token: None,
            role: Role::Admin,
            scope: Scope::Admin,
            address: address.to_owned(),
        };
        let spec = TokenSpec { name: "setup".into(), scope: Scope::Admin, days: Some(FIRST_DAYS) };
        let (token, made) = tokens::new(&spec, &person, now);
        let done = SetupDone { person: people::shown(&person), token: made };
        let changes = vec![
            Change::ClaimValue { name: CLAIMED.into(), value: json!({ "at": now }) },
            Change::InsertPerson(person),
            Change::InsertToken(token),
            Change::PutValue { name: TOKEN.into(), value: None },
            actor.audit("setup", &setup.name, json!({ "role": "admin" })),
        ];
        self.0.store.apply(changes).await.map_err(|error| match error {
            StoreError::Exists { .. } => gone(),
            other => other.into(),
        })?;
        // The token in it is void already.
        let _gone = tokio::fs::remove_file(self.setup_path()).await;
        Ok(done)
    }

    async fn check_setup_token(&self, token: &Secret, now: i64) -> Result<(), AppError> {
        let kept = self.0.store.value(TOKEN).await?;
        let hash = kept.as_ref().and_then(hash_of);
        let expires = kept.as_ref().and_then(|kept| kept["expires"].as_i64()).unwrap_or(0);
        let given = digest::of(token);
        let right = hash.is_some_and(|hash| digest::same(&hash, &given));
        if right && now < expires {
            return Ok(());
        }
        let message = if right {
            "the setup token is too old: start the server again for a new one"
        } else {
            "this is not the setup token that the server printed at its last start"
        };
        Err(AppError::Unauthenticated { message: message.into() })
    }

    fn setup_path(&self) -> PathBuf {
        self.0.config.data_dir.join("setup-token")
    }
}

fn hash_of(value: &Value) -> Option<[u8; 32]> {
    serde_json::from_value(value["hash"].clone()).ok()
}

fn gone() -> AppError {
    AppError::Gone { message: "this server was set up already".into() }
}

/// Writes a file that only its owner may read, in the place of an older one.
async fn write_private(path: &Path, text: &str) -> io::Result<()> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // New and never through a link that somebody laid.
    let mut file = tokio::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).await?;
    file.write_all(text.as_bytes()).await?;
    file.write_all(b"\n").await?;
    file.sync_all().await
}
