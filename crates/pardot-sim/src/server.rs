//! The path of a request: journal, faults, admission, work, answer.
//!
//! Knows the order of checks: not what any object does.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::admission::Credentials;
use crate::answer::{Answer, Format};
use crate::clock::Clock;
use crate::config::{BusinessUnit, Config, UriOverflow};
use crate::fault::{FaultKind, When};
use crate::gate::{Full, Gate, Slot};
use crate::journal::{Journal, JournalEntry};
use crate::legacy::{self, Scene};
use crate::oauth::{self, Asked, Desk, LoginState};
use crate::refusal::Refusal;
use crate::request::Call;
use crate::strike::{Faults, Stage, Subject, payload_hash};
use crate::tenant::Tenant;
use crate::wire::{Delivery, Received, Wire};
use crate::{control, falsehood, import_row, lock, v5};

/// One business unit while it runs.
pub(crate) struct Unit {
    pub(crate) settings: BusinessUnit,
    pub(crate) gate: Arc<Gate>,
    pub(crate) tenant: Mutex<Tenant>,
    /// The user whose grant the sandbox hands out for this business unit.
    pub(crate) user: String,
}

type Hook = Box<dyn FnOnce() + Send>;

/// Everything behind the listener.
pub(crate) struct Core {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) login: Mutex<LoginState>,
    pub(crate) units: BTreeMap<String, Unit>,
    pub(crate) users: Vec<String>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) journal: Mutex<Journal>,
    pub(crate) hooks: Mutex<BTreeMap<u64, Hook>>,
    pub(crate) base: String,
}

/// A call that was let in.
struct Pass<'a> {
    unit: &'a Unit,
    slot: Slot,
}

