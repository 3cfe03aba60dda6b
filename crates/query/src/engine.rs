//! Plans and runs one query over bound tables, on a thread of its own.
//!
//! Knows the SQL engine: not what becomes of the batches. The thread is ours, so that a query which computes without
//! yielding cannot stop the caller from noticing its time limit.

use std::convert::Infallible;
use std::fs;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlanProperties;
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use futures::StreamExt;
use tokio::sync::{mpsc, oneshot};

use crate::bind;
use crate::error::QueryError;
use crate::explain::{Scope, planning, running};
use crate::freeze::Limits;
use crate::joins;
use crate::statement;
use crate::table::Table;
use crate::td;

/// Rows per batch: 4,096 rows of 5,000 characters are 20 MB, and about four batches are alive at a time.
const BATCH_ROWS: usize = 4096;

/// Stack of the engine's thread: plans of deeply nested queries recurse. Reserved, not used, until then.
const STACK_BYTES: usize = 32 << 20;

/// Cores that one count uses at most: the jobs beside it want some too.
const MOST_LANES: usize = 4;

/// What a running query says, in this order: columns, batches, end; or, at any moment, that it failed.
#[derive(Debug)]
pub(crate) enum Item {
    Columns(SchemaRef),
    Batch(RecordBatch),
    End,
    Failed(QueryError),
}

/// A query under way. It stops soon after either part is dropped.
pub(crate) struct Running {
    stop: oneshot::Sender<Infallible>,
    items: mpsc::Receiver<Item>,
}

impl Running {
    pub(crate) fn into_parts(self) -> (oneshot::Sender<Infallible>, mpsc::Receiver<Item>) {
        (self.stop, self.items)
    }
}

/// What is asked of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ask {
    /// Its columns: it is planned and not run.
    Columns,
    /// So many rows at most.
    First(usize),
    /// All rows.
    Every,
    /// One row whose numbers do not depend on an order: the processor's cores may share the work.
    Number,
}

impl Ask {
    /// Parts that the work is cut into.
    fn lanes(self) -> usize {
        match self {
            Ask::Columns | Ask::First(_) | Ask::Every => 1,
            Ask::Number => std::thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_LANES)),
        }
    }
}

/// Starts a query.
pub(crate) fn start(sql: &str, tables: &[Table], limits: &Limits, ask: Ask) -> Running {
    let (stop, stopped) = oneshot::channel();
    let (sender, items) = mpsc::channel(1);
    let (sql, tables, limits) = (sql.to_owned(), tables.to_vec(), limits.clone());
    on_thread(ask.lanes(), async move {
        tokio::select! {
            biased;
            _ = stopped => {}
            ended = Box::pin(run(&sql, &tables, &limits, ask, &sender)) => {
                let last = match ended {
                    Ok(()) => Item::End,
                    Err(error) => Item::Failed(error),
                };
                // Nobody listens any more: nobody wants to know.
                let _ = sender.send(last).await;
            }
        }
    });
    Running { stop, items }
}

/// The columns of one table.
pub(crate) fn schema(table: &Table) -> oneshot::Receiver<Result<SchemaRef, QueryError>> {
    let (sender, receiver) = oneshot::channel();
    let table = table.clone();
    on_thread(1, async move {
        let session = SessionContext::new_with_config(session_config(1));
        let _ = sender.send(bind::open(&session, &table).await.map(|bound| bound.columns()).map_err(QueryError::from));
    });
    receiver
}

fn on_thread(lanes: usize, work: impl Future<Output = ()> + Send + 'static) {
    let spawned = std::thread::Builder::new().name("query".into()).stack_size(STACK_BYTES).spawn(move || {
        // Without a runtime the work is dropped, and with it the channel: the listener hears that the engine stopped.
        let mut runtime = match lanes {
            1 => tokio::runtime::Builder::new_current_thread(),
            _ => tokio::runtime::Builder::new_multi_thread(),
        };
        runtime.worker_threads(lanes).thread_name("query").thread_stack_size(STACK_BYTES);
        if let Ok(runtime) = runtime.enable_all().build() {
            runtime.block_on(work);
            // Reads still under way in the blocking pool are not worth waiting for.
            runtime.shutdown_background();
        }
    });
    drop(spawned);
}

fn session_config(lanes: usize) -> SessionConfig {
    let mut config = SessionConfig::new()
        // One partition, no repartitioning: rows keep the order of the files. Only what has no order is cut.
        .with_target_partitions(lanes)
        .with_batch_size(BATCH_ROWS)
        .with_information_schema(false)
        .with_collect_statistics(false);
    let options = config.options_mut();
    options.sql_parser.collect_spans = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.parquet.schema_force_view_types = false;
    // What it learns of one side of a join to skip rows of the other is as large as that side, and counts against the memory.
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    config
}

