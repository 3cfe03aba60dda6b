//! The approval in the browser: a state that is good once, PKCE, and what Salesforce sends the browser back with.
//!
//! Knows no page. Code, verifier and tokens travel in bodies only and are shown to nobody.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use api::{AppKind, Authorize, GrantKind, Scope, Secret};
use pardot::oauth::{self, Granted, Pkce};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Change;

use crate::clock::random;
use crate::grants::{CLIENT_SECRET, PRIVATE_KEY, REFRESH_TOKEN, Stored};
use crate::{Actor, App, AppError, names};

/// Seconds that an approval may take.
const PATIENCE: i64 = 600;
/// Approvals under way at most; the oldest gives way.
const UNDER_WAY: usize = 1_000;
/// Approvals of one app by one user that Salesforce keeps; one more revokes the oldest.
const APPROVALS: usize = 5;

/// An approval that came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The connection's name.
    pub connection: String,
    /// What the person should know: scopes that are missing, a sixth approval.
    pub remarks: Vec<String>,
}

/// Why an approval did not come to a good end; each has a page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// No approval of this state was begun here, or it is too old.
    #[error("this answer belongs to no approval that was begun here in the last ten minutes")]
    Foreign,
    /// The state was used before.
    #[error("this approval was finished already")]
    Replayed,
    /// Another session began it.
    #[error("this approval was begun by somebody else")]
    OtherSession,
    /// The person, or Salesforce, said no.
    #[error("Salesforce said no: {word}")]
    Denied {
        /// Salesforce's word, letters and `_` only.
        word: String,
    },
    /// The code could not be exchanged, or the grant not kept.
    #[error("{message}")]
    Failed {
        /// What happened.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

/// The approvals under way, and the states that were used.
#[derive(Default)]
pub(crate) struct Approvals(Mutex<Book>);

#[derive(Default)]
struct Book {
    open: HashMap<String, Pending>,
    order: VecDeque<String>,
    used: VecDeque<String>,
}

/// Login host, consumer key, kind of app, kind of grant.
type AppOf = (String, Option<String>, AppKind, GrantKind);

/// The browser that begins an approval.
#[derive(Debug, Clone, Copy)]
pub struct Browser<'b> {
    /// Names its session: only the same one may end the approval.
    pub binding: &'b str,
    /// The address of this server as the browser knows it: what it keeps for that address, it shows to no other.
    pub at: &'b str,
}

struct Pending {
    connection: String,
    /// What the approval was begun with.
    app: AppOf,
    verifier: SecretString,
    binding: Option<String>,
    at: Option<String>,
    begun: i64,
    actor: Actor,
}

/// An approval of an app by a user, remembered to name the victim of the sixth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Approval {
    connection: String,
    at: i64,
}

impl Approvals {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, state: String, pending: Pending) {
        let mut book = self.book();
        while book.order.len() >= UNDER_WAY {
            if let Some(oldest) = book.order.pop_front() {
                book.open.remove(&oldest);
            }
        }
        book.order.push_back(state.clone());
        book.open.insert(state, pending);
    }

    /// Takes the approval of a state, once.
    fn take(&self, state: &str, binding: Option<&str>, now: i64) -> Result<Pending, CallbackError> {
        let mut book = self.book();
        if book.used.iter().any(|used| used == state) {
            return Err(CallbackError::Replayed);
        }
        let bound = book.open.get(state).ok_or(CallbackError::Foreign)?.binding.clone();
        // Another session's answer leaves the approval to the session that began it.
        if bound.is_some() && bound.as_deref() != binding {
            return Err(CallbackError::OtherSession);
        }
        book.order.retain(|known| known != state);
        book.used.push_back(state.to_owned());
        if book.used.len() > UNDER_WAY {
            book.used.pop_front();
        }
        let pending = book.open.remove(state).ok_or(CallbackError::Foreign)?;
        // A clock that went back makes nothing younger than it is.
        if (now - pending.begun).abs() > PATIENCE { Err(CallbackError::Foreign) } else { Ok(pending) }
    }
}

