//! Looking without touching: the dry run, the doctor's checks, the account's fields and lists.
//!
//! Every call made here only reads.

use std::sync::Arc;

use export::{FrozenResult, Way, first_way};
use model::{Learned, Plan, Problem, Problems, Rejection, Settings, Target};
use pardot::account::{Account, Lists, ReadAccount, ReadList};
use pardot::prospect::Newest;
use pardot::{ApiVersion, CallError, Client, Clock, SystemClock, Usage};
use serde::Serialize;
use serde_json::{Value, json};
use store::Store;

use crate::clock::unix_now;
use crate::connection::Connection;
use crate::export::{ExportError, ExportRequest, limits, prepare};
use crate::job::custom_fields;
use crate::stop::StopSignal;
use model::grouped;

/// What an export would do.
pub struct DryRun {
    read: u64,
    rejected: u64,
    superseded: u64,
    reasons: Vec<(Option<String>, String, u64)>,
    estimate: export::Estimate,
    way: Way,
    usage: Option<Usage>,
    notes: Vec<String>,
    /// Whether the export would stop at a rejected row.
    pub stops_at_reject: bool,
}

/// Runs the query, checks every row and packs it; sends nothing.
pub async fn dry_run(request: ExportRequest, stop: StopSignal) -> Result<DryRun, ExportError> {
    let prepared = prepare(&request)?;
    let folder = tempfile::tempdir().map_err(|error| failed(format!("no temporary directory: {error}")))?;
    let path = folder.path().join("result.parquet");
    let limits = limits(folder.path(), request.query_time, request.scheduled.unwrap_or_else(unix_now));
    query::freeze(&request.sql, &prepared.tables, &limits, &path, stop.stopped(), &mut |_| {})
        .await
        .map_err(|error| ExportError::Query(Box::new(error)))?;
    let result = FrozenResult::open(&path).map_err(|error| failed(error.to_string()))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let client = prepared.connection.client(&prepared.plan, &clock).map_err(failed)?;
    let plan = &prepared.plan;
    let mut notes = plan.notes.clone();
    let custom = if export::unknown_columns(result.schema(), &plan.target).is_empty() {
        Vec::new()
    } else {
        custom_fields(&client).await?
    };
    let columns = export::columns_of(result.schema(), &plan.target, &custom).map_err(ExportError::Problems)?;
    let object = export::object_of(&plan.target, columns);
    let checked = export::check(&result, &*object, &mut |_| {}).map_err(|error| failed(error.to_string()))?;
    let learned = learned(&request, &prepared.connection).await;
    let way = first_way(&plan.target, &*object, &learned, &checked);
    export::fits(way, &*object).map_err(ExportError::Problems)?;
    look_at_lists(&client, &plan.target, &mut notes).await?;
    let mut reasons: Vec<(Option<String>, String, u64)> = Vec::new();
    let mut count = |rejection: Rejection| {
        let known =
            reasons.iter_mut().find(|(column, reason, _)| *column == rejection.column && *reason == rejection.reason);
        match known {
            Some((.., rows)) => *rows += 1,
            None => reasons.push((rejection.column, rejection.reason, 1)),
        }
    };
    let estimate = export::estimate(&result, &*object, &plan.delivery, &learned, &checked, way, &mut count)
        .map_err(|error| failed(error.to_string()))?;
    let usage = match client.send(&Account).await {
        Ok(usage) => Some(usage),
        Err(error @ CallError::Reconnect(_)) => return Err(error.into()),
        Err(error) => {
            notes.push(format!("the calls left today could not be read: {error}"));
            None
        }
    };
    reasons.sort_by_key(|(.., rows)| std::cmp::Reverse(*rows));
    let superseded = checked.superseded.len();
    let stops_at_reject = plan.on_invalid == model::OnInvalid::Stop && checked.refused > 0;
    Ok(DryRun {
        read: checked.rows,
        rejected: checked.refused,
        superseded,
        reasons,
        estimate,
        way,
        usage,
        notes,
        stops_at_reject,
    })
}