/// Serves until it is dropped.
pub(crate) async fn listen(listener: TcpListener, core: Arc<Core>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(connection(stream, Arc::clone(&core)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// One client after another request; a client that leaves does not stop the work it asked for.
async fn connection(stream: TcpStream, core: Arc<Core>) {
    let _ = stream.set_nodelay(true);
    let mut wire = Wire::new(stream);
    loop {
        let received = match wire.request(core.config.body_limit).await {
            Ok(Some(received)) => received,
            Ok(None) => return,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let answer = Answer::html(400, "<html><body><h1>Bad request</h1></body></html>");
                let _ = wire.send(&answer, &Delivery::Whole, false).await;
                return;
            }
            Err(_) => return,
        };
        let keep_alive = received.keep_alive;
        let head = received.method == "HEAD";
        let (mut answer, delivery) = exchange(&core, received).await;
        if head {
            answer.body.clear();
        }
        match wire.send(&answer, &delivery, keep_alive).await {
            Ok(true) => {}
            Ok(false) | Err(_) => return,
        }
    }
}

async fn exchange(core: &Core, received: Received) -> (Answer, Delivery) {
    let path = received.target.split('?').next().unwrap_or_default().to_owned();
    if path.starts_with("/control/") {
        return (control::answer(core, &Call::read(received)), Delivery::Whole);
    }
    let hash = payload_hash(&received.target, &received.body);
    let sequence = lock(&core.journal).start(JournalEntry {
        sequence: 0,
        at_ms: core.clock.now_ms(),
        method: received.method.clone(),
        path: path.clone(),
        target_bytes: received.target.len(),
        body_bytes: received.body.len(),
        payload_hash: format!("{hash:016x}"),
        token_generation: None,
        status: None,
        code: None,
        fault: None,
        business_unit: None,
        in_flight: 0,
    });
    let hook = lock(&core.hooks).remove(&sequence);
    if let Some(hook) = hook {
        hook();
    }
    let (answer, delivery) = Visit { core, sequence, hash }.answer(path, received).await;
    let sent = !matches!(delivery, Delivery::Reset | Delivery::Close);
    lock(&core.journal).amend(sequence, |entry| {
        entry.status = sent.then_some(answer.status);
        entry.code = answer.code;
    });
    (answer, delivery)
}

/// One request on its way.
struct Visit<'a> {
    core: &'a Core,
    sequence: u64,
    hash: u64,
}

impl Visit<'_> {
    async fn answer(&self, path: String, mut received: Received) -> (Answer, Delivery) {
        let target = received.target.clone();
        let method = received.method.clone();
        let subject = Subject { method: &method, target: &target, hash: self.hash };
        if let Some(kind) = self.pick(Stage::WebTier, &subject) {
            return falsehood::answer(&kind, Answer::html(200, ""));
        }
        let limit = self.core.config.uri_limit;
        if received.target.len() > limit {
            match self.core.config.uri_overflow {
                UriOverflow::Refuse => return (falsehood::status_page(414), Delivery::Whole),
                UriOverflow::Truncate => {
                    let end = (0..=limit).rev().find(|at| received.target.is_char_boundary(*at)).unwrap_or(0);
                    received.target.truncate(end);
                }
            }
        }
        if path.starts_with("/api/") {
            return self.api(&subject, received).await;
        }
        let kind = self.pick(Stage::Call, &subject);
        hang(kind.as_ref(), When::Before).await;
        let answer = match &kind {
            Some(FaultKind::Code { when: When::Before, .. }) => Answer::html(200, ""),
            Some(_) | None => self.login(&path, received),
        };
        hang(kind.as_ref(), When::After).await;
        match kind {
            Some(kind) => falsehood::at_login(&kind, answer),
            None => (answer, Delivery::Whole),
        }
    }

    fn pick(&self, stage: Stage, subject: &Subject<'_>) -> Option<FaultKind> {
        let kind = lock(&self.core.faults).pick(stage, subject)?;
        lock(&self.core.journal).amend(self.sequence, |entry| entry.fault = Some(kind.name().to_owned()));
        Some(kind)
    }

    fn login(&self, path: &str, received: Received) -> Answer {
        let authorization = received.header("authorization").map(str::to_owned);
        let accept = received.header("accept").map(str::to_owned);
        let call = Call::read(received);
        let asked = Asked {
            method: &call.method,
            path,
            params: &call.params,
            authorization: authorization.as_deref(),
            accept: accept.as_deref(),
        };
        let core = self.core;
        let mut state = lock(&core.login);
        let (settings, now) = (&core.config.oauth, core.clock.now_ms());
        let mut desk = Desk { settings, state: &mut state, now, base: &core.base, users: &core.users };
        oauth::answer(&mut desk, &asked)
    }

    async fn api(&self, subject: &Subject<'_>, received: Received) -> (Answer, Delivery) {
        let core = self.core;
        let oversize = received.oversize;
        let wants_usage = received.header("x-return-api-usage").is_some_and(|value| value == "1" || value == "true");
        let credentials = Credentials::read(&received);
        let mut call = Call::read(received);
        let modern = call.segments.get(1).is_some_and(|segment| segment == "v5");
        let route = if modern { None } else { Some(legacy::route(&mut call)) };
        let format = legacy::format(route.as_ref().and_then(|route| route.as_ref().ok()), &call.params);
        let refuse = |refusal: &Refusal| refused(refusal, modern, format).with_pardot_headers();
        let route = match route.transpose() {
            Ok(route) => route,
            Err(refusal) => return (refuse(&refusal), Delivery::Whole),
        };
        let pass = match self.admit(&credentials, &call, modern) {
            Ok(pass) => pass,
            Err(refusal) => return (refuse(&refusal), Delivery::Whole),
        };
        let kind = self.pick(Stage::Call, subject);
        hang(kind.as_ref(), When::Before).await;
        if !core.config.answer_delay.is_zero() {
            tokio::time::sleep(core.config.answer_delay).await;
        }
        let answer = if let Some(FaultKind::Code { when: When::Before, .. }) = kind {
            Answer::html(200, "")
        } else if oversize {
            refused(&Refusal::of(204), modern, format)
        } else {
            self.work(&pass, route.as_ref(), &call, subject)
        };
        let mut answer = answer.with_pardot_headers();
        if wants_usage {
            answer = answer.with_header("x-api-usage", format!("{}/{}", pass.slot.used, pass.unit.gate.daily_limit()));
        }
        hang(kind.as_ref(), When::After).await;
        drop(pass);
        match kind {
            Some(FaultKind::Code { code, status, message, .. }) => {
                let refusal = Refusal::of(code);
                let status = status.unwrap_or(refusal.status);
                let text = message.map_or(refusal.message.clone(), Into::into);
                (refuse(&refusal.with_status(status).with_message(text)), Delivery::Whole)
            }
            Some(kind) => falsehood::answer(&kind, answer),
            None => (answer, Delivery::Whole),
        }
    }

    /// Token, business unit, slot, daily calls: in this order.
    fn admit(&self, credentials: &Credentials, call: &Call, modern: bool) -> Result<Pass<'_>, Refusal> {
        let core = self.core;
        let now = core.clock.now_ms();
        let knobs = &core.config.knobs;
        let inactive = || {
            let refusal = Refusal::of(184);
            let text = format!("{}{}", refusal.message, knobs.token_suffix);
            refusal.with_message(text)
        };
        let token = credentials.token(call, modern)?;
        let known = lock(&core.login).spend(token, now).ok_or_else(inactive)?;
        lock(&core.journal).amend(self.sequence, |entry| entry.token_generation = Some(known.generation));
        if !known.pardot {
            return Err(inactive());
        }
        let id = credentials.unit.as_deref().ok_or(Refusal::of(181).with_status(knobs.missing_header_status))?;
        if id.len() != 18 || !id.starts_with("0Uv") {
            return Err(Refusal::of(182));
        }
        let unit = core.units.get(id).filter(|unit| unit.settings.active);
        let unit = unit.ok_or(Refusal::of(201).with_status(knobs.unknown_unit_status))?;
        if !unit.settings.users.is_empty() && !unit.settings.users.contains(&known.user) {
            return Err(inactive());
        }
        let slot = unit.gate.enter(now).map_err(|full| match full {
            Full::Slots if modern => Refusal::of(66).with_status(429),
            Full::Slots => Refusal::of(66).with_status(knobs.concurrency_status),
            Full::Day => Refusal::of(122).with_status(knobs.quota_status),
        })?;
        lock(&core.journal).amend(self.sequence, |entry| {
            entry.business_unit = Some(unit.settings.id.clone());
            entry.in_flight = slot.in_flight;
        });
        Ok(Pass { unit, slot })
    }

    fn work(&self, pass: &Pass<'_>, route: Option<&legacy::Route>, call: &Call, subject: &Subject<'_>) -> Answer {
        let core = self.core;
        let rules = lock(&core.faults).row_rules(subject);
        let now = core.clock.now_ms();
        let mut tenant = lock(&pass.unit.tenant);
        import_row::settle(&mut tenant, &core.config, now);
        let operation = match route {
            Some(route) => format!("{}/{}", route.object, route.operation),
            None => v5::operation(call),
        };
        match tenant.changes.by_operation.get_mut(&operation) {
            Some(count) => *count += 1,
            None => {
                tenant.changes.by_operation.insert(operation, 1);
            }
        }
        let Some(route) = route else {
            let usage = (pass.slot.used, pass.unit.gate.daily_limit());
            return v5::answer(call, &mut tenant, &v5::Setting { config: &core.config, now, base: &core.base, usage });
        };
        let mut scene = Scene {
            tenant: &mut tenant,
            config: &core.config,
            now,
            version: route.version,
            params: &call.params,
            content: &call.content,
            rules: &rules,
            fired: Vec::new(),
            base: &core.base,
        };
        let answer = legacy::answer(route, &call.method, &mut scene);
        let fired = scene.fired;
        drop(tenant);
        if let Some(name) = fired.first() {
            lock(&core.journal).amend(self.sequence, |entry| entry.fault = Some((*name).to_owned()));
        }
        let mut faults = lock(&core.faults);
        fired.into_iter().for_each(|name| faults.count(name));
        answer
    }
}

fn refused(refusal: &Refusal, modern: bool, format: Format) -> Answer {
    if modern { refusal.as_v5() } else { refusal.render(format) }
}

async fn hang(kind: Option<&FaultKind>, at: When) {
    if let Some(FaultKind::Hang { when, ms }) = kind
        && *when == at
    {
        tokio::time::sleep(Duration::from_millis(*ms)).await;
    }
}
