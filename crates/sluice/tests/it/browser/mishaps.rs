//! What goes wrong while somebody types: an answer that is no page, a session that ended, a server that is away, a request
//! that was stopped. What was typed is still there, and the page says what happened.
//!
//! Knows forms by their labels.

use serde_json::{Value, json};

use crate::browser::access::sign_in;
use crate::browser::page::{Browser, Wish, journey};
use crate::browser::person::key;
use crate::harness::Bench;
use crate::server::House;

const OTHER: &str = "another password that is long";
/// Takes longer than anybody waits.
const SLOW: &str = "SELECT COUNT(*) AS n FROM generate_series(1, 3000000) a, generate_series(1, 3000000) b \
    WHERE a.value % 7 = b.value % 11";

/// A house with people of two countries, refreshed.
fn audience() -> House {
    let house = House::start(Bench::unique());
    house.upload("contacts", "email_address,country\na@example.com,AT\nb@example.com,DE\n");
    let people = json!({"name": "people", "master": {"table": "contacts", "key": "email_address"}});
    house.send("POST", "/parent-segments", &people).must(201);
    let job = house.send("POST", "/parent-segments/people/refresh", &Value::Null).must(202);
    house.ended(job["id"].as_str().expect("an id"));
    house
}

/// Begins a segment, up to the value of its condition.
fn begin_segment(browser: &Browser) {
    browser.go("/new/segment?of=people");
    browser.fill("Segment name", "typed at length");
    browser.choose("Attribute or behavior", "contacts: country (text)");
    browser.fill("Value", "AT");
    browser.reads("1 of 2 profiles");
}

/// Whether the page asks before it is left.
fn guards(browser: &Browser) -> bool {
    const LEAVE: &str = "const leaving = new Event('beforeunload', {cancelable: true}); \
        dispatchEvent(leaving); return leaving.defaultPrevented";
    browser.script(LEAVE, json!([])) == true
}

#[test]
fn an_answer_without_the_part_takes_nothing_away() {
    let house = House::start(Bench::unique());
    house.upload("c", "email\nada@example.com\n");
    house.query("gone", &[]);
    house.query("there", &[]);
    journey("refused", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.go("/queries/gone");
        browser.sql("SELECT 'typed at length' AS email");
        browser.missed.borrow_mut().push(format!("{}/queries/gone ", browser.console));
        house.send("DELETE", "/queries/gone", &Value::Null).must(204);
        browser.press("Preview");
        browser.alarms("not found");
        assert!(browser.source().contains("typed at length"), "what was typed is still there");
        browser.look("refused");

        // An answer that is no page at all.
        browser.go("/queries/there/export");
        browser.choose("Authentication", "prod");
        browser.reads("Settings");
        let nowhere = "/api/v1/nowhere";
        browser.missed.borrow_mut().push(format!("{}{nowhere} ", browser.console));
        browser.script("document.getElementById('export').action = arguments[0]", json!([nowhere]));
        browser.press("Look again at columns and calls");
        browser.alarms("nothing at this address");
        assert_eq!(browser.value("Authentication"), "prod");
        browser.script("document.getElementById('export').action = '/queries/there/export'", json!([]));
        browser.press("Look again at columns and calls");
        browser.until("the alarm to end", || {
            let shown = browser.script("return document.getElementById('refused').innerText", json!([]));
            if shown == "" { Ok(()) } else { Err(shown.to_string()) }
        });

        browser.go("/new/table");
        browser.fill("Name", "c2");
        browser.add("File", house.bench.write("c.csv", "email\na@example.com\n").to_str().expect("a path"));
        browser.script("document.querySelector('[data-upload]').action = arguments[0]", json!([nowhere]));
        browser.press("Upload");
        browser.reads("there is nothing at this address");
        assert_eq!(browser.value("Name"), "c2");
    });
}

