//! The sandbox of a server: the first export with forms alone, what the console shows of it, and what goes wrong on purpose.
//!
//! Knows no script: every step is a form that a browser sends.

use serde_json::{Value, json};

use crate::harness::Bench;
use crate::server::{Answer, House, PASSWORD, ask, check_ends};

/// A browser with a session.
struct Browser<'a> {
    house: &'a House,
    cookie: String,
}

impl Browser<'_> {
    fn open(house: &House) -> Browser<'_> {
        let login = json!({"name": "ada", "password": PASSWORD});
        let answer = house.by("", "POST", "/session", &login);
        answer.must(200);
        let cookie = header(&answer, "set-cookie").split(';').next().unwrap_or_default().to_owned();
        Browser { house, cookie }
    }

    fn asks(&self, first: &str, body: &str) -> Answer {
        let head = format!("{first} HTTP/1.1\r\ncookie: {}\r\nsec-fetch-site: same-origin", self.cookie);
        let head = format!("{head}\r\ncontent-type: application/x-www-form-urlencoded");
        ask(&self.house.served().address, &head, body.as_bytes()).expect("an answer")
    }

    #[track_caller]
    fn sees(&self, path: &str, words: &[&str]) -> String {
        let page = self.asks(&format!("GET {path}"), "");
        let text = page.text();
        assert_eq!(page.status, 200, "{path}: {text}");
        for words in words {
            assert!(text.contains(words), "{path} does not say {words}: {text}");
        }
        text
    }

    /// Sends a form; where the way leads on.
    #[track_caller]
    fn sends(&self, path: &str, form: &str) -> String {
        let answer = self.asks(&format!("POST {path}"), form);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
        header(&answer, "location")
    }
}

