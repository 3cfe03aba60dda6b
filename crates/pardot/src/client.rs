//! Sends requests: takes a slot, sends, and decides from what is proven whether to repeat, to wait, or to tell the caller.
//!
//! Knows the reactions of an API client and no export: a refusal of a row or a batch goes to the caller as it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{oneshot, watch};

use crate::allowance::{Allowance, Claim, Ticket};
use crate::call_error::CallError;
use crate::clock::Clock;
use crate::code::Class;
use crate::count::Counts;
use crate::grant::GrantError;
use crate::host::Host;
use crate::id::BusinessUnitId;
use crate::limiter::{Limiter, Slot};
use crate::request::{HttpCall, Reading, Repeat, Request};
use crate::retry::{Dice, RetryPolicy, retry_after};
use crate::shortage::Shortage;
use crate::token::{Access, NoToken, Tokens};
use crate::wire::{Answered, BROKE_BEFORE, BuildError, Exchange, Wire, exchange};

/// A call that timed out keeps its slot so much longer, because Pardot goes on working on it.
const LINGER: Duration = Duration::from_secs(60);
/// Pardot may ask to slow down for so long without one proper answer.
const THROTTLE_PATIENCE: Duration = Duration::from_secs(30 * 60);
/// Tokens of different generations that one call may see refused: a stale one and two fresh ones.
const TOKEN_REFUSALS: u32 = 3;

/// What a client is made of.
pub struct ClientParts {
    /// Where Pardot answers.
    pub host: Host,
    /// Whom the calls are for.
    pub business_unit: BusinessUnitId,
    /// Access to it.
    pub tokens: Arc<Tokens>,
    /// Its slots, shared by all clients of the business unit.
    pub limiter: Arc<Limiter>,
    /// What it may still be asked today, shared likewise.
    pub allowance: Arc<Allowance>,
    /// What the calls may use of it.
    pub claim: Claim,
    /// How calls are repeated.
    pub retry: RetryPolicy,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Decides the waits.
    pub seed: u64,
}

/// A client of one business unit. Cheap to share by reference; lanes call [`Client::send`] side by side.
pub struct Client {
    wire: Wire,
    tokens: Arc<Tokens>,
    limiter: Arc<Limiter>,
    allowance: Arc<Allowance>,
    claim: Claim,
    retry: RetryPolicy,
    clock: Arc<dyn Clock>,
    dice: Arc<Dice>,
    counts: Arc<Mutex<Counts>>,
    stop: watch::Sender<bool>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("retry", &self.retry).finish_non_exhaustive()
    }
}

/// What one call has been through.
#[derive(Default)]
struct Course {
    attempts: u32,
    retries: u32,
    throttles: u32,
    throttled_since: Option<Instant>,
    /// Highest generation that was refused, and how many were.
    stale: u64,
    token_refusals: u32,
    maybe_applied: bool,
}

/// What one exchange asks for.
enum Step<A> {
    Done(A),
    Fail(CallError),
    /// Sent or not, no proof came.
    Hiccup {
        cause: String,
        maybe_applied: bool,
        still_running: bool,
    },
    /// `proven`: the body says so with a code, so that even a call that must not be repeated may be.
    Throttled {
        cause: String,
        hint: Option<Duration>,
        proven: bool,
    },
    TokenRefused,
}

