//! The prospect object of versions 3 and 4, one record at a time.
//!
//! Knows parameters and shapes: the matching rules are the record's affair, batches have their own file.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::answer::Outcome;
use crate::clock;
use crate::field::{HIDDEN, STANDARD};
use crate::legacy::{Page, Scene, list};
use crate::record::{Done, Record};
use crate::refusal::Refusal;
use crate::tenant::{Prospect, Tenant};

fn record<'a>(scene: &Scene<'a>) -> Record<'a> {
    let params: &'a crate::request::Params = scene.params;
    let named = params.iter().filter(|(name, _)| !matches!(*name, "format" | "output"));
    Record::from(named.map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value))).collect())
}

pub(crate) fn create(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let done = record(scene).create(scene.tenant, scene.version, scene.now).map_err(Refusal::of)?;
    Ok(written(done, scene))
}

pub(crate) fn update(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let by_email = scene.version == 3 || scene.config.knobs.update_by_email_v4;
    let done = record(scene).update(scene.tenant, scene.version, by_email, scene.now).map_err(Refusal::of)?;
    Ok(written(done, scene))
}

pub(crate) fn upsert(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let done = record(scene).upsert(scene.tenant, scene.version, scene.now).map_err(Refusal::of)?;
    Ok(written(done, scene))
}

fn written(done: Done, scene: &Scene<'_>) -> Outcome {
    let status = if matches!(done, Done::Created(_)) { 201 } else { 200 };
    let prospect = scene.tenant.prospects.get(&done.id());
    Outcome::one(status, "prospect", prospect.map_or(Value::Null, |prospect| full(prospect, scene.tenant)))
}

pub(crate) fn read(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let record = record(scene);
    let tenant = &*scene.tenant;
    if let (None, None, Some(email)) = (&record.id, &record.fid, &record.email) {
        let ids = tenant.by_email(email).iter();
        let live = ids.filter_map(|id| tenant.prospects.get(id)).filter(|prospect| !prospect.archived);
        let mut found: Vec<Value> = live.map(|prospect| full(prospect, tenant)).collect();
        return match found.len() {
            0 => Err(Refusal::of(4)),
            1 => Ok(Outcome::one(200, "prospect", found.swap_remove(0))),
            _ => Ok(Outcome::one(200, "prospect", Value::Array(found))),
        };
    }
    let id = record.find(tenant, scene.version, true).map_err(Refusal::of)?;
    let prospect = tenant.prospects.get(&id).ok_or(Refusal::of(3))?;
    let shown =
        if scene.params.get("output") == Some("mobile") { mobile(prospect, tenant) } else { full(prospect, tenant) };
    Ok(Outcome::one(200, "prospect", shown))
}

/// Puts into the recycle bin.
pub(crate) fn delete(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let record = record(scene);
    let id = record.find(scene.tenant, scene.version, scene.version == 3).map_err(Refusal::of)?;
    let prospect = scene.tenant.prospects.get_mut(&id).filter(|prospect| !prospect.archived).ok_or(Refusal::of(3))?;
    prospect.archived = true;
    prospect.updated = scene.now;
    Ok(Outcome::Empty)
}

/// `assign` names exactly one of user and group; `unassign` clears both.
pub(crate) fn assign(scene: &mut Scene<'_>, assigned: bool) -> Result<Outcome, Refusal> {
    const TARGETS: [&str; 3] = ["user_id", "user_email", "group_id"];
    let id = record(scene).find(scene.tenant, scene.version, scene.version == 3).map_err(Refusal::of)?;
    let mut named = TARGETS.iter().filter_map(|name| scene.params.get(name).map(|value| (*name, value.to_owned())));
    let target = named.next();
    if assigned && target.is_none() {
        return Err(Refusal::of(13));
    }
    if named.next().is_some() {
        return Err(Refusal::of(47));
    }
    drop(named);
    let Tenant { prospects, fields, .. } = &mut *scene.tenant;
    let prospect = prospects.get_mut(&id).ok_or(Refusal::of(3))?;
    for name in TARGETS {
        let value = target.as_ref().filter(|(at, _)| assigned && *at == name).map_or("", |(_, value)| value.as_str());
        if let Some(key) = fields.key(name) {
            prospect.set(key, value);
        }
    }
    prospect.updated = scene.now;
    Ok(written(Done::Updated(id), scene))
}

