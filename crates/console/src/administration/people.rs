//! People: who may sign in, and what they may do.
//!
//! Knows forms and roles in words; that one admin stays is the server's to see to.

use api::{Person, PersonChange, PersonSpec, Role, Secret};
use askama::Template;

use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Choice, Control, Field};
use crate::form::{Form, Reading};
use crate::words::{Badge, Moment, moment};

/// What a role may do, as a choice.
fn roles() -> Vec<Choice> {
    let choice = |role: Role| Choice::new(role_name(role), role_words(role)).help(role_help(role));
    [Role::Viewer, Role::Editor, Role::Admin].map(choice).into()
}

pub(super) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Editor => "editor",
        Role::Admin => "admin",
    }
}

pub(super) fn role_words(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Viewer",
        Role::Editor => "Editor",
        Role::Admin => "Admin",
    }
}

pub(super) fn role_help(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Sees everything but row values and secrets.",
        Role::Editor => "Sees row values; makes and runs tables, queries, audiences and jobs.",
        Role::Admin => "Looks after connections, people, tokens of others, keys and the audit log as well.",
    }
}

const PASSWORD_HELP: &str = "15 characters or more; a few words are easy to remember.";

/// Everybody.
#[derive(Debug, Template)]
#[template(path = "settings/people.html")]
pub struct People {
    chrome: Chrome,
    people: Vec<Line>,
    copied: Copied,
}

#[derive(Debug)]
struct Line {
    name: String,
    address: String,
    role: &'static str,
    badge: Badge,
    created: Moment,
    me: bool,
}

impl People {
    /// The page.
    pub fn new(chrome: Chrome, people: &[Person]) -> People {
        let me = chrome.me.as_ref().map(|me| me.name.clone());
        let line = |person: &Person| Line {
            name: person.name.clone(),
            address: address(&person.name),
            role: role_words(person.role),
            badge: badge(person.disabled),
            created: moment(&person.created),
            me: me.as_ref() == Some(&person.name),
        };
        let copied = Copied::command(&["people", "list"], &chrome.server);
        People { people: people.iter().map(line).collect(), copied, chrome }
    }
}

fn badge(disabled: bool) -> Badge {
    match disabled {
        true => Badge { mark: "bad", words: "locked out".into() },
        false => Badge { mark: "good", words: "may sign in".into() },
    }
}

fn address(name: &str) -> String {
    format!("/settings/people/{}", crate::part(name))
}

/// A new person.
#[derive(Debug, Template)]
#[template(path = "settings/new_person.html")]
pub struct NewPerson {
    chrome: Chrome,
    summary: Summary,
    fields: Vec<Field>,
    copied: Copied,
}

impl NewPerson {
    /// The page.
    pub fn new(chrome: Chrome, form: &Form, faults: &Faults) -> NewPerson {
        let fields = vec![
            Field::new(form, faults, "name", "Name", Control::Text)
                .help("They sign in with it: a name or an e-mail address.")
                .required(),
            Field::new(form, faults, "role", "Role", Control::Radio(roles())).or("viewer"),
            Field::new(form, faults, "password", "Password", Control::Password("new-password"))
                .help(format!("{PASSWORD_HELP} They can change it when they have signed in."))
                .required(),
        ];
        let name = Some(form.get("name").trim()).filter(|name| !name.is_empty()).unwrap_or("NAME");
        let role = Some(form.get("role")).filter(|role| !role.is_empty()).unwrap_or("viewer");
        let copied = Copied::command(&["people", "add", name, "--role", role], &chrome.server);
        NewPerson { chrome, summary: faults.summary(), fields, copied }
    }
}

/// What was typed about a new person.
pub fn person_spec(form: &Form) -> Result<PersonSpec, Faults> {
    let mut reading = Reading::new(form);
    let role = reading.word("role").unwrap_or(Role::Viewer);
    if !reading.problems.is_empty() {
        return Err(Faults::of(reading.problems));
    }
    Ok(PersonSpec { name: reading.text("name"), role, password: Secret::new(form.get("password")) })
}

/// A person, and what can be changed about them.
#[derive(Debug, Template)]
#[template(path = "settings/person.html")]
pub struct PersonPage {
    chrome: Chrome,
    name: String,
    address: String,
    badge: Badge,
    role: &'static str,
    created: Moment,
    updated: Moment,
    me: bool,
    summary: Summary,
    fields: Vec<Field>,
    password: Vec<Field>,
    copied: Copied,
}

/// What a person is, as the form has it.
pub fn person_form(person: &Person) -> Form {
    let mut form = Form::default();
    form.set("role", role_name(person.role));
    form.set("disabled", person.disabled.to_string());
    form
}

impl PersonPage {
    /// The page. `form` is [`person_form`], or what was typed.
    pub fn new(chrome: Chrome, person: &Person, form: &Form, faults: &Faults) -> PersonPage {
        let fields = vec![
            Field::new(form, faults, "role", "Role", Control::Radio(roles())).or(role_name(person.role)),
            Field::new(form, faults, "disabled", "Locked out", Control::Flag)
                .help("Their sessions and tokens end at once; nothing of theirs is deleted."),
        ];
        let password = vec![
            Field::new(form, faults, "password", "New password", Control::Password("new-password"))
                .help(format!("{PASSWORD_HELP} Their sessions end."))
                .required(),
        ];
        PersonPage {
            name: person.name.clone(),
            address: address(&person.name),
            badge: badge(person.disabled),
            role: role_words(person.role),
            created: moment(&person.created),
            updated: moment(&person.updated),
            me: chrome.me.as_ref().is_some_and(|me| me.name == person.name),
            summary: faults.summary(),
            fields,
            password,
            copied: Copied::command(
                &["people", "change", &person.name, "--role", role_name(person.role)],
                &chrome.server,
            ),
            chrome,
        }
    }
}

/// What was typed about a person who is there.
pub fn person_change(form: &Form) -> Result<PersonChange, Faults> {
    let mut reading = Reading::new(form);
    let role = reading.word("role");
    if !reading.problems.is_empty() {
        return Err(Faults::of(reading.problems));
    }
    Ok(PersonChange { role, password: None, disabled: Some(reading.flag("disabled")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_say_what_the_documents_say() {
        let person = Person {
            name: "bo".into(),
            role: Role::Editor,
            disabled: true,
            created: "2026-11-23T02:00:00Z".into(),
            updated: "2026-11-23T02:00:00Z".into(),
        };
        let change = person_change(&person_form(&person)).unwrap();
        assert_eq!(change, PersonChange { role: Some(Role::Editor), password: None, disabled: Some(true) });
        let cases =
            [("name=+bo+&role=admin&password=+a+", Some((Role::Admin, " a "))), ("name=bo&role=god&password=a", None)];
        for (body, want) in cases {
            let spec = person_spec(&Form::read(body.as_bytes())).ok();
            let found = spec.as_ref().map(|spec| (spec.role, spec.password.expose()));
            assert_eq!(found, want, "{body}");
            assert!(spec.is_none_or(|spec| spec.name == "bo"));
        }
    }
}
