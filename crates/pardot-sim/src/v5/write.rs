//! Writes of version 5: create, update, delete, upsert by address, undelete.
//!
//! Knows bodies and answers: the rules for a prospect are the record's.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::import_row::latest;
use crate::record::{Attributes, Record, is_email};
use crate::refusal::Refusal;
use crate::request::Call;
use crate::tenant::Tenant;
use crate::v5::object::Object;
use crate::v5::query::select;
use crate::v5::{Row, Setting, body, missing, not_found};

fn invalid(name: &str) -> Refusal {
    Refusal::of(154).with_message(format!("Invalid property in request: {name}"))
}

/// Values of a prospect in the terms of a record: 154 for an unknown member, 180 for one that cannot be written.
fn attributes(row: &Row, tenant: &Tenant) -> Result<Attributes<'static>, Refusal> {
    let mut attributes = Vec::with_capacity(row.len());
    for (name, value) in row {
        let Some(legacy) = tenant.fields.legacy_name(name) else {
            let known = matches!(name.as_str(), "id" | "createdAt" | "updatedAt" | "isDeleted")
                || tenant.fields.key_v5(name).is_some();
            return Err(if known { Refusal::of(180) } else { invalid(name) });
        };
        let text = match value {
            Value::Null => String::new(),
            Value::Bool(flag) => if *flag { "1" } else { "0" }.to_owned(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Array(values) => values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(";"),
            Value::Object(_) => return Err(invalid(name)),
        };
        attributes.push((Cow::Owned(legacy.into_owned()), Cow::Owned(text)));
    }
    Ok(attributes)
}

/// Prospects are unique by address in business units without AMPSEA, as in version 3.
fn rules(tenant: &Tenant) -> u8 {
    if tenant.ampsea { 4 } else { 3 }
}

/// The answer to a write: the asked fields, else 204 (or the id of a new record).
fn written(
    call: &Call,
    asked: Option<&str>,
    object: Object,
    id: u64,
    created: bool,
    tenant: &Tenant,
    setting: &Setting<'_>,
) -> Result<Answer, Refusal> {
    let fields = asked.or(call.params.get("fields")).filter(|fields| !fields.is_empty());
    let Some(fields) = fields.or(created.then_some("id")) else {
        return Ok(Answer::empty());
    };
    let row = object.one(id, tenant).ok_or_else(not_found)?;
    let answer = Answer::json(if created { 201 } else { 200 }, &select(&row, fields)?);
    let location = format!("{}/api/v5/objects/{}/{id}?fields={fields}", setting.base, object.path());
    Ok(if created { answer.with_header("Location", location) } else { answer })
}

pub(crate) fn create(
    call: &Call,
    object: Object,
    tenant: &mut Tenant,
    setting: &Setting<'_>,
) -> Result<Answer, Refusal> {
    let row = body(call)?;
    // An unknown output field is refused before anything is written.
    check_fields(call.params.get("fields"), object, tenant)?;
    let id = match object {
        Object::Prospects => {
            if row.get("email").and_then(Value::as_str).is_none_or(str::is_empty) {
                return Err(missing("email"));
            }
            let record = Record::from(attributes(&row, tenant)?);
            record.create(tenant, rules(tenant), setting.now).map_err(Refusal::of)?.id()
        }
        Object::Lists => {
            let name = row.get("name").and_then(Value::as_str).ok_or(missing("name"))?;
            let id = tenant.add_list(None, name, false, setting.now);
            change_list(id, &row, tenant, setting.now)?;
            id
        }
        Object::Memberships => join(&row, tenant, setting)?,
        Object::CustomFields => {
            let name = row.get("name").and_then(Value::as_str).ok_or(missing("name"))?;
            let field = row.get("fieldId").and_then(Value::as_str).ok_or(missing("fieldId"))?;
            if tenant.fields.key(field).is_some() {
                return Err(Refusal::of(245));
            }
            tenant.add_field(field, name, row.get("type").and_then(Value::as_str).unwrap_or("Text"), setting.now)
        }
        Object::Campaigns => {
            let name = row.get("name").and_then(Value::as_str).ok_or(missing("name"))?;
            tenant.add_campaign(name, row.get("cost").and_then(Value::as_i64).unwrap_or(0), setting.now)
        }
    };
    written(call, None, object, id, true, tenant, setting)
}