fn session(limits: &Limits, lanes: usize) -> Result<SessionContext, QueryError> {
    let unwritable = |message: String| QueryError::Disk { path: limits.spill_dir.clone(), message };
    fs::create_dir_all(&limits.spill_dir).map_err(|error| unwritable(error.kind().to_string()))?;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory)))
        .with_temp_file_path(&limits.spill_dir)
        .build_arc()
        .map_err(|_| unwritable("cannot keep temporary files there".into()))?;
    let state = SessionStateBuilder::new()
        .with_config(session_config(lanes))
        .with_runtime_env(runtime)
        .with_default_features()
        .with_physical_optimizer_rules(joins::rules())
        .build();
    let session = SessionContext::new_with_state(state);
    td::functions(limits.scheduled_time).for_each(|function| session.register_udf(function));
    Ok(session)
}

async fn run(
    sql: &str,
    tables: &[Table],
    limits: &Limits,
    ask: Ask,
    items: &mpsc::Sender<Item>,
) -> Result<(), QueryError> {
    let one = statement::parse(sql)?;
    let session = session(limits, ask.lanes())?;
    for table in tables {
        bind::register(&session, table).await?;
    }
    let scope = Scope { sql, tables, limits };
    let plan = session
        .state()
        .statement_to_plan(Statement::Statement(Box::new(one.statement)))
        .await
        .map_err(|error| planning(&error, scope))?;
    only_reads(&plan)?;
    let mut frame = session.execute_logical_plan(plan).await.map_err(|error| planning(&error, scope))?;
    unique_names(frame.schema().as_arrow(), &one.aliases)?;
    let mut left = usize::MAX;
    if let Ask::First(rows) = ask {
        left = rows;
        frame = frame.limit(0, Some(rows)).map_err(|error| planning(&error, scope))?;
    }
    let task = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await.map_err(|error| planning(&error, scope))?;
    let columns = result_columns(&plan.schema(), &one.aliases);
    if items.send(Item::Columns(columns.clone())).await.is_err() || matches!(ask, Ask::Columns) {
        return Ok(());
    }
    // One part after the other: the engine's own merge of partitions takes whichever is ready, and would mix the parts
    // of a UNION ALL.
    for partition in 0..plan.output_partitioning().partition_count() {
        let mut stream =
            Arc::clone(&plan).execute(partition, Arc::clone(&task)).map_err(|error| running(&error, limits))?;
        while let Some(batch) = stream.next().await {
            let batch = plain(&batch.map_err(|error| running(&error, limits))?, &columns)
                .map_err(|error| running(&error.into(), limits))?;
            let batch = batch.slice(0, batch.num_rows().min(left));
            left -= batch.num_rows();
            if batch.num_rows() > 0 && items.send(Item::Batch(batch)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The second lock on the door that `statement::parse` keeps: only queries.
fn only_reads(plan: &LogicalPlan) -> Result<(), QueryError> {
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(plan)
        .map_err(|_| QueryError::NotSelect { what: "this statement".into() })
}

/// The columns as they are written: aliases in the user's case, types that every reader of Parquet knows.
fn result_columns(schema: &Schema, aliases: &[String]) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let name = written_name(field.name(), aliases);
        Field::new(name, plain_type(field.data_type()), true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn written_name(name: &str, aliases: &[String]) -> String {
    aliases.iter().find(|alias| alias.to_lowercase() == name).map_or_else(|| name.to_owned(), Clone::clone)
}

fn unique_names(schema: &Schema, aliases: &[String]) -> Result<(), QueryError> {
    let mut seen = std::collections::HashSet::new();
    for field in schema.fields() {
        let name = written_name(field.name(), aliases);
        if !seen.insert(name.clone()) {
            return Err(QueryError::DuplicateColumn { name });
        }
    }
    Ok(())
}

/// The plain form of a type: the engine's views, dictionaries and large texts are its own affair.
fn plain_type(data_type: &DataType) -> DataType {
    let plain_field = |field: &Arc<Field>| Arc::new(Field::new(field.name(), plain_type(field.data_type()), true));
    match data_type {
        // A column of NULLs and an interval have no form of their own in Parquet.
        DataType::Utf8View | DataType::LargeUtf8 | DataType::Null | DataType::Interval(_) => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Dictionary(_, values) => plain_type(values),
        DataType::RunEndEncoded(_, values) => plain_type(values.data_type()),
        DataType::List(field)
        | DataType::ListView(field)
        | DataType::LargeList(field)
        | DataType::LargeListView(field)
        | DataType::FixedSizeList(field, _) => DataType::List(plain_field(field)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(plain_field).collect()),
        other => other.clone(),
    }
}

fn plain(batch: &RecordBatch, columns: &SchemaRef) -> Result<RecordBatch, arrow::error::ArrowError> {
    let arrays = batch
        .columns()
        .iter()
        .zip(columns.fields())
        .map(|(array, field)| {
            if array.data_type() == field.data_type() { Ok(Arc::clone(array)) } else { cast(array, field.data_type()) }
        })
        .collect::<Result<Vec<_>, _>>()?;
    RecordBatch::try_new(Arc::clone(columns), arrays)
}
