//! The store of one business unit: prospects, lists, memberships, fields, campaigns, with their indexes.
//!
//! Knows no HTTP and no operation's rules: it keeps records findable and ids rising.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::tz::TimeZone;

use crate::field::{CustomField, FieldKey, Fields};
use crate::import::Import;

/// A prospect, compact: only fields that are set take room.
#[derive(Debug, Clone)]
pub(crate) struct Prospect {
    pub(crate) id: u64,
    pub(crate) email: Box<str>,
    pub(crate) fid: Option<Box<str>>,
    /// `None` is the oldest campaign.
    pub(crate) campaign: Option<u64>,
    pub(crate) archived: bool,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    values: Vec<(FieldKey, Box<str>)>,
    /// Memberships, live and deleted, in order of creation.
    pub(crate) memberships: Vec<u64>,
}

impl Prospect {
    pub(crate) fn value(&self, key: FieldKey) -> Option<&str> {
        self.values.iter().find(|(at, _)| *at == key).map(|(_, text)| &**text)
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = (FieldKey, &str)> {
        self.values.iter().map(|(key, text)| (*key, &**text))
    }

    /// Stores a text; the empty one clears the field.
    pub(crate) fn set(&mut self, key: FieldKey, text: &str) {
        let at = self.values.iter().position(|(at, _)| *at == key);
        match (at, text.is_empty()) {
            (Some(at), true) => {
                self.values.swap_remove(at);
            }
            (Some(at), false) => {
                if *self.values[at].1 != *text {
                    self.values[at].1 = text.into();
                }
            }
            (None, true) => {}
            (None, false) => self.values.push((key, text.into())),
        }
    }
}

/// A list.
#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) is_public: bool,
    pub(crate) is_dynamic: bool,
    pub(crate) is_crm_visible: bool,
    pub(crate) deleted: bool,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// A prospect's place in a list; deleting it keeps its id for a revival.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub(crate) id: u64,
    pub(crate) list: u64,
    pub(crate) prospect: u64,
    pub(crate) opted_out: bool,
    pub(crate) deleted: bool,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// A campaign.
#[derive(Debug, Clone)]
pub(crate) struct Campaign {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) cost: i64,
    pub(crate) created: i64,
}

/// What calls changed, for the counters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) rows_applied: u64,
    pub(crate) rows_refused: u64,
    pub(crate) by_operation: BTreeMap<String, u64>,
}

/// One business unit's records.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) ampsea: bool,
    pub(crate) crm_connector: bool,
    pub(crate) zone: TimeZone,
    pub(crate) prospects: BTreeMap<u64, Prospect>,
    by_email: HashMap<Box<str>, Vec<u64>>,
    by_fid: HashMap<Box<str>, u64>,
    pub(crate) lists: BTreeMap<u64, List>,
    pub(crate) memberships: BTreeMap<u64, Membership>,
    by_pair: HashMap<(u64, u64), u64>,
    pub(crate) fields: Fields,
    pub(crate) campaigns: BTreeMap<u64, Campaign>,
    pub(crate) imports: BTreeMap<u64, Import>,
    /// Batches accepted today and the end of that day.
    pub(crate) import_day: (u64, i64),
    pub(crate) changes: Changes,
    next: NextIds,
}

/// The next free ids; they rise by two, as recorded.
#[derive(Debug)]
struct NextIds {
    prospect: u64,
    list: u64,
    membership: u64,
    field: u64,
    campaign: u64,
    import: u64,
}

const ID_STEP: u64 = 2;

fn take(next: &mut u64) -> u64 {
    let id = *next;
    *next += ID_STEP;
    id
}

impl Tenant {
    pub(crate) fn new(ampsea: bool, crm_connector: bool, zone: TimeZone, campaign: &str, now: i64) -> Tenant {
        let mut tenant = Tenant {
            ampsea,
            crm_connector,
            zone,
            prospects: BTreeMap::new(),
            by_email: HashMap::new(),
            by_fid: HashMap::new(),
            lists: BTreeMap::new(),
            memberships: BTreeMap::new(),
            by_pair: HashMap::new(),
            fields: Fields::new(),
            campaigns: BTreeMap::new(),
            imports: BTreeMap::new(),
            import_day: (0, 0),
            changes: Changes::default(),
            next: NextIds { prospect: 501, list: 77, membership: 9_001, field: 31, campaign: 12, import: 11 },
        };
        tenant.add_campaign(campaign, 0, now);
        tenant
    }

    /// Makes room for a new prospect with this address.
    pub(crate) fn create(&mut self, email: &str, fid: Option<&str>, now: i64) -> u64 {
        let id = take(&mut self.next.prospect);
        let prospect = Prospect {
            id,
            email: email.into(),
            fid: None,
            campaign: None,
            archived: false,
            created: now,
            updated: now,
            values: Vec::new(),
            memberships: Vec::new(),
        };
        self.prospects.insert(id, prospect);
        self.by_email.entry(fold(email)).or_default().push(id);
        if let Some(fid) = fid.filter(|fid| !fid.is_empty()) {
            self.set_fid(id, fid);
        }
        id
    }

