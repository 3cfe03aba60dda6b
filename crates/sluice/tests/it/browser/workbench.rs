//! From a file to prospects: a table, a query in the editor, its export, a run that is watched, and what was rejected.
//!
//! Knows the manual's words; what the sandbox holds at the end is the proof.

use crate::browser::access::sign_in;
use crate::browser::page::{Wish, journey};
use crate::contacts::{check_contacts, contacts};
use crate::harness::Bench;
use crate::server::{House, check_ends};

#[test]
fn a_file_becomes_prospects_and_its_bad_rows_come_back() {
    let house = House::start(Bench::unique());
    let file = house.bench.write("contacts.csv", &contacts(120, |row| row == 7));
    let file = file.to_str().expect("a path");
    journey("workbench", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.go("/tables");
        browser.look("tables-empty");
        browser.go("/new/table");
        browser.fill("Name", "c");
        browser.add("File", file);
        browser.look("new-table");
        browser.press("Upload");
        browser.arrives("/tables/c");
        browser.reads("first_name");
        browser.look("table");

        browser.go("/queries");
        browser.look("queries-empty");
        browser.follow("New Query");
        browser.fill("Name", "nightly");
        browser.sql("SELECT * FROM nowhere");
        browser.press("Preview");
        browser.alarms("nowhere");
        browser.sql("SELECT * FROM c ORDER BY email DESC");
        browser.press("Preview");
        browser.reads("row00120@example.com");
        browser.look("preview");
        browser.press("Save");
        browser.arrives("/queries/nightly");

        browser.follow("Export Results");
        browser.choose("Authentication", "prod");
        browser.look("export-results");
        browser.tick("Skip invalid records");
        browser.unfold("Fine tuning");
        browser.fill("Initial retry wait", "0.01");
        browser.press("Done");
        browser.reads("Saved.");
        browser.go("/queries/nightly");
        browser.reads("Prospects to prod");

        // The first batch waits at Pardot's door, so that the page shows a job at work.
        let (arrived, release) = house.hold(house.seen() + 1);
        browser.press("Run");
        let job = browser.arrives("/jobs/");
        let _ = arrived.recv_timeout(crate::harness::LONGEST_RUN);
        browser.reads("sending");
        browser.look("job-sending");
        browser.script("window.kept = 'the same page'", serde_json::json!([]));
        drop(release);
        browser.reads("120 read = 119 delivered + 1 rejected + 0 superseded + 0 held + 0 unsent");
        let kept = browser.script("return window.kept", serde_json::json!([]));
        assert_eq!(kept, "the same page", "it is live, and not loaded anew");
        browser.look("job-success");

        browser.follow("CSV: Rejected rows");
        let rejected = browser.downloaded(".csv");
        assert!(rejected.contains("nobody-7"), "{rejected}");
        assert_eq!(rejected.lines().count(), 2, "{rejected}");

        let job = job.split(['/', '?']).nth(2).expect("an id").to_owned();
        check_ends(&house.get(&format!("/jobs/{job}"))["rows"], [120, 119, 1, 0, 0, 0]);
        check_contacts(&house.bench, 120, |row| row == 7);
        // What cannot be taken back is asked about first.
        browser.press("Retry rejected rows");
        browser.agree("Send the rejected rows again");
        browser.reads("1 read = 0 delivered + 1 rejected + 0 superseded + 0 held + 0 unsent");
        browser.go("/jobs");
        browser.reads("119 delivered");
        browser.look("jobs");
        browser.go("/");
        browser.look("home");
    });
}

#[test]
fn a_schedule_is_understood_before_it_is_saved() {
    let house = House::start(Bench::unique());
    house.upload("c", "email\nada@example.com\n");
    house.query("nightly", &[]);
    journey("schedule", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.go("/schedules");
        browser.look("calendar-empty");
        browser.go("/queries/nightly/schedule");
        browser.choose("Schedule", "Custom cron...");
        browser.fill("Cron", "0 2 * *");
        browser.press("Save");
        browser.alarms("cron");
        browser.look("wrong-cron");
        browser.fill("Cron", "0 2 * * *");
        browser.fill("Time zone", "Europe/Berlin");
        browser.fill("Delay execution", "600");
        browser.press("Show the next runs");
        browser.reads("02:00");
        browser.look("next-runs");
        assert_eq!(house.get("/queries/nightly")["schedule"], serde_json::Value::Null, "shown, and not saved");
        browser.press("Save");
        browser.reads("Saved.");
        let saved = house.get("/queries/nightly")["schedule"].clone();
        assert_eq!(
            (&saved["cron"], &saved["timezone"], &saved["delay"]),
            (&"0 2 * * *".into(), &"Europe/Berlin".into(), &600.into())
        );
        browser.look("schedule");
        browser.go("/schedules");
        browser.reads("nightly");
        browser.look("calendar");
        browser.go("/queries/nightly/notifications");
        browser.look("notifications");
    });
}
