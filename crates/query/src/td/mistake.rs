//! Why a `TD_` function cannot answer.
//!
//! Knows words only: not where in the SQL the call stands. Holds what the query's author wrote, never a value of a row.

use datafusion::common::DataFusionError;

use crate::td::signature::Function;

/// A call that cannot be answered: which function, what is wrong and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Mistake {
    pub(crate) function: Function,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl Mistake {
    /// A text that an argument cannot be read from; `written` where it stands in the SQL. Any other may be a value of a
    /// row, and is not repeated.
    pub(crate) fn unreadable(function: Function, unreadable: &Unreadable, written: Option<&str>) -> Mistake {
        let Unreadable { what, nearest, allowed } = unreadable;
        let name = function.name();
        let (message, nearest) = match written {
            Some(text) => (format!("{name} cannot read '{text}' as {what}"), nearest.as_deref()),
            None => (format!("{name} cannot read a value of a column as {what}"), None),
        };
        let hint = nearest.map_or_else(|| allowed.clone(), |nearest| format!("did you mean '{nearest}'? {allowed}"));
        Mistake { function, message, hint }
    }

    /// A time that no calendar reaches.
    pub(crate) fn beyond(function: Function) -> Mistake {
        Mistake {
            function,
            message: format!("{} met a time outside the years -9999 to 9999", function.name()),
            hint:
                "times are seconds since 1970 (divide milliseconds by 1000), and no step may lead out of the calendar"
                    .into(),
        }
    }
}

impl From<Mistake> for DataFusionError {
    fn from(mistake: Mistake) -> DataFusionError {
        DataFusionError::External(Box::new(mistake))
    }
}

/// A text that is not what an argument asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// What it should be: `a time zone`.
    pub(crate) what: &'static str,
    /// What was probably meant.
    pub(crate) nearest: Option<String>,
    /// What may be written.
    pub(crate) allowed: String,
}

impl Unreadable {
    pub(crate) fn new(what: &'static str, allowed: &str) -> Unreadable {
        Unreadable { what, nearest: None, allowed: allowed.into() }
    }
}