    pub(crate) fn set_email(&mut self, id: u64, email: &str) {
        let Some(prospect) = self.prospects.get_mut(&id) else {
            return;
        };
        if *prospect.email == *email {
            return;
        }
        let (old, new) = (fold(&prospect.email), fold(email));
        prospect.email = email.into();
        if old != new {
            if let Some(ids) = self.by_email.get_mut(&old) {
                ids.retain(|at| *at != id);
            }
            self.by_email.entry(new).or_default().push(id);
        }
    }

    pub(crate) fn set_fid(&mut self, id: u64, fid: &str) {
        let Some(prospect) = self.prospects.get_mut(&id) else {
            return;
        };
        if let Some(old) = prospect.fid.replace(fid.into()) {
            self.by_fid.remove(&old);
        }
        self.by_fid.insert(fid.into(), id);
    }

    pub(crate) fn by_fid(&self, fid: &str) -> Option<u64> {
        self.by_fid.get(fid).copied()
    }

    /// All prospects with the address, without regard to case, oldest first, archived ones included.
    pub(crate) fn by_email(&self, email: &str) -> &[u64] {
        self.by_email.get(&fold(email)).map_or(&[], Vec::as_slice)
    }

    /// The oldest prospect with the address that is not archived.
    pub(crate) fn live_by_email(&self, email: &str) -> Option<u64> {
        self.by_email(email)
            .iter()
            .copied()
            .find(|id| self.prospects.get(id).is_some_and(|prospect| !prospect.archived))
    }

    pub(crate) fn membership(&self, list: u64, prospect: u64) -> Option<&Membership> {
        self.by_pair.get(&(list, prospect)).and_then(|id| self.memberships.get(id))
    }

    /// Creates or revives a membership; an opt-out of the past stays. True when it was not live before.
    pub(crate) fn join(&mut self, list: u64, prospect: u64, now: i64) -> (u64, bool) {
        if let Some(id) = self.by_pair.get(&(list, prospect)).copied()
            && let Some(membership) = self.memberships.get_mut(&id)
        {
            let joined = membership.deleted;
            if joined {
                membership.deleted = false;
                membership.updated = now;
            }
            return (id, joined);
        }
        let id = take(&mut self.next.membership);
        let membership =
            Membership { id, list, prospect, opted_out: false, deleted: false, created: now, updated: now };
        self.memberships.insert(id, membership);
        self.by_pair.insert((list, prospect), id);
        if let Some(prospect) = self.prospects.get_mut(&prospect) {
            prospect.memberships.push(id);
        }
        (id, true)
    }

    /// Deletes a membership; nothing happens when there is none.
    pub(crate) fn leave(&mut self, list: u64, prospect: u64, now: i64) {
        if let Some(id) = self.by_pair.get(&(list, prospect))
            && let Some(membership) = self.memberships.get_mut(id)
            && !membership.deleted
        {
            membership.deleted = true;
            membership.updated = now;
        }
    }

    /// A list that can be given members by hand.
    pub(crate) fn static_list(&self, id: u64) -> Option<&List> {
        self.lists.get(&id).filter(|list| !list.is_dynamic && !list.deleted)
    }

    pub(crate) fn add_list(&mut self, id: Option<u64>, name: &str, is_dynamic: bool, now: i64) -> u64 {
        let id = match id {
            Some(id) => {
                self.next.list = self.next.list.max(id + ID_STEP);
                id
            }
            None => take(&mut self.next.list),
        };
        let list = List {
            id,
            name: name.to_owned(),
            title: None,
            description: None,
            is_public: false,
            is_dynamic,
            is_crm_visible: false,
            deleted: false,
            created: now,
            updated: now,
        };
        self.lists.insert(id, list);
        id
    }

    pub(crate) fn add_field(&mut self, field_id: &str, name: &str, kind: &str, now: i64) -> u64 {
        let id = take(&mut self.next.field);
        let (name, field_id, kind) = (name.to_owned(), field_id.to_owned(), kind.to_owned());
        self.fields.add(CustomField { id, name, field_id, kind, created: now });
        id
    }

    pub(crate) fn add_campaign(&mut self, name: &str, cost: i64, now: i64) -> u64 {
        let id = take(&mut self.next.campaign);
        self.campaigns.insert(id, Campaign { id, name: name.to_owned(), cost, created: now });
        id
    }

    pub(crate) fn next_import(&mut self) -> u64 {
        take(&mut self.next.import)
    }

    /// The campaign of a prospect: its own, else the oldest.
    pub(crate) fn campaign_of(&self, prospect: &Prospect) -> Option<&Campaign> {
        match prospect.campaign {
            Some(id) => self.campaigns.get(&id),
            None => self.campaigns.values().next(),
        }
    }

    /// Ids of the live members of a list.
    pub(crate) fn members(&self, list: u64) -> HashSet<u64> {
        let live = self.memberships.values().filter(|membership| membership.list == list && !membership.deleted);
        live.map(|membership| membership.prospect).collect()
    }
}

fn fold(email: &str) -> Box<str> {
    email.to_lowercase().into_boxed_str()
}
