//! One connection: whether it can be used, what its account has, what its test says.
//!
//! Knows words and one picture; asks nobody.

use api::{
    AccountView, Check, Connection, ConnectionState, Diagnosis, FieldView, GrantKind, ListView, ProblemDocument,
};
use askama::Template;
use model::grouped;

use crate::address::part;
use crate::chrome::{Chrome, Section};
use crate::connections::words;
use crate::copied::Copied;
use crate::words::{Badge, Moment, moment, plural};

/// Fields and lists that a page shows at most: more are found by searching.
const MOST: usize = 20;

/// A connection.
#[derive(Debug, Template)]
#[template(path = "connections/shown.html")]
pub struct ConnectionPage {
    chrome: Chrome,
    found: Connection,
    address: String,
    badge: Badge,
    meaning: &'static str,
    host: &'static str,
    app: &'static str,
    grant: &'static str,
    approves: bool,
    connect_words: &'static str,
    created: Moment,
    updated: Moment,
    users: Vec<(String, String)>,
    secrets: Vec<(&'static str, bool)>,
    test: Option<Test>,
    account: Option<Account>,
    /// Why the account could not be read.
    refused: Option<ProblemDocument>,
    search: String,
    copied: Copied,
}

#[derive(Debug)]
struct Test {
    ok: bool,
    checks: Vec<Check>,
}

/// What is known about the account, as it is shown.
#[derive(Debug)]
struct Account {
    read: Option<Moment>,
    facts: Vec<(&'static str, String)>,
    calls: Option<Calls>,
    fields: Shown<FieldView>,
    lists: Shown<ListView>,
    remarks: Vec<String>,
}

/// The first of those that a search finds.
#[derive(Debug)]
struct Shown<T> {
    all: usize,
    found: usize,
    items: Vec<T>,
}

/// The calls of today: parts of a hundred, and the same in words.
#[derive(Debug)]
struct Calls {
    used: u64,
    reserved: u64,
    words: String,
    rest: String,
}

impl ConnectionPage {
    /// The page of a connection with what is known of its account.
    pub fn new(chrome: &Chrome, found: Connection, account: Option<&AccountView>, search: &str) -> ConnectionPage {
        let copied = Copied::command(&["connections", "show", &found.name], &chrome.server);
        let account = account.map(|account| Account::of(account, found.reserve, search));
        ConnectionPage {
            chrome: chrome.at(Section::Authentications),
            address: part(&found.name),
            badge: words::badge(found.state),
            meaning: words::meaning(&found),
            host: words::host(&found.pardot_domain),
            app: words::app(found.connected_app),
            grant: words::grant(found.grant),
            approves: found.grant == GrantKind::RefreshToken,
            connect_words: if found.state == ConnectionState::Connected { "Connect again" } else { "Connect" },
            created: moment(&found.created),
            updated: moment(&found.updated),
            users: found.used_by.iter().map(|user| user_link(user)).collect(),
            secrets: kept(&found),
            test: None,
            account,
            refused: None,
            search: search.to_owned(),
            copied,
            found,
        }
    }

    /// With its file of a project's folder.
    #[must_use]
    pub fn yaml(self, yaml: String) -> ConnectionPage {
        ConnectionPage { copied: self.copied.yaml(yaml), ..self }
    }

    /// With what its test says.
    #[must_use]
    pub fn tested(self, diagnosis: Diagnosis) -> ConnectionPage {
        let checks = diagnosis.checks.into_iter().map(|check| Check { check: sentence(&check.check), ..check });
        ConnectionPage { test: Some(Test { ok: diagnosis.ok, checks: checks.collect() }), ..self }
    }

