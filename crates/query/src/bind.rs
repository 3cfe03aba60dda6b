//! Binds a table's files to a name in the engine.
//!
//! Knows file formats and how the engine scans files: not the query that reads them.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::json::reader::infer_json_schema;
use async_trait::async_trait;
use datafusion::catalog::{MemorySchemaProvider, Session, TableProvider};
use datafusion::common::{DataFusionError, TableReference};
use datafusion::datasource::TableType;
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::Expr;
use datafusion::object_store::ObjectMeta;
use datafusion::object_store::ObjectStoreExt;
use datafusion::object_store::path::Path as StorePath;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::StreamingTableExec;
use datafusion::prelude::SessionContext;

use crate::infer::type_of;
use crate::table::{CsvTypes, Format, Table, TableError};
use crate::text::{self, TextFiles};

/// Rows that decide the types of a CSV with `types=infer`.
const ROWS_TO_INFER: usize = 1000;

/// Binds `table` under its name, as written and in lower case: the engine reads unquoted names in lower case. A name of
/// two parts is a table in a schema, which comes into being with its first table.
pub(crate) async fn register(session: &SessionContext, table: &Table) -> Result<(), TableError> {
    let references = references(table)?;
    let bound: Arc<dyn TableProvider> = Arc::new(open(session, table).await?);
    let taken = || TableError::Spec {
        spec: table.name.clone(),
        message: "another table has this name".into(),
        hint: "give each table a name of its own; names that differ only by case are the same".into(),
    };
    for reference in references {
        if let Some(schema) = reference.schema() {
            let name = session.state().config().options().catalog.default_catalog.clone();
            let catalog = session.catalog(&name).ok_or_else(taken)?;
            if catalog.schema(schema).is_none() {
                catalog.register_schema(schema, Arc::new(MemorySchemaProvider::new())).map_err(|_| taken())?;
            }
        }
        session.register_table(reference, Arc::clone(&bound)).map_err(|_| taken())?;
    }
    Ok(())
}

/// The names under which a query finds the table.
fn references(table: &Table) -> Result<Vec<TableReference>, TableError> {
    if let Some((schema, name)) = table.parts() {
        return Ok(vec![TableReference::partial(schema, name)]);
    }
    if table.name.contains('.') {
        return Err(TableError::Spec {
            spec: table.name.clone(),
            message: "it is no name of two parts".into(),
            hint: "the parts of a name are lower-case letters, digits and _, as in sales.orders".into(),
        });
    }
    let mut names = vec![table.name.clone(), table.name.to_lowercase()];
    names.dedup();
    Ok(names.into_iter().map(TableReference::bare).collect())
}

/// Resolves the files of a table and finds out its columns. Blocks on the file system.
pub(crate) async fn open(session: &SessionContext, table: &Table) -> Result<Bound, TableError> {
    let files = table.files()?;
    let format = format_of(table, &files)?;
    // A file without a byte holds no rows and no columns, whatever its format.
    let (empty, paths): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|path| path.metadata().is_ok_and(|metadata| metadata.len() == 0));
    let files = Files { table, paths, format };
    if let (true, Some(path)) = (files.paths.is_empty(), empty.first()) {
        return Err(files.unreadable(path, "the file is empty"));
    }
    match format {
        Format::Csv | Format::Tsv => {
            let text = files.csv_columns()?;
            let schema = match table.csv.types {
                CsvTypes::Text => text,
                CsvTypes::Infer => files.inferred(session, &text).await?,
            };
            Ok(files.text(schema))
        }
        Format::JsonLines => {
            let schema = files.json_columns()?;
            Ok(files.text(schema))
        }
        Format::Parquet => {
            let objects = files.objects(session).await?;
            let reader: Arc<dyn FileFormat> = Arc::new(ParquetFormat::default().with_force_view_types(false));
            let schema = files.parquet_columns(session, &reader, &objects).await?;
            Ok(Bound { schema, source: Source::Parquet { reader, objects } })
        }
    }
}

fn format_of(table: &Table, files: &[PathBuf]) -> Result<Format, TableError> {
    if let Some(format) = table.format {
        return Ok(format);
    }
    let mut agreed = None;
    for path in files {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Some(format) = Format::of_file(&name) else {
            return Err(TableError::UnknownFormat { table: table.name.clone(), path: path.clone() });
        };
        if *agreed.get_or_insert(format) != format {
            let message = format!("it is {}", format.name());
            return Err(TableError::SchemaDiffers { table: table.name.clone(), path: path.clone(), message });
        }
    }
    agreed.ok_or_else(|| TableError::NoSuchFile { table: table.name.clone(), path: PathBuf::new() })
}

