//! The import object of versions 3 and 4: create, upload, submit, poll, fetch errors.
//!
//! Knows requests and answers: what happens to rows is the import's affair.

use serde_json::{Map, Value, json};

use crate::answer::Outcome;
use crate::clock;
use crate::import::{Column, Import, Phase};
use crate::legacy::Scene;
use crate::refusal::Refusal;
use crate::request::{Content, Part};

pub(crate) fn create(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let input = input(scene)?;
    for (name, want) in [("operation", "Upsert"), ("object", "Prospect")] {
        let given = input.get(name).and_then(Value::as_str).ok_or(Refusal::of(197))?;
        if !given.eq_ignore_ascii_case(want) {
            return Err(Refusal::of(166));
        }
    }
    let id = scene.tenant.next_import();
    let mut import = Import::new(id, scene.version, scene.now);
    import.restore_deleted = input.get("restoreDeleted").and_then(Value::as_bool).unwrap_or(false);
    import.columns = input.get("columns").map(columns).transpose()?;
    let files = files(scene);
    if files.len() > 1 {
        return Err(Refusal::of(163));
    }
    if let Some(file) = files.first() {
        import.add_batch(&file.body, scene.tenant, scene.config, scene.now).map_err(Refusal::of)?;
    }
    match input.get("state").and_then(Value::as_str) {
        None | Some("Open") => {}
        Some("Ready") => import.submit(scene.now, &scene.config.imports).map_err(Refusal::of)?,
        Some(_) => return Err(Refusal::of(166)),
    }
    let document = submitted(&import, scene);
    scene.tenant.imports.insert(id, import);
    Ok(Outcome::Bare { status: 200, document })
}

/// The JSON part: the body, a part `importInput`, or a parameter of that name, as an old client sends it.
fn input(scene: &Scene<'_>) -> Result<Value, Refusal> {
    let text = match scene.content {
        Content::Json(body) | Content::Other(body) => String::from_utf8_lossy(body).into_owned(),
        Content::Multipart(parts) => match parts.iter().find(|part| part.name == "importInput") {
            Some(part) => String::from_utf8_lossy(&part.body).into_owned(),
            None => scene.params.get("importInput").unwrap_or_default().to_owned(),
        },
        Content::Empty | Content::Form => scene.params.get("importInput").unwrap_or_default().to_owned(),
    };
    if text.trim().is_empty() {
        return Err(Refusal::of(152));
    }
    serde_json::from_str(&text).map_err(|_| Refusal::of(150))
}

pub(crate) fn columns(value: &Value) -> Result<Vec<Column>, Refusal> {
    let columns = value.as_array().ok_or(Refusal::of(165))?;
    let column = |column: &Value| {
        let flag = |name: &str| column.get(name).and_then(Value::as_bool).unwrap_or(true);
        let field = column.get("field").and_then(Value::as_str)?.to_owned();
        Some(Column { field, overwrite: flag("overwrite"), null_overwrite: flag("nullOverwrite") })
    };
    columns.iter().map(|one| column(one).filter(|one| !one.field.is_empty()).ok_or(Refusal::of(165))).collect()
}

fn files<'a>(scene: &Scene<'a>) -> Vec<&'a Part> {
    let content: &'a Content = scene.content;
    match content {
        Content::Multipart(parts) => parts.iter().filter(|part| part.name == "importFile").collect(),
        Content::Empty | Content::Form | Content::Json(_) | Content::Other(_) => Vec::new(),
    }
}

fn reference(import: &Import, operation: &str, scene: &Scene<'_>) -> String {
    format!("{}/api/import/version/{}/do/{operation}/id/{}", scene.base, scene.version, import.id)
}

/// What create and update say: a submitted import is `Waiting`, however soon it will be complete.
fn submitted(import: &Import, scene: &Scene<'_>) -> Value {
    let expired = import.expired(scene.now, &scene.config.imports);
    match import.submitted {
        Some(_) => json!({"id": import.id, "state": "Waiting", "isExpired": expired}),
        None => json!({
            "id": import.id,
            "state": "Open",
            "isExpired": expired,
            "batchesRef": reference(import, "batch", scene),
        }),
    }
}

