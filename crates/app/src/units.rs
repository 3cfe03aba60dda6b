//! Business units: one limiter for each and one token writer for each connection, shared by all jobs of the process.
//!
//! Knows who shares what; not what is called.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pardot::{Limiter, Tokens};
use store::{Lock, LockError, Store};

/// What the jobs of one process share.
#[derive(Default)]
pub(crate) struct Units {
    units: Mutex<HashMap<String, Unit>>,
    tokens: Mutex<HashMap<String, Arc<Tokens>>>,
}

#[derive(Default)]
struct Unit {
    limiter: Arc<Limiter>,
    lock: Weak<Lock>,
}

impl Units {
    /// The five slots of a business unit. They stay for the life of the process: a call that timed out keeps its slot when
    /// its job is gone.
    pub(crate) fn limiter(&self, key: &str) -> Arc<Limiter> {
        Arc::clone(&locked(&self.units).entry(key.to_owned()).or_default().limiter)
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

    /// The tokens of a connection, made once: a rotating refresh token works once.
    pub(crate) fn tokens<E>(
        &self,
        connection: &str,
        make: impl FnOnce() -> Result<Tokens, E>,
    ) -> Result<Arc<Tokens>, E> {
        let mut tokens = locked(&self.tokens);
        if let Some(known) = tokens.get(connection) {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(make()?);
        tokens.insert(connection.to_owned(), Arc::clone(&made));
        Ok(made)
    }

    /// The tokens of a connection that is in use.
    pub(crate) fn known_tokens(&self, connection: &str) -> Option<Arc<Tokens>> {
        locked(&self.tokens).get(connection).cloned()
    }

    /// The connection has another grant, app or host from now on.
    pub(crate) fn forget(&self, connection: &str) {
        locked(&self.tokens).remove(connection);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
