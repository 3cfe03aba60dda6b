//! The work of an import: each row finds, makes or changes a prospect, or ends in the error file.
//!
//! Knows columns and rows: not how they were uploaded.

use std::borrow::Cow;

use crate::config::Config;
use crate::import::{Finished, Import, Phase, attribute};
use crate::record::{Attributes, Done, Record};
use crate::tenant::Tenant;

/// Works off every import whose time has come.
pub(crate) fn settle(tenant: &mut Tenant, config: &Config, now: i64) {
    let due = |import: &&Import| import.finished.is_none() && import.phase(now, &config.imports) == Phase::Complete;
    let due: Vec<u64> = tenant.imports.values().filter(due).map(|import| import.id).collect();
    for id in due {
        let Some(mut import) = tenant.imports.remove(&id) else {
            continue;
        };
        import.finished = Some(work(&import, tenant, config, now));
        import.batches = Vec::new();
        import.updated = now;
        tenant.imports.insert(id, import);
    }
}

fn work(import: &Import, tenant: &mut Tenant, config: &Config, now: i64) -> Finished {
    let header = import.header.as_deref().unwrap_or_default();
    let names: Vec<String> = header.iter().filter_map(|name| attribute(name, import.version, tenant)).collect();
    let mut report = csv::Writer::from_writer(Vec::new());
    let (kind, detail) = &config.knobs.error_columns;
    let mut finished = Finished::default();
    // Writing to memory cannot fail.
    let _ = report.write_record(header.iter().map(String::as_str).chain([kind.as_str(), detail.as_str()]));
    for row in import.batches.iter().flatten() {
        match work_row(import, &names, row, tenant, now) {
            Ok(Some(Done::Created(_))) => finished.created += 1,
            Ok(Some(Done::Updated(_)) | None) => finished.updated += 1,
            Err((kind, detail)) => {
                finished.errors += 1;
                let _ = report.write_record(row.iter().map(String::as_str).chain([kind, detail.as_str()]));
            }
        }
    }
    tenant.changes.rows_refused += finished.errors;
    tenant.changes.rows_applied += finished.created + finished.updated;
    finished.report = report.into_inner().unwrap_or_default();
    finished
}