fn show(import: &Import, scene: &Scene<'_>) -> Value {
    let phase = import.phase(scene.now, &scene.config.imports);
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(import.id));
    shown.insert("state".to_owned(), json!(phase.name()));
    shown.insert("isExpired".to_owned(), json!(import.expired(scene.now, &scene.config.imports)));
    if phase == Phase::Open {
        shown.insert("batchesRef".to_owned(), json!(reference(import, "batch", scene)));
    }
    if let Some(finished) = &import.finished {
        shown.insert("createdCount".to_owned(), json!(finished.created));
        shown.insert("updatedCount".to_owned(), json!(finished.updated));
        if finished.errors > 0 {
            shown.insert("errorsRef".to_owned(), json!(reference(import, "downloadErrors", scene)));
            shown.insert("errorCount".to_owned(), json!(finished.errors));
        }
    }
    Value::Object(shown)
}

/// Takes the import out of the store, so that it and the store can both be changed.
fn taken(scene: &mut Scene<'_>) -> Result<Import, Refusal> {
    let id: u64 = scene.integer("id", 16)?.ok_or(Refusal::of(13))?;
    let import = scene.tenant.imports.get(&id).ok_or(Refusal::of(16))?;
    if import.version == 5 {
        return Err(Refusal::of(228));
    }
    Ok(import.clone())
}

pub(crate) fn batch(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let mut import = taken(scene)?;
    let files = files(scene);
    let file = match files.len() {
        0 => return Err(Refusal::of(162)),
        1 => files[0],
        _ => return Err(Refusal::of(163)),
    };
    import.add_batch(&file.body, scene.tenant, scene.config, scene.now).map_err(Refusal::of)?;
    scene.tenant.imports.insert(import.id, import);
    Ok(Outcome::Empty)
}

pub(crate) fn update(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let mut import = taken(scene)?;
    if input(scene)?.get("state").and_then(Value::as_str) != Some("Ready") {
        return Err(Refusal::of(166));
    }
    import.submit(scene.now, &scene.config.imports).map_err(Refusal::of)?;
    let document = submitted(&import, scene);
    scene.tenant.imports.insert(import.id, import);
    Ok(Outcome::Bare { status: 200, document })
}

pub(crate) fn read(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let import = taken(scene)?;
    Ok(Outcome::Bare { status: 200, document: show(&import, scene) })
}

pub(crate) fn query(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let limit: usize = scene.integer("limit", 23)?.unwrap_or(20).min(100);
    let offset: usize = scene.integer("offset", 21)?.unwrap_or(0);
    if let Some(origin) = scene.params.get("origin")
        && !matches!(origin, "ui" | "api" | "all")
    {
        return Err(Refusal::of(188));
    }
    let status = scene.params.get("status");
    let imports = scene.tenant.imports.values().filter(|import| import.version != 5);
    let kept: Vec<&Import> = imports
        .filter(|import| {
            let phase = import.phase(scene.now, &scene.config.imports).name();
            status.is_none_or(|status| status.eq_ignore_ascii_case(phase)) && scene.params.get("origin") != Some("ui")
        })
        .collect();
    let total = kept.len();
    let row = |import: &&Import| {
        let mut shown = show(import, scene);
        shown["createdAt"] = json!(clock::local(import.created, &scene.tenant.zone));
        shown["updatedAt"] = json!(clock::local(import.updated, &scene.tenant.zone));
        shown
    };
    let rows = kept.iter().skip(offset).take(limit).map(row).collect();
    Ok(Outcome::result(Some(total), "import", rows))
}

pub(crate) fn errors(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let import = taken(scene)?;
    match import.finished {
        Some(finished) => Ok(Outcome::File { body: finished.report }),
        None => Err(Refusal::of(161)),
    }
}
