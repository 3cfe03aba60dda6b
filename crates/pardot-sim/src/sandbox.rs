//! The handle on a running sandbox: everything a test or a demo may see and do.
//!
//! Knows no HTTP: each method reaches into the store behind the listener.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::Config;
use crate::fault::Fault;
use crate::gate::Gate;
use crate::journal::{Counters, Journal, JournalEntry};
use crate::oauth::LoginState;
use crate::seed::SeedError;
use crate::server::{Core, Unit};
use crate::strike::Faults;
use crate::tenant::Tenant;
use crate::{import_row, lock, seed, server, state};

/// A running sandbox; it stops when it is dropped.
pub struct Sandbox {
    pub(crate) core: Arc<Core>,
    address: SocketAddr,
    server: JoinHandle<()>,
}

/// What a client needs to connect to one business unit of a sandbox. Its `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Address of the Pardot host.
    pub pardot_domain: String,
    /// 18 characters, starting `0Uv`.
    pub business_unit: String,
    /// Consumer key of the connected app.
    pub client_id: String,
    /// Consumer secret.
    pub client_secret: String,
    /// Address of the login.
    pub login_url: String,
    /// The newest refresh token of this business unit's user, alive or not.
    pub refresh_token: String,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("pardot_domain", &self.pardot_domain)
            .field("business_unit", &self.business_unit)
            .field("login_url", &self.login_url)
            .finish_non_exhaustive()
    }
}

