//! The first admin, signing in and out, and what a browser does by itself: a session that ends while somebody types, a
//! second click, the back button.
//!
//! Knows no page but those that everybody passes, and the form of a query.

use serde_json::json;

use crate::browser::page::{Browser, Wish, journey};
use crate::harness::Bench;
use crate::server::{House, PASSWORD};

/// Signs the first admin in, who is there.
#[track_caller]
pub(crate) fn sign_in(browser: &Browser) {
    browser.go("/sign-in");
    browser.fill("Name", "ada");
    browser.fill("Password", PASSWORD);
    browser.press("Sign in");
    browser.heads("Home");
}

#[test]
fn the_first_admin_is_made_and_signs_in_and_out() {
    let mut house = House::empty(Bench::unique());
    house.serve();
    journey("set-up", &house, Wish::default(), |browser| {
        browser.go("/");
        browser.arrives("/setup");
        browser.look("set-up");
        browser.fill("Setup token", "setup_wrong");
        browser.fill("Your name", "ada");
        browser.fill("Password", PASSWORD);
        browser.press("Set up");
        browser.alarms("token");
        browser.look("wrong-token");
        assert_eq!(browser.value("Your name"), "ada", "what was typed is kept");
        assert_eq!(browser.value("Password"), "", "a secret is not");
        browser.fill("Setup token", house.bench.read("data/setup-token").trim());
        browser.fill("Password", PASSWORD);
        browser.press("Set up");
        browser.heads("Home");
        browser.look("first-steps");
        browser.press("Sign out");
        browser.arrives("/sign-in");
        browser.back();
        browser.go("/jobs");
        browser.arrives("/sign-in");
        browser.fill("Name", "ada");
        browser.fill("Password", "not the password at all");
        browser.press("Sign in");
        browser.alarms("password");
        browser.look("wrong-password");
        browser.fill("Password", PASSWORD);
        browser.press("Sign in");
        // The way leads on to where it led before.
        browser.arrives("/jobs");
    });
}

#[test]
fn a_session_that_ends_while_somebody_types_loses_nothing() {
    let house = House::start(Bench::unique());
    journey("session-ends", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.go("/new/query");
        browser.fill("Name", "typed at length");
        browser.fill("Description", "line one & <two> \"three\"");
        browser.sql("SELECT 'kept' AS email");
        // A new password ends every session.
        let change = json!({"password": "another password that is long"});
        house.send("PATCH", "/people/ada", &change).must(200);
        browser.press("Save");
        browser.reads("What you typed is kept");
        browser.look("sign-in-again");
        browser.fill("Name", "ada");
        browser.fill("Password", "another password that is long");
        browser.press("Sign in");
        browser.heads("You are signed in again");
        browser.look("go-on");
        browser.press("Back to what I typed");
        browser.heads("New Query");
        assert_eq!(browser.value("Name"), "typed at length");
        assert_eq!(browser.value("Description"), "line one & <two> \"three\"");
        assert!(browser.source().contains("SELECT 'kept' AS email"), "the SQL is there again");
        assert_eq!(house.get("/queries")["items"].as_array().map(Vec::len), Some(0), "nothing was saved meanwhile");
        browser.press("Save");
        browser.arrives("/queries/typed%20at%20length");
    });
}

#[test]
fn a_second_click_and_the_back_button_do_nothing_twice() {
    let house = House::start(Bench::unique());
    house.upload("c", "email\nada@example.com\n");
    house.query("once", &[]);
    journey("twice", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.go("/queries/once");
        browser.press_twice("Run");
        browser.arrives("/jobs/");
        browser.reads("1 read");
        let jobs = || house.get("/jobs")["items"].as_array().map(Vec::len);
        assert_eq!(jobs(), Some(1), "one job of two clicks");
        browser.back();
        browser.arrives("/queries/once");
        browser.reload();
        assert_eq!(jobs(), Some(1), "the way back starts nothing");
        browser.fill("Description", "changed");
        browser.press("Save");
        browser.reads("Saved.");
        browser.back();
        browser.reload();
        browser.heads("once");
        let saved = house.get("/queries/once");
        assert_eq!((&saved["description"], &saved["revision"]), (&json!("changed"), &json!(2)), "{saved}");
    });
}
