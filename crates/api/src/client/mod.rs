//! A client of a Sluice server: one method a route.
//!
//! Knows addresses and documents; neither arguments nor screens. Every request carries the token in a header, follows no
//! redirect, takes no proxy from the environment, and speaks plain http to this machine only.

mod access;
mod activations;
mod catalog;
mod error;
mod events;
mod jobs;
mod notices;
mod parent_segments;
mod schedules;
mod segments;
#[cfg(test)]
mod tests;
mod transfer;
mod wire;

pub use error::ClientError;
pub use events::JobEvents;
pub use jobs::{JobQuery, Started};
pub use notices::NoticeQuery;
pub use transfer::{Form, What};

use secrecy::SecretString;

use crate::Page;
use wire::Wire;

/// A server, and the right to ask it things. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    wire: Wire,
}

impl Client {
    /// A client of the server at `address` (`https://sluice.example.com`, `http://127.0.0.1:8080`). `ca`: certificates in
    /// PEM that are trusted instead of the system's.
    ///
    /// # Errors
    /// [`ClientError::Unusable`]: address, token or certificates; nothing is sent yet.
    pub fn new(address: &str, token: &SecretString, ca: Option<&[u8]>) -> Result<Client, ClientError> {
        Wire::new(address, token, ca).map(|wire| Client { wire })
    }

    /// The server's address, for people.
    pub fn server(&self) -> String {
        self.wire.server()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("server", &self.server()).finish_non_exhaustive()
    }
}

/// Everything of a list, page after page.
///
/// # Errors
/// Those of a page.
pub async fn every<T>(page: impl AsyncFn(Option<&str>) -> Result<Page<T>, ClientError>) -> Result<Vec<T>, ClientError> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let Page { items, next } = page(after.as_deref()).await?;
        // A server that repeats a page would keep the loop for ever.
        let goes_on = next.is_some() && next != after && !items.is_empty();
        all.extend(items);
        if !goes_on {
            return Ok(all);
        }
        after = next;
    }
}
