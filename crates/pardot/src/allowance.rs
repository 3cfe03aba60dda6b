//! What one business unit may still be asked today: a reserve that is left to others, and a budget of our own.
//!
//! Knows numbers of calls, not what they do, and has no clock: whoever has one says when a day begins. Everything in the
//! process that calls one business unit must share one allowance, like the [`Limiter`](crate::Limiter).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::count::Usage;
use crate::shortage::Shortage;

/// A count that fell by no more than so many calls may just lag behind at Pardot; it is no proof of a new day.
const LAG: u64 = 10;

/// What the calls of a client may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The allowance: a call beyond it is refused before it is sent.
    Within,
    /// More, if need be: counted and never refused. For the few calls that a person waits for, such as a test.
    Beyond,
}

/// What one business unit may still be asked today. The default withholds nothing: no reserve, no budget.
#[derive(Debug)]
pub struct Allowance {
    state: Mutex<State>,
    /// A call came to its end, or the terms changed.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    reserve: u8,
    budget: Option<u64>,
    known: Known,
    /// Counts days: a call of an earlier day says nothing about this one.
    day: u64,
    /// Our calls of this day made by an earlier process.
    before: u64,
    /// Our calls of this day.
    made: u64,
    /// Calls under way, those of an earlier day included.
    in_flight: u64,
    /// Calls under way that were sent on this day: one of them will say how many are used.
    asking: u64,
    /// Calls that ended without saying how many are used, ever.
    untold: u64,
    /// How many of `untold` the last count of Pardot has in it for certain.
    covered: u64,
    /// The next call that the reserve refuses goes out all the same.
    probe: bool,
    /// Such a call is under way.
    probing: bool,
}

/// What Pardot has said about the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Nothing was asked yet.
    Nothing,
    /// It answers without saying how many calls are used.
    Silent,
    /// The largest count.
    Told(Usage),
}

/// What becomes of a call that asks to leave.
enum Verdict {
    Go {
        probe: bool,
    },
    /// A call under way decides.
    Wait,
    Refuse(Shortage),
}

impl Default for Allowance {
    fn default() -> Allowance {
        Allowance::new(0, None)
    }
}

