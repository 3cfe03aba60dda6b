//! The small objects of versions 3 and 4: custom fields, campaigns and the account.
//!
//! Knows how each is shown and created: not what uses them.

use serde_json::{Value, json};

use crate::answer::Outcome;
use crate::clock;
use crate::field::CustomField;
use crate::legacy::{Page, Scene};
use crate::refusal::Refusal;
use crate::tenant::{Campaign, Tenant};

fn field(field: &CustomField, tenant: &Tenant) -> Value {
    let at = clock::local(field.created, &tenant.zone);
    json!({
        "id": field.id,
        "name": field.name,
        "field_id": field.field_id,
        "type": field.kind,
        "type_id": field.type_id(),
        "crm_id": null,
        "is_use_values": false,
        "is_record_multiple_responses": false,
        "is_analytics_synced": false,
        "created_at": at,
        "updated_at": at,
    })
}

pub(crate) fn query_fields(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let after: Option<u64> = scene.integer("id_greater_than", 16)?;
    let before: Option<u64> = scene.integer("id_less_than", 16)?;
    let page = Page::read(scene, &["created_at", "id"])?;
    let keeps = |field: &&CustomField| after.is_none_or(|id| field.id > id) && before.is_none_or(|id| field.id < id);
    let mut found: Vec<&CustomField> = scene.tenant.fields.custom.iter().filter(keeps).collect();
    page.sort(&mut found, |field, _| i64::try_from(field.id).unwrap_or(i64::MAX));
    let total = found.len();
    let rows = page.cut(found).into_iter().map(|one| field(one, scene.tenant)).collect();
    Ok(Outcome::result(Some(total), "customField", rows))
}

pub(crate) fn read_field(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let id: u64 = scene.integer("id", 16)?.ok_or(Refusal::of(13))?;
    let found = scene.tenant.fields.custom.iter().find(|field| field.id == id).ok_or(Refusal::of(16))?;
    Ok(Outcome::one(200, "customField", field(found, scene.tenant)))
}

pub(crate) fn create_field(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let params = scene.params;
    let name = params.get("name").filter(|name| !name.is_empty()).ok_or(Refusal::of(13))?;
    let field_id = params.get("field_id").filter(|name| !name.is_empty()).ok_or(Refusal::of(13))?;
    if scene.tenant.fields.key(field_id).is_some() {
        return Err(Refusal::of(245));
    }
    let kind = params.get("type").unwrap_or("Text");
    let id = scene.tenant.add_field(field_id, name, kind, scene.now);
    let found = scene.tenant.fields.custom.iter().find(|field| field.id == id).ok_or(Refusal::of(16))?;
    Ok(Outcome::one(200, "customField", field(found, scene.tenant)))
}

fn campaign(campaign: &Campaign, tenant: &Tenant) -> Value {
    json!({
        "id": campaign.id,
        "name": campaign.name,
        "cost": campaign.cost,
        "created_at": clock::local(campaign.created, &tenant.zone),
    })
}

pub(crate) fn query_campaigns(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let after: Option<u64> = scene.integer("id_greater_than", 16)?;
    let before: Option<u64> = scene.integer("id_less_than", 16)?;
    let name = scene.params.get("name");
    let page = Page::read(scene, &["created_at", "id", "name", "updated_at", "cost"])?;
    let keeps = |campaign: &&Campaign| {
        after.is_none_or(|id| campaign.id > id)
            && before.is_none_or(|id| campaign.id < id)
            && name.is_none_or(|name| name == campaign.name)
    };
    let mut found: Vec<&Campaign> = scene.tenant.campaigns.values().filter(keeps).collect();
    page.sort(&mut found, |campaign, by| match by {
        "created_at" => campaign.created,
        "cost" => campaign.cost,
        _ => i64::try_from(campaign.id).unwrap_or(i64::MAX),
    });
    let total = found.len();
    let rows = page.cut(found).into_iter().map(|one| campaign(one, scene.tenant)).collect();
    Ok(Outcome::result(Some(total), "campaign", rows))
}

pub(crate) fn read_campaign(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let id: u64 = scene.integer("id", 38)?.ok_or(Refusal::of(13))?;
    let found = scene.tenant.campaigns.get(&id).ok_or(Refusal::of(38))?;
    Ok(Outcome::one(200, "campaign", campaign(found, scene.tenant)))
}

pub(crate) fn create_campaign(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let name = scene.params.get("name").filter(|name| !name.is_empty()).ok_or(Refusal::of(13))?;
    let cost: i64 = scene.integer("cost", 36)?.unwrap_or(0);
    let id = scene.tenant.add_campaign(name, cost, scene.now);
    let found = scene.tenant.campaigns.get(&id).ok_or(Refusal::of(38))?;
    Ok(Outcome::one(200, "campaign", campaign(found, scene.tenant)))
}

pub(crate) fn read_account(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let account = json!({
        "id": 1,
        "company": "Sandbox",
        "level": "Sandbox",
        "website": null,
        "timezone": scene.tenant.zone.iana_name().unwrap_or("UTC"),
        "address1": null,
        "city": null,
        "state": null,
        "zip": null,
        "country": null,
        "phone": null,
        "created_at": clock::local(scene.now, &scene.tenant.zone),
        "updated_at": clock::local(scene.now, &scene.tenant.zone),
    });
    Ok(Outcome::one(200, "account", account))
}
