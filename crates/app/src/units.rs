//! Business units: one limiter for each and one token writer for each vault of secrets, shared by all jobs of the process.
//!
//! Knows who shares what; not what is called.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pardot::{Allowance, Limiter, Tokens};
use store::{Lock, LockError, Store};

/// What the jobs of one process share.
#[derive(Default)]
pub(crate) struct Units {
    units: Mutex<HashMap<String, Unit>>,
    tokens: Mutex<HashMap<String, Arc<Tokens>>>,
    /// Tokens that jobs at work may still have.
    retired: Mutex<Vec<Arc<Tokens>>>,
}

#[derive(Default)]
struct Unit {
    limiter: Arc<Limiter>,
    lock: Weak<Lock>,
    day: Option<Day>,
}

/// The calls of a day.
struct Day {
    allowance: Arc<Allowance>,
    /// When it ends, in seconds since 1970.
    ends: i64,
    /// The account's time zone, where it is known.
    zone: Option<String>,
    /// What was last kept of it: its end, and the calls.
    kept: Option<(i64, u64)>,
}

/// What a business unit has spent of a day.
pub(crate) struct DaySpent {
    pub(crate) key: String,
    pub(crate) ends: i64,
    pub(crate) spent: u64,
}

impl Units {
    /// The five slots of a business unit. They stay for the life of the process: a call that timed out keeps its slot when
    /// its job is gone.
    pub(crate) fn limiter(&self, key: &str) -> Arc<Limiter> {
        Arc::clone(&locked(&self.units).entry(key.to_owned()).or_default().limiter)
    }

    /// What a business unit may be asked on the day that ends at `ends` in the account's time zone; `true`: nothing was known
    /// of it yet. Both times in seconds since 1970.
    pub(crate) fn allowance(&self, key: &str, zone: Option<String>, now: i64, ends: i64) -> (Arc<Allowance>, bool) {
        let mut units = locked(&self.units);
        let unit = units.entry(key.to_owned()).or_default();
        match &mut unit.day {
            Some(day) => {
                if now >= day.ends {
                    day.allowance.new_day();
                }
                // A time zone that became known moves the end of the same day either way.
                (day.ends, day.zone) = (ends, zone);
                (Arc::clone(&day.allowance), false)
            }
            none => {
                let allowance = Arc::<Allowance>::default();
                *none = Some(Day { allowance: Arc::clone(&allowance), ends, zone, kept: None });
                (allowance, true)
            }
        }
    }

    /// Begins the day of every business unit whose day has ended by `now`; `ends` says when the new one does, in a time zone.
    pub(crate) fn begin_days(&self, now: i64, ends: impl Fn(Option<&str>) -> i64) {
        for day in locked(&self.units).values_mut().filter_map(|unit| unit.day.as_mut()) {
            if now >= day.ends {
                day.allowance.new_day();
                day.ends = ends(day.zone.as_deref());
            }
        }
    }

    /// The business units whose calls of today are not kept as they are.
    pub(crate) fn unkept(&self) -> Vec<DaySpent> {
        let units = locked(&self.units);
        let spent = units.iter().filter_map(|(key, unit)| {
            let day = unit.day.as_ref()?;
            let spent = day.allowance.spent();
            (day.kept != Some((day.ends, spent))).then(|| DaySpent { key: key.clone(), ends: day.ends, spent })
        });
        spent.collect()
    }

    /// What a business unit has spent is kept.
    pub(crate) fn kept(&self, spent: &DaySpent) {
        if let Some(day) = locked(&self.units).get_mut(&spent.key).and_then(|unit| unit.day.as_mut()) {
            day.kept = Some((spent.ends, spent.spent));
        }
    }

    /// The right of this process to export to a business unit; all its jobs share it.
    ///
    /// # Errors
    /// An export of the command line has it.
    pub(crate) fn hold(&self, store: &Store, key: &str) -> Result<Arc<Lock>, LockError> {
        let mut units = locked(&self.units);
        let unit = units.entry(key.to_owned()).or_default();
        if let Some(lock) = unit.lock.upgrade() {
            return Ok(lock);
        }
        let lock = Arc::new(store.lock(key)?);
        unit.lock = Arc::downgrade(&lock);
        Ok(lock)
    }

    /// The tokens of a vault, made once: a rotating refresh token works once. A vault holds the secrets of one connection
    /// for one app at one login; whoever changes one of these takes another vault.
    pub(crate) fn tokens<E>(&self, vault: &str, make: impl FnOnce() -> Result<Tokens, E>) -> Result<Arc<Tokens>, E> {
        let mut tokens = locked(&self.tokens);
        if let Some(known) = tokens.get(vault) {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(make()?);
        tokens.insert(vault.to_owned(), Arc::clone(&made));
        Ok(made)
    }

    /// The tokens of a vault that is in use.
    pub(crate) fn known_tokens(&self, vault: &str) -> Option<Arc<Tokens>> {
        locked(&self.tokens).get(vault).cloned()
    }

    /// The app or the grant of a vault is another one from now on. Jobs at work go on with what they have.
    pub(crate) fn forget(&self, vault: &str) {
        if let Some(tokens) = locked(&self.tokens).remove(vault) {
            let mut retired = locked(&self.retired);
            retired.retain(|tokens| Arc::strong_count(tokens) > 1);
            retired.push(tokens);
        }
    }

    /// Waits until no grant is on its way from Salesforce to its vault.
    pub(crate) async fn settled(&self) {
        let mut all: Vec<Arc<Tokens>> = locked(&self.tokens).values().cloned().collect();
        all.extend(locked(&self.retired).iter().cloned());
        for tokens in all {
            tokens.settled().await;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
