//! What all routes share: the use cases, the operator's decisions, the limits and the meters.
//!
//! Knows none of the routes.

use std::sync::Arc;

use app::App;
use tokio::sync::watch;

use crate::config::ServerConfig;
use crate::meters::Meters;
use crate::rate::Rates;
use crate::screens::{Onces, Told};

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Door(Arc<Inner>);

struct Inner {
    app: App,
    config: ServerConfig,
    rates: Rates,
    meters: Meters,
    onces: Onces,
    told: Told,
    stop: watch::Receiver<bool>,
}

impl Door {
    pub(crate) fn new(app: App, config: ServerConfig, stop: watch::Receiver<bool>) -> Door {
        let rates = Rates::new(config.requests_per_second);
        Door(Arc::new(Inner {
            app,
            config,
            rates,
            meters: Meters::new(),
            onces: Onces::default(),
            told: Told::default(),
            stop,
        }))
    }

    pub(crate) fn app(&self) -> &App {
        &self.0.app
    }

    pub(crate) fn config(&self) -> &ServerConfig {
        &self.0.config
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.0.rates
    }

    pub(crate) fn meters(&self) -> &Meters {
        &self.0.meters
    }

    /// The forms that were sent lately.
    pub(crate) fn onces(&self) -> &Onces {
        &self.0.onces
    }

    /// What one page has to tell the next.
    pub(crate) fn told(&self) -> &Told {
        &self.0.told
    }

    /// Whether the server is to stop.
    pub(crate) fn stopping(&self) -> bool {
        *self.0.stop.borrow()
    }

    /// Resolves when the server is to stop.
    pub(crate) async fn stopped(&self) {
        let mut stop = self.0.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            // Nobody can say so any more.
            std::future::pending::<()>().await;
        }
    }
}
