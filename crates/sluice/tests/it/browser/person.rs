//! What a person does in a browser: go somewhere, read, type, press, choose.
//!
//! Knows things by their words and no page.

use serde_json::{Value, json};

use crate::browser::driver::Wrong;
use crate::browser::page::{Browser, Element, FIND};

/// Keys that have no letter.
pub(crate) mod key {
    pub(crate) const TAB: &str = "\u{e004}";
    pub(crate) const ENTER: &str = "\u{e007}";
    pub(crate) const ESCAPE: &str = "\u{e00c}";
    pub(crate) const CONTROL: &str = "\u{e009}";
}

/// What has the focus of the keyboard.
#[derive(Debug)]
pub(crate) struct Focus {
    pub(crate) name: String,
    /// It is on the screen, and something shows that it is the one.
    pub(crate) seen: bool,
}

/// What a person does.
impl Browser {
    /// Goes to an address of the console, and leaves what is not saved behind: the question whether to would stay open.
    #[track_caller]
    pub(crate) fn go(&self, path: &str) {
        const LEAVE: &str =
            "document.querySelectorAll('form.changed').forEach((form) => form.classList.remove('changed'))";
        // A page that cannot be asked holds nobody back.
        let _ = self.try_call("POST", "/execute/sync", &json!({"script": LEAVE, "args": []}));
        self.call("POST", "/url", &json!({"url": format!("{}{path}", self.console)}));
    }

    /// Goes to an address where nothing is, and reads so.
    #[track_caller]
    pub(crate) fn misses(&self, path: &str) {
        self.forgives(path);
        self.heads("Not found");
    }

    /// Goes to an address that says no, as it should.
    #[track_caller]
    pub(crate) fn forgives(&self, path: &str) {
        self.missed.borrow_mut().push(format!("{}{path} ", self.console));
        self.go(path);
    }

    /// Where the browser is, with the server's own address left out.
    pub(crate) fn address(&self) -> String {
        let address = self.try_call("GET", "/url", &Value::Null).unwrap_or_default();
        let address = address.as_str().unwrap_or_default();
        address.strip_prefix(&self.console).unwrap_or(address).to_owned()
    }

    #[track_caller]
    pub(crate) fn back(&self) {
        self.call("POST", "/back", &json!({}));
    }

    #[track_caller]
    pub(crate) fn reload(&self) {
        self.call("POST", "/refresh", &json!({}));
    }

    /// Waits for a file that the browser was given, and reads it.
    #[track_caller]
    pub(crate) fn downloaded(&self, end: &str) -> String {
        self.until(&format!("a file {end}"), || {
            let files = std::fs::read_dir(self.driver.folder("files")).map_err(|error| error.to_string())?;
            let mut paths = files.filter_map(|file| Some(file.ok()?.path()));
            let path = paths.find(|path| path.to_string_lossy().ends_with(end)).ok_or("is not there")?;
            std::fs::read_to_string(path).map_err(|error| error.to_string())
        })
    }

    /// What stands on the page.
    pub(crate) fn text(&self) -> String {
        let body = json!({"script": "return document.body.innerText", "args": []});
        let text = self.try_call("POST", "/execute/sync", &body).unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits for words on the page.
    #[track_caller]
    pub(crate) fn reads(&self, words: &str) {
        self.until(&format!("the words {words:?}"), || match self.text().contains(words) {
            true => Ok(()),
            false => Err("are not there".into()),
        });
    }

    /// Waits for a page that says what is wrong, with this word.
    #[track_caller]
    pub(crate) fn alarms(&self, word: &str) {
        const ALARM: &str = "return [...document.querySelectorAll('[role=alert]')].map((a) => a.innerText).join(' ')";
        self.until(&format!("a problem with {word:?}"), || {
            let said = self.script(ALARM, json!([]));
            let said = said.as_str().unwrap_or_default().to_lowercase();
            if said.contains(word) { Ok(()) } else { Err(format!("it is {said:?}")) }
        });
    }

    /// Waits for a text that stands on the page exactly so, in a field or outside of one.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) {
        const SHOWN: &str = "const plain = (text) => text.replace(/\\s+/g, ' '); \
            return plain(document.querySelector('main').textContent).includes(plain(arguments[0]))";
        self.until(&format!("the text {text:?}"), || match self.script(SHOWN, json!([text])).as_bool() {
            Some(true) => Ok(()),
            _ => Err("is not there".into()),
        });
    }

    /// What has the focus.
    #[track_caller]
    pub(crate) fn focused(&self) -> Focus {
        let focus = self.script(FIND, json!(["focus", null, null]));
        let name = focus["name"].as_str().unwrap_or_default().to_owned();
        Focus { name, seen: focus["seen"] == true }
    }

    /// Presses a button of a form that the browser shall not check itself.
    #[track_caller]
    pub(crate) fn unchecked(&self, button: &str) {
        self.script("for (const form of document.forms) form.noValidate = true", json!([]));
        self.press(button);
    }

    /// Waits for a heading.
    #[track_caller]
    pub(crate) fn heads(&self, words: &str) {
        self.with("heading", words, |_| Ok(()));
    }

    /// Waits for an address that begins like this, and gives it.
    #[track_caller]
    pub(crate) fn arrives(&self, path: &str) -> String {
        self.until(&format!("the address {path}"), || {
            let address = self.address();
            if address.starts_with(path) { Ok(address) } else { Err(format!("it is {address}")) }
        })
    }

