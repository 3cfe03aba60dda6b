//! Imports of version 5: `status` where older versions say `state`.
//!
//! Knows requests and answers: what happens to rows is the import's affair.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::clock;
use crate::import::{Column, Import};
use crate::refusal::Refusal;
use crate::request::{Call, Content, Part};
use crate::tenant::Tenant;
use crate::v5::query::select;
use crate::v5::{Row, Setting, body, missing, not_found};

pub(crate) fn answer(
    call: &Call,
    rest: &[&str],
    tenant: &mut Tenant,
    setting: &Setting<'_>,
) -> Result<Answer, Refusal> {
    let id = |text: &str| text.parse::<u64>().map_err(|_| not_found());
    match (call.method.as_str(), rest) {
        ("POST", []) => create(call, tenant, setting),
        ("GET", []) => list(call, tenant, setting),
        ("GET", [one]) => Ok(shown(call, &found(id(one)?, tenant)?, 200, tenant, setting)?),
        ("PATCH", [one]) => submit(call, id(one)?, tenant, setting),
        ("POST", [one, "batches"]) => batch(call, id(one)?, tenant, setting),
        ("GET", [one, "errors"]) => match found(id(one)?, tenant)?.finished {
            Some(finished) => Ok(Answer::new(200, "text/csv; charset=utf-8", finished.report)),
            None => Err(Refusal::of(161)),
        },
        _ => Err(Refusal::of(198).with_status(404)),
    }
}

fn found(id: u64, tenant: &Tenant) -> Result<Import, Refusal> {
    let import = tenant.imports.get(&id).ok_or_else(not_found)?;
    if import.version == 5 { Ok(import.clone()) } else { Err(Refusal::of(228)) }
}

fn row(import: &Import, tenant: &Tenant, setting: &Setting<'_>) -> Row {
    let at = |ms| clock::offset(ms, &tenant.zone);
    let reference = |what: &str| format!("{}/api/v5/imports/{}/{what}", setting.base, import.id);
    let errors = import.finished.as_ref().map(|finished| finished.errors);
    let shown = json!({
        "id": import.id,
        "operation": "Upsert",
        "object": "Prospect",
        "status": import.phase(setting.now, &setting.config.imports).name(),
        "isExpired": import.expired(setting.now, &setting.config.imports),
        "batchesRef": reference("batches"),
        "createdAt": at(import.created),
        "updatedAt": at(import.updated),
        "createdById": null,
        "updatedById": null,
        "createdCount": import.finished.as_ref().map(|finished| finished.created),
        "updatedCount": import.finished.as_ref().map(|finished| finished.updated),
        "errorCount": errors,
        "errorsRef": errors.filter(|errors| *errors > 0).map(|_| reference("errors")),
    });
    match shown {
        Value::Object(row) => row,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Row::new(),
    }
}

/// A submitted import is told as `Waiting` by the answer that submits it.
fn shown(call: &Call, import: &Import, status: u16, tenant: &Tenant, setting: &Setting<'_>) -> Result<Answer, Refusal> {
    let mut row = row(import, tenant, setting);
    if call.method != "GET" && import.submitted.is_some() {
        row.insert("status".to_owned(), json!("Waiting"));
    }
    let fields = match (call.params.get("fields"), call.method.as_str()) {
        (Some(fields), _) => fields,
        (None, "GET") => return Err(missing("fields")),
        (None, _) => "id,status,isExpired,batchesRef",
    };
    Ok(Answer::json(status, &select(&row, fields)?))
}

