//! The objects of version 5 as rows of JSON: every known member, null where unset.
//!
//! Knows shapes: not verbs, fields or pages.

use serde_json::{Value, json};

use crate::clock;
use crate::field::{STANDARD, V5_EMPTY};
use crate::refusal::Refusal;
use crate::tenant::{List, Membership, Prospect, Tenant};
use crate::v5::Row;

/// A collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object {
    Prospects,
    Lists,
    Memberships,
    CustomFields,
    Campaigns,
}

/// The collection of that name; 198 when there is none.
pub(crate) fn named(collection: &str) -> Result<Object, Refusal> {
    match collection {
        "prospects" => Ok(Object::Prospects),
        "lists" => Ok(Object::Lists),
        "list-memberships" => Ok(Object::Memberships),
        "custom-fields" => Ok(Object::CustomFields),
        "campaigns" => Ok(Object::Campaigns),
        _ => Err(Refusal::of(198).with_status(404)),
    }
}

impl Object {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Object::Prospects => "prospects",
            Object::Lists => "lists",
            Object::Memberships => "list-memberships",
            Object::CustomFields => "custom-fields",
            Object::Campaigns => "campaigns",
        }
    }

    /// One record, deleted or not.
    pub(crate) fn one(self, id: u64, tenant: &Tenant) -> Option<Row> {
        match self {
            Object::Prospects => tenant.prospects.get(&id).map(|one| prospect(one, tenant)),
            Object::Lists => tenant.lists.get(&id).map(|one| list(one, tenant)),
            Object::Memberships => tenant.memberships.get(&id).map(|one| membership(one, tenant)),
            Object::CustomFields | Object::Campaigns => {
                self.all(tenant, None).into_iter().find(|row| row.get("id") == Some(&json!(id)))
            }
        }
    }

    /// All records in order of id, deleted ones included; prospects of one address only where it is given.
    pub(crate) fn all(self, tenant: &Tenant, email: Option<&str>) -> Vec<Row> {
        match (self, email) {
            (Object::Prospects, Some(email)) => {
                let found = tenant.by_email(email).iter().filter_map(|id| tenant.prospects.get(id));
                found.map(|one| prospect(one, tenant)).collect()
            }
            (Object::Prospects, None) => tenant.prospects.values().map(|one| prospect(one, tenant)).collect(),
            (Object::Lists, _) => tenant.lists.values().map(|one| list(one, tenant)).collect(),
            (Object::Memberships, _) => tenant.memberships.values().map(|one| membership(one, tenant)).collect(),
            (Object::CustomFields, _) => custom_fields(tenant),
            (Object::Campaigns, _) => campaigns(tenant),
        }
    }
}

fn row(value: Value) -> Row {
    match value {
        Value::Object(row) => row,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Row::new(),
    }
}

fn prospect(prospect: &Prospect, tenant: &Tenant) -> Row {
    let at = |ms| clock::offset(ms, &tenant.zone);
    let campaign = tenant.campaign_of(prospect);
    let mut shown = row(json!({
        "id": prospect.id,
        "email": prospect.email,
        "salesforceId": prospect.fid,
        "campaignId": campaign.map(|campaign| campaign.id),
        "campaign": campaign.map(|campaign| json!({"id": campaign.id, "name": campaign.name})),
        "isDeleted": prospect.archived,
        "createdAt": at(prospect.created),
        "updatedAt": at(prospect.updated),
    }));
    for (key, field) in (0..).zip(STANDARD).filter(|(_, field)| !field.v5.is_empty()) {
        shown.insert(field.v5.to_owned(), tenant.fields.show_v5(key, prospect.value(key)));
    }
    for field in &tenant.fields.custom {
        let key = tenant.fields.key(&field.field_id);
        let value = key.map_or(Value::Null, |key| tenant.fields.show_v5(key, prospect.value(key)));
        shown.insert(format!("{}__c", field.field_id), value);
    }
    for name in V5_EMPTY {
        shown.insert((*name).to_owned(), Value::Null);
    }
    shown
}

fn list(list: &List, tenant: &Tenant) -> Row {
    row(json!({
        "id": list.id,
        "name": list.name,
        "title": list.title,
        "description": list.description,
        "isPublic": list.is_public,
        "isDynamic": list.is_dynamic,
        "isCrmVisible": list.is_crm_visible,
        "folderId": null,
        "campaignId": null,
        "isDeleted": list.deleted,
        "createdAt": clock::offset(list.created, &tenant.zone),
        "updatedAt": clock::offset(list.updated, &tenant.zone),
        "createdById": null,
        "updatedById": null,
    }))
}

fn membership(membership: &Membership, tenant: &Tenant) -> Row {
    let list = tenant.lists.get(&membership.list).map(|list| json!({"id": list.id, "name": list.name}));
    let prospect = tenant.prospects.get(&membership.prospect);
    let prospect = prospect.map(|prospect| json!({"id": prospect.id, "email": prospect.email}));
    row(json!({
        "id": membership.id,
        "listId": membership.list,
        "prospectId": membership.prospect,
        "optedOut": membership.opted_out,
        "isDeleted": membership.deleted,
        "createdAt": clock::offset(membership.created, &tenant.zone),
        "updatedAt": clock::offset(membership.updated, &tenant.zone),
        "createdById": null,
        "updatedById": null,
        "list": list,
        "prospect": prospect,
    }))
}

fn custom_fields(tenant: &Tenant) -> Vec<Row> {
    let shown = tenant.fields.custom.iter().map(|field| {
        let at = clock::offset(field.created, &tenant.zone);
        row(json!({
            "id": field.id,
            "name": field.name,
            "fieldId": field.field_id,
            "apiFieldId": format!("{}__c", field.field_id),
            "type": field.kind,
            "salesforceId": null,
            "isUseValues": false,
            "isRecordMultipleResponses": false,
            "isAnalyticsSynced": false,
            "isRequired": false,
            "isDeleted": false,
            "createdAt": at,
            "updatedAt": at,
            "createdById": null,
            "updatedById": null,
        }))
    });
    shown.collect()
}

fn campaigns(tenant: &Tenant) -> Vec<Row> {
    let shown = tenant.campaigns.values().map(|campaign| {
        let at = clock::offset(campaign.created, &tenant.zone);
        row(json!({
            "id": campaign.id,
            "name": campaign.name,
            "cost": campaign.cost,
            "folderId": null,
            "salesforceId": null,
            "isDeleted": false,
            "createdAt": at,
            "updatedAt": at,
        }))
    });
    shown.collect()
}