    /// With why the account could not be read.
    #[must_use]
    pub fn refused(self, problem: ProblemDocument) -> ConnectionPage {
        ConnectionPage { refused: Some(problem), ..self }
    }
}

/// Whoever uses a connection, with an address. Activations are told with their kind before the name.
fn user_link(user: &str) -> (String, String) {
    let address = match user.strip_prefix("activation ") {
        Some(name) => format!("/activations/{}", part(name)),
        None => format!("/queries/{}", part(user)),
    };
    (user.to_owned(), address)
}

/// The secrets that go with its grant, and whether each is kept.
fn kept(found: &Connection) -> Vec<(&'static str, bool)> {
    let mut secrets = vec![("Client Secret", found.secrets.client_secret)];
    match found.grant {
        GrantKind::RefreshToken => secrets.push(("Refresh Token", found.secrets.refresh_token)),
        GrantKind::ClientCredentials => {}
        GrantKind::JwtBearer => secrets.push(("Private key", found.secrets.private_key)),
    }
    secrets
}

/// A word with a capital.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl Account {
    fn of(view: &AccountView, reserve: u8, search: &str) -> Account {
        let mut facts = Vec::new();
        facts.extend(view.company.clone().map(|company| ("Company", company)));
        facts.extend(view.ampsea.map(|shared| {
            let words = if shared { "Several prospects may share one" } else { "Each stands once" };
            ("Emails", words.to_owned())
        }));
        facts.extend(view.api_version.map(|version| ("API version", version.to_string())));
        facts.extend(view.time_zone.clone().map(|zone| ("Daily calls start anew", format!("at midnight, {zone}"))));
        Account {
            read: Some(&view.read).filter(|read| !read.is_empty()).map(|read| moment(read)),
            facts,
            calls: Calls::of(view, reserve),
            fields: shown(&view.fields, search, |field| [field.name.clone(), field.label.clone()]),
            lists: shown(&view.lists, search, |list| [list.id.to_string(), list.name.clone()]),
            remarks: view.remarks.iter().map(|remark| sentence(remark)).collect(),
        }
    }
}

fn shown<T: Clone>(all: &[T], search: &str, texts: impl Fn(&T) -> [String; 2]) -> Shown<T> {
    let wanted = search.to_lowercase();
    let fits = |item: &&T| texts(item).iter().any(|text| text.to_lowercase().contains(&wanted));
    let found: Vec<&T> = all.iter().filter(fits).collect();
    Shown { all: all.len(), found: found.len(), items: found.into_iter().take(MOST).cloned().collect() }
}

impl<T> Shown<T> {
    /// What is not shown, in words.
    fn rest(&self) -> Option<String> {
        let hidden = self.found - self.items.len();
        (hidden > 0).then(|| format!("{} more: search for a name to see them.", grouped(hidden as u64)))
    }
}

impl Calls {
    fn of(view: &AccountView, reserve: u8) -> Option<Calls> {
        let (used, limit) = (view.calls_used?, view.calls_limit?);
        let share = |calls: u64| calls.min(limit).saturating_mul(100).checked_div(limit).unwrap_or(0);
        let percent = share(used);
        let words = format!("{} of {} used today ({percent} %)", grouped(used), plural(limit, "call", "calls"));
        let reserved = limit.saturating_mul(reserve.into()) / 100;
        let free = limit.saturating_sub(reserved).saturating_sub(used);
        let rest = if reserve == 0 {
            format!("{} left.", plural(free, "call", "calls"))
        } else {
            format!("{} left for Sluice; {} ({reserve} %) are left to others.", grouped(free), grouped(reserved))
        };
        Some(Calls { used: percent, reserved: reserve.into(), words, rest })
    }

    /// Where the part that is left to others begins.
    fn reserved_from(&self) -> u64 {
        100_u64.saturating_sub(self.reserved)
    }
}

/// A connection that is about to be deleted: what depends on it, or that nothing does.
#[derive(Debug, Template)]
#[template(path = "connections/deletion.html")]
pub struct ConnectionDeletion {
    chrome: Chrome,
    found: Connection,
    address: String,
    users: Vec<(String, String)>,
    refused: Option<ProblemDocument>,
    copied: Copied,
}

impl ConnectionDeletion {
    /// The page; `refused` says why it was not done.
    pub fn new(chrome: &Chrome, found: Connection, refused: Option<ProblemDocument>) -> ConnectionDeletion {
        ConnectionDeletion {
            chrome: chrome.at(Section::Authentications),
            address: part(&found.name),
            users: found.used_by.iter().map(|user| user_link(user)).collect(),
            refused,
            copied: Copied::command(&["connections", "delete", &found.name], &chrome.server),
            found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_today_as_parts_and_in_words() {
        let view = |used, limit| AccountView {
            read: String::new(),
            api_version: None,
            ampsea: None,
            company: None,
            time_zone: None,
            calls_used: used,
            calls_limit: limit,
            fields: Vec::new(),
            lists: Vec::new(),
            remarks: Vec::new(),
        };
        let told = |used, limit, reserve| {
            let calls = Calls::of(&view(Some(used), Some(limit)), reserve).unwrap();
            format!("{} {} | {} | {}", calls.used, calls.reserved_from(), calls.words, calls.rest)
        };
        expect_test::expect![[r"
            48 90 | 12,000 of 25,000 calls used today (48 %) | 10,500 left for Sluice; 2,500 (10 %) are left to others."]]
        .assert_eq(&told(12_000, 25_000, 10));
        expect_test::expect!["100 100 | 30,000 of 25,000 calls used today (100 %) | 0 calls left."]
            .assert_eq(&told(30_000, 25_000, 0));
        expect_test::expect!["0 100 | 0 of 0 calls used today (0 %) | 0 calls left."].assert_eq(&told(0, 0, 0));
        assert!(Calls::of(&view(None, Some(1)), 10).is_none());
    }

    #[test]
    fn whoever_uses_it_is_found() {
        assert_eq!(user_link("activation a/b").1, "/activations/a%2Fb");
        assert_eq!(user_link("nightly").1, "/queries/nightly");
    }

    #[test]
    fn a_search_finds_names_and_says_what_it_leaves_out() {
        let names: Vec<String> = (0..120).map(|number| format!("Field_{number}")).collect();
        let found = shown(&names, "field_1", |name| [name.clone(), String::new()]);
        assert_eq!((found.all, found.found, found.items.len()), (120, 31, 20));
        let found = shown(&names, "", |name| [name.clone(), String::new()]);
        assert_eq!(found.rest().as_deref(), Some("100 more: search for a name to see them."));
    }
}
