//! Queries: saved SQL with its export, checked when it is saved.
//!
//! Knows what a query must be; its rows are looked at in `previews`, its jobs are made in `enqueue`.

use std::collections::HashMap;

use api::{Job, Page, Preview, PreviewRequest, Query, QuerySpec, Scope};
use export::CustomField;
use model::{Plan, Problem, Problems, Settings};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Change, Document};

use crate::grants::CONNECTION;
use crate::names::{self, stale_or};
use crate::owners::QUERY_LETTER;
use crate::previews::{SQL, USUAL_ROWS, placed, sql_problem};
use crate::timetable::Timetable;
use crate::{Actor, App, AppError};

/// The kind of document that a query is.
pub(crate) const QUERY: &str = "query";

/// Longest description.
const LONGEST_DESCRIPTION: usize = 2_000;
/// Documents that are looked through at most.
const ALL: u32 = 100_000;
/// Longest time for planning a query when it is saved.
pub(crate) const PLAN_TIME: std::time::Duration = std::time::Duration::from_secs(30);

/// What is kept of a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct QueryBody {
    /// What was written; its name is the document's, and the connection of its export is `connection`.
    pub(crate) spec: QuerySpec,
    /// The document id of its connection: another name of the connection is no change of the query.
    pub(crate) connection: Option<String>,
    /// The tables that its SQL names.
    pub(crate) tables: Vec<String>,
}

