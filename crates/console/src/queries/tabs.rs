//! The parts of a query, each a page.
//!
//! Knows their addresses and names, and nothing of what is on them.

use askama::Template;

use crate::address::part;

/// A part of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Its SQL.
    Query,
    /// Where its rows go.
    Export,
    /// When it runs by itself.
    Schedule,
    /// Who is told of what.
    Notifications,
}

/// The parts of a query, with the one that is shown.
#[derive(Debug, Clone, Template)]
#[template(path = "queries/tabs.html")]
pub struct Tabs {
    links: Vec<Link>,
}

#[derive(Debug, Clone)]
struct Link {
    address: String,
    words: &'static str,
    current: bool,
}

impl Tabs {
    /// The parts of the query of this name.
    pub fn of(name: &str, shown: Tab) -> Tabs {
        let query = format!("/queries/{}", part(name));
        let link = |tab, below: &str, words| Link { address: format!("{query}{below}"), words, current: tab == shown };
        let mut links = vec![
            link(Tab::Query, "", "Query"),
            link(Tab::Export, "/export", "Export Results"),
            link(Tab::Schedule, "/schedule", "Schedule"),
            link(Tab::Notifications, "/notifications", "Notifications"),
        ];
        links.push(Link { address: format!("/jobs?query={}", part(name)), words: "Runs", current: false });
        Tabs { links }
    }
}
