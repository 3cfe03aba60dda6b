//! An activation looked at before it is saved: its columns against the fields of the target, and the first rows as they will
//! be sent.
//!
//! Knows columns and fields; what is kept of an activation is `activations`'.

use api::{ActivationLook, ActivationTry, Cause, OutputField, Scope, SentRow};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use export::{CustomField, Sent};
use model::{Audience, Learned, Output, Plan, Problem, Problems};
use pardot::field::{self, Kind};
use query::Limits;
use store::Document;

use crate::activations::Bound;
use crate::previews::{COUNT_MEMORY, SQL, placed, sql_problem};
use crate::queries::problems_of_settings;
use crate::{Actor, App, AppError};

/// Rows that are shown when nobody says how many.
const USUAL_ROWS: u32 = 10;
/// Most rows that are shown.
const MOST_ROWS: u32 = 100;
/// Longest time for planning.
const PLAN_TIME: std::time::Duration = std::time::Duration::from_secs(30);
/// Longest time for the first rows.
const ROWS_TIME: std::time::Duration = std::time::Duration::from_secs(30);
/// What is said of a column that may be a custom field.
const UNKNOWN: &str =
    "no standard field; the account's own fields are not known: test the connection, or the job asks before it sends";
/// Where a mapping is written.
pub(crate) const OUTPUT: &str = "activation.output";

/// What the output of an activation is held against.
struct Target<'a> {
    output: &'a Output,
    audience: &'a Audience,
    plan: Option<&'a Plan>,
    custom: Option<Vec<CustomField>>,
}

impl Target<'_> {
    /// The custom fields of the account. While they are not known, any name that may be one passes: the job asks Pardot before
    /// it sends.
    fn custom_fields(&self, schema: &Schema, plan: &Plan) -> Vec<CustomField> {
        self.custom.clone().unwrap_or_else(|| {
            let names = export::unknown_columns(schema, &plan.target);
            names.into_iter().map(|api_name| CustomField { api_name }).collect()
        })
    }
}

impl App {
    /// Looks at an activation: what it would send now. Nothing is saved or sent.
    ///
    /// # Errors
    /// Every problem of its segment, connection, settings and mapping, but for columns that are no fields, which the answer
    /// shows; the parent segment was never refreshed; see [`AppError`].
    pub async fn try_activation(&self, actor: &Actor, request: ActivationTry) -> Result<ActivationLook, AppError> {
        actor.require(Scope::Run)?;
        let rows = request.rows.unwrap_or(USUAL_ROWS);
        if !(1..=MOST_ROWS).contains(&rows) {
            return Err(Problem::at("rows", format!("must be a number from 1 to {MOST_ROWS}")).into());
        }
        let spec = request.activation;
        let mut problems = Problems::default();
        let plan = problems_of_settings("activation.export", &spec.export.settings.0, &mut problems);
        let place = "activation.export.connection";
        let connection = self.connection_named(place, &spec.export.connection, &mut problems).await?;
        let bound = self.segment_named(&spec.segment, &mut problems).await?;
        let found = problems.or(|| plan.zip(connection).zip(bound))?;
        let unclear = || AppError::Failed { message: "the activation cannot be understood".into() };
        let ((plan, connection), bound) = found.ok_or_else(unclear)?;
        let (audience, snapshot) = self.audience(&bound.parent).await?;
        let sql = self.activation_sql(&spec, &bound, &audience, self.now()).await?;
        let custom = self.custom_fields_known(&connection).await?;
        let looking = async {
            let tables = self.bind_tables(&sql).await?;
            let count = self.count_rows(&format!("SELECT COUNT(*) FROM ({sql}\n) AS sent"), &tables).await?;
            let _look = self.may_look().await?;
            let most = usize::try_from(rows).unwrap_or(0);
            let limits = Limits { memory: COUNT_MEMORY, ..self.look(ROWS_TIME) };
            let batches = query::preview(&sql, &tables, &limits, most, std::future::pending()).await;
            let batches = batches.map_err(|error| self.0.discreet.error(crate::previews::sql_error(&error)))?;
            Ok::<_, AppError>((count, batches))
        };
        let (count, batches) = self.reading(looking).await.map_err(|error| placed(error, OUTPUT))?;
        let schema = batches.first().map(|batch| batch.schema());
        let schema = schema.unwrap_or_else(|| std::sync::Arc::new(Schema::empty()));
        let target = Target { output: &spec.output, audience: &audience, plan: Some(&plan), custom };
        let (fields, whole) = fields_of(&target, &schema);
        let sent = match fields.iter().all(|field| field.problem.is_none()) {
            true if !whole.is_empty() => return Err(whole.into()),
            true => self.sent_rows(&batches, &target, &plan, &connection).await?,
            false => Vec::new(),
        };
        Ok(ActivationLook { sql, count, fields, rows: sent, refreshed: snapshot.at })
    }

