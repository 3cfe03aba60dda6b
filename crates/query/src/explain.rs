//! Turns the engine's errors into ours, without the values of a row.
//!
//! Knows how the engine words its errors: not when they happen.

use std::io;

use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, SchemaError};

use crate::error::QueryError;
use crate::freeze::Limits;
use crate::names::nearest;
use crate::statement;
use crate::table::{Table, TableError};
use crate::td::{Function, Mistake};

/// What a plan is made from.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) sql: &'a str,
    pub(crate) tables: &'a [Table],
    pub(crate) limits: &'a Limits,
}

/// An error before the first row: of the SQL, mostly. It may quote the SQL, which is the user's own.
pub(crate) fn planning(error: &DataFusionError, scope: Scope<'_>) -> QueryError {
    let (line, column) = match error.diagnostic().and_then(|diagnostic| diagnostic.span) {
        Some(span) if span.start.line > 0 => (Some(span.start.line), Some(span.start.column)),
        Some(_) | None => (None, None),
    };
    if let Some(mistake) = mistaken(error) {
        return of_call(mistake, position_of(scope.sql, mistake.function.key()));
    }
    match error.find_root() {
        DataFusionError::SQL(error, _) => statement::syntax(error),
        DataFusionError::SchemaError(error, _) => of_schema(error, line, column),
        DataFusionError::Plan(message) => of_plan(message, scope).unwrap_or_else(|| invalid(message, line, column)),
        DataFusionError::NotImplemented(message) => {
            invalid(&format!("not supported: {}", lower_first(message)), line, column)
        }
        DataFusionError::Configuration(message) => invalid(message, line, column),
        DataFusionError::Internal(message) if message.contains("match any signature") => invalid(message, line, column),
        // Constants are computed while planning, so what fails at run time can fail here.
        _ => running(error, scope.limits),
    }
}

/// The mistake in a call of a `TD_` function, where that is the error.
fn mistaken(error: &DataFusionError) -> Option<&Mistake> {
    match error.find_root() {
        DataFusionError::External(error) => error.downcast_ref(),
        _ => None,
    }
}

fn of_call(mistake: &Mistake, position: Option<(u64, u64)>) -> QueryError {
    QueryError::Syntax {
        message: mistake.message.clone(),
        line: position.map(|(line, _)| line),
        column: position.map(|(_, column)| column),
        hint: Some(mistake.hint.clone()),
    }
}

/// An unknown function that looks like one of Treasure Data's: the engine would guess at any of its own.
fn unknown_call(message: &str, line: Option<u64>, column: Option<u64>) -> Option<QueryError> {
    let (name, _) = message.strip_prefix("Invalid function '")?.split_once('\'')?;
    let name = name.to_uppercase();
    let known = Function::ALL.map(Function::name);
    let hint = match (name.starts_with("TD_"), nearest(&name, known)) {
        (true, Some(nearest)) => format!("did you mean {nearest}?"),
        (true, None) => format!("those of Treasure Data's functions that are here: {}", known.join(", ")),
        (false, _) => return None,
    };
    Some(QueryError::Syntax { message: format!("there is no function {name}"), line, column, hint: Some(hint) })
}

fn invalid(message: &str, line: Option<u64>, column: Option<u64>) -> QueryError {
    if let Some((head, _)) = message.split_once(" failed to match any signature") {
        let head = head.trim_start_matches("Internal error: ");
        return QueryError::Syntax {
            message: format!("{} does not take a value of this type", lower_first(head.trim())),
            line,
            column,
            hint: Some(
                "a CSV column is text unless its table says types=infer: CAST it, as in CAST(x AS BIGINT)".into(),
            ),
        };
    }
    if message.contains("must be in GROUP BY") || message.contains("must appear in the GROUP BY") {
        let name = message.split('"').nth(1).unwrap_or("this one");
        return QueryError::Syntax {
            message: format!("column {name} stands beside an aggregate and not in GROUP BY"),
            line,
            column,
            hint: Some("add it to GROUP BY, or aggregate it, as in MAX(x)".into()),
        };
    }
    if let Some(error) = unknown_call(message, line, column) {
        return error;
    }
    let mut lines = message.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("the query cannot be planned");
    let hint = lines.find(|line| line.starts_with("Did you mean")).map(lower_first);
    QueryError::Syntax { message: lower_first(first.trim_end_matches('.')), line, column, hint }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

fn of_schema(error: &SchemaError, line: Option<u64>, column: Option<u64>) -> QueryError {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let known: Vec<String> = valid_fields.iter().map(|field| field.name.clone()).collect();
            let nearest = nearest(&field.name, known.iter().map(String::as_str));
            QueryError::UnknownColumn { name: field.flat_name(), nearest, known, line, column }
        }
        SchemaError::AmbiguousReference { field } => QueryError::Syntax {
            message: format!("column {} is in several tables", field.name),
            line,
            column,
            hint: Some(format!("write the table before it, as in t.{}", field.name)),
        },
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            QueryError::DuplicateColumn { name: name.clone() }
        }
    }
}

