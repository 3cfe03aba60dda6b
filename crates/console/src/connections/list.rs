//! All connections.

use api::Connection;
use askama::Template;

use crate::address::part;
use crate::chrome::{Chrome, Section};
use crate::connections::words;
use crate::copied::Copied;
use crate::words::{Badge, plural};

/// A page of connections.
#[derive(Debug, Template)]
#[template(path = "connections/list.html")]
pub struct Connections {
    chrome: Chrome,
    rows: Vec<Row>,
    /// Whether connections stand before these.
    later: bool,
    next: Option<String>,
    copied: Copied,
}

#[derive(Debug)]
struct Row {
    name: String,
    address: String,
    business_unit: String,
    host: &'static str,
    domain: String,
    badge: Badge,
    remark: Option<String>,
    users: Option<String>,
}

impl Connections {
    /// The page. `later`: connections stand before these; `next`: where the ones after these begin.
    pub fn new(chrome: &Chrome, found: Vec<Connection>, later: bool, next: Option<&str>) -> Connections {
        let copied = Copied::command(&["connections", "list"], &chrome.server);
        Connections {
            chrome: chrome.at(Section::Authentications),
            rows: found.into_iter().map(Row::of).collect(),
            later,
            next: next.map(part),
            copied,
        }
    }
}

impl Row {
    fn of(found: Connection) -> Row {
        let used = found.used_by.len() as u64;
        Row {
            address: part(&found.name),
            host: words::host(&found.pardot_domain),
            badge: words::badge(found.state),
            users: (used > 0).then(|| plural(used, "use", "uses")),
            name: found.name,
            business_unit: found.business_unit,
            domain: found.pardot_domain,
            remark: found.remark,
        }
    }
}