fn header(answer: &Answer, name: &str) -> String {
    let line = answer
        .head
        .lines()
        .find_map(|line| line.split_once(": ").filter(|(known, _)| known.eq_ignore_ascii_case(name)));
    line.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

fn serve(house: &mut House) {
    let served = house.try_serve("data", &["--sandbox-listen", "127.0.0.1:0"]).expect("the server starts");
    house.take(served);
}

fn started() -> House {
    let mut house = House::empty(Bench::unique());
    serve(&mut house);
    house.set_up();
    house
}

/// The SQL that the page offers.
fn offered(page: &str) -> String {
    let text = page.split("id=\"f-sql\"").nth(1).and_then(|rest| rest.split_once('>'));
    let sql = text.and_then(|(_, rest)| rest.split_once("</textarea>")).map(|(sql, _)| sql).unwrap_or_default();
    sql.trim().replace("&#60;", "<").replace("&#62;", ">").replace("&#39;", "'")
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn form_of_the_query(browser: &Browser<'_>) -> String {
    let page = browser.sees("/first-export", &["3. Make the query"]);
    format!("_do=save&prospect_lists=101&sql={}", encoded(&offered(&page)))
}

/// Makes connection, table and query.
fn make(browser: &Browser<'_>) {
    for step in ["connection", "table"] {
        assert_eq!(browser.sends(&format!("/first-export/{step}"), ""), "/first-export?done=created", "{step}");
    }
    let form = form_of_the_query(browser);
    assert_eq!(browser.sends("/first-export/query", &form), "/first-export?done=created");
}

fn run(browser: &Browser<'_>) -> Value {
    let to = browser.sends("/first-export/run", "");
    let id = to.strip_prefix("/jobs/").and_then(|rest| rest.strip_suffix("?done=started")).expect("a job");
    browser.house.ended(id)
}

#[test]
fn the_first_export_takes_forms_alone() {
    let house = started();
    let browser = Browser::open(&house);
    browser.sees("/sandbox", &["http://127.0.0.1:", "The daily calls are used up"]);
    browser.sees("/sandbox/prospects", &["No prospects yet"]);
    make(&browser);
    let job = run(&browser);
    assert_eq!(job["state"], "success", "{job}");
    let ends = &job["rows"];
    let delivered = ends["delivered"].as_u64().unwrap_or_default();
    assert!(delivered > 400 && ends["rejected"].as_u64() > Some(0) && ends["superseded"].as_u64() > Some(0), "{job}");
    check_ends(
        ends,
        [
            ends["read"].as_u64().unwrap_or_default(),
            delivered,
            ends["rejected"].as_u64().unwrap_or_default(),
            ends["superseded"].as_u64().unwrap_or_default(),
            0,
            0,
        ],
    );
    // The rows are there, with their list.
    let found = browser.sees("/sandbox/prospects?search=zoe.muller", &["zoe.muller+1@example.com", "Newsletter"]);
    assert!(!found.contains("sinead.oconnor"), "{found}");
    browser.sees("/sandbox/lists", &[&format!("{delivered}</td>")]);
    browser.sees("/sandbox/prospects?list=101&skip=50", &[&format!("51 to 100 of {delivered}")]);
    browser.sees("/sandbox/journal", &["Batch upsert of prospects"]);
    // Again: everything is there, and nobody is made twice.
    make(&browser);
    assert_eq!(run(&browser)["rows"]["delivered"], delivered);
    browser.sees("/sandbox/prospects?list=101", &[&format!("of {delivered}")]);
}

#[test]
fn what_goes_wrong_on_purpose_is_seen_in_the_job() {
    let house = started();
    let browser = Browser::open(&house);
    make(&browser);
    let refused = |job: &Value| job["rows"]["rejected"].as_u64().unwrap_or_default();
    let before = refused(&run(&browser));
    assert_eq!(browser.sends("/sandbox/faults", "_do=on&fault=row"), "/sandbox#switches");
    browser.sees("/sandbox", &["One fault is", "Switch off: Rows whose email has a 7"]);
    let with = refused(&run(&browser));
    assert!(with > before + 20, "{before} {with}");
    assert_eq!(browser.sends("/sandbox/acts", "_do=all-well"), "/sandbox?done=acted");
    assert_eq!(refused(&run(&browser)), before);
    // A connection whose approval has ended is made anew.
    browser.sends("/sandbox/acts", "_do=revoke");
    let test = browser.asks("POST /connections/sandbox/test", "");
    assert!(test.text().contains("something must be mended"), "{}", test.text());
    browser.sees("/first-export", &["The sandbox does not accept it any more"]);
    make(&browser);
    assert_eq!(refused(&run(&browser)), before);
    browser.sends("/sandbox/acts", "_do=reset");
    browser.sees("/sandbox/prospects", &["No prospects yet"]);
    for (path, form) in [("/sandbox/faults", "_do=on&fault=odd"), ("/sandbox/acts", "_do=odd")] {
        assert_eq!(browser.asks(&format!("POST {path}"), form).status, 400, "{path}");
    }
}

#[test]
fn a_restart_is_noticed_and_what_is_somebody_elses_is_left_alone() {
    let mut house = started();
    make(&Browser::open(&house));
    house.stop("TERM");
    serve(&mut house);
    let browser = Browser::open(&house);
    browser.sees("/first-export", &["the sandbox of an earlier start"]);
    make(&browser);
    assert_eq!(run(&browser)["state"], "success");
    // The sandbox opens its own address alone.
    let own = house.connection("bench");
    assert_eq!(house.send("POST", "/connections", &own).status, 422);
    // A table of the same name that is no sample.
    house.upload("contacts", "email\na@example.com\n");
    browser.sees("/first-export", &["it is not the sample"]);
    let told = browser.asks("POST /first-export/table", "");
    assert_eq!(told.status, 409);
    assert_eq!(house.get("/tables/contacts")["rows"], 1);
    // SQL that cannot be read is told beside its field, as it was typed.
    house.send("DELETE", "/queries/first-export", &Value::Null);
    assert_eq!(house.send("DELETE", "/tables/contacts", &Value::Null).status, 204);
    browser.sends("/first-export/table", "");
    let wrong = browser.asks("POST /first-export/query", "_do=save&sql=SELECT+emial+FROM+contacts&prospect_lists=101");
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    assert!(
        wrong.text().contains("SELECT emial FROM contacts") && wrong.text().contains("f-sql-fault"),
        "{}",
        wrong.text()
    );
}

#[test]
fn a_sandbox_listens_on_this_machine_alone() {
    let house = House::empty(Bench::unique());
    let Err(outcome) = house.try_serve("data", &["--sandbox-listen", "0.0.0.0:0"]) else { panic!("it starts") };
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    assert!(outcome.stderr.contains("--sandbox-listen: must be"), "{outcome:?}");
}
