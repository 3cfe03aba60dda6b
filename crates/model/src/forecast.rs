//! The forecast of a job: the calls that it needs against the calls that are left.
//!
//! Knows numbers only: not how calls are counted, nor what time midnight is for anybody.

use pardot::{Grouped, Usage};
use serde::{Deserialize, Serialize};

/// So few calls more or less are not worth a range.
const FEW: u64 = 5;

/// What a job needs and what it may have, as known when it begins to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// Rows of the Result.
    pub rows: u64,
    /// Calls for them, an upper bound as long as nothing has to be repeated.
    pub calls: u64,
    /// Calls for them when every row leaves and all that is not known yet turns out well.
    pub least: u64,
    /// Calls of today used by everybody, as Pardot says.
    pub used: Option<u64>,
    /// Calls that the account may make a day, as Pardot says.
    pub limit: Option<u64>,
    /// Percent of the limit that is left to others.
    pub reserve: u8,
    /// The most calls a day by Sluice.
    pub budget: Option<u64>,
    /// Calls that the job may make today under reserve and budget; `None` while neither says anything.
    pub left: Option<u64>,
    /// Days of the account that the upper bound needs, 1 when today suffices; `None` when `left` is not known or no day has
    /// any calls.
    pub days: Option<u64>,
    /// When a job that may not finish today goes on, in seconds since 1970: the account's next midnight.
    pub resumes: Option<i64>,
}

impl Forecast {
    /// Compares. `calls`: from the least to the most; `usage`: the account's day as Pardot says; `reserve` in percent;
    /// `budget` and `spent`: the most calls a day by Sluice and those of today; `midnight`: the account's next one, in
    /// seconds since 1970, where its time zone is known.
    pub fn of(
        rows: u64,
        calls: (u64, u64),
        usage: Option<Usage>,
        reserve: u8,
        budget: Option<u64>,
        spent: u64,
        midnight: Option<i64>,
    ) -> Forecast {
        let (least, calls) = calls;
        let by_reserve = usage.map(|usage| usage.usable(reserve).saturating_sub(usage.used));
        let by_budget = budget.map(|budget| budget.saturating_sub(spent));
        let left = by_reserve.into_iter().chain(by_budget).min();
        let mut forecast = Forecast {
            rows,
            calls,
            least: least.min(calls),
            used: usage.map(|usage| usage.used),
            limit: usage.map(|usage| usage.limit),
            reserve,
            budget,
            left,
            days: None,
            resumes: None,
        };
        forecast.days = forecast.days_for(calls);
        forecast.resumes = midnight.filter(|_| forecast.may_park());
        forecast
    }

    /// Whether the calls of today may not suffice.
    pub fn may_park(&self) -> bool {
        self.left.is_some_and(|left| left < self.calls)
    }

    /// Calls that a whole day has.
    fn a_day(&self) -> Option<u64> {
        self.by_reserve().into_iter().chain(self.budget).min()
    }

    fn by_reserve(&self) -> Option<u64> {
        self.limit.map(|limit| Usage { used: 0, limit }.usable(self.reserve))
    }

    fn days_for(&self, calls: u64) -> Option<u64> {
        let (left, a_day) = (self.left?, self.a_day()?);
        let later = calls.saturating_sub(left);
        if later == 0 {
            return Some(1);
        }
        (a_day > 0).then(|| later.div_ceil(a_day).saturating_add(1))
    }

    /// In words. `resumes`: how the caller words [`Forecast::resumes`], such as "at 00:00 America/New_York".
    pub fn words(&self, resumes: Option<&str>) -> String {
        let rows = counted(self.rows, "row", "rows");
        let mut text = format!("{rows} = {}; {}.", self.calls_in_words(), self.left_in_words());
        if let Some(verdict) = self.verdict(resumes.unwrap_or("after midnight of the account")) {
            text.push(' ');
            text.push_str(&verdict);
        }
        text
    }

    fn calls_in_words(&self) -> String {
        let undecided = self.left.is_some_and(|left| self.least <= left && left < self.calls);
        if self.calls - self.least <= FEW && (!undecided || self.least == self.calls) {
            return counted(self.least, "call", "calls");
        }
        format!("{} to {} calls", Grouped(self.least), Grouped(self.calls))
    }

    fn left_in_words(&self) -> String {
        let Some(left) = self.left else { return "Pardot has not said how many are left today".into() };
        let mut text = format!("{} left today", Grouped(left));
        if let (Some(limit), Some(usable)) = (self.limit, self.by_reserve())
            && limit > usable
        {
            let kept = limit - usable;
            text.push_str(&format!(", {} {} kept for others", Grouped(kept), if kept == 1 { "is" } else { "are" }));
        }
        if let Some(budget) = self.budget {
            text.push_str(&format!(", the budget is {} a day", Grouped(budget)));
        }
        text
    }

    fn verdict(&self, resumes: &str) -> Option<String> {
        if !self.may_park() {
            return None;
        }
        let Some(most) = self.days else { return Some("It cannot finish: no day has any calls for it.".into()) };
        // The few calls that may come on top of the least decide nothing.
        let least = self.days_for(self.least).unwrap_or(most);
        Some(match (least, most) {
            (1, _) => format!("It may not finish today and then goes on {resumes}."),
            (least, most) if least == most => format!("It will need {most} days and goes on {resumes}."),
            (least, most) => {
                format!("It will need {} to {} days and goes on {resumes}.", Grouped(least), Grouped(most))
            }
        })
    }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", Grouped(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests;
