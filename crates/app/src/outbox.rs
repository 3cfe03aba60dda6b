//! The outbox at work: a loop for each channel takes what is due, has it sent, and writes down what came of it.
//!
//! Knows when a notice is tried, when it is given up, and when a whole way rests; wording and sending are `notify`'s. A try
//! is counted, and the next one put off, before anything is sent: a notice whose end cannot be written down comes again
//! after its wait, and not at once.

use std::collections::HashMap;
use std::time::Duration;

use api::Cause;
use notify::SendError;
use store::{Notice, NoticeChannel, NoticeEnd, StoreError};
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};

use crate::{App, AppError};

/// Notices of one channel that travel at once.
const ABREAST: usize = 4;
/// The outbox is looked at so often at least.
const LOOK: Duration = Duration::from_secs(10);
/// Seconds between the tries of a notice: about a day in all, then it is given up.
const WAITS: [i64; 9] = [60, 300, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 28_800];
/// All of them: a notice that could not even be tried for so long is given up.
const PATIENCE: i64 = 85_860;
/// The longest wait that the other side can ask for, in seconds.
const LONGEST: i64 = 86_400;
/// Seconds that a way rests after failures in a row; then one notice finds out whether it is open.
const RESTS: [i64; 4] = [60, 300, 900, 1_800];
/// Failures in a row after which a way is taken for closed: what has waited for too long is given up.
const CLOSED: usize = 9;
/// Notices that are given up in one go.
const CHUNK: u32 = 1_000;
/// Longest part of a remark about a try that is kept, in characters.
const LONGEST_REMARK: usize = 500;

/// Wakes the loops of the outbox.
#[derive(Default)]
pub(crate) struct Bells {
    mail: Notify,
    webhook: Notify,
}

impl Bells {
    /// There may be something to send, by any channel.
    pub(crate) fn notify_one(&self) {
        self.mail.notify_one();
        self.webhook.notify_one();
    }

    async fn rung(&self, channel: NoticeChannel) {
        match channel {
            NoticeChannel::Mail => self.mail.notified().await,
            NoticeChannel::Webhook => self.webhook.notified().await,
        }
    }
}

impl App {
    /// Sends what is due by a channel until the application stops.
    pub(crate) async fn keep_delivering(self, channel: NoticeChannel) {
        let send = |app: App, notice: Notice| async move { Box::pin(app.send(&notice)).await };
        Box::pin(Outbox::new(self, channel, send).keep()).await;
    }

    async fn send(&self, notice: &Notice) -> Result<(), SendError> {
        let body: notify::Notice = serde_json::from_value(notice.body.clone()).map_err(|_| SendError::Refused {
            message: "the notice cannot be read back".into(),
            hint: "look at the job that it is about".into(),
        })?;
        match notice.channel {
            NoticeChannel::Mail => self.mail(&notice.target, &body).await,
            NoticeChannel::Webhook => self.call(&notice.target, &body).await,
        }
    }
}

/// One channel's part of the outbox, while the application runs.
struct Outbox<S> {
    app: App,
    channel: NoticeChannel,
    send: S,
    travelling: JoinSet<Result<(), SendError>>,
    claims: HashMap<Id, Claim>,
    /// The ways that did not work when they were last used: the mail server, or webhooks by their document ids.
    rests: HashMap<String, Rest>,
    /// The clock at the last look.
    seen: Option<i64>,
}

/// A notice that travels.
struct Claim {
    notice: Notice,
    way: String,
    /// When the try began.
    began: i64,
    /// When it is tried again, unless somebody asks for a longer wait.
    next: i64,
    /// How often in a row the way had failed before.
    failures: usize,
}

/// A way that did not work.
struct Rest {
    failures: usize,
    until: i64,
}

