//! What a business unit holds, as canonical JSON, and its fingerprint.
//!
//! Knows content only: ids of prospects and times are left out, so that two histories with the same end compare equal.

use serde_json::{Map, Value, json};

use crate::tenant::{Prospect, Tenant};

/// Content sorted at every level: prospects by their content, lists and custom fields by id and name.
pub(crate) fn state(tenant: &Tenant) -> Value {
    let mut prospects: Vec<Value> = tenant.prospects.values().map(|prospect| content(prospect, tenant)).collect();
    prospects.sort_by_cached_key(Value::to_string);
    let lists = tenant.lists.values().filter(|list| !list.deleted);
    let lists: Vec<Value> =
        lists.map(|list| json!({"id": list.id, "is_dynamic": list.is_dynamic, "name": list.name})).collect();
    let mut fields: Vec<Value> =
        tenant.fields.custom.iter().map(|field| json!({"field_id": field.field_id, "type": field.kind})).collect();
    fields.sort_by_cached_key(Value::to_string);
    json!({"custom_fields": fields, "lists": lists, "prospects": prospects})
}

/// SHA-256 of [`state`] in hexadecimal.
pub(crate) fn hash(tenant: &Tenant) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, state(tenant).to_string().as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content(prospect: &Prospect, tenant: &Tenant) -> Value {
    let mut members = set_fields(prospect, tenant);
    let opted_out = memberships(prospect, tenant, |opted_out| opted_out);
    if !opted_out.is_empty() {
        members.push(("lists_opted_out".to_owned(), json!(opted_out)));
    }
    members.sort_by(|a, b| a.0.cmp(&b.0));
    Value::Object(members.into_iter().collect())
}

/// A prospect as an object of its set fields, with `id` and `lists`.
pub(crate) fn prospect(prospect: &Prospect, tenant: &Tenant) -> Value {
    let mut shown = Map::new();
    shown.insert("id".to_owned(), json!(prospect.id));
    shown.extend(set_fields(prospect, tenant));
    Value::Object(shown)
}

fn set_fields(prospect: &Prospect, tenant: &Tenant) -> Vec<(String, Value)> {
    let mut members = vec![("email".to_owned(), json!(prospect.email))];
    members.extend(prospect.fid.as_ref().map(|fid| ("fid".to_owned(), json!(fid))));
    members.extend(prospect.campaign.map(|campaign| ("campaign_id".to_owned(), json!(campaign))));
    for (key, text) in prospect.values() {
        members.push((tenant.fields.name(key).to_owned(), tenant.fields.show(key, text)));
    }
    if prospect.archived {
        members.push(("is_archived".to_owned(), json!(true)));
    }
    members.push(("lists".to_owned(), json!(memberships(prospect, tenant, |_| true))));
    members
}

fn memberships(prospect: &Prospect, tenant: &Tenant, keeps: impl Fn(bool) -> bool) -> Vec<u64> {
    let live = prospect.memberships.iter().filter_map(|id| tenant.memberships.get(id));
    let live = live.filter(|membership| !membership.deleted && keeps(membership.opted_out));
    let mut lists: Vec<u64> = live.map(|membership| membership.list).collect();
    lists.sort_unstable();
    lists
}