pub(crate) fn query(scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let filter = Filter::read(scene)?;
    let page = Page::read(scene, &["created_at", "id", "last_activity_at", "updated_at", "probability", "value"])?;
    let tenant = &*scene.tenant;
    let mut found: Vec<&Prospect> =
        tenant.prospects.values().filter(|prospect| filter.keeps(prospect, tenant)).collect();
    page.sort(&mut found, |prospect, by| match by {
        "created_at" => prospect.created,
        "updated_at" => prospect.updated,
        _ => i64::try_from(prospect.id).unwrap_or(i64::MAX),
    });
    let output = scene.params.get("output").unwrap_or("full");
    let total = (output != "bulk").then_some(found.len());
    let fields: Option<Vec<&str>> = scene.params.get("fields").map(|names| names.split(',').map(str::trim).collect());
    let rows = page.cut(found).into_iter().map(|prospect| match (&fields, output) {
        (Some(fields), _) => only(full(prospect, tenant), fields),
        (None, "mobile") => mobile(prospect, tenant),
        (None, _) => plain(prospect, tenant),
    });
    Ok(Outcome::result(total, "prospect", rows.collect()))
}

fn only(row: Value, fields: &[&str]) -> Value {
    let Value::Object(row) = row else { return row };
    Value::Object(row.into_iter().filter(|(name, _)| name == "id" || fields.contains(&name.as_str())).collect())
}

/// The search conditions of a query.
struct Filter {
    /// `None` shows both.
    deleted: Option<bool>,
    after_id: Option<u64>,
    before_id: Option<u64>,
    created: (Option<i64>, Option<i64>),
    updated: (Option<i64>, Option<i64>),
    score: (Option<i64>, Option<i64>, Option<i64>),
    members: Option<HashSet<u64>>,
    starred: Option<bool>,
    assigned: Option<bool>,
    user: Option<String>,
}

impl Filter {
    fn read(scene: &Scene<'_>) -> Result<Filter, Refusal> {
        let list: Option<u64> = scene.integer("list_id", 55)?;
        if let Some(list) = list
            && !scene.tenant.lists.contains_key(&list)
        {
            return Err(Refusal::of(55));
        }
        let deleted = match scene.params.get("deleted") {
            Some("all") => None,
            _ => Some(scene.truth("deleted", 27)?.unwrap_or(false)),
        };
        Ok(Filter {
            deleted,
            after_id: scene.integer("id_greater_than", 16)?,
            before_id: scene.integer("id_less_than", 16)?,
            created: (scene.time("created_after")?, scene.time("created_before")?),
            updated: (scene.time("updated_after")?, scene.time("updated_before")?),
            score: (
                scene.integer("score_greater_than", 29)?,
                scene.integer("score_less_than", 29)?,
                scene.integer("score_equal_to", 29)?,
            ),
            members: list.map(|list| scene.tenant.members(list)),
            starred: scene.truth("is_starred", 25)?,
            assigned: scene.truth("assigned", 26)?,
            user: scene.params.get("assigned_to_user").map(str::to_owned),
        })
    }

    fn keeps(&self, prospect: &Prospect, tenant: &Tenant) -> bool {
        let value = |name: &str| tenant.fields.key(name).and_then(|key| prospect.value(key));
        let score: i64 = value("score").and_then(|score| score.parse().ok()).unwrap_or(0);
        let owner = value("user_id").or(value("user_email"));
        let within = |(after, before): (Option<i64>, Option<i64>), at: i64| {
            after.is_none_or(|after| at > after) && before.is_none_or(|before| at < before)
        };
        self.deleted.is_none_or(|deleted| deleted == prospect.archived)
            && self.after_id.is_none_or(|id| prospect.id > id)
            && self.before_id.is_none_or(|id| prospect.id < id)
            && within(self.created, prospect.created)
            && within(self.updated, prospect.updated)
            && within((self.score.0, self.score.1), score)
            && self.score.2.is_none_or(|want| want == score)
            && self.members.as_ref().is_none_or(|members| members.contains(&prospect.id))
            && self.starred.is_none_or(|starred| starred == value("is_starred").is_some())
            && self.assigned.is_none_or(|assigned| assigned == owner.is_some())
            && self
                .user
                .as_deref()
                .is_none_or(|user| value("user_id") == Some(user) || value("user_email") == Some(user))
    }
}

