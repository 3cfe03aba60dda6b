//! A query made and run with the keyboard alone.
//!
//! Knows the order of no page: it presses Tab until the focus is where it must get to, and fails where it never does.

use crate::browser::page::{Browser, Wish, journey};
use crate::browser::person::key;
use crate::contacts::{check_contacts, contacts};
use crate::harness::Bench;
use crate::server::{House, PASSWORD};

/// Stops of Tab that a page may have before the one that is looked for.
const STOPS: usize = 60;

/// Goes on to what has this name; everything on the way can be seen to have the focus.
#[track_caller]
fn to(browser: &Browser, name: &str) {
    let mut passed = Vec::new();
    for _ in 0..STOPS {
        browser.types(key::TAB);
        let focused = browser.focused();
        assert!(focused.seen, "{:?} has the focus, and nothing shows it, at {}", focused.name, browser.address());
        let found = focused.name == name || focused.name.starts_with(&format!("{name} "));
        passed.push(focused.name);
        if found {
            return;
        }
    }
    panic!("Tab never comes to {name:?} at {}: {passed:?}", browser.address());
}

#[test]
fn a_query_is_made_and_run_with_the_keyboard_alone() {
    let house = House::start(Bench::unique());
    house.upload("c", &contacts(60, |_| false));
    journey("keyboard", &house, Wish::default(), |browser| {
        browser.go("/sign-in?next=/queries");
        to(browser, "Skip to the content");
        to(browser, "Name");
        browser.types("ada");
        to(browser, "Password");
        browser.types(PASSWORD);
        browser.types(key::ENTER);
        browser.arrives("/queries");
        browser.heads("Queries");
        to(browser, "Skip to the content");
        browser.types(key::ENTER);
        to(browser, "New Query");
        browser.types(key::ENTER);
        browser.heads("New Query");
        to(browser, "Name");
        browser.types("typed");
        to(browser, "SQL");
        browser.types("SELECT * FROM c");
        // Whatever the editor offers is closed, and Tab leads on.
        browser.types(key::ESCAPE);
        to(browser, "Save");
        browser.types(key::ENTER);
        browser.arrives("/queries/typed");
        to(browser, "Export Results");
        browser.types(key::ENTER);
        browser.heads("Export Results");
        to(browser, "Authentication");
        browser.types("prod");
        to(browser, "Done");
        browser.types(key::ENTER);
        browser.reads("Saved.");
        browser.go("/queries/typed");
        to(browser, "Run");
        browser.types(key::ENTER);
        browser.arrives("/jobs/");
        browser.reads("60 read = 60 delivered");
        check_contacts(&house.bench, 60, |_| false);
    });
}
