//! What an export of a query would be, before it is saved: its columns against the fields of its target, and the calls that
//! rows need.
//!
//! Plans and counts: runs no query, and asks Pardot nothing.

use api::{Export, Scope};
use export::CustomField;
use model::{Forecast, Plan, Problem, Problems, Target};

use crate::grants::Stored;
use crate::previews::sql_problem;
use crate::queries::{PLAN_TIME, problems_of_settings};
use crate::{Actor, App, AppError, forecast, words};

/// A column of a query, and the field that it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnLook {
    /// Its name.
    pub name: String,
    /// Why it cannot go there.
    pub problem: Option<Problem>,
}

/// What an export would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportLook {
    /// The columns of the query, in order.
    pub columns: Vec<ColumnLook>,
    /// What is missing as a whole: a key, a column that must be there.
    pub missing: Vec<Problem>,
    /// Whether the account's own fields are known; while they are not, any name that may be one passes.
    pub fields_known: bool,
    /// The calls that the rows need, where a number of rows was given.
    pub forecast: Option<api::Forecast>,
}

impl App {
    /// What an export of the query of this name with these settings would be, and the calls that `rows` rows need.
    ///
    /// # Errors
    /// There is no such query, its SQL cannot be planned, the connection or a setting is wrong; see [`AppError`].
    pub async fn look_at_export(
        &self,
        actor: &Actor,
        query: &str,
        export: &Export,
        rows: Option<u64>,
    ) -> Result<ExportLook, AppError> {
        actor.require(Scope::Read)?;
        let (_, body) = self.query_body(query).await?;
        let mut problems = Problems::default();
        let plan = problems_of_settings("query.export", &export.settings.0, &mut problems);
        let connection = self.connection_named("query.export.connection", &export.connection, &mut problems).await?;
        let (Some(plan), Some(connection)) = (plan, connection) else { return Err(problems.into()) };
        let custom = self.custom_fields_known(&connection).await?;
        let (columns, missing) = self.reading(self.columns_for(&body.spec.sql, &plan, custom.as_deref())).await?;
        // What is not allowed any more is the connection's own page to say.
        let forecast = match (rows, self.understood(connection)) {
            (Some(rows), Ok(stored)) => Some(self.calls_for(&stored, &plan, rows).await?),
            _ => None,
        };
        Ok(ExportLook {
            columns,
            missing,
            fields_known: custom.is_some() || !matches!(plan.target, Target::Prospects { .. }),
            forecast,
        })
    }

    /// The columns of some SQL, each with what is wrong with it, and what is wrong with them as a whole.
    async fn columns_for(
        &self,
        sql: &str,
        plan: &Plan,
        custom: Option<&[CustomField]>,
    ) -> Result<(Vec<ColumnLook>, Vec<Problem>), AppError> {
        let tables = self.bind_tables(sql).await?;
        let planned = query::columns(sql, &tables, &self.look(PLAN_TIME)).await;
        let schema = planned.map_err(|error| AppError::from(self.0.discreet.problem(&sql_problem(&error))))?;
        let any = || {
            let names = export::unknown_columns(&schema, &plan.target);
            names.into_iter().map(|api_name| CustomField { api_name }).collect()
        };
        let custom = custom.map_or_else(any, <[CustomField]>::to_vec);
        let found = export::columns_of(&schema, &plan.target, &custom).err().unwrap_or_default();
        let of = |name: &str| found.iter().find(|problem| problem.at.strip_prefix("column ") == Some(name)).cloned();
        let names: Vec<&String> = schema.fields().iter().map(|column| column.name()).collect();
        let columns = names.iter().map(|name| ColumnLook { name: (*name).clone(), problem: of(name) }).collect();
        let elsewhere = |problem: &&Problem| {
            let column = problem.at.strip_prefix("column ");
            column.is_none_or(|column| !names.iter().any(|name| *name == column))
        };
        Ok((columns, found.iter().filter(elsewhere).cloned().collect()))
    }

    /// The calls that rows need against those that are left, as far as they are known without asking.
    async fn calls_for(&self, stored: &Stored, plan: &Plan, rows: u64) -> Result<api::Forecast, AppError> {
        let allowance = self.allowance_of(stored).await?;
        let learned = self.0.store.learned(&stored.key()).await?;
        let needed = export::calls_needed(plan, rows, &learned);
        let zone = self.known_account(stored).await?.and_then(|account| account.time_zone);
        let midnight = zone.as_deref().and_then(|zone| words::next_midnight(self.now(), zone));
        let calls = (needed.least, needed.most);
        let (reserve, budget) = (allowance.reserve(), allowance.budget());
        let forecast = Forecast::of(rows, calls, allowance.usage(), reserve, budget, allowance.spent(), midnight);
        Ok(forecast::shown(&forecast, zone.as_deref()))
    }
}
