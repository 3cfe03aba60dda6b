//! Whether whoever asked is still there.
//!
//! Knows no request. A change is done to its end whoever goes away; work that is of use to nobody else need not be.

use std::convert::Infallible;

use app::AppError;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use tokio::sync::watch;

use crate::door::Door;
use crate::refusal::Refusal;

/// Ends when its other half is dropped, with the request.
#[derive(Debug, Clone)]
pub(crate) struct Presence(Option<watch::Receiver<()>>);

impl Presence {
    /// The half that the request holds, and the one that the work may ask.
    pub(crate) fn begin() -> (watch::Sender<()>, Presence) {
        let (held, asked) = watch::channel(());
        (held, Presence(Some(asked)))
    }

    /// Does work for as long as somebody waits for it; nothing where nobody does any more.
    pub(crate) async fn while_there<T>(self, work: impl Future<Output = T>) -> Option<T> {
        let Some(mut asked) = self.0 else { return Some(work.await) };
        tokio::select! {
            biased;
            done = work => Some(done),
            // Nothing is ever sent: it resolves when the other half is gone.
            _ = asked.changed() => None,
        }
    }
}

impl Presence {
    /// Does work for as long as somebody waits for its answer.
    pub(crate) async fn answer<T>(self, work: impl Future<Output = Result<T, AppError>>) -> Result<T, Refusal> {
        match self.while_there(work).await {
            Some(done) => Ok(done?),
            // Said to nobody.
            None => Err(Refusal::of_status(StatusCode::REQUEST_TIMEOUT)),
        }
    }
}

impl FromRequestParts<Door> for Presence {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Door) -> Result<Presence, Infallible> {
        Ok(parts.extensions.get::<Presence>().cloned().unwrap_or(Presence(None)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_ends_with_whoever_waits_for_it() {
        let (held, presence) = Presence::begin();
        assert_eq!(presence.clone().while_there(async { 1 }).await, Some(1));
        let (endless, gone) = tokio::join!(presence.while_there(std::future::pending::<()>()), async { drop(held) });
        assert_eq!((endless, gone), (None, ()));
    }
}
