//! The rules by which one record finds, makes or changes a prospect, for versions 3 and 4.
//!
//! Knows no carrier: a record from a form, a batch or an import is the same here.

use std::borrow::Cow;

use crate::field::FieldKey;
use crate::tenant::Tenant;

/// Named values of one record.
pub(crate) type Attributes<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// A record, its identifiers apart from its other values.
#[derive(Debug, Default)]
pub(crate) struct Record<'a> {
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) fid: Option<Cow<'a, str>>,
    pub(crate) email: Option<Cow<'a, str>>,
    pub(crate) rest: Attributes<'a>,
}

/// What a record did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
    Created(u64),
    Updated(u64),
}

impl Done {
    pub(crate) fn id(self) -> u64 {
        match self {
            Done::Created(id) | Done::Updated(id) => id,
        }
    }
}

impl<'a> Record<'a> {
    pub(crate) fn from(attributes: Attributes<'a>) -> Record<'a> {
        let mut record = Record { rest: Vec::with_capacity(attributes.len()), ..Record::default() };
        for (name, value) in attributes {
            match &*name {
                "id" => record.id = Some(value).filter(|id| !id.is_empty()),
                "fid" => record.fid = Some(value).filter(|fid| !fid.is_empty()),
                "email" => record.email = Some(value),
                _ => record.rest.push((name, value)),
            }
        }
        record
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        match name {
            "id" => self.id.as_deref(),
            "fid" => self.fid.as_deref(),
            "email" => self.email.as_deref(),
            _ => self.rest.iter().rev().find(|(key, _)| key == name).map(|(_, value)| &**value),
        }
    }

    fn given(&self, name: &str) -> Option<&str> {
        self.value(name).filter(|value| !value.is_empty())
    }

    /// Refuses what can be seen without looking for the prospect.
    fn check(&self, tenant: &Tenant) -> Result<(), u32> {
        if self.email.as_deref().is_some_and(|email| !is_email(email)) {
            return Err(4);
        }
        if let Some(campaign) = self.given("campaign_id") {
            let known = campaign.trim().parse().is_ok_and(|id: u64| tenant.campaigns.contains_key(&id));
            if !known {
                return Err(38);
            }
        }
        if self.given("user_id").is_some() && self.given("crm_owner_fid").is_some() {
            return Err(125);
        }
        if self.given("prospect_account_id").is_some() && tenant.crm_connector {
            return Err(59);
        }
        for (name, value) in &self.rest {
            if name.starts_with("profile_criteria_") && !matches!(&**value, "match" | "nomatch" | "unknown") {
                return Err(18);
            }
        }
        Ok(())
    }

    fn numeric_id(&self) -> Option<Result<u64, u32>> {
        self.id.as_deref().map(|id| id.trim().parse().map_err(|_| 3))
    }

    /// Creates. Version 3 keeps addresses unique, also against archived prospects.
    pub(crate) fn create(&self, tenant: &mut Tenant, version: u8, now: i64) -> Result<Done, u32> {
        let Some(email) = self.email.as_deref() else {
            return Err(13);
        };
        self.check(tenant)?;
        if version == 3 && !tenant.by_email(email).is_empty() {
            return Err(9);
        }
        if let Some(fid) = self.fid.as_deref()
            && tenant.by_fid(fid).is_some()
        {
            return Err(79);
        }
        Ok(self.insert(tenant, now))
    }

    fn insert(&self, tenant: &mut Tenant, now: i64) -> Done {
        let id = tenant.create(self.email.as_deref().unwrap_or_default(), self.fid.as_deref(), now);
        self.write(tenant, id, now);
        tenant.changes.created += 1;
        Done::Created(id)
    }

    /// Updates a prospect that is found by id, fid or (where allowed) address; never creates, never restores.
    pub(crate) fn update(&self, tenant: &mut Tenant, version: u8, by_email: bool, now: i64) -> Result<Done, u32> {
        self.check(tenant)?;
        let id = self.find(tenant, version, by_email)?;
        if tenant.prospects.get(&id).is_none_or(|prospect| prospect.archived) {
            return Err(3);
        }
        self.change(tenant, id, version, now)
    }

    /// Finds the prospect a single call names, archived or not.
    pub(crate) fn find(&self, tenant: &Tenant, version: u8, by_email: bool) -> Result<u64, u32> {
        if let Some(id) = self.numeric_id() {
            let id = id?;
            if !tenant.prospects.contains_key(&id) {
                return Err(3);
            }
            let other = self.fid.as_deref().and_then(|fid| tenant.by_fid(fid));
            return if version == 4 && other.is_some_and(|other| other != id) { Err(81) } else { Ok(id) };
        }
        if let (4, Some(fid)) = (version, self.fid.as_deref()) {
            return tenant.by_fid(fid).ok_or(77);
        }
        match self.email.as_deref() {
            Some(email) if by_email => tenant.live_by_email(email).ok_or(4),
            Some(_) => Err(3),
            None => Err(13),
        }
    }

    /// Updates, else creates, by the rules of the version.
    pub(crate) fn upsert(&self, tenant: &mut Tenant, version: u8, now: i64) -> Result<Done, u32> {
        self.check(tenant)?;
        let found = if version == 3 { self.resolve_v3(tenant)? } else { self.resolve_v4(tenant)? };
        match found {
            Some(id) => {
                if version == 3 {
                    self.check_address_free(tenant, id)?;
                }
                if let Some(prospect) = tenant.prospects.get_mut(&id) {
                    prospect.archived = false;
                }
                self.change(tenant, id, version, now)
            }
            None => Ok(self.insert(tenant, now)),
        }
    }

    /// Version 3: the id if it is known, else the address, else a new prospect.
    fn resolve_v3(&self, tenant: &Tenant) -> Result<Option<u64>, u32> {
        if let Some(Ok(id)) = self.numeric_id()
            && tenant.prospects.contains_key(&id)
        {
            return Ok(Some(id));
        }
        let email = self.email.as_deref().ok_or(14u32)?;
        let archived = || tenant.by_email(email).first().copied();
        Ok(tenant.live_by_email(email).or_else(archived))
    }

    /// Version 4: id and fid only. An address alone always makes a new prospect.
    fn resolve_v4(&self, tenant: &Tenant) -> Result<Option<u64>, u32> {
        let by_fid = self.fid.as_deref().map(|fid| tenant.by_fid(fid));
        if let Some(id) = self.numeric_id() {
            let id = id?;
            let prospect = tenant.prospects.get(&id).ok_or(3u32)?;
            return match by_fid {
                Some(Some(other)) if other != id => Err(81),
                Some(None) if prospect.fid.is_some() => Err(81),
                Some(Some(_) | None) | None => Ok(Some(id)),
            };
        }
        match (by_fid, &self.email) {
            (Some(Some(id)), _) => Ok(Some(id)),
            (Some(None), None) => Err(77),
            (None, None) => Err(4),
            (Some(None) | None, Some(_)) => Ok(None),
        }
    }

    fn check_address_free(&self, tenant: &Tenant, id: u64) -> Result<(), u32> {
        let Some(email) = self.email.as_deref() else {
            return Ok(());
        };
        if tenant.by_email(email).iter().any(|other| *other != id) { Err(54) } else { Ok(()) }
    }

    fn change(&self, tenant: &mut Tenant, id: u64, version: u8, now: i64) -> Result<Done, u32> {
        if let Some(email) = self.email.as_deref() {
            if version == 3 {
                self.check_address_free(tenant, id)?;
            }
            tenant.set_email(id, email);
        }
        if let Some(fid) = self.fid.as_deref()
            && tenant.by_fid(fid).is_none()
        {
            tenant.set_fid(id, fid);
        }
        self.write(tenant, id, now);
        tenant.changes.updated += 1;
        Ok(Done::Updated(id))
    }

    /// Stores the other values; what is unknown or malformed is dropped without a word.
    fn write(&self, tenant: &mut Tenant, id: u64, now: i64) {
        let mut lists: Vec<(u64, bool)> = Vec::new();
        let mut several: Vec<(FieldKey, usize, &str)> = Vec::new();
        {
            let Tenant { prospects, fields, .. } = tenant;
            let Some(prospect) = prospects.get_mut(&id) else { return };
            prospect.updated = now;
            for (name, value) in &self.rest {
                if let Some(list) = name.strip_prefix("list_").and_then(|list| list.parse().ok()) {
                    lists.extend(membership(value).map(|member| (list, member)));
                } else if name == "campaign_id" {
                    prospect.campaign = value.trim().parse().ok();
                } else if let Some(key) = fields.key(name) {
                    let writable =
                        fields.standard(key).is_none_or(|field| field.writable || field.name == "crm_owner_fid");
                    if writable && let Some(text) = fields.accept(key, Cow::Borrowed(value)) {
                        prospect.set(key, &text);
                    }
                } else if let Some((base, at)) = numbered(name)
                    && let Some(key) = fields.key(base).filter(|key| fields.custom(*key).is_some())
                {
                    several.push((key, at, value));
                }
            }
            several.sort_unstable_by_key(|(key, at, _)| (*key, *at));
            for group in several.chunk_by(|a, b| a.0 == b.0) {
                let values: Vec<&str> = (0..)
                    .zip(group)
                    .take_while(|(want, (_, at, _))| want == at)
                    .map(|(_, (_, _, text))| *text)
                    .collect();
                prospect.set(group[0].0, &values.join(";"));
            }
        }
        for (list, member) in lists {
            // Unknown and dynamic lists are passed over in silence.
            if tenant.static_list(list).is_none() {
                continue;
            }
            if member {
                tenant.join(list, id, now);
            } else {
                tenant.leave(list, id, now);
            }
        }
    }
}

fn membership(value: &str) -> Option<bool> {
    match value.trim() {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    }
}

/// `Colour_0` is the first of several values of `Colour`.
fn numbered(name: &str) -> Option<(&str, usize)> {
    let (base, at) = name.rsplit_once('_')?;
    Some((base, at.parse().ok()?))
}

/// `/^[^ @]{1,64}@[^ @]{1,255}\.[^ @]{2,13}$/` and at most 255 characters in all (a support answer of 2016).
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let plain = |part: &str| !part.contains([' ', '@']);
    let ending = |at: usize| {
        let before = domain[..at].chars().count();
        (1..=255).contains(&before) && (2..=13).contains(&domain[at + 1..].chars().count())
    };
    plain(local)
        && plain(domain)
        && (1..=64).contains(&local.chars().count())
        && text.chars().count() <= 255
        && domain.match_indices('.').any(|(at, _)| ending(at))
}