impl Client {
    /// A client; calls nobody yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(parts: ClientParts) -> Result<Client, BuildError> {
        let ClientParts { host, business_unit, tokens, limiter, allowance, claim, retry, clock, seed } = parts;
        let mut headers = HeaderMap::new();
        // A business unit id is letters and digits, hence always a legal value.
        if let Ok(value) = HeaderValue::from_str(business_unit.as_str()) {
            headers.insert(HeaderName::from_static("pardot-business-unit-id"), value);
        }
        headers.insert(HeaderName::from_static("x-return-api-usage"), HeaderValue::from_static("1"));
        let wire = Wire::new(&host, retry.timeout, headers)?;
        let counts = Arc::new(Mutex::new(Counts::default()));
        let (dice, stop) = (Arc::new(Dice::new(seed)), watch::Sender::new(false));
        Ok(Client { wire, tokens, limiter, allowance, claim, retry, clock, dice, counts, stop })
    }

    /// The numbers so far.
    pub fn counts(&self) -> Counts {
        let mut counts = lock(&self.counts).clone();
        counts.refreshes = self.tokens.refreshes();
        counts.max_in_flight = self.limiter.max_in_flight();
        counts.lanes = self.limiter.lanes();
        counts.throttled_now = self.limiter.is_throttled();
        counts
    }

    /// Stops: calls that wait end with [`CallError::Stopped`], calls in flight end with their answer. There is no way back.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Sends until there is an answer, a refusal, or no more sense in trying.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn send<R: Request>(&self, request: &R) -> Result<R::Answer, CallError> {
        let call = request.call();
        let mut course = Course::default();
        loop {
            let (outcome, slot, access) = self.attempt(&call, request.kind(), &mut course).await?;
            let step = match outcome {
                Exchange::NotConnected(why) => {
                    Step::Hiccup { cause: why.to_owned(), maybe_applied: false, still_running: false }
                }
                Exchange::Broken(why) => Step::Hiccup {
                    cause: why.to_owned(),
                    maybe_applied: true,
                    // The slot stays with an exchange that was given up.
                    still_running: slot.is_none() || why == BROKE_BEFORE,
                },
                Exchange::Answered(answered) => {
                    let step = judge(request, &answered, self.clock.unix());
                    self.learn(&step, &access, slot.as_ref());
                    step
                }
            };
            drop(slot);
            let wait = match step {
                Step::Done(answer) => return Ok(answer),
                Step::Fail(error) => return Err(error),
                Step::TokenRefused => self.token_refused(&mut course, &access)?,
                Step::Throttled { cause, hint, proven } => {
                    if request.repeat() == Repeat::Never && !proven {
                        return Err(CallError::Unknown { cause, still_running: false });
                    }
                    course.token_refusals = 0;
                    self.throttled(&mut course, cause, hint)?
                }
                Step::Hiccup { cause, maybe_applied, still_running } => {
                    if request.repeat() == Repeat::Never && maybe_applied {
                        return Err(CallError::Unknown { cause, still_running });
                    }
                    course.token_refusals = 0;
                    course.maybe_applied |= maybe_applied;
                    self.hiccup(&mut course, cause)?
                }
            };
            self.rest(wait).await?;
        }
    }

    /// What a call needs before it leaves, in this order: a slot, access, and a place among the day's calls.
    async fn admitted(&self, course: &Course) -> Result<(Slot, Arc<Access>, Ticket), CallError> {
        let mut stopped = self.stop.subscribe();
        let slot = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return Err(CallError::Stopped),
            slot = self.limiter.slot() => slot,
        };
        // A refresh that is under way goes on without this caller.
        let access = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return Err(CallError::Stopped),
            access = self.tokens.access(course.stale, self.retry, &self.dice) => access,
        };
        let access = access.map_err(|why| match why {
            NoToken::Dead(error) => CallError::Reconnect(error),
            NoToken::Unavailable { cause, attempts } => {
                CallError::Unavailable { cause, attempts, maybe_applied: course.maybe_applied }
            }
        })?;
        let ticket = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => return Err(CallError::Stopped),
            ticket = self.allowance.take(self.claim) => ticket.map_err(CallError::Quota)?,
        };
        Ok((slot, access, ticket))
    }

    /// One exchange in its own task, which owns the slot: it ends when the server answers or closes, or a minute after the
    /// caller has given up.
    async fn attempt(
        &self,
        call: &HttpCall,
        kind: &'static str,
        course: &mut Course,
    ) -> Result<(Exchange, Option<Slot>, Arc<Access>), CallError> {
        let (slot, access, ticket) = self.admitted(course).await?;
        course.attempts += 1;
        let request = self.wire.request(call).header(AUTHORIZATION, access.header.clone());
        let sent = (call.target.len() + call.body.len()) as u64;
        let longest = self.retry.timeout.saturating_add(LINGER);
        let counts = Arc::clone(&self.counts);
        let (sender, receiver) = oneshot::channel();
        lock(&counts).in_flight += 1;
        tokio::spawn(async move {
            let outcome = tokio::time::timeout(longest, exchange(request)).await;
            let outcome = outcome.unwrap_or(Exchange::Broken("no answer in time"));
            count(&mut lock(&counts), kind, sent, &outcome);
            match &outcome {
                Exchange::NotConnected(_) => ticket.not_sent(),
                Exchange::Broken(_) => drop(ticket),
                Exchange::Answered(answered) => {
                    ticket.answered(answered.usage, (200..300).contains(&answered.response.status));
                }
            }
            // When the caller is gone, the slot comes back here and now.
            let _ = sender.send((outcome, slot));
        });
        match tokio::time::timeout(self.retry.timeout, receiver).await {
            Ok(Ok((outcome, slot))) => Ok((outcome, Some(slot), access)),
            Ok(Err(_)) => Ok((Exchange::Broken("the exchange was interrupted"), None, access)),
            Err(_) => Ok((Exchange::Broken("no answer in time"), None, access)),
        }
    }

    /// Tells the limiter and the tokens how an answer turned out.
    fn learn<A>(&self, step: &Step<A>, access: &Access, slot: Option<&Slot>) {
        match step {
            Step::Done(_) | Step::Fail(_) => {
                self.tokens.accepted(access.generation);
                self.limiter.clean(self.clock.now());
            }
            Step::Throttled { proven, .. } => {
                // Pardot looks at the token before it counts calls.
                if *proven {
                    self.tokens.accepted(access.generation);
                }
                lock(&self.counts).throttles += 1;
                if let Some(slot) = slot {
                    self.limiter.throttled(slot);
                }
            }
            Step::TokenRefused => self.tokens.refused(access.generation),
            Step::Hiccup { .. } => {}
        }
    }

    fn token_refused(&self, course: &mut Course, access: &Access) -> Result<Duration, CallError> {
        course.stale = course.stale.max(access.generation);
        course.token_refusals += 1;
        if course.token_refusals >= TOKEN_REFUSALS {
            return Err(CallError::Reconnect(GrantError::TokenRefusedTwice));
        }
        Ok(Duration::ZERO)
    }

    fn throttled(&self, course: &mut Course, cause: String, hint: Option<Duration>) -> Result<Duration, CallError> {
        let now = self.clock.now();
        let since = *course.throttled_since.get_or_insert(now);
        let quiet_since = self.limiter.last_clean().map_or(since, |clean| clean.max(since));
        if now.saturating_duration_since(quiet_since) >= THROTTLE_PATIENCE {
            return Err(self.unavailable(course, cause));
        }
        let wait = self.retry.throttle_wait(course.throttles, hint, &self.dice);
        course.throttles += 1;
        Ok(wait)
    }

    fn hiccup(&self, course: &mut Course, cause: String) -> Result<Duration, CallError> {
        if course.retries >= self.retry.maximum_retries {
            return Err(self.unavailable(course, cause));
        }
        let wait = self.retry.wait(course.retries, None, &self.dice);
        course.retries += 1;
        lock(&self.counts).retries += 1;
        self.limiter.hiccup();
        Ok(wait)
    }

    fn unavailable(&self, course: &Course, cause: String) -> CallError {
        CallError::Unavailable { cause, attempts: course.attempts, maybe_applied: course.maybe_applied }
    }

    async fn rest(&self, wait: Duration) -> Result<(), CallError> {
        if wait.is_zero() {
            return Ok(());
        }
        let mut stopped = self.stop.subscribe();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => Err(CallError::Stopped),
            () = self.clock.sleep(wait) => Ok(()),
        }
    }
}