fn create(call: &Call, tenant: &mut Tenant, setting: &Setting<'_>) -> Result<Answer, Refusal> {
    let input = match &call.content {
        Content::Multipart(parts) => {
            let part = parts.iter().find(|part| matches!(part.name.as_str(), "input" | "importInput"));
            let part = part.ok_or(missing("input"))?;
            match serde_json::from_slice(&part.body) {
                Ok(Value::Object(row)) => row,
                Ok(_) | Err(_) => return Err(Refusal::of(150)),
            }
        }
        Content::Empty | Content::Form | Content::Json(_) | Content::Other(_) => body(call)?,
    };
    for (name, want) in [("operation", "Upsert"), ("object", "Prospect")] {
        let given = input.get(name).and_then(Value::as_str).ok_or(missing(name))?;
        if !given.eq_ignore_ascii_case(want) {
            return Err(Refusal::of(166));
        }
    }
    let mut import = Import::new(tenant.next_import(), 5, setting.now);
    let flag = |name: &str, default| input.get(name).and_then(Value::as_bool).unwrap_or(default);
    import.restore_deleted = flag("restoreDeleted", false);
    import.create_on_no_match = flag("createOnNoMatch", true);
    import.columns = input.get("columns").map(columns).transpose()?;
    if let Some(file) = files(call).first() {
        import.add_batch(&file.body, tenant, setting.config, setting.now).map_err(Refusal::of)?;
    }
    if input.get("status").and_then(Value::as_str) == Some("Ready") {
        import.submit(setting.now, &setting.config.imports).map_err(Refusal::of)?;
    }
    let answer = shown(call, &import, 201, tenant, setting)?;
    let location = format!("{}/api/v5/imports/{}", setting.base, import.id);
    tenant.imports.insert(import.id, import);
    Ok(answer.with_header("Location", location))
}

fn columns(value: &Value) -> Result<Vec<Column>, Refusal> {
    let columns = value.as_array().ok_or(Refusal::of(165))?;
    let read = |column: &Value| {
        let flag = |name: &str| column.get(name).and_then(Value::as_bool).unwrap_or(true);
        let field = column.get("field").and_then(Value::as_str)?.to_owned();
        Some(Column { field, overwrite: flag("overwrite"), null_overwrite: flag("nullOverwrite") })
    };
    columns.iter().map(|column| read(column).ok_or(Refusal::of(165))).collect()
}

fn files(call: &Call) -> Vec<&Part> {
    match &call.content {
        Content::Multipart(parts) => parts.iter().filter(|part| part.is_file || part.name == "importFile").collect(),
        Content::Empty | Content::Form | Content::Json(_) | Content::Other(_) => Vec::new(),
    }
}

fn batch(call: &Call, id: u64, tenant: &mut Tenant, setting: &Setting<'_>) -> Result<Answer, Refusal> {
    let mut import = found(id, tenant)?;
    let files = files(call);
    let file = match files.len() {
        0 => return Err(Refusal::of(162)),
        1 => files[0],
        _ => return Err(Refusal::of(163)),
    };
    import.add_batch(&file.body, tenant, setting.config, setting.now).map_err(Refusal::of)?;
    tenant.imports.insert(id, import);
    Ok(Answer::empty())
}

fn submit(call: &Call, id: u64, tenant: &mut Tenant, setting: &Setting<'_>) -> Result<Answer, Refusal> {
    let mut import = found(id, tenant)?;
    if body(call)?.get("status").and_then(Value::as_str) != Some("Ready") {
        return Err(Refusal::of(166));
    }
    import.submit(setting.now, &setting.config.imports).map_err(Refusal::of)?;
    let answer = shown(call, &import, 200, tenant, setting)?;
    tenant.imports.insert(id, import);
    Ok(answer)
}

fn list(call: &Call, tenant: &Tenant, setting: &Setting<'_>) -> Result<Answer, Refusal> {
    let fields = call.params.get("fields").ok_or(missing("fields"))?;
    let rows = tenant.imports.values().filter(|import| import.version == 5);
    let values: Result<Vec<Value>, Refusal> =
        rows.map(|import| select(&row(import, tenant, setting), fields)).collect();
    Ok(Answer::json(200, &json!({"nextPageToken": null, "nextPageUrl": null, "values": values?})))
}
