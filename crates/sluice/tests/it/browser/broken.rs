//! Something breaks: Salesforce takes the authority back in the middle of a run, and somebody mends it from the page.
//!
//! Knows what the pages must say; that nothing is lost or sent twice is the sandbox's to prove.

use crate::browser::access::sign_in;
use crate::browser::connect::asking;
use crate::browser::page::{Wish, journey};
use crate::contacts::{check_contacts, contacts};
use crate::server::{House, check_ends};

#[test]
fn a_revoked_connection_says_what_to_do_and_the_job_goes_on() {
    let house = House::start(asking());
    house.upload("c", &contacts(120, |_| false));
    house.query("nightly", &[]);
    house.bench.sandbox.revoke_refresh_tokens();
    journey("revoked", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.go("/queries/nightly");
        browser.press("Run");
        let job = browser.arrives("/jobs/");
        browser.reads("needs reconnect");
        browser.look("needs-reconnect");
        browser.go("/");
        browser.reads("nightly");
        browser.look("home");
        browser.go(&job);
        // The way out stands on the page of the job.
        browser.follow("Reconnect");
        browser.arrives("/connections/prod");
        browser.look("connection");
        browser.press("Connect");
        browser.heads("Allow access?");
        browser.press("Allow");
        browser.heads("Connected");
        browser.go(&job);
        browser.reads("120 read = 120 delivered");
        let job = job.split(['/', '?']).nth(2).expect("an id").to_owned();
        check_ends(&house.get(&format!("/jobs/{job}"))["rows"], [120, 120, 0, 0, 0, 0]);
        check_contacts(&house.bench, 120, |_| false);
    });
}
