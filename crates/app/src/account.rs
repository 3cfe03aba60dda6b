//! What a connection knows about its Pardot account: tested with three calls, read in full on demand, kept.
//!
//! Every call made here only reads.

use std::sync::Arc;

use api::{AccountView, Check, Diagnosis, FieldView, ListView, Scope};
use export::CustomField;
use model::{Learned, Plan, Settings, grouped};
use pardot::account::{Account, CustomFields, Lists, ReadAccount};
use pardot::prospect::Newest;
use pardot::{ApiVersion, CallError, Claim, Client, Usage};
use store::{Change, Document};

use crate::grants::Stored;
use crate::names;
use crate::{Actor, App, AppError};

/// How the remark begins that says so.
const FIELDS_UNREAD: &str = "the custom fields could not be read";

impl App {
    /// Tests a connection: at most three calls where nothing has to be repeated, all only read.
    ///
    /// # Errors
    /// There is no such connection; see [`AppError`]. What is wrong with the connection is in the answer.
    pub async fn test_connection(&self, actor: &Actor, name: &str) -> Result<Diagnosis, AppError> {
        actor.require(Scope::Run)?;
        let stored = self.understood(self.connection_document(name).await?)?;
        let mut checks = vec![
            passed("host", format!("{} is allowed", stored.pardot_domain.as_str())),
            passed("login", format!("{} is allowed", stored.login_url.as_str())),
        ];
        let client = match self.reader(&stored).await {
            Ok(client) => client,
            Err(error) => {
                let next = error.hint();
                checks.push(Check { check: "grant".into(), ok: false, found: error.to_string(), next });
                return Ok(Diagnosis { ok: false, checks });
            }
        };
        let version = match version(&client).await {
            Ok(version) => version,
            Err(error) => {
                let check = if matches!(error, CallError::Refused(_)) { "business unit" } else { "grant" };
                checks.push(broken(check, &error));
                self.mark_broken(&stored, &error).await?;
                return Ok(Diagnosis { ok: false, checks });
            }
        };
        checks.push(passed("grant", "Salesforce gave an access token and Pardot accepts it (pardot_api)".into()));
        checks.push(passed("business unit", stored.business_unit.to_string()));
        checks.push(passed("version", words_of(version).into()));
        let mut view = self.known_account(&stored).await?.unwrap_or_else(empty);
        view.api_version = Some(version.number());
        view.ampsea = Some(version == ApiVersion::V4);
        match client.send(&ReadAccount).await {
            Ok(account) => {
                let zone = account.time_zone.clone().unwrap_or_else(|| "not said".into());
                checks.push(passed("time zone", format!("{zone}; daily calls start anew at its midnight")));
                (view.company, view.time_zone) = (account.company, account.time_zone);
            }
            Err(error) => checks.push(broken("time zone", &error)),
        }
        match client.send(&CustomFields { offset: 0 }).await {
            Ok(_) => checks.push(passed("custom fields", "may be read".into())),
            Err(error) => checks.push(broken("custom fields", &error)),
        }
        match client.counts().usage {
            Some(usage) => {
                checks.push(passed("daily calls", left_today(usage)));
                (view.calls_used, view.calls_limit) = (Some(usage.used), Some(usage.limit));
            }
            None => checks.push(passed("daily calls", "Pardot did not say how many are left".into())),
        }
        let ok = checks.iter().all(|check| check.ok);
        self.set_broken(&stored, None).await?;
        self.keep_account(&stored, view).await?;
        self.learn_version(&stored, version).await?;
        Ok(Diagnosis { ok, checks })
    }