impl App {
    /// Begins an approval in a browser. `None` for programs: then the state alone, 128 bits of chance, ties the answer to
    /// the question.
    ///
    /// # Errors
    /// The connection has no such grant, or lacks what the flow needs; see [`AppError`].
    pub async fn authorize(
        &self,
        actor: &Actor,
        name: &str,
        browser: Option<Browser<'_>>,
    ) -> Result<Authorize, AppError> {
        actor.require(Scope::Admin)?;
        let stored = self.understood(self.connection_document(name).await?)?;
        if stored.body.grant != GrantKind::RefreshToken {
            return Err(AppError::Conflict {
                message: format!("connection {name} needs no approval: it does not use a refresh token"),
                hint: Some("set its grant to refresh_token to connect in the browser".into()),
            });
        }
        let app = self.connected_app(&stored).await?;
        let pkce = Pkce::random()
            .ok_or_else(|| AppError::Failed { message: "the system has no source of randomness".into() })?;
        let state: String = random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        let redirect_uri = self.0.config.redirect_uri.clone();
        let login = &stored.login_url;
        let url = oauth::authorize_url(login, &app.client_id, &redirect_uri, &state, Some(&pkce), oauth::SCOPE);
        let pending = Pending {
            connection: stored.id().to_owned(),
            app: app_of(&stored),
            verifier: pkce.verifier().clone(),
            binding: browser.map(|browser| browser.binding.to_owned()),
            at: browser.map(|browser| browser.at.to_owned()),
            begun: self.now(),
            actor: actor.clone(),
        };
        self.0.approvals.begin(state, pending);
        Ok(Authorize { url, redirect_uri })
    }

    /// The address of this server under which a browser began the approval of a state.
    pub fn approval_begun_at(&self, state: &str) -> Option<String> {
        self.0.approvals.book().open.get(state)?.at.clone()
    }

    /// Ends an approval with what Salesforce sent the browser back with.
    ///
    /// # Errors
    /// See [`CallbackError`]; nothing was kept then.
    pub async fn finish_authorize(
        &self,
        state: Option<&str>,
        code: Option<Secret>,
        error: Option<&str>,
        binding: Option<&str>,
    ) -> Result<Approved, CallbackError> {
        let pending = self.0.approvals.take(state.unwrap_or_default(), binding, self.now())?;
        if let Some(error) = error {
            return Err(CallbackError::Denied { word: word(error) });
        }
        let code = code.ok_or_else(|| CallbackError::Denied { word: "no_code".into() })?;
        let document = self.0.store.document_by_id(&pending.connection).await.map_err(failed)?;
        let document = document.ok_or_else(|| CallbackError::Failed {
            message: "the connection was deleted meanwhile".into(),
            hint: None,
        })?;
        let stored = self.understood(document).map_err(|error| unfinished(&error))?;
        if app_of(&stored) != pending.app {
            return Err(CallbackError::Failed {
                message: format!("connection {} was changed meanwhile", stored.name()),
                hint: Some("press Connect again".into()),
            });
        }
        let app = self.connected_app(&stored).await.map_err(|error| unfinished(&error))?;
        let pkce = Pkce::from_verifier(pending.verifier);
        let code = SecretString::from(code.expose());
        let granted = oauth::exchange(&stored.login_url, &app, &code, &self.0.config.redirect_uri, Some(&pkce)).await;
        let granted = granted.map_err(|error| CallbackError::Failed {
            message: error.to_string(),
            hint: Some(error.hint().to_owned()),
        })?;
        if let Some(scope) = &granted.scope
            && !scope.split(' ').any(|word| word == "pardot_api" || word == "full")
        {
            return Err(CallbackError::Failed {
                message: "Salesforce granted no pardot_api".into(),
                hint: Some(
                    "add \"Access Pardot services (pardot_api)\" to the connected app, then connect again".into(),
                ),
            });
        }
        self.keep_grant(&stored, &app.client_id, granted, &pending.actor).await.map_err(|error| unfinished(&error))
    }

    async fn keep_grant(
        &self,
        stored: &Stored,
        client_id: &str,
        granted: Granted,
        actor: &Actor,
    ) -> Result<Approved, AppError> {
        let mut body = stored.body.clone();
        (body.broken, body.vault) = (None, names::new_id("v"));
        let (approvals, victim) = self.approvals_with(stored, client_id, granted.id.as_deref()).await?;
        let put = |name: &str, value| Change::PutSecret { owner: body.vault.clone(), name: name.into(), value };
        let mut changes = vec![put(REFRESH_TOKEN, granted.refresh_token)];
        for name in [CLIENT_SECRET, PRIVATE_KEY] {
            if let Some(secret) = self.0.store.secret(stored.vault(), name).await? {
                changes.push(put(name, secret));
            }
        }
        changes.extend([
            Change::DeleteSecrets { owner: stored.vault().to_owned() },
            Change::ReplaceDocument {
                id: stored.id().to_owned(),
                // Whoever changed it while Salesforce was asked may have meant another login.
                revision: Some(stored.document.revision),
                name: stored.name().to_owned(),
                body: serde_json::to_value(&body).unwrap_or_default(),
                now: self.now(),
            },
            actor.audit("connection.connect", stored.name(), json!({ "scope": granted.scope })),
        ]);
        changes.extend(approvals);
        let what = format!("connection {}", stored.name());
        self.0.store.apply(changes).await.map_err(|error| names::stale_or(error, &what))?;
        self.requeue_connection(stored.id()).await?;
        let remarks = victim.into_iter().collect();
        Ok(Approved { connection: stored.name().to_owned(), remarks })
    }

