//! Documents that people write: YAML or JSON, with `${VAR}` taken from the environment.
//!
//! Knows nothing of what a document means.

use std::path::Path;

use model::{Problem, Problems};
use serde_json::Value;

/// Reads a document and fills in the variables of its texts.
///
/// # Errors
/// The file cannot be read, is neither YAML nor JSON, or names variables that are not set.
pub fn read(path: &Path) -> Result<Value, Problems> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::at(shown.clone(), format!("cannot be read: {error}")))?;
    parse(&shown, &text, &|name| std::env::var(name).ok())
}

/// Reads a document's text; `shown` names it in problems.
pub fn parse(shown: &str, text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Value, Problems> {
    let mut value: Value = serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map(|at| format!(" (line {})", at.line())).unwrap_or_default();
        // The parser's own words may quote the document, which holds secrets.
        Problem::at(format!("{shown}{place}"), "is neither YAML nor JSON").hint("write one `name: value` a line")
    })?;
    let mut problems = Problems::default();
    fill(&mut value, shown, variable, &mut problems);
    problems.or(|| value)
}

fn fill(value: &mut Value, at: &str, variable: &dyn Fn(&str) -> Option<String>, problems: &mut Problems) {
    match value {
        Value::String(text) => match expand(text, variable) {
            Ok(expanded) => *text = expanded,
            Err(name) => problems.push(
                Problem::at(at, format!("the environment has no variable {name}"))
                    .hint("export it, or write $${…} for the plain text"),
            ),
        },
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                fill(item, &format!("{at}[{index}]"), variable, problems);
            }
        }
        Value::Object(entries) => {
            for (name, entry) in entries {
                fill(entry, &format!("{at}: {name}"), variable, problems);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `${NAME}` becomes the variable, `$${` stays `${`. The name of a missing variable is the error.
fn expand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at - 1]);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        let Some(end) = rest[at..].find('}') else { break };
        let name = &rest[at + 2..at + end];
        out.push_str(&rest[..at]);
        out.push_str(&variable(name).ok_or_else(|| name.to_owned())?);
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in() {
        let variable = |name: &str| (name == "TOKEN").then(|| "5Aep".to_owned());
        let cases = [
            ("a: ${TOKEN}", Ok(r#"{"a":"5Aep"}"#)),
            ("a: x${TOKEN}y${TOKEN}", Ok(r#"{"a":"x5Aepy5Aep"}"#)),
            ("a: $${TOKEN}", Ok(r#"{"a":"${TOKEN}"}"#)),
            ("a: ${open", Ok(r#"{"a":"${open"}"#)),
            ("{\"a\": [1, \"${TOKEN}\"]}", Ok(r#"{"a":[1,"5Aep"]}"#)),
            ("a: ${NONE}", Err("f: a: the environment has no variable NONE")),
            ("a: [", Err("f")),
        ];
        for (text, want) in cases {
            match (parse("f", text, &variable), want) {
                (Ok(value), Ok(want)) => assert_eq!(value.to_string(), want, "{text}"),
                (Err(problems), Err(want)) => assert!(problems.to_string().starts_with(want), "{text}: {problems}"),
                (got, want) => panic!("{text}: {got:?}, wanted {want:?}"),
            }
        }
    }
}
