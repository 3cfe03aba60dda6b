//! The pages of the sandbox.

use askama::Template;
use model::grouped;
use url::form_urlencoded;

use crate::chrome::{Chrome, Section};
use crate::sandbox::{
    SandboxCall, SandboxFault, SandboxFigures, SandboxFound, SandboxList, SandboxProspect, SandboxSearch,
};
use crate::words::{Moment, moment, plural};

/// The sandbox as a whole, with its faults.
#[derive(Debug, Template)]
#[template(path = "sandbox/overview.html")]
pub struct SandboxPage {
    chrome: Chrome,
    figures: SandboxFigures,
    faults: Vec<SandboxFault>,
    active: u64,
    started: Moment,
    share: u64,
    calls: String,
}

impl SandboxPage {
    /// The page.
    pub fn new(chrome: &Chrome, figures: SandboxFigures, faults: Vec<SandboxFault>) -> SandboxPage {
        let used = figures.calls_used.min(figures.calls_limit);
        let share = used.saturating_mul(100).checked_div(figures.calls_limit).unwrap_or(0);
        SandboxPage {
            chrome: chrome.at(Section::Sandbox),
            active: faults.iter().filter(|fault| fault.on).count() as u64,
            started: moment(&figures.started),
            calls: format!(
                "{} of {} used today",
                grouped(figures.calls_used),
                plural(figures.calls_limit, "call", "calls")
            ),
            share,
            figures,
            faults,
        }
    }
}

/// The prospects that a search finds.
#[derive(Debug, Template)]
#[template(path = "sandbox/prospects.html")]
pub struct SandboxProspects {
    chrome: Chrome,
    found: SandboxFound<SandboxProspect>,
    lists: Vec<SandboxList>,
    search: SandboxSearch,
    list: Option<SandboxList>,
    range: String,
    before: Option<String>,
    after: Option<String>,
}

impl SandboxProspects {
    /// The page.
    pub fn new(
        chrome: &Chrome,
        found: SandboxFound<SandboxProspect>,
        lists: Vec<SandboxList>,
        search: SandboxSearch,
    ) -> SandboxProspects {
        let first = search.skip.saturating_add(1);
        let last = search.skip.saturating_add(found.items.len());
        let range = format!("{} to {} of {}", grouped(first as u64), grouped(last as u64), grouped(found.total as u64));
        let before = (search.skip > 0).then(|| address(&search, search.skip.saturating_sub(search.most)));
        let after = (last < found.total).then(|| address(&search, search.skip.saturating_add(search.most)));
        let list = search.list.and_then(|id| lists.iter().find(|list| list.id == id).cloned());
        SandboxProspects { chrome: chrome.at(Section::Sandbox), found, lists, search, list, range, before, after }
    }

    /// The names of some lists.
    fn names(&self, ids: &[u64]) -> String {
        let name = |id: &u64| {
            self.lists.iter().find(|list| list.id == *id).map_or_else(|| id.to_string(), |list| list.name.clone())
        };
        ids.iter().map(name).collect::<Vec<_>>().join(", ")
    }
}

/// The address of another page of the same search.
fn address(search: &SandboxSearch, skip: usize) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !search.text.is_empty() {
        query.append_pair("search", &search.text);
    }
    if let Some(list) = search.list {
        query.append_pair("list", &list.to_string());
    }
    if skip > 0 {
        query.append_pair("skip", &skip.to_string());
    }
    format!("/sandbox/prospects?{}", query.finish())
}

/// One prospect with all that is set.
#[derive(Debug, Template)]
#[template(path = "sandbox/prospect.html")]
pub struct SandboxProspectPage {
    chrome: Chrome,
    prospect: SandboxProspect,
    lists: Vec<SandboxList>,
}