type RowError = (&'static str, String);

/// Addresses of a role, which imports refuse although single calls take them.
const ROLES: &[&str] =
    &["abuse", "admin", "info", "noreply", "no-reply", "postmaster", "sales", "spam", "support", "webmaster"];

fn work_row(
    import: &Import,
    names: &[String],
    row: &[String],
    tenant: &mut Tenant,
    now: i64,
) -> Result<Option<Done>, RowError> {
    let mut record = Record::from(attributes(names, row));
    if let Some(email) = record.email.take_if(|email| email.is_empty()) {
        drop(email);
    }
    let found = find(import, names, &record, tenant)?;
    if let Some(email) = record.email.as_deref() {
        let (role, _) = email.split_once('@').unwrap_or_default();
        if !crate::record::is_email(email) {
            return Err(("Invalid Email", format!("No Email Address Found or Invalid Email Address - \"{email}\"")));
        }
        if ROLES.contains(&role.to_ascii_lowercase().as_str()) {
            let detail = format!("This email address is not allowed (role-based email address) - \"{email}\"");
            return Err(("Email Not Allowed", detail));
        }
    }
    let lists = take_lists(&mut record, tenant)?;
    record.rest.extend(lists);
    let code = |code| ("Field Validation Failure", crate::refusal::message(code).to_owned());
    let Some(id) = found else {
        if !import.create_on_no_match {
            return Err(("Field Validation Failure", "No matching prospect".to_owned()));
        }
        record.id = None;
        if record.email.is_none() {
            return Err(("Invalid Email", "No Email Address Found or Invalid Email Address - \"\"".to_owned()));
        }
        return record.create(tenant, version(tenant), now).map(Some).map_err(code);
    };
    if tenant.prospects.get(&id).is_some_and(|prospect| prospect.archived) {
        if !import.restore_deleted {
            return Err(("Archived Prospects", "Prospect is archived".to_owned()));
        }
        if let Some(prospect) = tenant.prospects.get_mut(&id) {
            prospect.archived = false;
        }
    }
    keep_stored(import, names, id, &mut record, tenant);
    record.id = Some(Cow::Owned(id.to_string()));
    record.update(tenant, version(tenant), true, now).map(Some).map_err(code)
}

fn version(tenant: &Tenant) -> u8 {
    if tenant.ampsea { 4 } else { 3 }
}

fn attributes<'a>(names: &'a [String], row: &'a [String]) -> Attributes<'a> {
    names.iter().zip(row).map(|(name, value)| (Cow::Borrowed(name.as_str()), Cow::Borrowed(value.as_str()))).collect()
}

/// The prospect a row means: version 3 by address, 4 by id or fid, 5 by exactly one match column.
fn find(import: &Import, names: &[String], record: &Record<'_>, tenant: &Tenant) -> Result<Option<u64>, RowError> {
    let invalid = |text: &str| ("Field Validation Failure", text.to_owned());
    let by_id = |id: &str| id.trim().parse().ok().filter(|id| tenant.prospects.contains_key(id));
    let match_email = record.value("matchEmail").filter(|email| !email.is_empty());
    if import.version == 5 {
        let given = [record.id.as_deref(), record.fid.as_deref(), match_email].into_iter().flatten().count();
        if given > 1 {
            return Err(invalid("Only one match value is allowed"));
        }
        if let Some(email) = match_email {
            return Ok(latest(tenant, tenant.by_email(email).iter().copied()));
        }
    }
    if import.version == 3 {
        return Ok(record.email.as_deref().and_then(|email| tenant.by_email(email).first().copied()));
    }
    if import.version == 4 && !names.iter().any(|name| name == "id" || name == "fid") {
        return Err(invalid("prospect_id or salesforce_fid is required"));
    }
    match (record.id.as_deref(), record.fid.as_deref()) {
        (Some(id), _) => by_id(id).map(Some).ok_or(invalid("Invalid prospect ID")),
        (None, Some(fid)) => Ok(tenant.by_fid(fid)),
        (None, None) => Ok(None),
    }
}

/// Of several prospects the live one changed last.
pub(crate) fn latest(tenant: &Tenant, ids: impl Iterator<Item = u64>) -> Option<u64> {
    let found = ids.filter_map(|id| tenant.prospects.get(&id));
    found.max_by_key(|prospect| (!prospect.archived, prospect.updated, prospect.id)).map(|prospect| prospect.id)
}

/// Turns `addToList` and `removeFromList` (ids separated by semicolons, at most 20) into `list_<id>` values.
fn take_lists(record: &mut Record<'_>, tenant: &Tenant) -> Result<Attributes<'static>, RowError> {
    let mut lists: Attributes<'static> = Vec::new();
    for (name, member) in [("addToList", "1"), ("removeFromList", "0")] {
        let ids: Vec<String> = record
            .value(name)
            .map(|text| text.split(';').map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).collect())
            .unwrap_or_default();
        if ids.len() > 20 || ids.iter().any(|id| id.parse().ok().and_then(|id| tenant.static_list(id)).is_none()) {
            return Err(("Field Validation Failure", "Select a valid list".to_owned()));
        }
        lists.extend(ids.into_iter().map(|id| (Cow::Owned(format!("list_{id}")), Cow::Borrowed(member))));
    }
    record.rest.retain(|(name, _)| !matches!(&**name, "addToList" | "removeFromList" | "matchEmail"));
    Ok(lists)
}

/// Drops values that a column option keeps from overwriting what is stored.
fn keep_stored(import: &Import, names: &[String], id: u64, record: &mut Record<'_>, tenant: &Tenant) {
    let Some(columns) = &import.columns else { return };
    let Some(prospect) = tenant.prospects.get(&id) else {
        return;
    };
    record.rest.retain(|(name, value)| {
        let Some(column) = names.iter().position(|at| *at == **name).and_then(|at| columns.get(at)) else {
            return true;
        };
        let stored = tenant.fields.key(name).and_then(|key| prospect.value(key)).is_some();
        (column.overwrite || !stored) && (column.null_overwrite || !value.is_empty())
    });
}
