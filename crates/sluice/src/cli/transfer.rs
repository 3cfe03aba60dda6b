//! Bytes on their way, shown on a terminal.
//!
//! Knows counts only.

use std::io::IsTerminal;
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::Problem;

/// That a file can be read, seen before anybody is asked to take it.
pub(crate) fn readable(argument: &str, path: &Path) -> Result<(), Problem> {
    let at = || format!("{argument} {}", path.display());
    match std::fs::File::open(path) {
        Ok(_) if path.is_dir() => Err(Problem::at(at(), "is a folder")),
        Ok(_) => Ok(()),
        Err(error) => Err(Problem::at(at(), format!("cannot be read: {error}"))),
    }
}

/// A bar of bytes; nothing where there is no terminal.
pub(crate) struct Bytes {
    word: &'static str,
    bar: Option<ProgressBar>,
}

impl Bytes {
    /// A bar that calls them so: `sent`, `received`.
    pub(crate) fn new(word: &'static str) -> Bytes {
        Bytes { word, bar: None }
    }

    /// So many, of so many where that is known.
    pub(crate) fn show(&mut self, done: u64, all: Option<u64>) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let word = self.word;
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr_with_hz(10));
            let template = match all {
                Some(_) => "{prefix} [{bar:28}] {bytes}/{total_bytes}  {eta} left",
                None => "{prefix} {spinner} {bytes}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("━╸ "));
            }
            bar.set_prefix(word);
            bar
        });
        bar.set_position(done);
    }

    /// Clears the bar.
    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