/// What a complete answer asks for.
fn judge<R: Request>(request: &R, answered: &Answered, unix: u64) -> Step<R::Answer> {
    let hint = answered.retry_after.as_ref().and_then(|header| retry_after(header, unix));
    let status = answered.response.status;
    match request.read(&answered.response) {
        Reading::Accepted(answer) => Step::Done(answer),
        // A refusal without a code comes from something before Pardot, which may have passed the call on: no proof that a
        // call which must not be repeated left nothing behind.
        Reading::Refused(refusal)
            if request.repeat() == Repeat::Never
                && refusal.code.is_none()
                && !matches!(refusal.class, Class::Throttle | Class::Token | Class::Grant | Class::Access) =>
        {
            Step::Hiccup { cause: refusal.to_string(), maybe_applied: true, still_running: false }
        }
        Reading::Refused(refusal) => match refusal.class {
            Class::Throttle => Step::Throttled { cause: refusal.to_string(), hint, proven: refusal.code.is_some() },
            Class::Token | Class::Grant => Step::TokenRefused,
            Class::Transient => Step::Hiccup { cause: refusal.to_string(), maybe_applied: true, still_running: false },
            Class::Quota => {
                let shortage = Shortage::Refused { code: refusal.code, message: refusal.message };
                Step::Fail(CallError::Quota(shortage))
            }
            Class::Access
            | Class::Version
            | Class::Size
            | Class::Row
            | Class::RowOnce
            | Class::AlreadySo
            | Class::WholeBatch
            | Class::Import
            | Class::Unknown => Step::Fail(CallError::Refused(refusal)),
        },
        Reading::Unknown(why) if status == 503 && hint.is_some() => {
            Step::Throttled { cause: why.to_owned(), hint, proven: false }
        }
        Reading::Unknown(why) => Step::Hiccup {
            cause: format!("{why} (HTTP {status})"),
            maybe_applied: true,
            still_running: matches!(status, 502 | 504),
        },
    }
}

fn lock(counts: &Mutex<Counts>) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count(counts: &mut Counts, kind: &'static str, sent: u64, outcome: &Exchange) {
    counts.in_flight -= 1;
    match outcome {
        Exchange::NotConnected(_) => return,
        Exchange::Broken(_) => {}
        Exchange::Answered(answered) => {
            counts.bytes_received += answered.response.body.len() as u64;
            counts.usage = answered.usage.or(counts.usage);
        }
    }
    counts.calls += 1;
    *counts.by_kind.entry(kind).or_default() += 1;
    counts.bytes_sent += sent;
}