    #[track_caller]
    pub(crate) fn press(&self, button: &str) {
        self.with("button", button, |element| self.click(element));
    }

    #[track_caller]
    pub(crate) fn follow(&self, link: &str) {
        self.with("link", link, |element| self.click(element));
    }

    /// Opens what is folded.
    #[track_caller]
    pub(crate) fn unfold(&self, summary: &str) {
        self.with("summary", summary, |element| self.click(element));
    }

    /// Presses twice, faster than any answer.
    #[track_caller]
    pub(crate) fn press_twice(&self, button: &str) {
        self.with("button", button, |element| {
            let at = json!({"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": element.argument()});
            let (down, up) = (json!({"type": "pointerDown", "button": 0}), json!({"type": "pointerUp", "button": 0}));
            let acts = json!([at, down, up, down, up]);
            let mouse = json!({"type": "pointer", "id": "mouse", "actions": acts});
            self.on(element, "GET", "/rect", &Value::Null)?;
            self.script("arguments[0].scrollIntoView({block: 'center'})", json!([element.argument()]));
            self.try_call("POST", "/actions", &json!({"actions": [mouse]})).map(drop)
        });
    }

    /// Types over what stands in a field.
    #[track_caller]
    pub(crate) fn fill(&self, field: &str, text: &str) {
        self.with("field", field, |element| {
            self.on(element, "POST", "/clear", &json!({}))?;
            self.on(element, "POST", "/value", &json!({"text": text})).map(drop)
        });
    }

    /// Types at the end of what stands in a field; an editor or an upload takes no clearing.
    #[track_caller]
    pub(crate) fn add(&self, field: &str, text: &str) {
        self.with("field", field, |element| self.on(element, "POST", "/value", &json!({"text": text})).map(drop));
    }

    /// Types over the SQL of a query, in the editor or, without script, in its plain field.
    #[track_caller]
    pub(crate) fn sql(&self, text: &str) {
        if self.scriptless {
            return self.fill("SQL", text);
        }
        self.with("field", "SQL", |element| self.click(element));
        self.chord(key::CONTROL, "a");
        self.types(text);
    }

    /// The SQL as the editor or its plain field shows it.
    #[track_caller]
    pub(crate) fn source(&self) -> String {
        let shown = "return arguments[0].value ?? arguments[0].innerText";
        self.with("field", "SQL", |element| {
            let text = json!({"script": shown, "args": [element.argument()]});
            let text = self.try_call("POST", "/execute/sync", &text)?;
            Ok(text.as_str().unwrap_or_default().to_owned())
        })
    }

    /// Chooses from a menu.
    #[track_caller]
    pub(crate) fn choose(&self, menu: &str, option: &str) {
        const OPTION: &str = "return [...arguments[0].options].find((o) => o.text.trim() === arguments[1]) \
            ?? [...arguments[0].options].find((o) => o.text.includes(arguments[1])) ?? null";
        self.with("field", menu, |element| {
            let found = self.try_call(
                "POST",
                "/execute/sync",
                &json!({"script": OPTION, "args": [element.argument(), option]}),
            )?;
            let none = || Wrong { error: "no such option".into(), message: option.to_owned() };
            self.click(&Element::of(&found).ok_or_else(none)?)
        });
    }

    /// Ticks a box or one of several choices, where it is not ticked.
    #[track_caller]
    pub(crate) fn tick(&self, field: &str) {
        self.with("field", field, |element| match self.on(element, "GET", "/selected", &Value::Null)?.as_bool() {
            Some(true) => Ok(()),
            _ => self.click(element),
        });
    }

    /// What stands in a field.
    #[track_caller]
    pub(crate) fn value(&self, field: &str) -> String {
        self.with("field", field, |element| {
            let value = self.on(element, "GET", "/property/value", &Value::Null)?;
            Ok(value.as_str().unwrap_or_default().to_owned())
        })
    }

    /// Presses keys one after the other, wherever the focus is.
    #[track_caller]
    pub(crate) fn types(&self, keys: &str) {
        let strokes: Vec<Value> = keys.chars().flat_map(|key| [stroke("keyDown", key), stroke("keyUp", key)]).collect();
        self.strokes(&strokes);
    }

    /// Presses a key while another one is held.
    #[track_caller]
    pub(crate) fn chord(&self, held: &str, keys: &str) {
        let held: Vec<char> = held.chars().collect();
        let down = held.iter().map(|key| stroke("keyDown", *key));
        let pressed = keys.chars().flat_map(|key| [stroke("keyDown", key), stroke("keyUp", key)]);
        let up = held.iter().map(|key| stroke("keyUp", *key));
        self.strokes(&down.chain(pressed).chain(up).collect::<Vec<Value>>());
    }

    #[track_caller]
    fn strokes(&self, strokes: &[Value]) {
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes});
        self.call("POST", "/actions", &json!({"actions": [keyboard]}));
    }

    /// Says yes to the question that was just asked.
    #[track_caller]
    pub(crate) fn agree(&self, words: &str) {
        self.until("the question", || {
            let asked = self.try_call("GET", "/alert/text", &Value::Null).map_err(|wrong| wrong.error)?;
            let asked = asked.as_str().unwrap_or_default();
            if asked.contains(words) { Ok(()) } else { Err(format!("it is {asked:?}")) }
        });
        self.call("POST", "/alert/accept", &json!({}));
    }
}

fn stroke(kind: &str, key: char) -> Value {
    json!({"type": kind, "value": key})
}