impl App {
    /// Queries by name.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn queries(&self, actor: &Actor, after: Option<&str>, limit: u32) -> Result<Page<Query>, AppError> {
        actor.require(Scope::Read)?;
        let documents = self.0.store.documents(QUERY, after, limit).await?;
        let next = names::next_page(&documents, limit);
        Ok(Page { items: self.query_views(documents).await?, next })
    }

    /// Queries by name, those with a text in their names; upper and lower case do not differ.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn queries_named_like(
        &self,
        actor: &Actor,
        text: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Query>, AppError> {
        actor.require(Scope::Read)?;
        let documents = self.0.store.documents_like(QUERY, text, after, limit).await?;
        let next = names::next_page(&documents, limit);
        Ok(Page { items: self.query_views(documents).await?, next })
    }

    /// One query.
    ///
    /// # Errors
    /// There is no such query; see [`AppError`].
    pub async fn query(&self, actor: &Actor, name: &str) -> Result<Query, AppError> {
        actor.require(Scope::Read)?;
        self.query_view(self.query_document(name).await?).await
    }

    /// Makes a query.
    ///
    /// # Errors
    /// Every problem of its SQL, connection and settings at once; the name is taken; see [`AppError`].
    pub async fn create_query(&self, actor: &Actor, spec: QuerySpec) -> Result<Query, AppError> {
        actor.require(Scope::Edit)?;
        self.free_name(&spec.name).await?;
        let name = spec.name.clone();
        self.put_query(actor, &name, spec, None).await.map(|(query, _)| query)
    }

    /// Makes or replaces the query of this name (another name in `spec` renames it). Whether it is new.
    ///
    /// # Errors
    /// Every problem of its SQL, connection and settings at once; changed since `revision`; see [`AppError`].
    pub async fn put_query(
        &self,
        actor: &Actor,
        name: &str,
        mut spec: QuerySpec,
        revision: Option<u64>,
    ) -> Result<(Query, bool), AppError> {
        actor.require(Scope::Edit)?;
        let old = self.0.store.document(QUERY, name).await?;
        if old.is_none() && revision.is_some() {
            return Err(self.no_query(name).await?);
        }
        if spec.name.is_empty() {
            spec.name = name.to_owned();
        }
        if spec.name != name && old.is_some() {
            self.free_name(&spec.name).await?;
        }
        let body = self.checked(spec).await?;
        let now = self.now();
        let (new_name, new) = (body.spec.name.clone(), old.is_none());
        let detail = json!({ "name": new_name, "export": body.connection.is_some() });
        let stored = serde_json::to_value(&body).unwrap_or_default();
        let id = old.as_ref().map_or_else(|| names::new_id(QUERY_LETTER), |old| old.id.clone());
        let was = old.as_ref().and_then(|old| body_of(old).ok()).and_then(|body| body.spec.schedule);
        let scheduled = body.spec.schedule.clone();
        let change = match old {
            None => Change::InsertDocument(Document {
                id: id.clone(),
                kind: QUERY.into(),
                name: new_name.clone(),
                revision: 1,
                created: now,
                updated: now,
                body: stored,
            }),
            Some(old) => Change::ReplaceDocument { id: old.id, revision, name: new_name.clone(), body: stored, now },
        };
        let action = if new { "query.create" } else { "query.update" };
        let scheduling = self.0.scheduling.lock().await;
        // Planning took its time.
        self.webhooks_stay("query.notify", body.spec.notify.as_ref()).await?;
        let has = scheduled.is_some();
        let mut changes = self.standing_changes(&id, was.as_ref(), scheduled.as_ref(), now).await?;
        changes.extend([change, actor.audit(action, name, detail)]);
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("query {new_name}")))?;
        drop(scheduling);
        if was.is_some() || has {
            self.schedules_changed();
        }
        Ok((self.query_view(self.query_document(&new_name).await?).await?, new))
    }

    /// Deletes a query; its jobs stay.
    ///
    /// # Errors
    /// There is no such query; see [`AppError`].
    pub async fn delete_query(&self, actor: &Actor, name: &str) -> Result<(), AppError> {
        actor.require(Scope::Edit)?;
        let document = self.query_document(name).await?;
        let scheduling = self.0.scheduling.lock().await;
        let mut changes = self.forget_schedule(&document.id).await?;
        changes.extend([Change::DeleteDocument { id: document.id }, actor.audit("query.delete", name, Value::Null)]);
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("query {name}")))?;
        drop(scheduling);
        self.schedules_changed();
        Ok(())
    }

    /// The first rows of some SQL. Ends with its future.
    ///
    /// # Errors
    /// Mistakes in the SQL, unknown tables; see [`AppError`].
    pub async fn preview(&self, actor: &Actor, request: PreviewRequest) -> Result<Preview, AppError> {
        actor.require(Scope::Run)?;
        let rows = async {
            let tables = self.bind_tables(&request.sql).await?;
            self.first_rows(&request.sql, &tables, request.limit.unwrap_or(USUAL_ROWS)).await
        };
        self.reading(rows).await.map_err(|error| placed(error, "sql"))
    }

    /// The query of this name as it is kept.
    pub(crate) async fn query_body(&self, name: &str) -> Result<(Document, QueryBody), AppError> {
        let document = self.query_document(name).await?;
        let body = body_of(&document)?;
        Ok((document, body))
    }

    async fn query_document(&self, name: &str) -> Result<Document, AppError> {
        match self.0.store.document(QUERY, name).await? {
            Some(document) => Ok(document),
            None => Err(self.no_query(name).await?),
        }
    }

    async fn no_query(&self, name: &str) -> Result<AppError, AppError> {
        let known = self.0.store.documents(QUERY, None, ALL).await?;
        Ok(AppError::not_found("query", name, known.iter().map(|document| document.name.as_str())))
    }

    async fn free_name(&self, name: &str) -> Result<(), AppError> {
        match self.0.store.document(QUERY, name).await? {
            None => Ok(()),
            Some(_) => Err(AppError::Conflict {
                message: format!("there is a query {name} already"),
                hint: Some("choose another name, or change that one".into()),
            }),
        }
    }

    async fn query_view(&self, document: Document) -> Result<Query, AppError> {
        let name = document.name.clone();
        let gone = || AppError::NotFound { what: format!("query {name}"), hint: None };
        self.query_views(vec![document]).await?.pop().ok_or_else(gone)
    }

    /// Queries as they are shown, with one look at the connections and one at the jobs for all of them.
    async fn query_views(&self, documents: Vec<Document>) -> Result<Vec<Query>, AppError> {
        let connections = self.connection_names().await?;
        let ids: Vec<String> = documents.iter().map(|document| document.id.clone()).collect();
        let newest = self.0.store.newest_jobs_of(&ids).await?;
        let of: Vec<Option<String>> = newest.iter().map(|job| job.query.clone()).collect();
        let mut last: HashMap<Option<String>, Job> = of.into_iter().zip(self.job_views(newest).await?).collect();
        let view = |document: Document| {
            let mut body = body_of(&document)?;
            if let (Some(id), Some(export)) = (&body.connection, &mut body.spec.export) {
                export.connection = connections.get(id).cloned().unwrap_or_default();
            }
            Ok(Query {
                revision: document.revision,
                created: names::time(document.created),
                updated: names::time(document.updated),
                last_job: last.remove(&Some(document.id)),
                spec: QuerySpec { name: document.name, ..body.spec },
            })
        };
        documents.into_iter().map(view).collect()
    }

    /// The query as it will be kept, with everything wrong about it at once.
    async fn checked(&self, mut spec: QuerySpec) -> Result<QueryBody, AppError> {
        let mut problems = Problems::default();
        problems.keep(names::check("query.name", &spec.name));
        if spec.description.as_deref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
            let message = format!("is longer than {LONGEST_DESCRIPTION} characters");
            problems.push(Problem::at("query.description", message));
        }
        problems.keep(check_source(spec.source.as_deref()));
        let longest = self.0.config.query_time.as_secs();
        if spec.time_limit.is_some_and(|seconds| seconds == 0 || seconds > longest) {
            problems.push(
                Problem::at("query.time_limit", format!("must be a number of seconds from 1 to {longest}"))
                    .hint("the operator sets the longest time with query_time"),
            );
        }
        match spec.schedule.as_ref().map(|schedule| Timetable::of(schedule, "query.schedule")) {
            // A cron that says "no schedule" is none.
            Some(Ok(None)) => spec.schedule = None,
            Some(Err(found)) => problems.extend(found),
            Some(Ok(Some(_))) | None => {}
        }
        if let Some(notify) = &spec.notify {
            self.check_notify("query.notify", notify, &mut problems).await?;
        }
        let plan = spec.export.as_ref();
        let plan = plan.and_then(|export| problems_of_settings("query.export", &export.settings.0, &mut problems));
        let connection = match &spec.export {
            Some(export) => self.connection_named("query.export.connection", &export.connection, &mut problems).await?,
            None => None,
        };
        let checks = self.check_sql(&spec.sql, plan.as_ref(), connection.as_ref(), &mut problems);
        let tables = self.reading(checks).await?;
        problems.or(|| ())?;
        if let Some(export) = &mut spec.export {
            export.connection.clear();
        }
        Ok(QueryBody { spec, connection: connection.map(|connection| connection.id), tables })
    }

    /// The connection of this name, written at `place`.
    pub(crate) async fn connection_named(
        &self,
        place: &str,
        name: &str,
        problems: &mut Problems,
    ) -> Result<Option<Document>, AppError> {
        if name.is_empty() {
            problems.push(Problem::at(place, "is missing").hint("name the connection that the rows go through"));
            return Ok(None);
        }
        let found = self.0.store.document(CONNECTION, name).await?;
        if found.is_none() {
            let known = self.0.store.documents(CONNECTION, None, ALL).await?;
            let known: Vec<String> = known.into_iter().map(|document| document.name).collect();
            let hint = match model::nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {near}?"),
                None if known.is_empty() => "make a connection first".into(),
                None => format!("connections are {}", names::listed(&known)),
            };
            problems.push(Problem::at(place, format!("there is no connection {name}")).hint(hint));
        }
        Ok(found)
    }

    /// Plans the SQL over the tables of today and holds its columns against the fields of the export; the tables it names.
    async fn check_sql(
        &self,
        sql: &str,
        plan: Option<&Plan>,
        connection: Option<&Document>,
        problems: &mut Problems,
    ) -> Result<Vec<String>, AppError> {
        let tables = match self.bind_tables(sql).await {
            Ok(tables) => tables,
            Err(AppError::Invalid(found)) => {
                problems.extend(found);
                return Ok(Vec::new());
            }
            Err(other) => return Err(other),
        };
        let names = tables.iter().map(|table| table.name.clone()).collect();
        let schema = match query::columns(sql, &tables, &self.look(PLAN_TIME)).await {
            Ok(schema) => schema,
            Err(error) => {
                problems.push(self.0.discreet.problem(&sql_problem(&error)));
                return Ok(names);
            }
        };
        let Some(plan) = plan else { return Ok(names) };
        let custom = match connection {
            Some(connection) => self.custom_fields_known(connection).await?,
            None => None,
        };
        // While the account's fields are not known, any name that may be one passes: the job asks Pardot before it sends.
        let custom = custom.unwrap_or_else(|| {
            let names = export::unknown_columns(&schema, &plan.target);
            names.into_iter().map(|api_name| CustomField { api_name }).collect()
        });
        if let Err(found) = export::columns_of(&schema, &plan.target, &custom) {
            for problem in found.iter() {
                let message = match problem.at.as_str() {
                    "columns" => problem.message.clone(),
                    column => format!("{column} {}", problem.message),
                };
                let problem = Problem { at: SQL.into(), message, hint: problem.hint.clone() };
                problems.push(problem);
            }
        }
        Ok(names)
    }
}

