//! The list object of versions 3 and 4.
//!
//! Knows lists, not who is in them.

use serde_json::{Value, json};

use crate::answer::Outcome;
use crate::clock;
use crate::legacy::{Page, Scene};
use crate::refusal::Refusal;
use crate::tenant::{List, Tenant};

pub(crate) fn show(list: &List, tenant: &Tenant) -> Value {
    json!({
        "id": list.id,
        "name": list.name,
        "is_public": list.is_public,
        "is_dynamic": list.is_dynamic,
        "title": list.title,
        "description": list.description,
        "is_crm_visible": list.is_crm_visible,
        "created_at": clock::local(list.created, &tenant.zone),
        "updated_at": clock::local(list.updated, &tenant.zone),
    })
}

fn found(scene: &Scene<'_>) -> Result<u64, Refusal> {
    let id: u64 = scene.integer("id", 55)?.ok_or(Refusal::of(13))?;
    scene.tenant.lists.get(&id).filter(|list| !list.deleted).map(|list| list.id).ok_or(Refusal::of(55))
}

fn shown(id: u64, scene: &Scene<'_>) -> Outcome {
    let list = scene.tenant.lists.get(&id);
    Outcome::one(200, "list", list.map_or(Value::Null, |list| show(list, scene.tenant)))
}

pub(crate) fn create(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let Some(name) = scene.params.get("name").filter(|name| !name.is_empty()).map(str::to_owned) else {
        return Err(Refusal::of(13));
    };
    let id = scene.tenant.add_list(None, &name, false, scene.now);
    change(id, scene)?;
    Ok(shown(id, scene))
}

pub(crate) fn read(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    Ok(shown(found(scene)?, scene))
}

pub(crate) fn update(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let id = found(scene)?;
    change(id, scene)?;
    Ok(shown(id, scene))
}

pub(crate) fn delete(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let id = found(scene)?;
    if let Some(list) = scene.tenant.lists.get_mut(&id) {
        list.deleted = true;
        list.updated = scene.now;
    }
    Ok(Outcome::Empty)
}

fn change(id: u64, scene: &mut Scene<'_>) -> Result<(), Refusal> {
    let public = scene.truth("is_public", 50)?;
    let visible = scene.truth("is_crm_visible", 50)?;
    let now = scene.now;
    let Some(list) = scene.tenant.lists.get_mut(&id) else {
        return Err(Refusal::of(55));
    };
    if let Some(name) = scene.params.get("name").filter(|name| !name.is_empty()) {
        list.name = name.to_owned();
    }
    if let Some(title) = scene.params.get("title") {
        list.title = Some(title.to_owned()).filter(|title| !title.is_empty());
    }
    if let Some(description) = scene.params.get("description") {
        list.description = Some(description.to_owned()).filter(|description| !description.is_empty());
    }
    list.is_public = public.unwrap_or(list.is_public);
    list.is_crm_visible = visible.unwrap_or(list.is_crm_visible);
    list.updated = now;
    Ok(())
}

pub(crate) fn query(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let after: Option<u64> = scene.integer("id_greater_than", 16)?;
    let before: Option<u64> = scene.integer("id_less_than", 16)?;
    let created = (scene.time("created_after")?, scene.time("created_before")?);
    let updated = (scene.time("updated_after")?, scene.time("updated_before")?);
    let name = scene.params.get("name");
    let page = Page::read(scene, &["created_at", "id", "name", "updated_at"])?;
    let within = |(after, before): (Option<i64>, Option<i64>), at: i64| {
        after.is_none_or(|after| at > after) && before.is_none_or(|before| at < before)
    };
    let keeps = |list: &&List| {
        !list.deleted
            && name.is_none_or(|name| like(name, &list.name))
            && after.is_none_or(|id| list.id > id)
            && before.is_none_or(|id| list.id < id)
            && within(created, list.created)
            && within(updated, list.updated)
    };
    let mut found: Vec<&List> = scene.tenant.lists.values().filter(keeps).collect();
    page.sort(&mut found, |list, by| match by {
        "created_at" => list.created,
        "updated_at" => list.updated,
        _ => i64::try_from(list.id).unwrap_or(i64::MAX),
    });
    let total = (scene.params.get("output") != Some("bulk")).then_some(found.len());
    let rows = page.cut(found).into_iter().map(|list| show(list, scene.tenant)).collect();
    Ok(Outcome::result(total, "list", rows))
}

/// `*` stands for any text, as in the documented name filter.
fn like(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => name == pattern,
        Some((head, tail)) => {
            let Some(rest) = name.strip_prefix(head) else {
                return false;
            };
            let mut starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            starts.any(|at| like(tail, &rest[at..]))
        }
    }
}
