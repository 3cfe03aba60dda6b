//! What a day's calls allow: the forecast of a scheduled run, and the allowance of each business unit from day to day.
//!
//! Knows days and their ends; what a call takes is the exporter's, what may still be called is `pardot::Allowance`'s.

use std::sync::Arc;

use model::{Forecast, Plan};
use pardot::account::Account;
use pardot::{Allowance, CallError, Client};
use serde::{Deserialize, Serialize};
use store::{Change, Job, LogLevel};

use crate::grants::Stored;
use crate::units::DaySpent;
use crate::{App, AppError, names, words};

/// Seconds after midnight at which the calls are taken to be counted anew: an answer of the old day would else be taken for
/// one of the new, as clocks differ.
pub(crate) const AFTER_MIDNIGHT: i64 = 30;

/// The calls of one day, as they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Spent {
    /// When the day ends, in seconds since 1970.
    ends: i64,
    calls: u64,
}

impl App {
    /// What a connection's business unit may be asked today, shared by all its jobs.
    pub(crate) async fn allowance_of(&self, stored: &Stored) -> Result<Arc<Allowance>, AppError> {
        let key = stored.key();
        let zone = self.known_account(stored).await?.and_then(|account| account.time_zone);
        let ends = self.day_ends(zone.as_deref());
        let (allowance, new) = self.0.units.allowance(&key, zone, self.now() - AFTER_MIDNIGHT, ends);
        if new
            && let Some(kept) = self.0.store.value(&spent_name(&key)).await?
            && let Ok(spent) = serde_json::from_value::<Spent>(kept)
            && spent.ends == ends
        {
            allowance.restore(spent.calls);
        }
        let budget = Some(stored.body.daily_budget).filter(|budget| *budget > 0);
        allowance.set(stored.body.reserve, budget);
        Ok(allowance)
    }

    /// When the day ends whose calls are counted together: at midnight in the account's time zone, and in UTC while that is
    /// not known.
    fn day_ends(&self, zone: Option<&str>) -> i64 {
        let now = self.now() - AFTER_MIDNIGHT;
        let midnight =
            zone.and_then(|zone| words::next_midnight(now, zone)).or_else(|| words::next_midnight(now, "UTC"));
        midnight.unwrap_or(i64::MAX - AFTER_MIDNIGHT)
    }

    /// Begins the days that have come, and keeps what was called today, so that a budget holds over a restart.
    pub(crate) async fn turn_days(&self) {
        self.0.units.begin_days(self.now() - AFTER_MIDNIGHT, |zone| self.day_ends(zone));
        let unkept = self.0.units.unkept();
        if unkept.is_empty() {
            return;
        }
        let change = |unit: &DaySpent| {
            let value = serde_json::to_value(Spent { ends: unit.ends, calls: unit.spent }).ok();
            Change::PutValue { name: spent_name(&unit.key), value }
        };
        match self.0.store.apply(unkept.iter().map(change).collect()).await {
            Ok(()) => unkept.iter().for_each(|unit| self.0.units.kept(unit)),
            Err(error) => tracing::warn!("the calls of today could not be kept: {error}"),
        }
    }

    /// Whether the account's midnight has only just passed: what is known of its calls may be of yesterday.
    pub(crate) async fn just_past_midnight(&self, stored: &Stored) -> Result<bool, AppError> {
        let zone = self.known_account(stored).await?.and_then(|account| account.time_zone);
        let midnight = |now: i64| zone.as_deref().and_then(|zone| words::next_midnight(now, zone));
        Ok(midnight(self.now()) != midnight(self.now() - AFTER_MIDNIGHT))
    }

    /// Writes into a scheduled job what it needs and what is left, once. Costs one call. What goes wrong here, the job meets
    /// again and says.
    pub(crate) async fn foresee(
        &self,
        job: &Job,
        plan: &Plan,
        client: &Client,
        stored: &Stored,
    ) -> Result<(), AppError> {
        let Some(rows) = job.frozen_rows.filter(|rows| *rows > 0 && job.scheduled.is_some() && job.forecast.is_none())
        else {
            return Ok(());
        };
        let allowance = self.allowance_of(stored).await?;
        match client.send(&Account).await {
            // The header of the answer has told it already, unless there was none.
            Ok(usage) if allowance.usage().is_none() => allowance.tell(usage),
            Ok(_) => {}
            // What is used up may be yesterday's calls: the forecast is written when the job goes on.
            Err(CallError::Quota(_)) if self.just_past_midnight(stored).await? => return Ok(()),
            // Used up: that is what the forecast says then. Anything else is the job's to meet.
            Err(CallError::Quota(_)) => {}
            Err(_) if allowance.usage().is_none() => return Ok(()),
            Err(_) => {}
        }
        let learned = self.0.store.learned(&stored.key()).await?;
        let needed = export::calls_needed(plan, rows, &learned);
        let zone = self.known_account(stored).await?.and_then(|account| account.time_zone);
        let midnight = zone.as_deref().and_then(|zone| words::next_midnight(self.now(), zone));
        let (reserve, budget) = (allowance.reserve(), allowance.budget());
        let calls = (needed.least, needed.most);
        let forecast = Forecast::of(rows, calls, allowance.usage(), reserve, budget, allowance.spent(), midnight);
        let value = serde_json::to_value(&forecast)
            .map_err(|_| AppError::Failed { message: "the forecast cannot be kept".into() })?;
        self.0.store.set_forecast(&job.id, &value).await?;
        let level = if forecast.may_park() { LogLevel::Warning } else { LogLevel::Info };
        self.note(&job.id, level, &in_words(&forecast, zone.as_deref())).await;
        Ok(())
    }
}

/// A forecast as documents have it.
pub(crate) fn view(kept: serde_json::Value, zone: Option<&str>) -> Option<api::Forecast> {
    let forecast: Forecast = serde_json::from_value(kept).ok()?;
    Some(shown(&forecast, zone))
}

/// A forecast for people and programs.
pub(crate) fn shown(forecast: &Forecast, zone: Option<&str>) -> api::Forecast {
    api::Forecast {
        sentence: in_words(forecast, zone),
        calls: forecast.calls,
        used: forecast.used,
        limit: forecast.limit,
        left: forecast.left,
        days: forecast.days,
        resumes: forecast.resumes.map(names::time),
    }
}

fn in_words(forecast: &Forecast, zone: Option<&str>) -> String {
    let resumes = forecast.resumes.map(|resumes| format!("at {}", words::at(resumes, zone)));
    forecast.words(resumes.as_deref())
}

/// Where the calls of today are kept.
fn spent_name(unit: &str) -> String {
    format!("spent:{unit}")
}