fn of_plan(message: &str, scope: Scope<'_>) -> Option<QueryError> {
    let quoted = |start: &str| message.strip_prefix(start)?.split_once('\'').map(|(name, _)| name.to_owned());
    if let Some(name) = quoted("table function '") {
        return Some(QueryError::Syntax {
            message: format!("there is no table function {name}"),
            line: None,
            column: None,
            hint: Some("files are read through bound tables only, for example contacts=contacts.csv".into()),
        });
    }
    if let Some(full) = quoted("table '") {
        let name = match (full.strip_prefix("datafusion.public."), full.strip_prefix("datafusion.")) {
            // One name with a dot in it, which was written in quotes.
            (Some(name), _) if scope.tables.iter().any(|table| table.name == name) => format!("\"{name}\""),
            (Some(name), _) | (None, Some(name)) => name.to_owned(),
            (None, None) => full,
        };
        let known: Vec<String> = scope.tables.iter().map(|table| table.name.clone()).collect();
        let nearest = nearest(&name, known.iter().map(String::as_str)).or_else(|| without_schema(&name, scope.tables));
        let position = position_of(scope.sql, &name);
        return Some(QueryError::UnknownTable {
            name,
            nearest,
            known,
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
        });
    }
    if message.starts_with("Projections require unique expression names") {
        let name = message.split(" AS ").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("the same");
        return Some(QueryError::DuplicateColumn { name: name.to_owned() });
    }
    None
}

/// The one table whose name is this with its schema before it.
fn without_schema(name: &str, tables: &[Table]) -> Option<String> {
    let mut found = tables.iter().filter(|table| table.parts().is_some_and(|(_, last)| last == name));
    let one = found.next()?;
    found.next().is_none().then(|| one.name.clone())
}

/// Where `name` stands first as a word of its own.
pub(crate) fn position_of(sql: &str, name: &str) -> Option<(u64, u64)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for (index, line) in sql.lines().enumerate() {
        let lower = line.to_ascii_lowercase();
        for (at, _) in lower.match_indices(&name.to_ascii_lowercase()) {
            let free = !lower[..at].ends_with(is_word) && !lower[at + name.len()..].starts_with(is_word);
            if free {
                return Some((index as u64 + 1, lower[..at].chars().count() as u64 + 1));
            }
        }
    }
    None
}

/// An error while rows flow. The engine's words may quote a row, so only what is known to be harmless passes.
pub(crate) fn running(error: &DataFusionError, limits: &Limits) -> QueryError {
    let runtime = |message: String| QueryError::Runtime { message };
    if let Some(mistake) = mistaken(error) {
        return of_call(mistake, None);
    }
    match error.find_root() {
        DataFusionError::ResourcesExhausted(message) if message.contains("disk") => QueryError::Disk {
            path: limits.spill_dir.clone(),
            message: "the temporary files of the query grew over their limit".into(),
        },
        DataFusionError::ResourcesExhausted(_) => QueryError::Memory { limit: limits.memory },
        DataFusionError::ArrowError(error, _) => of_arrow(error, limits),
        DataFusionError::IoError(error) => of_io(error, limits),
        DataFusionError::ParquetError(_) => runtime("a Parquet file is damaged or incomplete".into()),
        DataFusionError::ObjectStore(_) => {
            runtime("a file of a table cannot be read; was it removed or replaced?".into())
        }
        DataFusionError::External(error) => match error.downcast_ref::<TableError>() {
            Some(error) => QueryError::Table(error.clone()),
            None => runtime("a value could not be computed".into()),
        },
        error => runtime(harmless(&error.message())),
    }
}

fn of_io(error: &io::Error, limits: &Limits) -> QueryError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ReadOnlyFilesystem => {
            QueryError::Disk { path: limits.spill_dir.clone(), message: error.kind().to_string() }
        }
        kind => QueryError::Runtime { message: format!("a file cannot be read: {kind}") },
    }
}

