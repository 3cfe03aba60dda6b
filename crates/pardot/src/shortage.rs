//! Why no call is left today: Pardot says so, the rest belongs to others, or our own budget is spent.
//!
//! Knows numbers and words; not who counted.

use crate::count::Grouped;

/// Why the calls of the day are used up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Shortage {
    /// Pardot says so (codes 122 and 164).
    #[error("the API calls of the day are used up: {message}")]
    Refused {
        /// Pardot's code, where the answer has one.
        code: Option<u16>,
        /// Pardot's text.
        message: String,
    },
    /// What is left belongs to other integrations; the call was not sent.
    #[error("{} of today's {} Pardot calls are used; {reserve} % are left to others", Grouped(*.used), Grouped(*.limit))]
    Reserve {
        /// Calls made since the account's midnight, by all integrations.
        used: u64,
        /// Calls allowed per day.
        limit: u64,
        /// Percent of the limit that is left to others.
        reserve: u8,
    },
    /// Our own calls of the day have reached the budget; the call was not sent.
    #[error("the budget of {} calls a day is used up", Grouped(*.budget))]
    Budget {
        /// Our calls of the day.
        spent: u64,
        /// The most that we may make a day.
        budget: u64,
    },
}

impl Shortage {
    /// What a person should do.
    pub fn hint(&self) -> &'static str {
        match self {
            Shortage::Refused { .. } => {
                "nothing is lost; calls are counted anew at midnight in the time zone of the Pardot account"
            }
            Shortage::Reserve { .. } => {
                "nothing is lost; calls are counted anew at midnight in the time zone of the Pardot account; a smaller \
                 reserve allows more today"
            }
            Shortage::Budget { .. } => {
                "nothing is lost; the next day has a budget of its own; a larger one allows more today"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_says_what_is_used_up() {
        let refused = Shortage::Refused { code: Some(122), message: "Daily API rate limit met".into() };
        let shown = [
            refused,
            Shortage::Reserve { used: 22_500, limit: 25_000, reserve: 10 },
            Shortage::Budget { spent: 5_000, budget: 5_000 },
        ]
        .map(|shortage| format!("{shortage}\n  {}\n", shortage.hint()));
        expect_test::expect![[r#"
            the API calls of the day are used up: Daily API rate limit met
              nothing is lost; calls are counted anew at midnight in the time zone of the Pardot account
            22,500 of today's 25,000 Pardot calls are used; 10 % are left to others
              nothing is lost; calls are counted anew at midnight in the time zone of the Pardot account; a smaller reserve allows more today
            the budget of 5,000 calls a day is used up
              nothing is lost; the next day has a budget of its own; a larger one allows more today
        "#]]
        .assert_eq(&shown.concat());
    }
}
