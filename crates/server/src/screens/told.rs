//! What one page has to tell the next, once: a token that was just made, what became of a test.
//!
//! A change answers with a redirect, so what it found out waits here, in memory, for the page that follows: of the same
//! session, once, for a few minutes. So a secret stands in no address, and a reload shows it to nobody.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::Secret;
use app::clock::random_u64;

use crate::clock;

/// Texts that wait at most; beyond that the oldest goes.
const MOST: usize = 200;
/// How long one waits.
const WAITS: Duration = Duration::from_secs(300);
/// For so long one that was told is told again: a double click without script asks for the page twice, and shows the second.
const AGAIN: Duration = Duration::from_secs(3);

/// The texts that wait.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<VecDeque<Waiting>>);

#[derive(Debug)]
struct Waiting {
    holder: String,
    ticket: String,
    text: Secret,
    since: Instant,
    /// When it was told first.
    told: Option<Instant>,
}

impl Told {
    /// Lets a text wait for the next page of a session. The ticket stands in that page's address.
    pub(crate) fn leave(&self, holder: &str, text: Secret) -> String {
        self.leave_at(holder, text, clock::now())
    }

    fn leave_at(&self, holder: &str, text: Secret, since: Instant) -> String {
        let ticket = format!("{:016x}{:016x}", random_u64(), random_u64());
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            waiting.pop_front();
        }
        waiting.push_back(Waiting { holder: holder.to_owned(), ticket: ticket.clone(), text, since, told: None });
        ticket
    }

    /// Takes the text of a ticket: nobody else can take it, and not again but at once.
    pub(crate) fn take(&self, holder: &str, ticket: &str) -> Option<Secret> {
        self.take_at(holder, ticket, clock::now())
    }

    fn take_at(&self, holder: &str, ticket: &str, now: Instant) -> Option<Secret> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let younger = |since: Instant, than: Duration| now.saturating_duration_since(since) < than;
        waiting.retain(|one| younger(one.since, WAITS) && one.told.is_none_or(|told| younger(told, AGAIN)));
        let one = waiting.iter_mut().find(|one| one.holder == holder && one.ticket == ticket)?;
        one.told.get_or_insert(now);
        Some(one.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_told_once_to_the_session_that_it_is_for() {
        let (told, start) = (Told::default(), clock::now());
        let ticket = told.leave_at("ada", Secret::new("slc_a"), start);
        assert_eq!(told.take_at("bo", &ticket, start), None);
        assert_eq!(told.take_at("ada", "other", start), None);
        assert_eq!(told.take_at("ada", &ticket, start), Some(Secret::new("slc_a")));
        assert_eq!(told.take_at("ada", &ticket, start + AGAIN - Duration::from_millis(1)), Some(Secret::new("slc_a")));
        assert_eq!(told.take_at("ada", &ticket, start + AGAIN), None);
        let late = told.leave_at("ada", Secret::new("slc_b"), start);
        assert_eq!(told.take_at("ada", &late, start + WAITS), None);
        let first = told.leave_at("ada", Secret::new("slc_c"), start);
        for _ in 0..MOST {
            told.leave_at("ada", Secret::new("x"), start);
        }
        assert_eq!(told.take_at("ada", &first, start), None);
    }
}
