//! What a person must change: a place, a message and a hint, and many of them at once.
//!
//! Knows nothing of where it is shown.

use std::fmt;

use serde::Serialize;

/// Something the user must change before the work can be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where: `settings.max_payload`, `column.Email`, `connection.business_unit`.
    pub at: String,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem at a place.
    pub fn at(at: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { at: at.into(), message: message.into(), hint: None }
    }

    /// The same problem with advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Every problem found, in the order found. Never shown empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Keeps the value, or the problem and no value.
    pub fn keep<T>(&mut self, value: Result<T, Problem>) -> Option<T> {
        value.map_err(|problem| self.0.push(problem)).ok()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems in the order found.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// Takes over all problems of `other`.
    pub fn extend(&mut self, other: Problems) {
        self.0.extend(other.0);
    }

    /// The value when nothing is wrong.
    ///
    /// # Errors
    /// All the problems, when there is one.
    pub fn or<T>(self, value: impl FnOnce() -> T) -> Result<T, Problems> {
        if self.is_empty() { Ok(value()) } else { Err(self) }
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn problems_are_kept_in_order_and_shown_with_their_hints() {
        let mut problems = Problems::default();
        assert_eq!(problems.keep(Ok::<_, Problem>(7)), Some(7));
        assert!(problems.is_empty());
        assert_eq!(
            problems.keep(Err::<u8, _>(Problem::at("column Email", "is no field").hint("write AS email"))),
            None
        );
        problems.extend(Problem::at("columns", "no key").into());
        expect![[r#"
            column Email: is no field
              hint: write AS email
            columns: no key"#]]
        .assert_eq(&problems.to_string());
        expect![[r#"[{"at":"column Email","message":"is no field","hint":"write AS email"},{"at":"columns","message":"no key"}]"#]]
            .assert_eq(&serde_json::to_string(&problems).unwrap());
        assert_eq!(problems.clone().or(|| 7), Err(problems));
        assert_eq!(Problems::default().or(|| 7), Ok(7));
    }
}
