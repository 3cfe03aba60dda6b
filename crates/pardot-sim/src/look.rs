//! A part of what a sandbox holds, for pages that show it: prospects that are searched for, lists, the newest calls.
//!
//! Knows no HTTP and changes nothing but which named faults are in force.

use serde::Serialize;
use serde_json::Value;

use crate::fault::Fault;
use crate::journal::JournalEntry;
use crate::sandbox::Sandbox;
use crate::tenant::{Prospect, Tenant};
use crate::{lock, state};

/// The fields that a search looks into, besides the email.
const SEARCHED: [&str; 3] = ["first_name", "last_name", "company"];

/// A list, as the store has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListView {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whether members come by rules.
    pub dynamic: bool,
    /// How many it has.
    pub members: u64,
}

/// Which prospects are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// A part of email, first or last name, or company; in small or large letters alike.
    pub text: String,
    /// Members of this list only.
    pub list: Option<u64>,
    /// How many are passed over.
    pub skip: usize,
    /// How many at most.
    pub most: usize,
}

impl Sandbox {
    /// How many prospects a business unit has, archived ones included.
    pub fn prospect_count(&self, business_unit: &str) -> usize {
        self.core.tenant(business_unit).prospects.len()
    }

    /// The prospects that a search finds, by id: how many in all, and those that are wanted, as [`Sandbox::prospects`]
    /// shows them.
    pub fn find_prospects(&self, business_unit: &str, search: &Search) -> (usize, Vec<Value>) {
        let tenant = self.core.tenant(business_unit);
        let text = search.text.trim().to_lowercase();
        let fits = |prospect: &&Prospect| {
            search.list.is_none_or(|list| is_member(prospect, &tenant, list)) && names(prospect, &tenant, &text)
        };
        let found: Vec<&Prospect> = tenant.prospects.values().filter(fits).collect();
        let wanted = found.iter().skip(search.skip).take(search.most);
        (found.len(), wanted.map(|prospect| state::prospect(prospect, &tenant)).collect())
    }

    /// One prospect, as [`Sandbox::prospects`] shows it.
    pub fn prospect(&self, business_unit: &str, id: u64) -> Option<Value> {
        let tenant = self.core.tenant(business_unit);
        tenant.prospects.get(&id).map(|prospect| state::prospect(prospect, &tenant))
    }

    /// The lists of a business unit, by id.
    pub fn lists(&self, business_unit: &str) -> Vec<ListView> {
        let tenant = self.core.tenant(business_unit);
        let mut lists: Vec<ListView> = tenant
            .lists
            .values()
            .filter(|list| !list.deleted)
            .map(|list| ListView { id: list.id, name: list.name.clone(), dynamic: list.is_dynamic, members: 0 })
            .collect();
        for membership in tenant.memberships.values().filter(|membership| !membership.deleted) {
            if let Ok(at) = lists.binary_search_by_key(&membership.list, |list| list.id) {
                lists[at].members += 1;
            }
        }
        lists
    }

    /// Requests, newest first: those before a sequence number, if one is given.
    pub fn journal_before(&self, before: Option<u64>, most: usize) -> Vec<JournalEntry> {
        lock(&self.core.journal).before(before, most)
    }

    /// Puts these faults in force under a name, in the place of those that were in force under it; none takes them away.
    pub fn set_faults(&self, name: &str, faults: Vec<Fault>) {
        lock(&self.core.faults).set(name, faults);
    }

    /// The names under which faults are in force, each once.
    pub fn fault_names(&self) -> Vec<String> {
        lock(&self.core.faults).names()
    }
}

fn is_member(prospect: &Prospect, tenant: &Tenant, list: u64) -> bool {
    tenant.membership(list, prospect.id).is_some_and(|membership| !membership.deleted)
}

fn names(prospect: &Prospect, tenant: &Tenant, text: &str) -> bool {
    let has = |value: &str| value.to_lowercase().contains(text);
    text.is_empty()
        || has(&prospect.email)
        || prospect.values().any(|(key, value)| SEARCHED.contains(&tenant.fields.name(key)) && has(value))
}