    /// The first rows as they would travel now.
    async fn sent_rows(
        &self,
        batches: &[RecordBatch],
        target: &Target<'_>,
        plan: &Plan,
        connection: &Document,
    ) -> Result<Vec<SentRow>, AppError> {
        let Some(batch) = batches.first() else { return Ok(Vec::new()) };
        let schema = batch.schema();
        let columns = export::columns_of(&schema, &plan.target, &target.custom_fields(&schema, plan))?;
        let object = export::object_of(&plan.target, columns);
        // A connection that may not be used now says nothing of its account.
        let learned = match self.understood(connection.clone()) {
            Ok(stored) => self.0.store.learned(&stored.key()).await?,
            Err(_) => Learned::default(),
        };
        let way = export::first_way(&plan.target, &*object, &learned, &export::Checked::default());
        let row = |sent: Sent| {
            let (record, rejected) = match sent.body {
                Ok(record) => (Some(record), None),
                Err(rejection) => (None, Some(Cause { message: rejection.reason, hint: rejection.hint })),
            };
            SentRow { row: sent.row, key: sent.key, record, rejected }
        };
        Ok(export::sample(&*object, batches, way).into_iter().map(row).collect())
    }

    /// The output of an activation against the fields of its target; types are those of the profiles of today, where there
    /// are any.
    ///
    /// # Errors
    /// See [`AppError`].
    pub(crate) async fn check_fields(
        &self,
        output: &Output,
        (bound, defined): (&Bound, &Audience),
        plan: Option<&Plan>,
        connection: Option<&Document>,
    ) -> Result<Problems, AppError> {
        let custom = match connection {
            Some(connection) => self.custom_fields_known(connection).await?,
            None => None,
        };
        let target = Target { output, audience: defined, plan, custom };
        let schema = Schema::new(
            output
                .columns(defined)
                .into_iter()
                .map(|column| Field::new(column.name, DataType::Utf8, true))
                .collect::<Vec<_>>(),
        );
        let (fields, mut problems) = fields_of(&target, &schema);
        let places = output.columns(defined);
        for field in fields {
            let Some(Cause { message, hint }) = field.problem else { continue };
            let place = places.iter().find(|column| column.name == field.column);
            let at = place.map_or_else(|| OUTPUT.to_owned(), |column| format!("activation.{}", column.place));
            let message = format!("{} {message}", field.column);
            problems.push(Problem { at, message, hint });
        }
        if problems.is_empty()
            && let Ok((audience, _)) = self.audience(&bound.parent).await
        {
            problems.extend(self.plan_output(output, bound, &audience).await?);
        }
        Ok(problems)
    }