/// Batches pass over lists that take no members in silence, so a dry run asks for each list of `prospect_lists`.
async fn look_at_lists(client: &Client, target: &Target, notes: &mut Vec<String>) -> Result<(), ExportError> {
    let Target::Prospects { lists: Some(change), .. } = target else { return Ok(()) };
    let mut problems = Problems::default();
    for list in &change.lists {
        let fault = match client.send(&ReadList { id: *list }).await {
            Ok(Some(seen)) if seen.is_dynamic => "is a dynamic list, which takes no members by hand",
            Ok(Some(_)) => continue,
            Ok(None) => "is no list of this business unit",
            Err(error) => {
                notes.push(format!("list {list} could not be looked at: {error}"));
                continue;
            }
        };
        let problem = Problem::at("settings.prospect_lists", format!("list {list} {fault}"));
        problems.push(problem.hint("see `sluice fields` for the lists of this business unit"));
    }
    problems.or(|| ()).map_err(ExportError::Problems)
}

fn failed(message: String) -> ExportError {
    ExportError::Failed(message)
}

/// What earlier jobs learned; a dry run makes no data directory.
async fn learned(request: &ExportRequest, connection: &Connection) -> Learned {
    if !request.data_dir.join("sluice.db").exists() {
        return Learned::default();
    }
    match Store::open(&request.data_dir).await {
        Ok(store) => store.learned(&connection.key()).await.unwrap_or_default(),
        Err(_) => Learned::default(),
    }
}

impl DryRun {
    /// For programs.
    pub fn json(&self) -> Value {
        let reasons: Vec<Value> = self
            .reasons
            .iter()
            .map(|(column, reason, rows)| json!({"column": column, "reason": reason, "rows": rows}))
            .collect();
        json!({
            "format_version": model::REPORT_FORMAT_VERSION,
            "status": "dry_run",
            "rows": {
                "read": self.read, "would_send": self.estimate.rows, "rejected": self.rejected,
                "superseded": self.superseded,
            },
            "calls": {
                "needed": self.estimate.calls, "batches": self.estimate.batches, "way": way(self.way),
                "used_today": self.usage.map(|usage| usage.used), "a_day": self.usage.map(|usage| usage.limit),
                "left_today": self.usage.map(left),
            },
            "rejected_by_reason": reasons,
            "notes": self.notes,
        })
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut lines = vec![format!(
            "Dry run: {} rows read, {} would be sent, {} rejected, {} superseded. Nothing was sent.",
            grouped(self.read),
            grouped(self.estimate.rows),
            grouped(self.rejected),
            grouped(self.superseded)
        )];
        lines.push(format!("  {} calls needed ({})", grouped(self.estimate.calls), way(self.way)));
        if let Some(usage) = self.usage {
            let left = left(usage);
            let days = if left < self.estimate.calls && usage.limit > 0 {
                let more = (self.estimate.calls - left).div_ceil(usage.limit);
                format!("; the export parks and needs {more} more day(s)")
            } else {
                String::new()
            };
            lines.push(format!("  {} of {} calls left today{days}", grouped(left), grouped(usage.limit)));
        }
        for (column, reason, rows) in &self.reasons {
            let column = column.as_ref().map(|column| format!("{column} ")).unwrap_or_default();
            lines.push(format!("  rejected {}: {column}{reason}", grouped(*rows)));
        }
        if self.stops_at_reject {
            lines.push("  skip_invalid_records is false: the export would stop at the first rejected row".into());
        }
        lines.extend(self.notes.iter().map(|note| format!("  note: {note}")));
        lines.join("\n")
    }
}

fn left(usage: Usage) -> u64 {
    usage.limit.saturating_sub(usage.used)
}

fn way(way: Way) -> &'static str {
    match way {
        Way::Batch(ApiVersion::V3) => "batches of up to 50, version 3",
        Way::Batch(ApiVersion::V4) => "batches of up to 50, version 4",
        Way::LatestByEmail => "one by one with upsertLatestByEmail, version 5",
        Way::Pairs => "one membership a call",
    }
}

/// One check of the doctor.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What was looked at.
    pub check: &'static str,
    /// Whether it is as it must be.
    pub ok: bool,
    /// What was found.
    pub found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What the doctor found; `dead` when no call can work.