/// A prospect's place in a list, as the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MembershipView {
    /// It was removed; its id waits for a revival.
    pub deleted: bool,
    /// The prospect opted out of the list.
    pub opted_out: bool,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Sandbox {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be bound, no business unit is configured, or a time zone is unknown.
    pub async fn start(config: Config) -> io::Result<Sandbox> {
        Sandbox::start_on(TcpListener::bind(("127.0.0.1", 0)).await?, config).await
    }

    /// Starts on a listener that is already bound.
    ///
    /// # Errors
    /// As for [`Sandbox::start`].
    pub async fn start_on(listener: TcpListener, config: Config) -> io::Result<Sandbox> {
        let address = listener.local_addr()?;
        let clock = Clock::default();
        let now = clock.now_ms();
        let mut login = LoginState::new();
        let mut units = BTreeMap::new();
        let mut users = Vec::new();
        for (at, settings) in config.business_units.iter().enumerate() {
            // One user per business unit, so that grants do not push each other out.
            let user = match (settings.users.first(), at) {
                (Some(user), _) => user.clone(),
                (None, 0) => config.oauth.username.clone(),
                (None, at) => format!("api{at}@example.com"),
            };
            login.approve(&user, &config.oauth.scopes, &config.oauth, now);
            users.push(user.clone());
            users.extend(settings.users.iter().cloned());
            let tenant = new_tenant(settings, now)?;
            let gate = Gate::new(config.call_slots, settings.daily_limit, settings.used, tenant.zone.clone());
            let unit = Unit { settings: settings.clone(), gate: Arc::new(gate), tenant: Mutex::new(tenant), user };
            units.insert(settings.id.clone(), unit);
        }
        if units.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a sandbox needs a business unit"));
        }
        let core = Arc::new(Core {
            clock,
            login: Mutex::new(login),
            units,
            users,
            faults: Mutex::new(Faults::default()),
            journal: Mutex::new(Journal::new(config.journal_size)),
            hooks: Mutex::new(BTreeMap::new()),
            base: format!("http://{address}"),
            config,
        });
        let server = tokio::spawn(server::listen(listener, Arc::clone(&core)));
        Ok(Sandbox { core, address, server })
    }

    /// Address of login and Pardot host alike, without a slash at the end.
    pub fn url(&self) -> String {
        self.core.base.clone()
    }

    /// What a client needs for the first business unit.
    ///
    /// # Panics
    /// Never: a sandbox without business unit does not start.
    pub fn connection(&self) -> Connection {
        let first = self.core.config.business_units.first();
        self.connection_of(&first.expect("a sandbox has a business unit").id)
    }

    /// What a client needs for this business unit.
    ///
    /// # Panics
    /// When the sandbox has no such business unit; so does every method that names one.
    pub fn connection_of(&self, business_unit: &str) -> Connection {
        self.core.connection(self.core.unit(business_unit))
    }

    /// Approves the app once more for this business unit's user, as a person in the browser would; the new refresh token.
    pub fn reconnect(&self, business_unit: &str) -> Connection {
        let unit = self.core.unit(business_unit);
        let settings = &self.core.config.oauth;
        lock(&self.core.login).approve(&unit.user, &settings.scopes, settings, self.core.clock.now_ms());
        self.core.connection(unit)
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        lock(&self.core.faults).add(fault);
    }

    /// Removes all faults; the counts stay.
    pub fn clear_faults(&self) {
        lock(&self.core.faults).clear();
    }

    /// How often each kind of fault struck.
    pub fn faults_fired(&self) -> BTreeMap<String, u64> {
        lock(&self.core.faults).fired()
    }

    /// Runs once when the request of this sequence number arrives, before anything else happens to it.
    pub fn at_request(&self, sequence: u64, hook: impl FnOnce() + Send + 'static) {
        lock(&self.core.hooks).insert(sequence, Box::new(hook));
    }

    /// Figures of a business unit.
    pub fn counters(&self, business_unit: &str) -> Counters {
        self.core.counters(self.core.unit(business_unit))
    }

    /// The last requests, oldest first.
    pub fn journal(&self) -> Vec<JournalEntry> {
        lock(&self.core.journal).entries()
    }

    /// Content of a business unit: canonical, sorted, without prospect ids and times.
    pub fn state(&self, business_unit: &str) -> Value {
        state::state(&self.core.tenant(business_unit))
    }

    /// SHA-256 of [`Sandbox::state`], hexadecimal.
    pub fn hash(&self, business_unit: &str) -> String {
        state::hash(&self.core.tenant(business_unit))
    }

    /// All prospects by id, archived ones included: set fields, `id`, and `lists` with ids.
    pub fn prospects(&self, business_unit: &str) -> Vec<Value> {
        let tenant = self.core.tenant(business_unit);
        tenant.prospects.values().map(|prospect| state::prospect(prospect, &tenant)).collect()
    }

    /// Stores a prospect; a field nobody knows becomes a custom field of type text. Its id.
    ///
    /// # Panics
    /// When the fields break a rule, such as a malformed or (without AMPSEA) taken e-mail address.
    pub fn add_prospect(&self, business_unit: &str, fields: Value) -> u64 {
        let now = self.core.clock.now_ms();
        let stored = seed::prospect(&mut self.core.tenant(business_unit), &fields, now);
        stored.unwrap_or_else(|code| panic!("seeded prospect refused with code {code}"))
    }

    /// Adds a list; its id.
    pub fn add_list(&self, business_unit: &str, name: &str, dynamic: bool) -> u64 {
        let now = self.core.clock.now_ms();
        self.core.tenant(business_unit).add_list(None, name, dynamic, now)
    }

    /// Adds a list under an id of your choice.
    pub fn add_list_with_id(&self, business_unit: &str, id: u64, name: &str, dynamic: bool) -> u64 {
        let now = self.core.clock.now_ms();
        self.core.tenant(business_unit).add_list(Some(id), name, dynamic, now)
    }

    /// Adds a custom field; `kind` is one of `Text`, `Number`, `Date`, `Textarea`, `Dropdown`, `Checkbox`, `Multi-Select`.
    pub fn add_custom_field(&self, business_unit: &str, field_id: &str, kind: &str) {
        let now = self.core.clock.now_ms();
        self.core.tenant(business_unit).add_field(field_id, &field_id.replace('_', " "), kind, now);
    }

    /// Stores every row of a CSV file as a prospect; how many.
    ///
    /// # Errors
    /// When the file is no CSV or a row is refused; rows before it stay.
    pub fn seed_csv(&self, business_unit: &str, reader: impl io::Read) -> Result<usize, SeedError> {
        let unit = self.core.units.get(business_unit).ok_or(SeedError::UnknownUnit)?;
        seed::csv(&mut lock(&unit.tenant), reader, self.core.clock.now_ms())
    }

    /// The membership of a prospect in a list, live or deleted.
    pub fn membership(&self, business_unit: &str, list: u64, prospect: u64) -> Option<MembershipView> {
        let tenant = self.core.tenant(business_unit);
        let found = tenant.membership(list, prospect)?;
        Some(MembershipView { deleted: found.deleted, opted_out: found.opted_out })
    }

    /// Lets a prospect opt out of a list, becoming a member first where it is none.
    pub fn opt_out(&self, business_unit: &str, list: u64, prospect: u64) {
        let now = self.core.clock.now_ms();
        self.core.opt_out(business_unit, list, prospect, now);
    }

    /// Moves the virtual clock forward.
    pub fn advance(&self, by: Duration) {
        self.core.clock.advance(by);
    }

    /// The virtual clock, milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        self.core.clock.now_ms()
    }

    /// Revokes every grant: refresh tokens and what was issued on them.
    pub fn revoke_refresh_tokens(&self) {
        lock(&self.core.login).revoke_all();
    }

    /// Lets every access token expire.
    pub fn expire_access_tokens(&self) {
        lock(&self.core.login).expire_access();
    }

    /// Forgets records, faults, journal and figures; grants and tokens stay.
    pub fn reset(&self) {
        self.core.reset();
    }
}

