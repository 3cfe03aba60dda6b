//! Reads the envelope of an answer: is it a refusal, an object that a request can judge, or no proof at all?
//!
//! Looks at the bytes, never at the declared content type, and at the code in the body before the HTTP status. Knows no
//! operation: what an object proves is for the request to say.

use serde_json::{Map, Value};

use crate::code::{self, Class};
use crate::request::{Reading, Refusal, Response};

/// Longest piece of Pardot's text that is shown to people, in characters.
const MESSAGE_LIMIT: usize = 200;

/// A JSON object.
pub(crate) type Object = Map<String, Value>;

/// The envelope of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    /// A success status with a JSON object that is no refusal. `stat` may still say "fail" (a batch refused in part).
    Object(Object),
    /// Status 204 without a body, which is how Pardot confirms a deletion.
    Gone,
    /// An explicit refusal.
    Refused(Refusal),
    /// No proof of anything.
    Unknown(&'static str),
}

impl Answer {
    /// Reads the object of a success with `judge`; refusals and unknowns pass through.
    pub(crate) fn object<A>(self, judge: impl FnOnce(Object) -> Result<A, &'static str>) -> Reading<A> {
        match self {
            Answer::Object(object) => judge(object).map_or_else(Reading::Unknown, Reading::Accepted),
            Answer::Gone => Reading::Unknown("the answer has no body"),
            Answer::Refused(refusal) => Reading::Refused(refusal),
            Answer::Unknown(why) => Reading::Unknown(why),
        }
    }
}

/// The `stat` of an answer of versions 3 and 4.
pub(crate) fn stat(object: &Object) -> Option<&str> {
    object.get("@attributes")?.get("stat")?.as_str()
}

/// Passes when versions 3 and 4 say that all went well.
pub(crate) fn all_well(object: &Object) -> Result<(), &'static str> {
    if stat(object) == Some("ok") { Ok(()) } else { Err("the answer does not say stat ok") }
}

/// A positive number, written as one or as digits in quotes.
pub(crate) fn positive(value: Option<&Value>) -> Option<u64> {
    let number = match value? {
        Value::Number(number) => number.as_u64()?,
        Value::String(digits) => digits.parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (number > 0).then_some(number)
}

/// None, one or many: Pardot writes no key (or null), an object, or an array.
pub(crate) fn one_or_many(value: Option<&Value>) -> Result<Vec<&Object>, &'static str> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(one)) => Ok(vec![one]),
        Some(Value::Array(many)) => {
            many.iter().map(|one| one.as_object().ok_or("the answer lists something odd")).collect()
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => Err("the answer lists something odd"),
    }
}

/// Reads the envelope of a complete answer.
pub(crate) fn read(response: &Response) -> Answer {
    let body = trimmed(&response.body);
    let said = match body.first() {
        None => None,
        Some(b'{') => match serde_json::from_slice::<Object>(body) {
            Ok(object) => match said_in_json(&object) {
                Some(said) => Some(said),
                None if success(response.status) => return Answer::Object(object),
                None => None,
            },
            Err(_) if success(response.status) => return Answer::Unknown("the answer is not readable JSON"),
            Err(_) => None,
        },
        Some(b'<') => said_in_xml(body),
        // Salesforce's own form for a session that ended.
        Some(b'[') if contains(body, b"INVALID_SESSION_ID") => {
            return Answer::Refused(refusal(response.status, None, "INVALID_SESSION_ID", Class::Token));
        }
        Some(_) => None,
    };
    match said {
        Some(said) => said.judged(response.status),
        None => by_status(response.status, body),
    }
}

/// Number and text of a refusal, as the body gives them.
struct Said {
    code: Option<u16>,
    text: String,
}

impl Said {
    /// The code decides before the status; without a code the status decides.
    fn judged(self, status: u16) -> Answer {
        let known = self.code.map_or_else(|| code::by_message(&self.text), code::find);
        let number = self.code.or(known.map(|code| code.number));
        let class = match known {
            Some(code) => code.class,
            None if status >= 500 || status == 408 => Class::Transient,
            None if self.code.is_some() => Class::Unknown,
            None => class_of(status).unwrap_or(Class::Unknown),
        };
        if class == Class::Transient {
            // A hiccup is no proof: the work may have been done.
            return Answer::Unknown(known.map_or("Pardot answered with a server error", |code| code.message));
        }
        Answer::Refused(refusal(status, number, &self.text, class))
    }
}

fn refusal(status: u16, code: Option<u16>, text: &str, class: Class) -> Refusal {
    Refusal { status, code, message: shown(text), class }
}

