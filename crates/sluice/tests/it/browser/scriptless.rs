//! The core of the work in a browser that runs no script.
//!
//! Knows the same words as with script.

use crate::browser::access::sign_in;
use crate::browser::page::{Wish, journey};
use crate::contacts::{check_contacts, contacts};
use crate::harness::Bench;
use crate::server::House;

#[test]
fn a_query_is_made_and_run_without_script() {
    let house = House::start(Bench::unique());
    let file = house.bench.write("contacts.csv", &contacts(60, |_| false));
    journey("scriptless", &house, Wish { scriptless: true }, |browser| {
        sign_in(browser);
        browser.go("/new/table");
        browser.fill("Name", "c");
        browser.add("File", file.to_str().expect("a path"));
        browser.press("Upload");
        browser.arrives("/tables/c");
        browser.go("/new/query");
        browser.fill("Name", "plain");
        browser.sql("SELECT * FROM c");
        browser.press("Preview");
        browser.reads("row00001@example.com");
        assert_eq!(browser.source().trim(), "SELECT * FROM c", "what was typed is kept");
        browser.press("Save");
        browser.arrives("/queries/plain");
        browser.follow("Export Results");
        browser.choose("Authentication", "prod");
        browser.press("Done");
        browser.reads("Saved.");
        browser.go("/queries/plain/schedule");
        browser.choose("Schedule", "@daily (midnight)");
        browser.press("Save");
        browser.reads("Saved.");
        browser.go("/queries/plain");
        browser.press("Run");
        browser.arrives("/jobs/");
        // The page loads itself anew until the job has ended.
        browser.reads("60 read = 60 delivered");
        check_contacts(&house.bench, 60, |_| false);
        assert_eq!(house.get("/queries/plain")["schedule"]["cron"], "@daily");
        browser.press("Sign out");
        browser.arrives("/sign-in");
    });
}
