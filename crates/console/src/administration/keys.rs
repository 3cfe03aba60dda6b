//! The master key: what it is for, and its rotation.
//!
//! Knows no key.

use api::KeysRotated;
use askama::Template;

use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::words::plural;

/// The page.
#[derive(Debug, Template)]
#[template(path = "settings/keys.html")]
pub struct Keys {
    chrome: Chrome,
    summary: Summary,
    rotated: Option<String>,
    copied: Copied,
}

impl Keys {
    /// The page. `rotated` is what was just done.
    pub fn new(chrome: Chrome, rotated: Option<KeysRotated>, faults: &Faults) -> Keys {
        let words = |rotated: KeysRotated| match rotated.secrets {
            0 => "There is a new master key. No secret is stored yet.".into(),
            1 => "There is a new master key, and the 1 stored secret is wrapped by it.".into(),
            many => format!(
                "There is a new master key, and all {} are wrapped by it.",
                plural(many, "secret", "stored secrets")
            ),
        };
        let copied = Copied::command(&["keys", "rotate"], &chrome.server);
        Keys { summary: faults.summary(), rotated: rotated.map(words), copied, chrome }
    }
}
