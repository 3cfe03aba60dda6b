//! The five call slots and the daily calls of one business unit.
//!
//! Knows counting only: not what a call does, nor who makes it.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use jiff::tz::TimeZone;

use crate::clock;
use crate::lock;

/// Why a call was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// All slots are taken: code 66.
    Slots,
    /// The day's calls are used up: code 122.
    Day,
}

/// Figures of a gate.
#[derive(Debug, Clone, Default)]
pub(crate) struct GateCounters {
    pub(crate) calls: u64,
    pub(crate) used: u64,
    pub(crate) in_flight: u32,
    pub(crate) in_flight_max: u32,
    pub(crate) slots_refused: u64,
    pub(crate) day_refused: u64,
    weighted: f64,
    busy: f64,
}

impl GateCounters {
    /// Time-weighted over the busy time.
    pub(crate) fn average(&self) -> f64 {
        if self.busy > 0.0 { self.weighted / self.busy } else { 0.0 }
    }
}

/// Lets calls in, as long as there is a slot and the day's calls last.
#[derive(Debug)]
pub(crate) struct Gate {
    slots: u32,
    daily_limit: u64,
    zone: TimeZone,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    counters: GateCounters,
    day_end: i64,
    changed: Instant,
}

/// A taken slot; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct Slot {
    gate: Arc<Gate>,
    /// Calls in flight when this one started, itself included.
    pub(crate) in_flight: u32,
    /// Calls used today, this one included.
    pub(crate) used: u64,
}

impl Gate {
    pub(crate) fn new(slots: u32, daily_limit: u64, used: u64, zone: TimeZone) -> Gate {
        let counters = GateCounters { used, ..GateCounters::default() };
        Gate { slots, daily_limit, zone, state: Mutex::new(State { counters, day_end: 0, changed: Instant::now() }) }
    }

    pub(crate) fn daily_limit(&self) -> u64 {
        self.daily_limit
    }

    /// Takes a slot. Every call that reaches this point counts against the day, also one that is refused for want of a
    /// slot; a call refused for want of calls cannot count.
    pub(crate) fn enter(self: &Arc<Gate>, now_ms: i64) -> Result<Slot, Full> {
        let mut state = lock(&self.state);
        state.turn_day(now_ms, &self.zone);
        state.counters.calls += 1;
        if state.counters.in_flight >= self.slots {
            state.counters.slots_refused += 1;
            state.counters.used += 1;
            return Err(Full::Slots);
        }
        if state.counters.used >= self.daily_limit {
            state.counters.day_refused += 1;
            return Err(Full::Day);
        }
        state.weigh();
        let counters = &mut state.counters;
        counters.used += 1;
        counters.in_flight += 1;
        counters.in_flight_max = counters.in_flight_max.max(counters.in_flight);
        Ok(Slot { gate: Arc::clone(self), in_flight: counters.in_flight, used: counters.used })
    }

    pub(crate) fn counters(&self, now_ms: i64) -> GateCounters {
        let mut state = lock(&self.state);
        state.turn_day(now_ms, &self.zone);
        state.counters.clone()
    }

    /// Forgets the figures; calls in flight stay in flight.
    pub(crate) fn reset(&self, used: u64) {
        let mut state = lock(&self.state);
        let in_flight = state.counters.in_flight;
        state.counters = GateCounters { in_flight, in_flight_max: in_flight, used, ..GateCounters::default() };
    }
}

impl State {
    fn turn_day(&mut self, now_ms: i64, zone: &TimeZone) {
        if now_ms >= self.day_end {
            if self.day_end != 0 {
                self.counters.used = 0;
            }
            self.day_end = clock::next_midnight(now_ms, zone);
        }
    }

    fn weigh(&mut self) {
        let now = Instant::now();
        let passed = now.duration_since(self.changed).as_secs_f64();
        if self.counters.in_flight > 0 {
            self.counters.weighted += passed * f64::from(self.counters.in_flight);
            self.counters.busy += passed;
        }
        self.changed = now;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = lock(&self.gate.state);
        state.weigh();
        state.counters.in_flight = state.counters.in_flight.saturating_sub(1);
    }
}
