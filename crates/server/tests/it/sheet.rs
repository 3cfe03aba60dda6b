//! Forms of pages, filled in as in a browser without script.
//!
//! Knows just enough HTML for our own pages.

use crate::house::{Answer, House};
use crate::screens_export::press;

/// A form of a page as somebody fills it in: what its controls say, and what was typed over that.
pub(crate) struct Sheet<'h> {
    house: &'h House,
    cookie: String,
    address: String,
    id: &'static str,
    pub(crate) html: String,
    fields: Vec<(String, String)>,
}

impl<'h> Sheet<'h> {
    pub(crate) async fn open(house: &'h House, cookie: &str, address: &str, id: &'static str) -> Sheet<'h> {
        let answer = house.page(cookie, "GET", address, None).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        Sheet::read(house, cookie, id, &answer)
    }

    pub(crate) fn read(house: &'h House, cookie: &str, id: &'static str, answer: &Answer) -> Sheet<'h> {
        let html = answer.text();
        let start = html.find(&format!("id=\"{id}\"")).and_then(|at| html[..at].rfind("<form")).unwrap();
        let form = html[start..].split("</form>").next().unwrap();
        let address = attribute(form.split('>').next().unwrap(), "action").unwrap();
        Sheet { house, cookie: cookie.into(), address, id, fields: controls(form), html }
    }

    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.fields.iter().rev().find(|(known, _)| known == name);
        found.map_or_else(|| panic!("there is no field {name} in {}", self.html), |(_, value)| value)
    }

    /// Fills in a field that the page has.
    #[track_caller]
    pub(crate) fn fill(&mut self, name: &str, value: &str) {
        self.get(name);
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.into(), value.into()));
    }

    pub(crate) async fn send(&self, button: &str) -> Answer {
        let mut fields: Vec<(&str, &str)> =
            self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.push(("_do", button));
        press(self.house, &self.cookie, &self.address, &fields).await
    }

    /// Presses a button that draws the form again.
    pub(crate) async fn draw(&mut self, button: &str) {
        let answer = self.send(button).await;
        assert_eq!(answer.status, 200, "{button}: {}", answer.text());
        *self = Sheet::read(self.house, &self.cookie, self.id, &answer);
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescaped(value.split('"').next().unwrap_or_default()))
}

pub(crate) fn unescaped(text: &str) -> String {
    let known = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    known.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// What a browser without script would send for some controls.
fn controls(html: &str) -> Vec<(String, String)> {
    let (mut fields, mut select) = (Vec::new(), None::<(String, Option<String>)>);
    for piece in html.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        let word =
            |word: &str| tag.split('"').step_by(2).any(|part| part.split_whitespace().any(|found| found == word));
        match tag.split([' ', '\n']).next().unwrap_or_default() {
            "input" => {
                let ticked = !tag.contains("type=\"checkbox\"") && !tag.contains("type=\"radio\"") || word("checked");
                let name = attribute(tag, "name").filter(|_| ticked);
                fields.extend(name.map(|name| (name, attribute(tag, "value").unwrap_or_default())));
            }
            "select" => select = attribute(tag, "name").map(|name| (name, None)),
            "option" => {
                if let Some((_, chosen)) = &mut select
                    && (chosen.is_none() || word("selected"))
                {
                    *chosen = attribute(tag, "value");
                }
            }
            "/select" => fields.extend(select.take().and_then(|(name, chosen)| Some((name, chosen?)))),
            "textarea" => {
                let text = unescaped(text.strip_prefix('\n').unwrap_or(text));
                fields.extend(attribute(tag, "name").map(|name| (name, text)));
            }
            _ => {}
        }
    }
    fields
}