/// The text without control characters, at most [`MESSAGE_LIMIT`] characters. What is quoted and words with an `@` are left
/// out: a message may quote the row, whose values belong in no log.
pub(crate) fn shown(text: &str) -> String {
    let plain = |c: char| {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            ' '
        } else {
            c
        }
    };
    let text: String = without_quotes(text.trim()).chars().map(plain).take(MESSAGE_LIMIT).collect();
    let words: Vec<&str> = text.split(' ').map(|word| if word.contains('@') { "…" } else { word }).collect();
    words.join(" ").trim_end().to_owned()
}

/// The text without everything from its first quote to its last: a quoted value may hold quotes itself. An odd one is
/// never closed, or is part of a value: then all that follows the first goes.
fn without_quotes(text: &str) -> String {
    let (mut quotes, mut before) = (Vec::new(), ' ');
    for (at, c) in text.char_indices() {
        let after = text[at + c.len_utf8()..].chars().next().unwrap_or(' ');
        // As in "can't".
        let in_word = matches!(c, '\'' | '’') && before.is_alphanumeric() && after.is_alphanumeric();
        if matches!(c, '"' | '\'' | '`' | '“' | '”' | '‘' | '’' | '«' | '»') && !in_word {
            quotes.push((at, at + c.len_utf8()));
        }
        before = c;
    }
    match (quotes.first(), quotes.last()) {
        (Some((start, _)), Some((_, end))) if quotes.len() % 2 == 0 => format!("{}…{}", &text[..*start], &text[*end..]),
        (Some((start, _)), _) => format!("{}…", &text[..*start]),
        (None, _) => text.to_owned(),
    }
}

fn success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn trimmed(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii()
}

fn contains(body: &[u8], piece: &[u8]) -> bool {
    body.windows(piece.len()).any(|window| window == piece)
}

fn number(value: Option<&Value>) -> Option<u16> {
    match value? {
        Value::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
        Value::String(digits) => digits.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Versions 3 and 4: `err_code` beside `stat`, text in `err`. Version 5: `code` and `message`.
fn said_in_json(object: &Object) -> Option<Said> {
    let attributes = object.get("@attributes").and_then(Value::as_object);
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(code) = attributes.and_then(|attributes| number(attributes.get("err_code"))) {
        return Some(Said { code: Some(code), text: text("err").unwrap_or_default() });
    }
    if attributes.is_some() {
        return text("err").map(|text| Said { code: None, text });
    }
    let code = number(object.get("code"))?;
    Some(Said { code: Some(code), text: text("message")? })
}

/// `<rsp stat="fail"><err code="184">text</err></rsp>`; of several, the first.
fn said_in_xml(body: &[u8]) -> Option<Said> {
    let text = std::str::from_utf8(body).ok()?;
    let rsp = &text[text.find("<rsp")?..];
    let err = &rsp[rsp.find("<err")?..];
    let (head, rest) = err.split_once('>')?;
    let inner = &rest[..rest.find("</err>")?];
    let named = head.strip_prefix("<err").filter(|head| head.is_empty() || head.starts_with(char::is_whitespace))?;
    let code = named.split_once("code=").and_then(|(_, value)| {
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        value[1..].split_once(quote)?.0.trim().parse().ok()
    });
    Some(Said { code, text: unescaped(inner) })
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// The class of a status without a code; none where the status refuses nothing for sure.
fn class_of(status: u16) -> Option<Class> {
    match status {
        401 => Some(Class::Token),
        403 => Some(Class::Access),
        413 | 414 => Some(Class::Size),
        429 => Some(Class::Throttle),
        408 => None,
        400..=499 => Some(Class::WholeBatch),
        _ => None,
    }
}

fn by_status(status: u16, body: &[u8]) -> Answer {
    if let Some(class) = class_of(status) {
        return Answer::Refused(refusal(status, None, reason(status), class));
    }
    match status {
        204 if body.is_empty() => Answer::Gone,
        200..=299 if body.is_empty() => Answer::Unknown("the answer is empty"),
        200..=299 if body.starts_with(b"<") => Answer::Unknown("the answer is a page, not data"),
        200..=299 => Answer::Unknown("the answer is not a JSON object"),
        300..=399 => Answer::Unknown("the answer points to another address"),
        503 => Answer::Unknown("Pardot is not available"),
        408 | 504 => Answer::Unknown("Pardot gave up waiting"),
        _ => Answer::Unknown("Pardot answered with a server error"),
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        400 => "bad request",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not found",
        405 => "method not allowed",
        413 => "content too large",
        414 => "URI too long",
        429 => "too many requests",
        _ => "refused",
    }
}

#[cfg(test)]
mod tests;
