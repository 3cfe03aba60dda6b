//! A browser at the console of a house, and the journey that somebody takes in it.
//!
//! Finds things by their words. Waits until what is asked for is there, as a person would, and fails when it never comes.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::browser::driver::{Driver, Wrong};
use crate::browser::{look, watch};
use crate::server::House;

/// How long anything that must come may take, on a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at a page.
const PAUSE: Duration = Duration::from_millis(50);

/// The member that marks an element in WebDriver.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
pub(crate) const FIND: &str = include_str!("find.js");

/// Something on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element(String);

impl Element {
    pub(crate) fn of(value: &Value) -> Option<Element> {
        value[ELEMENT].as_str().map(|id| Element(id.to_owned()))
    }

    pub(crate) fn argument(&self) -> Value {
        json!({ELEMENT: self.0})
    }
}

/// What a browser has that not every one has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wish {
    /// Pages run no script.
    pub(crate) scriptless: bool,
}

/// A browser of its own, at the console of a house.
pub(crate) struct Browser {
    pub(crate) driver: Driver,
    session: String,
    /// Where the console is, and where the sandbox: nobody else is called.
    pub(crate) console: String,
    pub(crate) sandbox: String,
    pictures: PathBuf,
    wrong: RefCell<Vec<String>>,
    /// Addresses that are asked for because nothing is there.
    pub(crate) missed: RefCell<Vec<String>>,
    pub(crate) scriptless: bool,
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // What the page looked like when the journey failed; a browser that is gone has nothing to show.
            let taken = self.try_call("GET", "/screenshot", &Value::Null);
            if let Some(picture) = taken.ok().and_then(|taken| taken.as_str().map(str::to_owned)) {
                self.keep("failed.png", &picture);
            }
        }
        let _ = self.try_call("DELETE", "", &Value::Null);
    }
}

/// A journey: a new browser at the console of this house, and what is wrong at its end. Nothing where no browser is.
#[track_caller]
pub(crate) fn journey(name: &str, house: &House, wish: Wish, walk: impl FnOnce(&Browser)) {
    let Some(driver) = Driver::start() else { return };
    let browser = Browser::open(driver, name, house, wish);
    walk(&browser);
    browser.listen();
    let wrong = browser.wrong.take();
    assert!(wrong.is_empty(), "{name}: {} things are wrong\n  {}", wrong.len(), wrong.join("\n  "));
}

impl Browser {
    fn open(driver: Driver, name: &str, house: &House, wish: Wish) -> Browser {
        let mut arguments = vec![
            format!("--user-data-dir={}", driver.folder("profile").display()),
            "--window-size=1440,900".into(),
            // Nothing but this machine has a name.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost".into(),
        ];
        let plain = "headless=new no-sandbox disable-gpu disable-dev-shm-usage disable-background-networking \
            disable-component-update disable-sync no-first-run disable-extensions disable-default-apps disable-breakpad \
            mute-audio hide-scrollbars disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider";
        arguments.extend(plain.split_whitespace().map(|argument| format!("--{argument}")));
        let preferences = json!({"download.default_directory": driver.folder("files")});
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            // A dialog that nobody asked for stays open, and the next command fails on it.
            "unhandledPromptBehavior": "ignore",
            "timeouts": {"script": 60_000, "pageLoad": 60_000},
            "goog:chromeOptions": {
                "binary": driver.browser, "args": arguments, "prefs": preferences,
                "perfLoggingPrefs": {"enableNetwork": true, "enablePage": false},
            },
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let opened = driver.call("POST", "/session", &wanted).unwrap_or_else(|wrong| panic!("no browser: {wrong:?}"));
        let session = opened["sessionId"].as_str().expect("a session").to_owned();
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../screenshots").join(name);
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(&root).expect("a folder for the pictures");
        // Where Salesforce leads back to: a session belongs to the name under which it was begun.
        let console = house.served().address.replace("127.0.0.1", "localhost");
        let (console, sandbox) = (format!("http://{console}"), house.bench.sandbox.url());
        let scriptless = wish.scriptless;
        let browser = Browser {
            driver,
            session,
            console,
            sandbox,
            pictures: root,
            wrong: RefCell::default(),
            missed: RefCell::default(),
            scriptless,
        };
        // What the browser does at its own start is its own business.
        browser.call("POST", "/url", &json!({"url": "about:blank"}));
        let _ = watch::heard(&browser);
        watch::listen(&browser);
        if scriptless {
            browser.cdp("Emulation.setScriptExecutionDisabled", json!({"value": true}));
        }
        browser
    }

