//! The columns of the Result as fields of the object: every wrong name at once, before the first call.
//!
//! Knows the field table and the account's custom fields; not the rows.

use std::collections::HashSet;

use arrow::datatypes::Schema;
use model::{MatchBy, Problem, Problems, Target, nearest};
use pardot::field::{self, Access, Kind};

use crate::cell::CellKind;

/// A custom field of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// Its API name, as Pardot spells it (`Favourite_Colour`).
    pub api_name: String,
}

/// One column and the field it goes to.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) index: usize,
    pub(crate) name: String,
    pub(crate) kind: CellKind,
    pub(crate) v5: Option<String>,
}

/// The columns of a Result, understood.
#[derive(Debug, Clone)]
pub struct Columns {
    pub(crate) id: Option<usize>,
    pub(crate) fid: Option<usize>,
    pub(crate) email: Option<usize>,
    /// Prospects: every column but id, fid and email. Memberships: prospect_id, then list_id.
    pub(crate) fields: Vec<Column>,
}

/// Columns that only the account's custom-field list can tell: empty means that the list need not be fetched.
pub fn unknown_columns(schema: &Schema, target: &Target) -> Vec<String> {
    match target {
        Target::ListMemberships { .. } => Vec::new(),
        Target::Prospects { .. } => schema
            .fields()
            .iter()
            .map(|column| column.name().clone())
            .filter(|name| field::find(name).is_none() && !plainly_wrong(name))
            .collect(),
    }
}

/// A standard field in the wrong case, or a list: no custom field has such a name.
fn plainly_wrong(name: &str) -> bool {
    field::FIELDS.iter().any(|field| field.name.eq_ignore_ascii_case(name)) || list_column(name)
}

fn list_column(name: &str) -> bool {
    name.strip_prefix("list_").is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Understands the columns.
///
/// # Errors
/// Every column that is no field, cannot be written or stands twice, and a missing key.
pub fn columns_of(schema: &Schema, target: &Target, custom: &[CustomField]) -> Result<Columns, Problems> {
    let mut problems = Problems::default();
    let mut seen = HashSet::new();
    for column in schema.fields() {
        if !seen.insert(column.name().as_str()) {
            problems.push(
                Problem::at(place(column.name()), "stands twice in the result").hint("give one of them another name"),
            );
        }
    }
    let columns = match target {
        Target::Prospects { match_by, .. } => prospects(schema, *match_by, custom, &mut problems),
        Target::ListMemberships { .. } => memberships(schema, &mut problems),
    };
    problems.or(|| columns)
}

fn place(name: &str) -> String {
    format!("column {name}")
}

fn prospects(schema: &Schema, match_by: MatchBy, custom: &[CustomField], problems: &mut Problems) -> Columns {
    let mut columns = Columns { id: None, fid: None, email: None, fields: Vec::new() };
    for (index, column) in schema.fields().iter().enumerate() {
        let name = column.name().as_str();
        match name {
            "id" => columns.id = Some(index),
            "fid" => columns.fid = Some(index),
            "email" => columns.email = Some(index),
            _ => {
                if let Some(field) = problems.keep(prospect_field(name, custom)) {
                    columns.fields.push(Column { index, ..field });
                }
            }
        }
    }
    let keyed = match match_by {
        MatchBy::Email => columns.email.is_some(),
        MatchBy::Key => columns.id.is_some() || columns.fid.is_some() || columns.email.is_some(),
    };
    if !keyed && !misspelt_key(schema, match_by) {
        let wanted = match match_by {
            MatchBy::Email => "email (upsert_by_email is true)",
            MatchBy::Key => "id, fid or email",
        };
        problems.push(
            Problem::at("columns", format!("no key: the result has no column {wanted}"))
                .hint("select the column that says which prospect a row is about"),
        );
    }
    columns
}

/// A key column in the wrong case is already a problem of its own.
fn misspelt_key(schema: &Schema, match_by: MatchBy) -> bool {
    let wanted: &[&str] = match match_by {
        MatchBy::Email => &["email"],
        MatchBy::Key => &["id", "fid", "email"],
    };
    let misspelt = |name: &str| wanted.iter().any(|key| key.eq_ignore_ascii_case(name));
    schema.fields().iter().any(|column| misspelt(column.name()))
}

fn prospect_field(name: &str, custom: &[CustomField]) -> Result<Column, Problem> {
    if let Some(field) = field::find(name) {
        if matches!(field.access, Access::ReadOnly) {
            return Err(Problem::at(place(name), "is read-only in Pardot").hint("leave it out of the SELECT"));
        }
        let kind = match (field.kind, name) {
            (Kind::Integer, "campaign_id" | "prospect_account_id") => CellKind::Id,
            (Kind::Integer, _) => CellKind::Integer,
            (Kind::Text, _) => CellKind::Text,
            (Kind::Boolean, _) => CellKind::Boolean,
        };
        return Ok(Column { index: 0, name: name.into(), kind, v5: field.v5.map(str::to_owned) });
    }
    if custom.iter().any(|field| field.api_name == name) {
        return Ok(Column { index: 0, name: name.into(), kind: CellKind::Custom, v5: Some(format!("{name}__c")) });
    }
    let problem = Problem::at(place(name), "is no field of a prospect");
    if list_column(name) {
        return Err(problem.hint("lists are named by the setting prospect_lists"));
    }
    let known = field::FIELDS
        .iter()
        .filter(|field| matches!(field.access, Access::Write))
        .map(|field| field.name)
        .chain(custom.iter().map(|field| field.api_name.as_str()));
    Err(match nearest(name, known) {
        Some(near) if near.eq_ignore_ascii_case(name) => {
            problem.hint(format!("names are case-sensitive: write AS {near}"))
        }
        Some(near) => problem.hint(format!("did you mean {near}?")),
        None => problem.hint("see `sluice fields` for the fields of your account"),
    })
}

fn memberships(schema: &Schema, problems: &mut Problems) -> Columns {
    let mut columns = Columns { id: None, fid: None, email: None, fields: Vec::new() };
    for wanted in ["prospect_id", "list_id"] {
        match schema.fields().iter().position(|column| column.name() == wanted) {
            Some(index) => {
                columns.fields.push(Column { index, name: wanted.into(), kind: CellKind::Id, v5: None });
            }
            None => problems.push(
                Problem::at(place(wanted), "is required for list_memberships").hint(format!("SELECT … AS {wanted}")),
            ),
        }
    }
    for column in schema.fields() {
        let name = column.name().as_str();
        if !matches!(name, "prospect_id" | "list_id") {
            let problem = Problem::at(place(name), "is no field of a list membership");
            problems.push(match nearest(name, ["prospect_id", "list_id"]) {
                Some(near) => problem.hint(format!("did you mean {near}?")),
                None => problem.hint("select prospect_id and list_id alone"),
            });
        }
    }
    columns
}

#[cfg(test)]
mod tests;