pub(crate) fn body_of(document: &Document) -> Result<QueryBody, AppError> {
    serde_json::from_value(document.body.clone())
        .map_err(|_| AppError::Failed { message: format!("query {} cannot be read back", document.name) })
}

fn check_source(source: Option<&str>) -> Result<(), Problem> {
    match source {
        None | Some("embedded") => Ok(()),
        Some(other) => Err(Problem::at("query.source", format!("there is no source {other}"))
            .hint("embedded is the engine over this server's tables")),
    }
}

/// What the settings of an export mean; what is wrong with them is said at their place in it.
pub(crate) fn problems_of_settings(
    export: &str,
    given: &serde_json::Map<String, Value>,
    problems: &mut Problems,
) -> Option<Plan> {
    let mut settings = Settings::default();
    let read = settings.set_all(&Value::Object(given.clone()));
    let planned = Plan::parse(&settings);
    let mut keep = |found: Problems| {
        for mut problem in found.iter().cloned() {
            problem.at = format!("{export}.{}", problem.at);
            problems.push(problem);
        }
    };
    match (read, planned) {
        (Ok(()), Ok(plan)) => Some(plan),
        (read, planned) => {
            read.err().map(&mut keep);
            planned.err().map(&mut keep);
            None
        }
    }
}

#[cfg(test)]
mod tests;
