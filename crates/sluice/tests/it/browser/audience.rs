//! From a table to people in a list: parent segment, segment with a live count, activation with its output mapping.
//!
//! Knows the words of the pages; what the sandbox holds at the end is the proof.

use serde_json::json;

use crate::browser::access::sign_in;
use crate::browser::page::{Wish, journey};
use crate::harness::Bench;
use crate::server::House;

/// A third of the people lives in each country.
fn people() -> String {
    let countries = ["DE", "AT", "FR"];
    (0..60).fold("email_address,first_name,country\n".to_owned(), |csv, row| {
        csv + &format!("p{row:02}@example.com,Ada {row},{}\n", countries[row % 3])
    })
}

#[test]
fn a_segment_is_made_and_activated() {
    let house = House::start(Bench::unique());
    house.upload("contacts", &people());
    let list = house.bench.sandbox.add_list(&house.bench.unit(), "Austria", false);
    journey("audience", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.go("/parent-segments");
        browser.look("audience-studio-empty");
        browser.follow("New parent segment");
        browser.fill("Name", "people");
        browser.choose("Master table", "contacts");
        browser.choose("Key", "email_address");
        browser.look("new-parent-segment");
        browser.press("Create parent segment");
        browser.arrives("/parent-segments/people");
        browser.press("Refresh");
        let refreshes = || house.get("/jobs")["items"][0]["state"] == "success";
        browser.until("the refresh", || if refreshes() { Ok(()) } else { Err("has not ended".into()) });
        browser.go("/parent-segments/people");
        browser.reads("60 profiles");
        browser.look("parent-segment");

        browser.follow("New segment");
        browser.fill("Segment name", "Austrians");
        browser.choose("Attribute or behavior", "contacts: country (text)");
        browser.fill("Value", "AT");
        // Nobody asks for it: it follows what is typed.
        browser.reads("20 of 60 profiles");
        browser.look("new-segment");
        browser.press("Create segment");
        browser.arrives("/segments/Austrians");
        browser.look("segment");

        browser.follow("Create Activation");
        browser.fill("Activation name", "To the list");
        browser.choose("Authentication", "prod");
        browser.fill("List ID", &list.to_string());
        browser.press("+ Add Columns");
        browser.choose("Source column", "email_address");
        browser.fill("Output Column Name", "email");
        browser.press("Show what would be sent");
        browser.reads("p01@example.com");
        browser.look("create-activation");
        browser.press("Create");
        browser.arrives("/activations/To%20the%20list");
        browser.look("activation");
        browser.press("Run");
        browser.reads("Started.");
        let job = house.get("/jobs")["items"][0]["id"].as_str().expect("an id").to_owned();
        house.succeeds(&job, 20);
        browser.go(&format!("/jobs/{job}"));
        browser.reads("20 read = 20 delivered");
        let members = house.bench.prospects();
        assert_eq!(members.len(), 20);
        assert!(members.iter().all(|prospect| prospect["lists"] == json!([list])), "{members:?}");
        browser.go("/parent-segments/people");
    });
}
