//! Puts prospects into a business unit without calls: from JSON objects or from CSV.
//!
//! Knows the rules of a record, so that seeded and sent prospects are alike.

use std::borrow::Cow;
use std::fmt;
use std::io;

use serde_json::Value;

use crate::record::{Attributes, Record};
use crate::tenant::Tenant;

/// Why a seed file could not be read or a row not be stored.
#[derive(Debug)]
pub enum SeedError {
    /// No such business unit.
    UnknownUnit,
    /// The file is no CSV with a header row.
    Csv(csv::Error),
    /// A row was refused by the rules that calls obey.
    Row {
        /// Line of the file, the header being 1.
        line: usize,
        /// Pardot code of the refusal.
        code: u32,
    },
}

impl fmt::Display for SeedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SeedError::UnknownUnit => f.write_str("no such business unit in the sandbox"),
            SeedError::Csv(_) => f.write_str("the seed file is not a CSV file with a header row"),
            SeedError::Row { line, code } => {
                write!(f, "line {line} of the seed file was refused: {} (code {code})", crate::refusal::message(*code))
            }
        }
    }
}

impl std::error::Error for SeedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SeedError::Csv(error) => Some(error),
            SeedError::UnknownUnit | SeedError::Row { .. } => None,
        }
    }
}

/// Stores an object of fields as a new prospect; `lists` may hold list ids. An unknown field becomes a custom field.
pub(crate) fn prospect(tenant: &mut Tenant, fields: &Value, now: i64) -> Result<u64, u32> {
    let mut attributes: Attributes<'_> = Vec::new();
    for (name, value) in fields.as_object().into_iter().flatten() {
        let text = match value {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Number(number) => Cow::Owned(number.to_string()),
            Value::Bool(flag) => Cow::Borrowed(if *flag { "1" } else { "0" }),
            Value::Array(lists) if name == "lists" => {
                let lists = lists.iter().filter_map(Value::as_u64);
                attributes.extend(lists.map(|list| (Cow::Owned(format!("list_{list}")), Cow::Borrowed("1"))));
                continue;
            }
            Value::Null | Value::Array(_) | Value::Object(_) => continue,
        };
        attributes.push((Cow::Borrowed(name.as_str()), text));
    }
    store(tenant, attributes, now)
}

fn store(tenant: &mut Tenant, attributes: Attributes<'_>, now: i64) -> Result<u64, u32> {
    for (name, _) in &attributes {
        let known = matches!(&**name, "id" | "email" | "fid" | "campaign_id") || name.starts_with("list_");
        if !known && tenant.fields.key(name).is_none() {
            tenant.add_field(name, name, "Text", now);
        }
    }
    let record = Record::from(attributes.into_iter().filter(|(name, _)| name != "id").collect());
    let version = if tenant.ampsea { 4 } else { 3 };
    let done = record.create(tenant, version, now)?;
    // What was there before the first call is no call's work.
    tenant.changes.created -= 1;
    Ok(done.id())
}

/// Stores every row of a CSV file; columns are field names, `email` among them.
pub(crate) fn csv(tenant: &mut Tenant, reader: impl io::Read, now: i64) -> Result<usize, SeedError> {
    let mut reader = csv::Reader::from_reader(reader);
    let header = reader.headers().map_err(SeedError::Csv)?.clone();
    let mut stored = 0;
    for row in reader.records() {
        let row = row.map_err(SeedError::Csv)?;
        let pairs = header.iter().zip(row.iter()).filter(|(_, value)| !value.is_empty());
        let attributes = pairs.map(|(name, value)| (Cow::Borrowed(name.trim()), Cow::Borrowed(value))).collect();
        store(tenant, attributes, now).map_err(|code| SeedError::Row { line: stored + 2, code })?;
        stored += 1;
    }
    Ok(stored)
}