fn new_tenant(settings: &crate::config::BusinessUnit, now: i64) -> io::Result<Tenant> {
    let zone =
        TimeZone::get(&settings.time_zone).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    Ok(Tenant::new(settings.ampsea, settings.crm_connector, zone, &settings.campaign, now))
}

impl Core {
    /// A business unit that must exist.
    pub(crate) fn unit(&self, id: &str) -> &Unit {
        self.units.get(id).unwrap_or_else(|| panic!("the sandbox has no business unit {id}"))
    }

    /// Its records, imports worked off that are due.
    pub(crate) fn tenant(&self, id: &str) -> MutexGuard<'_, Tenant> {
        let mut tenant = lock(&self.unit(id).tenant);
        import_row::settle(&mut tenant, &self.config, self.clock.now_ms());
        tenant
    }

    pub(crate) fn connection(&self, unit: &Unit) -> Connection {
        Connection {
            pardot_domain: self.base.clone(),
            business_unit: unit.settings.id.clone(),
            client_id: self.config.oauth.client_id.clone(),
            client_secret: self.config.oauth.client_secret.clone(),
            login_url: self.base.clone(),
            refresh_token: lock(&self.login).latest(&unit.user).unwrap_or_default(),
        }
    }

    pub(crate) fn opt_out(&self, unit: &str, list: u64, prospect: u64, now: i64) {
        let mut tenant = self.tenant(unit);
        let (id, _) = tenant.join(list, prospect, now);
        if let Some(membership) = tenant.memberships.get_mut(&id) {
            membership.opted_out = true;
            membership.updated = now;
        }
    }

    pub(crate) fn counters(&self, unit: &Unit) -> Counters {
        let gate = unit.gate.counters(self.clock.now_ms());
        let changes = lock(&unit.tenant).changes.clone();
        let login = lock(&self.login);
        Counters {
            calls: gate.calls,
            by_operation: changes.by_operation,
            used_today: gate.used,
            in_flight: gate.in_flight,
            in_flight_max: gate.in_flight_max,
            in_flight_average: gate.average(),
            concurrency_refusals: gate.slots_refused,
            quota_refusals: gate.day_refused,
            prospects_created: changes.created,
            prospects_updated: changes.updated,
            rows_applied: changes.rows_applied,
            rows_refused: changes.rows_refused,
            token_refreshes: login.refreshes,
            tokens_issued: login.issued(),
            token_replays: login.replays,
        }
    }

    pub(crate) fn reset(&self) {
        let now = self.clock.now_ms();
        for unit in self.units.values() {
            // The zone was accepted at the start.
            if let Ok(tenant) = new_tenant(&unit.settings, now) {
                *lock(&unit.tenant) = tenant;
            }
            unit.gate.reset(unit.settings.used);
        }
        lock(&self.faults).reset();
        lock(&self.journal).clear();
    }
}
