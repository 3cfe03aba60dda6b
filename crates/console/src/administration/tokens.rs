//! API tokens: listed, made, revoked. A new one is shown once.
//!
//! Knows scopes in words; a token itself only on its way to the one page that shows it.

use api::{Scope, Secret, Token, TokenSpec};
use askama::Template;

use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Choice, Control, Field};
use crate::form::{Form, Reading};
use crate::words::{Badge, Moment, distance, moment};

const SCOPES: [(Scope, &str, &str); 4] = [
    (Scope::Read, "Read", "See everything but row values and secrets."),
    (Scope::Run, "Run", "Start, kill and continue jobs, and see row values, too."),
    (Scope::Edit, "Edit", "Change tables, queries and audiences, too."),
    (Scope::Admin, "Admin", "Everything."),
];

pub(super) fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Run => "run",
        Scope::Edit => "edit",
        Scope::Admin => "admin",
    }
}

/// The tokens that somebody may see.
#[derive(Debug, Template)]
#[template(path = "settings/tokens.html")]
pub struct Tokens {
    chrome: Chrome,
    made: Option<String>,
    everybody: bool,
    tokens: Vec<Line>,
    copied: Copied,
}

#[derive(Debug)]
struct Line {
    name: String,
    shown: String,
    person: String,
    scope: &'static str,
    badge: Badge,
    live: bool,
    created: Moment,
    expires: Option<Moment>,
    used: Option<Moment>,
    revoke: String,
}

impl Tokens {
    /// The page, as of `now` (a time of the API). `made` is a token that was just made: shown this once.
    pub fn new(chrome: Chrome, tokens: &[Token], now: &str, made: Option<&Secret>) -> Tokens {
        let copied = Copied::command(&["tokens", "list"], &chrome.server);
        Tokens {
            made: made.map(|secret| secret.expose().to_owned()),
            everybody: chrome.rules(),
            tokens: tokens.iter().map(|token| line(token, now)).collect(),
            copied,
            chrome,
        }
    }
}

fn line(token: &Token, now: &str) -> Line {
    // Times of the API are in UTC and of one form, so they are in order as texts.
    let ended = token.expires.as_deref().is_some_and(|expires| expires <= now);
    let (mark, words) = match (&token.revoked, ended) {
        (Some(_), _) => ("calm", "revoked"),
        (None, true) => ("calm", "ended"),
        (None, false) => ("good", "valid"),
    };
    Line {
        name: token.name.clone(),
        shown: token.shown.clone(),
        person: token.person.clone(),
        scope: scope_name(token.scope),
        badge: Badge { mark, words: words.into() },
        live: token.revoked.is_none() && !ended,
        created: moment(&token.created),
        expires: token.expires.as_deref().map(moment),
        used: token.last_used.as_deref().map(distance),
        revoke: format!("/settings/tokens/{}/revoke", crate::part(&token.id)),
    }
}

/// A new token.
#[derive(Debug, Template)]
#[template(path = "settings/new_token.html")]
pub struct NewToken {
    chrome: Chrome,
    summary: Summary,
    fields: Vec<Field>,
    copied: Copied,
}

impl NewToken {
    /// The page. Offers no more than whoever looks may do.
    pub fn new(chrome: Chrome, form: &Form, faults: &Faults) -> NewToken {
        let most = chrome.me.as_ref().map_or(Scope::Read, |me| me.scope);
        let offered = SCOPES.into_iter().filter(|(scope, ..)| *scope <= most);
        let choice = |(scope, words, help)| Choice::new(scope_name(scope), words).help(help);
        let fields = vec![
            Field::new(form, faults, "name", "Name", Control::Text)
                .help("What it is for: the pipeline or the machine that uses it.")
                .example("nightly pipeline")
                .required(),
            Field::new(form, faults, "scope", "Scope", Control::Radio(offered.map(choice).collect())).or("read"),
            Field::new(form, faults, "days", "Days until it ends", number("1", "3650"))
                .help("90 when this is left empty; at most 3,650.")
                .example("90"),
        ];
        let copied = Copied::command(
            &["tokens", "create", filled(form.get("name"), "NAME"), "--scope", filled(form.get("scope"), "read")],
            &chrome.server,
        );
        NewToken { chrome, summary: faults.summary(), fields, copied }
    }
}

fn filled<'a>(text: &'a str, otherwise: &'a str) -> &'a str {
    Some(text.trim()).filter(|text| !text.is_empty()).unwrap_or(otherwise)
}

pub(super) fn number(min: &str, max: &str) -> Control {
    Control::Number { min: min.into(), max: max.into(), step: "1" }
}

/// What was typed about a new token.
pub fn token_spec(form: &Form) -> Result<TokenSpec, Faults> {
    let mut reading = Reading::new(form);
    let scope = reading.word("scope").unwrap_or(Scope::Read);
    let days = reading.number("days");
    if !reading.problems.is_empty() {
        return Err(Faults::of(reading.problems));
    }
    Ok(TokenSpec { name: reading.text("name"), scope, days })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_what_is_made() {
        let spec = |name: &str, scope, days| Some(TokenSpec { name: name.into(), scope, days });
        let cases = [
            ("name=+ci+&scope=run&days=30", spec("ci", Scope::Run, Some(30))),
            ("name=ci&scope=admin&days=", spec("ci", Scope::Admin, None)),
            ("name=ci", spec("ci", Scope::Read, None)),
            ("name=ci&scope=root", None),
            ("name=ci&days=-1", None),
            ("name=ci&days=soon", None),
        ];
        for (body, want) in cases {
            assert_eq!(token_spec(&Form::read(body.as_bytes())).ok(), want, "{body}");
        }
    }

    #[test]
    fn only_what_is_valid_can_be_revoked() {
        let token = |expires: Option<&str>, revoked: Option<&str>| Token {
            id: "t1".into(),
            name: "ci".into(),
            shown: "slc_abcd".into(),
            person: "ada".into(),
            scope: Scope::Run,
            created: "2026-11-01T00:00:00Z".into(),
            expires: expires.map(Into::into),
            last_used: None,
            revoked: revoked.map(Into::into),
        };
        let now = "2026-11-23T02:00:00Z";
        let cases = [
            (None, None, "valid"),
            (Some("2026-11-23T02:00:01Z"), None, "valid"),
            (Some("2026-11-23T02:00:00Z"), None, "ended"),
            (Some("2027-01-01T00:00:00Z"), Some("2026-11-02T00:00:00Z"), "revoked"),
        ];
        for (expires, revoked, want) in cases {
            let line = line(&token(expires, revoked), now);
            assert_eq!((line.badge.words.as_str(), line.live), (want, want == "valid"), "{expires:?}");
        }
    }
}