/// The five members of `output=mobile`.
fn mobile(prospect: &Prospect, tenant: &Tenant) -> Value {
    let text = |name: &str| tenant.fields.key(name).and_then(|key| prospect.value(key));
    json!({
        "id": prospect.id,
        "first_name": text("first_name"),
        "last_name": text("last_name"),
        "email": prospect.email,
        "company": text("company"),
    })
}

/// A row of a query: fields and campaign, no relations.
fn plain(prospect: &Prospect, tenant: &Tenant) -> Value {
    Value::Object(members(prospect, tenant))
}

/// A read: fields, campaign, profile, lists.
pub(crate) fn full(prospect: &Prospect, tenant: &Tenant) -> Value {
    let mut shown = members(prospect, tenant);
    let criteria = json!({"id": 63, "name": "Company Size", "matches": "Unknown"});
    shown.insert("profile".to_owned(), json!({"id": 9, "name": "Default", "profile_criteria": [criteria]}));
    shown.insert("visitors".to_owned(), Value::Null);
    shown.insert("visitor_activities".to_owned(), Value::Null);
    let live = prospect.memberships.iter().filter_map(|id| tenant.memberships.get(id)).filter(|one| !one.deleted);
    let mut subscriptions: Vec<Value> = live
        .map(|membership| {
            json!({
                "id": membership.id,
                "did_opt_in": false,
                "did_opt_out": membership.opted_out,
                "created_at": clock::local(membership.created, &tenant.zone),
                "updated_at": clock::local(membership.updated, &tenant.zone),
                "list": tenant.lists.get(&membership.list).map(|one| list::show(one, tenant)),
            })
        })
        .collect();
    let lists = match subscriptions.len() {
        0 => Value::Null,
        1 => json!({"list_subscription": subscriptions.swap_remove(0)}),
        _ => json!({"list_subscription": subscriptions}),
    };
    shown.insert("lists".to_owned(), lists);
    Value::Object(shown)
}

/// Standard fields (null where unset), custom fields (absent where unset), in the recorded order.
fn members(prospect: &Prospect, tenant: &Tenant) -> Map<String, Value> {
    let mut shown = Map::new();
    let campaign = tenant.campaign_of(prospect);
    shown.insert("id".to_owned(), json!(prospect.id));
    shown.insert("campaign_id".to_owned(), json!(campaign.map(|campaign| campaign.id)));
    for (key, field) in (0..).zip(STANDARD) {
        let value = match (prospect.value(key), field.name) {
            (Some(text), _) => tenant.fields.show(key, text),
            (None, name) if HIDDEN.contains(&name) => continue,
            (None, "score") => json!(0),
            (None, "recent_interaction") => json!("Never active."),
            (None, _) => Value::Null,
        };
        shown.insert(field.name.to_owned(), value);
        if field.name == "last_name" {
            shown.insert("email".to_owned(), json!(prospect.email));
        }
        if field.name == "crm_account_fid" {
            shown.insert("salesforce_fid".to_owned(), json!(prospect.fid));
        }
    }
    if prospect.archived {
        shown.insert("is_archived".to_owned(), json!(true));
    }
    shown.insert("created_at".to_owned(), json!(clock::local(prospect.created, &tenant.zone)));
    shown.insert("updated_at".to_owned(), json!(clock::local(prospect.updated, &tenant.zone)));
    if let Some(campaign) = campaign {
        shown.insert("campaign".to_owned(), json!({"id": campaign.id, "name": campaign.name}));
    }
    for (key, text) in prospect.values() {
        if let Some(field) = tenant.fields.custom(key) {
            shown.insert(field.field_id.clone(), tenant.fields.show(key, text));
        }
    }
    shown
}