impl SandboxProspectPage {
    /// The page; of the lists, those that the prospect is in are shown.
    pub fn new(chrome: &Chrome, prospect: SandboxProspect, lists: Vec<SandboxList>) -> SandboxProspectPage {
        let lists = lists.into_iter().filter(|list| prospect.lists.contains(&list.id)).collect();
        SandboxProspectPage { chrome: chrome.at(Section::Sandbox), prospect, lists }
    }
}

/// The lists with their members.
#[derive(Debug, Template)]
#[template(path = "sandbox/lists.html")]
pub struct SandboxLists {
    chrome: Chrome,
    lists: Vec<SandboxList>,
}

impl SandboxLists {
    /// The page.
    pub fn new(chrome: &Chrome, lists: Vec<SandboxList>) -> SandboxLists {
        SandboxLists { chrome: chrome.at(Section::Sandbox), lists }
    }
}

/// The calls, newest first.
#[derive(Debug, Template)]
#[template(path = "sandbox/journal.html")]
pub struct SandboxJournal {
    chrome: Chrome,
    calls: Vec<Call>,
    /// Whether newer ones stand before these.
    newer: bool,
    /// Where older ones begin.
    older: Option<u64>,
}

#[derive(Debug)]
struct Call {
    call: SandboxCall,
    at: Moment,
    what: &'static str,
    answer: String,
    mark: &'static str,
}

impl SandboxJournal {
    /// The page. `newer`: there are some before these; `more`: there are older ones.
    pub fn new(chrome: &Chrome, calls: Vec<SandboxCall>, newer: bool, more: bool) -> SandboxJournal {
        let older = calls.last().map(|call| call.number).filter(|_| more);
        let calls = calls.into_iter().map(Call::of).collect();
        SandboxJournal { chrome: chrome.at(Section::Sandbox), calls, newer, older }
    }
}

impl Call {
    fn of(call: SandboxCall) -> Call {
        let well = call.code.is_none() && call.status.is_some_and(|status| status < 400);
        let answer = match (call.status, call.code) {
            (None, _) => "no answer".to_owned(),
            (Some(status), None) => status.to_string(),
            (Some(status), Some(code)) => format!("{status}, code {code}"),
        };
        let mark = if well { "good" } else { "bad" };
        Call { at: moment(&call.at), what: what(&call.path), answer, mark, call }
    }
}

/// What a call is for, in words.
fn what(path: &str) -> &'static str {
    const KNOWN: [(&str, &str); 9] = [
        ("/oauth2/token", "Access token"),
        ("/oauth2/authorize", "Approval in the browser"),
        ("/oauth2/revoke", "End of an approval"),
        ("batchUpsert", "Batch upsert of prospects"),
        ("upsertLatestByEmail", "Upsert of a prospect"),
        ("listMembership", "List membership"),
        ("list-membership", "List membership"),
        ("customField", "Custom fields"),
        ("custom-fields", "Custom fields"),
    ];
    let known = KNOWN.iter().find(|(part, _)| path.contains(part)).map(|(_, words)| *words);
    known.unwrap_or(if path.contains("prospect") {
        "Prospects"
    } else if path.contains("list") {
        "Lists"
    } else if path.contains("account") {
        "Account"
    } else {
        "Other"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_keeps_what_was_looked_for_over_its_pages() {
        let search = SandboxSearch { text: "a&b".into(), list: Some(101), skip: 100, most: 50 };
        assert_eq!(address(&search, 50), "/sandbox/prospects?search=a%26b&list=101&skip=50");
        assert_eq!(address(&SandboxSearch::default(), 0), "/sandbox/prospects?");
    }

    #[test]
    fn calls_are_told_in_words() {
        for (path, want) in [
            ("/api/prospect/version/3/do/batchUpsert", "Batch upsert of prospects"),
            ("/services/oauth2/token", "Access token"),
            ("/api/v5/objects/lists", "Lists"),
            ("/api/v5/objects/list-memberships", "List membership"),
            ("/", "Other"),
        ] {
            assert_eq!(what(path), want, "{path}");
        }
    }
}
