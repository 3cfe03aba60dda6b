//! One document of a project out of a file, for commands that look at it without saving it.
//!
//! Knows files and where things stand in them; what a document means is the project's and the server's.

use std::io::Read;
use std::path::Path;

use api::client::ClientError;
use model::{Problem, Problems};
use project::{Kind, Places, Project};

use crate::cli::door::Failure;
use crate::cli::review;

/// The word for stdin.
const STDIN: &str = "-";

/// Whether an argument means a file rather than the name of something that is kept.
pub(crate) fn is_file(what: &str) -> bool {
    let ending = Path::new(what).extension().and_then(|ending| ending.to_str());
    what == STDIN || matches!(ending, Some("yaml" | "yml" | "json")) || Path::new(what).is_file()
}

/// Reads the one document of a file.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read(kind: Kind, path: &Path) -> Result<Project, Problems> {
    let shown = path.display().to_string();
    let text = if path == Path::new(STDIN) {
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .read_to_string(&mut text)
            .map(|_| text)
            .map_err(|error| format!("cannot be read: {error}"))
    } else {
        review::text(path)
    };
    let text = text.map_err(|message| Problem::at(shown.clone(), message))?;
    project::single(kind, &shown, &text)
}

/// The document that was read.
///
/// # Errors
/// There is none, which `project::single` says already.
pub(crate) fn only<T>(found: std::collections::BTreeMap<String, T>, path: &Path) -> Result<T, Problem> {
    let nothing = || Problem::at(path.display().to_string(), "holds nothing");
    found.into_values().next().ok_or_else(nothing)
}

/// What a server says about a document, with the lines of its file where it is out of one.
pub(crate) fn placed(error: ClientError, places: Option<&Places>) -> Failure {
    let failure = Failure::from(error);
    match places {
        Some(places) => failure.located(&|place| places.at(place)),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        for (what, want) in [("a.yaml", true), ("x/b.json", true), ("-", true), ("buyers", false), ("v1.2", false)] {
            assert_eq!(is_file(what), want, "{what}");
        }
    }
}
