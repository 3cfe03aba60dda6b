//! Settings: people, tokens, notices, budgets, keys, the audit log, and who one is.
//!
//! Knows who may see which of its pages, so that nobody is led to a refusal; the server refuses anyway.

mod audit;
mod budget;
mod keys;
mod me;
mod notices;
mod notifications;
mod people;
mod tokens;
mod webhooks;

use askama::Template;

use crate::chrome::Chrome;

pub use audit::Audit;
pub use budget::Budget;
pub use keys::Keys;
pub use me::{MePage, password_change};
pub use notices::Notices;
pub use notifications::{NotificationsPage, notice_test, notify_form, notify_read, with_test};
pub use people::{NewPerson, People, PersonPage, person_change, person_form, person_spec};
pub use tokens::{NewToken, Tokens, token_spec};
pub use webhooks::{WebhookPage, webhook_form, webhook_spec};

/// One page of the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tab {
    pub(crate) address: &'static str,
    pub(crate) title: &'static str,
    pub(crate) words: &'static str,
    admin: bool,
}

const TABS: [Tab; 8] = [
    Tab { address: "/settings/people", title: "People", words: "Who may sign in, and what they may do.", admin: true },
    Tab {
        address: "/settings/tokens",
        title: "API tokens",
        words: "What programs and the command line sign in with.",
        admin: false,
    },
    Tab {
        address: "/settings/notifications",
        title: "Notifications",
        words: "Who is told of what by default, webhooks, and a test.",
        admin: false,
    },
    Tab {
        address: "/settings/notices",
        title: "Notices",
        words: "What was told to whom, and whether it arrived.",
        admin: false,
    },
    Tab {
        address: "/settings/budget",
        title: "Budget",
        words: "How many of the daily Pardot calls each connection may use.",
        admin: false,
    },
    Tab { address: "/settings/keys", title: "Keys", words: "The master key that seals all secrets.", admin: true },
    Tab {
        address: "/settings/audit",
        title: "Audit log",
        words: "Who changed what, when and from where.",
        admin: true,
    },
    Tab { address: "/settings/me", title: "You", words: "Your role, and your password.", admin: false },
];

/// The tabs that somebody may see.
pub(crate) fn tabs(chrome: &Chrome) -> impl Iterator<Item = &'static Tab> {
    let rules = chrome.rules();
    TABS.iter().filter(move |tab| rules || !tab.admin)
}

/// All pages of the settings at a glance.
#[derive(Debug, Template)]
#[template(path = "settings/overview.html")]
pub struct SettingsOverview {
    /// What surrounds it.
    pub chrome: Chrome,
}

/// A name of the API as words: `quota_parked` as `quota parked`.
fn spaced(name: &str) -> String {
    name.replace('_', " ")
}
