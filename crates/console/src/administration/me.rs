//! Who one is, and one's own password.
//!
//! Knows no password: what was typed as one is never put into a page again.

use api::{PasswordChange, Role, Secret};
use askama::Template;

use super::people::{role_help, role_words};
use crate::chrome::Chrome;
use crate::faults::{Faults, Summary};
use crate::field::{Control, Field};
use crate::form::Form;

/// The page.
#[derive(Debug, Template)]
#[template(path = "settings/me.html")]
pub struct MePage {
    chrome: Chrome,
    name: String,
    role: &'static str,
    role_help: &'static str,
    token: Option<String>,
    summary: Summary,
    fields: Vec<Field>,
}

impl MePage {
    /// The page.
    pub fn new(chrome: Chrome, faults: &Faults) -> MePage {
        // Nothing that is typed here is ever shown again.
        let form = Form::default();
        let fields = vec![
            Field::new(&form, faults, "current", "Password so far", Control::Password("current-password")).required(),
            Field::new(&form, faults, "new", "New password", Control::Password("new-password"))
                .help("15 characters or more; a few words are easy to remember.")
                .required(),
        ];
        let me = chrome.me.as_ref();
        let role = me.map_or(Role::Viewer, |me| me.role);
        MePage {
            name: me.map(|me| me.name.clone()).unwrap_or_default(),
            role: role_words(role),
            role_help: role_help(role),
            token: me.and_then(|me| me.token.clone()),
            summary: faults.summary(),
            fields,
            chrome,
        }
    }
}

/// What was typed as a new password.
pub fn password_change(form: &Form) -> PasswordChange {
    PasswordChange { current: Secret::new(form.get("current")), new: Secret::new(form.get("new")) }
}
