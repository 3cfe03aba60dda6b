//! The listMembership object of versions 3 and 4, addressed by id or by the pair of list and prospect.
//!
//! Knows no list's nature beyond static or dynamic.

use serde_json::{Value, json};

use crate::answer::Outcome;
use crate::clock;
use crate::legacy::{Page, Scene};
use crate::refusal::Refusal;
use crate::tenant::{Membership, Tenant};

const NAME: &str = "list_membership";

fn show(membership: &Membership, tenant: &Tenant) -> Value {
    json!({
        "id": membership.id,
        "list_id": membership.list,
        "prospect_id": membership.prospect,
        "opted_out": membership.opted_out,
        "created_at": clock::local(membership.created, &tenant.zone),
        "updated_at": clock::local(membership.updated, &tenant.zone),
    })
}

/// The pair named by the call: 13 when a part is missing, 55 and 3 when it is unknown.
fn pair(scene: &Scene<'_>) -> Result<(u64, u64), Refusal> {
    let list: u64 = scene.integer("list_id", 55)?.ok_or(Refusal::of(13))?;
    let prospect: u64 = scene.integer("prospect_id", 3)?.ok_or(Refusal::of(13))?;
    if scene.tenant.lists.get(&list).is_none_or(|list| list.deleted) {
        return Err(Refusal::of(55));
    }
    if scene.tenant.prospects.get(&prospect).is_none_or(|prospect| prospect.archived) {
        return Err(Refusal::of(3));
    }
    Ok((list, prospect))
}

/// The live membership named by the call: 16 for an unknown id, 109 for a pair without membership.
fn found(scene: &Scene<'_>) -> Result<u64, Refusal> {
    if let Some(id) = scene.integer::<u64>("id", 16)? {
        let live = scene.tenant.memberships.get(&id).filter(|membership| !membership.deleted);
        return live.map(|membership| membership.id).ok_or(Refusal::of(16));
    }
    let (list, prospect) = pair(scene)?;
    let live = scene.tenant.membership(list, prospect).filter(|membership| !membership.deleted);
    live.map(|membership| membership.id).ok_or(Refusal::of(109))
}

fn shown(status: u16, id: u64, scene: &Scene<'_>) -> Outcome {
    let membership = scene.tenant.memberships.get(&id);
    Outcome::one(status, NAME, membership.map_or(Value::Null, |one| show(one, scene.tenant)))
}

pub(crate) fn create(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let (list, prospect) = pair(scene)?;
    if scene.tenant.static_list(list).is_none() {
        return Err(Refusal::of(55));
    }
    let opted_out = scene.truth("opted_out", 50)?;
    if scene.tenant.membership(list, prospect).is_some_and(|membership| !membership.deleted) {
        return Err(Refusal::of(58).with_status(scene.config.knobs.already_member_status));
    }
    let (id, _) = scene.tenant.join(list, prospect, scene.now);
    if let (Some(opted_out), Some(membership)) = (opted_out, scene.tenant.memberships.get_mut(&id)) {
        membership.opted_out = opted_out;
    }
    Ok(shown(scene.config.knobs.membership_created_status, id, scene))
}

pub(crate) fn read(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    Ok(shown(200, found(scene)?, scene))
}

pub(crate) fn update(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let id = found(scene)?;
    let opted_out = scene.truth("opted_out", 50)?;
    if let Some(membership) = scene.tenant.memberships.get_mut(&id) {
        membership.opted_out = opted_out.unwrap_or(membership.opted_out);
        membership.updated = scene.now;
    }
    Ok(shown(200, id, scene))
}

pub(crate) fn delete(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let id = found(scene)?;
    if let Some(membership) = scene.tenant.memberships.get_mut(&id) {
        membership.deleted = true;
        membership.updated = scene.now;
    }
    Ok(Outcome::Empty)
}

pub(crate) fn query(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let list: Option<u64> = scene.integer("list_id", 55)?;
    let after: Option<u64> = scene.integer("id_greater_than", 16)?;
    let before: Option<u64> = scene.integer("id_less_than", 16)?;
    let created = (scene.time("created_after")?, scene.time("created_before")?);
    let updated = (scene.time("updated_after")?, scene.time("updated_before")?);
    let deleted = match scene.params.get("deleted") {
        Some("all") => None,
        _ => Some(scene.truth("deleted", 27)?.unwrap_or(false)),
    };
    let page = Page::read(scene, &["created_at", "id"])?;
    let within = |(after, before): (Option<i64>, Option<i64>), at: i64| {
        after.is_none_or(|after| at > after) && before.is_none_or(|before| at < before)
    };
    let keeps = |membership: &&Membership| {
        deleted.is_none_or(|deleted| deleted == membership.deleted)
            && list.is_none_or(|list| list == membership.list)
            && after.is_none_or(|id| membership.id > id)
            && before.is_none_or(|id| membership.id < id)
            && within(created, membership.created)
            && within(updated, membership.updated)
    };
    let mut found: Vec<&Membership> = scene.tenant.memberships.values().filter(keeps).collect();
    page.sort(&mut found, |membership, by| match by {
        "created_at" => membership.created,
        _ => i64::try_from(membership.id).unwrap_or(i64::MAX),
    });
    let total = (scene.params.get("output") != Some("bulk")).then_some(found.len());
    let rows = page.cut(found).into_iter().map(|membership| show(membership, scene.tenant)).collect();
    Ok(Outcome::result(total, NAME, rows))
}