/// The resolved files of one table, while their columns are found out.
struct Files<'a> {
    table: &'a Table,
    paths: Vec<PathBuf>,
    format: Format,
}

impl Files<'_> {
    fn unreadable(&self, path: &Path, message: impl Into<String>) -> TableError {
        TableError::Unreadable {
            table: self.table.name.clone(),
            path: path.to_path_buf(),
            format: self.format,
            message: message.into(),
        }
    }

    async fn objects(&self, session: &SessionContext) -> Result<Vec<ObjectMeta>, TableError> {
        let gone = |path: &Path| TableError::NoSuchFile { table: self.table.name.clone(), path: path.to_path_buf() };
        let mut objects = Vec::with_capacity(self.paths.len());
        for path in &self.paths {
            let store =
                session.runtime_env().object_store(ObjectStoreUrl::local_filesystem()).map_err(|_| gone(path))?;
            let location = StorePath::from_absolute_path(path)
                .map_err(|_| self.unreadable(path, "the engine cannot use this path; rename the file"))?;
            let object = store.head(&location).await.map_err(|_| gone(path))?;
            objects.push(object);
        }
        Ok(objects)
    }

    fn text(&self, schema: SchemaRef) -> Bound {
        let files = TextFiles {
            table: self.table.clone(),
            format: self.format,
            paths: self.paths.clone(),
            projection: (0..schema.fields().len()).collect(),
            all: Arc::clone(&schema),
            wanted: Arc::clone(&schema),
        };
        Bound { schema, source: Source::Text(files) }
    }

    /// The names in the header, which all files share; every column is text.
    fn csv_columns(&self) -> Result<SchemaRef, TableError> {
        let mut agreed: Option<Vec<String>> = None;
        for path in &self.paths {
            let names = self.csv_names(path)?;
            match &agreed {
                None => agreed = Some(names),
                Some(first) if *first != names => {
                    let message = if self.table.csv.header {
                        format!("its header is {}, not {}", names.join(", "), first.join(", "))
                    } else {
                        format!("it has {} columns, not {}", names.len(), first.len())
                    };
                    let (table, path) = (self.table.name.clone(), path.clone());
                    return Err(TableError::SchemaDiffers { table, path, message });
                }
                Some(_) => {}
            }
        }
        let fields = agreed.unwrap_or_default().into_iter().map(|name| Field::new(name, DataType::Utf8, true));
        Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
    }

    fn csv_names(&self, path: &Path) -> Result<Vec<String>, TableError> {
        let plain = text::open(path).map_err(|error| self.unreadable(path, error.kind().to_string()))?;
        let mut first = csv::ByteRecord::new();
        csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(text::delimiter(self.table, self.format))
            .quote(self.table.csv.quote)
            .escape(self.table.csv.escape)
            .from_reader(plain)
            .read_byte_record(&mut first)
            .map_err(|_| self.unreadable(path, "its first line cannot be read"))?;
        let numbered = |index: usize| format!("column_{}", index + 1);
        if !self.table.csv.header {
            return Ok((0..first.len()).map(numbered).collect());
        }
        let mut names: Vec<String> = Vec::with_capacity(first.len());
        for (index, name) in first.iter().enumerate() {
            let name = std::str::from_utf8(name).map_err(|_| self.unreadable(path, "its header is not UTF-8"))?;
            // Spreadsheets start a UTF-8 file with a byte order mark.
            let name = if index == 0 { name.trim_start_matches('\u{feff}').trim_matches('"') } else { name };
            let name = if name.is_empty() { numbered(index) } else { name.to_owned() };
            if names.contains(&name) {
                return Err(self.unreadable(path, format!("two columns are called {name}")));
            }
            names.push(name);
        }
        Ok(names)
    }

    /// The columns of all JSON lines. Every line is read: a column that first shows up late must not be missing.
    fn json_columns(&self) -> Result<SchemaRef, TableError> {
        let mut fields = Vec::new();
        for path in &self.paths {
            let plain = text::open(path).map_err(|error| self.unreadable(path, error.kind().to_string()))?;
            let (schema, _) = infer_json_schema(BufReader::new(plain), None)
                .map_err(|_| self.unreadable(path, "a line is damaged, or the file is not JSON lines"))?;
            self.add(path, &mut fields, &schema)?;
        }
        Ok(Arc::new(Schema::new(fields)))
    }

    /// The columns of all Parquet files, united by name.
    async fn parquet_columns(
        &self,
        session: &SessionContext,
        reader: &Arc<dyn FileFormat>,
        objects: &[ObjectMeta],
    ) -> Result<SchemaRef, TableError> {
        let state = session.state();
        let mut fields = Vec::new();
        // File by file, so that an error can name its file.
        for (object, path) in objects.iter().zip(&self.paths) {
            let damaged = |_| self.unreadable(path, "it is damaged, incomplete or written in another format");
            let store = session.runtime_env().object_store(ObjectStoreUrl::local_filesystem()).map_err(damaged)?;
            let schema = reader.infer_schema(&state, &store, std::slice::from_ref(object)).await.map_err(damaged)?;
            self.add(path, &mut fields, &schema)?;
        }
        Ok(Arc::new(Schema::new(fields)))
    }

    fn add(&self, path: &Path, fields: &mut Vec<Arc<Field>>, schema: &Schema) -> Result<(), TableError> {
        for field in schema.fields() {
            match fields.iter_mut().find(|known| known.name() == field.name()) {
                None => fields.push(Arc::new(field.as_ref().clone().with_nullable(true))),
                Some(known) => *known = self.unite(path, known, field)?,
            }
        }
        Ok(())
    }

    fn unite(&self, path: &Path, known: &Field, other: &Field) -> Result<Arc<Field>, TableError> {
        let (first, second) = (known.data_type(), other.data_type());
        let data_type = match (first, second) {
            _ if first == second => first.clone(),
            (DataType::Null, other) | (other, DataType::Null) => other.clone(),
            (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => DataType::Float64,
            _ => Schema::try_merge(
                [first, second].map(|data_type| Schema::new(vec![Field::new(known.name(), data_type.clone(), true)])),
            )
            .map_err(|_| TableError::SchemaDiffers {
                table: self.table.name.clone(),
                path: path.to_path_buf(),
                message: format!("column {} is {second} here and {first} there", known.name()),
            })?
            .field(0)
            .data_type()
            .clone(),
        };
        Ok(Arc::new(Field::new(known.name(), data_type, true)))
    }

    /// Types for the columns of a CSV, from its first rows read as text.
    async fn inferred(&self, session: &SessionContext, text: &SchemaRef) -> Result<SchemaRef, TableError> {
        let first = self.paths.first().map_or(Path::new(""), PathBuf::as_path);
        let failed = |_: DataFusionError| self.unreadable(first, "its first rows cannot be read");
        let sample = session
            .read_table(Arc::new(self.text(Arc::clone(text))))
            .and_then(|frame| frame.limit(0, Some(ROWS_TO_INFER)));
        let sample = sample.map_err(failed)?.collect().await.map_err(failed)?;
        let fields = text
            .fields()
            .iter()
            .enumerate()
            .map(|(index, field)| Field::new(field.name(), type_of(&sample, index), true));
        Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
    }
}

