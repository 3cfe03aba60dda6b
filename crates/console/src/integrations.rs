//! Integrations Hub > Catalog: where rows can go.
//!
//! Knows the one integration that there is.

use askama::Template;

use crate::chrome::{Chrome, Section};
use crate::copied::Copied;

/// Words by which the tile is found, besides its name.
const FOUND_BY: &str =
    "salesforce pardot marketing cloud account engagement crm prospects list memberships export email";

/// The catalog.
#[derive(Debug, Template)]
#[template(path = "integrations/catalog.html")]
pub struct Catalog {
    chrome: Chrome,
    search: String,
    found: bool,
    connections: u64,
}

impl Catalog {
    /// The page: what a search finds, and how many connections there are.
    pub fn new(chrome: &Chrome, search: &str, connections: u64) -> Catalog {
        let words = search.to_lowercase();
        let found = words.split_whitespace().all(|word| FOUND_BY.contains(word));
        Catalog { chrome: chrome.at(Section::Catalog), search: search.to_owned(), found, connections }
    }

    fn copied(&self) -> Copied {
        Copied::command(&["connections", "list"], &self.chrome.server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tile_is_found_by_what_people_call_it() {
        let chrome = Chrome {
            me: None,
            section: Section::Home,
            done: None,
            once: String::new(),
            sandbox: false,
            server: String::new(),
        };
        for (search, want) in [("", true), ("Pardot", true), (" salesforce  crm ", true), ("hubspot", false)] {
            assert_eq!(Catalog::new(&chrome, search, 0).found, want, "{search}");
        }
    }
}