fn of_arrow(error: &ArrowError, limits: &Limits) -> QueryError {
    let message = match error {
        ArrowError::IoError(_, error) => return of_io(error, limits),
        ArrowError::MemoryError(_) => return QueryError::Memory { limit: limits.memory },
        ArrowError::DivideByZero => "division by zero".into(),
        ArrowError::ArithmeticOverflow(_) => "a number grew beyond the range of its type".into(),
        ArrowError::CsvError(text) => of_csv(text),
        ArrowError::ParseError(text) | ArrowError::JsonError(text) | ArrowError::CastError(text) => harmless(text),
        ArrowError::ComputeError(text) | ArrowError::InvalidArgumentError(text) => harmless(text),
        ArrowError::ParquetError(_) => "a Parquet file is damaged or incomplete".into(),
        ArrowError::OffsetOverflowError(_) => "a column holds more text than one batch can".into(),
        _ => "a value could not be computed".into(),
    };
    QueryError::Runtime { message }
}

/// What is wrong with a text file, without its values.
pub(crate) fn text_file(error: &ArrowError) -> String {
    match error {
        ArrowError::IoError(_, error) => format!("the file cannot be read: {}", error.kind()),
        ArrowError::CsvError(text) | ArrowError::ParseError(text) if text.contains("line") => {
            of_csv(text).replace(" of a CSV file", "").replace("a CSV file has ", "")
        }
        _ => "a line is damaged, or a value is not of its column's type".into(),
    }
}

/// The CSV reader's complaints about lines and counts hold no values.
fn of_csv(text: &str) -> String {
    let text = text.trim();
    for known in ["incorrect number of fields", "Encountered invalid UTF-8 data"] {
        if let Some(at) = text.find(known) {
            let message = text[at..].split(". Row data").next().unwrap_or(known);
            return format!(
                "a CSV file has {}",
                message.replace("Encountered ", "").replace("incorrect", "an incorrect")
            );
        }
    }
    harmless(text)
}

/// Reduces the engine's words to what cannot be a value: the known complaints in our words, else nothing but the fact.
fn harmless(text: &str) -> String {
    if let Some(data_type) = text.split(" to value of ").nth(1).and_then(|rest| rest.split(" type").next()) {
        return format!("cannot cast a text to {}", type_name(data_type));
    }
    if text.starts_with("Can't cast value") || text.starts_with("Cannot cast") || text.contains("out of range") {
        let data_type = text.rsplit(" to type ").next().filter(|rest| rest.len() < text.len());
        return data_type.map_or_else(
            || "a value does not fit the type it is cast to".into(),
            |data_type| format!("a value does not fit the type {}", type_name(data_type)),
        );
    }
    if text.contains("Error while parsing value") {
        return of_csv_value(text);
    }
    if text.contains("parsing timestamp") || text.contains("parse") && text.contains("imestamp") {
        return "cannot read a text as a timestamp".into();
    }
    if text.contains("parsing date") || text.contains("to type Date") {
        return "cannot read a text as a date".into();
    }
    if text.contains("whilst decoding field") || text.contains("JSON") || text.contains("failed to parse") {
        return "a JSON line is damaged or a value has not the type of its column".into();
    }
    if text.contains("ivide by zero") {
        return "division by zero".into();
    }
    "a value could not be computed".into()
}

/// Takes column and line out of `Error while parsing value '…' as type 'Int64' for column 3 at line 5. Row data: '…'`.
fn of_csv_value(text: &str) -> String {
    let after = |mark: &str| {
        let digits: String = text.rsplit(mark).next()?.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u64>().ok()
    };
    let head = text.split(". Row data").next().unwrap_or_default();
    let line = head.rsplit(" at line ").next().and_then(|line| line.parse::<u64>().ok());
    match line {
        Some(line) => format!("line {line} of a CSV file has a value that is not of its column's type"),
        None => match after(" at line ") {
            Some(line) => format!("line {line} of a CSV file has a value that is not of its column's type"),
            None => "a CSV file has a value that is not of its column's type".into(),
        },
    }
}

/// The name of a type, and nothing that only looks like one.
fn type_name(text: &str) -> String {
    let name: String = text.trim().chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
    match name.as_str() {
        "Int8" | "Int16" | "Int32" | "Int64" | "UInt8" | "UInt16" | "UInt32" | "UInt64" => "a whole number".into(),
        "Float16" | "Float32" | "Float64" => "a number".into(),
        "Decimal32" | "Decimal64" | "Decimal128" | "Decimal256" => "a decimal number".into(),
        "Boolean" => "true or false".into(),
        "Date32" | "Date64" => "a date".into(),
        "Timestamp" => "a timestamp".into(),
        _ => "that type".into(),
    }
}
