//! A request as the API reads it: segments, and parameters merged from path, query and body.
//!
//! Knows the carriers only: not which parameter an operation wants.

use crate::wire::Received;

/// One uploaded part of a multipart body.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) is_file: bool,
    pub(crate) body: Vec<u8>,
}

/// What the body turned out to be.
#[derive(Debug)]
pub(crate) enum Content {
    Empty,
    /// Form fields, already merged into the parameters.
    Form,
    Multipart(Vec<Part>),
    /// JSON, by its content type.
    Json(Vec<u8>),
    Other(Vec<u8>),
}

/// A request with its parameters.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    /// Decoded path segments.
    pub(crate) segments: Vec<String>,
    pub(crate) params: Params,
    pub(crate) content: Content,
}

/// Named parameters; a later source wins.
#[derive(Debug, Default)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Puts parameters in front, so that those already there win.
    pub(crate) fn prepend(&mut self, mut pairs: Vec<(String, String)>) {
        pairs.append(&mut self.pairs);
        self.pairs = pairs;
    }

    /// Reads `a=1&b=2` onto the end.
    pub(crate) fn append_encoded(&mut self, text: &[u8]) {
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let split = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = match split {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &[][..]),
            };
            self.pairs.push((decode(name, true), decode(value, true)));
        }
    }
}

impl Call {
    /// Splits target and body; the body wins over the query when both name a parameter.
    pub(crate) fn read(received: Received) -> Call {
        let Received { method, target, headers, body, .. } = received;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let segments =
            path.split('/').filter(|part| !part.is_empty()).map(|part| decode(part.as_bytes(), false)).collect();
        let mut params = Params::default();
        params.append_encoded(query.as_bytes());
        let content_type = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .map(|(_, value)| value.as_str())
            .unwrap_or_default();
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let content = match kind.as_str() {
            _ if body.is_empty() => Content::Empty,
            "" | "application/x-www-form-urlencoded" => {
                params.append_encoded(&body);
                Content::Form
            }
            "multipart/form-data" => {
                let parts = multipart(content_type, &body);
                for part in parts.iter().filter(|part| !part.is_file) {
                    params.pairs.push((part.name.clone(), String::from_utf8_lossy(&part.body).into_owned()));
                }
                Content::Multipart(parts)
            }
            "application/json" => Content::Json(body),
            _ => Content::Other(body),
        };
        Call { method, segments, params, content }
    }
}

/// Percent-decodes; in queries and forms `+` is a space.
pub(crate) fn decode(text: &[u8], plus: bool) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'+' if plus => bytes.push(b' '),
            b'%' => match (text.get(at + 1).copied().and_then(hex), text.get(at + 2).copied().and_then(hex)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    at += 2;
                }
                _ => bytes.push(b'%'),
            },
            byte => bytes.push(byte),
        }
        at += 1;
    }
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Percent-encodes everything but unreserved characters.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn hex(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn multipart(content_type: &str, body: &[u8]) -> Vec<Part> {
    let Some(boundary) = attribute(content_type, "boundary") else {
        return Vec::new();
    };
    let fence = format!("--{boundary}").into_bytes();
    let mut parts = Vec::new();
    let mut rest = body;
    while let Some(start) = find(rest, &fence) {
        let after = &rest[start + fence.len()..];
        if after.starts_with(b"--") {
            break;
        }
        let after = after.strip_prefix(b"\r\n").or(after.strip_prefix(b"\n")).unwrap_or(after);
        let end = find(after, &fence).unwrap_or(after.len());
        parts.extend(part(&after[..end]));
        rest = &after[end..];
    }
    parts
}

fn part(raw: &[u8]) -> Option<Part> {
    let (head, body) = match find(raw, b"\r\n\r\n") {
        Some(at) => (&raw[..at], &raw[at + 4..]),
        None => find(raw, b"\n\n").map(|at| (&raw[..at], &raw[at + 2..]))?,
    };
    let head = String::from_utf8_lossy(head);
    let disposition = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-disposition"))?;
    let body = body.strip_suffix(b"\r\n").or(body.strip_suffix(b"\n")).unwrap_or(body);
    Some(Part {
        name: attribute(disposition, "name")?,
        is_file: attribute(disposition, "filename").is_some(),
        body: body.to_vec(),
    })
}

/// `name="value"` or `name=value` out of a header line.
fn attribute(line: &str, name: &str) -> Option<String> {
    line.split(';').skip(1).find_map(|item| {
        let (key, value) = item.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}
