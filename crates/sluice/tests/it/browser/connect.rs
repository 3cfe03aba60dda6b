//! A connection, from the catalog over Salesforce's login and back, a test of it, and a login that is denied.
//!
//! Knows the manual's names of fields and the sandbox's login.

use pardot_sim::{Config, OAuthSettings};

use crate::browser::access::sign_in;
use crate::browser::page::{Wish, journey};
use crate::harness::Bench;
use crate::server::House;

/// A sandbox whose login asks before it lets the app in.
pub(crate) fn asking() -> Bench {
    let oauth = OAuthSettings { auto_approve: false, ..OAuthSettings::default() };
    Bench::with(Config { oauth, ..Config::default() })
}

#[test]
fn a_connection_is_made_over_the_login_with_nothing_pasted() {
    let mut house = House::empty(asking());
    house.serve();
    house.set_up();
    let sandbox = house.bench.sandbox.connection();
    journey("connect", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.go("/connections");
        browser.look("authentications-empty");
        browser.go("/integrations");
        browser.heads("Salesforce Pardot");
        browser.look("catalog");
        browser.follow("Create Authentication");
        browser.look("new-authentication");
        browser.fill("Name", "prod");
        browser.tick("Another host");
        browser.fill("Address of the host", &sandbox.pardot_domain);
        browser.fill("Pardot Business ID", "0Uv1");
        browser.fill("Client ID", &sandbox.client_id);
        browser.fill("Client Secret", &sandbox.client_secret);
        browser.fill("Login URL", &sandbox.login_url);
        browser.press("Done");
        browser.alarms("pardot business id");
        browser.fill("Pardot Business ID", &sandbox.business_unit);
        browser.fill("Client Secret", &sandbox.client_secret);
        browser.press("Click here");
        // Salesforce's page, and back.
        browser.heads("Allow access?");
        browser.press("Allow");
        browser.heads("Connected");
        assert!(!browser.address().contains("code="), "the code is not left in the address");
        browser.look("connected");
        browser.follow("To the connection");
        browser.heads("prod");
        browser.press("Test");
        browser.heads("Test: all is well");
        browser.look("tested");
        assert_eq!(house.get("/connections/prod")["state"], "connected");
        // A login that is denied changes nothing.
        browser.press("Connect again");
        browser.heads("Allow access?");
        browser.press("Deny");
        browser.heads("Not approved");
        browser.look("denied");
        assert_eq!(house.get("/connections/prod")["state"], "connected");
        browser.go("/connections");
        browser.look("authentications");
    });
}