    /// What is known about the account; `refresh` asks Pardot again.
    ///
    /// # Errors
    /// There is no such connection, or Pardot cannot be asked; see [`AppError`].
    pub async fn account(&self, actor: &Actor, name: &str, refresh: bool) -> Result<AccountView, AppError> {
        actor.require(if refresh { Scope::Run } else { Scope::Read })?;
        let stored = self.understood(self.connection_document(name).await?)?;
        if !refresh && let Some(known) = self.known_account(&stored).await?.filter(|known| !known.read.is_empty()) {
            return Ok(known);
        }
        actor.require(Scope::Run)?;
        let client = self.reader(&stored).await?;
        let mut view = empty();
        view.read = names::time(self.now());
        let version = match version(&client).await {
            Ok(version) => version,
            Err(error) => {
                self.mark_broken(&stored, &error).await?;
                return Err(AppError::Upstream { message: error.to_string(), hint: Some(error.hint().to_owned()) });
            }
        };
        (view.api_version, view.ampsea) = (Some(version.number()), Some(version == ApiVersion::V4));
        match client.send(&ReadAccount).await {
            Ok(account) => (view.company, view.time_zone) = (account.company, account.time_zone),
            Err(error) => view.remarks.push(format!("the account could not be read: {error}")),
        }
        read_fields(&client, &mut view).await;
        read_lists(&client, &mut view).await;
        let usage = match client.counts().usage {
            Some(usage) => Some(usage),
            None => client.send(&Account).await.ok(),
        };
        (view.calls_used, view.calls_limit) = (usage.map(|usage| usage.used), usage.map(|usage| usage.limit));
        self.keep_account(&stored, view.clone()).await?;
        self.learn_version(&stored, version).await?;
        Ok(view)
    }

    /// What is known about the account without asking Pardot; nothing where nobody tested or read it.
    ///
    /// # Errors
    /// There is no such connection; see [`AppError`].
    pub async fn account_so_far(&self, actor: &Actor, name: &str) -> Result<Option<AccountView>, AppError> {
        actor.require(Scope::Read)?;
        let document = self.connection_document(name).await?;
        // One whose host is not allowed any more has no account to speak of.
        match self.understood(document) {
            Ok(stored) => {
                let mut known = self.known_account(&stored).await?;
                // Jobs hear of the day's calls after the account was read.
                if let (Some(known), Some(usage)) = (&mut known, self.allowance_of(&stored).await?.usage()) {
                    (known.calls_used, known.calls_limit) = (Some(usage.used), Some(usage.limit));
                }
                Ok(known)
            }
            Err(_) => Ok(None),
        }
    }

    /// The custom fields of the connection's account, when they were read before.
    pub(crate) async fn custom_fields_known(
        &self,
        connection: &Document,
    ) -> Result<Option<Vec<CustomField>>, AppError> {
        // Hosts that are not allowed any more are the job's and the connection's to complain about.
        let Ok(stored) = self.understood(connection.clone()) else { return Ok(None) };
        let account = self.known_account(&stored).await?.filter(has_fields);
        let fields = |account: AccountView| {
            account.fields.into_iter().map(|field| CustomField { api_name: field.name }).collect()
        };
        Ok(account.map(fields))
    }

    /// What was read of the account before.
    pub(crate) async fn known_account(&self, stored: &Stored) -> Result<Option<AccountView>, AppError> {
        self.account_of(&stored.key()).await
    }

    /// What was read of the account of a business unit.
    pub(crate) async fn account_of(&self, unit: &str) -> Result<Option<AccountView>, AppError> {
        let known = self.0.store.value(&value_name(unit)).await?;
        Ok(known.and_then(|known| serde_json::from_value(known).ok()))
    }

    async fn keep_account(&self, stored: &Stored, view: AccountView) -> Result<(), AppError> {
        let value = serde_json::to_value(view).unwrap_or_default();
        let change = Change::PutValue { name: value_name(&stored.key()), value: Some(value) };
        Ok(self.0.store.apply(vec![change]).await?)
    }

    /// Jobs then begin with the right version; the sizes that they learned stay.
    async fn learn_version(&self, stored: &Stored, version: ApiVersion) -> Result<(), AppError> {
        let known = self.0.store.learned(&stored.key()).await?;
        let learned = Learned { api_version: Some(version.number()), ..known };
        if learned != known {
            self.0.store.save_learned(&stored.key(), learned, self.now()).await?;
        }
        Ok(())
    }

    /// A client with patience for one look: few retries, short waits.
    async fn reader(&self, stored: &Stored) -> Result<Arc<Client>, AppError> {
        let mut settings = Settings::default();
        let short = [("maximum_retries", "2"), ("maximum_retry_wait", "5"), ("maximum_connection_timeout", "60")];
        for (name, value) in short {
            settings.set(name, value)?;
        }
        if let Some(tokens) = self.0.units.known_tokens(stored.vault()) {
            // Whoever looks wants to know how it is now, not how it was.
            tokens.revive();
        }
        self.client_of(stored, &Plan::parse(&settings)?, Claim::Beyond).await
    }

