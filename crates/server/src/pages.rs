//! The few pages that the server itself has: what this is, how an approval ended, and how a job is.
//!
//! Knows words and HTML. Everything from outside is escaped; no page has a script of its own beside the one file.

use std::borrow::Cow;

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};

/// Only our own files, and nobody may frame it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Takes code and state out of the address bar, so that neither is copied, bookmarked or sent on.
const SCRIPT: &str = "history.replaceState(null, \"\", location.pathname);\n";

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem;color:#1c2733;\
background:#fff;overflow-wrap:anywhere}h1{font-size:1.4rem}p.hint{color:#4a5a68}code{font-size:.95em}a{color:#0b5cad}\n\
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.25rem 1.5rem}dt{color:#4a5a68}\
dd{margin:0;font-variant-numeric:tabular-nums}\n\
pre{white-space:pre-wrap;padding:.75rem;border:1px solid #c9d3dc;border-radius:.4rem}\n\
@media(max-width:30rem){body{margin-top:1.5rem}}\n\
@media(prefers-color-scheme:dark){body{color:#e6ebf0;background:#141a20}p.hint,dt{color:#a9b6c2}a{color:#7cb8f5}\
pre{border-color:#3a4753}}\n";

/// A page of a title and paragraphs, and where there are any: facts, a link to another of our pages, a command.
#[derive(Default)]
pub(crate) struct Page<'a> {
    pub(crate) status: StatusCode,
    pub(crate) title: Cow<'a, str>,
    pub(crate) paragraphs: Vec<String>,
    /// Names with their values, in this order.
    pub(crate) facts: Vec<(&'static str, String)>,
    /// An address of ours, and its words.
    pub(crate) link: Option<(String, &'static str)>,
    pub(crate) hint: Option<String>,
    /// What can be typed at a terminal, below the hint.
    pub(crate) command: Option<String>,
    /// Whether its address must be cleaned.
    pub(crate) clean: bool,
}

impl Page<'_> {
    fn body(&self) -> String {
        let mut body = String::new();
        for paragraph in &self.paragraphs {
            body += &format!("<p>{}</p>\n", escaped(paragraph));
        }
        if !self.facts.is_empty() {
            body += "<dl>\n";
            for (name, value) in &self.facts {
                body += &format!("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value));
            }
            body += "</dl>\n";
        }
        if let Some((address, words)) = &self.link {
            body += &format!("<p><a href=\"{}\">{}</a></p>\n", escaped(address), escaped(words));
        }
        if let Some(hint) = &self.hint {
            body += &format!("<p class=\"hint\">{}</p>\n", escaped(hint));
        }
        if let Some(command) = &self.command {
            body += &format!("<pre><code>{}</code></pre>\n", escaped(command));
        }
        body
    }
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        let (title, body) = (escaped(&self.title), self.body());
        let script = if self.clean { "<script src=\"/assets/clean.js\"></script>" } else { "" };
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title} · Sluice</title>\
             <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
             <link rel=\"stylesheet\" href=\"/assets/page.css\">{script}</head>\n<body><main>\n<h1>{title}</h1>\n{body}\
             </main></body>\n</html>\n"
        );
        (self.status, [(CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response()
    }
}

/// A fragment as a sentence for a page.
pub(crate) fn sentence(fragment: &str) -> String {
    let mut letters = fragment.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// Text in a page.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

/// `GET /assets/clean.js`.
pub(crate) async fn script() -> Response {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

/// `GET /assets/page.css`.
pub(crate) async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "public, max-age=3600")], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_from_outside_is_text() {
        let page = Page {
            status: StatusCode::OK,
            title: "<b>".into(),
            paragraphs: vec!["<script>alert('1')</script>".into()],
            facts: vec![("<i>", "<img src=x>".into())],
            link: Some(("/jobs/\"><script>".into(), "a<b")),
            hint: Some("\"&\"".into()),
            command: Some("<script>".into()),
            clean: true,
        };
        let body = axum::body::to_bytes(page.into_response().into_body(), 10_000).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("<p>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;</p>"), "{text}");
        assert!(text.contains("<h1>&lt;b&gt;</h1>") && text.contains("&quot;&amp;&quot;"), "{text}");
        assert!(text.contains("<dt>&lt;i&gt;</dt><dd>&lt;img src=x&gt;</dd>"), "{text}");
        assert!(text.contains("<a href=\"/jobs/&quot;&gt;&lt;script&gt;\">a&lt;b</a>"), "{text}");
        assert!(text.contains("<pre><code>&lt;script&gt;</code></pre>"), "{text}");
        assert_eq!(text.matches("<script").count(), 1, "{text}");
    }
}