/// A table whose files and columns are known.
#[derive(Debug)]
pub(crate) struct Bound {
    schema: SchemaRef,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Text(TextFiles),
    Parquet { reader: Arc<dyn FileFormat>, objects: Vec<ObjectMeta> },
}

impl Bound {
    pub(crate) fn columns(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

#[async_trait]
impl TableProvider for Bound {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        match &self.source {
            Source::Text(files) => {
                let projection = projection.cloned().unwrap_or_else(|| files.projection.clone());
                let wanted = Arc::new(self.schema.project(&projection)?);
                let files = TextFiles { wanted: Arc::clone(&wanted), projection, ..files.clone() };
                let scan = StreamingTableExec::try_new(wanted, vec![Arc::new(files)], None, [], false, limit)?;
                Ok(Arc::new(scan))
            }
            Source::Parquet { reader, objects } => {
                // One group in our order: the files are read one after the other, unless no order is asked for.
                let ordered = state.config().target_partitions() == 1;
                let files = objects.iter().cloned().map(PartitionedFile::from).collect::<Vec<_>>();
                let source = reader.file_source(TableSchema::from(Arc::clone(&self.schema)));
                let scan = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), source)
                    .with_file_group(FileGroup::new(files))
                    .with_preserve_order(ordered)
                    .with_projection_indices(projection.cloned())?
                    .with_limit(limit)
                    .build();
                reader.create_physical_plan(state, scan).await
            }
        }
    }
}