fn check_fields(fields: Option<&str>, object: Object, tenant: &Tenant) -> Result<(), Refusal> {
    let (Some(fields), Object::Prospects) = (fields, object) else {
        return Ok(());
    };
    let known = |field: &str| {
        matches!(field, "id" | "email" | "salesforceId" | "campaignId" | "isDeleted" | "createdAt" | "updatedAt")
            || field.contains('.')
            || crate::field::V5_EMPTY.contains(&field)
            || tenant.fields.key_v5(field).is_some()
    };
    match fields.split(',').map(str::trim).find(|field| !field.is_empty() && !known(field)) {
        None => Ok(()),
        Some(field) => {
            let text = format!("Invalid parameter: fields. It contains an invalid or unknown field: {field}.");
            Err(Refusal::of(51).with_message(text))
        }
    }
}

fn join(row: &Row, tenant: &mut Tenant, setting: &Setting<'_>) -> Result<u64, Refusal> {
    if let Some(name) = row.keys().find(|name| !matches!(name.as_str(), "listId" | "prospectId" | "optedOut")) {
        return Err(invalid(name));
    }
    let list = row.get("listId").and_then(Value::as_u64).ok_or(missing("listId"))?;
    let prospect = row.get("prospectId").and_then(Value::as_u64).ok_or(missing("prospectId"))?;
    if tenant.static_list(list).is_none() {
        return Err(Refusal::of(55));
    }
    if tenant.prospects.get(&prospect).is_none_or(|prospect| prospect.archived) {
        return Err(Refusal::of(3));
    }
    if tenant.membership(list, prospect).is_some_and(|membership| !membership.deleted) {
        return Err(Refusal::of(58).with_status(setting.config.knobs.already_member_status));
    }
    let (id, _) = tenant.join(list, prospect, setting.now);
    if let (Some(opted_out), Some(membership)) =
        (row.get("optedOut").and_then(Value::as_bool), tenant.memberships.get_mut(&id))
    {
        membership.opted_out = opted_out;
    }
    Ok(id)
}

fn change_list(id: u64, row: &Row, tenant: &mut Tenant, now: i64) -> Result<(), Refusal> {
    let list = tenant.lists.get_mut(&id).filter(|list| !list.deleted).ok_or_else(not_found)?;
    for (name, value) in row {
        let text = value.as_str().map(str::to_owned);
        match (name.as_str(), value) {
            ("name", Value::String(name)) => list.name = name.clone(),
            ("title", _) => list.title = text,
            ("description", _) => list.description = text,
            ("isPublic", Value::Bool(flag)) => list.is_public = *flag,
            ("isCrmVisible", Value::Bool(flag)) => list.is_crm_visible = *flag,
            ("folderId" | "campaignId", _) => {}
            _ => return Err(invalid(name)),
        }
    }
    list.updated = now;
    Ok(())
}

pub(crate) fn update(
    call: &Call,
    object: Object,
    id: u64,
    tenant: &mut Tenant,
    setting: &Setting<'_>,
) -> Result<Answer, Refusal> {
    let row = body(call)?;
    check_fields(call.params.get("fields"), object, tenant)?;
    match object {
        Object::Prospects => {
            let prospect = tenant.prospects.get(&id).ok_or_else(not_found)?;
            if prospect.archived {
                return Err(Refusal::of(219));
            }
            change(id, &row, tenant, setting)?;
        }
        Object::Lists => change_list(id, &row, tenant, setting.now)?,
        Object::Memberships => {
            let membership = tenant.memberships.get_mut(&id).filter(|one| !one.deleted).ok_or_else(not_found)?;
            if let Some(name) = row.keys().find(|name| *name != "optedOut") {
                return Err(invalid(name));
            }
            membership.opted_out = row.get("optedOut").and_then(Value::as_bool).unwrap_or(membership.opted_out);
            membership.updated = setting.now;
        }
        Object::CustomFields | Object::Campaigns => return Err(Refusal::of(60).with_status(405)),
    }
    written(call, None, object, id, false, tenant, setting)
}

fn change(id: u64, row: &Row, tenant: &mut Tenant, setting: &Setting<'_>) -> Result<(), Refusal> {
    let mut record = Record::from(attributes(row, tenant)?);
    record.id = Some(Cow::Owned(id.to_string()));
    record.update(tenant, rules(tenant), true, setting.now).map(|_| ()).map_err(Refusal::of)
}

