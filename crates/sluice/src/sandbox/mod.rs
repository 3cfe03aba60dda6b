//! The sandbox that `sluice serve --sandbox` runs in its own process, as the console asks for it.
//!
//! Knows the local Pardot and plain documents; nothing of pages.

mod faults;

use std::net::SocketAddr;
use std::sync::OnceLock;

use api::{ConnectionSpec, Secret};
use jiff::Timestamp;
use pardot_sim::{Config, JournalEntry, Sandbox, Search};
use serde_json::Value;
use server::sandbox::{
    SandboxAct, SandboxCall, SandboxFault, SandboxFigures, SandboxFound, SandboxList, SandboxProspect, SandboxSample,
    SandboxSearch,
};
use tokio::net::TcpListener;

use crate::demo::contacts;
use faults::KNOWN;

/// Sample contacts.
const SAMPLE: u64 = 500;
/// A day and what a clock may be off, in seconds.
const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);
/// The lists that are there from the start: id, name, whether it is dynamic.
const LISTS: [(u64, &str, bool); 4] = [
    (101, "Newsletter", false),
    (103, "Webinar guests", false),
    (105, "Customers", false),
    (107, "Active this month", true),
];

/// The local Pardot of a server.
#[derive(Debug)]
pub(crate) struct LocalPardot {
    sandbox: Sandbox,
    unit: String,
    /// Client ID and Client Secret of its connected app.
    app: (String, String),
    calls_limit: u64,
    started: String,
    sample: OnceLock<SandboxSample>,
}

impl LocalPardot {
    /// Starts it at this address of this machine, with a few lists.
    ///
    /// # Errors
    /// The address is not to be had, in words.
    pub(crate) async fn start(listen: SocketAddr) -> Result<LocalPardot, String> {
        let failed = |error: std::io::Error| format!("the sandbox cannot listen at {listen}: {error}");
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let config = Config::default();
        let calls_limit = config.business_units.first().map_or(0, |unit| unit.daily_limit);
        let sandbox = Sandbox::start_on(listener, config).await.map_err(failed)?;
        let made = sandbox.connection();
        let (unit, app) = (made.business_unit, (made.client_id, made.client_secret));
        let started = time(sandbox.now_ms());
        let local = LocalPardot { sandbox, unit, app, calls_limit, started, sample: OnceLock::new() };
        local.seed();
        Ok(local)
    }

    /// Where it is: `http://127.0.0.1:8089`.
    pub(crate) fn address(&self) -> String {
        self.sandbox.url()
    }

    fn seed(&self) {
        for (id, name, dynamic) in LISTS {
            self.sandbox.add_list_with_id(&self.unit, id, name, dynamic);
        }
    }
}

/// A time as the API writes it.
fn time(ms: i64) -> String {
    Timestamp::from_second(ms.div_euclid(1_000)).map(|time| time.to_string()).unwrap_or_default()
}

impl server::Sandbox for LocalPardot {
    fn figures(&self) -> SandboxFigures {
        let counters = self.sandbox.counters(&self.unit);
        SandboxFigures {
            address: self.address(),
            business_unit: self.unit.clone(),
            client_id: self.app.0.clone(),
            client_secret: self.app.1.clone(),
            started: self.started.clone(),
            prospects: self.sandbox.prospect_count(&self.unit) as u64,
            lists: self.sandbox.lists(&self.unit).len() as u64,
            calls_used: counters.used_today,
            calls_limit: self.calls_limit,
            created: counters.prospects_created,
            updated: counters.prospects_updated,
            refused: counters.rows_refused,
        }
    }

    fn connection(&self) -> ConnectionSpec {
        let made = self.sandbox.reconnect(&self.unit);
        ConnectionSpec {
            pardot_domain: Some(made.pardot_domain),
            login_url: Some(made.login_url),
            business_unit: Some(made.business_unit),
            connected_app: Some(api::AppKind::Custom),
            grant: Some(api::GrantKind::RefreshToken),
            client_id: Some(made.client_id),
            client_secret: Some(Secret::new(made.client_secret)),
            refresh_token: Some(Secret::new(made.refresh_token)),
            ..ConnectionSpec::default()
        }
    }

    fn sample(&self) -> SandboxSample {
        let make = || {
            let csv = contacts::csv(SAMPLE);
            let digest = ring::digest::digest(&ring::digest::SHA256, &csv);
            let sha256 = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            SandboxSample { rows: SAMPLE, sha256, csv }
        };
        self.sample.get_or_init(make).clone()
    }

    fn prospects(&self, search: &SandboxSearch) -> SandboxFound<SandboxProspect> {
        let SandboxSearch { text, list, skip, most } = search.clone();
        let (total, found) = self.sandbox.find_prospects(&self.unit, &Search { text, list, skip, most });
        SandboxFound { total, items: found.iter().map(prospect).collect() }
    }

    fn prospect(&self, id: u64) -> Option<SandboxProspect> {
        self.sandbox.prospect(&self.unit, id).as_ref().map(prospect)
    }

    fn lists(&self) -> Vec<SandboxList> {
        let lists = self.sandbox.lists(&self.unit).into_iter();
        lists
            .map(|list| SandboxList { id: list.id, name: list.name, dynamic: list.dynamic, members: list.members })
            .collect()
    }

    fn calls(&self, before: Option<u64>, most: usize) -> Vec<SandboxCall> {
        self.sandbox.journal_before(before, most).into_iter().map(call).collect()
    }

    fn faults(&self) -> Vec<SandboxFault> {
        let on = self.sandbox.fault_names();
        let fault = |known: &faults::Known| SandboxFault {
            key: known.key,
            title: known.title,
            help: known.help,
            on: on.iter().any(|name| name == known.key),
        };
        KNOWN.iter().map(fault).collect()
    }

    fn switch(&self, key: &str, on: bool) -> bool {
        let Some(known) = KNOWN.iter().find(|known| known.key == key) else { return false };
        self.sandbox.set_faults(key, if on { vec![(known.fault)()] } else { Vec::new() });
        true
    }

    fn act(&self, act: SandboxAct) {
        match act {
            SandboxAct::Reset => {
                self.sandbox.reset();
                self.seed();
            }
            SandboxAct::NewDay => self.sandbox.advance(DAY),
            SandboxAct::Revoke => self.sandbox.revoke_refresh_tokens(),
            SandboxAct::AllWell => self.sandbox.clear_faults(),
        }
    }
}

fn prospect(shown: &Value) -> SandboxProspect {
    let mut prospect = SandboxProspect { id: shown["id"].as_u64().unwrap_or_default(), ..SandboxProspect::default() };
    for (name, value) in shown.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("id", _) => {}
            ("email", Value::String(email)) => prospect.email.clone_from(email),
            ("lists", Value::Array(lists)) => prospect.lists = lists.iter().filter_map(Value::as_u64).collect(),
            (_, Value::String(text)) => prospect.fields.push((name.clone(), text.clone())),
            (_, value) => prospect.fields.push((name.clone(), value.to_string())),
        }
    }
    prospect
}

fn call(entry: JournalEntry) -> SandboxCall {
    SandboxCall {
        number: entry.sequence,
        at: time(entry.at_ms),
        method: entry.method,
        path: entry.path,
        bytes: (entry.target_bytes + entry.body_bytes) as u64,
        status: entry.status,
        code: entry.code,
        fault: entry.fault,
    }
}