    /// Salesforce keeps five approvals of an app by a user; the sixth revokes the oldest. Which connection that is, when
    /// the approvals went through this server, can be said.
    async fn approvals_with(
        &self,
        stored: &Stored,
        client_id: &str,
        user: Option<&str>,
    ) -> Result<(Option<Change>, Option<String>), AppError> {
        let Some(user) = user.and_then(|id| id.rsplit('/').next()).filter(|user| !user.is_empty()) else {
            return Ok((None, None));
        };
        let name = format!("approvals:{}:{client_id}:{user}", stored.body.login_url);
        let known = self.0.store.value(&name).await?;
        let mut known: Vec<Approval> = known.and_then(|known| serde_json::from_value(known).ok()).unwrap_or_default();
        known.push(Approval { connection: stored.id().to_owned(), at: self.now() });
        let mut victim = None;
        if known.len() > APPROVALS {
            let lost = known.remove(0);
            let still_used = known.iter().any(|approval| approval.connection == lost.connection);
            let document = self.0.store.document_by_id(&lost.connection).await?;
            victim = document.filter(|document| document.id != stored.id() && !still_used).map(|document| {
                format!(
                    "this was a sixth approval of the app by the same user: Salesforce has revoked the oldest, that of \
                     connection {}; connect it again, with another user",
                    document.name
                )
            });
        }
        let value = Some(serde_json::to_value(known).unwrap_or_default());
        Ok((Some(Change::PutValue { name, value }), victim))
    }
}

fn app_of(stored: &Stored) -> AppOf {
    (stored.body.login_url.clone(), stored.body.client_id.clone(), stored.body.connected_app, stored.body.grant)
}

/// Salesforce's error words are letters and underscores; nothing else is shown.
fn word(error: &str) -> String {
    error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect()
}

fn failed(error: store::StoreError) -> CallbackError {
    CallbackError::Failed { message: error.to_string(), hint: None }
}

fn unfinished(error: &AppError) -> CallbackError {
    CallbackError::Failed { message: error.to_string(), hint: error.hint() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(binding: Option<&str>) -> Pending {
        Pending {
            connection: "c1".into(),
            app: (String::new(), None, AppKind::Custom, GrantKind::RefreshToken),
            verifier: SecretString::from("v"),
            binding: binding.map(str::to_owned),
            at: None,
            begun: 1_000,
            actor: Actor::command_line(),
        }
    }

    #[test]
    fn a_state_is_good_once_for_its_session_and_for_ten_minutes() {
        let approvals = Approvals::default();
        for state in ["plain", "late", "early"] {
            approvals.begin(state.into(), pending(None));
        }
        approvals.begin("bound".into(), pending(Some("session")));
        let cases = [
            ("none", None, 1_001, Err(CallbackError::Foreign)),
            ("", None, 1_001, Err(CallbackError::Foreign)),
            ("plain", None, 1_600, Ok(())),
            ("plain", None, 1_600, Err(CallbackError::Replayed)),
            ("late", None, 1_601, Err(CallbackError::Foreign)),
            ("late", None, 1_001, Err(CallbackError::Replayed)),
            ("early", None, 399, Err(CallbackError::Foreign)),
            ("bound", None, 1_001, Err(CallbackError::OtherSession)),
            ("bound", Some("other"), 1_001, Err(CallbackError::OtherSession)),
            ("bound", Some("session"), 1_001, Ok(())),
            ("bound", Some("session"), 1_001, Err(CallbackError::Replayed)),
        ];
        for (state, binding, now, want) in cases {
            assert_eq!(approvals.take(state, binding, now).map(|_| ()), want, "{state} {binding:?} {now}");
        }
    }

    #[test]
    fn approvals_under_way_are_bounded() {
        let approvals = Approvals::default();
        for number in 0..UNDER_WAY + 10 {
            approvals.begin(number.to_string(), pending(None));
        }
        assert!(approvals.take("9", None, 1_000).is_err());
        assert!(approvals.take("10", None, 1_000).is_ok());
        assert_eq!(approvals.book().open.len(), UNDER_WAY - 1);
    }

    #[test]
    fn only_words_are_repeated() {
        assert_eq!(word("access_denied"), "access_denied");
        assert_eq!(word("<script>alert(1)</script>"), "scriptalert1script");
    }
}