pub struct Diagnosis {
    /// The checks in order.
    pub checks: Vec<Check>,
    /// No call can work.
    pub dead: bool,
}

/// A client with patience for one look: few retries, short waits.
pub fn reader(connection: &Connection) -> Result<Client, String> {
    let mut settings = Settings::default();
    for (name, value) in [("maximum_retries", "2"), ("maximum_retry_wait", "5"), ("maximum_connection_timeout", "60")] {
        settings.set(name, value).map_err(|problem| problem.to_string())?;
    }
    let plan = Plan::parse(&settings).map_err(|problems| problems.to_string())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    connection.client(&plan, &clock)
}

/// Checks a connection step by step.
pub async fn doctor(connection: &Connection) -> Diagnosis {
    let mut checks = vec![
        passed("host", format!("{} is allowed", connection.pardot_domain.as_str())),
        passed("login", format!("{} is allowed", connection.login_url.as_str())),
    ];
    let client = match reader(connection) {
        Ok(client) => client,
        Err(message) => {
            checks.push(Check { check: "grant", ok: false, found: message, next: None });
            return Diagnosis { checks, dead: true };
        }
    };
    let version = match client.send(&Newest { version: ApiVersion::V4 }).await {
        Ok(_) => Ok("version 4: several prospects may share an email (AMPSEA)"),
        Err(CallError::Refused(refusal)) if refusal.code == Some(89) => Ok("version 3: emails are unique (no AMPSEA)"),
        Err(error) => Err(error),
    };
    match version {
        Ok(version) => {
            checks.push(passed("grant", "Salesforce gave an access token and Pardot accepts it (pardot_api)".into()));
            checks.push(passed("business unit", connection.business_unit.to_string()));
            checks.push(passed("version", version.into()));
        }
        Err(error) => {
            let dead = matches!(error, CallError::Reconnect(_) | CallError::Refused(_));
            let check = if matches!(error, CallError::Refused(_)) { "business unit" } else { "grant" };
            checks.push(broken(check, &error));
            return Diagnosis { checks, dead };
        }
    }
    checks.push(match client.send(&Account).await {
        Ok(usage) => passed("daily calls", format!("{} of {} left today", grouped(left(usage)), grouped(usage.limit))),
        Err(error) => broken("daily calls", &error),
    });
    checks.push(match client.send(&ReadAccount).await {
        Ok(account) => {
            let zone = account.time_zone.unwrap_or_else(|| "not said".into());
            passed("time zone", format!("{zone}; daily calls start anew at its midnight"))
        }
        Err(error) => broken("time zone", &error),
    });
    checks.push(match custom_fields(&client).await {
        Ok(fields) => passed("custom fields", format!("{} may be read", fields.len())),
        Err(error) => broken("custom fields", &error),
    });
    checks.push(match client.send(&Lists { after: 0 }).await {
        Ok(_) => passed("lists", "may be read".into()),
        Err(error) => broken("lists", &error),
    });
    Diagnosis { checks, dead: false }
}

fn passed(check: &'static str, found: String) -> Check {
    Check { check, ok: true, found, next: None }
}

fn broken(check: &'static str, error: &CallError) -> Check {
    Check { check, ok: false, found: error.to_string(), next: Some(error.hint().to_owned()) }
}

/// A list as it is shown.
#[derive(Debug, Serialize)]
pub struct ListShown {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Dynamic lists take no members by hand.
    pub dynamic: bool,
}

/// The account's custom fields and lists.
pub async fn fields(connection: &Connection) -> Result<(Vec<String>, Vec<ListShown>), ExportError> {
    let client = reader(connection).map_err(failed)?;
    let custom = custom_fields(&client).await?;
    let mut lists = Vec::new();
    let mut next = Some(0);
    while let Some(after) = next {
        let page = client.send(&Lists { after }).await?;
        next = page.next;
        let shown =
            |list: pardot::account::ListSeen| ListShown { id: list.id.0, name: list.name, dynamic: list.is_dynamic };
        lists.extend(page.lists.into_iter().map(shown));
    }
    Ok((custom.into_iter().map(|field| field.api_name).collect(), lists))
}
