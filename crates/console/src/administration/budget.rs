//! Budgets: how many of the account's daily calls each connection may use, in words.
//!
//! Knows what reserve and budget mean; they are changed where the connection is.

use api::Connection;
use askama::Template;
use model::grouped;

use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::link;
use crate::words::plural;

/// The page.
#[derive(Debug, Template)]
#[template(path = "settings/budget.html")]
pub struct Budget {
    chrome: Chrome,
    lines: Vec<Line>,
    older: Option<String>,
    newest: Option<String>,
    copied: Copied,
}

#[derive(Debug)]
struct Line {
    name: String,
    address: String,
    edit: String,
    business_unit: String,
    reserve: u8,
    budget: String,
    words: String,
}

impl Budget {
    /// The page. `next` is where the list goes on, `further` whether this is not its beginning.
    pub fn new(chrome: Chrome, connections: &[Connection], next: Option<&str>, further: bool) -> Budget {
        let name = connections.first().map_or("NAME", |connection| connection.name.as_str());
        let copied =
            Copied::command(&["connections", "update", name, "--reserve", "10", "--daily-budget", "0"], &chrome.server);
        Budget {
            copied,
            lines: connections.iter().map(line).collect(),
            older: next.map(|next| format!("/settings/budget?after={}", crate::part(next))),
            newest: further.then(|| "/settings/budget".to_owned()),
            chrome,
        }
    }
}

fn line(connection: &Connection) -> Line {
    let address = link::connection(&connection.name);
    Line {
        name: connection.name.clone(),
        edit: format!("{address}/edit"),
        address,
        business_unit: connection.business_unit.clone(),
        reserve: connection.reserve,
        budget: match connection.daily_budget {
            0 => "none".into(),
            calls => grouped(calls),
        },
        words: words(connection.reserve, connection.daily_budget),
    }
}

/// What reserve and budget mean together.
fn words(reserve: u8, budget: u64) -> String {
    let left = match reserve {
        0 => "Nothing is kept back for others".to_owned(),
        percent => format!("{percent} % of the account's daily calls are left to others"),
    };
    match budget {
        0 if reserve == 0 => "All of the account's daily calls may be used.".into(),
        0 => format!("{left}; all the rest may be used."),
        calls => format!("At most {} a day. {left}.", plural(calls, "call", "calls")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserve_and_budget_in_words() {
        let cases = [
            (0, 0, "All of the account's daily calls may be used."),
            (10, 0, "10 % of the account's daily calls are left to others; all the rest may be used."),
            (10, 2_000, "At most 2,000 calls a day. 10 % of the account's daily calls are left to others."),
            (0, 1, "At most 1 call a day. Nothing is kept back for others."),
        ];
        for (reserve, budget, want) in cases {
            assert_eq!(words(reserve, budget), want, "{reserve} {budget}");
        }
    }
}