impl Allowance {
    /// An allowance at the beginning of a day. `reserve`: percent of the account's daily calls that are left to others, 0
    /// for none (then Pardot's own limit, code 122, is the only one), at most [`Usage::LARGEST_RESERVE`]. `budget`: the
    /// most calls a day by us.
    pub fn new(reserve: u8, budget: Option<u64>) -> Allowance {
        let state = State {
            reserve: reserve.min(Usage::LARGEST_RESERVE),
            budget,
            known: Known::Nothing,
            day: 0,
            before: 0,
            made: 0,
            in_flight: 0,
            asking: 0,
            untold: 0,
            covered: 0,
            probe: false,
            probing: false,
        };
        Allowance { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Other terms from the next call on; see [`Allowance::new`].
    pub fn set(&self, reserve: u8, budget: Option<u64>) {
        {
            let mut state = self.state();
            state.reserve = reserve.min(Usage::LARGEST_RESERVE);
            state.budget = budget;
        }
        self.changed.notify_waiters();
    }

    /// Percent of the daily calls that are left to others.
    pub fn reserve(&self) -> u8 {
        self.state().reserve
    }

    /// The most calls a day by us.
    pub fn budget(&self) -> Option<u64> {
        self.state().budget
    }

    /// The daily calls: what Pardot last told, with our calls that have ended since without being told.
    pub fn usage(&self) -> Option<Usage> {
        self.state().usage()
    }

    /// Our calls of this day, those under way and those of [`Allowance::restore`] included.
    pub fn spent(&self) -> u64 {
        self.state().spent()
    }

    /// How many calls may still be made today under reserve and budget; `None` while neither says anything.
    pub fn left(&self) -> Option<u64> {
        let state = self.state();
        let by_reserve = state.usage().map(|usage| usage.usable(state.reserve).saturating_sub(usage.used));
        let by_budget = state.budget.map(|budget| budget.saturating_sub(state.spent()));
        by_reserve.into_iter().chain(by_budget).min()
    }

    /// Why the next call would be refused, if it would.
    pub fn shortage(&self) -> Option<Shortage> {
        match self.state().verdict() {
            Verdict::Refuse(shortage) => Some(shortage),
            Verdict::Go { .. } | Verdict::Wait => None,
        }
    }

    /// Our calls of this day that were made before this process began, as an earlier [`Allowance::spent`] said.
    pub fn restore(&self, spent: u64) {
        self.state().before = spent;
        self.changed.notify_waiters();
    }

    /// Pardot said elsewhere, on this day, how many calls are used (the account object). Lowers nothing: when the question
    /// left is not known here, so that a smaller count is taken for an older one.
    pub fn tell(&self, usage: Usage) {
        {
            let mut state = self.state();
            let covered = state.covered;
            state.told(usage, Known::Nothing, covered);
        }
        self.changed.notify_waiters();
    }

    /// The account's midnight has passed: nothing is known of the new day and nothing is spent. The first call goes out
    /// alone, and what its answer says decides about the others. Better a minute late than a second early: an answer of
    /// the old day would be taken for one of the new.
    pub fn new_day(&self) {
        self.state().begin_day();
        self.changed.notify_waiters();
    }

    /// Lets one call out against the reserve, to find out whether a new day has begun at Pardot. Does nothing while the
    /// reserve refuses nothing; a budget is not probed, because it is ours.
    pub fn probe(&self) {
        let mut state = self.state();
        state.probe = matches!(state.verdict(), Verdict::Refuse(Shortage::Reserve { .. }));
    }

    /// The right to send one call now. Where calls under way decide whether there is one, waits for the first of them.
    ///
    /// # Errors
    /// Reserve or budget are reached; never for [`Claim::Beyond`].
    pub(crate) async fn take(self: &Arc<Allowance>, claim: Claim) -> Result<Ticket, Shortage> {
        loop {
            // Hears of every change from here on, also of one before it is awaited.
            let changed = self.changed.notified();
            {
                let mut state = self.state();
                let verdict = match claim {
                    Claim::Within => state.verdict(),
                    Claim::Beyond => Verdict::Go { probe: false },
                };
                match verdict {
                    Verdict::Go { probe } => return Ok(state.go(Arc::clone(self), probe)),
                    Verdict::Refuse(shortage) => return Err(shortage),
                    Verdict::Wait => {}
                }
            }
            changed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn spent(&self) -> u64 {
        self.before.saturating_add(self.made)
    }

    /// Told, and what has ended untold since.
    fn usage(&self) -> Option<Usage> {
        match self.known {
            Known::Told(usage) => Some(Usage { used: usage.used.saturating_add(self.untold - self.covered), ..usage }),
            Known::Nothing | Known::Silent => None,
        }
    }

    fn verdict(&self) -> Verdict {
        if let Some(budget) = self.budget
            && self.spent() >= budget
        {
            return Verdict::Refuse(Shortage::Budget { spent: self.spent(), budget });
        }
        if self.reserve == 0 {
            return Verdict::Go { probe: false };
        }
        let usage = match self.known {
            Known::Silent => return Verdict::Go { probe: false },
            Known::Nothing if self.asking > 0 => return Verdict::Wait,
            Known::Nothing => return Verdict::Go { probe: false },
            Known::Told(usage) => self.usage().unwrap_or(usage),
        };
        let usable = usage.usable(self.reserve);
        // An account without calls has no reserve either: Pardot says what is the matter (122 on the first call).
        if usage.limit == 0 || usage.used.saturating_add(self.in_flight) < usable {
            Verdict::Go { probe: false }
        } else if usage.used < usable || self.probing {
            Verdict::Wait
        } else if self.probe {
            Verdict::Go { probe: true }
        } else {
            Verdict::Refuse(Shortage::Reserve { used: usage.used, limit: usage.limit, reserve: self.reserve })
        }
    }

    fn go(&mut self, allowance: Arc<Allowance>, probe: bool) -> Ticket {
        self.made += 1;
        self.in_flight += 1;
        self.asking += 1;
        if probe {
            (self.probe, self.probing) = (false, true);
        }
        Ticket { allowance, day: self.day, known: self.known, untold: self.untold, probe, end: End::Untold }
    }

    /// A count of Pardot, asked for when `known` was known and `covered` of the untold calls had ended.
    fn told(&mut self, usage: Usage, known: Known, covered: u64) {
        self.probe = false;
        match self.known {
            Known::Told(now) if usage.used < now.used => {
                // Answers overtake each other, so a smaller count than now is merely older. One that is far smaller than
                // what was known before its call even left is of another day.
                let fell = match known {
                    Known::Told(then) => usage.used < then.used / 2 && usage.used + LAG < then.used,
                    Known::Nothing | Known::Silent => false,
                };
                if fell {
                    let asking = self.asking;
                    self.begin_day();
                    // The call that brought the news and those under way belong to the new day.
                    self.made = asking + 1;
                    (self.known, self.covered) = (Known::Told(usage), covered);
                }
            }
            Known::Nothing | Known::Silent | Known::Told(_) => {
                self.known = Known::Told(usage);
                self.covered = self.covered.max(covered);
            }
        }
    }

    fn begin_day(&mut self) {
        self.day += 1;
        self.known = Known::Nothing;
        (self.before, self.made, self.asking) = (0, 0, 0);
        self.probe = false;
    }

    fn end(&mut self, ticket: &Ticket) {
        let today = ticket.day == self.day;
        self.in_flight -= 1;
        if today {
            self.asking -= 1;
        }
        if ticket.probe {
            self.probing = false;
            // A probe that told nothing, such as one with a stale token, is still to be made.
            self.probe = today && matches!(ticket.end, End::NotSent | End::Untold);
        }
        match ticket.end {
            End::NotSent => self.made -= u64::from(today && self.made > 0),
            End::Told(usage) if today => self.told(usage, ticket.known, ticket.untold),
            End::Silent => {
                self.untold += 1;
                if today && self.known == Known::Nothing {
                    self.known = Known::Silent;
                }
            }
            End::Untold | End::Told(_) => self.untold += 1,
        }
    }
}

/// The right to one call; dropped when the call is over.
#[derive(Debug)]
pub(crate) struct Ticket {
    allowance: Arc<Allowance>,
    day: u64,
    /// What was known when the call left.
    known: Known,
    /// Calls that had ended untold when it left: a count that its answer tells has them in it.
    untold: u64,
    probe: bool,
    end: End,
}

/// How a call ended, as far as its count is concerned.
#[derive(Debug, Clone, Copy)]
enum End {
    /// It never reached Pardot.
    NotSent,
    /// It may have, and no count came back.
    Untold,
    /// Pardot took it, and says no count.
    Silent,
    /// Pardot said how many calls are used.
    Told(Usage),
}

impl Ticket {
    /// The call never reached Pardot.
    pub(crate) fn not_sent(mut self) {
        self.end = End::NotSent;
    }

    /// The answer came; `taken`: it is a success, so that a count would be in it if Pardot told any.
    pub(crate) fn answered(mut self, usage: Option<Usage>, taken: bool) {
        self.end = match usage {
            Some(usage) => End::Told(usage),
            None if taken => End::Silent,
            None => End::Untold,
        };
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.allowance.state().end(self);
        self.allowance.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
