//! A form that is sent twice is done once.
//!
//! Every form has a number that no other has. The answer that it led to is remembered under session and number for a
//! while, in memory: an impatient second click, or a reload, gets the same answer. What was refused is not remembered,
//! since nothing was done and the page that follows has a new number.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use tokio::sync::OnceCell;

/// Forms that are remembered.
const MOST: usize = 2_000;

/// Where a form led: under which session and number, once it is known.
type Ended = Arc<OnceCell<axum::http::HeaderValue>>;

/// The forms that were sent lately.
#[derive(Debug, Default)]
pub(crate) struct Onces(Mutex<VecDeque<(String, Ended)>>);

impl Onces {
    fn place(&self, key: String) -> Ended {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, ended)) = known.iter().find(|(found, _)| *found == key) {
            return Arc::clone(ended);
        }
        if known.len() >= MOST {
            known.pop_front();
        }
        let ended = Ended::default();
        known.push_back((key, Arc::clone(&ended)));
        ended
    }

    /// Does the work of a form, unless it is done or under way. `holder` tells sessions apart; without a number there is
    /// nothing to remember.
    pub(crate) async fn run(&self, holder: &str, once: &str, work: impl Future<Output = Response>) -> Response {
        if once.is_empty() || once.len() > 64 {
            return work.await;
        }
        let place = self.place(format!("{holder} {once}"));
        let mut refused = None;
        let done = place
            .get_or_try_init(async || {
                let answer = work.await;
                let to = answer.headers().get(LOCATION).filter(|_| answer.status() == StatusCode::SEE_OTHER).cloned();
                // Cookies that came with it are this answer's alone.
                let first = to.clone().ok_or(());
                refused = Some(answer);
                first
            })
            .await;
        match (refused, done) {
            (Some(answer), _) => answer,
            (None, Ok(to)) => (StatusCode::SEE_OTHER, [(LOCATION, to.clone())]).into_response(),
            (None, Err(())) => StatusCode::CONFLICT.into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_was_done_is_done_once_and_what_was_refused_may_be_tried_again() {
        let (onces, count) = (Onces::default(), AtomicU32::new(0));
        let work = async |status: StatusCode| {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            (status, [(LOCATION, "/jobs/1")]).into_response()
        };
        for _ in 0..2 {
            onces.run("ada", "1", work(StatusCode::UNPROCESSABLE_ENTITY)).await;
        }
        assert_eq!(count.swap(0, Ordering::SeqCst), 2);
        let (a, b) = tokio::join!(
            onces.run("ada", "2", work(StatusCode::SEE_OTHER)),
            onces.run("ada", "2", work(StatusCode::SEE_OTHER))
        );
        assert_eq!(
            (a.headers()[LOCATION].clone(), count.swap(0, Ordering::SeqCst)),
            (b.headers()[LOCATION].clone(), 1)
        );
        onces.run("bob", "2", work(StatusCode::SEE_OTHER)).await;
        onces.run("ada", "", work(StatusCode::SEE_OTHER)).await;
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }
}
