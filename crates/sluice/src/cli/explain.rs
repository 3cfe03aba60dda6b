//! `sluice explain`, `sluice settings` and `sluice completions`: what the tables say.

use clap::CommandFactory;
use model::SETTINGS;
use pardot::code::{self, Class};
use serde_json::json;

use crate::cli::args::{Arguments, CompletionsArguments, ExplainArguments};
use crate::cli::{Exit, say, show};

/// `sluice explain`
pub(crate) fn explain(arguments: &ExplainArguments) -> Exit {
    let Some(code) = code::find(arguments.code) else {
        say(&format!("error: {} is no code that Pardot documents", arguments.code));
        say("  hint: rows whose answer has it are held, never counted as delivered");
        return Exit::Usage;
    };
    let does = reaction(code.class);
    if arguments.json {
        show(&json!({"code": code.number, "message": code.message, "advice": code.advice, "sluice": does}).to_string());
    } else {
        show(&format!("{}  {}\n  what to do: {}\n  what Sluice does: {does}", code.number, code.message, code.advice));
    }
    Exit::Done
}

fn reaction(class: Class) -> &'static str {
    match class {
        Class::Throttle => "waits and goes on with fewer calls at once; it does not use up maximum_retries",
        Class::Quota => "parks the job until the account's midnight; nothing is lost",
        Class::Transient => "repeats the call up to maximum_retries times, then parks the job",
        Class::Token => "fetches a new access token once and repeats the call",
        Class::Grant => "stops and asks to reconnect",
        Class::Access => "stops at once and names what is missing; never repeats",
        Class::Version => "takes the other version of the API and remembers it",
        Class::Size => "halves the batch and remembers the size",
        Class::Row => "rejects the row; the others go on",
        Class::RowOnce => "sends the row once more alone, then rejects it",
        Class::AlreadySo => "counts the row as delivered: it is already so",
        Class::WholeBatch => "halves the batch until the row at fault is found, and rejects that row",
        Class::Import => "halves the batch until the row at fault is found, and rejects that row",
        Class::Unknown => "holds the rows and shows the code",
    }
}

/// `sluice settings`
pub(crate) fn settings() -> Exit {
    for setting in SETTINGS {
        let default = if setting.default.is_empty() { "none" } else { setting.default };
        show(&format!("{}\n    {}\n    {}; default {default}", setting.name, setting.help, setting.allowed()));
    }
    Exit::Done
}

/// `sluice completions`
pub(crate) fn completions(arguments: &CompletionsArguments) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "sluice", &mut text);
    show(String::from_utf8_lossy(&text).trim_end());
    Exit::Done
}