    /// Plans the SQL over the profiles of today: what only the engine finds, such as a format of a timestamp.
    async fn plan_output(&self, output: &Output, bound: &Bound, audience: &Audience) -> Result<Problems, AppError> {
        let spec = api::ActivationSpec { output: output.clone(), ..api::ActivationSpec::default() };
        let mut problems = Problems::default();
        // The profiles of today may lack what the definition has since got: the next refresh brings it.
        let Ok(sql) = self.activation_sql(&spec, bound, audience, self.now()).await else { return Ok(problems) };
        let planning = async {
            let tables = self.bind_tables(&sql).await?;
            Ok::<_, AppError>(query::columns(&sql, &tables, &self.look(PLAN_TIME)).await)
        };
        match self.reading(planning).await? {
            Ok(_) => {}
            Err(error) => {
                let problem = self.0.discreet.problem(&sql_problem(&error));
                let at = if problem.at == SQL { OUTPUT.to_owned() } else { problem.at };
                problems.push(Problem { at, ..problem });
            }
        }
        Ok(problems)
    }
}

/// Each output column and the field that it goes to; what is wrong with the whole stands beside.
fn fields_of(target: &Target<'_>, schema: &Schema) -> (Vec<OutputField>, Problems) {
    let sources = target.output.columns(target.audience);
    let mut whole = Problems::default();
    let mut wrong: Vec<(String, Cause)> = Vec::new();
    if let Some(plan) = target.plan
        && let Err(found) = export::columns_of(schema, &plan.target, &target.custom_fields(schema, plan))
    {
        for problem in found.iter() {
            let cause = Cause { message: problem.message.clone(), hint: problem.hint.clone() };
            match problem.at.strip_prefix("column ") {
                Some(column) => wrong.push((column.to_owned(), cause)),
                None => whole.push(Problem { at: OUTPUT.into(), ..problem.clone() }),
            }
        }
    }
    let prospects = target.plan.is_some_and(|plan| matches!(plan.target, model::Target::Prospects { .. }));
    let field = |column: &std::sync::Arc<Field>| {
        let name = column.name();
        let source = sources.iter().find(|source| source.name == *name);
        let problem = wrong.iter().find(|(column, _)| column == name).map(|(_, cause)| cause.clone());
        let known = field::find(name).filter(|_| prospects);
        let kind = match (known, &problem) {
            (Some(field), _) => Some(kind_name(field.kind)),
            (None, Some(_)) => None,
            (None, None) if prospects => Some("custom"),
            (None, None) => target.plan.is_some().then_some("id"),
        };
        OutputField {
            column: name.clone(),
            source: source.map(|source| source.source.clone()).unwrap_or_default(),
            r#type: query::type_name(column.data_type()),
            remark: match known {
                Some(field) if problem.is_none() => remark(field.kind, column.data_type()),
                None if kind == Some("custom") && target.custom.is_none() => Some(UNKNOWN.to_owned()),
                Some(_) | None => None,
            },
            field: kind.map(str::to_owned),
            problem,
        }
    };
    let fields: Vec<OutputField> = schema.fields().iter().map(field).collect();
    // A column that is required and missing is nobody's.
    for (column, cause) in wrong {
        if !fields.iter().any(|field| field.column == column) {
            let message = format!("column {column} {}", cause.message);
            whole.push(Problem { at: OUTPUT.into(), message, hint: cause.hint });
        }
    }
    (fields, whole)
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "integer",
        Kind::Text => "text",
        Kind::Boolean => "boolean",
    }
}

/// What to know when values of this type go to a field of this kind.
fn remark(kind: Kind, data_type: &DataType) -> Option<String> {
    let text = matches!(data_type, DataType::Utf8 | DataType::LargeUtf8);
    let fits = match kind {
        Kind::Text => !data_type.is_nested(),
        Kind::Integer => data_type.is_integer() || text,
        Kind::Boolean => matches!(data_type, DataType::Boolean) || data_type.is_integer() || text,
    };
    match (kind, fits) {
        (Kind::Integer, true) if text => Some("rows whose text is no whole number are rejected".into()),
        (Kind::Boolean, true) if text => Some("rows whose text is neither 1 nor 0 are rejected".into()),
        (_, true) => None,
        (_, false) => Some(format!("{} may not fit a field of kind {}", query::type_name(data_type), kind_name(kind))),
    }
}
