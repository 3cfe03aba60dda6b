//! `sluice config`: the catalog, and the values that hold.
//!
//! Knows how both are shown. No secret is: only that it is set.

use serde_json::json;

use crate::cli::commands::{ConfigCheckArguments, ConfigCommand};
use crate::cli::listing::{columns, show_json};
use crate::cli::{Exit, door, failure, say, show};
use crate::config::{CONFIG, Content, Effective, Entry, Kind, Operator, Source, Sources, absent};

/// `sluice config`
pub(crate) fn config(command: ConfigCommand) -> Exit {
    match command {
        ConfigCommand::Check(arguments) => check(arguments),
        ConfigCommand::List { json } => {
            CONFIG.iter().for_each(|entry| list(entry, json));
            Exit::Done
        }
    }
}

fn list(entry: &Entry, json: bool) {
    let (variable, allowed) = (entry.variable(), entry.kind.allowed());
    if json {
        let in_file = entry.kind != Kind::Secret;
        return show_json(&json!({
            "name": entry.name, "variable": variable, "in_file": in_file, "value": allowed, "default": entry.default,
            "help": entry.help,
        }));
    }
    let default = if entry.default.is_empty() { "none" } else { entry.default };
    show(&format!("{} (${variable})\n    {}\n    {allowed}; default {default}", entry.name, entry.help));
}

fn check(arguments: ConfigCheckArguments) -> Exit {
    let environment = door::environment();
    let sources = Sources {
        data_dir: arguments.data_dir.path(),
        file: arguments.config,
        flags: Vec::new(),
        environment: &environment,
    };
    let (found, mut problems) = sources.gather();
    shown(&found, arguments.json);
    found.strangers.iter().for_each(|stranger| say(&format!("note: {stranger}")));
    let operator = Operator::parse(&found);
    let redirect_uri = operator.as_ref().ok().map(|operator| operator.app.redirect_uri.clone());
    problems.extend(operator.err().unwrap_or_default());
    problems.extend(absent(&found));
    if !problems.is_empty() {
        return failure::problems_exit(&problems);
    }
    if let (false, Some(redirect_uri)) = (arguments.json, redirect_uri) {
        say(&format!("good; Salesforce leads back to {redirect_uri}"));
    }
    Exit::Done
}

/// The values that hold, each with where it comes from.
fn shown(found: &Effective, json: bool) {
    let mut rows = vec![vec!["data_dir".to_owned(), found.data_dir.display().to_string(), String::new()]];
    for entry in CONFIG {
        let (text, source) = match found.get(entry.name) {
            Some((Content::Texts(texts), source)) => (texts.join(", "), source),
            Some((Content::Secret(_), source)) => ("set".to_owned(), source),
            None => (String::new(), &Source::Default),
        };
        rows.push(vec![entry.name.to_owned(), text, source.to_string()]);
    }
    if json {
        for row in &rows {
            show_json(&json!({"name": row[0], "value": row[1], "from": row[2]}));
        }
        return;
    }
    if let Some(file) = &found.file {
        say(&format!("config file {}", file.display()));
    }
    show(&columns(&rows));
}
