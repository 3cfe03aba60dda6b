//! Progress on stderr: a bar on a terminal, plain lines otherwise, JSON lines when asked.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::Tally;

use crate::cli::say;
use app::job::Watched;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressForm {
    /// A bar on a terminal, lines otherwise.
    Auto,
    /// A bar.
    Bar,
    /// A line every few seconds.
    Plain,
    /// A JSON line every second.
    Json,
    /// Nothing.
    None,
}

/// Shows what a job tells.
pub(crate) struct Progress {
    form: ProgressForm,
    bar: Option<ProgressBar>,
    next: Instant,
    /// What the last line said, so that none is said twice.
    last: String,
    /// The stage and the most rows that were shown of it: news that was overtaken is none.
    most: (String, u64),
}

impl Progress {
    /// A progress in this form.
    pub(crate) fn new(form: ProgressForm) -> Progress {
        let form = match form {
            ProgressForm::Auto if std::io::stderr().is_terminal() => ProgressForm::Bar,
            ProgressForm::Auto => ProgressForm::Plain,
            form => form,
        };
        Progress {
            form,
            bar: None,
            next: Instant::now() + Duration::from_secs(1),
            last: String::new(),
            most: (String::new(), 0),
        }
    }

    /// Shows one thing.
    pub(crate) fn show(&mut self, watched: &Watched) {
        match watched {
            Watched::Note(note) => self.line(&format!("note: {note}")),
            Watched::Querying(rows) => self.step("query", *rows, None, &format!("{rows} rows")),
            Watched::Checking(rows, all) => self.step("check", *rows, Some(*all), "keys and values"),
            Watched::Sending(tally) => self.sending(tally),
        }
    }

    /// Clears the bar, so that what follows stands alone.
    pub(crate) fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        match (&self.bar, self.form) {
            (_, ProgressForm::None | ProgressForm::Json) => {}
            (Some(bar), _) => bar.suspend(|| say(text)),
            (None, _) => say(text),
        }
    }

    fn sending(&mut self, tally: &Tally) {
        let done = tally.read - tally.unsent;
        let mut text = format!("{} delivered", tally.delivered);
        for (count, word) in [(tally.rejected, "rejected"), (tally.superseded, "superseded"), (tally.held, "held")] {
            if count > 0 {
                text.push_str(&format!(", {count} {word}"));
            }
        }
        self.step("send", done, Some(tally.read), &text);
    }

    fn step(&mut self, stage: &str, rows: u64, all: Option<u64>, text: &str) {
        if all.is_some() && self.most.0 == stage && rows < self.most.1 {
            return;
        }
        self.most = (stage.to_owned(), rows);
        match self.form {
            ProgressForm::None => {}
            ProgressForm::Bar | ProgressForm::Auto => self.draw(stage, rows, all, text),
            ProgressForm::Plain | ProgressForm::Json => {
                let due = Instant::now() >= self.next || all == Some(rows);
                if !due {
                    return;
                }
                let pause = if self.form == ProgressForm::Json { 1 } else { 5 };
                self.next = Instant::now() + Duration::from_secs(pause);
                let line = if self.form == ProgressForm::Json {
                    serde_json::json!({"stage": stage, "rows": rows, "of": all, "text": text}).to_string()
                } else {
                    let of = all.map(|all| format!(" of {all}")).unwrap_or_default();
                    format!("{stage}: {rows}{of} rows ({text})")
                };
                if line != self.last {
                    say(&line);
                    self.last = line;
                }
            }
        }
    }

    fn draw(&mut self, stage: &str, rows: u64, all: Option<u64>, text: &str) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        let template = match all {
            Some(_) => "{prefix:>6} [{bar:28}] {human_pos}/{human_len} rows  {eta} left  {wide_msg}",
            None => "{prefix:>6} {spinner} {human_pos} rows  {elapsed}",
        };
        if bar.prefix() != stage {
            bar.set_prefix(stage.to_owned());
            bar.reset();
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("━╸ "));
            }
        }
        if let Some(all) = all {
            bar.set_length(all);
        }
        bar.set_position(rows);
        bar.set_message(text.to_owned());
    }
}
