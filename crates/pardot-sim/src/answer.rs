//! An HTTP answer and its two renderings, JSON and XML, from one tree.
//!
//! Knows no object of Pardot: it renders whatever tree it is given.

use serde_json::{Map, Value, json};

use crate::refusal::Refusal;

/// A complete HTTP answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Empty for none.
    pub(crate) content_type: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// The Pardot code inside the body, for the journal.
    pub(crate) code: Option<u32>,
}

/// Headers that every recorded Pardot answer carried; there are no rate-limit headers among them.
const PARDOT_HEADERS: &[(&str, &str)] = &[
    ("Server", "PardotServer"),
    ("Expires", "Thu, 19 Nov 1981 08:52:00 GMT"),
    ("Cache-Control", "no-store, no-cache, must-revalidate"),
    ("Pragma", "no-cache"),
    ("Set-Cookie", "pardot=sandbox; path=/"),
    ("X-Pardot-Rsp", "25/70/31"),
    ("X-Pardot-Route", "sandbox"),
    ("X-Pardot-LB", "sandbox"),
    ("Vary", "Accept-Encoding,User-Agent"),
];

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        Answer { status, content_type: content_type.to_owned(), headers: Vec::new(), body: body.into(), code: None }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Answer {
        Answer::new(status, "application/json", body.to_string())
    }

    pub(crate) fn html(status: u16, body: &str) -> Answer {
        Answer::new(status, "text/html; charset=utf-8", body)
    }

    /// 204 as recorded: no body, yet a content type.
    pub(crate) fn empty() -> Answer {
        Answer::html(204, "")
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds the headers of the Pardot host.
    pub(crate) fn with_pardot_headers(mut self) -> Answer {
        self.headers.extend(PARDOT_HEADERS.iter().map(|(name, value)| (*name, (*value).to_owned())));
        self
    }
}

/// The answer format of versions 3 and 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Xml,
    Json,
}

/// What a call of version 3 or 4 came to, before rendering.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// `stat="ok"` with these members beside `@attributes`.
    Ok { status: u16, members: Map<String, Value> },
    /// A batch was worked through; refused records by key.
    Batch { status: u16, errors: Vec<(String, String)> },
    /// A JSON document without the envelope, as the import object answers.
    Bare { status: u16, document: Value },
    /// A file.
    File { body: Vec<u8> },
    /// 204.
    Empty,
}

impl Outcome {
    /// `stat="ok"` with one member.
    pub(crate) fn one(status: u16, name: &str, value: Value) -> Outcome {
        let mut members = Map::new();
        members.insert(name.to_owned(), value);
        Outcome::Ok { status, members }
    }

    /// A query's result: the total, then none, one or many children (key absent, object, array).
    pub(crate) fn result(total: Option<usize>, child: &str, mut rows: Vec<Value>) -> Outcome {
        let mut result = Map::new();
        if let Some(total) = total {
            result.insert("total_results".to_owned(), json!(total));
        }
        if rows.len() > 1 {
            result.insert(child.to_owned(), Value::Array(rows));
        } else if let Some(row) = rows.pop() {
            result.insert(child.to_owned(), row);
        }
        Outcome::one(200, "result", Value::Object(result))
    }

    pub(crate) fn render(self, format: Format) -> Answer {
        match self {
            Outcome::Ok { status, members } => envelope(status, "ok", members, format),
            Outcome::Batch { status, errors } => batch(status, errors, format),
            Outcome::Bare { status, document } => match format {
                Format::Json => Answer::json(status, &document),
                Format::Xml => {
                    let mut xml = XML_HEAD.to_owned();
                    children(&mut xml, &json!({ "import": document }));
                    Answer::new(status, XML_TYPE, xml)
                }
            },
            Outcome::File { body } => Answer::new(200, "text/csv; charset=utf-8", body),
            Outcome::Empty => Answer::empty(),
        }
    }
}

impl Refusal {
    /// The refusal in the envelope of versions 3 and 4.
    pub(crate) fn render(&self, format: Format) -> Answer {
        let mut answer = match format {
            Format::Json => {
                let attributes = json!({"stat": "fail", "version": 1, "err_code": self.code});
                Answer::json(self.status, &json!({"@attributes": attributes, "err": self.message}))
            }
            Format::Xml => {
                let mut xml = format!("{XML_HEAD}<rsp stat=\"fail\" version=\"1.0\"><err code=\"{}\">", self.code);
                escape(&mut xml, &self.message);
                xml.push_str("</err></rsp>");
                Answer::new(self.status, XML_TYPE, xml)
            }
        };
        answer.code = Some(self.code);
        answer
    }
}

const XML_HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
const XML_TYPE: &str = "text/xml; charset=utf-8";

fn envelope(status: u16, stat: &str, members: Map<String, Value>, format: Format) -> Answer {
    match format {
        Format::Json => {
            let mut document = Map::new();
            document.insert("@attributes".to_owned(), json!({"stat": stat, "version": 1}));
            document.extend(members);
            Answer::json(status, &Value::Object(document))
        }
        Format::Xml => {
            let mut xml = format!("{XML_HEAD}<rsp stat=\"{stat}\" version=\"1.0\">");
            children(&mut xml, &Value::Object(members));
            xml.push_str("</rsp>");
            Answer::new(status, XML_TYPE, xml)
        }
    }
}

/// `stat` is `fail` as soon as one record was refused, although the HTTP status stays in the 200s.
fn batch(status: u16, errors: Vec<(String, String)>, format: Format) -> Answer {
    let stat = if errors.is_empty() { "ok" } else { "fail" };
    match format {
        Format::Json => {
            let errors: Map<String, Value> = errors.into_iter().map(|(key, text)| (key, Value::String(text))).collect();
            let mut members = Map::new();
            members.insert("errors".to_owned(), Value::Object(errors));
            envelope(status, stat, members, format)
        }
        Format::Xml => {
            let mut xml = format!("{XML_HEAD}<rsp stat=\"{stat}\" version=\"1.0\">");
            if errors.is_empty() {
                xml.push_str("<errors/>");
            } else {
                xml.push_str("<errors>");
                for (key, text) in errors {
                    xml.push_str("<prospect identifier=\"");
                    escape(&mut xml, &key);
                    xml.push_str("\">");
                    escape(&mut xml, &text);
                    xml.push_str("</prospect>");
                }
                xml.push_str("</errors>");
            }
            xml.push_str("</rsp>");
            Answer::new(status, XML_TYPE, xml)
        }
    }
}

/// The value's content as XML: members as elements, arrays as repeated elements, null as an empty element.
fn children(xml: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::Array(items) => items.iter().for_each(|item| element(xml, name, item)),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                        element(xml, name, member);
                    }
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| children(xml, item)),
        Value::String(text) => escape(xml, text),
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) => xml.push_str(&value.to_string()),
    }
}

fn element(xml: &mut String, name: &str, value: &Value) {
    let start = xml.len();
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
    let inner = xml.len();
    children(xml, value);
    if xml.len() == inner {
        xml.truncate(start);
        xml.push('<');
        xml.push_str(name);
        xml.push_str("/>");
    } else {
        xml.push_str("</");
        xml.push_str(name);
        xml.push('>');
    }
}

/// Appends text with the entities that XML needs.
pub(crate) fn escape(xml: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            _ => xml.push(character),
        }
    }
}
