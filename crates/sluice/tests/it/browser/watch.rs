//! What must not happen on any page: script errors, breaches of the policy, calls of other hosts.
//!
//! Knows the browser's logs; what is asked of a page stands elsewhere.

use serde_json::{Value, json};

use crate::browser::look::look;
use crate::browser::page::{Browser, Wish, journey};
use crate::harness::Bench;
use crate::server::House;

/// Runs before any script of a page: a breach of its policy is told like an error, wherever the page goes next.
const LISTEN: &str = "document.addEventListener('securitypolicyviolation', (breach) => console.error('policy', \
    breach.violatedDirective, breach.blockedURI, breach.target.outerHTML?.slice(0, 300)));";

/// Refusals that pages show: the browser calls them errors, and they are answers.
const ANSWERS: [&str; 6] = ["401", "403", "409", "412", "422", "429"];

/// Begins to listen.
pub(crate) fn listen(browser: &Browser) {
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({"source": LISTEN}));
}

/// What was heard since the last time that must not be.
pub(crate) fn heard(browser: &Browser) -> Vec<String> {
    let errors = browser.log("browser").into_iter().filter(|entry| entry["level"] == "SEVERE");
    let said = errors.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned());
    let ours = said.filter(|message| !is_answer(message) && !browser.expects(message));
    let mut wrong: Vec<String> = ours.collect();
    wrong.extend(browser.log("performance").iter().filter_map(|entry| stray(browser, entry)));
    wrong
}

fn is_answer(message: &str) -> bool {
    // What somebody stops, or types over, is stopped: the library calls that an error.
    let stopped = ["\"htmx:sendAbort,", "\"htmx:afterRequest,"].iter().any(|said| message.contains(said));
    stopped || ANSWERS.iter().any(|status| message.contains(&format!("responded with a status of {status} ")))
}

/// A request to a host that is neither the server nor the sandbox.
fn stray(browser: &Browser, entry: &Value) -> Option<String> {
    let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
    let message = &message["message"];
    let address = match message["method"].as_str()? {
        "Network.requestWillBeSent" => message["params"]["request"]["url"].as_str()?,
        "Network.webSocketCreated" => message["params"]["url"].as_str()?,
        _ => return None,
    };
    let own = [&browser.console, &browser.sandbox].into_iter().any(|origin| address.starts_with(&format!("{origin}/")));
    // The browser draws its own controls with such pictures; they call nobody.
    (!own && !address.starts_with("about:") && !address.starts_with("data:")).then(|| format!("calls {address}"))
}

#[test]
fn what_must_not_happen_is_heard() {
    let mut house = House::empty(Bench::unique());
    house.serve();
    let cases = [
        ("console.error('broken')", "broken"),
        ("setTimeout(() => missing())", "missing is not defined"),
        ("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=alert(1)>')", "script-src-attr"),
        ("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')", "style-src-attr"),
        ("document.body.append(Object.assign(new Image(), {src: 'http://evil.example/x.png'}))", "evil.example"),
        ("fetch('/assets/gone.js')", "404"),
        ("location = 'http://evil.example/'", "calls http://evil.example/"),
    ];
    journey("watch", &house, Wish::default(), |browser| {
        for (script, want) in cases {
            browser.go("/setup");
            assert_eq!(heard(browser), [""; 0], "before {script}");
            browser.script(script, json!([]));
            browser.until(script, || match heard(browser).iter().any(|line| line.contains(want)) {
                true => Ok(()),
                false => Err("was not heard".into()),
            });
            // What else the same breach led to is heard with it, and is not the journey's.
            browser.go("/setup");
            let _ = heard(browser);
        }
        browser.script("document.querySelector('main').insertAdjacentHTML('beforeend', '<input>')", json!([]));
        browser.script("document.querySelector('h1').style.width = '3000px'", json!([]));
        let found = look(browser, "bad");
        for want in ["critical label", "wider than the screen"] {
            assert!(found.iter().any(|line| line.contains(want)), "{want}: {found:?}");
        }
    });
}