pub(crate) fn delete(object: Object, id: u64, tenant: &mut Tenant, setting: &Setting<'_>) -> Result<Answer, Refusal> {
    let now = setting.now;
    match object {
        Object::Prospects => {
            let prospect = tenant.prospects.get_mut(&id).filter(|one| !one.archived).ok_or_else(not_found)?;
            (prospect.archived, prospect.updated) = (true, now);
        }
        Object::Lists => {
            let list = tenant.lists.get_mut(&id).filter(|one| !one.deleted).ok_or_else(not_found)?;
            (list.deleted, list.updated) = (true, now);
        }
        Object::Memberships => {
            let membership = tenant.memberships.get_mut(&id).filter(|one| !one.deleted).ok_or_else(not_found)?;
            (membership.deleted, membership.updated) = (true, now);
        }
        Object::CustomFields | Object::Campaigns => return Err(Refusal::of(60).with_status(405)),
    }
    Ok(Answer::empty())
}

/// The output fields named in a procedure's body, as a list or as text.
fn asked_fields(row: &Row) -> Option<String> {
    match row.get("fields") {
        Some(Value::Array(names)) => Some(names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")),
        Some(Value::String(names)) => Some(names.clone()),
        Some(_) | None => None,
    }
}

/// Updates the live prospect of that address that was last active; else one from the bin; else a new one.
pub(crate) fn upsert_latest(call: &Call, tenant: &mut Tenant, setting: &Setting<'_>) -> Result<Answer, Refusal> {
    let row = body(call)?;
    let known = ["matchEmail", "prospect", "fields", "secondaryDeletedSearch"];
    if let Some(name) = row.keys().find(|name| !known.contains(&name.as_str())) {
        return Err(Refusal::of(175).with_message(format!("Unknown procedure argument: {name}")));
    }
    let argument = |name: &str| Refusal::of(176).with_message(format!("Missing required argument: {name}"));
    let email = row.get("matchEmail").and_then(Value::as_str).ok_or_else(|| argument("matchEmail"))?;
    let prospect = row.get("prospect").and_then(Value::as_object).ok_or_else(|| argument("prospect"))?;
    if !is_email(email) {
        return Err(Refusal::of(4));
    }
    let asked = asked_fields(&row);
    check_fields(asked.as_deref().or(call.params.get("fields")), Object::Prospects, tenant)?;
    let matches = |id: &u64| {
        let exact = setting.config.knobs.match_case_v5;
        tenant.prospects.get(id).is_some_and(|prospect| !exact || *prospect.email == *email)
    };
    let found = latest(tenant, tenant.by_email(email).iter().copied().filter(matches));
    let in_bin = found.and_then(|id| tenant.prospects.get(&id)).is_some_and(|prospect| prospect.archived);
    let search_bin = row.get("secondaryDeletedSearch").and_then(Value::as_bool).unwrap_or(false);
    let mut values = prospect.clone();
    let (id, created) = match found {
        // Where addresses are unique, one in the bin cannot be passed over.
        Some(id) if !in_bin || search_bin || !tenant.ampsea => {
            attributes(&values, tenant)?;
            if let Some(prospect) = tenant.prospects.get_mut(&id) {
                prospect.archived = false;
            }
            change(id, &values, tenant, setting)?;
            (id, false)
        }
        Some(_) | None => {
            values.entry("email").or_insert_with(|| json!(email));
            let record = Record::from(attributes(&values, tenant)?);
            (record.create(tenant, rules(tenant), setting.now).map_err(Refusal::of)?.id(), true)
        }
    };
    let asked = asked.as_deref().or(call.params.get("fields")).unwrap_or("id");
    written(call, Some(asked), Object::Prospects, id, created, tenant, setting)
}

/// Takes a prospect out of the bin.
pub(crate) fn undelete(call: &Call, tenant: &mut Tenant, setting: &Setting<'_>) -> Result<Answer, Refusal> {
    let row = body(call)?;
    let argument = Refusal::of(176).with_message("Missing required argument: id");
    let id = row.get("id").and_then(Value::as_u64).ok_or(argument)?;
    let prospect = tenant.prospects.get_mut(&id).ok_or_else(not_found)?;
    prospect.archived = false;
    prospect.updated = setting.now;
    let asked = row
        .get("fields")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","));
    written(call, Some(asked.as_deref().unwrap_or("id")), Object::Prospects, id, false, tenant, setting)
}