    /// Remembers that Salesforce refused the grant, so that the list of connections says so.
    pub(crate) async fn mark_broken(&self, stored: &Stored, error: &CallError) -> Result<(), AppError> {
        match error {
            CallError::Reconnect(grant) if !grant.is_transient() => {
                self.set_broken(stored, Some(&grant.to_string())).await
            }
            _ => Ok(()),
        }
    }

    /// Notes why the connection is refused, or that it is not any more. One that was changed since it was read may be
    /// mended already, and is left alone.
    pub(crate) async fn set_broken(&self, stored: &Stored, why: Option<&str>) -> Result<(), AppError> {
        let mut body = stored.body.clone();
        if body.broken.as_deref() == why {
            return Ok(());
        }
        body.broken = why.map(str::to_owned);
        let body = serde_json::to_value(&body).unwrap_or_default();
        let change = Change::ReplaceDocument {
            id: stored.id().to_owned(),
            revision: Some(stored.document.revision),
            name: stored.name().to_owned(),
            body,
            now: self.now(),
        };
        match self.0.store.apply(vec![change]).await {
            // Somebody changed it at this moment: the remark may be out of date already.
            Ok(()) | Err(store::StoreError::Conflict { .. } | store::StoreError::Missing { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether the fields of an account are known, be it that there are none.
fn has_fields(account: &AccountView) -> bool {
    let unread = || account.remarks.iter().any(|remark| remark.starts_with(FIELDS_UNREAD));
    !account.fields.is_empty() || (!account.read.is_empty() && !unread())
}

fn value_name(unit: &str) -> String {
    format!("account:{unit}")
}

fn empty() -> AccountView {
    AccountView {
        read: String::new(),
        api_version: None,
        ampsea: None,
        company: None,
        time_zone: None,
        calls_used: None,
        calls_limit: None,
        fields: Vec::new(),
        lists: Vec::new(),
        remarks: Vec::new(),
    }
}

/// One call of version 4: an account with unique emails refuses it with code 89.
async fn version(client: &Client) -> Result<ApiVersion, CallError> {
    match client.send(&Newest { version: ApiVersion::V4 }).await {
        Ok(_) => Ok(ApiVersion::V4),
        Err(CallError::Refused(refusal)) if refusal.code == Some(89) => Ok(ApiVersion::V3),
        Err(error) => Err(error),
    }
}

fn words_of(version: ApiVersion) -> &'static str {
    match version {
        ApiVersion::V4 => "version 4: several prospects may share an email (AMPSEA)",
        ApiVersion::V3 => "version 3: emails are unique (no AMPSEA)",
    }
}

async fn read_fields(client: &Client, view: &mut AccountView) {
    let mut next = Some(0);
    while let Some(offset) = next {
        match client.send(&CustomFields { offset }).await {
            Ok(page) => {
                let shown = page.fields.into_iter().map(|field| FieldView {
                    name: field.field_id,
                    label: field.name,
                    r#type: field.r#type,
                });
                view.fields.extend(shown);
                next = page.next;
            }
            Err(error) => {
                view.remarks.push(format!("{FIELDS_UNREAD}: {error}"));
                next = None;
            }
        }
    }
}

async fn read_lists(client: &Client, view: &mut AccountView) {
    let mut next = Some(0);
    while let Some(after) = next {
        match client.send(&Lists { after }).await {
            Ok(page) => {
                let shown = page.lists.into_iter();
                view.lists.extend(shown.map(|list| ListView {
                    id: list.id.0,
                    name: list.name,
                    dynamic: list.is_dynamic,
                }));
                next = page.next;
            }
            Err(error) => {
                view.remarks.push(format!("the lists could not be read: {error}"));
                next = None;
            }
        }
    }
}

fn left_today(usage: Usage) -> String {
    format!("{} of {} left today", grouped(usage.limit.saturating_sub(usage.used)), grouped(usage.limit))
}

fn passed(check: &str, found: String) -> Check {
    Check { check: check.into(), ok: true, found, next: None }
}

fn broken(check: &str, error: &CallError) -> Check {
    Check { check: check.into(), ok: false, found: error.to_string(), next: Some(error.hint().to_owned()) }
}
