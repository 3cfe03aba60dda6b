//! Texts for people who are not at the machine: they do not say where its data directory is.
//!
//! Knows one folder and how its path may be written; not who says what.

use std::path::{Path, PathBuf};

use model::{Problem, Problems, StopCause};

use crate::AppError;

/// What stands in the place of the folder.
const SHOWN: &str = "<data directory>";

/// The data directory, as engine, store and system may write it.
pub(crate) struct Discreet {
    /// Longest first, so that no form hides a part of another.
    forms: Vec<String>,
}

impl Discreet {
    /// Keeps quiet about this folder, which is there.
    pub(crate) fn about(data_dir: &Path) -> Discreet {
        let forms = [Some(data_dir.to_owned()), std::path::absolute(data_dir).ok(), data_dir.canonicalize().ok()];
        // A relative path may be a word of its own, and no path is the root's.
        let tells = |path: &PathBuf| path.is_absolute() && path.parent().is_some();
        let mut forms: Vec<String> = forms
            .into_iter()
            .flatten()
            .filter(tells)
            .map(|path| path.to_string_lossy().trim_end_matches('/').to_owned())
            .collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Discreet { forms }
    }

    /// The text without the folder. Files of its tables keep their names.
    pub(crate) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for form in &self.forms {
            if text.contains(form.as_str()) {
                text = text.replace(&format!("{form}/tables/"), "").replace(form.as_str(), SHOWN);
            }
        }
        text
    }

    /// A problem with such texts; its place is the caller's own word.
    pub(crate) fn problem(&self, problem: &Problem) -> Problem {
        Problem {
            at: problem.at.clone(),
            message: self.text(&problem.message),
            hint: problem.hint.as_deref().map(|hint| self.text(hint)),
        }
    }

    /// A cause with such texts.
    pub(crate) fn cause(&self, cause: &StopCause) -> StopCause {
        StopCause {
            message: self.text(&cause.message),
            hint: cause.hint.as_deref().map(|hint| self.text(hint)),
            configuration: cause.configuration,
        }
    }

    /// An error with such texts.
    pub(crate) fn error(&self, error: AppError) -> AppError {
        match error {
            AppError::Invalid(problems) => {
                let mut told = Problems::default();
                problems.iter().for_each(|problem| told.push(self.problem(problem)));
                AppError::Invalid(told)
            }
            AppError::Unavailable { message, hint } => {
                AppError::Unavailable { message: self.text(&message), hint: hint.map(|hint| self.text(&hint)) }
            }
            AppError::Failed { message } => AppError::Failed { message: self.text(&message) },
            AppError::NotFound { .. }
            | AppError::Conflict { .. }
            | AppError::Stale { .. }
            | AppError::Unauthenticated { .. }
            | AppError::Forbidden { .. }
            | AppError::TooLarge { .. }
            | AppError::TooMany { .. }
            | AppError::Gone { .. }
            | AppError::Upstream { .. } => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_not_told() {
        let discreet = Discreet::about(Path::new("/srv/sluice-data"));
        let check = |text: &str, want: &str| assert_eq!(discreet.text(text), want);
        check("there is no file /srv/sluice-data/tables/c-1.upload.csv", "there is no file c-1.upload.csv");
        check(
            "cannot write /srv/sluice-data/results/1.parquet: full",
            "cannot write <data directory>/results/1.parquet: full",
        );
        check(
            "files may lie in /srv/in, /srv/sluice-data/tables;",
            "files may lie in /srv/in, <data directory>/tables;",
        );
        check("there is no file /srv/in/c.csv", "there is no file /srv/in/c.csv");
        let relative = Discreet::about(Path::new("data"));
        assert_eq!(relative.text("the data of a row"), "the data of a row");
        assert_eq!(Discreet::about(Path::new("/")).text("a/b"), "a/b");
    }
}
