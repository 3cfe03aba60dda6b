//! What a browser would send for a page of ours: for tests that a form gives back what it shows.
//!
//! Knows just enough HTML for our own templates.

use crate::form::Form;

/// The form that the controls of some HTML make. With script, what stands in `noscript` is not there.
pub(crate) fn sent(html: &str, script: bool) -> Form {
    let mut pairs = Vec::new();
    let (mut select, mut hidden) = (None::<(String, Option<String>)>, false);
    let mut rest = html;
    while let Some((_, tail)) = rest.split_once('<') {
        let (tag, after) = tail.split_once('>').unwrap_or((tail, ""));
        rest = after;
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        match name {
            "noscript" => hidden = script,
            "/noscript" => hidden = false,
            _ if hidden || has(tag, "disabled") => {}
            "input" => {
                let box_like = matches!(attribute(tag, "type").as_deref(), Some("checkbox" | "radio"));
                if !box_like || has(tag, "checked") {
                    pairs
                        .extend(attribute(tag, "name").map(|name| (name, attribute(tag, "value").unwrap_or_default())));
                }
            }
            "select" => select = attribute(tag, "name").map(|name| (name, None)),
            "option" => {
                if let Some((_, chosen)) = &mut select
                    && (chosen.is_none() || has(tag, "selected"))
                {
                    *chosen = attribute(tag, "value");
                }
            }
            "/select" => pairs.extend(select.take().and_then(|(name, chosen)| Some((name, chosen?)))),
            "textarea" => {
                let text = rest.split_once("</textarea>").map_or("", |(text, _)| text);
                let text = text.strip_prefix('\n').unwrap_or(text);
                pairs.extend(attribute(tag, "name").map(|name| (name, unescaped(text))));
            }
            _ => {}
        }
    }
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in &pairs {
        body.append_pair(name, value);
    }
    Form::read(body.finish().as_bytes())
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    value.split_once('"').map(|(value, _)| unescaped(value))
}

fn has(tag: &str, name: &str) -> bool {
    // Values that hold the word are no attribute of this name: they stand between quotes.
    tag.split('"').step_by(2).any(|part| part.split_whitespace().any(|word| word == name))
}

fn unescaped(text: &str) -> String {
    let known = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    known.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}
