//! The guided first export to the sandbox that the server runs itself, and the pages that no other journey passes.
//!
//! Knows what is written on them.

use crate::browser::access::sign_in;
use crate::browser::page::{Wish, journey};
use crate::harness::Bench;
use crate::server::House;

/// Pages that are only looked at: address and heading.
const PAGES: [(&str, &str); 15] = [
    ("/sandbox", "Sandbox"),
    ("/sandbox/prospects", "Prospects"),
    ("/sandbox/lists", "Lists"),
    ("/sandbox/journal", "Journal"),
    ("/settings", "Settings"),
    ("/settings/people", "Settings"),
    ("/settings/tokens", "Settings"),
    ("/settings/notifications", "Settings"),
    ("/settings/notices", "Settings"),
    ("/settings/budget", "Settings"),
    ("/settings/keys", "Settings"),
    ("/settings/audit", "Settings"),
    ("/settings/me", "Settings"),
    ("/new/person", "Add a person"),
    ("/new/webhook", "Add a webhook"),
];

#[test]
fn a_first_export_takes_four_clicks() {
    let mut house = House::empty(Bench::unique());
    let served = house.try_serve("data", &["--sandbox", "--sandbox-listen", "127.0.0.1:0"]).expect("it starts");
    house.take(served);
    house.set_up();
    journey("first-export", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.follow("Make a first export to the sandbox");
        browser.heads("First export");
        browser.look("first-export");
        for step in ["Make the connection", "Make the table", "Make the query"] {
            browser.press(step);
        }
        browser.press("Run it");
        browser.arrives("/jobs/");
        browser.reads("451 read = 438 delivered + 11 rejected + 2 superseded + 0 held + 0 unsent");
        for (address, heading) in PAGES {
            browser.go(address);
            browser.heads(heading);
            browser.look(&address[1..].replace('/', "-"));
        }
    });
    // Nothing went to the other sandbox, which nobody named.
    assert_eq!(house.bench.prospects().len(), 0);
}