#[test]
fn a_live_count_after_the_session_ended_takes_nothing_away() {
    let house = audience();
    journey("session-ends-in-a-segment", &house, Wish::default(), |browser| {
        sign_in(browser);
        begin_segment(browser);
        house.send("PATCH", "/people/ada", &json!({"password": OTHER})).must(200);
        browser.fill("Value", "DE");
        browser.alarms("your session has ended");
        assert_eq!(browser.address(), "/new/segment?of=people");
        browser.look("session-ended");
        browser.press("Create segment");
        browser.reads("What you typed is kept");
        browser.fill("Name", "ada");
        browser.fill("Password", OTHER);
        browser.press("Sign in");
        browser.press("Back to what I typed");
        browser.heads("New segment");
        assert_eq!((browser.value("Segment name"), browser.value("Value")), ("typed at length".into(), "DE".into()));
        assert!(guards(browser), "it is still not saved");

        // Where nobody typed anything the way leads to the sign-in, and back.
        browser.go("/sign-in");
        browser.go("/new/segment?of=people");
        house.send("PATCH", "/people/ada", &json!({"password": format!("{OTHER} too")})).must(200);
        browser.script("htmx.trigger('#segment-form', 'htmx:afterSettle')", json!([]));
        browser.arrives("/sign-in?next=%2Fnew%2Fsegment%3Fof%3Dpeople");
    });
}

#[test]
fn a_server_that_is_away_is_told_and_comes_back() {
    let house = audience();
    journey("server-away", &house, Wish::default(), |browser| {
        sign_in(browser);
        begin_segment(browser);
        // What cannot be asked for is an error of the browser's log, and of htmx's.
        let errors = ["/new/segment", "/assets/htmx.js"].map(|path| format!("{}{path}", browser.console));
        browser.missed.borrow_mut().extend(errors);
        let address = house.served().address.clone();
        house.served().signal("KILL");
        browser.fill("Value", "A");
        browser.reads("The server does not answer. What you see is as of ");
        browser.look("server-away");
        browser.press("Count");
        browser.alarms("what you typed is still here");
        assert_eq!(browser.value("Segment name"), "typed at length");
        let back = browser.until("the server to be back", || {
            house.try_serve("data", &["--allow-loopback", "--listen", &address]).map_err(|end| format!("{end:?}"))
        });
        browser.fill("Value", "DE");
        browser.until("nothing to be said", || {
            let text = browser.text();
            if text.contains("does not answer") { Err(text) } else { Ok(()) }
        });
        browser.press("Count");
        browser.reads("1 of 2 profiles");
        browser.press("Show some profiles");
        browser.reads("b@example.com");
        drop(back);
    });
}

#[test]
fn a_request_that_was_stopped_can_be_sent_again() {
    const STOP: &str = "addEventListener('submit', (event) => { \
        if (!event.defaultPrevented) { event.preventDefault(); window.sent = (window.sent ?? 0) + 1; } })";
    const BUSY: &str = "return [window.sent, document.querySelectorAll('[aria-disabled]').length]";
    let house = House::start(Bench::unique());
    house.upload("c", "email\nada@example.com\n");
    house.query("slow", &[]);
    journey("stopped", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.go("/queries/slow");
        // What the browser's own Stop comes to: it was sent, and no answer comes.
        browser.script(STOP, json!([]));
        browser.press("Save");
        browser.press("Save");
        assert_eq!(browser.script(BUSY, json!([])), json!([1, 1]), "once, however often it is pressed");
        browser.types(key::ESCAPE);
        assert_eq!(browser.script(BUSY, json!([])), json!([1, 0]));
        browser.press("Save");
        assert_eq!(browser.script(BUSY, json!([])), json!([2, 1]));

        browser.go("/new/query");
        browser.fill("Name", "new");
        browser.sql("SELECT * FROM nowhere");
        // With what the editor offers still open.
        browser.chord(key::CONTROL, "\u{e007}");
        browser.alarms("nowhere");
        const OFFERS: &str =
            "return document.querySelector('sluice-editor').shadowRoot.querySelectorAll('.cm-tooltip').length";
        assert_eq!(browser.script(OFFERS, json!([])), 0, "nothing is offered any more");
        browser.sql(SLOW);
        browser.press("Preview");
        browser.reads("The query runs.");
        const WRONG: &str = "return document.querySelectorAll('main .faults:not([hidden]), main .wrong').length";
        assert_eq!(browser.script(WRONG, json!([])), 0, "what the last one found is not said of this one");
        let seen = "const box = document.getElementById('looking').getBoundingClientRect(); \
            return box.top >= 0 && Math.floor(box.bottom) <= innerHeight";
        assert_eq!(browser.script(seen, json!([])), true, "that it runs can be seen");
        browser.press("Cancel");
        browser.reads("Cancelled. Nothing was sent.");
        browser.look("cancelled");
        assert!(guards(browser), "after all that it is still not saved");
    });
}

