//! The pages before a session: sign in, the first admin, and a session that ended while somebody typed.
//!
//! Knows no password: what was typed as one is never put into a page again.

use askama::Template;

use crate::chrome::Chrome;
use crate::faults::{Faults, Summary};
use crate::field::{Control, Field};
use crate::form::Form;

/// Sign in.
#[derive(Debug, Template)]
#[template(path = "access/sign_in.html")]
pub struct SignIn {
    chrome: Chrome,
    summary: Summary,
    fields: Vec<Field>,
    /// Where the way leads on: a path of ours.
    next: String,
    /// What was typed when the session had ended: the address it was for, and names with values.
    kept: Option<Kept>,
}

/// What was typed, kept over a sign-in.
#[derive(Debug)]
pub struct Kept {
    /// The address that it was sent to: a path of ours.
    pub address: String,
    /// Names and values, without secrets.
    pub pairs: Vec<(String, String)>,
}

/// The name under which typed values wait in the form of the sign-in.
const WAITING: &str = "_kept.";

/// Names of fields whose values are secrets: they are typed again.
const SECRETS: [&str; 8] =
    ["password", "current", "new", "token", "secret", "client_secret", "refresh_token", "private_key"];

impl Kept {
    /// What was typed into a form, for this address.
    pub fn of(address: &str, form: &Form) -> Kept {
        let secret = |name: &str| SECRETS.contains(&name.rsplit('.').next().unwrap_or(name));
        let pairs = form.pairs().filter(|(name, _)| !secret(name));
        Kept { address: address.to_owned(), pairs: pairs.map(|(name, value)| (name.into(), value.into())).collect() }
    }

    /// What waited in the form of the sign-in, if anything.
    pub fn waiting(form: &Form) -> Option<Kept> {
        let address = form.get("_kept_address");
        let pairs = form.pairs().filter_map(|(name, value)| Some((name.strip_prefix(WAITING)?.into(), value.into())));
        (!address.is_empty()).then(|| Kept { address: address.to_owned(), pairs: pairs.collect() })
    }
}

impl SignIn {
    /// The page. `next` and the address of what is kept must be paths of this server.
    pub fn new(chrome: Chrome, form: &Form, faults: &Faults, next: &str, kept: Option<Kept>) -> SignIn {
        let fields = vec![
            Field::new(form, faults, "name", "Name", Control::Username).required(),
            Field::new(form, faults, "password", "Password", Control::Password("current-password")).required(),
        ];
        SignIn { chrome, summary: faults.summary(), fields, next: next.to_owned(), kept }
    }
}

/// What was typed before the session ended, ready to be sent on.
#[derive(Debug, Template)]
#[template(path = "access/go_on.html")]
pub struct GoOn {
    /// What surrounds it.
    pub chrome: Chrome,
    /// What was typed.
    pub kept: Kept,
}

/// The first admin.
#[derive(Debug, Template)]
#[template(path = "access/setup.html")]
pub struct SetUp {
    chrome: Chrome,
    summary: Summary,
    fields: Vec<Field>,
}

impl SetUp {
    /// The page.
    pub fn new(chrome: Chrome, form: &Form, faults: &Faults) -> SetUp {
        let fields = vec![
            Field::new(form, faults, "token", "Setup token", Control::Password("off"))
                .help("The server printed it when it started; it also stands in the file setup-token of its data directory.")
                .required(),
            Field::new(form, faults, "name", "Your name", Control::Username)
                .help("You sign in with it: a name or an e-mail address.")
                .required(),
            Field::new(form, faults, "password", "Password", Control::Password("new-password"))
                .help("15 characters or more; a few words are easy to remember.")
                .required(),
        ];
        SetUp { chrome, summary: faults.summary(), fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_waits_and_secrets_do_not() {
        let form = Form::read(b"name=a&sql=SELECT+1&client_secret=hunter2&settings.password=x&_do=run");
        let kept = Kept::of("/queries/a", &form);
        let names: Vec<&str> = kept.pairs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["name", "sql", "_do"]);
        let mut sent = Form::default();
        sent.set("_kept_address", "/queries/a");
        sent.set("_kept.sql", "SELECT 1");
        sent.set("name", "ada");
        let waiting = Kept::waiting(&sent).unwrap();
        assert_eq!((waiting.address.as_str(), waiting.pairs), ("/queries/a", vec![("sql".into(), "SELECT 1".into())]));
        assert!(Kept::waiting(&form).is_none());
    }
}
