//! The only place that prints: data to stdout, talk to stderr. A closed pipe is no error.

use std::io::Write;

/// Data, with a line end.
pub(crate) fn show(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Talk, with a line end.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Whether talk may be coloured: a terminal, and `NO_COLOR` not set.
pub(crate) fn colour() -> bool {
    use std::io::IsTerminal;
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
