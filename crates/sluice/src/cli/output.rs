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