    pub(crate) fn try_call(&self, method: &str, path: &str, body: &Value) -> Result<Value, Wrong> {
        self.driver.call(method, &format!("/session/{}{path}", self.session), body)
    }

    #[track_caller]
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let done = self.try_call(method, path, body);
        done.unwrap_or_else(|wrong| panic!("{method} {path}: {}: {}", wrong.error, wrong.message))
    }

    /// A command of the browser's own protocol.
    #[track_caller]
    pub(crate) fn cdp(&self, command: &str, params: Value) -> Value {
        self.call("POST", "/goog/cdp/execute", &json!({"cmd": command, "params": params}))
    }

    /// Entries of a log since it was read last.
    pub(crate) fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.call("POST", "/se/log", &json!({"type": kind}));
        entries.as_array().cloned().unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn script(&self, text: &str, arguments: Value) -> Value {
        self.call("POST", "/execute/sync", &json!({"script": text, "args": arguments}))
    }

    #[track_caller]
    pub(crate) fn script_async(&self, text: &str) -> Value {
        self.call("POST", "/execute/async", &json!({"script": text, "args": []}))
    }

    /// Whether an error in the browser's log is none of the console's: what the sandbox's page lacks, and what was to be
    /// missing.
    pub(crate) fn expects(&self, message: &str) -> bool {
        message.starts_with(&self.sandbox) || self.missed.borrow().iter().any(|address| message.starts_with(address))
    }

    /// Leaves a file among the pictures of this journey.
    pub(crate) fn keep(&self, name: &str, encoded: &str) {
        let bytes = STANDARD.decode(encoded).expect("base64");
        std::fs::write(self.pictures.join(name), bytes).expect("the picture is written");
    }

    /// Writes down what was heard that must not be.
    fn listen(&self) {
        self.wrong.borrow_mut().extend(watch::heard(self));
    }

    /// The page as it is now: pictures, width, axe, errors so far.
    #[track_caller]
    pub(crate) fn look(&self, name: &str) {
        let mut found = look::look(self, name);
        found.extend(watch::heard(self));
        self.wrong.borrow_mut().extend(found);
    }

    /// Tries until it is done; fails with the last reason and the page when that never comes.
    #[track_caller]
    pub(crate) fn until<T>(&self, what: &str, mut attempt: impl FnMut() -> Result<T, String>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            let reason = match attempt() {
                Ok(done) => return done,
                Err(reason) => reason,
            };
            if Instant::now() > end {
                let heard = watch::heard(self);
                panic!("{what}: {reason}\nat {}\n{heard:?}\n{}", self.address(), self.text());
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Something that may be there.
    #[track_caller]
    fn seek(&self, kind: &str, name: &str) -> Option<Element> {
        let arguments = json!([kind, name]);
        let found = self.try_call("POST", "/execute/sync", &json!({"script": FIND, "args": arguments}));
        match found {
            Ok(found) => Element::of(&found),
            Err(wrong) if wrong.error == "unexpected alert open" => panic!("a dialog is open: {}", wrong.message),
            Err(_) => None,
        }
    }

    /// Does something with what has this name, again when the page changes meanwhile.
    #[track_caller]
    pub(crate) fn with<T>(&self, kind: &str, name: &str, act: impl Fn(&Element) -> Result<T, Wrong>) -> T {
        self.until(&format!("{kind} {name:?}"), || {
            let element = self.seek(kind, name).ok_or("is not there")?;
            act(&element).map_err(|wrong| format!("{}: {}", wrong.error, wrong.message))
        })
    }

    pub(crate) fn on(&self, element: &Element, method: &str, path: &str, body: &Value) -> Result<Value, Wrong> {
        self.try_call(method, &format!("/element/{}{path}", element.0), body)
    }

    pub(crate) fn click(&self, element: &Element) -> Result<(), Wrong> {
        self.on(element, "POST", "/click", &json!({})).map(drop)
    }
}
