//! Signals: the first asks for an orderly checkpoint, the second ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Exit, say};
use app::stop::StopSignal;

/// What the first signal is answered.
const ORDERLY: &str = "stopping: what is under way is finished and recorded (once more to end at once)";

/// Hears SIGINT and SIGTERM.
#[derive(Clone)]
pub(crate) struct Signals {
    stop: StopSignal,
    which: Arc<AtomicU8>,
}

impl Signals {
    /// Begins to listen.
    pub(crate) fn listen() -> Signals {
        Signals::listen_saying(ORDERLY)
    }

    /// Begins to listen; the first signal is answered so.
    pub(crate) fn listen_saying(answer: &'static str) -> Signals {
        Signals::listen_to(move || say(answer))
    }

    /// Begins to listen; the usual answer to the first signal is told in another way.
    pub(crate) fn listen_with(tell: impl Fn(&str) + Send + 'static) -> Signals {
        Signals::listen_to(move || tell(ORDERLY))
    }

    fn listen_to(answer: impl Fn() + Send + 'static) -> Signals {
        let (sender, stop) = StopSignal::new();
        let which = Arc::new(AtomicU8::new(0));
        let heard = which.clone();
        tokio::spawn(async move {
            let (Ok(mut interrupt), Ok(mut terminate)) =
                (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
            else {
                return std::future::pending().await;
            };
            let mut first = true;
            loop {
                let exit = tokio::select! {
                    _ = interrupt.recv() => Exit::Interrupted,
                    _ = terminate.recv() => Exit::Terminated,
                };
                if !first {
                    std::process::exit(i32::from(exit.code()));
                }
                first = false;
                heard.store(exit.code(), Ordering::Relaxed);
                answer();
                if sender.send(true).is_err() {
                    std::process::exit(i32::from(exit.code()));
                }
            }
        });
        Signals { stop, which }
    }

    /// The wish to stop, heard at the first signal.
    pub(crate) fn stop(&self) -> StopSignal {
        self.stop.clone()
    }

    /// The exit of the signal that came, if one came.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match self.which.load(Ordering::Relaxed) {
            130 => Some(Exit::Interrupted),
            143 => Some(Exit::Terminated),
            _ => None,
        }
    }
}