impl<S, F> Outbox<S>
where
    S: Fn(App, Notice) -> F + Send + Sync,
    F: Future<Output = Result<(), SendError>> + Send + 'static,
{
    fn new(app: App, channel: NoticeChannel, send: S) -> Outbox<S> {
        let (travelling, claims, rests) = (JoinSet::new(), HashMap::new(), HashMap::new());
        Outbox { app, channel, send, travelling, claims, rests, seen: None }
    }

    async fn keep(mut self) {
        let app = self.app.clone();
        let (mut stopping, mut clock) = (app.0.stopping.subscribe(), app.0.config.clock.sets());
        while !*stopping.borrow_and_update() {
            if let Err(error) = self.look().await {
                tracing::error!(channel = self.channel.name(), "notices could not be looked at: {error}");
            }
            tokio::select! {
                () = app.0.notices_wake.rung(self.channel) => {}
                Some(tried) = self.travelling.join_next_with_id() => self.tried(tried).await,
                () = tokio::time::sleep(LOOK) => {}
                () = clock.next() => {}
                _ = stopping.changed() => {}
            }
        }
        self.break_off().await;
    }

    /// Sends what is due and may travel now.
    async fn look(&mut self) -> Result<(), AppError> {
        let now = self.app.now();
        if self.seen.is_none_or(|seen| now < seen) {
            // A clock that was ahead has put off what it saw.
            self.rests.values_mut().for_each(|rest| rest.until = rest.until.min(now));
            self.app.0.store.pull_notices(now, LONGEST).await?;
        }
        self.seen = Some(now);
        while self.travelling.len() < ABREAST {
            let full: Vec<String> = self.rests.keys().filter(|way| !self.has_room(way, now)).cloned().collect();
            if self.channel == NoticeChannel::Mail && !full.is_empty() {
                return Ok(());
            }
            // Those that travel are due again only where the clock was put forward meanwhile.
            let limit = u32::try_from(self.claims.len() + 1).unwrap_or(u32::MAX);
            let due = self.app.0.store.due_notices(self.channel, now, &full, limit).await?;
            match due.into_iter().find(|due| self.claims.values().all(|claim| claim.notice.id != due.id)) {
                Some(notice) => self.begin(notice, now).await?,
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Whether a notice may set out by this way: one alone where it did not work the last time.
    fn has_room(&self, way: &str, now: i64) -> bool {
        match self.rests.get(way) {
            Some(rest) => rest.until <= now && self.claims.values().all(|claim| claim.way != way),
            None => true,
        }
    }

    async fn begin(&mut self, notice: Notice, now: i64) -> Result<(), AppError> {
        let tries = usize::try_from(notice.attempts).unwrap_or(usize::MAX);
        if tries > WAITS.len() {
            let message = "what became of the last try is not known";
            let end = NoticeEnd::Failed { error: remark(message, "look at the server's log of that time"), at: now };
            return self.settle(&notice.id, end).await;
        }
        let next = now + WAITS[tries.min(WAITS.len() - 1)];
        match self.app.0.store.claim_notice(&notice.id, next).await {
            // Swept or given up meanwhile.
            Err(StoreError::Missing { .. } | StoreError::Conflict { .. }) => return Ok(()),
            other => other?,
        }
        let way = way_of(&notice);
        let failures = self.rests.get(&way).map_or(0, |rest| rest.failures);
        let sending = (self.send)(self.app.clone(), notice.clone());
        let id = self.travelling.spawn(sending).id();
        self.claims.insert(id, Claim { notice, way, began: now, next, failures });
        Ok(())
    }

    /// Writes down what came of a try.
    async fn tried(&mut self, tried: Result<(Id, Result<(), SendError>), JoinError>) {
        let (id, sent) = match tried {
            Ok(tried) => tried,
            Err(error) => {
                let message = "sending it ended unexpectedly, by a defect of Sluice".into();
                (error.id(), Err(SendError::Refused { message, hint: "report the server's log".into() }))
            }
        };
        let Some(claim) = self.claims.remove(&id) else { return };
        let (now, notice) = (self.app.now(), &claim.notice);
        let asked = sent.as_ref().err().and_then(SendError::wait).and_then(|wait| i64::try_from(wait.as_secs()).ok());
        let asked = now + asked.unwrap_or(0).min(LONGEST);
        let end = match &sent {
            Ok(()) => NoticeEnd::Sent { at: now },
            Err(error) => {
                tracing::warn!(notice = %notice.id, attempts = notice.attempts + 1, "a notice was not taken: {error}");
                let last = usize::try_from(notice.attempts).is_ok_and(|tries| tries >= WAITS.len());
                let remark = remark(&error.to_string(), error.hint());
                if last || !error.is_transient() {
                    NoticeEnd::Failed { error: remark, at: now }
                } else {
                    NoticeEnd::Later { error: remark, next: claim.next.max(asked) }
                }
            }
        };
        if let Err(error) = self.settle(&notice.id, end).await {
            tracing::error!(notice = %notice.id, "what became of a notice could not be kept: it is sent again, with the same id, \
                after its wait: {error}");
        }
        match sent {
            Err(error @ SendError::Blocked { .. }) => self.rest(&claim, &error, asked).await,
            Ok(()) | Err(SendError::Refused { .. } | SendError::Later { .. } | SendError::NotConfigured) => {
                self.rests.remove(&claim.way);
            }
        }
    }

    /// Lets a way rest that did not work, and gives up what has waited for it for too long.
    async fn rest(&mut self, claim: &Claim, error: &SendError, asked: i64) {
        let rest = self.rests.entry(claim.way.clone()).or_insert(Rest { failures: 0, until: 0 });
        // Those that set out together fail together.
        if rest.failures == claim.failures {
            rest.until = claim.began + RESTS[rest.failures.min(RESTS.len() - 1)];
            rest.failures += 1;
        }
        rest.until = rest.until.max(asked);
        if rest.failures >= CLOSED
            && let Err(error) = self.give_up(&claim.way, error).await
        {
            tracing::error!("notices could not be given up: {error}");
        }
    }

    async fn give_up(&self, way: &str, error: &SendError) -> Result<(), AppError> {
        let now = self.app.now();
        let target = (self.channel == NoticeChannel::Webhook).then_some(way);
        let old = self.app.0.store.waiting_notices(self.channel, target, now - PATIENCE, CHUNK).await?;
        for notice in old.iter().filter(|old| self.claims.values().all(|claim| claim.notice.id != old.id)) {
            let end = NoticeEnd::Failed { error: remark(&error.to_string(), error.hint()), at: now };
            self.settle(&notice.id, end).await?;
        }
        if !old.is_empty() {
            tracing::warn!(channel = self.channel.name(), "{} notices were given up after a day: {error}", old.len());
        }
        Ok(())
    }

    /// What travels when the application stops is cut off, and sent once more at the next start, with the same id.
    async fn break_off(&mut self) {
        self.travelling.abort_all();
        while let Some(tried) = self.travelling.join_next_with_id().await {
            match tried {
                Err(error) if error.is_cancelled() => {
                    let Some(claim) = self.claims.remove(&error.id()) else { continue };
                    let end = NoticeEnd::BrokenOff { next: claim.began };
                    if let Err(error) = self.settle(&claim.notice.id, end).await {
                        tracing::warn!(notice = %claim.notice.id, "a notice waits longer than it needs to: {error}");
                    }
                }
                tried => self.tried(tried).await,
            }
        }
    }

    async fn settle(&self, id: &str, end: NoticeEnd) -> Result<(), AppError> {
        match self.app.0.store.settle_notice(id, end).await {
            // Swept or settled by somebody else meanwhile.
            Err(StoreError::Missing { .. } | StoreError::Conflict { .. }) => Ok(()),
            other => Ok(other?),
        }
    }
}

/// What else fails when a notice does: all mail goes through one server, webhooks each have their own.
fn way_of(notice: &Notice) -> String {
    match notice.channel {
        NoticeChannel::Mail => String::new(),
        NoticeChannel::Webhook => notice.target.clone(),
    }
}

/// Why a try did not deliver a notice, as it is kept.
fn remark(message: &str, hint: &str) -> String {
    let cut = |text: &str| text.chars().take(LONGEST_REMARK).collect::<String>();
    serde_json::to_string(&Cause { message: cut(message), hint: Some(cut(hint)) }).unwrap_or_default()
}

/// Reads a remark back.
pub(crate) fn remarked(kept: &str) -> Cause {
    serde_json::from_str(kept).unwrap_or_else(|_| Cause { message: kept.to_owned(), hint: None })
}

#[cfg(test)]
mod tests;