#[test]
fn what_is_not_saved_is_not_left_without_a_question() {
    let house = audience();
    house.upload("c", "email\nada@example.com\n");
    house.query("q", &[]);
    let forms = [
        "/queries/q",
        "/queries/q/export",
        "/queries/q/schedule",
        "/queries/q/notifications",
        "/new/connection",
        "/new/parent-segment",
        "/new/segment?of=people",
        "/new/webhook",
    ];
    const TYPE: &str = "const field = [...document.querySelectorAll('main form[data-watch] :is(input, select, textarea)')] \
        .find((field) => field.type !== 'hidden'); field.dispatchEvent(new Event('input', {bubbles: true}))";
    journey("not-saved", &house, Wish::default(), |browser| {
        sign_in(browser);
        for form in forms {
            browser.go(form);
            assert!(!guards(browser), "{form}: nothing was typed");
            browser.script(TYPE, json!([]));
            assert!(guards(browser), "{form}: something was typed");
            browser.script("document.querySelector('.changed').classList.remove('changed')", json!([]));
        }
        browser.go("/new/query");
        browser.fill("Name", "a/b");
        browser.sql("SELECT 'ada@example.com' AS email");
        browser.press("Preview");
        browser.reads("ada@example.com");
        assert!(guards(browser), "looked at, and not saved");
        browser.press("Save");
        browser.alarms("name");
        assert!(guards(browser), "refused, and not saved");
        browser.fill("Name", "saved");
        browser.press("Save");
        browser.reads("Created.");
        // Told once: the address is the query's own.
        assert_eq!(browser.address(), "/queries/saved");
        assert!(!guards(browser), "saved");
        browser.reload();
        browser.heads("saved");
        assert!(!browser.text().contains("Created."), "{}", browser.text());
    });
}

#[test]
fn the_focus_follows_what_a_button_of_a_list_did() {
    let house = audience();
    journey("lists", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.go("/new/parent-segment");
        let named = |want: &str| {
            browser.until(want, || {
                let name = browser.focused().name;
                if name.starts_with(want) { Ok(()) } else { Err(format!("{name:?} has the focus")) }
            });
        };
        let items = || browser.script("return document.querySelectorAll('#attributes .items > li').length", json!([]));
        for number in 1..=3 {
            browser.press("+ Add attribute");
            browser.until("the attribute", || if items() == number { Ok(()) } else { Err(items().to_string()) });
            named("Table");
        }
        let press = |name: &str| {
            let focus = "arguments[0].focus()";
            browser.with("button", name, |element| {
                browser.try_call("POST", "/execute/sync", &json!({"script": focus, "args": [element.argument()]}))
            });
            browser.types(key::ENTER);
        };
        press("Move attribute 1 down");
        named("Move attribute 2 down");
        // Pressed again it moves the same one on, and takes nothing back.
        browser.types(key::ENTER);
        named("Move attribute 3 down");
        press("Move attribute 3 up");
        named("Move attribute 2 up");
        press("Remove attribute 2");
        named("Remove attribute 2");
        browser.types(key::ENTER);
        named("Remove attribute 1");
        browser.types(key::ENTER);
        named("+ Add attribute");
    });
}
