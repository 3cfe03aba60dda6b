//! The five slots of a business unit, fewer while Pardot asks to slow down, and the breaker that opens in an outage.
//!
//! Knows no call: it hands out slots in the order of asking and hears how answers turned out. Everything in the process
//! that calls one business unit must share one limiter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Calls that Pardot takes at once per business unit; the next is refused with code 66.
const SLOTS: usize = 5;
/// Clean answers after which one slot comes back.
const CLEAN_ANSWERS_PER_SLOT: u32 = 20;
/// Retries draw from this bucket; when it is empty the breaker is open and one call at a time probes.
const BUCKET: u32 = 100;
/// What a retry after a hiccup takes out of the bucket; a success puts 1 back.
const RETRY_COST: u32 = 5;

/// Slots of one business unit.
#[derive(Debug)]
pub struct Limiter {
    slots: Arc<Semaphore>,
    probe: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Slots that may be in use.
    allowed: usize,
    /// Slots to withhold when they come back.
    owed: usize,
    /// Counts halvings: calls that started before the last one say nothing new.
    epoch: u64,
    clean_answers: u32,
    last_clean: Option<Instant>,
    bucket: u32,
    in_flight: usize,
    max_in_flight: usize,
}

impl Default for Limiter {
    fn default() -> Limiter {
        Limiter::new()
    }
}

impl Limiter {
    /// A limiter with five slots.
    pub fn new() -> Limiter {
        let state = State {
            allowed: SLOTS,
            owed: 0,
            epoch: 0,
            clean_answers: 0,
            last_clean: None,
            bucket: BUCKET,
            in_flight: 0,
            max_in_flight: 0,
        };
        Limiter { slots: Arc::new(Semaphore::new(SLOTS)), probe: Arc::new(Semaphore::new(1)), state: Mutex::new(state) }
    }

    /// Slots that are open now, from 1 to 5.
    pub fn lanes(&self) -> usize {
        self.state().allowed
    }

    /// Whether fewer slots than usual are open because Pardot asked to slow down.
    pub fn is_throttled(&self) -> bool {
        self.state().allowed < SLOTS
    }

    /// Slots in use, those of calls that timed out included.
    pub fn in_flight(&self) -> usize {
        self.state().in_flight
    }

    /// Most slots that were in use at once.
    pub fn max_in_flight(&self) -> usize {
        self.state().max_in_flight
    }

    /// Whether hiccups have emptied the bucket, so that one call at a time probes.
    pub fn is_probing(&self) -> bool {
        self.state().bucket == 0
    }

    /// Waits for a slot, in the order of asking.
    pub(crate) async fn slot(self: &Arc<Limiter>) -> Slot {
        // Both semaphores are private and never closed; without a permit there would merely be no limit.
        let mut probe = None;
        if self.is_probing() {
            probe = Arc::clone(&self.probe).acquire_owned().await.ok();
        }
        let permit = Arc::clone(&self.slots).acquire_owned().await.ok();
        let mut state = self.state();
        state.in_flight += 1;
        state.max_in_flight = state.max_in_flight.max(state.in_flight);
        Slot { limiter: Arc::clone(self), permit, _probe: probe, epoch: state.epoch }
    }

    /// Pardot asked to slow down: halves the slots, once for all calls that were under way together.
    pub(crate) fn throttled(&self, slot: &Slot) {
        let mut state = self.state();
        state.clean_answers = 0;
        if slot.epoch != state.epoch {
            return;
        }
        state.epoch += 1;
        let fewer = (state.allowed / 2).max(1);
        let surplus = state.allowed - fewer;
        state.allowed = fewer;
        state.owed += surplus - self.slots.forget_permits(surplus);
    }

    /// A proper answer: 20 of them bring one slot back, and each puts 1 into the bucket.
    pub(crate) fn clean(&self, now: Instant) {
        let mut state = self.state();
        state.last_clean = Some(now);
        state.bucket = (state.bucket + 1).min(BUCKET);
        if state.allowed == SLOTS {
            return;
        }
        state.clean_answers += 1;
        if state.clean_answers < CLEAN_ANSWERS_PER_SLOT {
            return;
        }
        state.clean_answers = 0;
        state.allowed += 1;
        if state.owed > 0 {
            state.owed -= 1;
        } else {
            self.slots.add_permits(1);
        }
    }

    /// A hiccup that is going to be retried.
    pub(crate) fn hiccup(&self) {
        let mut state = self.state();
        state.bucket = state.bucket.saturating_sub(RETRY_COST);
    }

    /// When the last proper answer came.
    pub(crate) fn last_clean(&self) -> Option<Instant> {
        self.state().last_clean
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to have one call in flight, given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    limiter: Arc<Limiter>,
    permit: Option<OwnedSemaphorePermit>,
    _probe: Option<OwnedSemaphorePermit>,
    epoch: u64,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.limiter.state();
        state.in_flight -= 1;
        if state.owed > 0 {
            state.owed -= 1;
            if let Some(permit) = self.permit.take() {
                permit.forget();
            }
        }
    }
}

#[cfg(test)]
mod tests;
